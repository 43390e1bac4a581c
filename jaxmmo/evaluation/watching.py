"""Worlds that are watched while policies play, and what is counted there."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.sharding import Mesh, PartitionSpec

from jaxmmo.agents import acting, together
from jaxmmo.agents.acting import RolloutState, SampleRules, rules_of
from jaxmmo.agents.policy import Policy
from jaxmmo.agents.shards import Shards
from jaxmmo.env.autoreset import lasting
from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import Rules
from jaxmmo.evaluation import counting, economies
from jaxmmo.evaluation.counting import Counts
from jaxmmo.parallel import mesh as meshes
from jaxmmo.parallel.mesh import BY_WORLD, WHOLE

HELD_OUT = 0x5EED  # folded into the seed's key: no training run draws these worlds


Progress = Callable[[int, int], None]
"""Told the ticks that are done and how many there are."""


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


def run(
    env: Environment,
    contestants: list[Contestant],
    config: EvalConfig,
    *,
    attacks: bool = True,
    sample_rules: SampleRules | None = None,
    progress: Progress | None = None,
    owner: np.ndarray | None = None,
    mesh: Mesh | None = None,
) -> tuple[Counts, np.ndarray]:
    """Watches worlds that the contestants share by population.

    Worlds go on to the end: none is replaced, even where the environment would do so
    (`AutoReset`). Another seed, and other owners, need no new program.

    Args:
      env: with the populations among which contestants are divided.
      contestants: policies with their parameters.
      config: how long, how many.
      attacks: False masks them.
      sample_rules: draws the rules of every world; the environment's for all if omitted.
      progress: told how far it is, now and then.
      owner: i32[B, G], which contestant has a population in a world; as `sides` if omitted.
      mesh: of devices, on whose axis `worlds` these are divided; one device if omitted.

    Returns:
      Counts on the host, and the living by tick: i32[T, B, G].
    """
    mesh = mesh or meshes.alone()
    meshes.check_worlds(config.worlds, meshes.shards_of(mesh))
    env = lasting(env)
    shared = together.company(contestants)
    policies, params = shared.policies, shared.params
    if mesh.size > 1:  # of several processes, each has all of them
        params = jax.tree.map(np.asarray, params)
    fixed = (env, policies, dataclasses.replace(config, seed=0), sample_rules, attacks, mesh)
    if owner is None:
        owner = sides(env.config.num_populations, config.worlds, len(contestants))
    owner = shared.number[owner]
    key = jax.random.fold_in(jax.random.key(config.seed), HELD_OUT)
    rules = rules_of(env, None, attacks=attacks)
    begin, play = jax.random.split(key)
    watched = _begin(*fixed, begin, rules)
    keys, living = jax.random.split(play, config.ticks), []
    stride = _stride(config.ticks)
    for first in range(0, config.ticks, stride):
        watched, now = _advance(*fixed, watched, keys[first : first + stride], rules, params, owner)
        living.append(np.asarray(meshes.fetch(now)))
        if progress is not None:
            progress(first + stride, config.ticks)
    counts = _finish(env, fixed[2], watched)
    return jax.tree.map(np.asarray, meshes.fetch(counts)), np.concatenate(living)


def _stride(ticks: int) -> int:
    """Ticks between two looks at the clock: the largest divisor of all that is at most 50."""
    return max(n for n in range(1, 51) if ticks % n == 0)


def sides(num_populations: int, worlds: int, contestants: int) -> np.ndarray:
    """i32[B, G]: which of one or two contestants has a population in a world.

    With two, the first has the lower half of the populations in every other world and the upper
    half in the rest, so that no population is anybody's advantage.
    """
    if contestants == 1:
        return np.zeros((worlds, num_populations), np.int32)
    if num_populations < 2:
        raise ValueError("two policies in a world need at least 2 populations; there is 1")
    upper = (np.arange(num_populations) >= num_populations // 2).astype(np.int32)
    return np.where(np.arange(worlds)[:, None] % 2 == 0, upper, 1 - upper)


class Watched(struct.PyTreeNode):
    """Worlds that are watched, and what was counted there."""

    worlds: RolloutState
    time: jax.Array  # i32[]; ticks so far
    born: jax.Array  # i32[B, P]; when whoever is in a slot came there
    counts: Counts


WATCHED = Watched(worlds=BY_WORLD, time=WHOLE, born=BY_WORLD, counts=BY_WORLD)  # type: ignore[arg-type]
"""How it lies on a mesh."""


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3, 4, 5))
def _begin(
    env: Environment,
    policies: tuple[Policy, ...],
    config: EvalConfig,
    sample_rules: SampleRules | None,
    attacks: bool,
    mesh: Mesh,
    key: jax.Array,
    common: Rules,
) -> Watched:
    shards = meshes.shards_of(mesh)
    worlds = config.worlds // shards.worlds

    def begin(key: jax.Array, common: Rules) -> Watched:
        rules = rules_of(env, sample_rules, attacks=attacks) if sample_rules else common
        keys = shards.block(jax.random.split(key, config.worlds))
        first = acting.start(env, rules, policies[0], keys)
        size = worlds * env.config.capacity
        return Watched(
            worlds=first.replace(carry=together.memory(policies, size)),
            time=jnp.int32(0),
            born=jnp.zeros((worlds, env.config.capacity), jnp.int32),
            counts=counting.zero(
                worlds,
                env.config.num_populations,
                config.horizon,
                len(env.preset.skills),
                economies.zero(env, worlds),
            ),
        )

    return meshes.spread(begin, mesh, (WHOLE, WHOLE), WATCHED)(key, common)


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3, 4, 5), donate_argnums=6)
def _advance(
    env: Environment,
    policies: tuple[Policy, ...],
    config: EvalConfig,
    sample_rules: SampleRules | None,
    attacks: bool,
    mesh: Mesh,
    watched: Watched,
    keys: jax.Array,
    common: Rules,
    params: tuple[Any, ...],
    owner: jax.Array,
) -> tuple[Watched, jax.Array]:
    """A tick for each key, and the living after each: i32[ticks, B, G]."""
    worlds = config.worlds
    shards = meshes.shards_of(mesh)

    def advance(
        watched: Watched, keys: jax.Array, common: Rules, params: Any, owner: jax.Array
    ) -> Any:
        rules = rules_of(env, sample_rules, attacks=attacks) if sample_rules else common
        numbers = shards.block(jnp.arange(worlds, dtype=jnp.int32))
        tick = functools.partial(
            _tick,
            env,
            rules,
            policies,
            params,
            config,
            owner=owner,
            numbers=numbers,
            shards=shards,
        )
        return jax.lax.scan(tick, watched, keys)

    lie = (WATCHED, WHOLE, WHOLE, WHOLE, BY_WORLD), (WATCHED, PartitionSpec(None, *BY_WORLD))
    return meshes.spread(advance, mesh, *lie)(watched, keys, common, params, owner)


def _tick(
    env: Environment,
    rules: Any,
    policies: tuple[Policy, ...],
    params: tuple[Any, ...],
    config: EvalConfig,
    watched: Watched,
    key: jax.Array,
    *,
    owner: jax.Array,
    numbers: jax.Array,
    shards: Shards,
) -> tuple[Watched, jax.Array]:
    """One tick of a device's worlds, which have these numbers and owners."""
    before, keys = watched.worlds, acting.world_keys(key, numbers)
    populations = acting.world_of(env, before.state).players.population
    mine = jnp.take_along_axis(owner, populations, 1).reshape(-1)
    decided = together.act(env, policies, params, before, keys, config.chunk, mine, shards)
    after, _, _, _, info = acting.tick(env, rules, before, decided, keys)
    players = acting.world_of(env, after.state).players
    economy = economies.count(env, watched.counts.economy, before.state, after.state, info)
    now = Watched(
        worlds=after,
        time=watched.time + 1,
        born=jnp.where(info.newborn, watched.time, watched.born),
        counts=counting.count(
            watched.counts.replace(economy=economy),
            info,
            populations,
            watched.born,
            watched.time,
            horizon=config.horizon,
            ticks=config.ticks,
        ),
    )
    return now, counting.by_group(players.alive, players.population, env.config.num_populations)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _finish(env: Environment, config: EvalConfig, watched: Watched) -> Counts:
    """The counts, with those still alive among the longest lives."""
    players = acting.world_of(env, watched.worlds.state).players
    counts = watched.counts
    old = players.alive & (watched.born <= config.ticks - config.horizon)
    survivors = counting.by_group(old, players.population, env.config.num_populations)
    return counts.replace(lives=counts.lives.at[:, :, -1].add(survivors))
