/**
 * Drawings of what games add to the world. Every other file in this folder is one, and is found by
 * being there. It exports
 *
 *   export default {
 *     name: "things",
 *     suits(world) -> boolean        // by what the header describes: world.tables, world.lists
 *     make(world, view) -> { group, show(frame), dispose() }   // group: a THREE.Object3D
 *   }
 *
 * `view.agents` knows where bodies stand, `view.terrain.heightOf(row, col)` how high the ground is.
 */
const found = import.meta.glob(["./*.js", "!./index.js"], { eager: true, import: "default" });

export const DRAWINGS = Object.values(found);
