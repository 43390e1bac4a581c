import { context, el } from "./dom.js";

/** How many of each population lived, stacked over time, with a legend of the present. */
export class Chart {
  constructor(canvas, legend) {
    this.canvas = canvas;
    this.legend = legend;
  }

  show(world, rows, counts, tick) {
    this.showLegend(world, counts);
    const draw = context(this.canvas);
    if (!draw || rows.length < 2) return;
    const first = rows[0].tick;
    const last = Math.max(rows.at(-1).tick, first + 1);
    const most = Math.max(4, ...rows.map((row) => row.counts.reduce((a, b) => a + b, 0)));
    const x = (at) => ((at - first) / (last - first)) * draw.w;
    const y = (value) => draw.h - (value / most) * (draw.h - 14);
    const base = new Float32Array(rows.length);
    for (let population = 0; population < world.populations; population++) {
      draw.beginPath();
      rows.forEach((row, i) => draw.lineTo(x(row.tick), y(base[i] + row.counts[population])));
      for (let i = rows.length - 1; i >= 0; i--) draw.lineTo(x(rows[i].tick), y(base[i]));
      draw.closePath();
      draw.fillStyle = world.palette.populations[population];
      draw.globalAlpha = 0.9;
      draw.fill();
      rows.forEach((row, i) => (base[i] += row.counts[population]));
    }
    draw.globalAlpha = 1;
    draw.fillStyle = "#aeb7c2";
    draw.font = "10px system-ui, sans-serif";
    draw.fillText(String(most), 2, 10);
    draw.fillStyle = "#fff";
    if (tick >= first && tick < last) draw.fillRect(x(tick) - 0.5, 0, 1, draw.h);
  }

  showLegend(world, counts) {
    const order = counts.map((_, i) => i).sort((a, b) => counts[b] - counts[a] || a - b);
    this.legend.replaceChildren(
      ...order.slice(0, 16).map((population) => {
        const dot = el("i.dot");
        dot.style.background = world.palette.populations[population];
        const item = el("li", dot, el("span", String(counts[population])));
        item.title = `population ${population}`;
        return item;
      }),
    );
  }
}
