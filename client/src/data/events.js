// What happened in a tick, as a feed, a life line and statistics tell it.
import { attacksOf, listed, numbers } from "./world.js";

const KNOWN = /^events\.(acted|doomed|newborn|harvests|attacks|deaths|level_ups)(\.|$)/;
const MOST = 200;

/** What happened in the tick, most telling first. */
export function eventsOf(world, frame) {
  return [...deathsOf(world, frame), ...birthsOf(frame), ...levelsOf(world, frame), ...othersOf(world, frame)];
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
  const population = frame.body("population");
  return attacksOf(world, frame)
    .filter(({ to, damage }) => to === victim && damage > 0)
    .map(({ from, style, damage }) => ({
      id: id[from],
      population: population[from],
      style: listed(world, "style", style),
      damage,
    }));
}

function birthsOf(frame) {
  const births = [];
  frame.event("newborn").forEach((born, slot) => {
    if (born) births.push({ kind: "birth", ...who(frame, slot) });
  });
  return births;
}

const who = (frame, slot) => ({ slot, id: frame.body("id")[slot], population: frame.body("population")[slot] });

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
