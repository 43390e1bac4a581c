"""PyTorch tensors over JAX's memory, and back, without a copy (DLPack), on CPU and GPU.

    from jaxmmo.adapters.torch import from_torch, to_torch

    tables = to_torch(jaxmmo.io.dense(env.spec, obs))  # a tree of tensors
    decisions = from_torch(choice)                     # a JAX array

Both libraries then look at the same numbers. JAX takes its arrays for unchangeable: clone a tensor
before writing to it, and do not write to one that was handed to JAX.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.adapters._worlds import make_world
from jaxmmo.adapters.base import requires, seeded
from jaxmmo.env.autoreset import AutoReset
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.env.wrappers import Batch
from jaxmmo.io import arrays

torch: Any = requires("torch")


class Seen(NamedTuple):
    """What every slot of all worlds perceives, as tensors; N = worlds * slots."""

    observation: Any  # f32[N, F]; of `io.flatten`
    masks: dict[str, Any]  # bool[N, ...] by head, exact
    living: Any  # bool[N]


class Told(NamedTuple):
    """What a step brought, as tensors."""

    reward: Any  # f32[N]
    terminated: Any  # bool[N]
    truncated: Any  # bool[N]
    acted: Any  # bool[N]
    lifetime: Any  # i32[N]; of the life that ended, else 0


class Worlds:
    """Worlds in JAX for a network in PyTorch, on the same device, without copies between them.

    Slots are rows; conventions are those of `adapters.base`. A world that reaches the horizon is
    replaced in that step, so that agents get to know many maps.

    Attributes:
      spec: of observations and actions.
      size: how many rows there are.
      rules: of the game; may be replaced between steps.
    """

    def __init__(
        self,
        preset: str | Preset = "JaxMMO-v1",
        num_worlds: int = 1,
        *,
        horizon: int = 512,
        rules: Rules | None = None,
        **overrides: Any,
    ):
        """Worlds before their first tick; see `gymnasium.vector_env` for the arguments."""
        world, env = make_world(preset, horizon, overrides)
        worlds = AutoReset(Batch(world, num_worlds), "same-step")
        self.spec, self.rules = env.spec, env.default_rules() if rules is None else rules
        self.size = num_worlds * env.config.capacity
        shape = (num_worlds, env.config.capacity)

        def join(tree: Any) -> Any:
            return jax.tree.map(lambda x: x.reshape(self.size, *x.shape[2:]), tree)

        def see(obs: Any) -> Seen:
            flat = arrays.flatten(self.spec, obs)
            return join(Seen(flat, dict(obs.masks), arrays.living(self.spec, obs)))

        def reset(key: jax.Array, rules: Rules) -> tuple[Any, Seen]:
            obs, state = worlds.reset(key, rules)
            return state, see(obs)

        def step(key: jax.Array, state: Any, decisions: jax.Array, rules: Rules) -> Any:
            action = arrays.outputs(self.spec, decisions.reshape(*shape, -1))
            obs, state, reward, terminated, truncated, info = worlds.step(key, state, action, rules)
            lifetime = jnp.where(terminated, info.events.deaths.lifetime, 0)
            told = join(Told(reward, terminated, truncated, info.acted, lifetime))
            return state, see(obs), told

        self._reset, self._step = jax.jit(reset), jax.jit(step)

    def reset(self, seed: int = 0) -> Seen:
        """New worlds, the same for the same seed."""
        self._key = seeded(seed, int)
        self._state, seen = self._reset(self._next_key(), self.rules)
        return to_torch(seen)

    def step(self, decisions: Any) -> tuple[Seen, Told]:
        """A tick of every world, with int32 decisions [N, heads], of empty rows any."""
        self._state, seen, told = self._step(
            self._next_key(), self._state, from_torch(decisions), self.rules
        )
        return to_torch(seen), to_torch(told)

    def _next_key(self) -> jax.Array:
        self._key, key = jax.random.split(self._key)
        return key


def to_torch(tree: Any) -> Any:
    """The arrays of a tree as tensors that share their memory.

    Args:
      tree: of JAX arrays, as `io.dense`, `io.packed` or `env.step` give them. Dicts, tuples and
        tables stay what they are.
    """
    return jax.tree.map(_tensor, tree)


def from_torch(tree: Any) -> Any:
    """The tensors of a tree as JAX arrays that share their memory; gradients are left behind.

    A tensor that is not contiguous is copied, and so is one that JAX cannot hold in place: on a
    CPU, JAX wants memory aligned to 64 bytes, which PyTorch's allocations are.
    """
    return jax.tree.map(_array, tree, is_leaf=torch.is_tensor)


def _tensor(array: Any) -> Any:
    # DLPack knows no typed keys; whoever has them in a tree is better told by JAX itself
    return torch.utils.dlpack.from_dlpack(jnp.asarray(array))


def _array(tensor: Any) -> jax.Array:
    if not torch.is_tensor(tensor):
        return jnp.asarray(tensor)
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.int64 and not jax.config.read("jax_enable_x64"):
        tensor = tensor.to(torch.int32)  # what torch's choices are; the world takes 32 bits
    elif tensor.dtype == torch.float64 and not jax.config.read("jax_enable_x64"):
        tensor = tensor.to(torch.float32)
    return jnp.from_dlpack(tensor)


def same_memory(array: jax.Array, tensor: Any) -> bool:
    """Whether an array and a tensor are one piece of memory."""
    return np.uintp(array.unsafe_buffer_pointer()) == np.uintp(tensor.data_ptr())
