"""Gymnasium's `VectorEnv`: slots as the vector axis, a life as an episode.

    from jaxmmo.adapters.gymnasium import vector_env

    envs = vector_env("JaxMMO-v1", num_worlds=4, horizon=512)
    observations, infos = envs.reset(seed=0)
    for _ in range(1000):
        actions = envs.action_space.sample(observations["action_mask"])
        observations, rewards, terminations, truncations, infos = envs.step(actions)

Entry `world * capacity + slot` is a slot. Its episode ends with the life in it. The slot is then
empty, its observation and reward zero, until somebody is born there: as Gymnasium's mode
`NEXT_STEP` has it, but with as many steps in between as it takes. `infos["acted"]` says which
transitions are real, `infos["newborn"]` where an episode began. Where the dead are born again, it
begins in the step that terminates the one before, as in Gymnasium's mode `SAME_STEP`: choose that
mode there, so that wrappers count right.

The autoreset mode says what comes after the end of a whole world, at the `horizon`, where everybody
alive is truncated, or when nobody lives in one without births: a new world in the next step, in the
same step (then `infos["final_obs"]` holds the last observations of the old), or when
`reset(options={"reset_mask": ...})` asks for it.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.adapters import _episodes, _spaces
from jaxmmo.adapters._drawing import picture
from jaxmmo.adapters._registration import register
from jaxmmo.adapters._worlds import make_world
from jaxmmo.adapters.base import Layout, Outcome, compiled, requires, seeded
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import select
from jaxmmo.env.wrappers import Batch

_vector: Any = requires("gymnasium.vector", "gymnasium")
AutoresetMode: Any = _vector.AutoresetMode

__all__ = ["AutoresetMode", "VectorEnv", "register", "vector_env"]


class VectorEnv(_vector.VectorEnv):
    """Worlds as Gymnasium sees them. Made by `vector_env`.

    Attributes:
      env: the worlds.
      rules: of the game; may be replaced between steps.
      world_state: the state of all worlds, None before the first reset.
    """

    def __init__(
        self,
        preset: str | Preset = "JaxMMO-v1",
        num_worlds: int = 1,
        *,
        horizon: int | None = 1024,
        autoreset_mode: Any = "NextStep",
        observations: str = "flat",
        actions: str = "multi",
        render_mode: str | None = None,
        rules: Rules | None = None,
        **overrides: Any,
    ):
        """See `vector_env`."""
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode={render_mode!r}: must be 'rgb_array' or None")
        modes = {mode.value: mode for mode in AutoresetMode}
        mode = modes.get(getattr(autoreset_mode, "value", autoreset_mode))
        if mode is None:
            raise ValueError(f"autoreset_mode={autoreset_mode!r}: must be one of {list(modes)}")
        world, env = make_world(preset, horizon, overrides)
        self.env = Batch(world, num_worlds)
        self.rules = env.default_rules() if rules is None else rules
        self.layout = Layout(env.spec, observations, actions)
        self.num_worlds, self.slots = num_worlds, env.config.capacity
        self.num_envs = num_worlds * self.slots
        self.mode = mode
        self.metadata = {
            "autoreset_mode": mode,
            "render_modes": ["rgb_array"],
            "render_fps": 5,
        }
        self.render_mode = render_mode
        self.single_observation_space = _spaces.observation_space(self.layout)
        self.single_action_space = _spaces.action_space(self.layout)
        batch = _vector.utils.batch_space
        self.observation_space = batch(self.single_observation_space, self.num_envs)
        self.action_space = batch(self.single_action_space, self.num_envs)
        self.world_state: Any = None
        self._over = np.zeros(num_worlds, bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """New worlds, the same for the same seed; only some with `options["reset_mask"]`.

        Raises:
          ValueError: for a seed out of range, or a mask bool[num_envs] that is of another shape,
            covers a world in part, or comes before the first reset.
        """
        super().reset(seed=seed)
        mask = (options or {}).get("reset_mask")
        worlds = np.ones(self.num_worlds, bool) if mask is None else self._worlds_of(mask)
        if seed is not None or self.world_state is None:
            self._key = seeded(seed, lambda: int(self.np_random.integers(2**32)))
        elif mask is None:
            self._key = seeded(None, lambda: int(self.np_random.integers(2**32)))
        if mask is None:
            reset, _ = compiled(self.env, self.layout)
            self.world_state, self._view = reset(self._next_key(), self.rules)
        else:
            self._renew(worlds)
        self._over = self._over & ~worlds
        alive = np.asarray(self._view.alive) & worlds[:, None]
        nobody = np.zeros_like(alive)
        infos = _episodes.infos(self._view, nobody, alive, nobody)
        return self._observations(), infos

    def step(
        self, actions: Any
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """A tick of every world.

        Args:
          actions: integers [num_envs] or [num_envs, heads]; those of empty slots do not matter.

        Returns:
          Observations, rewards f32, terminations and truncations bool, [num_envs] each, and infos.

        Raises:
          ValueError: before the first reset, or for actions of another shape.
        """
        if self.world_state is None:
            raise ValueError("step before reset: call reset first")
        decisions = np.asarray(actions)
        wanted = (self.num_envs, *self.single_action_space.shape)
        if decisions.shape != wanted or decisions.dtype.kind not in "iu":
            raise ValueError(
                f"actions are {decisions.dtype}{list(decisions.shape)}: must be integers "
                f"{list(wanted)}"
            )
        decisions = decisions.astype(np.int32).reshape(self.num_worlds, self.slots, *wanted[1:])
        _, step = compiled(self.env, self.layout)
        self.world_state, self._view, outcome = step(
            self._next_key(), self.world_state, decisions, self.rules
        )
        outcome: Any = jax.tree.map(np.asarray, outcome)
        final: dict[str, Any] = {}
        if self.mode == AutoresetMode.NEXT_STEP and self._over.any():
            outcome = self._start_anew(outcome, self._over)
            self._over = outcome.over & ~self._over
        elif self.mode == AutoresetMode.SAME_STEP:
            final = _episodes.final(self.layout, self._observations(), outcome)
            if outcome.over.any():
                self._renew(outcome.over)
                newborn = np.where(
                    outcome.over[:, None], np.asarray(self._view.alive), outcome.newborn
                )
                outcome = outcome._replace(newborn=newborn)
        else:
            self._over = outcome.over
        told = (outcome.acted, outcome.newborn, outcome.illegal)
        infos = _episodes.infos(self._view, *told) | final | _episodes.ended(outcome)
        rewards = outcome.reward.reshape(-1)
        return (
            self._observations(),
            rewards,
            outcome.terminated.reshape(-1),
            outcome.truncated.reshape(-1),
            infos,
        )

    def render(self) -> tuple[np.ndarray, ...] | None:
        """A picture u8[height, width, 3] of every world."""
        if self.render_mode is None or self.world_state is None:
            return None

        def world(i: int) -> Any:
            return jax.tree.map(lambda x: x[i], self.world_state)

        return tuple(picture(self.env, world(i)) for i in range(self.num_worlds))

    def _next_key(self) -> jax.Array:
        self._key, key = jax.random.split(self._key)
        return key

    def _worlds_of(self, mask: Any) -> np.ndarray:
        """bool[worlds] of bool[num_envs]; ValueError unless it covers whole worlds."""
        chosen = np.asarray(mask)
        if chosen.shape != (self.num_envs,) or chosen.dtype != np.bool_ or not chosen.any():
            raise ValueError(
                f"reset_mask is {chosen.dtype}{list(chosen.shape)}: must be bool"
                f"[{self.num_envs}] with something set"
            )
        by_world = chosen.reshape(self.num_worlds, self.slots)
        if (by_world.any(1) != by_world.all(1)).any() or self.world_state is None:
            raise ValueError("reset_mask must cover whole worlds, after a first reset of all")
        return np.asarray(by_world.any(1))

    def _renew(self, worlds: np.ndarray) -> None:
        """New worlds for some."""
        reset, _ = compiled(self.env, self.layout)
        fresh = reset(self._next_key(), self.rules)
        self.world_state, self._view = jax.tree.map(
            lambda new, old: select(jnp.asarray(worlds), new, old),
            fresh,
            (self.world_state, self._view),
        )

    def _start_anew(self, outcome: Any, worlds: np.ndarray) -> Any:
        """Worlds that ended in the step before are new in this one, in which nobody acted."""
        self._renew(worlds)
        begun = worlds[:, None]
        quiet: Any = jax.tree.map(lambda x: np.where(begun, 0, x).astype(x.dtype), outcome[:-1])
        alive = np.asarray(self._view.alive)
        newborn = np.where(begun, alive, outcome.newborn)
        told = Outcome(*quiet, over=outcome.over & ~worlds)
        return told._replace(newborn=newborn)

    def _observations(self) -> dict[str, Any]:
        return _flat(_spaces.seen(self._view), self.num_envs)


def vector_env(
    preset: str | Preset = "JaxMMO-v1",
    num_worlds: int = 1,
    *,
    horizon: int | None = 1024,
    autoreset_mode: Any = "NextStep",
    observations: str = "flat",
    actions: str = "multi",
    render_mode: str | None = None,
    rules: Rules | None = None,
    **overrides: Any,
) -> VectorEnv:
    """Worlds as a Gymnasium `VectorEnv` of `num_worlds * capacity` entries.

    Args:
      preset: the id of a game, or a `Preset` of your own.
      num_worlds: worlds side by side.
      horizon: ticks until a world ends; None for never.
      autoreset_mode: Gymnasium's `AutoresetMode` or its value: "NextStep", "SameStep", "Disabled".
      observations: "flat" or "dense"; an observation is a dict of `observation` and `action_mask`.
      actions: "multi", a choice for each head; "joint", one number for all.
      render_mode: "rgb_array" for pictures.
      rules: of the game; the preset's if omitted.
      **overrides: settings of the game, as for `jaxmmo.make`.

    Raises:
      ValueError: for what is unknown or out of range, saying what is allowed.
    """
    return VectorEnv(
        preset,
        num_worlds,
        horizon=horizon,
        autoreset_mode=autoreset_mode,
        observations=observations,
        actions=actions,
        render_mode=render_mode,
        rules=rules,
        **overrides,
    )


def _flat(tree: Any, size: int) -> Any:
    """[worlds, slots, ...] -> [num_envs, ...]."""
    return jax.tree.map(lambda x: x.reshape(size, *x.shape[2:]), tree)
