import * as THREE from "three";
import { mergeGeometries } from "three/examples/jsm/utils/BufferGeometryUtils.js";
import { litMaterial } from "./lit.js";
import { hash } from "./noise.js";

/** Gives a geometry one colour, so that parts can be merged. */
export function tinted(geometry, color, faceted = true) {
  const plain = geometry.index ? geometry.toNonIndexed() : geometry;
  plain.deleteAttribute("uv");
  if (faceted) plain.computeVertexNormals();
  const { r, g, b } = new THREE.Color(color);
  const count = plain.attributes.position.count;
  const colors = new Float32Array(count * 3);
  for (let i = 0; i < count; i++) colors.set([r, g, b], 3 * i);
  plain.setAttribute("color", new THREE.BufferAttribute(colors, 3));
  return plain;
}

/** Forests: up to two trees a tile while it is ripe, stumps while it is scrub. */
export class Trees {
  constructor(world, tiles) {
    this.world = world;
    this.places = [];
    for (let row = 0; row < world.height; row++) {
      for (let col = 0; col < world.width; col++) {
        const tile = row * world.width + col;
        if ((tiles[tile] & 7) !== world.material.forest) continue;
        this.places.push(this.place(tile, row, col, 0));
        if (hash(row, col, 9) > 0.35) this.places.push(this.place(tile, row, col, 1));
      }
    }
    const material = litMaterial();
    this.trees = new THREE.InstancedMesh(treeGeometry(), material, Math.max(1, this.places.length));
    this.stumps = new THREE.InstancedMesh(stumpGeometry(), material, this.trees.count);
    this.group = new THREE.Group();
    this.group.add(this.trees, this.stumps);
    for (const mesh of [this.trees, this.stumps]) mesh.frustumCulled = false;
    this.shown = new Int8Array(this.places.length).fill(-1);
    if (!this.places.length) this.group.visible = false;
  }

  place(tile, row, col, which) {
    const angle = 6.283 * hash(row, col, 5 + which) + which * 2.4;
    const away = 0.16 + 0.14 * hash(row, col, 7 + which);
    const scale = (which ? 0.5 : 0.78) + 0.3 * hash(row, col, 11 + which);
    const matrix = new THREE.Matrix4().makeRotationY(angle);
    matrix.scale(new THREE.Vector3(scale, scale * (0.9 + 0.35 * hash(row, col, 13)), scale));
    matrix.setPosition(
      col + 0.5 - this.world.width / 2 + away * Math.cos(angle),
      0,
      row + 0.5 - this.world.height / 2 + away * Math.sin(angle),
    );
    const color = new THREE.Color();
    color.setHSL(0.28 + 0.12 * hash(tile, which, 1), 0.14, 0.74 + 0.26 * hash(tile, which, 2));
    return { tile, matrix, color };
  }

  /** Shows trees or stumps, as of a frame. */
  show(frame) {
    const ripeAt = frame.map("terrain.ripe_at");
    const { tick } = frame;
    let changed = false;
    this.places.forEach(({ tile }, i) => {
      const ripe = ripeAt[tile] > tick ? 0 : 1;
      if (this.shown[i] === ripe) return;
      this.shown[i] = ripe;
      changed = true;
    });
    if (changed) this.arrange();
  }

  arrange() {
    const counts = [0, 0];
    this.places.forEach(({ matrix, color }, i) => {
      const ripe = this.shown[i];
      const mesh = ripe ? this.trees : this.stumps;
      mesh.setMatrixAt(counts[ripe], matrix);
      mesh.setColorAt(counts[ripe]++, color);
    });
    [this.stumps, this.trees].forEach((mesh, i) => {
      mesh.count = counts[i];
      mesh.instanceMatrix.needsUpdate = true;
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    });
  }

  dispose() {
    this.trees.geometry.dispose();
    this.stumps.geometry.dispose();
    this.trees.material.dispose();
    this.trees.dispose();
    this.stumps.dispose();
  }
}

/** Few faces: there are a thousand trees, and each is drawn in every frame. */
function cone(sides, radius, low, high, tip = 0) {
  return new THREE.CylinderGeometry(tip, radius, high - low, sides, 1, true).translate(
    0,
    (low + high) / 2,
    0,
  );
}

function treeGeometry() {
  return mergeGeometries([
    tinted(cone(3, 0.1, 0, 0.3, 0.07), "#6b5138"),
    tinted(cone(6, 0.4, 0.22, 0.86, 0.1), "#47794a"),
    tinted(cone(6, 0.29, 0.64, 1.2), "#5f9a5c"),
  ]);
}

function stumpGeometry() {
  return mergeGeometries([
    tinted(cone(5, 0.14, 0, 0.16, 0.1), "#7d5f41"),
    tinted(new THREE.CircleGeometry(0.1, 5).rotateX(-Math.PI / 2).translate(0, 0.16, 0), "#c2a077"),
  ]);
}
