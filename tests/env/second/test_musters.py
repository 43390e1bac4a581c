"""NPCs that come in waves, and soldiers that come, on hand-built worlds."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.rules import NEVER
from jaxmmo.env.v2 import mustering
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import PASSABLE, Kind
from jaxmmo.env.v2.rules import default_rules
from tests.env.second.worlds import rolls, small, world_with

CENTRE, NPCS = 32, 16
SIZES = {"capacity": 12, "teams": 2, "npc_capacity": NPCS, "max_visible": 4}
WAVES = small(npcs="waves", recons=True, **SIZES)
SOLDIERS = small(npcs="soldiers", circle=12, **SIZES)
RULES = default_rules(WAVES, tempers=[0.0, 0.3, 0.8])
MUSTER = {c.npcs: jax.jit(partial(mustering.muster, c)) for c in (WAVES, SOLDIERS)}
RECON = {"kind": int(Kind.IMMORTAL), "immortal_until": int(NEVER)}
MAP = np.random.default_rng(0).choice([2, 2, 2, 1, 5], (64, 64)).astype(np.uint8)


def mustered(config: Config, npcs=0, rules=RULES, tick=30, players=4, recons=8, **muster):
    """A world, and the same after NPCs came: of four fighters and eight recons, and so many NPCs.

    Words are those of a generator: tiles and tempers differ from NPC to NPC.
    """
    folk = [{}] * players + [RECON] * recons
    folk += [{"alive": False}] * (12 - players - recons)
    npc = [{"id": -1 - i} for i in range(npcs)]
    world = world_with(config, folk, npc, material=MAP)
    world = world.replace(tick=jnp.int32(tick))
    state: Any = world.muster
    world = world.replace(muster=state.replace(**{k: jnp.int32(v) for k, v in muster.items()}))
    random = np.random.default_rng(npcs)
    drawn = rolls(config, style=random.integers(0, 3, NPCS))
    luck: Any = drawn.muster
    luck = luck.replace(
        place=random.integers(0, 2**32, NPCS, np.uint32),
        temper=random.random(NPCS, np.float32),
        quarter=jnp.int32(1),
    )
    return world, MUSTER[config.npcs](rules, world, drawn.replace(muster=luck))


def newcomers(before, after):
    """Columns of the NPCs that came, by name."""
    came = np.asarray(after.bodies.alive & ~before.bodies.alive)
    return {name: np.asarray(column)[came] for name, column in vars(after.bodies).items()}


@pytest.mark.parametrize(
    ("npcs", "tick", "comes"),
    [(0, 1, True), (3, 1, True), (4, 20, False), (4, 21, True), (5, 90, False)],
)
def test_a_wave_comes_where_few_are_left_or_after_a_while_unless_npcs_are_more(npcs, tick, comes):
    before, after = mustered(WAVES, npcs, tick=tick, latest=0)
    assert len(newcomers(before, after)["id"]) == (10 if comes else 0)
    assert int(after.muster.waves) == int(comes)
    assert int(after.muster.latest) == (tick if comes else 0)
    assert int(before.next_npc - after.next_npc) == (10 if comes else 0)


@pytest.mark.parametrize(("waves", "middle"), [(0, (32, 32)), (3, (32, 32)), (4, (24, 40))])
def test_waves_come_at_the_centre_and_later_in_a_quadrant(waves, middle):
    before, after = mustered(WAVES, waves=waves)
    came = newcomers(before, after)
    assert PASSABLE[MAP[came["row"], came["col"]]].all()
    off = np.maximum(abs(came["row"] - middle[0]), abs(came["col"] - middle[1]))
    assert off.max() <= 5 and len(set(zip(came["row"], came["col"], strict=True))) > 4
    assert (came["spawn_row"] == came["row"]).all()
    assert (came["health"] == 100).all() and not came["level"].any() and not came["gold"].any()
    assert not came["armour"].any() and set(came["style"]) == {0, 1, 2}
    assert sorted(came["id"].tolist()) == list(range(-10, 0)) and len(set(came["place"])) == 10
    assert (came["kind"] == Kind.PASSIVE).all() == (waves == 0)


def test_numbers_of_waves_are_rules():
    rules = RULES.replace(wave_size=jnp.int32(2), wave_radius=jnp.int32(0), wave_few=jnp.int32(4))
    before, after = mustered(WAVES, 4, rules, tick=1, latest=0)
    came = newcomers(before, after)
    ways = PASSABLE[MAP[CENTRE, CENTRE]]
    assert len(came["id"]) == (2 if ways else 0)
    assert (came["row"] == CENTRE).all() and (came["col"] == CENTRE).all()
    rules = RULES.replace(wave_spreads=jnp.float32(0), wave_few=jnp.int32(12))
    before, after = mustered(WAVES, 8, rules, players=10, recons=2, waves=1)
    came = newcomers(before, after)
    assert len(came["id"]) == NPCS - 8 and (came["row"] < 30).all()  # as many as there is room for
    shut = before.replace(material=jnp.full_like(before.material, 5))
    drawn = rolls(WAVES)
    again = MUSTER["waves"](rules, shut, drawn)
    assert int(again.muster.waves) == 1 and not newcomers(shut, again)["id"].size


@pytest.mark.parametrize("danger", [0.1, 0.4, 0.9, 1.0])
def test_tempers_are_those_of_dangers_around_that_of_the_wave(danger):
    drawn = np.random.default_rng(1).beta(10 * danger + 0.01, 10.01 - 10 * danger, 200_000)
    luck = (np.arange(20_000) + 0.5) / 20_000
    for tempers in ([0.0, 0.3, 0.8], [0.2, 0.5, 0.8]):
        kept = drawn[drawn >= tempers[0]]
        wanted = [np.mean(kept >= each) for each in tempers]
        kinds = mustering.temper(jnp.array(tempers), jnp.float32(danger), jnp.asarray(luck))
        shares = [np.mean(np.asarray(kinds) >= kind) for kind in (1, 2, 3)]
        np.testing.assert_allclose(shares, wanted, atol=0.005)


def test_the_first_wave_is_as_it_is_and_none_is_worse_than_the_worst():
    def kinds(danger, *tempers):
        luck = jnp.linspace(0.01, 0.99, 100)
        found = mustering.temper(jnp.array(tempers), jnp.float32(danger), luck)
        return set(np.asarray(found).tolist())

    assert kinds(0, 0.0, 0.3, 0.8) == {Kind.PASSIVE}
    assert kinds(0, 0.0, 0.0, 0.8) == {Kind.NEUTRAL}
    assert kinds(7.5, 0.0, 0.3, 0.8) == {Kind.AGGRESSIVE}
    assert kinds(0.5, 0.0, 2.0, 2.0) == {Kind.PASSIVE}


@pytest.mark.parametrize(
    ("inside", "npcs", "players", "come"),
    [(2, 0, 12, 1), (2, 1, 12, 0), (8, 1, 12, 3), (8, 0, 5, 2), (8, 0, 1, 0)],
)
def test_soldiers_come_where_hardly_any_are_left(inside, npcs, players, come):
    rules = RULES.replace(soldiers_inside=jnp.int32(inside))
    before, after = mustered(SOLDIERS, npcs, rules, players=players, recons=0)
    came = newcomers(before, after)
    assert len(came["id"]) == come and (came["kind"] == Kind.AGGRESSIVE).all()
    off = np.maximum(abs(came["row"] - CENTRE), abs(came["col"] - CENTRE))
    assert (off <= SOLDIERS.centre // 6).all() and PASSABLE[MAP[came["row"], came["col"]]].all()
    new = np.asarray(after.bodies.alive & ~before.bodies.alive)[12:]
    assert (np.asarray(after.muster.row)[new] == CENTRE).all()
    assert (np.asarray(after.muster.col)[new] == CENTRE).all()
    assert (np.asarray(after.muster.row)[~new] == -1).all()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"npcs": "tame"}, "npcs='tame': must be one of"),
        ({"npcs": "soldiers"}, "npcs='soldiers' with teams=0"),
        ({"circle": 5}, "circle=5 with teams=0"),
        ({"circle": 99, "teams": 2}, r"circle=99: must be an integer in \[0, 16\]"),
        ({"radio": 5}, "radio=5 with teams=0"),
        ({"recons": True}, "recons=True with capacity=4 and teams=0: a team needs more than 4"),
        ({"recons": True, "teams": 3, "capacity": 14}, "teams=3: a team needs more than 4"),
    ],
)
def test_what_does_not_go_together_is_refused(given, told):
    with pytest.raises(ValueError, match=told):
        small(**given)
