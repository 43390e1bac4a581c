"""Policies of the second game learn to live, to work and to trade: trained, measured, judged.

Everything lies in one folder and is made once: a campaign that was killed goes on where it was.
"""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import jaxmmo
from jaxmmo.evaluation import survival, watching
from jaxmmo.evaluation.watching import EvalConfig
from jaxmmo.files.atomic import write_atomically
from jaxmmo.runs import config, library
from tests.campaigns.verdicts import CRITERIA, RIVALS, Measured, Share, shares, table, verdict

PRESET = "JaxMMO-v2"
RECIPE: dict[str, Any] = {
    "reward": "livelihood",
    "populations": "shared",
    "max_visible": 16,
    "offers": 16,
}
"""Settings of training, as `--set` takes them. Networks read tables of any length: what they learn
on sixteen rows of bodies and of the market they use on all of them."""

SEEN = ("max_visible", "offers")
"""Those that only make training faster: policies are measured in worlds without them."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a campaign does.

    Attributes:
      seeds: a policy is trained with each of them.
      budget: of each, as options of `jaxmmo train`.
      settings: of training, by name.
      worlds: in which a policy is measured against each rival, half of the populations each.
      ticks: for which they are watched.
      horizon: see `EvalConfig`.
    """

    seeds: tuple[int, ...] = (0, 1, 2)
    budget: tuple[str, ...] = ("--time", "20m")
    settings: tuple[tuple[str, object], ...] = tuple(RECIPE.items())
    worlds: int = 8
    ticks: int = 1000
    horizon: int = 500

    def about(self) -> dict[str, Any]:
        """What must be the same for a folder to be gone on with; seeds may be added."""
        data = dataclasses.asdict(self)
        del data["seeds"]
        return json.loads(json.dumps(data | {"behaviour": jaxmmo.BEHAVIOUR_VERSION}))


def recipe(tasks: str) -> dict[str, Any]:
    """Settings of training on the tasks of a curriculum, "survival" being the game's own.

    Whoever completes a task is given another: else only death would bring one. ValueError for a
    curriculum that is not there.
    """
    if tasks == "survival":
        return dict(RECIPE)
    own: dict[str, Any] = {"tasks": tasks, "renewal": "completion"}
    jaxmmo.make(PRESET, **own)
    return RECIPE | own


def campaign(folder: Path, plan: Plan) -> bool:
    """Trains and measures what is not there yet, prints the verdicts; whether all of them hold.

    Raises:
      ValueError: if the folder holds a campaign of another plan.
    """
    claim(folder, plan)
    for seed in plan.seeds:
        train(folder, seed, plan)
    measured: Measured = {
        rival: [measure(folder, seed, rival, plan) for seed in plan.seeds] for rival in RIVALS
    }
    verdicts = [verdict(criterion, measured) for criterion in CRITERIA]
    write_atomically(folder / "verdicts.json", json.dumps(verdicts, indent=1).encode() + b"\n")
    print(table(verdicts), flush=True)
    print(f"the baseline that ships: {shipping(folder, plan, measured)}", flush=True)
    return all(v["holds"] for v in verdicts)


def shipping(folder: Path, plan: Plan, measured: Measured) -> str:
    """The command that makes the baseline of the seed that lives longest beside foragers."""
    lived = [mine["lifetime"] for mine, _ in measured["forager"]]
    means = [s.top.sum() / max(s.bottom.sum(), 1) for s in lived]
    run = run_of(folder, plan.seeds[int(np.argmax(means))])
    return f"python -m jaxmmo.runs.library {run} jaxmmo/baselines/{PRESET}.npz"


def claim(folder: Path, plan: Plan) -> None:
    """Makes the folder, or finds that it holds the same plan."""
    path = folder / "plan.json"
    if path.is_file():
        if json.loads(path.read_text()) != plan.about():
            raise ValueError(f"{folder} holds another campaign: choose another --output")
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(plan.about(), indent=1).encode() + b"\n")


def run_of(folder: Path, seed: int) -> Path:
    """The directory of a seed's run."""
    return folder / f"seed-{seed}"


def train(folder: Path, seed: int, plan: Plan) -> None:
    """Trains with a seed, or goes on with that, unless its budget is spent."""
    run, done = run_of(folder, seed), folder / f"seed-{seed}.json"
    if done.is_file():
        print(f"seed {seed} was trained: {done.read_text().strip()}", flush=True)
        return
    words = [sys.executable, "-m", "jaxmmo", "train", "--output", str(run), *plan.budget]
    if (run / config.NAME).is_file():
        words.append("--resume")
    else:
        words += ["--preset", PRESET, "--seed", str(seed)]
        words += [f"--set={name}={written(value)}" for name, value in plan.settings]
    print(f"seed {seed}: $ jaxmmo {' '.join(words[3:])}", flush=True)
    told = subprocess.run([*words, "--json", "--quiet"], check=True, stdout=subprocess.PIPE)
    summary = json.loads(told.stdout.splitlines()[-1])
    kept = {name: summary[name] for name in ("updates", "steps", "lifetime", "elapsed")}
    write_atomically(done, json.dumps(kept).encode() + b"\n")
    print(f"seed {seed}: {done.read_text().strip()}", flush=True)


def written(value: object) -> str:
    """A setting as `--set` takes it."""
    return value if isinstance(value, str) else json.dumps(value)


def measure(
    folder: Path, seed: int, rival: str, plan: Plan
) -> tuple[dict[str, Share], dict[str, Share]]:
    """What a seed's policy and a rival come to in worlds that they share, read if it was measured.

    Maps are not those of training, and others for every seed.
    """
    path = folder / f"seed-{seed}-{rival}.npz"
    if not path.is_file():
        own = config.read(run_of(folder, seed))
        env = jaxmmo.make(PRESET, **{k: v for k, v in own.env.items() if k not in SEEN})
        players = [library.load_run(run_of(folder, seed), env), library.load(rival, env)]
        how = EvalConfig(worlds=plan.worlds, ticks=plan.ticks, horizon=plan.horizon, seed=seed)
        counts, _ = watching.run(env, players, how)
        owner = watching.sides(env.config.num_populations, plan.worlds, 2)
        content = io.BytesIO()
        np.savez_compressed(content, **_flat([shares(counts, owner == side) for side in (0, 1)]))
        write_atomically(path, content.getvalue())
    with np.load(path) as file:
        arrays = dict(file)
    pair: tuple[dict[str, Share], dict[str, Share]] = ({}, {})
    for name in arrays:
        side, quantity, part = name.split("/")
        if part == "top":
            share = Share(arrays[name], arrays[f"{side}/{quantity}/bottom"])
            pair[int(side)][quantity] = share
    means = [{k: survival.ratio(*share)["mean"] for k, share in of.items()} for of in pair]
    for who, of in zip((f"seed {seed}", rival), means, strict=True):
        print(f"{who}: {', '.join(f'{k} {v:.4g}' for k, v in of.items() if v is not None)}")
    return pair


def _flat(pair: Sequence[dict[str, Share]]) -> dict[str, Any]:
    """Arrays by side, quantity and part."""
    return {
        f"{side}/{quantity}/{part}": array
        for side, of in enumerate(pair)
        for quantity, share in of.items()
        for part, array in share._asdict().items()
    }
