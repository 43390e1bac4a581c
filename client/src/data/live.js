import { endMark, readBlock, readChunk, readPrologue } from "./codec.js";
import { Source } from "./source.js";

/** Ticks of a live world that can be gone back to. */
export const TAPE = 500;
const RETRY_MS = 1500;

/**
 * A live world over a websocket. The last ticks are kept: one can go back in them, play them again,
 * and save them as a recording, while the world goes on.
 */
export class Live extends Source {
  /**
   * @param address of the websocket
   * @param recent address of what the server kept of the ticks before, or null
   */
  constructor(address, recent = null) {
    super();
    this.address = address;
    this.recent = recent;
    this.live = true;
    this.behind = false; // looking at a tick of the past
    this.server = { paused: false, speed: 5 };
    this.viewers = 1;
    this.tape = []; // {tick, bytes}
    this.queue = Promise.resolve();
  }

  start() {
    this.socket = new WebSocket(this.address);
    this.socket.binaryType = "arraybuffer";
    this.opened = false;
    this.socket.onmessage = ({ data }) => {
      this.queue = this.queue.then(() => this.receive(data)).catch((e) => this.onerror?.(e.message));
    };
    this.socket.onclose = ({ reason, code }) => {
      if (this.closed) return;
      if (code === 1008) return this.onerror?.(reason || "the server refused this page");
      this.onerror?.("The connection is lost; trying again.");
      setTimeout(() => !this.closed && this.start(), RETRY_MS);
    };
    if (!this.playing) this.playing = this.timer() ?? true;
  }

  async receive(data) {
    if (typeof data === "string") return this.control(JSON.parse(data));
    const bytes = new Uint8Array(data);
    if (!this.opened) return this.open(bytes);
    const frame = await this.decode(bytes);
    if (frame.tick < this.known) return; // was among what the server kept
    if (frame.tick > this.known) this.known = -1;
    if (frame.tick < this.lastTick) this.forget(); // another world, or the same from its beginning
    const continuous = frame.tick === this.lastTick + 1;
    this.lastTick = frame.tick;
    this.keep(frame, bytes);
    if (this.behind) return this.onstatus?.();
    this.index = this.length - 1;
    this.paused = this.server.paused;
    this.onframe?.(frame, continuous);
  }

  async open(bytes) {
    this.opened = true;
    const { header, base } = await readPrologue(bytes);
    this.prologue = bytes;
    this.lastTick = -1;
    this.tape = [];
    this.behind = false;
    this.describe(header, base);
    await this.fetchRecent();
    this.known = this.lastTick;
    this.onopen?.();
  }

  /** What the server kept of the ticks before this page came; without it, the past begins now. */
  async fetchRecent() {
    if (!this.recent) return;
    try {
      const response = await fetch(this.recent);
      if (!response.ok) return;
      const bytes = new Uint8Array(await response.arrayBuffer());
      for (let at = 0; at < bytes.length; ) {
        const { end } = readChunk(bytes, at);
        const block = bytes.slice(at, end);
        const frame = await this.decode(block);
        if (frame.tick < this.lastTick) this.forget();
        this.lastTick = frame.tick;
        this.keep(frame, block);
        at = end;
      }
    } catch {
      this.forget();
    }
  }

  decode(bytes) {
    return readBlock(this.header, this.base, readChunk(bytes, 0)).then(([frame]) => frame);
  }

  /** Remembers a tick, and forgets the oldest. */
  keep(frame, bytes) {
    if (this.tape.at(-1)?.tick === frame.tick) return;
    this.tape.push({ tick: frame.tick, bytes });
    if (this.tape.length > TAPE) {
      this.tape.shift();
      this.index = Math.max(0, this.index - 1);
    }
    this.length = this.tape.length;
    this.tally.add(this.story.add(frame));
  }

  forget() {
    this.tape = [];
    this.length = 0;
    this.index = -1;
    this.behind = false;
    this.story.clear();
    this.tally.clear();
  }

  control(message) {
    if (message.type === "error") return this.onerror?.(message.message);
    if (message.type !== "status") return;
    this.server = { paused: message.paused, speed: message.speed };
    this.viewers = message.viewers;
    if (!this.behind) Object.assign(this, this.server);
    this.onstatus?.();
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  tickAt(index) {
    return this.tape[index]?.tick ?? 0;
  }

  placeOf(tick) {
    const place = this.tape.findIndex((entry) => entry.tick >= tick);
    return place < 0 ? this.length - 1 : place;
  }

  /** Goes back to a kept tick; the newest one is the present. */
  async seek(index) {
    index = Math.max(0, Math.min(this.length - 1, index));
    const ticket = (this.ticket = (this.ticket ?? 0) + 1);
    const entry = this.tape[index];
    if (!entry) return;
    const present = index === this.length - 1; // as asked for: the world goes on while this is decoded
    const frame = await this.decode(entry.bytes);
    if (ticket !== this.ticket || this.closed) return;
    index = this.tape.indexOf(entry); // the tape may have moved on meanwhile
    if (index < 0) return;
    const continuous = index === this.index + 1;
    if (!this.behind && !present) {
      this.behind = true;
      this.paused = true;
    }
    if (present) this.catchUp();
    this.recount(frame.tick);
    this.index = index;
    this.onframe?.(frame, continuous);
  }

  seekTick(tick) {
    return this.seek(this.placeOf(tick));
  }

  catchUp() {
    this.behind = false;
    Object.assign(this, this.server);
  }

  /** Plays the past at the chosen speed until the present is reached. */
  timer() {
    if (this.closed) return;
    setTimeout(async () => {
      if (this.behind && !this.paused) await this.seek(this.index + 1);
      this.timer();
    }, this.behind && !this.paused ? 1000 / this.speed : 50);
  }

  pause(paused) {
    if (!this.behind) return this.send({ type: paused ? "pause" : "play" });
    this.paused = paused;
    this.onstatus?.();
  }

  step() {
    if (this.behind) {
      this.paused = true;
      return this.seek(this.index + 1);
    }
    this.send({ type: "step" });
  }

  setSpeed(speed) {
    if (!this.behind) return this.send({ type: "speed", ticks_per_second: speed });
    this.speed = speed;
    this.onstatus?.();
  }

  /** The kept ticks as a recording: what came over the wire, with an end. */
  save() {
    const blocks = this.tape.map(({ bytes }) => bytes);
    return new Blob([this.prologue, ...blocks, endMark(blocks.length)], { type: "application/octet-stream" });
  }

  close() {
    super.close();
    this.socket?.close();
  }
}
