import { materialAt } from "../data/world.js";
import { SMALL, context } from "./dom.js";

/** The whole map from above; a click moves the camera there. */
export class Minimap {
  constructor(canvas, goto) {
    this.canvas = canvas;
    this.image = null;
    canvas.onpointerdown = (event) => {
      const box = canvas.getBoundingClientRect();
      goto((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
  }

  show(world, frame, selected, camera) {
    const draw = context(this.canvas);
    if (!draw) return;
    if (this.world !== world || this.painted !== frame) this.paintGround(world, frame);
    draw.imageSmoothingEnabled = false;
    draw.drawImage(this.image, 0, 0, draw.w, draw.h);
    const [scaleX, scaleY] = [draw.w / world.width, draw.h / world.height];
    const [alive, row, col] = ["alive", "row", "col"].map((name) => frame.body(name));
    const population = frame.groups;
    const size = Math.max(2.6, scaleX * 1.2);
    alive.forEach((living, slot) => {
      if (!living) return;
      const [x, y] = [(col[slot] + 0.5) * scaleX, (row[slot] + 0.5) * scaleY];
      draw.fillStyle = "#000a";
      draw.fillRect(x - size / 2 - 0.8, y - size / 2 - 0.8, size + 1.6, size + 1.6);
      draw.fillStyle = world.palette.populations[population[slot]];
      draw.fillRect(x - size / 2, y - size / 2, size, size);
      if (slot !== selected) return;
      draw.strokeStyle = "#fff";
      draw.lineWidth = 1.5;
      draw.strokeRect(x - 5, y - 5, 10, 10);
    });
    this.drawCamera(draw, world, camera, scaleX, scaleY);
  }

  /** The ground as one pixel a tile, darker than it is so that agents stand out. */
  paintGround(world, frame) {
    if (this.world !== world) {
      this.world = world;
      this.image = document.createElement("canvas");
      [this.image.width, this.image.height] = [world.width, world.height];
      this.colors = world.materials.map(({ color, deadly }) => {
        const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
        const grey = 0.3 * r + 0.59 * g + 0.11 * b;
        const dim = deadly ? 0.2 : 0.6;
        return [r, g, b].map((channel) => dim * (0.6 * channel + 0.4 * grey));
      });
    }
    this.painted = frame;
    const paint = this.image.getContext("2d", SMALL);
    const pixels = paint.createImageData(world.width, world.height);
    for (let tile = 0; tile < world.width * world.height; tile++) {
      pixels.data.set([...this.colors[materialAt(world, frame, tile)], 255], 4 * tile);
    }
    paint.putImageData(pixels, 0, 0);
  }

  drawCamera(draw, world, corners, scaleX, scaleY) {
    if (!corners) return;
    draw.beginPath();
    corners.forEach(({ x, z }, i) => {
      const at = [(x + world.width / 2) * scaleX, (z + world.height / 2) * scaleY];
      if (i) draw.lineTo(...at);
      else draw.moveTo(...at);
    });
    draw.closePath();
    draw.strokeStyle = "#fffc";
    draw.lineWidth = 1;
    draw.stroke();
  }
}
