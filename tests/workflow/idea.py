"""The file of docs/your-own-idea.md, as a user would save it, and the settings of a tiny world."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "your-own-idea.md"
TINY = {"height": 32, "width": 32, "border": 4, "capacity": 8, "num_populations": 2}
LEARN = {"worlds": 2, "ticks": 4, "minibatch": 16, "chunk": 8}
SETTINGS = [f"--set={name}={value}" for name, value in (TINY | LEARN).items()]


def write(folder: Path, name: str = "my_idea.py", more: str = "") -> Path:
    """Saves the page's first block as a file."""
    code = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert code is not None
    path = folder / name
    path.write_text(code[1] + more)
    return path
