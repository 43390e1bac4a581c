"""How a program is spread over devices, as far as it has to know: a few numbers and axes' names.

There are B worlds of P slots. The devices on the axis `worlds` hold B / W worlds each, in blocks;
those on the axis `agents` hold the same worlds, and share the work for the agents in them.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

WORLDS, AGENTS = "worlds", "agents"
"""Names of the mesh's axes."""


@dataclasses.dataclass(frozen=True)
class Shards:
    """What part of a program a device has; by default all of it, and then nothing here costs.

    Methods that communicate are to be called under `shard_map`, equally often on every device.

    Attributes:
      worlds: devices among which the worlds are divided (W).
      agents: devices that share the work for the agents of the same worlds.
    """

    worlds: int = 1
    agents: int = 1

    @property
    def devices(self) -> int:
        """All of them."""
        return self.worlds * self.agents

    def over_worlds(self, tree: Any) -> Any:
        """Sums what devices with other worlds have."""
        return jax.lax.psum(tree, WORLDS) if self.worlds > 1 else tree

    def over_agents(self, tree: Any) -> Any:
        """Puts together what devices with the same worlds did: every number was one's, else 0."""
        if self.agents == 1:
            return tree

        def merge(x: jax.Array) -> jax.Array:
            if x.dtype == bool:
                return jax.lax.psum(x.astype(jnp.int32), AGENTS) > 0
            return jax.lax.psum(x, AGENTS)

        return jax.tree.map(merge, tree)

    def over_all(self, tree: Any) -> Any:
        """Sums over all devices."""
        axes = [WORLDS] * (self.worlds > 1) + [AGENTS] * (self.agents > 1)
        return jax.lax.psum(tree, tuple(axes)) if axes else tree

    def block(self, x: jax.Array) -> jax.Array:
        """This device's block of rows of what all devices have whole: of worlds, or of slots."""
        if self.worlds == 1:
            return x
        size = x.shape[0] // self.worlds
        return jax.lax.dynamic_slice_in_dim(x, jax.lax.axis_index(WORLDS) * size, size)

    @property
    def turn(self) -> jax.Array | int:
        """Which of the devices with the same worlds this one is."""
        return jax.lax.axis_index(AGENTS) if self.agents > 1 else 0

    def share(self, mask: jax.Array) -> jax.Array:
        """The entries of a mask, bool[M], that are this device's among those with the same ones."""
        if self.agents == 1:
            return mask
        return mask & (jnp.arange(mask.shape[0]) % self.agents == self.turn)


ALONE = Shards()
"""Everything on one device."""
