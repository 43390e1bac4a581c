"""The page in a real browser: what it draws and says is what the world is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from jaxmmo.replay import colors
from jaxmmo.viewer import Replay, World
from jaxmmo.viewer.live import Simulation
from jaxmmo.viewer.server import Guard, create_app
from jaxmmo.viewer.widget import Widget
from tests.viewer.conftest import Recording, Reel, serving
from tests.viewer.page import NARROW, WIDE, Page

pytestmark = pytest.mark.browser

VERSION_1 = Path(__file__).parents[1] / "data" / "version1" / "JaxMMO-v1.jmmo"


def loners(recording: Recording, index: int) -> list[int]:
    """Slots of agents that have their tile for themselves."""
    players = recording.frames[index].state.players
    slots = [int(s) for s in np.flatnonzero(players.alive)]
    tiles = [(int(players.row[s]), int(players.col[s])) for s in slots]
    return [s for s, tile in zip(slots, tiles, strict=True) if tiles.count(tile) == 1]


def places(recording: Recording, index: int, slots: list[int]) -> np.ndarray:
    """f64[N, 3]: the middles of agents, tiles being units with rows along z from the centre."""
    players, config = recording.frames[index].state.players, recording.env.config
    x = players.col[slots] + 0.5 - config.width / 2
    z = players.row[slots] + 0.5 - config.height / 2
    return np.stack([x, np.full(len(slots), 0.65), z], 1)


@pytest.fixture(scope="module")
def shared_page(browser: Any, tiny: Recording) -> Iterator[Page]:
    with serving(create_app(guard=Guard("127.0.0.1", ""), replay=tiny.data)) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/", WIDE)
        yield page
        page.close()


@pytest.fixture
def replay_page(shared_page: Page) -> Page:
    """A page with nothing selected, at the whole map."""
    shared_page.page.evaluate("jaxmmo.select(null), jaxmmo.setOverlay('none'), jaxmmo.home()")
    shared_page.surveyed()
    return shared_page


def assert_agents_stand_where_they_should(page: Page, recording: Recording, index: int) -> None:
    ids = recording.frames[index].state.players.id
    slots = loners(recording, index)
    assert slots
    for slot, (x, y) in zip(slots, page.project(places(recording, index, slots)), strict=True):
        assert page.page.evaluate(f"jaxmmo.pick({x}, {y})") == ids[slot], f"agent in slot {slot}"


def test_agents_are_drawn_where_the_state_has_them(replay_page: Page, tiny: Recording):
    for index in (0, 33, 80):
        replay_page.seek(index)
        assert_agents_stand_where_they_should(replay_page, tiny, index)
        alive = int(tiny.frames[index].state.players.alive.sum())
        assert replay_page.page.locator("#alive").inner_text() == str(alive)
    left, top, right, bottom = replay_page.free()
    inside = tiny.env.config.height / 2 - tiny.env.config.border
    corners = np.array([[x * inside, 0.0, z * inside] for x in (-1, 1) for z in (-1, 1)])
    for x, y in replay_page.project(corners):  # the whole map is in what panels leave free
        assert left <= x <= right
        assert top <= y <= bottom


def test_agents_have_the_colour_of_their_population(replay_page: Page, tiny: Recording):
    import io

    from PIL import Image

    replay_page.seek(0)
    hide = "aside, header, #transport, #tip { visibility: hidden }"
    style = replay_page.page.add_style_tag(content=hide)
    replay_page.settled()
    image = Image.open(io.BytesIO(replay_page.page.screenshot())).convert("RGB")
    picture = np.asarray(image).astype(float)
    style.evaluate("(element) => element.remove()")
    players = tiny.frames[0].state.players
    palette = colors.population_colors(tiny.env.config.num_populations)
    slots = [s for s in loners(tiny, 0) if players.freeze[s] == 0]
    matched = 0
    for slot, (x, y) in zip(slots, replay_page.project(places(tiny, 0, slots)), strict=True):
        patch = picture[int(y) - 9 : int(y) + 10, int(x) - 6 : int(x) + 7].reshape(-1, 3)
        scores = []
        for color in palette:
            wanted = colors.rgb(color).astype(float)
            close = np.abs(_hue(patch) - _hue(wanted[None])).sum(-1) < 0.2
            scores.append(int(close.sum()))
        matched += scores[players.population[slot]] >= 0.7 * max(scores) > 0
    assert matched >= 0.75 * len(slots)


def _hue(rgb: np.ndarray) -> np.ndarray:
    """Colours without their brightness."""
    linear = (np.asarray(rgb) / 255) ** 2.2
    return linear / (linear.sum(-1, keepdims=True) + 0.02)


def test_clicking_an_agent_shows_its_true_numbers(replay_page: Page, tiny: Recording):
    index = 40
    replay_page.seek(index)
    frame = tiny.frames[index]
    players, lives = frame.state.players, frame.state.lives
    left, top, right, bottom = replay_page.free()
    for slot in loners(tiny, index)[:4]:
        x, y = replay_page.project(places(tiny, index, [slot]))[0]
        if not (left < x < right and top < y < bottom):
            continue
        replay_page.page.mouse.click(x, y)
        replay_page.until(f'document.querySelector("#agent").dataset.id === "{players.id[slot]}"')
        shown = replay_page.fields()
        for name in ("id", "population", "health", "food", "water", "row", "col", "time_alive"):
            assert shown[name] == str(getattr(players, name)[slot]), name
        for name in ("distance", "explored", "damage_dealt", "damage_taken", "food_gathered"):
            assert shown[name] == str(getattr(lives, name)[slot]), name
        for i, skill in enumerate(
            ("constitution", "melee", "range", "mage", "defense", "fishing", "hunting")
        ):
            assert shown[f"level.{skill}"] == str(players.level[slot, i])
            assert shown[f"experience.{skill}"] == str(players.experience[slot, i])
        assert frame.policy is not None
        assert float(shown["value"]) == pytest.approx(frame.policy["value"][slot], abs=1e-3)
        return
    pytest.fail("no agent in the open")


def test_a_replay_plays_pauses_and_steps(replay_page: Page):
    page = replay_page.page
    page.keyboard.press("Home")
    replay_page.until("jaxmmo.source.index === 0")
    assert page.evaluate("jaxmmo.source.paused")
    page.keyboard.press(".")
    replay_page.until("jaxmmo.source.index === 1")
    page.locator("#step").click()
    replay_page.until("jaxmmo.source.index === 2")
    page.locator("#speed").select_option("20")
    page.locator("#play").click()
    replay_page.until("jaxmmo.source.index > 6")
    page.keyboard.press("Space")
    replay_page.until("jaxmmo.source.paused")
    page.keyboard.press("ArrowLeft")
    stopped = page.evaluate("jaxmmo.source.index")
    replay_page.settled()
    assert page.evaluate("jaxmmo.source.index") <= stopped


def test_overlays_say_what_they_show(replay_page: Page):
    page = replay_page.page
    replay_page.seek(20)
    replay_page.seek(21)
    page.locator("#overlay").select_option("explored")
    replay_page.until('document.querySelector("#caption").textContent.includes("22 ticks")')
    page.locator("#overlay").evaluate("(element) => element.blur()")
    page.keyboard.press("2")
    replay_page.until('document.querySelector("#caption").textContent.includes("value")')
    page.keyboard.press("3")
    replay_page.until('document.querySelector("#caption").textContent.startsWith("No attention")')
    page.locator("#overlay").evaluate("(element) => element.blur()")
    for key, words in (("4", "crowd now"), ("5", "Steps"), ("6", "last 50 ticks")):
        page.keyboard.press(key)
        replay_page.until(f'document.querySelector("#caption").textContent.includes("{words}")')
    page.keyboard.press("1")
    page.locator("#of").select_option("3")
    replay_page.until('document.querySelector("#caption").textContent.includes("population 3")')
    page.evaluate("jaxmmo.setOf(null)")
    page.locator("#of").evaluate("(element) => element.blur()")
    page.keyboard.press("0")
    replay_page.until('document.querySelector("#caption").hidden')


@pytest.mark.slow
def test_broken_files_are_explained_and_leave_the_page_as_it_was(
    browser: Any, tiny: Recording, crowd: Recording, tmp_path: Path
):
    with serving(create_app(guard=Guard("127.0.0.1", ""), replay=tiny.data)) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/", WIDE)
        open_files(page, tiny, crowd, tmp_path)
        page.close()


def open_files(replay_page: Page, tiny: Recording, crowd: Recording, tmp_path: Path) -> None:
    page = replay_page.page
    for name, data, words in (
        ("text.jmmo", b"hello", "not a jaxmmo replay"),
        ("cut.jmmo", tiny.data[:-200], "cut off"),
        ("new.jmmo", tiny.data[:4] + b"\x09\x00" + tiny.data[6:], "version 9"),
    ):
        (tmp_path / name).write_bytes(data)
        page.locator("#file").set_input_files(tmp_path / name)
        replay_page.until(f'document.querySelector("#message").textContent.includes("{words}")')
        assert page.locator("#message").is_visible()
        assert page.evaluate("jaxmmo.source.length") == len(tiny.frames)
    (tmp_path / "good.jmmo").write_bytes(crowd.data)
    page.locator("#file").set_input_files(tmp_path / "good.jmmo")
    replay_page.until(f"jaxmmo.source.length === {len(crowd.frames)} && jaxmmo.frame")
    assert not page.locator("#message").is_visible()
    replay_page.seek(700)
    assert page.locator("#tick").inner_text() == "700"
    page.evaluate(f"jaxmmo.select({crowd.frames[700].state.players.id[0]})")
    assert "--policy-outputs" in replay_page.read("policy.absent")
    page.locator("#file").set_input_files(VERSION_1)
    replay_page.until("jaxmmo.source.length === 41 && jaxmmo.frame")
    replay_page.surveyed()
    replay_page.seek(20)
    players = Replay.load(VERSION_1)[20].state.players
    alive = np.flatnonzero(players.alive)
    assert page.locator("#alive").inner_text() == str(len(alive))
    page.evaluate(f"jaxmmo.select({players.id[alive[3]]})")
    for name in ("health", "row", "time_alive"):
        assert replay_page.read(name) == str(getattr(players, name)[alive[3]])


@pytest.mark.slow
def test_a_live_world_is_shown_paused_and_stepped(browser: Any, tiny: Recording):
    world = Simulation(cast(World, Reel(tiny)), "a reel", 0, 20)
    with serving(create_app(guard=Guard("127.0.0.1", ""), simulation=world)) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/", WIDE)
        page.until("jaxmmo.frame.tick > 2")
        page.page.locator("#play").click()
        page.until("jaxmmo.source.paused")
        page.settled()
        tick = page.page.evaluate("jaxmmo.frame.tick")
        assert_agents_stand_where_they_should(page, tiny, tick)
        page.page.locator("#step").click()
        page.until(f"jaxmmo.frame.tick === {tick + 1}")
        page.settled()
        assert_agents_stand_where_they_should(page, tiny, tick + 1)
        second = Page(browser, f"http://127.0.0.1:{port}/", NARROW)
        page.until("jaxmmo.source.viewers === 2")
        assert second.page.evaluate("jaxmmo.frame.tick") == tick + 1
        second.page.close()
        page.page.locator("#canvas").focus()
        page.page.keyboard.press("Space")
        page.until(f"jaxmmo.frame.tick > {tick + 3} || jaxmmo.frame.tick < {tick}")
        assert page.errors == second.errors == []
        page.page.close()


@pytest.mark.slow
def test_a_narrow_page_has_everything_within_reach(browser: Any, tiny: Recording):
    with serving(create_app(guard=Guard("127.0.0.1", ""), replay=tiny.data)) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/", NARROW)
        shown = page.page
        assert shown.evaluate("document.scrollingElement.scrollWidth") <= 400
        for button in shown.locator("button:visible, select:visible, input:visible").all():
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 400, button
            assert box["y"] >= 0 and box["y"] + box["height"] <= 800, button
        for name, panel in (("Populations", "populations"), ("Events", "events"), ("Map", "map")):
            shown.locator("#tabs").get_by_role("button", name=name).click()
            assert shown.locator(f"#{panel}").is_visible()
        shown.evaluate(f"jaxmmo.select({tiny.frames[0].state.players.id[2]}), jaxmmo.home()")
        inside = tiny.env.config.height / 2 - tiny.env.config.border
        corners = np.array([[x * inside, 0.0, z * inside] for x in (-1, 1) for z in (-1, 1)])
        page.until("jaxmmo.stage.insets.bottom > 300")
        shown.evaluate("jaxmmo.home()")
        page.settled()
        left, top, right, bottom = page.free()
        for x, y in page.project(corners):
            assert left <= x <= right
            assert top <= y <= bottom
        page.until('document.querySelector("#agent").classList.contains("open")')
        assert page.read("health") == str(tiny.frames[0].state.players.health[2])
        assert page.errors == []
        shown.close()


def test_the_notebook_cell_plays_by_itself(browser: Any, tiny: Recording, tmp_path: Path):
    (tmp_path / "cell.html").write_text(
        f"<!doctype html><body>{Widget(_loaded(tiny))._repr_html_()}</body>", encoding="utf-8"
    )
    page = browser.new_page(viewport=WIDE)
    page.route("http*://**", lambda route: route.abort())
    page.goto((tmp_path / "cell.html").as_uri())
    inner = page.frames[1]
    deadline = time.monotonic() + 40
    while not inner.evaluate("Boolean(window.jaxmmo && window.jaxmmo.frame)"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert inner.evaluate("jaxmmo.source.length") == len(tiny.frames)
    inner.evaluate("jaxmmo.seek(50)")
    while inner.evaluate("jaxmmo.frame.tick") != 50:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    alive = int(tiny.frames[50].state.players.alive.sum())
    deadline = time.monotonic() + 10
    while inner.locator("#alive").inner_text() != str(alive):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    page.close()


def _loaded(recording: Recording) -> Any:
    from jaxmmo.viewer import Replay

    return Replay(recording.data)


def fingers(page: Page, *tracks: list[tuple[float, float]]) -> None:
    """Fingers that are put down, moved along their tracks, and lifted: real touch events."""
    touch = page.page.context.new_cdp_session(page.page)

    def send(kind: str, points: list[tuple[float, float]]) -> None:
        named = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": named})

    send("touchStart", [track[0] for track in tracks])
    for points in zip(*(track[1:] for track in tracks), strict=True):
        send("touchMove", list(points))
    send("touchEnd", [])
    page.settled()


@pytest.mark.slow
def test_fingers_pinch_drag_and_tap(browser: Any, tiny: Recording):
    with serving(create_app(guard=Guard("127.0.0.1", ""), replay=tiny.data)) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/", NARROW, has_touch=True)
        page.page.evaluate("jaxmmo.select(null), jaxmmo.source.pause(true), jaxmmo.home()")
        page.settled()
        distance = "jaxmmo.stage.camera.position.distanceTo(jaxmmo.stage.controls.target)"
        before = page.page.evaluate(distance)
        left, top, right, bottom = page.free()
        x, y = (left + right) / 2, (top + bottom) / 2
        apart = [20 + 8 * i for i in range(11)]
        fingers(page, [(x - a, y) for a in apart], [(x + a, y) for a in apart])
        nearer = page.page.evaluate(distance)
        assert nearer < 0.6 * before

        middle = "jaxmmo.stage.controls.target.toArray()"
        here = page.page.evaluate(middle)
        fingers(page, [(x, y + 8 * i) for i in range(11)])
        page.until(f"jaxmmo.stage.controls.target.z < {here[2]} - 0.5")  # down draws the north in
        assert abs(page.page.evaluate(middle)[0] - here[0]) < 0.3
        assert page.page.evaluate(distance) == pytest.approx(nearer, rel=0.05)

        page.page.evaluate("jaxmmo.home()")
        page.surveyed()
        slot = loners(tiny, page.page.evaluate("jaxmmo.source.index"))[0]
        index = page.page.evaluate("jaxmmo.source.index")
        ((x, y),) = page.project(places(tiny, index, [slot]))
        fingers(page, [(x + 8, y)])
        assert page.page.evaluate("jaxmmo.selected") == int(
            tiny.frames[index].state.players.id[slot]
        )
        assert page.errors == []
        page.page.close()
