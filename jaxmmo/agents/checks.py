"""Checks of what users bring, made while a program is traced: they cost nothing when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.wrappers import Batch
from jaxmmo.spec import Spec


def described(x: Any) -> str:
    """Dtype and shape, as in float32[128]; the type of what is no array."""
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        return type(x).__name__
    return f"{x.dtype}{list(x.shape)}"


def one_world(env: Any) -> None:
    """ValueError if an environment is a batch of worlds already."""
    layer = env
    while layer is not None:
        if isinstance(layer, Batch):
            raise ValueError(
                f"an environment of {layer.num_worlds} worlds (Batch): learning, evaluation and "
                "the viewer make the worlds themselves, so pass the environment of one world"
            )
        layer = getattr(layer, "env", None)


def output(spec: Spec, policy: Any, out: Any, carry: Any, leading: tuple[int, ...]) -> None:
    """ValueError unless a policy answered as the heads of the spec ask, and kept its memory's form.

    Args:
      spec: of the environment.
      policy: who answered.
      out: the answer.
      carry: the memory that it was given.
      leading: axes before those of the choices.
    """
    name = f"policy {getattr(policy, 'name', policy)!r}"
    logits = getattr(out, "logits", None)
    if not isinstance(logits, Mapping):
        raise ValueError(
            f"{name} returned {type(out).__name__}: must be an Output(logits, value, carry, aux) "
            "whose logits are a dict by head"
        )
    heads = [head.name for head in spec.heads]
    if set(logits) != set(heads):
        raise ValueError(f"{name} answered the heads {sorted(logits)}: the spec has {heads}")
    for head in spec.heads:
        shape = (*leading, *spec.shape(head))
        found = logits[head.name]
        if jnp.shape(found) != shape or not jnp.issubdtype(found.dtype, jnp.floating):
            raise ValueError(
                f"{name}: logits of {head.name!r} are {described(found)}, must be "
                f"float32{list(shape)}"
            )
    if jnp.shape(out.value) != leading or not jnp.issubdtype(out.value.dtype, jnp.floating):
        raise ValueError(f"{name}: value is {described(out.value)}, must be float32{list(leading)}")
    given, returned = (jax.tree.map(described, tree) for tree in (carry, out.carry))
    if given != returned:
        raise ValueError(f"{name}: carry {given} was returned as {returned}: it must keep its form")


def answers(
    reward: jax.Array, terminated: jax.Array, truncated: jax.Array, shape: tuple[int, int]
) -> None:
    """ValueError unless a step's answers are one number or truth value for every slot."""
    kinds = (
        ("reward", reward, jnp.floating, "float32"),
        ("terminated", terminated, jnp.bool_, "bool"),
        ("truncated", truncated, jnp.bool_, "bool"),
    )
    for name, value, kind, wanted in kinds:
        if value.shape != shape or not jnp.issubdtype(value.dtype, kind):
            raise ValueError(
                f"the environment's {name} is {value.dtype}{list(value.shape[1:])}: must be "
                f"{wanted}[{shape[1]}], one for each slot"
            )


def drawn_rules(env: Any, rules: Any) -> Any:
    """The rules that a user's function drew; ValueError unless they have the form of the preset's.

    Numbers are cast to the dtype of their rule.
    """
    usual = env.default_rules()
    if jax.tree.structure(rules) != jax.tree.structure(usual):
        raise ValueError(
            f"the function of rules returned {type(rules).__name__}: must be "
            "env.default_rules(...), or that with fields replaced"
        )
    named = jax.tree_util.tree_leaves_with_path(usual)
    for (path, wanted), found in zip(named, jax.tree.leaves(rules), strict=True):
        if jnp.shape(found) != jnp.shape(wanted):
            raise ValueError(
                f"the function of rules returned {jax.tree_util.keystr(path)} of shape "
                f"{list(jnp.shape(found))}: must be {list(jnp.shape(wanted))}"
            )
    return jax.tree.map(lambda x, like: jnp.asarray(x, like.dtype), rules, usual)
