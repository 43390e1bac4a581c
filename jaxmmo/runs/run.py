"""Runs: learning with checkpoints, logs and a display, in a directory of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from jaxmmo.evaluation import lifetimes
from jaxmmo.files import leaves
from jaxmmo.learning.learner import Learner, LearnState
from jaxmmo.parallel import hosts, profile, timing
from jaxmmo.parallel import mesh as meshes
from jaxmmo.runs import config as run_config
from jaxmmo.runs import logs, plots
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.directory import CURVE, RunDirectory, open_run
from jaxmmo.runs.ending import Budget, Stop
from jaxmmo.runs.progress import Mute, Quiet
from jaxmmo.runs.restoring import items_of, restore

__all__ = ["Budget", "Callback", "RunConfig", "Stop", "open_run", "restore", "train"]

Callback = Callable[[dict[str, Any], Any], None]
"""(record of the log, parameters) after every update. It must not keep the parameters' buffers: the
next update reuses them."""

PROFILED = (2, 20, 200, 2000)
"""Which updates of a session are profiled, for the time by layer: it takes a second or two."""

STOP, OVER, SAVE = 1, 2, 4
"""What processes tell each other after an update: somebody was told to stop; the budget is spent; a
checkpoint is due."""


def train(
    learner: Learner,
    directory: RunDirectory,
    budget: Budget,
    *,
    seed: int,
    save_every: float = 60.0,
    eval_every: float = 0.0,
    callbacks: Sequence[Callback] = (),
    screen: Quiet | None = None,
    stop: Stop | None = None,
    title: str = "",
    mesh: Mesh | None = None,
) -> dict[str, Any]:
    """Learns until the budget is spent, from the directory's newest checkpoint on.

    Args:
      learner: environment, policy and settings.
      directory: made by `open_run`.
      budget: when to stop.
      seed: of everything.
      save_every: seconds between checkpoints; 0 after every update.
      eval_every: seconds between evaluations on held-out maps, one at the end besides; 0 for none.
        What is learned does not depend on them.
      callbacks: called after every update.
      screen: is told what happens; nobody if omitted.
      stop: may ask for an end.
      title: above the learning curve.
      mesh: of the devices to learn on, `parallel.mesh`; one device if omitted.

    Returns:
      A summary: updates, steps, elapsed seconds, lifetime over the last updates, the mesh, the
      number of processes, a fingerprint of the parameters, and this session's time by layer. Of
      several processes all return it, and the first alone tells `screen`, logs and evaluates.

    Raises:
      FileNotFoundError: if the directory is deleted meanwhile.
      OSError: if something cannot be written, a checkpoint on a full disk for example.
      NotFiniteError: when rewards or losses are no numbers; the last checkpoint is of before.
      ValueError: if the newest checkpoint is damaged or of another structure.
    """
    mesh = mesh or meshes.alone()
    session = Session(learner, directory, budget, screen or Quiet(), stop or Stop(), seed, mesh)
    try:
        session.learn(save_every, eval_every, callbacks)
    finally:
        session.close()
    return session.finish(title)


class Session:
    """One process's part of a run.

    Attributes:
      state: of the learner.
      update: updates made, in all sessions.
      steps: decisions taken, in all sessions.
    """

    def __init__(
        self,
        learner: Learner,
        directory: RunDirectory,
        budget: Budget,
        screen: Quiet,
        stop: Stop,
        seed: int,
        mesh: Mesh,
    ) -> None:
        """Begins the run or restores its newest checkpoint, and opens the log."""
        self._began, self._advanced, self._paused = time.monotonic(), 0, 0.0
        self.clock = timing.Clock()
        self._learner, self._directory, self._budget = learner, directory, budget
        self._first = hosts.is_first()
        self._screen, self._stop, self._mesh = screen if self._first else Mute(), stop, mesh
        self._store = directory.checkpoints
        self._store.warn = self._screen.warn
        with self.clock.of("compile"):
            self._begin(seed)
        self.update = int(self.state.update)
        self._saved = self.update if self._store.latest == self.update else None
        hosts.wait("begun")
        self._log = logs.Log(directory.path, self.update) if self._first else None
        if self._log is not None and self._log.unreadable:
            self._screen.warn(
                f"{self._log.unreadable} lines of the log were no records: the log as it was is "
                f"kept as {logs.UNREADABLE}"
            )

    def _begin(self, seed: int) -> None:
        """State, steps, and seconds so far: new, or of the newest checkpoint."""
        self.state: LearnState
        if self._first:
            self._store.tidy()
        if self._store.latest is None:
            self.state = meshes.init(self._learner, self._mesh)(jax.random.key(seed))
            self._before, self.steps = 0.0, 0
            return
        for difference in run_config.differences(self._directory.path):
            self._screen.warn(f"results may differ in their last bits from here on: {difference}")
        state, self._before, self.steps = restore(self._learner, seed, self._store)
        self.state = meshes.place(state, self._mesh, meshes.STATE)

    @property
    def elapsed(self) -> float:
        """Seconds, in all sessions."""
        return self._before + time.monotonic() - self._began

    def learn(self, save_every: float, eval_every: float, callbacks: Iterable[Callback]) -> None:
        """Makes updates until the budget is spent or the end is asked for, and saves."""
        size = sum(x.size for x in jax.tree.leaves(self.state.params))
        spread = f" on {self._mesh.size} devices" if self._mesh.size > 1 else ""
        self._screen.say(
            f"{self._learner.policy.name}, {size:,} parameters{spread}; compiling, about 30 s, once"
        )
        with self.clock.of("compile"):
            program = meshes.update(self._learner, self._mesh).lower(self.state).compile()
        with self.clock.of("waiting"):
            hosts.wait("compiled", 3600)  # communication is not waited for so long
        saved = evaluated = last = time.monotonic()
        # a new run makes one update even if compiling took all its time: there is a policy to use
        goes_on, _ = self._agree(False)
        while goes_on:
            metrics = self._advance(program)
            now = time.monotonic()
            record = {"update": self.update, "elapsed": self.elapsed, "total_steps": self.steps}
            seconds, self._paused = now - last - self._paused, 0.0
            record |= metrics | {"agent_steps_per_s": metrics["steps"] / seconds}
            last = now
            self._stop.ready()
            due = eval_every and (now - evaluated >= eval_every or self._done >= 1)
            with self.clock.of("host"):
                if due and self._first and not self._stop.requested:
                    params = jax.device_get(self.state.params)
                    record |= evaluate(self._learner, params, self._screen)
                    evaluated = last = time.monotonic()
                self._directory.check()
            with self.clock.of("logging"):
                self._tell(record, callbacks)
            goes_on, due = self._agree(now - saved >= save_every)
            if due:
                self.save()
                saved = last = time.monotonic()
        self.save()

    def _advance(self, program: Any) -> dict[str, Any]:
        """One update; its scalars."""
        result: list[Any] = []

        def once() -> None:
            with self.clock.of("device"):
                # all devices: programs that wait for each other must not be queued
                result.append(jax.block_until_ready(program(self.state)))

        self._advanced += 1
        with self.clock.of("host"):
            began, before = time.monotonic(), self.clock.seconds["device"]
            if self._first and self._advanced in PROFILED:
                shares = profile.shares(program, once)
                learned = self.clock.seconds["device"] - before
                self._paused = time.monotonic() - began - learned
                self.clock.profiled(shares)
            else:
                once()
            self.state, metrics = result.pop()
            metrics = {k: np.asarray(v).item() for k, v in jax.device_get(metrics).items()}
        refuse_nan(self.update + 1, metrics, self._directory.path, self._saved)
        self.update += 1
        self.steps += metrics["steps"]
        return metrics

    def _agree(self, due: bool) -> tuple[bool, bool]:
        """Whether the run goes on, and whether it saves now: the same on all processes.

        Anybody who is told to stop stops all; the first one's clock counts.
        """
        over = bool(self.update) and self._done >= 1
        bits = STOP * self._stop.requested
        if self._first:
            bits |= OVER * over | SAVE * due
        with self.clock.of("waiting"):
            bits = hosts.any_of(bits)
        if bits & STOP:
            self._stop.requested = True
        return not bits & (STOP | OVER), bool(bits & SAVE)

    def _tell(self, record: dict[str, Any], callbacks: Iterable[Callback]) -> None:
        """Log, screen and callbacks, of the first process."""
        if self._log is None:
            return
        record |= {f"seconds_{name}": value for name, value in self.clock.report().items()}
        self._log.write(record)
        self._show(record)
        for callback in callbacks:
            callback(record, self.state.params)

    def save(self) -> None:
        """Writes a checkpoint, unless the newest one is of this update."""
        if self._saved == self.update:
            return
        self._directory.check()
        with self.clock.of("host"):
            self._store.save(self.update, **items_of(self.state, self.elapsed, self.steps))
        self._saved = self.update

    def close(self) -> None:
        """Leaves screen and log in order."""
        self._screen.close()
        if self._log is not None:
            self._log.close()

    def finish(self, title: str) -> dict[str, Any]:
        """Draws the learning curve and sums the run up."""
        with self.clock.of("logging"):
            records = logs.read(self._directory.path)
            if records and self._first:
                plots.learning_curve(records, self._directory.path / CURVE, title)
        recent = records[-10:]
        seconds = sum(r["steps"] / max(r["agent_steps_per_s"], 1e-9) for r in recent)
        steps = sum(r["steps"] for r in recent)
        return {
            "updates": self.update,
            "steps": self.steps,
            "elapsed": records[-1]["elapsed"] if records else self._before,
            "lifetime": steps / max(sum(r["deaths"] for r in recent), 1),
            "population": records[-1]["population"] if records else None,
            "agent_steps_per_s": steps / max(seconds, 1e-9),
            "mesh": dict(self._mesh.shape),
            "processes": hosts.count(),
            "params_digest": leaves.digest(self.state.params),
            "time": self.clock.report(),
        }

    @property
    def _done(self) -> float:
        return self._budget.done(self.elapsed, self.update)

    def _show(self, record: dict[str, Any]) -> None:
        done = self._done
        left = record["elapsed"] * max(1 - done, 0) / max(done, 1e-9)
        self._screen.show(record, min(done, 1.0), left)


class NotFiniteError(ValueError):
    """Training met rewards or losses that are no numbers, from which nothing can be learned."""


def refuse_nan(update: int, metrics: dict[str, Any], path: Path, saved: int | None) -> None:
    """NotFiniteError if an update met nan or infinity, naming what is kept of the run."""
    rewards, failed = int(metrics["bad_rewards"]), int(metrics["bad_losses"])
    if not rewards and not failed:
        return
    what = f"{rewards} rewards are" if rewards else f"{failed} of the losses are"
    kept = f"the checkpoint of update {saved} is kept" if saved else "no checkpoint was made yet"
    raise NotFiniteError(
        f"update {update}: {what} nan or infinite, and training stops; {kept} in {path}"
    )


EVALUATED = ("restricted_mean_lifetime", "steady_state_lifetime")
"""What is logged of an evaluation, as `eval_...` with an interval `_low` to `_high`."""


def evaluate(learner: Learner, params: Any, screen: Quiet) -> dict[str, float]:
    """Lifetimes on a few maps that no run is trained on, under the run's rules, for its log."""
    contestants = [lifetimes.Contestant(learner.policy, params)]
    settings = lifetimes.EvalConfig(worlds=8, ticks=1000)
    attacks = learner.config.attacks
    (report,) = lifetimes.evaluate(
        learner.env, contestants, settings, attacks=attacks, sample_rules=learner.sample_rules
    )
    record = {
        f"eval_{name}{'' if part == 'mean' else f'_{part}'}": value
        for name in EVALUATED
        for part, value in report[name].items()
        if value is not None
    }
    lifetime = record.get("eval_steady_state_lifetime", float("inf"))
    screen.say(f"lifetime {lifetime:.1f} on held-out maps")
    return record
