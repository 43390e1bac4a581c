import { FormatError, readBlock, readChunk, readPrologue } from "./codec.js";

const MAX_FILE = 1 << 30;
const CACHED_BLOCKS = 4;

/** A whole recording in memory; its blocks are decoded when they are needed. */
export class Replay {
  static async open(buffer) {
    if (buffer.byteLength > MAX_FILE) throw new FormatError("the file is larger than a replay is");
    const bytes = new Uint8Array(buffer);
    const { header, base, end } = await readPrologue(bytes);
    return new Replay(bytes, header, base, end);
  }

  constructor(bytes, header, base, at) {
    Object.assign(this, { header, base, blocks: [], length: 0, cache: new Map() });
    for (;;) {
      const chunk = readChunk(bytes, at);
      at = chunk.end;
      if (chunk.tag === "DONE") {
        if (chunk.frames !== this.length || at !== bytes.length || !this.length) {
          throw new FormatError("the replay's end does not fit its frames");
        }
        return;
      }
      if (chunk.tag !== "BLCK" || chunk.frames < 1 || chunk.frames > header.limit) {
        throw new FormatError("there is something else among the replay's blocks");
      }
      this.blocks.push({ chunk, first: this.length });
      this.length += chunk.frames;
    }
  }

  /** The frame at an index; decodes its block unless that is at hand. */
  async frame(index) {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.blocks[middle].first <= index) low = middle;
      else high = middle - 1;
    }
    const frames = await this.block(low);
    return frames[index - this.blocks[low].first];
  }

  block(number) {
    let frames = this.cache.get(number);
    if (!frames) {
      frames = readBlock(this.header, this.base, this.blocks[number].chunk);
      this.cache.set(number, frames);
      frames.catch(() => this.cache.delete(number));
      for (const old of this.cache.keys()) {
        if (this.cache.size <= CACHED_BLOCKS) break;
        if (old !== number) this.cache.delete(old);
      }
    }
    return frames;
  }
}
