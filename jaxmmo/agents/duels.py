"""Whom scripted policies of the second game attack: an estimate from what is observed.

Damage is certain in this game, so that who would win a duel can be told but for what players carry,
of which only the sum of its levels is seen.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.agents.wares import LEVELS, Bag
from jaxmmo.env.v2.constants import BEATS, FIGHTS, NUM_STYLES, Kind
from jaxmmo.env.v2.inventory import is_armour, is_tool, stacks
from jaxmmo.io.inputs import Columns

BASE, A_LEVEL = 10, 5
"""Attack of a player in a style, and what a level adds to it, and to a defence."""

ARMOUR, TOOLS = 3, 15
"""What a level of armour, and a tool, add to a defence; of a weapon, `A_LEVEL` to an attack."""

FROM_GEAR = 1.6
"""Attack and defence of an NPC for each of its observed item levels."""


def strengths(bodies: Columns, items: Bag) -> tuple[jax.Array, jax.Array]:
    """f32[..., 3] and f32[..., 1]: the observer's attack by style, and its defence."""
    levels = jnp.stack([bodies[name][..., 0] for name in LEVELS], -1)
    stack = stacks(items.type)
    power = jnp.where(stack, A_LEVEL + BASE * items.level, A_LEVEL + A_LEVEL * items.level)
    styles = jnp.asarray(FIGHTS)[items.type][..., None] == jnp.arange(NUM_STYLES)
    weapons = jnp.where(styles & items.equipped[..., None], power[..., None], 0)
    shield = jnp.where(is_tool(items.type), TOOLS, 0)
    shield = jnp.where(is_armour(items.type), ARMOUR * items.level, shield)
    attack = BASE + A_LEVEL * levels[..., :NUM_STYLES] + jnp.sum(weapons, -2)
    defence = A_LEVEL * jnp.max(levels, -1) + jnp.sum(jnp.where(items.equipped, shield, 0), -1)
    return attack.astype(jnp.float32), defence.astype(jnp.float32)[..., None]


def prospects(bodies: Columns, there: jax.Array, items: Bag) -> tuple[jax.Array, jax.Array]:
    """How a duel with each of the bodies in sight would go.

    Args:
      bodies: i32[..., K] by name; row 0 is the observer.
      there: bool[..., K].
      items: the observer's own.

    Returns:
      f32[..., 3, K]: the share of its health that a blow takes from a body, by style; and
      bool[..., K]: it would be dead before the observer is, if both fought from now on. Passive
      NPCs never strike back.
    """
    attack, defence = strengths(bodies, items)
    levels = jnp.stack([bodies[name] for name in LEVELS], -1)
    combat, best = levels[..., :NUM_STYLES], jnp.max(levels, -1)
    npc = bodies["kind"] > Kind.PLAYER
    gear = bodies["item_level"]
    theirs = jnp.where(npc, FROM_GEAR * gear, A_LEVEL * best + ARMOUR * gear)
    style = jnp.argmax(combat, -1)
    beats = jnp.asarray(BEATS)[:, None] == style[..., None, :]
    clear = jnp.sum(combat == jnp.max(combat, -1, keepdims=True), -1) == 1  # a main style is known
    offence = jnp.where(beats & clear[..., None, :], 1.5, 1.0) * attack[..., None]
    blow = jnp.maximum(offence - theirs[..., None, :], 0.25 * attack[..., None])
    share = blow / jnp.maximum(bodies["health"], 1)[..., None, :]
    back = jnp.where(npc, FROM_GEAR * gear, BASE + A_LEVEL * jnp.max(combat, -1) + ARMOUR * gear)
    back = jnp.maximum(back - defence, 0.25 * back)
    suffered = back / jnp.maximum(bodies["health"][..., :1], 1)
    harmless = bodies["kind"] == Kind.PASSIVE
    return share, there & (harmless | (jnp.max(share, -2) >= suffered))


def targets(share: jax.Array, worthy: jax.Array, legal: jax.Array) -> tuple[jax.Array, jax.Array]:
    """f32[..., 3] and f32[..., 3, K]: logits of the style and of the target, but for a factor.

    Args:
      share: f32[..., 3, K], of `prospects`.
      worthy: bool[..., K], whom to attack.
      legal: bool[..., 3, K], the mask; choice 0 is nobody.
    """
    rows = jnp.arange(share.shape[-1])
    gain = jnp.where(legal & worthy[..., None, :] & (rows > 0), share, 0.0)
    best = jnp.max(gain, -1)
    target = jnp.where(best > 0, jnp.argmax(gain, -1), 0)
    style = jnp.argmax(best, -1)[..., None] == jnp.arange(share.shape[-2])
    return style.astype(jnp.float32), (target[..., None] == rows).astype(jnp.float32)
