// Everything there is to tell of one body or row. Pure functions, tested without a page.
import { attacksOf, listed, mostOf, numbers, otherTables, present, textOf } from "./world.js";

const WIDE = 8; // numbers of a row that are still read one after another

/** Numbers of a row of a table as the header describes them: [{name, label, text, value, max}]. */
export function describeRow(world, frame, path, row) {
  const { columns } = world.tables[path];
  const cells = [];
  for (const [name, about] of Object.entries(columns)) {
    const field = world.header.names.get(`${path}.${name}`);
    const width = field ? field.size / field.shape[0] : 0;
    if (!width || row >= field.shape[0] || about.axis || width > WIDE) continue; // or they have their own places
    const values = Array.from(numbers(frame, field).slice(row * width, (row + 1) * width));
    const text = values.map((value) => textOf(world, frame, about, value)).join(" ");
    cells.push({ name, about, label: about.label ?? name, value: width > 1 ? text : values[0], text });
  }
  return cells;
}

/** Everything a person may want to know of one agent. */
export function inspect(world, frame, slot) {
  const read = (name) => frame.body(name)[slot];
  const bars = world.bars.map((bar) => {
    const { column, color } = bar;
    return { name: column, value: read(column), max: mostOf(world, frame, bar)[slot], color };
  });
  return {
    slot,
    id: read("id"),
    population: frame.groups[slot],
    row: read("row"),
    col: read("col"),
    freeze: read("freeze"),
    immune: read("immune"),
    damage: read("damage"),
    time_alive: read("time_alive"),
    bars,
    ...Object.fromEntries(bars.map(({ name, value }) => [name, value])),
    skills: skillsOf(world, frame, slot),
    facts: factsOf(world, frame, slot),
    attack: attackOf(world, frame, slot),
    policy: policyOf(world, frame, slot),
  };
}

const SHOWN_ELSEWHERE = ["alive", "id", "population", "time_alive", "freeze", "immune", "damage"];

/** Columns of the agent that have no place of their own, of its own table and those that go on it. */
function factsOf(world, frame, slot) {
  const barred = world.bars.flatMap(({ column }) => [column, world.bodies.columns[column]?.max]);
  return Object.entries(world.tables)
    .filter(([path, table]) => path === world.bodiesPath || table.of === world.bodiesPath)
    .flatMap(([path]) => describeRow(world, frame, path, slot))
    .filter(({ name, about, value }) => {
      const nothing = about.list && value === 0 && world.lists[about.list]?.[0] === "none";
      const theirs = world.others?.columns.includes(name) && slot < world.players;
      if (theirs || name === world.goods?.worth) return false;
      return !SHOWN_ELSEWHERE.includes(name) && !barred.includes(name) && !nothing;
    });
}

/** Names of what a list of skills holds, with their columns: level and experience, if kept. */
export function skillsOf(world, frame, slot) {
  const axis = world.bodies.columns.level?.axis ?? world.bodies.columns.experience?.axis;
  const names = world.lists[axis] ?? [];
  return names.map((name, i) => {
    const level = frame.body("level")[slot * names.length + i];
    const experience = frame.body("experience")[slot * names.length + i];
    return { name, level, experience, progress: progress(world, experience) };
  });
}

/** Share of the way from the current level to the next. */
export function progress(world, experience) {
  const next = world.thresholds.findIndex((threshold) => threshold > experience);
  if (next < 0) return 1;
  const from = next ? world.thresholds[next - 1] : 0;
  return (experience - from) / (world.thresholds[next] - from);
}

function attackOf(world, frame, slot) {
  const attack = attacksOf(world, frame).find(({ from }) => from === slot);
  if (!attack) return null;
  return {
    target: frame.body("id")[attack.to],
    style: listed(world, "style", attack.style),
    outcome: listed(world, "outcome", attack.outcome),
    damage: attack.damage,
  };
}

/** What the policy answered about an agent: value, and shares by the name of the head. */
function policyOf(world, frame, slot) {
  const values = frame.floats("policy.value");
  if (!values || slot >= values.length) return null;
  const shares = (name) => {
    const field = world.header.names.get(`policy.${name}`);
    if (!field) return null;
    const size = field.size / field.shape[0];
    const all = frame.get(field.name);
    return Array.from(all.subarray(slot * size, (slot + 1) * size), (share) => share / 255);
  };
  const heads = world.heads.map((head) => ({ ...head, shares: shares(head.name) }));
  return { value: values[slot], heads: heads.filter((head) => head.shares), attention: shares("attention") };
}

/** Rows of other tables that refer to a body: [{path, label, rows}]. */
export function belongings(world, frame, slot) {
  const found = [];
  for (const [path, { label, columns }] of otherTables(world)) {
    for (const [name, { refers }] of Object.entries(columns)) {
      if (refers !== world.bodiesPath) continue;
      const rows = [];
      frame.get(`${path}.${name}`)?.forEach((to, row) => to === slot && present(frame, path, row) && rows.push(row));
      if (rows.length) found.push({ path, label: `${label} (${columns[name].label ?? name})`, rows });
    }
  }
  return found;
}
