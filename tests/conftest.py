"""Settings for every test: programs are compiled quickly, and kept between runs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# before jax is imported, and inherited by the processes that tests start
_caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_caches / "jaxmmo" / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# most programs run for a moment only, and compiling them is two thirds of the tests' time
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")


@pytest.fixture(scope="module", autouse=True)
def forgets_compiled_programs() -> Iterator[None]:
    """Programs of one module are rarely of use to the next: without this a process takes 6 GB."""
    yield
    import jax

    jax.clear_caches()
