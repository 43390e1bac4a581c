"""`jaxmmo COMMAND ...`: finds the command, turns bad input into one line and exit code 2."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import os
import re
import sys
import threading
from collections.abc import Sequence
from typing import Any, NoReturn

from jaxmmo.cli import cache
from jaxmmo.version import __version__

COMMANDS = {
    "train": "train agents with PPO in many worlds at once",
    "evaluate": "measure how long agents live, and why they die",
    "tournament": "let policies share worlds, and rate them",
    "watch": "see a live world or a replay in the browser",
    "record": "record a world as a replay, an image or a film",
    "bench": "measure speed and memory on this machine",
    "doctor": "tell versions, devices and extras, and test that all works",
}
"""Each is a module `jaxmmo.cli.NAME` with `configure(parser)` and `run(args) -> int`."""


class Parser(argparse.ArgumentParser):
    """Says what was meant where a command is misspelt."""

    def error(self, message: str) -> NoReturn:
        """One line and exit code 2."""
        wrong = re.match(r"argument COMMAND: invalid choice: '([^']*)'", message)
        if wrong:
            close = difflib.get_close_matches(wrong[1], COMMANDS, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            message = f"unknown command {wrong[1]!r}{hint} (there are: {', '.join(COMMANDS)})"
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        self.exit(2)


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser; only the named command's options are loaded, so that `--help` is quick."""
    parser = Parser(
        prog="jaxmmo", description="A massively multiagent world as a pure function on arrays."
    )
    parser.add_argument("--version", action="version", version=f"jaxmmo {__version__}")
    parser.add_argument(
        "--completion",
        action=_Completion,
        choices=("bash", "zsh", "fish"),
        help="print a script that teaches a shell to complete this command",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        sub = subparsers.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        if name == command:
            importlib.import_module(f"jaxmmo.cli.{name}").configure(sub)
    return parser


class _Completion(argparse.Action):
    """Prints the script and ends, as `--version` does."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, values: Any, *_: Any
    ) -> None:
        from jaxmmo.cli.completion import script

        commands = {}
        for name in COMMANDS:
            (sub,) = (
                action.choices[name]
                for action in build_parser(name)._actions
                if isinstance(action, argparse._SubParsersAction)
            )
            commands[name] = sub
        print(script(values, commands), end="")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code, 2 for bad input, 130 when interrupted.

    Called without arguments it is the program itself, and handles signals (see `cli.signals`).
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = next((a for a in arguments if a in COMMANDS), None)
    parser = build_parser(command)
    args = parser.parse_args(arguments)
    own = argv is None and threading.current_thread() is threading.main_thread()
    from jaxmmo.cli.signals import Signals

    with Signals(args.command) if own else contextlib.nullcontext():
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    """Runs a command; the one place where errors of input become one line."""
    cache.use(args.command)
    from jaxmmo.runs.config import check_seed

    try:
        check_seed(getattr(args, "seed", 0), "--seed ")
        return importlib.import_module(f"jaxmmo.cli.{args.command}").run(args)
    except BrokenPipeError:  # nobody reads on, as behind `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError, ModuleNotFoundError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        print(f"jaxmmo {args.command}: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"jaxmmo {args.command}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
