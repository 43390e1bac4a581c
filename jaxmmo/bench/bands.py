"""`bench scale --mesh agents=N`: one world in bands, on one, two and N devices."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.bench import measure, scale, worlds
from jaxmmo.env import making
from jaxmmo.env.config import EnvConfig
from jaxmmo.parallel import mesh
from jaxmmo.parallel.bands import Banded
from jaxmmo.parallel.halo import AXIS
from jaxmmo.parallel.traffic import bytes_per_tick

SPARE = 1.25
"""Room in a band, by the agents that it has on average; chance adds to that."""

MOST_VIRTUAL = 256
"""CPU devices that are made at most: each has threads of its own."""


def devices_of(text: str) -> int:
    """How many devices `agents=N` asks for, made where they are CPUs.

    Raises:
      ValueError: for any other mesh, and if there are too few devices.
    """
    layout = mesh.parse(text)
    if layout.worlds > 1:
        raise ValueError(f"mesh {text!r}: must be {AXIS}=N, the devices that one world is cut over")
    if layout.agents <= MOST_VIRTUAL:
        with contextlib.suppress(RuntimeError):  # JAX has been used: it has those that it has
            jax.config.update("jax_num_cpu_devices", layout.agents)
    mesh.build(layout)
    return layout.agents


def run(
    sizes: list[int], most: int, ticks: int, repeats: int, seed: int = 0
) -> Iterator[dict[str, Any]]:
    """Measures one world of each size on 1, 2 and `most` devices; see `scale.run`."""
    for agents in sizes:
        for devices in sorted({1, min(2, most), most}):
            yield measure_one(agents, devices, ticks, repeats, seed)


def cut(agents: int, devices: int) -> Banded:
    """A world of so many agents, as dense as by default, with some room in every band.

    There is room for a quarter more agents in a band, near a border and across it than there are on
    average, and for eight standard deviations of such a number.
    """
    length = scale.side(agents, EnvConfig().border)
    env = making.make(capacity=agents, height=length, width=length, initial_population=agents)
    inner = length - 2 * EnvConfig().border

    def room(rows: float) -> int:
        mean = agents * min(rows / inner, 1)
        return min(math.ceil(SPARE * mean + 8 * math.sqrt(mean)), agents)

    slots = agents if devices == 1 else room(length / devices)
    sight = min(room(env.config.vision), slots)
    ghosts = max(sight, -(-(env.config.max_visible - slots) // 2))
    return Banded(
        env,
        mesh.build(mesh.Layout(agents=devices)),
        slots=slots,
        ghosts=ghosts,
        movers=min(room(1), slots),
    )


def measure_one(
    agents: int, devices: int, ticks: int, repeats: int, seed: int = 0
) -> dict[str, Any]:
    """Numbers of one size on so many devices; see `run`."""
    bands = cut(agents, devices)
    rules = bands.default_rules()
    obs, state = jax.block_until_ready(jax.jit(bands.reset)(jax.random.key(seed), rules))

    def choose(key: jax.Array, obs: Any) -> Any:
        own = jax.random.fold_in(key, jax.lax.axis_index(AXIS))
        return worlds.random_legal(bands.env.spec, own, obs)

    act, fold = bands.act(choose, shared=1), bands.act(lambda obs: _rowless(worlds.fold(obs)))

    def play(key: jax.Array, obs: Any, state: Any) -> Any:
        def tick(carry: Any, number: jax.Array) -> tuple[Any, jax.Array]:
            (obs, state, digest), now = carry, jax.random.fold_in(key, number)
            obs, state, _, _, _, info = bands.step(now, state, act(now, obs), rules)
            digest = worlds.combine(digest, fold(obs))
            return (obs, state, digest), jnp.sum(info.acted, dtype=jnp.int32)

        nothing = jax.tree.map(jnp.zeros_like, jax.eval_shape(fold, obs))
        (_, state, digest), acted = jax.lax.scan(tick, (obs, state, nothing), jnp.arange(ticks))
        return digest, acted, state.refused, state.unseen

    began = time.perf_counter()
    key = jax.random.key(seed + 1)
    compiled = jax.jit(play).lower(key, obs, state).compile()
    compile_seconds = time.perf_counter() - began
    seconds, out = measure.repeat(lambda: compiled(key, obs, state), repeats + 1)
    _, acted, refused, unseen = out
    steps, best = int(acted.sum()), min(seconds[1:])
    analysis = compiled.memory_analysis()
    held = {"state": _on_one(state), "observation": _on_one(obs)}
    held["temporary"] = int(getattr(analysis, "temp_size_in_bytes", 0))
    return measure.machine() | {
        "agents": agents,
        "devices": devices,
        "mesh": str(mesh.Layout(agents=devices)),
        "map_side": bands.env.config.height,
        "rows_per_band": bands.cut.rows,
        "slots": bands.cut.slots,
        "ghosts": bands.cut.ghosts,
        "movers": bands.cut.movers,
        "mean_acting": round(steps / ticks),
        "bytes_per_device": held | {"all": sum(held.values())},
        "bytes_sent_per_tick": bytes_per_tick(bands)["all"],
        "ns_per_agent_step": round(best / steps * 1e9),
        "agent_steps_per_s": round(steps / best),
        "refused": int(refused.sum()),
        "unseen": int(unseen.sum()),
        "lost_spawns": int(state.world.lost_spawns),
        "compile_s": round(compile_seconds, 2),
        "ticks": ticks,
        "repeats": repeats,
        "policy": "random legal",
        "virtual_devices": jax.default_backend() == "cpu",
    }


def _rowless(digest: list[jax.Array]) -> list[jax.Array]:
    """A band's sums as rows, so that those of all bands lie one after another."""
    return [part[None] for part in digest]


def _on_one(tree: Any) -> int:
    """Bytes of all arrays of a tree that the first device holds."""
    return sum(leaf.addressable_shards[0].data.nbytes for leaf in jax.tree.leaves(tree))
