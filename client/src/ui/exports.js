// Pictures, films and tables of what is shown, made in the page.
import { describeRow, skillsOf } from "../data/inspect.js";
import { livingSlots } from "../data/world.js";
import { download } from "./dom.js";

const FILM_MS = 10_000;
const FILM_RATE = 30;
const QUALITY = 8_000_000; // bits a second

/** One row a tick: who lived, was born and died of what, fought how, and knows how much. */
export function ticksTable({ world, story }) {
  const causes = (world.lists.cause ?? []).slice(1);
  const skills = world.lists[world.bodies.columns.level?.axis] ?? [];
  const styles = world.lists.style ?? [];
  const names = Array.from({ length: world.populations }, (_, i) => `population_${i}`);
  const head = ["tick", "alive", ...names, "births", "deaths", ...causes.map((c) => `deaths_${c}`), "attacks", "damage", ...styles.map((s) => `attacks_${s}`), ...skills.map((s) => `mean_level_${s}`)];
  const rows = story.rows.map(({ tick, counts, means, events, attacks, styles: used }) => {
    const dead = events.filter(({ kind }) => kind === "death" || kind === "kill");
    return [
      tick,
      counts.reduce((a, b) => a + b, 0),
      ...counts,
      events.filter(({ kind }) => kind === "birth").length,
      dead.length,
      ...causes.map((cause) => dead.filter((event) => event.cause === cause).length),
      attacks.length,
      attacks.reduce((sum, { damage }) => sum + damage, 0),
      ...used,
      ...Array.from(means, (mean) => mean.toFixed(3)),
    ];
  });
  return [head, ...rows];
}

/** One row for everyone alive: every number of its own. */
export function agentsTable({ world, story }, frame) {
  const path = world.bodiesPath;
  const skills = world.lists[world.bodies.columns.level?.axis] ?? [];
  const rows = livingSlots(frame).map((slot) => {
    const own = describeRow(world, frame, path, slot);
    const levels = skillsOf(world, frame, slot);
    return { own, levels, kills: story.killsOf(frame.body("id")[slot], frame.tick).length };
  });
  const head = ["tick", ...(rows[0]?.own ?? []).map(({ name }) => name), "kills", ...skills.flatMap((s) => [`level_${s}`, `experience_${s}`])];
  return [head, ...rows.map(({ own, levels, kills }) => [frame.tick, ...own.map(({ value }) => value), kills, ...levels.flatMap(({ level, experience }) => [level, experience])])];
}

/** Rows as comma-separated text; nothing in it can begin a formula. */
export function csv(rows) {
  const cell = (value) => {
    const text = String(value);
    const safe = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

export class Exports {
  constructor(app) {
    this.app = app;
  }

  name(ending) {
    return `jaxmmo-${this.app.frame?.tick ?? 0}.${ending}`;
  }

  picture() {
    const { stage } = this.app;
    stage.renderer.render(stage.scene, stage.camera); // what was drawn before may be gone
    stage.canvas.toBlob((blob) => blob && download(blob, this.name("png")), "image/png");
  }

  table(rows, what) {
    download(new Blob([csv(rows)], { type: "text/csv" }), `jaxmmo-${what}-${this.app.frame?.tick ?? 0}.csv`);
  }

  ticks() {
    this.table(ticksTable(this.app.source), "ticks");
  }

  agents() {
    this.table(agentsTable(this.app.source, this.app.frame), "agents");
  }

  replay() {
    download(this.app.source.save(), this.name("jmmo"));
  }

  /** Films the scene for ten seconds while it plays; once more ends it early. */
  film(onend) {
    if (this.recorder) return this.recorder.stop();
    const kinds = ["video/webm;codecs=vp8", "video/webm", "video/mp4"]; // vp9 is too slow for many
    const kind = window.MediaRecorder && kinds.find((type) => MediaRecorder.isTypeSupported(type));
    if (!kind) return this.app.fail("This browser cannot record films; jaxmmo record makes them.");
    const parts = [];
    this.recorder = new MediaRecorder(this.app.stage.canvas.captureStream(FILM_RATE), { mimeType: kind, videoBitsPerSecond: QUALITY });
    this.bytes = 0;
    this.recorder.ondataavailable = ({ data }) => {
      this.bytes += data.size;
      if (data.size) parts.push(data);
    };
    this.recorder.onstop = () => {
      clearTimeout(this.limit);
      this.recorder = null;
      download(new Blob(parts, { type: kind.split(";")[0] }), this.name(kind.includes("mp4") ? "mp4" : "webm"));
      onend();
    };
    this.recorder.start(500);
    this.limit = setTimeout(() => this.recorder?.stop(), FILM_MS);
    if (this.app.source.paused) this.app.togglePause();
    return undefined;
  }
}
