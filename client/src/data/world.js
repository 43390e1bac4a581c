// What a frame means: tiles, agents, who sees whom. Pure functions, tested without a page.

/** The names and sizes a page needs of a header. */
export function describeWorld(header) {
  const { config, rules, world } = header;
  const { tile, materials } = world;
  const mask = ([first, bits]) => [first, 2 ** bits - 1];
  const [kindAt, kindMask] = mask(tile.material);
  const [stepsAt, stepsMask] = mask(tile.steps);
  const reach = rules.reach?.values;
  return {
    header,
    config,
    lists: world.lists,
    tables: world.tables,
    events: world.events,
    heads: world.heads,
    bars: world.bars,
    killing: world.killing,
    palette: { populations: [...world.palette.populations.slice(0, config.num_populations), ...(world.others?.kinds ?? []).map(({ color }) => color)] },
    others: world.others ?? null,
    goods: world.goods ?? null,
    tasks: world.tasks ?? null,
    fog: world.fog ?? null,
    log: world.log ?? null,
    materials,
    height: config.height,
    width: config.width,
    border: config.border ?? 0,
    populations: config.num_populations,
    players: world.players,
    capacity: header.names.get(`${world.bodies}.alive`).size,
    bodies: world.tables[world.bodies] ?? { label: "bodies", columns: {} },
    bodiesPath: world.bodies,
    outside: Math.max(0, materials.findIndex((kind) => kind.deadly || kind.shape === "void")),
    tilePath: tile.path,
    ripePath: tile.ripe_at,
    kindOf: (value) => Math.min((value >>> kindAt) & kindMask, materials.length - 1),
    nearWater: (value) => Boolean((value >>> tile.near_water[0]) & 1),
    steps: (value) => (value >>> stepsAt) & stepsMask,
    reach: Array.isArray(reach) ? Math.max(...reach) : 0,
    thresholds: (rules.experience_thresholds ?? rules.thresholds)?.values ?? [],
    has: (name) => header.names.has(name),
  };
}

/** Materials as they look: what was harvested and is not ripe looks like another one. */
export function materialAt(world, frame, tile) {
  const kind = world.kindOf(frame.get(world.tilePath)[tile]);
  return ripeAt(world, frame, tile) > frame.tick ? (world.materials[kind].depleted ?? kind) : kind;
}

/** The tick from which a harvested tile is ripe again. */
export function ripeAt(world, frame, tile) {
  return world.ripePath === null ? 0 : frame.get(world.ripePath)[tile];
}

export function livingSlots(frame) {
  const slots = [];
  frame.body("alive").forEach((alive, slot) => alive && slots.push(slot));
  return slots;
}

export function slotOf(frame, id) {
  const ids = frame.body("id");
  const alive = frame.body("alive");
  return ids.findIndex((other, slot) => other === id && alive[slot]);
}

/** How many agents of each population live. */
export function countPopulations(world, frame) {
  const counts = new Array(world.populations).fill(0);
  const population = frame.body("population");
  for (const slot of livingSlots(frame)) if (slot < world.players) counts[population[slot]]++;
  return counts;
}

/** A body's number as people say it; others than players have negative ones. */
export const numberOf = (id) => (id < 0 ? `NPC ${-id}` : `#${id}`);

/** What a group is called: a population, or a kind of others. */
export const groupName = (world, group) => world.others?.kinds[group - world.populations]?.name ?? `population ${group}`;

/** The largest value of a bar, by slot. */
export function mostOf(world, frame, { column, most }) {
  if (most) return new Int32Array(world.capacity).fill(most);
  return frame.body(world.bodies.columns[column]?.max ?? `${column}_max`);
}

/** The numbers of a field, floats where it holds floats. */
export function numbers(frame, field) {
  return field.dtype === "float32" ? frame.floats(field.name) : frame.get(field.name);
}

/** A number as people read it: a name of a list, an agent's number, or itself. */
export function textOf(world, frame, { list, refers }, value) {
  if (list && world.lists[list]) return world.lists[list][value] ?? String(value);
  const rows = refers && world.tables[refers]?.rows;
  if (rows) return value < rows ? numberOf(frame.get(`${refers}.id`)?.[value] ?? value) : "–";
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

/** The name of a number in one of the header's lists. */
export const listed = (world, list, value) => world.lists[list]?.[value] ?? String(value);

/**
 * The agents an agent sees, in the order of its observation: itself, those within the longest
 * reach, then the others, each in raster order, by id within a tile. `rows` holds slots.
 */
export function visibleAgents(world, frame, slot) {
  const { vision, max_visible: limit, reach_first: reachFirst } = world.config;
  const [row, col, id] = ["row", "col", "id"].map((name) => frame.body(name));
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

/** Attacks of the tick as slots: who, whom, how, and what came of it. */
export function attacksOf(world, frame) {
  if (!world.has("events.attacks.target")) return [];
  const [target, style, outcome, damage] = ["target", "style", "outcome", "damage"].map((name) =>
    frame.event(`attacks.${name}`),
  );
  const attacks = [];
  target.forEach((to, from) => {
    if (to >= world.capacity || to === from || !outcome[from]) return;
    attacks.push({ from, to, style: style[from], outcome: outcome[from], damage: damage[from] });
  });
  return attacks;
}

/** Tables beside the bodies and what goes on them. */
export function otherTables(world) {
  return Object.entries(world.tables).filter(
    ([path, table]) => path !== world.bodiesPath && table.of !== world.bodiesPath,
  );
}

/** Whether a row of a table is there, as far as the table says. */
export function present(frame, path, row) {
  const alive = frame.get(`${path}.alive`) ?? frame.get(`${path}.present`);
  return alive ? Boolean(alive[row]) : true;
}
