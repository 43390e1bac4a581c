import { Replay } from "./replay.js";
import { Source } from "./source.js";

/** Plays a recording. */
export class Player extends Source {
  static async open(buffer) {
    return new Player(await Replay.open(buffer), buffer);
  }

  constructor(replay, buffer) {
    super();
    this.replay = replay;
    this.buffer = buffer;
    this.live = false;
    this.length = replay.length;
    this.describe(replay.header, replay.base);
  }

  async start() {
    this.firstTick = (await this.replay.frame(0)).tick;
    await this.seek(0);
    this.survey();
    this.timer();
  }

  /** The place of a tick: recordings have one frame a tick, saved live ones may lack some. */
  placeOf(tick) {
    const row = this.story.rows[Math.max(0, this.story.place(tick))];
    const offset = this.surveyed && row ? this.story.rows.indexOf(row) : tick - this.firstTick;
    return Math.max(0, Math.min(this.length - 1, offset));
  }

  tickAt(index) {
    return this.story.rows.length === this.length ? this.story.rows[index].tick : this.firstTick + index;
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
    const row = this.story.add(frame);
    if (continuous) this.tally.add(row);
    else this.recount(frame.tick);
    this.index = index;
    this.onframe?.(frame, continuous);
  }

  seekTick(tick) {
    return this.seek(this.placeOf(tick));
  }

  /** Reads the whole recording once, for curves, marks and counts at any tick. */
  async survey() {
    for (let i = 0; i < this.length && !this.closed; i++) {
      try {
        this.story.add(await this.replay.frame(i));
      } catch {
        return; // the message comes when the damaged part is shown
      }
      if (i % 32 === 31) {
        await new Promise((resolve) => setTimeout(resolve));
        this.onstatus?.();
      }
    }
    this.surveyed = true;
    if (this.index >= 0) this.recount((await this.replay.frame(this.index)).tick);
    this.onstatus?.();
    this.onsurveyed?.();
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

  /** The recording as a file. */
  save() {
    return new Blob([this.buffer], { type: "application/octet-stream" });
  }
}
