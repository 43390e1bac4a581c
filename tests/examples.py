"""The games that the documentation builds, from its own files."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[1] / "docs" / "examples"


@functools.cache
def example(name: str) -> ModuleType:
    """The module of that name in docs/examples."""
    spec = importlib.util.spec_from_file_location(f"docs_examples_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MUSHROOMS = example("mushrooms").MUSHROOMS
INVENTORY = example("inventory").INVENTORY
