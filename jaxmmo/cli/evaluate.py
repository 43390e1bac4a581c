"""`jaxmmo evaluate`: how long a policy's agents live on maps it was not trained on."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "policy", help="directory of a run, baseline, or noop, random, careful, forager, fighter"
    )
    parser.add_argument("--against", help="a policy that has half of the populations")
    parser.add_argument("--preset", default=None, help="of the world (the run's own, or JaxMMO-v1)")
    parser.add_argument("--no-attack", action="store_true", help="mask all attacks")
    parser.add_argument("--worlds", type=int, default=16, help="watched side by side")
    parser.add_argument("--ticks", type=int, default=1500, help="each world is watched for")
    parser.add_argument("--horizon", type=int, default=500, help="cap of the restricted mean")
    parser.add_argument("--seed", type=int, default=0, help="of maps and everything else")
    parser.add_argument("--plot", type=Path, help="write a picture of the results")
    parser.add_argument("--json", action="store_true", help="end with the results in JSON")


def run(args: argparse.Namespace) -> int:
    """Evaluates; see `jaxmmo evaluate --help`."""
    from jaxmmo.evaluation import lifetimes
    from jaxmmo.runs import library
    from jaxmmo.runs.setup import make_env

    if args.plot and not args.plot.parent.is_dir():
        raise FileNotFoundError(f"{args.plot.parent} is not a folder")
    preset = args.preset or library.preset_of(args.policy)
    env = make_env(preset, {})
    names = [args.policy] + ([args.against] if args.against else [])
    contestants = [library.load(name, env) for name in names]
    config = lifetimes.EvalConfig(
        worlds=args.worlds, ticks=args.ticks, horizon=args.horizon, seed=args.seed
    )
    reports = lifetimes.evaluate(env, contestants, config, attacks=not args.no_attack)
    print(table(reports), file=sys.stderr if args.json else sys.stdout)
    if args.plot:
        from jaxmmo.runs.plots import evaluation as draw

        draw(reports, args.plot, f"{preset}{', attacks masked' if args.no_attack else ''}")
        print(f"picture: {args.plot}", file=sys.stderr)
    if args.json:
        conditions = {
            "preset": preset,
            "attacks": not args.no_attack,
            "worlds": config.worlds,
            "ticks": config.ticks,
            "horizon": config.horizon,
            "seed": config.seed,
        }
        result = conditions | reports[0]
        if args.against:
            result["against"] = reports[1]
        print(json.dumps(result))
    return 0


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
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _interval(value: dict[str, float | None]) -> str:
    """A mean with its 95 % interval."""
    if value["mean"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['mean']:.1f}"
    return f"{value['mean']:.1f} [{value['low']:.1f}, {value['high']:.1f}]"
