"""`bench env`: many full worlds with random legal actions and complete observations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxmmo.bench import measure
from jaxmmo.env import making, random
from jaxmmo.env.environment import Environment
from jaxmmo.env.observation import Observation
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import pack_bits
from jaxmmo.spec import Spec

POLICY_STREAM = 1 << 16  # of random numbers: none of the game's own


def nth_legal(mask: jax.Array, word: jax.Array) -> jax.Array:
    """i32[...]: a uniform choice among the legal ones of bool[..., C]."""
    size, words = mask.shape[-1], -(-mask.shape[-1] // 32)
    every = pack_bits(mask)
    ones = jax.lax.population_count(every).astype(jnp.int32)
    nth = 1 + random.below(word, jnp.maximum(jnp.sum(ones, -1), 1))
    bits, place, before = every[..., 0], jnp.zeros_like(nth), jnp.zeros_like(nth)
    rest = nth
    for k in range(1, words):
        before += ones[..., k - 1]
        later = nth > before
        bits = jnp.where(later, every[..., k], bits)
        place = jnp.where(later, 32 * k, place)
        rest = jnp.where(later, nth - before, rest)
    for half in (16, 8, 4, 2, 1):
        if half < size:
            low = jax.lax.population_count(bits & jnp.uint32((1 << half) - 1)).astype(jnp.int32)
            above = rest > low
            rest = jnp.where(above, rest - low, rest)
            bits = jnp.where(above, bits >> half, bits)
            place += jnp.where(above, half, 0)
    return jnp.minimum(place, size - 1)


def random_legal(spec: Spec, key: jax.Array, obs: Observation) -> dict[str, jax.Array]:
    """Every head uniform among its legal choices: a word of threefry a slot and head.

    A head that is given another one uses further bits of the same word.
    """
    slots = jnp.arange(next(iter(obs.masks.values())).shape[0])
    free = [head.name for head in spec.heads if head.given is None]
    blocks = [random.words(key, POLICY_STREAM + i, slots) for i in range(-(-len(free) // 2))]
    words = dict(zip(free, [word for block in blocks for word in block], strict=False))
    action: dict[str, jax.Array] = {}
    for head in spec.heads:
        mask = obs.masks[head.name]
        if head.given is not None:
            mask = jnp.take_along_axis(mask, action[head.given][:, None, None], 1)[:, 0]
            words[head.name] = words[head.given] >> 8
        action[head.name] = nth_legal(mask, words[head.name])
    return action


def fold(obs: Observation) -> list[jax.Array]:
    """Every element of an observation, summed over slots (masks: xor): none can be left out."""

    def over_slots(x: jax.Array) -> jax.Array:
        x = jnp.atleast_1d(x)  # one number for all slots
        if x.dtype == jnp.bool_:
            return jax.lax.reduce(x, jnp.zeros((), x.dtype), jax.lax.bitwise_xor, (0,)).reshape(-1)
        return jnp.sum(x.reshape(x.shape[0], -1).astype(jnp.uint32), 0)

    return [over_slots(leaf) for leaf in jax.tree.leaves(obs)]


def combine(digest: list[jax.Array], more: list[jax.Array]) -> list[jax.Array]:
    """Digests of ticks put together."""
    return [a ^ b if a.dtype == jnp.bool_ else a + b for a, b in zip(digest, more, strict=True)]


def play(env: Environment, rules: Rules, ticks: int, keys: jax.Array, obs: Any, state: Any) -> Any:
    """Runs a batch of worlds for a number of ticks in one scan.

    Returns:
      Observation, state, and by world: the digest's sum, living agent-steps (agents that acted),
      and agents that were in the world during the ticks, newborns included.
    """

    def world(key: jax.Array, obs: Observation, state: Any) -> tuple[Any, ...]:
        action = random_legal(env.spec, key, obs)
        obs, state, _, _, _, info = env.step(key, state, action, rules)
        acted = jnp.sum(info.acted, dtype=jnp.int32)
        return obs, state, fold(obs), acted, acted + jnp.sum(info.newborn, dtype=jnp.int32)

    def tick(carry: Any, t: jax.Array) -> tuple[Any, None]:
        obs, state, digest, acted, present = carry
        step_keys = jax.vmap(lambda key: jax.random.fold_in(key, t))(keys)
        obs, state, more, a, p = jax.vmap(world)(step_keys, obs, state)
        return (obs, state, combine(digest, more), acted + a, present + p), None

    nothing = state.tick * 0
    first = jax.tree.map(jnp.zeros_like, jax.eval_shape(jax.vmap(fold), obs))
    carry = (obs, state, first, nothing, nothing)
    obs, state, digest, acted, present = jax.lax.scan(tick, carry, jnp.arange(ticks))[0]
    total = sum(jnp.sum(d.astype(jnp.uint32), 1, dtype=jnp.uint32) for d in digest)
    return obs, state, total, acted, present


def copy(ticks: int, obs: Any) -> Any:
    """The physical limit: every tick each byte of the observations is read and written once."""

    def tick(obs: Any, _: jax.Array) -> tuple[Any, None]:
        return jax.tree.map(lambda x: ~x if x.dtype == jnp.bool_ else x ^ 1, obs), None

    return jax.lax.scan(tick, obs, jnp.arange(ticks))[0]


def run(
    preset: str,
    overrides: dict[str, Any],
    worlds: int,
    ticks: int,
    repeats: int,
    spawns: int,
    seed: int = 0,
    make: Callable[[dict[str, Any]], Any] | None = None,
) -> dict[str, Any]:
    """Measures the environment.

    Args:
      preset: id.
      overrides: of `EnvConfig`.
      worlds: by device.
      ticks: of one scan.
      repeats: scans that are timed, after one that is not.
      spawns: attempts a tick that keep the worlds full.
      seed: of maps, births and actions.
      make: from overrides to an environment, instead of the preset.
    """
    usual = making.preset(preset).replace(**overrides) if make is None else making.preset()
    capacity = overrides.get("capacity", usual.config.capacity)
    spawns = min(spawns, capacity)
    overrides = {"initial_population": capacity, "max_spawns": spawns} | overrides
    env = making.make(preset, **overrides) if make is None else make(overrides)
    births = hasattr(env.default_rules(), "spawn_attempts")  # of worlds that are filled again
    rules = env.default_rules(**({"spawn_attempts": spawns} if births else {}))
    mesh = jax.make_mesh((jax.device_count(),), ("worlds",), axis_types=(AxisType.Auto,))
    by_world = NamedSharding(mesh, PartitionSpec("worlds"))
    keys = jax.device_put(jax.random.split(jax.random.key(seed), worlds * mesh.size), by_world)
    reset = jax.jit(jax.vmap(lambda key: env.reset(key, rules)), out_shardings=by_world)
    obs, state = jax.block_until_ready(reset(keys))

    def sharded(fn: Any, count: int) -> Any:
        parts = PartitionSpec("worlds")
        body = jax.shard_map(fn, mesh=mesh, in_specs=(parts,) * count, out_specs=parts)
        return jax.jit(body, donate_argnums=tuple(range(count - 1, 0, -1)))

    began = time.perf_counter()
    program = sharded(lambda k, o, s: play(env, rules, ticks, k, o, s), 3)
    compiled = program.lower(keys, obs, state).compile(measure.one_core_each())
    compile_seconds = time.perf_counter() - began
    shapes = jax.eval_shape(lambda o: o, obs)
    size = measure.nbytes(shapes)

    seconds, acted, present, digest = [], [], [], jnp.zeros(2)
    for _ in range(repeats + 1):
        obs, state = jax.device_put((obs, state), by_world)  # arrays of no size come out replicated
        began = time.perf_counter()
        obs, state, digest, a, p = jax.block_until_ready(compiled(keys, obs, state))
        seconds.append(time.perf_counter() - began)
        acted.append(int(a.sum()))
        present.append(int(p.sum()))
    copying = sharded(lambda o: copy(ticks, o), 1).lower(obs).compile()
    jax.block_until_ready(copying(obs))
    copy_seconds, _ = measure.repeat(lambda: copying(obs), repeats)

    seconds, acted, present = seconds[1:], acted[1:], present[1:]
    steps = sum(acted) / len(acted)
    slots = worlds * mesh.size * ticks * env.config.capacity
    best = measure.rates(steps, seconds)
    moved = size * ticks
    return {
        "agent_steps_per_s": best["best"],
        "agent_steps_per_s_median": best["median"],
        "slot_steps_per_s": measure.rates(slots, seconds)["best"],
        "slot_steps_per_s_median": measure.rates(slots, seconds)["median"],
        "mean_acting": round(steps / (worlds * mesh.size * ticks), 1),
        "mean_alive": round(sum(present) / len(present) / (worlds * mesh.size * ticks), 1),
        "observation_bytes": size // (worlds * mesh.size * env.config.capacity),
        "observation_bytes_per_s": round(moved / min(seconds)),
        "copy_bytes_per_s": round(moved / min(copy_seconds)),
        "times_slower_than_copy": round(min(seconds) / min(copy_seconds), 2),
        "worlds": worlds * mesh.size,
        "ticks": ticks,
        "repeats": repeats,
        "compile_s": round(compile_seconds, 2),
        "peak_memory_bytes": measure.peak_memory(),
        "policy": "random legal",
        "digest": int(digest.sum()),
        "preset": preset,
    } | measure.machine()
