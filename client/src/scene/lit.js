import * as THREE from "three";

const SUN = new THREE.Vector3(-0.52, 0.76, 0.39).normalize();
const SUNLIGHT = [0.93, 0.82, 0.62];
const SKY = [0.4, 0.46, 0.56];
const GROUND = [0.3, 0.27, 0.27];

/**
 * Reckons sun and sky into the colours of a geometry that does not turn, once, so that drawing it
 * costs next to nothing, also where the processor draws.
 */
export function baked(geometry) {
  const { color, normal } = geometry.attributes;
  const facing = new THREE.Vector3();
  for (let i = 0; i < color.count; i++) {
    facing.fromBufferAttribute(normal, i);
    const direct = Math.max(0, facing.dot(SUN));
    const up = 0.5 + 0.5 * facing.y;
    for (let channel = 0; channel < 3; channel++) {
      const sky = GROUND[channel] + up * (SKY[channel] - GROUND[channel]);
      const shade = color.getComponent(i, channel) * (sky + SUNLIGHT[channel] * direct);
      color.setComponent(i, channel, Math.min(1, shade) ** 0.4545);
    }
  }
  geometry.deleteAttribute("normal");
  return geometry;
}

/** Draws baked colours as they are, times those of the instances. */
export function bakedMaterial() {
  return new THREE.ShaderMaterial({
    vertexColors: true,
    vertexShader: `varying vec3 vColor;
      void main() {
        vec4 place = vec4(position, 1.0);
        vColor = color;
        #ifdef USE_INSTANCING
          place = instanceMatrix * place;
        #endif
        #ifdef USE_INSTANCING_COLOR
          vColor *= instanceColor;
        #endif
        gl_Position = projectionMatrix * (modelViewMatrix * place);
      }`,
    fragmentShader: `varying vec3 vColor;
      void main() { gl_FragColor = vec4(vColor, 1.0); }`,
  });
}

const vector = (numbers) => `vec3(${numbers.map((n) => n.toFixed(3)).join(", ")})`;

/** Sun and sky on what turns, for vertex shaders that have a `facing`: makes a `light`. */
export const LIGHT = `
  vec3 light = mix(${vector(GROUND)}, ${vector(SKY)}, 0.5 + 0.5 * facing.y);
  light += ${vector(SUNLIGHT)} * max(dot(facing, ${vector(SUN.toArray())}), 0.0);
`;

let software;

/** Whether this machine draws without a graphics card. */
export function drawsInSoftware() {
  if (software === undefined) {
    const gl = document.createElement("canvas").getContext("webgl2");
    const info = gl?.getExtension("WEBGL_debug_renderer_info");
    const name = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
    gl?.getExtension("WEBGL_lose_context")?.loseContext();
    software = /swiftshader|llvmpipe|software|basic render/i.test(name);
  }
  return software;
}
