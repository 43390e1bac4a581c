"""What every experiment has: options, a folder with finished parts, tables, figures, training.

A part (`unit`) is written whole when it is finished and is not made again: a script that was
stopped goes on where it was. A folder belongs to one set of settings; other settings are refused.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import functools
import io
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxmmo import BEHAVIOUR_VERSION
from jaxmmo.agents.policy import Policy
from jaxmmo.bench import measure
from jaxmmo.cli import cache
from jaxmmo.evaluation.watching import Contestant
from jaxmmo.files.atomic import replacing, write_atomically
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.runs import library
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.setup import NetworkConfig, make_policy

SIZES = ("tiny", "small", "full")
COLORS = ("#1b7f5c", "#c4572e", "#31688e", "#8e5ea2", "#b59f00", "#5b5b5b", "#d1495b", "#2e86ab")


class Experiment:
    """A run of one experiment in a folder of its own.

    Attributes:
      name: of the script.
      size: "full", "small" (minutes), or "tiny" (seconds, for tests; means nothing).
      seeds: the experiment is made once with each of them.
      folder: in which everything lies.
      settings: of this size.
      seconds: what each unit took, those of earlier sessions included.
    """

    def __init__(
        self, name: str, sizes: dict[str, Any], argv: Sequence[str] | None, about: str
    ) -> None:
        parser = argparse.ArgumentParser(prog=f"experiments/{name}.py", description=about)
        parser.add_argument("--small", action="store_true", help="minutes on two cores")
        parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)
        parser.add_argument("--seeds", help="such as 0,1,2", default=None)
        parser.add_argument("--out", type=Path, help="folder (runs/experiments/NAME)")
        args = parser.parse_args(argv)
        self.name = name
        self.size = "tiny" if args.tiny else "small" if args.small else "full"
        try:
            text = args.seeds or ("0" if self.size == "tiny" else "0,1,2")
            self.seeds = tuple(dict.fromkeys(int(x) for x in text.split(",")))
        except ValueError:
            parser.error(f"--seeds {args.seeds!r}: must be integers such as 0,1,2")
        self.settings = sizes[self.size]
        suffix = "" if self.size == "full" else f"-{self.size}"
        self.folder = args.out or Path("runs/experiments") / (name + suffix)
        cache.use(name)
        self._claim(parser)
        self.seconds: dict[str, float] = {}
        self._made: list[Path] = []
        self._began = time.monotonic()

    def _claim(self, parser: argparse.ArgumentParser) -> None:
        """Makes the folder, or finds that it holds the same settings."""
        own = {
            "experiment": self.name,
            "size": self.size,
            "settings": json.loads(json.dumps(self.settings, default=dataclasses.asdict)),
            "behaviour": BEHAVIOUR_VERSION,
        }
        path = self.folder / "settings.json"
        if path.is_file():
            if json.loads(path.read_text()) != own:
                parser.error(f"{self.folder} holds another experiment: choose another --out")
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            parser.error(f"{self.folder} is in use and no experiment: choose another --out")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "data").mkdir(exist_ok=True)
        write_atomically(path, json.dumps(own, indent=1).encode())

    def say(self, text: str) -> None:
        """A line of progress, with the seconds since the start."""
        print(f"[{time.monotonic() - self._began:6.0f} s] {text}", flush=True)

    def unit(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, np.ndarray]:
        """The arrays of a part by name: read if it was finished before, otherwise made."""
        path = self.folder / "data" / f"{name}.npz"
        if not path.is_file():
            self.say(f"{name} ...")
            began = time.monotonic()
            arrays = {k: np.asarray(v) for k, v in make().items()}
            arrays["seconds"] = np.asarray(time.monotonic() - began)
            buffer = io.BytesIO()
            np.savez_compressed(buffer, **arrays)
            write_atomically(path, buffer.getvalue())
        with np.load(path) as file:
            found = dict(file)
        self.seconds[name] = float(found.pop("seconds"))
        return found

    def table(self, rows: Iterable[dict[str, Any]], name: str = "table", **facts: Any) -> None:
        """Writes rows as CSV, intervals as mean [low, high], and with all facts as JSON."""
        rows = list(rows)
        told = [{k: written(v) for k, v in row.items()} for row in rows]
        text = io.StringIO()
        names = list(dict.fromkeys(key for row in told for key in row))
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(told)
        about = {
            "experiment": self.name,
            "size": self.size,
            "seeds": self.seeds,
            "rows": rows,
            "seconds": round(sum(self.seconds.values()), 1),
            "machine": measure.machine(),
        }
        self._write(f"{name}.csv", text.getvalue().encode())
        self._write(f"{name}.json", json.dumps(about | facts, indent=1, default=plain).encode())
        widths = {n: max(len(n), *(len(str(r.get(n, ""))) for r in told)) for n in names}
        for row in ({n: n for n in names}, *told):
            print("  ".join(str(row.get(n, "")).ljust(widths[n]) for n in names).rstrip())

    def figure(self, name: str, rows: int, columns: int, size: tuple[float, float]) -> Figure:
        """A figure to draw on, within a `with` block, that is saved at its end."""
        return Figure(self, name, rows, columns, size)

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        write_atomically(path, content)
        self._made.append(path)

    def finish(self) -> Path:
        """Says what was written and where."""
        self.say(f"done; the parts took {sum(self.seconds.values()):.0f} s in all")
        for path in self._made:
            print(path)
        print(f"raw data: {self.folder / 'data'}")
        return self.folder


class Figure:
    """A grid of axes that is saved when its block ends without an error."""

    def __init__(
        self, experiment: Experiment, name: str, rows: int, columns: int, size: tuple[float, float]
    ) -> None:
        import matplotlib

        matplotlib.use("agg")
        import matplotlib.pyplot as plt

        self._experiment, self._name, self._plt = experiment, name, plt
        self._figure, self.axes = plt.subplots(
            rows, columns, figsize=size, squeeze=False, constrained_layout=True
        )

    def __enter__(self) -> Any:
        return self._figure, self.axes

    def __exit__(self, kind: Any, *_: Any) -> None:
        path = self._experiment.folder / f"{self._name}.png"
        if kind is None:
            with replacing(path) as file:
                self._figure.savefig(file, dpi=110, format="png")
            self._experiment._made.append(path)
        self._plt.close(self._figure)


def written(value: Any) -> Any:
    """A number or an interval as it stands in a table."""
    if isinstance(value, dict) and "mean" in value:
        if value["mean"] is None:
            return "-"
        low, high = value["low"], value["high"]
        shown = "{:.3g}" if abs(value["mean"]) < 100 else "{:.0f}"
        return f"{shown} [{shown}, {shown}]".format(value["mean"], low, high)
    return f"{value:.4g}" if isinstance(value, float) else value


def plain(value: Any) -> Any:
    """What JSON has no word for."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def band(axis: Any, x: Any, intervals: Sequence[dict[str, Any]], label: str, color: str) -> None:
    """A line through means with their intervals as bars."""
    mean, low, high = (np.array([i[k] for i in intervals], float) for k in ("mean", "low", "high"))
    bars = np.maximum(np.stack([mean - low, high - mean]), 0)
    axis.errorbar(x, mean, bars, fmt="o-", capsize=3, label=label, color=color)


@functools.lru_cache(maxsize=64)
def _world(text: str) -> Any:
    return RunConfig.from_dict(json.loads(text)).environment()


def world_of(config: RunConfig) -> Any:
    """The environment of a configuration: one object for one meaning, so as to compile once."""
    return _world(text_of(config))


@functools.lru_cache(maxsize=64)
def network_of(env: Any, network: NetworkConfig) -> Policy:
    """The policy of an environment, likewise one object whatever seed it was trained with."""
    return make_policy(env.spec, env.config.num_populations, network)


def text_of(config: RunConfig) -> str:
    """What is the same for all seeds of a configuration."""
    plain = dataclasses.replace(config, seed=0).as_dict()
    return json.dumps(plain, sort_keys=True)


def policy_of(
    experiment: Experiment, name: str, config: RunConfig, env: Any = None
) -> tuple[Contestant, Any]:
    """A policy trained for `settings["decisions"]`, kept beside the experiments' folders.

    Policies of one size are shared between experiments; `NAME.npz` is what `jaxmmo evaluate` takes.

    Args:
      experiment: for whom.
      name: of the policy.
      config: environment, network, settings of the learner, seed.
      env: in which it is to play; that in which it learnt if omitted.

    Returns:
      The policy with its parameters, and the environment.
    """
    decisions = experiment.settings["decisions"]
    folder = experiment.folder.parent / f"policies-{experiment.size}"
    path = folder / f"{name}-{decisions}.npz"
    curve = folder / f"{name}-{decisions}.curve.npz"
    if path.is_file() and library.config_of_policy(path) != config:
        raise SystemExit(f"{path} was trained otherwise: choose another --out, or move it away")
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        experiment.say(f"training {name} for {decisions:,} decisions ...")
        params, history = train(config, decisions, lambda text: experiment.say(name + text))
        with replacing(curve) as file:
            np.savez_compressed(file, curve=history, seconds=time.monotonic() - began)
        library.save(path, config, params)
    with np.load(curve) as file:
        experiment.seconds[f"training {name}"] = float(file["seconds"])
    env = world_of(config) if env is None else env
    params = library.load(str(path), env).params
    return Contestant(network_of(env, config.network), params), env


def train(config: RunConfig, decisions: int, say: Callable[[str], None]) -> tuple[Any, np.ndarray]:
    """Parameters after a number of decisions, and decisions, lifetime, population by update."""
    state_of, update = _programs(text_of(config))
    state, curve, told = state_of(jax.random.key(config.seed)), [], time.monotonic()
    steps = 0
    while steps < decisions:
        state, metrics = update(state)
        steps += int(metrics["steps"])
        curve.append([steps, float(metrics["lifetime"]), float(metrics["population"])])
        if time.monotonic() - told > 20:
            told = time.monotonic()
            say(f": {steps:,} of {decisions:,} decisions, lifetime {curve[-1][1]:.1f}")
    return state.params, np.array(curve)


@functools.lru_cache(maxsize=2)
def _programs(text: str) -> tuple[Any, Any]:
    config, env = RunConfig.from_dict(json.loads(text)), _world(text)
    learner = Learner(env, network_of(env, config.network), config.learn)
    return jax.jit(learner.init), jax.jit(learner.update, donate_argnums=0)


def world_of_agents(agents: int, seed: int) -> RunConfig:
    """How policies for worlds of so many agents are trained: all else is held equal.

    Every world is as old as 256 ticks at most, minibatches are of one size, and a decision is
    learnt from once: policies differ in how many others there are.
    """
    worlds = max(16, 512 // agents)
    return RunConfig(
        env={"capacity": agents, "max_spawns": max(1, agents // 16)},
        rules={"spawn_attempts": max(1, agents // 16)},
        learn=LearnConfig(worlds=worlds, renewed=worlds // 16, ticks=16),
        network=NetworkConfig(populations="shared"),
        seed=seed,
    )


def policy_for(
    experiment: Experiment, agents: int, seed: int, at: int | None = None
) -> tuple[Contestant, Any]:
    """A policy that learnt in worlds of so many agents, shared between experiments of one size.

    Args:
      experiment: for whom.
      agents: in each world in which it learnt.
      seed: of its training.
      at: slots of the worlds in which it is to play; as many if omitted.

    Returns:
      The policy with its parameters, and the environment in which it is to play.
    """
    config = world_of_agents(agents, seed)
    env = None if at is None else world_of(world_of_agents(at, seed))
    return policy_of(experiment, f"agents-{agents}-{seed}", config, env)
