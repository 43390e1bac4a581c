"""Meshes compared at length, and weak scaling on virtual devices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.parallel.meshes import results, start
from tests.parallel.test_meshes import HELD, compare

TOLERANCE = 1e-4
"""Of an array's largest entry, after learning."""
LAYOUTS = ("worlds=1", "worlds=2", "worlds=8", "worlds=4,agents=2", "agents=8")


def equal(folder: Path, layout: str, core: str, updates: int) -> dict[str, int]:
    """One mesh against one device: parameters held, then learned."""
    done = {}
    for name, learn in (("held", HELD), ("learned", {"learning_rate": 1e-4})):
        for mesh in ("worlds=1", layout):
            path = folder / f"{core}-{name}-{mesh}.npz"
            if not path.exists():  # one device plays once for all meshes
                results(path, start(path, mesh=mesh, updates=updates, learn=learn, core=core))
            with np.load(path) as file:
                done[mesh] = dict(file)
        if name == "held":
            compare(done["worlds=1"], done[layout], rtol=1e-3)
    return {"updates": updates, "leaves_equal": len(done[layout])}


def drift(folder: Path, layout: str, core: str) -> str:
    """How far parameters that learn come apart, of which each array counts by its largest entry.

    They differ by the order of sums. Sooner or later that decides a draw otherwise somewhere, and
    from there on two worlds are lived through: then the update is told in which it first shows.
    """
    files = [folder / f"{core}-learned-{mesh}.npz" for mesh in ("worlds=1", layout)]
    one, other = (dict(np.load(file)) for file in files)
    worst, parted = 0.0, []
    for name, value in one.items():
        if name.startswith("params/"):
            size = max(float(np.max(np.abs(value))), 1e-9)
            worst = max(worst, float(np.max(np.abs(value - other[name]))) / size)
        elif name.startswith("metrics/") and np.issubdtype(value.dtype, np.integer):
            parted += [] if (value == other[name]).all() else [int(name.split("/")[1]) + 1]
    where = f"part in update {min(parted)}" if parted else "are the same to the end"
    assert parted or worst < TOLERANCE, f"parameters differ by {worst:.1e} of the largest"
    return f"  while it learns, trajectories {where}; parameters differ by {worst:.1e} at most"


def scaling(devices: int) -> dict[str, int]:
    """`bench train` with 4 worlds a device, on virtual devices of this machine's cores."""
    words = ["bench", "train", "--json", "--mesh", f"worlds={devices}", "--warm-up", "20"]
    words += ["--worlds", str(4 * devices), "--repeats", "5"]
    done = subprocess.run(
        [sys.executable, "-m", "jaxmmo.cli.main", *words],
        env=os.environ | {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"},
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout.splitlines()[-1])
    return {"devices": devices, "agent-steps/s": report["agent_steps_per_s_median"]}
