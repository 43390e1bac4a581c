"""Two installed versions run the same benchmark and take turns, program by program.

    python benchmarks/turns.py old/bin/python new/bin/python -- bench env --repeats 40

A machine's speed drifts by more than two versions differ. Both processes are kept alive, and only
one of them computes at any moment: a run of a compiled program in one is followed by the same run
in the other, in changing order. The ratio of the two is taken pair by pair; printed are its median
and a 95 % interval by bootstrap, above 1 where the new version is faster. Training is counted in
decisions a second, all else in time, since both play the same ticks. What the benchmark prints
itself includes the waiting, and is left out. Parts that a benchmark measures beside its main
program are left out too: only its longest program counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from typing import IO, Any

CHILD = """
import os, sys, time
import jax
told, tells = os.fdopen(int(sys.argv[1])), os.fdopen(int(sys.argv[2]), "w", buffering=1)
plain = jax.stages.Compiled.__call__

def steps(out):
    found = [x["steps"] for x in out if isinstance(x, dict) and "steps" in x]
    return float(found[0]) if found else 1.0

def in_turn(self, *args, **options):
    tells.write("ready\\n")
    if not told.readline():
        sys.exit(1)
    began = time.perf_counter()
    out = jax.block_until_ready(plain(self, *args, **options))
    took = time.perf_counter() - began
    name = self.runtime_executable().hlo_modules()[0].name
    name += f"/{len(jax.tree.leaves(out))}"
    tells.write(f"{name} {took} {steps(out if isinstance(out, tuple) else (out,))}\\n")
    return out

jax.stages.Compiled.__call__ = in_turn
from jaxmmo.cli.main import main
sys.exit(main(sys.argv[3:]))
"""


class Player:
    """One version's process."""

    def __init__(self, python: str, words: list[str]) -> None:
        hears, tell = os.pipe()
        told, tells = os.pipe()
        self.process = subprocess.Popen(
            [python, "-c", CHILD, str(hears), str(tells), *words],
            pass_fds=(hears, tells),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(hears)
        os.close(tells)
        self._told: IO[str] = os.fdopen(told)
        self._tell: IO[str] = os.fdopen(tell, "w", buffering=1)

    def ready(self) -> bool:
        """Waits for its next program; False if it has ended."""
        return self._told.readline() == "ready\n"

    def play(self) -> tuple[str, float, float]:
        """Lets it run that program; its name, seconds and decisions."""
        self._tell.write("go\n")
        name, seconds, steps = self._told.readline().split()
        return name, float(seconds), float(steps)


def main() -> int:
    """Runs both and prints a line for each pair, and one JSON object last."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before", help="the old version's interpreter")
    parser.add_argument("after", help="the new version's interpreter")
    parser.add_argument("command", nargs="+", help="of jaxmmo, as in bench env --repeats 40")
    args = parser.parse_args()
    players = [Player(python, args.command) for python in (args.before, args.after)]
    runs: list[tuple[str, list[tuple[str, float, float]]]] = []
    while all(player.ready() for player in players):
        order = players if len(runs) % 2 == 0 else players[::-1]
        found = {id(player): player.play() for player in order}
        both = [found[id(player)] for player in players]
        runs.append((both[0][0], both))
    for player in players:
        player.process.kill()
    if not runs:
        print("benchmarks/turns.py: nothing was run: does the command work by itself?")
        return 2
    spent: dict[str, float] = {}
    for name, both in runs:
        spent[name] = spent.get(name, 0) + both[0][1]
    longest = max(spent, key=lambda name: spent[name])
    chosen = [both for name, both in runs if name == longest][1:]  # the first one warms up
    ratios = [(b[2] / b[1]) / (a[2] / a[1]) for a, b in chosen]
    print(json.dumps(summary(ratios, args.command)))
    return 0


def summary(ratios: list[float], command: list[str]) -> dict[str, Any]:
    """Median and interval of the ratios."""
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(2000))
    return {
        "command": " ".join(command),
        "after_over_before": round(statistics.median(ratios), 4),
        "low": round(medians[50], 4),
        "high": round(medians[1949], 4),
        "pairs": len(ratios),
    }


if __name__ == "__main__":
    sys.exit(main())
