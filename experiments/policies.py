"""Policies that experiments train: kept in files, shared between scripts of one size."""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from common import Experiment

from jaxmmo.agents.policy import Policy
from jaxmmo.evaluation.watching import Contestant
from jaxmmo.files.atomic import replacing
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.runs import library
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.setup import NetworkConfig, make_policy


@functools.lru_cache(maxsize=64)
def _world(text: str) -> Any:
    return RunConfig.from_dict(json.loads(text)).environment()


def world_of(config: RunConfig) -> Any:
    """The environment of a configuration: one object for one meaning, so as to compile once."""
    return _world(
        text_of(dataclasses.replace(config, learn=LearnConfig(), network=NetworkConfig()))
    )


def _policy(env: Any, config: RunConfig) -> Policy:
    """One object for one meaning too, whatever seed it was trained with."""
    return make_policy(env.spec, env.config.num_populations, config.network)


def text_of(config: RunConfig) -> str:
    """What is the same for all seeds of a configuration."""
    plain = dataclasses.replace(config, seed=0).as_dict()
    return json.dumps(plain, sort_keys=True)


def policy_of(
    experiment: Experiment, name: str, config: RunConfig, env: Any = None
) -> tuple[Contestant, Any]:
    """A policy trained for `settings["decisions"]`, kept beside the experiments' folders.

    Policies of one size are shared between experiments; `NAME.npz` is what `jaxmmo evaluate` takes.

    Args:
      experiment: for whom.
      name: of the policy.
      config: environment, network, settings of the learner, seed.
      env: in which it is to play; that in which it learnt if omitted.

    Returns:
      The policy with its parameters, and the environment.
    """
    decisions = experiment.settings["decisions"]
    folder = experiment.folder.parent / f"policies-{experiment.size}"
    path = folder / f"{name}-{decisions}.npz"
    curve = folder / f"{name}-{decisions}.curve.npz"
    if path.is_file() and library.config_of_policy(path) != config:
        raise SystemExit(f"{path} was trained otherwise: choose another --out, or move it away")
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        experiment.say(f"training {name} for {decisions:,} decisions ...")
        params, history = train(config, decisions, lambda text: experiment.say(name + text))
        with replacing(curve) as file:
            np.savez_compressed(file, curve=history, seconds=time.monotonic() - began)
        library.save(path, config, params)
    with np.load(curve) as file:
        experiment.seconds[f"training {name}"] = float(file["seconds"])
    env = world_of(config) if env is None else env
    params = library.load(str(path), env).params
    return Contestant(_policy(env, config), params), env


def train(config: RunConfig, decisions: int, say: Callable[[str], None]) -> tuple[Any, np.ndarray]:
    """Parameters after a number of decisions, and decisions, lifetime, population by update."""
    if not decisions:
        policy = _policy(world_of(config), config)
        return jax.jit(policy.init)(jax.random.key(config.seed)), np.zeros((0, 3))
    state_of, update = _programs(text_of(config))
    state, curve, told = state_of(jax.random.key(config.seed)), [], time.monotonic()
    steps = 0
    while steps < decisions:
        state, metrics = update(state)
        steps += int(metrics["steps"])
        curve.append([steps, float(metrics["lifetime"]), float(metrics["population"])])
        if time.monotonic() - told > 20:
            told = time.monotonic()
            say(f": {steps:,} of {decisions:,} decisions, lifetime {curve[-1][1]:.1f}")
    return state.params, np.array(curve)


@functools.lru_cache(maxsize=2)
def _programs(text: str) -> tuple[Any, Any]:
    config = RunConfig.from_dict(json.loads(text))
    env = world_of(config)
    learner = Learner(env, _policy(env, config), config.learn)
    return jax.jit(learner.init), jax.jit(learner.update, donate_argnums=0)


def world_of_agents(agents: int, seed: int) -> RunConfig:
    """How policies for worlds of so many agents are trained: all else is held equal.

    Every world is as old as 256 ticks at most, minibatches are of one size, and a decision is
    learnt from once: policies differ in how many others there are.
    """
    worlds = max(16, 512 // agents)
    return RunConfig(
        env={"capacity": agents, "max_spawns": max(1, agents // 16)},
        rules={"spawn_attempts": max(1, agents // 16)},
        learn=LearnConfig(worlds=worlds, renewed=worlds // 16, ticks=16),
        network=NetworkConfig(populations="shared"),
        seed=seed,
    )


def policy_for(
    experiment: Experiment, agents: int, seed: int, at: int | None = None
) -> tuple[Contestant, Any]:
    """A policy that learnt in worlds of so many agents, shared between experiments of one size.

    Args:
      experiment: for whom.
      agents: in each world in which it learnt.
      seed: of its training.
      at: slots of the worlds in which it is to play; as many if omitted.

    Returns:
      The policy with its parameters, and the environment in which it is to play.
    """
    config = world_of_agents(agents, seed)
    env = None if at is None else world_of(world_of_agents(at, seed))
    return policy_of(experiment, f"agents-{agents}-{seed}", config, env)
