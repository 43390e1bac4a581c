"""Several processes, on one machine or on many, as one program: by `jax.distributed`.

Every process runs the same commands with the same arguments; the first one (index 0) writes files
and speaks. JAX's coordination service, which runs in the first process, tells who is there, and its
heartbeats tell who is lost.
"""

from __future__ import annotations

import dataclasses
import os
import re
import socket
import time
from typing import Any

import jax
import numpy as np

from jaxmmo.files.atomic import discard_unfinished
from jaxmmo.files.errors import one_line

COORDINATOR, COUNT, INDEX = (
    "JAXMMO_COORDINATOR",
    "JAXMMO_PROCESS_COUNT",
    "JAXMMO_PROCESS_ID",
)
"""Environment variables that `jaxmmo launch` sets: as the options of the same names."""

HEARTBEAT_SECONDS = 20
"""Without a sign of life for so long, a process is lost."""

JOIN_SECONDS = 60.0
LOST = 75
"""Exit status of a process that lost another one: try again, with `--resume`."""

_NAMES = "jaxmmo/"
_counter = {"next": 0}


@dataclasses.dataclass(frozen=True)
class Hosts:
    """How processes find each other; what is None is found in the environment.

    Attributes:
      coordinator: HOST:PORT where the first process listens.
      process_id: which of them this one is, from 0.
      process_count: how many there are.
    """

    coordinator: str | None = None
    process_id: int | None = None
    process_count: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be, saying what is allowed."""
        if self.coordinator is not None:
            host, colon, port = self.coordinator.rpartition(":")
            if not colon or not host or not port.isdecimal() or not 0 < int(port[:9]) < 65536:
                raise ValueError(f"--coordinator {self.coordinator}: must be HOST:PORT")
        count, index = self.process_count, self.process_id
        if count is not None and count < 1:
            raise ValueError(f"--process-count {count}: must be at least 1")
        if index is not None and index < 0:
            raise ValueError(f"--process-id {index}: must be at least 0")
        if count is not None and index is not None and index >= count:
            raise ValueError(
                f"--process-id {index}: must be less than --process-count {count}; they begin at 0"
            )


def in_environment() -> Hosts | None:
    """What `jaxmmo launch` told this process; None where it was not started so."""
    if COORDINATOR not in os.environ:
        return None
    try:
        return Hosts(os.environ[COORDINATOR], int(os.environ[INDEX]), int(os.environ[COUNT]))
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{COORDINATOR} is set, and so must be {INDEX} and {COUNT}, as jaxmmo launch does: "
            f"{error}"
        ) from error


def join(hosts: Hosts, seconds: float = JOIN_SECONDS) -> None:
    """Joins the other processes; before JAX is used for anything.

    Args:
      hosts: how they find each other. What neither it nor `jaxmmo launch` says is found as JAX
        finds it: under SLURM, Open MPI, Kubernetes, and on TPU pods.
      seconds: to wait for the others.

    Raises:
      ValueError: if they do not come, or were told of another number of processes.
    """
    told = in_environment() or Hosts()
    hosts = Hosts(*(_first(*pair) for pair in zip(_values(hosts), _values(told), strict=True)))
    # signals are ours: a run saves, and agrees with the others on when
    jax.config.update("jax_enable_preemption_service", False)
    if _on_cpu():
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
    _find_coordinator(hosts, seconds)
    try:
        jax.distributed.initialize(
            hosts.coordinator,
            hosts.process_count,
            hosts.process_id,
            initialization_timeout=max(1, round(seconds)),
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=HEARTBEAT_SECONDS,
        )
    except ValueError as error:
        raise ValueError(
            f"--distributed: {error} Nothing in the environment says it (SLURM, Open MPI, "
            "Kubernetes, a TPU pod, jaxmmo launch): give --coordinator HOST:PORT, --process-id "
            "and --process-count"
        ) from error
    except RuntimeError as error:
        raise ValueError(f"{_not_joined(hosts, seconds)} ({one_line(error)})") from error
    _compare_counts(seconds)


def _find_coordinator(hosts: Hosts, seconds: float) -> None:
    """Returns when somebody listens at the coordinator's address; ValueError if nobody ever does.

    JAX itself would end this process with a stack trace.
    """
    if hosts.coordinator is None or not hosts.process_id:
        return
    host, _, port = hosts.coordinator.rpartition(":")
    deadline = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=seconds):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise ValueError(f"{_not_joined(hosts, seconds)} ({one_line(error)})") from error
        time.sleep(0.2)


def _not_joined(hosts: Hosts, seconds: float) -> str:
    who = "?" if hosts.process_id is None else hosts.process_id
    return (
        f"--coordinator {hosts.coordinator}: process {who} of {hosts.process_count or '?'} could "
        f"not join the others within {seconds:.0f} s: is process 0 running there, and was every "
        "process started?"
    )


def _compare_counts(seconds: float) -> None:
    """ValueError if this process was told of another number of processes than the first one."""
    state = _state()
    own = str(state.num_processes)
    if state.process_id == 0:
        state.client.key_value_set(_NAMES + "count", own)
    first = state.client.blocking_key_value_get(_NAMES + "count", round(seconds * 1000))
    if first != own:
        raise ValueError(
            f"--process-count {own}: process 0 was started with {first}, and all must have the same"
        )


def count() -> int:
    """How many processes there are."""
    return _state().num_processes or 1


def index() -> int:
    """Which of them this one is."""
    return _state().process_id or 0


def is_first() -> bool:
    """Whether this is the process that writes files and speaks."""
    return index() == 0


def same(text: str, seconds: float = 600.0) -> str:
    """What the first process says, on all of them; all must call it, in the same order."""
    if count() == 1:
        return text
    client, name = _state().client, f"{_NAMES}same/{_counter['next']}"
    _counter["next"] += 1
    if is_first():
        client.key_value_set(name, text)
        return text
    return client.blocking_key_value_get(name, round(seconds * 1000))


def wait(name: str, seconds: float = 600.0) -> None:
    """Returns when all processes are here."""
    if count() > 1:
        _counter["next"] += 1
        _state().client.wait_at_barrier(f"{_NAMES}{name}/{_counter['next']}", round(seconds * 1000))


def any_of(bits: int) -> int:
    """The bits that are set in any process's number; all must call it."""
    if count() == 1:
        return bits
    from jax.experimental import multihost_utils

    every = multihost_utils.process_allgather(np.array([bits], np.int32))
    return int(np.bitwise_or.reduce(np.ravel(every)))


def leave() -> None:
    """Waits for the others at the end of all work."""
    if count() > 1:
        jax.distributed.shutdown()


def end_if_lost(error: BaseException) -> None:
    """Ends this process at once if another one is lost, saying which.

    Args:
      error: that communication ended with; not looked at but for the message.
    """
    lost = _who_is_lost()
    if not lost:
        return
    what = (
        f"jaxmmo: process {' and '.join(map(str, lost))} of {count()} is lost, and process "
        f"{index()} ends: what was saved can be gone on from with --resume ({one_line(error)})\n"
    )
    os.write(2, what.encode())
    discard_unfinished()
    os._exit(LOST)  # nobody answers any more to a proper goodbye


def _who_is_lost(seconds: float = 10.0) -> list[int]:
    """Indices of the processes that do not come to a meeting; the first one's if it holds none."""
    try:
        _state().client.wait_at_barrier(f"{_NAMES}who-is-there", round(seconds * 1000))
    except jax.errors.JaxRuntimeError as error:
        names = re.search(r"task names:((?:\s+\d+)+)", str(error))
        told = names[1].split() if names else re.findall(r"(?i)task[:/ ]+(\d+)", str(error))
        return sorted({int(n) for n in told} - {index()}) or [0]
    return []


def _state() -> Any:
    """JAX's own record of the processes."""
    from jax._src import distributed

    return distributed.global_state


def _on_cpu() -> bool:
    """Whether devices will be CPUs; JAX cannot be asked before the processes have joined."""
    platforms = str(getattr(jax.config, "jax_platforms", None) or "")
    if platforms:
        return platforms.split(",")[0] == "cpu"
    from importlib.util import find_spec

    return not any(find_spec(name) for name in ("libtpu", "jax_cuda12_plugin", "jax_cuda13_plugin"))


def _values(hosts: Hosts) -> tuple[Any, ...]:
    return dataclasses.astuple(hosts)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
