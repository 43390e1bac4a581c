// Populations are told apart by colour, by shape and by number, everywhere the same.
import { groupName, numberOf } from "../data/world.js";
import { el } from "./dom.js";

const CELL = 64;
const SPACE = "http://www.w3.org/2000/svg";

/** Corners of the eight shapes within a square of side 2 around 0, clockwise from the top. */
const polygon = (corners, turn = 0, radius = 1) =>
  Array.from({ length: corners }, (_, i) => {
    const angle = ((i / corners) * 2 + turn) * Math.PI;
    return [radius * Math.sin(angle), -radius * Math.cos(angle)];
  });
const star = Array.from({ length: 10 }, (_, i) => {
  const angle = (i / 5) * Math.PI;
  const radius = i % 2 ? 0.62 : 1.06;
  return [radius * Math.sin(angle), -radius * Math.cos(angle)];
});
const cross = [[-0.4, -0.98], [0.4, -0.98], [0.4, -0.4], [0.98, -0.4], [0.98, 0.4], [0.4, 0.4], [0.4, 0.98], [-0.4, 0.98], [-0.4, 0.4], [-0.98, 0.4], [-0.98, -0.4], [-0.4, -0.4]];
const SHAPES = [
  polygon(24, 0, 0.96),
  polygon(4, 0.25, 1.22),
  polygon(3, 0, 1.16).map(([x, y]) => [x, y + 0.2]),
  polygon(4, 0, 1.08),
  star,
  polygon(6, 0, 1.04),
  cross,
  polygon(3, 1, 1.16).map(([x, y]) => [x, y - 0.2]),
];
export const SHAPE_NAMES = ["circle", "square", "triangle", "diamond", "star", "hexagon", "cross", "downward triangle"];

/** The corners of a population's shape. */
export const shapeOf = (population) => SHAPES[population % SHAPES.length];

/** Whether dark writing reads better than light writing on a colour. */
export function isLight(color) {
  const [r, g, b] = [1, 3, 5].map((i) => (parseInt(color.slice(i, i + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.3;
}

/** What is written on a badge: a population's number, or the first letter of a kind of others. */
const letterOf = (world, group) => (group < world.populations || !world.others ? String(group) : groupName(world, group)[0].toUpperCase());

/** A picture with the badge of every population, for the scene. */
export function badgeAtlas(world) {
  const count = Math.min(world.palette.populations.length, 256);
  const columns = Math.min(16, Math.max(1, 2 ** Math.ceil(Math.log2(Math.sqrt(count)))));
  const rows = Math.ceil(count / columns);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns * CELL, rows * CELL];
  const draw = canvas.getContext("2d");
  for (let i = 0; i < count; i++) {
    const [x, y] = [(i % columns) * CELL, Math.floor(i / columns) * CELL];
    drawBadge(draw, x + CELL / 2, y + CELL / 2, CELL / 2 - 8, world.palette.populations[i], i, true, letterOf(world, i));
  }
  return { canvas, columns, rows, count };
}

/** Draws a badge around a point; the number only where it can be read. */
export function drawBadge(draw, x, y, radius, color, population, numbered = radius > 5.5, text = String(population)) {
  draw.beginPath();
  for (const [dx, dy] of shapeOf(population)) draw.lineTo(x + radius * dx, y + radius * dy);
  draw.closePath();
  draw.lineJoin = "round";
  draw.lineWidth = Math.max(1.5, radius * 0.26);
  draw.strokeStyle = isLight(color) ? "#10151b" : "#f4f1e6";
  draw.stroke();
  draw.fillStyle = color;
  draw.fill();
  if (!numbered) return;
  draw.fillStyle = isLight(color) ? "#10151b" : "#ffffff";
  draw.font = `700 ${Math.round(radius * (population > 9 ? 0.9 : 1.15))}px system-ui, sans-serif`;
  draw.textAlign = "center";
  draw.textBaseline = "middle";
  const shift = { 2: 0.2, 7: -0.16 }[population % SHAPES.length] ?? 0.05;
  draw.fillText(text, x, y + radius * shift);
}

/** The badge as an element of the page. */
export function badge(world, population, size = 15) {
  const color = world.palette.populations[population] ?? "#888888";
  const svg = document.createElementNS(SPACE, "svg");
  const set = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  set(svg, { viewBox: "-1.35 -1.35 2.7 2.7", width: size, height: size, "aria-hidden": "true", class: "badge" });
  const points = shapeOf(population).map((point) => point.map((n) => n.toFixed(2)).join(","));
  svg.append(
    set(document.createElementNS(SPACE, "polygon"), {
      points: points.join(" "),
      fill: color,
      stroke: isLight(color) ? "#10151b" : "#f4f1e6",
      "stroke-width": 0.22,
      "stroke-linejoin": "round",
    }),
  );
  if (size >= 15) {
    const text = set(document.createElementNS(SPACE, "text"), {
      y: { 2: 0.62, 7: 0.22 }[population % SHAPES.length] ?? 0.44,
      "text-anchor": "middle",
      "font-size": population > 9 ? 1 : 1.25,
      "font-weight": 700,
      fill: isLight(color) ? "#10151b" : "#ffffff",
    });
    text.textContent = letterOf(world, population);
    svg.append(text);
  }
  return svg;
}

/** An agent's name: its population's badge and its number; a click selects it. */
export function agentName(world, { id, population }, select) {
  const of = el("span.unseen", `, ${groupName(world, population)}`);
  const button = el("button.name", badge(world, population, 17), numberOf(id), of);
  button.onclick = (event) => {
    event.stopPropagation();
    select(id);
  };
  return button;
}
