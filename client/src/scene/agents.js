import * as THREE from "three";
import { mostOf } from "../data/world.js";
import { Crowd, FLAG } from "./crowd.js";
import { Figures, SIZE } from "./figures.js";
import { Tags } from "./tags.js";

/** How far from an agent a click may be, in pixels. */
export const REACH = 24;
const MEMORY_MS = 420; // clicks aim at where an agent was a moment ago
const SNAPSHOT_MS = 60;
const LATE = 5; // pixels that the past counts less than the present

/** Every agent: where it stands, how it walks from tile to tile, and which one is meant by a click. */
export class Agents {
  constructor(world, terrain) {
    this.world = world;
    this.terrain = terrain;
    this.colors = world.palette.populations.map((color) => new THREE.Color(color));
    this.crowd = new Crowd(world);
    this.figures = new Figures(this.crowd);
    this.tags = new Tags(world, this.crowd);
    this.group = new THREE.Group();
    this.group.add(...this.figures.meshes, this.tags.mesh);
    const places = () => Array.from({ length: world.capacity }, () => new THREE.Vector3());
    [this.at, this.from, this.to] = [places(), places(), places()];
    this.facing = new Float32Array(world.capacity);
    this.ids = new Int32Array(world.capacity).fill(-1);
    this.rowOf = new Int32Array(world.capacity).fill(-1);
    this.slots = [];
    this.memory = []; // {time, at: Float32Array}
    this.started = 0;
    this.duration = 0;
  }

  /** Takes over a frame; agents walk to their places over `duration` ms, or jump if it is 0. */
  show(frame, now, duration) {
    const [alive, id, row, col] = ["alive", "id", "row", "col"].map((name) => frame.body(name));
    const dying = duration ? this.dying(frame) : [];
    this.frame = frame;
    this.started = now;
    this.duration = duration;
    this.slots = [];
    alive.forEach((living, slot) => living && this.slots.push(slot));
    const places = this.spread(row, col);
    for (const slot of this.slots) {
      this.to[slot].copy(places.get(slot));
      const same = this.ids[slot] === id[slot] && duration;
      this.from[slot].copy(same ? this.at[slot] : this.to[slot]);
      const [dx, dz] = [this.to[slot].x - this.from[slot].x, this.to[slot].z - this.from[slot].z];
      if (Math.hypot(dx, dz) > 0.5) this.facing[slot] = Math.atan2(dx, dz);
      else if (!same) this.facing[slot] = 0.4;
      this.ids[slot] = id[slot];
    }
    this.write(frame, dying);
    alive.forEach((living, slot) => {
      if (!living) this.ids[slot] = -1;
    });
    if (!duration) this.memory = [];
    this.walk(now);
  }

  /** Slots of those who died in this tick and were seen before. */
  dying(frame) {
    const slots = [];
    frame.event("deaths.cause").forEach((cause, slot) => {
      if (cause && this.ids[slot] >= 0 && slots.length < 64) slots.push(slot);
    });
    return slots;
  }

  write(frame, dying) {
    const [freeze, immune, damage, kind, team] = ["freeze", "immune", "damage", "kind", "team"].map((name) => frame.body(name));
    const population = frame.groups;
    const newborn = frame.event("newborn");
    const bars = this.world.bars.slice(0, 3).map((bar) => [frame.body(bar.column), mostOf(this.world, frame, bar)]);
    this.rowOf.fill(-1);
    this.slots.forEach((slot, row) => {
      this.rowOf[slot] = row;
      this.crowd.write(row, {
        from: this.from[slot],
        to: this.to[slot],
        facing: this.facing[slot],
        flags:
          (newborn[slot] ? FLAG.newborn : 0) |
          (freeze[slot] > 0 ? FLAG.frozen : 0) |
          (immune[slot] > 0 || (this.world.others && kind[slot] < 0) ? FLAG.immune : 0) |
          (slot >= this.world.players ? FLAG.other : 0) |
          (damage[slot] > 0 ? FLAG.hit : 0),
        bars: bars.map(([value, most]) => (most[slot] ? Math.min(1, value[slot] / most[slot]) : 0)),
        size: 1,
        color: this.colorOf(slot, population[slot], team[slot]),
        badge: population[slot] % 256,
      });
    });
    const died = frame.event("deaths.population");
    let row = this.slots.length;
    for (const slot of dying) {
      const fallen = { from: this.at[slot], to: this.at[slot], facing: this.facing[slot], flags: FLAG.dying };
      const look = { bars: [], size: 1, color: this.colors[died[slot]], badge: died[slot] % 256 };
      this.crowd.write(row, { ...fallen, ...look });
      if (this.rowOf[slot] < 0) this.rowOf[slot] = row;
      row++;
    }
    this.crowd.send(row);
  }

  /** The colour of a player's team where it has one, else that of its population; of a kind of others. */
  colorOf(slot, group, team) {
    return team > 0 && slot < this.world.players ? this.colors[team % this.world.populations] : this.colors[group];
  }

  /** Agents that share a tile stand in a circle on it, so that each can be seen and picked. */
  spread(row, col) {
    const crowds = new Map();
    for (const slot of this.slots) {
      const tile = row[slot] * this.world.width + col[slot];
      if (!crowds.has(tile)) crowds.set(tile, []);
      crowds.get(tile).push(slot);
    }
    const places = new Map();
    for (const crowd of crowds.values()) {
      crowd.forEach((slot, i) => places.set(slot, this.placeOf(row[slot], col[slot], i, crowd.length)));
    }
    return places;
  }

  placeOf(row, col, i, count) {
    const angle = (6.2832 * i) / count;
    const away = count > 1 ? 0.3 : 0;
    return new THREE.Vector3(
      col + 0.5 - this.world.width / 2 + away * Math.cos(angle),
      Math.max(this.terrain.heightOf(row, col), -0.12),
      row + 0.5 - this.world.height / 2 + away * Math.sin(angle),
    );
  }

  update(now, stage) {
    if (!this.frame) return;
    const share = this.walk(now);
    const { uniforms } = this.crowd;
    uniforms.share.value = share;
    uniforms.now.value = stage.still ? 0 : now / 1000;
    uniforms.pixel.value = stage.pixel();
    this.figures.update();
    this.tags.update();
    this.remember(now);
  }

  /** Brings `at` up to date; the share of the way that has been walked. */
  walk(now) {
    const share = this.duration ? Math.max(0, Math.min(1, (now - this.started) / this.duration)) : 1;
    const eased = share * share * (3 - 2 * share);
    for (const slot of this.slots) this.at[slot].lerpVectors(this.from[slot], this.to[slot], eased);
    return share;
  }

  /** Keeps where everybody was over the last moments. */
  remember(now) {
    if (this.memory.length && now - this.memory[0].time < SNAPSHOT_MS) return;
    this.memory.unshift({ time: now, ids: this.ids.slice(), at: this.at.map((place) => place.clone()) });
    while (this.memory.length && now - this.memory.at(-1).time > MEMORY_MS) this.memory.pop();
  }

  /**
   * The slot of the agent that a point of the page means, or -1: the nearest one within reach, where
   * body, bars and badge all count, and where it stood a moment ago counts too.
   */
  pick(x, y, stage, reach = REACH) {
    let best = { slot: -1, score: reach };
    const point = new THREE.Vector3();
    const look = (slot, place, late) => {
      const feet = stage.project(point.copy(place));
      if (feet.behind) return;
      const head = stage.project(point.copy(place).setY(place.y + 1.2 * SIZE));
      const score = Math.max(0, awayFromLine(x, y, feet, head)) + late;
      if (score < best.score) best = { slot, score };
    };
    for (const slot of this.slots) look(slot, this.at[slot], 0);
    for (const { ids, at } of this.memory) {
      for (const slot of this.slots) if (ids[slot] === this.ids[slot]) look(slot, at[slot], LATE);
    }
    return best.slot;
  }

  dispose() {
    for (const part of [this.figures, this.tags, this.crowd]) part.dispose();
  }
}

/** Pixels from a point to the line between two others. */
function awayFromLine(x, y, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const along = Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
}
