"""The original's form: a script written for it runs, and the world is the same world."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest

from jaxmmo.adapters import neuralmmo
from jaxmmo.adapters.base import compiled_step
from jaxmmo.adapters.neuralmmo import (
    Action,
    Attack,
    Direction,
    East,
    Mage,
    Melee,
    Move,
    North,
    Realm,
    Style,
    Target,
)
from tests.games import FIRST_GAME

SMALL: dict[str, Any] = {
    "height": 20,
    "width": 20,
    "border": 3,
    "capacity": 6,
    "vision": 2,
    "num_populations": 2,
}


def script(realm, ticks, seed=0):
    """As the original's users wrote it."""
    draw = random.Random(seed)
    observations, rewards, dones, info = realm.reset()
    yield observations, rewards, dones, info
    for _ in range(ticks):
        decisions = {}
        for stim, ent in observations:
            decisions[ent.entID] = {
                Move: [draw.choice(Direction.args(stim, ent, realm.config))],
                Attack: [draw.choice(Style.edges), draw.choice(Target.args(stim, ent, None))],
            }
        told = realm.step(decisions)
        observations = told[0]
        yield told


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_a_script_of_the_originals_users_runs(preset):
    realm = Realm(preset, **SMALL)
    known, died, places = set(), set(), set()
    for tick, (observations, rewards, dones, info) in enumerate(script(realm, 60)):
        assert info is None and len(rewards) == len(observations) == len(realm.desciples)
        assert realm.tick == tick == int(realm.state.tick)
        ids = [ent.entID for _, ent in observations]
        assert ids == sorted(ids) == list(realm.desciples)
        for (stim, ent), reward in zip(observations, rewards, strict=True):
            assert reward == (0 if ent.entID in known else None)
            assert stim.shape == (5, 5)
            centre = stim[2, 2]
            assert (centre.r, centre.c) == ent.base.pos and centre.ents[ent.entID] is ent
            assert centre.nEnts.val == len(centre.ents)
            assert ent.serial == (ent.annID, ent.entID)
            assert 0 <= ent.resources.health.val <= ent.resources.health.max == 10
        assert not {iden for _, iden in dones} & set(ids)
        assert {iden for _, iden in dones} <= known
        died |= dones
        known |= set(ids)
        places |= {ent.base.pos for _, ent in observations}
    assert len(died) > 3 and len(places) > 10


def test_decisions_do_what_they_say():
    """The same actions given to the environment itself make the same world."""
    realm = Realm("JaxMMO-v1", 4, **SMALL, initial_population=5)
    observations, *_ = realm.reset()
    key, sub = jax.random.split(jax.random.key(4))
    reset, step = compiled_step(realm.env)
    digest = jax.jit(realm.env.digest)
    state = reset(sub)
    for tick in range(12):
        action = {name: np.zeros(6, np.int32) for name in ("move", "style", "target")}
        decisions: dict = {}
        for _, ent in observations:
            slot = int(np.flatnonzero(np.asarray(state.players.id) == ent.entID)[-1])
            rows = np.asarray(state.views.agent.slots)[slot]
            row = 1 if tick % 2 and rows[1] < 6 else 0
            other = next(e for _, e in observations if e.slot == rows[row])
            decisions[ent.entID] = {Move: [East], Attack: [Mage, other]}
            action["move"][slot], action["style"][slot], action["target"][slot] = 3, 2, row
        observations, *_ = realm.step(decisions)
        key, sub = jax.random.split(key)
        state, _ = step(sub, state, action)
        assert (digest(realm.state) == digest(state)).all()


def test_a_realm_may_reward_otherwise():
    class Rich(Realm):
        def reward(self, entID):  # noqa: N803
            return self.desciples[entID].resources.food.val

    realm = Rich(**SMALL, initial_population=3)
    realm.reset()
    observations, rewards, _, _ = realm.step({})
    assert rewards[:3] == [ent.resources.food.val for _, ent in observations[:3]] != [0, 0, 0]


def test_numbers_of_an_old_configuration_are_taken():
    realm = Realm(SimpleNamespace(NENT=12, NPOP=3, STIM=4), 1, height=24, width=24, border=4)
    sizes = realm.env.config
    assert (sizes.capacity, sizes.num_populations, sizes.vision) == (12, 3, 4)
    assert sizes.preset == "NeuralMMO-v1.3" and realm.config.NENT == 12


def test_materials_have_their_names():
    realm = Realm(**SMALL)
    realm.reset()
    names = {tile.mat.tex for tile in realm.world.env.tiles.ravel()}
    assert {"lava", "grass"} <= names <= {"lava", "water", "grass", "forest", "stone"}
    assert realm.world.env.tiles[0, 0].state.index == 0


def test_actions_are_listed_as_there():
    assert Action.edges == [Move, Attack] and Attack.edges == [Style, Target]
    assert [d.delta for d in Direction.edges] == [(-1, 0), (1, 0), (0, 1), (0, -1)]
    assert [d.__name__ for d in Direction.edges] == list(neuralmmo.MOVES)


def test_bad_input_is_refused():
    realm = Realm(**SMALL, initial_population=2)
    with pytest.raises(ValueError, match="call reset first"):
        realm.step({})
    observations, *_ = realm.reset()
    with pytest.raises(ValueError, match="make another one"):
        realm.reset()
    ent = observations[0][1]
    with pytest.raises(ValueError, match="-5, which does not live"):
        realm.step({-5: {Move: [North]}})
    for chosen in ({Move: [Melee]}, {Attack: [ent, Melee]}, {Move: []}, {"fly": [North]}):
        with pytest.raises(ValueError, match="must be Move"):
            realm.step({ent.entID: chosen})
    with pytest.raises(ValueError, match="seed=-1"):
        Realm(idx=-1, **SMALL)
