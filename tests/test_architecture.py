"""Arrows point down: every room imports only what docs/architecture.md lists above it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "jaxmmo"
LAYERS = (
    {"version", "records", "spec"},
    {"env"},
    {"io", "game"},
    {"agents", "files"},
    {"learning", "replay"},
    {"parallel"},
    {"evaluation", "viewer"},
    {"runs"},
    {"workflow", "bench", "adapters"},
    {"cli"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
OUTSIDE = {"__init__", "__main__", "baselines"}  # the root passes everything on; data


def imported(path: Path) -> set[str]:
    """Rooms that a file imports from, "" for the package root itself."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            root = node.module == "jaxmmo"
            names = [f"jaxmmo.{a.name}" for a in node.names] if root else [node.module]
        for name in names:
            first, *rest = name.split(".")
            if first == "jaxmmo":
                found.add(rest[0] if rest else "")
    return found


def modules() -> list[tuple[str, Path]]:
    """(room, file) of every module."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE).with_suffix("").parts[0], path) for path in paths]


def test_every_room_has_its_place():
    rooms = {room for room, _ in modules()} - OUTSIDE
    assert rooms == set(LEVEL)
    page = (ROOT / "docs/architecture.md").read_text()
    told = set(re.findall(r"`(\w+)(?:\.py|/)`", page.split("Within `env/`")[0]))
    assert set(LEVEL) <= told


@pytest.mark.parametrize("room", sorted(LEVEL))
def test_a_room_imports_only_what_is_below_it(room):
    upward = [
        (path.relative_to(ROOT).as_posix(), other)
        for own, path in modules()
        if own == room
        for other in imported(path) - {own}
        if other == "" or LEVEL.get(other, 99) >= LEVEL[room]
    ]
    assert not upward
