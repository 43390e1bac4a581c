"""jaxmmo: a massively multiagent world as a pure function on arrays."""

import importlib
from typing import TYPE_CHECKING, Any

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.environment import Environment, Info
from jaxmmo.env.making import make, preset, registered
from jaxmmo.env.observation import Observation
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.files.saves import fork, load_state, save_state
from jaxmmo.version import BEHAVIOUR_VERSION, __version__

if TYPE_CHECKING:
    from jaxmmo.runs.library import load_baseline
    from jaxmmo.workflow import (
        Evaluation,
        Run,
        Tournament,
        Watching,
        evaluate,
        record,
        tournament,
        train,
        watch,
    )

LATER = dict.fromkeys(
    (
        "Evaluation",
        "Run",
        "Tournament",
        "Watching",
        "evaluate",
        "record",
        "tournament",
        "train",
        "watch",
    ),
    "jaxmmo.workflow",
) | {"load_baseline": "jaxmmo.runs.library"}
"""Names and their modules, imported when they are first used: they need more than the game."""


def __getattr__(name: str) -> Any:
    if name in LATER:
        return getattr(importlib.import_module(LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _picture(state: WorldState) -> bytes | None:
    from jaxmmo.viewer.notebook import png

    return png(state)


# notebooks show a world as a picture; the game itself knows nothing of pictures
setattr(WorldState, "_repr_png_", _picture)  # noqa: B010


def __dir__() -> list[str]:
    return sorted([*globals(), *LATER])


__all__ = [
    "BEHAVIOUR_VERSION",
    "EnvConfig",
    "Environment",
    "Evaluation",
    "Info",
    "Observation",
    "Preset",
    "Rules",
    "Run",
    "Tournament",
    "Watching",
    "WorldState",
    "__version__",
    "evaluate",
    "fork",
    "load_baseline",
    "load_state",
    "make",
    "preset",
    "record",
    "registered",
    "save_state",
    "tournament",
    "train",
    "watch",
]
