"""`jaxmmo evaluate`: how long a policy's agents live on maps it was not trained on."""

from __future__ import annotations

import argparse
from pathlib import Path

from jaxmmo.cli.options import (
    add_host_options,
    add_idea_options,
    add_mesh_option,
    join_hosts,
    place,
    show,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "policy",
        help="directory of a run, baseline, file of a policy (.npz), or noop, random, careful, "
        "forager, fighter, in the second game trader",
    )
    parser.add_argument("--against", help="a policy that has half of the populations")
    add_idea_options(parser, preset=None, of_run=" (the run's own, or JaxMMO-v1)")
    attacks = parser.add_mutually_exclusive_group()
    attacks.add_argument("--no-attack", action="store_true", help="mask all attacks")
    attacks.add_argument(
        "--attack", action="store_true", help="mask none, also if the run was trained without"
    )
    parser.add_argument("--worlds", type=int, default=16, help="watched side by side")
    parser.add_argument("--ticks", type=int, default=1500, help="each world is watched for")
    parser.add_argument(
        "--horizon",
        type=int,
        default=None,
        help="cap of the restricted mean (500, or half of the ticks where these are no more)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of maps and everything else")
    parser.add_argument("--plot", type=Path, help="write a picture of the results")
    add_mesh_option(parser)
    add_host_options(parser)
    parser.add_argument("--json", action="store_true", help="end with the results in JSON")


def run(args: argparse.Namespace) -> int:
    """Evaluates; see `jaxmmo evaluate --help`."""
    from jaxmmo.workflow.evaluating import evaluate

    if args.plot and not args.plot.parent.is_dir():
        raise FileNotFoundError(f"{args.plot.parent} is not a folder")
    many = join_hosts(args)
    from jaxmmo.parallel import hosts

    result = evaluate(
        args.policy,
        env=place(args),
        against=args.against,
        rules=args.rules,
        attacks=True if args.attack else (False if args.no_attack else None),
        worlds=args.worlds,
        ticks=args.ticks,
        horizon=args.horizon,
        seed=args.seed,
        trust=args.trust,
        mesh=args.mesh,
        quiet=not hosts.is_first(),
    )
    if many:
        hosts.leave()
    if not hosts.is_first():
        return 0
    show(result, args)
    return 0
