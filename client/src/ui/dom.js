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

/** "combat level" of "combat_level". */
export const words = (name) => name.replaceAll("_", " ");

/** An agent's name: a dot of its population's colour and its number; a click selects it. */
export function agentName(world, { id, population }, select) {
  const dot = el("i.dot");
  dot.style.background = world.palette.populations[population];
  const button = el("button.name", dot, `#${id}`);
  button.onclick = () => select(id);
  return button;
}
