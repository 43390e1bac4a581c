// Builds replays for tests: the writing side of the format, small and independent of Python.
import { deflateSync } from "node:zlib";
import { crc32 } from "../src/data/codec.js";

const FIELDS = [
  ["tick", [], "int32"],
  ...("alive id population row col food water health food_max water_max health_max freeze immune " +
    "wilderness time_alive damage")
    .split(" ")
    .map((name) => [`players.${name}`, [4], "int32"]),
  ["players.experience", [4, 7], "int32"],
  ["players.level", [4, 7], "int32"],
  ["events.newborn", [4], "bool"],
  ["events.level_ups", [4, 7], "int32"],
  ...["target", "style", "outcome", "damage"].map((n) => [`events.attacks.${n}`, [4], "int32"]),
  ...["cause", "id", "population", "lifetime"].map((n) => [`events.deaths.${n}`, [4], "int32"]),
];

export const HEADER = {
  title: "a sample",
  seed: 1,
  config: {
    height: 5,
    width: 6,
    border: 1,
    capacity: 4,
    vision: 2,
    max_visible: 3,
    num_populations: 2,
    reach_first: true,
  },
  rules: {
    reach: { dtype: "int32", values: [1, 2, 3] },
    experience_thresholds: { dtype: "int32", values: [0, 83, 174] },
  },
  fields: FIELDS,
  arrays: [
    ["terrain.tile", [5, 6], "uint8"],
    ["terrain.ripe_at", [5, 6], "int32"],
  ],
  enums: {
    material: ["lava", "water", "grass", "scrub", "forest", "stone", "ore", "void"],
    move: ["stay", "north", "south", "east", "west"],
    style: ["melee", "range", "mage"],
    skill: ["constitution", "melee", "range", "mage", "defense", "fishing", "hunting"],
    cause: ["none", "lava", "combat", "starvation", "dehydration"],
    outcome: ["none", "self", "immune", "miss", "hit"],
  },
  palette: {
    terrain: Array(8).fill("#808080"),
    populations: ["#ff0000", "#00ff00"],
    bars: ["#ff0000", "#ffff00", "#0000ff"],
  },
};

export function packInts(values) {
  const zigzag = values.map((v) => ((v << 1) ^ (v >> 31)) >>> 0);
  const most = Math.max(0, ...zigzag);
  const planes = most ? Math.ceil((32 - Math.clz32(most)) / 8) : 0;
  const bytes = [planes];
  for (let plane = 0; plane < planes; plane++) {
    for (const value of zigzag) bytes.push((value >>> (8 * plane)) & 255);
  }
  return Uint8Array.from(bytes);
}

export function chunk(tag, plain, frames = 0, { size = plain.length, raw = false } = {}) {
  const body = raw ? plain : deflateSync(plain);
  const head = Buffer.alloc(20);
  head.write(tag, 0, "latin1");
  head.writeUInt32LE(frames, 4);
  head.writeUInt32LE(body.length, 8);
  head.writeUInt32LE(size, 12);
  head.writeUInt32LE(crc32(body, crc32(head.subarray(0, 16))), 16);
  return Buffer.concat([head, body]);
}

/** Arrays of a frame by name; what is not given is 0. */
export function block(frames, { changes = [], fields = FIELDS } = {}) {
  const parts = [];
  for (const [name, shape] of fields) {
    const size = shape.reduce((a, b) => a * b, 1);
    const rows = frames.map((frame) => frame[name] ?? Array(size).fill(0));
    const steady = name.startsWith("events.");
    parts.push(
      packInts(rows.flatMap((row, t) => row.map((v, i) => (t && !steady ? (v - rows[t - 1][i]) | 0 : v)))),
    );
  }
  for (let array = 0; array < 2; array++) {
    const mine = frames.map((_, t) => changes.filter((c) => c.array === array && c.frame === t));
    parts.push(packInts(mine.map((list) => list.length)));
    parts.push(packInts(mine.flatMap((list) => list.map(({ place }, i) => place - (i ? list[i - 1].place : 0)))));
    parts.push(packInts(mine.flatMap((list) => list.map(({ flip }) => flip))));
  }
  return Buffer.concat(parts);
}

export const TILES = Array.from({ length: 30 }, (_, i) => (i % 6 === 2 ? 4 : 2));

export function prologue(header = HEADER, tiles = TILES) {
  const base = Buffer.concat([packInts(tiles), packInts(Array(30).fill(0))]);
  return Buffer.concat([
    Buffer.from([74, 77, 77, 79, header.world ? 2 : 1, 0, 0, 0]),
    chunk("HEAD", Buffer.from(JSON.stringify(header))),
    chunk("BASE", base),
  ]);
}

/** Two agents alive, one of them moving and then killed by the other. */
export function frames() {
  const still = {
    tick: [7],
    "players.alive": [1, 0, 1, 0],
    "players.id": [12, 3, 15, 0],
    "players.population": [1, 0, 0, 0],
    "players.row": [1, 0, 2, 0],
    "players.col": [1, 0, 3, 0],
    "players.health": [9, 0, 4, 0],
    "players.health_max": [10, 0, 10, 0],
    "players.experience": [100, ...Array(27).fill(0)],
    "players.level": [2, ...Array(27).fill(1)],
    "events.attacks.target": [4, 4, 4, 4],
  };
  const struck = {
    ...still,
    tick: [8],
    "players.alive": [1, 0, 0, 0],
    "players.col": [2, 0, 3, 0],
    "players.health": [9, 0, 0, 0],
    "events.attacks.target": [2, 4, 4, 4],
    "events.attacks.outcome": [4, 0, 0, 0],
    "events.attacks.damage": [4, 0, 0, 0],
    "events.deaths.cause": [0, 0, 2, 0],
    "events.deaths.id": [0, 0, 15, 0],
    "events.deaths.lifetime": [0, 0, 33, 0],
  };
  return [still, struck];
}

export function sample(options) {
  const body = block(frames(), options ?? { changes: [{ array: 1, frame: 1, place: 8, flip: 20 }] });
  return Buffer.concat([prologue(), chunk("BLCK", body, 2), chunk("DONE", Buffer.alloc(0), 2, { raw: true })]);
}

export const buffer = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);

const GENERAL_FIELDS = [
  ["tick", [], "int32"],
  ...["alive", "id", "population", "row", "col"].map((name) => [`bodies.${name}`, [3], "int32"]),
  ["bodies.mana", [3], "int32"],
  ["bodies.mana_max", [3], "int32"],
  ["bodies.venom", [3], "float32"],
  ["tables.items.present", [5], "bool"],
  ["tables.items.owner", [5], "int32"],
  ["tables.items.kind", [5], "int32"],
  ["events.others.poison.dose", [3], "int32"],
  ["policy.value", [2], "float32"],
  ["policy.sell", [2, 4], "uint8"],
];

/** A game that the page has never heard of: its own columns, tables, materials, heads and events. */
export const GENERAL = {
  title: "another game",
  seed: 2,
  config: { ...HEADER.config, capacity: 2 },
  rules: {},
  fields: GENERAL_FIELDS,
  arrays: [
    ["ground.kind", [5, 6], "uint16"],
    ["ground.ripe", [5, 6], "int32"],
  ],
  world: {
    bodies: "bodies",
    players: 2,
    tables: {
      bodies: {
        rows: 3,
        label: "bodies",
        columns: { mana: { label: "mana", max: "mana_max" }, mana_max: { label: "mana max" }, venom: { label: "venom" }, row: { label: "row" }, col: { label: "column" } },
      },
      "tables.items": {
        rows: 5,
        label: "items",
        columns: { present: { label: "present" }, owner: { label: "owner", refers: "bodies" }, kind: { label: "kind", list: "item" } },
      },
    },
    events: { "events.others.poison.dose": { label: "poisoned by" } },
    lists: { item: ["nothing", "hat", "sword"] },
    tile: { path: "ground.kind", ripe_at: "ground.ripe", material: [0, 8], near_water: [8, 1], steps: [12, 4] },
    materials: Array.from({ length: 40 }, (_, i) => ({ name: `kind ${i}`, color: "#336699", passable: true, depleted: i === 33 ? 2 : null })),
    heads: [{ name: "sell", size: 4, table: null, given: null, choices: ["keep", "cheap", "fair", "dear"] }],
    bars: [{ column: "mana", color: "#3355ff" }],
    killing: [],
    palette: { populations: ["#ff0000", "#00ff00"] },
  },
};

const bits = (...values) => [...new Int32Array(new Float32Array(values).buffer)];

export function generalSample() {
  const frame = {
    tick: [0],
    "bodies.alive": [1, 1, 1],
    "bodies.id": [4, 5, 6],
    "bodies.row": [1, 2, 3],
    "bodies.col": [1, 1, 1],
    "bodies.mana": [3, 4, 5],
    "bodies.mana_max": [6, 8, 5],
    "bodies.venom": bits(0.5, 0, 0),
    "tables.items.present": [1, 1, 0, 0, 0],
    "tables.items.owner": [1, 3, 1, 3, 3],
    "tables.items.kind": [2, 1, 1, 0, 0],
    "events.others.poison.dose": [0, 7, 0],
    "policy.value": bits(0.25, -1),
    "policy.sell": [255, 0, 0, 0, 0, 0, 51, 204],
  };
  const tiles = Array.from({ length: 30 }, (_, i) => 33 | (i === 7 ? 1 << 8 : 0) | (0b0101 << 12));
  const body = block([frame], { fields: GENERAL_FIELDS });
  return Buffer.concat([prologue(GENERAL, tiles), chunk("BLCK", body, 1), chunk("DONE", Buffer.alloc(0), 1, { raw: true })]);
}
