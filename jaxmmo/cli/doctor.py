"""`jaxmmo doctor`: what is installed, on what it runs, and whether it works; for bug reports."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import time
from importlib import metadata
from pathlib import Path
from typing import Any

CORE = ("jax", "jaxlib", "flax", "optax", "chex", "numpy")
TICKS = 24
DIGESTS = {1: (3781216525, 3233769004)}
"""Fingerprint of the self-test's world, the same on every device, by behaviour version."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--seed", type=int, default=0, help="of the self-test; 0 is compared")
    parser.add_argument("--json", action="store_true", help="end with all of it in JSON")


def run(args: argparse.Namespace) -> int:
    """Prints what it found; 1 if the self-test failed."""
    if args.seed < 0:
        raise ValueError(f"--seed {args.seed}: must be at least 0")
    found = examine(args.seed)
    print(text(found))
    if args.json:
        print(json.dumps(found))
    return 0 if found["self_test"]["passed"] else 1


def examine(seed: int = 0) -> dict[str, Any]:
    """Versions, devices, extras, cache and the self-test, for JSON."""
    import jax

    from jaxmmo.version import BEHAVIOUR_VERSION, __version__

    return {
        "jaxmmo": __version__,
        "behaviour_version": BEHAVIOUR_VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in CORE},
        "devices": [f"{device.platform}: {device.device_kind}" for device in jax.devices()],
        "extras": extras(),
        "cache": cache(),
        "self_test": self_test(seed),
    }


def extras() -> dict[str, list[str]]:
    """By extra, the packages that it would bring and that are not installed."""
    missing: dict[str, list[str]] = {
        name: [] for name in metadata.metadata("jaxmmo").get_all("Provides-Extra") or []
    }
    for line in metadata.requires("jaxmmo") or []:
        found = re.match(r"([\w.-]+).*extra == [\"']([\w-]+)[\"']", line)
        if found and found[1].lower() != "jaxmmo":
            try:
                metadata.version(found[1])
            except metadata.PackageNotFoundError:
                missing[found[2]].append(found[1])
    return missing


def cache() -> dict[str, Any]:
    """Where compiled programs are kept, and how much there is; an empty path for nowhere."""
    import jax

    path = getattr(jax.config, "jax_compilation_cache_dir", None) or ""
    files = [file for file in Path(path).glob("*") if file.is_file()] if path else []
    return {"path": path, "programs": len(files), "bytes": sum(f.stat().st_size for f in files)}


def self_test(seed: int) -> dict[str, Any]:
    """A small world on a given map, for some ticks: integers alone, so equal on every device."""
    import jax
    import numpy as np

    from jaxmmo.env import making
    from jaxmmo.version import BEHAVIOUR_VERSION

    began = time.perf_counter()
    env = making.make(height=20, width=20, border=3, vision=4, capacity=8, initial_population=6)
    terrain = np.full((20, 20), 2, np.uint8)
    terrain[:3] = terrain[-3:] = terrain[:, :3] = terrain[:, -3:] = 0
    terrain[6:14:2, 6:14:2], terrain[7:13:2, 7:13:2] = 1, 4

    def tick(state: Any, key: Any) -> tuple[Any, Any]:
        act, play = jax.random.split(key)
        _, state, *_, info = env.step(play, state, env.action_space().sample(act))
        return state, info.events.deaths.cause > 0

    def live(key: Any) -> tuple[Any, Any]:
        keys = jax.random.split(key, TICKS + 1)
        state, died = jax.lax.scan(tick, env.reset(keys[0], terrain=terrain)[1], keys[1:])
        return env.digest(state), died.sum()

    key = jax.random.key(seed)
    # a few ticks: compiling well would take longer than they do
    options: dict[str, Any] = {"xla_backend_optimization_level": 0}
    compiled = jax.jit(live).lower(key).compile(options)
    digest, deaths = compiled(key)
    got = tuple(int(word) for word in digest)
    known = DIGESTS.get(BEHAVIOUR_VERSION) if seed == 0 else None
    return {
        "passed": known in (None, got),
        "compared": known is not None,
        "digest": list(got),
        "expected": list(known) if known else None,
        "deaths": int(deaths),
        "ticks": TICKS,
        "seconds": round(time.perf_counter() - began, 2),
    }


def text(found: dict[str, Any]) -> str:
    """The same for people."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines = [
        f"jaxmmo {found['jaxmmo']}, behaviour version {found['behaviour_version']}",
        f"Python {found['python']}, {found['system']}, {found['cores']} cores",
        versions,
        f"devices: {'; '.join(found['devices'])}",
    ]
    for name, missing in sorted(found["extras"].items()):
        lines.append(f"extra {name}: {'lacks ' + ', '.join(missing) if missing else 'complete'}")
    kept = found["cache"]
    lines.append(
        f"compiled programs: {kept['programs']} in {kept['path']}, {kept['bytes'] / 1e6:.1f} MB"
        if kept["path"]
        else "compiled programs: not kept (set JAX_COMPILATION_CACHE_DIR to a folder)"
    )
    test = found["self_test"]
    outcome = "passed" if test["passed"] else f"FAILED: {test['digest']}, not {test['expected']}"
    how = "" if test["compared"] or not test["passed"] else " (nothing to compare it with)"
    lines.append(f"self-test: {test['ticks']} ticks in {test['seconds']} s, {outcome}{how}")
    return "\n".join(lines)
