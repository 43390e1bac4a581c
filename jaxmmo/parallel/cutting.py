"""What can be cut into bands, and how: all that is refused is refused here, in one line."""

from __future__ import annotations

from typing import Any

from jax.sharding import AbstractMesh, Mesh

from jaxmmo.env.actions import HEADS
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.environment import Environment
from jaxmmo.env.step import SYSTEMS
from jaxmmo.env.views.nearby import Nearby
from jaxmmo.parallel.halo import AXIS, Cut


def check_game(env: Any) -> None:
    """Raises ValueError for an environment whose world cannot be cut into bands."""
    if not isinstance(env, Environment):
        raise ValueError(f"bands of {type(env).__name__}: must be an Environment, without wrappers")
    game, config = env.preset, env.config
    more = {
        "tables": game.tables,
        "systems": game.systems != SYSTEMS,
        "heads": game.heads != HEADS,
        "views": game.views != (Nearby(),),
        "npc_capacity": config.npc_capacity,
    }
    added = [name for name, there in more.items() if there]
    if added:
        raise ValueError(
            f"bands of {game.name}: it has {added[0]} of its own; bands play games whose players, "
            "columns, materials, rules and rewards may be others, and nothing else"
        )
    if config.resolution != "simultaneous":
        raise ValueError(
            f"bands with resolution={config.resolution!r}: must be 'simultaneous', as one attack "
            "after another is an order over the whole world"
        )


def cut_world(
    config: EnvConfig,
    mesh: Mesh | AbstractMesh,
    slots: int,
    ghosts: int | None,
    movers: int | None,
) -> Cut:
    """How a map is cut over the axis `agents` of a mesh.

    Args:
      config: of the world.
      mesh: of devices.
      slots: of a band.
      ghosts: beyond each border; as many as slots by default.
      movers: over a border in a tick, in each direction; an eighth of the slots by default.

    Raises:
      ValueError: for what does not fit, saying what does.
    """
    sizes = dict(mesh.shape)
    bands = sizes.pop(AXIS, None)
    if bands is None or any(size > 1 for size in sizes.values()):
        shape = ",".join(f"{name}={size}" for name, size in mesh.shape.items())
        raise ValueError(f"mesh {shape}: one world needs a mesh with the axis {AXIS!r} alone")
    _check("slots", slots, max(1, config.max_spawns), config.capacity)
    ghosts = slots if ghosts is None else ghosts
    movers = min(max(8, slots // 8), slots) if movers is None else movers
    _check("ghosts", ghosts, 1, slots)
    _check("movers", movers, 1, slots)
    rows, halo = -(-config.height // bands), config.vision + 1
    if bands > 1 and rows < halo:
        raise ValueError(
            f"mesh {AXIS}={bands}: bands of {rows} rows; must be at least vision + 1 = {halo}, so "
            f"at most {AXIS}={(config.height - 1) // config.vision} for height={config.height}"
        )
    if slots + 2 * ghosts < config.max_visible:
        raise ValueError(
            f"slots={slots}, ghosts={ghosts}: slots + 2 ghosts must be at least "
            f"max_visible={config.max_visible}"
        )
    return Cut(bands, rows, config.vision, slots, ghosts, movers)


def _check(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name}={value!r}: must be an integer in [{low}, {high}]")
