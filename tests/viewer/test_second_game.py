"""Worlds of the second game: recorded, read back, drawn, and shown by the page."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

import jaxmmo
from jaxmmo.env.v2.constants import Item, Material
from jaxmmo.env.v2.holding import fog_at
from jaxmmo.replay import colors
from jaxmmo.replay.frames import Frame, flatten
from jaxmmo.replay.replay import chunk
from jaxmmo.runs import library
from jaxmmo.viewer import Replay, World, render
from jaxmmo.viewer.live import Simulation
from jaxmmo.viewer.server import Guard, create_app
from tests.games import ENDLESS, SECOND_GAME, TINY_SECOND
from tests.viewer.conftest import Recording, Reel, assert_same, record, serving
from tests.viewer.page import WIDE, Page
from tests.viewer.test_client import CLIENT

pytestmark = pytest.mark.slow
TICKS, FOG = 40, 20


class Enriched(World):
    """A world in which somebody owns, wears and offers things from the first frame on."""

    def _look(self, key: Any, events: Any) -> Frame:
        frame = super()._look(key, events)
        items, bodies = frame.state.tables["items"], frame.state.bodies
        items = items.replace(**{name: np.array(column) for name, column in items.items()})
        for row, (kind, worn, price) in enumerate(OWNED, 100):
            own = {"alive": True, "type": kind, "level": 3, "quantity": 2, "owner": 1}
            for name, value in (own | {"equipped": worn, "price": price, "received": row}).items():
                items[name][row] = value
        gold, team = np.array(bodies.gold), np.array(bodies.team)
        gold[1], team[1] = 321, 3
        tables = frame.state.tables.replace(items=items)
        bodies = bodies.replace(gold=gold, team=team)
        return dataclasses.replace(frame, state=frame.state.replace(tables=tables, bodies=bodies))


OWNED = ((Item.HAT, True, 0), (Item.BOW, True, 0), (Item.ARROW, False, 0), (Item.RATION, False, 7))


@pytest.fixture(scope="module")
def second() -> Recording:
    env = jaxmmo.make(ENDLESS, **TINY_SECOND)
    player = library.load("random", env)
    rules = env.default_rules(fog_onset=FOG)
    world = Enriched(env, player.policy, player.params, rules=rules, seed=1, outputs=True)
    return record(world, TICKS)


def test_its_worlds_are_recorded_and_read_back(second: Recording):
    replay = Replay(second.data)
    assert replay.header.config == second.env.config
    for decoded, recorded in zip(replay, second.frames, strict=True):
        assert_same(decoded, recorded)
    assert {"tasks.predicate", "tables.items.price", "events.log.rows"} <= set(flatten(replay[0]))
    state = replay.state(7)
    np.testing.assert_array_equal(state.bodies.health, replay[7].state.bodies.health)
    rules: Any = replay.rules
    assert rules.fog_onset == FOG


def test_its_recordings_say_what_its_numbers_mean(second: Recording):
    world = Replay(second.data).header.world
    assert [kind["name"] for kind in world["materials"]] == [m.name.lower() for m in Material]
    assert len({kind["color"] for kind in world["materials"]}) == len(Material)
    assert world["lists"]["skill"] == list(second.env.preset.skills)
    assert world["lists"]["item"][Item.BOW] == "bow"
    assert [kind["name"] for kind in world["others"]["kinds"]] == [
        "passive",
        "neutral",
        "aggressive",
    ]
    assert [bar["column"] for bar in world["bars"]] == ["health", "food", "water"]
    assert "places" not in world["tables"] and "kind" not in world["tables"]["bodies"]["columns"]


def test_pictures_tell_players_and_materials_apart(second: Recording):
    frame = second.frames[3]
    picture = render(frame.state, frame.events, scale=16)
    bodies, size = frame.state.bodies, second.env.config.capacity
    for slot in np.flatnonzero(bodies.alive)[-2:]:
        assert slot >= size
        row, col = int(16 * bodies.row[slot] + 8), int(16 * bodies.col[slot] + 8)
        wanted = colors.rgb(colors.TEMPERS[bodies.kind[slot] - 1])
        np.testing.assert_array_equal(picture[row, col], wanted)
    material = np.asarray(frame.state.terrain.tile) & 255
    middles = picture[8::16, 8::16]
    assert middles[material == Material.VOID].max() < 45
    crystal = middles[material == Material.CRYSTAL].astype(int).mean(0)
    ore = middles[material == Material.ORE].astype(int).mean(0)
    assert crystal.argmax() == 2 and ore.argmax() == 0
    with pytest.raises(ValueError, match="materials of 2 kinds: the map has one of number 15"):
        render(frame.state, materials=Replay(second.data).header.world["materials"][:2])


def test_it_is_streamed_live(second: Recording):
    simulation = Simulation(cast("World", Reel(second)), "live", 0)
    end = chunk(b"DONE", b"", 0, 1)
    assert_same(Replay(simulation.prologue + simulation.recent() + end)[0], second.frames[0])


def test_it_is_recorded_and_pictured_by_the_usual_functions(tmp_path: Path):
    given: dict[str, Any] = {"env": SECOND_GAME, "overrides": TINY_SECOND, "quiet": True}
    path = jaxmmo.record("random", output=tmp_path / "a.jmmo", ticks=2, **given)
    replay = Replay.load(path)
    assert len(replay) == 3 and replay.header.config.preset == SECOND_GAME
    picture = jaxmmo.record(path, output=tmp_path / "a.png", scale=4)
    with Image.open(picture) as image:
        assert image.size == (160, 160)
    pixels = render(replay[2].state, replay[2].events, scale=4)
    live = jaxmmo.record("random", output=tmp_path / "b.png", ticks=2, scale=4, **given)
    np.testing.assert_array_equal(np.asarray(Image.open(live)), pixels)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_client_knows_its_worlds(second: Recording, tmp_path: Path):
    path = tmp_path / "second.jmmo"
    path.write_bytes(second.data)
    command = ["node", str(CLIENT / "test" / "second.js"), str(path), "30"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    frame, env, rules = second.frames[30], second.env, cast("Any", second.rules)
    config = cast("Any", env.config)
    players = frame.state.players
    assert sum(told["counts"]) == int(players.alive.sum())
    assert told["groups"][env.config.capacity :] == [
        env.config.num_populations + max(0, int(kind) - 1)
        for kind in frame.state.bodies.kind[env.config.capacity :]
    ]
    if players.alive[1]:
        owned = [item for item in told["items"] if item["row"] >= 100]
        assert [item["type"] for item in owned] == ["hat", "bow", "arrow", "ration"]
        assert [item["equipped"] for item in owned] == [True, True, False, False]
    assert {"row": 103, "price": 7, "name": "ration"} in told["offers"]
    assert told["task"] == f"live until tick {int(frame.state.tasks.number[1])}"
    fog = np.asarray(fog_at(config, rules, frame.state.tick), np.float32)
    np.testing.assert_array_equal(np.array(told["fog"]).reshape(fog.shape) > 0, fog > 0)


@pytest.fixture(scope="module")
def page(browser: Any, second: Recording) -> Iterator[Page]:
    with serving(create_app(guard=Guard("127.0.0.1", ""), replay=second.data)) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/", WIDE)
        yield page
        page.close()


@pytest.mark.browser
def test_the_page_shows_what_a_player_has_and_is_to_do(page: Page, second: Recording):
    frame = second.frames[5]
    page.surveyed()
    page.seek(5)
    players = frame.state.players
    page.page.evaluate(f"jaxmmo.goTo({players.id[1]})")
    page.until(f'document.querySelector("#agent").dataset.id === "{players.id[1]}"')
    shown = page.fields()
    assert shown["task"] == f"live until tick {int(frame.state.tasks.number[1])}"
    assert shown["purse"] == "321" and shown["team"] == "3"
    assert [shown[f"item.{row}"] for row in range(100, 104)] == ["hat", "bow", "arrow", "ration"]
    assert shown["level.alchemy"] == str(players.level[1, 7])
    assert page.page.locator("#agent .item.worn").count() >= 2
    others = int(frame.state.bodies.alive[second.env.config.capacity :].sum())
    assert page.page.locator("#others").inner_text() == str(others)


@pytest.mark.browser
def test_the_page_has_a_market_and_knows_npcs(page: Page, second: Recording):
    frame = second.frames[5]
    page.seek(5)
    page.page.locator('#lists [data-list="market"]').click()
    page.until("document.querySelector('[data-field=\"offer.103\"]')")
    assert page.page.locator('[data-field="offer.103"]').inner_text() == "7"
    bodies = frame.state.bodies
    npc = int(np.flatnonzero(bodies.alive)[-1])
    page.page.evaluate(f"jaxmmo.goTo({bodies.id[npc]})")
    page.until(f'document.querySelector("#agent").dataset.id === "{bodies.id[npc]}"')
    shown = page.fields()
    assert shown["kind"] == ("passive", "neutral", "aggressive")[bodies.kind[npc] - 1]
    assert shown["health"] == str(bodies.health[npc])
    assert page.page.locator("#nametag").inner_text() == f"NPC {-bodies.id[npc]}"
    page.seek(FOG + 10)
    assert page.page.evaluate("jaxmmo.view.drawings.some(({ mesh }) => mesh?.visible)")
