"""Evaluation: how long agents live on maps nobody trained on, and what they die of."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from jaxmmo.agents import acting
from jaxmmo.agents.policy import Policy
from jaxmmo.env.constants import Cause, Skill
from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import Rules
from jaxmmo.env.step import Events
from jaxmmo.evaluation import survival

HELD_OUT = 0x5EED  # folded into the seed's key: no training run draws these worlds


class Contestant(NamedTuple):
    """A policy with its parameters."""

    policy: Policy
    params: Any


@dataclasses.dataclass(frozen=True)
class EvalConfig:
    """How to evaluate.

    Attributes:
      worlds: simulated side by side (B).
      ticks: each world is watched for, from its beginning.
      horizon: cap of the restricted mean lifetime (H), for agents born at least so long before the
        end; and the ticks after which a world counts as steady.
      chunk: living agents that act at once.
      seed: of maps and everything else; maps differ from those of training with any seed.
    """

    worlds: int = 16
    ticks: int = 1500
    horizon: int = 500
    chunk: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError naming what does not fit."""
        for name in ("worlds", "horizon", "chunk"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: must be at least 1")
        if self.ticks <= self.horizon:
            raise ValueError(
                f"ticks={self.ticks}: must be more than horizon={self.horizon}, or no life counts"
            )


class Counts(struct.PyTreeNode):
    """What is counted, by world B and population G."""

    lives: jax.Array  # i32[B, G, H + 1]; by capped length, of agents born early enough
    steps: jax.Array  # i32[B, G]; of the living, once steady
    deaths: jax.Array  # i32[B, G]; once steady
    causes: jax.Array  # i32[B, G, causes]; all deaths
    levels: jax.Array  # i32[B, G, S]; summed over deaths
    explored: jax.Array  # i32[B, G]; summed over deaths
    dealt: jax.Array  # i32[B, G]; damage, summed over deaths


def run(
    env: Environment,
    contestants: list[Contestant],
    config: EvalConfig,
    *,
    attacks: bool = True,
) -> tuple[Counts, np.ndarray]:
    """Watches worlds that the contestants share by population.

    With two, the first has the lower half of the populations in every other world and the upper
    half in the rest, so that no population is anybody's advantage.

    Returns:
      Counts on the host, and the living by tick: i32[T, B, G].
    """
    rules = env.default_rules()
    rules = rules if attacks else rules.without_combat()
    policies, params = zip(*contestants, strict=True)
    key = jax.random.fold_in(jax.random.key(config.seed), HELD_OUT)
    counts, living = _watch(env, policies, config, key, rules, params)
    return jax.tree.map(np.asarray, counts), np.asarray(living)


def sides(num_populations: int, worlds: int, contestants: int) -> np.ndarray:
    """i32[B, G]: which contestant has a population in a world."""
    if contestants == 1:
        return np.zeros((worlds, num_populations), np.int32)
    if num_populations < 2:
        raise ValueError("two policies in a world need at least 2 populations; there is 1")
    upper = (np.arange(num_populations) >= num_populations // 2).astype(np.int32)
    return np.where(np.arange(worlds)[:, None] % 2 == 0, upper, 1 - upper)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _watch(
    env: Environment,
    policies: tuple[Policy, ...],
    config: EvalConfig,
    key: jax.Array,
    rules: Rules,
    params: tuple[Any, ...],
) -> tuple[Counts, jax.Array]:
    groups, worlds = env.config.num_populations, config.worlds
    owner = jnp.asarray(sides(groups, worlds, len(policies)))
    keys = jax.random.split(key)
    first = acting.start(env, rules, policies[0], jax.random.split(keys[0], worlds))
    size = worlds * env.config.capacity
    first = first.replace(carry=tuple(p.initial_carry((size,)) for p in policies))
    born = jnp.zeros((worlds, env.config.capacity), jnp.int32)
    contestants = tuple(zip(policies, params, strict=True))
    numbers = jnp.arange(worlds, dtype=jnp.int32)

    def tick(carry: Any, now: tuple[jax.Array, jax.Array]) -> Any:
        playing, born, counts = carry
        time, key = now
        keys = acting.world_keys(key, numbers)
        populations = playing.state.players.population
        mine = jnp.take_along_axis(owner, populations, 1).reshape(-1)
        decided = acting.act_together(env, contestants, playing, keys, config.chunk, mine)
        playing, _, _, _, info = acting.tick(env, rules, playing, decided, keys)
        counts = _count(counts, info.events, populations, born, time, config)
        born = jnp.where(info.newborn, time, born)
        players = playing.state.players
        living = _by_group(players.alive, players.population, groups)
        return (playing, born, counts), living

    begin = (first, born, _zero(worlds, groups, config))
    times = jnp.arange(config.ticks), jax.random.split(keys[1], config.ticks)
    (playing, born, counts), living = jax.lax.scan(tick, begin, times)
    state = playing.state
    old = state.players.alive & (born <= config.ticks - config.horizon)
    survivors = _by_group(old, state.players.population, groups)
    return counts.replace(lives=counts.lives.at[:, :, -1].add(survivors)), living


def _zero(worlds: int, groups: int, config: EvalConfig) -> Counts:
    def zero(*shape: int) -> jax.Array:
        return jnp.zeros((worlds, groups, *shape), jnp.int32)

    return Counts(
        lives=zero(config.horizon + 1),
        steps=zero(),
        deaths=zero(),
        causes=zero(len(Cause)),
        levels=zero(len(Skill)),
        explored=zero(),
        dealt=zero(),
    )


def _by_group(mask: jax.Array, population: jax.Array, groups: int) -> jax.Array:
    """i32[B, G]: how many of each population are in a mask [B, P]."""
    member = population[..., None] == jnp.arange(groups)
    return jnp.sum(mask[..., None] & member, 1, dtype=jnp.int32)


def _count(
    counts: Counts,
    events: Events,
    population: jax.Array,
    born: jax.Array,
    time: jax.Array,
    config: EvalConfig,
) -> Counts:
    """Adds a tick's events; `population` and `born` are those of the slots before the tick."""
    deaths, groups = events.deaths, counts.steps.shape[1]
    worlds = jnp.arange(counts.steps.shape[0])[:, None]
    died = deaths.cause != Cause.NONE
    group = jnp.where(died, deaths.population, groups)
    steady = time >= config.horizon
    early = died & (born <= config.ticks - config.horizon)
    length = jnp.clip(deaths.lifetime, 0, config.horizon)
    where = (worlds, group)
    return Counts(
        lives=counts.lives.at[worlds, jnp.where(early, group, groups), length].add(1, mode="drop"),
        steps=counts.steps + steady * _by_group(events.acted, population, groups),
        deaths=counts.deaths.at[where].add(steady.astype(jnp.int32), mode="drop"),
        causes=counts.causes.at[worlds, group, deaths.cause].add(1, mode="drop"),
        levels=counts.levels.at[where].add(deaths.level, mode="drop"),
        explored=counts.explored.at[where].add(deaths.explored, mode="drop"),
        dealt=counts.dealt.at[where].add(deaths.damage_dealt, mode="drop"),
    )


def report(counts: Counts, living: np.ndarray, mine: np.ndarray) -> dict[str, Any]:
    """What the counts say of the populations that somebody has.

    Args:
      counts: of `run`.
      living: i32[T, B, G].
      mine: bool[B, G].
    """

    def total(x: Any) -> np.ndarray:
        """f64[B, ...]: summed over the populations of each world."""
        mask = mine.reshape(mine.shape + (1,) * (x.ndim - 2))
        return np.where(mask, x, 0).sum(1).astype(float)

    causes = total(counts.causes).sum(0)
    number = max(causes[1:].sum(), 1)
    levels = total(counts.levels).sum(0) / number
    population = np.where(mine, living, 0).sum((1, 2)) / mine.shape[0]
    lives = total(counts.lives)
    return {
        "restricted_mean_lifetime": survival.restricted_mean(lives),
        "steady_state_lifetime": survival.ratio(total(counts.steps), total(counts.deaths)),
        "lives": int(lives.sum()),
        "deaths": {c.name.lower(): int(causes[c]) for c in Cause if c != Cause.NONE},
        "levels": {s.name.lower(): round(float(levels[s]), 2) for s in Skill},
        "explored": round(float(total(counts.explored).sum() / number), 2),
        "damage_dealt": round(float(total(counts.dealt).sum() / number), 2),
        "population": survival.thin(population),
        "survival": survival.thin(survival.curve(lives)),
    }


def evaluate(
    env: Environment,
    contestants: list[Contestant],
    config: EvalConfig,
    *,
    attacks: bool = True,
) -> list[dict[str, Any]]:
    """A report for each contestant, with one for each population if there is only one contestant.

    Args:
      env: with the populations among which contestants are divided.
      contestants: one, or two that share every world.
      config: how long, how many.
      attacks: False masks them.

    Raises:
      ValueError: for another number of contestants.
    """
    if len(contestants) not in (1, 2):
        raise ValueError(f"{len(contestants)} policies: one or two can be evaluated together")
    groups = env.config.num_populations
    owner = sides(groups, config.worlds, len(contestants))
    counts, living = run(env, contestants, config, attacks=attacks)
    reports = []
    for i, contestant in enumerate(contestants):
        result = {"policy": contestant.policy.name} | report(counts, living, owner == i)
        if len(contestants) == 1:
            every = np.broadcast_to(np.arange(groups), owner.shape)
            parts = [report(counts, living, every == g) for g in range(groups)]
            series = ("population", "survival")
            result["populations"] = [
                {k: v for k, v in part.items() if k not in series} for part in parts
            ]
        reports.append(result)
    return reports
