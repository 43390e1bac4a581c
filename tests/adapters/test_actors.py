"""The server with its actors in other processes: they decide, it learns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "experiments/actors.py"


@pytest.mark.slow  # three processes that compile
def test_two_remote_actors_train_a_policy():
    small = ["--worlds", "2", "--capacity", "8", "--size", "24", "--ticks", "8", "--part", "4"]
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--updates", "2", *small],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    told = json.loads(result.stdout.splitlines()[-1])
    assert len(told["served"]) == 2 and all(count > 0 for count in told["served"])
    assert sum(told["served"]) == told["agent_steps"] > 50
    assert told["lifetime"] > 0 and 500 < told["bytes_each"] < 10_000
