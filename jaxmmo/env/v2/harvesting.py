"""Professions: fish are caught beside them, all else is gathered from the tile one stands on."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import (
    AROUND,
    CROP,
    DROPS,
    FIRST_PROFESSION,
    TOOL,
    Event,
    Material,
)
from jaxmmo.env.v2.growing import gain
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World

HELD = 3  # of `SLOT`


def harvest(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    drop: jax.Array,
    ripening: jax.Array,
    when: jax.Array,
) -> World:
    """A player's harvests of a tick (section 6): fishing, then its own tile's profession.

    Without professions tiles are used up all the same.

    Args:
      body: i32[], who.
      drop: f32[5, 2], uniform, by profession and entry of `DROPS`.
      ripening: i32[5], ticks until what it harvests grows again, see `Rolls`.
      when: bool[], whether it does anything.
    """
    row, col = world.bodies.row[body], world.bodies.col[body]
    own = jnp.argmax(jnp.asarray(CROP) == world.material[row, col]).astype(jnp.int32)

    def once(i: jax.Array, w: World) -> World:
        fishes = i == 0
        profession = jnp.where(fishes, 0, own)
        around = jnp.where(fishes, 1, 0) * jnp.asarray(AROUND)
        rows, cols = row + around[:, 0], col + around[:, 1]
        crop = jnp.asarray(CROP)[profession]
        ripe = when & (w.material[rows, cols] == crop) & ~w.depleted[rows, cols]
        ripe &= fishes | (crop != Material.FISH)
        delay = jnp.where(fishes, ripening[:4], ripening[4])
        w = w.harvest((jnp.where(ripe, rows, config.height), cols), delay)
        return _yield(config, rules, w, body, profession, drop[profession], ripe.any())

    return jax.lax.fori_loop(0, jnp.where(when, 2, 0), once, world)


def _yield(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    profession: jax.Array,
    drop: jax.Array,
    when: jax.Array,
) -> World:
    """What a harvest gives: both drops are made before the first is received."""
    if config.has("item", "profession"):
        size = world.items.type.shape[0]
        tool = inventory.worn(world.items, body, HELD)
        held = jnp.minimum(tool, size - 1)
        right = (tool < size) & (world.items.type[held] == jnp.asarray(TOOL)[profession])
        better = jnp.minimum(1 + world.items.level[held], rules.level_max)
        level = jnp.where(right, better, 1)
        types = jnp.asarray(DROPS, jnp.int32)[profession]
        lucky = when & (types[1] > 0) & (drop[1] < rules.weapon_chance)
        world, first = inventory.make_item(world, when, types[0], level)
        world, second = inventory.make_item(world, lucky, types[1], level)
        for item, there in ((first, when & (first < size)), (second, lucky & (second < size))):
            world = _keep(config, world, body, item, there)
    skill = profession + FIRST_PROFESSION
    scale = rules.experience[jnp.where(profession < 2, 2, 1)]
    return gain(config, rules, world, body, skill, scale, when)


def _keep(config: Config, world: World, body: jax.Array, item: jax.Array, when: jax.Array) -> World:
    """A harvested item is received if there is a free place, else destroyed; stack or not."""
    space = inventory.has_space(config, world.items, body)
    world = log.record_item(world, when & space, body, Event.HARVEST_ITEM, item)
    world, _ = inventory.receive(config, world, body, item, when & space)
    return inventory.destroy(world, item, when & ~space)
