import { eventsOf } from "../data/world.js";
import { agentName, el, words } from "./dom.js";

const MAX_LINES = 60;
const ICONS = { kill: "⚔", death: "†", birth: "✦", level: "▲", gap: "…" };

/** What happened, newest first. */
export class Feed {
  constructor(list, select) {
    this.list = list;
    this.select = select;
  }

  clear() {
    this.list.replaceChildren();
    this.tick = null;
  }

  show(world, frame, continuous) {
    const { tick } = frame;
    if (tick === this.tick) return;
    if (!continuous && this.tick !== null && this.tick !== undefined) {
      if (tick > this.tick) this.add("gap", tick, `${tick - this.tick - 1} ticks not shown`);
      else this.clear();
    }
    this.tick = tick;
    for (const event of eventsOf(world, frame).reverse()) this.line(world, tick, event);
    while (this.list.children.length > MAX_LINES) this.list.lastChild.remove();
  }

  line(world, tick, event) {
    const name = (agent) => agentName(world, agent, this.select);
    const who = name(event);
    if (event.kind === "kill" && event.killers.length) {
      const killers = event.killers.slice(0, 3).flatMap((killer, i) => [i ? " and " : "", name(killer)]);
      this.add("kill", tick, ...killers, " killed ", who, age(event));
    } else if (event.kind === "kill" || event.kind === "death") {
      this.add("death", tick, who, ` died: ${words(event.cause)}`, age(event));
    } else if (event.kind === "birth") {
      this.add("birth", tick, who, " was born");
    } else {
      this.add("level", tick, who, ` ${words(event.skill)} ${event.level}`);
    }
  }

  add(kind, tick, ...parts) {
    const line = el(`li.${kind}`, el("i.icon", ICONS[kind]), el("span", ...parts), el("time", String(tick)));
    this.list.prepend(line);
  }
}

const age = ({ lifetime }) => el("small", ` after ${lifetime}`);
