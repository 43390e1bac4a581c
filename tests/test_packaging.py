"""What is installed: light to import, complete, and clear about what is missing."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata, resources

import pytest

import jaxmmo
from jaxmmo.cli.main import COMMANDS, main
from tests.games import FIRST_GAME

# rich is not among them: flax imports it
OPTIONAL = (
    "orbax",
    "matplotlib",
    "tensorboardX",
    "starlette",
    "uvicorn",
    "websockets",
    "PIL",
    "imageio_ffmpeg",
    "playwright",
    "pettingzoo",
    "gymnasium",
    "jaxmarl",
    "gymnax",
    "jumanji",
    "torch",
    "sphinx",
    "nbclient",
)


def test_importing_the_library_imports_nothing_optional():
    """Nor do the commands' own options, so that --help is quick and always works.

    Who plays the first game does not import the second one.
    """
    code = f"""
import sys
import jaxmmo, jaxmmo.agents.scripted, jaxmmo.env.autoreset, jaxmmo.io, jaxmmo.adapters.neuralmmo
from jaxmmo.cli.main import COMMANDS, build_parser
for command in COMMANDS:
    build_parser(command)
jaxmmo.make()
print([name for name in {(*OPTIONAL, "jaxmmo.env.v2")} if name in sys.modules])
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[]\n"


def test_help_lists_the_commands_and_each_explains_itself(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for command, summary in COMMANDS.items():
        assert command in text
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
        told = capsys.readouterr().out
        assert f"usage: jaxmmo {command}" in told
        assert summary[1:30] in " ".join(told.split())


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "launch"])
def test_every_command_takes_a_seed(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--seed" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"jaxmmo {jaxmmo.__version__}\n"


@pytest.mark.parametrize("words", [[], ["fly"], ["train", "--no-such-option"]])
def test_what_no_command_understands_is_refused(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("jaxmmo") and "--help" in told and told.count("\n") == 1


@pytest.mark.parametrize(
    ("module", "command", "extra"),
    [
        ("orbax", ["train", "--updates", "1", "--output"], "train"),
        ("starlette", ["watch", "random"], "viewer"),
        ("uvicorn", ["watch", "random"], "viewer"),
    ],
)
def test_what_is_not_installed_is_named_with_its_extra(
    module, command, extra, monkeypatch, tmp_path, capsys
):
    """One line, and nothing is left behind."""
    for name in [n for n in sys.modules if n.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    words = [*command, str(tmp_path / "run")] if command[-1] == "--output" else command
    assert main(words) == 2
    error = capsys.readouterr().err.strip()
    assert error == f"jaxmmo {command[0]}: {module} is needed: pip install 'jaxmmo[{extra}]'"


def test_the_version_is_the_packages():
    assert metadata.version("jaxmmo") == jaxmmo.__version__


def test_extras_hold_what_is_imported_only_when_used():
    required = metadata.requires("jaxmmo") or []
    always = [line for line in required if "extra ==" not in line]
    assert not [line for line in always if line.lower().startswith(tuple(map(str.lower, OPTIONAL)))]
    extras = metadata.metadata("jaxmmo").get_all("Provides-Extra") or []
    assert {"train", "viewer", "test"} <= set(extras)


def test_the_package_carries_its_files():
    package = resources.files("jaxmmo")
    baselines = [f"baselines/{preset}.npz" for preset in FIRST_GAME]
    for name in ("py.typed", "viewer/static/index.html", "viewer/static/viewer.js", *baselines):
        assert package.joinpath(name).is_file(), name
    assert all(len(package.joinpath(name).read_bytes()) < 2_000_000 for name in baselines)
    static = [f for f in package.joinpath("viewer", "static").iterdir() if f.is_file()]
    assert sum(len(f.read_bytes()) for f in static) < 1_000_000


def test_public_names_exist_and_explain_themselves():
    for name in jaxmmo.__all__:
        value = getattr(jaxmmo, name)
        assert name == "BEHAVIOUR_VERSION" or value.__doc__, name
