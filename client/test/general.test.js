import assert from "node:assert/strict";
import test from "node:test";
import { eventsOf } from "../src/data/events.js";
import { Replay } from "../src/data/replay.js";
import { Story } from "../src/data/story.js";
import * as telling from "../src/data/inspect.js";
import * as world from "../src/data/world.js";
import { agentsTable } from "../src/ui/exports.js";
import { buffer, generalSample } from "./sample.js";

async function load() {
  const replay = await Replay.open(buffer(generalSample()));
  return { here: world.describeWorld(replay.header), frame: await replay.frame(0) };
}

test("columns, bars and floats are those of the header", async () => {
  const { here, frame } = await load();
  const agent = telling.inspect(here, frame, 0);
  assert.deepEqual(agent.bars, [{ name: "mana", value: 3, max: 6, color: "#3355ff" }]);
  assert.deepEqual(
    agent.facts.map(({ label, text }) => `${label} ${text}`),
    ["venom 0.500", "row 1", "column 1"],
  );
  assert.deepEqual(agent.skills, []);
  assert.equal(agent.freeze, 0);
  assert.equal(agent.attack, null);
});

test("the bits of a tile are where the header says", async () => {
  const { here, frame } = await load();
  const tile = frame.get("ground.kind")[7];
  assert.equal(here.kindOf(tile), 33);
  assert.equal(here.nearWater(tile), true);
  assert.equal(here.steps(tile), 0b0101);
  assert.equal(here.nearWater(frame.get("ground.kind")[8]), false);
});

test("whoever is no player has a body, and the policy's answers are the players' alone", async () => {
  const { here, frame } = await load();
  assert.deepEqual(world.livingSlots(frame), [0, 1, 2]);
  assert.equal(telling.inspect(here, frame, 2).policy, null);
  const { value, heads } = telling.inspect(here, frame, 1).policy;
  assert.equal(value, -1);
  assert.deepEqual(heads[0].choices, ["keep", "cheap", "fair", "dear"]);
  assert.deepEqual(heads[0].shares, [0, 0, 0.2, 0.8]);
});

test("rows of other tables belong to the bodies that they refer to", async () => {
  const { here, frame } = await load();
  assert.deepEqual(telling.belongings(here, frame, 1), [{ path: "tables.items", label: "items (owner)", rows: [0] }]);
  assert.deepEqual(telling.belongings(here, frame, 0), []);
  const cells = telling.describeRow(here, frame, "tables.items", 0);
  assert.deepEqual(
    cells.map(({ label, text }) => `${label} ${text}`),
    ["present 1", "owner #5", "kind sword"],
  );
  assert.equal(telling.describeRow(here, frame, "tables.items", 1)[1].text, "–");
});

test("events of systems that the page has never heard of are told", async () => {
  const { here, frame } = await load();
  const events = eventsOf(here, frame);
  assert.deepEqual(events.map(({ kind, id, text }) => ({ kind, id, text })), [{ kind: "other", id: 5, text: "poisoned by 7" }]);
  const row = new Story(here).add(frame);
  assert.deepEqual([...row.agents.bars[0]], [0.5, 0.5, 1]);
});

test("the table of agents has the columns of the game", async () => {
  const { here, frame } = await load();
  const story = new Story(here);
  story.add(frame);
  const [head, first] = agentsTable({ world: here, story }, frame);
  assert.deepEqual(head, ["tick", "mana", "mana_max", "venom", "row", "col", "kills"]);
  assert.deepEqual(first, [0, 3, 6, 0.5, 1, 1, 0]);
});
