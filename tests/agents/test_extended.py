"""A world with an attribute, a table of entities and two heads more needs no change elsewhere."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents.network import build
from jaxmmo.env.observation import Observation
from jaxmmo.env.views.view import Rows
from jaxmmo.io.inputs import inputs
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.spec import Attribute, Head, Kind, Spec, Table, pack

COLOURS = 3


@dataclasses.dataclass(frozen=True)
class Coloured:
    """The game, where agents have a colour that all see, and flags of all colours to look at.

    They are paid for calling their own colour, and for saluting the flag of that colour.
    """

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
        flags = Table("flag", pack([Attribute("colour", Kind.DISCRETE, 0, COLOURS - 1)]), COLOURS)
        heads = (Head("call", size=COLOURS, given="style"), Head("salute", table="flag"))
        return dataclasses.replace(spec, tables=(table, flags), heads=spec.heads + heads)

    def default_rules(self) -> Any:
        return self.env.default_rules()

    def paint(self, obs: Observation, state: Any) -> Observation:
        agent = obs.tables["agent"]
        slot = jnp.minimum(state.views["agent"].slots, self.config.capacity - 1)
        colour = (state.players.id[slot] % COLOURS).astype(jnp.uint32)
        colour = jnp.where(obs.present, colour, 0)
        agent = agent.replace(words=jnp.concatenate([agent.words, colour[..., None]], -1))
        # what may be called depends on the style chosen; any flag may be saluted, or none
        call = jnp.ones((*obs.masks.style.shape, COLOURS), bool)
        words = self.flags(state).astype(jnp.uint32)[..., None]
        shown = jnp.broadcast_to(obs.present[:, :1], words.shape[:2])
        flag = Rows(
            words=jnp.where(shown[..., None], words, 0),
            present=shown,
            overflow=jnp.zeros(len(shown), jnp.int32),
        )
        nothing = jnp.ones((len(shown), 1), bool)
        return obs.replace(
            tables=obs.tables.replace(agent=agent, flag=flag),
            masks=obs.masks.replace(call=call, salute=jnp.concatenate([nothing, shown], 1)),
        )

    def flags(self, state: Any) -> jax.Array:
        """i32[P, COLOURS]: the colours of the flags as they hang this tick, other for everybody."""
        return (state.players.id[:, None] // 2 + state.tick + jnp.arange(COLOURS)) % COLOURS

    def reset(self, key: jax.Array, rules: Any) -> Any:
        obs, state = self.env.reset(key, rules)
        return self.paint(obs, state), state

    def step(self, key: jax.Array, state: Any, action: Any, rules: Any) -> Any:
        own = state.players.id % COLOURS
        game = {name: action[name] for name in ("move", "style", "target")}
        obs, after, _, terminated, truncated, info = self.env.step(key, state, game, rules)
        nothing = jnp.full((self.config.capacity, 1), -1)  # choice 0, before the flags
        choices = jnp.concatenate([nothing, self.flags(state)], 1)
        saluted = jnp.take_along_axis(choices, action["salute"][:, None], 1)[:, 0]
        reward = (action["call"] == own).astype(jnp.float32) + (saluted == own)
        return self.paint(obs, after), after, reward, terminated, truncated, info


@pytest.mark.slow
def test_an_added_attribute_table_and_heads_are_trained():
    env: Any = Coloured(
        jaxmmo.make(
            height=32, width=32, capacity=16, num_populations=2, max_visible=4, initial_population=8
        )
    )
    config = LearnConfig(
        worlds=4, ticks=16, minibatch=128, chunk=32, learning_rate=5e-3, gamma=0.5, entropy_coef=0.0
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
    flags = np.asarray(inputs(env.spec, obs)["flag"]["colour"])
    chances = np.asarray(jax.nn.softmax(out.logits["salute"]))[:, 1:]  # 0 salutes nothing
    assert (chances * (flags == own[:, None])).sum(1)[alive].mean() > 0.8
    assert out.aux["flag"].shape == flags.shape  # what of the table was attended to
