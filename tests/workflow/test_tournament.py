"""Tournaments: who is rated how, whatever the order, resumed or not, and whom they refuse."""

from __future__ import annotations

import dataclasses
import json
import types
from typing import Any

import jax
import numpy as np
import pytest

import jaxmmo
from jaxmmo.cli.main import main
from jaxmmo.runs import config, library
from jaxmmo.runs.checkpoint import Checkpoints
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.setup import NetworkConfig
from jaxmmo.workflow import tournaments

pytest.importorskip("openskill")

SMALL: dict[str, Any] = {
    "height": 24,
    "width": 24,
    "border": 3,
    "capacity": 24,
    "initial_population": 24,
}
OPTIONS: dict[str, Any] = {"overrides": SMALL, "worlds": 6, "ticks": 90, "quiet": True}


def using(**more: Any) -> dict[str, Any]:
    return OPTIONS | more


def same(result) -> dict:
    return {k: v for k, v in result.items() if k != "seconds"}


@pytest.mark.slow
def test_a_forager_beats_random_in_any_order(tmp_path):
    file = tmp_path / "table.json"
    result = jaxmmo.tournament(["random", "forager"], **OPTIONS)
    assert [r["name"] for r in result["ratings"]] == ["forager", "random"]
    assert result["table"]["forager"]["random"]["low"] > 0.9
    assert same(jaxmmo.tournament(["forager", "random"], file=file, **OPTIONS)) == same(result)
    assert same(jaxmmo.tournament(["random", "forager"], file=file, **OPTIONS)) == same(result)


@pytest.mark.slow
def test_worlds_are_the_same_in_whatever_portions_they_are_played(tmp_path):
    few = SMALL | {"num_populations": 2}
    file, entrants = tmp_path / "table.json", ["random", "noop"]
    jaxmmo.tournament(entrants, file=file, **using(overrides=few, ticks=40, worlds=2))
    whole = using(overrides=few, ticks=40, worlds=5)
    result = jaxmmo.tournament(entrants, file=file, **whole)
    assert same(result) == same(jaxmmo.tournament(entrants, **whole))


class Stopped(BaseException):
    """What ends a process in the middle, as Ctrl-C does."""


@pytest.fixture
def quick(monkeypatch):
    """Rounds of 4 worlds whose results are drawn at once, from seed, place and owners.

    Returns a dict: `plays` are the rounds so far, before the one numbered `stop` it is stopped.
    """
    state = {"plays": 0, "stop": None}

    def play(env, contestants, plan, *, owner, progress, **_):
        if state["plays"] == state["stop"]:
            raise Stopped
        state["plays"] += 1
        steps = np.array(
            [np.random.default_rng([plan.seed, i, *row]).random(len(row)) for i, row in
             enumerate(owner.tolist())]
        )  # fmt: skip
        return types.SimpleNamespace(steps=steps, deaths=np.ones_like(steps)), None

    monkeypatch.setattr(tournaments, "run", play)
    monkeypatch.setattr(tournaments, "AT_ONCE", 4)
    return state


def played(file, *, ladder):
    """A tournament, or one that newcomers have joined."""
    options = using(worlds=10)
    result = jaxmmo.tournament(["random", "forager"], file=file, **options)
    if ladder:
        result = jaxmmo.tournament(["noop", "careful"], ladder=True, file=file, **options)
    return result


@pytest.mark.parametrize("stop", range(6))
def test_one_that_was_stopped_goes_on_to_the_same_numbers(quick, tmp_path, stop):
    undisturbed = played(tmp_path / "whole.json", ladder=True)
    assert quick["plays"] == 6
    file, quick["plays"], quick["stop"] = tmp_path / "table.json", 0, stop
    with pytest.raises(Stopped):
        played(file, ladder=True)
    kept = len(json.loads(file.read_bytes())["results"]) if file.exists() else 0
    assert kept == (0, 4, 8, 10, 14, 18)[stop]
    quick["stop"] = None
    if stop < 3:
        result = played(file, ladder=True)
    else:  # the same command again
        result = jaxmmo.tournament(["careful", "noop"], ladder=True, file=file, **using(worlds=10))
    assert quick["plays"] == 6
    assert same(result) == same(undisturbed)
    assert file.read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_table_that_cannot_be_written_stays_as_it_was(quick, tmp_path, monkeypatch):
    file = tmp_path / "table.json"
    jaxmmo.tournament(["random", "forager"], file=file, **using(worlds=4))
    before = file.read_bytes()

    def full(*_):
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr("os.replace", full)
        with pytest.raises(OSError, match="no space"):
            jaxmmo.tournament(["random", "forager"], file=file, **using(worlds=8))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["table.json"]


def test_a_newcomer_is_in_every_world_and_joins_once(quick, tmp_path):
    file = tmp_path / "table.json"
    played(file, ladder=False)
    more = jaxmmo.tournament(["noop"], ladder=True, file=file, **OPTIONS)
    assert more["worlds"] == 16
    assert more["table"]["noop"]["forager"]["worlds"] == 6
    with pytest.raises(ValueError, match="noop: in the table already"):
        jaxmmo.tournament(["noop"], ladder=True, file=file, **OPTIONS)
    with pytest.raises(ValueError, match="other ticks"):
        jaxmmo.tournament(["careful"], ladder=True, file=file, **using(ticks=91))
    with pytest.raises(ValueError, match="another tournament: seed"):
        jaxmmo.tournament(["noop", "random", "forager"], file=file, seed=1, **OPTIONS)


def zeros(own: RunConfig):
    policy = own.policy(own.environment())
    shapes = jax.eval_shape(policy.init, jax.random.key(0))
    return jax.tree.map(lambda x: np.zeros(x.shape, np.float32), shapes)


def test_what_is_broken_or_does_not_fit_is_refused_by_name(tmp_path, capsys, monkeypatch):
    def never(*_, **__):
        raise AssertionError("something was played")

    monkeypatch.setattr(tournaments, "run", never)
    own = RunConfig(env=SMALL, network=NetworkConfig(features=4))
    (tmp_path / "nothing.npz").write_bytes(b"nothing")
    whole = tmp_path / "whole.npz"
    library.save(whole, own, zeros(own))
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:-200])
    few = dataclasses.replace(own, env=SMALL | {"num_populations": 2})
    library.save(tmp_path / "few.npz", few, zeros(few))
    for name in ("empty", "flipped"):
        (tmp_path / name).mkdir()
        config.write(tmp_path / name, own)
    Checkpoints(tmp_path / "flipped").save(1, params=zeros(own))
    data = max((tmp_path / "flipped").rglob("*"), key=lambda path: path.stat().st_size)
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    table = tmp_path / "table.json"
    for name, why in (
        ("nothing.npz", "not a file of a policy"),
        ("cut.npz", "damaged"),
        ("few.npz", "does not fit"),
        ("gone.npz", "No such file"),
        ("empty", "no checkpoint"),
        ("flipped", "is damaged"),
        ("foragr", "did you mean 'forager'"),
    ):
        path = str(tmp_path / name) if name != "foragr" else name
        args = ["tournament", "random", str(whole), path, "--table", str(table)]
        assert main(args) == 2, name
        error = capsys.readouterr().err
        assert f"entrant {path}: " in error and why in error, error
        assert error.count("\n") == 1
    assert not table.exists()


def test_bad_arguments_and_files_that_are_no_table_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 2"):
        jaxmmo.tournament(["random"], **OPTIONS)
    file = tmp_path / "table.json"
    file.write_text(json.dumps([]))
    with pytest.raises(ValueError, match=r"table.json: not the table"):
        jaxmmo.tournament(["random"], ladder=True, file=file, **OPTIONS)
