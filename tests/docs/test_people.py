"""What people look for first: how to cite, how to report, what is checked where."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

import jaxmmo

ROOT = Path(__file__).parents[2]


def test_the_citation_is_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["cff-version"] == "1.2.0" and cited["license"] == "MIT"
    assert cited["version"] == jaxmmo.__version__
    article = cited["preferred-citation"]
    bibtex = (ROOT / "docs/cite.md").read_text()
    assert str(article["year"]) in bibtex and article["identifiers"][0]["value"][6:] in bibtex
    assert [a["family-names"] for a in article["authors"]] == ["Suarez", "Du", "Isola", "Mordatch"]
    behaviour = f"behaviour version {jaxmmo.BEHAVIOUR_VERSION}"
    said = f"jaxmmo {jaxmmo.__version__}, preset JaxMMO-v1, {behaviour}"
    assert said in bibtex.replace("\n", " ")


def test_the_forms_are_forms():
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text())
        for part in form.get("body", []):
            assert part["type"] in ("textarea", "input", "markdown") and part["attributes"]["label"]
    assert "jaxmmo doctor" in (ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text()


def test_the_workflow_runs_the_one_script_on_every_python_that_is_promised():
    job = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["all"]
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert job["strategy"]["matrix"]["python"] == promised
    assert {"run": "bash .ci/run"} in job["steps"]


def test_every_notebook_can_be_read_without_running_it():
    paths = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
    assert len(paths) == 7
    for path in paths:
        assert path.stat().st_size < 1_500_000, path.name
        notebook = json.loads(path.read_text())
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert "find_spec" in "".join(code[0]["source"]), f"{path.name}: the first cell installs"
        assert all(cell["execution_count"] for cell in code), f"{path.name} was not executed"
        assert sum(bool(cell["outputs"]) for cell in code) >= 2, path.name
        shown = [out for cell in code for out in cell["outputs"]]
        assert not [out for out in shown if out["output_type"] == "error"], path.name
        text = path.read_text()
        assert not re.search(r"/(tmp|root|home)/", text), path.name
