"""Tournaments: who is rated how, whatever the order, resumed or not, and whom they refuse."""

from __future__ import annotations

import json

import pytest

import jaxmmo
from jaxmmo.cli.main import main

pytest.importorskip("openskill")

SMALL = {"height": 32, "width": 32, "border": 4, "capacity": 32, "initial_population": 32}
OPTIONS = {"overrides": SMALL, "worlds": 8, "ticks": 100, "quiet": True}


def same(result) -> dict:
    return {k: v for k, v in result.items() if k != "seconds"}


def test_a_forager_beats_random_in_any_order_and_a_ladder_adds_to_it(tmp_path):
    file = tmp_path / "table.json"
    result = jaxmmo.tournament(["random", "forager"], file=file, **OPTIONS)
    assert [r["name"] for r in result["ratings"]] == ["forager", "random"]
    assert result["table"]["forager"]["random"]["low"] > 0.9
    assert same(jaxmmo.tournament(["forager", "random"], **OPTIONS)) == same(result)
    assert same(jaxmmo.tournament(["forager", "random"], file=file, **OPTIONS)) == same(result)
    more = jaxmmo.tournament(["noop"], ladder=True, file=file, **OPTIONS)
    assert more["worlds"] == 16
    assert more["table"]["noop"]["forager"]["worlds"] == 8
    with pytest.raises(ValueError, match="in the table already"):
        jaxmmo.tournament(["noop"], ladder=True, file=file, **OPTIONS)


def test_what_does_not_fit_is_refused_by_name(tmp_path, capsys):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"nothing")
    assert main(["tournament", "random", str(broken)]) == 2
    error = capsys.readouterr().err
    assert "broken.npz" in error and error.count("\n") == 1
    with pytest.raises(ValueError, match="at least 2"):
        jaxmmo.tournament(["random"], **OPTIONS)
    file = tmp_path / "table.json"
    file.write_text(json.dumps([]))
    with pytest.raises(ValueError, match=r"table.json: not the table"):
        jaxmmo.tournament(["random"], ladder=True, file=file, **OPTIONS)
