import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";
import { FormatError, inflate } from "../src/data/codec.js";
import { Replay } from "../src/data/replay.js";
import { HEADER, block, buffer, chunk, frames, prologue, sample } from "./sample.js";

const open = (bytes) => Replay.open(buffer(bytes));
const done = (count) => chunk("DONE", Buffer.alloc(0), count, { raw: true });

async function readAll(bytes) {
  const replay = await open(bytes);
  for (let i = 0; i < replay.length; i += 64) {
    const frame = await replay.frame(i);
    frame.map("terrain.ripe_at");
  }
}

test("frames come back as they were", async () => {
  const replay = await open(sample());
  assert.equal(replay.length, 2);
  for (const [index, expected] of frames().entries()) {
    const frame = await replay.frame(index);
    for (const [name, values] of Object.entries(expected)) {
      assert.deepEqual([...frame.get(name.replace("players.", "bodies."))], values, name);
    }
  }
});

test("the map changes from tick to tick", async () => {
  const replay = await open(sample());
  const before = (await replay.frame(0)).map("terrain.ripe_at");
  const after = (await replay.frame(1)).map("terrain.ripe_at");
  assert.equal(before[8], 0);
  assert.equal(after[8], 20);
  assert.equal(after.reduce((a, b) => a + b), 20);
});

test("other files, versions, cut and changed ones are named", async () => {
  const good = sample();
  await assert.rejects(open(Buffer.from("GIF89a....")), /not a jaxmmo replay/);
  const newer = Buffer.from(good);
  newer[4] = 9;
  await assert.rejects(open(newer), /version 9; this page reads 2/);
  for (let length = 8; length < good.length; length += 13) {
    await assert.rejects(readAll(good.subarray(0, length)), FormatError);
  }
  const flipped = Buffer.from(good);
  flipped[good.length - 60] ^= 1;
  await assert.rejects(readAll(flipped), /damaged/);
});

test("a bomb is given up as soon as it exceeds what it announces", async () => {
  const bomb = deflateSync(Buffer.alloc(1 << 26));
  await assert.rejects(inflate(bomb, 1000, "it"), /more than it announces/);
  const file = Buffer.concat([prologue(), chunk("BLCK", bomb, 2, { raw: true, size: 1000 }), done(2)]);
  await assert.rejects(readAll(file), /more than it announces/);
  const honest = Buffer.concat([
    prologue(),
    chunk("BLCK", bomb, 2, { raw: true, size: 2 ** 31 }),
    done(2),
  ]);
  await assert.rejects(readAll(honest), FormatError);
});

test("wrong headers are refused", async () => {
  const changes = [
    (h) => delete h.config,
    (h) => h.fields.pop(),
    (h) => (h.fields[3][1] = [1e12]),
    (h) => (h.fields[3][1] = [-4]),
    (h) => (h.fields[3][1] = [5]),
    (h) => (h.arrays[0][1] = [5, 5]),
    (h) => (h.arrays = 3),
    (h) => (h.palette = null),
  ];
  for (const change of changes) {
    const header = structuredClone(HEADER);
    change(header);
    const file = Buffer.concat([prologue(header), chunk("BLCK", block(frames()), 2), done(2)]);
    await assert.rejects(readAll(file), FormatError, change.toString());
  }
});

test("changes at places that are not there are refused", async () => {
  for (const place of [-1, 30, 1 << 29]) {
    await assert.rejects(
      readAll(sample({ changes: [{ array: 0, frame: 0, place, flip: 1 }] })),
      /not there/,
    );
  }
});

test("two thousand mutated files are read or refused with words", async () => {
  let seed = 5;
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const good = sample();
  const plain = block(frames());
  for (let turn = 0; turn < 2000; turn++) {
    let file;
    if (turn % 2) {
      const body = Buffer.from(plain);
      for (let n = 0; n <= random(3); n++) body[random(body.length)] = random(256);
      file = Buffer.concat([prologue(), chunk("BLCK", body, random(8) ? 2 : random(70)), done(2)]);
    } else {
      file = Buffer.from(good);
      for (let n = 0; n <= random(3); n++) file[random(file.length)] ^= 1 << random(8);
    }
    await readAll(file).catch((error) => {
      assert.ok(error instanceof FormatError, error.stack);
      assert.ok(error.message);
    });
  }
});
