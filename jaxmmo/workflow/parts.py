"""What a user gives of environment, policy and rules, as objects or as names of code."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from jaxmmo.env.registry import PRESETS, find
from jaxmmo.env.ruled import with_rules
from jaxmmo.env.rules import Rules
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.runs import library, sources, user_code
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.setup import NetworkConfig
from jaxmmo.runs.sources import Source
from jaxmmo.workflow import ruling
from jaxmmo.workflow.scene import RulesLike


class Parts:
    """What the user gave of environment, policy and rules: as objects, or as names of code."""

    def __init__(self, env: Any, policy: Any, rules: RulesLike | None) -> None:
        self.sources: dict[str, Source] = {}
        self.objects: dict[str, Any] = {}
        self.preset: str | None = None
        self.rules: Mapping[str, Any] | Rules | None = None
        if isinstance(env, str) and (env in PRESETS or not sources.is_reference(env)):
            find(env)
            self.preset = env
        elif env is not None:
            self._add("env", env)
        if policy is not None:
            self._add("policy", policy)
        parsed = ruling.parse(rules) if isinstance(rules, str) else rules
        if isinstance(parsed, Source):
            self.sources["rules"] = parsed
        elif callable(parsed) and not isinstance(parsed, Rules):
            self.objects["rules"] = parsed
        else:
            self.rules = parsed

    def _add(self, part: str, value: Any) -> None:
        if isinstance(value, str):
            self.sources[part] = sources.find(value)
        else:
            self.objects[part] = value

    @property
    def given(self) -> tuple[str, ...]:
        """Parts that stand for those of a run that is read."""
        named = (*self.sources, *self.objects, *(("env",) if self.preset else ()))
        return named + (("rules",) if self.rules is not None else ())

    def config(
        self,
        learn: LearnConfig | Mapping[str, Any] | None,
        network: NetworkConfig | Mapping[str, Any] | None,
        overrides: dict[str, Any],
        seed: int,
    ) -> RunConfig:
        """The configuration of a new run; ValueError for bad settings."""
        if overrides and "env" in self.objects:
            raise ValueError(f"{', '.join(overrides)}: settings of an environment already made")
        about = {
            "preset": self.preset or library.DEFAULT,
            "env": overrides,
            "learn": _plain(learn),
            "network": _plain(network),
            "seed": seed,
        }
        own = RunConfig.from_dict(about)
        own = dataclasses.replace(own, sources=self.sources, objects=tuple(self.objects))
        if self.rules is None:
            return own
        plain = ruling.plain(self._environment(own), self.rules)
        return dataclasses.replace(own, rules=plain)

    def environment(self, overrides: dict[str, Any]) -> Any:
        """The environment alone, with overrides but without what training changes for speed."""
        own = self.config(None, None, {}, 0)
        return own.environment(overrides, training=False)

    def learner(self, own: RunConfig) -> Learner:
        """Environment, policy and settings: what was given, and the rest from a configuration."""
        own = dataclasses.replace(
            own,
            preset=self.preset or own.preset,
            sources=own.sources | self.sources,
            objects=tuple(part for part in own.objects if part not in self.objects),
            rules=own.rules if self.rules is None else {},
        )
        env = self._environment(own)
        if self.rules is not None:
            env = with_rules(env, self.rules)
        policy = self.objects.get("policy")
        policy = own.policy(env) if policy is None else user_code.as_policy(policy, env)
        sample = self.objects.get("rules")
        if sample is None and self.rules is None:
            sample = own.sample_rules()
        return Learner(env, policy, own.learn, sample)

    def _environment(self, own: RunConfig) -> Any:
        env = self.objects.get("env")
        if env is None:
            return dataclasses.replace(own, objects=()).environment()
        user_code.check_environment(env, "env")
        return with_rules(env, own.rules)


def _plain(settings: Any) -> dict[str, Any]:
    """Settings as plain data."""
    if settings is None:
        return {}
    return dict(settings) if isinstance(settings, Mapping) else dataclasses.asdict(settings)
