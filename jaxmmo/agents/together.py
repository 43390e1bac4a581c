"""Policies that share worlds: who decides for whom, those of one structure in one loop.

Networks of one structure differ in their parameters alone. These are stacked, so that any number of
such policies is one program, whose work is that for each policy's own living agents. There are B
worlds of P slots, N = B P.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents import acting
from jaxmmo.agents.acting import Decided, RolloutState
from jaxmmo.agents.living import over_living, over_owners
from jaxmmo.agents.policy import Policy
from jaxmmo.agents.shards import ALONE, Shards
from jaxmmo.env.environment import Environment


@dataclasses.dataclass(frozen=True)
class Company:
    """Policies that share worlds, those of one structure together.

    Attributes:
      policies: one for each structure; their names mean nothing.
      params: for each structure [n, ...], of the policies that have it; without arrays where a
        structure has no parameters, so that all its policies are one.
      number: i32[policies given], the place of each when the structures follow one another.
    """

    policies: tuple[Policy, ...]
    params: tuple[Any, ...]
    number: np.ndarray


def company(contestants: Sequence[tuple[Policy, Any]]) -> Company:
    """Brings policies together that are the same but for their parameters.

    These are policies with the same functions, whose parameters have the same structure, shapes
    and dtypes; what networks say is made once for one setting (`runs.setup.make_policy`).

    Args:
      contestants: policies with their parameters.
    """
    alike: dict[Any, list[int]] = {}
    given = [jax.tree.map(jnp.asarray, params) for _, params in contestants]
    for index, (policy, _) in enumerate(contestants):
        leaves, structure = jax.tree.flatten(given[index])
        shapes = tuple((x.shape, x.dtype) for x in leaves)
        functions = policy.apply, policy.initial_carry, policy.masked
        alike.setdefault((functions, structure, shapes), []).append(index)
    number, first = np.zeros(len(given), np.int32), 0
    for members in alike.values():
        bare = not jax.tree.leaves(given[members[0]])
        number[members] = first + (0 if bare else np.arange(len(members)))
        first += 1 if bare else len(members)
    return Company(
        policies=tuple(dataclasses.replace(contestants[m[0]][0], name="") for m in alike.values()),
        params=tuple(
            jax.tree.map(lambda *x: jnp.stack(x), *(given[i] for i in members))
            for members in alike.values()
        ),
        number=number,
    )


def memory(policies: Sequence[Policy], slots: int) -> tuple[Any, ...]:
    """What `RolloutState.carry` is in a company: the memory of each structure, [N, ...]."""
    return tuple(policy.initial_carry((slots,)) for policy in policies)


def act(
    env: Environment,
    policies: Sequence[Policy],
    params: Sequence[Any],
    worlds: RolloutState,
    keys: jax.Array,
    chunk: int,
    owner: jax.Array,
    shards: Shards = ALONE,
) -> Decided:
    """As `acting.act`, for a company: everybody's owner decides.

    Args:
      env: says what the heads are.
      policies: of the company.
      params: of the company.
      worlds: whose `carry` is as `memory` says.
      keys: of each world.
      chunk: agents that decide at once.
      owner: i32[N], the number within the company of who decides for an agent.
      shards: which devices share the work.
    """
    obs, memories, reset, numbers = acting.questions(env, worlds, keys)
    alive, answers, first = obs.present[:, 0], [], 0
    for policy, stacked, carry in zip(policies, params, memories, strict=True):
        asked = (obs, carry, reset, numbers)
        answer = functools.partial(acting.answered, env.spec, policy)
        leaves = jax.tree.leaves(stacked)
        if leaves:
            own = owner - first
            done = over_owners(answer, stacked, asked, alive, own, chunk, shards)
            first += leaves[0].shape[0]
        else:
            mine = alive & (owner == first)
            done = over_living(functools.partial(answer, stacked), asked, mine, chunk, shards)
            first += 1
        answers.append(done)
    kept = tuple(answer.carry for answer in answers)
    # whoever was not asked answers 0, so that the sum is everybody's own answer
    total = jax.tree.map(lambda *x: sum(x[1:], x[0]), *(a.replace(carry=()) for a in answers))
    return total.replace(carry=kept)
