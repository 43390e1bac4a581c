// Prints what the client makes of a frame of the second game as JSON:
// node client/test/second.js FILE INDEX
import { readFile } from "node:fs/promises";
import { Replay } from "../src/data/replay.js";
import { fogAt, itemsOf, offersOf, sentence } from "../src/data/goods.js";
import { countPopulations, describeWorld } from "../src/data/world.js";

const [file, index] = process.argv.slice(2);
const bytes = await readFile(file);
const replay = await Replay.open(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const world = describeWorld(replay.header);
const frame = await replay.frame(Number(index));
const tiles = Array.from({ length: world.height * world.width }, (_, tile) => tile);
const fog = tiles.map((tile) => fogAt(world, frame.tick, Math.floor(tile / world.width), tile % world.width));
const offers = offersOf(world, frame).map(({ row, price, name }) => ({ row, price, name }));
console.log(
  JSON.stringify({
    counts: countPopulations(world, frame),
    groups: [...frame.groups],
    items: itemsOf(world, frame, 1),
    task: sentence(world, frame, 1),
    offers,
    fog,
  }),
);
