import { agentName } from "./badges.js";
import { arrange, button, el, words } from "./dom.js";

const MAX_LINES = 70;
const AHEAD = 10; // ticks of a recording that are told before they come
const MOST_AHEAD = 4; // lines of them
const GROUP = 10; // ticks over which an agent's levels are one line
const ICONS = { kill: "⚔", death: "†", birth: "✦", level: "▲", other: "•", gap: "…" };
const KINDS = { kill: "kills", death: "deaths", birth: "births", level: "levels", other: "other" };

/** What happened around a tick, newest first; filtered by kind and population. */
export class Feed {
  constructor(list, filters, { select, seek }) {
    Object.assign(this, { list, filters, select, seek });
    this.hidden = new Set();
    this.population = null;
    this.lines = new Map();
  }

  clear() {
    this.lines.clear();
    this.shown = null;
    this.list.replaceChildren();
  }

  /** Offers the filters that this world has a use for. */
  build(world) {
    this.clear();
    const chips = Object.entries(KINDS).map(([kind, name]) => {
      const chip = button(ICONS[kind], () => {
        if (!this.hidden.delete(kind)) this.hidden.add(kind);
        chip.ariaPressed = String(!this.hidden.has(kind));
        this.again();
      });
      chip.className = `chip ${kind}`;
      chip.title = `Show ${name}`;
      chip.ariaLabel = name;
      chip.ariaPressed = String(!this.hidden.has(kind));
      return chip;
    });
    const choice = el("select");
    choice.ariaLabel = "Population of the events";
    choice.append(new Option("all populations", ""));
    for (let i = 0; i < world.populations; i++) choice.append(new Option(`population ${i}`, String(i)));
    choice.value = this.population === null || this.population >= world.populations ? "" : String(this.population);
    choice.onchange = () => {
      this.population = choice.value === "" ? null : Number(choice.value);
      this.again();
    };
    this.filters.replaceChildren(...chips, choice);
  }

  again() {
    this.shown = null;
    if (this.latest) this.show(...this.latest);
  }

  show(source, tick) {
    this.latest = [source, tick];
    const { story, world } = source;
    const key = `${tick} ${story.rows.length}`;
    if (this.shown === key) return;
    this.shown = key;
    const lines = [];
    const until = source.live && !source.behind ? tick : tick + AHEAD;
    const rows = story.upTo(until).reverse();
    let later = null;
    const groups = new Map();
    for (const row of rows) {
      if (lines.length >= MAX_LINES && row.tick < tick) break;
      if (later !== null && later > row.tick + 1) {
        lines.push(this.line("gap", row.tick, `gap ${row.tick}`, () => [`${later - row.tick - 1} ticks not shown`]));
      }
      later = row.tick;
      for (const event of row.events) this.tell(world, row.tick, event, lines, groups);
    }
    const coming = lines.filter((line) => Number(line.dataset.tick) > tick);
    lines.splice(0, Math.max(0, coming.length - MOST_AHEAD));
    for (const line of lines) line.classList.toggle("ahead", Number(line.dataset.tick) > tick);
    arrange(this.list, lines);
    if (this.lines.size > 8 * MAX_LINES) this.forget(lines);
  }

  forget(lines) {
    const kept = new Set(lines);
    for (const [key, line] of this.lines) if (!kept.has(line)) this.lines.delete(key);
  }

  tell(world, tick, event, lines, groups) {
    if (this.hidden.has(event.kind)) return;
    const concerns = event.population === this.population || event.killers?.some((k) => k.population === this.population);
    if (this.population !== null && !concerns) return;
    const name = (agent) => agentName(world, agent, this.select);
    if (event.kind === "level") return this.levels(event, tick, lines, groups, name);
    const key = `${tick} ${event.kind} ${event.id} ${event.text ?? ""}`;
    lines.push(
      this.line(event.kind, tick, key, () => {
        const who = name(event);
        if (event.killers?.length) {
          const killers = event.killers.slice(0, 3).flatMap((killer, i) => [i ? " and " : "", name(killer)]);
          return [...killers, " killed ", who];
        }
        if (event.kind === "birth") return [who, " was born"];
        if (event.kind === "other") return [who, ` ${event.text}`];
        return [who, ` died: ${words(event.cause)}`];
      }, event.lifetime === undefined ? "" : `lived ${event.lifetime} ticks`),
    );
  }

  /** Levels of one agent within some ticks are one line, which stands where the last of them does. */
  levels(event, tick, lines, groups, name) {
    const key = `${event.id} ${Math.floor(tick / GROUP)}`;
    const group = groups.get(key);
    if (!group) {
      const line = el("span");
      groups.set(key, { line, at: lines.length, first: tick, skills: new Map([[event.skill, event.level]]), who: event });
      lines.push(null);
    } else if (!group.skills.has(event.skill)) group.skills.set(event.skill, event.level);
    const { at, skills, who } = groups.get(key);
    const text = [...skills].map(([skill, level]) => `${words(skill)} ${level}`).join(", ");
    const made = lines[at] ? Number(lines[at].dataset.tick) : tick;
    lines[at] = this.line("level", made, `${key} ${text}`, () => [name(who), ` ${text}`]);
  }

  /** A line of the list, made once. */
  line(kind, tick, key, parts, title = "") {
    if (!this.lines.has(key)) {
      const when = button(String(tick), (event) => {
        event.stopPropagation();
        this.seek(tick);
      }, `feed ${key}`);
      when.className = "when";
      when.title = `Go to tick ${tick}`;
      when.ariaLabel = `Go to tick ${tick}`;
      const icon = el("i.icon", ICONS[kind]);
      icon.ariaHidden = "true";
      const line = el(`li.${kind}`, icon, el("span", ...parts()), when);
      line.dataset.tick = tick;
      if (title) line.title = title;
      line.onclick = () => this.seek(tick);
      this.lines.set(key, line);
    }
    return this.lines.get(key);
  }
}
