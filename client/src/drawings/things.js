import * as THREE from "three";
import { otherTables, present } from "../data/world.js";

const COLORS = ["#ffe08a", "#8fe0ff", "#ff9fd0", "#b8f08a"];

/** Tables of a game whose rows have a row and a column of the map: a gem where each of them lies. */
const placed = (world) =>
  otherTables(world).filter(([, { columns }]) => columns.row && columns.col);

class Things {
  constructor(world, view) {
    this.world = world;
    this.view = view;
    this.group = new THREE.Group();
    this.meshes = placed(world).map(([path, { rows }], i) => {
      const material = new THREE.MeshBasicMaterial({ color: COLORS[i % COLORS.length] });
      const mesh = new THREE.InstancedMesh(new THREE.OctahedronGeometry(0.2, 0), material, rows);
      mesh.frustumCulled = false;
      this.group.add(mesh);
      return { path, rows, mesh };
    });
  }

  show(frame) {
    const { height, width } = this.world;
    const place = new THREE.Matrix4();
    for (const { path, rows, mesh } of this.meshes) {
      const [row, col] = [frame.get(`${path}.row`), frame.get(`${path}.col`)];
      mesh.count = 0;
      for (let i = 0; i < rows; i++) {
        const outside = row[i] < 0 || col[i] < 0 || row[i] >= height || col[i] >= width;
        if (outside || !present(frame, path, i)) continue;
        const y = Math.max(0, this.view.terrain.heightOf(row[i], col[i])) + 0.35;
        place.setPosition(col[i] + 0.5 - width / 2, y, row[i] + 0.5 - height / 2);
        mesh.setMatrixAt(mesh.count++, place);
      }
      mesh.instanceMatrix.needsUpdate = true;
    }
  }

  dispose() {
    for (const { mesh } of this.meshes) {
      mesh.geometry.dispose();
      mesh.material.dispose();
      mesh.dispose();
    }
  }
}

export default {
  name: "things",
  suits: (world) => placed(world).length > 0,
  make: (world, view) => new Things(world, view),
};
