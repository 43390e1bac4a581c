"""Logs of a run: JSON lines, and TensorBoard where it is installed."""

from __future__ import annotations

import importlib
import json
import math
import socket
import time
from pathlib import Path
from typing import Any

from jaxmmo.files.atomic import write_atomically

NAME = "log.jsonl"
UNREADABLE = "log.unreadable.jsonl"
NEEDED = ("elapsed", "total_steps", "steps", "deaths", "population", "agent_steps_per_s")
"""What every record holds, as finite numbers, beside `update`."""

FLUSH_SECONDS = 10.0
"""Between two moments at which TensorBoard sees what is new."""


class Log:
    """Appends a record per update, whole lines only.

    Attributes:
      unreadable: lines of an earlier session that are no records; the log as it was is kept beside.
    """

    def __init__(self, directory: Path, last: int = 0) -> None:
        """Opens the logs of a run; records of updates after `last` are dropped: they come again."""
        path = directory / NAME
        kept, self.unreadable = _read(path)
        if self.unreadable:
            path.replace(directory / UNREADABLE)
        kept = [record for record in kept if record["update"] <= last]
        write_atomically(path, "".join(json.dumps(record) + "\n" for record in kept).encode())
        self._file = path.open("a", encoding="utf-8")
        self._board = _board(directory, last)

    def write(self, record: dict[str, Any]) -> None:
        """Appends a record; numbers go to TensorBoard under their names."""
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()
        if self._board is not None:
            self._board.write(record)

    def close(self) -> None:
        """Closes the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()


class Board:
    """TensorBoard's file of events.

    Written in this thread: that of tensorboardX's own writer dies on a full disk, after which a
    run would wait for it for ever.
    """

    def __init__(self, directory: Path, last: int) -> None:
        """A new file; what older ones hold of updates after `last` is no longer shown."""
        from tensorboardX.record_writer import RecordWriter

        proto: Any = importlib.import_module("tensorboardX.proto.event_pb2")
        self._event = proto.Event
        directory.mkdir(exist_ok=True)
        now = time.time()
        self._flushed = -FLUSH_SECONDS
        name = f"events.out.tfevents.{now:.3f}.{socket.gethostname()}"
        self._writer = RecordWriter(str(directory / name))
        self._put(self._event(wall_time=now, file_version="brain.Event:2"))
        start = proto.SessionLog(status=proto.SessionLog.START)
        self._put(self._event(wall_time=now, step=last + 1, session_log=start))

    def write(self, record: dict[str, Any]) -> None:
        """Adds the numbers of a record."""
        event = self._event(wall_time=time.time(), step=record["update"])
        for name, value in record.items():
            event.summary.value.add(tag=name, simple_value=value)
        self._put(event)

    def close(self) -> None:
        """Closes the file."""
        self._writer.close()

    def _put(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:  # it waits for the disk
            self._flushed = time.monotonic()
            self._writer.flush()


def _board(directory: Path, last: int) -> Board | None:
    try:
        return Board(directory / "tensorboard", last)
    except ModuleNotFoundError:
        return None


def read(directory: Path) -> list[dict[str, Any]]:
    """The records of a run's log; a line cut off by a kill, or of somebody else's, is left out."""
    return _read(directory / NAME)[0]


def _read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The records, each update once and in order, and how many lines are none."""
    records: dict[int, dict[str, Any]] = {}
    lines = path.read_bytes().split(b"\n") if path.is_file() else []
    bad = 0
    for number, line in enumerate(lines, 1):
        record = _record(line)
        if record is not None:
            records[record["update"]] = record
        elif line.strip() and number < len(lines):  # the last one was being written
            bad += 1
    return [records[update] for update in sorted(records)], bad


def _record(line: bytes) -> dict[str, Any] | None:
    """A line as a record, if it is one."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not _is_number(record.get("update"), int):
        return None
    return record if all(_is_number(record.get(name)) for name in NEEDED) else None


def _is_number(value: Any, kind: Any = (int, float)) -> bool:
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    return abs(value) < 2**63 and math.isfinite(value)
