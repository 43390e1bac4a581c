"""Where a banded world comes from: drawn band by band, or cut out of a whole one, and back."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec

from jaxmmo.env import tiles, validation
from jaxmmo.env.constants import Material
from jaxmmo.env.environment import Environment
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Terrain, WorldState
from jaxmmo.env.state.table import empty
from jaxmmo.env.terrain import from_material
from jaxmmo.parallel.halo import AXIS, Cut, renew_rows


def tile_dtype(env: Environment) -> Any:
    """The dtype of the map."""
    return tiles.layout_for(env.preset.materials).dtype


def ground(
    cut: Cut,
    env: Environment,
    mesh: Mesh | AbstractMesh,
    key: jax.Array,
    rules: Rules,
    material: Any,
) -> Terrain:
    """The map of a new world [bands * rows, W], every row on the device that it belongs to.

    Rows that fill up the last band are VOID.

    Args:
      key: consumed.
      material: u8[H, W] instead of a generated map, or None.

    Raises:
      ValueError: see `Environment.reset`.
    """
    game, config = env.preset, env.config
    lies = NamedSharding(mesh, PartitionSpec(AXIS))
    whole = config.height == cut.bands * cut.rows

    def on_its_device(plane: jax.Array) -> jax.Array:
        return jax.lax.with_sharding_constraint(plane, lies)

    if material is None:
        material = game.terrain(key, config, rules)
    else:
        material = validation.check_terrain(config, game.materials, material)
    material = on_its_device(material) if whole else material
    made = from_material(material, game.materials)
    fill = ((0, cut.bands * cut.rows - config.height), (0, 0))
    tile = jnp.pad(made.tile, fill, constant_values=int(Material.VOID))
    return Terrain(on_its_device(tile), on_its_device(jnp.pad(made.ripe_at, fill)))


def empty_band(cut: Cut, game: Preset, ground: Terrain) -> WorldState:
    """A band's part of a world with nobody in it.

    Args:
      game: of the band.
      ground: own rows of the map [rows, W].
    """
    edges = ((cut.halo, cut.halo), (0, 0))
    tile = renew_rows(cut, jnp.pad(ground.tile, edges))
    row = jnp.arange(cut.height)[:, None]
    beyond = cut.is_first() & (row < cut.halo)
    beyond |= cut.is_last() & (row >= cut.halo + cut.rows)
    tile = jnp.where(beyond, jnp.asarray(Material.VOID, tile.dtype), tile)
    return game.empty_state(Terrain(tile, jnp.pad(ground.ripe_at, edges)))


def scatter(cut: Cut, env: Environment, state: WorldState) -> tuple[Any, dict[str, Any]]:
    """Cuts a world on the host.

    Returns:
      Terrain [bands * rows, W], bodies and lives [bands * slots]; and the clock and counters.

    Raises:
      ValueError: for a state of another environment, or if a band has more agents than slots.
    """
    validation.check_state(env.config, state)
    state = jax.device_get(state)
    alive, band = np.asarray(state.bodies.alive), np.asarray(state.bodies.row) // cut.rows
    game, places, slots = env.preset, [], []
    for number in range(cut.bands):
        own = np.flatnonzero(alive & (band == number))
        if len(own) > cut.slots:
            raise ValueError(
                f"slots={cut.slots}: band {number} of {cut.bands} has {len(own)} agents; at least "
                "that many are needed"
            )
        places.append(own)
        slots.append(number * cut.slots + np.arange(len(own)))
    source, slot = np.concatenate(places), np.concatenate(slots)

    def into(old: Any, blank: Any) -> np.ndarray:
        new = np.array(blank)
        new[slot] = np.asarray(old)[source]
        return new

    size = cut.bands * cut.slots
    bodies, lives = (
        jax.tree.map(into, old, empty(kind, env.config, size, game.slots))
        for old, kind in ((state.bodies, game.bodies), (state.lives, game.lives))
    )
    row = bodies.row.copy()
    row[slot] += cut.halo - band[source] * cut.rows
    fill = ((0, cut.bands * cut.rows - env.config.height), (0, 0))
    tile: Any = np.pad(state.terrain.tile, fill, constant_values=int(Material.VOID))
    ripe_at: Any = np.pad(state.terrain.ripe_at, fill)
    ground = Terrain(tile, ripe_at)
    clock = {name: getattr(state, name) for name in ("tick", "next_id", "lost_spawns")}
    return (ground, bodies.replace(row=row), lives), clock


def gather(cut: Cut, env: Environment, world: WorldState) -> WorldState:
    """Puts the bands' parts together on the host; see `Banded.gather`.

    Args:
      world: every band's part, one after another.
    """
    bodies, lives, terrain = jax.device_get((world.bodies, world.lives, world.terrain))

    def own_slots(column: np.ndarray) -> np.ndarray:
        parts = column.reshape(cut.bands, -1, *column.shape[1:])
        return parts[:, : cut.slots].reshape(-1, *column.shape[1:])

    players = jax.tree.map(own_slots, bodies)
    band = np.arange(len(players.id), dtype=np.int32) // cut.slots
    players = players.replace(row=players.row + band * cut.rows - cut.halo)
    living = np.flatnonzero(players.alive)
    living = living[np.argsort(players.id[living])]
    if len(living) > env.config.capacity:
        raise ValueError(f"{len(living)} agents live; capacity={env.config.capacity} slots")

    def own_rows(plane: Any) -> jax.Array:
        parts = np.asarray(plane).reshape(cut.bands, cut.height, -1)
        parts = parts[:, cut.halo : cut.halo + cut.rows]
        return jnp.asarray(parts.reshape(-1, parts.shape[-1])[: env.config.height])

    whole = env.preset.empty_state(jax.tree.map(own_rows, terrain))

    def into(blank: Any, rows: Any) -> jax.Array:
        new = np.array(blank)
        new[: len(living)] = np.asarray(rows)[living]
        return jnp.asarray(new)

    return whole.replace(
        bodies=jax.tree.map(into, whole.bodies, players),
        lives=jax.tree.map(into, whole.lives, lives),
        **{name: jnp.asarray(getattr(world, name)) for name in ("tick", "next_id", "lost_spawns")},
    )
