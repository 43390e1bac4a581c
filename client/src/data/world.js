// What a frame means: agents, events, who sees whom. Pure functions, tested without a page.

const NEAREST = 40;

/** Materials as they look: forests that were harvested and are not ripe are scrub. */
export function materialAt(world, frame, tile) {
  const { scrub } = world.material;
  return frame.map("terrain.ripe_at")[tile] > frame.tick ? scrub : frame.map("terrain.tile")[tile] & 7;
}

/** The names and sizes a page needs of a header. */
export function describeWorld(header) {
  const index = (names) => Object.fromEntries(names.map((name, i) => [name, i]));
  const { config, enums, rules, palette } = header;
  return {
    header,
    config,
    palette,
    enums,
    material: index(enums.material),
    cause: index(enums.cause),
    outcome: index(enums.outcome),
    capacity: config.capacity,
    height: config.height,
    width: config.width,
    populations: config.num_populations,
    skills: enums.skill.length,
    reach: Math.max(...rules.reach.values),
    thresholds: rules.experience_thresholds.values,
  };
}

export function livingSlots(frame) {
  const slots = [];
  frame.get("players.alive").forEach((alive, slot) => alive && slots.push(slot));
  return slots;
}

export function slotOf(frame, id) {
  const ids = frame.get("players.id");
  const alive = frame.get("players.alive");
  return ids.findIndex((other, slot) => other === id && alive[slot]);
}

/** How many agents of each population live. */
export function countPopulations(world, frame) {
  const counts = new Array(world.populations).fill(0);
  const population = frame.get("players.population");
  for (const slot of livingSlots(frame)) counts[population[slot]]++;
  return counts;
}

/** Everything a person may want to know of one agent. */
export function inspect(world, frame, slot) {
  const field = (name) => frame.get(`players.${name}`)[slot];
  const life = (name) => frame.get(`lives.${name}`)?.[slot] ?? 0;
  const skills = world.enums.skill.map((name, i) => {
    const level = frame.get("players.level")[slot * world.skills + i];
    const experience = frame.get("players.experience")[slot * world.skills + i];
    return { name, level, experience, progress: progress(world, experience) };
  });
  const plain =
    "id population row col food water health food_max water_max health_max freeze immune wilderness time_alive damage";
  return {
    slot,
    ...Object.fromEntries(plain.split(" ").map((name) => [name, field(name)])),
    skills,
    distance: life("distance"),
    explored: life("explored"),
    damage_dealt: life("damage_dealt"),
    damage_taken: life("damage_taken"),
    food_gathered: life("food_gathered"),
    water_gathered: life("water_gathered"),
    attack: attackOf(world, frame, slot),
    policy: policyOf(world, frame, slot),
  };
}

/** Share of the way from the current level to the next. */
export function progress(world, experience) {
  const next = world.thresholds.findIndex((threshold) => threshold > experience);
  if (next < 0) return 1;
  const from = next ? world.thresholds[next - 1] : 0;
  return (experience - from) / (world.thresholds[next] - from);
}

function attackOf(world, frame, slot) {
  const target = frame.get("events.attacks.target")[slot];
  if (target >= world.capacity) return null;
  return {
    target: frame.get("players.id")[target],
    style: world.enums.style[frame.get("events.attacks.style")[slot]],
    outcome: world.enums.outcome[frame.get("events.attacks.outcome")[slot]],
    damage: frame.get("events.attacks.damage")[slot],
  };
}

function policyOf(world, frame, slot) {
  const values = frame.floats("policy.value");
  if (!values) return null;
  const shares = (name) => {
    const all = frame.get(`policy.${name}`);
    const size = all ? all.length / world.capacity : 0;
    return all && Array.from(all.subarray(slot * size, (slot + 1) * size), (share) => share / 255);
  };
  return {
    value: values[slot],
    move: shares("move"),
    style: shares("style"),
    target: shares("target"),
    attention: shares("attention"),
  };
}

/**
 * The agents an agent sees, in the order of its observation: itself, those within the longest
 * reach, then the others, each in raster order, by id within a tile. `rows` holds slots.
 */
export function visibleAgents(world, frame, slot) {
  const { vision, max_visible: limit, reach_first: reachFirst } = world.config;
  const row = frame.get("players.row");
  const col = frame.get("players.col");
  const id = frame.get("players.id");
  const away = (other) =>
    Math.max(Math.abs(row[other] - row[slot]), Math.abs(col[other] - col[slot]));
  const near = Math.min(world.reach, vision);
  const rank = (other) => (reachFirst && away(other) > near ? 1 : 0);
  const seen = livingSlots(frame).filter((other) => other !== slot && away(other) <= vision);
  seen.sort(
    (a, b) => rank(a) - rank(b) || row[a] - row[b] || col[a] - col[b] || id[a] - id[b],
  );
  const overflow = Math.max(0, seen.length - (limit - 1));
  return { rows: [slot, ...seen.slice(0, limit - 1)], overflow, away };
}

/** What happened in the tick, most telling first, for the event feed. */
export function eventsOf(world, frame) {
  return [...deathsOf(world, frame), ...birthsOf(frame), ...levelsOf(world, frame)];
}

function deathsOf(world, frame) {
  const cause = frame.get("events.deaths.cause");
  const deaths = [];
  cause.forEach((why, slot) => {
    if (!why) return;
    const read = (name) => frame.get(`events.deaths.${name}`)[slot];
    deaths.push({
      kind: why === world.cause.combat ? "kill" : "death",
      cause: world.enums.cause[why],
      id: read("id"),
      population: read("population"),
      lifetime: read("lifetime"),
      killers: why === world.cause.combat ? attackersOf(world, frame, slot) : [],
    });
  });
  return deaths;
}

function attackersOf(world, frame, victim) {
  const target = frame.get("events.attacks.target");
  const damage = frame.get("events.attacks.damage");
  const id = frame.get("players.id");
  const population = frame.get("players.population");
  const found = [];
  target.forEach((slot, i) => {
    if (slot === victim && i !== victim && damage[i] > 0) {
      found.push({ id: id[i], population: population[i] });
    }
  });
  return found;
}

function birthsOf(frame) {
  const births = [];
  frame.get("events.newborn").forEach((born, slot) => {
    if (!born) return;
    births.push({
      kind: "birth",
      id: frame.get("players.id")[slot],
      population: frame.get("players.population")[slot],
    });
  });
  return births;
}

function levelsOf(world, frame) {
  const gains = frame.get("events.level_ups");
  const level = frame.get("players.level");
  const found = [];
  gains.forEach((gain, i) => {
    if (gain <= 0 || found.length >= NEAREST) return;
    const slot = Math.floor(i / world.skills);
    found.push({
      kind: "level",
      id: frame.get("players.id")[slot],
      population: frame.get("players.population")[slot],
      skill: world.enums.skill[i % world.skills],
      level: level[i],
    });
  });
  return found;
}

/** Attacks of the tick as slots: who, whom, how, and what came of it. */
export function attacksOf(world, frame) {
  const target = frame.get("events.attacks.target");
  const style = frame.get("events.attacks.style");
  const outcome = frame.get("events.attacks.outcome");
  const damage = frame.get("events.attacks.damage");
  const attacks = [];
  target.forEach((to, from) => {
    if (to >= world.capacity || outcome[from] < world.outcome.immune) return;
    attacks.push({ from, to, style: style[from], outcome: outcome[from], damage: damage[from] });
  });
  return attacks;
}
