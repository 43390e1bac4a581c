"""`jaxmmo record`: a world as a replay, an image or a film."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from jaxmmo.cli.options import add_world_options, make_world

if TYPE_CHECKING:
    from jaxmmo.replay.frames import Frame

KINDS = (".jmmo", ".gif", ".mp4", ".png")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    add_world_options(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help=f"file to write: {', '.join(KINDS)}"
    )
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
    from jaxmmo.files.atomic import named
    from jaxmmo.viewer.progress import progress

    suffix = args.output.suffix.lower()
    if suffix not in KINDS:
        raise ValueError(f"{args.output}: the name must end in one of {', '.join(KINDS)}")
    if args.ticks is not None and args.ticks < 0:
        raise ValueError(f"--ticks {args.ticks}: must be 0 or more")
    if not 0.1 <= args.pace <= 60:
        raise ValueError(f"--pace {args.pace}: must be in [0.1, 60] ticks a second")
    if args.output.exists() and not args.overwrite:
        raise FileExistsError(f"{args.output} exists: choose another name, or add --overwrite")
    if not args.output.parent.is_dir():
        raise FileNotFoundError(f"{args.output.parent} is not a folder")
    record = _record_replay if suffix == ".jmmo" else _record_pictures
    with named(args.output, overwrite=args.overwrite) as part:
        count = record(args, part, lambda items, total: progress(items, total, "recording"))
    size = args.output.stat().st_size
    print(f"{args.output}: {count - 1} ticks, {size / 1e6:.2f} MB")
    return 0


def _record_replay(args: argparse.Namespace, path: Path, shown) -> int:
    from jaxmmo.replay.replay import ReplayWriter

    if args.player.endswith(".jmmo"):
        raise ValueError(f"{args.player} is a replay already: record it as {', '.join(KINDS[1:])}")
    world = make_world(args, outputs=args.policy_outputs)
    ticks = 200 if args.ticks is None else args.ticks
    with (
        path.open("r+b") as file,
        ReplayWriter(file, world.env, world.rules, world.title, args.seed) as writer,
    ):
        writer.append(world.frame)
        for _ in shown(range(ticks), ticks):
            writer.append(world.step())
    return ticks + 1


def _record_pictures(args: argparse.Namespace, path: Path, shown) -> int:
    from jaxmmo.viewer.film import FILMS
    from jaxmmo.viewer.render import render

    if not 2 <= args.scale <= 64:
        raise ValueError(f"--scale {args.scale}: must be in [2, 64] pixels a tile")
    suffix = path.suffix.lower()
    film = FILMS[suffix](path, args.pace)
    total, frames = _frames(args)
    with contextlib.closing(film):
        for index, frame in enumerate(shown(frames, total)):
            if suffix != ".png" or index == total - 1:
                film.add(render(frame.state, frame.events, scale=args.scale))
    return total


def _frames(args: argparse.Namespace) -> tuple[int, Iterator[Frame]]:
    if args.player.endswith(".jmmo"):
        from jaxmmo.replay.replay import Replay

        replay = Replay.load(args.player)
        total = len(replay) if args.ticks is None else min(len(replay), args.ticks + 1)
        return total, (replay[i] for i in range(total))
    world = make_world(args, outputs=False)
    ticks = 200 if args.ticks is None else args.ticks

    def play() -> Iterator[Frame]:
        yield world.frame
        for _ in range(ticks):
            yield world.step()

    return ticks + 1, play()
