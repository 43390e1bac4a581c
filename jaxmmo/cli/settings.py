"""`--set NAME=VALUE`: which settings there are, and where each belongs."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import inspect
import json
import re
import textwrap
from typing import Any

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.registry import find
from jaxmmo.learning.config import LearnConfig
from jaxmmo.runs.setup import NetworkConfig

KINDS: dict[str, Any] = {"learn": LearnConfig, "network": NetworkConfig, "env": EnvConfig}
TITLES = {"learn": "the learner", "network": "the network", "env": "the environment"}


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and leaves what is written below the options as it is."""


def names(preset: str | None = None) -> dict[str, list[str]]:
    """Names of settings by where they belong, the environment's being those of a preset."""
    known = {part: [f.name for f in dataclasses.fields(kind)] for part, kind in KINDS.items()}
    return known if preset is None else known | {"env": list(find(preset).settings)}


def meanings(kind: Any) -> dict[str, str]:
    """What the attributes of a dataclass mean, from its docstring."""
    text = inspect.getdoc(kind) or ""
    section = text.partition("Attributes:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^  (\w+): (.*?)(?=^  \w|\Z)", section, re.MULTILINE | re.DOTALL)
    return {name: " ".join(meaning.split()) for name, meaning in found}


def explained() -> str:
    """Every setting with its default and its meaning, for `--help`."""
    lines = ["what --set NAME=VALUE can change, with the defaults of JaxMMO-v1:"]
    for part, kind in KINDS.items():
        lines += ["", f"  {TITLES[part]}:"]
        known = meanings(kind)
        for field in dataclasses.fields(kind):
            if field.name == "preset":
                continue
            head = f"    {field.name}={field.default}"
            body = textwrap.wrap(known.get(field.name, ""), 66)
            lines.append(f"{head:<30}{body[0] if body and len(head) < 30 else ''}".rstrip())
            lines += [" " * 30 + line for line in body[1 if len(head) < 30 else 0 :]]
    return "\n".join(lines)


def parse(
    settings: list[str], *, own_env: bool, preset: str | None = None
) -> dict[str, dict[str, Any]]:
    """Settings by where they belong: "learn", "network" and "env".

    Args:
      settings: NAME=VALUE each.
      own_env: the user's own function makes the environment, and takes all other names.
      preset: of the environment; the first game's settings are known if omitted.

    Raises:
      ValueError: for another form or an unknown name, saying what is known.
    """
    known = names(preset)
    parts: dict[str, dict[str, Any]] = {part: {} for part in KINDS}
    for setting in settings:
        name, equals, value = setting.partition("=")
        part = next((part for part in known if name in known[part]), "env" if own_env else None)
        if not equals or not name or part is None:
            every = [n for part in known for n in known[part]]
            close = difflib.get_close_matches(name, every, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            listed = "; ".join(f"{part}: {', '.join(known[part])}" for part in known)
            raise ValueError(f"--set {setting}: must be NAME=VALUE{hint} with one of {listed}")
        parts[part][name] = _value(value)
    return parts


def _value(text: str) -> Any:
    """A number or truth value where it reads as one, else the text."""
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except (ValueError, RecursionError):
        return text
