"""`jaxmmo.train`: agents learn, in a directory that holds all there is to know of the run."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxmmo.agents.policy import Policy
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.parallel import hosts
from jaxmmo.parallel import mesh as meshes
from jaxmmo.runs import config as run_config
from jaxmmo.runs import library, logs
from jaxmmo.runs import run as runs
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.ending import Budget, Stop
from jaxmmo.runs.progress import display
from jaxmmo.runs.setup import NetworkConfig
from jaxmmo.workflow.interrupt import Interrupt
from jaxmmo.workflow.parts import Parts
from jaxmmo.workflow.scene import RulesLike

DEFAULT_SECONDS = 300.0


class Run:
    """A run and what it learned.

    Attributes:
      directory: in which it is kept.
      config: what it was started with.
      learner: environment, policy and settings.
      params: of the newest checkpoint.
      summary: updates, steps, seconds, lifetime over the last updates; empty if the run was read.
      interrupted: it was asked to end early.
    """

    def __init__(
        self,
        directory: Path,
        config: RunConfig,
        learner: Learner,
        params: Any,
        summary: dict[str, Any],
        *,
        interrupted: bool = False,
    ) -> None:
        self.directory, self.config, self.learner = directory, config, learner
        self.params, self.summary, self.interrupted = params, summary, interrupted

    @classmethod
    def load(
        cls,
        directory: str | Path,
        *,
        env: Any = None,
        policy: Any = None,
        rules: RulesLike | None = None,
        trust: bool = False,
    ) -> Run:
        """A run from its directory.

        Args:
          directory: of the run.
          env: instead of its own; needed if that was made in Python.
          policy: likewise.
          rules: likewise.
          trust: execute code that the directory holds.

        Raises:
          ValueError: if there is no such run, or what it needs has changed.
        """
        path = Path(directory)
        own = run_config.read(path)
        parts = Parts(env, policy, rules)
        own = own.reopened(path, trust=trust, replaced=parts.given)
        learner = parts.learner(own)
        params = library.load_params(path, learner.policy)
        return cls(path, own, learner, params, {})

    @property
    def env(self) -> Any:
        """One of its worlds."""
        return self.learner.env

    @property
    def policy(self) -> Policy:
        """What was learned, with `params`."""
        return self.learner.policy

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The records of the log, one for each update."""
        return logs.read(self.directory)

    @property
    def curve(self) -> Path:
        """Picture of the learning curve."""
        return self.directory / runs.CURVE

    def __repr__(self) -> str:
        records = self.metrics
        told = f"{len(records)} updates"
        if records:
            told += f", {records[-1]['total_steps']:,} decisions, lifetime {self._lifetime:.1f}"
        return f"Run({str(self.directory)!r}, {self.config.title}: {told})"

    @property
    def _lifetime(self) -> float:
        recent = self.metrics[-10:]
        return sum(r["steps"] for r in recent) / max(sum(r["deaths"] for r in recent), 1)

    def _repr_html_(self) -> str:
        text = repr(self).replace("&", "&amp;").replace("<", "&lt;")
        if not self.curve.is_file():
            return f"<code>{text}</code>"
        picture = base64.b64encode(self.curve.read_bytes()).decode()
        return f'<code>{text}</code><br><img alt="" src="data:image/png;base64,{picture}">'


def train(
    env: Any = None,
    *,
    policy: Any = None,
    rules: RulesLike | None = None,
    learn: LearnConfig | Mapping[str, Any] | None = None,
    network: NetworkConfig | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    directory: str | Path | None = None,
    time: str | float | None = None,
    updates: int | None = None,
    seed: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    checkpoint: int | None = None,
    save_every: str | float = "60s",
    eval_every: str | float = 0,
    callbacks: Sequence[runs.Callback] = (),
    quiet: bool = False,
    trust: bool = False,
    stop: Stop | None = None,
    mesh: str | None = None,
) -> Run:
    """Trains a policy with PPO in many worlds at once.

    Ctrl-C ends it after the update that is under way, and saves; a second one at once.

    Args:
      env: id of a preset, FILE.py:NAME of a function `make_env(**overrides)`, or an environment of
        one world, wrapped or not; the default preset, or a resumed run's own, if omitted.
      policy: FILE.py:NAME of a function `make_policy(spec)`, or a policy; the default network if
        omitted.
      rules: fields to change by name, `Rules`, a text as on the command line, or a function
        `sample_rules(key, env)` whose rules are drawn anew for every world.
      learn: settings of the learner.
      network: settings of the default network.
      overrides: `EnvConfig` fields, or arguments of the function that makes the environment.
      directory: of the run; runs/NAME-SEED if omitted.
      time: length of the run over all sessions, in seconds or as 90s, 10m, 2h; 5m if neither this
        nor `updates` is given.
      updates: end after so many.
      seed: of everything.
      resume: continue the run in the directory, with its own settings.
      overwrite: replace a run that is there.
      checkpoint: to resume from instead of the newest.
      save_every: time between checkpoints.
      eval_every: time between evaluations on maps that are not trained on; 0 for none.
      callbacks: called with (record, params) after every update.
      quiet: show nothing.
      trust: execute code that the directory of a resumed run holds.
      stop: may ask for an end; Ctrl-C does if omitted.
      mesh: devices to learn on, as worlds=4 or worlds=4,agents=2; all accelerators on `worlds` if
        omitted, and one CPU where there are none.

    Returns:
      The run, with what it learned.

    Raises:
      ValueError: for settings that are unknown or out of range, and code that does not fit, before
        anything is written; `NotFiniteError` when rewards or losses are no numbers.
      FileExistsError: if the directory is in use and neither `resume` nor `overwrite` is set.
    """
    if overwrite and resume:
        raise ValueError("overwrite and resume: choose one")
    if updates is not None and updates < 1:
        raise ValueError(f"updates {updates}: must be at least 1")
    seconds = None if time is None else parse_time(time)
    if seconds is None and updates is None:
        seconds = DEFAULT_SECONDS
    times = {"save_every": parse_time(save_every), "eval_every": parse_time(eval_every)}
    parts = Parts(env, policy, rules)
    own = parts.config(learn, network, dict(overrides or {}), seed)
    learner = None if resume else parts.learner(own)
    if not resume:
        meshes.build_for(mesh, own.learn.worlds)  # told before anything is written
    path = Path(directory) if directory is not None else default_directory(own)
    with runs.open_run(
        path, own, overwrite=overwrite, resume=resume, from_checkpoint=checkpoint
    ) as opened:
        if learner is None:
            own = opened.config.reopened(path, trust=trust, replaced=parts.given)
            learner = parts.learner(own)
        asked = Interrupt() if stop is None else stop
        with asked if isinstance(asked, Interrupt) else contextlib.nullcontext():
            summary = runs.train(
                learner,
                opened,
                Budget(seconds=seconds, updates=updates),
                seed=own.seed,
                callbacks=callbacks,
                screen=display(quiet or not hosts.is_first()),
                stop=asked,
                title=own.title,
                mesh=meshes.build_for(mesh, own.learn.worlds),
                **times,
            )
        params = library.load_params(path, learner.policy)
    return Run(path, own, learner, params, summary, interrupted=asked.requested)


def default_directory(own: RunConfig) -> Path:
    """runs/NAME-SEED, by the preset or by the file that makes the environment."""
    name = own.preset
    if "env" in own.sources:
        name = Path(own.sources["env"].path).stem
    elif "env" in own.objects:
        name = "environment"
    attack = "" if own.learn.attacks else "-no-attack"
    return Path("runs") / f"{name}{attack}-{own.seed}"


def parse_time(text: str | float) -> float:
    """Seconds from 90, 90s, 1.5m or 2h; ValueError otherwise."""
    written = str(text)
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = written, 1.0
    if written[-1:] in units:
        number, unit = written[:-1], units[written[-1]]
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"time {written!r}: must be like 90s, 10m or 2h")
    return seconds
