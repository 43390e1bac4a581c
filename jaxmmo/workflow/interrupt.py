"""Ctrl-C in Python: a run ends and is saved."""

from __future__ import annotations

import signal
import threading
from types import TracebackType
from typing import Any

from jaxmmo.runs.ending import Stop


class Interrupt(Stop):
    """Ctrl-C ends a run in Python after the update under way; a second one at once."""

    def __init__(self) -> None:
        self.requested, self._ready = False, False
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def ready(self) -> None:
        """From now on there is something to save."""
        self._ready = True

    def _hear(self, number: int, frame: Any) -> None:
        del number, frame
        if self.requested or not self._ready:
            raise KeyboardInterrupt
        self.requested = True
