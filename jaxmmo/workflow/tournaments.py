"""`jaxmmo.tournament`: policies share worlds, and are rated by how long their agents live there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxmmo.evaluation import matches
from jaxmmo.evaluation.lifetimes import Contestant, EvalConfig
from jaxmmo.evaluation.watching import run
from jaxmmo.runs import library
from jaxmmo.workflow.display import Bar
from jaxmmo.workflow.scene import RulesLike, Scene, compose
from jaxmmo.workflow.tables import Table, joins, plain, read_table

AT_ONCE = 64
"""Worlds of a round; a table is saved after each."""

CHUNK = 128
"""Living agents of one policy that act at once: what an entrant may cost beyond its own agents."""


class Tournament(dict[str, Any]):
    """`ratings`, best first, and `table`, with the conditions; shows itself as a table."""

    def __repr__(self) -> str:
        names = [rating["name"] for rating in self["ratings"]]
        rows = [["", "rating", *names]]
        for r in self["ratings"]:
            cells = [self["table"][r["name"]].get(name) for name in names]
            shares = ["-" if c is None or c["mean"] is None else _interval(c, 2) for c in cells]
            rows.append([r["name"], _interval(r, 1), *shares])
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join(
            "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
        )

    def draw(self, path: str | Path) -> None:
        """Writes a picture: ratings, and who beats whom."""
        from jaxmmo.runs import plots

        plots.tournament(self, Path(path))


def tournament(
    entrants: Iterable[Any] | Mapping[str, Any],
    *,
    env: Any = None,
    rules: RulesLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    attacks: bool = True,
    worlds: int = 64,
    ticks: int = 1000,
    seed: int = 0,
    ladder: bool = False,
    file: str | Path | None = None,
    trust: bool = False,
    quiet: bool = False,
) -> Tournament:
    """Lets policies share worlds, and rates them.

    Each population of a world is played by one entrant, each entrant by turns has every
    population. An entrant beats another in a world if its steady-state lifetime there is longer.

    Stopped at any moment, it has lost the round under way at most: the same call goes on from
    `file` and ends with the numbers that it would have had undisturbed.

    Args:
      entrants: names of policies (see `evaluate`), runs, or (policy, params); or a mapping that
        gives each a name. Their order means nothing.
      env: an environment, the id of a preset, or FILE.py:NAME; JaxMMO-v1 if omitted.
      rules: other rules than the environment's, see `train`.
      overrides: `EnvConfig` fields, or arguments of the function that makes the environment.
      attacks: False masks them.
      worlds: how many are played, in rounds of 64; of a ladder, how many more.
      ticks: each world is watched for; the latter half counts, from tick 500 at the latest.
      seed: of maps, seats and everything else.
      ladder: entrants are newcomers, who join those in `file`.
      file: where results are saved after every round, and from where they are continued.
      trust: execute code that a run's directory holds.
      quiet: show no progress.

    Raises:
      ValueError: for an entrant that does not exist or does not fit, and other bad arguments.
      ModuleNotFoundError: without openskill.
    """
    matches.rating_model()  # what is missing is told before anything is played
    if ticks < 2 or worlds < 1:
        raise ValueError(f"worlds={worlds}, ticks={ticks}: must be at least 1 and 2")
    path, began = None if file is None else Path(file), time.monotonic()
    config = {"ticks": ticks, "attacks": attacks}
    new = _named(entrants)
    old = read_table(path) if ladder else None
    if ladder and old is None:
        raise ValueError("a ladder needs the file of a tournament, with those whom it joins")
    known = {} if old is None else {n: n if s is None else s for n, s in old["entrants"].items()}
    again = sorted(known.keys() & new.keys())
    joining = old is not None and joins(old) == sorted(new)  # and was stopped on the way
    if again and not joining:
        raise ValueError(f"{', '.join(again)}: in the table already")
    everybody = dict(sorted({**known, **new}.items()))
    if len(everybody) < 2:
        raise ValueError(f"{len(everybody)} entrants: a tournament needs at least 2")
    place = library.DEFAULT if env is None else env
    scene, contestants = _check(everybody, place, rules, overrides, trust)
    names = list(everybody)
    world = _digest(scene.env.default_rules(), f"{scene.env.config} {rules}")
    prints = {n: _digest(c.params) for n, c in zip(names, contestants, strict=True)}
    conditions = {"preset": scene.place, "world": world, **config}
    table = Table(everybody, prints, conditions, seed, path)
    if old is not None:
        table.join(old, sorted(new), again=joining)
    elif path is not None and path.exists():
        table.go_on(read_table(path))
    always = names.index(next(iter(new))) if ladder and len(new) == 1 else None
    _play(table, scene, contestants, worlds, always, Bar("worlds", "", quiet=quiet))
    results = table.array()
    return Tournament(
        ratings=matches.ratings(names, results),
        table=matches.cross_table(names, results),
        preset=scene.place,
        attacks=attacks,
        worlds=len(results),
        ticks=ticks,
        seed=seed,
        seconds=round(time.monotonic() - began, 1),
        lifetimes={n: [plain(x) for x in results[:, i]] for i, n in enumerate(names)},
    )


def _interval(value: dict[str, float], digits: int) -> str:
    mean, low, high = (f"{value[k]:.{digits}f}" for k in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _named(entrants: Iterable[Any] | Mapping[str, Any]) -> dict[str, Any]:
    """Players by name, in the order of names; who comes twice gets a number."""
    if isinstance(entrants, str):
        raise ValueError(f"{entrants!r}: give a list of entrants")
    if isinstance(entrants, Mapping):
        return dict(sorted(entrants.items()))
    named: dict[str, Any] = {}
    for player in entrants:
        name = str(player) if isinstance(player, str | Path) else None
        if name is None and isinstance(player, tuple):
            name = str(getattr(player[0], "name", player[0]))
        name = str(getattr(player, "directory", player)) if name is None else name
        number = 1
        while (unique := name if number == 1 else f"{name} ({number})") in named:
            number += 1
        named[unique] = player
    return dict(sorted(named.items()))


def _check(
    everybody: Mapping[str, Any], env: Any, rules: Any, overrides: Any, trust: bool
) -> tuple[Scene, list[Contestant]]:
    """The scene and all policies, or a ValueError that names who does not fit."""
    scene = compose("random", env=env, rules=rules, overrides=overrides)
    contestants = []
    for name, player in everybody.items():
        try:
            contestants.append(scene.other(player, trust=trust))
        except (ValueError, OSError) as error:
            raise ValueError(f"entrant {name}: {error}") from error
    return scene, contestants


def _digest(tree: Any, text: str = "") -> str:
    """A fingerprint of arrays and a text: results of others are not continued."""
    told = hashlib.sha256(text.encode())
    for leaf in jax.tree.leaves(tree):
        told.update(np.asarray(leaf).tobytes())
    return told.hexdigest()[:16]


def _play(
    table: Table,
    scene: Scene,
    contestants: list[Contestant],
    worlds: int,
    always: int | None,
    bar: Bar,
) -> None:
    """Plays the worlds that are missing, from the table's `first` on, in rounds.

    What is drawn for a world depends on its place in its round alone: whether it was played in one
    go with those before it or later makes no difference.
    """
    ticks, count = table.conditions["ticks"], len(contestants)
    horizon, first = max(1, min(500, ticks // 2)), table.first
    if len(table.results) < first + worlds:
        bar.say("compiling, about 30 s, once")
    while (done := len(table.results) - first) < worlds:
        began = done // AT_ONCE * AT_ONCE  # a round of which a part was played is played again
        number = min(AT_ONCE, worlds - began)
        state = np.random.SeedSequence([table.seed, first + began]).generate_state(1)
        drawn = int(state[0] >> 1)
        config = EvalConfig(number, ticks, horizon, CHUNK, drawn)
        owner = matches.seats(scene.env.config.num_populations, number, count, drawn, always)
        counts, _ = run(
            scene.env,
            contestants,
            config,
            attacks=table.conditions["attacks"],
            sample_rules=scene.sample_rules,
            progress=lambda now, all_: bar((began * all_ + number * now) // all_, worlds),  # noqa: B023
            owner=owner,
        )
        table.add(matches.scores(counts, owner, count)[done - began :])
    table.close()
