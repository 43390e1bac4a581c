"""Runs that are killed at any moment and go on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from jaxmmo.runs import logs
from tests.runs.tiny import command


def survive(directory: Path, kills: int, updates: int, seed: int = 0) -> None:
    """Starts a run, kills it as often at random moments, and resumes it each time to the end."""
    budget = ["--updates", str(updates), "--save-every", "0"]
    moments = random.Random(seed)
    for attempt in range(kills + 1):
        mode = ["--resume"] if attempt else []
        line = [sys.executable, "-m", "jaxmmo.cli.main", *command(directory, *budget, *mode)]
        if attempt == kills:
            assert subprocess.run(line, timeout=600, check=False).returncode == 0
            return
        before = len(logs.read(directory))
        process = subprocess.Popen(line)
        try:
            deadline = time.monotonic() + 600
            while len(logs.read(directory)) <= before and time.monotonic() < deadline:
                assert process.poll() is None
                before = min(before, len(logs.read(directory)))
                time.sleep(0.02)
            time.sleep(moments.uniform(0, 1.0))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(30)
