"""What several commands ask in common: who plays, in what world, by which rules."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any


def add_idea_options(parser: argparse.ArgumentParser, *, preset: str | None, of_run: str) -> None:
    """Adds what a user can bring: `--preset` or `--env`, `--rules`, and `--trust`.

    Args:
      parser: of the command.
      preset: the default preset; None where a run brings its own.
      of_run: said of the defaults in the help.
    """
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--preset", default=preset, help=f"of the world{of_run}")
    where.add_argument(
        "--env",
        metavar="FILE.py:NAME",
        help="your own function make_env(**overrides) -> env, or package.module:NAME",
    )
    parser.add_argument(
        "--rules",
        metavar="RULES",
        help="rules to change, as in water_decay=2,reach=[1,4,6]; or FILE.py:NAME of a function "
        "sample_rules(key, env) that draws them anew for every world",
    )
    if of_run:
        add_trust(parser)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Adds `--trust`."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="execute the Python files that a run's directory holds; read them first",
    )


def add_mesh_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--mesh`."""
    parser.add_argument(
        "--mesh",
        metavar="AXES",
        help="devices to use, as in worlds=4 or worlds=4,agents=2 (all accelerators on worlds)",
    )


def add_host_options(parser: argparse.ArgumentParser) -> None:
    """Adds how several processes find each other."""
    parser.add_argument(
        "--distributed",
        action="store_true",
        help="one of several processes: found from SLURM, Open MPI, Kubernetes, TPU pods, jaxmmo "
        "launch, or said by the next three",
    )
    parser.add_argument("--coordinator", metavar="HOST:PORT", help="where process 0 listens")
    parser.add_argument("--process-id", type=int, metavar="I", help="of this process, from 0")
    parser.add_argument("--process-count", type=int, metavar="N", help="how many there are")
    parser.add_argument(
        "--coordinator-wait", default="60s", metavar="TIME", help="for the other processes to come"
    )


def join_hosts(args: argparse.Namespace) -> bool:
    """Joins the other processes that the options of `add_host_options` tell of.

    Returns:
      Whether this is one of several.

    Raises:
      ValueError: for options that do not go together, or processes that do not come.
    """
    names = ("coordinator", "process_id", "process_count")
    given = [name for name in names if getattr(args, name) is not None]
    if given and not args.distributed:
        raise ValueError(f"--{given[0].replace('_', '-')}: only with --distributed")
    from jaxmmo.parallel import hosts

    if not args.distributed and hosts.in_environment() is None:
        return False
    from jaxmmo.workflow.training import parse_time

    told = hosts.Hosts(*(getattr(args, name) for name in names))
    hosts.join(told, parse_time(args.coordinator_wait))
    return hosts.count() > 1


def place(args: argparse.Namespace) -> str | None:
    """The environment that the options name: a preset or code."""
    if args.env is not None:
        from jaxmmo.runs import sources

        sources.find(args.env)  # a name alone would be taken for a preset
    return args.env if args.env is not None else args.preset


def add_world_options(parser: argparse.ArgumentParser) -> None:
    """Adds who plays and in what world."""
    from jaxmmo.workflow.live import DEFAULT_AGENTS

    parser.add_argument(
        "player",
        nargs="?",
        default="forager",
        help="directory of a run, baseline, a script (random, forager, fighter, ...), file of a "
        "policy (.npz), or a replay (.jmmo)",
    )
    add_idea_options(parser, preset=None, of_run=" (the run's own, or JaxMMO-v1)")
    parser.add_argument("--seed", type=int, default=0, help="of the world and of every draw")
    parser.add_argument("--size", type=int, metavar="TILES", help="side of the map")
    parser.add_argument("--capacity", type=int, metavar="N", help="agents that can live at once")
    parser.add_argument(
        "--agents",
        type=int,
        metavar="N",
        help=f"agents placed at the start, 0 for an empty world (default: {DEFAULT_AGENTS} or "
        "all; with --env, what your function says)",
    )
    parser.add_argument("--warmup", type=int, default=0, metavar="N", help="ticks played unseen")


def world_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """What the options of `add_world_options` mean to `watch` and `record`."""
    for name, low in (("warmup", 0), ("seed", 0)):
        if getattr(args, name) < low:
            raise ValueError(f"--{name} {getattr(args, name)}: must be at least {low}")
    overrides: dict[str, Any] = {}
    if args.capacity is not None:
        overrides["capacity"] = args.capacity
    if args.size is not None:
        overrides |= {"height": args.size, "width": args.size}
    return {
        "env": place(args),
        "rules": args.rules,
        "overrides": overrides,
        "agents": args.agents,
        "seed": args.seed,
        "warmup": args.warmup,
        "trust": args.trust,
    }


def show(result: Any, args: argparse.Namespace) -> None:
    """Prints a result, and writes what `--plot` and `--json` ask for."""
    print(result, file=sys.stderr if args.json else sys.stdout)
    if args.plot:
        result.draw(args.plot)
        print(f"picture: {args.plot}", file=sys.stderr)
    if args.json:
        print(json.dumps(result))
