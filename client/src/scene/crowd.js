import * as THREE from "three";

/** Texels that tell of one agent. */
const TEXELS = 4;
const WIDTH = 1024;
export const FLAG = { newborn: 1, frozen: 2, immune: 4, hit: 8, dying: 16, other: 32 };

/**
 * Where agents are, for shaders: one small texture that changes once a tick. Between ticks nothing
 * is sent to the graphics card but the share of the way that has been walked.
 *
 * Texels of row i: where it came from and its facing; where it goes and its flags; three bars and
 * its size; its colour and its badge.
 */
export class Crowd {
  constructor(world) {
    this.world = world;
    this.rows = world.capacity + 64; // some room for those who just died
    const bands = Math.ceil(this.rows / WIDTH);
    const [width, height] = [Math.ceil(this.rows / bands), TEXELS * bands];
    this.width = width;
    this.data = new Float32Array(width * height * 4);
    this.texture = new THREE.DataTexture(this.data, width, height, THREE.RGBAFormat, THREE.FloatType);
    this.texture.needsUpdate = true;
    this.uniforms = {
      crowd: { value: this.texture },
      share: { value: 1 },
      pixel: { value: 0.001 }, // height of a pixel at distance 1
      now: { value: 0 },
    };
    this.count = 0;
  }

  /** Writes one row; everything in it is of the tick. */
  write(row, { from, to, facing, flags, bars, size, color, badge }) {
    const at = (texel) => 4 * ((Math.floor(row / this.width) * TEXELS + texel) * this.width + (row % this.width));
    this.data.set([from.x, from.y, from.z, facing], at(0));
    this.data.set([to.x, to.y, to.z, flags], at(1));
    this.data.set([bars[0] ?? 0, bars[1] ?? 0, bars[2] ?? 0, size], at(2));
    this.data.set([color.r, color.g, color.b, badge], at(3));
  }

  /** Sends what was written. */
  send(count) {
    this.count = count;
    this.texture.needsUpdate = true;
  }

  dispose() {
    this.texture.dispose();
  }
}

/** Begins vertex shaders that place something at an agent. */
export const READ_CROWD = `
  precision highp float;
  uniform highp sampler2D crowd; uniform float share, pixel, now;
  vec4 texel(int row, int which) {
    int width = textureSize(crowd, 0).x;
    return texelFetch(crowd, ivec2(row % width, (row / width) * ${TEXELS} + which), 0);
  }
  float eased() { return share * share * (3.0 - 2.0 * share); }
  bool flagged(float flags, int bit) { return (int(flags) & bit) != 0; }
  vec3 placeOf(int row) { return mix(texel(row, 0).xyz, texel(row, 1).xyz, eased()); }
`;

/** A geometry drawn once for every row of a crowd. */
export function perRow(geometry) {
  const made = new THREE.InstancedBufferGeometry();
  made.index = geometry.index;
  for (const [name, attribute] of Object.entries(geometry.attributes)) made.setAttribute(name, attribute);
  made.instanceCount = 0;
  return made;
}
