"""Where a tick's time goes: the compiler's own account of every operation, by source file.

    python benchmarks/tick.py [--worlds 32] [--top 25]

Runs the benchmark's scan under JAX's profiler on one CPU device and adds up the time of every
compiled operation by the file it comes from. Operations that the compiler fused across files count
for the one it names last.
"""

from __future__ import annotations

import argparse
import collections
import glob
import re
import tempfile

import jax

import jaxmmo
from jaxmmo.bench import worlds


def places(hlo: str) -> dict[str, str]:
    """Source file of every operation, from the tables at the head of a compiled program."""
    tables = {
        name: dict(re.findall(r"^(\d+) (.+)$", body, re.M))
        for name, body in re.findall(r"^(\w+)\n((?:\d+ .+\n)+)", hlo, re.M)
    }
    files = {k: v.strip('"') for k, v in tables.get("FileNames", {}).items()}

    def number(text: str, key: str) -> str | None:
        found = re.search(rf"{key}=(\d+)", text)
        return found[1] if found else None

    def source(frame: str | None) -> str:
        while frame:
            text = tables["StackFrames"].get(frame, "")
            place = tables["FileLocations"].get(number(text, "file_location_id") or "", "")
            name = files.get(number(place, "file_name_id") or "", "")
            if "jaxmmo/" in name:
                return name.split("jaxmmo/")[-1]
            parent = number(text, "parent_frame_id")
            frame = parent if parent != frame else None
        return "(compiler)"

    found = {}
    for line in hlo.splitlines():
        name = re.match(r"\s*(?:ROOT )?%?([\w.\-]+) = ", line)
        if name:
            found[name[1]] = source(number(line, "stack_frame_id"))
    return found


def main() -> None:
    """Prints nanoseconds a slot and tick by file, and the largest single operations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=32)
    parser.add_argument("--ticks", type=int, default=32)
    parser.add_argument("--top", type=int, default=25)
    args = parser.parse_args()
    env = jaxmmo.make(initial_population=128, max_spawns=48)
    rules = env.default_rules(spawn_attempts=48)
    keys = jax.random.split(jax.random.key(0), args.worlds)
    obs, state = jax.jit(jax.vmap(lambda key: env.reset(key, rules)))(keys)
    program = jax.jit(
        lambda k, o, s: worlds.play(env, rules, args.ticks, k, o, s), donate_argnums=(1, 2)
    )
    compiled = program.lower(keys, obs, state).compile()
    obs, state, *_ = jax.block_until_ready(compiled(keys, obs, state))
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            jax.block_until_ready(compiled(keys, obs, state))
        trace = glob.glob(f"{folder}/**/*.xplane.pb", recursive=True)[0]
        profile = jax.profiler.ProfileData.from_file(trace)
    spent: collections.Counter[str] = collections.Counter()
    seen: collections.Counter[str] = collections.Counter()
    for plane in profile.planes:
        for line in plane.lines:
            for event in line.events:
                spent[event.name] += event.duration_ns
                seen[event.name] += 1
    where = places(compiled.as_text())
    scale = 1 / (args.ticks * args.worlds * env.config.capacity)
    by_file: collections.Counter[str] = collections.Counter()
    rows = []
    for name, nanoseconds in spent.items():
        if name in where and not name.startswith("while"):
            # the profiler reports an operation once for its thunk and once for its kernel
            share = nanoseconds * scale / max(1, round(seen[name] / args.ticks))
            by_file[where[name]] += share
            rows.append((share, name, where[name]))
    for name, share in by_file.most_common():
        print(f"{share:8.1f} ns  {name}")
    print(f"{sum(by_file.values()):8.1f} ns  a slot and tick, on one core")
    for share, name, place in sorted(rows, reverse=True)[: args.top]:
        print(f"{share:8.1f} ns  {place:32} {name}")


if __name__ == "__main__":
    main()
