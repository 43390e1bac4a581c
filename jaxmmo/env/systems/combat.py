"""Attacks: accuracy, damage, what changes hands, and freezing (v1.3 section 6)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import STYLE_SKILL, Cause, Outcome, Skill
from jaxmmo.env.rules import NEVER, Rules
from jaxmmo.env.state import Intent, WorldState
from jaxmmo.env.systems import skills


class Attacks(struct.PyTreeNode):
    """Every slot's attack of the tick."""

    target: jax.Array  # i32[P]; slot attacked, P where nobody was
    style: jax.Array  # i32[P]; Style
    outcome: jax.Array  # i32[P]; Outcome
    damage: jax.Array  # i32[P]; dealt


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


def distance(row: jax.Array, col: jax.Array, other: jax.Array) -> jax.Array:
    """i32[P]: Chebyshev tiles between each slot and the slot `other[P]` (clipped into range)."""
    return jnp.maximum(jnp.abs(row - row[other]), jnp.abs(col - col[other]))


def resolve_attacks(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    acting: jax.Array,
    attackable: jax.Array,
    intent: Intent,
    rolls: jax.Array,
) -> tuple[WorldState, Attacks]:
    """Attackers take food and water from their targets, and both learn from the fight.

    Args:
      acting: bool[P], who may attack.
      attackable: bool[P], who may be attacked.
      intent: `target` P means no attack.
      rolls: i32[P], uniform in [0, 2^16).

    Returns:
      The state and what came of every attack. With `resolution="simultaneous"` all attacks are
      resolved from the levels at the start of the phase: gains (capped), then losses (floored), the
      youngest attacker's blow giving `damage`. With "sequential", one after another, oldest first.
    """
    players = state.players
    target = jnp.minimum(intent.target, config.capacity - 1)
    attacks = acting & (intent.target < config.capacity) & attackable[target]
    own = target == jnp.arange(config.capacity)
    if config.enforce_reach:
        away = distance(players.row, players.col, target)
        attacks &= own | (away <= rules.reach[intent.style])
    immune = players.immune[target] > 0
    outcome = jnp.where(
        attacks,
        jnp.where(own, Outcome.SELF, jnp.where(immune, Outcome.IMMUNE, Outcome.MISS)),
        Outcome.NONE,
    )
    resolve = _simultaneous if config.resolution == "simultaneous" else _sequential
    return resolve(config, rules, state, outcome, target, intent.style, rolls)


def _simultaneous(config, rules, state, outcome, target, style, rolls):
    players, lives = state.players, state.lives
    lands = outcome == Outcome.MISS  # misses and hits, not told apart yet
    skill = jnp.asarray(STYLE_SKILL)[style]
    attack = jnp.take_along_axis(players.level, skill[:, None], 1)[:, 0]
    defense = players.level[target, Skill.DEFENSE]
    damage = jnp.where(lands, hit_damage(rules, style, attack, defense, rolls), 0)
    outcome = jnp.where(damage > 0, Outcome.HIT, outcome)

    capacity = config.capacity
    victim = jnp.where(lands, target, capacity)
    freezes = jnp.where(damage > 0, rules.freeze_ticks[style], 0)
    suffered = jnp.zeros(capacity, jnp.int32).at[victim].add(damage, mode="drop")
    last_id = jnp.full(capacity, -1, jnp.int32).at[victim].max(players.id, mode="drop")
    freeze = jnp.zeros(capacity, jnp.int32).at[victim].max(freezes, mode="drop")
    final = jnp.where(lands & (last_id[target] == players.id), target, capacity)
    shown = players.damage.at[final].set(damage, mode="drop")

    gain, loss = rules.leech * damage, rules.drain * suffered
    health = jnp.maximum(players.health - suffered, 0)
    killed = (players.health > 0) & (health <= 0)
    experience = players.experience
    # one dense add over the skill columns: cheaper than scattering a column for every slot
    learnt = jnp.arange(experience.shape[1]) == skill[:, None]
    experience += learnt * (rules.attack_experience * damage)[:, None]
    experience = experience.at[:, Skill.CONSTITUTION].add(
        rules.combat_experience * (damage + suffered)
    )
    experience = experience.at[:, Skill.DEFENSE].add(rules.defense_experience * suffered)

    def transfer(value: jax.Array, maximum: jax.Array) -> jax.Array:
        gained = jnp.where(lands, jnp.minimum(maximum, value + gain), value)
        return jnp.maximum(gained - loss, 0)

    players = players.replace(
        health=health,
        food=transfer(players.food, players.food_max),
        water=transfer(players.water, players.water_max),
        experience=experience,
        freeze=jnp.where(freeze > 0, freeze, players.freeze),
        damage=shown,
        wound=jnp.where(killed, Cause.COMBAT, players.wound),
    )
    lives = lives.replace(
        damage_dealt=lives.damage_dealt + damage, damage_taken=lives.damage_taken + suffered
    )
    attacked = jnp.where(outcome == Outcome.NONE, capacity, target)
    return state.replace(players=players, lives=lives), Attacks(attacked, style, outcome, damage)


def _sequential(config, rules, state, outcome, target, style, rolls):
    """One after another in order of age; levels count experience from earlier in the tick."""
    players = state.players
    order = jnp.argsort(jnp.where(players.alive, players.id, NEVER))

    def act(carry, i):
        state, outcome, dealt = carry
        players, lives, j = state.players, state.lives, target[i]
        lands = outcome[i] == Outcome.MISS
        if not config.lagging_death:  # the dead neither act nor are attacked
            lands &= (players.health[i] > 0) & (players.health[j] > 0)
            void = (players.health[i] <= 0) | ((outcome[i] == Outcome.MISS) & ~lands)
            outcome = outcome.at[i].set(jnp.where(void, Outcome.NONE, outcome[i]))
        skill = jnp.asarray(STYLE_SKILL)[style[i]]
        attack = skills.level_of(rules, players.experience[i, skill])
        defense = skills.level_of(rules, players.experience[j, Skill.DEFENSE])
        damage = hit_damage(rules, style[i], attack, defense, rolls[i])
        damage = jnp.where(lands, damage, 0)
        gain, loss = rules.leech * damage, rules.drain * damage

        def transfer(value: jax.Array, maximum: jax.Array) -> jax.Array:
            value = value.at[i].set(
                jnp.where(lands, jnp.minimum(maximum[i], value[i] + gain), value[i])
            )
            return value.at[j].set(jnp.maximum(value[j] - loss, 0))

        health = jnp.maximum(players.health[j] - damage, 0)
        killed = (players.health[j] > 0) & (health <= 0)
        freezes = jnp.where(damage > 0, rules.freeze_ticks[style[i]], 0)
        experience = players.experience.at[i, skill].add(rules.attack_experience * damage)
        experience = experience.at[i, Skill.CONSTITUTION].add(rules.combat_experience * damage)
        experience = experience.at[j, Skill.CONSTITUTION].add(rules.combat_experience * damage)
        experience = experience.at[j, Skill.DEFENSE].add(rules.defense_experience * damage)
        players = players.replace(
            health=players.health.at[j].set(health),
            food=transfer(players.food, players.food_max),
            water=transfer(players.water, players.water_max),
            experience=experience,
            freeze=players.freeze.at[j].set(jnp.where(freezes > 0, freezes, players.freeze[j])),
            damage=players.damage.at[j].set(jnp.where(lands, damage, players.damage[j])),
            wound=players.wound.at[j].set(jnp.where(killed, Cause.COMBAT, players.wound[j])),
        )
        lives = lives.replace(
            damage_dealt=lives.damage_dealt.at[i].add(damage),
            damage_taken=lives.damage_taken.at[j].add(damage),
        )
        outcome = outcome.at[i].set(jnp.where(damage > 0, Outcome.HIT, outcome[i]))
        state = state.replace(players=players, lives=lives)
        return (state, outcome, dealt.at[i].set(damage)), None

    dealt = jnp.zeros(config.capacity, jnp.int32)
    (state, outcome, dealt), _ = jax.lax.scan(act, (state, outcome, dealt), order)
    attacked = jnp.where(outcome == Outcome.NONE, config.capacity, target)
    return state, Attacks(attacked, style, outcome, dealt)
