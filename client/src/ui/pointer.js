import { attacksOf, groupName, listed, materialAt, mostOf, numberOf, ripeAt } from "../data/world.js";
import { REACH } from "../scene/agents.js";
import { badge } from "./badges.js";
import { $, el, words } from "./dom.js";

const CLICK_PIXELS = { mouse: 6, pen: 8, touch: 12 };
const MOVES = { "-1,0": "walking north", "1,0": "walking south", "0,1": "walking east", "0,-1": "walking west" };

/** What an agent is doing at a tick, in a few words. */
export function doing(source, frame, slot) {
  const { world, story } = source;
  const id = frame.body("id")[slot];
  const attack = attacksOf(world, frame).find(({ from }) => from === slot);
  if (attack) {
    const what = attack.damage ? `${attack.damage} damage` : listed(world, "outcome", attack.outcome);
    return `attacking #${frame.body("id")[attack.to]} with ${listed(world, "style", attack.style)}: ${what}`;
  }
  if (frame.body("freeze")[slot] > 0) return `frozen for ${frame.body("freeze")[slot]} ticks`;
  const before = story.at(frame.tick - 1)?.agents;
  const place = before ? before.ids.indexOf(id) : -1;
  if (place >= 0) {
    const gained = world.bars.findIndex(({ column }, i) => {
      const most = frame.body(world.bodies.columns[column]?.max ?? "")[slot];
      return most && frame.body(column)[slot] / most > before.bars[i][place] + 1.5 / most;
    });
    if (gained >= 0) return `gaining ${words(world.bars[gained].column)}`;
    const tile = before.tiles[place];
    const move = [frame.body("row")[slot] - Math.floor(tile / world.width), frame.body("col")[slot] - (tile % world.width)];
    if (MOVES[move]) return MOVES[move];
  }
  return frame.event("newborn")[slot] ? "just born" : "standing";
}

/** What the mouse or a finger points at, says and chooses. */
export class Pointer {
  constructor(app) {
    this.app = app;
    this.tip = $("tip");
    const { canvas } = app.stage;
    let down = null;
    canvas.addEventListener("pointerdown", (event) => {
      down = down ? null : { x: event.clientX, y: event.clientY, target: this.target(event.clientX, event.clientY) };
      if (event.pointerType !== "mouse") this.at = null;
    });
    canvas.addEventListener("pointerup", (event) => {
      const moved = down && Math.hypot(event.clientX - down.x, event.clientY - down.y);
      if (down && moved < (CLICK_PIXELS[event.pointerType] ?? 8) && event.button === 0) this.choose(down.target);
      down = null;
    });
    canvas.addEventListener("pointercancel", () => (down = null));
    canvas.addEventListener("pointermove", (event) => {
      this.at = event.pointerType === "mouse" && !event.buttons ? { x: event.clientX, y: event.clientY } : null;
    });
    canvas.addEventListener("pointerleave", () => (this.at = null));
  }

  /** What a point of the page means: {slot, id} of an agent, or {tile}, or nothing. */
  target(x, y) {
    const { app } = this;
    if (!app.view || !app.frame) return {};
    const slot = app.view.agents.pick(x, y, app.stage, REACH);
    if (slot >= 0) return { slot, id: app.view.agents.ids[slot] };
    return { tile: app.view.tileUnder(app.stage.ray(x, y)) };
  }

  choose({ id, tile }) {
    if (id !== undefined) this.app.select(id);
    else this.app.selectTile(tile ?? null);
  }

  /** Outlines and names what the mouse is over; called for every picture drawn. */
  update() {
    const { app } = this;
    if (!app.view || !app.frame) return;
    const { selection, terrain } = app.view;
    const target = this.at ? this.target(this.at.x, this.at.y) : {};
    selection.hovered.slot = target.slot ?? -1;
    selection.frameTile(selection.pointed, target.tile ?? null, terrain);
    app.stage.canvas.style.cursor = target.id === undefined ? "" : "pointer";
    const key = `${app.frame.tick} ${target.id} ${target.tile}`;
    if (key !== this.key) {
      this.key = key;
      const parts = target.id !== undefined ? this.agent(target.slot) : Number.isInteger(target.tile) ? this.tile(target.tile) : null;
      this.tip.hidden = !parts;
      if (parts) this.tip.replaceChildren(...parts);
    }
    if (!this.tip.hidden) this.place();
  }

  place() {
    const { x, y } = this.at;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const left = x + 18 + width > window.innerWidth ? x - 14 - width : x + 18;
    this.tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, Math.min(y + 14, window.innerHeight - height - 4))}px)`;
  }

  agent(slot) {
    const { source, frame } = this.app;
    const { world } = source;
    const read = (name) => frame.body(name)[slot];
    const population = frame.groups[slot];
    const bars = world.bars.map((bar) => {
      const { column, color } = bar;
      const most = mostOf(world, frame, bar)[slot];
      const line = el("span", `${words(column)} ${read(column)}/${most}`);
      line.style.borderColor = color;
      return line;
    });
    return [
      el("div.who", badge(world, population, 17), el("b", numberOf(read("id"))), ` ${groupName(world, population)}`),
      el("div.bars", ...bars),
      el("div", doing(source, frame, slot)),
    ];
  }

  tile(tile) {
    const { source, frame } = this.app;
    const { world } = source;
    const ripe = ripeAt(world, frame, tile);
    const place = `${Math.floor(tile / world.width)}, ${tile % world.width}`;
    return [
      el("div", el("b", words(world.materials[materialAt(world, frame, tile)].name)), ` ${place}`),
      ripe > frame.tick ? el("div", `regrows in ${ripe - frame.tick} ticks`) : "",
    ];
  }
}
