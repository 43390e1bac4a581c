"""The original's games: what they begin with, and who wins them."""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.registry import find
from jaxmmo.env.v2 import ending
from jaxmmo.env.v2.assigning import sample
from jaxmmo.env.v2.constants import PASSABLE, Material
from jaxmmo.env.v2.drawing import anywhere
from jaxmmo.env.v2.games import GAMES
from jaxmmo.env.v2.places import team_spots
from jaxmmo.env.v2.rewards import proceed
from jaxmmo.env.v2.rules import default_rules
from jaxmmo.env.v2.state import Seizures
from jaxmmo.env.v2.tasks import no_progress
from jaxmmo.env.v2.winning import winners
from tests.conformance.recordings import DATA
from tests.env.second.worlds import small, world_with
from tests.games import ENDLESS, SECOND_GAME

CENTRE = 32
SMALL: dict[str, Any] = {"PLAYER_N": 8, "NPC_N": 4, "items": 128, "events": 128}


def recorded(name):
    """A recording's arrays, and its constants."""
    with np.load(DATA / "v2" / f"trace_{name}.npz") as file:
        return dict(file), json.loads(str(file["config"]))


@pytest.mark.parametrize(
    "game",
    [
        pytest.param(game, marks=[] if game == "king_of_the_hill" else pytest.mark.slow)
        for game in GAMES
        if game not in ("radio_raid", "sandwich")
    ],
)
def test_a_game_begins_as_it_is_told(game):
    size: dict[str, Any] = (
        SMALL if GAMES[game].constants.get("NPC_N") is None else SMALL | {"NPC_N": 0}
    )
    if game not in ("comm_together", "race_to_center", "king_of_the_hill"):
        size |= {"MAP_CENTER": 32, "MAP_SIZE": 64}
    env = jaxmmo.make(SECOND_GAME, game=game, **size, max_visible=8)
    config: Any = env.config
    state: Any = jax.jit(env.reset)(jax.random.key(1))[1]
    side, material = config.height // 2, np.asarray(state.terrain.material)
    here = np.stack([state.players.row, state.players.col], 1)
    team = np.asarray(state.players.team)
    assert PASSABLE[material[here[:, 0], here[:, 1]]].all()
    if config.teams:
        assert sorted(set(team.tolist())) == [*range(1, 9)]
        assert (np.asarray(state.tasks.subject) == (team[:, None] == team[None])).all()
    else:
        assert not team.any() and (np.asarray(state.tasks.subject) == np.eye(8)).all()
    if config.landmark:
        around = material[side - 2 : side + 3, side - 2 : side + 3]
        assert (around == Material.GRASS).sum() == 24 and around[2, 2] == Material.HERB
    if config.seizable:
        assert (int(state.seizures.row[0]), int(state.seizures.col[0])) == (side, side)
    info = jax.eval_shape(env.step, jax.random.key(0), state, env.noop())[-1]
    assert info.events.winners.shape == (8,)
    again: Any = find(env.config).default_rules()
    assert int(again.respawn_freeze) == GAMES[game].rules.get("respawn_freeze", 10)


def test_teams_begin_where_recorded_ones_did():
    arrays, constants = recorded("team_4")
    env = jaxmmo.make(SECOND_GAME, size="Small", **constants, teams=8)
    spots = {tuple(spot) for spot in np.asarray(team_spots(env.config)).tolist()}  # pyright: ignore[reportArgumentType]
    names = arrays["ent_columns"].tolist()
    ent = arrays["ent"][0]
    ent = ent[ent[:, names.index("id")] > 0]
    where = {}
    for row in ent:
        team = int(arrays["team"][row[names.index("id")] - 1])
        where.setdefault(team, set()).add(
            (int(row[names.index("row")]), int(row[names.index("col")]))
        )
    assert all(len(tiles) == 1 for tiles in where.values())
    assert set.union(*where.values()) == spots and len(spots) == 8


def test_the_race_is_the_recorded_one():
    arrays, constants = recorded("race_6")
    env = jaxmmo.make(SECOND_GAME, size="Small", game="race_to_center", PLAYER_N=40)
    other = jaxmmo.make(SECOND_GAME, size="Small", **constants)
    mine, its = vars(env.config), vars(other.config)
    names = ("height", "border", "systems", "stacking", "capacity", "npc_capacity", "vision")
    assert [mine[name] for name in names] == [its[name] for name in names]
    tiles, middle = arrays["tile"][0], env.config.height // 2
    assert tiles[middle, middle] == Material.HERB
    assert (tiles == Material.HERB).sum() == 1 and not np.isin(tiles, (7, 9, 11, 15)).any()


def test_places_anywhere_are_passable_and_equally_likely():
    material = np.random.default_rng(0).integers(0, 16, (12, 12)).astype(np.uint8)
    words = jax.random.bits(jax.random.key(0), (20000,), jnp.uint32)
    tile = np.asarray(anywhere(jnp.asarray(material), words))
    assert PASSABLE[material[tile[:, 0], tile[:, 1]]].all()
    counts = np.bincount(tile[:, 0] * 12 + tile[:, 1], minlength=144)
    free = PASSABLE[material].reshape(-1)
    assert (counts[free] > 0).all()
    assert abs(counts[free] / counts.sum() * free.sum() - 1).max() < 0.5


def playing(game, players, **changes):
    """Configuration, rules and world of a game of four players on the map of the small preset."""
    fields = {name: value for name, value in GAMES[game].fields.items() if name != "teams"}
    teams = 2 if GAMES[game].fields.get("teams") else 0
    sizes = {"npc_capacity": 0, "max_visible": 4, "game": game, "teams": teams}
    config = small(**(fields | sizes | changes))
    world = world_with(
        config, [{"team": (1, 1, 2, 2)[i] if teams else 0} | p for i, p in enumerate(players)]
    )
    return config, default_rules(config, horizon=40), world


def won(config, rules, world, ticks=1, died=(False,) * 4):
    """Who wins after some ticks in which nothing changes but the clock."""
    tasks = sample(jax.random.key(0), config, rules, world.bodies)
    died = jnp.asarray(died)

    @jax.jit
    def tick(world, progress):
        world = ending.seize(world.replace(tick=world.tick + 1))
        progress, _ = proceed(config, world, tasks, progress, died)
        return world, progress, winners(config, rules, world, progress, died)

    progress, last = no_progress(4), None
    for _ in range(ticks):
        world, progress, last = tick(world, progress)
    return np.flatnonzero(np.asarray(last)).tolist()


def test_the_first_at_the_centre_wins_the_race():
    config, rules, world = playing("race_to_center", [{}, {"row": CENTRE, "col": CENTRE}, {}, {}])
    assert won(config, rules, world) == [1]
    config, rules, world = playing("race_to_center", [{"row": CENTRE, "col": CENTRE - 1}] * 4)
    assert won(config, rules, world) == []


def test_the_team_that_holds_the_hill_wins():
    players = [{"row": CENTRE, "col": CENTRE}, {}, {}, {}]
    config, rules, world = playing("king_of_the_hill", players)
    centre = jnp.full(1, CENTRE)
    free = Seizures(centre, centre, jnp.full(1, config.bodies), jnp.zeros(1, jnp.int32))
    world = world.replace(seizures=free)
    assert won(config, rules, world, ticks=10) == []
    assert won(config, rules, world, ticks=11) == [0, 1]
    late = world.replace(tick=jnp.int32(38))
    assert won(config, rules, late, ticks=1) == []
    assert won(config, rules, late, ticks=2) == [0, 1]


def test_a_team_falls_with_its_leader():
    players = [{"health": 0}, {}, {}, {}]
    config, rules, world = playing("protect_the_king", players)
    world = ending.fall(config, world)
    assert np.asarray(world.bodies.health)[:4].tolist() == [0, 0, 100, 100]
    bodies = world.bodies.replace(alive=world.bodies.health > 0)
    assert won(config, rules, world.replace(bodies=bodies), died=(True, True, False, False)) == [
        2,
        3,
    ]
    plain, _, same = playing("team_battle", players)
    assert ending.fall(plain, same) is same


def test_a_team_wins_that_comes_together():
    places = [(30, 30), (33, 36), (20, 20), (44, 20)]
    players = [{"row": row, "col": col} for row, col in places]
    config, rules, world = playing("comm_together", players)
    assert won(config, rules, world) == [0, 1]


@pytest.mark.parametrize("game", ["survival", "team_battle"])
def test_the_last_side_wins_or_those_who_die_together_or_who_live_to_the_end(game):
    def after(*alive, died=(), tick=10):
        config, rules, world = playing(game, [{"alive": i in alive} for i in range(4)])
        world = world.replace(tick=jnp.int32(tick))
        return won(config, rules, world, died=tuple(i in died for i in range(4)))

    assert after(0, 1, 2) == []
    assert after(3, died=(0,)) == ([2, 3] if game == "team_battle" else [3])
    assert after(died=(1, 2)) == ([0, 1, 2, 3] if game == "team_battle" else [1, 2])
    assert after(0, 1, tick=39) == [0, 1] and after(0, 2, tick=38) == []
    assert after(0, 2, tick=39) == ([0, 1, 2, 3] if game == "team_battle" else [0, 2])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"game": "race_to_centre"},
            "unknown game 'race_to_centre'; did you mean 'race_to_center'",
        ),
        ({"teams": 999}, r"teams=999: must be an integer in \[0, 128\]"),
        ({"doomed": True}, "doomed=True with teams=0: there are no leaders"),
    ],
)
def test_what_is_no_game_is_refused(given, told):
    with pytest.raises(ValueError, match=told):
        jaxmmo.make(ENDLESS, **given)
