"""What every experiment has: options, a folder with finished parts, tables, progress.

A part (`unit`) is written whole when it is finished and is not made again: a script that was
stopped goes on where it was. A folder belongs to one set of settings; other settings are refused.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import io
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import Figure

from jaxmmo import BEHAVIOUR_VERSION
from jaxmmo.bench import measure
from jaxmmo.cli import cache
from jaxmmo.files.atomic import write_atomically

SIZES = ("tiny", "small", "full")


class Experiment:
    """A run of one experiment in a folder of its own.

    Attributes:
      name: of the script.
      size: "full", "small" (minutes), or "tiny" (seconds, for tests; means nothing).
      seeds: the experiment is made once with each of them.
      folder: in which everything lies.
      settings: of this size.
      seconds: what each unit took, those of earlier sessions included.
    """

    def __init__(
        self, name: str, sizes: dict[str, Any], argv: Sequence[str] | None, about: str
    ) -> None:
        parser = argparse.ArgumentParser(prog=f"experiments/{name}.py", description=about)
        parser.add_argument("--small", action="store_true", help="minutes on two cores")
        parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)
        parser.add_argument("--seeds", help="such as 0,1,2", default=None)
        parser.add_argument("--out", type=Path, help="folder (runs/experiments/NAME)")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE",
            help="another value of a setting, as JSON; may be repeated, and wants an --out",
        )  # fmt: skip
        args = parser.parse_args(argv)
        self.name = name
        self.size = "tiny" if args.tiny else "small" if args.small else "full"
        try:
            text = args.seeds or ("0" if self.size == "tiny" else "0,1,2")
            self.seeds = tuple(dict.fromkeys(int(x) for x in text.split(",")))
        except ValueError:
            parser.error(f"--seeds {args.seeds!r}: must be integers such as 0,1,2")
        try:
            self.settings = changed(sizes[self.size], args.set)
        except ValueError as why:
            parser.error(str(why))
        suffix = "" if self.size == "full" else f"-{self.size}"
        self.folder = args.out or Path("runs/experiments") / (name + suffix)
        cache.use(name)
        self._claim(parser)
        self.seconds: dict[str, float] = {}
        self._made: list[Path] = []
        self._began = time.monotonic()

    def _claim(self, parser: argparse.ArgumentParser) -> None:
        """Makes the folder, or finds that it holds the same settings."""
        own = {
            "experiment": self.name,
            "size": self.size,
            "settings": json.loads(json.dumps(self.settings, default=dataclasses.asdict)),
            "behaviour": BEHAVIOUR_VERSION,
        }
        path = self.folder / "settings.json"
        if path.is_file():
            if json.loads(path.read_text()) != own:
                parser.error(f"{self.folder} holds another experiment: choose another --out")
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            parser.error(f"{self.folder} is in use and no experiment: choose another --out")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "data").mkdir(exist_ok=True)
        write_atomically(path, json.dumps(own, indent=1).encode())

    def say(self, text: str) -> None:
        """A line of progress, with the seconds since the start."""
        print(f"[{time.monotonic() - self._began:6.0f} s] {text}", flush=True)

    def unit(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, np.ndarray]:
        """The arrays of a part by name: read if it was finished before, otherwise made."""
        path = self.folder / "data" / f"{name}.npz"
        if not path.is_file():
            self.say(f"{name} ...")
            began, others = time.monotonic(), sum(self.seconds.values())
            arrays = {k: np.asarray(v) for k, v in make().items()}
            within = sum(self.seconds.values()) - others  # policies that were trained for it
            arrays["seconds"] = np.asarray(max(0.0, time.monotonic() - began - within))
            buffer = io.BytesIO()
            np.savez_compressed(buffer, **arrays)
            write_atomically(path, buffer.getvalue())
        with np.load(path) as file:
            found = dict(file)
        self.seconds[name] = float(found.pop("seconds"))
        return found

    def table(self, rows: Iterable[dict[str, Any]], name: str = "table", **facts: Any) -> None:
        """Writes rows as CSV, intervals as mean [low, high], and with all facts as JSON."""
        rows = list(rows)
        told = [{k: written(v) for k, v in row.items()} for row in rows]
        text = io.StringIO()
        names = list(dict.fromkeys(key for row in told for key in row))
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(told)
        about = {
            "experiment": self.name,
            "size": self.size,
            "seeds": self.seeds,
            "rows": rows,
            "seconds": round(sum(self.seconds.values()), 1),
            "machine": measure.machine(),
        }
        self._write(f"{name}.csv", text.getvalue().encode())
        self._write(f"{name}.json", json.dumps(about | facts, indent=1, default=plain).encode())
        widths = {n: max(len(n), *(len(str(r.get(n, ""))) for r in told)) for n in names}
        for row in ({n: n for n in names}, *told):
            print("  ".join(str(row.get(n, "")).ljust(widths[n]) for n in names).rstrip())

    def figure(self, name: str, rows: int, columns: int, size: tuple[float, float]) -> Figure:
        """A figure to draw on, within a `with` block, that is saved at its end."""
        path = self.folder / f"{name}.png"
        self._made.append(path)
        return Figure(path, rows, columns, size)

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        write_atomically(path, content)
        self._made.append(path)

    def finish(self) -> Path:
        """Says what was written and where."""
        self.say(f"done; the parts took {sum(self.seconds.values()):.0f} s in all")
        for path in self._made:
            print(path)
        print(f"raw data: {self.folder / 'data'}")
        return self.folder


def changed(settings: dict[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Settings with other values, each as NAME=JSON.

    Raises:
      ValueError: for a name that is no setting, and for a value of another kind.
    """
    found = dict(settings)
    for text in given:
        name, _, value = text.partition("=")
        if name not in settings:
            raise ValueError(f"--set {text}: must be one of {', '.join(settings)}")
        try:
            found[name] = json.loads(value)
        except ValueError as why:
            raise ValueError(f"--set {text}: the value must be JSON, as in {name}=1") from why
        like = json.loads(json.dumps(settings[name]))
        if type(found[name]) is not type(like):
            raise ValueError(f"--set {text}: must be like {json.dumps(like)}")
    return found


def written(value: Any) -> Any:
    """A number or an interval as it stands in a table."""
    if isinstance(value, dict) and "mean" in value:
        if value["mean"] is None:
            return "-"
        low, high = value["low"], value["high"]
        shown = "{:.3g}" if abs(value["mean"]) < 100 else "{:.0f}"
        return f"{shown} [{shown}, {shown}]".format(value["mean"], low, high)
    return f"{value:.4g}" if isinstance(value, float) else value


def plain(value: Any) -> Any:
    """What JSON has no word for."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
