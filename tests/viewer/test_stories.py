"""The page in a real browser: finding agents, following lives, and bringing back what was seen."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.env.constants import Cause, Material
from jaxmmo.env.environment import Environment
from jaxmmo.replay.frames import flatten, unflatten
from jaxmmo.viewer import Frame, Replay, ReplayWriter, World
from jaxmmo.viewer.live import Simulation
from jaxmmo.viewer.server import Guard, create_app
from tests.env.things import GAME
from tests.viewer.conftest import Recording, Reel, record, serving
from tests.viewer.page import NARROW, WIDE, Page

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "client" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
AGENTS = "jaxmmo.view.agents.slots.map((s) => jaxmmo.stage.project(jaxmmo.view.agents.at[s]))"


@pytest.fixture(scope="module")
def fights() -> Recording:
    """150 ticks of 24 agents who fight, with births; deaths of most kinds."""
    env = jaxmmo.make(height=32, width=32, border=4, capacity=24, initial_population=24)
    rules = env.default_rules(initial_immunity=0)
    return record(World(env, scripted.get("fighter", env), (), rules=rules, outputs=True), 150)


@pytest.fixture(scope="module")
def address(fights: Recording) -> Iterator[str]:
    with serving(create_app(guard=Guard("127.0.0.1", ""), replay=fights.data)) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def shared(browser: Any, address: str) -> Iterator[Page]:
    page = Page(browser, address, WIDE)
    page.surveyed()
    yield page
    page.close()


@pytest.fixture
def page(shared: Page) -> Page:
    """A page with nothing selected, paused at the first tick."""
    shared.page.evaluate("jaxmmo.select(null), jaxmmo.setOverlay('none'), jaxmmo.seek(0)")
    shared.until("jaxmmo.source.index === 0 && jaxmmo.source.paused")
    return shared


def killings(recording: Recording) -> Iterator[tuple[int, int]]:
    """(index, slot) of everybody who was killed."""
    for index, frame in enumerate(recording.frames):
        for slot in np.flatnonzero(frame.events.deaths.cause == Cause.COMBAT):
            yield index, int(slot)


def attackers(frame: Frame, victim: int) -> list[int]:
    """Identities of those whose attacks hurt a body in this tick."""
    attacks = frame.events.attacks
    hurt = (attacks.target == victim) & (attacks.damage > 0)
    return frame.state.bodies.id[hurt].tolist()


@pytest.mark.slow
def test_clicks_hit_whom_they_mean_while_the_world_runs(page: Page):
    page.page.evaluate("jaxmmo.showCrowd(), jaxmmo.setSpeed(5), jaxmmo.togglePause()")
    left, top, right, bottom = page.free()
    script = f"""() => {{
      const {{ agents }} = jaxmmo.view, ids = jaxmmo.frame.body("id");
      const points = agents.slots.map((slot) => {{
        const at = agents.at[slot].clone(); at.y += 0.6;
        return {{ id: ids[slot], ...jaxmmo.stage.project(at) }};
      }});
      const across = ({{ x }}) => x > {left + 30} && x < {right - 30};
      const inside = ({{ x, y }}) => across({{ x }}) && y > {top + 30} && y < {bottom - 30};
      const apart = (p) => points.every((q) => q === p || Math.hypot(p.x - q.x, p.y - q.y) > 16);
      const open = points.filter((p) => inside(p) && apart(p));
      return open[Math.floor(window.turn++ % Math.max(1, open.length))] ?? null;
    }}"""
    page.page.evaluate("window.turn = 0")
    hits, tries = 0, 0
    while tries < 12:
        if page.page.evaluate("jaxmmo.source.paused"):
            page.page.evaluate("jaxmmo.togglePause()")
        page.page.evaluate("jaxmmo.select(null)")
        meant = page.page.evaluate(script)
        if meant is None:
            continue
        tries += 1
        page.page.mouse.click(meant["x"], meant["y"])
        hits += page.page.evaluate("jaxmmo.selected") == meant["id"]
    page.page.evaluate("jaxmmo.source.pause(true)")
    assert hits >= 8  # somebody may walk on between the look and the click


@pytest.mark.slow
def test_what_is_pointed_at_is_named_and_outlined(page: Page, fights: Recording):
    page.page.evaluate("jaxmmo.showCrowd()")
    page.settled()
    players = fights.frames[0].state.players
    left, top, right, bottom = page.free()
    points = page.page.evaluate(AGENTS)
    slots = np.flatnonzero(players.alive)
    slot, at = next(
        (slot, at)
        for slot, at in zip(slots, points, strict=True)
        if left < at["x"] < right and top < at["y"] < bottom
    )
    page.page.mouse.move(at["x"], at["y"])
    page.until('!document.querySelector("#tip").hidden')
    tip = page.page.locator("#tip").inner_text()
    hovered = page.page.evaluate("jaxmmo.view.selection.hovered.slot")
    assert f"#{players.id[hovered]}" in tip
    assert f"population {players.population[hovered]}" in tip
    assert f"health {players.health[hovered]}/{players.health_max[hovered]}" in tip
    assert page.page.evaluate("jaxmmo.view.selection.hovered.group.visible")
    assert abs(players.col[hovered] - players.col[slot]) <= 2


def test_a_tile_tells_what_it_is_and_who_stood_there(page: Page, fights: Recording):
    index = 60
    page.seek(index)
    state = fights.frames[index].state
    ripe = np.argwhere(state.terrain.ripe_at > index)
    row, col = (int(n) for n in ripe[0])
    tile = row * fights.env.config.width + col
    page.page.evaluate(f"jaxmmo.selectTile({tile})")
    shown = page.fields()
    assert shown["tile.material"] == Material.SCRUB.name.lower()
    assert shown["tile.own"] == Material.FOREST.name.lower()
    assert shown["tile.ripe_at"] == str(state.terrain.ripe_at[row, col])
    visits = 0
    for frame in fights.frames[: index + 1]:
        bodies = frame.state.bodies
        visits += int(np.sum(bodies.alive & (bodies.row == row) & (bodies.col == col)))
    assert shown["tile.visits"] == str(visits)
    page.page.evaluate("jaxmmo.goto(0.5, 0.5)")
    page.settled()
    left, top, right, bottom = page.free()
    x, y = (left + right) / 2, (top + bottom) / 2
    wanted = page.page.evaluate(f"jaxmmo.pointer.target({x}, {y})")
    page.page.mouse.click(x, y)
    kind = "agent" if "id" in wanted else "tile"
    assert page.page.evaluate("jaxmmo.selected !== null") == (kind == "agent")
    assert page.page.evaluate("jaxmmo.tile !== null") == (kind == "tile")


def test_a_death_card_tells_what_was_recorded(page: Page, fights: Recording):
    ends = list(itertools.islice(killings(fights), 0, 40, 9))
    assert len(ends) > 1
    for index, slot in ends:
        frame = fights.frames[index]
        deaths = frame.events.deaths
        page.seek(index)
        page.page.evaluate(f"jaxmmo.select({deaths.id[slot]})")
        page.until('document.querySelector("#agent").dataset.kind === "gone"')
        shown = page.fields()
        assert shown["death.tick"] == str(frame.tick)
        assert shown["death.cause"] == "combat"
        assert shown["death.lifetime"] == str(deaths.lifetime[slot])
        marked = "[...document.querySelectorAll('#agent [data-killer]')]"
        killers = page.page.evaluate(f"{marked}.map((element) => +element.dataset.killer)")
        assert killers == attackers(frame, slot)
        for name in ("distance", "explored", "damage_dealt", "damage_taken", "combat_level"):
            assert shown[f"life.{name}"] == str(getattr(deaths, name)[slot]), name
        assert shown["life.level.melee"] == str(deaths.level[slot, 1])
    index, slot = ends[-1]
    frame = fights.frames[index]
    page.page.get_by_role("button", name="The fight").click()
    page.until(f"jaxmmo.source.index <= {index}")
    assert page.page.evaluate("jaxmmo.selected") == frame.events.deaths.id[slot]
    killer = attackers(frame, slot)[0]
    page.seek(index)
    page.page.get_by_role("button", name="To killer").click()
    assert page.page.evaluate("jaxmmo.selected") == killer


def test_the_feed_seeks_filters_and_groups(page: Page, fights: Recording):
    index, slot = next(killings(fights))
    page.seek(index + 3)
    feed = page.page.locator("#feed")
    victim = fights.frames[index].events.deaths.id[slot]
    line = feed.locator("li.kill").filter(has_text=f"killed {''}").filter(has_text=f"#{victim}")
    line.first.locator(".when").click()
    page.until(f"jaxmmo.source.index === {index}")
    for kind in ("births", "levels", "deaths", "other"):
        page.page.locator("#filters").get_by_role("button", name=kind).click()
    page.until(
        '[...document.querySelectorAll("#feed li")].every((l) => /kill|gap/.test(l.className))'
    )
    for kind in ("births", "levels", "deaths", "other"):
        page.page.locator("#filters").get_by_role("button", name=kind).click()
    ticks = page.page.evaluate(
        """[...document.querySelectorAll("#feed li.level")].map((l) =>
        l.querySelector(".name").textContent + " " + Math.floor(l.dataset.tick / 10))"""
    )
    assert len(ticks) == len(set(ticks))  # an agent's levels of ten ticks are one line


@pytest.mark.slow
def test_from_load_to_an_agent_by_keyboard_alone(browser: Any, address: str, fights: Recording):
    page = Page(browser, address, WIDE)
    page.surveyed()
    keys = page.page.keyboard
    order = []
    for _ in range(24):
        keys.press("Tab")
        focus = "document.activeElement"
        order.append(page.page.evaluate(f"{focus}.id || {focus}.className"))
        outline = page.page.evaluate(f"getComputedStyle({focus}).outlineStyle")
        assert outline != "none", order[-1]
    assert order.index("crowd") < order.index("timeline") < order.index("play")
    assert order.index("play") < next(i for i, name in enumerate(order) if "chip" in name)
    last = len(fights.frames) - 1
    for key, index in (("End", last), ("ArrowLeft", last - 1), ("Shift+ArrowLeft", last - 11)):
        keys.press(key)
        page.until(f"jaxmmo.source.index === {index}")
    assert f"of {last}" in page.page.evaluate('document.querySelector("#timeline").ariaValueText')
    keys.press("Home")
    page.until("jaxmmo.source.index === 0")
    keys.press("n")
    ids = sorted(fights.frames[0].state.players.id[fights.frames[0].state.players.alive])
    page.until(f'document.querySelector("#agent").dataset.id === "{ids[0]}"')
    keys.press("/")
    page.until('document.activeElement.id === "search"')
    keys.type(str(ids[5]))
    keys.press("Enter")
    page.until(f'document.querySelector("#agent").dataset.id === "{ids[5]}"')
    assert f"Agent {ids[5]}" in page.page.locator("#say").inner_text()
    page.close()


@pytest.mark.slow
def test_links_bring_back_what_was_shown(browser: Any, address: str, fights: Recording):
    players = fights.frames[40].state.players
    agent = int(players.id[np.flatnonzero(players.alive)[2]])
    link = f"{address}#tick=40&agent={agent}&overlay=density&of=2&view=3,-2,30,45,20"
    page = Page(browser, link, WIDE, reduced_motion="reduce")
    page.until(f"jaxmmo.source.index === 40 && jaxmmo.selected === {agent}")
    assert page.page.evaluate("[jaxmmo.overlay, jaxmmo.of]") == ["density", 2]
    view = page.page.evaluate("jaxmmo.stage.getView()")
    np.testing.assert_allclose(view, [3, -2, 30, 45, 20], atol=0.2)
    page.page.keyboard.press("ArrowRight")
    page.until(f'location.hash.startsWith("#tick=41&agent={agent}&overlay=density&of=2&view=3,-2")')
    page.page.evaluate("jaxmmo.togglePause()")  # who wants no motion sees agents stand, not walk
    page.until("jaxmmo.source.index > 44")
    assert page.page.evaluate("jaxmmo.view.agents.duration") == 0
    page.close()


def audit(page: Page) -> list[str]:
    """What axe finds that is serious."""
    if not page.page.evaluate("Boolean(window.axe)"):
        page.page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.page.evaluate("axe.run(document)")["violations"]
    return [
        f"{v['id']}: {v['help']}: {[n['target'] for n in v['nodes']][:3]}"
        for v in found
        if v["impact"] in SERIOUS
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (NARROW, "light")])
def test_nothing_serious_bars_anyone(
    browser: Any, address: str, fights: Recording, size: dict[str, int], scheme: str
):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in client/")
    index, slot = next(killings(fights))
    page = Page(browser, address, size, color_scheme=scheme, has_touch=size is NARROW)
    page.surveyed()
    page.page.evaluate("jaxmmo.cycle(1)")
    assert audit(page) == []
    page.seek(index)
    victim = int(fights.frames[index].events.deaths.id[slot])
    page.page.evaluate(f"jaxmmo.select({victim}), jaxmmo.controls.showList('roster')")
    page.page.evaluate("jaxmmo.controls.openTab('roster')")
    assert audit(page) == []
    if size is NARROW:
        page.page.evaluate("jaxmmo.controls.openTab(null), jaxmmo.seek(0), jaxmmo.showCrowd()")
        page.settled()
        left, top, right, bottom = page.free()
        at = next(
            p
            for p in page.page.evaluate(AGENTS)
            if left + 12 < p["x"] < right - 12 and top + 12 < p["y"] < bottom - 12
        )
        page.page.touchscreen.tap(at["x"] + 9, at["y"] + 9)
        page.until("jaxmmo.selected !== null")
    page.page.evaluate("jaxmmo.statistics.show()")
    assert audit(page) == []
    page.close()


def test_statistics_count_what_happened_and_can_be_saved(
    page: Page, fights: Recording, tiny: Recording, tmp_path: Path
):
    page.page.keyboard.press("t")
    page.until("jaxmmo.statistics.open")
    deaths = sum(int(np.sum(f.events.deaths.cause > 0)) for f in fights.frames)
    births = sum(int(f.events.newborn.sum()) for f in fights.frames)
    assert f"{births} births · {deaths} deaths" in page.page.locator("#columns").inner_text()
    (tmp_path / "tiny.jmmo").write_bytes(tiny.data)
    page.page.locator("#other").set_input_files(tmp_path / "tiny.jmmo")
    page.until('document.querySelectorAll("#columns article").length === 2')
    with page.page.expect_download() as saved:
        page.page.locator("#save-statistics").click()
    rows = [line.split(",") for line in Path(saved.value.path()).read_text().splitlines()]
    assert len(rows) == len(fights.frames) + 1
    place = rows[0].index("deaths_combat")
    assert sum(int(row[place]) for row in rows[1:]) == len(list(killings(fights)))
    alive = rows[0].index("alive")
    assert rows[31][alive] == str(int(fights.frames[30].state.players.alive.sum()))
    page.page.keyboard.press("Escape")
    page.until("!jaxmmo.statistics.open")
    page.page.evaluate("jaxmmo.statistics.drop()")
    with page.page.expect_download() as picture:
        page.page.evaluate("jaxmmo.exports.picture()")
    assert Path(picture.value.path()).read_bytes()[1:4] == b"PNG"
    with page.page.expect_download(timeout=60_000) as film:
        page.page.evaluate("jaxmmo.exports.film(() => 0)")
        page.until("jaxmmo.exports.bytes > 1000")
        page.page.evaluate("jaxmmo.exports.film(() => 0)")
    assert Path(film.value.path()).stat().st_size > 1000


class Endless(Reel):
    """A reel whose clock goes on when its frames begin anew."""

    def step(self) -> Frame:
        """The next recorded frame, at the next tick."""
        tick = self._next
        state = super().step().state.replace(tick=np.asarray(tick, np.int32))
        self.frame = dataclasses.replace(self.frame, state=state)
        return self.frame


@pytest.mark.slow
def test_a_live_world_can_be_rewound_and_saved(browser: Any, fights: Recording, tmp_path: Path):
    world = Simulation(cast(World, Endless(fights)), "a reel", 0, 20)
    count = len(fights.frames)
    with serving(create_app(guard=Guard("127.0.0.1", ""), simulation=world)) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/", WIDE)
        page.until("jaxmmo.frame.tick > 24")
        page.page.keyboard.press("Home")
        page.until("jaxmmo.source.behind && jaxmmo.source.index === 0")
        first = page.page.evaluate("jaxmmo.frame.tick")
        alive = int(fights.frames[first % count].state.players.alive.sum())
        assert page.page.locator("#alive").inner_text() == str(alive)
        page.until("jaxmmo.source.length > 40")  # the world goes on meanwhile
        page.page.keyboard.press("ArrowRight")
        page.until(f"jaxmmo.frame.tick === {first + 1} && jaxmmo.source.behind")
        page.page.locator("#edge").click()
        page.until("!jaxmmo.source.behind && jaxmmo.frame.tick > 40")
        page.page.locator("#play").click()
        page.until("jaxmmo.source.paused")
        page.page.locator("#more").click()
        with page.page.expect_download() as saved:
            page.page.locator("#save-replay").click()
        replay = Replay(Path(saved.value.path()).read_bytes())
        assert len(replay) > 40
        for frame in (replay[0], replay[-1]):
            wanted = fights.frames[frame.tick % count].state.players
            np.testing.assert_array_equal(frame.state.players.health, wanted.health)
        page.close()


def thousand(recording: Recording) -> bytes:
    """A recording of 1,000 agents, made of the arrays of a smaller one."""
    rows, side = 1000, 96
    env = Environment(recording.env.config.replace(capacity=rows, height=side, width=side))
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    with ReplayWriter(file, env, env.default_rules()) as writer:
        for tick in range(4):
            small = flatten(recording.frames[tick])
            old = recording.env.config
            arrays = {}
            for name, value in small.items():
                shape = value.shape
                if shape == (old.height, old.width):
                    shape = (side, side)
                elif shape and shape[0] == old.capacity:
                    shape = (rows, *shape[1:])
                arrays[name] = np.resize(value, shape)
            arrays["bodies.alive"][:] = True
            arrays["bodies.id"] = np.arange(rows, dtype=np.int32)
            for name in ("row", "col"):
                arrays[f"bodies.{name}"] = rng.integers(9, side - 9, rows, dtype=np.int32)
            arrays["events.attacks.target"] = np.full(rows, rows, np.int32)
            arrays["events.attacks.target"][::4] = np.arange(1, rows, 4)
            arrays["events.attacks.outcome"][:] = 4
            writer.append(unflatten(arrays, rows))
    return file.getvalue()


BUDGET_CALLS, BUDGET_TICK, BUDGET_FRAME = 16, 128_000, 4_000
"""With 1,000 agents: draw calls a picture, and bytes sent for a tick and between two ticks."""


@pytest.mark.slow
def test_a_thousand_agents_stay_within_the_budget(browser: Any, fights: Recording):
    meter = """() => {
      const gl = jaxmmo.stage.renderer.getContext();
      window.sent = 0;
      for (const name of ["bufferData", "bufferSubData", "texImage2D", "texSubImage2D"]) {
        const plain = gl[name].bind(gl);
        gl[name] = (...parts) => {
          const data = parts.findLast((part) => ArrayBuffer.isView(part));
          const length = name === "bufferSubData" ? parts[4] : 0;
          if (data) window.sent += length ? length * data.BYTES_PER_ELEMENT : data.byteLength;
          return plain(...parts);
        };
      }
    }"""
    with serving(create_app(guard=Guard("127.0.0.1", ""), replay=thousand(fights))) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/", WIDE)
        page.surveyed()
        page.page.evaluate("jaxmmo.home()")
        page.settled()
        assert page.page.evaluate("jaxmmo.view.agents.crowd.count") == 1000
        page.page.evaluate(meter)
        drawn = page.page.evaluate("jaxmmo.stage.drawn")
        page.until(f"jaxmmo.stage.drawn > {drawn + 3}")
        pictures = page.page.evaluate("jaxmmo.stage.drawn") - drawn
        assert page.page.evaluate("window.sent") / pictures <= BUDGET_FRAME
        page.page.evaluate("window.sent = 0, jaxmmo.seek(1)")
        page.until("jaxmmo.source.index === 1")
        page.settled()
        sent = page.page.evaluate("window.sent")
        assert 1000 * 16 * 4 <= sent <= BUDGET_TICK
        assert page.page.evaluate("jaxmmo.stage.renderer.info.render.calls") <= BUDGET_CALLS
        page.close()


@pytest.mark.slow
def test_a_game_with_things_of_its_own_is_inspected(browser: Any):
    env = jaxmmo.make(GAME, height=24, width=24, border=3, capacity=8, initial_population=8)
    world = World(env, scripted.get("random", env), (), outputs=True)
    recording = record(world, 4)
    frame = recording.frames[4]
    bodies, things = frame.state.bodies, frame.state.tables["thing"]
    slot = int(things.owner[0])
    assert bodies.alive[slot]
    with serving(create_app(guard=Guard("127.0.0.1", ""), replay=recording.data)) as port:
        page = Page(browser, f"http://127.0.0.1:{port}/#tick=4&agent={bodies.id[slot]}", WIDE)
        page.until('document.querySelector("#agent").dataset.kind === "agent"')
        shown = page.fields()
        assert shown["luck"] == str(bodies.luck[slot])
        text = page.page.locator("#agent").inner_text().lower()
        owned = np.flatnonzero((things.owner == slot) & things.alive)
        if len(owned):
            assert f"thing (owner) · {len(owned)}" in text
            assert str(things.worth[owned[0]]) in text
        assert "gift" in text
        page.page.locator("#more").click()
        page.page.locator("#show-tables").click()
        table = page.page.locator("#tables-body").inner_text().lower()
        assert f"thing · {int(things.alive.sum())} of 9" in table
        page.page.keyboard.press("Escape")
        page.close()
