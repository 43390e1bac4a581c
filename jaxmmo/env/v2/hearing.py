"""The view of one's team: where its living members are, however far away, and what they say."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Shown, WorldState
from jaxmmo.env.state.arrays import varying_like
from jaxmmo.env.state.table import Columns, observed, packed
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.showing import far, one_of
from jaxmmo.env.v2.teams import are_recons
from jaxmmo.env.views.ranking import Ranked
from jaxmmo.env.views.view import Rows, Sight, View
from jaxmmo.spec import Table, pack


class Heard(Columns):
    """What each row says, i32[P * K] each."""

    down: jax.Array = far("down")  # tiles from the observer
    right: jax.Array = far("right")
    message: jax.Array = one_of("message", 128)  # 0 for none
    recon: jax.Array = one_of("recon", 2)


@dataclasses.dataclass(frozen=True)
class Team(View):
    """Living members of one's own team, itself among them, in the order of their slots."""

    name: str = "team"
    table: str = "bodies"
    rows: int = 0

    def capacity(self, config: EnvConfig) -> int:
        """Rows of the observed table (K): no more than a team has members."""
        assert isinstance(config, Config)
        return min(config.radio, config.team_size)

    def spec(self, config: EnvConfig, kind: type[Columns]) -> Table:
        """The observed table; what the bodies' columns are does not matter."""
        del kind
        return Table(self.name, pack(observed(Heard, config)), self.capacity(config))

    def observe(
        self, config: EnvConfig, rules: Rules, state: WorldState, spec: Table, ranked: Ranked
    ) -> Sight:
        """Every agent's rows; see `View.observe`."""
        del rules, ranked
        assert isinstance(config, Config)
        players, bodies, rows = config.capacity, state.players, self.capacity(config)
        mates = _mates(config)
        slot = jnp.minimum(mates, players - 1)
        there = (mates < players) & bodies.alive[slot] & bodies.alive[:, None]
        place = jnp.where(there, jnp.cumsum(there, 1) - 1, rows)
        own = jnp.arange(players)[:, None]
        shown = jnp.full((players, rows), config.bodies, jnp.int32)
        shown = varying_like(shown, state.tick).at[own, place].set(slot, mode="drop")
        present = shown < config.bodies
        who = jnp.where(present, shown, 0)
        columns = Heard(
            down=bodies.row[who] - bodies.row[:, None],
            right=bodies.col[who] - bodies.col[:, None],
            message=vars(bodies)["message"][who],
            recon=are_recons(config, state.bodies)[who].astype(jnp.int32),  # pyright: ignore[reportArgumentType]
        )
        flat = jax.tree.map(lambda x: x.reshape(-1), columns)
        words = jnp.stack(packed(flat, config, spec.attributes, spec.words), -1)
        words = words.reshape(players, rows, -1)
        seen = Rows(
            words=jnp.where(present[..., None], words, 0),
            present=present,
            overflow=jnp.maximum(there.sum(1, dtype=jnp.int32) - rows, 0),
        )
        return Sight(seen, Shown(shown, None, config.bodies), spec)


def _mates(config: Config) -> jax.Array:
    """i32[P, team_size]: the slots of everybody's team, of which those beyond P are nobody's."""
    slot, size = np.arange(config.capacity)[:, None], config.team_size
    return jnp.asarray(slot // size * size + np.arange(size), jnp.int32)
