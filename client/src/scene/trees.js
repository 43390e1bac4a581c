import * as THREE from "three";
import { mergeGeometries } from "three/examples/jsm/utils/BufferGeometryUtils.js";
import { ripeAt } from "../data/world.js";
import { baked, bakedMaterial, drawsInSoftware } from "./lit.js";
import { hash } from "./noise.js";

/** Gives a geometry one colour, and flat faces if wanted, so that parts can be merged. */
export function tinted(geometry, color, faceted = true) {
  const plain = faceted && geometry.index ? geometry.toNonIndexed() : geometry;
  plain.deleteAttribute("uv");
  const { count } = plain.attributes.position;
  if (faceted) {
    plain.computeVertexNormals();
    plain.setIndex(Array.from({ length: count }, (_, i) => i));
  }
  const { r, g, b } = new THREE.Color(color);
  const colors = new Float32Array(count * 3);
  for (let i = 0; i < count; i++) colors.set([r, g, b], 3 * i);
  plain.setAttribute("color", new THREE.BufferAttribute(colors, 3));
  return plain;
}

/**
 * Forests: up to two trees a tile while it is ripe, stumps while it is scrub. All of them are one
 * geometry, of which the index picks what is shown: a thousand instances would be a thousand draws
 * where the processor draws.
 */
export class Trees {
  constructor(world, tiles) {
    this.world = world;
    this.places = [];
    for (let row = 0; row < world.height; row++) {
      for (let col = 0; col < world.width; col++) {
        const tile = row * world.width + col;
        const { depleted, shape, color } = world.materials[world.kindOf(tiles[tile])];
        if (!Number.isInteger(depleted)) continue;
        const look = shape ?? "forest";
        const tall = look === "forest" || look === "bush";
        this.places.push({ ...this.place(tile, row, col, 0), look, color });
        if (!tall || hash(row, col, 9) > 0.35) this.places.push({ ...this.place(tile, row, col, 1), look, color });
      }
    }
    const looks = new Map();
    for (const { look, color } of this.places) if (!looks.has(`${look} ${color}`)) looks.set(`${look} ${color}`, { look, color });
    this.shapes = new Map([...looks].map(([key, { look, color }]) => [key, grown(look, color)]));
    this.mesh = new THREE.Mesh(this.plant(), bakedMaterial());
    this.mesh.frustumCulled = false;
    this.shown = new Int8Array(this.places.length).fill(-1);
  }

  place(tile, row, col, which) {
    const angle = 6.283 * hash(row, col, 5 + which) + which * 2.4;
    const away = 0.16 + 0.14 * hash(row, col, 7 + which);
    const scale = (which ? 0.5 : 0.78) + 0.3 * hash(row, col, 11 + which);
    return {
      tile,
      scale,
      height: scale * (0.9 + 0.35 * hash(row, col, 13)),
      x: col + 0.5 - this.world.width / 2 + away * Math.cos(angle),
      z: row + 0.5 - this.world.height / 2 + away * Math.sin(angle),
      tint: [0.86 + 0.2 * hash(tile, which, 1), 0.86 + 0.16 * hash(tile, which, 2), 0.88],
    };
  }

  /** The vertices of a stump and a tree at every place, and where each begins. */
  plant() {
    for (const place of this.places) place.shapes = this.shapes.get(`${place.look} ${place.color}`);
    const size = (shapes) => shapes.reduce((sum, shape) => sum + shape.attributes.position.count, 0);
    const total = this.places.reduce((sum, { shapes }) => sum + size(shapes), 0);
    const positions = new Float32Array(3 * total);
    const colors = new Float32Array(3 * total);
    let at = 0;
    for (const place of this.places) {
      place.starts = [];
      for (const shape of place.shapes) {
        place.starts.push(at);
        const { position, color } = shape.attributes;
        for (let i = 0; i < position.count; i++, at++) {
          positions[3 * at] = place.x + place.scale * position.getX(i);
          positions[3 * at + 1] = place.height * position.getY(i);
          positions[3 * at + 2] = place.z + place.scale * position.getZ(i);
          for (let c = 0; c < 3; c++) {
            colors[3 * at + c] = color.getComponent(i, c) * place.tint[c];
          }
        }
      }
    }
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(positions, 3));
    geometry.setAttribute("color", new THREE.BufferAttribute(colors, 3));
    this.most = Math.max(0, ...[...this.shapes.values()].flat().map((shape) => shape.index.count));
    const index = new Uint32Array(this.most * this.places.length);
    geometry.setIndex(new THREE.BufferAttribute(index, 1).setUsage(THREE.DynamicDrawUsage));
    return geometry;
  }

  /** Shows trees or stumps, as of a frame; only those that changed are sent anew. */
  show(frame) {
    const { index } = this.mesh.geometry;
    const { tick } = frame;
    index.clearUpdateRanges();
    this.places.forEach(({ tile }, i) => {
      const bare = ripeAt(this.world, frame, tile) > tick ? 0 : 1;
      if (this.shown[i] === bare) return;
      this.shown[i] = bare;
      this.choose(i, index);
    });
  }

  /** Fills a place's part of the index, what is left of it with a triangle that is none. */
  choose(i, index) {
    const start = this.places[i].starts[this.shown[i]];
    const faces = this.places[i].shapes[this.shown[i]].index.array;
    const first = this.most * i;
    for (let at = 0; at < this.most; at++) index.array[first + at] = start + (faces[at] ?? 0);
    index.addUpdateRange(first, this.most);
    index.needsUpdate = true;
  }

  dispose() {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
    for (const shape of [...this.shapes.values()].flat()) shape.dispose();
  }
}

/** What a harvestable material leaves, and what it looks like while it is ripe. */
function grown(look, color) {
  switch (look) {
    case "bush":
      return [cone(0.12, 0, 0.1, "#8d8a58"), bushGeometry(color)];
    case "nuggets":
      return [cone(0.24, 0, 0.12, "#6f6a64"), stones(color, 0.19, 0.26)];
    case "crystals":
      return [cone(0.2, 0, 0.1, "#84868f"), stones(color, 0.13, 0.72)];
    case "herbs":
      return [cone(0.1, 0, 0.12, "#8c9a5c"), herbGeometry(color)];
    case "fish":
      return [cone(0.01, -0.5, -0.45, "#35708f"), fishGeometry()];
    default:
      return [stumpGeometry(), treeGeometry(drawsInSoftware())];
  }
}

const cone = (radius, low, high, color) => baked(tinted(spire(4, radius, low, high), color));

function bushGeometry(color) {
  const dark = new THREE.Color(color).multiplyScalar(0.8);
  return baked(mergeGeometries([tinted(spire(6, 0.36, 0, 0.5), dark), tinted(spire(5, 0.26, 0.2, 0.62), color)]));
}

/** A heap of pointed stones, flat or tall. */
function stones(color, radius, high) {
  const parts = [[0, 0, 1], [0.22, 0.1, 0.65], [-0.14, 0.2, 0.55]];
  const made = parts.map(([x, z, size]) => tinted(spire(5, radius * (0.6 + 0.4 * size), 0, high * size).translate(x, 0, z), color));
  return baked(mergeGeometries(made));
}

function herbGeometry(color) {
  const stem = tinted(spire(3, 0.05, 0, 0.34), "#5f7d45");
  const leaves = tinted(spire(4, 0.2, 0, 0.16), "#6f8f4c");
  const flower = tinted(new THREE.OctahedronGeometry(0.14, 0).translate(0, 0.4, 0), color);
  return baked(mergeGeometries([leaves, stem, flower]));
}

/** A back and a fin above the water. */
function fishGeometry() {
  const back = tinted(new THREE.SphereGeometry(1, 6, 4).scale(0.26, 0.12, 0.12).translate(0, -0.2, 0), "#d6dde0");
  const fin = tinted(new THREE.ConeGeometry(0.1, 0.2, 3).scale(1, 1, 0.35).translate(0, -0.05, 0), "#e8a05c");
  const tail = tinted(new THREE.ConeGeometry(0.12, 0.2, 3).rotateZ(Math.PI / 2).scale(1, 1, 0.4).translate(0.32, -0.17, 0), "#e8a05c");
  return baked(mergeGeometries([back, fin, tail].map((part) => part)));
}

/** Triangles from a ring to a tip; few, for there are a thousand trees in every frame. */
function spire(sides, radius, low, high) {
  const corners = [];
  for (let i = 0; i < sides; i++) {
    const at = (turn) => (turn / sides) * 2 * Math.PI;
    const ring = (turn) => [radius * Math.sin(at(turn)), low, radius * Math.cos(at(turn))];
    corners.push(...ring(i), ...ring(i + 1), 0, high, 0);
  }
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute("position", new THREE.Float32BufferAttribute(corners, 3));
  return geometry;
}

function treeGeometry(coarse) {
  return baked(
    mergeGeometries([
      tinted(spire(3, 0.16, 0, 0.7), "#6b5138"),
      tinted(spire(coarse ? 4 : 6, 0.42, 0.2, 0.98), "#3f6443"),
      tinted(spire(coarse ? 3 : 5, 0.3, 0.6, 1.22), "#557f54"),
    ]),
  );
}

function stumpGeometry() {
  const trunk = new THREE.CylinderGeometry(0.11, 0.15, 0.15, 5, 1, true).translate(0, 0.075, 0);
  const top = new THREE.CircleGeometry(0.11, 5).rotateX(-Math.PI / 2).translate(0, 0.15, 0);
  return baked(
    mergeGeometries([tinted(trunk, "#7d5f41"), tinted(top, "#c2a077")]),
  );
}
