import * as THREE from "three";
import { HEAT, exploredPixels, ramp, valuePixels } from "../data/pictures.js";
import { visibleAgents } from "../data/world.js";

export const OVERLAYS = ["none", "explored", "value", "attention"];

function valueCaption(low, high) {
  if (!Number.isFinite(low)) return "No value estimates: they were not recorded.";
  if (low === high) return `Every value estimate is ${low.toFixed(2)}: scripts make none.`;
  return `Mean value estimate by tile: red ${low.toFixed(2)} to green ${high.toFixed(2)}.`;
}

/** Paints the map: who was where, what it is worth, and what the followed agent attends to. */
export class Overlays {
  constructor(world) {
    this.world = world;
    this.mode = "none";
    const { height, width } = world;
    this.pixels = new Uint8Array(height * width * 4);
    this.texture = new THREE.DataTexture(this.pixels, width, height);
    this.texture.colorSpace = THREE.SRGBColorSpace;
    this.texture.magFilter = THREE.NearestFilter;
    const plane = new THREE.PlaneGeometry(width, height).rotateX(-Math.PI / 2);
    for (let i = 0; i < 4; i++) plane.attributes.uv.setY(i, 1 - plane.attributes.uv.getY(i));
    const material = new THREE.MeshBasicMaterial({
      map: this.texture,
      transparent: true,
      depthWrite: false,
    });
    this.plane = new THREE.Mesh(plane, material);
    this.plane.position.y = 0.06;
    this.plane.renderOrder = 1;
    this.plane.visible = false;
    this.lines = new THREE.InstancedMesh(
      new THREE.BoxGeometry(1, 1, 1),
      new THREE.MeshBasicMaterial({ transparent: true, opacity: 0.9, depthTest: false }),
      world.capacity,
    );
    this.lines.setColorAt(0, new THREE.Color());
    this.lines.renderOrder = 6;
    this.lines.frustumCulled = false;
    this.lines.count = 0;
    this.beam = new THREE.Object3D();
    this.group = new THREE.Group();
    this.group.add(this.plane, this.lines);
    this.rays = [];
  }

  /** Redraws for a frame; returns the caption, which says what the colours mean or what is absent. */
  show(frame, tally, slot) {
    this.plane.visible = this.mode === "explored" || this.mode === "value";
    this.rays = [];
    let caption = "";
    if (this.mode === "explored") {
      this.pixels.set(exploredPixels(tally));
      caption = `Agent-ticks spent on each tile over ${tally.ticks} ticks seen; brighter is more.`;
    } else if (this.mode === "value") {
      const { pixels, low, high } = valuePixels(tally);
      this.pixels.set(pixels);
      caption = valueCaption(low, high);
      this.plane.visible = Number.isFinite(low);
    } else if (this.mode === "attention") {
      caption = this.attention(frame, slot);
    }
    this.texture.needsUpdate = true;
    return caption;
  }

  attention(frame, slot) {
    const weights = frame.get("policy.attention");
    if (!weights) return "No attention: it was not recorded, or the policy has none.";
    if (slot < 0) return "Select an agent to see what it attends to.";
    const size = weights.length / this.world.capacity;
    const { rows } = visibleAgents(this.world, frame, slot);
    rows.forEach((other, i) => {
      const weight = i < size ? weights[slot * size + i] / 255 : 0;
      if (other !== slot && weight > 0.01) this.rays.push({ from: slot, to: other, weight });
    });
    const own = Math.round((100 * weights[slot * size]) / 255);
    return `Lines show attention to others; ${own}% stays with itself.`;
  }

  /** Beams from the agent to those it attends to, broader and brighter with the weight. */
  update(agents) {
    this.lines.count = this.rays.length;
    if (!this.rays.length) return;
    const most = Math.max(...this.rays.map((ray) => ray.weight));
    const color = new THREE.Color();
    this.rays.forEach(({ from, to, weight }, i) => {
      const [start, end] = [agents.at[from], agents.at[to]];
      const width = 0.03 + 0.09 * (weight / most);
      this.beam.position.lerpVectors(start, end, 0.5);
      this.beam.position.y += 0.7;
      this.beam.lookAt(end.x, end.y + 0.7, end.z);
      this.beam.scale.set(width, width, Math.max(0.01, start.distanceTo(end)));
      this.beam.updateMatrix();
      this.lines.setMatrixAt(i, this.beam.matrix);
      const [r, g, b] = ramp(HEAT.slice(2), weight / most);
      this.lines.setColorAt(i, color.set(`rgb(${r},${g},${b})`));
    });
    this.lines.instanceMatrix.needsUpdate = true;
    this.lines.instanceColor.needsUpdate = true;
  }

  dispose() {
    this.texture.dispose();
    for (const mesh of [this.plane, this.lines]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
  }
}
