"""jaxmmo: a massively multiagent world as a pure function on arrays."""

from typing import Any

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.environment import Environment, Info
from jaxmmo.env.making import make, preset, registered
from jaxmmo.env.observation import Observation
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.files.saves import fork, load_state, save_state
from jaxmmo.version import BEHAVIOUR_VERSION, __version__


def load_baseline(preset: str = "JaxMMO-v1") -> tuple[Any, Any]:
    """The trained policy that ships for a preset, and its parameters.

    Use: `policy, params = load_baseline()`, then
    `policy.apply(params, obs, policy.initial_carry(shape), reset)`.

    Raises:
      ValueError: for a preset without a baseline.
    """
    from jaxmmo.runs import library

    return library.load_baseline(preset)


__all__ = [
    "BEHAVIOUR_VERSION",
    "EnvConfig",
    "Environment",
    "Info",
    "Observation",
    "Preset",
    "Rules",
    "WorldState",
    "__version__",
    "fork",
    "load_baseline",
    "load_state",
    "make",
    "preset",
    "registered",
    "save_state",
]
