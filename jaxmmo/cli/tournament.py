"""`jaxmmo tournament`: policies share worlds, and are rated."""

from __future__ import annotations

import argparse
from pathlib import Path

from jaxmmo.cli.options import add_idea_options, place, show


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "entrants",
        nargs="+",
        help="directories of runs, baseline, files of policies (.npz), or noop, random, careful, "
        "forager, fighter, in the second game trader; of a ladder, the newcomers",
    )
    add_idea_options(parser, preset=None, of_run=" (JaxMMO-v1)")
    parser.add_argument("--no-attack", action="store_true", help="mask all attacks")
    parser.add_argument("--worlds", type=int, default=64, help="played; of a ladder, how many more")
    parser.add_argument("--ticks", type=int, default=1000, help="each world is watched for")
    parser.add_argument("--seed", type=int, default=0, help="of maps, seats and everything else")
    parser.add_argument(
        "--format",
        choices=("all", "ladder"),
        default="all",
        help="all: everybody meets everybody; ladder: newcomers join those in --table",
    )
    parser.add_argument(
        "--table", type=Path, help="file where rounds are saved, and from where they go on"
    )
    parser.add_argument("--plot", type=Path, help="write a picture of the results")
    parser.add_argument("--json", action="store_true", help="end with the results in JSON")


def run(args: argparse.Namespace) -> int:
    """Plays; see `jaxmmo tournament --help`."""
    from jaxmmo.workflow.tournaments import tournament

    for path in (args.plot, args.table):
        if path and not path.parent.is_dir():
            raise FileNotFoundError(f"{path.parent} is not a folder")
    result = tournament(
        args.entrants,
        env=place(args),
        rules=args.rules,
        attacks=not args.no_attack,
        worlds=args.worlds,
        ticks=args.ticks,
        seed=args.seed,
        ladder=args.format == "ladder",
        file=args.table,
        trust=args.trust,
    )
    show(result, args)
    return 0
