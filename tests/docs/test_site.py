"""The site: built strictly, searchable, complete, and no wider than the screen in a browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jaxmmo
from jaxmmo.cli.main import COMMANDS
from tests.browser import start_browser

DOCS = Path(__file__).parents[2] / "docs"
SIZES = {"wide": (1360, 800), "narrow": (390, 800)}


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """Every warning is an error; nothing is taken from the network."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    result = subprocess.run(
        [*command, "-d", str(out / "trees"), str(DOCS), str(out / "html")],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    return out / "html"


def test_every_page_is_there_and_reached_from_the_first(site):
    pages = {p.relative_to(DOCS).with_suffix("").as_posix() for p in DOCS.glob("**/*.md")}
    pages |= {p.relative_to(DOCS).with_suffix("").as_posix() for p in DOCS.glob("**/*.ipynb")}
    linked = set(
        re.findall(
            r'class="reference internal" href="([\w/-]+)\.html"', (site / "index.html").read_text()
        )
    )
    assert pages - {"index"} <= linked
    assert all((site / f"{page}.html").is_file() for page in pages)


def test_what_is_searched_for_is_found(site):
    index = (site / "searchindex.js").read_text()
    found = json.loads(index[index.index("(") + 1 : index.rindex(")")])
    terms = {*found["terms"], *found["titleterms"]}
    assert {"foraging", "pettingzoo", "wilderness", "checksum", "autoreset"} & terms
    objects = {
        name for group in found["objects"].values() for name in (entry[-1] for entry in group)
    }
    assert {"make", "dense", "Environment", "parallel_env", "vector_env", "Realm"} <= objects


def test_the_reference_is_the_specs(site):
    text = (site / "observations.html").read_text()
    for preset in jaxmmo.registered():
        env = jaxmmo.make(preset)
        for table in env.spec.tables:
            for attribute in table.attributes:
                assert attribute.name in text
        for name in vars(env.default_rules()):
            assert name in text
    commands = (site / "commands.html").read_text()
    assert all(f"usage: jaxmmo {command}" in commands for command in COMMANDS)
    tick = (site / "tick.html").read_text()
    assert all(f"<strong>{system.name}</strong>" in tick for system in jaxmmo.preset().systems)


def test_nothing_is_fetched_from_elsewhere(site):
    for page in site.glob("**/*.html"):
        for kind, address in re.findall(
            r'<(script|link|img|iframe)[^>]*(?:src|href)="(http[^"]+)"', page.read_text()
        ):
            assert kind == "link" and "canonical" in address, f"{page.name} loads {address}"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_is_wider_than_the_screen(site, size, scheme):
    width, height = SIZES[size]
    with start_browser() as browser:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        shades = set()
        for path in sorted(site.glob("**/*.html")):
            if path.parent.name == "_modules" or "_modules" in path.parts:
                continue
            page.goto(path.as_uri())
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path.name} is {wide} pixels wide on a screen of {width}"
            shades.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        dark = [sum(map(int, re.findall(r"\d+", shade)[:3])) < 200 for shade in shades]
        assert all(dark) == (scheme == "dark") and any(dark) == (scheme == "dark")
        assert not problems
