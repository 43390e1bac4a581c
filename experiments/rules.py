"""Rules as data: a grid of games side by side in one program, and a search for a balanced one.

    python experiments/rules.py --small

Agents forage by a script and fight in one style each, by population, newborns being divided evenly
among the styles: how many live by a style then tells what it is worth. First, regrowth, damage and
the rate of births are swept over a grid, every game in a world of its own under `vmap`. Then an
evolution strategy searches for the damage of each style under which all three are equally worth
it. Where the settings ask for it, policies are trained under both sets of rules, and their use of
the styles is compared.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from common import Experiment
from policies import policy_of
from rules_figures import draw_search, draw_sweep, unevenness

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.agents.policy import Policy
from jaxmmo.agents.populations import population_of
from jaxmmo.env.constants import Outcome, Style
from jaxmmo.env.environment import Environment
from jaxmmo.evaluation import bootstrap, following
from jaxmmo.evaluation.following import Happened
from jaxmmo.learning import strategies
from jaxmmo.runs.config import RunConfig

SIZES: dict[str, Any] = {
    "tiny": {
        "grid": {"regrowth": [0.02, 0.1], "damage": [1.0], "births": [1, 2]},
        "slots": 24, "side": 24, "worlds": 2, "ticks": 30, "warmup": 10,
        "generations": 2, "pairs": 2, "decisions": 0,
    },
    "small": {
        "grid": {
            "regrowth": [0.005, 0.025, 0.1], "damage": [0.25, 0.5, 1.0, 2.0], "births": [1, 4],
        },
        "slots": 96, "side": 48, "worlds": 2, "ticks": 200, "warmup": 100,
        "generations": 12, "pairs": 6, "decisions": 0,
    },
    "full": {
        "grid": {
            "regrowth": [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
            "damage": [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0],
            "births": [1, 2, 4],
        },
        "slots": 128, "side": 64, "worlds": 4, "ticks": 500, "warmup": 200,
        "generations": 40, "pairs": 10, "decisions": 1_500_000,
    },
}  # fmt: skip
SIGMA, RATE, PRICE = 0.3, 0.25, 0.002
"""Of the search: spread of candidates, step, and what it costs to leave the original damage."""


def specialists(env: Environment) -> Policy:
    """Scripted fighters who keep to one style: that of their population, which take turns."""
    fighter, spec = scripted.get("fighter", env), env.spec

    def apply(params: tuple[()], obs: Any, carry: tuple[()], reset: jax.Array) -> Any:
        out = fighter.apply(params, obs, carry, reset)
        own = population_of(spec, obs)[..., None] % len(Style) == jnp.arange(len(Style))
        style = jnp.where(own, scripted.SURE, 0.0)
        # with any other style, which only is chosen where the own one is not legal: nobody
        nobody = out.logits["target"].at[..., 0].add(2 * scripted.SURE)
        target = jnp.where(own[..., None], out.logits["target"], nobody)
        return out._replace(logits=dict(out.logits) | {"style": style, "target": target})

    return Policy("specialists", lambda key: (), apply)


def game(settings: dict[str, Any]) -> Environment:
    """Worlds of six populations, two for each style."""
    return jaxmmo.make(
        "JaxMMO-v1",
        height=settings["side"],
        width=settings["side"],
        border=4,
        capacity=settings["slots"],
        max_spawns=4,
        num_populations=6,
        initial_population=settings["slots"] // 2,
    )


COUNTED = ("steps", "deaths", "attacks", "damage")


def count(total: dict[str, jax.Array], happened: Happened) -> tuple[dict[str, jax.Array], None]:
    """Adds a tick: living agent-steps, deaths, attacks and damage by style, [B, 3]."""
    players = happened.before.state.players
    events, size = happened.info.events, players.alive.shape[1]
    worlds, styles = jnp.arange(players.alive.shape[0])[:, None], len(Style)
    own = players.population % styles
    made = events.attacks.outcome[:, :size] >= Outcome.IMMUNE
    style = jnp.where(made, events.attacks.style[:, :size], styles)

    def at(name: str, where: jax.Array, amount: jax.Array | int) -> jax.Array:
        return total[name].at[worlds, where].add(amount, mode="drop")

    return {
        "steps": at("steps", jnp.where(happened.info.acted, own, styles), 1),
        "deaths": at("deaths", jnp.where(events.deaths.cause > 0, own, styles), 1),
        "attacks": at("attacks", style, 1),
        "damage": at("damage", style, events.attacks.damage[:, :size]),
    }, None


@functools.lru_cache(maxsize=4)
def program(env: Environment, ticks: int, warmup: int, policy: Policy) -> Any:
    """Compiled: rules [B], keys [B] and draws [B] -> counts [B, 3] after the warm-up."""

    @jax.jit
    def run(rules: Any, keys: jax.Array, numbers: jax.Array, key: jax.Array, params: Any) -> Any:
        worlds = following.begin(env, policy, keys, rules, own=True)
        zero = jnp.zeros((keys.shape[0], len(Style)), jnp.int32)
        total = dict.fromkeys(COUNTED, zero)
        for length, part in ((warmup, 0), (ticks, 1)):
            worlds, total, _ = following.follow(
                env, policy, params, worlds, rules, jax.random.fold_in(key, part), length,
                jax.tree.map(jnp.zeros_like, total), count, numbers=numbers,
            )  # fmt: skip
        return total

    return run


def play(
    env: Environment,
    settings: dict[str, Any],
    rules: Any,
    seed: int,
    policy: Policy | None = None,
    params: Any = (),
) -> dict[str, np.ndarray]:
    """Counts [R, W, 3] of each of R sets of rules in the same W worlds, with the same draws."""
    many, worlds = jax.tree.leaves(rules)[0].shape[0], settings["worlds"]
    policy = SPECIALISTS(env) if policy is None else policy
    each = jax.tree.map(lambda x: jnp.repeat(x, worlds, 0), rules)
    begin, go = jax.random.split(jax.random.key(seed))
    numbers = jnp.tile(jnp.arange(worlds, dtype=jnp.int32), many)
    keys = jax.random.split(begin, worlds)[numbers]
    run = program(env, settings["ticks"], settings["warmup"], policy)
    counts = run(each, keys, numbers, go, params)
    return {k: np.asarray(v).reshape(many, worlds, -1) for k, v in counts.items()}


SPECIALISTS = functools.lru_cache(specialists)


def sweep(env: Environment, settings: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Counts over the grid, in one compiled program."""
    points = list(itertools.product(*settings["grid"].values()))
    made = [
        scaled(
            env.default_rules(regrow_probability=regrowth, spawn_attempts=births),
            jnp.log(jnp.full(3, max(damage, 1e-6))),
        )
        for regrowth, damage, births in points
    ]
    return play(env, settings, jax.tree.map(lambda *x: jnp.stack(x), *made), 1000 + seed)


def scaled(rules: Any, logs: jax.Array) -> Any:
    """Rules with the damage of each style times a factor, exp of f32[3], in whole hit points."""
    hits = jnp.round(rules.max_hit * jnp.exp(logs)[:, None]).astype(rules.max_hit.dtype)
    return rules.replace(max_hit=jnp.clip(hits, 0, 10_000))


def search(env: Environment, settings: dict[str, Any], seed: int, say: Any) -> dict[str, Any]:
    """The path of the evolution strategy: logarithms of the factors by generation."""
    rules, key = env.default_rules(spawn_attempts=2), jax.random.key(seed)
    mean, optimiser = jnp.zeros(3), optax.adam(RATE)
    state, path, losses = optimiser.init(mean), [np.zeros(3)], []
    for generation in range(settings["generations"]):
        draw = jax.random.fold_in(key, generation)
        tried, noise = strategies.ask(draw, mean, SIGMA, settings["pairs"])
        games = jax.vmap(lambda logs: scaled(rules, logs))(tried)
        counts = play(env, settings, games, 10_000 * (seed + 1) + generation)
        loss = unevenness(counts["steps"].sum(1)) + PRICE * np.square(tried).sum(1)
        slope = strategies.gradient(noise, jnp.asarray(loss), SIGMA)
        step, state = optimiser.update(slope, state)
        mean = optax.apply_updates(mean, step)
        path.append(np.asarray(mean))
        losses.append(loss.mean())
        say(f"seed {seed}, generation {generation + 1}: unevenness {loss.mean():.3f}")
    last = max(1, len(path) // 4)
    return {"path": np.stack(path), "loss": losses, "found": np.mean(path[-last:], 0)}


def compare(env: Environment, settings: dict[str, Any], found: Any, seed: int) -> dict[str, Any]:
    """Counts under the original and the found rules, in worlds that the search has not seen."""
    rules = env.default_rules(spawn_attempts=2)
    games = jax.vmap(lambda logs: scaled(rules, logs))(jnp.stack([jnp.zeros(3), jnp.array(found)]))
    return play(env, settings | {"worlds": 6 * settings["worlds"]}, games, 777_000 + seed)


def trained(experiment: Experiment, env: Environment, found: Any, seed: int) -> dict[str, Any]:
    """Attacks by style of policies trained under the original and the found rules."""
    settings, counts = experiment.settings, []
    for name, logs in (("original", np.zeros(3)), ("found", found)):
        rules = scaled(env.default_rules(spawn_attempts=2), jnp.asarray(logs))
        changed = {"max_hit": np.asarray(rules.max_hit).tolist(), "spawn_attempts": 2}
        sizes = ("height", "width", "border", "capacity", "max_spawns", "num_populations")
        config = RunConfig(
            env={size: getattr(env.config, size) for size in sizes}, rules=changed, seed=seed
        )
        (policy, params), _ = policy_of(experiment, f"rules-{name}-{seed}", config)
        many = jax.tree.map(lambda x: x[None], rules)
        wide = settings | {"worlds": 4 * settings["worlds"]}
        counts.append(play(env, wide, many, 888_000 + seed, policy, params)["attacks"][0])
    return {"attacks": np.stack(counts)}


def rows_of(experiment: Experiment, compared: list[Any], found: list[Any]) -> list[dict[str, Any]]:
    """The table: original and found rules, by style."""
    rows = []
    for index, name in enumerate(("original", "found")):
        steps = [data["steps"][index].astype(float) for data in compared]
        row: dict[str, Any] = {"rules": name}
        for style in Style:
            own = [s[:, style] for s in steps]
            row[f"lives by {style.name.lower()}"] = bootstrap.interval(
                own, [s.sum(-1) for s in steps]
            )
        for style in Style:
            row[f"damage of {style.name.lower()}"] = (
                1.0 if name == "original" else float(np.exp(np.mean(found, 0))[style])
            )
        row["unevenness"] = bootstrap.interval([unevenness(s) for s in steps])
        rows.append(row)
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the experiment."""
    experiment = Experiment("rules", SIZES, argv, __doc__.splitlines()[0])
    settings, env = experiment.settings, game(experiment.settings)
    grids, paths, compared, learnt = [], [], [], []
    for seed in experiment.seeds:
        grids.append(experiment.unit(f"grid-{seed}", lambda s=seed: sweep(env, settings, s)))
    for seed in experiment.seeds:
        paths.append(
            experiment.unit(
                f"search-{seed}", lambda s=seed: search(env, settings, s, experiment.say)
            )
        )
        found = paths[-1]["found"]
        compared.append(
            experiment.unit(f"compare-{seed}", lambda s=seed, f=found: compare(env, settings, f, s))
        )
        if settings["decisions"]:
            learnt.append(
                experiment.unit(
                    f"trained-{seed}", lambda s=seed, f=found: trained(experiment, env, f, s)
                )
            )
    experiment.table(draw_sweep(experiment, grids), "grid")
    rows = rows_of(experiment, compared, [path["found"] for path in paths])
    for index, row in enumerate(rows):
        for style in Style if learnt else ():
            own = [data["attacks"][index].astype(float) for data in learnt]
            row[f"trained attack with {style.name.lower()}"] = bootstrap.interval(
                [a[:, style] for a in own], [a.sum(-1) for a in own]
            )
    experiment.table(rows)
    draw_search(experiment, paths, compared)
    experiment.finish()


if __name__ == "__main__":
    main()
