"""What recordings say of materials: their colours, and how they are drawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from jaxmmo.env.tiles import MaterialKind
from jaxmmo.replay import colors


def describe(kinds: Sequence[MaterialKind]) -> list[dict[str, Any]]:
    """Every material, by number, with a colour."""
    own = colors.population_colors(len(colors.POPULATIONS) + len(kinds))
    spare = iter(own[len(colors.POPULATIONS) :])  # of materials that this package does not know
    return [_material(kind, colors.TERRAIN.get(kind.name) or next(spare)) for kind in kinds]


def _material(kind: MaterialKind, color: str) -> dict[str, Any]:
    about = dataclasses.asdict(kind) | {"color": color, "deadly": kind.name == "lava"}
    edge = kind.name == "void" and kind.placed
    # ore that nobody can mine is a rock, and what no map holds is not drawn
    told = kind.depleted is not None or kind.name == "ocean" or edge
    return (
        about | {"shape": colors.SHAPES[kind.name]}
        if told and kind.name in colors.SHAPES
        else about
    )


def shape_of(kind: dict[str, Any]) -> str:
    """How a material is drawn: what it says, or what it is."""
    if kind.get("shape"):
        return kind["shape"]
    if kind["water"] or kind["deadly"]:
        return "water" if kind["water"] else "lava"
    if kind["depleted"] is not None:
        return "forest"
    return "ground" if kind["passable"] else "rock"
