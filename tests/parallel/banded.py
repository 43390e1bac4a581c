"""A world whole and the same one in bands, played by the same agents and compared by their ids.

    python -m tests.parallel.banded NeuralMMO-v1.3 --ticks 1000 --devices 8

prints one JSON object; exit 0 only if nothing differs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from functools import partial
from typing import Any

STREAM = 77  # of random numbers, for what agents do
SALT = 2654435761  # an odd number whose multiples are well mixed
SIZES = {
    "capacity": 128,
    "max_spawns": 4,
    "num_populations": 8,
    "initial_population": 96,
    "border": 5,
}
NUMBERS = {"spawn_attempts": 4, "initial_immunity": 2}


def parser() -> argparse.ArgumentParser:
    """Options of the comparison."""
    p = argparse.ArgumentParser()
    p.add_argument("preset")
    p.add_argument("--ticks", type=int, default=1000)
    p.add_argument("--devices", type=int, default=8)
    p.add_argument("--slots", type=int, default=64)
    p.add_argument("--ghosts", type=int)
    p.add_argument("--movers", type=int)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--generated", action="store_true", help="draw the map instead of giving one")
    p.add_argument("--alone", action="store_true", help="the bands only, compared with nothing")
    p.add_argument("--scatter", action="store_true", help="cut a whole world instead of founding")
    p.add_argument("--set", nargs="*", default=[], help="FIELD=NUMBER of the configuration")
    return p


def main(argv: list[str] | None = None) -> int:
    """Plays and compares."""
    args = parser().parse_args(argv)
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count={args.devices}"
    import jax
    from jax.sharding import AxisType

    import jaxmmo
    from jaxmmo.parallel.bands import Banded

    sizes: dict[str, Any] = SIZES | {k: int(v) for k, v in (pair.split("=") for pair in args.set)}
    if args.preset == "NeuralMMO-v1.3":
        sizes = {"max_visible": 24} | sizes
    env = jaxmmo.make(args.preset, **sizes)
    mesh = jax.make_mesh((args.devices,), ("agents",), axis_types=(AxisType.Auto,))
    bands = Banded(env, mesh, slots=args.slots, ghosts=args.ghosts, movers=args.movers)
    began = time.perf_counter()
    how = (args.seed, args.ticks, args.scatter, args.generated)
    cut = jax.device_get(play(env, bands, *how))
    middle = time.perf_counter()
    whole = cut if args.alone else jax.device_get(play(env, None, *how))
    report = compare(whole, cut, args.ticks)
    if not args.alone:
        digest = jax.jit(env.digest)
        if not (digest(bands.gather(cut[2])) == digest(whole[2])).all():
            report["different"]["gathered"] = args.ticks
    report |= {
        "bands_s": round(middle - began, 1),
        "whole_s": round(time.perf_counter() - middle, 1),
    }
    print(json.dumps(report))
    return 1 if report["different"] else 0


def ground(env: Any) -> Any:
    """u8[H, W]: a map of all that there is, which is made sooner than one of noise."""
    import numpy as np

    config = env.config
    kinds, margin = (1, 2, 4, 5), config.border
    material = np.zeros((config.height, config.width), np.uint8)
    inside = (config.height - 2 * margin, config.width - 2 * margin)
    chosen = np.random.default_rng(0).choice(kinds, inside, p=(0.1, 0.5, 0.3, 0.1))
    material[margin:-margin, margin:-margin] = chosen
    return material


def play(env: Any, bands: Any, seed: int, ticks: int, scatter: bool, generated: bool) -> Any:
    """What happens to everybody in every tick, in slots, with the ids of who is in them."""
    import jax
    import jax.numpy as jnp

    world = env if bands is None else bands
    rules = env.default_rules(**NUMBERS)
    key, terrain = jax.random.key(seed), None if generated else ground(env)
    # programs that run for seconds are not worth minutes of compilation
    compiled = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    every = (lambda fn, **_: fn) if bands is None else bands.act

    def players(state: Any) -> Any:
        return state.players if bands is None else bands.players(state)

    def own_rows(state: Any) -> Any:
        if bands is None:
            return state.terrain.ripe_at
        cut = bands.cut
        rows = slice(cut.halo, cut.halo + cut.rows)
        ripe_at = every(lambda part: part[rows])(state.world.terrain.ripe_at)
        return ripe_at[: env.config.height]

    def seen(obs: Any, state: Any) -> Any:
        at = state if bands is None else state.world
        now = players(state)
        plane = own_rows(state)
        place = (
            jnp.arange(plane.size, dtype=jnp.uint32).reshape(plane.shape) * jnp.uint32(2654435761)
            | 1
        )
        return {
            "id": jnp.where(now.alive, now.id, 0),
            "row": now.row,
            "bodies": every(fingerprint)(now),
            "lives": every(fingerprint)(at.lives),
            "tiles": every(fingerprint)(obs.tiles),
            "tables": every(fingerprint)(obs.tables),
            "masks": every(fingerprint)(obs.masks),
            "ground": jnp.sum(plane.astype(jnp.uint32) * (place | 1), dtype=jnp.uint32),
            "clock": jnp.stack([at.tick, at.next_id, at.lost_spawns]),
        }

    def tick(carry: Any, number: Any) -> Any:
        obs, state = carry
        now = jax.random.fold_in(key, number)
        action = every(lambda k, i, o: decide(k, i, o), shared=1)(now, players(state).id, obs)
        obs, state, reward, ended, cut_off, info = world.step(now, state, action, rules)
        events = info.events
        refused = astray = jnp.zeros((), jnp.int32)
        if bands is None:
            before, target = carry[1].bodies.id, events.attacks.target
            known = jnp.concatenate([before, jnp.zeros(1, jnp.int32)])
            events = events.replace(
                id=jnp.where(events.newborn, state.bodies.id, before), target_id=known[target]
            )
        else:
            # what an agent carries about is its id, which it must still have wherever it goes
            refused = jnp.sum(state.refused) + jnp.sum(state.unseen)
            now = players(state)
            same = (state.luggage["id"] == now.id) & (state.luggage["half"] == now.id % 64)
            young = now.time_alive == 0
            astray = jnp.sum(now.alive & ~young & ~same, dtype=jnp.int32)
            state = state.replace(luggage=carried(now))
        some = info.acted | info.newborn
        attacks = events.attacks
        told = {
            "ended": jnp.where(some, events.id, 0),
            "reward": reward,
            "terminated": ended,
            "truncated": cut_off,
            "acted": info.acted,
            "newborn": info.newborn,
            "illegal": info.illegal,
            "outcome": attacks.outcome,
            "damage": attacks.damage,
            "target_id": events.target_id,
            "cause": events.deaths.cause,
            "harvested": events.harvests.harvested,
            "events": every(fingerprint)(
                (attacks.style, attacks.outcome, attacks.damage, events.harvests, events.deaths,
                 events.level_ups, events.doomed)
            ),
        }  # fmt: skip
        return (obs, state), (seen(obs, state), told, refused, astray)

    def carried(now: Any) -> Any:
        return {"id": now.id, "half": (now.id % 64).astype(jnp.bfloat16)}

    def live_on(first: Any) -> Any:
        obs, state = first
        if bands is not None:
            state = state.replace(luggage=carried(players(state)))
        last, trace = jax.lax.scan(tick, (obs, state), jnp.arange(ticks))
        return seen(obs, state), trace, last[1]

    def live() -> Any:
        return live_on(world.reset(key, rules, terrain))

    if not scatter:
        return compiled(live)()
    first = compiled(env.reset)(key, rules, terrain)
    if bands is not None:
        first = bands.scatter(first[1], rules)
    return compiled(live_on)(first)


def decide(key: Any, ids: Any, obs: Any) -> dict[str, Any]:
    """Random legal moves, and attacks on whoever is last in reach; by id, not by slot."""
    import jax.numpy as jnp

    from jaxmmo.bench.worlds import nth_legal
    from jaxmmo.env import random

    walk, fight = random.words(key, STREAM, ids)
    style = random.below(fight, 3)
    legal = jnp.take_along_axis(obs.masks.target, style[:, None, None], 1)[:, 0]
    last = legal.shape[1] - 1 - jnp.argmax(legal[:, ::-1], 1).astype(jnp.int32)
    target = jnp.where(fight >> 30 == 0, last, 0)
    target = jnp.where(fight >> 26 == 5, legal.shape[1] + 3, target)  # now and then nonsense
    return {"move": nth_legal(obs.masks.move, walk), "style": style, "target": target}


def fingerprint(tree: Any) -> Any:
    """u32[N]: each row of all arrays in one number."""
    import jax.numpy as jnp

    from jaxmmo.parallel.halo import to_words

    words = to_words(tree)
    salt = (jnp.arange(words.shape[1], dtype=jnp.uint32) + 1) * jnp.uint32(0x9E3779B1) | 1
    mixed = (words ^ (words >> 15) ^ salt) * salt
    mixed = (mixed ^ (mixed >> 13)) * jnp.uint32(0xC2B2AE35)
    return jnp.sum(mixed ^ (mixed >> 16), 1, dtype=jnp.uint32)


def compare(whole: Any, cut: Any, ticks: int) -> dict[str, Any]:
    """Everything by id, tick by tick; and how much there was to compare."""
    import numpy as np

    different: dict[str, int] = {}

    def hold(name: str, a: Any, b: Any, tick: int) -> None:
        if a.shape != b.shape or not np.array_equal(a, b):
            different.setdefault(name, tick)

    def by_id(part: Any, key: str) -> dict[str, Any]:
        ids = part[key]
        rows = np.flatnonzero(ids)
        rows = rows[np.argsort(ids[rows])]
        return {
            name: value[rows] if value.ndim and value.shape[0] == ids.shape[0] else value
            for name, value in part.items()
        }

    counts = dict.fromkeys(("deaths", "births", "fights", "harvests", "kills"), 0)
    first = [by_id(world[0], "id") for world in (whole, cut)]
    for name in first[0]:
        hold(name, first[0][name], first[1][name], -1)
    for t in range(ticks):
        for part, key in ((0, "id"), (1, "ended")):
            one, two = (
                by_id({k: v[t] for k, v in world[1][part].items()}, key) for world in (whole, cut)
            )
            for name in one:
                hold(name, one[name], two[name], t)
            if part:
                counts["deaths"] += int((one["cause"] > 0).sum())
                counts["kills"] += int((one["cause"] == 2).sum())
                counts["births"] += int(one["newborn"].sum())
                counts["fights"] += int((one["outcome"] >= 3).sum())
                counts["harvests"] += int(one["harvested"].sum())
    overflow, astray = cut[1][2:]
    return {
        "different": different,
        "ticks": ticks,
        **counts,
        **across(cut[1], ticks),
        "mean_alive": float((whole[1][0]["id"] > 0).sum(1).mean()),
        "overflows": int(overflow[-1]),
        "lost_spawns": int(cut[1][0]["clock"][-1][2]),
        "astray": int(astray.sum()),
        "lost_or_doubled": unaccounted(cut, ticks),
    }


def unaccounted(world: Any, ticks: int) -> int:
    """Agents that are there without having been born, or gone without having died, or twice."""
    import numpy as np

    start, (after, told, *_), _ = world
    here, wrong = set(start["id"].tolist()) - {0}, 0
    for t in range(ticks):
        ids = told["ended"][t]
        gone = set(ids[told["terminated"][t]].tolist())
        expected = (here | set(ids[told["newborn"][t]].tolist())) - gone
        found = after["id"][t][after["id"][t] > 0]
        here = set(found.tolist())
        wrong += len(expected ^ here) + len(found) - len(np.unique(found))
    return wrong


def across(trace: Any, ticks: int) -> dict[str, int]:
    """Steps over borders, and blows struck over them, by the bands in which slots lie."""
    import jax
    import numpy as np

    bands = jax.device_count()
    after, told, *_ = trace
    size = after["id"].shape[1] // bands
    crossings = blows = deaths = 0
    band = np.arange(after["id"].shape[1]) // size
    before: dict[int, int] = {}
    for t in range(ticks):
        here = {int(i): int(b) for i, b in zip(after["id"][t], band, strict=True) if i}
        crossings += sum(int(before[i] != b) for i, b in here.items() if i in before)
        # in v1.3 the dying leave a tick later
        later = set(after["id"][min(t + 1, ticks - 1)].tolist())
        struck = np.flatnonzero(told["outcome"][t] >= 3)
        for slot in struck:
            target = int(told["target_id"][t][slot])
            over = target in before and before[target] != band[slot]
            blows += int(over)
            deaths += int(over and target not in later)
        before = here
    return {"crossings": crossings, "blows_over_borders": blows, "deaths_by_them": deaths}


if __name__ == "__main__":
    sys.exit(main())
