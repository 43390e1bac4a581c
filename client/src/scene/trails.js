import * as THREE from "three";

/** Ticks that a trail goes back. */
export const TRAIL = 30;
const LIFE = 400; // ticks back for the selected agent
const MAX_LINES = 24_000;

/** Where agents walked over the last ticks, as lines on the ground that fade into the past. */
export class Trails {
  constructor(world) {
    this.world = world;
    this.colors = world.palette.populations.map((color) => new THREE.Color(color));
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(new Float32Array(6 * MAX_LINES), 3));
    geometry.setAttribute("color", new THREE.BufferAttribute(new Float32Array(8 * MAX_LINES), 4));
    geometry.setDrawRange(0, 0);
    const material = new THREE.LineBasicMaterial({ vertexColors: true, transparent: true, depthWrite: false });
    this.mesh = new THREE.LineSegments(geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 2;
    this.mesh.visible = false;
  }

  /** Draws trails up to a tick, a long one for the chosen agent; how many lines there are. */
  show(story, tick, chosen, population) {
    const rows = story.upTo(tick, LIFE);
    let lines = 0;
    for (let i = rows.length - 1; i > 0 && lines < MAX_LINES; i--) {
      const [after, before] = [rows[i], rows[i - 1]];
      const age = rows.length - 1 - i;
      if (after.tick !== before.tick + 1) continue;
      if (age >= TRAIL && chosen === null) break;
      const tiles = new Map();
      before.agents.ids.forEach((id, at) => tiles.set(id, before.agents.tiles[at]));
      after.agents.ids.forEach((id, at) => {
        const own = id === chosen;
        if ((age >= TRAIL && !own) || lines >= MAX_LINES) return;
        if (population !== null && !own && after.agents.populations[at] !== population) return;
        const from = tiles.get(id);
        if (from === undefined || from === after.agents.tiles[at]) return;
        const strength = own ? 1 - 0.8 * (age / LIFE) : 0.85 * (1 - age / TRAIL);
        this.line(lines++, from, after.agents.tiles[at], this.colors[after.agents.populations[at]], strength);
      });
    }
    const { position, color } = this.mesh.geometry.attributes;
    for (const [attribute, size] of [[position, 6], [color, 8]]) {
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, size * lines);
      attribute.needsUpdate = true;
    }
    this.mesh.geometry.setDrawRange(0, 2 * lines);
    this.mesh.visible = lines > 0;
    return lines;
  }

  line(i, from, to, color, strength) {
    const { position, color: colors } = this.mesh.geometry.attributes;
    const { width, height } = this.world;
    [from, to].forEach((tile, end) => {
      const x = (tile % width) + 0.5 - width / 2;
      const z = Math.floor(tile / width) + 0.5 - height / 2;
      position.array.set([x, 0.1, z], 6 * i + 3 * end);
      colors.array.set([color.r, color.g, color.b, strength], 8 * i + 4 * end);
    });
  }

  hide() {
    this.mesh.visible = false;
  }

  dispose() {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}
