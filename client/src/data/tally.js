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
    this.byPopulation = new Map();
    this.ticks = 0;
  }

  /** Counts one tick, as the story keeps it. */
  add({ agents }) {
    const { tiles, values, populations } = agents;
    tiles.forEach((tile, i) => {
      this.visits[tile]++;
      this.visitsOf(populations[i])[tile]++;
      if (values && Number.isFinite(values[i])) {
        this.valueSum[tile] += values[i];
        this.valueCount[tile]++;
      }
    });
    this.ticks++;
  }

  /** Visits of one population. */
  visitsOf(population) {
    if (!this.byPopulation.has(population)) {
      this.byPopulation.set(population, new Uint32Array(this.visits.length));
    }
    return this.byPopulation.get(population);
  }
}
