"""The economy campaign: what it asks, on data of known answer; and, tiny, that it goes on."""

import dataclasses
from typing import Any

import numpy as np
import pytest

import jaxmmo
from jaxmmo.runs import library
from tests.campaigns import economy
from tests.campaigns.verdicts import CRITERIA, QUANTITIES, RIVALS, Criterion, Share, table, verdict
from tests.games import ENDLESS, TINY_SECOND

SYSTEMS = ("terrain", "resource", "progression", "item", "equipment", "profession", "exchange")
LEARN = {"worlds": 2, "ticks": 4, "minibatch": 16, "chunk": 8, "num_populations": 2, "views": 1}
SMALLER = {"max_visible": 6, "systems": SYSTEMS}
TINY = economy.Plan(
    seeds=(0,),
    budget=("--updates", "1"),
    settings=tuple((economy.recipe("survival") | TINY_SECOND | LEARN | SMALLER).items()),
    worlds=2,
    ticks=12,
    horizon=6,
)

LIFE = Criterion("random", "lifetime", 5.0)
LIFE_ROW = ("lifetime,", "5", "times", "that", "of", "-", "random", "-", "NO")


def measured(own, other, seeds=3, worlds=8, spread=0.02):
    """Lifetimes by world around a policy's and a rival's."""
    rng = np.random.default_rng(0)

    def share(mean):
        lived = mean * rng.normal(100, 100 * spread, worlds)
        return {"lifetime": Share(lived, np.full(worlds, 100.0))}

    return {"random": [(share(own), share(other)) for _ in range(seeds)]}


@pytest.mark.parametrize(("own", "holds"), [(300, True), (252, False), (200, False)])
def test_a_criterion_holds_where_the_intervals_are_apart(own, holds):
    said = verdict(LIFE, measured(own, 50))
    assert said["holds"] is holds
    assert said["policy"]["mean"] == pytest.approx(own, rel=0.03)
    assert said["other"]["low"] < 50 * 1.01 and said["other"]["high"] > 50 * 0.99


def test_means_that_are_apart_do_not_hold_where_seeds_disagree():
    pairs = [*measured(900, 50, 1)["random"], *measured(100, 50, 2)["random"]]
    assert not verdict(LIFE, {"random": pairs})["holds"]


def test_what_nobody_lived_to_see_does_not_hold():
    nothing = {"lifetime": Share(np.zeros(4), np.zeros(4))}
    said = verdict(LIFE, {"random": [(nothing, nothing)]})
    assert not said["holds"] and said["policy"]["mean"] is None
    assert table([said]).splitlines()[1].split() == [*LIFE_ROW]


def test_all_that_policies_should_learn_is_asked_for():
    asked = {(c.rival, c.quantity): c.times for c in CRITERIA}
    assert asked.pop(("random", "lifetime")) == 5 and set(asked.values()) == {1}
    assert {("forager", "lifetime"), ("random", "sales")} < set(asked)


def test_a_folder_is_gone_on_with_by_the_same_plan_alone(tmp_path):
    economy.claim(tmp_path / "made", TINY)
    economy.claim(tmp_path / "made", dataclasses.replace(TINY, seeds=(0, 1)))
    with pytest.raises(ValueError, match="made holds another campaign"):
        economy.claim(tmp_path / "made", dataclasses.replace(TINY, ticks=13))


def test_what_was_measured_before_is_judged(tmp_path, capsys):
    rng = np.random.default_rng(0)

    def side(mean):
        of = {}
        for quantity in QUANTITIES:
            of[f"{quantity}/top"] = mean * rng.normal(100, 2, 8)
            of[f"{quantity}/bottom"] = np.full(8, 100.0)
        return of

    plan = dataclasses.replace(TINY, seeds=(3, 5))
    economy.claim(tmp_path, plan)
    for seed, mine in ((3, 90.0), (5, 99.0)):
        (tmp_path / f"seed-{seed}.json").write_text("{}")
        for rival in RIVALS:
            sides = enumerate((side(mine), side(7.0)))
            arrays: Any = {f"{i}/{name}": x for i, of in sides for name, x in of.items()}
            np.savez(tmp_path / f"seed-{seed}-{rival}.npz", **arrays)
    assert economy.campaign(tmp_path, plan)
    said = capsys.readouterr().out
    assert said.count("yes") == len(CRITERIA) and "NO" not in said and "$" not in said
    assert str(tmp_path / "seed-5") in said.splitlines()[-1]


@pytest.mark.slow
def test_a_campaign_trains_measures_judges_and_goes_on(tmp_path, capsys):
    held = economy.campaign(tmp_path, TINY)
    said = capsys.readouterr().out
    assert said.count("$ jaxmmo train") == 1 and held == ("NO" not in said)
    mine, theirs = economy.measure(tmp_path, 0, RIVALS[0], TINY)
    assert set(mine) == set(theirs) == set(QUANTITIES)
    assert all(share.top.shape == share.bottom.shape == (2,) for share in mine.values())
    assert (mine["professions"].top >= mine["professions"].bottom).all()
    command = said.splitlines()[-1].split("python -m ")[1].split()
    assert command[:2] == ["jaxmmo.runs.library", str(tmp_path / "seed-0")]
    library.export(tmp_path / "seed-0", tmp_path / "JaxMMO-v2.npz")
    like = TINY_SECOND | {"systems": SYSTEMS, "num_populations": LEARN["num_populations"]}
    library.load_policy(tmp_path / "JaxMMO-v2.npz", jaxmmo.make(ENDLESS, **like))
    (tmp_path / f"seed-0-{RIVALS[1]}.npz").unlink()  # as if it had been killed before
    assert economy.campaign(tmp_path, TINY) == held
    again = capsys.readouterr().out
    assert "$ jaxmmo train" not in again and again.endswith(said[said.index("criterion") :])
