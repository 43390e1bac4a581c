import assert from "node:assert/strict";
import test from "node:test";
import { readChunk, endMark } from "../src/data/codec.js";
import { Replay } from "../src/data/replay.js";
import { Story } from "../src/data/story.js";
import { describeWorld } from "../src/data/world.js";
import { csv, ticksTable } from "../src/ui/exports.js";
import { readLink, writeLink } from "../src/ui/links.js";
import { buffer, sample } from "./sample.js";

async function load() {
  const replay = await Replay.open(buffer(sample()));
  const world = describeWorld(replay.header);
  const story = new Story(world);
  for (const index of [1, 0, 0]) story.add(await replay.frame(index)); // out of order, and twice
  return { world, story };
}

test("ticks are in order whatever the order in which they were seen", async () => {
  const { story } = await load();
  assert.deepEqual(story.rows.map(({ tick }) => tick), [7, 8]);
  assert.equal(story.place(6), -1);
  assert.equal(story.place(99), 1);
  assert.deepEqual(story.upTo(7).map(({ tick }) => tick), [7]);
});

test("a life has its ticks, its end and its killer's credit", async () => {
  const { story } = await load();
  assert.deepEqual(story.life(15).map(({ tick }) => tick), [7]);
  assert.ok(Math.abs(story.life(15)[0].bars[0] - 0.4) < 1e-6);
  assert.deepEqual(story.deathsOf(15).map(({ tick, lifetime }) => [tick, lifetime]), [[8, 33]]);
  assert.deepEqual([story.deathsOf(15, 7), story.deathAfter(15, 8)], [[], undefined]);
  assert.equal(story.killsOf(12).length, 1);
  assert.equal(story.killsOf(12, 7).length, 0);
  assert.equal(story.fightBefore(15, 8), 8);
  assert.deepEqual(story.eventsOf(12).map(({ tick, event }) => [tick, event.kind]), [[8, "kill"]]);
});

test("lives of an agent that comes back as who it was are told apart", async () => {
  const { story } = await load();
  const row = (tick, events) => ({ ...story.at(7), tick, events });
  const [birth, death] = ["birth", "death"].map((kind) => ({ kind, id: 15, killers: [] }));
  const kill = { kind: "kill", id: 3, killers: [{ id: 15 }] };
  for (const later of [row(30, [death]), row(20, [death, birth]), row(10, [birth]), row(12, [kill])]) {
    story.rows.push(later);
    story.remember(later);
  }
  story.rows.sort((a, b) => a.tick - b.tick);
  assert.deepEqual(story.deathsOf(15).map(({ tick }) => tick), [8, 20, 30]);
  assert.deepEqual(story.life(15).map(({ tick, nth }) => [tick, nth]), [[7, 0], [10, 1], [12, 1], [20, 2], [30, 3]]);
  assert.deepEqual([9, 15, 20].map((tick) => story.birthOf(15, tick).tick), [10, 10, 20]);
  assert.equal(story.deathAfter(15, 8).tick, 20);
  assert.deepEqual([15, 20].map((tick) => story.killsOf(15, tick).length), [1, 0]);
  assert.equal(story.killsOf(15, 20, true).length, 1);
});

test("a tile remembers who stood on it, the latest first", async () => {
  const { story } = await load();
  assert.deepEqual(story.visitors(1 * 6 + 2, 8), [{ tick: 8, id: 12, population: 1 }]);
  assert.deepEqual(story.visitors(1 * 6 + 2, 7), []);
});

test("old agents are forgotten when there are too many, counts are not", async () => {
  const { story } = await load();
  story.forget();
  assert.equal(story.rows[0].agents.ids.length, 0);
  assert.deepEqual([...story.rows[0].counts], [1, 1]);
});

test("tables have a row a tick and begin no formula", async () => {
  const rows = ticksTable(await load());
  const column = (name) => rows[0].indexOf(name);
  assert.equal(rows.length, 3);
  assert.equal(rows[2][column("deaths_combat")], 1);
  assert.equal(rows[2][column("attacks_melee")], 1);
  assert.equal(rows[2][column("damage")], 4);
  assert.equal(csv([["=1+1", "a,b", -3, '"']]), `'=1+1,"a,b",-3,""""\n`);
});

test("links say what is shown and are read with care", () => {
  const shown = { tick: 130, agent: 254, tile: null, overlay: "attention", of: null, page: null, view: [1.23, -4, 20, 41, -17] };
  const hash = writeLink(shown);
  assert.equal(hash, "#tick=130&agent=254&overlay=attention&view=1.2,-4,20,41,-17");
  const { tick, agent, overlay, view } = readLink(hash);
  assert.deepEqual({ tick, agent, overlay, view }, { tick: 130, agent: 254, overlay: "attention", view: [1.2, -4, 20, 41, -17] });
  const hostile = readLink("#tick=-1&agent=1e9&overlay=<img>&view=1,2,x,4,5&page=../x&tile=99999999999");
  assert.deepEqual(Object.values(hostile), Array(7).fill(null));
});

test("what a live world sent can be ended as a recording", () => {
  const chunk = readChunk(endMark(7), 0);
  assert.deepEqual([chunk.tag, chunk.frames, chunk.end], ["DONE", 7, 20]);
});
