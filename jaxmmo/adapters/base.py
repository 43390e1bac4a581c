"""What all adapters share: arrays instead of packed words, one action format, and who counts.

A world has P slots. An adapter's agents are the slots, or in PettingZoo and the original's form the
lives, each with an id that is never used again. The conventions on births and deaths:

* `acted`: somebody lived in the slot before the step. Only these transitions are real.
* `terminated`: that life ended in this step. Its last observation is zero: nobody is left to see.
* `truncated`: the world ended (`horizon`), the life did not. Its observation is a real one.
* `newborn`: a life began in this step. Its observation is the first of a new episode, and memory
  starts afresh. In games whose dead are born again, a slot may be both `terminated` and `newborn`:
  its observation is that of the new life.
* An empty slot has a zero observation and reward, and may only do nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.environment import Environment
from jaxmmo.env.wrappers import Wrapper
from jaxmmo.io import arrays
from jaxmmo.records import Record
from jaxmmo.spec import Spec

OBSERVATIONS = ("flat", "dense")
ACTIONS = ("joint", "multi")
MOST_JOINT = 65_536


def requires(module: str, extra: str | None = None) -> Any:
    """Imports an optional module; ModuleNotFoundError naming the extra that brings it.

    Args:
      module: dotted name.
      extra: of jaxmmo; the module's first name if omitted.
    """
    name = module.split(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != name:
            raise  # the library is there, and misses something itself
        told = f"{name} is needed: pip install 'jaxmmo[{extra or name}]'"
        raise ModuleNotFoundError(told, name=name) from error


@dataclasses.dataclass(frozen=True)
class Layout:
    """How observations and actions look outside. Leading axes `...` are free; pure, for jit.

    Attributes:
      spec: of the environment.
      observations: "flat", one vector f32[..., F]; or "dense", the tables of `io.dense`.
      actions: "joint", one integer for all heads together, with exact masks; or "multi", one
        integer for each head, whose masks know each head by itself.
    """

    spec: Spec
    observations: str = "flat"
    actions: str = "joint"

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown format, or too many joint actions."""
        for name, value, allowed in (
            ("observations", self.observations, OBSERVATIONS),
            ("actions", self.actions, ACTIONS),
        ):
            if value not in allowed:
                raise ValueError(f"{name}={value!r}: must be one of {', '.join(allowed)}")
        if self.actions == "joint" and self.num_actions > MOST_JOINT:
            raise ValueError(
                f"actions='joint' would have {self.num_actions} choices, more than {MOST_JOINT}: "
                "use actions='multi'"
            )

    @property
    def choices(self) -> tuple[int, ...]:
        """How many choices every head has."""
        return arrays.choices(self.spec)

    @property
    def num_actions(self) -> int:
        """How many joint actions there are."""
        return math.prod(self.choices)

    def observe(self, obs: Any) -> Any:
        """f32[..., F], or the tables of `io.dense` without its masks."""
        if self.observations == "flat":
            return arrays.flatten(self.spec, obs)
        tables = dict(arrays.dense(self.spec, obs))
        del tables["masks"]
        return tables

    def masks(self, obs: Any) -> Any:
        """bool[..., actions] of joint actions, or a tuple of bool[..., choices], one for a head."""
        if self.actions == "multi":
            return arrays.choice_masks(self.spec, obs)
        heads = [head.name for head in self.spec.heads]
        total: Any = None
        for i, head in enumerate(self.spec.heads):
            mask = obs.masks[head.name]
            axes = [heads.index(head.given), i] if head.given else [i]
            leading = mask.shape[: mask.ndim - len(axes)]
            sizes = [n if axis in axes else 1 for axis, n in enumerate(self.choices)]
            mask = mask.reshape(*leading, *sizes)
            total = mask if total is None else total & mask
        return total.reshape(*total.shape[: total.ndim - len(heads)], self.num_actions)

    @property
    def num_logits(self) -> int:
        """Joint actions, or the choices of all heads together: as many as `mask_row` has."""
        return self.num_actions if self.actions == "joint" else sum(self.choices)

    def mask_row(self, obs: Any) -> jax.Array:
        """bool[..., num_logits]: the masks, those of several heads one after another."""
        masks = self.masks(obs)
        return jnp.concatenate(masks, -1) if isinstance(masks, tuple) else masks

    def act(self, decisions: Any) -> Record:
        """An action for `env.step`, from integers [...] if joint, [..., heads] otherwise.

        Any integers are safe: what is illegal does nothing.
        """
        if self.actions == "multi":
            return arrays.outputs(self.spec, decisions)
        rest = jnp.asarray(decisions)
        if not jnp.issubdtype(rest.dtype, jnp.integer):
            raise ValueError(f"decisions are {rest.dtype}: must be integers")
        # what is out of range would wrap around to something legal: it is nothing instead
        rest = jnp.where((rest >= 0) & (rest < self.num_actions), rest, 0).astype(jnp.int32)
        chosen = []
        for size in reversed(self.choices):
            chosen.append(rest % size)
            rest = rest // size
        return arrays.outputs(self.spec, jnp.stack(chosen[::-1], -1))

    def join(self, action: Any) -> jax.Array:
        """i32[...]: the joint action of an action by head; the inverse of `act`."""
        total = jnp.zeros((), jnp.int32)
        flat = arrays.decisions_of(self.spec, action)
        for i, size in enumerate(self.choices):
            total = total * size + flat[..., i]
        return total

    def shapes(self) -> Any:
        """Shapes and dtypes of one slot's observation, as a tree of `jax.ShapeDtypeStruct`."""
        spec = self.spec
        if self.observations == "flat":
            return jax.ShapeDtypeStruct((arrays.flat_size(spec),), jnp.float32)
        tables = {}
        for name, columns in arrays.columns(spec).items():
            rows = spec.window**2 if name == "tile" else spec.table(name).rows
            tables[name] = {
                "index": jax.ShapeDtypeStruct((rows, len(columns["index"])), jnp.int32),
                "value": jax.ShapeDtypeStruct((rows, len(columns["value"])), jnp.float32),
                "present": jax.ShapeDtypeStruct((rows,), jnp.bool_),
            }
        return tables


def seeded(seed: int | None, draw: Callable[[], int]) -> jax.Array:
    """A typed key from a seed, or from a number that `draw` gives where there is none.

    Raises:
      ValueError: for a seed that is no integer of at least 0.
    """
    if seed is None:
        seed = draw()
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or int(seed) < 0:
        raise ValueError(f"seed={seed!r}: must be an integer of at least 0")
    return jax.random.key(int(seed) % 2**32)


def typed(key: jax.Array) -> jax.Array:
    """A typed key of a raw one, u32[2], as scripts for other libraries have."""
    return key if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else jax.random.wrap_key_data(key)


class View(NamedTuple):
    """What the outside sees of a world between two ticks."""

    observation: Any  # [P, ...]; of the layout
    mask: Any  # [P, ...]; of the layout
    alive: jax.Array  # bool[P]
    id: jax.Array  # i32[P]; of the living, never used again
    population: jax.Array  # i32[P]


class Outcome(NamedTuple):
    """What a step brought."""

    reward: jax.Array  # f32[P]
    terminated: jax.Array  # bool[P]
    truncated: jax.Array  # bool[P]
    acted: jax.Array  # bool[P]
    newborn: jax.Array  # bool[P]
    illegal: jax.Array  # bool[P]
    cause: jax.Array  # i32[P]; of death, 0 for none
    lifetime: jax.Array  # i32[P]; of the life that ended
    over: jax.Array  # bool[]; the world has reached its end


@functools.lru_cache(maxsize=16)
def compiled(world: Environment | Wrapper, layout: Layout) -> tuple[Any, Any]:
    """The world as two compiled functions, shared by all adapters of equal worlds.

    Returns:
      reset(key, rules) -> state, View; and step(key, state, decisions, rules) -> state, View,
      Outcome, with decisions i32[P] or i32[P, heads]. Keys are consumed.
    """

    def view(obs: Any, state: Any) -> View:
        players = state.players
        return View(
            layout.observe(obs), layout.masks(obs), players.alive, players.id, players.population
        )

    def reset(key: jax.Array, rules: Any) -> tuple[Any, View]:
        obs, state = world.reset(key, rules)
        return state, view(obs, state)

    def step(
        key: jax.Array, state: Any, decisions: jax.Array, rules: Any
    ) -> tuple[Any, View, Outcome]:
        action = layout.act(decisions)
        obs, state, reward, terminated, truncated, info = world.step(key, state, action, rules)
        deaths = info.events.deaths
        over = world.over(state) if isinstance(world, Wrapper) else jnp.zeros((), bool)
        outcome = Outcome(
            reward,
            terminated,
            truncated,
            info.acted,
            info.newborn,
            info.illegal,
            deaths.cause,
            deaths.lifetime,
            over,
        )
        return state, view(obs, state), outcome

    return jax.jit(reset), jax.jit(step)


class Pool:
    """Worlds that take the place of those that are over, in compiled code.

    Under `vmap` a branch costs even when it is not taken, and a map costs as much as many ticks: so
    new worlds are taken from some made beforehand. `size=0` makes a new map each time, in every
    step of every world. The worlds are made when first needed.
    """

    def __init__(self, world: Environment | Wrapper, size: int, seed: int = 0):
        """Raises ValueError for a size that is no integer of at least 0."""
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise ValueError(f"pool={size!r}: must be an integer of at least 0")
        self._world, self._size, self._seed = world, size, seed

    @functools.cached_property
    def _worlds(self) -> Any:
        with jax.ensure_compile_time_eval():  # kept from one traced program to the next
            keys = jax.random.split(jax.random.key(self._seed), self._size)
            return jax.jit(jax.vmap(self._world.reset))(keys)

    def take(self, key: jax.Array, rules: Any = None) -> tuple[Any, Any]:
        """Observation and state of a new world; the key is consumed."""
        if not self._size:
            return self._world.reset(key, rules)
        index = jax.random.randint(key, (), 0, self._size)
        return jax.tree.map(lambda x: x[index], self._worlds)


@functools.lru_cache(maxsize=8)
def compiled_step(env: Environment) -> tuple[Any, Any]:
    """The world for those who look at its state, compiled, under the preset's rules.

    Returns:
      reset(key) -> state; and step(key, state, action) -> state, bool[P] who died. Keys are
      consumed.
    """

    def step(key: jax.Array, state: Any, action: dict[str, jax.Array]) -> tuple[Any, jax.Array]:
        _, state, _, terminated, *_ = env.step(key, state, action)
        return state, terminated

    return jax.jit(lambda key: env.reset(key)[1]), jax.jit(step)
