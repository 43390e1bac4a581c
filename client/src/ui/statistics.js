import { Player } from "../data/player.js";
import { $, context, el, ink, words } from "./dom.js";
import { columns, curves, label, stacked } from "./chart.js";

const BINS = 40;
const HUES = ["#e8503a", "#4fb0e8", "#e9b64a", "#8fd07f", "#b26bf0", "#35d0ba", "#f477b5", "#b58a5a", "#9aa4ae", "#d0d94a"];

/** Sums of a story over equal spans of ticks, and over all of it. */
export function summarise({ world, story }) {
  const { rows } = story;
  const [first, last] = [rows[0]?.tick ?? 0, rows.at(-1)?.tick ?? 0];
  const size = Math.max(1, Math.ceil((last - first + 1) / BINS));
  const causes = (world.lists.cause ?? []).slice(1);
  const empty = () => ({ births: 0, deaths: 0, styles: new Array(world.lists.style?.length ?? 0).fill(0) });
  const bins = Array.from({ length: Math.max(1, Math.ceil((last - first + 1) / size)) }, empty);
  const total = { births: 0, deaths: 0, attacks: 0, causes: new Map(causes.map((cause) => [cause, 0])), lifetimes: [] };
  const fights = Array.from({ length: world.populations }, () => new Array(world.populations).fill(0));
  const visited = Array.from({ length: world.populations }, () => new Set());
  const explored = [];
  const stride = Math.max(1, Math.floor(rows.length / 200));
  rows.forEach(({ tick, events, styles, attacks, agents }, i) => {
    const bin = bins[Math.floor((tick - first) / size)];
    for (const event of events) {
      if (event.kind === "birth") (bin.births++, total.births++);
      if (event.kind !== "death" && event.kind !== "kill") continue;
      bin.deaths++;
      total.deaths++;
      total.causes.set(event.cause, (total.causes.get(event.cause) ?? 0) + 1);
      total.lifetimes.push(event.lifetime);
    }
    styles.forEach((count, style) => (bin.styles[style] += count));
    for (const { by, on } of attacks) if (fights[by] && on < world.populations) fights[by][on]++;
    total.attacks += attacks.length;
    agents.tiles.forEach((tile, at) => visited[agents.populations[at]]?.add(tile));
    if (i % stride === 0 || i === rows.length - 1) explored.push({ tick, shares: visited.map((tiles) => tiles.size / (world.height * world.width)) });
  });
  return { first, last, size, bins, total, fights, explored, rows };
}

/** The page of curves: one column for what is shown, one for a recording to compare it with. */
export class Statistics {
  constructor(app) {
    this.app = app;
    this.dialog = $("statistics");
    this.columns = $("columns");
    this.dialog.addEventListener("close", () => app.link.later());
    $("compare").onclick = () => (this.second ? this.drop() : $("other").click());
    $("other").onchange = async ({ target }) => {
      if (target.files.length) await this.compare(target.files[0]);
      target.value = "";
    };
    $("save-statistics").onclick = () => app.exports.ticks();
    new ResizeObserver(() => this.again()).observe(this.columns);
  }

  get open() {
    return this.dialog.open;
  }

  show() {
    if (!this.app.source?.story) return;
    if (!this.dialog.open) this.dialog.showModal();
    this.again();
  }

  again() {
    this.key = null;
    this.refresh();
  }

  async compare(file) {
    try {
      const second = await Player.open(await file.arrayBuffer());
      second.firstTick = 0;
      await second.survey();
      this.second = second;
      this.name = file.name;
    } catch (error) {
      this.app.fail(error.message);
    }
    $("compare").textContent = this.second ? "Drop the comparison" : "Compare with a replay …";
    this.again();
  }

  drop() {
    this.second = null;
    $("compare").textContent = "Compare with a replay …";
    this.again();
  }

  /** Redraws if there is something new. */
  refresh() {
    const { source } = this.app;
    if (!this.dialog.open || !source?.story?.rows.length) return;
    const key = `${Math.floor(source.story.rows.length / 10)} ${source.story.rows.length === source.length} ${this.second ? this.name : ""}`;
    if (key === this.key) return;
    this.key = key;
    const sides = [{ source, title: source.world.header.title }];
    if (this.second) sides.push({ source: this.second, title: `${this.name}: ${this.second.world.header.title}` });
    for (const side of sides) side.sums = summarise(side.source);
    this.columns.classList.toggle("two", sides.length > 1);
    this.columns.replaceChildren(...sides.map((side) => this.column(side)));
    this.draw(sides);
  }

  column(side) {
    const { total, first, last } = side.sums;
    const lifetimes = total.lifetimes.slice().sort((a, b) => a - b);
    const median = lifetimes.length ? lifetimes[lifetimes.length >> 1] : null;
    side.canvases = {};
    const figure = (name, title, summary, high = 110, key = null) => {
      const canvas = el("canvas");
      canvas.style.height = `${high}px`;
      canvas.role = "img";
      canvas.ariaLabel = `${title}: ${summary}`;
      side.canvases[name] = canvas;
      return el("figure", el("figcaption", el("b", title), el("span", summary)), canvas, key);
    };
    const causes = [...total.causes].map(([cause, count]) => `${words(cause)} ${count}`).join(", ");
    const { world } = side.source;
    return el(
      "article",
      el("h3", side.title),
      el("p.hint", `ticks ${first} to ${last} · ${total.births} births · ${total.deaths} deaths · ${total.attacks} attacks`),
      figure("populations", "Populations", "agents alive, stacked"),
      figure("flow", "Births and deaths", `in spans of ${side.sums.size} ticks: births green, deaths red`),
      figure("causes", "Deaths by cause", causes, 26 * Math.max(1, total.causes.size)),
      figure("lifetimes", "Lifetimes", median === null ? "nobody died yet" : `median ${median} of ${lifetimes.length} lives that ended`),
      figure("levels", "Levels", "mean of those alive, by skill", 110, this.legend(world.lists[world.bodies.columns.level?.axis])),
      figure("styles", "Styles used", "attacks, stacked", 110, this.legend(world.lists.style)),
      figure("fights", "Who attacks whom", "rows attack columns, by population", 190),
      figure("explored", "Exploration", "share of the map that each population has stood on"),
    );
  }

  legend(names = []) {
    return el(
      "ul.key",
      ...names.map((name, i) => {
        const line = el("i");
        line.style.background = HUES[i % HUES.length];
        return el("li", line, words(name));
      }),
    );
  }

  /** Draws all charts, those side by side to the same scale. */
  draw(sides) {
    const each = (measure) => Math.max(...sides.map(({ sums, source }) => measure(sums, source)));
    const top = {
      alive: each(({ rows }) => Math.max(4, ...rows.map(({ counts }) => counts.reduce((a, b) => a + b, 0)))),
      flow: each(({ bins }) => Math.max(1, ...bins.flatMap(({ births, deaths }) => [births, deaths]))),
      cause: each(({ total }) => Math.max(1, ...total.causes.values())),
      life: each(({ total }) => Math.max(10, ...total.lifetimes)),
      level: each(({ rows }) => Math.max(1, ...rows.flatMap(({ means }) => [...means]))),
      styles: each(({ bins }) => Math.max(1, ...bins.map(({ styles }) => styles.reduce((a, b) => a + b, 0)))),
      fights: each(({ fights }) => Math.max(1, ...fights.flat())),
      explored: each(({ explored }) => Math.max(0.01, ...explored.flatMap(({ shares }) => shares))),
    };
    for (const side of sides) this.drawSide(side, top);
  }

  drawSide({ sums, source, canvases }, top) {
    const { world } = source;
    const on = (name, act) => {
      const draw = context(canvases[name]);
      if (draw) act(draw);
    };
    const { first: from, last: to } = sums;
    const thin = source.chart();
    on("populations", (draw) => thin.length > 1 && stacked(draw, thin.map(({ tick, counts }) => ({ x: tick, values: [...counts] })), world.palette.populations, { most: top.alive }));
    on("flow", (draw) => columns(draw, sums.bins.map(({ births, deaths }) => [births, deaths]), ["#6fbf73", "#e4524f"], { most: top.flow }));
    on("causes", (draw) => this.drawCauses(draw, sums.total.causes, top.cause));
    on("lifetimes", (draw) => {
      const counts = new Array(24).fill(0);
      for (const lifetime of sums.total.lifetimes) counts[Math.min(23, Math.floor((24 * lifetime) / (top.life + 1)))]++;
      columns(draw, counts.map((count) => [count]), ["#4fb0e8"]);
      label(draw, `0 to ${top.life} ticks`, draw.w - 2, 10, "right");
    });
    on("levels", (draw) => {
      const names = world.lists[world.bodies.columns.level?.axis] ?? [];
      const series = names.map((_, i) => ({ color: HUES[i % HUES.length], values: thin.map(({ tick, means }) => [tick, means[i]]) }));
      curves(draw, series, { high: top.level, from, to });
    });
    on("styles", (draw) => {
      const rows = sums.bins.map(({ styles }, i) => ({ x: from + i * sums.size, values: styles }));
      if (rows.length > 1) stacked(draw, rows, HUES, { most: top.styles });
    });
    on("fights", (draw) => this.drawFights(draw, world, sums.fights, top.fights));
    on("explored", (draw) => {
      const series = world.palette.populations.slice(0, world.populations).map((color, i) => ({ color, values: sums.explored.map(({ tick, shares }) => [tick, 100 * shares[i]]) }));
      curves(draw, series, { high: 100 * top.explored, from, to });
      label(draw, "%", 26, 10);
    });
  }

  drawCauses(draw, causes, most) {
    [...causes].forEach(([cause, count], i) => {
      const y = i * 26;
      draw.fillStyle = HUES[i % HUES.length];
      draw.fillRect(110, y + 5, (count / most) * (draw.w - 160), 15);
      label(draw, words(cause), 0, y + 17);
      label(draw, String(count), 116 + (count / most) * (draw.w - 160), y + 17);
    });
  }

  drawFights(draw, world, fights, most) {
    const shown = Math.min(world.populations, 16);
    const side = Math.min((draw.w - 40) / shown, (draw.h - 18) / shown);
    for (let by = 0; by < shown; by++) {
      label(draw, String(by), 12, 18 + (by + 0.68) * side, "right");
      label(draw, String(by), 20 + (by + 0.5) * side, 12, "center");
      for (let on = 0; on < shown; on++) {
        draw.fillStyle = ink("line");
        draw.fillRect(20 + on * side, 18 + by * side, side - 1.5, side - 1.5);
        draw.globalAlpha = Math.sqrt(fights[by][on] / most);
        draw.fillStyle = "#e4524f";
        draw.fillRect(20 + on * side, 18 + by * side, side - 1.5, side - 1.5);
        draw.globalAlpha = 1;
        if (fights[by][on] && side > 17) {
          draw.fillStyle = ink("text");
          draw.font = "10px system-ui, sans-serif";
          draw.textAlign = "center";
          draw.fillText(String(fights[by][on]), 20 + (on + 0.48) * side, 18 + (by + 0.64) * side);
        }
      }
    }
  }
}
