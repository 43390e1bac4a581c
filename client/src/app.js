import * as THREE from "three";
import { Player } from "./data/player.js";
import { countPopulations, groupName, livingSlots, numberOf, otherTables, slotOf, textOf } from "./data/world.js";
import { Stage } from "./scene/stage.js";
import { View } from "./scene/view.js";
import { Chart } from "./ui/chart.js";
import { Controls } from "./ui/controls.js";
import { $, words } from "./ui/dom.js";
import { Exports } from "./ui/exports.js";
import { Feed } from "./ui/feed.js";
import { Inspector } from "./ui/inspector.js";
import { Link } from "./ui/links.js";
import { Market } from "./ui/market.js";
import { Minimap } from "./ui/minimap.js";
import { Pointer } from "./ui/pointer.js";
import { Roster } from "./ui/roster.js";
import { Statistics } from "./ui/statistics.js";
import { Tables } from "./ui/tables.js";
import { Timeline } from "./ui/timeline.js";

export const NARROW = 960; // as in style.css
const PANEL_MS = 120;
const MESSAGE_MS = 9000;
const CLOSE = 24; // tiles from which a followed agent is seen
const START = 0.5; // share of the map's sides that the first view shows

/** The page: one source of frames, the 3D view of it and the panels around it. */
export class App {
  constructor() {
    this.stage = new Stage($("canvas"));
    this.selected = null;
    this.tile = null;
    this.overlay = "none";
    this.of = null;
    this.following = false;
    const actions = {
      select: (id) => this.select(id),
      selectTile: (tile) => this.selectTile(tile),
      seek: (tick) => this.seekTick(tick),
      follow: (id) => this.goTo(id),
    };
    this.link = new Link(this);
    this.exports = new Exports(this);
    this.chart = new Chart($("chart"), $("legend"));
    this.feed = new Feed($("feed"), $("filters"), actions);
    this.roster = new Roster({
      table: $("agents"),
      more: $("agents-more"),
      search: $("search"),
      select: (id) => this.goTo(id),
      say: (text, loud) => (loud ? this.fail(text) : this.say(text)),
    });
    this.inspector = new Inspector($("agent"), actions);
    this.minimap = new Minimap($("minimap"), (x, y) => this.goto(x, y));
    this.timeline = new Timeline(this);
    this.statistics = new Statistics(this);
    this.tables = new Tables();
    this.market = new Market(actions);
    this.pointer = new Pointer(this);
    this.controls = new Controls(this);
    this.stage.updates.push(() => this.pointer.update(), () => this.placeName());
    window.addEventListener("resize", () => this.refresh());
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
    [this.selected, this.tile, this.frame] = [null, null, null];
    this.feed.clear();
    source.onframe = (frame, continuous) => this.showFrame(frame, continuous);
    source.onstatus = () => this.refresh();
    source.onerror = (message) => this.fail(message);
    source.onopen = () => this.build();
    source.onsurveyed = () => this.refresh();
    if (source.world) this.build();
    return source.start();
  }

  build() {
    const { world } = this.source;
    if (this.view) this.view.dispose();
    this.view = new View(this.stage, world, this.source.base, $("labels"));
    this.framed = false;
    this.stage.setMap(world);
    this.feed.build(world);
    this.controls.build(world);
    this.setOverlay(this.overlay);
    $("title").textContent = world.header.title;
    $("minimap").style.aspectRatio = `${world.width} / ${world.height}`;
    $("show-tables").hidden = !otherTables(world).length;
    $("watching").hidden = !this.source.live;
    $("beside").hidden = !world.others;
    this.market.build(world);
    this.fail(null);
  }

  showFrame(frame, continuous) {
    this.frame = frame;
    const pace = 1000 / (this.source.speed || 5);
    const moving = continuous && !document.hidden && !this.stage.still;
    this.view.show(frame, moving ? Math.min(1000, 0.96 * pace) : 0);
    if (!this.framed) this.begin();
    this.announce(continuous);
    if (!this.lastPanels || performance.now() - this.lastPanels > PANEL_MS || this.source.paused) this.refresh();
    else this.stale = true;
  }

  /** The first sight of a world: what the address asks for, else where the agents are. */
  begin() {
    this.framed = true;
    this.measure();
    this.showCrowd();
    const { asked } = this.link;
    this.link.asked = {};
    this.restore(asked);
  }

  /** Brings about what an address asks for. */
  async restore({ tick, agent, tile, overlay, of, view, page }) {
    if (!this.source?.world) return;
    if (Number.isInteger(tick)) await this.seekTick(tick);
    if (overlay) this.setOverlay(overlay);
    if (Number.isInteger(of) && of < this.source.world.populations) this.setOf(of);
    if (Number.isInteger(agent)) this.select(agent);
    else if (Number.isInteger(tile) && tile < this.source.world.width * this.source.world.height) this.selectTile(tile);
    if (view) this.stage.setView(view);
    else if (Number.isInteger(agent)) this.center();
    if (page === "statistics") this.statistics.show();
  }

  /** What an address has to say to bring all this back. */
  shown() {
    return {
      tick: this.source?.live && !this.source.behind ? null : this.frame?.tick,
      agent: this.selected,
      tile: this.tile,
      overlay: this.overlay,
      of: this.of,
      page: this.statistics.open ? "statistics" : null,
      view: this.stage.getView(),
    };
  }

  tickPanels() {
    if (this.stale) this.refresh();
    else if (this.frame) this.drawMinimap();
    $("fps").textContent = String(Math.round(1000 / this.stage.frameMs));
  }

  /** What panels leave free of the canvas. */
  measure() {
    const box = (id) => $(id).getBoundingClientRect();
    const narrow = window.innerWidth <= NARROW;
    const sheet = narrow && document.querySelector(".panel.open:not(#map)");
    const bottom = window.innerHeight - box("transport").top + 8 + (sheet ? sheet.offsetHeight + 8 : 0);
    this.stage.setInsets({
      left: narrow ? 0 : box("left").right + 8,
      right: narrow ? 0 : window.innerWidth - box("right").left + 8,
      top: box("bar").bottom + 8,
      bottom: narrow ? bottom : window.innerHeight - box("transport").top + 8,
    });
  }

  /** Brings every panel up to date with the frame. */
  refresh() {
    this.stale = false;
    this.lastPanels = performance.now();
    const { source, frame } = this;
    this.controls?.show(source);
    this.measure();
    if (!frame || !this.view) return;
    const { world } = source;
    const slot = this.selected === null ? -1 : slotOf(frame, this.selected);
    const { selection } = this.view;
    selection.slot = slot;
    selection.frameTile(selection.tile, this.tile, this.view.terrain);
    this.view.following = this.following;
    this.view.attacks.hold = source.paused;
    this.feed.show(source, frame.tick);
    this.inspector.show(source, frame, { id: this.selected, slot, tile: this.tile });
    this.roster.show(source, frame, this.selected);
    this.timeline.show(source, frame, this.selected);
    this.statistics.refresh();
    this.tables.show(source, frame);
    $("tick").textContent = String(frame.tick);
    const living = livingSlots(frame);
    const players = living.filter((slot) => slot < world.players).length;
    $("alive").textContent = String(players);
    $("others").textContent = String(living.length - players);
    this.market.show(source, frame);
    $("viewers").textContent = source.live ? String(source.viewers) : "–";
    this.chart.show(world, source.chart(), countPopulations(world, frame), frame.tick);
    const caption = this.view.overlays.show({ frame, source, slot, agents: this.view.agents });
    $("caption").textContent = caption;
    $("caption").hidden = !caption;
    this.drawMinimap();
    if (source.paused || source.live) this.link.later();
  }

  drawMinimap() {
    this.minimap.show(this.source.world, this.frame, this.view.selection.slot, this.stage.corners());
  }

  /** The selected agent's number beside it. */
  placeName() {
    const slot = this.view?.selection.slot ?? -1;
    const tag = $("nametag");
    tag.hidden = slot < 0;
    if (slot < 0) return;
    const at = this.view.agents.at[slot].clone();
    at.y += 2.35;
    const { x, y, behind } = this.stage.project(at);
    tag.hidden = behind;
    tag.textContent = numberOf(this.selected);
    tag.style.transform = `translate(${x}px, ${y}px) translate(-50%, -100%)`;
  }

  /** Says aloud what becomes of the selected agent. */
  announce(continuous) {
    if (this.selected === null || !continuous) return;
    for (const event of this.source.story.at(this.frame.tick)?.events ?? []) {
      const name = `Agent ${event.id}`;
      if (event.killers?.some(({ id }) => id === this.selected)) this.say(`Agent ${this.selected} killed agent ${event.id} at tick ${this.frame.tick}.`);
      if (event.id !== this.selected) continue;
      if (event.kind === "kill") this.say(`${name} was killed by agent ${event.killers[0]?.id ?? "somebody"} at tick ${this.frame.tick}.`);
      if (event.kind === "death") this.say(`${name} died at tick ${this.frame.tick}: ${words(event.cause)}.`);
      if (event.kind === "level") this.say(`${name} reached ${words(event.skill)} ${event.level}.`);
      if (event.kind === "other") this.say(`${name} ${event.text}.`);
    }
  }

  say(text) {
    $("say").textContent = text;
  }

  /** Selects an agent by identity; null for nobody. */
  select(id) {
    this.selected = id;
    this.tile = null;
    if (id === null) this.following = false;
    else if (this.frame) {
      const slot = slotOf(this.frame, id);
      if (window.innerWidth <= NARROW) this.controls.openTab("agent");
      this.say(this.tell(id, slot));
    }
    this.refresh();
    this.link.later();
  }

  tell(id, slot) {
    if (slot < 0) return `Agent ${id} is not alive at this tick.`;
    const { world } = this.source;
    const bars = world.bars.map(({ column }) => `${words(column)} ${textOf(world, this.frame, {}, this.frame.body(column)[slot])}`);
    return `${id < 0 ? "NPC" : "Agent"} ${Math.abs(id)}, ${groupName(world, this.frame.groups[slot])}: ${bars.join(", ")}.`;
  }

  /** Selects a tile of the map; null for none. */
  selectTile(tile) {
    [this.selected, this.tile, this.following] = [null, tile, false];
    if (tile !== null && window.innerWidth <= NARROW) this.controls.openTab("agent");
    this.refresh();
    this.link.later();
  }

  /** Selects an agent and moves the camera there. */
  goTo(id) {
    this.select(id);
    this.center();
  }

  center() {
    const slot = this.view.selection.slot;
    if (slot < 0) return;
    this.stage.lookAt(this.view.agents.at[slot]);
    this.stage.approach(CLOSE);
  }

  /** The next or previous agent alive, by number. */
  cycle(by) {
    if (!this.frame) return;
    const ids = livingSlots(this.frame).map((slot) => this.frame.body("id")[slot]).sort((a, b) => a - b);
    if (!ids.length) return;
    const after = ids.findIndex((id) => id > (this.selected ?? -1));
    const before = ids.findLastIndex((id) => id < (this.selected ?? Infinity));
    this.goTo(by > 0 ? ids[after < 0 ? 0 : after] : ids.at(before));
  }

  /** Goes to the next or previous tick in which something happened, to the selected agent or at all. */
  jumpEvent(by) {
    if (!this.frame) return;
    const { story } = this.source;
    const own = this.selected;
    const ticks = own === null ? story.rows.filter(({ events }) => events.length).map(({ tick }) => tick) : story.eventsOf(own).map(({ tick }) => tick);
    const now = this.frame.tick;
    const to = by > 0 ? ticks.find((tick) => tick > now) : ticks.findLast((tick) => tick < now);
    if (to !== undefined) this.seekTick(to);
  }

  /** The identity of the agent that a point of the page means; null for none. */
  pick(x, y) {
    return this.pointer.target(x, y).id ?? null;
  }

  toggleFollow() {
    this.following = !this.following && this.selected !== null;
    if (this.following) this.stage.approach(CLOSE);
    this.refresh();
  }

  setOverlay(name) {
    this.overlay = name;
    if (this.view) [this.view.overlays.mode, this.view.overlays.population] = [name, this.of];
    this.refresh();
    this.link.later();
  }

  /** The population that overlays tell of; null for all. */
  setOf(population) {
    this.of = population;
    this.setOverlay(this.overlay);
  }

  togglePause() {
    this.source?.pause(!this.source.paused);
  }

  step() {
    return this.source?.step();
  }

  seek(index) {
    if (!this.source?.length) return undefined;
    if (!this.source.live) this.source.pause(true);
    return this.source.seek(index);
  }

  seekTick(tick) {
    if (!this.source?.length) return undefined;
    return this.seek(this.source.placeOf(tick));
  }

  jump(ticks) {
    if (this.source) this.seek(this.source.index + ticks);
  }

  toEnd(last) {
    if (this.source) this.seek(last ? this.source.length - 1 : 0);
  }

  setSpeed(speed) {
    this.source?.setSpeed(speed);
  }

  /** The whole map. */
  home() {
    this.following = false;
    this.measure();
    this.stage.home();
    this.refresh();
  }

  /** The part of the map with the most agents. */
  showCrowd() {
    this.following = false;
    this.measure();
    const part = this.frame && this.view?.crowdedPart(this.frame, START);
    if (part) this.stage.fit({ x: part.x, z: part.z, width: part.side, height: part.side });
    else this.stage.home();
    this.refresh();
  }

  /** Moves the camera over a place of the map, both in [0, 1]. */
  goto(x, y) {
    if (!this.source?.world) return;
    const { width, height } = this.source.world;
    this.following = false;
    this.stage.lookAt(new THREE.Vector3((x - 0.5) * width, 0, (y - 0.5) * height));
    this.link.later();
  }

  /** Tells the person; null takes the message away. */
  fail(message) {
    clearTimeout(this.messageTimer);
    $("message").hidden = !message;
    $("message").textContent = message ?? "";
    if (message) this.messageTimer = setTimeout(() => ($("message").hidden = true), MESSAGE_MS);
  }
}
