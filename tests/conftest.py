"""Settings for every test: programs are compiled quickly, and kept between runs."""

import importlib.util
import math
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

# before jax is imported, and inherited by the processes that tests start
_caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_caches / "jaxmmo" / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# most programs run for a moment only, and compiling them is two thirds of the tests' time
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
QUICK = ("xla_cpu_use_fusion_emitters=false", "xla_cpu_parallel_codegen_split_count=1")
"""What halves the time of compiling for CPUs once more, and changes no result."""


def _known(flags: tuple[str, ...]) -> list[str]:
    """Those that the installed jaxlib knows: any other one would end every process."""
    found = importlib.util.find_spec("jaxlib")
    assert found is not None and found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0])
    library = max(folder.glob("*.so"), key=lambda path: path.stat().st_size)
    with open(library, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        return [flag for flag in flags if held.find(flag.split("=")[0].encode()) >= 0]


if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit it
    _added = [f"--{flag}" for flag in _known(QUICK)]
    os.environ["XLA_FLAGS"] = " ".join([*_added, os.environ.get("XLA_FLAGS", "")]).strip()


LONGEST = (
    "workflow/test_second_game",
    "campaigns/test_economy",
    "agents/test_shared",
    "viewer/test_stories",
    "learning/test_learner",
    "viewer/test_second_game",
    "env/second/test_game",
    "test_docs",
    "bench/test_bench",
    "env/test_sharing",
    "runs/test_runs",
    "wrappers/test_wrappers",
    "io/test_flat_columns",
    "env/test_spaces",
    "env/test_transformations",
    "test_conformance",
    "adapters/test_actors",
    "parallel/test_hosts",
    "parallel/test_meshes",
    "agents/test_scripted2",
    "agents/test_acting",
    "parallel/test_cluster",
    "workflow/test_idea",
    "experiments/test_experiments",
)
"""Files that take longest: they come first, so that no process works alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests by when their file begins."""
    tests = Path(__file__).parent
    places = {tests / f"{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


ENOUGH, MORE = 1_500_000_000, 500_000_000
"""Bytes that a process may hold before it forgets its compiled programs, and once more after it
did: what is forgotten is used again, and seldom given back to the system."""


def _held() -> float:
    """Bytes of memory that this process holds; infinite where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return math.inf
    return pages * mmap.PAGESIZE


forgetting = SimpleNamespace(at=ENOUGH)


@pytest.fixture(scope="module", autouse=True)
def forgets_compiled_programs() -> Iterator[None]:
    """Small programs of one module are of use to the next; without this a process takes 6 GB."""
    yield
    if _held() >= forgetting.at:
        import jax

        jax.clear_caches()
        forgetting.at = max(ENOUGH, _held() + MORE)
