import * as THREE from "three";

/** Marks the selected agent, and the window of tiles that it sees. */
export class Selection {
  constructor(world) {
    this.world = world;
    this.slot = -1;
    const side = 2 * world.config.vision + 1;
    const corners = [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ].map(([x, z]) => new THREE.Vector3((x * side) / 2, 0.08, (z * side) / 2));
    const line = { color: "#fff3d0", transparent: true, opacity: 0.75, depthTest: false };
    this.window = new THREE.LineLoop(
      new THREE.BufferGeometry().setFromPoints(corners),
      new THREE.LineBasicMaterial(line),
    );
    const ring = { color: "#ffffff", transparent: true, opacity: 0.95, depthWrite: false };
    this.ring = new THREE.Mesh(
      new THREE.RingGeometry(0.5, 0.6, 36).rotateX(-Math.PI / 2),
      new THREE.MeshBasicMaterial(ring),
    );
    this.group = new THREE.Group();
    this.group.add(this.window, this.ring);
    this.group.visible = false;
  }

  update(now, agents) {
    const shown = this.slot >= 0 && agents.slots.includes(this.slot);
    this.group.visible = shown;
    if (!shown) return;
    const at = agents.at[this.slot];
    this.ring.position.copy(at).setY(at.y + 0.05);
    this.ring.scale.setScalar(1 + 0.08 * Math.sin(now / 220));
    const snap = (value, size) => Math.floor(value + size / 2) + 0.5 - size / 2;
    this.window.position.set(snap(at.x, this.world.width), 0, snap(at.z, this.world.height));
  }

  dispose() {
    for (const mesh of [this.window, this.ring]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
  }
}
