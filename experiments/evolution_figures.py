"""What `evolution.py` draws: lifetimes against time, phylogenies, clades and places."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from common import Experiment
from figures import COLORS

from jaxmmo.evaluation import lineages

NAMES = {"living": "parents are living", "born": "control: parents are any"}
WINDOWS = 40


def windows(data: dict[str, np.ndarray], ticks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of stretches of the run; summed living agent-steps and deaths in each."""
    edges = np.linspace(0, ticks, WINDOWS + 1).astype(int)
    steps = np.add.reduceat(data["living"], edges[:-1])
    deaths = np.histogram(data["died"], edges + 0.5)[0]
    return edges[1:], steps, deaths


def family(data: dict[str, np.ndarray]) -> lineages.Lineages:
    """Who descends from whom in a run."""
    names = ("child", "parent", "population", "born", "dead", "died")
    return lineages.from_records(*(data[name] for name in names))


def draw(experiment: Experiment, runs: dict[str, list[dict[str, np.ndarray]]]) -> None:
    """Lifetimes against time, the tree, the clades, the places."""
    ticks = experiment.settings["ticks"]
    with experiment.figure("lifetime", 1, 2, (10, 3.8)) as (figure, axes):
        for color, (parents, own) in zip(COLORS, runs.items(), strict=False):
            parts = [windows(data, ticks) for data in own]
            for axis, values in zip(
                axes[0],
                (
                    [s / np.maximum(d, 1) for _, s, d in parts],
                    [s * WINDOWS / ticks for _, s, _ in parts],
                ),
                strict=True,
            ):
                for line in values:
                    axis.plot(parts[0][0], line, color=color, alpha=0.3, lw=1)
                axis.plot(parts[0][0], np.mean(values, 0), color=color, lw=2, label=NAMES[parents])
        axes[0, 0].set(title="Lifetime", ylabel="agent-steps per death")
        axes[0, 1].set(title="Population", ylabel="living agents")
        for axis in axes[0]:
            axis.set(xlabel="tick", ylim=(0, None))
            axis.grid(alpha=0.3)
            axis.legend()
        figure.suptitle(f"Evolution in one world: each of {len(experiment.seeds)} seeds, and mean")
    with experiment.figure("phylogeny", 1, len(runs), (6.5 * len(runs), 6)) as (figure, axes):
        for axis, (parents, own) in zip(axes[0], runs.items(), strict=True):
            phylogeny(axis, family(own[0]), ticks)
            axis.set(title=NAMES[parents], xlabel="tick", ylabel="living agents (at the end)")
        figure.suptitle(f"From whom the living descend, by population (seed {experiment.seeds[0]})")
    with experiment.figure("clades", 1, len(runs), (6.5 * len(runs), 4)) as (figure, axes):
        at = np.linspace(1, ticks, 300).astype(int)
        for axis, (parents, own) in zip(axes[0], runs.items(), strict=True):
            _, counts = family(own[0]).clades(at, 16)
            shares = counts / np.maximum(counts.sum(0), 1)
            colors = matplotlib.colormaps["tab20"](np.arange(len(counts) - 1) % 20)
            axis.stackplot(at, shares, colors=[*map(tuple, colors), "#dddddd"])
            axis.set(title=NAMES[parents], xlabel="tick", ylabel="share of the living", ylim=(0, 1))
        figure.suptitle("Descendants of the 16 founders with the most; grey: of all the others")
    places(experiment, runs)


def phylogeny(axis: Any, tree: lineages.Lineages, ticks: int) -> None:
    """Draws the tree behind the living (of at most 400 of them)."""
    rows = tree.living
    if len(rows) > 400:
        rows = np.random.default_rng(0).choice(rows, 400, replace=False)
    rows = rows[np.lexsort((rows, tree.population[rows]))]
    nodes, place = tree.tree(rows)
    where = dict(zip(nodes.tolist(), place.tolist(), strict=True))
    living = set(rows.tolist())
    for node in nodes.tolist():
        color = COLORS[int(tree.population[node]) % len(COLORS)]
        mother = int(tree.parent[node])
        if mother >= 0:
            axis.plot(
                [tree.born[mother], tree.born[node]],
                [where[mother], where[node]],
                color=color,
                lw=0.5,
            )
        if node in living:
            axis.plot([tree.born[node], ticks], [where[node]] * 2, color=color, lw=0.5)


def places(experiment: Experiment, runs: dict[str, list[dict[str, np.ndarray]]]) -> None:
    """Draws where each population spent the second half of the run."""
    own = runs["living"][0]
    maps = own["halves"].sum(0)
    rows = 2
    with experiment.figure("places", rows, -(-len(maps) // rows), (11, 6)) as (figure, axes):
        for index, (axis, visited) in enumerate(zip(axes.flat, maps, strict=False)):
            axis.imshow(own["material"], cmap="Greys", alpha=0.35)
            seen = np.log1p(visited)
            shown = np.ma.masked_equal(seen, 0)
            axis.imshow(shown, cmap="viridis", alpha=0.9, vmin=0, vmax=max(1, seen.max()))
            axis.set(title=f"population {index}", xticks=[], yticks=[])
        figure.suptitle(f"Visits in the second half, log scale (seed {experiment.seeds[0]})")
