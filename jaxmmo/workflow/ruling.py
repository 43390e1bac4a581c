"""Rules as users give them: by name and value, as `Rules`, or as a function that draws them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jaxmmo.env.ruled import differences
from jaxmmo.env.rules import Rules
from jaxmmo.runs import sources
from jaxmmo.runs.sources import Source


def parse(text: str) -> dict[str, Any] | Source:
    """What `--rules` says: NAME=VALUE, separated by commas, or FILE.py:NAME.

    Values are numbers or lists of numbers, as in water_decay=2,reach=[1,4,6].

    Raises:
      ValueError: for anything else; names are checked where the rules are used.
    """
    if sources.is_reference(text):
        return sources.find(text)
    rules: dict[str, Any] = {}
    for part in _split(text):
        name, equals, value = part.partition("=")
        try:
            if not equals or not name.strip():
                raise ValueError("no name")
            rules[name.strip()] = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"--rules {text}: {part.strip()!r} must be NAME=VALUE, as in "
                "water_decay=2,reach=[1,4,6], or all of it FILE.py:NAME"
            ) from error
    return rules


def _split(text: str) -> list[str]:
    """Parts between the commas that are not within brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def plain(env: Any, rules: Mapping[str, Any] | Rules) -> dict[str, Any]:
    """Rules as a run's configuration keeps them: fields that differ, as numbers and lists."""
    if isinstance(rules, Rules):
        return differences(env, rules)
    return {k: v.tolist() if hasattr(v, "tolist") else v for k, v in rules.items()}
