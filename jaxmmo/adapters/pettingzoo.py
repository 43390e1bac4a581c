"""PettingZoo's `ParallelEnv`: dicts by agent, an agent being one life.

    from jaxmmo.adapters.pettingzoo import parallel_env

    env = parallel_env("JaxMMO-v1", horizon=512)
    observations, infos = env.reset(seed=0)
    while env.agents:
        masks = {a: observations[a]["action_mask"] for a in env.agents}
        actions = {a: env.action_space(a).sample(mask) for a, mask in masks.items()}
        observations, rewards, terminations, truncations, infos = env.step(actions)

Names, `agent_` and the id, are never used again: where the dead are born again under their id, the
number of the life comes behind it, as in `agent_7_2`. A newborn is in `agents` and in all dicts
from the step in which it is born, with reward 0; the dead are in the dicts of the step in which
they die, with a zero observation, and gone from `agents`. The world ends at the horizon: whoever
lives is truncated. While nobody lives, the world goes on by itself, since an empty `agents` means
the end; a world without births ends then.
"""

from __future__ import annotations

import secrets
from typing import Any

import jax
import numpy as np

from jaxmmo.adapters import _spaces
from jaxmmo.adapters._drawing import picture, text
from jaxmmo.adapters._worlds import lives, make_world
from jaxmmo.adapters.base import Layout, Outcome, View, compiled, requires, seeded
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules

_pettingzoo: Any = requires("pettingzoo")

RENDER_MODES = ("rgb_array", "ansi", "human")
MOST_IDS = 2**24  # seeds of action spaces do not meet below that


class ParallelEnv(_pettingzoo.ParallelEnv):
    """A world as PettingZoo sees it. Made by `parallel_env`.

    Attributes:
      env: the world.
      rules: of the game; may be replaced between steps.
      world_state: the state of the world, None before the first reset.
    """

    def __init__(
        self,
        preset: str | Preset = "JaxMMO-v1",
        *,
        horizon: int | None = 1024,
        observations: str = "flat",
        actions: str = "multi",
        render_mode: str | None = None,
        rules: Rules | None = None,
        **overrides: Any,
    ):
        """See `parallel_env`."""
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ValueError(f"render_mode={render_mode!r}: must be one of {RENDER_MODES} or None")
        self.env, world = make_world(preset, horizon, overrides)
        self.rules = world.default_rules() if rules is None else rules
        self.layout = Layout(world.spec, observations, actions)
        self.metadata = {
            "name": world.preset.name,
            "render_modes": list(RENDER_MODES),
            "is_parallelizable": True,
            "render_fps": 5,
        }
        self.render_mode = render_mode
        self.world_state: Any = None
        self.agents: list[str] = []
        if horizon is not None:
            self.possible_agents = [_name(*life) for life in lives(world, horizon)]
        self._observation_space = _spaces.observation_space(self.layout)
        self._action_spaces: dict[str, Any] = {}
        self._slots: dict[str, int] = {}
        self._lives: dict[int, int] = {}
        self._populations: dict[str, int] = {}

    def observation_space(self, agent: str) -> Any:
        """The space of every agent's observations."""
        return self._observation_space

    def action_space(self, agent: str) -> Any:
        """An agent's own space, so that it can be seeded; by itself, it is by the agent's name."""
        if agent not in self._action_spaces:
            iden, _, life = agent.removeprefix("agent_").partition("_")
            seed = int(iden) + MOST_IDS * (int(life or 1) - 1)
            space = _spaces.action_space(self.layout, seed)
            self._action_spaces[agent] = space
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """A new world; the same one for the same seed. `options` are not looked at."""
        self._key = seeded(seed, lambda: secrets.randbits(32))
        reset, _ = compiled(self.env, self.layout)
        self.world_state, view = reset(self._next_key(), self.rules)
        view, over = self._until_somebody_lives(view)
        self._slots, self._lives = {}, {}
        self._take(view, nobody=over)
        infos = {agent: self._info(agent, slot) for agent, slot in self._slots.items()}
        return self._observations(view, self._slots), infos

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """A tick. Agents without an action do nothing.

        Returns:
          Observations, rewards, terminations, truncations and infos, by agent: of all who acted
          and of the newborn.

        Raises:
          ValueError: before the first reset, for an agent that does not live, or an action of
            another shape.
        """
        if self.world_state is None:
            raise ValueError("step before reset: call reset first")
        if not self.agents:
            return {}, {}, {}, {}, {}
        before = self._slots
        view, outcome = self._advance(self._decisions(actions))
        observations = self._observations(view, before)
        outcome = jax.tree.map(np.asarray, outcome)
        rewards = {agent: float(outcome.reward[slot]) for agent, slot in before.items()}
        terminations = {agent: bool(outcome.terminated[slot]) for agent, slot in before.items()}
        truncations = {agent: bool(outcome.truncated[slot]) for agent, slot in before.items()}
        infos = {agent: self._info(agent, slot, outcome) for agent, slot in before.items()}
        died = [agent for agent, ended in terminations.items() if ended]
        # somebody else may live there already
        observations |= {agent: _spaces.nobody(self.layout) for agent in died}
        over = bool(outcome.over)
        if not over:
            view, over = self._until_somebody_lives(view)
        self._slots = {a: slot for a, slot in before.items() if a not in died}
        self._take(view, nobody=over)
        newborn = {a: slot for a, slot in self._slots.items() if a not in before}
        observations |= self._observations(view, newborn)
        rewards |= dict.fromkeys(newborn, 0.0)
        terminations |= dict.fromkeys(newborn, False)
        truncations |= dict.fromkeys(newborn, False)
        infos |= {agent: self._info(agent, slot) for agent, slot in newborn.items()}
        return observations, rewards, terminations, truncations, infos

    def render(self) -> np.ndarray | str | None:
        """The world from above: a picture, or text; printed in mode "human"."""
        if self.render_mode is None or self.world_state is None:
            return None
        if self.render_mode == "rgb_array":
            return picture(self.env, self.world_state)
        drawn = text(self.env, self.world_state)
        if self.render_mode == "ansi":
            return drawn
        print(drawn)
        return None

    def close(self) -> None:
        """Nothing is held open."""

    def _next_key(self) -> jax.Array:
        self._key, key = jax.random.split(self._key)
        return key

    def _advance(self, decisions: np.ndarray) -> tuple[View, Outcome]:
        _, step = compiled(self.env, self.layout)
        self.world_state, view, outcome = step(
            self._next_key(), self.world_state, decisions, self.rules
        )
        return view, outcome

    def _until_somebody_lives(self, view: View) -> tuple[View, bool]:
        """Lets an empty world go on; also whether it ended on the way."""
        while not np.asarray(view.alive).any():
            view, outcome = self._advance(self._nothing())
            if bool(outcome.over):
                return view, True
        return view, False

    def _nothing(self) -> np.ndarray:
        heads = () if self.layout.actions == "joint" else (len(self.layout.choices),)
        return np.zeros((self.env.config.capacity, *heads), np.int32)

    def _decisions(self, actions: dict[str, Any]) -> np.ndarray:
        decisions = self._nothing()
        for agent, action in actions.items():
            if agent not in self._slots:
                raise ValueError(f"an action for {agent!r}, which does not live")
            chosen = np.asarray(action)
            if chosen.shape != decisions.shape[1:] or chosen.dtype.kind not in "iu":
                raise ValueError(
                    f"the action of {agent!r} is {chosen.dtype}{list(chosen.shape)}: must be "
                    f"integers {list(decisions.shape[1:])}"
                )
            decisions[self._slots[agent]] = chosen
        return decisions

    def _take(self, view: View, nobody: bool) -> None:
        """Remembers who lives where, oldest first; nobody counts in a world that is over.

        Whoever lives where none of `_slots` does was born just now.
        """
        alive, ids, population = map(np.asarray, (view.alive, view.id, view.population))
        there = set(self._slots.values())
        born = [slot for slot in np.flatnonzero(alive & (not nobody)) if slot not in there]
        for slot in sorted(born, key=lambda slot: ids[slot]):
            iden = int(ids[slot])
            self._lives[iden] = self._lives.get(iden, 0) + 1
            self._slots[_name(iden, self._lives[iden])] = int(slot)
        self._slots = {a: slot for a, slot in self._slots.items() if alive[slot] and not nobody}
        self._populations = {a: int(population[slot]) for a, slot in self._slots.items()}
        self.agents = list(self._slots)

    def _observations(self, view: View, slots: dict[str, int]) -> dict[str, Any]:
        every = _spaces.seen(view)
        return {agent: _spaces.rows(every, slot) for agent, slot in slots.items()}

    def _info(self, agent: str, slot: int, outcome: Outcome | None = None) -> dict[str, Any]:
        """What is told of an agent; `outcome` of its step, None for a newborn."""
        told = {
            "population": self._populations[agent],
            "slot": slot,
            "newborn": outcome is None,
            "illegal": outcome is not None and bool(outcome.illegal[slot]),
        }
        if outcome is not None and outcome.terminated[slot]:
            told |= {"cause": int(outcome.cause[slot]), "lifetime": int(outcome.lifetime[slot])}
        return told


def parallel_env(
    preset: str | Preset = "JaxMMO-v1",
    *,
    horizon: int | None = 1024,
    observations: str = "flat",
    actions: str = "multi",
    render_mode: str | None = None,
    rules: Rules | None = None,
    **overrides: Any,
) -> ParallelEnv:
    """A world as a PettingZoo `ParallelEnv`.

    Args:
      preset: the id of a game, or a `Preset` of your own.
      horizon: ticks until the world ends. None for never: then there is no `possible_agents`, as
        there is no end to the agents that may be born.
      observations: "flat" or "dense"; an observation is a dict of `observation` and `action_mask`.
      actions: "multi", a choice for each head; "joint", one number for all.
      render_mode: "rgb_array", "ansi" or "human".
      rules: of the game; the preset's if omitted.
      **overrides: settings of the game, as for `jaxmmo.make`.

    Raises:
      ValueError: for what is unknown or out of range, saying what is allowed.
    """
    return ParallelEnv(
        preset,
        horizon=horizon,
        observations=observations,
        actions=actions,
        render_mode=render_mode,
        rules=rules,
        **overrides,
    )


def _name(iden: int, life: int) -> str:
    return f"agent_{iden}" if life == 1 else f"agent_{iden}_{life}"
