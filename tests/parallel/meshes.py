"""Updates on one mesh or another, as a process with eight virtual devices.

python -m tests.parallel.meshes '{"mesh": "worlds=8", "updates": 2, ...}' FILE.npz
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

SMALL: dict[str, Any] = {
    "height": 32,
    "width": 32,
    "border": 9,
    "capacity": 16,
    "num_populations": 2,
}
LEARN: dict[str, Any] = {
    "worlds": 8,
    "ticks": 8,
    "minibatch": 64,
    "chunk": 32,
    "renewed": 3,
    "max_grad_norm": 1e9,
}


def virtual(devices: int) -> str:
    """XLA_FLAGS of this process, and so many devices of its CPU."""
    flags = os.environ.get("XLA_FLAGS", "")
    return f"{flags} --xla_force_host_platform_device_count={devices}".strip()


def start(path: Path, **asked: Any) -> subprocess.Popen[str]:
    """A process that writes what came of it; see below for what can be asked."""
    words = [sys.executable, "-m", "tests.parallel.meshes", json.dumps(asked), str(path)]
    environment = os.environ | {"XLA_FLAGS": virtual(8), "JAX_PLATFORMS": "cpu"}
    return subprocess.Popen(words, env=environment, text=True, stderr=subprocess.PIPE)


def results(path: Path, process: subprocess.Popen[str]) -> dict[str, np.ndarray]:
    """What the process wrote, by path."""
    try:
        _, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 0, err
    with np.load(path) as file:
        return dict(file)


def main(asked: dict[str, Any], path: str) -> None:
    """Does what is asked on a `mesh`, and writes what came of it."""
    import jaxmmo
    from jaxmmo.parallel import mesh as meshes
    from tests.env.notices import game

    preset = game(shared=True) if asked.get("board") else "JaxMMO-v1"
    env = jaxmmo.make(preset, **SMALL, initial_population=6)
    mesh = meshes.build(meshes.parse(asked["mesh"]))
    written = watched(env, mesh, asked["ticks"]) if "ticks" in asked else learned(env, mesh, asked)
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in written.items()}
    np.savez(path, **arrays)


def learned(env: Any, mesh: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """State and scalars after `updates`, with settings `learn`, a `core`, and a `board`."""
    import jax

    from jaxmmo.agents.cores import Recurrent
    from jaxmmo.agents.network import build
    from jaxmmo.files.leaves import named
    from jaxmmo.learning.config import LearnConfig
    from jaxmmo.learning.learner import Learner
    from jaxmmo.parallel import mesh as meshes

    recurrent = asked.get("core") == "recurrent"
    policy = build(env.spec, core=Recurrent(8)) if recurrent else build(env.spec)
    learner = Learner(env, policy, LearnConfig(**(LEARN | asked.get("learn", {}))))
    state = meshes.init(learner, mesh)(jax.random.key(0))
    update = meshes.update(learner, mesh)
    written: dict[str, Any] = {}
    for index in range(asked["updates"]):
        state, metrics = jax.block_until_ready(update(state))
        written |= {f"metrics/{index}/{name}": value for name, value in metrics.items()}
    return written | named(meshes.fetch(state))


def watched(env: Any, mesh: Any, ticks: int) -> dict[str, Any]:
    """What is counted in an evaluation of two scripts that share worlds."""
    from jaxmmo.agents import scripted
    from jaxmmo.evaluation import watching
    from jaxmmo.files.leaves import named

    players = [watching.Contestant(scripted.get(n, env), ()) for n in ("forager", "random")]
    settings = watching.EvalConfig(worlds=8, ticks=ticks, horizon=10, chunk=32)
    counts, living = watching.run(env, players, settings, mesh=mesh)
    return {"living": living} | named(counts)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2])
