"""Environments, policies and rules from a user's own functions, refused in a line if they misfit.

`make_env(**overrides) -> env`, `make_policy(spec) -> policy`, `sample_rules(key, env) -> Rules`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.agents import checks
from jaxmmo.agents.policy import Policy, no_memory
from jaxmmo.env.config import refuse_unknown
from jaxmmo.runs import sources
from jaxmmo.runs.sources import Source

CONTRACT = ("config", "spec", "default_rules", "reset", "step", "noop")
"""What every environment has, wrapped or not."""


def make_env(source: Source, overrides: dict[str, Any]) -> Any:
    """The environment that a user's `make_env(**overrides)` returns.

    Raises:
      ValueError: if the function takes no such overrides, fails, or returns something else.
    """
    make = function(source)
    _refuse_arguments(source, make, overrides)
    env = _call(source, lambda: make(**overrides))
    check_environment(env, source.reference)
    return env


def check_environment(env: Any, name: str) -> None:
    """ValueError unless something has what every environment has, for one world."""
    missing = [part for part in CONTRACT if not hasattr(env, part)]
    if missing:
        raise ValueError(
            f"{name}: {type(env).__name__} has no {missing[0]}: must be an environment, as from "
            "jaxmmo.make, or a wrapper around one"
        )
    checks.one_world(env)


def make_policy(source: Source, env: Any) -> Policy:
    """The policy that a user's `make_policy(spec)` returns, checked against the environment.

    Raises:
      ValueError: if the function fails, or what it returns does not answer the spec's heads.
    """
    make = function(source)
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


def function(source: Source) -> Any:
    """The function that a source names; ValueError unless it can be called."""
    found = source.load()
    if not callable(found):
        kind = type(found).__name__
        raise ValueError(f"{source.reference} is {kind}, not a function that can be called")
    return found
