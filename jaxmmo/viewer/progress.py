"""A bar on the terminal, without any library."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
WIDTH = 28


def progress(items: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Yields the items while a bar on stderr fills; silent where stderr is no terminal."""
    shown, began, last = sys.stderr.isatty(), time.monotonic(), 0.0
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if shown and (now - last > 0.1 or done == total):
            last = now
            filled = WIDTH * done // max(total, 1)
            left = (now - began) / done * (total - done)
            bar = "━" * filled + "╌" * (WIDTH - filled)
            print(f"\r{label} {bar} {done}/{total}, {left:.0f} s left ", end="", file=sys.stderr)
    if shown:
        print(file=sys.stderr)
