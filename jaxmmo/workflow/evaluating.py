"""`jaxmmo.evaluate`: how long a policy's agents live on maps it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jaxmmo.evaluation import lifetimes
from jaxmmo.evaluation.lifetimes import EvalConfig
from jaxmmo.parallel.mesh import build_for
from jaxmmo.workflow.display import Bar
from jaxmmo.workflow.scene import RulesLike, compose, players_of

HORIZON = 500


class Evaluation(dict[str, Any]):
    """Results by name, with the conditions; shows itself as a table.

    `restricted_mean_lifetime` and `steady_state_lifetime` are {mean, low, high}; `deaths` counts by
    cause; `against` holds the results of the policy that shared the worlds, if there was one.
    """

    @property
    def reports(self) -> list[dict[str, Any]]:
        """The results of each policy."""
        return [self, *([self["against"]] if "against" in self else [])]

    def __repr__(self) -> str:
        return table(self.reports)

    def draw(self, path: str | Path) -> None:
        """Writes a picture: survival, causes of death, populations."""
        from jaxmmo.runs.plots import evaluation

        masked = "" if self["attacks"] else ", attacks masked"
        evaluation(self.reports, Path(path), f"{self['preset']}{masked}")


def evaluate(
    player: Any,
    policy: Any = None,
    params: Any = None,
    *,
    env: Any = None,
    against: Any = None,
    rules: RulesLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    attacks: bool | None = None,
    worlds: int = 16,
    ticks: int = 1500,
    horizon: int | None = None,
    seed: int = 0,
    trust: bool = False,
    quiet: bool = False,
    mesh: str | None = None,
) -> Evaluation:
    """Measures how long agents live, and what they die of.

    `evaluate(run)`, `evaluate("runs/x")` and `evaluate("baseline")` take a policy into its own
    world; `evaluate(env, policy, params)` and `evaluate(env, "forager")` into a given one.

    Args:
      player: a run, its directory, the name of a policy; or an environment.
      policy: if an environment comes first: a policy, or the name of one.
      params: of the policy.
      env: another environment than the run's own: one, the id of a preset, or FILE.py:NAME.
      against: a policy that has half of the populations: a name, a run, or (policy, params).
      rules: other rules than the run's own, see `train`.
      overrides: `EnvConfig` fields, or arguments of the function that makes the environment.
      attacks: False masks them; as the run was trained if omitted.
      worlds: watched side by side.
      ticks: each world is watched for.
      horizon: cap of the restricted mean; 500, or half of the ticks where these are no more.
      seed: of maps and everything else.
      trust: execute code that a run's directory holds.
      quiet: show no progress.
      mesh: devices to use, see `train`.

    Raises:
      ValueError: for what does not exist, does not fit, or is out of range.
    """
    bar = Bar("evaluating", "ticks", quiet=quiet)
    if horizon is None:
        if ticks < 2:
            raise ValueError(f"ticks={ticks}: must be at least 2, or no life counts")
        horizon = min(HORIZON, ticks // 2) if ticks <= HORIZON else HORIZON
        if horizon < HORIZON:
            bar.say(f"horizon lowered to {horizon} ticks, as worlds are watched for {ticks}")
    config = EvalConfig(worlds=worlds, ticks=ticks, horizon=horizon, seed=seed)
    spread = build_for(mesh, worlds)
    who, env = players_of(player, policy, params, env)
    scene = compose(who, env=env, rules=rules, overrides=overrides, trust=trust)
    contestants = [scene.player]
    if against is not None:
        contestants.append(scene.other(against, trust=trust))
    masked = not (scene.attacks if attacks is None else attacks)
    bar.say("compiling, about 30 s, once")
    reports = lifetimes.evaluate(
        scene.env,
        contestants,
        config,
        attacks=not masked,
        sample_rules=scene.sample_rules,
        progress=bar,
        mesh=spread,
    )
    conditions = {
        "preset": scene.place,
        "attacks": not masked,
        "worlds": worlds,
        "ticks": ticks,
        "horizon": horizon,
        "seed": seed,
    }
    result = Evaluation(conditions | reports[0])
    if against is not None:
        result["against"] = reports[1]
    return result


def table(reports: list[dict[str, Any]]) -> str:
    """The results side by side, for people."""
    rows = [["", *(r["policy"] for r in reports)]]
    for name in ("restricted_mean_lifetime", "steady_state_lifetime"):
        rows.append([name.replace("_", " "), *(_interval(r[name]) for r in reports)])
    rows.append(["lives", *(str(r["lives"]) for r in reports)])
    rows.append(["distinct tiles explored", *(f"{r['explored']:.1f}" for r in reports)])
    rows.append(["damage dealt in a life", *(f"{r['damage_dealt']:.1f}" for r in reports)])
    rows.append(
        ["population at the end", *(f"{r['population']['value'][-1]:.1f}" for r in reports)]
    )
    for cause in reports[0]["deaths"]:
        cells = []
        for report in reports:
            total = max(sum(report["deaths"].values()), 1)
            cells.append(f"{100 * report['deaths'][cause] / total:.1f} %")
        rows.append([f"died of {cause}", *cells])
    for skill in reports[0]["levels"]:
        rows.append([f"{skill} level at death", *(f"{r['levels'][skill]:.1f}" for r in reports)])
    if "economy" in reports[0]:
        rows += _economy([r["economy"] for r in reports])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _economy(reports: list[dict[str, Any]]) -> list[list[str]]:
    """Rows about economies, of which the reports have further numbers."""

    def row(name: str, show: Callable[[dict[str, Any]], str]) -> list[str]:
        return [name, *(show(report) for report in reports)]

    rows = [
        row("gold of a living player", lambda r: f"{r['gold']['mean']:.1f}"),
        row("gold in circulation at the end", lambda r: f"{r['gold']['at_end']:.1f}"),
        row("gold from sales in a life", lambda r: f"{r['sales_per_life']:.2f}"),
        row("items offered", lambda r: str(sum(r["listings"].values()))),
    ]
    items = dict.fromkeys(item for r in reports for item in r["trades"])
    for item in items:
        rows.append(
            row(
                f"{item} bought, mean price",
                lambda r, item=item: (
                    f"{r['trades'][item]['count']}, {r['trades'][item]['mean_price']:.1f}"
                    if item in r["trades"]
                    else "-"
                ),
            )
        )
    for craft in reports[0]["harvests"]:
        rows.append(row(f"harvests by {craft}", lambda r, craft=craft: str(r["harvests"][craft])))
    for name in ("made", "consumed", "looted"):
        rows.append(row(f"items {name}", lambda r, name=name: str(sum(r[name].values()))))
    for skill in reports[0]["levels"]:
        rows.append(
            row(
                f"{skill} level, mean and best",
                lambda r, skill=skill: (
                    f"{r['levels'][skill]['mean']:.2f}, {r['levels'][skill]['max']}"
                ),
            )
        )
    rows.append(row("levels worn", lambda r: f"{sum(r['equipment'].values()):.2f}"))
    rows.append(row("tasks completed", lambda r: str(r["tasks_completed"])))
    return rows


def _interval(value: dict[str, float | None]) -> str:
    """A mean with its 95 % interval."""
    if value["mean"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['mean']:.1f}"
    return f"{value['mean']:.1f} [{value['low']:.1f}, {value['high']:.1f}]"
