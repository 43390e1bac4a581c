"""What `watch` and `record` ask in common: who plays, and in what world."""

from __future__ import annotations

import argparse
from typing import Any

from jaxmmo.viewer.world import World

DEFAULT_AGENTS = 64


def add_world_options(parser: argparse.ArgumentParser) -> None:
    """Adds who plays and in what world."""
    parser.add_argument(
        "player",
        nargs="?",
        default="forager",
        help="directory of a run, baseline, a script (random, forager, fighter, ...), or a replay",
    )
    parser.add_argument("--preset", help="of the world (the run's own, or JaxMMO-v1)")
    parser.add_argument("--seed", type=int, default=0, help="of the world and of every draw")
    parser.add_argument("--size", type=int, metavar="TILES", help="side of the map")
    parser.add_argument("--capacity", type=int, metavar="N", help="agents that can live at once")
    parser.add_argument(
        "--agents",
        type=int,
        metavar="N",
        help=f"agents placed at the start, 0 for an empty world (default: {DEFAULT_AGENTS} or all)",
    )
    parser.add_argument("--warmup", type=int, default=0, metavar="N", help="ticks played unseen")


def make_world(args: argparse.Namespace, outputs: bool) -> World:
    """The world that the options describe; ValueError, naming the option, for bad ones."""
    import jaxmmo
    from jaxmmo.runs import library

    for name, low in (("warmup", 0), ("seed", 0)):
        if getattr(args, name) < low:
            raise ValueError(f"--{name} {getattr(args, name)}: must be at least {low}")
    overrides: dict[str, Any] = {}
    if args.capacity is not None:
        overrides["capacity"] = args.capacity
    if args.size is not None:
        overrides |= {"height": args.size, "width": args.size}
    preset = args.preset or library.preset_of(args.player)
    capacity = jaxmmo.make(preset, **overrides).config.capacity
    agents = min(DEFAULT_AGENTS, capacity) if args.agents is None else args.agents
    env = jaxmmo.make(preset, **overrides, initial_population=agents)
    contestant = library.load(args.player, env)
    world = World(env, contestant.policy, contestant.params, seed=args.seed, outputs=outputs)
    for _ in range(args.warmup):
        world.step()
    return world
