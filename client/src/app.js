import * as THREE from "three";
import { Player } from "./data/player.js";
import { countPopulations, livingSlots, slotOf } from "./data/world.js";
import { Stage } from "./scene/stage.js";
import { View } from "./scene/view.js";
import { Chart } from "./ui/chart.js";
import { Controls, SPEEDS } from "./ui/controls.js";
import { $ } from "./ui/dom.js";
import { Feed } from "./ui/feed.js";
import { Inspector } from "./ui/inspector.js";
import { Minimap } from "./ui/minimap.js";

const CLICK_PIXELS = 6;
const NARROW = 960; // as in style.css
const PANEL_MS = 120;
const MESSAGE_MS = 9000;

/** The page: one source of frames, the 3D view of it and the panels around it. */
export class App {
  constructor() {
    this.stage = new Stage($("canvas"));
    this.selected = null;
    this.overlay = "none";
    this.following = false;
    const select = (id) => this.select(id);
    this.chart = new Chart($("chart"), $("legend"));
    this.feed = new Feed($("feed"), select);
    this.inspector = new Inspector($("agent"), select);
    this.minimap = new Minimap($("minimap"), (x, y) => this.goto(x, y));
    this.controls = new Controls(this);
    this.listen();
    this.stage.start();
    setInterval(() => this.tickPanels(), PANEL_MS);
  }

  /** Shows a recording; a broken one leaves what was shown as it is and says why. */
  async openReplay(buffer) {
    try {
      const player = await Player.open(buffer);
      this.fail(null);
      await this.watch(player);
    } catch (error) {
      this.fail(error.message);
    }
  }

  async openFile(file) {
    await this.openReplay(await file.arrayBuffer());
  }

  watch(source) {
    this.source?.close();
    this.source = source;
    this.selected = null;
    this.frame = null;
    this.feed.clear();
    source.onframe = (frame, continuous) => this.showFrame(frame, continuous);
    source.onstatus = () => this.refresh();
    source.onerror = (message) => this.fail(message);
    source.onopen = () => this.build();
    if (source.world) this.build();
    return source.start();
  }

  build() {
    const { world } = this.source;
    if (this.view) this.view.dispose();
    const base = this.source.base ?? this.source.replay.base;
    this.view = new View(this.stage, world, base, $("labels"));
    this.view.overlays.mode = this.overlay;
    this.stage.resize();
    this.stage.frameMap(Math.max(world.height, world.width) - 2 * world.config.border);
    $("title").textContent = world.header.title;
    $("minimap").style.aspectRatio = `${world.width} / ${world.height}`;
    this.fail(null);
  }

  showFrame(frame, continuous) {
    this.frame = frame;
    const pace = 1000 / (this.source.speed || 5);
    const moving = continuous && !document.hidden;
    this.view.show(frame, moving ? Math.min(450, Math.max(60, pace * 0.92)) : 0);
    this.feed.show(this.source.world, frame, continuous);
    if (!this.lastPanels || performance.now() - this.lastPanels > PANEL_MS) this.refresh();
    else this.stale = true;
  }

  tickPanels() {
    if (this.stale) this.refresh();
    else if (this.frame) this.drawMinimap();
    $("fps").textContent = String(Math.round(1000 / this.stage.frameMs));
  }

  /** Brings every panel up to date with the frame. */
  refresh() {
    this.stale = false;
    this.lastPanels = performance.now();
    this.controls?.show(this.source, this.overlay, this.following);
    const sheet = window.innerWidth <= NARROW && document.querySelector("#agent.open");
    this.stage.covered = sheet ? sheet.offsetHeight : 0;
    if (!this.frame || !this.view) return;
    const { world } = this.source;
    const slot = this.selected === null ? -1 : slotOf(this.frame, this.selected);
    this.view.selection.slot = slot;
    this.view.following = this.following;
    this.view.attacks.hold = this.source.paused;
    this.inspector.show(world, this.frame, slot, this.selected);
    $("tick").textContent = String(this.frame.tick);
    $("alive").textContent = String(livingSlots(this.frame).length);
    $("viewers").textContent = this.source.live ? String(this.source.viewers) : "–";
    this.chart.show(world, this.source.chart(), countPopulations(world, this.frame), this.frame.tick);
    const caption = this.view.overlays.show(this.frame, this.source.tally, slot);
    $("caption").textContent = caption;
    $("caption").hidden = !caption;
    this.drawMinimap();
  }

  drawMinimap() {
    const slot = this.view.selection.slot;
    this.minimap.show(this.source.world, this.frame, slot, this.groundCorners());
  }

  /** Where the corners of the view meet the ground. */
  groundCorners() {
    const box = this.stage.canvas.getBoundingClientRect();
    const ground = new THREE.Plane(new THREE.Vector3(0, 1, 0), 0);
    const corners = [
      [0, 1],
      [1, 1],
      [1, 0],
      [0, 0],
    ].map(([x, y]) => {
      const { ray } = this.stage.ray(box.left + x * box.width, box.top + y * box.height);
      return ray.intersectPlane(ground, new THREE.Vector3());
    });
    return corners.every(Boolean) ? corners : null;
  }

  /** Selects an agent by identity; null for nobody. */
  select(id) {
    this.selected = id;
    if (id === null) this.following = false;
    else if (this.frame) {
      const slot = slotOf(this.frame, id);
      if (slot >= 0 && window.innerWidth <= NARROW) this.controls.openTab("agent");
    }
    this.refresh();
  }

  /** The identity of the agent drawn at a point of the page; null for none. */
  pick(x, y) {
    const slot = this.view ? this.view.agents.pick(this.stage.ray(x, y)) : -1;
    return slot < 0 ? null : this.frame.get("players.id")[slot];
  }

  toggleFollow() {
    this.following = !this.following && this.selected !== null;
    if (this.following) this.stage.approach(24);
    this.refresh();
  }

  setOverlay(name) {
    this.overlay = name;
    if (this.view) this.view.overlays.mode = name;
    this.refresh();
  }

  togglePause() {
    this.source?.pause(!this.source.paused);
  }

  step() {
    return this.source?.step();
  }

  seek(index) {
    if (!this.source || this.source.live) return undefined;
    this.source.pause(true);
    return this.source.seek(index);
  }

  jump(ticks) {
    if (this.source && !this.source.live) this.seek(this.source.index + ticks);
  }

  setSpeed(speed) {
    this.source?.setSpeed(speed);
  }

  changeSpeed(by) {
    const speeds = [...SPEEDS].sort((a, b) => a - b);
    const at = speeds.indexOf(this.source?.speed);
    this.setSpeed(speeds[Math.max(0, Math.min(speeds.length - 1, at + by))]);
  }

  home() {
    this.following = false;
    this.stage.home();
    this.refresh();
  }

  /** Moves the camera over a place of the map, both in [0, 1]. */
  goto(x, y) {
    if (!this.source?.world) return;
    const { width, height } = this.source.world;
    this.following = false;
    this.stage.lookAt(new THREE.Vector3((x - 0.5) * width, 0, (y - 0.5) * height));
  }

  /** Tells the person; null takes the message away. */
  fail(message) {
    clearTimeout(this.messageTimer);
    $("message").hidden = !message;
    $("message").textContent = message ?? "";
    if (message) this.messageTimer = setTimeout(() => ($("message").hidden = true), MESSAGE_MS);
  }

  listen() {
    const { canvas } = this.stage;
    let down = null;
    canvas.addEventListener("pointerdown", (event) => (down = event));
    canvas.addEventListener("pointerup", (event) => {
      const still =
        down && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < CLICK_PIXELS;
      if (still && event.button === 0) this.select(this.pick(event.clientX, event.clientY));
      down = null;
    });
    window.addEventListener("resize", () => this.refresh());
  }
}
