"""`bench train`: PPO end to end with the default policy, and where its time goes."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from jaxmmo.agents import acting
from jaxmmo.agents.acting import RolloutState
from jaxmmo.bench import measure
from jaxmmo.env import sharing
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner, LearnState
from jaxmmo.parallel import mesh as meshes
from jaxmmo.runs.config import RunConfig


def run(
    preset: str,
    overrides: dict[str, Any],
    learn: LearnConfig,
    warm_up: int,
    repeats: int,
    seed: int = 0,
    learner: Learner | None = None,
    mesh: Mesh | None = None,
) -> dict[str, Any]:
    """Measures the learner's default settings once its worlds are populated.

    Args:
      preset: id.
      overrides: of `EnvConfig`.
      learn: settings.
      warm_up: updates before the clock starts, in which agents learn to live and fill the worlds.
      repeats: updates that are timed.
      seed: of everything.
      learner: instead of the default policy in the preset.
      mesh: of devices, `parallel.mesh`; one if omitted.
    """
    if learner is None:
        learner = RunConfig(preset=preset, env=overrides, learn=learn).learner()
    mesh = mesh or meshes.alone()
    state = meshes.init(learner, mesh)(jax.random.key(seed))
    began = time.perf_counter()
    update = meshes.update(learner, mesh).lower(state).compile()
    compile_seconds = time.perf_counter() - began
    for _ in range(warm_up):
        state, metrics = jax.block_until_ready(update(state))

    seconds, steps = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        alive = int(jnp.sum(state.worlds.state.players.alive))
        state, metrics = jax.block_until_ready(update(state))
        seconds.append(time.perf_counter() - began)
        steps.append(float(metrics["steps"]) if "steps" in metrics else alive * learn.ticks)
    slots = learn.worlds * learner.env.config.capacity
    order = sorted(range(repeats), key=lambda i: steps[i] / seconds[i])
    best, middle = order[-1], order[repeats // 2]
    flops = network_flops(learner, state)
    rate = steps[best] / seconds[best]
    peak = measure.matmul_peak()
    per_step = flops * (1 + 3 * learn.epochs)
    return {
        "agent_steps_per_s": round(rate),
        "agent_steps_per_s_median": round(steps[middle] / seconds[middle]),
        "slot_steps_per_s": round(slots * learn.ticks / seconds[best]),
        "mean_alive": round(steps[best] / learn.ticks / learn.worlds, 1),
        "share_of_time": shares(learner, state, seconds[best]) if mesh.size == 1 else None,
        "flops_per_agent_step": round(per_step),
        "matmul_peak_flops_per_s": round(peak),
        "share_of_matmul_peak": round(per_step * rate / peak, 4),
        "mesh": dict(mesh.shape),
        "worlds": learn.worlds,
        "ticks": learn.ticks,
        "epochs": learn.epochs,
        "parameters": sum(x.size for x in jax.tree.leaves(state.params)),
        "observation_bytes": measure.nbytes(state.worlds.obs) // slots,
        "warm_up": warm_up,
        "repeats": repeats,
        "compile_s": round(compile_seconds, 2),
        "peak_memory_bytes": measure.peak_memory(),
        "policy": learner.policy.name,
        "preset": preset,
    } | measure.machine()


def network_flops(learner: Learner, state: LearnState) -> float:
    """Floating point operations of the network for one decision, as the compiler counts them."""
    chunk = learner.config.chunk
    worlds = state.worlds
    rows = jnp.arange(min(chunk, worlds.reset.shape[0]))
    obs, carry, reset = sharing.taken((worlds.obs, worlds.carry, worlds.reset), rows)
    apply = jax.jit(lambda p, o, c, r: learner.policy.apply(p, o, c, r)[:2])
    analysis = apply.lower(state.params, obs, carry, reset).compile().cost_analysis() or {}
    return float(analysis["flops"]) / reset.shape[0]


def shares(learner: Learner, state: LearnState, whole: float) -> dict[str, float]:
    """Parts of an update's time: deciding, the environment, and learning from it (the rest)."""
    env, rules, config = learner.env, learner.env.default_rules(), learner.config
    worlds, params = state.worlds, state.params
    keys = jax.random.split(jax.random.key(1), config.worlds)

    def decide(worlds: RolloutState) -> Any:
        def tick(total: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
            now = acting.world_keys(key, jnp.arange(config.worlds))
            out = acting.act(env, learner.policy, params, worlds, now, config.chunk)
            return total + sum(jnp.sum(x) for x in jax.tree.leaves(out)), None

        ticks = jax.random.split(jax.random.key(0), config.ticks)
        return jax.lax.scan(tick, jnp.float32(0), ticks)[0]

    def live(worlds: RolloutState) -> Any:
        zero = jnp.zeros((config.worlds, env.config.capacity), jnp.int32)
        action = {head.name: zero for head in env.spec.heads}

        def tick(state: Any, t: jax.Array) -> tuple[Any, Any]:
            now = jax.vmap(lambda key: jax.random.fold_in(key, t))(keys)
            stepped = jax.vmap(lambda k, s, a: env.step(k, s, a, rules))
            obs, state, *_ = stepped(now, state, action)
            return state, obs

        return jax.lax.scan(tick, worlds.state, jnp.arange(config.ticks))[1]

    part = {}
    for name, fn in (("acting", decide), ("environment", live)):
        compiled = jax.jit(fn).lower(worlds).compile()
        jax.block_until_ready(compiled(worlds))
        part[name] = min(measure.repeat(lambda c=compiled: c(worlds), 3)[0]) / whole
    part["update"] = max(0.0, 1 - sum(part.values()))
    return {name: round(value, 3) for name, value in part.items()}
