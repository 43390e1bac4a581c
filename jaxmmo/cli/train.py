"""`jaxmmo train`: agents learn, in a directory that holds all there is to know of the run."""

from __future__ import annotations

import argparse
import json
import shlex
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
    parser.add_argument(
        "--checkpoint",
        type=int,
        metavar="UPDATE",
        help="with --resume: continue from this checkpoint; later ones are set aside",
    )
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
    from jaxmmo.cli import signals
    from jaxmmo.runs import run as runs
    from jaxmmo.runs.progress import display

    config = _config(args)
    attack = "-no-attack" if args.no_attack else ""
    path = args.output or Path("runs") / f"{args.preset}{attack}-{args.seed}"
    again = f"jaxmmo train --output {shlex.quote(str(path))} --resume"
    program = signals.active()
    if program is not None:
        program.nothing_lost = True
        program.abandoned = (
            f"interrupted, and everything is saved; go on with: {again}"
            if args.resume
            else "interrupted before anything was learned; start again, or go on with: " + again
        )
    if seconds is None and args.updates is None:
        seconds = 300.0
    with runs.open_run(
        path,
        config,
        overwrite=args.overwrite,
        resume=args.resume,
        from_checkpoint=args.checkpoint,
    ) as directory:
        config = directory.config
        summary = runs.train(
            config.learner(),
            directory,
            runs.Budget(seconds=seconds, updates=args.updates),
            seed=config.seed,
            save_every=save_every,
            eval_every=eval_every,
            screen=display(args.quiet),
            stop=program,
            title=_title(config),
        )
    stopped = program is not None and program.requested
    if stopped:
        print(f"{path}: interrupted, and everything is saved; go on with: {again}")
    elif not args.quiet:
        print(f"{path}: lifetime {summary['lifetime']:.1f} after {summary['elapsed']:.0f} s")
        print(f"learning curve: {path / runs.CURVE}")
        print(f"measure it on new maps: jaxmmo evaluate {path}")
    if args.json:
        print(json.dumps({"run": str(path), "seed": config.seed} | summary))
    return program.status if stopped else 0


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

    preset(args.preset)
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
    about = {"preset": args.preset, "seed": args.seed} | parts
    config = RunConfig.from_dict(about)
    config.environment()  # refuses what is wrong there before anything is written
    return config


def _title(config: Any) -> str:
    """What stands above the learning curve."""
    attacks = "" if config.learn.attacks else ", attacks masked"
    return f"{config.preset}{attacks}, seed {config.seed}"


def _value(text: str) -> Any:
    """A number or truth value where it reads as one, else the text."""
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except (ValueError, RecursionError):
        return text
