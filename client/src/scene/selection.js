import * as THREE from "three";
import { SIZE, figureGeometry } from "./figures.js";

const RING_PIXELS = 15;

/** Marks an agent: a ring on the ground and a bright outline, from any distance. */
export class Mark {
  constructor(color, ringed) {
    this.slot = -1;
    const flat = { color, transparent: true, opacity: 0.95, depthWrite: false, depthTest: false };
    this.ring = new THREE.Mesh(
      new THREE.RingGeometry(0.5, 0.6, 40).rotateX(-Math.PI / 2),
      new THREE.MeshBasicMaterial(flat),
    );
    this.ring.renderOrder = 3;
    this.ring.visible = ringed;
    const shell = figureGeometry().translate(0, -0.45, 0).scale(1.24, 1.12, 1.24).translate(0, 0.45, 0);
    this.outline = new THREE.Mesh(shell, new THREE.MeshBasicMaterial({ color, side: THREE.BackSide }));
    this.group = new THREE.Group();
    this.group.add(this.ring, this.outline);
    this.group.visible = false;
  }

  update(now, agents, stage) {
    this.group.visible = this.slot >= 0 && agents.rowOf[this.slot] >= 0;
    if (!this.group.visible) return;
    const at = agents.at[this.slot];
    const away = stage.camera.position.distanceTo(at);
    const size = Math.max(1, (RING_PIXELS * stage.pixel() * away) / 0.55);
    const beat = stage.still ? 1 : 1 + 0.06 * Math.sin(now / 220);
    this.ring.position.copy(at).setY(at.y + 0.05);
    this.ring.scale.setScalar(size * beat);
    this.outline.position.copy(at);
    this.outline.rotation.y = agents.facing[this.slot];
    this.outline.scale.setScalar(SIZE);
  }

  dispose() {
    for (const mesh of [this.ring, this.outline]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
  }
}

/** A rectangle of tiles, drawn as a line on the ground. */
export class Frame {
  constructor(color, opacity) {
    const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, z]) => new THREE.Vector3(x / 2, 0, z / 2));
    this.line = new THREE.LineLoop(
      new THREE.BufferGeometry().setFromPoints(corners),
      new THREE.LineBasicMaterial({ color, transparent: true, opacity, depthTest: false }),
    );
    this.line.renderOrder = 4;
    this.line.visible = false;
  }

  /** Shows it around a point, `side` tiles wide. */
  show(x, y, z, side) {
    this.line.visible = true;
    this.line.position.set(x, y, z);
    this.line.scale.set(side, 1, side);
  }

  hide() {
    this.line.visible = false;
  }

  dispose() {
    this.line.geometry.dispose();
    this.line.material.dispose();
  }
}

/** The selected agent with the window it sees, the agent and the tile pointed at, the tile chosen. */
export class Selection {
  constructor(world) {
    this.world = world;
    this.chosen = new Mark("#ffffff", true);
    this.hovered = new Mark("#ffe9a8", true);
    this.window = new Frame("#fff3d0", 0.7);
    this.pointed = new Frame("#ffffff", 0.5);
    this.tile = new Frame("#ffd76a", 1);
    this.group = new THREE.Group();
    this.group.add(this.chosen.group, this.hovered.group);
    this.group.add(this.window.line, this.pointed.line, this.tile.line);
  }

  get slot() {
    return this.chosen.slot;
  }

  set slot(slot) {
    this.chosen.slot = slot;
  }

  /** Frames a tile, or none for null. */
  frameTile(frame, tile, terrain) {
    if (tile === null) return frame.hide();
    const { width, height } = this.world;
    const [row, col] = [Math.floor(tile / width), tile % width];
    const y = Math.max(0, terrain.heightOf(row, col)) + 0.04;
    frame.show(col + 0.5 - width / 2, y, row + 0.5 - height / 2, 0.98);
  }

  update(now, agents, stage) {
    this.hovered.slot = this.hovered.slot === this.chosen.slot ? -1 : this.hovered.slot;
    this.chosen.update(now, agents, stage);
    this.hovered.update(now, agents, stage);
    if (!this.chosen.group.visible) return this.window.hide();
    const at = agents.at[this.chosen.slot];
    const snap = (value, size) => Math.floor(value + size / 2) + 0.5 - size / 2;
    const side = 2 * this.world.config.vision + 1;
    this.window.show(snap(at.x, this.world.width), 0.08, snap(at.z, this.world.height), side);
  }

  dispose() {
    for (const part of [this.chosen, this.hovered, this.window, this.pointed, this.tile]) part.dispose();
  }
}
