import { inspect, materialAt, visibleAgents } from "../data/world.js";
import { agentName, context, el, words } from "./dom.js";

const RESOURCES = ["health", "food", "water"];
const MOVES = ["stay", "north", "south", "east", "west"];
const SHOWN = 8;

/** The panel about one agent: all its numbers, what it sees, what its policy would do. */
export class Inspector {
  constructor(panel, select) {
    this.panel = panel;
    this.select = select;
  }

  /** Shows the agent in a slot, a word about a dead one, or how to choose one. */
  show(world, frame, slot, lostId) {
    this.panel.dataset.id = slot >= 0 ? frame.get("players.id")[slot] : "";
    if (slot < 0) {
      const text = lostId
        ? `Agent #${lostId} is not alive at this tick.`
        : "Click an agent to see its life: resources, skills, what it sees and what it prefers.";
      this.panel.replaceChildren(el("h2", "Agent"), el("p.hint", text));
      return;
    }
    const scroll = this.panel.scrollTop;
    const agent = inspect(world, frame, slot);
    this.panel.replaceChildren(
      this.identity(world, agent),
      this.resources(world, agent),
      this.status(world, agent),
      this.skills(agent),
      this.sight(world, frame, agent),
      this.policy(world, frame, agent),
    );
    this.panel.scrollTop = scroll;
    this.drawWindow(world, frame, agent);
  }

  identity(world, agent) {
    const dot = el("i.dot.large");
    dot.style.background = world.palette.populations[agent.population];
    const close = el("button.close", "×");
    close.title = "Deselect (esc)";
    close.onclick = () => this.select(null);
    return el(
      "header.identity",
      dot,
      el("div", field("id", agent.id, "h2", "Agent #"), this.origin(agent)),
      close,
    );
  }

  origin(agent) {
    return el(
      "p",
      "population ",
      field("population", agent.population),
      " · ",
      field("time_alive", agent.time_alive),
      " ticks old",
    );
  }

  resources(world, agent) {
    return el(
      "div.resources",
      ...RESOURCES.map((name, i) => {
        const bar = el("span.fill");
        const share = agent[`${name}_max`] ? agent[name] / agent[`${name}_max`] : 0;
        bar.style.width = `${100 * Math.min(1, share)}%`;
        bar.style.background = world.palette.bars[i];
        const numbers = el("span.number", field(name, agent[name]), ` / ${agent[`${name}_max`]}`);
        return el("div.resource", el("span.label", name), el("span.track", bar), numbers);
      }),
    );
  }

  status(world, agent) {
    const marks = [];
    if (agent.freeze > 0) marks.push(el("span.mark.ice", "frozen ", field("freeze", agent.freeze)));
    if (agent.immune > 0) marks.push(el("span.mark.gold", "immune ", field("immune", agent.immune)));
    if (agent.damage > 0) marks.push(el("span.mark.red", "hit for ", field("damage", agent.damage)));
    if (agent.attack) {
      const { style, outcome, target, damage } = agent.attack;
      marks.push(el("span.mark", `${style} on #${target}: ${outcome}${damage ? ` ${damage}` : ""}`));
    }
    const pairs = [
      ["row", "row"],
      ["col", "column"],
      ["wilderness", "wilderness"],
      ["distance", "walked"],
      ["explored", "tiles seen"],
      ["damage_dealt", "dealt"],
      ["damage_taken", "taken"],
      ["food_gathered", "food eaten"],
      ["water_gathered", "water drunk"],
    ];
    return el(
      "div",
      marks.length ? el("div.marks", ...marks) : null,
      el("dl.grid", ...pairs.map(([name, label]) => el("div", el("dt", label), field(name, agent[name], "dd")))),
    );
  }

  skills(agent) {
    const rows = agent.skills.map(({ name, level, experience, progress }) => {
      const fill = el("span.fill");
      fill.style.width = `${100 * Math.max(0, Math.min(1, progress))}%`;
      const row = el(
        "tr",
        el("th", words(name)),
        field(`level.${name}`, level, "td"),
        el("td.wide", el("span.track", fill)),
        field(`experience.${name}`, experience, "td"),
      );
      return row;
    });
    const head = el("tr", el("th", "Skill"), el("td", "level"), el("td"), el("td", "experience"));
    return el("table.skills", head, ...rows);
  }

  sight(world, frame, agent) {
    const { rows, overflow, away } = visibleAgents(world, frame, agent.slot);
    const ids = frame.get("players.id");
    const populations = frame.get("players.population");
    const levels = frame.get("players.level");
    const list = rows.slice(1, 1 + SHOWN).map((slot) => {
      const who = { id: ids[slot], population: populations[slot] };
      const top = Math.max(...levels.subarray(slot * world.skills, (slot + 1) * world.skills));
      return el("li", agentName(world, who, this.select), el("span", `${away(slot)} away`), el("span", `best skill ${top}`));
    });
    const more = rows.length - 1 - list.length + overflow;
    const canvas = el("canvas.window");
    const count = field("visible", rows.length - 1);
    return el(
      "section",
      el("h3", "Sees ", count, " others"),
      el("div.sight", canvas, el("ol.seen", ...list, more > 0 ? el("li.more", `and ${more} more`) : null)),
    );
  }

  drawWindow(world, frame, agent) {
    const canvas = this.panel.querySelector("canvas.window");
    const draw = context(canvas);
    if (!draw) return;
    const side = 2 * world.config.vision + 1;
    const cell = draw.w / side;
    const [top, left] = [agent.row - world.config.vision, agent.col - world.config.vision];
    for (let i = 0; i < side * side; i++) {
      const [row, col] = [top + Math.floor(i / side), left + (i % side)];
      const inside = row >= 0 && col >= 0 && row < world.height && col < world.width;
      if (!inside) continue;
      const kind = materialAt(world, frame, row * world.width + col);
      draw.globalAlpha = kind === world.material.lava ? 0.45 : 1;
      draw.fillStyle = world.palette.terrain[kind];
      draw.fillRect((i % side) * cell, Math.floor(i / side) * cell, cell + 0.5, cell + 0.5);
    }
    draw.globalAlpha = 1;
    const [rowOf, colOf, population] = ["row", "col", "population"].map((n) => frame.get(`players.${n}`));
    for (const slot of visibleAgents(world, frame, agent.slot).rows.reverse()) {
      draw.beginPath();
      draw.arc((colOf[slot] - left + 0.5) * cell, (rowOf[slot] - top + 0.5) * cell, cell * 0.42, 0, 7);
      draw.fillStyle = world.palette.populations[population[slot]];
      draw.fill();
      draw.lineWidth = slot === agent.slot ? 2 : 1;
      draw.strokeStyle = slot === agent.slot ? "#fff" : "#000a";
      draw.stroke();
    }
  }

  policy(world, frame, agent) {
    const title = el("h3", "Policy");
    if (!agent.policy) {
      const text = "Preferences and value were not kept: record with --policy-outputs.";
      const absent = el("p.hint", text);
      absent.dataset.field = "policy.absent";
      return el("section", title, absent);
    }
    const { value, move, style, target } = agent.policy;
    const bars = (names, shares) => el("div.shares", ...names.map((name, i) => shareBar(name, shares[i])));
    const { rows } = visibleAgents(world, frame, agent.slot);
    const ids = frame.get("players.id");
    const choices = (target ?? [])
      .map((share, i) => ({ share, name: i ? `→ #${ids[rows[i]] ?? "?"}` : "no attack" }))
      .filter(({ share }) => share > 0.005)
      .sort((a, b) => b.share - a.share)
      .slice(0, 5);
    return el(
      "section",
      el("h3", "Policy · value ", field("value", value.toFixed(3))),
      move && bars(MOVES, move),
      style && bars(world.enums.style, style),
      target && el("div.shares", ...choices.map(({ name, share }) => shareBar(name, share))),
    );
  }
}

function shareBar(name, share) {
  const fill = el("span.fill");
  fill.style.width = `${100 * share}%`;
  return el("div.resource", el("span.label", name), el("span.track", fill), el("span.number", `${Math.round(100 * share)}%`));
}

/** A number that tests can find by name. */
function field(name, value, tag = "span", prefix = "") {
  const inner = el("span", String(value));
  inner.dataset.field = name;
  return el(tag, prefix, inner);
}
