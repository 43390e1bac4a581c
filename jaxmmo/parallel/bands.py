"""One world over many devices: the map is cut into bands of rows, one for each of them.

    bands = Banded(env, mesh, slots=64)
    obs, state = jax.jit(bands.reset)(key, rules)
    obs, state, reward, terminated, truncated, info = jax.jit(bands.step)(key, state, action, rules)

Every agent lives, sees, acts and dies as in the same world on one device, bit for bit, while no
band overflows. `docs/bands.md` says how, and what is sent between devices.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AbstractMesh, Mesh, PartitionSpec

from jaxmmo.env import validation
from jaxmmo.env.actions.decoding import noop
from jaxmmo.env.environment import Environment, Info
from jaxmmo.env.observation import Observation
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Bodies, WorldState
from jaxmmo.parallel import founding
from jaxmmo.parallel.band import Band, BandedState
from jaxmmo.parallel.cutting import check_game, cut_world
from jaxmmo.parallel.halo import AXIS, Cut
from jaxmmo.spec import Spec

WHOLE, BANDS = PartitionSpec(), PartitionSpec(AXIS)


@dataclasses.dataclass(frozen=True)
class Banded:
    """A world to live in, cut into bands over the axis `agents` of a mesh.

    Observations, actions and rewards have one row for each slot, `slots` of every band one after
    another, and lie on the band's device.

    Attributes:
      env: the environment whose world it is.
      mesh: of devices, with an axis `agents`; every other axis has one device.
      slots: for the agents of one band.
      ghosts: slots for the bodies that a band knows of beyond each border. By default as many as a
        neighbour can have.
      movers: agents that can cross a border in one tick, in each direction; by default an eighth
        of the slots, at least 8.
    """

    env: Environment
    mesh: Mesh | AbstractMesh
    slots: int
    ghosts: int | None = None
    movers: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be cut into bands, saying why."""
        check_game(self.env)
        _ = self.cut, self.band.config

    @functools.cached_property
    def cut(self) -> Cut:
        """How the map is cut."""
        return cut_world(self.env.config, self.mesh, self.slots, self.ghosts, self.movers)

    @functools.cached_property
    def band(self) -> Band:
        """What one device does."""
        return Band(self.env, self.cut)

    @property
    def spec(self) -> Spec:
        """Attributes of observations and heads of actions: those of the world."""
        return self.env.spec

    @property
    def num_agents(self) -> int:
        """Slots of all bands: the leading axis of observations, actions and rewards."""
        return self.cut.bands * self.cut.slots

    def default_rules(self, **overrides: Any) -> Rules:
        """The environment's rules, fields replaced by keyword; ValueError on what does not fit."""
        return self.env.default_rules(**overrides)

    def noop(self) -> Any:
        """The action in which nobody does anything."""
        every = dataclasses.replace(self.band.config, capacity=self.num_agents)
        return noop(every, self.env.preset.heads)

    def reset(
        self, key: jax.Array, rules: Rules | None = None, terrain: Any = None
    ) -> tuple[Observation, BandedState]:
        """A new world and its first observations; see `Environment.reset`.

        No device ever holds the whole world: maps are drawn row by row, where they belong.
        """
        rules = self.default_rules() if rules is None else rules
        validation.check_key(key)
        ground = founding.ground(self.cut, self.env, self.mesh, key, rules, terrain)
        found = self._on_bands(self.band.found, (WHOLE, WHOLE, BANDS), (BANDS, self._lies))
        return found(key, rules, ground)

    def step(
        self,
        key: jax.Array,
        state: BandedState,
        action: Mapping[str, jax.Array],
        rules: Rules | None = None,
    ) -> tuple[Observation, BandedState, jax.Array, jax.Array, jax.Array, Info]:
        """One tick; see `Environment.step`.

        Rewards, ends and events are those of who was in a slot before the tick; observations are of
        who is there after it. Rewards of your own see their band: its rows, its agents and ghosts.

        Returns:
          As `Environment.step`. Events hold rows of slots; beside those of the game there are
          `refused` bool[slots], who stayed for want of a slot beyond the border, and i32[slots] the
          ids of who acted or was born, `id`, and of whom they attacked, `target_id` (0: nobody).

        Raises:
          ValueError: for an action that lacks a head or has another shape, a state of other bands,
            and what is not one typed key.
        """
        rules = self.default_rules() if rules is None else rules
        every = dataclasses.replace(self.band.config, capacity=self.num_agents)
        validation.check_action(every, self.spec, action)
        validation.check_key(key)
        self._check_state(state)
        info = Info(BANDS, BANDS, BANDS, WHOLE, BANDS)  # type: ignore[arg-type]
        outputs = (BANDS, self._lies, BANDS, BANDS, BANDS, info)
        tick = self._on_bands(self.band.tick, (WHOLE, WHOLE, self._lies, BANDS), outputs)
        return tick(key, rules, state, {head.name: action[head.name] for head in self.spec.heads})

    def act(self, fn: Callable[..., Any], shared: int = 0) -> Callable[..., Any]:
        """A function that every device applies to the rows of its own slots: a policy.

        Args:
          fn: of arrays; its results have a row for each slot too.
          shared: how many of its first arguments are the same on every device: parameters, keys.
        """

        def applied(*args: Any) -> Any:
            inputs = (*(WHOLE,) * shared, *(BANDS,) * (len(args) - shared))
            return self._on_bands(fn, inputs, BANDS)(*args)

        return applied

    def players(self, state: BandedState) -> Bodies:
        """The agents of all bands [bands * slots], where they are in the world."""
        self._check_state(state)
        return self._on_bands(self.band.players, (self._lies,), BANDS)(state)

    def gather(self, state: BandedState) -> WorldState:
        """The world in one piece, on the host, agents in order of age; `env.observe` it to go on.

        Raises:
          ValueError: if more agents live than the environment has slots for.
        """
        self._check_state(state)
        return founding.gather(self.cut, self.env, state.world)

    def scatter(
        self, state: WorldState, rules: Rules | None = None
    ) -> tuple[Observation, BandedState]:
        """Cuts a world into bands and observes it.

        Raises:
          ValueError: if a band has more agents than slots.
        """
        rules = self.default_rules() if rules is None else rules
        pieces, clock = founding.scatter(self.cut, self.env, state)
        return self._enter(rules, clock, pieces)

    @functools.cached_property
    def _enter(self) -> Callable[..., Any]:
        """`Band.enter` over the mesh, compiled once."""
        inputs = (WHOLE, WHOLE, BANDS)
        return jax.jit(self._on_bands(self.band.enter, inputs, (BANDS, self._lies)))

    @functools.cached_property
    def _lies(self) -> BandedState:
        """How a state lies on the mesh."""
        world = jax.tree.map(lambda x: BANDS if x.ndim else WHOLE, self.band.shapes)
        return BandedState(world, BANDS, BANDS, BANDS)  # type: ignore[arg-type]

    def _on_bands(self, fn: Callable[..., Any], inputs: Any, outputs: Any) -> Callable[..., Any]:
        return jax.shard_map(fn, mesh=self.mesh, in_specs=inputs, out_specs=outputs)

    def _check_state(self, state: Any) -> None:
        """ValueError unless a state has the sizes of these bands."""
        if not isinstance(state, BandedState):
            raise ValueError(f"state is {type(state).__name__}: must be that of the last step")
        for leaf, wanted in zip(
            jax.tree.leaves(state.world), jax.tree.leaves(self.band.shapes), strict=True
        ):
            shape = (self.cut.bands * wanted.shape[0], *wanted.shape[1:]) if wanted.ndim else ()
            if jnp.shape(leaf) != shape:
                raise ValueError(
                    f"a state of other bands: it has an array {list(jnp.shape(leaf))} where these "
                    f"have {list(shape)}"
                )
