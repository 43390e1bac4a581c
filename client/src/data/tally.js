/** Sums over the ticks seen: who was where, and what was thought of it. */
export class Tally {
  constructor(world) {
    this.world = world;
    this.clear();
  }

  clear() {
    const tiles = this.world.height * this.world.width;
    this.visits = new Uint32Array(tiles);
    this.valueSum = new Float32Array(tiles);
    this.valueCount = new Uint32Array(tiles);
    this.ticks = 0;
  }

  /** Counts one tick of a frame. */
  add(frame) {
    this.addRow(summary(this.world, frame));
  }

  addRow({ tiles, values }) {
    tiles.forEach((tile, i) => {
      this.visits[tile]++;
      if (values) {
        this.valueSum[tile] += values[i];
        this.valueCount[tile]++;
      }
    });
    this.ticks++;
  }
}

/** The little of a frame that tallies and charts keep of it. */
export function summary(world, frame) {
  const row = frame.get("players.row");
  const col = frame.get("players.col");
  const population = frame.get("players.population");
  const value = frame.floats("policy.value");
  const counts = new Uint32Array(world.populations);
  const tiles = [];
  const values = value && [];
  frame.get("players.alive").forEach((alive, slot) => {
    if (!alive) return;
    tiles.push(row[slot] * world.width + col[slot]);
    values?.push(value[slot]);
    counts[population[slot]]++;
  });
  return { tick: frame.tick, counts, tiles, values };
}
