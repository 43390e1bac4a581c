// What is remembered of every tick seen: enough for life lines, marks, trails, lists and statistics.
import { eventsOf } from "./events.js";
import { attacksOf, countPopulations, livingSlots, mostOf } from "./world.js";

const MAX_SAMPLES = 4_000_000;

/** Ticks seen, in order; `at(tick)` is what is kept of one. */
export class Story {
  constructor(world) {
    this.world = world;
    this.clear();
  }

  clear() {
    this.rows = [];
    this.byTick = new Map();
    this.births = new Map();
    this.deaths = new Map();
    this.kills = new Map();
    this.samples = 0;
    this.forgotten = 0;
    this.sorted = true;
  }

  /** Takes a frame in; one that was seen before changes nothing. */
  add(frame) {
    const known = this.byTick.get(frame.tick);
    if (known) return known;
    const row = summary(this.world, frame);
    if (this.rows.length && this.rows.at(-1).tick > row.tick) this.insert(row);
    else this.rows.push(row);
    this.byTick.set(row.tick, row);
    this.remember(row);
    this.samples += row.agents.ids.length;
    while (this.samples > MAX_SAMPLES && this.forgotten < this.rows.length - 1) this.forget();
    return row;
  }

  insert(row) {
    const at = this.rows.findIndex(({ tick }) => tick > row.tick);
    this.rows.splice(at, 0, row);
  }

  remember(row) {
    for (const event of row.events) {
      if (event.kind === "birth") note(this.births, event, row.tick);
      if (event.kind === "death" || event.kind === "kill") {
        note(this.deaths, event, row.tick);
        for (const killer of event.killers) {
          if (!this.kills.has(killer.id)) this.kills.set(killer.id, []);
          this.kills.get(killer.id).push({ tick: row.tick, id: event.id, population: event.population });
        }
      }
    }
  }

  /** Drops the agents of the oldest tick that still has them; its counts and events stay. */
  forget() {
    const row = this.rows[this.forgotten++];
    this.samples -= row.agents.ids.length;
    row.agents = EMPTY;
    row.attacks = [];
  }

  at(tick) {
    return this.byTick.get(tick);
  }

  /** The place among the rows of the last tick up to this one; -1 for none. */
  place(tick) {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle].tick <= tick) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Up to `count` rows that end with this tick. */
  upTo(tick, count = Infinity) {
    const end = this.place(tick) + 1;
    return this.rows.slice(Math.max(0, end - count), end);
  }

  /** The latest birth of an agent up to a tick; the first one after it, where none is known. */
  birthOf(id, tick) {
    const births = this.births.get(id) ?? [];
    return births.findLast((birth) => birth.tick <= tick) ?? births[0];
  }

  /** The deaths of an agent up to a tick: more than one, where the dead come back as who they were. */
  deathsOf(id, tick = Infinity) {
    return (this.deaths.get(id) ?? []).filter((death) => death.tick <= tick);
  }

  /** The first death of an agent after a tick. */
  deathAfter(id, tick) {
    return (this.deaths.get(id) ?? []).find((death) => death.tick > tick);
  }

  /** Whom an agent killed up to a tick, in the life that it had then, or that ended in it. */
  killsOf(id, tick = Infinity, ended = false) {
    const since = this.deathsOf(id, ended ? tick - 1 : tick).at(-1)?.tick ?? -1;
    return (this.kills.get(id) ?? []).filter((kill) => kill.tick > since && kill.tick <= tick);
  }

  /** An agent tick by tick: [{tick, nth, tile, value, level, bars}] for every row it is in; `nth` counts its lives. */
  life(id) {
    const life = [];
    const ends = this.deathsOf(id);
    let nth = 0;
    for (const { tick, agents } of this.rows) {
      while (ends[nth]?.tick <= tick) nth++;
      const place = agents.ids.indexOf(id);
      if (place < 0) continue;
      life.push({
        tick,
        nth,
        tile: agents.tiles[place],
        value: agents.values?.[place],
        level: agents.levels[place],
        bars: agents.bars.map((shares) => shares[place]),
      });
    }
    return life;
  }

  /** Events that tell of an agent, as the one it happened to or as a killer: [{tick, event}]. */
  eventsOf(id) {
    const found = [];
    for (const { tick, events } of this.rows) {
      for (const event of events) {
        if (event.id === id || event.killers?.some((killer) => killer.id === id)) found.push({ tick, event });
      }
    }
    return found;
  }

  /** The first tick of the fight that an agent died of: its attackers' blows without a long pause. */
  fightBefore(id, tick, pause = 12) {
    let start = tick;
    for (const row of this.upTo(tick).reverse()) {
      if (start - row.tick > pause) break;
      if (row.attacks.some((attack) => attack.to === id && attack.damage > 0)) start = row.tick;
    }
    return start;
  }

  /** Who stood on a tile, the latest first: [{tick, id, population}], one entry a stay. */
  visitors(tile, tick, most = 12) {
    const found = [];
    const last = new Map();
    for (const row of this.upTo(tick).reverse()) {
      row.agents.tiles.forEach((at, i) => {
        if (at !== tile) return;
        const id = row.agents.ids[i];
        if (last.get(id) !== row.tick + 1 && found.length < most) {
          found.push({ tick: row.tick, id, population: row.agents.populations[i] });
        }
        last.set(id, row.tick);
      });
      if (found.length >= most) break;
    }
    return found;
  }
}

/** Puts what happened to an agent among what else did, in the order of ticks. */
function note(known, event, tick) {
  const all = known.get(event.id) ?? [];
  const at = all.findIndex((other) => other.tick > tick);
  all.splice(at < 0 ? all.length : at, 0, { ...event, tick });
  known.set(event.id, all);
}

const EMPTY = { ids: new Int32Array(), tiles: new Int32Array(), populations: new Uint16Array(), levels: new Uint16Array(), bars: [], values: null };

/** The little of a frame that is kept. */
export function summary(world, frame) {
  const slots = livingSlots(frame);
  const pick = (values, Kind) => Kind.from(slots, (slot) => values[slot]);
  const [row, col] = [frame.body("row"), frame.body("col")];
  const skills = world.lists[world.bodies.columns.level?.axis]?.length ?? 0;
  const level = frame.body("level");
  const counts = Uint32Array.from(countPopulations(world, frame));
  const populations = pick(frame.groups, Uint16Array);
  const players = slots.filter((slot) => slot < world.players).length;
  const means = new Float32Array(skills);
  const levels = Uint16Array.from(slots, (slot) => {
    let sum = 0;
    for (let i = 0; i < skills; i++) {
      sum += level[slot * skills + i];
      if (slot < world.players) means[i] += level[slot * skills + i] / players;
    }
    return sum;
  });
  const values = frame.floats("policy.value");
  const agents = {
    ids: pick(frame.body("id"), Int32Array),
    tiles: Int32Array.from(slots, (slot) => row[slot] * world.width + col[slot]),
    populations,
    levels,
    values: values && pick(values, Float32Array),
    bars: world.bars.map((bar) => {
      const [value, most] = [frame.body(bar.column), mostOf(world, frame, bar)];
      return Float32Array.from(slots, (slot) => (most[slot] ? Math.min(1, value[slot] / most[slot]) : 0));
    }),
  };
  return { tick: frame.tick, counts, means, agents, events: eventsOf(world, frame), ...fights(world, frame) };
}

function fights(world, frame) {
  const id = frame.body("id");
  const population = frame.groups;
  const styles = new Uint32Array(world.lists.style?.length ?? 0);
  const attacks = attacksOf(world, frame).map(({ from, to, style, damage }) => {
    if (style < styles.length) styles[style]++;
    return { from: id[from], to: id[to], by: population[from], on: population[to], style, damage };
  });
  return { attacks, styles };
}
