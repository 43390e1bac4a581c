"""Every notebook runs from top to bottom, cut down; the replay inside one is drawn in a browser."""

# the notebook extra is not in the project's own environment
# pyright: reportMissingImports=false
from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.browser import start_browser
from tests.games import TINY_SECOND

NOTEBOOKS = Path(__file__).parents[2] / "docs/notebooks"
SMALL = "{'height': 32, 'width': 32, 'border': 4, 'capacity': 16, 'initial_population': 12}"
CUT = {
    "first_look": "TICKS, SIZE, AGENTS = 12, 24, 8",
    "train": "TIME, WORLDS, TICKS = '1h', 1, 20\n"
    "OPTIONS = '--updates 1 --set height=32 --set width=32 --set capacity=16 --set worlds=2'",
    "train_your_own_idea": "TIME, WORLDS, TICKS = '1s', 2, 20\n"
    "SIZES = {'height': 32, 'width': 32, 'border': 4, 'capacity': 8}\n"
    "LEARN = {'worlds': 2, 'ticks': 4, 'minibatch': 16, 'chunk': 8}",
    "vary_the_rules": f"TICKS, THIRST, REGROWTH, SIZES = 20, [1, 3], [0.025, 0.1], {SMALL}",
    "populations": f"TICKS, SIZES = 30, {SMALL}",
    "economy": "TICKS, WORLDS, WINDOW = 40, 2, 10\n"
    f"SIZES, SHOWN, BUDGET = {TINY_SECOND}, {{}}, {{'updates': 1}}\n"
    "LEARN = {'worlds': 2, 'ticks': 4, 'minibatch': 16, 'chunk': 8}",
    "counterfactuals": f"WARMUP, TICKS, SIZES = 10, 15, {SMALL}",
}


NAMES = {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
assert set(CUT) <= NAMES, "a notebook that is to be cut down is not there"


def executed(name: str):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4)
    if name in CUT:
        (cell,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
        cell.source += "\n" + CUT[name]
    folder = {"metadata": {"path": str(NOTEBOOKS)}}
    return NotebookClient(notebook, timeout=900, resources=folder).execute()


@pytest.mark.parametrize("name", sorted(NAMES - {"first_look"}))
def test_it_runs_from_top_to_bottom(name):
    outputs = [out for c in executed(name).cells for out in c.get("outputs", [])]
    assert any("image/png" in out.get("data", {}) for out in outputs)
    text = "".join(out.get("text", "") for out in outputs)
    assert "Traceback" not in text and "error" not in text.lower(), text[-800:]


@pytest.mark.browser
def test_the_first_look_ends_with_a_replay_that_a_browser_draws(tmp_path):
    outputs = [out for c in executed("first_look").cells for out in c.get("outputs", [])]
    (shown,) = (out["data"]["text/html"] for out in outputs if "iframe" in str(out.get("data")))
    page = tmp_path / "cell.html"
    page.write_text(f"<!doctype html><meta charset='utf-8'>{shown}")
    with start_browser() as browser:
        view = browser.new_page(viewport={"width": 900, "height": 600})
        problems: list[str] = []
        view.on("pageerror", lambda error: problems.append(str(error)))
        view.goto(page.as_uri())
        view.locator("iframe").scroll_into_view_if_needed()
        frame = view.locator("iframe").element_handle().content_frame()
        ready = "() => window.jaxmmo && window.jaxmmo.frame && window.jaxmmo.stage.drawn > 2"
        frame.wait_for_function(ready, timeout=120_000)
        assert frame.evaluate("jaxmmo.frame.tick") >= 0
        wide = view.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert wide and not problems
