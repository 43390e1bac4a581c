"""What a run is: its configuration, kept in its `config.json`."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import jax

from jaxmmo.agents.acting import SampleRules
from jaxmmo.agents.policy import Policy
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.ruled import with_rules
from jaxmmo.files.atomic import write_atomically
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.runs import legacy, seal, sources, user_code
from jaxmmo.runs.setup import NetworkConfig, make_env, make_policy, training_overrides
from jaxmmo.runs.sources import Source
from jaxmmo.version import __version__

FORMAT = 1
NAME = "config.json"
MAX_SEED = 2**32 - 1
OPTIONS = {"env": "--env", "policy": "--policy", "rules": "--rules"}
"""What a user can name code for, and the option of the commands that does."""

MAX_BYTES = 1 << 20
"""A larger `config.json` is none."""


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's results; kept in its `config.json`.

    Attributes:
      preset: of the environment.
      env: `EnvConfig` overrides.
      learn: settings of the learner.
      network: settings of the network.
      seed: of everything.
      rules: fields of `Rules` that differ from the environment's.
      sources: code of the user's own by what it makes, "env", "policy" or "rules", which then
        stands for preset and network.
      objects: which of these were handed over in Python, as objects that no name stands for.
      executable: the code may be executed. Not so for a run that was read from its directory, until
        `reopened` has checked it.
      own: this user wrote the run on this machine, so that its code is known.
    """

    preset: str = "JaxMMO-v1"
    env: dict[str, Any] = dataclasses.field(default_factory=dict)
    learn: LearnConfig = dataclasses.field(default_factory=LearnConfig)
    network: NetworkConfig = dataclasses.field(default_factory=NetworkConfig)
    seed: int = 0
    rules: dict[str, Any] = dataclasses.field(default_factory=dict)
    sources: dict[str, Source] = dataclasses.field(default_factory=dict)
    objects: tuple[str, ...] = ()
    executable: bool = dataclasses.field(default=True, compare=False)
    own: bool = dataclasses.field(default=False, compare=False)

    def __post_init__(self) -> None:
        """Raises ValueError for a seed out of range, or what is not the name of a preset."""
        check_seed(self.seed, "seed=")
        if not isinstance(self.preset, str):
            raise ValueError(f"preset={self.preset!r:.60}: must be the name of a preset")

    def environment(self, more: dict[str, Any] | None = None, *, training: bool = True) -> Any:
        """One of the run's worlds; ValueError for bad settings.

        Args:
          more: `EnvConfig` overrides that come on top of the run's own.
          training: with what training changes for speed.
        """
        overrides = self.env | (more or {})
        if source := self._code("env"):
            return with_rules(user_code.make_env(source, overrides), self.rules)
        faster = training_overrides(self.preset) if training else {}
        try:
            env = make_env(self.preset, faster | overrides)
        except (TypeError, OverflowError) as error:  # a text where a number belongs
            raise ValueError(f"settings of the environment, {overrides}: {error}") from error
        return with_rules(env, self.rules)

    def policy(self, env: Any) -> Policy:
        """The run's policy for the spec of an environment, with parameters yet to be made."""
        if source := self._code("policy"):
            return user_code.make_policy(source, env)
        return make_policy(env.spec, env.config.num_populations, self.network)

    def sample_rules(self) -> SampleRules | None:
        """What draws the rules of every world anew, if anything does."""
        source = self._code("rules")
        return user_code.function(source) if source else None

    def learner(self) -> Learner:
        """Environment, policy and settings."""
        env = self.environment()
        return Learner(env, self.policy(env), self.learn, self.sample_rules())

    def _code(self, part: str) -> Source | None:
        """The code that makes a part, None for the library's own; ValueError if it may not run."""
        if part in self.objects:
            raise ValueError(
                f"the {part} of this run was made in Python, and no file names it: give "
                f"{OPTIONS[part]} FILE.py:NAME, or go on with the run in Python"
            )
        if part in self.sources and not self.executable:
            raise ValueError(f"{self.sources[part].reference} is executed only once it was checked")
        return self.sources.get(part)

    def reopened(
        self, directory: Path, *, trust: bool = False, replaced: Collection[str] = ()
    ) -> RunConfig:
        """The configuration of a run that was read, ready to execute code that was found unchanged.

        Args:
          directory: of the run.
          trust: execute the files that the directory holds.
          replaced: parts that the user names anew; theirs are not looked for.

        Raises:
          ValueError: if a file has changed or is gone, or the run is not the user's own.
        """
        found = {
            part: sources.reopen(source, directory, own=self.own, trust=trust, option=OPTIONS[part])
            for part, source in self.sources.items()
            if part not in replaced
        }
        objects = tuple(part for part in self.objects if part not in replaced)
        return dataclasses.replace(self, sources=found, objects=objects, executable=True)

    @property
    def title(self) -> str:
        """For people: what was trained on."""
        named = self.sources["env"].reference if "env" in self.sources else self.preset
        named = "an environment made in Python" if "env" in self.objects else named
        ruled = bool(self.rules) or "rules" in self.sources or "rules" in self.objects
        rules, attacks = ", own rules" * ruled, ", attacks masked" * (not self.learn.attacks)
        return f"{named}{rules}{attacks}, seed {self.seed}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data; of code and rules only if the run has any of its own."""
        data = dataclasses.asdict(self)
        del data["executable"], data["own"]
        for name in ("rules", "sources", "objects"):
            if not data[name]:
                del data[name]
        if self.sources:
            data["seal"] = seal.make(_sealed(data))
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RunConfig:
        """From plain data, names of earlier versions included.

        Raises:
          ValueError: for settings that this version does not know, or bad values.
        """
        try:
            for part in ("env", "learn", "network"):
                if not isinstance(data[part], dict):
                    raise ValueError(f"{part}={data[part]!r:.60}: must be settings by name")
            parts = {
                part: legacy.renamed(part, data[part], _names(kind))
                for part, kind in (
                    ("env", EnvConfig),
                    ("learn", LearnConfig),
                    ("network", NetworkConfig),
                )
            }
            return cls(
                preset=data["preset"],
                env=parts["env"],
                learn=LearnConfig().replace(**parts["learn"]),
                network=NetworkConfig(**parts["network"]),
                seed=data["seed"],
                rules=dict(data.get("rules", {})),
                sources={k: Source(**v) for k, v in data.get("sources", {}).items()},
                objects=tuple(data.get("objects", ())),
                executable=not data.get("sources"),
                own="sources" in data and seal.is_own(_sealed(data), data.get("seal", "")),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a run's configuration: {error}") from error


def _sealed(data: dict[str, Any]) -> dict[str, Any]:
    """What nobody else may change: the code that is executed, and what it is called with."""
    return {"sources": data["sources"], "env": data["env"]}


def check_seed(seed: Any, name: str) -> None:
    """ValueError unless a seed is one that keys can be made of."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise ValueError(f"{name}{seed!r}: must be an integer in [0, {MAX_SEED}]")


def cores() -> int:
    """Processor cores that programs are split over here; sums depend on it in their last bits."""
    forced = os.environ.get("NPROC", "")  # what XLA reads
    if forced.isdecimal() and int(forced) > 0:
        return int(forced)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """What a run's last bits depend on beside its configuration."""
    device = jax.devices()[0]
    return {
        "device": device.device_kind,
        "cores": cores() if device.platform == "cpu" else None,
        "jax": jax.__version__,
        "jaxmmo": __version__,
    }


def differences(directory: Path) -> list[str]:
    """What is other here than where the run was started, for people; nothing if that is unknown."""
    stored = _read(directory).get("machine")
    if not isinstance(stored, dict):
        return []
    here = machine()
    changed = [name for name in here if stored.get(name, here[name]) != here[name]]
    return [f"{name} {stored[name]} when it began, {here[name]} now" for name in changed]


def write(directory: Path, config: RunConfig) -> None:
    """Writes what a run is started with, and on what."""
    content = {"format": FORMAT} | config.as_dict() | {"machine": machine()}
    if config.sources:
        sources.keep(config.sources, directory)
    write_atomically(directory / NAME, json.dumps(content, indent=2).encode() + b"\n")


def read(directory: Path) -> RunConfig:
    """What a run was started with.

    Raises:
      ValueError: if the directory holds no run, or one of another format.
    """
    try:
        return RunConfig.from_dict(_read(directory))
    except ValueError as error:
        place = str(directory / NAME)
        raise error if place in str(error) else ValueError(f"{place}: {error}") from error


def _read(directory: Path) -> dict[str, Any]:
    path = directory / NAME
    if not path.is_file():
        raise ValueError(f"{directory}: holds no run of jaxmmo train (no {path})")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: not a run's configuration: {path.stat().st_size} bytes")
    try:
        config = json.loads(path.read_bytes())
        found = config["format"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{path}: not a run's configuration") from error
    if found != FORMAT:
        raise ValueError(f"{path}: format {found!r:.60}, but this version reads {FORMAT}")
    return config


def _names(kind: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]
