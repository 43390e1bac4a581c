"""gymnax's interface, in which the slots of a world are a batch: as a vmapped environment is.

    from jaxmmo.adapters import gymnax

    env, params = gymnax.make("JaxMMO-v1", horizon=512)
    obs, state = env.reset(jax.random.key(0), params)  # f32[slots, F]
    obs, state, reward, terminated, truncated, info = env.step(key, state, actions, params)

gymnax 1.0 returns six values; 0.x five, with `done` for both ends: so does this, following the
gymnax that is installed or `form`. Where a script has `jax.vmap(env.step)` over NUM_ENVS, here the
leading axis is there already: vmap over worlds besides, if several are wanted.

A slot's episode is a life. In a slot where nobody lives, observation and reward are zero:
`info["acted"]` says which transitions are real, `info["newborn"]` where an episode begins; where
the dead are born again, that is the step that terminates. A world is over at the horizon, when
whoever lives is truncated, or when nobody lives in one without births: a new world begins in the
same step, and `info["final_observation"]` is the last one of the old. `params` holds the rules of
the game: its leaves may change, or differ from world to world, without compiling anew.
"""

from __future__ import annotations

import functools
from importlib import metadata
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.adapters._worlds import deserted, make_world
from jaxmmo.adapters.base import Layout, Pool, requires, typed
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.io import arrays

_base: Any = requires("gymnax.environments.environment", "gymnax")
_spaces: Any = requires("gymnax.environments.spaces", "gymnax")

FORMS = (5, 6)


class EnvState(struct.PyTreeNode):
    """A world between two ticks."""

    world: Any
    obs: Any  # the packed observation of `world`
    time: jax.Array  # i32[]; ticks of this world


class EnvParams(struct.PyTreeNode):
    """What may change without compiling."""

    rules: Rules
    max_steps_in_episode: jax.Array  # i32[]; the horizon


class Environment(_base.Environment):
    """A world as gymnax sees it. Made by `make`.

    Attributes:
      env: the world, without an end: the horizon is in the parameters.
      form: how many values `step` returns.
    """

    def __init__(
        self,
        preset: str | Preset = "JaxMMO-v1",
        *,
        horizon: int = 1024,
        form: int | None = None,
        actions: str = "joint",
        rules: Rules | None = None,
        pool: int = 64,
        **overrides: Any,
    ):
        """See `make`."""
        if form is None:
            form = 5 if metadata.version("gymnax").startswith("0.") else 6
        if form not in FORMS:
            raise ValueError(f"form={form!r}: must be one of {FORMS}")
        if horizon is None:
            raise ValueError("horizon=None: must be an integer of at least 1, for gymnax")
        _, self.env = make_world(preset, horizon, overrides)
        self.form, self._horizon = form, horizon
        self._rules = self.env.default_rules() if rules is None else rules
        self.layout = Layout(self.env.spec, actions=actions)
        self._pool = Pool(self.env, pool)

    @property
    def default_params(self) -> EnvParams:
        """The preset's rules, and the horizon."""
        return EnvParams(self._rules, jnp.int32(self._horizon))

    @functools.partial(jax.jit, static_argnames=("self",))
    def reset(self, key: jax.Array, params: EnvParams | None = None) -> tuple[jax.Array, EnvState]:
        """A new world, f32[slots, F]; the key is consumed."""
        return self.reset_env(key, self.default_params if params is None else params)

    @functools.partial(jax.jit, static_argnames=("self",))
    def step(
        self, key: jax.Array, state: EnvState, action: Any, params: EnvParams | None = None
    ) -> Any:
        """A tick, and a new world where the old one is over.

        Actions are i32[slots]; for "multi" a tuple of those, one for each head, as the action
        space gives them under `vmap`, or i32[slots, heads].
        """
        params = self.default_params if params is None else params
        key, fresh = jax.random.split(typed(key))
        told = self._advance(key, state, action, params)
        seen, after, reward, terminated, truncated, info = told
        over = self.is_truncated(after, params) | deserted(self.env, after.world)
        obs, world = self._pool.take(fresh, params.rules)
        new = EnvState(world, obs, jnp.zeros((), jnp.int32))
        state = jax.tree.map(lambda new, old: jnp.where(over, new, old), new, after)
        newborn = jnp.where(over, arrays.living(self.env.spec, state.obs), info["newborn"])
        # whoever was born again in this step sees already, but who died does not
        last = jnp.where(terminated[:, None], 0.0, seen)
        info |= {"newborn": newborn, "over": over, "final_observation": last}
        obs = jnp.where(over, self.layout.observe(state.obs), seen)
        if self.form == 5:
            return obs, state, reward, terminated | truncated, info
        return obs, state, reward, terminated, truncated, info

    def reset_env(self, key: jax.Array, params: EnvParams) -> tuple[jax.Array, EnvState]:
        """See `reset`."""
        obs, world = self.env.reset(typed(key), params.rules)
        return self.layout.observe(obs), EnvState(world, obs, jnp.zeros((), jnp.int32))

    def step_env(
        self, key: jax.Array, state: EnvState, action: Any, params: EnvParams
    ) -> tuple[jax.Array, EnvState, jax.Array, jax.Array, dict[str, Any]]:
        """A tick of a world that stays as it is at its end: five values in both forms.

        The fourth is `terminated` in gymnax 1.0, which has `is_truncated` besides; in 0.x, both.
        """
        told = self._advance(typed(key), state, action, params)
        seen, after, reward, terminated, truncated, info = told
        done = terminated | truncated if self.form == 5 else terminated
        return seen, after, reward, done, info

    def _advance(
        self, key: jax.Array, state: EnvState, action: Any, params: EnvParams
    ) -> tuple[Any, EnvState, jax.Array, jax.Array, jax.Array, dict[str, Any]]:
        if isinstance(action, tuple):
            action = jnp.stack(action, -1)
        obs, world, reward, terminated, _, info = self.env.step(
            key, state.world, self.layout.act(action), params.rules
        )
        after = EnvState(world, obs, state.time + 1)
        truncated = self.is_truncated(after, params) & info.acted & ~terminated
        told = {"acted": info.acted, "newborn": info.newborn, "illegal": info.illegal}
        return self.layout.observe(obs), after, reward, terminated, truncated, told

    def get_obs(self, state: EnvState, params: Any = None, key: Any = None) -> jax.Array:
        """f32[slots, F]."""
        return self.layout.observe(state.obs)

    def action_mask(self, state: EnvState) -> jax.Array:
        """bool[slots, actions], exact; with "multi", those of all heads one after another."""
        return self.layout.mask_row(state.obs)

    def is_truncated(self, state: EnvState, params: EnvParams) -> jax.Array:
        """bool[]: whether the world has reached the horizon."""
        return state.time >= params.max_steps_in_episode

    def is_terminated(self, state: EnvState, params: EnvParams) -> jax.Array:
        """bool[slots]: where nobody lives."""
        return ~arrays.living(self.env.spec, state.obs)

    def is_terminal(self, state: EnvState, params: EnvParams) -> jax.Array:
        """bool[slots]: nobody lives there, or, in gymnax 0.x, the world is over."""
        gone = self.is_terminated(state, params)
        return gone | self.is_truncated(state, params) if self.form == 5 else gone

    def discount(self, state: EnvState, params: EnvParams) -> jax.Array:
        """f32[slots]: 0 where nobody lives, else 1."""
        return 1.0 - self.is_terminated(state, params).astype(jnp.float32)

    @property
    def name(self) -> str:
        """The preset's id."""
        return self.env.preset.name

    @property
    def num_agents(self) -> int:
        """Slots of a world."""
        return self.env.config.capacity

    @property
    def num_actions(self) -> int:
        """Joint actions of an agent; with "multi", the choices of all heads together."""
        return self.layout.num_logits

    def action_space(self, params: EnvParams | None = None) -> Any:
        """Of one slot: `Discrete`; with "multi", a `Tuple` of these."""
        if self.layout.actions == "joint":
            return _spaces.Discrete(self.num_actions)
        return _spaces.Tuple(tuple(_spaces.Discrete(n) for n in self.layout.choices))

    def observation_space(self, params: EnvParams | None = None) -> Any:
        """Of one slot."""
        size = arrays.flat_size(self.env.spec)
        return _spaces.Box(-jnp.inf, jnp.inf, (size,), jnp.float32)


def make(
    preset: str | Preset = "JaxMMO-v1",
    *,
    horizon: int = 1024,
    form: int | None = None,
    actions: str = "joint",
    rules: Rules | None = None,
    pool: int = 64,
    **overrides: Any,
) -> tuple[Environment, EnvParams]:
    """An environment and its parameters, as `gymnax.make` gives them.

    Args:
      preset: the id of a game, or a `Preset` of your own.
      horizon: ticks until the world ends, and a new one begins.
      form: 6 or 5 values of `step`; that of the installed gymnax if omitted.
      actions: "joint", one number for all heads; "multi", a number for each, which is what the
        second game needs.
      rules: of the game; the preset's if omitted.
      pool: worlds made beforehand, from which new ones are taken; 0 makes each anew, which every
        step pays for.
      **overrides: settings of the game, as for `jaxmmo.make`.

    Raises:
      ValueError: for what is unknown or out of range, saying what is allowed.
    """
    env = Environment(
        preset, horizon=horizon, form=form, actions=actions, rules=rules, pool=pool, **overrides
    )
    return env, env.default_params
