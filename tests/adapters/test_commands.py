"""What people expect of a command: its version, completion, and a report of what is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.cli import completion, doctor
from jaxmmo.cli.main import COMMANDS, main


def run(*words: str, **settings) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "jaxmmo", *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=240, **settings
    )


def test_it_is_a_module_too():
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"jaxmmo {jaxmmo.__version__}\n")


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    made = {}
    for shell in completion.SHELLS:
        result = run("--completion", shell)
        assert result.returncode == 0 and not result.stderr, result.stderr
        made[shell] = result.stdout
    return made


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["jaxmmo", "ev"], {"evaluate"}),
        (["jaxmmo", ""], {*COMMANDS, "--help", "--version"}),
        (["jaxmmo", "train", "--ti"], {"--time"}),
        (["jaxmmo", "watch", "fo"], {"forager"}),
        (["jaxmmo", "record", "--policy"], {"--policy-outputs"}),
        (["jaxmmo", "bench", "s"], {"scale"}),
        (["jaxmmo", "evaluate", "ru"], {"runs"}),  # a file
    ],
)
def test_bash_completes(scripts, typed, offered, tmp_path):
    """A real bash, asked as it asks itself when the tabulator key is pressed."""
    bash = shutil.which("bash")
    assert bash, "there is no bash"
    (tmp_path / "runs").mkdir()
    words = " ".join(f"'{word}'" for word in typed)
    ask = f"{scripts['bash']}\nCOMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}\n_jaxmmo\n"
    result = subprocess.run(
        [bash, "-c", ask + 'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert set(result.stdout.split()) == offered and not result.stderr


def test_the_other_shells_know_every_command(scripts):
    assert scripts["zsh"].endswith(scripts["bash"]) and "bashcompinit" in scripts["zsh"]
    for command in COMMANDS:
        assert f"-a {command} -d " in scripts["fish"]
    assert "__fish_seen_subcommand_from train' -l time -r -d" in scripts["fish"]


def test_completion_offers_the_scripts_that_there_are():
    assert set(completion.PLAYERS) == {"baseline", *scripted.names()}


def test_an_unknown_shell_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--completion", "csh"])
    assert stop.value.code == 2 and "bash" in capsys.readouterr().err


def test_the_doctor_tells_what_there_is_and_that_it_works(capsys):
    assert main(["doctor", "--json"]) == 0
    *told, last = capsys.readouterr().out.splitlines()
    found = json.loads(last)
    assert found["jaxmmo"] == jaxmmo.__version__ and set(found["versions"]) == set(doctor.CORE)
    assert found["devices"] and found["extras"]["test"] == []
    test = found["self_test"]
    assert test["passed"] and test["compared"], (
        f"the self-test's world is {test['digest']}: if the game was meant to change, so does "
        "`doctor.DIGESTS`, with the behaviour version"
    )
    assert test["deaths"] > 0 and test["ticks"] == doctor.TICKS
    text = "\n".join(told)
    assert "self-test: 24 ticks" in text and "passed" in text and "extra viewer: complete" in text


def test_a_world_that_went_otherwise_is_told(monkeypatch, capsys):
    wrong = {"passed": False, "compared": True, "digest": [1, 2], "expected": [3, 4], "ticks": 24}
    monkeypatch.setattr(doctor, "self_test", lambda seed: wrong | {"seconds": 1.0, "deaths": 0})
    assert main(["doctor"]) == 1
    assert "FAILED: [1, 2], not [3, 4]" in capsys.readouterr().out


def test_what_an_extra_lacks_is_named(monkeypatch):
    def version(name):
        if name == "uvicorn":
            raise doctor.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(doctor.metadata, "version", version)
    missing = doctor.extras()
    assert missing["viewer"] == ["uvicorn"] and missing["train"] == []
    assert main(["doctor", "--seed", "-1"]) == 2
