"""What a person sees while a run goes on; on stderr, so that stdout stays for results."""

from __future__ import annotations

import sys
import time
from typing import Any

EVERY = 10.0
"""Seconds between lines where there is no terminal to draw on."""


def duration(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Quiet:
    """Shows nothing."""

    def say(self, text: str) -> None:
        """A message between updates."""
        del text

    def warn(self, text: str) -> None:
        """Something to know, also for those who want to see no progress."""
        print(f"warning: {text}", file=sys.stderr, flush=True)

    def show(self, record: dict[str, Any], done: float, remaining: float) -> None:
        """A record of the log, the share of the run that is done, and the seconds left."""
        del record, done, remaining

    def close(self) -> None:
        """The end of the run."""


class Mute(Quiet):
    """Says nothing at all: of several processes, only the first one speaks."""

    def warn(self, text: str) -> None:
        """Nothing: the first process says it."""
        del text


def _text(record: dict[str, Any]) -> str:
    return (
        f"update {record['update']:>5}  lifetime {record['lifetime']:6.1f}  population "
        f"{record['population']:5.1f}  {record['agent_steps_per_s']:>9,.0f} agent-steps/s"
    )


class Lines(Quiet):
    """A line now and then, for logs and pipes."""

    def __init__(self) -> None:
        self._last = 0.0

    def say(self, text: str) -> None:
        """A message between updates."""
        print(text, file=sys.stderr, flush=True)

    def show(self, record: dict[str, Any], done: float, remaining: float) -> None:
        """Prints the record if the last line is old enough."""
        if time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            times = f"{duration(record['elapsed'])} elapsed, {duration(remaining)} left"
            self.say(f"{_text(record)}  {times}")


class Live(Quiet):
    """A bar that is redrawn in place."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.fields[times]}"),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            console=self._console,
        )
        self._task = self._bar.add_task("compiling", total=1.0, times="0:00")
        self._bar.start()

    def say(self, text: str) -> None:
        """A message above the bar."""
        self._console.print(text)

    def warn(self, text: str) -> None:
        """A message above the bar, marked."""
        self._console.print(f"warning: {text}", style="yellow", markup=False)

    def show(self, record: dict[str, Any], done: float, remaining: float) -> None:
        """Redraws."""
        times = f"{duration(record['elapsed'])} < {duration(remaining)}"
        self._bar.update(self._task, completed=done, description=_text(record), times=times)

    def close(self) -> None:
        """Leaves the last state on the screen."""
        self._bar.stop()


def display(quiet: bool) -> Quiet:
    """What fits: nothing, a live bar on a terminal, or lines."""
    if quiet:
        return Quiet()
    if sys.stderr.isatty():
        try:
            return Live()
        except ModuleNotFoundError:
            pass
    return Lines()
