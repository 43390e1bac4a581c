import * as THREE from "three";
import { HEAT, densityPixels, exploredPixels, ramp, valuePixels } from "../data/pictures.js";
import { visibleAgents } from "../data/world.js";
import { Beams } from "./beams.js";
import { TRAIL, Trails } from "./trails.js";

const PAST = 50; // ticks that the attacks overlay looks back

function valueCaption(low, high) {
  if (!Number.isFinite(low)) return "No value estimates: they were not recorded.";
  if (low === high) return `Every value estimate is ${low.toFixed(2)}: scripts make none.`;
  return `Mean value estimate by tile: red ${low.toFixed(2)} to green ${high.toFixed(2)}.`;
}

/** Paints the map: who was and is where, what it is worth, who attends to and who attacks whom. */
export class Overlays {
  constructor(world, crowd) {
    this.world = world;
    this.mode = "none";
    this.population = null; // of which explored, density, trails and attacks tell; null for all
    const { height, width } = world;
    this.pixels = new Uint8Array(height * width * 4);
    this.texture = new THREE.DataTexture(this.pixels, width, height);
    this.texture.colorSpace = THREE.SRGBColorSpace;
    const plane = new THREE.PlaneGeometry(width, height).rotateX(-Math.PI / 2);
    for (let i = 0; i < 4; i++) plane.attributes.uv.setY(i, 1 - plane.attributes.uv.getY(i));
    const material = new THREE.MeshBasicMaterial({ map: this.texture, transparent: true, depthWrite: false });
    this.plane = new THREE.Mesh(plane, material);
    this.plane.position.y = 0.06;
    this.plane.renderOrder = 1;
    this.plane.visible = false;
    this.beams = new Beams(crowd, 2048);
    this.trails = new Trails(world);
    this.colors = world.palette.populations.map((color) => new THREE.Color(color));
    this.group = new THREE.Group();
    this.group.add(this.plane, this.beams.mesh, this.trails.mesh);
  }

  /** Redraws for a frame; the caption says what the colours mean, or what is absent. */
  show({ frame, source, slot, agents }) {
    this.plane.visible = false;
    if (this.mode !== "trails") this.trails.hide();
    if (!["attention", "attacks"].includes(this.mode)) this.beams.show([]);
    const draw = {
      explored: () => this.explored(source.tally),
      value: () => this.value(source.tally),
      attention: () => this.attention(frame, slot, agents),
      density: () => this.density(frame),
      trails: () => this.past(source.story, frame, slot),
      attacks: () => this.attacks(source.story, frame, agents),
    };
    return draw[this.mode]?.() ?? "";
  }

  whose() {
    return this.population === null ? "" : ` of population ${this.population}`;
  }

  paint(pixels) {
    this.pixels.set(pixels);
    this.texture.needsUpdate = true;
    this.plane.visible = true;
  }

  explored(tally) {
    const visits = this.population === null ? tally.visits : tally.visitsOf(this.population);
    this.paint(exploredPixels(visits));
    const share = visits.reduce((sum, count) => sum + (count > 0), 0) / visits.length;
    return `Agent-ticks${this.whose()} spent on each tile over ${tally.ticks} ticks seen; brighter is more. ${(100 * share).toFixed(1)}% of the map.`;
  }

  value(tally) {
    const { pixels, low, high } = valuePixels(tally);
    if (Number.isFinite(low)) this.paint(pixels);
    return valueCaption(low, high);
  }

  density(frame) {
    this.paint(densityPixels(this.world, frame, this.population));
    return `Where agents${this.whose()} crowd now; brighter is denser.`;
  }

  past(story, frame, slot) {
    const chosen = slot >= 0 ? frame.body("id")[slot] : null;
    const lines = this.trails.show(story, frame.tick, chosen, this.population);
    if (!lines) return `Nobody${this.whose()} moved in the last ${TRAIL} ticks seen.`;
    return `Steps${this.whose()} over the last ${TRAIL} ticks${chosen === null ? "" : ", and further back for the selected agent"}.`;
  }

  attention(frame, slot, agents) {
    this.beams.show([]);
    const field = this.world.header.names.get("policy.attention");
    if (!field) return "No attention: it was not recorded, or the policy has none.";
    if (slot < 0) return "Select an agent to see what it attends to.";
    const weights = frame.get(field.name);
    const size = field.size / field.shape[0];
    const { rows } = visibleAgents(this.world, frame, slot);
    const shares = rows.map((_, i) => (i < size ? weights[slot * size + i] / 255 : 0));
    const most = Math.max(...shares.slice(1), 0.01);
    const beams = rows.flatMap((other, i) => {
      if (!i || shares[i] <= 0.01) return [];
      const [r, g, b] = ramp(HEAT.slice(2), shares[i] / most);
      const color = new THREE.Color(`rgb(${r},${g},${b})`);
      return [{ from: agents.rowOf[slot], to: agents.rowOf[other], width: 0.04 + 0.12 * (shares[i] / most), color }];
    });
    this.beams.show(beams);
    return `Lines show attention to others; ${Math.round(100 * shares[0])}% stays with itself.`;
  }

  /** Attacks of the last ticks between those who still live, broad at the attacker. */
  attacks(story, frame, agents) {
    const slots = new Map();
    for (const slot of agents.slots) slots.set(frame.body("id")[slot], slot);
    const pairs = new Map();
    let all = 0;
    for (const row of story.upTo(frame.tick, PAST)) {
      for (const attack of row.attacks) {
        if (this.population !== null && attack.by !== this.population) continue;
        all++;
        const key = `${attack.from} ${attack.to}`;
        if (!pairs.has(key)) pairs.set(key, { ...attack, count: 0 });
        pairs.get(key).count++;
      }
    }
    const beams = [...pairs.values()].map(({ from, to, by, count }) => ({
      from: agents.rowOf[slots.get(from)] ?? -1,
      to: agents.rowOf[slots.get(to)] ?? -1,
      width: Math.min(0.4, 0.08 + 0.05 * Math.sqrt(count)),
      taper: 0.15,
      color: this.colors[by],
    }));
    this.beams.show(beams);
    if (!all) return `Nobody${this.whose()} attacked in the last ${PAST} ticks seen.`;
    return `${all} attacks${this.whose()} in the last ${PAST} ticks: lines run from attackers, broad, to the attacked who still live.`;
  }

  dispose() {
    this.texture.dispose();
    this.beams.dispose();
    this.trails.dispose();
    this.plane.geometry.dispose();
    this.plane.material.dispose();
  }
}
