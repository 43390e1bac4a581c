import * as THREE from "three";
import { READ_CROWD, perRow } from "./crowd.js";

/** Lines from agent to agent that follow them as they walk: attention, and who attacks whom. */
export class Beams {
  constructor(crowd, most) {
    const geometry = perRow(new THREE.BoxGeometry(1, 1, 1).translate(0, 0, 0.5));
    this.pairs = new THREE.InstancedBufferAttribute(new Float32Array(4 * most), 4);
    this.tints = new THREE.InstancedBufferAttribute(new Float32Array(3 * most), 3);
    geometry.setAttribute("pair", this.pairs);
    geometry.setAttribute("tint", this.tints);
    const material = new THREE.ShaderMaterial({
      uniforms: crowd.uniforms,
      transparent: true,
      depthTest: false,
      vertexShader: `${READ_CROWD}
        attribute vec4 pair; attribute vec3 tint; varying vec3 vTint; varying float vAlong;
        void main() {
          vec3 start = placeOf(int(pair.x)) + vec3(0.0, 0.7, 0.0), end = placeOf(int(pair.y)) + vec3(0.0, 0.7, 0.0);
          vec3 along = end - start;
          float far = max(length(along), 0.001);
          vec3 forward = along / far;
          vec3 side = normalize(cross(forward, vec3(0.0, 1.0, 0.001)));
          vec3 up = cross(side, forward);
          float away = -(viewMatrix * vec4(mix(start, end, 0.5), 1.0)).z;
          float wide = max(pair.z, 1.6 * pixel * away) * mix(1.0, pair.w, position.z);
          vec3 bow = vec3(0.0, 0.05 * far * sin(3.1416 * position.z), 0.0);
          vec3 at = start + along * position.z + (side * position.x + up * position.y) * wide + bow;
          vTint = tint; vAlong = position.z;
          gl_Position = projectionMatrix * viewMatrix * vec4(at, 1.0);
        }`,
      fragmentShader: `varying vec3 vTint; varying float vAlong;
        void main() {
          gl_FragColor = vec4(vTint, 0.92);
          #include <colorspace_fragment>
        }`,
    });
    this.most = most;
    this.mesh = new THREE.Mesh(geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 6;
    this.mesh.visible = false;
  }

  /** Shows beams: [{from, to, width, taper, color}], rows of the crowd, widths in tiles. */
  show(beams) {
    const shown = beams.filter(({ from, to }) => from >= 0 && to >= 0).slice(0, this.most);
    shown.forEach(({ from, to, width, taper = 1, color }, i) => {
      this.pairs.array.set([from, to, width, taper], 4 * i);
      this.tints.array.set([color.r, color.g, color.b], 3 * i);
    });
    this.mesh.visible = shown.length > 0;
    this.mesh.geometry.instanceCount = shown.length;
    if (!shown.length) return;
    for (const [attribute, size] of [[this.pairs, 4], [this.tints, 3]]) {
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, size * shown.length);
      attribute.needsUpdate = true;
    }
  }

  dispose() {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}
