import * as THREE from "three";
import { attacksOf } from "../data/world.js";
import { READ_CROWD, perRow } from "./crowd.js";

const STYLES = ["#ffd9a0", "#c8ff7a", "#c79bff", "#8fd6ff", "#ff9fb6", "#fff27a"];
const MAX_NUMBERS = 24;
const NUMBERS_WITHIN = 46; // tiles from the camera
const HELD = 0.62; // where attacks hang in the air while time stands still

/** Attacks as they fly from attacker to target, and what they cost the target. */
export class Attacks {
  constructor(world, crowd, labels) {
    this.world = world;
    this.labels = labels;
    const geometry = perRow(new THREE.OctahedronGeometry(0.5, 0));
    this.pairs = new THREE.InstancedBufferAttribute(new Float32Array(4 * world.capacity), 4);
    geometry.setAttribute("pair", this.pairs);
    this.flight = { value: 0 };
    const colors = STYLES.map((color) => new THREE.Color(color));
    const material = new THREE.ShaderMaterial({
      uniforms: { ...crowd.uniforms, flight: this.flight, styles: { value: colors } },
      transparent: true,
      vertexShader: `${READ_CROWD}
        attribute vec4 pair; uniform float flight; uniform vec3 styles[${STYLES.length}]; varying vec3 vTint;
        void main() {
          vec3 start = placeOf(int(pair.x)), end = placeOf(int(pair.y));
          vec3 along = end - start;
          float far = length(along), arc = pair.z < 0.5 ? 0.0 : pair.z < 1.5 ? 0.18 : 0.3;
          vec3 at = mix(start, end, 0.12 + 0.88 * flight);
          at.y += 0.62 + arc * far * sin(3.1416 * flight) + (far < 0.05 ? 0.4 : 0.0);
          vec3 forward = far < 0.05 ? vec3(0.0, 0.0, 1.0) : along / far;
          vec3 side = normalize(cross(forward, vec3(0.0, 1.0, 0.001)));
          // a slash is broad and short, an arrow long and thin, a spell round
          vec3 size = pair.z < 0.5 ? vec3(0.5, 0.1, 0.3) : pair.z < 1.5 ? vec3(0.09, 0.09, 0.75) : vec3(0.34);
          at += side * position.x * size.x + vec3(0.0, position.y * size.y, 0.0) + forward * position.z * size.z;
          vTint = pair.w > 0.0 ? styles[int(mod(pair.z, ${STYLES.length}.0))] : vec3(0.27, 0.31, 0.36);
          gl_Position = projectionMatrix * viewMatrix * vec4(at, 1.0);
        }`,
      fragmentShader: `varying vec3 vTint;
        void main() {
          gl_FragColor = vec4(vTint, 0.95);
          #include <colorspace_fragment>
        }`,
    });
    this.mesh = new THREE.Mesh(geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.visible = false;
    this.flying = [];
  }

  show(frame, agents, now, duration) {
    const { rowOf } = agents;
    this.flying = attacksOf(this.world, frame).filter(({ from, to }) => rowOf[from] >= 0 && rowOf[to] >= 0);
    this.still = !duration;
    this.started = now;
    this.duration = Math.max(duration, 180);
    this.numbered = false;
    this.flying.forEach(({ from, to, style, damage }, i) => {
      const hit = damage > 0 || from >= this.world.players; // what others cost is not told
      this.pairs.array.set([rowOf[from], rowOf[to], style, hit ? 1 : 0], 4 * i);
    });
    this.mesh.geometry.instanceCount = this.flying.length;
    if (!this.flying.length) return;
    this.pairs.clearUpdateRanges();
    this.pairs.addUpdateRange(0, 4 * this.flying.length);
    this.pairs.needsUpdate = true;
  }

  update(now, agents, stage) {
    let share = this.still ? 1 : Math.min(1, (now - this.started) / this.duration);
    if (share === 1 && this.hold) share = HELD;
    this.flight.value = share;
    this.mesh.visible = share < 1 && this.flying.length > 0;
    if (!this.numbered && share > 0.65 && !this.still) {
      this.numbered = true;
      this.showNumbers(agents, stage);
    }
  }

  showNumbers(agents, stage) {
    const point = new THREE.Vector3();
    for (const { to, damage } of this.flying.filter((a) => a.damage > 0).slice(0, MAX_NUMBERS)) {
      point.copy(agents.at[to]);
      point.y += 1.5;
      if (point.distanceTo(stage.camera.position) > NUMBERS_WITHIN) continue;
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
    this.labels.replaceChildren();
  }
}
