"""What a person sees of a long computation: a bar on a terminal, lines elsewhere; on stderr."""

from __future__ import annotations

import sys
import time

WIDTH = 28
EVERY = 10.0
"""Seconds between lines where there is no terminal to draw on."""


class Bar:
    """Shows how far something is; call it with what is done and how much there is."""

    def __init__(self, label: str, unit: str, *, quiet: bool = False) -> None:
        self._label, self._unit, self._quiet = label, unit, quiet
        self._terminal = sys.stderr.isatty()
        self._began = self._last = 0.0

    def say(self, text: str) -> None:
        """A line before the bar."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    def __call__(self, done: int, total: int) -> None:
        """Draws, if it is time to."""
        now = time.monotonic()
        self._began = self._began or now  # what was compiled before is not to be counted on
        if self._quiet or (now - self._last < (0.1 if self._terminal else EVERY) and done < total):
            return
        self._last = now
        text = f"{self._label} {done:,}/{total:,} {self._unit}"
        if now > self._began:
            text += f", {(now - self._began) / max(done, 1) * (total - done):.0f} s left"
        if not self._terminal:
            print(text, file=sys.stderr, flush=True)
            return
        filled = WIDTH * done // max(total, 1)
        bar = "━" * filled + "╌" * (WIDTH - filled)
        end = "\n" if done >= total else ""
        print(f"\r{bar} {text} ", end=end, file=sys.stderr, flush=True)
