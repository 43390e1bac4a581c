"""The documentation is true: its code runs, its commands parse, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import jaxmmo
from jaxmmo.cli.main import COMMANDS, build_parser, main
from tests.games import FIRST_GAME

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/**/*.md")
    for path in ROOT.glob(pattern)
)
BLOCK = re.compile(r"^```([\w{}-]*)(?: [^\n]*)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LONG = tuple(
    f"docs/{page}"
    for page in (
        *("api", "bands", "baselines", "experiments", "extending", "io", "migration"),
        "your-own-idea",
    )
)
"""Pages whose code compiles much."""
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text()
    return [code for kind, code in BLOCK.findall(text) if kind == language]


def with_code() -> list[Any]:
    """Pages that have some; what takes long is marked as slow."""
    pages = [page for page in PAGES if blocks(page, "python")]
    return [
        pytest.param(page, marks=pytest.mark.slow) if page.startswith(LONG) else page
        for page in pages
    ]


@pytest.mark.parametrize("page", with_code())
def test_the_code_of_a_page_runs(page: str, tmp_path: Path, monkeypatch):
    """All blocks of a page one after another, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text()
    if "run.jmmo" in "".join(blocks(page, "python")):
        small = ["--size", "24", "--capacity", "12", "--agents", "6", "--ticks", "300"]
        assert main(["record", "forager", "-o", "run.jmmo", *small]) == 0
    names: dict[str, object] = {"__name__": "__main__"}
    for match in BLOCK.finditer(text):
        if match[1] == "python":
            line = text[: match.start()].count("\n") + 1
            exec(compile("\n" * line + match[2], ROOT / page, "exec", dont_inherit=True), names)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_parse(page: str):
    told = [line for code in blocks(page, "bash") for line in code.splitlines()]
    told += re.findall(r"`(jaxmmo [^`]+)`", (ROOT / page).read_text())
    for line in told:
        for part in line.split("#")[0].split("&&"):
            words = shlex.split(part)
            if not words or Path(words[0]).name != "jaxmmo" or len(words) == 1:
                continue
            if words[1] in COMMANDS and len(words) > 2 and "--help" not in words:
                assert build_parser(words[1]).parse_args(words[1:]).command == words[1]
            assert words[1] in COMMANDS or words[1].startswith("-") or words[1].isupper(), line


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page: str):
    text = (ROOT / page).read_text()
    for target in LINK.findall(text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), f"{page} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]
            assert anchor in slugs, f"{page} links to {target}; there are {slugs}"


def test_each_of_the_readmes_two_lines_sets_everything_up():
    lines = [line for code in blocks("README.md", "bash") for line in code.splitlines()]
    setup = r"python3 -m venv \.venv && \.venv/bin/pip install -q -e '\.\[{}\]' && \.venv/bin/{}"
    assert sum(bool(re.fullmatch(setup.format("train", "jaxmmo train"), x)) for x in lines) == 1
    assert (
        sum(bool(re.fullmatch(setup.format("test", "python -m pytest -q"), x)) for x in lines) == 1
    )


def test_the_changelog_has_this_version():
    assert f"\n## {jaxmmo.__version__}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_list_of_preset_differences_is_complete():
    """Every setting and rule in which the first game's presets differ stands in the table alone."""
    ours, original = (jaxmmo.make(name) for name in FIRST_GAME)
    differing = {
        name
        for name in vars(ours.config)
        if getattr(ours.config, name) != getattr(original.config, name)
    } - {"preset"}
    left, right = ours.default_rules(), original.default_rules()
    differing |= {
        f"Rules.{name}"
        for name in vars(left)
        if (getattr(left, name) != getattr(right, name)).any()
    }
    section = (ROOT / "docs/game.md").read_text().split("\n## The presets\n")[1]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([\w.]+)`", row.split("|")[1])} == (
        differing
    )
