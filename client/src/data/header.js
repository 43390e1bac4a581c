// What a recording says of itself. Whatever the page shows is named here; nothing elsewhere knows
// a game's columns, skills, materials or heads.
import { FormatError } from "./errors.js";

const MAX_INTS = 1 << 24;
const MAX_FRAMES = 64;
const MAX_SIDE = 16384;
const NAMED = ["alive", "id", "row", "col"];

/** The header of a recording of any version; FormatError for anything else. */
export function parseHeader(plain) {
  let header;
  try {
    header = JSON.parse(new TextDecoder().decode(plain));
    header.world ??= worldOfVersion1(header);
    header.fields = header.fields.map(parseField);
    header.arrays = header.arrays.map(parseField);
    header.names = new Map(header.fields.concat(header.arrays).map((f) => [f.name, f]));
    checkWorld(header);
    checkArrays(header);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError("the header cannot be read");
  }
  header.hasPolicy = header.names.has("policy.value");
  header.hasAttention = header.names.has("policy.attention");
  return header;
}

/** Before recordings described their world, bodies were called players. */
function parseField([name, shape, dtype]) {
  const good =
    typeof name === "string" &&
    Array.isArray(shape) &&
    shape.length <= 4 &&
    shape.every((n) => Number.isInteger(n) && n > 0 && n <= MAX_INTS);
  const size = good ? shape.reduce((a, b) => a * b, 1) : Infinity;
  if (!good || size > MAX_INTS) throw new FormatError("the header describes an impossible field");
  name = name.replace(/^players\./, "bodies.");
  return { name, shape, dtype, size, differs: !/^(events|policy)\./.test(name) };
}

function checkArrays(header) {
  const { config, world, names } = header;
  const rows = names.get(`${world.bodies}.alive`)?.shape[0] ?? 0;
  for (const name of NAMED.map((column) => `${world.bodies}.${column}`)) {
    const shape = names.get(name)?.shape;
    if (!shape) throw new FormatError(`the recording lacks ${name}`);
    if (shape.length !== 1 || shape[0] !== rows || rows < world.players) {
      throw new FormatError(`${name} does not have ${rows} rows`);
    }
  }
  if (names.get("tick")?.size !== 1) throw new FormatError("the recording lacks the tick");
  for (const name of [world.tile.path, world.tile.ripe_at]) {
    if (name !== null && names.get(name)?.size !== config.height * config.width) {
      throw new FormatError("the terrain is not of the map's size");
    }
  }
  const widest = Math.max(
    header.fields.reduce((sum, f) => sum + f.size, 0),
    ...header.arrays.map((f) => f.size),
  );
  if (widest > MAX_INTS) throw new FormatError("the world is too large to be shown");
  header.limit = Math.min(MAX_FRAMES, Math.floor(MAX_INTS / widest));
  const longest = Math.max(1, ...header.fields.filter((f) => f.shape[0] === rows).map((f) => f.size));
  header.zeros = new Int32Array(longest);
}

/** Refuses descriptions that would make the page stumble. */
function checkWorld({ config, rules, world }) {
  const text = (value) => typeof value === "string";
  const bits = (pair) => Array.isArray(pair) && pair.every((n) => n >= 0 && n <= 32);
  const whole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;
  const good =
    whole(config.height, 1, MAX_SIDE) &&
    whole(config.width, 1, MAX_SIDE) &&
    whole(config.vision, 0, 64) &&
    whole(config.num_populations, 1, 4096) &&
    whole(world.players, 1, MAX_INTS) &&
    text(world.bodies) &&
    text(world.tile.path) &&
    bits(world.tile.material) &&
    bits(world.tile.near_water) &&
    bits(world.tile.steps) &&
    world.materials.length > 0 &&
    world.materials.every(({ name, color }) => text(name) && /^#[0-9a-f]{6}$/i.test(color)) &&
    world.palette.populations.every((color) => /^#[0-9a-f]{6}$/i.test(color)) &&
    world.palette.populations.length >= config.num_populations &&
    world.bars.every(({ column, color }) => text(column) && /^#[0-9a-f]{6}$/i.test(color)) &&
    (!world.others || (text(world.others.column) && world.others.columns.every(text) && world.others.kinds.length > 0 && world.others.kinds.every(({ name, color }) => text(name) && /^#[0-9a-f]{6}$/i.test(color)))) &&
    (!world.tasks || world.tasks.asked.every(text)) &&
    world.killing.every(text) &&
    world.heads.every(({ name }) => text(name)) &&
    Object.values(world.lists).every((names) => names.every(text)) &&
    Object.values(world.tables).every((table) => Object.values(table.columns).every(Boolean));
  if (!good || typeof rules !== "object" || !rules) throw new FormatError("the header is incomplete");
}

/** The description of the game of the time when recordings had none. */
function worldOfVersion1({ config, enums, palette, fields }) {
  const flags = {
    lava: { passable: true, deadly: true },
    water: { water: true },
    grass: { passable: true },
    scrub: { passable: true },
    forest: { passable: true, depleted: enums.material.indexOf("scrub") },
    void: { placed: false },
  };
  const labels = {
    col: "column",
    time_alive: "age",
    freeze: "frozen",
    damage: "hit for",
    distance: "walked",
    explored: "tiles seen",
    damage_dealt: "dealt",
    damage_taken: "taken",
    food_gathered: "food eaten",
    water_gathered: "water drunk",
  };
  const listOf = { population: "population", wound: "cause" };
  const tables = {};
  const names = new Set(fields.map(([name]) => name));
  for (const [name, shape] of fields) {
    const [folder, column] = name.split(".");
    if (!["players", "lives"].includes(folder)) continue;
    const path = folder === "players" ? "bodies" : folder;
    tables[path] ??= { rows: shape[0], label: path, columns: {} };
    if (path === "lives") tables[path].of = "bodies";
    tables[path].columns[column] = {
      label: labels[column] ?? column.replaceAll("_", " "),
      ...(names.has(`${name}_max`) && { max: `${column}_max` }),
      ...(listOf[column] && { list: listOf[column] }),
      ...(shape[1] === enums.skill.length && { axis: "skill" }),
    };
  }
  const head = (name, size, more) => ({ name, size, table: null, given: null, choices: enums[name], ...more });
  return {
    bodies: "bodies",
    players: config.capacity,
    tables,
    events: {
      "events.attacks.target": { refers: "bodies" },
      "events.attacks.style": { list: "style" },
      "events.attacks.outcome": { list: "outcome" },
      "events.deaths.cause": { list: "cause" },
      "events.deaths.population": { list: "population" },
      "events.deaths.level": { axis: "skill" },
      "events.level_ups": { axis: "skill" },
    },
    lists: enums,
    tile: { path: "terrain.tile", ripe_at: "terrain.ripe_at", material: [0, 3], near_water: [3, 1], steps: [4, 4] },
    materials: enums.material.map((name, i) => ({ name, color: palette.terrain[i], depleted: null, ...flags[name] })),
    heads: [head("move", 5), head("style", 3), head("target", 0, { table: "agent", given: "style" })],
    bars: ["health", "food", "water"].map((column, i) => ({ column, color: palette.bars[i] })),
    killing: ["combat"],
    palette: { populations: palette.populations },
  };
}
