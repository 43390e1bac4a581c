from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxmmo.cli.main import main
from jaxmmo.viewer import Replay, Widget
from tests.viewer.conftest import Recording

SMALL = ["--size", "24", "--capacity", "12", "--agents", "6", "--seed", "3"]


def test_record_writes_a_replay_and_pictures_of_it(tmp_path: Path, capsys):
    path = tmp_path / "run.jmmo"
    options = ["--ticks", "5", "--policy-outputs", "--warmup", "2"]
    assert main(["record", "forager", "-o", str(path), *SMALL, *options]) == 0
    assert f"{path}: " in capsys.readouterr().out
    replay = Replay.load(path)
    assert len(replay) == 6
    assert replay[0].tick == 2
    assert replay.header.has_policy
    assert replay.header.seed == 3
    picture = tmp_path / "run.png"
    assert main(["record", str(path), "-o", str(picture), "--scale", "8"]) == 0
    with Image.open(picture) as image:
        assert image.size == (192, 192)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.jmmo", "run.png"]


def test_record_does_not_replace_files_unasked(tmp_path: Path, tiny: Recording, capsys):
    source, path = tmp_path / "run.jmmo", tmp_path / "run.png"
    source.write_bytes(tiny.data)
    path.write_bytes(b"precious")
    command = ["record", str(source), "-o", str(path), "--ticks", "0"]
    assert main(command) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert path.read_bytes() == b"precious"
    assert main([*command, "--overwrite"]) == 0
    assert path.read_bytes()[1:4] == b"PNG"


def test_a_replay_is_not_recorded_as_a_replay(tmp_path: Path, tiny: Recording, capsys):
    source = tmp_path / "run.jmmo"
    source.write_bytes(tiny.data)
    assert main(["record", str(source), "-o", str(tmp_path / "other.jmmo")]) == 2
    assert "is a replay already" in capsys.readouterr().err


def test_a_failed_recording_leaves_the_old_file(tmp_path: Path, tiny: Recording, capsys):
    source, path = tmp_path / "broken.jmmo", tmp_path / "run.png"
    source.write_bytes(tiny.data[:-100])
    path.write_bytes(b"precious")
    assert main(["record", str(source), "-o", str(path), "--overwrite"]) == 2
    assert "cut off" in capsys.readouterr().err
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["broken.jmmo", "run.png"]
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "run.avi"], r"must end in one of .jmmo, .gif, .mp4, .png"),
        (["-o", "no/such/run.png"], "not a folder"),
        (["-o", "run.png", "--ticks", "-1"], "--ticks -1"),
        (["-o", "run.png", "--scale", "1"], "--scale 1"),
        (["-o", "run.png", "--pace", "0"], "--pace 0"),
        (["-o", "run.png", "--seed", "-4"], "--seed -4"),
        (["-o", "run.png", "--size", "4"], "height=4"),
        (["-o", "run.png", "--agents", "9999"], "initial_population=9999"),
        (["-o", "run.png", "--preset", "Chess"], "unknown preset 'Chess'"),
        (["nobody", "-o", "run.png"], "nobody"),
        (["missing.jmmo", "-o", "run.png"], "missing.jmmo"),
        (["run.jmmo", "-o", "other.jmmo"], "no such replay"),
    ],
)
def test_bad_options_of_record_are_one_line(
    options: list[str], words: str, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["record", *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["starlette", "uvicorn", "websockets"])
def test_watch_without_the_extra_names_it(module: str, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["watch", "random"]) == 2
    error = capsys.readouterr().err
    assert error == f"jaxmmo watch: {module} is needed: pip install 'jaxmmo[viewer]'\n"


def test_pictures_without_the_extra_name_it(tmp_path: Path, tiny: Recording, monkeypatch, capsys):
    source = tmp_path / "run.jmmo"
    source.write_bytes(tiny.data)
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    assert main(["record", str(source), "-o", str(tmp_path / "run.png")]) == 2
    assert capsys.readouterr().err.endswith("pillow is needed: pip install 'jaxmmo[viewer]'\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "70000"], "--port 70000"),
        (["--speed", "0"], "--speed 0"),
        (["missing.jmmo"], "missing.jmmo"),
        (["broken.jmmo"], "broken.jmmo: not a jaxmmo replay"),
        (["good.jmmo", "--host", "203.0.113.7"], "cannot listen on 203.0.113.7"),
    ],
)
def test_bad_options_of_watch_are_one_line(
    options: list[str], words: str, tmp_path: Path, tiny: Recording, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path("broken.jmmo").write_text("nonsense")
    Path("good.jmmo").write_bytes(tiny.data)
    assert main(["watch", "--no-browser", *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_the_widget_is_complete_in_itself(tiny: Recording):
    widget = Widget(Replay(tiny.data))
    cell = widget._repr_html_()
    assert cell.startswith("<iframe srcdoc=")
    assert "src=" not in widget.page.split('<script type="module">')[0].split("srcdoc")[-1]
    assert 'id="replay-data"' in widget.page
    assert "viewer.js" not in widget.page.split("<script")[0]
    for height in (0, 99999, "tall", True):
        with pytest.raises(ValueError, match="height="):
            Widget(Replay(tiny.data), height=height)  # pyright: ignore[reportArgumentType]


def test_replays_are_smaller_without_policy_outputs(tiny: Recording):
    from tests.viewer.conftest import record, tiny_world

    plain = record(tiny_world(outputs=False), len(tiny.frames) - 1)
    assert len(plain.data) < len(tiny.data)
    assert np.array_equal(plain.frames[-1].state.players.row, tiny.frames[-1].state.players.row)
