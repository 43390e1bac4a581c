"""Damage done to every file of a checkpoint."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jaxmmo.runs.checkpoint import Checkpoints


def trees(seed: int) -> dict[str, Any]:
    """A small policy, state and clock."""
    rng = np.random.default_rng(seed)
    params = {"move": {"kernel": rng.normal(size=(20, 30)).astype(np.float32)}}
    state = {"worlds": {"state": {"tick": np.arange(4)}}, "update": np.asarray(seed, np.int32)}
    clock = {"elapsed": np.asarray(1.5), "steps": np.asarray(seed)}
    return {"params": params, "state": state, "clock": clock}


def damages(content: bytes, count: int, rng: random.Random) -> Iterator[bytes]:
    """Single flipped bits and truncations of a file."""
    for number in range(count):
        at = rng.randrange(len(content)) if content else 0
        if number % 5 == 0 or not content:
            yield content[:at] if content else b"x"
        else:
            yield content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]


def attack(folder: Path, count: int, seed: int = 0) -> dict[str, int]:
    """Damages each file of a checkpoint so often; all must be noticed, and an older one be named.

    Raises:
      AssertionError: if damage is not refused by a ValueError that names file and older checkpoint.
    """
    rng = random.Random(seed)
    store = Checkpoints(folder)
    for step in (1, 2):
        store.save(step, **trees(step))
    newest = store.directory / "2"
    files = sorted(path for path in newest.rglob("*") if path.is_file())
    noticed = 0
    for path in files:
        whole = path.read_bytes()
        for content in damages(whole, count, rng):
            path.write_bytes(content)
            try:
                store.restore(params=trees(2)["params"])
            except ValueError as error:
                named = str(error)
                assert "--checkpoint 1" in named, named
                assert path.name in named or "SHA256SUMS" in path.name, named
                noticed += 1
                continue
            raise AssertionError(f"damage to {path.relative_to(newest)} was not noticed")
        path.write_bytes(whole)
    restored = store.restore(params=trees(2)["params"])["params"]
    np.testing.assert_array_equal(restored["move"]["kernel"], trees(2)["params"]["move"]["kernel"])
    return {"files": len(files), "damaged": count * len(files), "noticed": noticed}
