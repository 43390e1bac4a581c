import { belongings, inspect } from "../data/inspect.js";
import { groupName, livingSlots, materialAt, numberOf, visibleAgents } from "../data/world.js";
import { agentName, badge, drawBadge } from "./badges.js";
import { deathCard, tileCard, unknownCard } from "./cards.js";
import { button, context, el, field, refill, words } from "./dom.js";
import { inventory, taskCard } from "./possessions.js";
import { rowsTable } from "./tables.js";

const SHOWN = 8;

/** The panel about what is selected: an agent's numbers, the end of a life, or a tile. */
export class Inspector {
  constructor(panel, actions) {
    this.panel = panel;
    this.actions = actions;
  }

  /** Shows the selected agent alive or dead, the selected tile, or how to choose one. */
  show(source, frame, { id, slot, tile }) {
    const key = [source.world, frame, id, tile, source.story.rows.length === source.length, source.length];
    if (this.key?.every((part, i) => part === key[i])) return;
    this.key = key;
    this.panel.dataset.id = slot >= 0 ? id : "";
    this.panel.dataset.kind = slot >= 0 ? "agent" : id !== null ? "gone" : tile !== null ? "tile" : "nothing";
    if (slot >= 0) return this.living(source, frame, slot);
    if (id !== null) return refill(this.panel, ...this.gone(source, frame, id));
    if (tile !== null) return refill(this.panel, ...tileCard(source, frame, tile, this.actions));
    refill(
      this.panel,
      el("h2", "Selected"),
      el("p.hint", "Click an agent to see its life: resources, skills, what it sees and what it prefers. Click the ground to see who stood there."),
    );
  }

  gone(source, frame, id) {
    const death = source.story.deathsOf(id, frame.tick).at(-1);
    if (death) return deathCard(source, death, this.actions);
    return unknownCard(source, frame, id, this.actions);
  }

  living(source, frame, slot) {
    const { world } = source;
    const agent = inspect(world, frame, slot);
    refill(
      this.panel,
      this.identity(world, agent),
      this.resources(agent),
      taskCard(world, frame, agent.slot),
      inventory(world, frame, agent.slot),
      this.status(agent),
      agent.slot < world.players ? this.skills(agent) : null,
      this.history(source, frame, agent),
      this.sight(world, frame, agent),
      ...this.possessions(world, frame, agent),
      this.policy(world, frame, agent),
    );
    this.drawWindow(world, frame, agent);
  }

  identity(world, agent) {
    const close = button("×", () => this.actions.select(null), "close");
    close.className = "close";
    close.title = "Deselect (esc)";
    close.ariaLabel = "Deselect";
    return el(
      "header.identity",
      badge(world, agent.population, 32),
      el("div", agent.slot < world.players ? field("id", agent.id, "h2", "Agent #") : field("id", -agent.id, "h2", "NPC "), this.origin(world, agent)),
      close,
    );
  }

  origin(world, agent) {
    const whose = agent.slot < world.players ? ["population ", field("population", agent.population)] : [field("kind", groupName(world, agent.population))];
    return el(
      "p",
      ...whose,
      " · ",
      field("time_alive", agent.time_alive),
      " ticks old",
    );
  }

  resources(agent) {
    return el(
      "div.resources",
      ...agent.bars.map(({ name, value, max, color }) => {
        const bar = el("span.fill");
        bar.style.width = `${100 * Math.min(1, max ? value / max : 0)}%`;
        bar.style.background = color;
        const numbers = el("span.number", field(name, value), ` / ${max}`);
        return el("div.resource", el("span.label", words(name)), el("span.track", bar), numbers);
      }),
    );
  }

  status(agent) {
    const marks = [];
    if (agent.freeze > 0) marks.push(el("span.mark.ice", "frozen ", field("freeze", agent.freeze)));
    if (agent.immune > 0) marks.push(el("span.mark.gold", "immune ", field("immune", agent.immune)));
    if (agent.damage > 0) marks.push(el("span.mark.red", "hit for ", field("damage", agent.damage)));
    if (agent.attack) {
      const { style, outcome, target, damage } = agent.attack;
      marks.push(el("span.mark", `${style} on ${numberOf(target)}: ${outcome}${damage ? ` ${damage}` : ""}`));
    }
    const facts = agent.facts.map(({ name, label, text }) => el("div", el("dt", label), field(name, text, "dd")));
    return el("div", marks.length ? el("div.marks", ...marks) : null, el("dl.grid", ...facts));
  }

  skills(agent) {
    if (!agent.skills.length) return null;
    const rows = agent.skills.map(({ name, level, experience, progress }) => {
      const fill = el("span.fill");
      fill.style.width = `${100 * Math.max(0, Math.min(1, progress))}%`;
      const head = el("th", words(name));
      head.scope = "row";
      return el(
        "tr",
        head,
        field(`level.${name}`, level, "td"),
        el("td.wide", el("span.track", fill)),
        field(`experience.${name}`, experience, "td"),
      );
    });
    const head = el("tr", el("td", "Skill"), el("td", "level"), el("td"), el("td", "experience"));
    return el("table.skills", head, ...rows);
  }

  /** What there is to tell of the life so far, and where to go in it. */
  history({ story }, frame, agent) {
    const kills = story.killsOf(agent.id, frame.tick);
    const birth = story.birthOf(agent.id, frame.tick);
    const jumps = [];
    if (birth) jumps.push(button(`Birth ${birth.tick}`, () => this.actions.seek(birth.tick), "birth"));
    const death = story.deathAfter(agent.id, frame.tick);
    if (death) jumps.push(button(`Death ${death.tick}`, () => this.actions.seek(death.tick), "death"));
    for (const { tick, id } of kills.slice(-3)) {
      jumps.push(button(`Killed #${id} ${tick}`, () => this.actions.seek(tick), `kill ${id}`));
    }
    const before = story.deathsOf(agent.id, frame.tick);
    for (const { tick, cause, lifetime } of before.slice(-3)) {
      jumps.push(button(`Life of ${lifetime}: ${words(cause)} ${tick}`, () => this.actions.seek(tick - 1), `life ${tick}`));
    }
    if (!jumps.length && !kills.length) return null;
    const nth = before.length ? ["Life ", field("nth", before.length + 1)] : ["Life"];
    return el("section", el("h3", ...nth, " · ", field("kills", kills.length), " kills"), el("div.jumps", ...jumps));
  }

  sight(world, frame, agent) {
    const { rows, overflow, away } = visibleAgents(world, frame, agent.slot);
    const others = rows.slice(1);
    const list = others.slice(0, SHOWN).map((slot) => {
      const who = { id: frame.body("id")[slot], population: frame.groups[slot] };
      const name = agentName(world, who, this.actions.select);
      name.dataset.key = `sees ${who.id}`;
      return el("li", name, el("span", `${away(slot)} away`));
    });
    const more = others.length - list.length + overflow;
    return el(
      "section",
      el("h3", "Sees ", field("visible", others.length), " others"),
      el("div.sight", el("canvas.window"), el("ol.seen", ...list, more > 0 ? el("li.more", `and ${more} more`) : null)),
    );
  }

  drawWindow(world, frame, agent) {
    const canvas = this.panel.querySelector("canvas.window");
    canvas.ariaHidden = "true";
    const draw = context(canvas);
    if (!draw) return;
    const { vision } = world.config;
    const side = 2 * vision + 1;
    const cell = draw.w / side;
    const [top, left] = [agent.row - vision, agent.col - vision];
    for (let i = 0; i < side * side; i++) {
      const [row, col] = [top + Math.floor(i / side), left + (i % side)];
      const inside = row >= 0 && col >= 0 && row < world.height && col < world.width;
      if (!inside) continue;
      const { color, deadly } = world.materials[materialAt(world, frame, row * world.width + col)];
      draw.globalAlpha = deadly ? 0.4 : 0.75;
      draw.fillStyle = color;
      draw.fillRect((i % side) * cell, Math.floor(i / side) * cell, cell + 0.5, cell + 0.5);
    }
    draw.globalAlpha = 1;
    const [row, col] = ["row", "col"].map((name) => frame.body(name));
    const population = frame.groups;
    const seen = livingSlots(frame).filter(
      (slot) => Math.abs(row[slot] - agent.row) <= vision && Math.abs(col[slot] - agent.col) <= vision,
    );
    for (const slot of seen) {
      const [x, y] = [(col[slot] - left + 0.5) * cell, (row[slot] - top + 0.5) * cell];
      if (slot === agent.slot) {
        draw.beginPath();
        draw.arc(x, y, cell * 0.95, 0, 7);
        draw.strokeStyle = "#fff";
        draw.lineWidth = 1.5;
        draw.stroke();
      }
      drawBadge(draw, x, y, cell * 0.48, world.palette.populations[population[slot]], population[slot], false);
    }
  }

  possessions(world, frame, agent) {
    const further = belongings(world, frame, agent.slot).filter(({ path }) => path !== world.goods?.path);
    return further.map(({ path, label, rows }) =>
      el("section", el("h3", `${label} · ${rows.length}`), rowsTable(world, frame, path, rows.slice(0, SHOWN))),
    );
  }

  policy(world, frame, agent) {
    if (agent.slot >= world.players) return null;
    if (!agent.policy) {
      const absent = el("p.hint", "Preferences and value were not kept: record with --policy-outputs.");
      absent.dataset.field = "policy.absent";
      return el("section", el("h3", "Policy"), absent);
    }
    const { value, heads } = agent.policy;
    const { rows } = visibleAgents(world, frame, agent.slot);
    const ids = frame.body("id");
    const first = world.heads.find(({ table }) => table)?.table; // of those whom it sees
    const groups = heads.map(({ name, shares, choices, table }) => {
      const named = shares.map((share, i) => {
        if (table && table === first) return { share, name: i ? `→ ${rows[i] === undefined ? "?" : numberOf(ids[rows[i]])}` : "no attack" };
        if (table) return { share, name: i ? `${words(table)} ${i}` : "none" };
        return { share, name: words(choices?.[i] ?? `${name} ${i}`) };
      });
      const few = table || named.length > SHOWN;
      const shown = few ? named.filter(({ share }) => share > 0.005).sort((a, b) => b.share - a.share).slice(0, 5) : named;
      return el("div.shares", el("h4", words(name)), ...shown.map((choice) => shareBar(choice.name, choice.share)));
    });
    return el("section", el("h3", "Policy · value ", field("value", value.toFixed(3))), ...groups);
  }
}

function shareBar(name, share) {
  const fill = el("span.fill");
  fill.style.width = `${100 * share}%`;
  return el("div.resource", el("span.label", name), el("span.track", fill), el("span.number", `${Math.round(100 * share)}%`));
}
