import { livingSlots } from "../data/world.js";
import { agentName } from "./badges.js";
import { button, el, refill } from "./dom.js";

const MOST = 100;

/** Everyone alive, sorted by what one asks for, and found by number. */
export class Roster {
  constructor({ table, more, search, select, say }) {
    Object.assign(this, { table, more, search, select, say });
    this.sort = "age";
    search.onkeydown = (event) => {
      if (event.key === "Enter") this.find(search.value);
      if (event.key === "Escape") search.blur();
      event.stopPropagation();
    };
    search.oninput = () => this.again();
  }

  find(text) {
    const id = Number.parseInt(text.replace(/\D/g, ""), 10);
    if (!Number.isInteger(id)) return;
    const { story } = this.latest?.[0] ?? {};
    const known = this.rows?.some((row) => row.id === id) || story?.births.has(id) || story?.deaths.has(id);
    if (!known) return this.say(`There is no agent ${id} here.`, true);
    this.select(id);
  }

  again() {
    this.key = null;
    if (this.latest) this.show(...this.latest);
  }

  show(source, frame, selected) {
    this.latest = [source, frame, selected];
    if (!this.table.offsetParent) return;
    const key = `${frame.tick} ${selected} ${this.sort}`;
    if (key === this.key) return;
    this.key = key;
    const { world, story } = source;
    this.rows = this.read(world, story, frame);
    const wanted = this.search.value.replace(/\D/g, "");
    const rows = this.rows.filter(({ id }) => String(id).startsWith(wanted));
    const columns = ["id", ...this.columns(world)];
    const sort = columns.includes(this.sort) ? this.sort : "id";
    rows.sort((a, b) => (sort === "id" ? a.id - b.id : b[sort] - a[sort] || a.id - b.id));
    refill(this.table, this.head(columns, sort), el("tbody", ...rows.slice(0, MOST).map((row) => this.row(world, row, columns, selected))));
    this.more.textContent = rows.length > MOST ? `and ${rows.length - MOST} more` : rows.length ? "" : "nobody";
  }

  /** What the header lets one sort by. */
  columns(world) {
    const { columns } = world.bodies;
    return ["age", columns.level && "level", "kills", columns.experience && "experience"].filter(Boolean);
  }

  read(world, story, frame) {
    const skills = world.lists[world.bodies.columns.level?.axis]?.length ?? 1;
    const sum = (values, slot) => values.subarray(slot * skills, (slot + 1) * skills).reduce((a, b) => a + b, 0);
    const [id, age, level, experience] = ["id", "time_alive", "level", "experience"].map((name) => frame.body(name));
    const population = frame.groups;
    return livingSlots(frame).filter((slot) => slot < world.players).map((slot) => ({
      id: id[slot],
      population: population[slot],
      age: age[slot],
      level: sum(level, slot),
      kills: story.killsOf(id[slot], frame.tick).length,
      experience: sum(experience, slot),
    }));
  }

  head(columns, sort) {
    const cells = columns.map((name) => {
      const choose = button(name === "experience" ? "exp." : name, () => {
        this.sort = name;
        this.again();
      }, `sort ${name}`);
      choose.title = `Sort by ${name}`;
      const cell = el("th", choose);
      cell.scope = "col";
      cell.ariaSort = name === sort ? (name === "id" ? "ascending" : "descending") : "none";
      return cell;
    });
    return el("thead", el("tr", ...cells));
  }

  row(world, agent, columns, selected) {
    const name = agentName(world, agent, this.select);
    name.dataset.key = `agent ${agent.id}`;
    const cells = columns.slice(1).map((column) => el("td", agent[column].toLocaleString("en")));
    const row = el("tr", el("td", name), ...cells);
    row.onclick = () => this.select(agent.id);
    row.classList.toggle("chosen", agent.id === selected);
    return row;
  }
}
