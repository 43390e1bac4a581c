"""The network of an agent, assembled from the spec: attributes, entities, tiles, core, heads."""

from __future__ import annotations

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxmmo.agents.cores import FeedForward
from jaxmmo.agents.entities import QueryAttention, SummedAttributes
from jaxmmo.agents.heads import Directions, ForEach, OwnDense, Pointer
from jaxmmo.agents.policy import Output, Policy
from jaxmmo.agents.tiles import TableTiles
from jaxmmo.env import sharing
from jaxmmo.env.observation import Observation, blank
from jaxmmo.io.inputs import inputs
from jaxmmo.spec import Head, Spec


class Network(nn.Module):
    """Attention over attributes, over entities and over tiles, a core, and hierarchical heads.

    Whatever the spec lists is read and answered: nothing here names an attribute or a head, but
    for `population`, which says whose heads to use. Any block is replaced by passing a module.

    Attributes:
      spec: of the environment.
      attributes: (table, columns) -> f32[N, K, d], for every table.
      entities: (own f32[N, c], rows f32[N, K, d], present) -> (f32[N, .], weights f32[N, K]);
        for tables that everybody in a world sees alike with `seen`, see `QueryAttention`.
      tiles: (spec, packed tiles) -> (f32[N, .], dict of what is worth looking at); or f32[N, V, .],
        the same seen in V orientations, from which choices that are directions are told.
      core: (f32[N, c], carry, reset) -> (f32[N, .], carry), with `memory(shape)`.
      groups: populations with heads of their own; 1 for the same heads for all.
    """

    spec: Spec
    attributes: nn.Module
    entities: nn.Module
    tiles: nn.Module
    core: nn.Module
    groups: int = 1

    @nn.compact
    def __call__(self, obs: Observation, carry: Any, reset: jax.Array) -> Output:
        """Joined observations of N agents -> logits by head, values f32[N], carry, aux."""
        columns = inputs(self.spec, obs)
        scenery, aux = self.tiles(self.spec, obs.tiles)
        scenery = scenery[:, None] if scenery.ndim == 2 else scenery
        rows = {
            t.name: self._own("attributes", t.name)(t, columns[t.name]) for t in self.spec.tables
        }
        observer = self.spec.observer
        itself = rows[observer.name][:, 0]
        # what an agent needs decides what it looks for: a product that layers are slow to learn
        gate = nn.Dense(scenery.shape[-1], name="gate")(itself)
        views = jnp.concatenate([scenery, scenery * gate[:, None]], -1)
        own = jnp.concatenate([itself, jnp.mean(views, 1)], -1)
        seen = [own]
        for table in self.spec.tables:
            attend = self._own("entities", f"attend_{table.name}")
            looked = (own, rows[table.name], obs.tables[table.name].present)
            if table.shared:
                see = functools.partial(sharing.seen, obs)
                looked, rows[table.name] = (*looked, see), see(rows[table.name])
            summary, aux[table.name] = attend(*looked)
            seen.append(summary)
        x, carry = self.core(jnp.concatenate(seen, -1), carry, reset)
        named = [a.name for a in observer.observed]
        population = (
            columns[observer.name]["population"][:, 0]
            if "population" in named
            else jnp.zeros(x.shape[:1], jnp.int32)
        )
        logits = {
            head.name: self._scores(head, x, rows, views, population) for head in self.spec.heads
        }
        value = OwnDense(1, self.groups, scale=0.1, name="value")(x, population)[:, 0]
        return Output(logits, value, carry, aux)

    def _scores(
        self,
        head: Head,
        x: jax.Array,
        rows: dict[str, jax.Array],
        views: jax.Array,
        population: jax.Array,
    ) -> jax.Array:
        """Logits of one head: f32[N, choices], or f32[N, choices of the given head, choices]."""
        given = self.spec.head(head.given) if head.given else None
        if given is not None and given.table is not None:
            # the earlier choice is a row: what to decide is asked for each of them
            first = self.spec.table(given.table).observer_first
            each = ForEach(own_row=first, name=f"{head.name}_given")(x, rows[given.table])
            count = each.shape[1]
            own = jnp.repeat(rows[head.table], count, 0) if head.table else None
            flat = each.reshape(-1, each.shape[-1])
            scores = self._answers(head, flat, own, jnp.repeat(population, count), 1)
            return scores.reshape(-1, count, scores.shape[-1])
        count = given.size if given is not None else 1
        own = rows[head.table] if head.table else None
        scores = self._answers(head, x, own, population, count)
        if head.leads and views.shape[1] > 1:
            ahead = Directions(head.leads, count, self.groups, name=f"{head.name}_ahead")
            scores += ahead(x, views, population)
        return scores if given is not None else scores[:, 0]

    def _answers(
        self,
        head: Head,
        x: jax.Array,
        rows: jax.Array | None,
        population: jax.Array,
        count: int,
    ) -> jax.Array:
        """f32[N, count, choices]: scores of a head's choices, `count` sets of them."""
        if rows is None or head.table is None:
            module = OwnDense(count * head.size, self.groups, name=head.name)
            return module(x, population).reshape(-1, count, head.size)
        first = self.spec.table(head.table).observer_first
        return Pointer(count, self.groups, first, name=head.name)(x, rows, population)

    def _own(self, block: str, name: str) -> nn.Module:
        """A copy of a block with parameters of its own."""
        return getattr(self, block).clone(parent=self, name=name)


def build(
    spec: Spec,
    *,
    attributes: nn.Module | None = None,
    entities: nn.Module | None = None,
    tiles: nn.Module | None = None,
    core: nn.Module | None = None,
    groups: int = 1,
    dtype: jnp.dtype = jnp.float32,
    name: str = "network",
) -> Policy:
    """A policy whose network is assembled from a spec; blocks left out are the fast defaults.

    Args:
      spec: of the environment.
      attributes: see `Network`, as for the next three.
      entities: attention over entities.
      tiles: the encoder of the window.
      core: with or without memory.
      groups: populations with heads of their own; 1 for the same for all.
      dtype: of the default blocks' products; bfloat16 pays on accelerators.
      name: for people.
    """
    core = FeedForward(dtype=dtype) if core is None else core
    network: Any = Network(
        spec=spec,
        attributes=SummedAttributes(dtype=dtype) if attributes is None else attributes,
        entities=QueryAttention(dtype=dtype) if entities is None else entities,
        tiles=TableTiles(dtype=dtype) if tiles is None else tiles,
        core=core,
        groups=groups,
    )

    def init(key: jax.Array) -> Any:
        obs = sharing.joined(blank(spec), 1)
        return network.init(key, obs, core.memory((1,)), jnp.zeros(1, bool))["params"]

    def apply(params: Any, obs: Observation, carry: Any, reset: jax.Array) -> Output:
        axes = reset.ndim
        flat = sharing.joined((obs, carry, reset), axes)
        out = network.apply({"params": params}, *flat)
        if axes == 1:
            return out
        return jax.tree.map(lambda x: x.reshape(*reset.shape, *x.shape[1:]), out)

    return Policy(name, init, apply, core.memory)
