"""What everybody is about to do in a tick, and every random number of it."""

from __future__ import annotations

import jax
from flax import struct

NO_MOVE = 5
"""The choice of whoever does not even stay."""


class Intent(struct.PyTreeNode):
    """Decoded actions. Nobody is B, nothing is I, no amount, price or message is 0."""

    order: jax.Array  # i32[P]; slots in the order in which players act in each phase
    move: jax.Array  # i32[P]; choice of `DELTAS`, NO_MOVE for none
    style: jax.Array  # i32[P]
    target: jax.Array  # i32[P]; slot of whom to attack
    use: jax.Array  # i32[P]; item
    destroy: jax.Array  # i32[P]; item
    give: jax.Array  # i32[P]; item
    give_to: jax.Array  # i32[P]; slot
    gold: jax.Array  # i32[P]; amount to give
    gold_to: jax.Array  # i32[P]; slot
    buy: jax.Array  # i32[P]; item
    sell: jax.Array  # i32[P]; item
    price: jax.Array  # i32[P]
    message: jax.Array  # i32[P]


class MusterRolls(struct.PyTreeNode):
    """Random numbers of NPCs that come in waves, or with orders. A of them may come."""

    place: jax.Array  # u32[A]; which tile of an area
    temper: jax.Array  # f32[A]; uniform in [0, 1)
    quarter: jax.Array  # i32[]; 0..3, the quadrant in which a wave comes
    stray: jax.Array  # u32[M]; which way a soldier goes to a point far away


class Rolls(struct.PyTreeNode):
    """Every random number of a tick: given these, all else follows. A attempts to place NPCs."""

    direction: jax.Array  # i32[M]; 0..3, the first that an NPC looks at when it meanders
    drop: jax.Array  # f32[P, 5, 2]; uniform, by profession and entry of `DROPS`
    buyers: jax.Array  # i32[P]; slots in the order in which they buy
    # i32[Q, I]; order in which the items of a victim are taken; Q is 1, or P: one for each victim
    loot: jax.Array
    ripening: jax.Array  # i32[P, 5]; ticks until a tile grows again that a player harvests: those
    # of `AROUND`, and its own; NEVER where `regrow` decides
    regrow: jax.Array | None  # bool[S, S]; a depleted tile grows again in this tick
    path_given: jax.Array  # bool[M]; the step of an NPC's path is given and not searched for
    path: jax.Array  # i32[M, 2]; that step
    mirror: jax.Array  # i32[A]; 0..3, the side at which a danger is placed
    offset: jax.Array  # i32[A]; and where on that side, from its middle, modulo its length
    spot: jax.Array  # i32[A, 2]; tile of an NPC that replaces no danger
    style: jax.Array  # i32[A]
    strength: jax.Array  # f32[A]; uniform in [0, 1), subtracted from the level
    armour: jax.Array  # i32[A]; item
    tool: jax.Array  # i32[A]; item
    respawn: jax.Array  # i32[P, 2]; where dead players come back
    task: jax.Array | None = None  # f32[P]; uniform, which task a player is given, if there are any
    muster: MusterRolls | None = None  # None where NPCs come by themselves
