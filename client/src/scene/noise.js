import * as THREE from "three";

/** A number in [0, 1) that depends on two integers and a seed only. */
export function hash(x, y, seed = 0) {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca77) ^ Math.imul(seed + 1, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

/** Noise between 0 and 1 that changes gently from one integer place to the next. */
export function smooth(x, y, seed = 0) {
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const ease = (t) => t * t * (3 - 2 * t);
  const [s, t] = [ease(x - i), ease(y - j)];
  const mix = (a, b, w) => a + w * (b - a);
  const top = mix(hash(i, j, seed), hash(i + 1, j, seed), s);
  return mix(top, mix(hash(i, j + 1, seed), hash(i + 1, j + 1, seed), s), t);
}

/** Two cloudy pictures that tile, in red and green: cheap to look up where computing noise would not be. */
export function cloudTexture(size = 128) {
  const data = new Uint8Array(size * size * 4);
  const ease = (t) => t * t * (3 - 2 * t);
  const layer = (x, y, cells, seed) => {
    const u = (x / size) * cells;
    const v = (y / size) * cells;
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [ease(u - i), ease(v - j)];
    const at = (a, b) => hash((i + a) % cells, (j + b) % cells, seed);
    const low = at(0, 0) + s * (at(1, 0) - at(0, 0));
    return low + t * (at(0, 1) + s * (at(1, 1) - at(0, 1)) - low);
  };
  const cloud = (x, y, cells, seed) => {
    let value = 0;
    for (let octave = 0, weight = 0.5; octave < 4; octave++, weight /= 2) {
      value += weight * layer(x, y, cells << octave, seed + octave);
    }
    return value * 272;
  };
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      data.set([cloud(x, y, 4, 0), cloud(x, y, 8, 10), 0, 255], (y * size + x) * 4);
    }
  }
  const texture = new THREE.DataTexture(data, size, size);
  texture.wrapS = texture.wrapT = THREE.RepeatWrapping;
  texture.magFilter = THREE.LinearFilter;
  texture.minFilter = THREE.LinearMipmapNearestFilter;
  texture.generateMipmaps = true;
  texture.needsUpdate = true;
  return texture;
}
