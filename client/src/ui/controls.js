import { OVERLAYS } from "../data/pictures.js";
import { $, el } from "./dom.js";

export const SPEEDS = [1, 2, 5, 10, 20, 60];
const FAR = 10; // ticks of an arrow with shift
const ICONS = {
  play: "M4 2 L14 8 L4 14 Z",
  pause: "M4 2 H7 V14 H4 Z M10 2 H13 V14 H10 Z",
  step: "M3 2 L10 8 L3 14 Z M11 2 H13.5 V14 H11 Z",
  back: "M13 2 L6 8 L13 14 Z M2.5 2 H5 V14 H2.5 Z",
};

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("width", "16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}

/** Buttons and keys; they call the methods of `app`. */
export class Controls {
  constructor(app) {
    this.app = app;
    $("step").append(icon("step"));
    $("back").append(icon("back"));
    $("speed").append(...SPEEDS.map((speed) => new Option(`${speed}/s`, String(speed))));
    $("speed").onchange = ({ target }) => app.setSpeed(Number(target.value));
    $("overlay").append(...OVERLAYS.map((name, i) => new Option(i ? name : "no overlay", name)));
    $("overlay").onchange = ({ target }) => app.setOverlay(target.value);
    $("overlay-keys").textContent = `overlays: ${OVERLAYS.join(", ")}`;
    $("of").onchange = ({ target }) => app.setOf(target.value === "" ? null : Number(target.value));
    $("file").onchange = ({ target }) => {
      if (target.files.length) app.openFile(target.files[0]);
      target.value = "";
    };
    const acts = {
      play: () => app.togglePause(),
      step: () => app.step(),
      back: () => app.jump(-1),
      edge: () => app.toEnd(true),
      follow: () => app.toggleFollow(),
      crowd: () => app.showCrowd(),
      home: () => app.home(),
      stats: () => app.statistics.show(),
      help: () => $("keys").showModal(),
    };
    for (const [id, act] of Object.entries(acts)) $(id).onclick = act;
    this.buildMenu();
    this.buildTabs();
    this.listen();
  }

  /** Entries that open, save and export; each closes the menu. */
  buildMenu() {
    const { app } = this;
    const entries = {
      open: () => $("file").click(),
      "save-replay": () => app.exports.replay(),
      "save-picture": () => app.exports.picture(),
      "save-film": () => this.film(),
      "save-ticks": () => app.exports.ticks(),
      "save-agents": () => app.exports.agents(),
      "copy-link": () => this.copyLink(),
      "show-tables": () => app.tables.open(app.source, app.frame),
    };
    for (const [id, act] of Object.entries(entries)) {
      $(id).onclick = () => {
        $("menu").hidePopover();
        if (id === "open" || app.frame) act();
      };
    }
  }

  film() {
    this.app.exports.film(() => ($("save-film").textContent = "Record a film"));
    if (this.app.exports.recorder) $("save-film").textContent = "End the film now";
  }

  async copyLink() {
    this.app.link.write();
    try {
      await navigator.clipboard.writeText(this.app.link.href);
      this.app.say("The link is copied.");
    } catch {
      this.app.fail(`The browser keeps its clipboard: ${this.app.link.href}`);
    }
  }

  /** Fits the choices to a world. */
  build(world) {
    const options = Array.from({ length: world.populations }, (_, i) => new Option(`population ${i}`, String(i)));
    $("of").replaceChildren(new Option("all populations", ""), ...options);
    const market = Boolean(world.goods?.price);
    for (const { panel, button } of this.tabs) if (panel.id === "market") button.hidden = !market;
    document.querySelector('#lists [data-list="market"]').hidden = !market;
    if (!market && document.body.dataset.list === "market") this.showList("events");
  }

  buildTabs() {
    const panels = [...document.querySelectorAll(".panel[data-tab]")];
    this.tabs = panels.map((panel) => {
      const button = el("button", panel.dataset.tab);
      button.onclick = () => this.openTab(panel.classList.contains("open") ? null : panel.id);
      $("tabs").append(button);
      return { panel, button };
    });
    for (const button of $("lists").children) button.onclick = () => this.showList(button.dataset.list);
    const resized = new ResizeObserver(([{ target }]) => {
      document.body.style.setProperty("--transport", `${target.offsetHeight}px`);
      this.app.measure();
    });
    resized.observe($("transport"));
    this.openTab(null);
  }

  /** On wide pages: shows events or agents in the same place. */
  showList(name) {
    document.body.dataset.list = name;
    for (const button of $("lists").children) button.ariaPressed = String(button.dataset.list === name);
    this.app.roster.again();
    this.app.refresh();
  }

  /** On narrow pages: shows one panel as a sheet, or none. */
  openTab(id) {
    for (const { panel, button } of this.tabs) {
      panel.classList.toggle("open", panel.id === id);
      button.ariaPressed = String(panel.id === id);
    }
    if (["events", "roster", "market"].includes(id)) this.showList(id);
    else this.app.refresh();
  }

  listen() {
    const { app } = this;
    const { keys } = app.stage;
    window.addEventListener("keydown", (event) => {
      const field = event.target.closest?.("input:not([type=range]), select, dialog, [popover]");
      if (field || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === " " && event.target.closest?.("button")) return; // it presses the button
      if (this.command(event)) event.preventDefault();
      else keys.add(event.key.toLowerCase());
    });
    window.addEventListener("keyup", (event) => keys.delete(event.key.toLowerCase()));
    window.addEventListener("blur", () => keys.clear());
    window.addEventListener("dragover", (event) => event.preventDefault());
    window.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) app.openFile(event.dataTransfer.files[0]);
    });
  }

  command(event) {
    const { app } = this;
    const digit = /^\d$/.test(event.key) && OVERLAYS[Number(event.key)];
    if (digit) {
      app.setOverlay(digit);
      return true;
    }
    const far = event.shiftKey ? FAR : 1;
    const commands = {
      " ": () => app.togglePause(),
      ArrowLeft: () => app.jump(-far),
      ArrowRight: () => app.jump(far),
      Home: () => app.toEnd(false),
      End: () => app.toEnd(true),
      ",": () => app.jump(-1),
      ".": () => app.step(),
      "[": () => this.changeSpeed(-1),
      "]": () => this.changeSpeed(1),
      n: () => app.cycle(1),
      N: () => app.cycle(-1),
      j: () => app.jumpEvent(1),
      J: () => app.jumpEvent(-1),
      "/": () => this.search(),
      f: () => app.toggleFollow(),
      g: () => app.showCrowd(),
      h: () => app.home(),
      t: () => app.statistics.show(),
      o: () => $("file").click(),
      p: () => app.frame && app.exports.picture(),
      "?": () => $("keys").showModal(),
      Escape: () => app.select(null),
    };
    const command = commands[event.key];
    command?.();
    return Boolean(command);
  }

  search() {
    this.showList("roster");
    this.openTab("roster");
    $("search").focus();
    $("search").select();
  }

  changeSpeed(by) {
    const speeds = [...SPEEDS].sort((a, b) => a - b);
    const at = speeds.indexOf(this.app.source?.speed);
    this.app.setSpeed(speeds[Math.max(0, Math.min(speeds.length - 1, at + by))]);
  }

  /** Shows the state of the source: paused, speed, and what is pressed. */
  show(source) {
    const { overlay, of, following, selected } = this.app;
    const button = $("play");
    const name = source?.paused ?? true ? "play" : "pause";
    if (button.dataset.icon !== name) {
      button.dataset.icon = name;
      button.replaceChildren(icon(name));
      button.ariaLabel = name === "play" ? "Play" : "Pause";
    }
    for (const id of ["play", "step", "back", "speed"]) $(id).disabled = !source;
    if (source && !SPEEDS.includes(source.speed)) {
      $("speed").append(new Option(`${source.speed}/s`, String(source.speed)));
      SPEEDS.push(source.speed);
    }
    $("speed").value = String(source?.speed ?? 5);
    $("overlay").value = overlay;
    $("of").hidden = !["explored", "density", "trails", "attacks"].includes(overlay);
    $("of").value = of === null ? "" : String(of);
    $("follow").ariaPressed = String(following);
    $("follow").disabled = selected === null;
  }
}
