import * as THREE from "three";
import { DRAWINGS } from "../drawings/index.js";
import { Agents } from "./agents.js";
import { Attacks } from "./attacks.js";
import { Overlays } from "./overlays.js";
import { Selection } from "./selection.js";
import { Terrain } from "./terrain.js";
import { Trees } from "./trees.js";

/** Everything drawn of one world. */
export class View {
  constructor(stage, world, base, labels) {
    this.stage = stage;
    this.world = world;
    const tiles = base[world.tilePath];
    this.terrain = new Terrain(world, tiles);
    this.trees = new Trees(world, tiles);
    this.agents = new Agents(world, this.terrain);
    this.attacks = new Attacks(world, this.agents.crowd, labels);
    this.overlays = new Overlays(world, this.agents.crowd);
    this.selection = new Selection(world);
    this.drawings = DRAWINGS.filter(({ suits }) => suits(world)).map(({ make }) => make(world, this));
    this.group = new THREE.Group();
    this.group.add(
      this.terrain.group,
      this.trees.mesh,
      this.overlays.group,
      this.selection.group,
      this.agents.group,
      this.attacks.mesh,
      ...this.drawings.map(({ group }) => group),
    );
    stage.scene.add(this.group);
    this.update = (now) => this.animate(now);
    stage.updates.push(this.update);
  }

  show(frame, duration) {
    const now = performance.now();
    this.trees.show(frame);
    this.agents.show(frame, now, duration);
    this.attacks.show(frame, this.agents, now, duration);
    for (const drawing of this.drawings) drawing.show(frame);
  }

  animate(now) {
    if (!this.stage.still) this.terrain.update(now);
    this.agents.update(now, this.stage);
    this.attacks.update(now, this.agents, this.stage);
    this.selection.update(now, this.agents, this.stage);
    if (this.following && this.selection.slot >= 0) {
      this.stage.lookAt(this.agents.at[this.selection.slot], this.stage.still ? 1 : 0.12);
    }
  }

  /** The tile that a ray meets, or null. */
  tileUnder(caster) {
    const { width, height } = this.world;
    const point = new THREE.Vector3();
    let found = null;
    for (const y of [0.7, 0.4, 0]) { // rocks rise above the plain
      if (!caster.ray.intersectPlane(new THREE.Plane(new THREE.Vector3(0, 1, 0), -y), point)) continue;
      const [row, col] = [Math.floor(point.z + height / 2), Math.floor(point.x + width / 2)];
      if (row < 0 || col < 0 || row >= height || col >= width) continue;
      if (y && this.terrain.heightOf(row, col) < y - 0.25) continue;
      found = row * width + col;
      break;
    }
    return found;
  }

  /** The part of the map, `share` of its sides long, with the most agents: {x, z, side} in tiles. */
  crowdedPart(frame, share) {
    const { width, height, border } = this.world;
    const side = Math.max(16, Math.round(share * (Math.max(width, height) - 2 * border)));
    const [row, col] = [frame.body("row"), frame.body("col")];
    const { slots } = this.agents;
    let best = { count: -1 };
    for (const middle of slots.filter((_, i) => i % Math.ceil(slots.length / 48) === 0)) {
      const near = slots.filter(
        (slot) => Math.abs(row[slot] - row[middle]) <= side / 2 && Math.abs(col[slot] - col[middle]) <= side / 2,
      );
      if (near.length > best.count) best = { count: near.length, near };
    }
    if (best.count < 0) return null;
    const ends = (values) => [Math.min(...values), Math.max(...values)];
    const [[top, bottom], [left, right]] = [row, col].map((of) => ends(best.near.map((slot) => of[slot])));
    return {
      x: (left + right + 1) / 2 - width / 2,
      z: (top + bottom + 1) / 2 - height / 2,
      side: Math.max(10, right - left + 3, bottom - top + 3),
    };
  }

  dispose() {
    this.stage.scene.remove(this.group);
    this.stage.updates = this.stage.updates.filter((update) => update !== this.update);
    for (const part of ["terrain", "trees", "agents", "attacks", "overlays", "selection"]) this[part].dispose();
    for (const drawing of this.drawings) drawing.dispose();
  }
}
