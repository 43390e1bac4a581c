import { badge } from "./badges.js";
import { context, el, ink } from "./dom.js";

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
    stacked(draw, rows.map(({ tick: at, counts: values }) => ({ x: at, values })), world.palette.populations, { now: tick });
  }

  showLegend(world, counts) {
    const key = counts.join();
    if (this.key === key && this.world === world) return;
    [this.key, this.world] = [key, world];
    const order = counts.map((_, i) => i).sort((a, b) => counts[b] - counts[a] || a - b);
    this.legend.replaceChildren(
      ...order.slice(0, 16).map((population) => {
        const item = el("li", badge(world, population, 17), el("span", String(counts[population])));
        item.title = `population ${population}: ${counts[population]} alive`;
        item.ariaLabel = item.title;
        return item;
      }),
    );
    const total = counts.reduce((a, b) => a + b, 0);
    this.canvas.ariaLabel = `How many of each population lived: ${total} now, ${counts.length} populations`;
  }
}

const PAD = 14;

/** Areas stacked on each other: rows of {x, values}. */
export function stacked(draw, rows, colors, { now = null, most = null, last = null } = {}) {
  const first = rows[0].x;
  const end = Math.max(last ?? rows.at(-1).x, first + 1);
  const top = most ?? Math.max(4, ...rows.map(({ values }) => values.reduce((a, b) => a + b, 0)));
  const x = (at) => ((at - first) / (end - first)) * draw.w;
  const y = (value) => draw.h - (value / top) * (draw.h - PAD);
  const base = new Float64Array(rows.length);
  for (let layer = 0; layer < rows[0].values.length; layer++) {
    draw.beginPath();
    rows.forEach((row, i) => draw.lineTo(x(row.x), y(base[i] + row.values[layer])));
    for (let i = rows.length - 1; i >= 0; i--) draw.lineTo(x(rows[i].x), y(base[i]));
    draw.closePath();
    draw.fillStyle = colors[layer];
    draw.fill();
    draw.strokeStyle = ink("panel-solid");
    draw.lineWidth = 0.75;
    draw.stroke();
    rows.forEach((row, i) => (base[i] += row.values[layer]));
  }
  label(draw, String(Math.round(top)), 2, 10);
  if (now !== null && now >= first && now < end) {
    draw.fillStyle = ink("text");
    draw.fillRect(x(now) - 0.5, 0, 1, draw.h);
  }
}

/** Curves: series of {values: [[x, y], ...], color, dash}. */
export function curves(draw, series, { low = 0, high = null, from, to }) {
  const all = series.flatMap(({ values }) => values.map(([, value]) => value));
  const top = high ?? Math.max(1e-9, ...all);
  const x = (at) => ((at - from) / Math.max(1, to - from)) * draw.w;
  const y = (value) => draw.h - 2 - ((value - low) / (top - low || 1)) * (draw.h - PAD - 2);
  for (const { values, color, dash = [] } of series) {
    draw.beginPath();
    draw.setLineDash(dash);
    for (const [at, value] of values) draw.lineTo(x(at), y(value));
    draw.strokeStyle = ink("marks"); // around it, so that no colour is lost on any ground
    draw.lineWidth = 2.75;
    draw.stroke();
    draw.strokeStyle = color;
    draw.lineWidth = 1.75;
    draw.stroke();
  }
  draw.setLineDash([]);
  label(draw, top >= 10 ? String(Math.round(top)) : top.toPrecision(2), 2, 10);
}

/** Bars side by side: values by place, in groups of colours. */
export function columns(draw, groups, colors, { most = null } = {}) {
  const top = most ?? Math.max(1, ...groups.flat());
  const wide = draw.w / groups.length;
  groups.forEach((values, i) => {
    const own = (wide - Math.min(4, wide * 0.2)) / values.length;
    values.forEach((value, j) => {
      const high = (value / top) * (draw.h - PAD);
      draw.fillStyle = colors[j % colors.length];
      draw.fillRect(i * wide + j * own, draw.h - high, Math.max(1, own - 0.5), high);
    });
  });
  label(draw, String(Math.round(top)), 2, 10);
}

export function label(draw, text, x, y, align = "left") {
  draw.fillStyle = ink("soft");
  draw.font = "11px system-ui, sans-serif";
  draw.textAlign = align;
  draw.textBaseline = "alphabetic";
  draw.fillText(text, x, y);
}
