"""The presets in Gymnasium's registry, for `gymnasium.make_vec`."""

from __future__ import annotations

from typing import Any

from jaxmmo.adapters.base import make_world, requires
from jaxmmo.env.registry import FIRST_GAME


def register() -> list[str]:
    """Makes the presets known to `gymnasium.make_vec`, as `jaxmmo/JaxMMO-v1` and so on.

    Returns:
      The ids.
    """
    gymnasium = requires("gymnasium")
    ids = []
    for preset in FIRST_GAME:
        ids.append(f"jaxmmo/{preset}")
        if ids[-1] not in gymnasium.registry:
            gymnasium.register(
                ids[-1],
                vector_entry_point="jaxmmo.adapters._registration:made",
                kwargs={"preset": preset},
            )
    return ids


def made(num_envs: int = 1, preset: str = "JaxMMO-v1", **settings: Any) -> Any:
    """For `make_vec`, whose `num_envs` are all slots of whole worlds."""
    _, env = make_world(preset, None, {k: v for k, v in settings.items() if k in _fields()})
    worlds, rest = divmod(num_envs, env.config.capacity)
    if rest or not worlds:
        raise ValueError(
            f"num_envs={num_envs}: must be a multiple of the capacity, {env.config.capacity}"
        )
    from jaxmmo.adapters.gymnasium import vector_env

    return vector_env(preset, worlds, **settings)


def _fields() -> set[str]:
    from jaxmmo.env.config import EnvConfig

    return set(EnvConfig.__dataclass_fields__)
