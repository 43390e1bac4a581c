"""Command line: `python -m tests.conformance transitions FILE`, and so on."""

from __future__ import annotations

import argparse
import json
import sys


def parser() -> argparse.ArgumentParser:
    """The command line's arguments."""
    top = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description="Hold jaxmmo against recordings of Neural MMO v1.3 and 2.1. The last line "
        "printed is one JSON object; exit 0 only if all that must match does, 1 if not, 2 for bad "
        "input.",
    )
    checks = top.add_subparsers(dest="check", required=True)
    transitions = checks.add_parser("transitions", help="single ticks, every field")
    transitions.add_argument("file")
    transitions.add_argument(
        "--resolution", choices=("sequential", "simultaneous"), default="sequential"
    )
    trace = checks.add_parser("trace", help="a whole run from the empty world")
    trace.add_argument("file")
    observations = checks.add_parser("observations", help="normalised observations")
    observations.add_argument("file")
    statistics = checks.add_parser("statistics", help="long runs with jaxmmo's own draws")
    statistics.add_argument("--policy", choices=("noop", "move", "random"), required=True)
    statistics.add_argument("--seed", type=int, default=0)
    second = checks.add_parser("v2-trace", help="a whole run of the second game")
    second.add_argument("file")
    second.add_argument(
        "--resolution", choices=("sequential", "simultaneous"), default="sequential"
    )
    lived = checks.add_parser("v2-statistics", help="long runs of the second game")
    lived.add_argument("--preset", choices=("Small", "Medium"), required=True)
    lived.add_argument("--policy", choices=("noop", "random_legal", "forager"), required=True)
    lived.add_argument("--seed", type=int, default=0)
    lived.add_argument("--runs", type=int, help="worlds; as many as take some minutes if omitted")
    shown = checks.add_parser("v2-observations", help="the second game's observations and masks")
    shown.add_argument("trace")
    shown.add_argument("observations")
    return top


def main(argv: list[str] | None = None) -> int:
    """Runs one check and prints its report."""
    args = parser().parse_args(argv)
    try:
        summary = run(args)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(summary))
    return 0 if summary["passed"] else 1


def run(args: argparse.Namespace) -> dict:
    """The summary of the check that the arguments name."""
    if args.check == "transitions":
        from tests.conformance import transitions

        return transitions.check(args.file, args.resolution).summary()
    if args.check == "trace":
        from tests.conformance import trace

        return trace.check(args.file).summary()
    if args.check == "observations":
        from tests.conformance import observations

        return observations.check(args.file).summary()
    if args.check == "v2-trace" and args.resolution == "simultaneous":
        from tests.conformance import v2_agreement

        return v2_agreement.check(args.file).summary()
    if args.check == "v2-trace":
        from tests.conformance import v2_trace

        return v2_trace.check(args.file).summary()
    if args.check == "v2-observations":
        from tests.conformance import v2_observations

        return v2_observations.check(args.trace, args.observations).summary()
    if args.check == "v2-statistics":
        from tests.conformance import v2_statistics

        return v2_statistics.check(args.preset, args.policy, args.seed, args.runs)
    from tests.conformance import statistics

    return statistics.check(args.policy, args.seed)


if __name__ == "__main__":
    sys.exit(main())
