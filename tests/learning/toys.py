"""Toy worlds whose best return is known, in the shape of an environment: P slots, no terrain."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.constants import Cause
from jaxmmo.env.observation import Masks, Observation
from jaxmmo.env.views.view import Rows
from jaxmmo.records import Record
from jaxmmo.spec import Attribute, Encoding, Head, Kind, Spec, Table, pack

CAUSES = len(Cause)


class ToyState(struct.PyTreeNode):
    tick: jax.Array  # i32[]
    place: jax.Array  # i32[P]; what a slot observes, and where it is
    alive: jax.Array  # bool[P]

    @property
    def players(self) -> Any:
        return SimpleNamespace(
            id=jnp.broadcast_to(jnp.arange(self.alive.shape[-1]), self.alive.shape)
        )


@dataclasses.dataclass(frozen=True)
class Toy:
    """A game for every slot on its own, played by `PLACES` observed places and `CHOICES` moves.

    A slot whose life has ended stays empty for a tick and starts afresh in the next.
    """

    capacity: int = 32
    places: int = 4
    choices: int = 3
    fixed: bool = True

    @property
    def config(self) -> Any:
        return SimpleNamespace(capacity=self.capacity, num_populations=1, preset="toy")

    @property
    def spec(self) -> Spec:
        attributes = [
            Attribute("self", Kind.DISCRETE, 0, 1, encoding=Encoding.FIRST),
            Attribute("place", Kind.DISCRETE, 0, self.places - 1),
        ]
        return Spec(
            tables=(Table("agent", pack(attributes), 1, observer_first=True),),
            tile=(Attribute("material", Kind.DISCRETE, 0, 7),),
            window=1,
            tile_bits=8,
            heads=(Head("move", size=self.choices),),
        )

    def default_rules(self) -> Any:
        return ()

    def begin(self, key: jax.Array) -> jax.Array:
        """i32[P]: places of the newborn."""
        return jax.random.randint(key, (self.capacity,), 0, self.places)

    def play(self, place: jax.Array, move: jax.Array, key: jax.Array) -> Any:
        """Reward f32[P], death bool[P], and the next place i32[P]."""
        raise NotImplementedError

    def masks(self, place: jax.Array) -> jax.Array:
        return jnp.ones((self.capacity, self.choices), bool)

    def reset(self, key: jax.Array, rules: Any) -> Any:
        state = ToyState(jnp.zeros((), jnp.int32), self.begin(key), jnp.ones(self.capacity, bool))
        return self.observe(state), state

    def observe(self, state: ToyState) -> Observation:
        field = self.spec.tables[0]["place"]
        packed = state.place.astype(jnp.uint32) << field.shift
        alive = state.alive
        return Observation(
            tiles=jnp.zeros((self.capacity, 1, 1), jnp.uint32),
            tables=Record(
                agent=Rows(
                    words=jnp.where(alive, packed, 0)[:, None, None],
                    present=alive[:, None],
                    overflow=jnp.zeros(self.capacity, jnp.int32),
                )
            ),
            masks=Masks(move=self.masks(state.place)),
        )

    def step(self, key: jax.Array, state: ToyState, action: Any, rules: Any) -> Any:
        keys = jax.random.split(key)
        reward, death, place = self.play(state.place, action["move"], keys[0])
        death &= state.alive
        newborn = ~state.alive
        after = ToyState(
            tick=state.tick + 1,
            place=jnp.where(newborn, self.begin(keys[1]), place),
            alive=~death,
        )
        cause = jnp.where(death, Cause.STARVATION, Cause.NONE)
        info = SimpleInfo(
            acted=state.alive,
            newborn=newborn,
            illegal=jnp.zeros_like(death),
            events=Record(deaths=Record(cause=cause)),
        )
        # what an empty slot is paid is nobody's business: garbage, to be ignored
        reward = jnp.where(state.alive, reward, jnp.nan)
        return self.observe(after), after, reward, death, jnp.zeros_like(death), info


class SimpleInfo(struct.PyTreeNode):
    acted: jax.Array
    newborn: jax.Array
    illegal: jax.Array
    events: Record


class Bandit(Toy):
    """One decision a life: move 2 pays 1, the others less. The best return is 1."""

    def play(self, place, move, key):
        return jnp.array([0.0, 0.5, 1.0])[move], jnp.ones(self.capacity, bool), place


class Matching(Toy):
    """The choice that equals the observed place pays 1, others 0, but only some are legal.

    The place itself is always legal but for place 3, which has no choice of that number: there the
    best is 0.
    """

    def masks(self, place):
        choice = jnp.arange(self.choices)
        return (choice == place[:, None]) | (choice == (place[:, None] + 1) % 3)

    def play(self, place, move, key):
        return (move == place).astype(float), jnp.ones(self.capacity, bool), place


class Chain(Toy):
    """Move 1 leads on along the places, any other back to the first; the last place pays 1."""

    def begin(self, key):
        return jnp.zeros(self.capacity, jnp.int32)

    def play(self, place, move, key):
        ahead = jnp.where(move == 1, place + 1, 0)
        done = ahead == self.places
        return done.astype(float), done, jnp.where(done, 0, ahead)


class DelayedDeath(Toy):
    """At place 0 a choice is made whose price comes ticks later: 0 and 1 doom, 2 does not.

    The doomed go to places 1, 2 and then die (-1), whatever they do; the others leave in peace (0)
    by way of place 3. Half are born at place 1, so that the doomed places stay known.
    """

    def begin(self, key):
        return jax.random.randint(key, (self.capacity,), 0, 2)

    def play(self, place, move, key):
        chosen = jnp.where(move == 2, 3, 1)
        after = jnp.where(place == 0, chosen, 2)
        return -(place == 2).astype(float), place >= 2, after
