"""An idea in one file is trained, killed, resumed, evaluated, watched and recorded."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from jaxmmo.cli.main import main
from jaxmmo.runs import logs, sources
from tests.workflow import idea

WORLD = {name: value for name, value in idea.TINY.items() if name != "num_populations"}
SETTINGS = [f"--set={name}={value}" for name, value in (WORLD | idea.LEARN).items()]
OWN = [
    "--env=my_idea.py:make_env",
    "--policy=my_idea.py:make_policy",
    "--rules=my_idea.py:sample_rules",
]
PROGRAM = [sys.executable, "-m", "jaxmmo.cli.main"]


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, timeout=900, check=False
    )


def killed_after_a_checkpoint(run, *words: str) -> None:
    with subprocess.Popen([*PROGRAM, *words], stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 900
        while not (run / "checkpoints" / "1").is_dir():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        process.kill()


@pytest.mark.slow
def test_an_idea_goes_the_whole_way_by_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    idea.write(tmp_path)
    run = tmp_path / "runs" / "my_idea-0"
    killed_after_a_checkpoint(
        run, "train", *OWN, *SETTINGS, "--updates=100000", "--save-every=0", "--quiet"
    )
    saved = logs.read(run)[-1]["update"]
    done = command("train", "--resume", f"--output={run}", f"--updates={saved + 2}", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["updates"] == saved + 2
    assert "glance" in done.stderr  # its own network

    done = command("evaluate", str(run), "--against=baseline", "--ticks=40", "--worlds=2", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["preset"], result["horizon"]) == ("my_idea.py:make_env", 20)
    assert "horizon lowered to 20 ticks" in done.stderr
    assert result["against"]["policy"] == "baseline JaxMMO-v1"
    assert sum(result["deaths"].values()) > 0

    assert main(["record", str(run), "-o", "idea.gif", "--ticks", "3", "--scale", "4"]) == 0
    assert (tmp_path / "idea.gif").read_bytes()[:4] == b"GIF8"
    watched(run)
    refused_once_the_file_has_changed(run, tmp_path)


def watched(run) -> None:
    """`watch` answers, and ends when it is told to."""
    words = [*PROGRAM, "watch", str(run), "--port=0", "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                address = found[0]
                break
        with contextlib.suppress(Exception):
            process.poll()
        with urllib.request.urlopen(address + "mode", timeout=60) as answer:
            assert json.load(answer)["mode"] == "live"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 128 + signal.SIGINT)


def refused_once_the_file_has_changed(run, folder) -> None:
    """What lies in the run's directory is not executed in its place."""
    idea.write(folder, more="print('another')\n")
    done = command("evaluate", str(run), "--ticks=40", "--worlds=2")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()[-1:]
    assert "my_idea.py has changed since" in line
    assert "--trust" in line
    os.unlink(folder / "my_idea.py")
    assert main(["evaluate", str(run), "--ticks", "40", "--worlds", "2"]) == 2
    assert (run / sources.KEPT).is_dir()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--env", "none.py:make_env"], "there is no file none.py"),
        (["train", "--env", "my_idea.py:make_evn"], "did you mean 'make_env'"),
        (["train", "--env", "my_idea.py"], "must be FILE.py:NAME"),
        (["train", "--env", "my_idea.py:Glance"], "Glance"),
        (["train", "--policy", "my_idea.py:make_env"], "make_env failed: TypeError"),
        (["train", "--set", "capcity=3"], "did you mean 'capacity'"),
        (["train", "--rules", "water_decoy=3"], "did you mean 'water_decay'"),
        (["train", "--rules", "water_decay=-1"], "water_decay=-1: must be in [0"),
        (["train", "--rules", "max_population=9999"], "max_population=9999: must be in [1, 128]"),
        (["train", "--preset", "JaxMMOv1"], "did you mean 'JaxMMO-v1'"),
        (["evaluate", "forger"], "did you mean 'forager'"),
        (["evaluate", "forager", "--ticks", "0"], "ticks=0: must be at least 2"),
        (["evaluate", "my_idea.npz"], "No such file"),
        (["evaluate", "broken.npz"], "not a file of a policy"),
        (["record", "nothing.jmmo", "-o", "a.gif"], "nothing.jmmo: there is no such replay"),
        (["record", "forager", "-o", "a.gif", "--ticks", "0"], "--ticks 0: must be at least 1"),
        (["record", "forager", "-o", "a.xyz"], "the name must end in one of .jmmo"),
        (["watch", "nothing.jmmo"], "nothing.jmmo: there is no such replay"),
        (["bench", "scale", "--env", "my_idea.py:make_env"], "builds worlds of its own"),
        (["bench", "env", "--policy", "my_idea.py:make_policy"], "bench env has none"),
        (["bench", "env", "--ticks", "0"], "--ticks 0: must be at least 1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    idea.write(tmp_path)
    (tmp_path / "broken.npz").write_bytes(b"not a zip")
    assert main(words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert said in lines[-1]
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian"], "unknown command 'trian'; did you mean 'train'"),
        (["train", "--env", "a.py:f", "--preset", "JaxMMO-v1"], "not allowed with argument"),
    ],
)
def test_words_that_do_not_parse(capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_help_lists_every_setting_with_its_default_and_meaning(capsys):
    from jaxmmo.cli import settings

    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = capsys.readouterr().out
    for kind in settings.KINDS.values():
        known = settings.meanings(kind)
        for field in kind.__dataclass_fields__.values():
            if field.name != "preset":
                assert f"    {field.name}={field.default}" in text
                assert known[field.name].split()[0] in text
