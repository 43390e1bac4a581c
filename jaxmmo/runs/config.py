"""What a run was started with: plain settings, the rules, and the code that its user named."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from jaxmmo.agents.acting import SampleRules
from jaxmmo.agents.policy import Policy
from jaxmmo.env.ruled import with_rules
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.runs import seal, setup, sources
from jaxmmo.runs.setup import NetworkConfig, make_env, make_policy, training_overrides
from jaxmmo.runs.sources import Source

OPTIONS = {"env": "--env", "policy": "--policy", "rules": "--rules"}
"""What a user can name code for, and the option of the commands that does."""

RENAMED = {
    "lam": "gae_lambda",
    "clip": "clip_eps",
    "entropy": "entropy_coef",
    "value": "value_coef",
    "max_norm": "max_grad_norm",
}
"""Settings of the learner that runs of older versions know by other names."""


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's results; kept in its `config.json`.

    Attributes:
      preset: of the environment; of no meaning where the user's own code makes it.
      env: `EnvConfig` overrides, for the preset or for the user's function.
      learn: settings of the learner.
      network: settings of the network; of no meaning where the user's own code makes it.
      seed: of everything.
      rules: fields of `Rules` that differ from the environment's.
      sources: code of the user's own by what it makes: "env", "policy" or "rules". Of a run that
        was read from a directory they are only names until `reopen` has checked them.
      objects: which of these were handed over in Python, as objects that no name stands for.
    """

    preset: str = "JaxMMO-v1"
    env: dict[str, Any] = dataclasses.field(default_factory=dict)
    learn: LearnConfig = dataclasses.field(default_factory=LearnConfig)
    network: NetworkConfig = dataclasses.field(default_factory=NetworkConfig)
    seed: int = 0
    rules: dict[str, Any] = dataclasses.field(default_factory=dict)
    sources: dict[str, Source] = dataclasses.field(default_factory=dict)
    objects: tuple[str, ...] = ()
    checked: bool = dataclasses.field(default=True, compare=False)

    def environment(self, *, training: bool = True) -> Any:
        """One of the training worlds; if not for training, with all rows of visible agents."""
        self._need("env")
        if "env" in self.sources:
            env = setup.user_env(self.sources["env"], self.env)
        else:
            faster = training_overrides(self.preset) if training else {}
            env = make_env(self.preset, faster | self.env)
        return with_rules(env, self.rules)

    def policy(self, env: Any) -> Policy:
        """The policy for an environment's spec."""
        self._need("policy")
        if "policy" in self.sources:
            return setup.user_policy(self.sources["policy"], env)
        return make_policy(env.spec, env.config.num_populations, self.network)

    def sample_rules(self) -> SampleRules | None:
        """What draws the rules of every world anew, if anything does."""
        self._need("rules")
        return self.sources["rules"].function() if "rules" in self.sources else None

    def learner(self) -> Learner:
        """Environment, policy and settings."""
        env = self.environment()
        return Learner(env, self.policy(env), self.learn, self.sample_rules())

    def _need(self, part: str) -> None:
        """ValueError if a part cannot be made from what the configuration says."""
        if part in self.objects:
            raise ValueError(
                f"the run's {part} was made in Python, not by code that a file names: give "
                f"{OPTIONS[part]} FILE.py:NAME, or load the run in Python"
            )
        if part in self.sources and not self.checked:
            raise ValueError("code that a run names is executed only after it was checked")

    def title(self) -> str:
        """For people: what was trained on."""
        own = self.sources["env"].reference if "env" in self.sources else ""
        own = "an environment of its own" if "env" in self.objects else own or self.preset
        changed = ", own rules" if self.rules or "rules" in (*self.sources, *self.objects) else ""
        return f"{own}{changed}{'' if self.learn.attacks else ', attacks masked'}, seed {self.seed}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data; what only runs with code or rules of their own need is left out elsewhere."""
        data = dataclasses.asdict(self)
        del data["checked"]
        for name in ("rules", "sources", "objects"):
            if not data[name]:
                del data[name]
        if self.sources:
            data["seal"] = seal.make(_sealed(data))
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RunConfig:
        """From plain data; ValueError for settings that this version does not know."""
        try:
            learn = {RENAMED.get(name) or name: value for name, value in data["learn"].items()}
            return cls(
                preset=data["preset"],
                env=data["env"],
                learn=LearnConfig().replace(**learn),
                network=NetworkConfig(**data["network"]),
                seed=data["seed"],
                rules=dict(data.get("rules", {})),
                sources={k: Source(**v) for k, v in data.get("sources", {}).items()},
                objects=tuple(data.get("objects", ())),
                checked=not data.get("sources"),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a run's configuration: {error}") from error


def reopen(
    directory: Path,
    data: dict[str, Any],
    *,
    trust: bool = False,
    replaced: frozenset[str] = frozenset(),
) -> RunConfig:
    """The configuration of a run whose code may be executed, once every file was found unchanged.

    Args:
      directory: of the run.
      data: its configuration, as read.
      trust: execute the files that the directory holds.
      replaced: parts that the user names anew; theirs are not looked for.

    Raises:
      ValueError: if a file has changed or is gone, or the run is not the user's own.
    """
    config = RunConfig.from_dict(data)
    own = bool(config.sources) and seal.is_own(_sealed(data), data.get("seal", ""))
    found = {
        part: sources.reopen(source, directory, own=own, trust=trust, option=OPTIONS[part])
        for part, source in config.sources.items()
        if part not in replaced
    }
    objects = tuple(part for part in config.objects if part not in replaced)
    return dataclasses.replace(config, sources=found, objects=objects, checked=True)


def _sealed(data: dict[str, Any]) -> dict[str, Any]:
    """What must not be changed by others: the code that is executed, and what it is called with."""
    return {"sources": data["sources"], "env": data["env"]}
