"""RadioRaid and Sandwich as environments: how they begin, what goes on in them, who wins."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.rules import NEVER
from jaxmmo.env.v2.constants import PASSABLE, Kind
from jaxmmo.env.v2.places import quarters, team_spots
from jaxmmo.env.v2.rules import default_rules
from jaxmmo.env.v2.tasks import Predicate, no_progress
from jaxmmo.env.v2.winning import winners
from tests.env.second.test_game import legal_action
from tests.env.second.worlds import small, world_with
from tests.games import SECOND_GAME

TICKS = 50
SIZE: dict[str, Any] = {"MAP_SIZE": 52, "events": 256, "max_visible": 8}
SIZES: dict[str, dict[str, Any]] = {
    "radio_raid": SIZE | {"PLAYER_N": 48, "MAP_CENTER": 32},
    "sandwich": SIZE | {"PLAYER_N": 16, "MAP_CENTER": 36, "circle": 9},
}
BOTH = pytest.mark.parametrize("game", list(SIZES))


@dataclasses.dataclass(frozen=True)
class Played:
    """A game whose reset and step are compiled once, and how it begins."""

    env: Any
    reset: Any
    step: Any
    observe: Any
    obs: Any
    state: Any

    @classmethod
    def of(cls, game, resolution):
        """Of a name, in worlds small enough to be compiled in seconds."""
        env = jaxmmo.make(SECOND_GAME, game=game, resolution=resolution, **SIZES[game])
        reset, step, observe = (jax.jit(each) for each in (env.reset, env.step, env.observe))
        obs, state = reset(jax.random.key(1))
        return cls(env, reset, step, observe, obs, state)

    def noop(self, **heads):
        """Nobody does anything but {slot: choice}."""
        action = {name: np.array(choice) for name, choice in self.env.noop().items()}
        for name, choices in heads.items():
            action[name][list(choices)] = list(choices.values())
        return action

    def rows(self, name, obs):
        """i64[P, K] by attribute: what a table says."""
        table = obs.tables[name]
        spec = next(each for each in self.env.spec.tables if each.name == name)
        found = {}
        for attribute in spec.attributes:
            value = np.asarray(table.bits(attribute)).astype(int)
            found[attribute.name] = value + attribute.low
        return np.asarray(table.present), found


@pytest.fixture(scope="module")
def played():
    """Games by name, `sequential` as they are released."""
    return {game: Played.of(game, "sequential") for game in SIZES}


def check(env, state):
    """What holds of every world of these games."""
    bodies, players = state.bodies, env.num_agents
    alive = np.asarray(bodies.alive)
    ids = np.asarray(bodies.id)[alive]
    assert len(set(ids.tolist())) == len(ids)
    kind = np.asarray(bodies.kind)
    assert (kind[:players] <= 0).all() and (kind[players:][alive[players:]] >= 1).all()
    npcs = np.flatnonzero(alive[players:]) + players
    here = np.asarray(state.terrain.material)[np.asarray(bodies.row), np.asarray(bodies.col)]
    assert PASSABLE[here[npcs]].all()
    stamp = np.asarray(state.places.stamp)
    assert (stamp == NEVER).sum() == 1 + alive.sum()
    assert (np.asarray(bodies.health)[alive] > 0).all()


def live(game: Played, ticks=TICKS):
    """States and events of random legal lives; whatever holds is checked in every tick."""
    random, obs, state = np.random.default_rng(0), game.obs, game.state
    lived = []
    for tick in range(ticks):
        action = legal_action(random, obs, game.env.spec.heads)
        obs, state, reward, *_, info = game.step(jax.random.key(tick), state, action)
        assert not np.asarray(info.illegal).any() and np.isfinite(np.asarray(reward)).all()
        check(game.env, state)
        lived.append((state, info.events))
    return lived


def test_recons_stand_in_the_quadrants_and_the_others_at_the_edge(played):
    game = played["radio_raid"]
    config, players = game.env.config, game.state.players
    recon = np.asarray(players.kind) == Kind.IMMORTAL
    here = list(
        zip(np.asarray(players.row).tolist(), np.asarray(players.col).tolist(), strict=True)
    )
    middles = {tuple(each) for each in np.asarray(quarters(config)).tolist()}
    spots = {tuple(each) for each in np.asarray(team_spots(config)).tolist()}
    assert middles == {(34, 34), (18, 34), (18, 18), (34, 18)}
    for team in range(1, 9):
        mine = np.asarray(players.team) == team
        assert {here[i] for i in np.flatnonzero(mine & recon)} == middles
        assert (mine & recon).sum() == 4 and (mine & ~recon).sum() == 2
        begins = {here[i] for i in np.flatnonzero(mine & ~recon)}
        assert len(begins) == 1 and begins <= spots
    masks = game.obs.masks
    assert not np.asarray(masks["move"])[recon][:, 1:].any()
    assert not np.asarray(masks["target"])[recon][..., 1:].any()
    assert np.asarray(masks["message"]).all()
    task = game.state.tasks
    assert set(np.asarray(task.predicate)) == {Predicate.DEFEAT_ENTITY}
    assert set(np.asarray(task.number)) == {5} and not np.asarray(task.second).any()
    other = np.asarray(game.reset(jax.random.key(2))[1].players.kind) == Kind.IMMORTAL
    assert (other != recon).any()


def test_recons_talk_to_their_team_and_nothing_else(played):
    game = played["radio_raid"]
    players = game.state.players
    recon = np.asarray(players.kind) == Kind.IMMORTAL
    says = np.arange(48) + 1
    everybody = range(48)
    action = game.noop(message=dict(enumerate(says)), move=dict.fromkeys(everybody, 1))
    obs, state, reward, *_ = game.step(jax.random.key(0), game.state, action)
    assert (np.asarray(state.players.row)[recon] == np.asarray(players.row)[recon]).all()
    assert (np.asarray(state.players.message) == says).all()
    assert not np.asarray(reward)[recon].any()
    present, heard = game.rows("team", obs)
    assert present.shape == (48, 6) and present.all()
    np.testing.assert_array_equal(heard["message"], says.reshape(8, 6).repeat(6, 0))
    np.testing.assert_array_equal(heard["recon"], recon.reshape(8, 6).repeat(6, 0))
    row = np.asarray(state.players.row)
    np.testing.assert_array_equal(heard["down"], row.reshape(8, 6).repeat(6, 0) - row[:, None])
    # the dead are not heard, and hear nothing
    state = placed(state, alive={0: False, 7: False})
    present, heard = game.rows("team", game.observe(state)[0])
    assert present.sum(1).tolist() == [0] + [5] * 6 + [0] + [5] * 4 + [6] * 36
    assert heard["message"][1, :5].tolist() == [2, 3, 4, 5, 6]


def placed(state, **columns):
    """A state with rows of columns of bodies replaced, {row: value}."""
    bodies = state.bodies
    changed = {}
    for name, rows in columns.items():
        column = np.array(getattr(bodies, name))
        column[list(rows)] = list(rows.values())
        changed[name] = jnp.asarray(column)
    return state.replace(bodies=bodies.replace(**changed))


def test_players_do_not_hurt_each_other_nor_does_anybody_a_recon(played):
    game = played["radio_raid"]
    recon = np.asarray(game.state.players.kind) == Kind.IMMORTAL
    one, other = np.flatnonzero(~recon)[:2].tolist()  # of one team, on one tile
    watcher, npc = int(np.flatnonzero(recon)[0]), 48
    place = {
        name: int(np.asarray(getattr(game.state.players, name))[watcher]) for name in ("row", "col")
    }
    beside = {name: {npc: value, other: value, one: value} for name, value in place.items()}
    state = placed(
        game.state,
        alive={npc: True},
        kind={npc: int(Kind.AGGRESSIVE)},
        id={npc: -1},
        health={npc: 100, one: 50},
        time_alive={one: 900, other: 900},
        **beside,
    )
    obs, state = game.observe(state)
    slots = np.asarray(state.views["agent"].slots)
    targets = {who: int(np.flatnonzero(slots[one] == who)[0]) for who in (other, watcher, npc)}
    legal = np.asarray(obs.masks["target"])[one, 0]
    assert [bool(legal[targets[who]]) for who in (other, watcher, npc)] == [False, False, True]
    for victim in (other, watcher, npc):
        action = game.noop(target={one: targets[victim]})
        after = game.step(jax.random.key(0), state, action)[1]
        health = np.asarray(after.bodies.health)
        assert health[other] == 100 and health[watcher] == 100
        assert health[npc] == (90 if victim == npc else 100)
        assert health[one] == 41 and int(after.bodies.target[npc]) == one + 1


def test_a_team_wins_with_its_fifth_npc(played):
    game = played["radio_raid"]
    hunter = int(np.flatnonzero(np.asarray(game.state.players.kind) == Kind.PLAYER)[0])
    spot = {name: int(getattr(game.state.players, name)[hunter]) for name in ("row", "col")}
    near = {name: {48: value} for name, value in spot.items()}
    state = placed(game.state, alive={48: True}, kind={48: 1}, id={48: -1}, health={48: 5}, **near)
    team = np.asarray(state.tasks.subject)[hunter]
    for killed, won in ((3, False), (4, True)):
        counted = jnp.where(team[:, None], jnp.int32(killed), 0)
        now = state.replace(progress=state.progress.replace(counted=counted))
        _, now = game.observe(now)
        row = int(np.flatnonzero(np.asarray(now.views["agent"].slots)[hunter] == 48)[0])
        action = game.noop(target={hunter: row})
        _, after, _, _, _, info = game.step(jax.random.key(0), now, action)
        assert int(after.progress.counted[hunter, 0]) == killed + 1
        assert (np.asarray(info.events.winners) == (team & won)).all()


def test_the_first_wave_is_there_after_a_tick_and_lives_go_on(played):
    game = played["radio_raid"]
    lived = live(game)
    bodies = lived[0][0].bodies
    came = np.flatnonzero(np.asarray(bodies.alive)[48:]) + 48
    assert len(came) == 10 and (np.asarray(bodies.kind)[came] == Kind.PASSIVE).all()
    off = np.maximum(abs(np.asarray(bodies.row) - 26), abs(np.asarray(bodies.col) - 26))[came]
    assert off.max() <= 5
    waves = [int(state.muster.waves) for state, _ in lived]
    assert waves[:21] == [1] * 21 and waves[21] == 2  # 10 NPCs are no more than 16 fighters
    last = lived[-1][0].players
    recon = np.asarray(game.state.players.kind) == Kind.IMMORTAL
    assert np.asarray(last.alive)[recon].all() and (np.asarray(last.freeze)[recon] > 1000).all()
    assert (np.asarray(last.row) == np.asarray(game.state.players.row))[recon].all()


def test_a_sandwich_is_laid_around_the_teams(played):
    game = played["sandwich"]
    config, state = game.env.config, game.state
    spots = np.asarray(team_spots(config))
    assert spots.tolist() == [
        *([35, 26], [32, 32], [26, 35], [20, 32], [17, 26], [20, 20], [26, 17], [32, 20])
    ]
    players, alive = state.players, np.asarray(state.bodies.alive)
    here = np.stack([players.row, players.col], 1)
    assert {tuple(spot) for spot in here.tolist()} == {tuple(spot) for spot in spots.tolist()}
    assert (here[::2] == here[1::2]).all() and (np.asarray(players.kind) == Kind.PLAYER).all()
    assert alive.all() and config.npc_capacity == 32
    where = np.stack([state.bodies.row, state.bodies.col], 1)[16:]
    rally = np.stack([state.muster.row, state.muster.col], 1)
    np.testing.assert_array_equal(rally[:16], spots.repeat(2, 0))
    assert (rally[16:] == 26).all()
    south = spots.repeat(2, 0) >= 26
    inside = where[:16] - 26
    assert ((inside >= np.where(south, 1, -4)) & (inside <= np.where(south, 4, -1))).all()
    off = where[16:] - 26
    assert (abs(off).max(1) == 18).all()  # on the edge, one tile each
    assert len({tuple(tile) for tile in off.tolist()}) == 16
    assert (np.asarray(state.bodies.kind)[16:] == Kind.AGGRESSIVE).all()
    assert int(game.env.default_rules().fog_onset) == 1


def test_soldiers_close_in_and_lives_go_on(played):
    game = played["sandwich"]
    lived = live(game)
    first, last = game.state.bodies, lived[-1][0].bodies
    both = np.asarray(first.alive & last.alive)[16:]

    def away(bodies):
        off = np.maximum(abs(np.asarray(bodies.row) - 26), abs(np.asarray(bodies.col) - 26))
        return off[16:][both][-8:].mean()

    assert both.sum() > 8 and away(last) < away(first) - 3
    assert any(int(state.bodies.damage_received[:16].sum()) > 0 for state, _ in lived)
    assert not any(np.asarray(events.winners).any() for _, events in lived)


def test_the_last_team_wins_a_sandwich_and_not_before_its_time():
    config = small(game="sandwich", npcs="soldiers", teams=2, circle=9)
    rules = default_rules(config, won_from=20, horizon=40)

    def won(tick, *alive, died=()):
        folk = [{"team": (1, 1, 2, 2)[i], "alive": i in alive} for i in range(4)]
        world = world_with(config, folk).replace(tick=jnp.int32(tick))
        fell = jnp.array([i in died for i in range(4)])
        found = winners(config, rules, world, no_progress(4), fell)
        return np.flatnonzero(np.asarray(found)).tolist()

    assert won(19, 2) == [] and won(20, 2) == [2, 3]
    assert won(20, 0, 2) == [] and won(20, died=(0, 2)) == []
    assert won(39, 0, 2) == [] and won(40, 0, 2) == [0, 1, 2, 3] and won(40, 0) == [0, 1]


@pytest.mark.parametrize("players", [64, 128])
def test_there_is_room_for_the_npcs_of_a_game(players):
    raid = jaxmmo.make(SECOND_GAME, game="radio_raid", PLAYER_N=players)
    config: Any = raid.config
    assert config.npc_capacity == players - 32 + 10 and config.arrivals == config.npc_capacity
    rules: Any = raid.default_rules()
    assert int(rules.immunity) == NEVER
    np.testing.assert_allclose(rules.tempers, [0, 0.3, 0.8])
    laid = jaxmmo.make(SECOND_GAME, game="sandwich", PLAYER_N=players, NPC_N=200)
    config, rules = laid.config, laid.default_rules()
    assert config.npc_capacity == 200 and int(rules.won_from) == 500


@pytest.mark.slow
@BOTH
def test_the_games_are_played_with_all_at_once(game):
    lived = live(Played.of(game, "simultaneous"))
    state, _ = lived[0]
    npcs = np.asarray(state.bodies.alive)[state.players.alive.shape[0] :].sum()
    assert npcs == (10 if game == "radio_raid" else 32)
