"""The parts of a compiled update: a profile of one run of it, read by the names of its parts."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from jaxmmo.learning.rollout import ACTING, ENVIRONMENT

_LINE = re.compile(r"^\s*(?:ROOT )?%?([\w.-]+) = .*?[\]})] ([a-z][\w-]*)\(")
_NAME = re.compile(r"op_name=\"([^\"]*)\"")
_HOLDS_OTHERS = {"while", "call", "conditional", "async-start", "async-done", "async-update"}
_COLLECTIVE = ("all-reduce", "all-gather", "reduce-scatter", "collective", "all-to-all")


def layers(program: str) -> dict[str, str]:
    """The layer of every instruction of a compiled program, by its name.

    Instructions that only hold others are left out.

    Args:
      program: text of the compiled program.
    """
    found: dict[str, str] = {}
    before = "update"
    for line in program.splitlines():
        match = _LINE.match(line)
        if match is None or match[2] in _HOLDS_OTHERS:
            continue
        scope = _NAME.search(line)
        layer = _layer(match[2], scope[1] if scope else "")
        if layer == "update" and (scope is None or "/" not in scope[1]):
            layer = before  # the compiler left it without a scope: as the one before it
        found[match[1]] = layer
        before = layer if layer != "collectives" else before
    return found


def _layer(kind: str, scope: str) -> str:
    parts = scope.split("/")
    if kind.startswith(_COLLECTIVE):
        return "collectives"
    if ENVIRONMENT in parts:
        return "environment"
    return "acting" if ACTING in parts else "update"


def shares(program: Any, once: Callable[[], None]) -> dict[str, float]:
    """The share of each layer in one run of a compiled program.

    Args:
      program: compiled.
      once: runs it, and returns when it has ended.

    Returns:
      Shares that add up to 1, by layer; empty if the profiler saw nothing of the program.
    """
    names = layers(program.as_text())
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            once()
        for path in Path(folder).rglob("*.xplane.pb"):
            for plane in jax.profiler.ProfileData.from_file(str(path)).planes:
                for line in plane.lines:
                    for event in line.events:
                        layer = names.get(event.name)
                        if layer is not None:
                            seconds[layer] = seconds.get(layer, 0.0) + event.duration_ns
    whole = sum(seconds.values())
    return {name: value / whole for name, value in seconds.items()} if whole else {}
