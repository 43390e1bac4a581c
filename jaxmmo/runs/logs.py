"""Logs of a run: JSON lines, and TensorBoard where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

JSON_LINES = "log.jsonl"


class Log:
    """Appends a record per update, whole lines only."""

    def __init__(self, directory: Path, last: int = 0) -> None:
        """Opens the logs of a run; records of updates after `last` are dropped: they come again."""
        path = directory / JSON_LINES
        kept = [record for record in read(directory) if record["update"] <= last]
        fresh = path.with_suffix(".new")
        fresh.write_text("".join(json.dumps(record) + "\n" for record in kept))
        fresh.replace(path)  # at once: a kill leaves the old log or the new one
        self._file = path.open("a")
        try:
            from tensorboardX import SummaryWriter

            self._board = SummaryWriter(str(directory / "tensorboard"), purge_step=last + 1)
        except ModuleNotFoundError:
            self._board = None

    def write(self, record: dict[str, Any]) -> None:
        """Appends a record; numbers go to TensorBoard under their names."""
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in record.items():
                self._board.add_scalar(name, value, record["update"])

    def close(self) -> None:
        """Closes the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()


def read(directory: Path) -> list[dict[str, Any]]:
    """The records of a run's log; a line cut off by a kill is left out."""
    path = directory / JSON_LINES
    records = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records
