"""Observations: packed tile windows, a table of visible agents, and exact masks."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env import neighbours
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES, Material
from jaxmmo.env.neighbours import Sorted
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.systems import movement, skills
from jaxmmo.io import spec as io_spec


class Masks(struct.PyTreeNode):
    """Legal choices of every action head; an empty slot may only do nothing."""

    move: jax.Array  # bool[P, 5]
    style: jax.Array  # bool[P, 3]
    target: jax.Array  # bool[P, 3, K]; by style; row 0, the agent itself, means no attack


class Observation(struct.PyTreeNode):
    """What every slot perceives; all zero where a slot is empty. `io.inputs` makes it readable.

    `tiles` holds `32 / tile_bits` tiles a word, lowest bits first, row by row, what exceeds the
    window being 0. A tile is its material in the low 3 bits and the number of agents on it above,
    saturated. `agents` rows are packed as `io.spec` lists.
    """

    tiles: jax.Array  # u32[P, 2 vision + 1, words]
    agents: jax.Array  # u32[P, K, words]; row 0 is the agent itself
    present: jax.Array  # bool[P, K]; rows of `agents` that hold somebody
    overflow: jax.Array  # i32[P]; agents in the window that did not fit
    masks: Masks


def observe(config: EnvConfig, rules: Rules, state: WorldState) -> tuple[Observation, jax.Array]:
    """Every agent sees the tiles and the agents within its window (v1.3 section 7).

    Returns:
      The observation, and i32[P, K]: the slot behind each row of `agents`, P for none.
    """
    spec = io_spec.of(config)
    players, capacity = state.players, config.capacity
    ranked = neighbours.sort_agents(config, players)
    reach = jnp.max(rules.reach)
    others, total = neighbours.visible_ranks(config, players, ranked, reach)
    own = jnp.where(players.alive, ranked.rank, capacity)
    ranks = jnp.concatenate([own[:, None], others], 1)

    table = spec.table("agent")
    packed = pack_agents(config, table, state)[ranked.order]
    packed = jnp.pad(packed, ((0, 1), (0, 0)))  # rank P: nobody
    rows = packed.at[ranks].get(mode="promise_in_bounds")
    present = ranks < capacity
    rows, off_row, off_col = relate(config, table, state, rows, present)
    slots = jnp.pad(ranked.order, (0, 1), constant_values=capacity)
    visible = slots.at[ranks].get(mode="promise_in_bounds")

    observation = Observation(
        tiles=tile_windows(config, state, ranked),
        agents=rows,
        present=present,
        overflow=jnp.maximum(total - (config.max_visible - 1), 0),
        masks=masks(config, rules, state, table, rows, present, off_row, off_col),
    )
    return observation, visible


def pack_agents(config: EnvConfig, table: io_spec.Table, state: WorldState) -> jax.Array:
    """u32[P, words]: every agent's attributes in the bits that the spec assigns.

    Relative positions hold the absolute ones modulo a power of two until an observer is known.
    """
    players = state.players
    values = {
        name: getattr(players, name)
        for name in (
            "population damage freeze immune wilderness time_alive food food_max water water_max "
            "health health_max"
        ).split()
    }
    if config.observe_skills:
        for i, attribute in enumerate(a for a in table.attributes if a.name.startswith("level_")):
            values[attribute.name] = players.level[:, i]
        values["combat_level"] = skills.combat_level(players.level)
    words = [jnp.zeros(config.capacity, jnp.uint32) for _ in range(table.words)]
    for attribute in table.attributes:
        if attribute.name == "self":
            continue
        if attribute.name in ("row", "col"):
            value = getattr(players, attribute.name) & (2**attribute.bits - 1)
        else:
            value = jnp.clip(values[attribute.name], attribute.low, attribute.high) - attribute.low
        words[attribute.word] |= value.astype(jnp.uint32) << attribute.shift
    return jnp.stack(words, 1)


def relate(
    config: EnvConfig,
    table: io_spec.Table,
    state: WorldState,
    rows: jax.Array,
    present: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Turns positions modulo a power of two into positions relative to the observer.

    Returns:
      The rows as observed, and the true offsets i32[P, K] in rows and columns.
    """
    offsets = []
    for name in ("row", "col"):
        field = table[name]
        mask = jnp.uint32(2**field.bits - 1)
        origin = getattr(state.players, name)[:, None] - config.vision
        stored = (rows[..., field.word] >> field.shift) & mask
        stored = (stored - origin.astype(jnp.uint32)) & mask
        offsets.append(jnp.where(present, stored.astype(jnp.int32) - config.vision, 0))
        shown = stored if config.relative_positions else jnp.uint32(config.vision)
        rows = rows.at[..., field.word].set(
            (rows[..., field.word] & ~(mask << field.shift)) | (shown << field.shift)
        )
    itself = table["self"]
    rows = rows.at[:, 0, itself.word].add(jnp.uint32(1) << itself.shift)
    return jnp.where(present[..., None], rows, 0), *offsets


def tile_windows(config: EnvConfig, state: WorldState, ranked: Sorted) -> jax.Array:
    """u32[P, side, words]: the packed tiles around every agent, VOID beyond the map's edge.

    Tiles are packed before the windows are cut, once for every column at which a word can start:
    a window is then a quarter of the reads.
    """
    players, sight, bits = state.players, config.vision, config.tile_bits
    dtype = jnp.uint8 if bits == 8 else jnp.uint16
    plane = state.terrain.visible(state.tick).astype(dtype)
    row = jnp.where(players.alive, players.row, config.height)
    crowd = jnp.minimum(ranked.crowd, 2 ** (bits - 3) - 1)
    here = plane.at[players.row, players.col].get(mode="fill", fill_value=0) & 7
    plane = plane.at[row, players.col].set(here | (crowd << 3).astype(dtype), mode="drop")
    per_word = config.tiles_per_word
    stride = config.width + 2 * sight + per_word
    plane = jnp.pad(
        plane, ((sight, sight), (sight, sight + 2 * per_word)), constant_values=Material.VOID
    )
    words = jnp.zeros((config.height + 2 * sight, stride), jnp.uint32)
    for i in range(per_word):
        words |= plane[:, i : i + stride].astype(jnp.uint32) << (bits * i)
    corner = jnp.where(players.alive, players.row * stride + players.col, 0)
    across = jnp.arange(config.window_words) * per_word
    index = corner[:, None, None] + (jnp.arange(config.window) * stride)[:, None] + across
    windows = words.reshape(-1).at[index].get(mode="promise_in_bounds")
    inside = [
        sum(
            (2**bits - 1) << (bits * i)
            for i in range(per_word)
            if word * per_word + i < config.window
        )
        for word in range(config.window_words)
    ]
    windows &= jnp.asarray(inside, jnp.uint32)
    return jnp.where(players.alive[:, None, None], windows, 0)


def masks(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    table: io_spec.Table,
    rows: jax.Array,
    present: jax.Array,
    off_row: jax.Array,
    off_col: jax.Array,
) -> Masks:
    """What each agent may do next tick, exact for all that its own state decides.

    Freeze and immunity count down before actions run. A target is legal for a style if it is
    within its reach and attackable when nobody moves.
    """
    players = state.players
    away = jnp.maximum(jnp.abs(off_row), jnp.abs(off_col))
    immune = (rows[..., table["immune"].word] >> table["immune"].shift) & (
        2 ** table["immune"].bits - 1
    )
    open_target = present & (immune <= 1)
    target = open_target[:, None, :] & (away[:, None, :] <= rules.reach[:, None])
    target = target.at[:, :, 0].set(True)
    style = jnp.broadcast_to(players.alive[:, None], (config.capacity, NUM_STYLES))
    return Masks(move=legal_moves(config, state), style=style.at[:, 0].set(True), target=target)


def legal_moves(config: EnvConfig, state: WorldState) -> jax.Array:
    """bool[P, 5]: steps onto passable tiles unless still frozen; staying as the preset says.

    Where staying is not a choice, it is one for those who have no other.
    """
    players = state.players
    tile = state.terrain.tile[players.row, players.col]
    steps = movement.may_step(tile[:, None], jnp.arange(1, NUM_MOVES))
    steps &= (players.alive & (players.freeze <= 1))[:, None]
    stay = jnp.ones(config.capacity, bool) if config.allow_stay else ~jnp.any(steps, 1)
    return jnp.concatenate([stay[:, None], steps], 1)
