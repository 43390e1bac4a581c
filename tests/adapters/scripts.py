"""Training scripts of `experiments/`, cut down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def run(name: str, *options: str) -> dict[str, Any]:
    """The JSON object that ends a script's output."""
    result = subprocess.run(
        [sys.executable, str(EXPERIMENTS / name), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


def trained(name: str, *options: str) -> None:
    """Two updates, and lives that ended: random ones and those of learners."""
    told = run(name, "--updates", "2", "--measure", "64", *options)
    assert told["agent_steps"] > 20 and told["lifetime"] > 1 and told["random"] > 1
