import assert from "node:assert/strict";
import test from "node:test";
import { Replay } from "../src/data/replay.js";
import { Tally } from "../src/data/tally.js";
import { eventsOf } from "../src/data/events.js";
import { Story } from "../src/data/story.js";
import * as telling from "../src/data/inspect.js";
import * as world from "../src/data/world.js";
import { exploredPixels, ramp, valuePixels } from "../src/data/pictures.js";
import { buffer, sample } from "./sample.js";

async function load() {
  const replay = await Replay.open(buffer(sample()));
  return { here: world.describeWorld(replay.header), replay, at: (i) => replay.frame(i) };
}

test("an agent's numbers are those of its slot", async () => {
  const { here, at } = await load();
  const agent = telling.inspect(here, await at(0), 0);
  assert.equal(agent.id, 12);
  assert.equal(agent.health, 9);
  assert.deepEqual(
    agent.skills.map(({ level }) => level),
    [2, 1, 1, 1, 1, 1, 1],
  );
  assert.equal(agent.skills[0].experience, 100);
  assert.equal(agent.policy, null);
});

test("progress runs from one threshold to the next", async () => {
  const { here } = await load();
  assert.equal(telling.progress(here, 0), 0);
  assert.equal(telling.progress(here, 83), 0);
  assert.ok(Math.abs(telling.progress(here, 100) - 17 / 91) < 1e-9);
  assert.equal(telling.progress(here, 5000), 1);
});

test("the dead are not found by their number", async () => {
  const { at } = await load();
  assert.equal(world.slotOf(await at(0), 15), 2);
  assert.equal(world.slotOf(await at(1), 15), -1);
  assert.equal(world.slotOf(await at(0), 3), -1);
});

test("a kill names the killer", async () => {
  const { here, at } = await load();
  const [kill, ...others] = eventsOf(here, await at(1));
  assert.deepEqual(others, []);
  assert.equal(kill.kind, "kill");
  assert.equal(kill.id, 15);
  assert.equal(kill.lifetime, 33);
  assert.deepEqual(kill.killers, [{ id: 12, population: 1, style: "melee", damage: 4 }]);
});

test("agents see each other within the window", async () => {
  const { here, at } = await load();
  const seen = world.visibleAgents(here, await at(0), 0);
  assert.deepEqual(seen.rows, [0, 2]);
  assert.equal(seen.overflow, 0);
});

test("harvested forests look like scrub until they are ripe", async () => {
  const { here, at } = await load();
  const look = (frame) => here.materials[world.materialAt(here, frame, 8)].name;
  assert.equal(look(await at(0)), "forest");
  assert.equal(look(await at(1)), "scrub");
});

test("counts of visits add up, and overlays colour only what was seen", async () => {
  const { here, at } = await load();
  const tally = new Tally(here);
  const story = new Story(here);
  tally.add(story.add(await at(0)));
  tally.add(story.add(await at(1)));
  assert.equal(tally.visits[1 * 6 + 1], 1);
  assert.equal(tally.visits[1 * 6 + 2], 1);
  assert.equal(tally.visits[2 * 6 + 3], 1);
  assert.equal(tally.visitsOf(0)[2 * 6 + 3], 1);
  const pixels = exploredPixels(tally.visits);
  assert.ok(pixels[4 * 7 + 3] > pixels[3]);
  assert.equal(Number.isFinite(valuePixels(tally).low), false);
});

test("a ramp begins and ends with its own colours", () => {
  assert.deepEqual(ramp(["#000000", "#ff8000"], 0), [0, 0, 0]);
  assert.deepEqual(ramp(["#000000", "#ff8000"], 1), [255, 128, 0]);
  assert.deepEqual(ramp(["#000000", "#ff8000"], 9), [255, 128, 0]);
});
