"""What `rules.py` draws: the grid of games, and the search for a balanced one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from common import Experiment
from figures import COLORS

from jaxmmo.env.constants import Style
from jaxmmo.evaluation import bootstrap


def shares(steps: np.ndarray) -> np.ndarray:
    """[..., 3]: of all that live, how many live by each style."""
    return steps / np.maximum(steps.sum(-1, keepdims=True), 1)


def unevenness(steps: np.ndarray) -> np.ndarray:
    """[...]: distance of the shares from a third each; 0 is balanced, 0.82 all in one style."""
    return np.linalg.norm(shares(steps) - 1 / 3, axis=-1)


def draw_sweep(experiment: Experiment, runs: list[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Maps over regrowth and damage for each rate of births; returns the table of the grid."""
    grid = experiment.settings["grid"]
    shape = tuple(len(v) for v in grid.values())
    total = {k: np.sum([r[k].sum(1) for r in runs], 0, dtype=float) for k in runs[0]}
    worlds = len(runs) * runs[0]["steps"].shape[1]
    ticks = experiment.settings["ticks"]
    shown = {
        "lifetime (agent-steps per death)": total["steps"].sum(-1)
        / np.maximum(total["deaths"].sum(-1), 1),
        "living agents": total["steps"].sum(-1) / (worlds * ticks),
        "unevenness of styles": unevenness(total["steps"]),
    }
    births = grid["births"]
    with experiment.figure("sweep", len(births), 3, (12, 3.4 * len(births))) as (figure, axes):
        for row, rate in enumerate(births):
            for axis, (name, values) in zip(axes[row], shown.items(), strict=True):
                field = values.reshape(shape)[:, :, row]
                # lifetimes are orders of magnitude apart
                norm = "log" if name.startswith("lifetime") else "linear"
                image = axis.imshow(
                    field,
                    norm=norm,
                    vmin=values.min(),
                    vmax=values.max(),
                    origin="lower",
                    aspect="auto",
                )
                figure.colorbar(image, ax=axis)
                for (y, x), value in np.ndenumerate(field):
                    told = f"{value:.0f}" if value >= 10 else f"{value:.2f}"
                    axis.text(x, y, told, ha="center", va="center", fontsize=7,
                              color="black" if image.norm(value) > 0.5 else "white")  # fmt: skip
                axis.set_xticks(range(shape[1]), [f"{d:g}" for d in grid["damage"]])
                axis.set_yticks(range(shape[0]), [f"{r:g}" for r in grid["regrowth"]])
                axis.set(
                    title=name,
                    xlabel="damage, times the original",
                    ylabel=f"regrowth a tick\n({rate} births a tick)",
                )
    rows = []
    for index, point in enumerate(itertools.product(*grid.values())):
        steps = [r["steps"][index].sum(-1) for r in runs]
        deaths = [r["deaths"][index].sum(-1) for r in runs]
        row = dict(zip(grid, point, strict=True)) | {"lifetime": bootstrap.interval(steps, deaths)}
        row["living"] = bootstrap.interval([s / ticks for s in steps])
        for style, share in zip(Style, shares(total["steps"][index]), strict=True):
            row[f"lives by {style.name.lower()}"] = float(share)
        rows.append(row)
    return rows


def draw_search(experiment: Experiment, paths: list[Any], compared: list[Any]) -> None:
    """The path of the search, and what lives by each style before and after."""
    with experiment.figure("balance", 1, 3, (13, 3.8)) as (_, axes):
        for path in paths:
            axes[0, 0].plot(1 + np.arange(len(path["loss"])), path["loss"], color="#5b5b5b")
            for style in Style:
                axes[0, 1].plot(np.exp(path["path"][:, style]), color=COLORS[style], alpha=0.8)
        axes[0, 0].set(
            title="Unevenness of the candidates",
            xlabel="generation",
            ylabel="mean loss",
            ylim=(0, None),
        )
        axes[0, 1].set(
            title="Damage of each style, all seeds",
            xlabel="generation",
            ylabel="times the original",
        )
        for style in Style:
            axes[0, 1].plot([], color=COLORS[style], label=style.name.lower())
        axes[0, 1].legend()
        for index in (0, 1):
            for style in Style:
                value = bootstrap.interval(
                    [d["steps"][index, :, style] for d in compared],
                    [d["steps"][index].sum(-1) for d in compared],
                )
                bars = [[value["mean"] - value["low"]], [value["high"] - value["mean"]]]
                place, height = index + 0.27 * (style - 1), np.maximum(bars, 0)
                axes[0, 2].bar(
                    place, value["mean"], 0.25, yerr=height, color=COLORS[style], capsize=3
                )
        axes[0, 2].axhline(1 / 3, color="black", lw=0.8, ls=":")
        axes[0, 2].set_xticks((0, 1), ("original", "found"))
        axes[0, 2].set(title="Who lives by which style, new worlds", ylabel="share of the living")
        for axis in axes[0]:
            axis.grid(alpha=0.3)
