"""Policies by name: runs, shipped baselines, and scripts."""

from __future__ import annotations

import dataclasses
import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents import scripted
from jaxmmo.env.environment import Environment
from jaxmmo.evaluation.lifetimes import Contestant
from jaxmmo.runs import checkpoint
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.setup import make_env, make_policy

BASELINES = "jaxmmo.baselines"


def load(name: str, env: Environment) -> Contestant:
    """A policy for an environment.

    Args:
      name: directory of a run, "baseline", or a script's name.
      env: whose spec the policy must fit.

    Raises:
      ValueError: if there is no such policy, or it is of another shape.
    """
    if Path(name).is_dir():
        return load_run(Path(name), env)
    if name == "baseline":
        return load_baseline(env.config.preset, env)
    if name in scripted.names():
        return Contestant(scripted.get(name, env), ())
    known = ", ".join(scripted.names())
    raise ValueError(f"no policy {name!r}: a run's directory, baseline, or one of {known}")


def load_run(directory: Path, env: Environment) -> Contestant:
    """The policy of a run's newest checkpoint."""
    config = RunConfig.from_dict(checkpoint.read_config(directory))
    learner = config.learner()
    like = jax.eval_shape(learner.init, jax.random.key(0))
    clock = {"elapsed": np.zeros((), np.float64), "steps": np.zeros((), np.int64)}
    store = checkpoint.Checkpoints(directory)
    try:
        tree = store.restore({"state": like, "clock": clock})
    finally:
        store.close()
    params = jax.tree.map(jnp.asarray, tree["state"].params)
    return _fit(config, params, env, directory.name)


def _fit(config: RunConfig, params: Any, env: Environment, name: str) -> Contestant:
    """The policy for `env`, if its parameters are of the right shape there."""
    policy = make_policy(env.spec, env.config.num_populations, config.network)
    expected = jax.eval_shape(policy.init, jax.random.key(0))
    shapes = jax.tree.map(jnp.shape, params)
    if shapes != jax.tree.map(jnp.shape, expected):
        raise ValueError(
            f"{name} was trained on {config.preset} with {config.env or 'its defaults'} and does "
            f"not fit the observations of {env.config.preset} with "
            f"{env.config.num_populations} populations"
        )
    return Contestant(dataclasses.replace(policy, name=name), params)


def load_baseline(preset: str = "JaxMMO-v1", env: Environment | None = None) -> Contestant:
    """The trained policy that ships for a preset.

    Args:
      preset: see `baselines`.
      env: whose spec the policy must fit; the preset's if omitted.

    Returns:
      Policy and parameters: `policy.apply(params, obs, carry, reset)`.

    Raises:
      ValueError: for a preset without a baseline.
    """
    path = resources.files(BASELINES) / f"{preset}.npz"
    if not path.is_file():
        raise ValueError(f"no baseline for {preset!r}; there are: {', '.join(baselines())}")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        config = RunConfig.from_dict(json.loads(str(data["config"])))
        flat = {k: data[k].astype(np.float32) for k in data.files if k != "config"}
    params: dict[str, Any] = {}
    for name, value in flat.items():
        *parents, leaf = name.split("/")
        here = params
        for parent in parents:
            here = here.setdefault(parent, {})
        here[leaf] = jnp.asarray(value)
    env = make_env(preset, {}) if env is None else env
    return _fit(config, params, env, f"baseline {preset}")


def baselines() -> list[str]:
    """Presets with a baseline."""
    files = resources.files(BASELINES).iterdir()
    return sorted(f.name.removesuffix(".npz") for f in files if f.name.endswith(".npz"))


def export(directory: Path, path: Path) -> None:
    """Writes the policy of a run as a small file, parameters in half precision.

    Args:
      directory: of the run.
      path: of the file.
    """
    config = RunConfig.from_dict(checkpoint.read_config(directory))
    env = config.environment()
    params = load_run(directory, env).params
    flat: dict[str, Any] = {
        "/".join(key.key for key in keys): np.asarray(value, np.float16)
        for keys, value in jax.tree_util.tree_leaves_with_path(params)
    }
    np.savez_compressed(path, config=np.array(json.dumps(config.as_dict())), **flat)


def main() -> None:
    """`python -m jaxmmo.runs.library RUN FILE`: exports a run's policy."""
    directory, path = sys.argv[1:]
    export(Path(directory), Path(path))


if __name__ == "__main__":
    main()
