import { readBlock, readChunk, readPrologue } from "./codec.js";
import { Tally, summary } from "./tally.js";
import { describeWorld } from "./world.js";

const MAX_HISTORY = 600;
const RETRY_MS = 1500;

/** A live world over a websocket; see player.js for the methods and events. */
export class Live {
  constructor(address) {
    this.address = address;
    this.live = true;
    this.paused = false;
    this.speed = 5;
    this.viewers = 1;
    this.history = [];
    this.closed = false;
    this.queue = Promise.resolve();
  }

  start() {
    this.socket = new WebSocket(this.address);
    this.socket.binaryType = "arraybuffer";
    this.header = null;
    this.lastTick = -1;
    this.socket.onmessage = ({ data }) => {
      this.queue = this.queue.then(() => this.receive(data)).catch((e) => this.fail(e.message));
    };
    this.socket.onclose = ({ reason, code }) => {
      if (this.closed) return;
      if (code === 1008) return this.onerror?.(reason || "the server refused this page");
      this.onerror?.("The connection is lost; trying again.");
      setTimeout(() => !this.closed && this.start(), RETRY_MS);
    };
  }

  fail(message) {
    this.onerror?.(message);
  }

  async receive(data) {
    if (typeof data === "string") return this.control(JSON.parse(data));
    const bytes = new Uint8Array(data);
    if (!this.header) {
      const { header, base } = await readPrologue(bytes);
      Object.assign(this, { header, base, world: describeWorld(header) });
      this.tally ??= new Tally(this.world);
      this.onopen?.();
      return;
    }
    const [frame] = await readBlock(this.header, this.base, readChunk(bytes, 0));
    if (frame.tick <= this.lastTick) this.history = [];
    const continuous = frame.tick === this.lastTick + 1;
    if (frame.tick !== this.lastTick) {
      const row = summary(this.world, frame);
      this.tally.addRow(row);
      this.history.push({ tick: row.tick, counts: row.counts });
      if (this.history.length > 2 * MAX_HISTORY) {
        this.history = this.history.filter((_, i) => i % 2 === 0);
      }
    }
    this.lastTick = frame.tick;
    this.onframe?.(frame, continuous);
  }

  control(message) {
    if (message.type === "error") return this.onerror?.(message.message);
    if (message.type !== "status") return;
    this.paused = message.paused;
    this.speed = message.speed;
    this.viewers = message.viewers;
    this.onstatus?.();
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  pause(paused) {
    this.send({ type: paused ? "pause" : "play" });
  }

  step() {
    this.send({ type: "step" });
  }

  setSpeed(speed) {
    this.send({ type: "speed", ticks_per_second: speed });
  }

  chart() {
    return this.history;
  }

  close() {
    this.closed = true;
    this.socket?.close();
  }
}
