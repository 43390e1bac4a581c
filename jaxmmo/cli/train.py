"""`jaxmmo train`: agents learn, in a directory that holds all there is to know of the run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--preset", default="JaxMMO-v1", help="of the environment")
    parser.add_argument("--no-attack", action="store_true", help="mask all attacks")
    parser.add_argument("--seed", type=int, default=0, help="of everything")
    parser.add_argument(
        "--time",
        default=None,
        help="length of the run: 90s, 10m, 2h (5m if --updates is not given)",
    )
    parser.add_argument("--updates", type=int, default=None, help="end after this many updates")
    parser.add_argument("--output", type=Path, default=None, help="directory (runs/PRESET-SEED)")
    parser.add_argument("--overwrite", action="store_true", help="replace a run in that directory")
    parser.add_argument("--resume", action="store_true", help="continue the run in that directory")
    parser.add_argument("--save-every", default="60s", help="time between checkpoints")
    parser.add_argument(
        "--eval-every",
        default="0",
        help="time between evaluations on held-out maps, logged and drawn (0: none)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the learner, the network or the environment (repeatable)",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--json", action="store_true", help="end with a summary in JSON")


def run(args: argparse.Namespace) -> int:
    """Trains; see `jaxmmo train --help`."""
    if args.overwrite and args.resume:
        raise ValueError("--overwrite and --resume: choose one")
    seconds = None if args.time is None else parse_time(args.time)
    if args.updates is not None and args.updates < 1:
        raise ValueError(f"--updates {args.updates}: must be at least 1")
    save_every, eval_every = parse_time(args.save_every), parse_time(args.eval_every)
    from jaxmmo.runs import run as runs

    config = _config(args)
    attack = "-no-attack" if args.no_attack else ""
    directory = args.output or Path("runs") / f"{args.preset}{attack}-{args.seed}"
    config = runs.prepare(directory, config, overwrite=args.overwrite, resume=args.resume)
    if seconds is None and args.updates is None:
        seconds = 300.0
    budget = runs.Budget(seconds=seconds, updates=args.updates)
    summary = runs.run(
        directory,
        config,
        budget,
        quiet=args.quiet,
        save_every=save_every,
        eval_every=eval_every,
    )
    if not args.quiet:
        print(f"{directory}: lifetime {summary['lifetime']:.1f} after {summary['elapsed']:.0f} s")
        print(f"learning curve: {directory / runs.CURVE}")
        print(f"measure it on new maps: jaxmmo evaluate {directory}")
    if args.json:
        print(json.dumps({"run": str(directory), "seed": config.seed} | summary))
    return 0


def parse_time(text: str) -> float:
    """Seconds from 90, 90s, 1.5m or 2h; ValueError otherwise."""
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1.0)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"time {text!r}: must be like 90s, 10m or 2h")
    return seconds


def _config(args: argparse.Namespace) -> Any:
    """The run's configuration; settings go to whichever part knows their name."""
    import dataclasses

    from jaxmmo.env.config import EnvConfig, preset
    from jaxmmo.learning.config import LearnConfig
    from jaxmmo.runs.config import RunConfig
    from jaxmmo.runs.setup import NetworkConfig

    base = preset(args.preset)
    parts: dict[str, dict[str, Any]] = {"learn": {}, "network": {}, "env": {}}
    kinds = {"learn": LearnConfig, "network": NetworkConfig, "env": EnvConfig}
    names = {k: [f.name for f in dataclasses.fields(kind)] for k, kind in kinds.items()}
    for setting in args.set:
        name, equals, value = setting.partition("=")
        part = next((k for k in parts if name in names[k]), None)
        if not equals or part is None:
            known = "; ".join(f"{k}: {', '.join(v)}" for k, v in names.items())
            raise ValueError(f"--set {setting}: must be NAME=VALUE with one of {known}")
        parts[part][name] = _value(value)
    if args.no_attack:
        parts["learn"]["attacks"] = False
    base.replace(**parts["env"])
    return RunConfig(
        preset=args.preset,
        env=parts["env"],
        learn=LearnConfig().replace(**parts["learn"]),
        network=NetworkConfig(**parts["network"]),
        seed=args.seed,
    )


def _value(text: str) -> Any:
    """A number or truth value where it reads as one, else the text."""
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except json.JSONDecodeError:
        return text
