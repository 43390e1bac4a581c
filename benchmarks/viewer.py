"""Frames that the viewer's page draws in a second, in a real browser that draws in software.

    python benchmarks/viewer.py --agents 128 --seconds 10

A recording of a world that full is served and played at five ticks a second; what is counted are
the frames that the page has drawn, far away and close up. It needs `pip install 'jaxmmo[test]'` and
a Chromium (JAXMMO_BROWSER, or one on the path). The browser shares the processor with the server:
a machine that does nothing else, and has a graphics card, draws more.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.bench import measure
from jaxmmo.viewer import ReplayWriter, World

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SOFTWARE = ("--no-sandbox", "--enable-unsafe-swiftshader")


def record(path: Path, agents: int, ticks: int) -> None:
    """A world of so many agents who wander and fight, kept full."""
    env = jaxmmo.make(capacity=agents, initial_population=agents, max_spawns=16)
    rules = env.default_rules(food_decay=0, water_decay=0, spawn_attempts=16)
    world = World(env, scripted.get("careful", env), (), rules=rules, seed=1)
    with open(path, "wb") as file, ReplayWriter(file, env, rules, "frames a second", 1) as writer:
        writer.append(world.frame)
        for _ in range(ticks):
            writer.append(world.step())


def frames(page: Any, seconds: float) -> float:
    """Frames drawn in a second, while it plays."""
    counted = page.evaluate(
        """async (seconds) => {
             const first = jaxmmo.stage.drawn, began = performance.now();
             await new Promise((done) => setTimeout(done, seconds * 1000));
             return (jaxmmo.stage.drawn - first) / (performance.now() - began) * 1000;
           }""",
        seconds,
    )
    return round(counted, 1)


def main() -> int:
    """Measures, prints a line for each view, and one JSON object last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, default=128, help="in the world (128)")
    parser.add_argument("--seconds", type=float, default=10, help="of counting, each (10)")
    parser.add_argument("--size", default="1280x800", help="of the page (1280x800)")
    args = parser.parse_args()
    program = os.environ.get("JAXMMO_BROWSER") or next(
        filter(None, map(shutil.which, PROGRAMS)), ""
    )
    if not program:
        print("benchmarks/viewer.py: no browser: install chromium, or set JAXMMO_BROWSER")
        return 2
    from playwright.sync_api import sync_playwright

    width, height = map(int, args.size.split("x"))
    rates = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "full.jmmo"
        print("recording ...", file=sys.stderr)
        record(path, args.agents, round(2 * 5 * (args.seconds + 10)))
        watching = jaxmmo.watch(path, port=0, browser=False, quiet=True)
        browser = playwright.chromium.launch(executable_path=program, args=list(SOFTWARE))
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(watching.address)
        page.wait_for_function("() => window.jaxmmo && jaxmmo.frame && jaxmmo.stage.drawn > 2")
        first = page.evaluate("jaxmmo.frame.tick")
        time.sleep(1)
        if page.evaluate("jaxmmo.frame.tick") == first:  # it does not play yet
            page.keyboard.press("Space")
        for view, key in (("as it opens", ""), ("whole map", "h")):
            if key:
                page.keyboard.press(key)
            time.sleep(2)
            tick = page.evaluate("jaxmmo.frame.tick")
            rates[view] = frames(page, args.seconds)
            moved = page.evaluate("jaxmmo.frame.tick") - tick
            print(f"{view}: {rates[view]} frames/s while {moved} ticks passed")
        browser.close()
        watching.stop()
    print(json.dumps(measure.machine() | {"agents": args.agents, "frames_per_s": rates}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
