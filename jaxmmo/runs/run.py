"""Runs: learning with checkpoints, logs and a display, in a directory of their own."""

from __future__ import annotations

import dataclasses
import shutil
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxmmo.evaluation import lifetimes
from jaxmmo.learning.learner import Learner
from jaxmmo.runs import checkpoint, logs, plots, progress, sources
from jaxmmo.runs.checkpoint import Checkpoints
from jaxmmo.runs.config import RunConfig, reopen

CURVE = "curve.png"


@dataclasses.dataclass(frozen=True)
class Budget:
    """When a run ends: at whichever comes first. None is no limit.

    Attributes:
      seconds: of wall clock, compilation included, over all sessions of the run.
      updates: made.
    """

    seconds: float | None = None
    updates: int | None = None

    def done(self, seconds: float, updates: int) -> float:
        """The share of the run that is behind it; 1 or more when it is over."""
        shares = [0.0]
        if self.seconds is not None:
            shares.append(seconds / max(self.seconds, 1e-9))
        if self.updates is not None:
            shares.append(updates / max(self.updates, 1))
        return max(shares)


def prepare(
    directory: Path,
    config: RunConfig,
    *,
    overwrite: bool,
    resume: bool,
    trust: bool = False,
    replaced: frozenset[str] = frozenset(),
) -> RunConfig:
    """Makes a run's directory, or finds the run to resume in it.

    Args:
      directory: of the run.
      config: of a new run.
      overwrite: a run that is there goes.
      resume: a run that is there goes on.
      trust: execute code that the directory of a resumed run holds.
      replaced: parts of a resumed run that the user hands over: their code is not looked for.

    Returns:
      The configuration to run with: the directory's own if it is resumed.

    Raises:
      FileExistsError: if the directory is in use and neither `overwrite` nor `resume` is set.
      ValueError: if there is nothing to resume.
    """
    if resume:
        return reopen(directory, checkpoint.read_config(directory), trust=trust, replaced=replaced)
    if directory.exists() and any(directory.iterdir()):
        if not overwrite:
            raise FileExistsError(f"{directory} exists: --resume it, --overwrite it, or --output")
        if not (directory / checkpoint.CONFIG).is_file():
            raise ValueError(f"{directory}: holds no run of jaxmmo train, so it is not overwritten")
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if config.sources:
        sources.keep(config.sources, directory)
    checkpoint.write_config(directory, config.as_dict())
    return config


def run(
    directory: Path,
    config: RunConfig,
    budget: Budget,
    *,
    quiet: bool,
    save_every: float,
    eval_every: float = 0,
    learner: Learner | None = None,
) -> dict[str, Any]:
    """Learns until the budget is spent, from the directory's newest checkpoint on.

    Args:
      directory: made by `prepare`.
      config: of the run.
      budget: when to stop.
      quiet: shows nothing.
      save_every: seconds between checkpoints; 0 after every update.
      eval_every: seconds between evaluations on held-out maps, one at the end besides; 0 for none.
        What is learned does not depend on them.
      learner: made from the configuration if omitted.

    Raises:
      NotFiniteError: when rewards or losses are no numbers; the last checkpoint is of before.

    Returns:
      A summary: updates, steps, elapsed seconds, and lifetime over the last updates.
    """
    began = time.monotonic()
    learner = config.learner() if learner is None else learner
    screen = progress.display(quiet)
    store = Checkpoints(directory)
    state = jax.jit(learner.init)(jax.random.key(config.seed))
    clock = {"elapsed": np.zeros((), np.float64), "steps": np.zeros((), np.int64)}
    if store.latest is not None:
        restored = store.restore({"state": state, "clock": clock})
        state, clock = restored["state"], restored["clock"]
        state = jax.tree.map(jax.numpy.asarray, state)
    update = int(state.update)
    before, steps = float(clock["elapsed"]), int(clock["steps"])
    log = logs.Log(directory, update)
    screen.say(
        f"{learner.policy.name}, {_size(state.params):,} parameters; compiling, about 30 s, once"
    )
    advance = jax.jit(learner.update, donate_argnums=0).lower(state).compile()
    saved = evaluated = last = time.monotonic()

    def save() -> None:
        elapsed = before + time.monotonic() - began
        clock = {"elapsed": np.asarray(elapsed), "steps": np.asarray(steps)}
        store.save(update, {"state": state, "clock": clock})

    try:
        # a new run makes one update even if compiling took all its time: there is a policy to use
        while not update or budget.done(before + time.monotonic() - began, update) < 1:
            state, metrics = advance(state)
            metrics = {k: np.asarray(v).item() for k, v in jax.device_get(metrics).items()}
            update += 1
            refuse_nan(update, metrics, directory, store.latest)
            steps += metrics["steps"]
            now = time.monotonic()
            elapsed = before + now - began
            speed = metrics["steps"] / (now - last)
            last = now
            record = {"update": update, "elapsed": elapsed, "total_steps": steps} | metrics
            record["agent_steps_per_s"] = speed
            done = budget.done(elapsed, update)
            if eval_every and (now - evaluated >= eval_every or done >= 1):
                record |= evaluate(learner, state.params)
                lifetime = record.get("eval_steady_state_lifetime", float("inf"))
                screen.say(f"{elapsed:.0f} s: lifetime {lifetime:.1f} on held-out maps")
                evaluated = last = time.monotonic()
            log.write(record)
            screen.show(record, min(done, 1.0), elapsed * max(1 - done, 0) / max(done, 1e-9))
            if now - saved >= save_every:
                save()
                saved = last = time.monotonic()
        if store.latest != update:
            save()
    finally:
        screen.close()
        log.close()
        store.close()
    return _finish(directory, config)


class NotFiniteError(ValueError):
    """Training met rewards or losses that are no numbers, from which nothing can be learned."""


def refuse_nan(update: int, metrics: dict[str, Any], directory: Path, saved: int | None) -> None:
    """NotFiniteError if an update met nan or infinity, naming what is kept of the run."""
    rewards, failed = int(metrics["bad_rewards"]), int(metrics["bad_losses"])
    if not rewards and not failed:
        return
    what = f"{rewards} rewards are" if rewards else f"{failed} of the losses are"
    kept = f"the checkpoint of update {saved} is kept" if saved else "no checkpoint was made yet"
    raise NotFiniteError(
        f"update {update}: {what} nan or infinite, training stops; {kept} in {directory}"
    )


EVALUATED = ("restricted_mean_lifetime", "steady_state_lifetime")
"""What is logged of an evaluation, as `eval_...` with an interval `_low` to `_high`."""


def evaluate(learner: Learner, params: Any) -> dict[str, float]:
    """Lifetimes on a few maps that no run is trained on, under the run's rules, for its log."""
    contestants = [lifetimes.Contestant(learner.policy, params)]
    config = lifetimes.EvalConfig(worlds=8, ticks=1000)
    attacks = learner.config.attacks
    (report,) = lifetimes.evaluate(
        learner.env, contestants, config, attacks=attacks, sample_rules=learner.sample_rules
    )
    return {
        f"eval_{name}{'' if part == 'mean' else f'_{part}'}": value
        for name in EVALUATED
        for part, value in report[name].items()
        if value is not None
    }


def _size(params: Any) -> int:
    return sum(x.size for x in jax.tree.leaves(params))


def _finish(directory: Path, config: RunConfig) -> dict[str, Any]:
    """Draws the learning curve and sums the run up."""
    records = logs.read(directory)
    plots.learning_curve(records, directory / CURVE, config.title())
    recent = records[-10:]
    return {
        "updates": records[-1]["update"],
        "steps": records[-1]["total_steps"],
        "elapsed": records[-1]["elapsed"],
        "lifetime": sum(r["steps"] for r in recent) / max(sum(r["deaths"] for r in recent), 1),
        "population": records[-1]["population"],
        "agent_steps_per_s": sum(r["steps"] for r in recent)
        / sum(r["steps"] / r["agent_steps_per_s"] for r in recent),
    }
