import * as THREE from "three";

const SUN = new THREE.Vector3(-0.52, 0.76, 0.39).normalize();

/**
 * Sun and sky, reckoned once a vertex: a fraction of what three's own materials cost where the
 * processor draws, and the faceted look is wanted. Geometry has colours and unindexed normals.
 */
export function litMaterial() {
  return new THREE.ShaderMaterial({
    vertexColors: true,
    uniforms: { sun: { value: SUN } },
    vertexShader: `uniform vec3 sun; varying vec3 vColor;
      void main() {
        vec4 place = vec4(position, 1.0);
        vec3 facing = normal;
        vec3 paint = color;
        #ifdef USE_INSTANCING
          place = instanceMatrix * place;
          facing = mat3(instanceMatrix) * facing;
        #endif
        #ifdef USE_INSTANCING_COLOR
          paint *= instanceColor;
        #endif
        facing = normalize(facing + vec3(0.0, 1e-5, 0.0));
        float direct = max(dot(facing, sun), 0.0);
        vec3 sky = mix(vec3(0.30, 0.27, 0.27), vec3(0.40, 0.46, 0.56), 0.5 + 0.5 * facing.y);
        vec3 light = sky + vec3(0.93, 0.82, 0.62) * direct;
        vColor = pow(min(paint * light, 1.0), vec3(0.4545));
        gl_Position = projectionMatrix * modelViewMatrix * place;
      }`,
    fragmentShader: `varying vec3 vColor;
      void main() { gl_FragColor = vec4(vColor, 1.0); }`,
  });
}

/** Whether this machine draws without a graphics card. */
export function drawsInSoftware() {
  const gl = document.createElement("canvas").getContext("webgl2");
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}
