"""What one device does with its band of a world; it runs within `shard_map`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env import observation, step, validation
from jaxmmo.env.actions.decoding import decode
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause
from jaxmmo.env.environment import Environment, Info
from jaxmmo.env.observation import Observation
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Bodies, Lives, Terrain, WorldState
from jaxmmo.env.systems import spawning
from jaxmmo.parallel import borders, founding, halo
from jaxmmo.parallel.halo import Cut, near_borders
from jaxmmo.parallel.migration import migrate


class BandedState(struct.PyTreeNode):
    """One world between two ticks, on several devices.

    Attributes:
      world: every band's part, one after another along the first axis: own rows and those beyond
        the borders, own agents and ghosts. Clock and counters are the same in all.
      refused: i32[bands]; steps over a border so far for which there was no slot beyond it.
      unseen: i32[bands]; bodies near a border so far that did not fit among a neighbour's ghosts.
      luggage: arrays [bands * slots, ...] whose rows go with the agents, such as a policy's memory;
        put in by whoever needs it.
    """

    world: WorldState
    refused: jax.Array
    unseen: jax.Array
    luggage: Any = ()


@dataclasses.dataclass(frozen=True)
class Band:
    """One band of an environment's world: its own rows and agents, and what it knows beyond.

    Attributes:
      env: whose world it is.
      cut: of the map.
    """

    env: Environment
    cut: Cut

    @functools.cached_property
    def config(self) -> EnvConfig:
        """Static sizes of one band: ghosts are bodies beyond its own players."""
        whole, cut = self.env.config, self.cut
        return whole.replace(
            height=cut.height,
            border=1,
            capacity=cut.slots,
            npc_capacity=2 * cut.ghosts,
            max_visible=whole.max_visible,
            initial_population=0,
            exploration_words=whole.exploration_words,
        )

    @functools.cached_property
    def preset(self) -> Preset:
        """The game in one band."""
        return dataclasses.replace(self.env.preset, config=self.config)

    @functools.cached_property
    def shapes(self) -> WorldState:
        """A band's part of the world, as shapes."""
        size = (self.cut.height, self.config.width)

        def nobody() -> WorldState:
            tile = jnp.zeros(size, founding.tile_dtype(self.env))
            return self.preset.empty_state(Terrain(tile, jnp.zeros(size, jnp.int32)))

        return jax.eval_shape(nobody)

    def found(
        self, key: jax.Array, rules: Rules, ground: Terrain
    ) -> tuple[Observation, BandedState]:
        """This band of a new world; see `Banded.reset`.

        Args:
          ground: own rows of the map [rows, W].
        """
        cut, whole = self.cut, self.env.config
        world = founding.empty_band(cut, self.preset, ground)
        rules_here = borders.rules_of_band(rules, cut.origin())
        if whole.initial_population:
            world = borders.populate(cut, whole, self.config, rules_here, world, key)
        else:
            spawns = spawning.draw_spawns(whole, rules, world, key, self.env.population_fn)
            world, _ = borders.spawn(cut, whole, self.config, rules_here, world, spawns)
        return self._observed(rules_here, _uncounted(world))

    def enter(
        self, rules: Rules, clock: dict[str, jax.Array], pieces: tuple[Terrain, Bodies, Lives]
    ) -> tuple[Observation, BandedState]:
        """This band of a world that was whole; see `Banded.scatter`.

        Args:
          clock: of the world, and counters.
          pieces: own rows of the map, own agents, by the rows of this band, and their lives.
        """
        ground, bodies, lives = pieces
        world = founding.empty_band(self.cut, self.preset, ground)
        world = world.replace(bodies=bodies, lives=lives, **clock)
        rules_here = borders.rules_of_band(rules, self.cut.origin())
        return self._observed(rules_here, _uncounted(world))

    def tick(
        self, key: jax.Array, rules: Rules, state: BandedState, action: Mapping[str, jax.Array]
    ) -> tuple[Observation, BandedState, jax.Array, jax.Array, jax.Array, Info]:
        """This band's part of a tick; see `Banded.step`."""
        game, cut, whole = self.env.preset, self.cut, self.env.config
        world, rules_here = state.world, borders.rules_of_band(rules, cut.origin())
        north, south, _ = near_borders(cut, world.bodies)
        intent, illegal = decode(self.config, rules_here, world, action, game.heads, self.env.spec)
        intent = halo.share_intents(cut, self.env.spec, world.bodies, intent, (north, south))
        rolls = step.draw_rolls(whole, rules, world, key, self.env.population_fn)
        systems = borders.systems_of_band(cut, whole, (north, south))
        after, events = step.advance(self.config, rules_here, world, intent, rolls, systems)
        reward = self.env.reward(rules_here, world, after, events)
        reward = validation.check_reward(self.config, self.env.reward, reward)
        target = halo.ids_at(after.bodies, events.attacks.target)
        events = jax.tree.map(
            lambda x: x[: cut.slots], events.replace(id=after.players.id, target_id=target)
        )
        luggage = (after.lives, state.luggage)
        bodies, (lives, luggage) = migrate(cut, after.bodies, luggage)
        after = after.replace(bodies=bodies, lives=lives)
        refused = state.refused + jnp.sum(events.refused, dtype=jnp.int32)
        renewed = state.replace(world=after, refused=refused, luggage=luggage)
        obs, renewed = self._observed(rules_here, renewed)
        terminated = events.deaths.cause != Cause.NONE
        info = Info(events.acted, events.newborn, illegal, after.lost_spawns, events)
        return obs, renewed, reward, terminated, jnp.zeros_like(terminated), info

    def _observed(self, rules_here: Rules, state: BandedState) -> tuple[Observation, BandedState]:
        """Renews what the bands know of each other, then observes; `bodies` are the own ones."""
        game, world = self.env.preset, state.world
        bodies, unseen = halo.renew_ghosts(self.cut, world.bodies)
        ripe_at = halo.renew_rows(self.cut, world.terrain.ripe_at)
        world = world.replace(bodies=bodies, terrain=world.terrain.replace(ripe_at=ripe_at))
        views = (borders.Placed(origin=self.cut.origin()),)
        obs, world = observation.observe(
            self.config, rules_here, world, self.env.spec, game.materials, views, game.heads
        )
        return obs, state.replace(world=world, unseen=state.unseen + unseen)

    def players(self, state: BandedState) -> Bodies:
        """The own agents, where they are in the world."""
        players = state.world.players
        row = jnp.where(players.alive, players.row + self.cut.origin(), 0)
        return players.replace(row=row)


def _uncounted(world: WorldState) -> BandedState:
    """A state in which nothing has been refused yet."""
    none = world.bodies.id[:1] * 0
    return BandedState(world=world, refused=none, unseen=none)
