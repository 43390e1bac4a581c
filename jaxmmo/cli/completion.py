"""Completion scripts for shells, made from the commands' own options.

eval "$(jaxmmo --completion bash)"        # in ~/.bashrc
eval "$(jaxmmo --completion zsh)"         # in ~/.zshrc, after compinit
jaxmmo --completion fish | source         # in ~/.config/fish/config.fish
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

SHELLS = ("bash", "zsh", "fish")

PLAYERS = ("baseline", "random", "careful", "forager", "fighter", "trader", "noop")
"""What commands that take a policy or a player know by name."""


def script(shell: str, commands: dict[str, argparse.ArgumentParser]) -> str:
    """The script that teaches a shell the command.

    Args:
      shell: one of `SHELLS`.
      commands: the parser of each.
    """
    makers: dict[str, Callable[[dict[str, argparse.ArgumentParser]], str]] = {
        "bash": _bash,
        "zsh": lambda commands: "autoload -U +X bashcompinit && bashcompinit\n" + _bash(commands),
        "fish": _fish,
    }
    return makers[shell](commands)


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def _words(parser: argparse.ArgumentParser) -> list[str]:
    """Every option by its long name, and the names that its first argument knows."""
    names = [action.option_strings[-1] for action in _options(parser)]
    first = next((a for a in parser._actions if not a.option_strings), None)
    if first is None:
        return names
    if first.choices:
        return [*map(str, first.choices), *names]
    return [*PLAYERS, *names] if first.dest in ("policy", "player", "entrants") else names


def _bash(commands: dict[str, argparse.ArgumentParser]) -> str:
    cases = []
    for name, parser in commands.items():
        choices = [
            f"        {'|'.join(a.option_strings)}) COMPREPLY=($(compgen -W "
            f"'{' '.join(map(str, a.choices))}' -- \"$word\")); return ;;"
            for a in _options(parser)
            if a.choices
        ]
        inner = ['      case "$before" in', *choices, "      esac"] if choices else []
        cases.append(
            "\n".join([f"    {name})", *inner, f"      words='{' '.join(_words(parser))}' ;;"])
        )
    return "\n".join(
        [
            "_jaxmmo() {",
            '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words=',
            '  if [ "$COMP_CWORD" -eq 1 ]; then',
            f"    COMPREPLY=($(compgen -W '{' '.join(commands)} --help --version' -- \"$word\"))",
            "    return",
            "  fi",
            '  case "${COMP_WORDS[1]}" in',
            *cases,
            "  esac",
            '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
            # whatever is no option and no known name may be a file: a run, a replay, a picture
            '  [ "${word#-}" != "$word" ] || COMPREPLY+=($(compgen -f -- "$word"))',
            "}",
            "complete -o filenames -F _jaxmmo jaxmmo",
            "",
        ]
    )


def _fish(commands: dict[str, argparse.ArgumentParser]) -> str:
    lines = []
    for name, parser in commands.items():
        summary = _quoted(parser.description or "")
        lines.append(f"complete -c jaxmmo -n __fish_use_subcommand -f -a {name} -d {summary}")
        inside = f"complete -c jaxmmo -n '__fish_seen_subcommand_from {name}'"
        for action in _options(parser):
            flag = action.option_strings[-1].removeprefix("--")
            told = f" -d {_quoted(action.help)}" if action.help else ""
            takes = "" if action.nargs == 0 else " -r"
            known = f" -f -a '{' '.join(map(str, action.choices))}'" if action.choices else ""
            lines.append(f"{inside} -l {flag}{takes}{known}{told}")
        names = [word for word in _words(parser) if not word.startswith("-")]
        if names:
            lines.append(f"{inside} -a '{' '.join(names)}'")
    return "\n".join([*lines, ""])


def _quoted(words: str) -> str:
    words = words.replace("%(default)s", "").replace("%%", "%")
    return "'" + words.replace("\\", "\\\\").replace("'", "\\'") + "'"
