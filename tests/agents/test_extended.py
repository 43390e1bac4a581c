"""A world with one attribute and one head more is learnt without touching the library."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

import jaxmmo
from jaxmmo.agents.network import build
from jaxmmo.env.observation import Observation
from jaxmmo.io.inputs import inputs
from jaxmmo.io.spec import Attribute, Head, Kind, Spec
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner

COLOURS = 3


class ColourMasks(struct.PyTreeNode):
    move: jax.Array
    style: jax.Array
    target: jax.Array
    call: jax.Array  # bool[P, style, COLOURS]; what may be called depends on the style chosen


@dataclasses.dataclass(frozen=True)
class Coloured:
    """The game, where agents have a colour that all see, and are paid for calling their own."""

    env: jaxmmo.Environment

    @property
    def config(self) -> Any:
        return self.env.config

    @property
    def spec(self) -> Spec:
        spec = self.env.spec
        table = spec.tables[0]
        colour = Attribute("colour", Kind.DISCRETE, 0, COLOURS - 1, word=table.words)
        table = dataclasses.replace(table, attributes=(*table.attributes, colour))
        call = Head("call", size=COLOURS, given="style")
        return dataclasses.replace(spec, tables=(table,), heads=(*spec.heads, call))

    def default_rules(self) -> Any:
        return self.env.default_rules()

    def paint(self, obs: Observation, state: Any) -> Observation:
        order = jnp.pad(state.order, (0, 1))
        colour = (state.players.id[order[state.seen]] % COLOURS).astype(jnp.uint32)
        colour = jnp.where(obs.present, colour, 0)
        masks = obs.masks
        call = jnp.ones((*masks.style.shape, COLOURS), bool)
        return obs.replace(
            agents=jnp.concatenate([obs.agents, colour[..., None]], -1),
            masks=ColourMasks(masks.move, masks.style, masks.target, call),
        )

    def reset(self, key: jax.Array, rules: Any) -> Any:
        obs, state = self.env.reset(key, rules)
        return self.paint(obs, state), state

    def step(self, key: jax.Array, state: Any, action: Any, rules: Any) -> Any:
        own = state.players.id % COLOURS
        game = {name: action[name] for name in ("move", "style", "target")}
        obs, after, _, terminated, truncated, info = self.env.step(key, state, game, rules)
        reward = (action["call"] == own).astype(jnp.float32)
        return self.paint(obs, after), after, reward, terminated, truncated, info


def test_an_added_attribute_and_an_added_head_are_trained():
    env: Any = Coloured(
        jaxmmo.make(
            height=32, width=32, capacity=16, num_populations=2, max_visible=4, initial_population=8
        )
    )
    config = LearnConfig(
        worlds=4, ticks=16, minibatch=128, chunk=32, learning_rate=5e-3, gamma=0.5, entropy=0.0
    )
    learner = Learner(env, build(env.spec), config)
    state = jax.jit(learner.init)(jax.random.key(0))
    assert state.params["call"]["kernel"].shape[-1] == 3 * COLOURS

    advance = jax.jit(lambda s: jax.lax.scan(lambda s, _: learner.update(s), s, length=40))
    state, _ = advance(state)
    obs = state.worlds.obs
    alive = np.asarray(obs.present[:, 0])
    own = np.asarray(inputs(env.spec, obs)["agent"]["colour"][:, 0])
    out = jax.jit(learner.policy.apply)(state.params, obs, (), state.worlds.reset)
    chances = np.asarray(jax.nn.softmax(out.logits["call"]))
    right = np.take_along_axis(chances, own[:, None, None], 2)[alive]
    assert right.mean() > 0.8
