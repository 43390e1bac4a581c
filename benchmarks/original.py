"""Times the second game beside the original Neural MMO 2.1: one machine, one run, in turns.

    python benchmarks/peers.py --original /path/to/python3.10

The original plays in processes of its own, one a core, all at once; then jaxmmo plays, with a
device a core; in changing order, so that a machine whose speed drifts slows both down. The ratio is
taken turn by turn. Of the original only `env.step` is timed; of jaxmmo also the choice of actions.
Steps are those of living players.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxmmo.bench import measure, worlds
from jaxmmo.env import making
from jaxmmo.runs.config import cores

PLAYER = Path(__file__).with_name("original_player.py")
INSTALL = (
    "Neural MMO 2.1 needs a Python 3.10 of its own: python3.10 -m venv nmmo && "
    "nmmo/bin/pip install nmmo==2.1.2, then --original nmmo/bin/python"
)
DRAWS = 2000

Turn = dict[str, float]
"""Living agent-steps a second, and means of living players and NPCs, of one turn."""


class Original:
    """Processes of the original, each a core's, which play when they are told to.

    Raises:
      ValueError: where it cannot be started, saying what to install.
    """

    def __init__(self, python: str, ticks: int, folder: str, count: int) -> None:
        self.ticks = ticks
        self._logs = [Path(folder, f"{i}.log") for i in range(count)]
        self._all: list[Any] = []
        try:
            for i, log in enumerate(self._logs):
                maps = log.with_suffix("")  # where it writes them
                maps.mkdir()
                words = [python, str(PLAYER), str(ticks), str(1000 * i + 1), str(maps)]
                with open(log, "w") as errors:
                    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
                    self._all.append(subprocess.Popen(words, stderr=errors, **pipes))
            self.about = self._heard()[0]
        except (OSError, ValueError) as error:
            self.close()
            raise ValueError(f"{python} does not play the original: {error}. {INSTALL}") from error

    def _heard(self) -> list[dict[str, Any]]:
        """Every process's next line; ValueError with the last words of one that has ended."""
        lines = [process.stdout.readline() for process in self._all]
        for line, log in zip(lines, self._logs, strict=True):
            if not line:
                raise ValueError(next(reversed(log.read_text().splitlines()), "it has ended"))
        return [json.loads(line) for line in lines]

    def play(self, number: int) -> Turn:
        """An episode in every process at once; their speeds are added up."""
        for process in self._all:
            print(number, file=process.stdin, flush=True)
        heard = self._heard()
        ticks = self.ticks * len(heard)
        return {
            "agent_steps_per_s": sum(each["steps"] / each["seconds"] for each in heard),
            "mean_acting": sum(each["steps"] for each in heard) / ticks,
            "mean_npcs": sum(each["npcs"] for each in heard) / ticks,
        }

    def close(self) -> None:
        """Ends them."""
        for process in self._all:
            process.kill()
            process.communicate()


def ours(
    preset: str, batch: int, ticks: int, **overrides: Any
) -> tuple[Callable[[int], Turn], float]:
    """What plays a turn of a preset of the second game, and the seconds it took to compile.

    Worlds without births begin again in every turn, as the original does; others go on.

    Args:
      preset: id; with 128 players and as many NPCs.
      batch: worlds a device.
      ticks: of a turn.
      **overrides: settings of the game.
    """
    env = making.make(preset, **overrides)
    rules = env.default_rules()
    mesh = jax.make_mesh((jax.device_count(),), ("worlds",), axis_types=(AxisType.Auto,))
    by_world, parts = NamedSharding(mesh, PartitionSpec("worlds")), PartitionSpec("worlds")
    keys = jax.device_put(jax.random.split(jax.random.key(0), batch * mesh.size), by_world)
    reset = jax.jit(jax.vmap(lambda key: env.reset(key, rules)), out_shardings=by_world)
    first = kept = jax.block_until_ready(reset(keys))

    def program(keys: Any, obs: Any, state: Any) -> Any:
        return worlds.play(env, rules, ticks, keys, obs, state)

    sharded = jax.shard_map(program, mesh=mesh, in_specs=(parts,) * 3, out_specs=parts)
    began = time.perf_counter()
    compiled = jax.jit(sharded).lower(keys, *first).compile(measure.one_core_each())
    compile_seconds = time.perf_counter() - began
    births = vars(env.config)["respawn"]
    count = batch * mesh.size * ticks

    def play(number: int) -> Turn:
        nonlocal kept
        now = jax.device_put(jax.vmap(lambda key: jax.random.fold_in(key, number))(keys), by_world)
        before = jax.device_put(kept if births else first, by_world)
        began = time.perf_counter()
        obs, state, _, acted, _ = jax.block_until_ready(compiled(now, *before))
        seconds = time.perf_counter() - began
        kept = obs, state
        npcs = np.asarray(state.bodies.alive)[:, env.config.capacity :].sum(1).mean()
        steps = int(acted.sum())
        return {
            "agent_steps_per_s": steps / seconds,
            "mean_acting": steps / count,
            "mean_npcs": float(npcs),
        }

    return play, compile_seconds


def compare(python: str, presets: Sequence[str], batch: int, ticks: int, turns: int) -> list[Any]:
    """A row for the original and for each preset.

    Args:
      python: an interpreter that has the original.
      presets: ids of the second game.
      batch: worlds of a preset a device.
      ticks: of a turn.
      turns: how often each plays, after a turn that does not count.

    Returns:
      Rows: who, median speed, means of living players and NPCs; of a preset, how many times as fast
      as the original it is, with a 95 % interval over turns.

    Raises:
      ValueError: where the original cannot be started, saying what to install.
    """
    with tempfile.TemporaryDirectory() as folder:
        original = Original(python, ticks, folder, cores())
        try:
            made = {preset: ours(preset, batch, ticks) for preset in presets}
            players: list[Callable[[int], Turn]] = [original.play]
            players += [play for play, _ in made.values()]
            heard = taken(players, turns)
        finally:
            original.close()
    about = original.about
    names = [f"nmmo {about['version']}, {cores()} processes", *(f"jaxmmo {p}" for p in presets)]
    rows: list[dict[str, Any]] = []
    for name, mine in zip(names, heard, strict=True):
        row: dict[str, Any] = {"peer": name}
        for what, digits in (("agent_steps_per_s", 0), ("mean_acting", 1), ("mean_npcs", 1)):
            row[what] = round(statistics.median(turn[what] for turn in mine), digits or None)
        rows.append(row)
    for row, mine, (_, seconds) in zip(rows[1:], heard[1:], made.values(), strict=True):
        pairs = zip(mine, heard[0], strict=True)
        found = [a["agent_steps_per_s"] / b["agent_steps_per_s"] for a, b in pairs]
        row |= ratio(found) | {"worlds": batch * jax.device_count(), "compile_s": round(seconds, 1)}
    return rows


def taken(players: Sequence[Callable[[int], Turn]], turns: int) -> list[list[Turn]]:
    """Lets all play in turns, in changing order; the first turn of each is left out."""
    heard: list[list[Turn]] = [[] for _ in players]
    for number in range(turns + 1):
        order = range(len(players))
        for i in order if number % 2 == 0 else reversed(order):
            turn = players[i](number)
            if number:
                heard[i].append(turn)
    return heard


def ratio(found: Sequence[float]) -> dict[str, float]:
    """Median of the ratios of all turns, with a 95 % interval by bootstrap."""
    draw = np.random.default_rng(0)
    medians = np.median(draw.choice(found, (DRAWS, len(found))), 1)
    low, high = np.quantile(medians, [0.025, 0.975])
    named = {"times_original": np.median(found), "low": low, "high": high}
    return {name: round(float(value), 1) for name, value in named.items()}
