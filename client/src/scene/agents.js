import * as THREE from "three";
import { mergeGeometries } from "three/examples/jsm/utils/BufferGeometryUtils.js";
import { drawsInSoftware, litMaterial } from "./lit.js";
import { tinted } from "./trees.js";

const FLASH = new THREE.Color("#ffffff");
const ICE = new THREE.Color("#bfeaff");
const DYING_MS = 700;
const SIZE = 1.3;

/** Every agent as an instance of one figure, moving from tile to tile between ticks. */
export class Agents {
  constructor(world, terrain) {
    this.world = world;
    this.terrain = terrain;
    this.colors = world.palette.populations.map((color) => new THREE.Color(color));
    this.bodies = this.instances(figureGeometry(), litMaterial(), true);
    const ice = { color: "#a9e4ff", transparent: true, opacity: 0.42, depthWrite: false };
    this.frozen = this.instances(iceGeometry(), new THREE.MeshBasicMaterial(ice));
    const gold = { color: "#ffd76a", transparent: true, opacity: 0.85, depthWrite: false };
    this.immune = this.instances(ringGeometry(0.4, 0.47), new THREE.MeshBasicMaterial(gold));
    const dark = { color: "#0b0f0a", transparent: true, opacity: 0.34, depthWrite: false };
    this.shadows = this.instances(ringGeometry(0, 0.33), new THREE.MeshBasicMaterial(dark));
    this.shadows.visible = !drawsInSoftware();
    this.group = new THREE.Group();
    this.group.add(this.shadows, this.immune, this.bodies, this.frozen);
    this.slots = [];
    this.dying = [];
    this.at = Array.from({ length: world.capacity }, () => new THREE.Vector3());
    this.from = Array.from({ length: world.capacity }, () => new THREE.Vector3());
    this.to = Array.from({ length: world.capacity }, () => new THREE.Vector3());
    this.facing = new Float32Array(world.capacity);
    this.ids = new Int32Array(world.capacity).fill(-1);
    this.dummy = new THREE.Object3D();
  }

  instances(geometry, material, colored = false) {
    const mesh = new THREE.InstancedMesh(geometry, material, this.world.capacity);
    mesh.frustumCulled = false;
    mesh.count = 0;
    if (colored) mesh.setColorAt(0, FLASH);
    return mesh;
  }

  /** Takes over a frame; agents walk to their places over `duration` ms, or jump if it is 0. */
  show(frame, now, duration) {
    const read = (name) => frame.get(`players.${name}`);
    const [alive, id, row, col] = ["alive", "id", "row", "col"].map(read);
    if (duration) this.bury(frame, now);
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
    alive.forEach((living, slot) => {
      if (!living) this.ids[slot] = -1;
    });
    this.slotOfBody = this.slots;
    this.paint();
  }

  /** Remembers those who died so that they can be seen to fall. */
  bury(frame, now) {
    frame.get("events.deaths.cause").forEach((cause, slot) => {
      if (cause && this.ids[slot] >= 0) {
        const population = frame.get("events.deaths.population")[slot];
        this.dying.push({ at: this.at[slot].clone(), population, since: now });
      }
    });
    this.dying = this.dying.slice(-64);
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

  /** Colours: the population's, white for a moment when hit, bluish while frozen. */
  paint() {
    const population = this.frame.get("players.population");
    const freeze = this.frame.get("players.freeze");
    const color = new THREE.Color();
    this.slots.forEach((slot, i) => {
      color.copy(this.colors[population[slot]]);
      if (freeze[slot] > 0) color.lerp(ICE, 0.25);
      this.bodies.setColorAt(i, color);
    });
    this.bodies.instanceColor.needsUpdate = true;
  }

  update(now) {
    if (!this.frame) return;
    const share = this.duration ? Math.min(1, (now - this.started) / this.duration) : 1;
    const eased = share * share * (3 - 2 * share);
    const newborn = this.frame.get("events.newborn");
    this.slots.forEach((slot, i) => {
      const hop = 0.16 * Math.sin(Math.PI * share) * Math.min(1, this.from[slot].distanceTo(this.to[slot]));
      this.at[slot].lerpVectors(this.from[slot], this.to[slot], eased);
      this.place(this.bodies, i, this.at[slot], this.facing[slot], newborn[slot] ? eased || 1 : 1, hop);
    });
    this.bodies.count = this.slots.length;
    this.drawDying(now);
    this.bodies.instanceMatrix.needsUpdate = true;
    this.bodies.boundingSphere = null;
    this.marks(now);
    this.flash(share);
  }

  place(mesh, i, at, angle, scale, lift = 0) {
    this.dummy.position.set(at.x, at.y + lift, at.z);
    this.dummy.rotation.set(0, angle, 0);
    this.dummy.scale.setScalar(Math.max(scale, 1e-3) * SIZE);
    this.dummy.updateMatrix();
    mesh.setMatrixAt(i, this.dummy.matrix);
  }

  drawDying(now) {
    this.dying = this.dying.filter(({ since }) => now - since < DYING_MS);
    let count = this.slots.length;
    for (const { at, population, since } of this.dying) {
      if (count >= this.world.capacity) break;
      const left = 1 - (now - since) / DYING_MS;
      this.dummy.position.copy(at);
      this.dummy.rotation.set(1.4 * (1 - left), 0, 0);
      this.dummy.scale.setScalar(SIZE * Math.sqrt(left));
      this.dummy.updateMatrix();
      this.bodies.setMatrixAt(count, this.dummy.matrix);
      this.bodies.setColorAt(count, this.colors[population].clone().multiplyScalar(0.4));
      count++;
    }
    if (count > this.slots.length) this.bodies.instanceColor.needsUpdate = true;
    this.bodies.count = count;
  }

  marks(now) {
    const freeze = this.frame.get("players.freeze");
    const immune = this.frame.get("players.immune");
    let ice = 0;
    let gold = 0;
    this.slots.forEach((slot, i) => {
      const at = this.at[slot];
      this.place(this.shadows, i, at, 0, 1, 0.015);
      if (freeze[slot] > 0) this.place(this.frozen, ice++, at, 0.5, 1);
      if (immune[slot] > 0) {
        this.place(this.immune, gold++, at, now / 900, 1 + 0.05 * Math.sin(now / 160), 0.03);
      }
    });
    this.shadows.count = this.slots.length;
    this.frozen.count = ice;
    this.immune.count = gold;
    for (const mesh of [this.shadows, this.frozen, this.immune]) mesh.instanceMatrix.needsUpdate = true;
  }

  flash(share) {
    const damage = this.frame.get("players.damage");
    if (!this.duration || share > 0.95 === this.flashed) return;
    this.flashed = share > 0.95;
    this.paint();
    if (this.flashed || share < 0.3) return;
    const color = new THREE.Color();
    this.slots.forEach((slot, i) => {
      if (damage[slot] <= 0) return;
      this.bodies.getColorAt(i, color);
      this.bodies.setColorAt(i, color.lerp(FLASH, 0.6));
    });
  }

  /** The slot under a ray, or -1; agents are picked within a little more than their bodies. */
  pick(caster) {
    let best = { away: 0.42, slot: -1, depth: Infinity };
    const point = new THREE.Vector3();
    const onRay = new THREE.Vector3();
    for (const slot of this.slots) {
      point.copy(this.at[slot]);
      point.y += 0.5 * SIZE;
      const depth = point.clone().sub(caster.ray.origin).dot(caster.ray.direction);
      if (depth <= 0) continue;
      const away = caster.ray.closestPointToPoint(point, onRay).distanceTo(point);
      const score = away + 0.002 * depth;
      if (away < 0.5 && score < best.away + 0.002 * best.depth) best = { away, slot, depth };
    }
    return best.slot;
  }

  dispose() {
    for (const mesh of [this.bodies, this.frozen, this.immune, this.shadows]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
      mesh.dispose();
    }
  }
}

/** A hooded figure about one tile tall, facing +z. */
function figureGeometry() {
  const turned = (color, ...points) => {
    const profile = points.map(([x, y]) => new THREE.Vector2(x, y));
    return tinted(new THREE.LatheGeometry(profile, 8), color, false);
  };
  const hood = new THREE.SphereGeometry(0.19, 9, 6).translate(0, 0.8, 0);
  const face = new THREE.SphereGeometry(0.14, 7, 4).scale(1, 1, 0.5).translate(0, 0.785, 0.125);
  const eyes = [-0.045, 0.045].map((x) => new THREE.PlaneGeometry(0.04, 0.06).translate(x * 1.2, 0.8, 0.2));
  return mergeGeometries([
    turned("#b9b9b9", [0.3, 0], [0.285, 0.09]),
    turned("#f4f4f4", [0.285, 0.09], [0.21, 0.36]),
    turned("#4c4642", [0.235, 0.35], [0.225, 0.41]),
    turned("#ffffff", [0.205, 0.41], [0.14, 0.6], [0, 0.66]),
    tinted(hood, "#ffffff", false),
    tinted(face, "#52433f", false),
    ...eyes.map((eye) => tinted(eye, "#fff6dd")),
  ]);
}

function iceGeometry() {
  return new THREE.CylinderGeometry(0.26, 0.38, 1.15, 6).translate(0, 0.55, 0);
}

function ringGeometry(inner, outer) {
  const flat = inner ? new THREE.RingGeometry(inner, outer, 20) : new THREE.CircleGeometry(outer, 9);
  return flat.rotateX(-Math.PI / 2);
}
