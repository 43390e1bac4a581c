"""`jaxmmo COMMAND ...`: finds the command, turns bad input into one line and exit code 2."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from jaxmmo.version import __version__

COMMANDS = {
    "train": "train agents with PPO in many worlds at once",
    "evaluate": "measure how long agents live, and why they die",
    "watch": "see a live world or a replay in the browser",
    "record": "record a world as a replay, an image or a film",
    "bench": "measure speed and memory on this machine",
    "doctor": "tell versions, devices and extras, and test that all works",
}
"""Each is a module `jaxmmo.cli.NAME` with `configure(parser)` and `run(args) -> int`."""


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser; only the named command's options are loaded, so that `--help` is quick."""
    parser = argparse.ArgumentParser(
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
    """Runs a command; returns its exit code, 2 for bad input, 130 when interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = next((a for a in arguments if a in COMMANDS), None)
    parser = build_parser(command)
    args = parser.parse_args(arguments)
    try:
        return importlib.import_module(f"jaxmmo.cli.{args.command}").run(args)
    except (ValueError, FileNotFoundError, FileExistsError, ModuleNotFoundError) as error:
        print(f"jaxmmo {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"jaxmmo {args.command}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
