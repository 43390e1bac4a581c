"""The view of the bodies within an agent's window, itself first (v1.3 section 7)."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Shown, WorldState
from jaxmmo.env.state.table import packed
from jaxmmo.env.views.ranking import Ranked, visible_ranks
from jaxmmo.env.views.view import Rows, Sight, View
from jaxmmo.spec import Table


@dataclasses.dataclass(frozen=True)
class Nearby(View):
    """Who is in the window: the agent itself, then those within the longest reach, then the rest.

    Each group is in raster order, by id within a tile; the preset may ask for one group. When more
    are in view than there are rows, the first ones are kept and the rest is counted.
    """

    name: str = "agent"
    table: str = "bodies"
    rows: int = 0
    observer_first: bool = True

    def capacity(self, config: EnvConfig) -> int:
        """Rows of the observed table (K)."""
        return config.max_visible

    def observe(
        self, config: EnvConfig, rules: Rules, state: WorldState, spec: Table, ranked: Ranked
    ) -> Sight:
        """Every agent's rows, as ranks; see `View.observe`."""
        nobody, players = config.bodies, slice(config.capacity)
        reach = jnp.clip(jnp.max(rules.reach), 0, config.vision)
        others, total = visible_ranks(config, state.bodies, ranked, reach)
        own = jnp.where(state.bodies.alive[players], ranked.rank[players], nobody)
        shown = Shown(jnp.concatenate([own[:, None], others], 1), ranked.order, nobody)
        # into rank order by scatters, which also keep the packing from being fused into the gather
        # below and done again for every row that sees a body
        words = jnp.zeros((nobody + 1, spec.words), jnp.uint32)  # rank B: nobody
        for i, word in enumerate(packed(state.bodies, config, spec.attributes, spec.words)):
            words = words.at[ranked.rank, i].set(word, unique_indices=True)
        rows = Rows(
            words=words.at[shown.rows].get(mode="promise_in_bounds"),
            present=shown.rows < nobody,
            overflow=jnp.maximum(total - (config.max_visible - 1), 0),
        )
        return Sight(rows, shown, spec)

    def nothing(self, config: EnvConfig, size: int) -> Shown:
        """What is shown before the first observation."""
        return super().nothing(config, size).replace(order=jnp.arange(size))

    def hide(self, config: EnvConfig, spec: Table, rows: Rows) -> Rows:
        """Relative positions all read 0 where the preset does not show them (v1.3 section 0.6)."""
        if config.relative_positions:
            return rows
        hidden = np.zeros((1, 1, spec.words), np.uint32)
        for field in (spec["row"], spec["col"]):
            hidden[..., field.word] |= (2**field.bits - 1) << field.shift
        return rows.replace(words=rows.words & ~hidden)
