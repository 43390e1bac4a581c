"""Observations: packed tile windows, a table of visible agents, and exact masks."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo import spec as io_spec
from jaxmmo.env import crowds, neighbours
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES, Material, Move
from jaxmmo.env.crowds import Raster
from jaxmmo.env.neighbours import Sorted
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.systems import skills, status
from jaxmmo.spec import Encoding, Table


class Masks(struct.PyTreeNode):
    """Legal choices of every action head; an empty slot may only do nothing."""

    move: jax.Array  # bool[P, 5]
    style: jax.Array  # bool[P, 3]
    target: jax.Array  # bool[P, 3, K]; by style; row 0, the agent itself, means no attack


class Rows(struct.PyTreeNode):
    """A table of entities other than agents, as every slot perceives it."""

    words: jax.Array  # u32[P, K, words]; packed as `io.spec` lists
    present: jax.Array  # bool[P, K]; rows that hold something


class Observation(struct.PyTreeNode):
    """What every slot perceives; all zero where a slot is empty. `io.inputs` makes it readable.

    `tiles` holds `32 / tile_bits` tiles a word, lowest bits first, row by row, what exceeds the
    window being 0. A tile is its material in the low 3 bits and the number of agents on it above,
    saturated. `agents` rows are packed as `io.spec` lists. `others` holds, by name, the tables that
    a spec lists after the agents': none in this game so far.
    """

    tiles: jax.Array  # u32[P, 2 vision + 1, words]
    agents: jax.Array  # u32[P, K, words]; row 0 is the agent itself
    present: jax.Array  # bool[P, K]; rows of `agents` that hold somebody
    overflow: jax.Array  # i32[P]; agents in the window that did not fit
    masks: Masks
    others: dict[str, Rows] = struct.field(default_factory=dict)

    def rows(self, table: Table) -> Rows:
        """A table's packed rows; the agents' are `agents` and `present`."""
        if table.name == "agent":
            return Rows(self.agents, self.present)
        return self.others[table.name]


def observe(config: EnvConfig, rules: Rules, state: WorldState) -> tuple[Observation, WorldState]:
    """Every agent sees the tiles and the agents within its window (v1.3 section 7).

    Returns:
      The observation, and the state that remembers whom the rows of `agents` stand for.
    """
    spec = io_spec.of(config)
    players, capacity = state.players, config.capacity
    reach = jnp.clip(jnp.max(rules.reach), 0, config.vision)
    if capacity <= neighbours.MOST:
        ranked = neighbours.sort_agents(config, players)
        others, total = neighbours.visible_ranks(config, players, ranked, reach)
    else:
        ranked = crowds.sort_agents(config, players)
        others, total = crowds.visible_ranks(config, players, ranked, reach)
    own = jnp.where(players.alive, ranked.rank, capacity)
    ranks = jnp.concatenate([own[:, None], others], 1)

    table = spec.table("agent")
    # into rank order by scatters, which also keep the packing from being fused into the gather
    # below and done again for every row that sees an agent
    packed = jnp.zeros((capacity + 1, table.words), jnp.uint32)  # rank P: nobody
    for i, word in enumerate(pack_agents(config, table, state)):
        packed = packed.at[ranked.rank, i].set(word, unique_indices=True)
    state = state.replace(order=ranked.order, seen=ranks)
    rows = packed.at[ranks].get(mode="promise_in_bounds")
    observation = Observation(
        tiles=tile_windows(config, state, ranked),
        agents=rows if config.relative_positions else without_positions(table, rows),
        present=ranks < capacity,
        overflow=jnp.maximum(total - (config.max_visible - 1), 0),
        masks=masks(config, rules, state, table, rows, ranks),
    )
    return observation, state


def pack_agents(config: EnvConfig, table: io_spec.Table, state: WorldState) -> list[jax.Array]:
    """u32[P] for each word: every agent's attributes in the bits that the spec assigns.

    Positions are packed modulo a power of two: that tells them apart within a window.
    """
    players = state.players
    values = {
        name: getattr(players, name)
        for name in [
            "population",
            "damage",
            "freeze",
            "immune",
            "wilderness",
            "time_alive",
            "food",
            "food_max",
            "water",
            "water_max",
            "health",
            "health_max",
        ]
    }
    if config.observe_skills:
        for i, attribute in enumerate(a for a in table.attributes if a.name.startswith("level_")):
            values[attribute.name] = players.level[:, i]
        values["combat_level"] = skills.combat_level(players.level)
    words = [jnp.zeros(config.capacity, jnp.uint32) for _ in range(table.words)]
    for attribute in table.attributes:
        if attribute.encoding == Encoding.FIRST:
            continue
        if attribute.encoding == Encoding.RELATIVE:
            value = getattr(players, attribute.name) & (2**attribute.bits - 1)
        else:
            value = jnp.clip(values[attribute.name], attribute.low, attribute.high) - attribute.low
        words[attribute.word] |= value.astype(jnp.uint32) << attribute.shift
    return words


def field_of(field: io_spec.Attribute, rows: jax.Array) -> jax.Array:
    """u32[...]: the bits of one attribute in packed rows u32[..., words]."""
    return (rows[..., field.word] >> field.shift) & jnp.uint32(2**field.bits - 1)


def without_positions(table: io_spec.Table, rows: jax.Array) -> jax.Array:
    """The rows with everybody's position alike: relative ones read 0, as in v1.3 (section 0.6)."""
    hidden = [0] * table.words
    for field in (table["row"], table["col"]):
        hidden[field.word] |= (2**field.bits - 1) << field.shift
    return rows & ~jnp.array(hidden, jnp.uint32)


def tile_windows(config: EnvConfig, state: WorldState, ranked: Sorted | Raster) -> jax.Array:
    """u32[P, side, words]: the packed tiles around every agent, VOID beyond the map's edge.

    Windows are cut as slices of bytes, whole words wide: rows are copied, not tiles looked up.
    """
    players, sight, bits = state.players, config.vision, config.tile_bits
    dtype = jnp.uint8 if bits == 8 else jnp.uint16
    per_word, words = config.tiles_per_word, config.window_words
    # a VOID that the compiler cannot know: into a constant, the map would be padded tile by tile
    void = (jnp.int32(Material.VOID) + (state.tick >> 31)).astype(dtype)
    shape = (config.height + 2 * sight, config.width + 2 * sight + per_word)
    visible = state.terrain.visible(state.tick).astype(dtype)
    plane = jax.lax.dynamic_update_slice(jnp.full(shape, void), visible, (sight, sight))
    # agents are scattered onto the padded map: a scatter is not fused into what reads it, so that
    # the map is made once and the windows are copied from it
    row = jnp.where(players.alive, players.row + sight, plane.shape[0])
    crowd = jnp.minimum(ranked.crowd, 2 ** (bits - 3) - 1).astype(dtype)
    here = standing_on(state).astype(dtype)
    plane = plane.at[row, players.col + sight].set(here | (crowd << 3), mode="drop")

    shape = (config.window, words * per_word)
    windows = jax.vmap(lambda row, col: jax.lax.dynamic_slice(plane, (row, col), shape))(
        players.row, players.col
    )
    windows = windows.reshape(config.capacity, config.window, words, per_word)
    windows = jax.lax.bitcast_convert_type(windows, jnp.uint32)
    beyond = words * per_word - config.window
    last = jnp.arange(words) == words - 1
    inside = jnp.where(last, jnp.uint32(2 ** (32 - bits * beyond) - 1), jnp.uint32(2**32 - 1))
    return jnp.where(players.alive[:, None, None], windows & inside, 0)


def standing_on(state: WorldState) -> jax.Array:
    """u8[P]: the visible material under each slot."""
    players, terrain = state.players, state.terrain
    depleted = terrain.ripe_at[players.row, players.col] > state.tick
    tile = terrain.tile[players.row, players.col] & jnp.uint8(7)
    return jnp.where(depleted, jnp.uint8(Material.SCRUB), tile)


def masks(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    table: io_spec.Table,
    rows: jax.Array,
    ranks: jax.Array,
) -> Masks:
    """What each agent may do next tick, exact for all that its own state decides.

    Freeze and immunity count down before actions run. A target is legal for a style if it is
    within its reach and attackable when nobody moves.
    """
    players = state.players
    away = jnp.zeros(ranks.shape, jnp.int32)
    for field in (table["row"], table["col"]):
        here = getattr(players, field.name)[:, None].astype(jnp.uint32)
        offset = (field_of(field, rows) - here + jnp.uint32(-field.low)) & (2**field.bits - 1)
        away = jnp.maximum(away, jnp.abs(offset.astype(jnp.int32) + field.low))
    open_target = (ranks < config.capacity) & (field_of(table["immune"], rows) <= 1)
    if config.lagging_death:  # of the dying, whose immunity does not count down
        shielded = status.when_acting(config, state, players.immune) > 0
        open_target &= ~jnp.pad(shielded[state.order], (0, 1))[ranks]
    away = jnp.where(open_target, away, 2 * config.window)
    nobody = jnp.arange(config.max_visible) == 0
    style = players.alive[:, None] | (jnp.arange(NUM_STYLES) == 0)
    return Masks(
        move=legal_moves(config, state),
        style=style,
        target=(away[:, None, :] <= rules.reach[:, None]) | nobody,
    )


def legal_moves(config: EnvConfig, state: WorldState) -> jax.Array:
    """bool[P, 5]: steps onto passable tiles unless still frozen; staying as the preset says.

    Where staying is not a choice, it is one for those who have no other.
    """
    players = state.players
    tile = state.terrain.tile[players.row, players.col]
    free = players.alive & (status.when_acting(config, state, players.freeze) <= 0)
    tile = jnp.where(free, tile >> 4, 0)  # open directions
    move = jnp.arange(NUM_MOVES, dtype=jnp.uint8)
    steps = (tile[:, None] >> jnp.maximum(move, 1) - 1) & 1 == 1
    stay = jnp.ones(config.capacity, bool) if config.allow_stay else tile == 0
    return jnp.where(move == Move.STAY, stay[:, None], steps)
