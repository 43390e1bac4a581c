import * as THREE from "three";
import { baked, bakedMaterial } from "./lit.js";
import { cloudTexture, hash, smooth } from "./noise.js";

const WATER_Y = -0.22;
const LAVA_Y = -0.12;
const BED_Y = -0.55;

/** Shapes that stand on the ground, and are gone from a harvest until they are ripe again. */
const GROWN = ["forest", "bush", "nuggets", "crystals", "herbs"];

/** What is drawn of a material, from what it is said to be. */
export function shapeOf({ passable, deadly, water, depleted, shape }) {
  if (GROWN.includes(shape)) return "forest";
  if (shape === "fish" || shape === "void") return shape === "fish" ? "water" : "void";
  if (water || shape === "water") return "water";
  if (deadly) return "lava";
  if (Number.isInteger(depleted)) return "forest";
  return passable ? "ground" : "rock";
}

/**
 * The ground: one mesh for all land, one each for water and lava. Rows run along +z. Its colours
 * are muted, since agents are what one looks at.
 */
export class Terrain {
  constructor(world, tiles) {
    this.world = world;
    this.tiles = tiles;
    this.shapes = world.materials.map(shapeOf);
    const changed = new Set(world.materials.map(({ depleted }) => depleted));
    this.plain = Math.max(0, this.shapes.findIndex((shape, i) => shape === "ground" && !changed.has(i)));
    this.changed = changed;
    this.group = new THREE.Group();
    this.clouds = cloudTexture();
    this.time = { value: 0 };
    this.group.add(this.land(), this.water(), this.lava(), this.pedestal());
  }

  update(now) {
    this.time.value = now / 1000;
  }

  dispose() {
    this.group.traverse((mesh) => {
      mesh.geometry?.dispose();
      mesh.material?.dispose();
    });
    this.clouds.dispose();
  }

  kind(row, col) {
    const { height, width, outside } = this.world;
    const inside = row >= 0 && col >= 0 && row < height && col < width;
    return inside ? this.world.kindOf(this.tiles[row * width + col]) : outside;
  }

  shape(row, col) {
    return this.shapes[this.kind(row, col)];
  }

  /** Height of the ground that agents and trees stand on. */
  heightOf(row, col) {
    switch (this.shape(row, col)) {
      case "water":
        return BED_Y;
      case "lava":
      case "void":
        return LAVA_Y;
      case "rock":
        return 0.34 + 0.42 * hash(row, col, 3) * hash(row >> 1, col >> 1, 4);
      default:
        return 0;
    }
  }

  land() {
    const { world } = this;
    const build = new QuadBuilder();
    const colors = world.materials.map(({ color }, i) => muted(new THREE.Color(color), this.shapes[i]));
    const sand = new THREE.Color("#a3946c");
    const soil = new THREE.Color("#57503c");
    for (let row = 0; row < world.height; row++) {
      for (let col = 0; col < world.width; col++) {
        const shape = this.shape(row, col);
        if (shape === "lava" || shape === "void") continue;
        const rock = shape === "rock";
        const top = this.heightOf(row, col);
        const base = shape === "water" ? sand : colors[this.groundOf(this.kind(row, col))];
        const color = this.weathered(base, row, col, rock);
        if (shape === "water") color.multiplyScalar(0.6);
        this.tile(build, row, col, top, color, rock ? 0.08 : 0);
        const side = rock ? color.clone().multiplyScalar(0.9) : soil;
        this.walls(build, row, col, top, side, rock ? 0.08 : 0);
      }
    }
    const mesh = new THREE.Mesh(baked(build.geometry()), bakedMaterial());
    mesh.matrixAutoUpdate = false;
    return mesh;
  }

  /** No two tiles are quite alike, and meadows are drier in some places than in others. */
  weathered(base, row, col, rock) {
    const dry = rock ? 0 : smooth(row / 9, col / 9, 21) - 0.5;
    return base
      .clone()
      .offsetHSL(
        (hash(row, col, 1) - 0.5) * 0.01 - 0.03 * dry,
        0.03 * dry,
        (hash(row, col, 2) - 0.5) * (rock ? 0.03 : 0.018) + 0.035 * dry,
      );
  }

  /** Forests, and what is left of them, stand on plain ground. */
  groundOf(kind) {
    return this.shapes[kind] === "forest" || this.changed.has(kind) ? this.plain : kind;
  }

  tile(build, row, col, top, color, taper) {
    const { height, width } = this.world;
    const [x, z] = [col - width / 2, row - height / 2];
    const wooded = this.shape(row, col) === "forest" ? 0.86 : 1;
    const shade = (dr, dc) => color.clone().multiplyScalar(wooded * this.light(row, col, dr, dc, top));
    build.quad(
      [
        [x + taper, top, z + taper],
        [x + taper, top, z + 1 - taper],
        [x + 1 - taper, top, z + 1 - taper],
        [x + 1 - taper, top, z + taper],
      ],
      [shade(-1, -1), shade(1, -1), shade(1, 1), shade(-1, 1)],
    );
  }

  /** How much light reaches a corner: less beside higher ground, least in its shadow. */
  light(row, col, dr, dc, top) {
    let light = 1;
    for (const [r, c] of [
      [row + dr, col],
      [row, col + dc],
      [row + dr, col + dc],
    ]) {
      if (this.heightOf(r, c) > top + 0.2 && this.shape(r, c) !== "lava") {
        light -= r < row || c > col ? 0.05 : 0.1;
      }
    }
    return light;
  }

  walls(build, row, col, top, color, taper) {
    const { height, width } = this.world;
    const [x, z] = [col - width / 2, row - height / 2];
    const a = taper;
    const b = 1 - taper;
    const edges = [
      [-1, 0, [b, a], [a, a], [1, 0], [0, 0]],
      [1, 0, [a, b], [b, b], [0, 1], [1, 1]],
      [0, 1, [b, b], [b, a], [1, 1], [1, 0]],
      [0, -1, [a, a], [a, b], [0, 0], [0, 1]],
    ];
    for (const [dr, dc, p, q, footP, footQ] of edges) {
      const next = this.heightOf(row + dr, col + dc);
      if (next >= top && !taper) continue;
      const foot = taper ? Math.min(next, 0) : next;
      const dark = color.clone().multiplyScalar(0.74);
      build.quad(
        [
          [x + p[0], top, z + p[1]],
          [x + q[0], top, z + q[1]],
          [x + footQ[0], foot, z + footQ[1]],
          [x + footP[0], foot, z + footP[1]],
        ].reverse(),
        [dark, dark, color, color],
      );
    }
  }

  surface(shape, y) {
    const { height, width } = this.world;
    const build = new QuadBuilder();
    const white = new THREE.Color(1, 1, 1);
    for (let row = 0; row < height; row++) {
      for (let col = 0; col < width; col++) {
        if (this.shape(row, col) !== shape) continue;
        const [x, z] = [col - width / 2, row - height / 2];
        const shade = [
          [-1, -1],
          [1, -1],
          [1, 1],
          [-1, 1],
        ].map(([dr, dc]) => white.clone().multiplyScalar(this.shore(shape, row, col, dr, dc)));
        build.quad(
          [
            [x, y, z],
            [x, y, z + 1],
            [x + 1, y, z + 1],
            [x + 1, y, z],
          ],
          shade,
        );
      }
    }
    return build.geometry();
  }

  /** 1 at corners that touch another kind of ground, 0 amid the same. */
  shore(shape, row, col, dr, dc) {
    const same =
      this.shape(row + dr, col) === shape &&
      this.shape(row, col + dc) === shape &&
      this.shape(row + dr, col + dc) === shape;
    return same ? 0 : 1;
  }

  water() {
    const material = this.fluid(
      `float wave = texture2D(clouds, vPlace * 0.11 + vec2(time * 0.012, time * 0.008)).r
         + texture2D(clouds, vPlace * 0.19 - vec2(time * 0.015, -time * 0.01)).r;
       vec3 color = mix(vec3(0.15, 0.33, 0.44), vec3(0.25, 0.48, 0.55), 0.2 + 0.6 * vShore);
       color += smoothstep(1.08, 1.3, wave) * 0.12;
       float foam = smoothstep(0.93, 1.02, vShore + (wave - 1.0) * 0.22);
       gl_FragColor = vec4(mix(color, vec3(0.80, 0.90, 0.90), foam * 0.35), 0.9);`,
      true,
    );
    return new THREE.Mesh(this.surface("water", WATER_Y), material);
  }

  lava() {
    const material = this.fluid(
      `vec4 cloud = texture2D(clouds, vPlace * 0.085 + vec2(time * 0.003, time * 0.001));
       float crust = cloud.r + cloud.g + 0.02 * sin(time * 0.7 + vPlace.x * 0.3);
       float glow = 1.0 - smoothstep(0.0, 0.11, abs(crust - 1.0));
       vec3 rock = mix(vec3(0.13, 0.11, 0.115), vec3(0.21, 0.18, 0.18), crust * 0.6);
       vec3 hot = mix(vec3(0.30, 0.10, 0.06), vec3(0.50, 0.25, 0.12), glow * glow);
       vec3 color = mix(rock, hot, glow * 0.9);
       color += vec3(0.40, 0.12, 0.03) * smoothstep(0.2, 1.0, vShore) * (0.25 + 0.4 * crust);
       gl_FragColor = vec4(color, 1.0);`,
      false,
    );
    return new THREE.Mesh(this.surface("lava", LAVA_Y), material);
  }

  fluid(body, transparent) {
    return new THREE.ShaderMaterial({
      transparent,
      depthWrite: !transparent,
      uniforms: { clouds: { value: this.clouds }, time: this.time },
      vertexShader: `attribute vec3 color; varying vec2 vPlace; varying float vShore;
        void main() {
          vPlace = position.xz; vShore = color.r;
          gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
        }`,
      fragmentShader: `uniform sampler2D clouds; uniform float time;
        varying vec2 vPlace; varying float vShore;
        void main() { ${body} }`,
    });
  }

  /** The block of rock that the world is cut from. */
  pedestal() {
    const { height, width, border, outside, materials } = this.world;
    const around = materials[outside].shape === "void" ? border - 1 : 0; // where there is nothing
    const depth = 3;
    const mesh = new THREE.Mesh(
      new THREE.BoxGeometry(width - 2 * around, depth, height - 2 * around),
      new THREE.MeshBasicMaterial({ color: "#1d1718" }),
    );
    mesh.position.y = LAVA_Y - 0.5 - depth / 2;
    return mesh;
  }
}

/** A colour of the ground, with less of it; rock is drawn towards the colour of earth. */
function muted(color, shape) {
  const hsl = color.getHSL({});
  if (shape === "rock") return color.lerp(new THREE.Color("#59614e"), 0.62);
  return color.setHSL(hsl.h, hsl.s * 0.72, hsl.l * 0.82);
}

/** Collects quads, corners counter-clockwise seen from outside. */
class QuadBuilder {
  constructor() {
    this.positions = [];
    this.colors = [];
    this.indices = [];
  }

  quad(corners, colors) {
    const first = this.positions.length / 3;
    for (const corner of corners) this.positions.push(...corner);
    for (const { r, g, b } of colors) this.colors.push(r, g, b);
    this.indices.push(first, first + 1, first + 2, first, first + 2, first + 3);
  }

  geometry() {
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.Float32BufferAttribute(this.positions, 3));
    geometry.setAttribute("color", new THREE.Float32BufferAttribute(this.colors, 3));
    geometry.setIndex(this.indices);
    geometry.computeVertexNormals();
    return geometry;
  }
}
