"""One mesh of devices with the axes `worlds` and `agents`, and programs spread over it.

Worlds are divided over the axis `worlds`, in blocks. The devices on the axis `agents` hold the same
worlds: they share the network's work for the agents there, in acting and in learning. Everything
else (parameters, keys, counts) is the same on every device. On a mesh of one device the programs
are those of `jax.jit` alone.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AbstractMesh, AxisType, Mesh, NamedSharding, PartitionSpec

from jaxmmo.agents.shards import AGENTS, WORLDS, Shards
from jaxmmo.learning.learner import Learner, LearnState

AXES = (WORLDS, AGENTS)
WHOLE, BY_WORLD = PartitionSpec(), PartitionSpec(WORLDS)
"""How an array lies: the same on every device, or divided along its first axis."""

STATE = LearnState(params=WHOLE, opt_state=WHOLE, worlds=BY_WORLD, key=WHOLE, update=WHOLE)  # type: ignore[arg-type]
"""How a learner's state lies on a mesh."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """How many devices there are on each axis."""

    worlds: int = 1
    agents: int = 1

    @property
    def devices(self) -> int:
        """All of them."""
        return self.worlds * self.agents

    def __str__(self) -> str:
        return ",".join(f"{name}={getattr(self, name)}" for name in AXES)


def parse(text: str) -> Layout:
    """A layout from `worlds=4`, `agents=8` or `worlds=4,agents=2`; an axis left out has 1 device.

    Raises:
      ValueError: for anything else.
    """
    sizes: dict[str, int] = {}
    for part in text.split(","):
        name, equals, number = part.strip().partition("=")
        sound = equals and name in AXES and name not in sizes and number.isascii()
        if not sound or not number.isdecimal() or not 1 <= int(number[:10]) < 2**31:
            raise ValueError(
                f"mesh {text!r}: must be like worlds=4 or worlds=4,agents=2, numbers of devices "
                "of at least 1"
            )
        sizes[name] = int(number[:10])
    return Layout(**sizes)


def choose(text: str | None, worlds: int) -> Layout:
    """The layout that was asked for; else accelerators on `worlds`, and of CPUs one.

    Of accelerators as many are taken as the worlds can be divided over. With several processes all
    of their devices are meant, whatever these are.
    """
    if text is not None:
        return parse(text)
    devices = jax.device_count()
    if jax.process_count() == 1:
        most = 1 if jax.default_backend() == "cpu" else devices
        devices = max(n for n in range(1, most + 1) if worlds % n == 0)
    return Layout(worlds=devices)


def build(layout: Layout, devices: Sequence[Any] | None = None) -> Mesh:
    """The mesh of a layout.

    Args:
      layout: of the devices.
      devices: to use, the first of them if there are more; all there are if omitted.

    Raises:
      ValueError: if there are too few devices, or some process would have none.
    """
    there = list(jax.devices() if devices is None else devices)
    if layout.devices > len(there):
        kind = there[0].platform
        more = " (--devices of jaxmmo launch makes more of CPUs)" if kind == "cpu" else ""
        raise ValueError(
            f"mesh {layout}: needs {layout.devices} devices, and there are {len(there)} of {kind}"
            + more
        )
    processes = jax.process_count()
    if devices is None and processes > 1 and layout.devices != len(there):
        raise ValueError(
            f"mesh {layout}: has {layout.devices} devices, and with {processes} processes it must "
            f"have all {len(there)} of them"
        )
    chosen = np.array(there[: layout.devices]).reshape(layout.worlds, layout.agents)
    return Mesh(chosen, AXES, axis_types=(AxisType.Auto,) * 2)


def shards_of(mesh: Mesh | AbstractMesh) -> Shards:
    """What programs need to know of a mesh."""
    return Shards(**{name: mesh.shape[name] for name in AXES})


def check_worlds(worlds: int, shards: Shards) -> None:
    """ValueError if the worlds cannot be divided evenly over the devices."""
    if worlds % shards.worlds:
        raise ValueError(
            f"mesh worlds={shards.worlds}: {worlds} worlds cannot be divided evenly over "
            f"{shards.worlds} devices; their number must be a multiple of that"
        )


def spread(
    fn: Callable[..., Any], mesh: Mesh | AbstractMesh, inputs: Any, outputs: Any
) -> Callable[..., Any]:
    """A function that every device applies to its part.

    Args:
      fn: applied by every device; it knows of others through `Shards` alone.
      mesh: of the devices.
      inputs: how the arguments lie, a tuple.
      outputs: how the results lie.
    """
    if mesh.size == 1:
        return fn
    # axes are not tracked: loops may begin with constants, and gradients are a device's own
    return jax.shard_map(fn, mesh=mesh, in_specs=inputs, out_specs=outputs, check_vma=False)


def spread_learner(learner: Learner, mesh: Mesh | AbstractMesh) -> Learner:
    """The learner as one of the mesh's devices has it.

    Raises:
      ValueError: if its worlds cannot be divided evenly.
    """
    shards = shards_of(mesh)
    check_worlds(learner.config.worlds, shards)
    return dataclasses.replace(learner, shards=shards)


@functools.lru_cache(maxsize=8)  # the same run again in one process is not traced again
def init(learner: Learner, mesh: Mesh | AbstractMesh) -> Any:
    """`learner.init` over a mesh, jitted: from a key to the whole state."""
    return jax.jit(spread(spread_learner(learner, mesh).init, mesh, (WHOLE,), STATE))


@functools.lru_cache(maxsize=8)
def update(learner: Learner, mesh: Mesh | AbstractMesh) -> Any:
    """`learner.update` over a mesh, jitted; the state is donated."""
    own = spread_learner(learner, mesh)
    return jax.jit(spread(own.update, mesh, (STATE,), (STATE, WHOLE)), donate_argnums=0)


def place(tree: Any, mesh: Mesh, how: Any) -> Any:
    """Arrays that every process has whole, laid on a mesh.

    Args:
      tree: of arrays.
      mesh: to lie on.
      how: a `PartitionSpec` for each part of the tree, as `STATE`.
    """
    if mesh.size == 1:
        return jax.tree.map(jax.numpy.asarray, tree)

    def lay(spec: PartitionSpec, part: Any) -> Any:
        sharding = NamedSharding(mesh, spec)

        def one(x: Any) -> jax.Array:
            whole = np.asarray(x)
            return jax.make_array_from_callback(whole.shape, sharding, lambda at: whole[at])

        return jax.tree.map(one, part)

    return jax.tree.map(lay, how, tree, is_leaf=lambda x: isinstance(x, PartitionSpec))


def fetch(tree: Any) -> Any:
    """Arrays on the host, whole; all processes that have a part of one must call it."""

    def whole(x: Any) -> np.ndarray:
        if not isinstance(x, jax.Array) or x.is_fully_addressable or x.is_fully_replicated:
            return np.asarray(x)
        from jax.experimental import multihost_utils

        return multihost_utils.process_allgather(x, tiled=True)

    return jax.tree.map(whole, tree)


def build_for(text: str | None, worlds: int) -> Mesh:
    """The mesh that was asked for, see `choose`, if so many worlds can be divided over it."""
    mesh = build(choose(text, worlds))
    check_worlds(worlds, shards_of(mesh))
    return mesh


def alone() -> Mesh:
    """One device of this process."""
    return build(Layout(), jax.local_devices()[:1])
