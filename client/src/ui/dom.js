/** The element of that id. */
export const $ = (id) => document.getElementById(id);

/** An element: el("li.kind", "text", child, ...); no markup is ever parsed. */
export function el(kind, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  element.className = classes.join(" ");
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button that says and does something; `key` lets it keep the focus when it is made anew. */
export function button(text, act, key = text) {
  const made = el("button", text);
  made.dataset.key = key;
  made.onclick = act;
  return made;
}

/** A number that tests can find by name. */
export function field(name, value, tag = "span", prefix = "") {
  const inner = el("span", String(value));
  inner.dataset.field = name;
  return el(tag, prefix, inner);
}

/** Replaces what an element holds; the focus stays on what has the same key. */
export function refill(element, ...children) {
  const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const { scrollTop } = element;
  element.replaceChildren(...children.filter(Boolean));
  element.scrollTop = scrollTop;
  if (key) [...element.querySelectorAll("[data-key]")].find((child) => child.dataset.key === key)?.focus();
}

/** Brings the children of a list in line with `wanted`; those that stay are not touched. */
export function arrange(list, wanted) {
  const keep = new Set(wanted);
  for (const child of [...list.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((child, i) => {
    if (list.children[i] !== child) list.insertBefore(child, list.children[i] ?? null);
  });
}

/** Keeps small pictures off the graphics card, which has the world to draw. */
export const SMALL = { willReadFrequently: true };

/** A canvas's 2D context, scaled to the screen's pixels; null while it has no size. */
export function context(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return null;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const draw = canvas.getContext("2d", SMALL);
  draw.setTransform(ratio, 0, 0, ratio, 0, 0);
  draw.clearRect(0, 0, width, height);
  return Object.assign(draw, { w: width, h: height });
}

/** A colour of the page's style, by the name of its variable. */
export const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** "combat level" of "combat_level". */
export const words = (name) => name.replaceAll("_", " ");

/** Offers bytes as a file. */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
