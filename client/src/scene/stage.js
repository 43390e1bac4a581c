import * as THREE from "three";
import { MapControls } from "three/examples/jsm/controls/MapControls.js";
import { drawsInSoftware } from "./lit.js";

const SKY = 0x141a21;
const SLOW_MS = 42;
const FAST_MS = 20;

/** Camera and the loop that draws; sharpness gives way when a machine is slow. */
export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: !drawsInSoftware() });
    this.renderer.setClearColor(SKY);
    this.scene = new THREE.Scene();
    this.camera = new THREE.PerspectiveCamera(38, 1, 0.5, 400);
    this.controls = new MapControls(this.camera, canvas);
    Object.assign(this.controls, {
      enableDamping: true,
      dampingFactor: 0.12,
      maxPolarAngle: 1.32,
      minDistance: 4,
      maxDistance: 170,
      zoomToCursor: true,
    });
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.fullRatio = this.ratio;
    this.keys = new Set();
    this.updates = [];
    this.frameMs = 16;
    this.clock = performance.now();
    this.drawn = 0;
    this.covered = 0; // pixels at the bottom that a sheet hides: the middle of the view moves up
  }

  /** Shows a map whose inhabited part has this side. */
  frameMap(extent) {
    this.extent = extent;
    this.camera.far = extent * 8;
    this.controls.maxDistance = extent * 3;
    this.home();
  }

  /** The whole inhabited map, seen from the south-west. */
  home() {
    const narrow = Math.min(1, this.camera.aspect);
    const away = (this.extent * 1.28) / narrow ** 1.05;
    this.controls.target.set(0, 0, this.extent * 0.02);
    this.camera.position.copy(this.controls.target);
    this.camera.position.x -= away * 0.24;
    this.camera.position.y += away * 0.78;
    this.camera.position.z += away * 0.66;
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
    const size = `${width}x${height}@${this.ratio}+${this.covered}`;
    if (this.size !== size) {
      this.size = size;
      this.renderer.setPixelRatio(this.ratio);
      this.renderer.setSize(width, height, false);
      this.camera.aspect = width / height;
      if (this.covered) this.camera.setViewOffset(width, height, 0, this.covered / 2, width, height);
      else this.camera.clearViewOffset();
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
    this.frameMs += (elapsed - this.frameMs) * 0.06;
    this.adapt();
    this.resize();
    this.fly(elapsed / 1000);
    this.controls.update();
    this.camera.updateMatrixWorld();
    for (const update of this.updates) update(now, elapsed);
    this.renderer.render(this.scene, this.camera);
    this.drawn++;
  }

  adapt() {
    if (this.drawn % 30 !== 29) return;
    if (this.frameMs > SLOW_MS && this.ratio > 0.5) this.ratio = Math.max(0.5, this.ratio * 0.85);
    else if (this.frameMs < FAST_MS && this.ratio < this.fullRatio) {
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
    if (held("d", "arrowright")) move.add(right);
    if (held("a", "arrowleft")) move.sub(right);
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
      behind: at.z > 1,
    };
  }
}
