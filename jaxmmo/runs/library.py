"""Policies by name: runs, shipped baselines, and scripts."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents import scripted
from jaxmmo.agents.policy import Policy
from jaxmmo.env.environment import Environment
from jaxmmo.evaluation.lifetimes import Contestant
from jaxmmo.files import leaves
from jaxmmo.files.atomic import write_atomically
from jaxmmo.runs import config
from jaxmmo.runs.checkpoint import Checkpoints
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.integrity import DamagedError
from jaxmmo.runs.setup import make_env

BASELINES = "jaxmmo.baselines"
DEFAULT = "JaxMMO-v1"
"""Preset of whoever was not trained on one."""


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
    """The policy of a run's newest checkpoint, of which only the parameters are read.

    Raises:
      ValueError: if there is no whole checkpoint, or it is of another shape.
    """
    own = config.read(directory)
    policy, like = _policy(own, env)
    try:
        params = Checkpoints(directory).restore(params=like)["params"]
    except DamagedError:
        raise
    except ValueError as error:
        raise _misfit(own, env, directory.name, str(error)) from error
    params = jax.tree.map(jnp.asarray, params)
    return Contestant(dataclasses.replace(policy, name=directory.name), params)


def preset_of(name: str) -> str:
    """The preset that a run was trained on; the default one for everybody else."""
    own = (Path(name) / config.NAME).is_file()
    return config.read(Path(name)).preset if own else DEFAULT


def _policy(own: RunConfig, env: Environment) -> tuple[Policy, Any]:
    """A run's policy in an environment, and parameters of its structure, without values."""
    policy = own.policy(env)
    return policy, jax.eval_shape(policy.init, jax.random.key(0))


def _misfit(own: RunConfig, env: Environment, name: str, why: str) -> ValueError:
    return ValueError(
        f"{name} was trained on {own.preset} with {own.env or 'its defaults'} and does not fit the "
        f"observations of {env.config.preset} with {env.config.num_populations} populations: {why}"
    )


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
        own = RunConfig.from_dict(json.loads(str(data["config"])))
        flat = {k: data[k].astype(np.float32) for k in data.files if k != "config"}
    env = make_env(preset, {}) if env is None else env
    name = f"baseline {preset}"
    policy, like = _policy(own, env)
    try:
        params = leaves.fit(flat, like, name)
    except ValueError as error:
        raise _misfit(own, env, name, str(error)) from error
    params = jax.tree.map(jnp.asarray, params)
    return Contestant(dataclasses.replace(policy, name=name), params)


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
    own = config.read(directory)
    params = load_run(directory, own.environment()).params
    flat: dict[str, Any] = {
        name: np.asarray(value, np.float16) for name, value in leaves.named(params).items()
    }
    content = io.BytesIO()
    np.savez_compressed(content, config=np.array(json.dumps(own.as_dict())), **flat)
    write_atomically(path, content.getvalue())


def main() -> None:
    """`python -m jaxmmo.runs.library RUN FILE`: exports a run's policy."""
    directory, path = sys.argv[1:]
    export(Path(directory), Path(path))


if __name__ == "__main__":
    main()
