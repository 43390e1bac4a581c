"""A seal on a run's directory: that this user wrote it on this machine.

A run can name code to execute, and directories are passed from hand to hand. What is sealed with a
secret key of the user's own was not written by anybody else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

FOLDER = "JAXMMO_STATE_DIR"
"""Environment variable with the folder of the key; ~/.local/state/jaxmmo if it is not set."""


def make(content: dict[str, Any]) -> str:
    """The seal of plain data; empty where no key can be kept."""
    key = _key(create=True)
    return _digest(key, content) if key else ""


def is_own(content: dict[str, Any], seal: str) -> bool:
    """Whether a seal was made of the same data by this user on this machine."""
    key = _key(create=False)
    if not key or not isinstance(seal, str) or not seal:
        return False
    return hmac.compare_digest(_digest(key, content).encode(), seal.encode())


def _digest(key: bytes, content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _key(*, create: bool) -> bytes:
    """The user's key, made when it is first needed; empty if there is none."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(os.environ.get(FOLDER) or Path(state) / "jaxmmo")
    path = folder / "key"
    try:
        if create and not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            fresh = folder / f"key.{secrets.token_hex(4)}"
            fresh.touch(mode=0o600)
            fresh.write_bytes(secrets.token_bytes(32))
            try:
                os.link(fresh, path)  # whoever comes first decides
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_bytes()
    except OSError:
        return b""
