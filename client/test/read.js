// Prints what the client reads of a replay as JSON, for comparison with what was recorded:
// node client/test/read.js FILE INDEX...
import { readFile } from "node:fs/promises";
import { Replay } from "../src/data/replay.js";
import { eventsOf } from "../src/data/events.js";
import { inspect } from "../src/data/inspect.js";
import { describeWorld, livingSlots, visibleAgents } from "../src/data/world.js";

const [file, ...indices] = process.argv.slice(2);
const bytes = await readFile(file);
const replay = await Replay.open(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const world = describeWorld(replay.header);
const frames = [];
for (const index of indices.map(Number)) {
  const frame = await replay.frame(index);
  const arrays = {};
  for (const { name } of replay.header.fields) arrays[name] = [...frame.get(name)];
  for (const { name } of replay.header.arrays) arrays[name] = [...frame.map(name)];
  const living = livingSlots(frame);
  frames.push({
    index,
    arrays,
    events: eventsOf(world, frame),
    sees: Object.fromEntries(living.map((slot) => [slot, visibleAgents(world, frame, slot)])),
    agents: living.map((slot) => inspect(world, frame, slot)),
  });
}
console.log(JSON.stringify({ length: replay.length, frames }));
