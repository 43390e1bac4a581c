"""Code that a user names: found, refused in one line, kept, and never executed unasked."""

import json
import os
import re
from pathlib import Path

import pytest

from jaxmmo.runs import config, seal, sources
from jaxmmo.runs.config import RunConfig


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(seal.FOLDER, str(tmp_path / "state"))
    return tmp_path


def write(text: str, name: str = "mine.py") -> None:
    Path(name).write_text(text)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("my_idea.py:make_env", True),
        ("../a b/my_idea.py:f", True),
        ("package.module:f", True),
        ("water_decay=2", False),
        ("reach=[1,2,3],a=1", False),
        ("JaxMMO-v1", False),
        ("file.py", False),
        ("file.py:", False),
        (":f", False),
    ],
)
def test_the_form_of_a_reference(text, is_one):
    assert sources.is_reference(text) == is_one


def test_a_file_is_executed_once_and_finds_what_lies_beside_it(place):
    write("from beside import value\ncount = []\ndef f():\n    count.append(1)\n    return count\n")
    write("value = 3\n", "beside.py")
    first, second = (sources.find("mine.py:f").load() for _ in range(2))
    assert first is second
    assert len(first()) == 1
    assert len(sources.find("mine.py:count").load()) == 1


def test_a_changed_file_is_another_file(place):
    write("x = 1\n")
    assert sources.find("mine.py:x").load() == 1
    write("x = 2\n")
    assert sources.find("mine.py:x").load() == 2


def test_modules_are_found_by_name(place):
    write("x = 7\n", "some_module_of_a_test.py")
    assert sources.find("some_module_of_a_test:x").load() == 7


@pytest.mark.parametrize(
    ("reference", "text", "said"),
    [
        ("mine.py", "", "must be FILE.py:NAME or package.module:NAME"),
        ("none.py:f", "", "there is no file none.py"),
        ("no.such.module:f", "", "No module named 'no'"),
        ("mine.py:make_evn", "def make_env(): pass", "did you mean 'make_env'"),
        ("mine.py:f", "", "it has: nothing"),
        ("mine.py:f", "a = 1\nb = c\n", "line 2: NameError: name 'c' is not defined"),
        ("mine.py:f", "def f(:\n", "line 1: SyntaxError"),
        ("mine.py:f", "import no_such_module", "ModuleNotFoundError: No module named"),
        ("mine.py:f", "raise SystemExit(3)", "line 1: SystemExit: 3"),
    ],
)
def test_refusals_are_one_line(place, reference, text, said):
    write(text)
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        sources.find(reference).load()
    assert "\n" not in str(error.value)


def a_run(folder: Path) -> Path:
    """A run's directory whose configuration names the file."""
    folder.mkdir(parents=True)
    own = RunConfig(sources={"env": sources.find("mine.py:make_env")}, env={"capacity": 8})
    config.write(folder, own)
    return folder


def code_of(folder: Path, **options) -> sources.Source:
    return config.read(folder).reopened(folder, **options).sources["env"]


def test_a_run_of_ones_own_finds_the_file_again(place):
    write("def make_env(): return 'mine'\n")
    run = a_run(place / "run")
    assert code_of(run).load()() == "mine"
    (kept,) = (run / sources.KEPT).iterdir()
    assert kept.read_text() == Path("mine.py").read_text()


def test_nothing_is_executed_before_it_was_checked(place):
    write("def make_env(): return 'mine'\n")
    run = a_run(place / "run")
    with pytest.raises(ValueError, match="executed only once it was checked"):
        config.read(run).environment()


def test_a_changed_or_missing_file_is_refused_and_the_copy_is_executed_if_told(place):
    write("def make_env(): return 'first'\n")
    run = a_run(place / "run")
    write("def make_env(): return 'second'\n")
    with pytest.raises(ValueError, match=r"has changed since .* --env, or .* --trust"):
        code_of(run)
    assert code_of(run, trust=True).load()() == "first"
    assert not config.read(run).reopened(run, replaced=("env",)).sources
    os.unlink("mine.py")
    with pytest.raises(ValueError, match=r"mine\.py:make_env of .* is gone"):
        code_of(run)
    assert code_of(run, trust=True).load()() == "first"


def test_a_strangers_run_executes_nothing(place, monkeypatch):
    write("from pathlib import Path\nPath('executed').touch()\ndef make_env(): pass\n")
    run = a_run(place / "run")
    monkeypatch.setenv(seal.FOLDER, str(place / "somebody else"))
    with pytest.raises(ValueError, match="was not written by you on this machine: read it first"):
        code_of(run)
    assert not Path("executed").exists()
    code_of(run, trust=True).load()
    assert Path("executed").exists()


@pytest.mark.parametrize("part", ["path", "reference", "fingerprint", "env"])
def test_a_configuration_that_somebody_changed_executes_nothing(place, part):
    write("def make_env(): pass\n")
    write("from pathlib import Path\nPath('executed').touch()\ndef make_env(): pass\n", "evil.py")
    run = a_run(place / "run")
    evil = sources.find("evil.py:make_env")
    text = json.loads((run / config.NAME).read_text())
    if part == "env":
        text["env"]["capacity"] = 9
    else:
        text["sources"]["env"][part] = getattr(evil, part)
    (run / config.NAME).write_text(json.dumps(text))
    with pytest.raises(ValueError, match="was not written by you"):
        code_of(run)
    assert not Path("executed").exists()


def test_a_copy_that_was_changed_is_not_executed_even_if_trusted(place):
    write("def make_env(): return 'first'\n")
    run = a_run(place / "run")
    (kept,) = (run / sources.KEPT).iterdir()
    kept.write_text("def make_env(): return 'changed'\n")
    with pytest.raises(ValueError, match="is not the file that the run was made with"):
        code_of(run, trust=True)


def test_runs_without_code_say_nothing_of_it(place):
    assert set(RunConfig().as_dict()) == {"preset", "env", "learn", "network", "seed"}
