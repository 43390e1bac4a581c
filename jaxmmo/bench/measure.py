"""Timing, machine facts, and the limits that speeds are compared with."""

from __future__ import annotations

import platform
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.runs.config import cores


def use_every_core() -> None:
    """Makes one CPU device of every core; a no-op once JAX has been used, or on accelerators.

    One world is stepped by one core: worlds side by side are what fills a machine.
    """
    try:
        jax.config.update("jax_num_cpu_devices", cores())
    except RuntimeError:
        return


def one_core_each() -> dict[str, bool]:
    """Options to compile with where every core is a device: no operation is divided among cores."""
    each = jax.devices()[0].platform == "cpu" and jax.device_count() == cores()
    return {"xla_cpu_multi_thread_eigen": False} if each else {}


def machine() -> dict[str, Any]:
    """Device, versions and cores, for whoever reads the numbers later."""
    device = jax.devices()[0]
    name = device.device_kind
    if device.platform == "cpu":
        name = f"{_processor()} ({cores()} cores)"
    return {
        "device": name,
        "platform": device.platform,
        "devices": jax.device_count(),
        "jax": jax.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def repeat(call: Callable[[], Any], repeats: int) -> tuple[list[float], Any]:
    """Seconds of each of `repeats` finished calls, and what the last one returned."""
    seconds, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = jax.block_until_ready(call())
        seconds.append(time.perf_counter() - began)
    return seconds, result


def rates(count: float, seconds: list[float]) -> dict[str, float]:
    """Best and median of `count` per second."""
    return {
        "best": round(count / min(seconds)),
        "median": round(count / statistics.median(seconds)),
    }


def nbytes(tree: Any) -> int:
    """Bytes of all arrays, or shapes of arrays, of a tree; a key counts as its words."""
    total = 0
    for leaf in jax.tree.leaves(tree):
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.eval_shape(jax.random.key_data, leaf)
        total += int(np.prod(leaf.shape)) * np.dtype(leaf.dtype).itemsize
    return total


def peak_memory() -> int:
    """Bytes: most that the process has held so far, or the accelerator where it tells."""
    stats = jax.devices()[0].memory_stats()
    if stats and "peak_bytes_in_use" in stats:
        return int(stats["peak_bytes_in_use"])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def matmul_peak(size: int = 1024, repeats: int = 5) -> float:
    """Floating point operations a second of a large f32 matrix product on the first device."""
    x = jnp.ones((size, size), jnp.float32)
    product = jax.jit(lambda a: a @ a).lower(x).compile()
    jax.block_until_ready(product(x))
    seconds, _ = repeat(lambda: product(x), repeats)
    return 2 * size**3 / min(seconds)
