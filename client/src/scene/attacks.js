import * as THREE from "three";
import { attacksOf } from "../data/world.js";

const STYLES = ["#ffd9a0", "#c8ff7a", "#c79bff"];
const LIFT = 0.62;
const MAX_NUMBERS = 24;
const HELD = 0.62; // where attacks hang in the air while time stands still

/** Attacks as they fly from attacker to target, and what they cost the target. */
export class Attacks {
  constructor(world, labels) {
    this.world = world;
    this.labels = labels;
    const material = new THREE.MeshBasicMaterial({ transparent: true, opacity: 0.95 });
    const bolt = new THREE.OctahedronGeometry(0.5, 0);
    this.mesh = new THREE.InstancedMesh(bolt, material, world.capacity);
    this.mesh.frustumCulled = false;
    this.mesh.count = 0;
    this.mesh.setColorAt(0, new THREE.Color());
    this.colors = STYLES.map((color) => new THREE.Color(color));
    this.grey = new THREE.Color("#8d97a3");
    this.flying = [];
    this.dummy = new THREE.Object3D();
  }

  show(frame, now, duration) {
    this.flying = attacksOf(this.world, frame);
    this.still = !duration;
    this.started = now;
    this.duration = Math.max(duration, 180);
    this.numbered = false;
    const color = new THREE.Color();
    this.flying.forEach(({ style, outcome }, i) => {
      const hit = outcome === this.world.outcome.hit;
      this.mesh.setColorAt(i, color.copy(hit ? this.colors[style] : this.grey));
    });
    this.mesh.instanceColor.needsUpdate = true;
  }

  update(now, agents, stage) {
    let share = this.still ? 1 : Math.min(1, (now - this.started) / this.duration);
    if (share === 1 && this.hold) share = HELD;
    let count = 0;
    if (share < 1) {
      for (const { from, to, style } of this.flying) {
        this.place(count++, agents.at[from], agents.at[to], style, share);
      }
      this.mesh.instanceMatrix.needsUpdate = true;
    }
    this.mesh.count = count;
    if (!this.numbered && share > 0.65 && !this.still) {
      this.numbered = true;
      this.showNumbers(agents, stage);
    }
  }

  /** A slash is broad and short, an arrow long and thin, a spell round and trembling. */
  place(i, start, end, style, share) {
    const { position, scale } = this.dummy;
    position.lerpVectors(start, end, 0.12 + 0.88 * share);
    const away = start.distanceTo(end);
    position.y += LIFT + [0, 0.18, 0.3][style] * away * Math.sin(Math.PI * share);
    if (away < 0.05) position.y += 0.4;
    this.dummy.lookAt(end.x, position.y, end.z);
    if (style === 0) scale.set(0.5, 0.1, 0.3);
    else if (style === 1) scale.set(0.09, 0.09, 0.75);
    else scale.setScalar(0.3 + 0.06 * Math.sin(40 * share));
    this.dummy.updateMatrix();
    this.mesh.setMatrixAt(i, this.dummy.matrix);
  }

  showNumbers(agents, stage) {
    const point = new THREE.Vector3();
    for (const { to, damage } of this.flying.filter((a) => a.damage > 0).slice(0, MAX_NUMBERS)) {
      point.copy(agents.at[to]);
      point.y += 1.5;
      if (point.distanceTo(stage.camera.position) > 46) continue;
      const { x, y, behind } = stage.project(point);
      if (behind) continue;
      const label = document.createElement("span");
      label.textContent = `−${damage}`;
      label.style.left = `${x}px`;
      label.style.top = `${y}px`;
      label.addEventListener("animationend", () => label.remove());
      this.labels.append(label);
    }
  }

  dispose() {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
    this.mesh.dispose();
    this.labels.replaceChildren();
  }
}
