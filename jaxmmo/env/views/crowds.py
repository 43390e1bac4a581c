"""Who sees whom in large worlds: a counting sort and row ranges, linear in agents and tiles.

The answers are those of `neighbours`, without a pair of agents ever being compared. Agents are
sorted by tile without a comparison sort: positions follow from counts of agents in blocks of tiles.
In raster order, the agents of one row of a window are one contiguous range; its place is looked up
where the row's first agent stands, its length is summed from the counts around the observer.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import NEVER
from jaxmmo.env.state import Bodies, add_at, count_before, get_at, min_at, set_at

BLOCK = 16  # columns of a map row that are counted together
CROWD = 255  # agents on one tile that are told apart in sums over a window


class Raster(struct.PyTreeNode):
    """Bodies in raster order of their tiles, by id within a tile; empty slots last."""

    order: jax.Array  # i32[B]; slot at each rank
    rank: jax.Array  # i32[B]; rank of each slot
    crowd: jax.Array  # i32[B]; bodies on the slot's tile, itself included
    start: jax.Array  # i32[H * W]; rank of the first agent of every tile that has one


class Ranges(struct.PyTreeNode):
    """The agents of every row of every window: three ranges of ranks, one after the other."""

    start: jax.Array  # i32[P, side]; first rank of the row
    left: jax.Array  # i32[P, side]; agents before the columns within reach
    near: jax.Array  # i32[P, side]; agents within reach
    right: jax.Array  # i32[P, side]; agents after them


def sort_agents(config: EnvConfig, bodies: Bodies) -> Raster:
    """Ranks every agent: those in earlier blocks, on earlier tiles of the block, older on the tile.

    Args:
      bodies: empty slots are ranked after everybody.
    """
    capacity, tiles = config.bodies, config.height * config.width
    across = -(-config.width // BLOCK)
    row, col, alive = bodies.row, bodies.col, bodies.alive
    tile = jnp.where(alive, row * config.width + col, tiles)
    seniority = rank_on_tile(tile, bodies.id, alive, tiles)

    padded = row * across * BLOCK + col
    counts = jnp.zeros(config.height * across * BLOCK, jnp.int32)
    counts = add_at(counts, jnp.where(alive, padded, counts.shape[0]), 1)
    blocks = jnp.zeros(config.height * across, jnp.int32)
    blocks = add_at(blocks, jnp.where(alive, padded // BLOCK, blocks.shape[0]), 1)
    before = jnp.cumsum(blocks) - blocks
    mates = jax.vmap(lambda first: jax.lax.dynamic_slice(counts, (first,), (BLOCK,)))(
        padded // BLOCK * BLOCK
    )
    earlier = jnp.sum(jnp.where(jnp.arange(BLOCK)[None] < col[:, None] % BLOCK, mates, 0), 1)
    rank = before[padded // BLOCK] + earlier + seniority
    rank = jnp.where(alive, rank, jnp.sum(blocks) + count_before(~alive))

    order = jnp.zeros(capacity, jnp.int32).at[rank].set(jnp.arange(capacity), unique_indices=True)
    first = jnp.where(alive & (seniority == 0), tile, tiles)
    start = set_at(jnp.zeros(tiles, jnp.int32), first, rank)
    return Raster(order=order, rank=rank, crowd=counts[padded], start=start)


def rank_on_tile(tile: jax.Array, agent_id: jax.Array, alive: jax.Array, tiles: int) -> jax.Array:
    """i32[P]: how many older agents share each agent's tile.

    In rounds, as many as the fullest tile holds: the oldest that is left on every tile is next.
    """

    def next_oldest(carry):
        left, rank, board, turn = carry
        board = min_at(board, jnp.where(left, tile, tiles), agent_id)
        oldest = left & (get_at(board, tile, NEVER) == agent_id)
        board = set_at(board, jnp.where(oldest, tile, tiles), NEVER)
        return left & ~oldest, jnp.where(oldest, turn, rank), board, turn + 1

    # zeros that vary where the input does: a loop within `shard_map` wants carries of one type
    zero = tile * 0
    nobody = (alive, zero, jnp.full(tiles, NEVER) + zero[0], zero[0])
    return jax.lax.while_loop(lambda carry: jnp.any(carry[0]), next_oldest, nobody)[1]


def visible_ranks(
    config: EnvConfig, bodies: Bodies, ranked: Raster, reach: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """As `neighbours.visible_ranks`; counts are exact up to 255 agents on a tile.

    Agents are gone through by rank, not by slot: what one looks up, the next finds in the cache.
    """
    row, col, alive = (column[ranked.order] for column in (bodies.row, bodies.col, bodies.alive))
    own = jnp.arange(config.bodies)[:, None]
    ranges = window_ranges(config, row, col, alive, ranked, reach)
    middle = (jnp.arange(config.window) == config.vision)[None]
    itself = (middle & alive[:, None]).astype(jnp.int32)
    wanted = jnp.arange(config.max_visible - 1)[None]
    if config.reach_first:
        length = ranges.near - itself
        near, num_near = _pick(length, ranges.start + ranges.left, None, wanted)
        near += _is_later(length, wanted, config.vision, near >= own)
        far, num_far = _pick(ranges.left, ranges.start, ranges, wanted - num_near[:, None])
        found = jnp.where(wanted < num_near[:, None], near, far)
        total = num_near + num_far
    else:
        length = ranges.left + ranges.near + ranges.right - itself
        found, total = _pick(length, ranges.start, None, wanted)
        found += _is_later(length, wanted, config.vision, found >= own)
    found = jnp.where(wanted < total[:, None], found, config.bodies)
    # back to slots by scatters: gathers would be fused with the work and do it in slot order
    found, total = (
        jnp.zeros_like(value).at[ranked.order].set(value, unique_indices=True)
        for value in (found, total)
    )
    return found[: config.capacity], total[: config.capacity]


def _pick(
    length: jax.Array, start: jax.Array, ranges: Ranges | None, wanted: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The rank of each wanted element of rows put one after another, and their number.

    Args:
      length: i32[P, side], of the rows.
      start: i32[P, side], their first ranks.
      ranges: if given, a row goes on with its right range after its left one.
      wanted: i32[P or 1, K - 1].
    """
    wanted = jnp.broadcast_to(wanted, (length.shape[0], wanted.shape[-1]))
    seen = jnp.zeros(length.shape[0], jnp.int32)
    found = jnp.zeros_like(wanted)
    for row in range(length.shape[1]):
        here = length[:, row] if ranges is None else length[:, row] + ranges.right[:, row]
        rank = wanted + (start[:, row] - seen)[:, None]
        if ranges is not None:
            beyond = wanted - seen[:, None] >= length[:, row, None]
            rank = jnp.where(beyond, rank + ranges.near[:, row, None], rank)
        found = jnp.where(wanted >= seen[:, None], rank, found)
        seen = seen + here
    return found, seen


def _is_later(length: jax.Array, wanted: jax.Array, row: int, later: jax.Array) -> jax.Array:
    """i32[P, K - 1]: 1 where the wanted element is in that row and bool[P, K - 1] says so."""
    before = jnp.sum(length[:, :row], 1)[:, None]
    inside = (wanted >= before) & (wanted < before + length[:, row, None])
    return (inside & later).astype(jnp.int32)


def window_ranges(
    config: EnvConfig,
    row: jax.Array,
    col: jax.Array,
    alive: jax.Array,
    ranked: Raster,
    reach: jax.Array,
) -> Ranges:
    """Counts the agents around everybody, four tiles a word, and looks up where rows begin.

    Args:
      row: i32[P], by rank, as the next two.
      col: i32[P].
      alive: bool[P].
      ranked: the agents in raster order.
      reach: i32[], tiles; what is within it, in rows and columns, is `near`.
    """
    sight, side = config.vision, config.window
    words = -(-side // 4)
    plane = jnp.zeros((config.height + 2 * sight, config.width + 2 * sight + 4), jnp.uint8)
    crowd = jnp.minimum(ranked.crowd[ranked.order], CROWD).astype(jnp.uint8)
    inside = jnp.where(alive, row + sight, plane.shape[0])
    plane = set_at(plane, (inside, col + sight), crowd)
    windows = jax.vmap(lambda r, c: jax.lax.dynamic_slice(plane, (r, c), (side, 4 * words)))(
        row, col
    )
    windows = jax.lax.bitcast_convert_type(
        windows.reshape(config.bodies, side, words, 4), jnp.uint32
    )

    offset = (jnp.arange(4 * words) - sight)[None]
    within_rows = jnp.abs(jnp.arange(side) - sight) <= reach
    cut = jnp.where(within_rows, -reach, sight + 1)[:, None]  # far rows are all left
    end = jnp.where(within_rows, reach, sight + 1)[:, None]
    parts = (offset < cut, (offset >= cut) & (offset <= end), offset > end)
    left, near, right = (
        _sum_bytes(windows & _byte_mask(part & (offset <= sight)), alive) for part in parts
    )

    column = jnp.zeros(windows.shape[:2], jnp.int32)
    for word in reversed(range(words)):
        value = windows[..., word]
        lowest = (31 - jax.lax.clz(value & (~value + 1)).astype(jnp.int32)) >> 3
        column = jnp.where(value != 0, 4 * word + lowest, column)
    across = col[:, None] - sight + column
    down = row[:, None] + (jnp.arange(side) - sight)[None]
    # rows without anyone may begin anywhere, off the map too
    tile = jnp.clip(down * config.width + across, 0, config.height * config.width - 1)
    begins = ranked.start[tile]
    return Ranges(start=begins, left=left, near=near, right=right)


def _byte_mask(chosen: jax.Array) -> jax.Array:
    """u32[1, side, words]: all bits of the chosen columns' bytes, from bool[side, 4 words]."""
    lanes = chosen.reshape(1, chosen.shape[0], -1, 4)
    byte = jnp.uint32(255) << jnp.arange(0, 32, 8, dtype=jnp.uint32).reshape(1, 1, 1, 4)
    return jnp.sum(jnp.where(lanes, byte, 0), 3, dtype=jnp.uint32)


def _sum_bytes(words: jax.Array, alive: jax.Array) -> jax.Array:
    """i32[P, side]: the sum of all bytes of each row's words; 0 for empty slots."""
    pairs = jnp.zeros(words.shape[:2], jnp.uint32)
    for i in range(words.shape[2]):
        word = words[..., i]
        pairs += (word & 0x00FF00FF) + ((word >> 8) & 0x00FF00FF)
    total = (pairs & 0xFFFF) + (pairs >> 16)
    return jnp.where(alive[:, None], total.astype(jnp.int32), 0)
