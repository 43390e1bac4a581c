// The address says what is shown, so that it can be sent to others:
// #tick=130&agent=254&overlay=attention&view=...
import { OVERLAYS } from "../data/pictures.js";

const QUIET_MS = 700;

/** What an address asks for; whatever is no number or no known name is left out. */
export function readLink(hash) {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const whole = (name) => (/^\d{1,9}$/.test(asked.get(name) ?? "") ? Number(asked.get(name)) : null);
  const view = (asked.get("view") ?? "").split(",").map(Number);
  return {
    tick: whole("tick"),
    agent: whole("agent"),
    tile: whole("tile"),
    of: whole("of"),
    overlay: OVERLAYS.includes(asked.get("overlay")) ? asked.get("overlay") : null,
    page: asked.get("page") === "statistics" ? "statistics" : null,
    view: view.length === 5 && view.every((n) => Number.isFinite(n) && Math.abs(n) < 1e5) ? view : null,
  };
}

/** The address of what is shown. */
export function writeLink({ tick, agent, tile, overlay, of, page, view }) {
  const parts = [];
  const add = (name, value) => value !== null && value !== undefined && parts.push(`${name}=${value}`);
  add("tick", tick);
  add("agent", agent);
  add("tile", tile);
  add("overlay", overlay === "none" ? null : overlay);
  add("of", of);
  add("page", page);
  add("view", view?.map((n) => Math.round(10 * n) / 10).join(","));
  return `#${parts.join("&")}`;
}

/** Keeps the address in step with what is shown, and what is shown with the address. */
export class Link {
  constructor(app) {
    this.app = app;
    this.asked = readLink(window.location.hash);
    window.addEventListener("hashchange", () => {
      if (window.location.hash === this.written) return;
      this.asked = readLink(window.location.hash);
      app.restore(this.asked);
    });
  }

  /** Writes the address once things have been quiet for a moment. */
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), QUIET_MS);
  }

  write() {
    const hash = writeLink(this.app.shown());
    if (hash === window.location.hash) return;
    this.written = hash;
    try {
      window.history.replaceState(null, "", hash);
    } catch {
      // pages without an address of their own, as in notebooks, keep none
    }
  }

  get href() {
    return window.location.href.replace(/#.*/, "") + writeLink(this.app.shown());
  }
}
