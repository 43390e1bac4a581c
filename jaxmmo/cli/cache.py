"""Compiled programs are kept between runs of the commands: what took 30 s takes 3 the next time."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

VARIABLE = "JAX_COMPILATION_CACHE_DIR"
"""JAX's own; set it to another folder, or to nothing to keep no programs."""


def use(command: str) -> None:
    """Sets the folder for this process, unless the user did; before JAX compiles anything.

    `bench` measures what compiling takes, and so keeps nothing.
    """
    if VARIABLE in os.environ or command == "bench":
        return
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "jaxmmo" / f"compiled-{_processor()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    os.environ[VARIABLE] = str(folder)
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder))


def _processor() -> str:
    """A short name for what programs are compiled for: home folders travel between machines."""
    told = platform.machine() + platform.processor()
    described = Path("/proc/cpuinfo")
    if described.is_file():
        lines = described.read_text(errors="replace").splitlines()
        told += "".join(sorted({x for x in lines if x.startswith(("flags", "Features"))}))
    return hashlib.sha256(told.encode()).hexdigest()[:8]
