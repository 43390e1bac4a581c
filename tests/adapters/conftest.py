"""Which adapters are tested: those that `JAXMMO_ADAPTERS` names, as `.ci/run` does.

The other libraries do not fit into one environment, and the project's own tests do not need them.
What is named and cannot be imported is an error, not a skipped test.
"""

from __future__ import annotations

import os
from pathlib import Path

ALWAYS = {"base", "neuralmmo", "actors", "commands"}
here = Path(__file__).parent
known = {path.stem.removeprefix("test_") for path in here.glob("test_*.py")}
named = {name for name in os.environ.get("JAXMMO_ADAPTERS", "").split(",") if name}
if named - known:
    raise ValueError(f"JAXMMO_ADAPTERS names {sorted(named - known)}; there are {sorted(known)}")
collect_ignore = [f"test_{name}.py" for name in known - named - ALWAYS]
