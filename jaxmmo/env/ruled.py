"""An environment whose default rules are others than its preset's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from jaxmmo.env.observation import Observation
from jaxmmo.env.rules import Numbers, Rules
from jaxmmo.env.wrappers import Step, Wrapper


@dataclasses.dataclass(frozen=True)
class WithRules(Wrapper):
    """Changes what `default_rules` returns, and so what is played where no rules are given.

    Attributes:
      overrides: of `Rules`, as pairs of name and value; lists as tuples, so that it can be hashed.
    """

    overrides: tuple[tuple[str, Any], ...] = ()

    def default_rules(self, **overrides: Any) -> Rules:
        """The changed rules, further fields replaced by keyword."""
        return self.env.default_rules(**(dict(self.overrides) | overrides))

    def reset(
        self, key: jax.Array, rules: Rules | None = None, terrain: Any = None
    ) -> tuple[Observation, Any]:
        """See `Environment.reset`."""
        return self.env.reset(key, self.default_rules() if rules is None else rules, terrain)

    def step(
        self,
        key: jax.Array,
        state: Any,
        action: Mapping[str, jax.Array],
        rules: Rules | None = None,
    ) -> Step:
        """See `Environment.step`."""
        rules = self.default_rules() if rules is None else rules
        return self.env.step(key, state, action, rules)

    def observe(self, state: Any, rules: Rules | None = None) -> tuple[Observation, Any]:
        """See `Environment.observe`."""
        return self.env.observe(state, self.default_rules() if rules is None else rules)


def with_rules(env: Any, rules: Mapping[str, Any] | Numbers) -> Any:
    """The environment with other default rules.

    Args:
      env: an environment or a wrapper.
      rules: fields to change, as for `default_rules`; or rules of which every field that differs
        from the environment's is taken.

    Raises:
      ValueError: for an unknown rule or a value that does not fit.
    """
    if isinstance(rules, Numbers):
        rules = differences(env, rules)
    env.default_rules(**rules)
    overrides = tuple((name, _frozen(value)) for name, value in rules.items())
    return WithRules(env, overrides) if overrides else env


def differences(env: Any, rules: Numbers) -> dict[str, Any]:
    """The fields in which rules differ from the environment's, as plain numbers and lists."""
    usual = env.default_rules()
    return {
        name: np.asarray(value).tolist()
        for name, value in vars(rules).items()
        if not np.array_equal(np.asarray(value), np.asarray(getattr(usual, name)))
    }


def _frozen(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = np.asarray(value).tolist()
    return tuple(_frozen(part) for part in value) if isinstance(value, list | tuple) else value
