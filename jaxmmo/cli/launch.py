"""`jaxmmo launch`: a command in several processes of this machine, which work as one."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from jaxmmo.cli.main import COMMANDS


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """examples:
  jaxmmo launch -n 2 -- train --output runs/two --updates 100
  jaxmmo launch -n 2 --devices 4 -- train --mesh worlds=8 --updates 100
  jaxmmo launch -n 2 -- python my_program.py

Every line of output begins with the number of its process. One process that fails ends all."""
    parser.add_argument("-n", type=int, required=True, metavar="N", help="processes")
    parser.add_argument(
        "--devices",
        type=int,
        metavar="D",
        help="virtual devices that each process makes of the CPU (what there is, if omitted)",
    )
    parser.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="in actors of a Ray cluster, for train --output DIRECTORY ...; when one is lost, the "
        "run goes on from its newest checkpoint",
    )
    parser.add_argument("--gpus", type=float, default=0, help="with --ray: of each actor")
    parser.add_argument(
        "words",
        nargs=argparse.REMAINDER,
        metavar="-- COMMAND",
        help="a command of jaxmmo (train ...), or any program",
    )


def run(args: argparse.Namespace) -> int:
    """Starts them and waits; see `jaxmmo launch --help`."""
    for name, value in (("-n", args.n), ("--devices", args.devices)):
        if value is not None and not 1 <= value <= 1024:
            raise ValueError(f"{name} {value}: must be in [1, 1024]")
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not words:
        raise ValueError("there is no command: jaxmmo launch -n 2 -- train ...")
    if args.ray is not None:
        return _in_ray(args, words)
    from jaxmmo.cli import signals
    from jaxmmo.parallel import launch

    program = signals.active()
    if program is not None:
        program.release(lambda *_: None)
    return launch.launch(command_of(words), args.n, args.devices)


def _in_ray(args: argparse.Namespace, words: list[str]) -> int:
    """Runs a training in a Ray cluster."""
    own = words[1:] if words[0] == "jaxmmo" else words
    if own[:1] != ["train"] or "--output" not in own[:-1] or "--overwrite" in own:
        raise ValueError(
            "--ray: is for train --output DIRECTORY ..., which can be started again, and for that "
            "reason without --overwrite"
        )
    from jaxmmo.cli.main import main
    from jaxmmo.parallel import ray

    address = args.ray or None
    return ray.run(
        main, own, args.n, again=resumed, address=address, devices=args.devices, gpus=args.gpus
    )


def resumed(words: list[str]) -> list[str]:
    """A training's arguments, going on from its newest checkpoint if there is one."""
    from jaxmmo.runs.checkpoint import Checkpoints

    at = words.index("--output") + 1
    directory = Path(words[at]).absolute()
    words = [*words[:at], str(directory), *words[at + 1 :]]
    if Checkpoints(directory).latest is None:
        return words
    return [*(word for word in words if word != "--resume"), "--resume"]


def command_of(words: list[str]) -> list[str]:
    """The program that the words name: jaxmmo's own command may leave its name out.

    Raises:
      ValueError: if there is no such program.
    """
    own = words[1:] if words[0] == "jaxmmo" else words
    if own and own[0] in COMMANDS:
        if own[0] == "launch":
            raise ValueError("launch: cannot be launched")
        return [sys.executable, "-m", "jaxmmo.cli.main", *own]
    if words[0] == "python":
        return [sys.executable, *words[1:]]
    if shutil.which(words[0]) is None:
        raise ValueError(
            f"{words[0]}: is no program, and no command of jaxmmo ({', '.join(COMMANDS)})"
        )
    return words
