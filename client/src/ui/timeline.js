import { $, context, el, ink } from "./dom.js";

/** Half of the slider's thumb: its middle cannot come closer to the ends. */
const THUMB = 8;
/** How strongly the lives of the selected agent are drawn that are not the one of this tick. */
const OTHER_LIVES = 0.35;
const MARKS = { kill: ["#f0705e", 0.5], death: ["#b9c2cc", 0.5], birth: ["#8fd07f", 0.5], level: ["#b98cf0", 0.28], other: ["#7fc4e8", 0.2] };

/** Points of a life line, those of each life by themselves. */
function livesIn(points) {
  const lives = [];
  for (const point of points) {
    if (lives.at(-1)?.[0].nth !== point.nth) lives.push([]);
    lives.at(-1).push(point);
  }
  return lives;
}

/** The slider, what happened when above it, and the selected agent's life over the same ticks. */
export class Timeline {
  constructor(app) {
    this.app = app;
    this.slider = $("timeline");
    this.slider.oninput = () => app.seek(Number(this.slider.value));
    this.life = $("lifeline");
    this.life.onpointerdown = (event) => {
      const box = this.life.getBoundingClientRect();
      const share = (event.clientX - box.left - THUMB) / (box.width - 2 * THUMB);
      app.seek(Math.round(Math.max(0, Math.min(1, share)) * (app.source.length - 1)));
    };
  }

  show(source, frame, id) {
    const { length, index } = source;
    const disabled = length < 2;
    this.slider.disabled = disabled;
    this.slider.max = String(Math.max(0, length - 1));
    this.slider.value = String(index);
    const tick = frame?.tick ?? 0;
    const end = source.tickAt(length - 1);
    this.slider.ariaValueText = `tick ${tick} of ${end}`;
    $("position").textContent = `${tick} / ${end}`;
    $("edge").hidden = !source.live;
    $("edge").ariaPressed = String(Boolean(source.live && !source.behind));
    const { story } = source;
    const key = [id, story.rows.length, length, this.slider.clientWidth, source.tickAt(0), index].join();
    if (this.key === key) return;
    this.key = key;
    this.drawMarks(source, id);
    this.drawLife(source, frame, id);
  }

  /** The page's x of a tick, within a canvas as wide as the slider. */
  scale(source, width) {
    const [first, last] = [source.tickAt(0), source.tickAt(source.length - 1)];
    return (tick) => THUMB + ((tick - first) / Math.max(1, last - first)) * (width - 2 * THUMB);
  }

  drawMarks(source, id) {
    const draw = context($("marks"));
    if (!draw || source.length < 2) return;
    const x = this.scale(source, draw.w);
    const first = source.tickAt(0);
    if (id === null) return this.drawDeaths(draw, source, x, first);
    for (const { tick, event } of source.story.eventsOf(id)) {
      if (tick < first) continue;
      const [color, height] = MARKS[event.id === id || event.kind !== "kill" ? event.kind : "kill"];
      const small = event.kind === "level" || event.kind === "other";
      const own = event.id === id && !small;
      draw.fillStyle = color;
      const high = own ? draw.h : height * draw.h;
      draw.fillRect(x(tick) - 1, draw.h - high, own ? 3 : 2, high);
      if (!small) {
        draw.beginPath();
        draw.arc(x(tick) + 0.5, draw.h - high + 3, 3, 0, 7);
        draw.fill();
      }
    }
  }

  /** With nobody selected: how many died when. */
  drawDeaths(draw, source, x, first) {
    const bins = new Float32Array(Math.ceil(draw.w / 3));
    for (const { tick, events } of source.story.rows) {
      if (tick < first) continue;
      const dead = events.filter(({ kind }) => kind === "death" || kind === "kill").length;
      bins[Math.min(bins.length - 1, Math.floor(x(tick) / 3))] += dead;
    }
    const most = Math.max(3, ...bins);
    draw.fillStyle = ink("marks");
    bins.forEach((count, i) => {
      const high = (count / most) * draw.h;
      draw.fillRect(3 * i, draw.h - high, 2, high);
    });
  }

  drawLife(source, frame, id) {
    const life = id === null ? [] : source.story.life(id).filter(({ tick }) => tick >= source.tickAt(0));
    $("life").hidden = life.length < 2;
    if (life.length < 2) return;
    const draw = context(this.life);
    if (!draw) return;
    const { world } = source;
    const x = this.scale(source, draw.w);
    const series = world.bars.map(({ column, color }, i) => ({ name: column, color, read: ({ bars }) => bars[i] }));
    const top = Math.max(1, ...life.map(({ level }) => level));
    const least = Math.min(...life.map(({ level }) => level)) - 1;
    if (top > 1) series.push({ name: `level ${life.at(-1).level}`, color: ink("level"), read: ({ level }) => (level - least) / (top - least) });
    const values = life.map(({ value }) => value).filter(Number.isFinite);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (values.length && high > low) {
      series.push({ name: `value ${low.toFixed(1)} to ${high.toFixed(1)}`, color: ink("text"), dash: [3, 3], read: ({ value }) => (value - low) / (high - low) });
    }
    const y = (share) => draw.h - 3 - Math.max(0, Math.min(1, share)) * (draw.h - 8);
    const present = source.story.deathsOf(id, frame.tick).length;
    for (const one of livesIn(life)) {
      draw.globalAlpha = one[0].nth === present ? 1 : OTHER_LIVES;
      for (const { color, dash = [], read } of series) {
        draw.beginPath();
        draw.setLineDash(dash);
        one.forEach((point, i) => {
          const broken = i && point.tick !== one[i - 1].tick + 1;
          if (broken) draw.moveTo(x(point.tick), y(read(point)));
          else draw.lineTo(x(point.tick), y(read(point)));
        });
        draw.strokeStyle = color;
        draw.lineWidth = 1.6;
        draw.stroke();
      }
    }
    draw.globalAlpha = 1;
    draw.setLineDash([]);
    draw.fillStyle = ink("text");
    draw.fillRect(x(frame.tick) - 0.5, 0, 1, draw.h);
    this.describe(series, life, id);
  }

  describe(series, life, id) {
    const key = series.map(({ name }) => name).join();
    this.life.ariaLabel = `Life of agent ${id}, ticks ${life[0].tick} to ${life.at(-1).tick}: ${series.map(({ name }) => name).join(", ")}`;
    if (this.lifeKey === key) return;
    this.lifeKey = key;
    $("lifekey").replaceChildren(
      ...series.map(({ name, color }) => {
        const line = el("i");
        line.style.background = color;
        return el("li", line, name);
      }),
    );
  }
}
