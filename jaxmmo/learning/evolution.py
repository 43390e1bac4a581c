"""Evolution in one persistent world: newborns inherit the brain of a parent, with mutation.

No gradient and no fitness function: whoever lives longer is there to be a parent more often. The
control without selection draws parents among the last births, alive or dead, so that how long one
lives means nothing for how often one is chosen; everything else, mutation, turnover and drift, is
the same.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.agents import acting
from jaxmmo.agents.acting import Decided, RolloutState
from jaxmmo.agents.brains import Brain, individuals
from jaxmmo.agents.living import over_living
from jaxmmo.env.config import refuse_unknown
from jaxmmo.env.environment import Environment
from jaxmmo.env.random import below, stream, words
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import compact, count_before

PARENTS = ("living", "born")
FOUNDER = -1
"""The parent of those who had none: a number for people, never an index."""


@dataclasses.dataclass(frozen=True)
class Heredity:
    """How brains are handed on.

    Attributes:
      parents: "living": any living agent of the newborn's population, with equal chances; "born":
        any of the last births into it, as many in all as the world has slots (no selection).
      rate: chance of every weight to change at birth.
      strength: standard deviation of a change.
      founders: standard deviation of the weights of those without a parent.
    """

    parents: str = "living"
    rate: float = 0.1
    strength: float = 0.2
    founders: float = 0.3

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value and what is allowed."""
        refuse_unknown("parents", [self.parents], PARENTS)
        for name, high in (("rate", 1), ("strength", 100), ("founders", 100)):
            if not 0 <= getattr(self, name) <= high:
                raise ValueError(f"{name}={getattr(self, name)!r}: must be in [0, {high}]")


class Bank(struct.PyTreeNode):
    """The last births, M of them, from which the control draws parents."""

    brains: jax.Array  # f32[M, G]
    population: jax.Array  # i32[M]; out of range where nobody was born yet
    id: jax.Array  # i32[M]
    next: jax.Array  # i32[]; the entry that the next birth takes


class Evolving(struct.PyTreeNode):
    """A world and the brains of whoever lives in it."""

    worlds: RolloutState  # one world: B = 1
    brains: jax.Array  # f32[P, G]; of empty slots, whoever was there last
    bank: Any  # Bank, or empty where parents are living


class Passed(struct.PyTreeNode):
    """What happened in a tick, for histories: S births at most, P slots."""

    child: jax.Array  # i32[S]; id of each newborn, FOUNDER where there is none
    parent: jax.Array  # i32[S]; id, FOUNDER for those without one
    population: jax.Array  # i32[S]
    dead: jax.Array  # i32[P]; id of who died in a slot, FOUNDER elsewhere
    lifetime: jax.Array  # i32[P]; ticks
    cause: jax.Array  # i32[P]
    living: jax.Array  # i32[G populations]
    attacks: jax.Array  # i32[G, styles]; made by each population


def start(
    env: Environment, brain: Brain, heredity: Heredity, rules: Rules, key: jax.Array
) -> Evolving:
    """A new world whose first agents are founders; the key is consumed."""
    make, begin = jax.random.split(key)
    size = env.config.capacity
    worlds = acting.start(env, rules, individuals(brain), begin[None])
    brains = brain.init(make, size, heredity.founders)
    if heredity.parents == "living":
        return Evolving(worlds, brains, ())
    players = acting.world_of(env, worlds.state).players
    population = jnp.where(players.alive, players.population, env.config.num_populations)[0]
    bank = Bank(brains, population, players.id[0], jnp.sum(players.alive, dtype=jnp.int32) % size)
    return Evolving(worlds, brains, bank)


def decide(
    env: Environment, brain: Brain, evolving: Evolving, keys: jax.Array, chunk: int
) -> Decided:
    """Every living agent decides with its own brain; as `acting.act` for one policy."""
    policy, worlds = individuals(brain), evolving.worlds
    ids = acting.world_of(env, worlds.state).players.id
    numbers = acting.join(jax.vmap(lambda k, own: acting.uniform(env.spec, k, own))(keys, ids))

    def each(inputs: Any) -> Decided:
        brains, obs, reset, numbers = inputs
        action, out = acting.decide(env.spec, policy, brains, obs, (), reset, numbers)
        return Decided(action, out.value, out.value, ())

    inputs = (evolving.brains, worlds.obs, worlds.reset, numbers)
    return over_living(each, inputs, worlds.obs.present[:, 0], chunk)


def tick(
    env: Environment,
    brain: Brain,
    heredity: Heredity,
    rules: Rules,
    evolving: Evolving,
    key: jax.Array,
    chunk: int = 256,
) -> tuple[Evolving, Passed]:
    """One tick: everybody decides, the world moves on, newborns inherit.

    Args:
      env: of the world.
      brain: layout of all brains.
      heredity: how they are handed on.
      rules: of the world.
      evolving: before.
      key: of the tick; consumed.
      chunk: living agents that decide at once.
    """
    play, inherit = jax.random.split(key)
    keys, before = play[None], evolving.worlds
    decided = decide(env, brain, evolving, keys, chunk)
    after, _, _, _, info = acting.tick(env, rules, before, decided, keys)
    old, new = (acting.world_of(env, w.state).players for w in (before, after))
    players, newborn = jax.tree.map(lambda x: x[0], new), info.newborn[0]
    evolving = evolving.replace(worlds=after)
    evolving, births = _inherit(env, brain, heredity, evolving, players, newborn, inherit)
    deaths = jax.tree.map(lambda x: x[0], info.events.deaths)
    gone, groups = deaths.cause > 0, env.config.num_populations
    made = jax.tree.map(lambda x: x[0], info.events.attacks)
    attacked = made.outcome[: env.config.capacity] > 1
    who = jnp.where(attacked, old.population[0], groups)
    attacks = jnp.zeros((groups, 3), jnp.int32)
    child, parent, population = births
    return evolving, Passed(
        child=child,
        parent=parent,
        population=population,
        dead=jnp.where(gone, deaths.id, FOUNDER),
        lifetime=deaths.lifetime,
        cause=deaths.cause,
        living=jnp.sum(
            players.alive[:, None] & (players.population[:, None] == jnp.arange(groups)),
            0,
            dtype=jnp.int32,
        ),
        attacks=attacks.at[who, made.style[: env.config.capacity]].add(1, mode="drop"),
    )


def _inherit(
    env: Environment,
    brain: Brain,
    heredity: Heredity,
    evolving: Evolving,
    players: Any,
    newborn: jax.Array,
    key: jax.Array,
) -> tuple[Evolving, tuple[jax.Array, jax.Array, jax.Array]]:
    """Gives the newborn their brains: draws parents, copies, changes; writes the bank."""
    size, most, groups = env.config.capacity, env.config.max_spawns, env.config.num_populations
    slots = compact(newborn, count_before(newborn), most)  # P where there are fewer
    real = slots < size
    here = jnp.minimum(slots, size - 1)
    child, population = players.id[here], players.population[here]
    if heredity.parents == "living":
        pool, ids = evolving.brains, players.id
        member = jnp.where(players.alive & ~newborn, players.population, groups)
    else:
        pool, ids, member = evolving.bank.brains, evolving.bank.id, evolving.bank.population
    word, _ = words(key, stream("parent"), child)
    chosen, found = choose(member, population, word, groups)
    mutate, change, found_key = jax.random.split(key, 3)
    copied = pool[chosen]
    changed = jax.random.bernoulli(mutate, heredity.rate, copied.shape)
    noise = heredity.strength * jax.random.normal(change, copied.shape)
    brains = jnp.where(changed, copied + noise, copied)
    fresh = brain.init(found_key, most, heredity.founders)
    brains = jnp.where(found[:, None], brains, fresh)
    parent = jnp.where(real & found, ids[chosen], FOUNDER)
    evolving = evolving.replace(brains=evolving.brains.at[slots].set(brains, mode="drop"))
    if heredity.parents == "born":
        evolving = evolving.replace(bank=_deposit(evolving.bank, real, brains, population, child))
    return evolving, (jnp.where(real, child, FOUNDER), parent, population)


def choose(
    member: jax.Array, wanted: jax.Array, word: jax.Array, groups: int
) -> tuple[jax.Array, jax.Array]:
    """For each newborn one of the members of its population, with equal chances.

    Args:
      member: i32[M], the population of every candidate, `groups` or more for none.
      wanted: i32[S], populations of the newborn.
      word: u32[S], uniform.
      groups: number of populations.

    Returns:
      i32[S] rows among the candidates, and bool[S]: there was one at all.
    """
    order = jnp.argsort(member, stable=True)
    ranked = member[order]
    first = jnp.searchsorted(ranked, wanted, side="left")
    count = jnp.searchsorted(ranked, wanted, side="right") - first
    pick = first + below(word, jnp.maximum(count, 1))
    return order[jnp.minimum(pick, member.shape[0] - 1)], (count > 0) & (wanted < groups)


def _deposit(
    bank: Bank, real: jax.Array, brains: jax.Array, population: jax.Array, child: jax.Array
) -> Bank:
    """The bank with the newborn in the places of its oldest entries."""
    size = bank.id.shape[0]
    place = jnp.where(real, (bank.next + count_before(real)) % size, size)
    return Bank(
        bank.brains.at[place].set(brains, mode="drop"),
        bank.population.at[place].set(population, mode="drop"),
        bank.id.at[place].set(child, mode="drop"),
        (bank.next + jnp.sum(real, dtype=jnp.int32)) % size,
    )
