"""Policies by name: runs, shipped baselines, and scripts."""

from __future__ import annotations

import dataclasses
import difflib
import io
import json
import sys
import zipfile
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
POLICY = ".npz"
"""How the name of a file with a policy ends."""

DEFAULT = "JaxMMO-v1"
"""Preset of whoever was not trained on one."""


def load(name: str, env: Environment, *, trust: bool = False) -> Contestant:
    """A policy for an environment.

    Args:
      name: directory of a run, file of a policy (see `save`), "baseline", or a script's name.
      env: whose spec the policy must fit.
      trust: execute code that the directory of a run holds.

    Raises:
      ValueError: if there is no such policy, or it is of another shape.
    """
    if Path(name).is_dir():
        return load_run(Path(name), env, trust=trust)
    if name.endswith(POLICY):
        return load_policy(Path(name), env)
    if name == "baseline":
        return load_baseline(env.config.preset, env)
    if name in scripted.names():
        return Contestant(scripted.get(name, env), ())
    known = ", ".join(scripted.names())
    close = difflib.get_close_matches(name, ["baseline", *scripted.names()], 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"no policy {name!r}{hint} (there are: directories of runs, files of policies, baseline, "
        f"{known})"
    )


def load_run(
    directory: Path, env: Environment, own: RunConfig | None = None, *, trust: bool = False
) -> Contestant:
    """The policy of a run's newest checkpoint, of which only the parameters are read.

    Args:
      directory: of the run.
      env: whose spec the policy must fit.
      own: the run's configuration if it was read and checked already.
      trust: execute code that the directory holds.

    Raises:
      ValueError: if there is no whole checkpoint, or it is of another shape.
    """
    if own is None:
        own = config.read(directory).reopened(directory, trust=trust, replaced=("env", "rules"))
    policy, like = _policy(own, env)
    try:
        params = Checkpoints(directory).restore(params=like)["params"]
    except DamagedError:
        raise
    except ValueError as error:
        raise _misfit(own, env, directory.name, str(error)) from error
    params = jax.tree.map(jnp.asarray, params)
    return Contestant(dataclasses.replace(policy, name=directory.name), params)


def load_params(directory: Path, policy: Policy) -> Any:
    """The parameters in a run's newest checkpoint; ValueError if they are not this policy's."""
    like = jax.eval_shape(policy.init, jax.random.key(0))
    return jax.tree.map(jnp.asarray, Checkpoints(directory).restore(params=like)["params"])


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
    with path.open("rb") as file:
        own, flat = _parts(file, f"{preset}.npz")
    return _fit(own, flat, make_env(preset, {}) if env is None else env, f"baseline {preset}")


def load_policy(path: Path, env: Environment) -> Contestant:
    """The policy in a file that `save` wrote.

    Raises:
      ValueError: if it is no such file, or of another shape.
    """
    with path.open("rb") as file:
        own, flat = _parts(file, str(path))
    return _fit(own, flat, env, path.stem)


def config_of_policy(path: Path) -> RunConfig:
    """What the policy in a file was trained with; ValueError if it is no such file."""
    with path.open("rb") as file:
        return _parts(file, str(path))[0]


def _parts(file: Any, name: str) -> tuple[RunConfig, dict[str, np.ndarray]]:
    """Configuration and parameters by path in a file."""
    try:
        with np.load(file, allow_pickle=False) as data:
            own = RunConfig.from_dict(json.loads(str(data["config"])))
            return own, {k: data[k].astype(np.float32) for k in data.files if k != "config"}
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name}: not a file of a policy, or a damaged one") from error


def _fit(own: RunConfig, flat: dict[str, Any], env: Environment, name: str) -> Contestant:
    """The policy for an environment, if its parameters are of the right shape there."""
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


def save(path: Path, own: RunConfig, params: Any, dtype: Any = np.float32) -> None:
    """Writes a policy as a small file, which `evaluate`, `watch` and `record` take by its name.

    Args:
      path: of the file, whose name ends in .npz.
      own: what it was trained with; the network must be one of the library's own.
      params: of the policy.
      dtype: in which they are stored.

    Raises:
      ValueError: for another ending, or a network that a file of the user's own makes.
    """
    if path.suffix != POLICY:
        raise ValueError(f"{path}: the name of a policy's file must end in {POLICY}")
    if "policy" in (*own.sources, *own.objects):
        raise ValueError("a policy of your own is kept by its run's directory, not by a file")
    flat: dict[str, Any] = {
        name: np.asarray(value, dtype) for name, value in leaves.named(params).items()
    }
    content = io.BytesIO()
    np.savez_compressed(content, config=np.array(json.dumps(own.as_dict())), **flat)
    write_atomically(path, content.getvalue())


def export(directory: Path, path: Path) -> None:
    """Writes the policy of a run as a small file, parameters in half precision.

    Args:
      directory: of the run.
      path: of the file.
    """
    own = config.read(directory)
    save(path, own, load_run(directory, own.environment()).params, np.float16)


def main() -> None:
    """`python -m jaxmmo.runs.library RUN FILE`: exports a run's policy."""
    directory, path = sys.argv[1:]
    export(Path(directory), Path(path))


if __name__ == "__main__":
    main()
