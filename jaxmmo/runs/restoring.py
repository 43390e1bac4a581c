"""What a checkpoint of a run holds, and the learner's state made of it again."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import jax
import numpy as np

from jaxmmo.agents.acting import join
from jaxmmo.env.absent import absent_leaf
from jaxmmo.files import leaves
from jaxmmo.learning.learner import Learner, LearnState
from jaxmmo.runs.checkpoint import WORLD, Checkpoints

DERIVED = ("worlds/obs/", f"{WORLD}order", f"{WORLD}seen", f"{WORLD}views/")
"""What of the stored worlds follows from the rest, so that it may be made anew."""


def items_of(state: LearnState, elapsed: float, steps: int) -> dict[str, Any]:
    """A checkpoint's items: what a policy is, what else the learner knows, and the clock."""
    rest = {f.name: getattr(state, f.name) for f in dataclasses.fields(state) if f.name != "params"}
    clock = {"elapsed": np.asarray(elapsed, np.float64), "steps": np.asarray(steps, np.int64)}
    return {"params": state.params, "state": rest, "clock": clock}


def restore(learner: Learner, seed: int, store: Checkpoints) -> tuple[LearnState, float, int]:
    """The newest checkpoint: the learner's state, elapsed seconds, and steps.

    Columns of the worlds that did not exist when it was written hold what `absent_leaf` says, as in
    a saved world; whatever else is absent there is as in new worlds. What follows from the others,
    observations above all, is then made anew.

    Raises:
      ValueError: for a checkpoint that is damaged, or of another structure.
    """
    like = jax.eval_shape(learner.init, jax.random.key(seed))
    fresh: dict[str, Any] = {}
    filled: list[str] = []

    def absent(path: str, leaf: Any) -> Any:
        if not path.startswith("worlds/"):
            raise KeyError(path)
        filled.append(path)
        if path.startswith(WORLD):
            with contextlib.suppress(KeyError):
                return absent_leaf(learner.env.preset)(path.removeprefix(WORLD), leaf)
        if not fresh:
            fresh.update(leaves.named(jax.jit(learner.init)(jax.random.key(seed))))
        return fresh[path]

    items = store.restore(absent, DERIVED, **items_of(like, 0.0, 0))
    params, rest = jax.tree.map(jax.numpy.asarray, (items["params"], items["state"]))
    state = like.replace(params=params, **rest)
    if filled:
        state = state.replace(worlds=_observed(learner, state.worlds))
    return state, float(items["clock"]["elapsed"]), int(items["clock"]["steps"])


def _observed(learner: Learner, worlds: Any) -> Any:
    """The worlds with observations that follow from their state."""
    own = callable(learner.rules)
    observe = jax.jit(jax.vmap(learner.env.observe, (0, 0 if own else None)))
    obs, state = observe(worlds.state, worlds.rules if own else learner.rules)
    return worlds.replace(state=state, obs=join(obs))
