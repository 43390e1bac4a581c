// What happened in a tick, as a feed, a life line and statistics tell it.
import { attacksOf, listed, numbers } from "./world.js";

const KNOWN = /^events\.(acted|doomed|newborn|harvests|attacks|deaths|level_ups|rewards|log)(\.|$)/;
const MOST = 200;

/** What happened in the tick, most telling first. */
export function eventsOf(world, frame) {
  return [...deathsOf(world, frame), ...birthsOf(frame), ...levelsOf(world, frame), ...loggedOf(world, frame), ...othersOf(world, frame)];
}

function deathsOf(world, frame) {
  const deaths = [];
  frame.event("deaths.cause").forEach((why, slot) => {
    if (!why) return;
    const read = (name) => frame.event(`deaths.${name}`)[slot];
    const cause = listed(world, "cause", why);
    const killed = world.killing.includes(cause);
    deaths.push({
      kind: killed ? "kill" : "death",
      cause,
      slot,
      id: read("id"),
      population: read("population"),
      lifetime: read("lifetime"),
      killers: killed ? attackersOf(world, frame, slot) : [],
      life: lifeOf(world, frame, slot),
    });
  });
  return deaths;
}

/** What the life came to: every further number that the event holds. */
function lifeOf(world, frame, slot) {
  const life = [];
  for (const field of world.header.fields) {
    const name = field.name.replace(/^events\.deaths\./, "");
    if (name === field.name || ["cause", "id", "population", "lifetime"].includes(name)) continue;
    const about = world.events[field.name] ?? {};
    const width = field.size / field.shape[0];
    const values = numbers(frame, field).slice(slot * width, (slot + 1) * width);
    const label = world.tables.lives?.columns[name]?.label ?? name.replaceAll("_", " ");
    values.forEach((value, i) => {
      const part = width > 1 ? listed(world, about.axis, i) : "";
      life.push({ name, label: part ? `${part}` : label, group: part ? label : "", value });
    });
  }
  return life;
}

function attackersOf(world, frame, victim) {
  const id = frame.body("id");
  const population = frame.groups;
  const attackers = attacksOf(world, frame)
    .filter(({ from, to, damage }) => to === victim && (damage > 0 || from >= world.players))
    .map(({ from, style, damage }) => ({
      id: id[from],
      population: population[from],
      style: listed(world, "style", style),
      damage,
    }));
  return attackers.length ? attackers : killersOf(world, frame, frame.event("deaths.id")[victim]);
}

/** Who killed somebody, where a game keeps a log of it; in what style, it does not tell. */
function killersOf(world, frame, victim) {
  const ids = frame.body("id");
  return logOf(world, frame)
    .filter((row) => listed(world, "event", row.event) === world.log.kill && row.target_ent === victim)
    .map(({ ent_id: id }) => ({ id, population: frame.groups[ids.indexOf(id)] ?? 0, style: "", damage: 0 }));
}

/** Rows of a game's log of the tick, by the names of its columns. */
function logOf(world, frame) {
  if (!world.log) return [];
  const { path, columns } = world.log;
  const rows = frame.get(path);
  const found = [];
  for (let at = 0; at < rows.length; at += columns.length) {
    if (rows[at]) found.push(Object.fromEntries(columns.map((name, i) => [name, rows[at + i]])));
  }
  return found;
}

function birthsOf(frame) {
  const births = [];
  frame.event("newborn").forEach((born, slot) => {
    if (born) births.push({ kind: "birth", ...who(frame, slot) });
  });
  return births;
}

const who = (frame, slot) => ({ slot, id: frame.body("id")[slot], population: frame.groups[slot] });

function levelsOf(world, frame) {
  const field = world.header.names.get("events.level_ups");
  if (!field) return [];
  const width = field.size / field.shape[0];
  const names = world.lists[world.events[field.name]?.axis] ?? [];
  const level = frame.body("level");
  const found = [];
  frame.get(field.name).forEach((gain, i) => {
    if (gain <= 0 || found.length >= MOST) return;
    found.push({
      kind: "level",
      ...who(frame, Math.floor(i / width)),
      skill: names[i % width] ?? String(i % width),
      level: level[i],
    });
  });
  return found;
}

/** What a game that keeps a log of its events has written there. */
function loggedOf(world, frame) {
  const ids = frame.body("id");
  const found = [];
  for (const row of logOf(world, frame)) {
    const name = listed(world, "event", row.event);
    const told = world.log.told[name];
    const slot = told ? ids.indexOf(row.ent_id) : -1;
    const twice = name === world.log.kill && row.target_ent >= 0; // it is among the deaths
    if (slot < 0 || twice || found.length >= MOST) continue;
    if (told.skill) found.push({ kind: "level", ...who(frame, slot), skill: listed(world, "skill", row.type - told.skill), level: row.level });
    else found.push({ kind: "other", ...who(frame, slot), text: fill(world, told.text, row) });
  }
  return found;
}

/** A sentence with `{gold}` and `{type:item}` in it filled from a row. */
export function fill(world, text, row) {
  return text.replace(/\{(\w+)(?::(\w+))?\}/g, (_, name, list) =>
    list ? (listed(world, list, row[name]) || String(row[name])).replaceAll("_", " ") : String(row[name]),
  );
}

/** Events of systems that the page knows nothing else of: a body and a number. */
function othersOf(world, frame) {
  const found = [];
  const alive = frame.body("alive");
  for (const field of world.header.fields) {
    if (!field.name.startsWith("events.") || KNOWN.test(field.name)) continue;
    if (field.shape[0] !== world.capacity && field.shape[0] !== world.players) continue;
    const width = field.size / field.shape[0];
    const about = world.events[field.name] ?? {};
    if (about.refers) continue;
    const label = about.label ?? field.name.split(".").slice(1).filter((part) => part !== "others").join(" ");
    numbers(frame, field).forEach((value, i) => {
      const there = alive[Math.floor(i / width)];
      if (!value || !there || found.length >= MOST) return;
      const what = field.dtype === "bool" ? "" : listed(world, about.list ?? "", value);
      const part = width > 1 ? ` ${listed(world, about.axis ?? "", i % width)}` : "";
      const text = `${label.replaceAll("_", " ")}${part}${what ? ` ${what}` : ""}`;
      found.push({ kind: "other", ...who(frame, Math.floor(i / width)), text });
    });
  }
  return found;
}
