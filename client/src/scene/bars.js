import * as THREE from "three";

const CORNERS = [-0.5, -0.5, 0, 0.5, -0.5, 0, 0.5, 0.5, 0, -0.5, 0.5, 0];

/** Health, food and water over every head: four corners an agent, the bars drawn by the shader. */
export class Bars {
  constructor(world) {
    const { capacity } = world;
    const geometry = new THREE.BufferGeometry();
    const corners = new Float32Array(12 * capacity);
    const faces = new Uint32Array(6 * capacity);
    for (let i = 0; i < capacity; i++) {
      corners.set(CORNERS, 12 * i);
      faces.set([0, 1, 2, 0, 2, 3].map((corner) => 4 * i + corner), 6 * i);
    }
    this.places = new THREE.BufferAttribute(new Float32Array(12 * capacity), 3);
    this.levels = new THREE.BufferAttribute(new Float32Array(12 * capacity), 3);
    geometry.setAttribute("position", new THREE.BufferAttribute(corners, 3));
    geometry.setAttribute("place", this.places);
    geometry.setAttribute("levels", this.levels);
    geometry.setIndex(new THREE.BufferAttribute(faces, 1));
    geometry.setDrawRange(0, 0);
    this.mesh = new THREE.Mesh(geometry, barMaterial(world.palette.bars));
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 5;
  }

  show(frame, agents) {
    const read = (name) => frame.get(`players.${name}`);
    const pairs = ["health", "food", "water"].map((name) => [read(name), read(`${name}_max`)]);
    agents.slots.forEach((slot, i) => {
      const shares = pairs.map(([value, most]) => (most[slot] ? Math.min(1, value[slot] / most[slot]) : 0));
      for (let corner = 0; corner < 4; corner++) this.levels.array.set(shares, 12 * i + 3 * corner);
    });
    this.levels.needsUpdate = true;
  }

  update(agents) {
    const { array } = this.places;
    agents.slots.forEach((slot, i) => {
      const { x, y, z } = agents.at[slot];
      for (let at = 12 * i; at < 12 * i + 12; at += 3) {
        array[at] = x;
        array[at + 1] = y;
        array[at + 2] = z;
      }
    });
    this.places.needsUpdate = true;
    this.mesh.geometry.setDrawRange(0, 6 * agents.slots.length);
  }

  dispose() {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}

function barMaterial(colors) {
  const uniforms = {};
  colors.forEach((color, i) => (uniforms[`bar${i}`] = { value: new THREE.Color(color) }));
  return new THREE.ShaderMaterial({
    uniforms,
    transparent: true,
    depthTest: true,
    depthWrite: false,
    vertexShader: `attribute vec3 place, levels; varying vec2 vAt; varying vec3 vLevels;
      void main() {
        vAt = position.xy + 0.5; vLevels = levels;
        vec4 view = viewMatrix * vec4(place + vec3(0.0, 1.42, 0.0), 1.0);
        float size = clamp(-view.z * 0.028, 0.72, 1.35);
        view.xy += position.xy * vec2(size, size * 0.34);
        gl_Position = projectionMatrix * view;
        gl_Position.z -= 0.02 * gl_Position.w * 0.1;
      }`,
    fragmentShader: `uniform vec3 bar0, bar1, bar2; varying vec2 vAt; varying vec3 vLevels;
      void main() {
        float line = (1.0 - vAt.y) * 3.0;
        float level = line < 1.0 ? vLevels.x : line < 2.0 ? vLevels.y : vLevels.z;
        vec3 color = line < 1.0 ? bar0 : line < 2.0 ? bar1 : bar2;
        float gap = fract(line);
        bool edge = gap < 0.12 || gap > 0.88 || vAt.x < 0.03 || vAt.x > 0.97;
        float along = (vAt.x - 0.03) / 0.94;
        if (edge || along > level) gl_FragColor = vec4(0.02, 0.03, 0.04, 0.72);
        else gl_FragColor = vec4(color * (gap < 0.4 ? 1.25 : 1.0), 1.0);
        #include <colorspace_fragment>
      }`,
  });
}
