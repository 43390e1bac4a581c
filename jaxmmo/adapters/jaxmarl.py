"""JaxMARL's `MultiAgentEnv`: dicts by agent, an agent being a slot.

    from jaxmmo.adapters.jaxmarl import Environment

    env = Environment("JaxMMO-v1", horizon=512)
    obs, state = env.reset(jax.random.key(0))
    actions = {agent: env.action_space(agent).sample(key) for agent in env.agents}
    obs, state, rewards, dones, infos = env.step(jax.random.key(1), state, actions)

`dones` of an agent is set in the step that ends the life in its slot, and in the step that ends the
world, which sets `dones["__all__"]` too; a new world then begins, as JaxMARL has it. A slot in
which nobody lives has a zero observation and reward, and one available action: nothing. A learner
should leave out such transitions: `infos["acted"]`, bool[num_agents], says which are real, and
`infos["newborn"]` where somebody's first observation is. Where the dead are born again, both are in
one step: `dones` of an agent is set, and its observation is the first of the next life. A world
without births ends when nobody lives.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.adapters._worlds import make_world
from jaxmmo.adapters.base import Layout, Pool, requires, typed
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.io import arrays

_base: Any = requires("jaxmarl.environments.multi_agent_env", "jaxmarl")
_spaces: Any = requires("jaxmarl.environments.spaces", "jaxmarl")


class State(struct.PyTreeNode):
    """A world between two ticks, with the fields that JaxMARL's wrappers read."""

    world: Any
    obs: Any  # the packed observation of `world`
    done: jax.Array  # bool[]; the world is over
    step: jax.Array  # i32[]; ticks of this world


class Environment(_base.MultiAgentEnv):
    """A world as JaxMARL sees it.

    Attributes:
      env: the world.
      rules: of the game; compiled in.
    """

    def __init__(
        self,
        preset: str | Preset = "JaxMMO-v1",
        *,
        horizon: int = 1024,
        actions: str = "joint",
        rules: Rules | None = None,
        pool: int = 64,
        **overrides: Any,
    ):
        """A world that ends and begins anew after `horizon` ticks.

        Args:
          preset: the id of a game, or a `Preset` of your own.
          horizon: ticks until the world ends.
          actions: "joint", one number for all heads; "multi", a number for each, which is what
            the second game needs.
          rules: of the game; the preset's if omitted.
          pool: worlds made beforehand, from which new ones are taken; 0 makes each anew, which
            under `vmap` every step pays for.
          **overrides: settings of the game, as for `jaxmmo.make`.

        Raises:
          ValueError: for what is unknown or out of range, saying what is allowed.
        """
        if horizon is None:
            raise ValueError("horizon=None: must be an integer of at least 1, for JaxMARL")
        self.env, world = make_world(preset, horizon, overrides)
        super().__init__(num_agents=world.config.capacity)
        self.rules = world.default_rules() if rules is None else rules
        self.layout = Layout(world.spec, actions=actions)
        self._pool = Pool(self.env, pool)
        box = _spaces.Box(-jnp.inf, jnp.inf, (arrays.flat_size(world.spec),), jnp.float32)
        choice = (
            _spaces.Discrete(self.layout.num_actions)
            if actions == "joint"
            else _spaces.MultiDiscrete(self.layout.choices)
        )
        self.observation_spaces = dict.fromkeys(self.agents, box)
        self.action_spaces = dict.fromkeys(self.agents, choice)

    @functools.partial(jax.jit, static_argnums=0)
    def reset(self, key: jax.Array) -> tuple[dict[str, jax.Array], State]:
        """A new world; the key is consumed."""
        obs, world = self.env.reset(typed(key), self.rules)
        state = State(world, obs, jnp.zeros((), bool), jnp.zeros((), jnp.int32))
        return self.get_obs(state), state

    @functools.partial(jax.jit, static_argnums=0)
    def step(
        self,
        key: jax.Array,
        state: State,
        actions: dict[str, jax.Array],
        reset_state: State | None = None,
    ) -> tuple[dict[str, jax.Array], State, dict[str, jax.Array], dict[str, jax.Array], Any]:
        """A tick, and a new world (or `reset_state`) where the old one is over."""
        key, fresh = jax.random.split(typed(key))
        _, after, rewards, dones, infos = self.step_env(key, state, actions)
        if reset_state is None:
            obs, world = self._pool.take(fresh, self.rules)
            reset_state = State(world, obs, jnp.zeros((), bool), jnp.zeros((), jnp.int32))
        over = after.done
        state = jax.tree.map(lambda new, old: jnp.where(over, new, old), reset_state, after)
        newborn = jnp.where(over, arrays.living(self.env.spec, state.obs), infos["newborn"])
        return self.get_obs(state), state, rewards, dones, infos | {"newborn": newborn}

    def step_env(
        self, key: jax.Array, state: State, actions: dict[str, jax.Array]
    ) -> tuple[dict[str, jax.Array], State, dict[str, jax.Array], dict[str, jax.Array], Any]:
        """A tick of a world that stays as it is at its end."""
        decisions = jnp.stack([jnp.asarray(actions[agent]) for agent in self.agents])
        obs, world, reward, terminated, truncated, info = self.env.step(
            typed(key), state.world, self.layout.act(decisions), self.rules
        )
        over = self.env.over(world)  # type: ignore[union-attr]  # with a horizon, a wrapper
        after = State(world, obs, over, state.step + 1)
        dones = self._by_agent(terminated | truncated) | {"__all__": over}
        infos = {"acted": info.acted, "newborn": info.newborn, "illegal": info.illegal}
        return self.get_obs(after), after, self._by_agent(reward), dones, infos

    def get_obs(self, state: State) -> dict[str, jax.Array]:
        """f32[F] by agent."""
        return self._by_agent(self.layout.observe(state.obs))

    @functools.partial(jax.jit, static_argnums=0)
    def get_avail_actions(self, state: State) -> dict[str, jax.Array]:
        """bool[actions] by agent, exact; with "multi", those of all heads one after another."""
        return self._by_agent(self.layout.mask_row(state.obs))

    @property
    def name(self) -> str:
        """The preset's id."""
        return self.env.preset.name

    @property
    def agent_classes(self) -> dict[str, list[str]]:
        """All slots are alike."""
        return {"agent": self.agents}

    def _by_agent(self, array: jax.Array) -> dict[str, jax.Array]:
        return {agent: array[i] for i, agent in enumerate(self.agents)}
