"""The second game timed beside the original, for which a module of its name stands in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.games import SECOND_GAME, TINY_SECOND

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BARE = ("terrain", "resource", "combat", "npc")

STAND_IN = """
from types import SimpleNamespace
import numpy as np
__version__ = "2.1.x"

class Env:
    def __init__(self, config):
        self.config = config
        self.realm = SimpleNamespace(npcs=[1, 2, 3])
    def reset(self, seed):
        self.agents = [1, 2, 3, 4]
        return self._seen(), {}
    def _seen(self):
        legal = np.array([False, True, False])
        return {a: {"ActionTargets": {"Move": {"Direction": legal}}} for a in self.agents}
    def step(self, actions):
        assert actions == {a: {"Move": {"Direction": 1}} for a in self.agents}, actions
        self.agents = self.agents[:-1]
        return self._seen(), {}, {}, {}, {}
"""


@pytest.fixture
def original(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import original  # type: ignore[import-not-found]  # a script's neighbour

    return original


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "nmmo"
    (package / "core").mkdir(parents=True)
    (package / "__init__.py").write_text(STAND_IN)
    config = "from types import SimpleNamespace\n"
    config += "Default = lambda: SimpleNamespace(PLAYER_N=4, NPC_N=3)\n"
    (package / "core" / "config.py").write_text(config)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("stand_in")
def test_steps_of_the_living_are_counted_in_every_process(original, tmp_path):
    players = original.Original(sys.executable, 2, str(tmp_path), 2)
    try:
        assert players.about == {"version": "2.1.x", "players": 4, "npcs": 3}
        for number in range(2):
            turn = players.play(number)
            assert turn["mean_acting"] == 3.5 and turn["mean_npcs"] == 3
            assert turn["agent_steps_per_s"] > 0
    finally:
        players.close()


@pytest.mark.slow
def test_worlds_without_births_begin_again_in_every_turn(original):
    play, _ = original.ours(SECOND_GAME, 2, 4, systems=BARE, **TINY_SECOND)
    turns = [play(number) for number in range(3)]
    assert all(turn["mean_acting"] == 8 for turn in turns)  # nobody dies so early
    assert all(0 < turn["mean_npcs"] <= 4 and turn["agent_steps_per_s"] > 0 for turn in turns)


def test_all_take_turns_and_the_ratio_has_an_interval(original):
    order: list[tuple[str, int]] = []
    players = [lambda n, name=name: order.append((name, n)) or {"turn": n} for name in "ab"]
    assert original.taken(players, 2) == [[{"turn": 1}, {"turn": 2}]] * 2
    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    found = original.ratio([1.0, 2.0, 2.0, 2.0, 3.0])
    assert found["low"] <= found["times_original"] == 2.0 <= found["high"]


@pytest.mark.parametrize("python", [sys.executable, "no/such/python"])
def test_without_the_original_it_says_in_a_line_what_to_install(python):
    words = [sys.executable, str(BENCHMARKS / "peers.py"), "--original", python]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.splitlines()
    assert f"{python} does not play the original" in line and "pip install nmmo==2.1.2" in line
