"""`python -m tests.campaigns NAME`: attacks too long for the tests; see `.ci/campaign`."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import jax
import numpy as np

import jaxmmo
from jaxmmo.runs import config, logs, run
from jaxmmo.runs.checkpoint import Checkpoints
from tests.campaigns import checkpoints, economy, kills, meshes, mutations
from tests.runs.tiny import train


def reliability(args: argparse.Namespace) -> None:
    """Damaged files of every format, damaged checkpoints, killed runs."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, kind in mutations.formats(folder).items():
            timed(name, lambda kind=kind: mutations.attack(kind, args.mutations, args.seed))
        timed("checkpoint", lambda: checkpoints.attack(folder / "attacked", args.damage, args.seed))
        if args.kills:
            timed("kills", lambda: killed(folder, args.kills, args.seed))
    print("all held")


def parallel(args: argparse.Namespace) -> None:
    """The same run on many meshes, and weak scaling on virtual devices.

    Virtual devices share this machine's cores: the rates say what dividing the work costs, not what
    more devices would gain.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for core in ("feedforward", "recurrent"):
            for layout in meshes.LAYOUTS[1:]:
                what = f"{core} {layout}"
                timed(what, lambda c=core, m=layout: meshes.equal(folder, m, c, args.updates))
                print(meshes.drift(folder, layout, core), flush=True)
    for devices in (1, 2, 4, 8):
        timed("scaling", lambda n=devices: meshes.scaling(n))
    print("all held")


def learning(args: argparse.Namespace) -> None:
    """A training script on another library, for ten minutes: its agents outlive random ones."""
    words = ["--minutes", str(args.minutes), "--seed", str(args.seed)]
    script = [sys.executable, "-u", f"experiments/{args.script}.py", *words]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = "{}"
        for line in process.stdout:
            print(line, end="", flush=True)
    if process.returncode:
        raise SystemExit(process.returncode)
    told = json.loads(line)
    ratio = told["lifetime"] / told["random"]
    print(f"on new maps they live {ratio:.2f} times as long as random ones")
    assert ratio > 2


def economies(args: argparse.Namespace) -> None:
    """Policies of the second game live, work and trade: trained with several seeds, measured."""
    plan = economy.Plan(
        seeds=tuple(int(seed) for seed in args.seeds.split(",")),
        budget=("--time", f"{args.minutes}m"),
        settings=tuple(economy.recipe(args.tasks).items()),
    )
    if not economy.campaign(args.output, plan):
        raise SystemExit("not all held")
    print("all held")


def killed(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Kills a run so often; it must end bit-equal to one that never was, with a whole log."""
    updates = 8 * (count + 1)
    kills.survive(folder / "killed", count, updates, seed)
    assert train(folder / "whole", "--updates", str(updates)) == 0
    states = [state(folder / name) for name in ("killed", "whole")]
    for one, other in zip(*map(jax.tree.leaves, states), strict=True):
        np.testing.assert_array_equal(one, other)
    records = [record["update"] for record in logs.read(folder / "killed")]
    assert records == list(range(1, updates + 1))
    return {"kills": count, "updates": updates, "leaves_equal": len(jax.tree.leaves(states[0]))}


def state(directory: Path) -> object:
    """Everything in a run's newest checkpoint but the clock."""
    learner = config.read(directory).learner()
    return run.restore(learner, 0, Checkpoints(directory))[0]


def timed(name: str, attack: Callable[[], dict[str, int]]) -> None:
    """Runs an attack and prints a line."""
    began = time.monotonic()
    result = ", ".join(f"{number:,} {what}" for what, number in attack().items())
    print(f"{name:>10}: {result} ({time.monotonic() - began:.0f} s)", flush=True)


def main(words: Iterable[str]) -> None:
    """Parses and runs."""
    parser = argparse.ArgumentParser(prog=".ci/campaign")
    subparsers = parser.add_subparsers(dest="name", required=True)
    sub = subparsers.add_parser("reliability", help=reliability.__doc__)
    sub.add_argument("--mutations", type=int, default=10_000, help="of a file of each format")
    sub.add_argument("--damage", type=int, default=500, help="to each file of a checkpoint")
    sub.add_argument("--kills", type=int, default=100, help="of a run that is resumed each time")
    sub.add_argument("--seed", type=int, default=0, help="of all that is drawn")
    sub = subparsers.add_parser("parallel", help=parallel.__doc__)
    sub.add_argument("--updates", type=int, default=20, help="made on every mesh")
    sub = subparsers.add_parser("learning", help=learning.__doc__)
    sub.add_argument("script", choices=["torch_ppo", "pettingzoo_ppo", "jaxmarl_ippo"])
    sub.add_argument("--minutes", type=float, default=10.0, help="of training")
    sub.add_argument("--seed", type=int, default=0, help="of all that is drawn")
    sub = subparsers.add_parser("economy", help=economies.__doc__)
    sub.add_argument("--minutes", type=float, default=20.0, help="of training with each seed")
    sub.add_argument("--tasks", default="survival", help="of training: survival or a curriculum")
    sub.add_argument("--seeds", default="0,1,2", help="with which policies are trained")
    sub.add_argument(
        "--output", type=Path, default=Path("runs/economy"), help="a campaign there goes on"
    )
    args = parser.parse_args(list(words))
    given = {name: value for name, value in vars(args).items() if name not in ("name", "script")}
    told = [args.name, *([args.script] if "script" in args else [])]
    options = " ".join([*told, *(f"--{name} {value}" for name, value in given.items())])
    print(f"$ .ci/campaign {options}", flush=True)
    python, system = platform.python_version(), platform.system()
    print(f"jaxmmo {jaxmmo.__version__}, jax {jax.__version__}, Python {python}, {system}")
    campaigns = {"reliability": reliability, "parallel": parallel, "learning": learning}
    (campaigns | {"economy": economies})[args.name](args)


if __name__ == "__main__":
    main(sys.argv[1:])
