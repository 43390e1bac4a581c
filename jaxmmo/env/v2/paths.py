"""The search of a chasing NPC: A* with a budget, and ties as in the original (section 8)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.state.arrays import compact, count_before, get_at, set_at, varying_like

POPS = 99
"""Nodes that a search looks at."""

NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1))
"""North, west, south, east: the order in which a search finds them."""

FAR = 2**30


class _Search(struct.PyTreeNode):
    """Where a search stands. A node is row * width + column."""

    pops: jax.Array  # i32[]
    length: jax.Array  # i32[]; entries of the heap so far
    estimate: jax.Array  # i32[N]; of entries; FAR for those that are not in the heap
    node: jax.Array  # i32[N]; of entries
    cost: jax.Array  # i32[H * W]; steps from the start, FAR for unknown nodes
    parent: jax.Array  # i32[H * W]; H * W for none
    best: jax.Array  # i32[]; the node nearest to the goal
    best_rank: jax.Array  # i32[2]; its distance from the goal, and its estimate
    found: jax.Array  # bool[]; the goal was looked at


def first_steps(
    passable: jax.Array, start: jax.Array, goal: jax.Array, wanted: jax.Array
) -> jax.Array:
    """The first step of a path to each goal.

    Args:
      passable: bool[H, W].
      start: i32[N, 2].
      goal: i32[N, 2], another tile.
      wanted: bool[N], which to search for.

    Returns:
      i32[N, 2]: (rows, columns); no unit step where no path was found; zeros where not wanted.
    """
    count = wanted.shape[0]
    turns = compact(wanted, count_before(wanted), count)

    def one(i: jax.Array, steps: jax.Array) -> jax.Array:
        index = turns[i]
        return steps.at[index].set(first_step(passable, start[index], goal[index]))

    steps = varying_like(jnp.zeros((count, 2), jnp.int32), start)
    if count == 0:
        return steps
    return jax.lax.fori_loop(0, jnp.sum(wanted, dtype=jnp.int32), one, steps)


def first_step(passable: jax.Array, start: jax.Array, goal: jax.Array) -> jax.Array:
    """i32[2]: as `first_steps`, of one search."""
    height, width = passable.shape
    begin, end = start[0] * width + start[1], goal[0] * width + goal[1]
    entries = 1 + POPS * len(NEIGHBOURS)
    away = jnp.abs(start - goal).sum()
    search = _Search(
        pops=jnp.int32(0),
        length=jnp.int32(1),
        estimate=jnp.full(entries, FAR).at[0].set(0),
        node=jnp.zeros(entries, jnp.int32).at[0].set(begin),
        cost=jnp.full(height * width, FAR).at[begin].set(0),
        parent=jnp.full(height * width, height * width),
        best=begin,
        best_rank=jnp.stack([away, away]),
        found=jnp.bool_(False),
    )
    search = varying_like(search, start)

    def goes_on(s: _Search) -> jax.Array:
        return ~s.found & (s.pops < POPS) & (s.estimate != FAR).any()

    search = jax.lax.while_loop(goes_on, lambda s: _pop(passable, goal, s), search)
    exhausted = (search.pops >= POPS) & ~search.found & (search.estimate != FAR).any()
    nowhere = height * width
    reached = search.parent[end] != nowhere
    end = jnp.where(exhausted & ~reached, search.best, end)

    def back(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        _, parent = state
        return parent, get_at(search.parent, parent, nowhere)

    def further(state: tuple[jax.Array, jax.Array]) -> jax.Array:
        return (state[1] != nowhere) & (state[1] != begin)

    last, _ = jax.lax.while_loop(further, back, (end, search.parent[end]))
    return jnp.stack([last // width, last % width]).astype(jnp.int32) - start


def _pop(passable: jax.Array, goal: jax.Array, s: _Search) -> _Search:
    """Takes the entry of the smallest estimate, row and column, and looks at its neighbours."""
    height, width = passable.shape
    least = s.estimate.min()
    at = jnp.argmin(jnp.where(s.estimate == least, s.node, FAR))
    node = s.node[at]
    row, col = node // width, node % width
    found = (row == goal[0]) & (col == goal[1])
    s = s.replace(estimate=s.estimate.at[at].set(FAR), pops=s.pops + 1, found=found)
    cost = s.cost[node] + 1
    for down, right in NEIGHBOURS:
        r, c = row + down, col + right
        inside = (r > 0) & (c > 0) & (r < height) & (c < width)
        index = jnp.where(inside, r * width + c, height * width)
        known = get_at(s.cost, index, 0)
        new = ~found & inside & get_at(passable.reshape(-1), index, False) & (cost < known)
        away = jnp.abs(r - goal[0]) + jnp.abs(c - goal[1])
        rank = jnp.stack([away, away + cost])
        nearer = (rank[0] < s.best_rank[0]) | (
            (rank[0] == s.best_rank[0]) & (rank[1] < s.best_rank[1])
        )
        there = jnp.where(new, index, height * width)
        slot = jnp.where(new, s.length, s.node.shape[0])
        s = s.replace(
            cost=set_at(s.cost, there, cost),
            parent=set_at(s.parent, there, node),
            estimate=set_at(s.estimate, slot, rank[1]),
            node=set_at(s.node, slot, index),
            length=s.length + new.astype(jnp.int32),
            best=jnp.where(new & nearer, index, s.best),
            best_rank=jnp.where(new & nearer, rank, s.best_rank),
        )
    return s
