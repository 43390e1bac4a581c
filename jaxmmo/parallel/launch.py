"""Several processes of one machine that run the same command together."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import IO

from jaxmmo.parallel import hosts

GRACE_SECONDS = 20.0
"""Between asking processes to end, because one failed, and ending them."""

PATIENCE_SECONDS = 120.0
"""The same where a signal was passed on: they save what they have."""

_DEVICES = re.compile(r"--xla_force_host_platform_device_count=\S+")


def variables(
    index: int, count: int, coordinator: str, devices: int | None = None
) -> dict[str, str]:
    """What a process's environment says of the others, over that of this process.

    Args:
      index: which one.
      count: how many there are.
      coordinator: HOST:PORT where the first one listens.
      devices: virtual devices that each makes of its CPU; what there is if omitted.
    """
    own = {hosts.COORDINATOR: coordinator, hosts.COUNT: str(count), hosts.INDEX: str(index)}
    if devices is not None:
        flags = _DEVICES.sub("", os.environ.get("XLA_FLAGS", "")).strip()
        own["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count={devices}".strip()
        own["JAX_PLATFORMS"] = "cpu"
        # XLA's threads wait for each other: there must be one for every device
        own["NPROC"] = os.environ.get("NPROC", str(max(16, 2 * devices)))
    return own


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def launch(command: Sequence[str], count: int, devices: int | None = None) -> int:
    """Runs a command in `count` processes, until all have ended or one has failed.

    Their output is passed on line by line, each behind the process's number. When one fails, or
    this process is told to end (Ctrl-C, SIGTERM, SIGHUP), all are: asked first, and ended by force
    if they are still there much later. Nothing that they started is left.

    Args:
      command: the program and its arguments.
      count: processes.
      devices: virtual devices of each, see `variables`.

    Returns:
      0 if all succeeded, else the status of the first that failed; 128 and its number for a signal.
    """
    group = Group(command, count, devices)
    with group.listening():
        try:
            return group.wait()
        finally:
            group.end()


class Group:
    """Processes that end together."""

    def __init__(self, command: Sequence[str], count: int, devices: int | None) -> None:
        coordinator = f"127.0.0.1:{free_port()}"
        self._heard: int | None = None
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        try:
            for index in range(count):
                self._begin(command, index, variables(index, count, coordinator, devices))
        except BaseException:
            self.end()
            raise

    def _begin(self, command: Sequence[str], index: int, own: dict[str, str]) -> None:
        process = subprocess.Popen(
            command,
            env=os.environ | own | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a terminal's Ctrl-C comes to us, and we pass it on
        )
        self._processes.append(process)
        for source, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
            assert source is not None
            thread = threading.Thread(target=self._pass_on, args=(index, source, target))
            thread.start()
            self._threads.append(thread)

    def _pass_on(self, index: int, source: IO[bytes], target: IO[str]) -> None:
        for line in source:
            with self._lock, contextlib.suppress(OSError, ValueError):
                target.write(f"[{index}] {line.decode(errors='replace').rstrip()}\n")
                target.flush()
        source.close()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Signals are passed on for the block."""

        def hear(number: int, frame: object) -> None:
            del frame
            self._heard = self._heard or number
            self._tell(number)

        numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        before = {number: signal.signal(number, hear) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def wait(self) -> int:
        """Returns the common status when all have ended, or the first has failed."""
        deadline = float("inf")
        while True:
            codes = [process.poll() for process in self._processes]
            failed = [(i, code) for i, code in enumerate(codes) if code]
            if failed and self._heard is None:
                index, code = failed[0]
                said = f"by signal {-code}" if code < 0 else f"with status {code}"
                self._say(f"process {index} of {len(codes)} ended {said}: ending the others")
            if None not in codes or (failed and self._heard is None):
                return max((128 - code if code < 0 else code for _, code in failed[:1]), default=0)
            if self._heard is not None:
                deadline = min(deadline, time.monotonic() + PATIENCE_SECONDS)
                if time.monotonic() > deadline:
                    return 128 + self._heard
            time.sleep(0.05)

    def end(self) -> None:
        """Ends what still runs, with whatever it started."""
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # also what a process left behind
            process.wait()
        for thread in self._threads:
            thread.join(5)

    def _tell(self, number: int) -> None:
        for process in self._processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)

    def _say(self, text: str) -> None:
        with self._lock:
            print(f"jaxmmo launch: {text}", file=sys.stderr, flush=True)
