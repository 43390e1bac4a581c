// Reads what jaxmmo/replay/replay.py writes: a prologue, then blocks of frames. Every size is
// checked before memory is taken, so that a broken or hostile file ends in a message, not a crash.
import { FormatError } from "./errors.js";
import { parseHeader } from "./header.js";

export { FormatError };
export const VERSION = 2;
const READABLE = [1, 2];
const MAX_INTS = 1 << 24;
const MAX_HEADER = 1 << 20;
const PREFIX_BYTES = 8;
const CHUNK_BYTES = 20;
const END = "DONE";

const CRC = new Uint32Array(256).map((_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** CRC-32 of bytes, going on from that of bytes before. */
export function crc32(bytes, crc = 0) {
  crc = ~crc;
  for (let i = 0; i < bytes.length; i++) crc = CRC[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Decompresses to exactly `size` bytes, giving up as soon as there are more. */
export async function inflate(bytes, size, what) {
  const out = new Uint8Array(size);
  let at = 0;
  try {
    const reader = new Blob([bytes])
      .stream()
      .pipeThrough(new DecompressionStream("deflate"))
      .getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > size) {
        await reader.cancel().catch(() => {});
        throw new FormatError(`${what} decompresses to more than it announces`);
      }
      out.set(value, at);
      at += value.length;
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${what} is damaged`);
  }
  if (at !== size) throw new FormatError(`${what} decompresses to less than it announces`);
  return out;
}

class Reader {
  constructor(bytes, what) {
    this.bytes = bytes;
    this.what = what;
    this.at = 0;
  }

  ints(count) {
    const planes = this.bytes[this.at];
    const start = this.at + 1;
    if (!(planes <= 4) || count > MAX_INTS * 4 || start + planes * count > this.bytes.length) {
      throw new FormatError(`${this.what} is inconsistent`);
    }
    const out = new Int32Array(count);
    for (let plane = 0; plane < planes; plane++) {
      const from = start + plane * count;
      for (let i = 0; i < count; i++) out[i] |= this.bytes[from + i] << (8 * plane);
    }
    for (let i = 0; i < count; i++) out[i] = (out[i] >>> 1) ^ -(out[i] & 1);
    this.at = start + planes * count;
    return out;
  }

  finish() {
    if (this.at !== this.bytes.length) throw new FormatError(`${this.what} has bytes too many`);
  }
}

/** The chunk that begins at a byte, its checksum verified. */
export function readChunk(bytes, at) {
  const cut = new FormatError(`the replay was cut off at byte ${bytes.length}`);
  if (at + CHUNK_BYTES > bytes.length) throw cut;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, CHUNK_BYTES);
  const tag = String.fromCharCode(...bytes.subarray(at, at + 4));
  const [frames, length, size, crc] = [4, 8, 12, 16].map((o) => view.getUint32(o, true));
  const start = at + CHUNK_BYTES;
  const end = start + length;
  if (end > bytes.length) throw cut;
  const body = bytes.subarray(start, end);
  if (crc32(body, crc32(bytes.subarray(at, at + 16))) !== crc) {
    throw new FormatError(`the replay is damaged between bytes ${start} and ${end}`);
  }
  return { tag, frames, size, body, end };
}

/** Reads the prologue of a file or stream: {header, base, end}. */
export async function readPrologue(bytes) {
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (bytes.length < PREFIX_BYTES || magic !== "JMMO") {
    throw new FormatError("this is not a jaxmmo replay");
  }
  const version = bytes[4] | (bytes[5] << 8);
  if (!READABLE.includes(version) || bytes[6] || bytes[7]) {
    throw new FormatError(`this is replay version ${version}; this page reads ${VERSION}`);
  }
  const head = readChunk(bytes, PREFIX_BYTES);
  if (head.tag !== "HEAD" || head.size > MAX_HEADER) throw new FormatError("the header is missing");
  const header = parseHeader(await inflate(head.body, head.size, "the header"));
  const chunk = readChunk(bytes, head.end);
  const total = header.arrays.reduce((sum, f) => sum + f.size, 0);
  if (chunk.tag !== "BASE" || total > MAX_INTS || chunk.size > 5 * total + 64) {
    throw new FormatError("the terrain is missing");
  }
  const reader = new Reader(await inflate(chunk.body, chunk.size, "the terrain"), "the terrain");
  const base = {};
  for (const { name, size } of header.arrays) {
    base[name] = reader.ints(size);
  }
  reader.finish();
  return { header, base, end: chunk.end };
}

/** Decodes a BLCK chunk to frames. */
export async function readBlock(header, base, chunk) {
  const what = "a block of the recording";
  const { frames: count, size } = chunk;
  if (chunk.tag !== "BLCK" || count < 1 || count > header.limit || size > 16 * MAX_INTS) {
    throw new FormatError(`${what} is not what belongs there`);
  }
  const reader = new Reader(await inflate(chunk.body, size, what), what);
  const dense = new Map();
  for (const field of header.fields) {
    const values = reader.ints(count * field.size);
    if (field.differs) {
      for (let i = field.size; i < values.length; i++) values[i] += values[i - field.size];
    }
    dense.set(field.name, { values, size: field.size });
  }
  const sparse = {};
  for (const field of header.arrays) sparse[field.name] = readSparse(reader, field, count, what);
  reader.finish();
  return Array.from({ length: count }, (_, i) => new Frame(header, i, dense, sparse, base));
}

function readSparse(reader, field, count, what) {
  const counts = reader.ints(count);
  let total = 0;
  for (const n of counts) {
    if (n < 0 || n > field.size) throw new FormatError(`${what} changes more than there is`);
    total += n;
  }
  if (total > MAX_INTS) throw new FormatError(`${what} changes too much`);
  const places = reader.ints(total);
  const changes = reader.ints(total);
  for (let frame = 0, at = 0; frame < count; frame++) {
    let place = 0;
    for (const end = at + counts[frame]; at < end; at++) {
      const wrong = at > end - counts[frame] ? places[at] <= 0 : places[at] < 0;
      place += places[at];
      if (wrong || place >= field.size) {
        throw new FormatError(`${what} changes places that are not there`);
      }
      places[at] = place;
    }
  }
  return { counts, places, changes };
}

/** The end mark of a recording of so many frames, for those that are put together here. */
export function endMark(frames) {
  const bytes = new Uint8Array(CHUNK_BYTES);
  bytes.set([...END].map((letter) => letter.charCodeAt(0)));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, frames, true);
  view.setUint32(16, crc32(bytes.subarray(0, 16)), true);
  return bytes;
}

/** One tick: dense arrays by name, and sparse ones with their changes up to here. */
export class Frame {
  constructor(header, position, dense, sparse, base) {
    this.header = header;
    this.position = position;
    this.dense = dense;
    this.sparse = sparse;
    this.base = base;
    this.maps = {};
  }

  /** Int32Array of a field, rows first; undefined where the recording has none. */
  get(name) {
    const field = this.dense.get(name);
    if (!field) return this.base[name] && this.map(name);
    return field.values.subarray(this.position * field.size, (this.position + 1) * field.size);
  }

  /** A column of whoever stands on tiles; zeros where the recording has none of that name. */
  body(name) {
    return this.get(`${this.header.world.bodies}.${name}`) ?? this.header.zeros;
  }

  /** What each body is drawn and counted as: the population of a player, after them the kinds of others. */
  get groups() {
    const { others, players } = this.header.world;
    const population = this.body("population");
    if (!others) return population;
    const first = this.header.config.num_populations;
    const place = new Map(others.kinds.map(({ value }, i) => [value, first + i]));
    const group = (kind, slot) => (slot < players ? population[slot] : (place.get(kind) ?? first));
    this.grouped ??= Int32Array.from(this.body(others.column), group);
    return this.grouped;
  }

  /** An array of the tick's events; zeros where the recording has none of that name. */
  event(name) {
    return this.get(`events.${name}`) ?? this.header.zeros;
  }

  /** The same numbers as floats, for fields that hold floats. */
  floats(name) {
    const ints = this.get(name)?.slice();
    return ints && new Float32Array(ints.buffer);
  }

  /** A whole sparse array, such as `terrain.ripe_at`. */
  map(name) {
    if (!this.maps[name]) {
      const whole = this.base[name].slice();
      const { counts, places, changes } = this.sparse[name];
      let at = 0;
      for (let frame = 0; frame <= this.position; frame++) {
        for (let n = counts[frame]; n > 0; n--, at++) whole[places[at]] ^= changes[at];
      }
      this.maps[name] = whole;
    }
    return this.maps[name];
  }

  get tick() {
    return this.get("tick")[0];
  }
}
