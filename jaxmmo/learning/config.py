"""Settings of the learner: static, checked on construction."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxmmo.env.config import refuse_unknown

ALGORITHMS = ("ppo", "pg")


@dataclasses.dataclass(frozen=True)
class LearnConfig:
    """How agents learn.

    Attributes:
      algorithm: "ppo", or "pg": the policy gradient with a value baseline, as in the original.
      worlds: simulated side by side (B).
      renewed: worlds that make place after every update, in turn, for new ones on new maps: who
        sees the same maps for ever learns these maps, and lives shorter on any other. 0 keeps
        the first ones.
      ticks: of a rollout between two updates (T).
      epochs: passes over a rollout; one learns as fast as two per decision, at half the cost.
      minibatch: most decisions in one gradient step; a rollout is split evenly into as many as
        its living agents need.
      chunk: living agents that act at once.
      learning_rate: of Adam.
      anneal: updates over which learning rate and entropy bonus fall linearly to a tenth, where
        they stay; 0 keeps them.
      gamma: discount a tick.
      gae_lambda: weight of longer estimates of the advantage.
      clip_eps: PPO's trust region: how far from 1 the ratio of probabilities may gain.
      entropy_coef: weight of the entropy bonus.
      value_coef: weight of the value loss, relative to the variance of the returns.
      max_grad_norm: gradients are clipped to this global norm.
      attacks: False masks all attacks (`Rules.without_combat`).
    """

    algorithm: str = "ppo"
    worlds: int = 16
    renewed: int = 1
    ticks: int = 32
    epochs: int = 1
    minibatch: int = 1024
    chunk: int = 512
    learning_rate: float = 1e-3
    anneal: int = 0
    gamma: float = 0.99
    gae_lambda: float = 0.9
    clip_eps: float = 0.2
    entropy_coef: float = 0.01
    value_coef: float = 0.5
    max_grad_norm: float = 0.5
    attacks: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value and allowed range."""
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm={self.algorithm!r}: must be one of {ALGORITHMS}")
        for name in ("worlds", "ticks", "epochs", "minibatch", "chunk"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**31:
                raise ValueError(f"{name}={value!r}: must be a positive integer")
        for name, low, high in (
            ("renewed", 0, self.worlds),
            ("anneal", 0, 2**31),
            ("learning_rate", 0, 10),
            ("gamma", 0, 1),
            ("gae_lambda", 0, 1),
            ("clip_eps", 0, 10),
            ("entropy_coef", 0, 10),
            ("value_coef", 0, 100),
            ("max_grad_norm", 0, 1e9),
        ):
            value = getattr(self, name)
            kind = int if name in ("renewed", "anneal") else (int, float)
            if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
                what = "an integer" if kind is int else "a number"
                raise ValueError(f"{name}={value!r}: must be {what} in [{low}, {high}]")
        if not isinstance(self.attacks, bool):
            raise ValueError(f"attacks={self.attacks!r}: must be True or False")

    def replace(self, **overrides: Any) -> LearnConfig:
        """A copy with fields changed; ValueError on an unknown field or a bad value."""
        allowed = [field.name for field in dataclasses.fields(self)]
        refuse_unknown("setting", overrides, allowed)
        return dataclasses.replace(self, **overrides)
