"""From a few plain settings, as a run's `config.json` holds them, to environment and policy."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxmmo.agents import checks
from jaxmmo.agents.cores import FeedForward, Recurrent
from jaxmmo.agents.entities import PooledAttributes, SummedAttributes
from jaxmmo.agents.network import build
from jaxmmo.agents.policy import Policy, no_memory
from jaxmmo.agents.populations import unshared
from jaxmmo.agents.tiles import AttentionTiles, ConvTiles, TableTiles
from jaxmmo.env.config import preset, refuse_unknown
from jaxmmo.env.environment import Environment
from jaxmmo.runs import sources
from jaxmmo.runs.sources import Source
from jaxmmo.spec import Spec

ATTRIBUTES = ("summed", "attention")
TILES = ("table", "attention", "convolution")
VIEWS = (1, 4, 8)
CORES = ("feedforward", "gru", "lstm")
POPULATIONS = ("shared", "heads", "unshared")
DTYPES = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True)
class NetworkConfig:
    """Which network: what can be chosen without writing a module.

    Attributes:
      attributes: of an entity are "summed", or brought together by "attention".
      tiles: are read with a "table", by "attention" or by a "convolution".
      views: orientations in which the table reads the window: 1 (as it is), 4 (turned) or 8
        (mirrored too).
      features: of each of them: more learn a little more per decision, and slower.
      core: "feedforward", "gru" or "lstm".
      populations: "shared" parameters for all, a shared trunk with own "heads" for each population
        as in the original, or wholly "unshared" parameters.
      dtype: of the products; bfloat16 pays on accelerators.
    """

    attributes: str = "summed"
    tiles: str = "table"
    views: int = 8
    features: int = 8
    core: str = "feedforward"
    populations: str = "heads"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value and what is allowed."""
        for name, allowed in (
            ("attributes", ATTRIBUTES),
            ("tiles", TILES),
            ("views", VIEWS),
            ("core", CORES),
            ("populations", POPULATIONS),
            ("dtype", DTYPES),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r}: must be one of {allowed}")
        if not isinstance(self.features, int) or self.features < 1:
            raise ValueError(f"features={self.features!r}: must be a positive integer")


def make_policy(spec: Spec, num_populations: int, config: NetworkConfig) -> Policy:
    """The default network of a spec, with the chosen core and sharing."""
    dtype = jnp.bfloat16 if config.dtype == "bfloat16" else jnp.float32
    cores = {
        "feedforward": FeedForward(dtype=dtype),
        "gru": Recurrent(),
        "lstm": Recurrent(cell=nn.OptimizedLSTMCell),
    }
    attributes = {
        "summed": SummedAttributes(dtype=dtype),
        "attention": PooledAttributes(dtype=dtype),
    }
    tiles = {
        "table": TableTiles(config.features, config.views, dtype),
        "attention": AttentionTiles(),
        "convolution": ConvTiles(),
    }
    policy = build(
        spec,
        attributes=attributes[config.attributes],
        tiles=tiles[config.tiles],
        core=cores[config.core],
        groups=num_populations if config.populations == "heads" else 1,
        dtype=dtype,
    )
    if config.populations == "unshared":
        return unshared(policy, spec, num_populations)
    return policy


def training_overrides(name: str) -> dict[str, Any]:
    """`EnvConfig` fields that training changes for speed, the game and the networks being the same.

    v1.3 lists everybody in view, up to 128; a quarter of these rows holds all but the densest
    crowds, and networks take any number. What does not fit is counted as overflow.
    """
    return {"max_visible": 16} if preset(name).max_visible > 16 else {}


def make_env(name: str, overrides: dict[str, Any]) -> Environment:
    """The environment of a preset with overrides; ValueError as for `jaxmmo.make`."""
    return Environment(preset(name).replace(**overrides))


CONTRACT = ("config", "spec", "default_rules", "reset", "step", "noop")
"""What every environment has, wrapped or not."""


def user_env(source: Source, overrides: dict[str, Any]) -> Any:
    """The environment that a user's `make_env(**overrides)` returns.

    Raises:
      ValueError: if the function takes no such overrides, fails, or returns something else.
    """
    make = source.function()
    _refuse_arguments(source, make, overrides)
    env = _call(source, lambda: make(**overrides))
    missing = [name for name in CONTRACT if not hasattr(env, name)]
    if missing:
        raise ValueError(
            f"{source.reference} returned {type(env).__name__}, which has no {missing[0]}: must be "
            "an environment, as from jaxmmo.make, or a wrapper around one"
        )
    checks.one_world(env)
    return env


def user_policy(source: Source, env: Any) -> Policy:
    """The policy that a user's `make_policy(spec)` returns, checked against the environment.

    Raises:
      ValueError: if the function fails, or what it returns does not answer the spec's heads.
    """
    make = source.function()
    return as_policy(_call(source, lambda: make(env.spec)), env, source.reference)


def as_policy(policy: Any, env: Any, name: str = "policy") -> Policy:
    """A policy from whatever has `init` and `apply`, once it has answered an observation in shape.

    Args:
      policy: `Policy`, or an object with `init(key)`, `apply(params, obs, carry, reset)` and,
        with memory, `initial_carry(shape)`.
      env: whose observations it must take.
      name: for errors, and for people if the policy has none.

    Raises:
      ValueError: naming what does not fit.
    """
    missing = [part for part in ("init", "apply") if not callable(getattr(policy, part, None))]
    if missing:
        raise ValueError(
            f"{name} returned {type(policy).__name__}, which has no {missing[0]}: a policy has "
            "init(key) and apply(params, obs, carry, reset), see jaxmmo.agents.policy.Policy"
        )
    if not isinstance(policy, Policy):
        memory = getattr(policy, "initial_carry", no_memory)
        policy = Policy(getattr(policy, "name", name), policy.init, policy.apply, memory)
    size = env.config.capacity

    def once(key: jax.Array) -> Any:
        obs, _ = env.reset(key)
        carry, reset = policy.initial_carry((size,)), jnp.ones(size, bool)
        out = policy.apply(policy.init(key), obs, carry, reset)
        checks.output(env.spec, policy, out, carry, (size,))
        return out.value

    jax.eval_shape(once, jax.random.key(0))
    return policy


def _refuse_arguments(source: Source, function: Any, overrides: dict[str, Any]) -> None:
    """ValueError if a function does not take the overrides."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    if any(p.kind == p.VAR_KEYWORD for p in parameters):
        return
    named = [p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
    refuse_unknown(f"argument of {source.reference}", overrides, named)


def _call(source: Source, call: Callable[[], Any]) -> Any:
    """What a user's function returns; ValueError in one line if it fails."""
    try:
        return call()
    except ValueError as error:
        raise ValueError(f"{source.reference}: {error}") from error
    except Exception as error:
        said = " ".join(str(error).split())
        raise ValueError(
            f"{source.reference} failed{sources.line_of(error, source)}: "
            f"{type(error).__name__}{': ' + said if said else ''}"
        ) from error
