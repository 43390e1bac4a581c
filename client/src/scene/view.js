import * as THREE from "three";
import { Agents } from "./agents.js";
import { Attacks } from "./attacks.js";
import { Bars } from "./bars.js";
import { Overlays } from "./overlays.js";
import { Selection } from "./selection.js";
import { Terrain } from "./terrain.js";
import { Trees } from "./trees.js";

/** Everything drawn of one world. */
export class View {
  constructor(stage, world, base, labels) {
    this.stage = stage;
    const tiles = base["terrain.tile"];
    this.terrain = new Terrain(world, tiles);
    this.trees = new Trees(world, tiles);
    this.agents = new Agents(world, this.terrain);
    this.bars = new Bars(world);
    this.attacks = new Attacks(world, labels);
    this.overlays = new Overlays(world);
    this.selection = new Selection(world);
    this.group = new THREE.Group();
    this.group.add(
      this.terrain.group,
      this.trees.mesh,
      this.overlays.group,
      this.selection.group,
      this.agents.group,
      this.attacks.mesh,
      this.bars.mesh,
    );
    stage.scene.add(this.group);
    this.update = (now) => this.animate(now);
    stage.updates.push(this.update);
  }

  show(frame, duration) {
    const now = performance.now();
    this.trees.show(frame);
    this.agents.show(frame, now, duration);
    this.bars.show(frame, this.agents);
    this.attacks.show(frame, now, duration);
  }

  animate(now) {
    this.terrain.update(now);
    this.agents.update(now);
    this.bars.update(this.agents);
    this.attacks.update(now, this.agents, this.stage);
    this.overlays.update(this.agents);
    this.selection.update(now, this.agents);
    if (this.following && this.selection.slot >= 0) {
      const at = this.agents.at[this.selection.slot];
      this.stage.lookAt(at, 0.12);
    }
  }

  dispose() {
    this.stage.scene.remove(this.group);
    this.stage.updates = this.stage.updates.filter((update) => update !== this.update);
    for (const part of ["terrain", "trees", "agents", "bars", "attacks", "overlays", "selection"]) {
      this[part].dispose();
    }
  }
}
