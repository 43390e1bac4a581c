"""The site and the notebooks need what `.[docs,notebook]` brings: `JAXMMO_DOCS=1` collects them.

Then what cannot be imported is an error, not a skipped test. `.ci/run` does so.
"""

from __future__ import annotations

import os

ALWAYS = {"test_people.py"}
collect_ignore_glob = [] if os.environ.get("JAXMMO_DOCS") else ["test_site.py", "test_notebooks.py"]
