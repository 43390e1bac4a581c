import * as THREE from "three";
import { fogAt } from "../data/goods.js";

/** The fog that closes in on the centre: dark where it is, denser where it has been for longer. */
class Fog {
  constructor(world, tiles) {
    this.world = world;
    const { height, width } = world;
    this.ground = Uint8Array.from(tiles, (tile) => world.materials[world.kindOf(tile)].shape !== "void");
    this.pixels = new Uint8Array(4 * height * width);
    this.texture = new THREE.DataTexture(this.pixels, width, height);
    const plane = new THREE.PlaneGeometry(width, height).rotateX(-Math.PI / 2);
    for (let i = 0; i < 4; i++) plane.attributes.uv.setY(i, 1 - plane.attributes.uv.getY(i));
    const material = new THREE.MeshBasicMaterial({ map: this.texture, transparent: true, depthWrite: false });
    this.mesh = new THREE.Mesh(plane, material);
    this.mesh.position.y = 0.3;
    this.mesh.renderOrder = 3;
    this.group = new THREE.Group();
    this.group.add(this.mesh);
  }

  show({ tick }) {
    const { height, width, fog } = this.world;
    this.mesh.visible = tick >= fog.onset;
    if (!this.mesh.visible || this.tick === tick) return;
    this.tick = tick;
    for (let tile = 0; tile < height * width; tile++) {
      const deep = fogAt(this.world, tick, Math.floor(tile / width), tile % width);
      const drawn = deep > 0 && this.ground[tile];
      this.pixels.set([92, 74, 122, drawn ? Math.min(165, 100 + 8 * deep) : 0], 4 * tile);
    }
    this.texture.needsUpdate = true;
  }

  dispose() {
    this.texture.dispose();
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}

export default {
  name: "fog",
  suits: (world) => Boolean(world.fog),
  make: (world, view) => new Fog(world, view.terrain.tiles),
};
