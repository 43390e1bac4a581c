import * as THREE from "three";
import { MapControls } from "three/examples/jsm/controls/MapControls.js";
import { drawsInSoftware } from "./lit.js";

const SKY = { dark: 0x10161c, light: 0xcfd8df };
const ABOVE = 0.06; // radians from straight down, for narrow pages
const TILTED = 0.72;
const TURNED = -0.3; // radians around the middle
const SLOW_MS = 42; // a frame, above which sharpness gives way
const FAST_MS = 20;
const AIM_MS = 34;
const WATCHED_MS = 500;
const LEAST_RATIO = 0.5;

/** Camera and the loop that draws; sharpness gives way when a machine is slow. */
export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.still = false;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: !drawsInSoftware() });
    this.watchPreferences();
    this.scene = new THREE.Scene();
    this.camera = new THREE.PerspectiveCamera(38, 1, 0.5, 400);
    this.controls = new MapControls(this.camera, canvas);
    Object.assign(this.controls, {
      enableDamping: true,
      dampingFactor: 0.12,
      screenSpacePanning: false,
      maxPolarAngle: 1.32,
      minDistance: 4,
      maxDistance: 170,
      zoomToCursor: true,
    });
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.fullRatio = this.ratio;
    this.keys = new Set();
    this.updates = [];
    this.watched = { since: performance.now(), frames: 0 };
    this.frameMs = 16;
    this.clock = performance.now();
    this.drawn = 0;
    this.insets = { left: 0, top: 0, right: 0, bottom: 0 }; // pixels that panels cover
  }

  /** Follows what a person prefers: light or dark, and whether things may move by themselves. */
  watchPreferences() {
    const [light, still] = ["(prefers-color-scheme: light)", "(prefers-reduced-motion: reduce)"].map(
      (query) => window.matchMedia(query),
    );
    const follow = () => {
      this.renderer.setClearColor(light.matches ? SKY.light : SKY.dark);
      this.still = still.matches;
      if (this.controls) this.controls.enableDamping = !this.still;
    };
    light.addEventListener("change", follow);
    still.addEventListener("change", follow);
    follow();
  }

  /** Height of a pixel of the page at distance 1. */
  pixel() {
    return (2 * Math.tan((this.camera.fov * Math.PI) / 360)) / Math.max(1, this.canvas.clientHeight);
  }

  /** What panels leave of the canvas: the middle of the view is the middle of that. */
  setInsets(insets) {
    this.insets = insets;
  }

  get free() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { left, top, right, bottom } = this.insets;
    return { width: Math.max(120, width - left - right), height: Math.max(120, height - top - bottom) };
  }

  /** Takes a map of this size, `border` tiles of it uninhabited on each side. */
  setMap({ width, height, border }) {
    const margin = Math.max(0, border - 1);
    this.map = { x: 0, z: 0, width: width - 2 * margin, height: height - 2 * margin };
    const extent = Math.max(width, height);
    this.camera.far = extent * 8;
    this.controls.maxDistance = extent * 3.2;
  }

  /** The whole inhabited map in what the panels leave free; from above on narrow pages. */
  home() {
    this.fit(this.map);
  }

  /**
   * Shows a part of the map as large as the free part of the page allows.
   *
   * @param part its middle {x, z}, and width and height in tiles
   */
  fit({ x, z, width, height }) {
    this.resize();
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    const narrow = this.free.width < this.free.height * 0.9;
    const [polar, turn] = narrow ? [ABOVE, 0] : [TILTED, TURNED];
    const toward = new THREE.Vector3(Math.sin(polar) * Math.sin(turn), Math.cos(polar), Math.sin(polar) * Math.cos(turn));
    const camera = new THREE.PerspectiveCamera(this.camera.fov, clientWidth / clientHeight, 0.5, 1e5);
    const room = { x: (0.97 * this.free.width) / clientWidth, y: (0.97 * this.free.height) / clientHeight };
    const target = new THREE.Vector3(x, 0, z);
    let distance = Math.max(width, height);
    for (let turns = 0; turns < 12; turns++) {
      camera.position.copy(target).addScaledVector(toward, distance);
      camera.lookAt(target);
      camera.updateMatrixWorld();
      const corners = [-1, 1].flatMap((i) => [-1, 1].map((j) => new THREE.Vector3(x + (i * width) / 2, 0, z + (j * height) / 2).project(camera)));
      const ends = (axis) => [Math.min(...corners.map((c) => c[axis])), Math.max(...corners.map((c) => c[axis]))];
      const [[left, right], [low, high]] = [ends("x"), ends("y")];
      const reach = Math.tan((camera.fov * Math.PI) / 360) * distance;
      const [dx, dy] = [((left + right) / 2) * reach * camera.aspect, ((low + high) / 2) * reach];
      const ahead = new THREE.Vector3(-toward.x, 0, -toward.z).normalize();
      target.addScaledVector(ahead, dy / Math.max(0.3, toward.y));
      target.addScaledVector(new THREE.Vector3(-ahead.z, 0, ahead.x), dx);
      distance *= Math.max((right - left) / (2 * room.x), (high - low) / (2 * room.y));
    }
    this.controls.maxDistance = Math.max(this.controls.maxDistance, 1.2 * distance);
    this.camera.far = Math.max(this.camera.far, 3 * distance);
    this.controls.target.copy(target);
    this.camera.position.copy(target).addScaledVector(toward, distance);
    this.camera.updateProjectionMatrix();
    this.controls.update();
  }

  /** Moves the camera so that a point is in the middle, keeping the view's direction. */
  lookAt(point, share = 1) {
    const shift = point.clone().sub(this.controls.target).multiplyScalar(share);
    shift.y *= 0.5;
    this.controls.target.add(shift);
    this.camera.position.add(shift);
  }

  /** Where the camera is, as five numbers: the middle of the view, distance and two angles. */
  getView() {
    const { x, z } = this.controls.target;
    const offset = new THREE.Spherical().setFromVector3(this.camera.position.clone().sub(this.controls.target));
    return [x, z, offset.radius, (offset.phi * 180) / Math.PI, (offset.theta * 180) / Math.PI];
  }

  /** Undoes `getView`. */
  setView([x, z, radius, phi, theta]) {
    const { minDistance, maxDistance, maxPolarAngle } = this.controls;
    const angle = (degrees, most) => Math.max(0.01, Math.min(most, (degrees * Math.PI) / 180));
    const away = Math.max(minDistance, Math.min(maxDistance, radius));
    const offset = new THREE.Spherical(away, angle(phi, maxPolarAngle), (theta * Math.PI) / 180);
    this.controls.target.set(x, 0, z);
    this.camera.position.setFromSpherical(offset).add(this.controls.target);
    this.controls.update();
  }

  /** Where the corners of the view meet the ground; null where one looks over the horizon. */
  corners() {
    const box = this.canvas.getBoundingClientRect();
    const { left, top, right, bottom } = this.insets;
    const ground = new THREE.Plane(new THREE.Vector3(0, 1, 0), 0);
    const sides = { x: [box.left + left, box.right - right], y: [box.top + top, box.bottom - bottom] };
    const corners = [[0, 1], [1, 1], [1, 0], [0, 0]].map(([x, y]) =>
      this.ray(sides.x[x], sides.y[y]).ray.intersectPlane(ground, new THREE.Vector3()),
    );
    return corners.every(Boolean) ? corners : null;
  }

  /** Goes closer to the middle of the view if it is far away. */
  approach(distance) {
    const offset = this.camera.position.clone().sub(this.controls.target);
    if (offset.length() > distance) {
      this.camera.position.copy(this.controls.target).add(offset.setLength(distance));
    }
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const { left, top, right, bottom } = this.insets;
    const size = `${width}x${height}@${this.ratio}+${left},${top},${right},${bottom}`;
    if (this.size !== size) {
      this.size = size;
      this.renderer.setPixelRatio(this.ratio);
      this.renderer.setSize(width, height, false);
      this.camera.aspect = width / height;
      this.camera.setViewOffset(width, height, (right - left) / 2, (bottom - top) / 2, width, height);
      this.camera.updateProjectionMatrix();
    }
  }

  start() {
    const loop = (now) => {
      requestAnimationFrame(loop);
      this.draw(now);
    };
    requestAnimationFrame(loop);
  }

  draw(now) {
    const elapsed = Math.max(0, Math.min(now - this.clock, 250));
    this.clock = now;
    this.adapt(now);
    this.resize();
    this.fly(elapsed / 1000);
    this.controls.update();
    this.camera.updateMatrixWorld();
    for (const update of this.updates) update(now, elapsed);
    this.renderer.render(this.scene, this.camera);
    this.drawn++;
  }

  /** Half a second tells how fast frames are drawn, and how many pixels they may have. */
  adapt(now) {
    const { since, frames } = this.watched;
    if (now - since < WATCHED_MS) {
      this.watched.frames++;
      return;
    }
    this.watched = { since: now, frames: 1 };
    if (!frames || now - since > 4 * WATCHED_MS) return; // the page was hidden
    this.frameMs = (now - since) / frames;
    if (this.frameMs > SLOW_MS) {
      const less = Math.max(0.6, Math.sqrt(AIM_MS / this.frameMs));
      this.ratio = Math.max(Math.min(LEAST_RATIO, this.fullRatio), this.ratio * less);
    } else if (this.frameMs < FAST_MS && this.ratio < this.fullRatio) {
      this.ratio = Math.min(this.fullRatio, this.ratio * 1.1);
    }
  }

  /** Keys that are held down move, turn and zoom the camera. */
  fly(seconds) {
    if (!this.keys.size) return;
    const held = (...names) => names.some((name) => this.keys.has(name));
    const forward = this.controls.target.clone().sub(this.camera.position).setY(0).normalize();
    const right = new THREE.Vector3(-forward.z, 0, forward.x);
    const offset = this.camera.position.clone().sub(this.controls.target);
    const pace = offset.length() * 0.9 * seconds;
    const move = new THREE.Vector3();
    if (held("w", "arrowup")) move.add(forward);
    if (held("s", "arrowdown")) move.sub(forward);
    if (held("d")) move.add(right);
    if (held("a")) move.sub(right);
    move.multiplyScalar(pace);
    if (held("q")) offset.applyAxisAngle(THREE.Object3D.DEFAULT_UP, -1.6 * seconds);
    if (held("e")) offset.applyAxisAngle(THREE.Object3D.DEFAULT_UP, 1.6 * seconds);
    if (held("+", "=")) offset.multiplyScalar(1 - 1.2 * seconds);
    if (held("-")) offset.multiplyScalar(1 + 1.2 * seconds);
    offset.clampLength(this.controls.minDistance, this.controls.maxDistance);
    this.controls.target.add(move);
    this.camera.position.copy(this.controls.target).add(offset);
  }

  /** The ray from the camera through a point of the page. */
  ray(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const point = new THREE.Vector2(
      ((clientX - box.left) / box.width) * 2 - 1,
      1 - ((clientY - box.top) / box.height) * 2,
    );
    const caster = new THREE.Raycaster();
    caster.setFromCamera(point, this.camera);
    return caster;
  }

  /** Where a point of the world is on the page: {x, y, behind}. */
  project(point) {
    const box = this.canvas.getBoundingClientRect();
    const at = point.clone().project(this.camera);
    return {
      x: box.left + ((at.x + 1) / 2) * box.width,
      y: box.top + ((1 - at.y) / 2) * box.height,
      behind: at.z > 1 || at.z < -1,
    };
  }
}
