from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.env.environment import Environment
from jaxmmo.viewer import Frame, ReplayWriter, World
from jaxmmo.viewer import serving as serving_module
from tests.browser import ARGUMENTS, PROGRAM, PROGRAMS


def unavailable(reason: str) -> None:
    """Skips, or fails where browser tests are demanded."""
    if os.environ.get("JAXMMO_REQUIRE_BROWSER") == "1":
        pytest.fail(f"browser tests are required, but {reason}")
    pytest.skip(f"{reason}; JAXMMO_REQUIRE_BROWSER=1 makes this a failure")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        unavailable("playwright is not installed")
        raise
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        program = PROGRAM or (own if Path(own).exists() else "")
        if not program:
            unavailable(
                f"no browser was found (JAXMMO_BROWSER, {', '.join(PROGRAMS)}, playwright's)"
            )
        running = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield running
        running.close()


class Recording(NamedTuple):
    env: Environment
    rules: jaxmmo.Rules
    frames: list[Frame]
    data: bytes


def record(world: World, ticks: int, title: str = "a test", seed: int = 0) -> Recording:
    """Plays a world and keeps both the frames and the file made of them."""
    file = io.BytesIO()
    frames = [world.frame]
    with ReplayWriter(file, world.env, world.rules, title, seed) as writer:
        writer.append(world.frame)
        for _ in range(ticks):
            frames.append(world.step())
            writer.append(frames[-1])
    return Recording(world.env, world.rules, frames, file.getvalue())


def tiny_world(outputs: bool = True, seed: int = 0, ticks_of_immunity: int = 2) -> World:
    """Twelve agents that forage and fight on a small map."""
    env = jaxmmo.make(height=24, width=24, border=3, capacity=12, initial_population=12)
    rules = env.default_rules(regrow_probability=1.0, initial_immunity=ticks_of_immunity)
    policy = scripted.get("fighter", env)
    return World(env, policy, (), rules=rules, seed=seed, outputs=outputs)


@pytest.fixture(scope="session")
def tiny() -> Recording:
    """A short recording with policy outputs; its blocks are small, so that it is quick to read."""
    return record(tiny_world(), 80)


@pytest.fixture(scope="session")
def crowd() -> Recording:
    """1,000 ticks of about 128 agents who wander and fight: no hunger, and many births."""
    env = jaxmmo.make(initial_population=128, max_spawns=16)
    rules = env.default_rules(food_decay=0, water_decay=0, spawn_attempts=16)
    world = World(env, scripted.get("careful", env), (), rules=rules, seed=1)
    return record(world, 1000)


def assert_same(left: Frame, right: Frame) -> None:
    """Bit-equal, dtypes and empty slots included."""
    from jaxmmo.replay.frames import flatten

    first, second = flatten(left), flatten(right)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert value.dtype == second[name].dtype, name
        np.testing.assert_array_equal(value, second[name], name)


class Reel:
    """A world that plays frames recorded before, over and over: quick, and known beforehand."""

    def __init__(self, recording: Recording):
        self.env, self.rules = recording.env, recording.rules
        self._frames, self._next = recording.frames, 1
        self.frame = recording.frames[0]

    def step(self) -> Frame:
        """The next recorded frame."""
        self.frame = self._frames[self._next % len(self._frames)]
        self._next += 1
        return self.frame


@contextlib.contextmanager
def serving(app: Starlette) -> Iterator[int]:
    """Runs an application in a thread; yields its port."""
    config = serving_module.configuration(app, host="127.0.0.1", port=0)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        running.force_exit = True
        thread.join(10)
        assert not thread.is_alive()
