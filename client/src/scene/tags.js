import * as THREE from "three";
import { FLAG, READ_CROWD, perRow } from "./crowd.js";
import { badgeAtlas } from "../ui/badges.js";
import { SIZE } from "./figures.js";

const PART = { disc: 0, ice: 1, bars: 2, badge: 3 };
/** Badges are never smaller than this on the screen, so that agents are found from any distance. */
export const BADGE_PIXELS = 13;
/** Pixels a tile at which bars begin to show, and at which they are fully there. */
const BARS_FROM = 17;
const BARS_FULL = 26;

/**
 * What is around a body: its shadow or the golden ring of the immune, ice, bars and the badge of
 * its population. From afar bars fade and the badge stays.
 */
export class Tags {
  constructor(world, crowd) {
    this.crowd = crowd;
    const atlas = badgeAtlas(world);
    this.atlas = new THREE.CanvasTexture(atlas.canvas);
    this.atlas.generateMipmaps = true;
    this.atlas.minFilter = THREE.LinearMipmapLinearFilter;
    const colors = Object.fromEntries(
      [0, 1, 2].map((i) => [`bar${i}`, { value: new THREE.Color(world.bars[i]?.color ?? "#888888") }]),
    );
    this.lines = Math.min(3, world.bars.length);
    const material = new THREE.ShaderMaterial({
      uniforms: { ...crowd.uniforms, ...colors, atlas: { value: this.atlas } },
      transparent: true,
      vertexShader: `${READ_CROWD}
        attribute float part;
        varying vec2 vAt; varying vec3 vBars; varying float vPart, vShown, vFlags; varying vec2 vCell;
        void main() {
          vec4 end = texel(gl_InstanceID, 1), bars = texel(gl_InstanceID, 2);
          float badge = texel(gl_InstanceID, 3).w;
          vec3 at = placeOf(gl_InstanceID);
          vPart = part; vAt = uv; vBars = bars.xyz; vFlags = end.w; vShown = 1.0;
          vCell = vec2(mod(badge, ${atlas.columns}.0), floor(badge / ${atlas.columns}.0));
          float size = bars.w * ${SIZE.toFixed(2)};
          vec4 view;
          float away = -(viewMatrix * vec4(at, 1.0)).z;
          float tile = 1.0 / (pixel * away); // pixels a tile
          if (part < 0.5) {
            bool immune = flagged(end.w, ${FLAG.immune});
            float wide = immune ? 0.56 + 0.03 * sin(now * 6.0) : 0.36;
            view = viewMatrix * vec4(at + position * wide * size + vec3(0.0, 0.03, 0.0), 1.0);
          } else if (part < 1.5) {
            if (!flagged(end.w, ${FLAG.frozen})) size = 0.0;
            view = viewMatrix * vec4(at + position * size, 1.0);
          } else {
            bool dying = flagged(end.w, ${FLAG.dying});
            float marks = max(${BADGE_PIXELS}.0 * pixel * away, 0.46);
            float wide = clamp(away * 0.028, 0.78, 1.4);
            float high = wide * ${(0.11 * this.lines).toFixed(3)};
            vShown = smoothstep(${BARS_FROM}.0, ${BARS_FULL}.0, tile);
            view = viewMatrix * vec4(at + vec3(0.0, 1.04 * size, 0.0), 1.0);
            if (part < 2.5) {
              view.xy += vec2(position.x * wide, 0.14 + (position.y + 0.5) * high);
              if (vShown <= 0.0 || dying) view.xyz = vec3(0.0, 0.0, 9.0);
            } else {
              // near, the badge stands beside the bars; from afar, where the body is
              float near = vShown;
              vec2 beside = vec2(-0.5 * wide - 0.5 * marks, 0.14 + 0.5 * high);
              view.xy += mix(vec2(0.0, -0.42 * size), beside, near) + position.xy * marks;
              if (dying) view.xyz = vec3(0.0, 0.0, 9.0);
              vShown = 1.0;
            }
          }
          gl_Position = projectionMatrix * view;
          if (part > 1.5) { // in front of trees and rocks that are close by
            vec4 closer = projectionMatrix * vec4(view.xyz * (1.0 - 1.5 / max(away, 2.0)), 1.0);
            gl_Position.z = closer.z / closer.w * gl_Position.w;
          }
        }`,
      fragmentShader: `uniform vec3 bar0, bar1, bar2; uniform sampler2D atlas;
        varying vec2 vAt; varying vec3 vBars; varying float vPart, vShown, vFlags; varying vec2 vCell;
        void main() {
          if (vPart < 0.5) {
            float from = length(vAt - 0.5) * 2.0;
            bool immune = (int(vFlags) & ${FLAG.immune}) != 0;
            if (from > 1.0 || (immune && from < 0.8)) discard;
            gl_FragColor = immune ? vec4(1.0, 0.82, 0.38, 0.9) : vec4(0.03, 0.05, 0.03, 0.42 * (1.0 - from * from));
          } else if (vPart < 1.5) {
            gl_FragColor = vec4(0.66, 0.9, 1.0, 0.42);
          } else if (vPart < 2.5) {
            float line = (1.0 - vAt.y) * ${this.lines}.0;
            float level = line < 1.0 ? vBars.x : line < 2.0 ? vBars.y : vBars.z;
            vec3 color = line < 1.0 ? bar0 : line < 2.0 ? bar1 : bar2;
            float gap = fract(line);
            bool edge = gap < 0.12 || gap > 0.88 || vAt.x < 0.03 || vAt.x > 0.97;
            bool full = !edge && (vAt.x - 0.03) / 0.94 <= level;
            gl_FragColor = full ? vec4(color * (gap < 0.4 ? 1.25 : 1.0), vShown) : vec4(0.02, 0.03, 0.04, 0.72 * vShown);
          } else {
            vec2 cell = (vCell + vec2(vAt.x, 1.0 - vAt.y)) / vec2(${atlas.columns}.0, ${atlas.rows}.0);
            vec4 mark = texture2D(atlas, vec2(cell.x, 1.0 - cell.y));
            if (mark.a < 0.3) discard;
            gl_FragColor = mark;
            return;
          }
          #include <colorspace_fragment>
        }`,
    });
    this.mesh = new THREE.Mesh(perRow(tagGeometry(this.lines > 0)), material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 5;
  }

  update() {
    this.mesh.geometry.instanceCount = this.crowd.count;
    this.mesh.visible = this.crowd.count > 0;
  }

  dispose() {
    this.atlas.dispose();
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}

/** All parts as one geometry; `part` says which a vertex belongs to. */
function tagGeometry(withBars) {
  const positions = [];
  const uvs = [];
  const parts = [];
  const indices = [];
  const add = (part, points, faces) => {
    const first = parts.length;
    for (const [x, y, z, u, v] of points) {
      positions.push(x, y, z);
      uvs.push(u, v);
      parts.push(part);
    }
    indices.push(...faces.map((corner) => first + corner));
  };
  const quad = [0, 1, 2, 0, 2, 3];
  add(PART.disc, [[-1, 0, 1, 0, 0], [1, 0, 1, 1, 0], [1, 0, -1, 1, 1], [-1, 0, -1, 0, 1]], quad);
  const ring = Array.from({ length: 6 }, (_, i) => [Math.cos((i * Math.PI) / 3), Math.sin((i * Math.PI) / 3)]);
  const ice = ring.flatMap(([x, z]) => [[0.38 * x, 0, 0.38 * z, 0, 0], [0.27 * x, 1.1, 0.27 * z, 0, 1]]);
  const sides = ring.flatMap((_, i) => {
    const [a, b, c, d] = [2 * i, 2 * i + 1, (2 * i + 2) % 12, (2 * i + 3) % 12];
    return [a, b, c, c, b, d];
  });
  add(PART.ice, ice, sides);
  const square = [[-0.5, -0.5, 0, 0, 0], [0.5, -0.5, 0, 1, 0], [0.5, 0.5, 0, 1, 1], [-0.5, 0.5, 0, 0, 1]];
  if (withBars) add(PART.bars, square, quad);
  add(PART.badge, square, quad);
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute("position", new THREE.Float32BufferAttribute(positions, 3));
  geometry.setAttribute("uv", new THREE.Float32BufferAttribute(uvs, 2));
  geometry.setAttribute("part", new THREE.Float32BufferAttribute(parts, 1));
  geometry.setIndex(indices);
  return geometry;
}
