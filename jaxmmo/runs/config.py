"""What a run is: its configuration, kept in its `config.json`."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import jax

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.environment import Environment
from jaxmmo.files.atomic import write_atomically
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.runs import legacy
from jaxmmo.runs.setup import NetworkConfig, make_env, make_policy, training_overrides
from jaxmmo.version import __version__

FORMAT = 1
NAME = "config.json"
MAX_SEED = 2**32 - 1
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
    """

    preset: str = "JaxMMO-v1"
    env: dict[str, Any] = dataclasses.field(default_factory=dict)
    learn: LearnConfig = dataclasses.field(default_factory=LearnConfig)
    network: NetworkConfig = dataclasses.field(default_factory=NetworkConfig)
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for a seed out of range, or what is not the name of a preset."""
        check_seed(self.seed, "seed=")
        if not isinstance(self.preset, str):
            raise ValueError(f"preset={self.preset!r:.60}: must be the name of a preset")

    def environment(self) -> Environment:
        """One of the training worlds; ValueError for bad settings."""
        try:
            return make_env(self.preset, training_overrides(self.preset) | self.env)
        except (TypeError, OverflowError) as error:  # a text where a number belongs
            raise ValueError(f"settings of the environment, {self.env}: {error}") from error

    def learner(self) -> Learner:
        """Environment, policy and settings."""
        env = self.environment()
        policy = make_policy(env.spec, env.config.num_populations, self.network)
        return Learner(env, policy, self.learn)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return dataclasses.asdict(self)

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
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a run's configuration: {error}") from error


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
