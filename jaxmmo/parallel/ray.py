"""Ray as a launcher: it places processes on machines, and starts them again when one is lost.

Each actor is one process of JAX, and runs the same command as the others; they find each other as
those of `jaxmmo launch` do. When an actor is lost, with its machine or alone, the others end too,
and all begin again, from the newest checkpoint.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from jaxmmo.parallel import hosts, launch

PAUSE_SECONDS = 3.0
"""Before actors are started again: the system takes a moment to let go of what lost ones held."""

Entry = Callable[[list[str]], int]
"""The arguments of a command -> its exit code."""


class Member:
    """One process of a run; an actor's class."""

    def address(self) -> str:
        """HOST:PORT where this process could listen to the others."""
        return f"{_ray().util.get_node_ip_address()}:{launch.free_port()}"

    def run(self, entry: Entry, words: list[str], own: dict[str, str]) -> int:
        """Runs a command in this process; its exit code."""
        os.environ.update(own)
        return entry(words)


def run(
    entry: Entry,
    words: Sequence[str],
    count: int,
    *,
    again: Callable[[list[str]], list[str]],
    address: str | None = None,
    devices: int | None = None,
    gpus: float = 0,
    restarts: int = 10,
) -> int:
    """Runs a command in `count` actors of a Ray cluster until it ends.

    Args:
      entry: runs the command in an actor.
      words: the command's arguments.
      count: actors.
      again: from the arguments to those with which it is started, again as the first time: to go on
        from a checkpoint where there is one.
      address: of the cluster; Ray finds it, or starts one here, if omitted.
      devices: virtual devices of each actor's CPU; what there is if omitted.
      gpus: that each actor needs.
      restarts: how often lost actors are replaced before it is given up.

    Returns:
      The exit code of the command; `hosts.LOST` if actors were lost too often.

    Raises:
      ModuleNotFoundError: if Ray is not installed.
    """
    ray = _ray()
    started = not ray.is_initialized()
    if started:
        ray.init(address=address)
    try:
        for left in range(restarts, -1, -1):
            status = _attempt(ray, entry, again(list(words)), count, devices, gpus)
            if status is not None:
                return status
            told = f"starting all again, {left} more times" if left else "given up"
            print(f"jaxmmo: an actor was lost: {told}", file=sys.stderr, flush=True)
            time.sleep(PAUSE_SECONDS)
        return hosts.LOST
    finally:
        if started:
            ray.shutdown()


def _attempt(
    ray: Any, entry: Entry, words: list[str], count: int, devices: int | None, gpus: float
) -> int | None:
    """The command's exit code, or None if an actor was lost."""
    member = ray.remote(num_gpus=gpus, num_cpus=1, max_restarts=0)(Member)
    actors = [member.remote() for _ in range(count)]
    try:
        coordinator = ray.get(actors[0].address.remote())
        running = [
            actor.run.remote(entry, words, launch.variables(index, count, coordinator, devices))
            for index, actor in enumerate(actors)
        ]
        while running:
            done, running = ray.wait(running, num_returns=1)
            if code := ray.get(done[0]):
                return code
        return 0
    except ray.exceptions.RayActorError:
        return None
    finally:
        for actor in actors:
            ray.kill(actor)


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("ray is needed: pip install 'jaxmmo[ray]'") from error
