"""From a few plain settings, as a run's `config.json` holds them, to environment and policy."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxmmo.agents.cores import FeedForward, Recurrent
from jaxmmo.agents.entities import PooledAttributes, SummedAttributes
from jaxmmo.agents.network import build
from jaxmmo.agents.policy import Policy
from jaxmmo.agents.populations import unshared
from jaxmmo.agents.tiles import AttentionTiles, ConvTiles, TableTiles
from jaxmmo.env.environment import Environment
from jaxmmo.env.registry import find
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


@functools.lru_cache(maxsize=16)  # one object for one meaning: one structure, one program
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
    return {"max_visible": 16} if find(name).config.max_visible > 64 else {}


def make_env(name: str, overrides: dict[str, Any]) -> Environment:
    """The environment of a preset with overrides; ValueError as for `jaxmmo.make`."""
    return Environment(find(name).replace(**overrides))
