"""`jaxmmo record`: a world as a replay, an image or a film."""

from __future__ import annotations

import argparse
from pathlib import Path

from jaxmmo.cli.options import add_world_options, world_arguments

KINDS = ".jmmo, .gif, .mp4, .png"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    add_world_options(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, help=f"file to write: {KINDS}")
    parser.add_argument(
        "--ticks", type=int, help="ticks to record (default: 200, or a whole replay)"
    )
    parser.add_argument(
        "--policy-outputs",
        action="store_true",
        help="keep what the policy prefers, its value and its attention too (larger)",
    )
    parser.add_argument("--scale", type=int, default=10, help="pixels a tile of pictures")
    parser.add_argument("--pace", type=float, default=8.0, help="ticks a second of films")
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")


def run(args: argparse.Namespace) -> int:
    """Records."""
    from jaxmmo.workflow.recording import record

    path = record(
        args.player,
        output=args.output,
        ticks=args.ticks,
        policy_outputs=args.policy_outputs,
        scale=args.scale,
        pace=args.pace,
        overwrite=args.overwrite,
        **world_arguments(args),
    )
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    return 0
