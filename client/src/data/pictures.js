/** Colour ramps, and the pictures that overlays make of what was tallied. */

export const OVERLAYS = ["none", "explored", "value", "attention", "density", "trails", "attacks"];
export const HEAT = ["#1b1035", "#5a1d6b", "#b5345a", "#f0703a", "#ffd35c", "#fffbe0"];
export const VALUE = ["#b3382c", "#e89a6a", "#f4ead6", "#7fc0a4", "#1c7a72"];

/** Colours of a ramp at a share between 0 and 1. */
export function ramp(colors, share) {
  const at = Math.max(0, Math.min(1, share)) * (colors.length - 1);
  const low = Math.min(Math.floor(at), colors.length - 2);
  const mix = (from, to) => Math.round(from + (to - from) * (at - low));
  const [a, b] = [colors[low], colors[low + 1]].map((hex) =>
    [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)),
  );
  return a.map((channel, i) => mix(channel, b[i]));
}

/** RGBA bytes of the exploration overlay: brighter where more agent-ticks were spent. */
export function exploredPixels(visits) {
  const pixels = new Uint8Array(visits.length * 4);
  const most = Math.log1p(visits.reduce((a, b) => Math.max(a, b), 0)) || 1;
  visits.forEach((count, tile) => {
    const share = Math.log1p(count) / most;
    pixels.set([...ramp(HEAT, share), count ? 120 + 115 * share : 105], 4 * tile);
  });
  return pixels;
}

const SPREAD = 4; // tiles that an agent's density reaches

/** RGBA bytes of the density overlay: how crowded it is around each tile, of one population or all. */
export function densityPixels(world, frame, population = null) {
  const { height, width } = world;
  const density = new Float32Array(height * width);
  const [alive, row, col] = ["alive", "row", "col"].map((name) => frame.body(name));
  const of = frame.groups;
  alive.forEach((living, slot) => {
    if (!living || (population !== null && of[slot] !== population)) return;
    for (let r = Math.max(0, row[slot] - SPREAD); r <= Math.min(height - 1, row[slot] + SPREAD); r++) {
      for (let c = Math.max(0, col[slot] - SPREAD); c <= Math.min(width - 1, col[slot] + SPREAD); c++) {
        const away = (r - row[slot]) ** 2 + (c - col[slot]) ** 2;
        density[r * width + c] += Math.exp(-away / (SPREAD * 1.3));
      }
    }
  });
  const most = density.reduce((a, b) => Math.max(a, b), 0) || 1;
  const pixels = new Uint8Array(density.length * 4);
  density.forEach((value, tile) => {
    const share = value / most;
    pixels.set([...ramp(HEAT, share), 70 + 170 * Math.sqrt(share)], 4 * tile);
  });
  return pixels;
}

/** RGBA bytes of the value overlay: the mean estimate on each tile, within the range seen. */
export function valuePixels(tally) {
  const pixels = new Uint8Array(tally.visits.length * 4);
  let [low, high] = [Infinity, -Infinity];
  const mean = (tile) => tally.valueSum[tile] / tally.valueCount[tile];
  tally.valueCount.forEach((count, tile) => {
    if (!count) return;
    low = Math.min(low, mean(tile));
    high = Math.max(high, mean(tile));
  });
  tally.valueCount.forEach((count, tile) => {
    const share = count ? (mean(tile) - low) / (high - low || 1) : 0;
    pixels.set(count ? [...ramp(VALUE, share), 225] : [10, 14, 20, 120], 4 * tile);
  });
  return { pixels, low, high };
}
