"""Small networks of which every agent has one of its own: flat vectors of weights, a row each.

A brain is what evolves: no gradient, a few hundred weights, and the four directions read by the
same ones, so that whatever is learnt of lava in the north holds in the south. It answers the heads
of the game that ships: move, style and target.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents.policy import Output, Policy
from jaxmmo.env.constants import DELTAS, NUM_MOVES, NUM_STYLES, Material
from jaxmmo.env.observation import Observation
from jaxmmo.env.sharing import joined
from jaxmmo.io.inputs import inputs, unpack
from jaxmmo.spec import Kind, Spec

SEEN = (Material.LAVA, Material.WATER, Material.FOREST, Material.STONE)
AHEAD = 2 * (len(SEEN) + 1)  # each of them and other agents: right there, and in that direction
TRAITS = 4  # of somebody in view: near, kin, hale, stronger
HEADS = ("move", "style", "target")
REACH = 3.0  # tiles within which things ahead fade by a factor e


@dataclasses.dataclass(frozen=True)
class Brain:
    """The layout of a brain: own attributes -> hidden units -> what is wanted of everything seen.

    Attributes:
      spec: of the environment.
      hidden: units between, one more being always 1.
    """

    spec: Spec
    hidden: int = 8

    def __post_init__(self) -> None:
        """Raises ValueError for a game with other heads than the one that ships."""
        names = tuple(head.name for head in self.spec.heads)
        if names != HEADS:
            raise ValueError(f"heads {', '.join(names)}: a brain answers {', '.join(HEADS)} alone")

    @property
    def senses(self) -> int:
        """Own attributes that it reads, and a 1."""
        return 1 + sum(a.kind == Kind.CONTINUOUS for a in self.spec.observer.observed)

    @property
    def outputs(self) -> int:
        """What the hidden units say: weights of what is ahead, to stay, styles, traits, peace."""
        return AHEAD + 1 + NUM_STYLES + TRAITS + 1

    @property
    def size(self) -> int:
        """Weights of a brain (G)."""
        return self.senses * self.hidden + (self.hidden + 1) * self.outputs

    def init(self, key: jax.Array, count: int, scale: float = 0.3) -> jax.Array:
        """f32[count, G]: brains of founders, normal; the key is consumed."""
        return scale * jax.random.normal(key, (count, self.size))

    def apply(self, brains: jax.Array, obs: Observation) -> dict[str, jax.Array]:
        """Logits by head of agents with brains of their own.

        Args:
          brains: f32[N, G], a row for each agent.
          obs: [N, ...].
        """
        first = self.senses * self.hidden
        inner = brains[:, :first].reshape(-1, self.senses, self.hidden)
        outer = brains[:, first:].reshape(-1, self.hidden + 1, self.outputs)
        # products of a row with its own matrix, as sums: batched small ones are slow on CPUs
        hidden = jnp.tanh(jnp.sum(self._own(obs)[:, :, None] * inner, 1))
        hidden = jnp.concatenate([hidden, jnp.ones_like(hidden[:, :1])], -1)
        said = jnp.sum(hidden[:, :, None] * outer, 1)
        parts = np.cumsum([AHEAD, 1, NUM_STYLES, TRAITS])
        ahead, stay, style, traits, peace = jnp.split(said, parts, -1)
        moves = jnp.sum(self._ahead(obs) * ahead[:, None], -1)
        target = jnp.sum(self._traits(obs) * traits[:, None], -1).at[:, 0].set(peace[:, 0])
        return {
            "move": jnp.concatenate([stay, moves], -1),
            "style": style,
            "target": jnp.repeat(target[:, None], NUM_STYLES, 1),
        }

    def _own(self, obs: Observation) -> jax.Array:
        """f32[N, senses]: the observer's own attributes, bounded, and a 1."""
        columns = inputs(self.spec, obs)[self.spec.observer.name]
        seen = [
            jnp.tanh(columns[a.name][:, 0])
            for a in self.spec.observer.observed
            if a.kind == Kind.CONTINUOUS
        ]
        return jnp.stack([jnp.ones_like(seen[0]), *seen], -1)

    def _ahead(self, obs: Observation) -> jax.Array:
        """f32[N, 4, AHEAD]: what is next to the agent, and farther off, in each direction."""
        tiles, side = unpack(self.spec, obs)["tile"], self.spec.window
        maps = [(tiles["material"] == m).astype(jnp.float32) for m in SEEN]
        maps.append(jnp.minimum(tiles["agents"], 4).astype(jnp.float32))
        found = jnp.stack(maps, 1) @ jnp.asarray(_directions(side))  # N x things x (2 * 4)
        found = found.reshape(found.shape[0], -1, 2, NUM_MOVES - 1)
        return jnp.moveaxis(found, -1, 1).reshape(found.shape[0], NUM_MOVES - 1, AHEAD)

    def _traits(self, obs: Observation) -> jax.Array:
        """f32[N, K, TRAITS]: how near, kin, hale and strong those in view are."""
        rows = unpack(self.spec, obs)[self.spec.observer.name]
        away = jnp.maximum(jnp.abs(rows["row"]), jnp.abs(rows["col"]))
        kin = rows["population"] == rows["population"][:, :1]
        level = rows.get("combat_level", rows["health_max"])
        stronger = level - level[:, :1]
        traits = [
            jnp.exp(-away / REACH),
            kin.astype(jnp.float32),
            rows["health"] / jnp.maximum(rows["health_max"], 1),
            jnp.tanh(stronger / 5.0),
        ]
        return jnp.stack(traits, -1)


def individuals(brain: Brain) -> Policy:
    """A policy whose parameters have a row for each agent that is asked.

    Args:
      brain: the layout. `apply` takes brains f32[..., G] with the leading axes of the
        observation; it remembers nothing and expects nothing.
    """

    def apply(params: jax.Array, obs: Observation, carry: tuple[()], reset: jax.Array) -> Output:
        axes, shape = reset.ndim, reset.shape
        flat = joined((params, obs), axes)
        logits = brain.apply(*flat)
        logits = {name: x.reshape(*shape, *x.shape[1:]) for name, x in logits.items()}
        return Output(logits, jnp.zeros(shape), carry, {})

    return Policy("individuals", lambda key: brain.init(key, 1), apply)


def _directions(side: int) -> np.ndarray:
    """f32[side * side, 2 * 4]: weights of tiles, next to the middle, then ahead; N, S, E, W."""
    middle = side // 2
    row, col = np.mgrid[:side, :side] - middle
    near, far = [], []
    for step_row, step_col in DELTAS[1:]:
        near.append((row == step_row) & (col == step_col))
        along = row * step_row + col * step_col
        across = np.abs(row * step_col + col * step_row)
        fading = np.where((along > 0) & (across <= along), np.exp(-along / REACH), 0)
        far.append(fading / REACH)
    return np.stack(near + far, -1).reshape(side * side, -1).astype(np.float32)
