"""Attacks: who is hit, what it costs and earns, in both resolutions."""

import json
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.constants import Cause, Material, Move, Outcome, Skill, Style
from jaxmmo.env.levels import combat_level
from jaxmmo.env.systems.combat import hit_damage
from tests.conformance.recordings import DATA
from tests.env.worlds import HIT, MISS, PRESETS, V1, V13, environment, levels, play, world

TABLES = json.loads((DATA / "tables.json").read_text())
MELEE, RANGE, MAGE = Style
RESOLUTIONS = ("simultaneous", "sequential")

both = pytest.mark.parametrize("preset", PRESETS)
resolutions = pytest.mark.parametrize("resolution", RESOLUTIONS)


def column(state, name):
    return np.asarray(getattr(state.players, name)).tolist()


@pytest.mark.parametrize("style", Style)
def test_maximum_hits_are_as_recorded(style):
    rules = environment(V13).default_rules()
    recorded = TABLES["max_hit"][style.name.lower()]
    assert np.asarray(rules.max_hit)[style].tolist() == recorded


def test_hit_chances_are_as_recorded():
    rules = environment(V13).default_rules()
    rolls = jnp.arange(2**16)
    for attack, defense, chance in TABLES["hit_chance"]["rows"][:40]:
        hits = hit_damage(rules, jnp.int32(MELEE), jnp.int32(attack), jnp.int32(defense), rolls) > 0
        hits = np.asarray(hits)
        share = int(np.ceil(round(chance * 200) * 2**16 / 200))
        assert hits[:share].all() and not hits[share:].any()


def test_a_chance_of_one_always_hits_and_of_zero_never():
    rules = environment(V13).default_rules(hit_base=300)
    sure = hit_damage(rules, jnp.int32(0), jnp.int32(1), jnp.int32(1), jnp.int32(MISS))
    assert int(sure) == 5
    rules = environment(V13).default_rules(hit_base=-300)
    assert int(hit_damage(rules, jnp.int32(0), jnp.int32(1), jnp.int32(1), jnp.int32(HIT))) == 0


def test_combat_levels_are_as_recorded():
    for *level, expected in TABLES["combat_level"]["rows"]:
        constitution, melee, ranged, mage, defense = level
        row = jnp.asarray([constitution, melee, ranged, mage, defense, 1, 1])
        assert int(combat_level(row)) == expected


@both
@resolutions
@pytest.mark.parametrize(
    ("style", "damage", "skill"),
    [(MELEE, 5, Skill.MELEE), (RANGE, 3, Skill.RANGE), (MAGE, 1, Skill.MAGE)],
)
def test_a_hit_moves_food_and_water_and_teaches_both(preset, resolution, style, damage, skill):
    env = environment(preset, resolution)
    state = world(env, {"food": 4, "water": 3}, {"food": 4, "water": 10, "row": 6})
    after, events = play(env, state, attacks={0: (style, 1)})
    # a tick of hunger and thirst comes before the blow
    assert column(after, "food")[:2] == [3 + damage, max(3 - damage, 0)]
    assert column(after, "water")[:2] == [2 + damage, 9 - damage]
    assert column(after, "health")[:2] == [10, 10 - damage]
    assert column(after, "damage")[:2] == [0, damage]
    assert column(after, "freeze")[:2] == [0, 3 if style == MAGE else 0]
    gained = np.asarray(after.players.experience - state.players.experience)
    expected = np.zeros((4, 7), int)
    expected[0, skill], expected[0, Skill.CONSTITUTION] = 40 * damage, 20 * damage
    expected[1, Skill.DEFENSE], expected[1, Skill.CONSTITUTION] = 40 * damage, 20 * damage
    assert (gained == expected).all()
    assert int(events.attacks.outcome[0]) == Outcome.HIT
    assert int(events.attacks.damage[0]) == damage
    assert (int(events.attacks.target[0]), int(events.attacks.style[0])) == (1, style)
    assert int(events.attacks.target[1]) == env.config.capacity
    assert int(after.lives.damage_dealt[0]) == int(after.lives.damage_taken[1]) == damage


@both
@resolutions
def test_gains_stop_at_the_maximum(preset, resolution):
    env = environment(preset, resolution)
    state = world(env, {"food": 9, "water": 10}, {"row": 6})
    after, _ = play(env, state, attacks={0: (MELEE, 1)})
    assert (column(after, "food")[0], column(after, "water")[0]) == (10, 10)


@both
@resolutions
def test_a_miss_changes_nothing(preset, resolution):
    env = environment(preset, resolution)
    state = world(env, {}, {"row": 6, "damage": 4})
    after, events = play(env, state, attacks={0: (MAGE, 1)}, rolls={0: MISS})
    assert column(after, "health")[:2] == [10, 10]
    assert column(after, "food")[:2] == column(after, "water")[:2] == [9, 9]
    assert column(after, "damage")[:2] == column(after, "freeze")[:2] == [0, 0]
    assert (np.asarray(after.players.experience) == np.asarray(state.players.experience)).all()
    assert int(events.attacks.outcome[0]) == Outcome.MISS
    assert int(events.attacks.target[0]) == 1


@both
@resolutions
@pytest.mark.parametrize(("immune", "outcome"), [(2, Outcome.IMMUNE), (1, Outcome.HIT)])
def test_immunity_counts_down_before_it_protects(preset, resolution, immune, outcome):
    env = environment(preset, resolution)
    state = world(env, {"immune": 9}, {"row": 6, "immune": immune})
    after, events = play(env, state, attacks={0: (MELEE, 1)})
    assert int(events.attacks.outcome[0]) == outcome
    assert column(after, "health")[1] == (10 if outcome == Outcome.IMMUNE else 5)
    assert column(after, "immune")[:2] == [8, immune - 1]


@both
@resolutions
def test_attacking_oneself_is_no_attack(preset, resolution):
    env = environment(preset, resolution)
    state = world(env, {})
    after, events = play(env, state, attacks={0: (MELEE, 0)})
    assert int(events.attacks.outcome[0]) == Outcome.SELF
    assert column(after, "health")[0] == 10
    assert (np.asarray(after.players.experience) == np.asarray(state.players.experience)).all()


@both
@resolutions
@pytest.mark.parametrize("order", [(2, 3), (3, 2)])
def test_the_youngest_attacker_gives_the_damage_shown(preset, resolution, order):
    env = environment(preset, resolution)
    agents = [{"id": order[0]}, {"id": order[1]}, {"id": 9, "health": 10}]
    after, _ = play(env, world(env, *agents), attacks={0: (MELEE, 2), 1: (RANGE, 2)})
    assert column(after, "health")[2] == 2
    assert column(after, "damage")[2] == (5 if order[0] == 3 else 3)
    after, _ = play(
        env, world(env, *agents), attacks={0: (MELEE, 2), 1: (RANGE, 2)}, rolls={1: MISS}
    )
    assert column(after, "health")[2] == 5
    assert column(after, "damage")[2] == (5 if order[0] == 3 else 0)  # a last miss shows 0


@both
@resolutions
def test_the_older_act_first_when_one_after_another(preset, resolution):
    """Who is hit before it hits gains on top of a loss; all at once, gains come first."""
    env = environment(preset, resolution)
    victim_first = [{"id": 5}, {"id": 3}]  # slot 1 is older and hits slot 0 first
    after, _ = play(env, world(env, *victim_first), attacks={0: (MELEE, 1), 1: (MELEE, 0)})
    if resolution == "sequential":
        # slot 1: 9 + 5 is capped at 10, then loses 5; slot 0: 9 - 5, then gains 5
        assert column(after, "food")[:2] == [9, 5]
    else:
        assert column(after, "food")[:2] == [5, 5]


@both
@resolutions
def test_experience_of_the_same_tick_counts_only_one_after_another(preset, resolution):
    env = environment(preset, resolution)
    state = world(env, {}, {}, {"health": 10})
    even = int(0.495 * 2**16)  # hits at equal levels, not against a defense that has grown
    after, events = play(
        env, state, attacks={0: (MELEE, 2), 1: (MELEE, 2)}, rolls={0: HIT, 1: even}
    )
    second = Outcome.MISS if resolution == "sequential" else Outcome.HIT
    assert np.asarray(events.attacks.outcome)[:2].tolist() == [Outcome.HIT, second]
    assert column(after, "health")[2] == (5 if resolution == "sequential" else 0)


@resolutions
@pytest.mark.parametrize(
    ("style", "distance", "lands"),
    [
        (MELEE, 1, True),
        (MELEE, 2, False),
        (RANGE, 2, True),
        (RANGE, 3, False),
        (MAGE, 3, True),
        (MAGE, 4, False),
    ],
)
def test_reach_is_enforced_when_the_blow_lands(resolution, style, distance, lands):
    for preset in PRESETS:
        env = environment(preset, resolution)
        state = world(env, {"row": 5}, {"row": 5 + distance - 1, "col": 8})
        after, events = play(env, state, attacks={0: (style, 1)}, moves={1: Move.SOUTH})
        hit = lands or preset == V13  # which never asks
        assert (int(events.attacks.outcome[0]) == Outcome.HIT) == hit
        assert (int(after.players.health[1]) < 10) == hit
        if not hit:
            assert int(events.attacks.outcome[0]) == Outcome.NONE


@resolutions
def test_a_style_switched_off_reaches_nobody(resolution):
    env = environment(V1, resolution)
    rules = env.default_rules().without_combat()
    after, events = play(env, world(env, {}, {}), attacks={0: (MELEE, 1)}, rules=rules)
    assert not np.asarray(events.attacks.outcome).any()
    assert column(after, "health")[:2] == [10, 10]


@resolutions
def test_the_dying_of_v13_act_once_more_and_can_be_robbed(resolution):
    env = environment(V13, resolution)
    dying: dict[str, Any] = {"health": 0, "wound": Cause.STARVATION, "food": 0, "water": 0}
    state = world(env, dying, {"food": 3}, {"food": 3})
    after, events = play(
        env, state, attacks={0: (MELEE, 1), 2: (MELEE, 0)}, moves={0: Move.EAST, 2: Move.WEST}
    )
    assert column(after, "health")[:3] == [0, 5, 10]
    assert column(after, "food")[2] == 7
    assert column(after, "col")[0] == 8
    assert np.asarray(events.attacks.outcome)[[0, 2]].tolist() == [Outcome.HIT, Outcome.HIT]
    assert np.asarray(events.deaths.cause).tolist() == [Cause.STARVATION, 0, 0, 0]
    assert column(after, "alive") == [False, True, True, False]


@resolutions
def test_the_dead_of_the_default_preset_do_not_act(resolution):
    env = environment(V1, resolution)
    starving: dict[str, Any] = {"health": 1, "food": 0, "water": 0}
    state = world(env, starving, {"row": 2, "col": 8}, {"row": 3}, {"row": 3})
    after, events = play(
        env,
        state,
        attacks={0: (MELEE, 2), 1: (RANGE, 2), 2: (RANGE, 1), 3: (MELEE, 2)},
        moves={0: Move.EAST, 1: Move.NORTH},
    )
    # slot 0 starves before it moves, slot 1 burns before it shoots or is shot at
    assert np.asarray(events.attacks.outcome).tolist() == [0, 0, 0, Outcome.HIT]
    assert column(after, "alive") == [False, False, True, True]
    assert np.asarray(events.deaths.cause).tolist() == [Cause.STARVATION, Cause.LAVA, 0, 0]
    assert column(after, "col")[0] == 7
    assert column(after, "health")[2] == 5


def test_both_can_fall_when_all_act_at_once_and_the_younger_when_not():
    fighters = [{"health": 3}, {"health": 3}]
    attacks = {0: (MELEE, 1), 1: (MELEE, 0)}
    env = environment(V1, "simultaneous")
    after, events = play(env, world(env, *fighters), attacks=attacks)
    assert column(after, "alive")[:2] == [False, False]
    assert np.asarray(events.deaths.cause)[:2].tolist() == [Cause.COMBAT, Cause.COMBAT]
    env = environment(V1, "sequential")
    after, events = play(env, world(env, *fighters), attacks=attacks)
    assert column(after, "alive")[:2] == [True, False]
    assert np.asarray(events.attacks.outcome)[:2].tolist() == [Outcome.HIT, Outcome.NONE]


@resolutions
def test_a_kill_is_noticed_a_tick_later_in_v13(resolution):
    env = environment(V13, resolution)
    state, events = play(env, world(env, {}, {"health": 4}), attacks={0: (MELEE, 1)})
    assert int(state.players.health[1]) == 0
    assert bool(state.players.alive[1])
    state, events = play(env, state, attacks={1: (MELEE, 0)})
    assert int(events.deaths.cause[1]) == Cause.COMBAT
    assert int(state.players.health[0]) == 5
    assert int(events.deaths.lifetime[1]) == 2


@both
@resolutions
def test_a_freezing_hit_blocks_the_next_two_moves(preset, resolution):
    env = environment(preset, resolution)
    state, _ = play(env, world(env, {}, {}), attacks={0: (MAGE, 1)}, moves={1: Move.EAST})
    columns = [int(state.players.col[1])]
    for _ in range(3):
        state, _ = play(env, state, moves={1: Move.EAST})
        columns.append(int(state.players.col[1]))
    assert columns == [8, 8, 8, 9]


@both
@resolutions
def test_levels_decide_damage(preset, resolution):
    env = environment(preset, resolution)
    attacker = {"level": levels(melee=40)}
    state = world(env, attacker, {"health": 50, "health_max": 50})
    after, events = play(env, state, attacks={0: (MELEE, 1)})
    assert int(events.attacks.damage[0]) == TABLES["max_hit"]["melee"][40]
    assert bool(after.players.alive[0])


@resolutions
def test_level_99_fights_in_the_default_preset(resolution):
    env = environment(V1, resolution)
    attacker = {"level": levels(melee=99)}
    agents = [attacker, {"level": levels(defense=99, constitution=99), "health": 99}]
    state = world(env, *agents, tiles={(7, 8): Material.STONE})
    even = int(0.495 * 2**16)
    _, events = play(env, state, attacks={0: (MELEE, 1)}, rolls={0: even})
    assert int(events.attacks.damage[0]) == 50


@both
@resolutions
def test_experience_stops_at_the_largest_number(preset, resolution):
    env = environment(preset, resolution)
    most = 2**31 - 1
    rules = env.default_rules(max_hit=5, hit_base=400)
    learned: dict[str, Any] = {"experience": [most - 99, most - 199, 0, 0, most - 7, 1154, 1154]}
    learned |= {"health": 90, "health_max": 90, "food": 90, "water": 90}
    state = world(env, learned, learned | {"row": 6}, learned | {"row": 8}, rules=rules)
    # slot 0 deals 5 and suffers 5 twice: 200 in melee, 400 in defense, 300 in constitution
    attacks = {0: (MELEE, 1), 1: (MELEE, 0), 2: (MELEE, 0)}
    after, events = play(env, state, attacks=attacks, rules=rules)
    assert np.asarray(events.attacks.damage).tolist() == [5, 5, 5, 0]
    experience = np.asarray(after.players.experience)
    assert experience[0, [Skill.CONSTITUTION, Skill.MELEE, Skill.DEFENSE]].tolist() == [most] * 3
    assert experience[2, Skill.CONSTITUTION] == most
    assert experience[2, Skill.MELEE] == most
    assert experience[2, Skill.DEFENSE] == most - 7
    after, _ = play(env, after, attacks=attacks, rules=rules)
    assert np.asarray(after.players.experience)[0, Skill.MELEE] == most
