import * as THREE from "three";
import { mergeGeometries } from "three/examples/jsm/utils/BufferGeometryUtils.js";
import { FLAG, READ_CROWD, perRow } from "./crowd.js";
import { LIGHT, drawsInSoftware } from "./lit.js";
import { tinted } from "./trees.js";

/** How tall figures are, in tiles; heads are at about this height. */
export const SIZE = 1.35;

/** Every agent's body: one figure, drawn once for each row of the crowd. */
export class Figures {
  constructor(crowd) {
    this.crowd = crowd;
    const coarse = drawsInSoftware();
    this.meshes = [this.mesh(figureGeometry(coarse), false)];
    if (crowd.world.others) this.meshes.push(this.mesh(beastGeometry(coarse), true));
  }

  /** One shape for those of the crowd that have it. */
  mesh(geometry, beast) {
    const material = new THREE.ShaderMaterial({
      uniforms: { ...this.crowd.uniforms, beast: { value: beast } },
      vertexColors: true,
      vertexShader: `${READ_CROWD}
        uniform bool beast; varying vec3 vColor;
        void main() {
          vec4 start = texel(gl_InstanceID, 0), end = texel(gl_InstanceID, 1);
          vec4 tint = texel(gl_InstanceID, 3);
          float way = eased(), size = texel(gl_InstanceID, 2).w * ${SIZE.toFixed(2)};
          vec3 at = mix(start.xyz, end.xyz, way);
          at.y += 0.16 * sin(3.14159 * share) * min(1.0, distance(start.xyz, end.xyz));
          if (flagged(end.w, ${FLAG.newborn})) size *= max(way, 0.02);
          vec3 own = position, facing = normal;
          vec3 paint = tint.rgb;
          if (flagged(end.w, ${FLAG.dying})) {
            float lean = 1.45 * way;
            own.yz = mat2(cos(lean), sin(lean), -sin(lean), cos(lean)) * own.yz;
            size *= share < 1.0 ? sqrt(1.0 - 0.7 * way) : 0.0;
            paint *= 0.55;
          }
          if (flagged(end.w, ${FLAG.other}) != beast) size = 0.0;
          if (flagged(end.w, ${FLAG.frozen})) paint = mix(paint, vec3(0.75, 0.92, 1.0), 0.3);
          if (flagged(end.w, ${FLAG.hit})) {
            paint = mix(paint, vec3(1.0), 0.65 * smoothstep(0.3, 0.5, share) * (1.0 - smoothstep(0.8, 1.0, share)));
          }
          mat2 turn = mat2(cos(start.w), -sin(start.w), sin(start.w), cos(start.w));
          own.xz = turn * own.xz;
          facing.xz = turn * facing.xz;
          ${LIGHT}
          vColor = sqrt(min(color * paint * light * 1.1, 1.0));
          gl_Position = projectionMatrix * modelViewMatrix * vec4(at + own * size, 1.0);
        }`,
      fragmentShader: `varying vec3 vColor;
        void main() { gl_FragColor = vec4(vColor, 1.0); }`,
    });
    const mesh = new THREE.Mesh(perRow(geometry), material);
    mesh.frustumCulled = false;
    return mesh;
  }

  update() {
    for (const mesh of this.meshes) {
      mesh.geometry.instanceCount = this.crowd.count;
      mesh.visible = this.crowd.count > 0;
    }
  }

  dispose() {
    for (const mesh of this.meshes) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
  }
}

/** A beast on four legs, lower and longer than a figure, facing +z. */
function beastGeometry(coarse) {
  const around = coarse ? 6 : 9;
  const ball = (x, y, z, at, color) => tinted(new THREE.SphereGeometry(1, around, around - 2).scale(x, y, z).translate(...at), color, false);
  const legs = [-0.14, 0.14].flatMap((x) => [-0.22, 0.2].map((z) => tinted(new THREE.BoxGeometry(0.09, 0.26, 0.09).translate(x, 0.13, z), "#8d8d8d")));
  const ears = [-0.1, 0.1].map((x) => tinted(new THREE.ConeGeometry(0.06, 0.17, 4).translate(x, 0.75, 0.36), "#d9d9d9"));
  const eyes = [-0.07, 0.07].map((x) => tinted(new THREE.PlaneGeometry(0.05, 0.06).translate(x, 0.6, 0.56), "#fff6dd"));
  return mergeGeometries([
    ball(0.23, 0.2, 0.36, [0, 0.4, -0.02], "#ffffff"),
    ball(0.17, 0.16, 0.18, [0, 0.56, 0.38], "#f4f4f4"),
    ball(0.06, 0.06, 0.16, [0, 0.5, -0.44], "#c9c9c9"),
    ...legs,
    ...ears,
    ...eyes,
  ]);
}

/** A hooded figure about one tile tall, facing +z; a coarse one has half the triangles. */
export function figureGeometry(coarse = false) {
  const [around, up] = coarse ? [5, 4] : [8, 6];
  const turned = (color, ...points) => {
    const profile = points.map(([x, y]) => new THREE.Vector2(x, y));
    return tinted(new THREE.LatheGeometry(profile, around), color, false);
  };
  const hood = new THREE.SphereGeometry(0.19, around + 1, up).translate(0, 0.8, 0);
  const face = new THREE.SphereGeometry(0.14, around - 1, up - 2).scale(1, 1, 0.5).translate(0, 0.785, 0.125);
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
