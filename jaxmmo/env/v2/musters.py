"""NPCs that do not come by themselves: in waves, or with orders (section 13)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.rules import Numbers, rule
from jaxmmo.env.v2.config import Config


class Musters(Numbers):
    """Numbers that matter where `Config.npcs` is not "wild", or in a game that is won late.

    Scalars are i32[] unless said otherwise.
    """

    # waves
    wave_size: jax.Array = rule(10, 0, 2**16)  # NPCs of a wave
    wave_radius: jax.Array = rule(5, 0, 2**16)  # tiles from the middle of a wave to its sides
    wave_few: jax.Array = rule(3, 0)  # a wave follows when no more NPCs than these are left
    wave_interval: jax.Array = rule(20, 0)  # or when more ticks than these have passed
    wave_danger: jax.Array = rule(0.1, 0, 1, jnp.float32)  # f32[]; by which each wave is worse
    # f32[]; waves less dangerous than this come at the centre, others at that of a quadrant
    wave_spreads: jax.Array = rule(0.4, 0, 1e6, jnp.float32)
    # f32[3]; dangers from which NPCs of a wave are passive, neutral, aggressive
    tempers: jax.Array = rule([0.0, 0.5, 0.8], 0, 1e6, jnp.float32)

    # soldiers
    soldiers_inside: jax.Array = rule(2, 0, 2**16)  # for each team, between it and the centre
    soldiers_outside: jax.Array = rule(-1, -1, 2**16)  # on the edge; -1: as many as are inside
    rally_within: jax.Array = rule(5, 0, 2**16)  # tiles from its point at which one has rallied

    won_from: jax.Array = rule(0, 0)  # tick before which nobody wins; of `sandwich` alone


class Muster(struct.PyTreeNode):
    """What there is to know of NPCs that come in waves, or with orders; see `mustering`."""

    waves: jax.Array  # i32[]; that came so far
    latest: jax.Array  # i32[]; tick of the latest one
    row: jax.Array  # i32[M], of soldiers, else i32[0]; where an NPC is to rally, -1 for nowhere
    col: jax.Array  # likewise

    @classmethod
    def first(cls, config: Config) -> Muster | None:
        """Before anybody came; None where NPCs come by themselves."""
        if config.npcs == "wild":
            return None
        soldiers = config.npc_capacity if config.npcs == "soldiers" else 0

        def nowhere() -> jax.Array:
            return jnp.full(soldiers, -1, jnp.int32)  # one buffer each, to be donated

        return cls(jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32), nowhere(), nowhere())
