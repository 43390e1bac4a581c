"""`jaxmmo bench`: speed and memory on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from jaxmmo.cli.options import add_idea_options, place

DEFAULT = "JaxMMO-v1"
WHAT = ("env", "scale", "train", "memory")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """what is measured:
  env     many full worlds, random legal actions, complete observations: living agent-steps/s
  scale   one world of a thousand to a million agents: nanoseconds an agent-step
  train   PPO with the default policy, once the worlds are populated
  memory  bytes a world takes, and how many fit on a device

examples:
  jaxmmo bench env
  jaxmmo bench env --worlds 64 --json
  jaxmmo bench scale --agents 1000 100000
  jaxmmo bench scale --preset JaxMMO-v2 --agents 1000 100000
  jaxmmo bench scale --agents 10000 --mesh agents=8
  jaxmmo bench train --no-attack
  jaxmmo bench train --env my_idea.py:make_env"""
    parser.add_argument("what", choices=WHAT, help="what is measured, see below")
    add_idea_options(parser, preset=None, of_run="")
    parser.add_argument(
        "--policy",
        metavar="FILE.py:NAME",
        help="train: your own function make_policy(spec) -> policy",
    )
    parser.add_argument("--capacity", type=int, default=128, help="slots a world (default: 128)")
    parser.add_argument("--worlds", type=int, help="worlds by device (default: 32; train: its own)")
    parser.add_argument("--ticks", type=int, help="ticks a run (default: 128; scale: 8)")
    parser.add_argument("--repeats", type=int, default=10, help="timed runs (default: 10)")
    parser.add_argument("--spawns", type=int, default=48, help="env: births tried a tick (48)")
    parser.add_argument(
        "--agents", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000],
        help="scale: sizes of the world (1000 to 1000000)",
    )  # fmt: skip
    parser.add_argument(
        "--mesh",
        metavar="AXES",
        help="train: devices to use, as in worlds=4,agents=2; scale, agents=N: one world in bands "
        "over N devices, measured on 1, 2 and N",
    )
    parser.add_argument("--warm-up", type=int, default=150, help="train: updates first (150)")
    parser.add_argument("--no-attack", action="store_true", help="train: attacks masked")
    parser.add_argument("--seed", type=int, default=0, help="of maps, births and actions (0)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    for name in ("capacity", "worlds", "ticks", "repeats", "spawns"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name} {value}: must be at least 1")
    if min(args.agents) < 1:
        raise ValueError(f"--agents {min(args.agents)}: must be at least 1")
    own = [n for n in ("preset", "env", "rules", "policy") if getattr(args, n) is not None]
    if args.what == "scale" and (others := [name for name in own if name != "preset"]):
        raise ValueError(f"--{others[0]}: bench scale builds worlds of its own, of a --preset")
    if args.what == "scale" and args.mesh is not None and args.preset not in (None, DEFAULT):
        raise ValueError(f"--mesh {args.mesh}: bands are of {DEFAULT} only, not of {args.preset}")
    if args.what != "train" and args.policy is not None:
        raise ValueError(f"--policy: bench {args.what} has none, bench train does")
    if args.what not in ("scale", "train") and args.mesh is not None:
        raise ValueError(f"--mesh: bench {args.what} uses one device, scale and train many")
    from jaxmmo.bench import measure

    if args.what == "env":
        measure.use_every_core()
    report = {"env": _env, "scale": _scale, "train": _train, "memory": _memory}[args.what](args)
    if args.json:
        print(json.dumps(report))
    return 0


def _maker(args: argparse.Namespace) -> Callable[[dict[str, Any]], Any]:
    """From overrides to the environment that the options name."""
    from jaxmmo.workflow.parts import Parts

    parts = Parts(place(args), None, args.rules)
    if "rules" in (*parts.sources, *parts.objects):
        raise ValueError(f"--rules {args.rules}: bench {args.what} plays by one set of rules")

    def make(overrides: dict[str, Any]) -> Any:
        return parts.environment(overrides)

    return make


def _show(report: dict[str, Any]) -> None:
    for name, value in report.items():
        text = f"{value:,}" if isinstance(value, int | float) else value
        print(f"{name.replace('_', ' '):>28}  {text}")


def _env(args: argparse.Namespace) -> dict[str, Any]:
    from jaxmmo.bench import worlds

    print("compiling and running; well under a minute ...", file=sys.stderr)
    report = worlds.run(
        place(args) or DEFAULT, {"capacity": args.capacity}, args.worlds or 32, args.ticks or 128,
        args.repeats, args.spawns, args.seed, _maker(args),
    )  # fmt: skip
    _show(report)
    return report


def _bands(args: argparse.Namespace) -> dict[str, Any]:
    from jaxmmo.bench import bands

    rows, most = [], bands.devices_of(args.mesh)
    print(f"{'agents':>10} {'devices':>8} {'bytes/device':>14} {'sent':>11} {'ns/agent-step':>14}")
    for row in bands.run(args.agents, most, args.ticks or 8, min(args.repeats, 5), args.seed):
        rows.append(row)
        print(
            f"{row['agents']:>10,} {row['devices']:>8,} {row['bytes_per_device']['all']:>14,} "
            f"{row['bytes_sent_per_tick']:>11,} {row['ns_per_agent_step']:>14,}",
            flush=True,
        )
    return {"mesh": args.mesh, "sizes": rows}


def _scale(args: argparse.Namespace) -> dict[str, Any]:
    if args.mesh is not None:
        return _bands(args)
    from jaxmmo.bench import scale

    rows = []
    print(f"{'agents':>10} {'map':>6} {'ns/agent-step':>14} {'steps/s':>12} {'bytes/agent':>12}")
    ticks, repeats = args.ticks or 8, min(args.repeats, 5)
    for row in scale.run(args.agents, ticks, repeats, args.seed, args.preset or DEFAULT):
        rows.append(row)
        size = row["observation_bytes"] + row["state_bytes_per_agent"]
        print(
            f"{row['agents']:>10,} {row['map_side']:>6,} {row['ns_per_agent_step']:>14,} "
            f"{row['agent_steps_per_s']:>12,} {size:>12,}",
            flush=True,
        )
    return {"sizes": rows}


def _train(args: argparse.Namespace) -> dict[str, Any]:
    from jaxmmo.bench import training
    from jaxmmo.learning.config import LearnConfig
    from jaxmmo.parallel.mesh import build_for
    from jaxmmo.workflow.parts import Parts

    learn = LearnConfig().replace(attacks=not args.no_attack)
    if args.worlds:
        learn = learn.replace(worlds=args.worlds)
    if args.ticks:
        learn = learn.replace(ticks=args.ticks)
    print("compiling, then learning until the worlds are populated ...", file=sys.stderr)
    overrides = {"capacity": args.capacity}
    parts = Parts(place(args), args.policy, args.rules)
    learner = parts.learner(parts.config(learn, None, overrides, args.seed))
    report = training.run(
        place(args) or DEFAULT, overrides, learn, args.warm_up, args.repeats, args.seed, learner,
        build_for(args.mesh, learn.worlds),
    )  # fmt: skip
    _show(report)
    return report


def _memory(args: argparse.Namespace) -> dict[str, Any]:
    from jaxmmo.bench import memory

    report = memory.run(
        place(args) or DEFAULT, {"capacity": args.capacity}, args.worlds or 32, _maker(args)
    )
    _show(report)
    return report
