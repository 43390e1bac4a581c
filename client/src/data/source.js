import { Story } from "./story.js";
import { Tally } from "./tally.js";
import { describeWorld } from "./world.js";

const MAX_CHART = 600;

/**
 * Where frames come from: a recording or a live world. `onframe(frame, continuous)` tells of every
 * frame shown, `onstatus()` of any other change, `onerror(message)` of what went wrong, `onopen()`
 * of a world that is ready to be built.
 */
export class Source {
  constructor() {
    this.index = -1;
    this.length = 0;
    this.paused = true;
    this.speed = 5;
    this.closed = false;
  }

  /** Takes over a header: from now on there is a world. */
  describe(header, base) {
    this.header = header;
    this.base = base;
    this.world = describeWorld(header);
    this.story = new Story(this.world);
    this.tally = new Tally(this.world);
  }

  /** Counts again what was seen up to a tick. */
  recount(tick) {
    this.tally.clear();
    for (const row of this.story.upTo(tick)) this.tally.add(row);
  }

  /** Rows to draw curves of, thinned out. */
  chart() {
    const { rows } = this.story;
    const stride = Math.max(1, Math.ceil(rows.length / MAX_CHART));
    return rows.filter((_, i) => i % stride === 0 || i === rows.length - 1);
  }

  close() {
    this.closed = true;
  }
}
