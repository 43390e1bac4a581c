import { Tally, summary } from "./tally.js";
import { Replay } from "./replay.js";
import { describeWorld } from "./world.js";

const MAX_HISTORY = 600;

/**
 * Plays a recording: `onframe(frame, continuous)` for every frame shown, `onstatus()` when anything
 * else changes. Live worlds have the same methods and events, see live.js.
 */
export class Player {
  static async open(buffer) {
    return new Player(await Replay.open(buffer));
  }

  constructor(replay) {
    this.replay = replay;
    this.live = false;
    this.world = describeWorld(replay.header);
    this.length = replay.length;
    this.index = -1;
    this.paused = true;
    this.speed = 5;
    this.history = [];
    this.tally = new Tally(this.world);
    this.closed = false;
  }

  async start() {
    await this.seek(0);
    this.survey();
    this.timer();
  }

  /** Shows a frame; resolves when it is shown. Later calls win over earlier ones. */
  async seek(index) {
    index = Math.max(0, Math.min(this.length - 1, index));
    const ticket = (this.ticket = (this.ticket ?? 0) + 1);
    let frame;
    try {
      frame = await this.replay.frame(index);
    } catch (error) {
      this.paused = true;
      this.onerror?.(error.message);
      return;
    }
    if (ticket !== this.ticket || this.closed) return;
    const continuous = index === this.index + 1;
    if (continuous) this.tally.add(frame);
    else this.recount(index, frame);
    this.index = index;
    this.onframe?.(frame, continuous);
  }

  recount(index, frame) {
    this.tally.clear();
    for (let i = 0; i < index; i++) if (this.history[i]) this.tally.addRow(this.history[i]);
    this.tally.add(frame);
  }

  /** Reads the whole recording once, for the chart and for counts at any tick. */
  async survey() {
    for (let i = 0; i < this.length && !this.closed; i++) {
      try {
        this.history[i] = summary(this.world, await this.replay.frame(i));
      } catch {
        return; // the message comes when the damaged part is shown
      }
      if (i % 64 === 63) {
        await new Promise((resolve) => setTimeout(resolve));
        this.onstatus?.();
      }
    }
    if (this.index >= 0) this.recount(this.index, await this.replay.frame(this.index));
    this.onstatus?.();
  }

  timer() {
    if (this.closed) return;
    setTimeout(
      async () => {
        if (!this.paused) {
          if (this.index >= this.length - 1) this.pause(true);
          else await this.seek(this.index + 1);
        }
        this.timer();
      },
      this.paused ? 50 : 1000 / this.speed,
    );
  }

  pause(paused) {
    if (!paused && this.index >= this.length - 1) this.seek(0);
    this.paused = paused;
    this.onstatus?.();
  }

  step() {
    this.paused = true;
    this.onstatus?.();
    return this.seek(this.index + 1);
  }

  setSpeed(speed) {
    this.speed = speed;
    this.onstatus?.();
  }

  /** Population counts to draw: [{tick, counts}], thinned out. */
  chart() {
    const stride = Math.max(1, Math.ceil(this.history.length / MAX_HISTORY));
    return this.history.filter((row, i) => row && i % stride === 0);
  }

  close() {
    this.closed = true;
  }
}
