"""Flat logits to structured actions: sampling, likelihood and entropy under the masks.

The heads of `Spec` are decided in their order; a head `given` another reads its logits and mask at
the choice made there (first the style, then the target for that style). What a mask forbids has
probability exactly 0. Where it forbids everything, as could be in an empty slot, choice 0 is the
only one. Leading axes `...` are slots, worlds and slots, time too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp

from jaxmmo.records import Record
from jaxmmo.spec import Head, Spec

ByHead = Mapping[str, jax.Array]
"""Arrays by the name of the head: logits, masks, actions."""

FORBIDDEN = -1e30
"""Log-probability of what a mask forbids: its exponential is 0, and sums of it stay finite."""


def uniform(spec: Spec, leading: tuple[int, ...]) -> dict[str, jax.Array]:
    """Zero logits, f32[..., choices] by head: every legal choice is as likely as any other."""
    return {head.name: jnp.zeros(leading + spec.shape(head)) for head in spec.heads}


def sample(key: jax.Array, spec: Spec, logits: ByHead, masks: ByHead) -> Record:
    """Draws one choice per head from the legal ones.

    Args:
      key: consumed; each head has its own stream.
      spec: the heads.
      logits: f32[..., choices] by head.
      masks: bool of the same shapes.

    Returns:
      i32[...] by head.
    """
    leading = leading_shape(spec, logits)
    numbers = [
        jax.random.uniform(jax.random.fold_in(key, index), leading)
        for index in range(len(spec.heads))
    ]
    return choose(jnp.stack(numbers, -1), spec, logits, masks)


def choose(numbers: jax.Array, spec: Spec, logits: ByHead, masks: ByHead) -> Record:
    """The choices to which uniform numbers lead: `sample` for draws that the caller made.

    Args:
      numbers: f32[..., heads] in [0, 1), one for each head in the spec's order.
      spec: the heads.
      logits: f32[..., choices] by head.
      masks: bool of the same shapes.

    Returns:
      i32[...] by head; the same numbers always lead to the same choices.
    """

    def pick(index: int, log_probs: jax.Array) -> jax.Array:
        # one uniform number against cumulative weights: several times cheaper than Gumbel noise
        probs = jnp.exp(log_probs)
        total = jnp.cumsum(probs, -1)
        mark = numbers[..., index, None]
        past = (probs > 0) & (total > mark * total[..., -1:])
        # sums that round differently may leave nothing past the mark: then the likeliest
        choice = jnp.where(jnp.any(past, -1), jnp.argmax(past, -1), jnp.argmax(probs, -1))
        return choice.astype(jnp.int32)

    return _decide(spec, logits, masks, pick)


def leading_shape(spec: Spec, logits: ByHead) -> tuple[int, ...]:
    """The axes of logits before those of the choices."""
    head = spec.heads[0]
    return jnp.shape(logits[head.name])[: -len(spec.shape(head))]


def greedy(spec: Spec, logits: ByHead, masks: ByHead) -> Record:
    """The likeliest legal choice of every head, the first of equals; see `sample`."""
    return _decide(
        spec, logits, masks, lambda _, log_probs: jnp.argmax(log_probs, -1).astype(jnp.int32)
    )


def log_prob(spec: Spec, logits: ByHead, masks: ByHead, action: ByHead) -> jax.Array:
    """f32[...]: log-probability of a whole action; `FORBIDDEN` or less for an illegal one."""
    total = jnp.zeros(())
    for head in spec.heads:
        total = total + _at(_log_probs(head, logits, masks, action), action[head.name], -1)
    return total


def entropy(spec: Spec, logits: ByHead, masks: ByHead) -> jax.Array:
    """f32[...]: entropy of the whole action, in nats.

    A head given another counts with the probability of each choice there.
    """
    total = jnp.zeros(())
    marginals: dict[str, jax.Array] = {}
    for head in spec.heads:
        log_probs = _log_probs(head, logits, masks)
        probs = jnp.exp(log_probs)
        surprise = -jnp.sum(probs * log_probs, -1)
        if head.given:
            weights = marginals[head.given]
            surprise = jnp.sum(weights * surprise, -1)
            probs = jnp.sum(weights[..., None] * probs, -2)
        marginals[head.name] = probs
        total = total + surprise
    return total


def _decide(
    spec: Spec,
    logits: ByHead,
    masks: ByHead,
    pick: Callable[[int, jax.Array], jax.Array],
) -> Record:
    """Picks a choice per head: pick(index of the head, f32[..., choices]) -> i32[...]."""
    taken = Record()
    for index, head in enumerate(spec.heads):
        taken[head.name] = pick(index, _log_probs(head, logits, masks, taken))
    return taken


def _log_probs(
    head: Head,
    logits: ByHead,
    masks: ByHead,
    taken: ByHead | None = None,
) -> jax.Array:
    """f32[..., choices]: normalised over the legal choices, and at the choices taken before."""
    legal, scores = masks[head.name], logits[head.name].astype(jnp.float32)
    if head.given and taken is not None:
        legal, scores = (_at(table, taken[head.given], -2) for table in (legal, scores))
    nothing = ~jnp.any(legal, -1, keepdims=True)
    legal |= nothing & jnp.broadcast_to(jnp.arange(legal.shape[-1]) == 0, legal.shape)
    log_probs = jax.nn.log_softmax(jnp.where(legal, scores, FORBIDDEN), -1)
    return jnp.where(legal, log_probs, FORBIDDEN)


def _at(table: jax.Array, index: jax.Array, axis: int) -> jax.Array:
    """The entry at `index[...]` of an axis counted from the end; that axis goes.

    A masked sum over the few choices: its gradient is dense, where that of a gather scatters.
    """
    size = table.shape[axis]
    places = jnp.arange(size).reshape(*(1 for _ in index.shape), -1)
    chosen = jnp.clip(index, 0, size - 1)[..., None] == places
    chosen = chosen.reshape(chosen.shape + (1,) * (-axis - 1))
    return jnp.sum(jnp.where(chosen, table, jnp.zeros((), table.dtype)), axis, dtype=table.dtype)
