"""Counterfactuals: one populated world, forked a thousand times, with one thing changed in each.

    python experiments/counterfactuals.py --small

A world is a value: copies of it are changed in one thing, without an agent, without a population,
or without a forest, and all of them live on side by side in one program. Each change is made in as
many copies as there are replicates, and the copies of a replicate draw the same random numbers, by
agent: what then differs from the untouched copy is what the change alone has done, and the spread
between the untouched copies is what chance does anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common import Experiment
from figures import COLORS

import jaxmmo
from jaxmmo.agents import acting
from jaxmmo.agents.acting import RolloutState
from jaxmmo.env import terrain
from jaxmmo.env.constants import Material
from jaxmmo.env.environment import Environment
from jaxmmo.evaluation import bootstrap, following
from jaxmmo.evaluation.following import Happened
from jaxmmo.runs import library

SIZES: dict[str, Any] = {
    "tiny": {
        "side": 24, "slots": 16, "warmup": 20, "ticks": 20, "replicates": 3, "policy": "forager",
    },
    "small": {
        "side": 40, "slots": 48, "warmup": 300, "ticks": 150, "replicates": 84, "policy": "fighter",
    },
    "full": {
        "side": 64, "slots": 128, "warmup": 1000, "ticks": 500, "replicates": 250,
        "policy": "baseline",
    },
}  # fmt: skip
ARMS = ("untouched", "an agent", "a population", "a forest")
PATCH = 5  # tiles in each direction: the forest around the tile with the most of it


def without_agent(state: Any, number: jax.Array) -> Any:
    """The world without one of its living agents: another one for each number."""
    players = state.players
    rank = jnp.cumsum(players.alive) - 1
    gone = players.alive & (rank == number % jnp.maximum(jnp.sum(players.alive), 1))
    return state.replace(players=players.replace(alive=players.alive & ~gone))


def without_population(config: Any, state: Any, number: jax.Array) -> Any:
    """The world without anybody of one population: another one for each number."""
    players = state.players
    gone = players.population == number % config.num_populations
    return state.replace(players=players.replace(alive=players.alive & ~gone))


def without_forest(state: Any, bare: Any) -> Any:
    """The world on another map, where a forest was cut: what was harvested elsewhere stays so."""
    return state.replace(terrain=state.terrain.replace(tile=bare))


def cut(material: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """A map without its densest forest, which becomes grass, and where that was."""
    forest = material == Material.FOREST
    padded = np.pad(forest, PATCH)
    size = 2 * PATCH + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size)).sum((2, 3))
    row, col = np.unravel_index(windows.argmax(), windows.shape)
    area = np.zeros_like(forest)
    area[max(row - PATCH, 0) : row + PATCH + 1, max(col - PATCH, 0) : col + PATCH + 1] = True
    return np.where(forest & area, Material.GRASS, material), (int(row), int(col))


def populated(env: Environment, contestant: Any, settings: dict[str, Any], seed: int) -> Any:
    """A world that has been lived in for a while, [1, ...]."""
    rules, (policy, params) = env.default_rules(), contestant
    begin, go = jax.random.split(jax.random.key(seed))
    worlds = following.begin(env, policy, begin[None], rules)
    run = jax.jit(
        lambda worlds: following.follow(
            env, policy, params, worlds, rules, go, settings["warmup"], (), lambda t, _: (t, None)
        )[0]
    )
    return run(worlds).state


def forked(env: Environment, state: Any, replicates: int) -> tuple[RolloutState, np.ndarray]:
    """Four arms of as many copies, one after another, and the middle of the forest."""
    one = jax.tree.map(lambda x: x[0], state)
    material = np.asarray(one.terrain.material)
    bare, middle = cut(material)
    other = terrain.from_material(jnp.asarray(bare, one.terrain.tile.dtype), env.preset.materials)
    numbers = jnp.arange(replicates)
    arms = [
        jaxmmo.fork(one, replicates),
        jax.vmap(lambda n: without_agent(one, n))(numbers),
        jax.vmap(lambda n: without_population(env.config, one, n))(numbers),
        jaxmmo.fork(without_forest(one, other.tile), replicates),
    ]
    worlds = jax.tree.map(lambda *x: jnp.concatenate(x), *arms)
    obs, worlds = jax.jit(jax.vmap(env.observe))(worlds)
    reset = jnp.zeros(worlds.players.alive.size, bool)
    return RolloutState(worlds, acting.join(obs), (), reset), np.array(middle)


def unchanged(players: Any, original: Any) -> jax.Array:
    """i32[]: agents that live in two worlds, and are in both at the same place in the same state.

    They are told by their ids: a slot may be somebody else's.
    """
    ids = jnp.where(original.alive, original.id, jnp.iinfo(jnp.int32).max)
    order = jnp.argsort(ids)
    place = order[jnp.minimum(jnp.searchsorted(ids[order], players.id), ids.shape[0] - 1)]
    same = players.alive & original.alive[place] & (ids[place] == players.id)
    for name in ("row", "col", "health", "food", "water"):
        same &= getattr(players, name) == getattr(original, name)[place]
    return jnp.sum(same, dtype=jnp.int32)


def watch(replicates: int) -> Any:
    """Counts a tick of every copy, and compares it with the untouched copy of its replicate."""

    def add(total: tuple[()], happened: Happened) -> tuple[tuple[()], dict[str, jax.Array]]:
        players = happened.after.state.players

        original = jax.tree.map(
            lambda x: jnp.tile(x[:replicates], (len(ARMS),) + (1,) * (x.ndim - 1)), players
        )
        alike = jax.vmap(unchanged)(players, original)
        present = jnp.sum(players.alive, 1) + jnp.sum(original.alive, 1)
        return total, {
            "living": jnp.sum(players.alive, 1),
            "births": jnp.sum(happened.info.newborn, 1),
            "deaths": jnp.sum(happened.info.events.deaths.cause > 0, 1),
            "differ": 1 - 2 * alike / jnp.maximum(present, 1),
        }

    return add


def experiment_of(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """Everything of one seed: arrays [arms, replicates, ticks]."""
    env = jaxmmo.make(
        "JaxMMO-v1",
        height=settings["side"],
        width=settings["side"],
        border=4,
        capacity=settings["slots"],
        initial_population=settings["slots"],
    )
    contestant = library.load(settings["policy"], env)
    state = populated(env, contestant, settings, seed)
    count, (policy, params) = settings["replicates"], contestant
    worlds, middle = forked(env, state, count)
    numbers = jnp.tile(jnp.arange(count, dtype=jnp.int32), len(ARMS))
    rules, add = env.default_rules(), watch(count)
    run = jax.jit(
        lambda worlds, key: following.follow(
            env, policy, params, worlds, rules, key, settings["ticks"], (), add, numbers=numbers
        )[2]
    )
    kept = run(worlds, jax.random.key(1000 + seed))
    found = {k: np.asarray(v).T.reshape(len(ARMS), count, -1) for k, v in kept.items()}
    small = {k: v.astype(np.float16 if k == "differ" else np.int16) for k, v in found.items()}
    return small | {"material": np.asarray(state.terrain.material[0]), "middle": middle}


def rows_of(runs: list[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    """The table: what each change has done by the end, against what chance does."""
    rows = []
    half = runs[0]["living"].shape[-1] // 2
    for arm, name in enumerate(ARMS):
        late = [r["living"][:, :, half:].astype(float).mean(-1) for r in runs]
        deaths = [r["deaths"].astype(float).sum(-1) for r in runs]
        row: dict[str, Any] = {"without": name if arm else "nothing (untouched)"}
        row["living"] = bootstrap.interval([x[arm] for x in late])
        row["spread between replicates"] = bootstrap.interval([[x[arm].std()] for x in late])
        if arm:
            row["change in living"] = bootstrap.interval([x[arm] - x[0] for x in late])
            row["spread of the change"] = bootstrap.interval(
                [[(x[arm] - x[0]).std()] for x in late]
            )
            row["change in deaths"] = bootstrap.interval([x[arm] - x[0] for x in deaths])
            row["agents that differ, %"] = bootstrap.interval(
                [100 * r["differ"][arm, :, -1].astype(float) for r in runs]
            )
        rows.append(row)
    return rows


def draw(experiment: Experiment, runs: list[dict[str, np.ndarray]]) -> None:
    """Spread of the future, effect of each change, and how far a change reaches."""
    with experiment.figure("futures", 1, 3, (14, 4)) as (_, axes):
        first = runs[0]["living"].astype(float)
        ticks = np.arange(1, first.shape[-1] + 1)
        for arm, name in enumerate(ARMS):
            label = name if not arm else f"without {name}"
            low, middle, high = np.quantile(first[arm], (0.05, 0.5, 0.95), axis=0)
            axes[0, 0].plot(ticks, middle, color=COLORS[arm], label=label)
            axes[0, 0].fill_between(ticks, low, high, color=COLORS[arm], alpha=0.12)
            if not arm:
                continue
            change = np.stack([(r["living"][arm].astype(float) - r["living"][0]) for r in runs])
            mean = change.mean((0, 1))
            # over seeds and replicates: the middle nine tenths of the changes
            low, high = np.quantile(change, (0.05, 0.95), axis=(0, 1))
            axes[0, 1].plot(ticks, mean, color=COLORS[arm], label=label)
            axes[0, 1].fill_between(ticks, low, high, color=COLORS[arm], alpha=0.12)
            differ = np.mean([100 * r["differ"][arm].astype(float).mean(0) for r in runs], 0)
            axes[0, 2].plot(ticks, differ, color=COLORS[arm], label=label)
        axes[0, 0].set(
            title=f"Futures of one world (seed {experiment.seeds[0]})",
            ylabel="living agents: median, 5 to 95 %",
        )
        axes[0, 1].set(
            title="Against the untouched copy", ylabel="change in living agents: mean, 5 to 95 %"
        )
        axes[0, 1].axhline(0, color="black", lw=0.8, ls=":")
        axes[0, 2].set(
            title="How far it spreads",
            ylabel="agents who are elsewhere or otherwise, %",
            ylim=(0, 100),
        )
        for axis in axes[0]:
            axis.set(xlabel="ticks since the fork")
            axis.grid(alpha=0.3)
            axis.legend(fontsize=8)


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the experiment."""
    experiment = Experiment("counterfactuals", SIZES, argv, __doc__.splitlines()[0])
    settings = experiment.settings
    runs = [
        experiment.unit(f"forks-{seed}", lambda s=seed: experiment_of(settings, s))
        for seed in experiment.seeds
    ]
    forks = len(ARMS) * settings["replicates"] * len(experiment.seeds)
    experiment.table(rows_of(runs), forks=forks, ticks=settings["ticks"])
    draw(experiment, runs)
    experiment.finish()


if __name__ == "__main__":
    main()
