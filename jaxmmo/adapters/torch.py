"""PyTorch tensors over JAX's memory, and back, without a copy (DLPack), on CPU and GPU.

    from jaxmmo.adapters.torch import from_torch, to_torch

    tables = to_torch(jaxmmo.io.dense(env.spec, obs))  # a tree of tensors
    decisions = from_torch(choice)                     # a JAX array

Both libraries then look at the same numbers. JAX takes its arrays for unchangeable: clone a tensor
before writing to it, and do not write to one that was handed to JAX.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.adapters.base import requires

torch: Any = requires("torch")


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
