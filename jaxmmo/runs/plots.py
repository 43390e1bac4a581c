"""Pictures of runs and evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from jaxmmo.files.atomic import replacing


def _pyplot() -> Any:
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("matplotlib is needed: pip install 'jaxmmo[train]'") from error
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    return plt


def learning_curve(records: list[dict[str, Any]], path: Path, title: str) -> None:
    """Draws lifetime and speed against time, smoothed over a few updates.

    Args:
      records: of the run's log.
      path: of the image.
      title: above it.
    """
    plt = _pyplot()
    column = {k: np.array([r[k] for r in records], float) for k in ("elapsed", "steps", "deaths")}
    minutes = column["elapsed"] / 60
    steps, deaths = (_rolling(column[name], 10) for name in ("steps", "deaths"))
    seconds = np.gradient(column["elapsed"]) if len(records) > 1 else np.ones(len(records))
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), constrained_layout=True)
    axes[0].plot(minutes, steps / np.maximum(deaths, 1), color="#1b7f5c", label="in training")
    name = "eval_steady_state_lifetime"
    held_out = [(m, r[name]) for m, r in zip(minutes, records, strict=True) if name in r]
    if held_out:
        axes[0].plot(*np.array(held_out).T, "o-", color="#31688e", label="on held-out maps")
        axes[0].legend(loc="lower right")
    axes[0].set(xlabel="minutes", ylabel="agent-steps per death", title="Lifetime")
    axes[1].plot(minutes, steps / np.maximum(_rolling(seconds, 10), 1e-9), color="#31688e")
    axes[1].set(xlabel="minutes", ylabel="living agent-steps / s", title="Speed of training")
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.set_ylim(bottom=0)
    figure.suptitle(title)
    _save(plt, figure, path)


def _save(plt: Any, figure: Any, path: Path) -> None:
    """Writes a figure in the format that the file's name says."""
    try:
        with replacing(path) as file:
            figure.savefig(file, dpi=120, format=path.suffix[1:].lower() or "png")
    finally:
        plt.close(figure)


def _rolling(x: np.ndarray, width: int) -> np.ndarray:
    """Sums over the last `width` entries."""
    total = np.concatenate([np.zeros(1), np.cumsum(x)])
    index = np.arange(1, len(x) + 1)
    return total[index] - total[np.maximum(index - width, 0)]


def evaluation(reports: list[dict[str, Any]], path: Path, title: str) -> None:
    """Draws survival curves, causes of death and populations of evaluated policies.

    Args:
      reports: of `learning.evaluation`.
      path: of the image.
      title: above it.
    """
    plt = _pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.6), constrained_layout=True)
    for i, report in enumerate(reports):
        name = report["policy"]
        axes[0].plot(report["survival"]["tick"], report["survival"]["value"], label=name)
        deaths = report["deaths"]
        total = max(sum(deaths.values()), 1)
        place = np.arange(len(deaths)) + 0.8 * i / len(reports)
        shares = [100 * v / total for v in deaths.values()]
        axes[1].bar(place, shares, 0.8 / len(reports), align="edge", label=name)
        axes[2].plot(report["population"]["tick"], report["population"]["value"], label=name)
    axes[0].set(title="Survival", xlabel="ticks since birth", ylabel="share alive", ylim=(0, 1))
    axes[1].set(title="Causes of death", ylabel="%")
    axes[1].set_xticks(np.arange(len(reports[0]["deaths"])) + 0.4, list(reports[0]["deaths"]))
    axes[2].set(title="Population", xlabel="tick", ylabel="living agents a world")
    axes[2].set_ylim(bottom=0)
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.legend()
    figure.suptitle(title)
    _save(plt, figure, path)


def tournament(result: dict[str, Any], path: Path) -> None:
    """Draws ratings with their intervals, and the table of who beats whom.

    Args:
      result: with `ratings` and `table`, see `jaxmmo.tournament`.
      path: of the image.
    """
    plt = _pyplot()
    ratings = result["ratings"]
    names = [rating["name"] for rating in ratings]
    place = np.arange(len(names))
    side = 2.5 + 0.5 * len(names)
    figure, axes = plt.subplots(1, 2, figsize=(2.2 * side + 2, side), constrained_layout=True)
    mean, low, high = (np.array([r[k] for r in ratings]) for k in ("mean", "low", "high"))
    axes[0].errorbar(mean, place, xerr=[mean - low, high - mean], fmt="o", color="#1b7f5c")
    axes[0].set(title="Rating, 95 %", xlabel="rating", ylim=(len(names) - 0.5, -0.5))
    axes[0].set_yticks(place, names)
    axes[0].grid(alpha=0.3)
    shares = np.full((len(names), len(names)), np.nan)
    for i, row in enumerate(names):
        for j, column in enumerate(names):
            cell = result["table"][row].get(column)
            if cell is not None and cell["mean"] is not None:
                shares[i, j] = cell["mean"]
                text = f"{cell['mean']:.2f}\n{cell['low']:.2f} to {cell['high']:.2f}"
                axes[1].text(j, i, text, ha="center", va="center", fontsize=8)
    axes[1].imshow(shares, vmin=0, vmax=1, cmap="BrBG", alpha=0.6)
    axes[1].set_title("Share of worlds in which the row beats the column")
    axes[1].set_xticks(place, names, rotation=30, ha="right")
    axes[1].set_yticks(place, names)
    figure.suptitle(f"{result['preset']}, {result['worlds']} worlds of {result['ticks']} ticks")
    _save(plt, figure, path)
