import { OVERLAYS } from "../scene/overlays.js";
import { $, el } from "./dom.js";

export const SPEEDS = [1, 2, 5, 10, 20, 60];
const ICONS = {
  play: "M4 2 L14 8 L4 14 Z",
  pause: "M4 2 H7 V14 H4 Z M10 2 H13 V14 H10 Z",
  step: "M3 2 L10 8 L3 14 Z M11 2 H13.5 V14 H11 Z",
};

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("width", "16");
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
    $("play").onclick = () => app.togglePause();
    $("step").onclick = () => app.step();
    $("speed").append(...SPEEDS.map((speed) => new Option(`${speed}/s`, String(speed))));
    $("speed").onchange = ({ target }) => app.setSpeed(Number(target.value));
    $("timeline").oninput = ({ target }) => app.seek(Number(target.value));
    $("follow").onclick = () => app.toggleFollow();
    $("home").onclick = () => app.home();
    $("help").onclick = () => $("keys").showModal();
    $("open").onclick = () => $("file").click();
    $("file").onchange = ({ target }) => {
      if (target.files.length) app.openFile(target.files[0]);
      target.value = "";
    };
    $("overlays").append(
      ...OVERLAYS.map((name) => {
        const button = el("button", name);
        button.dataset.overlay = name;
        button.onclick = () => app.setOverlay(name);
        return button;
      }),
    );
    this.buildTabs();
    this.listen();
  }

  buildTabs() {
    const panels = [...document.querySelectorAll(".panel[data-tab]")];
    this.tabs = panels.map((panel) => {
      const button = el("button", panel.dataset.tab);
      button.role = "tab";
      button.onclick = () => this.openTab(panel.classList.contains("open") ? null : panel.id);
      $("tabs").append(button);
      return { panel, button };
    });
    new ResizeObserver(([{ target }]) => {
      document.body.style.setProperty("--transport", `${target.offsetHeight}px`);
    }).observe($("transport"));
    this.openTab(null);
  }

  /** On narrow pages: shows one panel as a sheet, or none. */
  openTab(id) {
    for (const { panel, button } of this.tabs) {
      panel.classList.toggle("open", panel.id === id);
      button.ariaSelected = String(panel.id === id);
    }
    this.app.refresh();
  }

  listen() {
    const { app } = this;
    const { keys } = app.stage;
    window.addEventListener("keydown", (event) => {
      const field = event.target.closest?.("input, select, dialog");
      if (field || event.ctrlKey || event.metaKey || event.altKey) return;
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
    const arrow = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (arrow && event.shiftKey) {
      app.jump(arrow);
      return true;
    }
    const digit = OVERLAYS[Number(event.key)];
    if (event.key !== " " && digit) {
      app.setOverlay(digit);
      return true;
    }
    const commands = {
      " ": () => app.togglePause(),
      ".": () => app.step(),
      "[": () => app.changeSpeed(-1),
      "]": () => app.changeSpeed(1),
      f: () => app.toggleFollow(),
      h: () => app.home(),
      o: () => $("file").click(),
      "?": () => $("keys").showModal(),
      Escape: () => app.select(null),
    };
    const command = commands[event.key];
    command?.();
    return Boolean(command);
  }

  /** Shows the state of the source: paused, speed, where in the replay. */
  show(source, overlay, following) {
    const button = $("play");
    const name = source?.paused ? "play" : "pause";
    if (button.dataset.icon !== name) {
      button.dataset.icon = name;
      button.replaceChildren(icon(name));
    }
    for (const id of ["play", "step", "speed", "timeline"]) $(id).disabled = !source;
    if (!SPEEDS.includes(source?.speed) && source) {
      $("speed").append(new Option(`${source.speed}/s`, String(source.speed)));
      SPEEDS.push(source.speed);
    }
    $("speed").value = String(source?.speed ?? 5);
    const replay = Boolean(source && !source.live);
    $("timeline").hidden = $("position").hidden = !replay;
    if (replay) {
      $("timeline").max = String(source.length - 1);
      $("timeline").value = String(source.index);
      $("position").textContent = `${source.index} / ${source.length - 1}`;
    }
    for (const choice of $("overlays").children) {
      choice.ariaPressed = String(choice.dataset.overlay === overlay);
    }
    $("follow").ariaPressed = String(following);
  }
}
