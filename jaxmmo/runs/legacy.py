"""What settings were called before: old `config.json` files are read through this table."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

RENAMED_SETTINGS = {
    "learn": {
        "value": "value_coef",
        "entropy": "entropy_coef",
        "clip": "clip_eps",
        "max_norm": "max_grad_norm",
        "lam": "gae_lambda",
    },
}
"""By part of the configuration: the old name of a setting and the name of today."""


def renamed(part: str, settings: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Settings of a part under the names of today.

    Args:
      part: of the configuration: "learn", "network" or "env".
      settings: as they were stored.
      known: names of today. An old name is replaced only by one of these.
    """
    table = RENAMED_SETTINGS.get(part, {})
    result = {}
    for name, value in settings.items():
        today = table.get(name, name)
        result[today if name not in known and today in known else name] = value
    return result
