"""The presets in Gymnasium's registry, for `gymnasium.make_vec`."""

from __future__ import annotations

from typing import Any

from jaxmmo.adapters._worlds import make_world
from jaxmmo.adapters.base import requires
from jaxmmo.env import making
from jaxmmo.env.registry import FIRST_GAME


def register() -> list[str]:
    """Makes the presets known to `gymnasium.make_vec`, as `jaxmmo/JaxMMO-v1` and so on.

    The second game's are `jaxmmo2/JaxMMO-v2` and `jaxmmo2/NeuralMMO-v2.1`: within one namespace,
    Gymnasium would take JaxMMO-v1 for an outdated version of JaxMMO-v2.

    Returns:
      The ids.
    """
    gymnasium = requires("gymnasium")
    ids = []
    for preset in making.registered():
        ids.append(f"jaxmmo{'' if preset in FIRST_GAME else 2}/{preset}")
        if ids[-1] not in gymnasium.registry:
            gymnasium.register(
                ids[-1],
                vector_entry_point="jaxmmo.adapters._registration:made",
                kwargs={"preset": preset},
            )
    return ids


def made(num_envs: int = 1, preset: str = "JaxMMO-v1", **settings: Any) -> Any:
    """For `make_vec`, whose `num_envs` are all slots of whole worlds."""
    known = making.preset(preset).settings
    _, env = make_world(preset, None, {k: v for k, v in settings.items() if k in known})
    worlds, rest = divmod(num_envs, env.config.capacity)
    if rest or not worlds:
        raise ValueError(
            f"num_envs={num_envs}: must be a multiple of the capacity, {env.config.capacity}"
        )
    from jaxmmo.adapters.gymnasium import vector_env

    return vector_env(preset, worlds, **settings)
