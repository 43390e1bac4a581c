"""What SIGINT (Ctrl-C), SIGTERM and SIGHUP do to the program.

No exception is raised for them: raised while XLA compiles, it ends in a segmentation fault half the
time, and it would wait for as long as a compiled program runs. Instead a thread of its own hears of
signals the moment they come (Python's wake-up descriptor). It ends the process at once, after
unfinished files are deleted; or, where a command has something to save, it asks for that the first
time and ends the process at once the second time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from jaxmmo.files.atomic import discard_unfinished
from jaxmmo.runs.ending import Stop

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
SHOW_CURSOR = b"\x1b[?25h"

_active: Signals | None = None


class Signals(Stop):
    """Handles signals for the block; one at a time, in the main thread.

    Attributes:
      requested: a signal came and the command is to save and end.
      abandoned: told when the process ends at once because there is nothing to save.
      nothing_lost: SIGTERM then is a success.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self.requested = False
        self.abandoned, self.nothing_lost = "interrupted", False
        self._first: int | None = None
        self._ready = False
        self._before: dict[int, Any] = {}

    @property
    def status(self) -> int:
        """Exit status of a command that saved everything when it was asked to."""
        return 128 + signal.SIGINT if self._first == signal.SIGINT else 0

    def ready(self) -> None:
        """From now on the command looks at `requested`: it has something to save."""
        self._ready = True

    def __enter__(self) -> Signals:
        global _active
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                self._before[number] = signal.signal(number, _ignore)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()
        _active = self
        return self

    def __exit__(self, *_: object) -> None:
        global _active
        self.release(lambda *_: None)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        _active = None

    def release(self, handler: Callable[[int, Any], Any]) -> None:
        """Gives the signals to somebody else for the rest of the block."""
        if self._write < 0:
            return
        for number in self._before:
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._write)  # the thread reads the end of it
        self._write = -1

    def _listen(self) -> None:
        while heard := os.read(self._read, 1):
            self._hear(heard[0])
        os.close(self._read)

    def _hear(self, number: int) -> None:
        if number not in self._before:
            return
        if self._first is None and self._ready:
            self._first, self.requested = number, True
            self._say("ending after this update, then saving; once more to end at once")
            return
        if self._first is None:
            self._say(self.abandoned)
            lost = not self.nothing_lost
        else:
            self._say("ended at once: what is not saved is lost")
            lost = True
        discard_unfinished()
        end(0 if number == signal.SIGTERM and not lost else 128 + number)

    def _say(self, text: str) -> None:
        os.write(2, f"\njaxmmo {self._command}: {text}\n".encode())


def active() -> Signals | None:
    """The handler of this program; None where jaxmmo is a part of another one."""
    return _active


def end(status: int) -> None:
    """Ends the process now: no exit handlers, which may wait for programs that still run."""
    if os.isatty(2):
        os.write(2, SHOW_CURSOR)
    flush = threading.Thread(target=sys.stdout.flush, daemon=True)  # may wait for a full pipe
    flush.start()
    flush.join(0.5)
    os._exit(status)


def _ignore(number: int, frame: Any) -> None:
    """The thread does it."""
