"""`jaxmmo train`: agents learn, in a directory that holds all there is to know of the run."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from jaxmmo.cli.options import (
    add_host_options,
    add_idea_options,
    add_mesh_option,
    join_hosts,
    place,
)
from jaxmmo.runs.ending import Stop


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from jaxmmo.cli import settings

    parser.formatter_class = settings.HelpFormatter
    parser.epilog = settings.explained()
    add_idea_options(parser, preset=None, of_run=" (JaxMMO-v1)")
    parser.add_argument(
        "--policy",
        metavar="FILE.py:NAME",
        help="your own function make_policy(spec) -> policy, instead of the default network",
    )
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
        help="a setting of the learner, the network or the environment, see below (repeatable)",
    )
    add_mesh_option(parser)
    add_host_options(parser)
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--json", action="store_true", help="end with a summary in JSON")


def run(args: argparse.Namespace) -> int:
    """Trains; see `jaxmmo train --help`."""
    if args.overwrite and args.resume:
        raise ValueError("--overwrite and --resume: choose one")
    if args.updates is not None and args.updates < 1:
        raise ValueError(f"--updates {args.updates}: must be at least 1")
    from jaxmmo.cli import settings, signals

    if args.mesh is not None:
        from jaxmmo.parallel import mesh

        mesh.parse(args.mesh)
    parts = settings.parse(args.set, own_env=args.env is not None, preset=args.preset)
    if args.no_attack:
        parts["learn"]["attacks"] = False
    path = args.output or _default_directory(args)
    again = f"jaxmmo train --output {shlex.quote(str(path))} --resume"
    many = join_hosts(args)
    program = signals.active()
    if program is not None:
        program.nothing_lost = True
        program.abandoned = (
            f"interrupted, and everything is saved; go on with: {again}"
            if args.resume
            else "interrupted before anything was learned; start again, or go on with: " + again
        )
    if not many:
        return _train(args, parts, path, again)
    import jax

    from jaxmmo.parallel import hosts

    status = 2
    try:
        status = _train(args, parts, path, again)
    except (jax.errors.JaxRuntimeError, ValueError, OSError, ModuleNotFoundError) as error:
        hosts.end_if_lost(error)
        if program is None:
            raise
        # the others are not waited for: they hear of it, or fail alike
        print(f"jaxmmo train: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
        signals.end(status)
    hosts.leave()
    return status


def _train(args: argparse.Namespace, parts: dict[str, Any], path: Path, again: str) -> int:
    from jaxmmo.cli import signals
    from jaxmmo.parallel import hosts, timing
    from jaxmmo.runs import run as runs
    from jaxmmo.workflow import training

    program = signals.active()
    done = training.train(
        place(args),
        policy=args.policy,
        rules=args.rules,
        learn=parts["learn"],
        network=parts["network"],
        overrides=parts["env"],
        directory=path,
        time=args.time,
        updates=args.updates,
        seed=args.seed,
        resume=args.resume,
        overwrite=args.overwrite,
        checkpoint=args.checkpoint,
        save_every=args.save_every,
        eval_every=args.eval_every,
        quiet=args.quiet,
        trust=args.trust,
        stop=program or Stop(),
        mesh=args.mesh,
    )
    status = program.status if program is not None and done.interrupted else 0
    if not hosts.is_first():
        return status
    summary = done.summary
    if done.interrupted:
        print(f"{path}: interrupted, and everything is saved; go on with: {again}")
    elif not args.quiet:
        print(f"{path}: lifetime {summary['lifetime']:.1f} after {summary['elapsed']:.0f} s")
        print(f"learning curve: {path / runs.CURVE}")
        print(f"measure it on new maps: jaxmmo evaluate {path}")
    if not args.quiet:
        print(timing.table(summary["time"]), file=sys.stderr)
    if args.json:
        print(json.dumps({"run": str(path), "seed": done.config.seed} | summary))
    return status


def _default_directory(args: argparse.Namespace) -> Path:
    """runs/NAME-SEED, by the preset or by the file that makes the environment."""
    name = args.preset or "JaxMMO-v1"
    if args.env is not None:
        name = Path(args.env.rpartition(":")[0]).stem.rpartition(".")[2]
    return Path("runs") / f"{name}{'-no-attack' if args.no_attack else ''}-{args.seed}"
