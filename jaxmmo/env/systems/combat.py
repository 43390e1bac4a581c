"""Attacks: accuracy, damage, what changes hands, and freezing (v1.3 section 6).

What a blow does is written once, as functions of the damage. All blows of a tick are applied at
once by scatters, or one after another by a scan, as `resolution` says.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import STYLE_SKILL, Cause, Outcome, Skill
from jaxmmo.env.levels import learn, level_of
from jaxmmo.env.rules import NEVER, Rules
from jaxmmo.env.state import WorldState, add_at, max_at, set_at
from jaxmmo.env.tick import Tick, attackable, attacking, still_fight


class Attacks(struct.PyTreeNode):
    """Every slot's attack of the tick."""

    target: jax.Array  # i32[B]; slot attacked, B where nobody was
    style: jax.Array  # i32[B]; Style
    outcome: jax.Array  # i32[B]; Outcome
    damage: jax.Array  # i32[B]; dealt


class Aim(NamedTuple):
    """Every slot's attack before it is known whether it hits."""

    target: jax.Array  # i32[B]; slot, any for those who do not attack
    style: jax.Array  # i32[B]; Style
    lands: jax.Array  # bool[B]; somebody else is struck at, and nothing protects them
    otherwise: jax.Array  # i32[B]; Outcome of those that do not land
    roll: jax.Array  # i32[B]; uniform in [0, 2^16)


def distance(row: jax.Array, col: jax.Array, other: jax.Array) -> jax.Array:
    """i32[N]: Chebyshev tiles between each slot and the slot `other[N]`, which must be in range."""
    own = slice(other.shape[0])
    return jnp.maximum(jnp.abs(row[own] - row[other]), jnp.abs(col[own] - col[other]))


def hit_damage(
    rules: Rules, style: jax.Array, attack: jax.Array, defense: jax.Array, roll: jax.Array
) -> jax.Array:
    """i32: damage of an attack: the style's maximum at that level, or 0 on a miss.

    A hit has the chance (hit_base + attack - defense) / hit_scale.

    Args:
      style: i32[...].
      attack: i32[...], attacker's level in the style's skill.
      defense: i32[...], target's level.
      roll: i32[...], uniform in [0, 2^16).
    """
    chance = jnp.clip(rules.hit_base + attack - defense, 0, rules.hit_scale).astype(jnp.uint32)
    # roll / 2^16 < chance / scale, in exact integers: scale is at most 16 bits
    hit = (chance == rules.hit_scale.astype(jnp.uint32)) | (
        roll.astype(jnp.uint32) * rules.hit_scale.astype(jnp.uint32) < chance << 16
    )
    return jnp.where(hit, rules.max_hit[style, attack], 0)


def freezing(rules: Rules, style: jax.Array, damage: jax.Array) -> jax.Array:
    """i32: ticks that a blow freezes its target."""
    return jnp.where(damage > 0, rules.freeze_ticks[style], 0)


def lessons(rules: Rules, skill: jax.Array, dealt: jax.Array, suffered: jax.Array) -> jax.Array:
    """i32[..., S]: experience from damage dealt in a skill i32[...] and from damage suffered."""
    skills = jnp.arange(len(Skill)).reshape(*(1 for _ in skill.shape), -1)

    def learnt(which: jax.Array | int, amount: jax.Array) -> jax.Array:
        return (skills == which).astype(jnp.int32) * amount[..., None]

    gained = learnt(skill[..., None], rules.attack_experience * dealt)
    gained += learnt(Skill.CONSTITUTION, rules.combat_experience * (dealt + suffered))
    return gained + learnt(Skill.DEFENSE, rules.defense_experience * suffered)


def leeched(rules: Rules, value: jax.Array, maximum: jax.Array, dealt: jax.Array) -> jax.Array:
    """i32: an attacker's food or water after a blow that landed."""
    return jnp.minimum(maximum, value + rules.leech * dealt)


def drained(rules: Rules, value: jax.Array, suffered: jax.Array) -> jax.Array:
    """i32: a target's food or water after the damage it suffered."""
    return jnp.maximum(value - rules.drain * suffered, 0)


def wounded(
    health: jax.Array, wound: jax.Array, suffered: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """i32, i32: a target's health after the damage, and the cause that took it to 0, if any did."""
    after = jnp.maximum(health - suffered, 0)
    return after, jnp.where((health > 0) & (after <= 0), Cause.COMBAT, wound)


def resolve_attacks(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, Attacks]:
    """Attackers take food and water from their targets, and both learn from the fight.

    Returns:
      The state and what came of every attack. With `resolution="simultaneous"` all attacks are
      resolved from the levels at the start of the phase: gains (capped), then losses (floored), the
      youngest attacker's blow giving `damage`. With "sequential", one after another, oldest first.
    """
    bodies, intent = state.bodies, tick.intent
    target = jnp.minimum(intent.target, config.bodies - 1)
    attacks = attacking(config, state, tick) & (intent.target < config.bodies)
    attacks &= attackable(config, state, tick)[target]
    own = target == jnp.arange(config.bodies)
    if config.enforce_reach:
        away = distance(bodies.row, bodies.col, target)
        attacks &= own | (away <= rules.reach[intent.style])
    immune = bodies.immune[target] > 0
    blocked = jnp.where(own, Outcome.SELF, Outcome.IMMUNE)
    aim = Aim(
        target=target,
        style=intent.style,
        lands=attacks & ~own & ~immune,
        otherwise=jnp.where(attacks, blocked, Outcome.NONE),
        roll=tick.rolls.attack,
    )
    resolve = _simultaneous if config.resolution == "simultaneous" else _sequential
    state, outcome, damage = resolve(config, rules, state, aim)
    attacked = jnp.where(outcome == Outcome.NONE, config.bodies, target)
    return state, Attacks(attacked, intent.style, outcome, damage)


def _outcome(aim: Aim, lands: jax.Array, damage: jax.Array) -> jax.Array:
    """i32: Outcome of attacks that land or not, with the damage they did."""
    return jnp.where(lands, jnp.where(damage > 0, Outcome.HIT, Outcome.MISS), aim.otherwise)


def _simultaneous(
    config: EnvConfig, rules: Rules, state: WorldState, aim: Aim
) -> tuple[WorldState, jax.Array, jax.Array]:
    """All blows at once; returns the state, outcomes and damage."""
    bodies, lives, lands, target = state.bodies, state.lives, aim.lands, aim.target
    skill = jnp.asarray(STYLE_SKILL)[aim.style]
    attack = jnp.take_along_axis(bodies.level, skill[:, None], 1)[:, 0]
    defense = bodies.level[target, Skill.DEFENSE]
    damage = jnp.where(lands, hit_damage(rules, aim.style, attack, defense, aim.roll), 0)

    nobody = config.bodies
    victim = jnp.where(lands, target, nobody)
    suffered = add_at(jnp.zeros(nobody, jnp.int32), victim, damage)
    last_id = max_at(jnp.full(nobody, -1, jnp.int32), victim, bodies.id)
    freeze = freezing(rules, aim.style, damage)
    freeze = max_at(jnp.zeros(nobody, jnp.int32), victim, freeze)
    final = jnp.where(lands & (last_id[target] == bodies.id), target, nobody)
    health, wound = wounded(bodies.health, bodies.wound, suffered)

    def transfer(value: jax.Array, maximum: jax.Array) -> jax.Array:
        gained = jnp.where(lands, leeched(rules, value, maximum, damage), value)
        return drained(rules, gained, suffered)

    bodies = bodies.replace(
        health=health,
        wound=wound,
        food=transfer(bodies.food, bodies.food_max),
        water=transfer(bodies.water, bodies.water_max),
        experience=learn(bodies.experience, lessons(rules, skill, damage, suffered)),
        freeze=jnp.where(freeze > 0, freeze, bodies.freeze),
        damage=set_at(bodies.damage, final, damage),
    )
    players = slice(config.capacity)
    lives = lives.replace(
        damage_dealt=lives.damage_dealt + damage[players],
        damage_taken=lives.damage_taken + suffered[players],
    )
    return state.replace(bodies=bodies, lives=lives), _outcome(aim, lands, damage), damage


def _sequential(
    config: EnvConfig, rules: Rules, state: WorldState, aim: Aim
) -> tuple[WorldState, jax.Array, jax.Array]:
    """One after another in order of age; levels count experience from earlier in the tick."""
    order = jnp.argsort(jnp.where(state.bodies.alive, state.bodies.id, NEVER))

    def strike(carry: tuple, i: jax.Array) -> tuple[tuple, None]:
        state, outcome, dealt = carry
        bodies, lives, j = state.bodies, state.lives, aim.target[i]
        able = still_fight(config, bodies.health[i], jnp.int32(NEVER))
        met = still_fight(config, bodies.health[i], bodies.health[j])
        lands = aim.lands[i] & met
        skill = jnp.asarray(STYLE_SKILL)[aim.style[i]]
        attack = level_of(rules, bodies.experience[i, skill])
        defense = level_of(rules, bodies.experience[j, Skill.DEFENSE])
        damage = hit_damage(rules, aim.style[i], attack, defense, aim.roll[i])
        damage = jnp.where(lands, damage, 0)
        freeze = freezing(rules, aim.style[i], damage)
        none = jnp.zeros_like(damage)
        health, wound = wounded(bodies.health[j], bodies.wound[j], damage)

        def transfer(value: jax.Array, maximum: jax.Array) -> jax.Array:
            gained = jnp.where(lands, leeched(rules, value[i], maximum[i], damage), value[i])
            value = value.at[i].set(gained)
            return value.at[j].set(drained(rules, value[j], damage))

        experience = bodies.experience
        learnt = learn(experience[i], lessons(rules, skill, damage, none))
        experience = experience.at[i].set(learnt)
        learnt = learn(experience[j], lessons(rules, skill, none, damage))
        bodies = bodies.replace(
            health=bodies.health.at[j].set(health),
            wound=bodies.wound.at[j].set(wound),
            food=transfer(bodies.food, bodies.food_max),
            water=transfer(bodies.water, bodies.water_max),
            experience=experience.at[j].set(learnt),
            freeze=bodies.freeze.at[j].set(jnp.where(freeze > 0, freeze, bodies.freeze[j])),
            damage=bodies.damage.at[j].set(jnp.where(lands, damage, bodies.damage[j])),
        )
        lives = lives.replace(
            damage_dealt=add_at(lives.damage_dealt, i, damage),
            damage_taken=add_at(lives.damage_taken, j, damage),
        )
        came = jnp.where(lands, jnp.where(damage > 0, Outcome.HIT, Outcome.MISS), outcome[i])
        came = jnp.where(able & (lands | ~aim.lands[i]), came, Outcome.NONE)
        state = state.replace(bodies=bodies, lives=lives)
        return (state, outcome.at[i].set(came), dealt.at[i].set(damage)), None

    nothing = aim.target * 0  # varies where the input does, as `shard_map` wants of a carry
    (state, outcome, dealt), _ = jax.lax.scan(strike, (state, aim.otherwise, nothing), order)
    return state, outcome, dealt
