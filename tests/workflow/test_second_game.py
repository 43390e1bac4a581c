"""The second game in the tools: what works with it does, and the rest is refused in one line."""

import json
from typing import Any

import jax
import numpy as np
import pytest

import jaxmmo
from jaxmmo.adapters.neuralmmo import Realm
from jaxmmo.agents import scripted
from jaxmmo.bench import worlds
from jaxmmo.cli.main import main
from jaxmmo.parallel import mesh
from jaxmmo.parallel.bands import Banded
from jaxmmo.runs import library
from tests.games import ENDLESS, SECOND_GAME, TINY_SECOND

WATCHED: dict[str, Any] = {"worlds": 2, "ticks": 6, "quiet": True, "overrides": TINY_SECOND}


@pytest.mark.slow
def test_a_policy_is_evaluated_on_a_mesh():
    report = jaxmmo.evaluate("random", env=SECOND_GAME, mesh="worlds=1", **WATCHED)
    assert report["lives"] == 16 and set(report["levels"]) == set(jaxmmo.preset(SECOND_GAME).skills)
    assert "died of fog" in repr(report)


@pytest.mark.slow
def test_a_policy_is_trained_evaluated_and_trained_on(tmp_path, capsys):
    learn = {"worlds": 2, "ticks": 4, "minibatch": 8, "chunk": 8}
    settings = [f"--set={name}={value}" for name, value in (TINY_SECOND | learn).items()]
    run = tmp_path / "run"
    words = ["train", "--preset", SECOND_GAME, "--output", str(run), *settings, "--quiet"]
    assert main([*words, "--updates", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["updates"] == 2
    report = jaxmmo.evaluate(run, worlds=2, ticks=6, quiet=True)
    assert report["policy"] == "run" and report["preset"] == SECOND_GAME
    assert jaxmmo.train(directory=run, updates=3, resume=True, quiet=True).summary["updates"] == 3


@pytest.mark.campaign  # two others share its worlds in the next test
def test_policies_share_its_worlds():
    result = jaxmmo.tournament(["forager", "trader"], env=ENDLESS, **WATCHED)
    assert {rating["name"] for rating in result["ratings"]} == {"forager", "trader"}


@pytest.mark.slow
def test_economies_of_two_policies_are_told_apart():
    watched: dict[str, Any] = WATCHED | {"ticks": 40}
    report = jaxmmo.evaluate("trader", env=ENDLESS, against="fighter", **watched)
    told = json.loads(json.dumps(report))
    assert told["economy"]["harvests"].keys() == told["against"]["economy"]["harvests"].keys()
    assert told["economy"]["gold"]["mean"] > 0 and told["economy"]["levels"]["mage"]["max"] > 0
    assert any(line.startswith("gold from sales in a life") for line in repr(report).splitlines())


def test_a_trader_is_of_the_second_game():
    with pytest.raises(ValueError, match="'trader' for JaxMMO-v1; there are: noop, random"):
        library.load("trader", jaxmmo.make("JaxMMO-v1"))
    assert "trader" in scripted.names(jaxmmo.make(SECOND_GAME, **TINY_SECOND))


@pytest.mark.slow
def test_its_speed_is_measured_with_legal_actions_of_every_head():
    report = worlds.run(SECOND_GAME, dict(TINY_SECOND), worlds=2, ticks=4, repeats=1, spawns=8)
    assert report["mean_acting"] == report["mean_alive"] == 8
    env = jaxmmo.make(SECOND_GAME, **TINY_SECOND)
    obs, state = jax.jit(env.reset)(jax.random.key(0))
    step = jax.jit(env.step)
    for tick in range(8):
        key = jax.random.key(tick)
        action = worlds.random_legal(env.spec, key, obs)
        obs, state, *_, info = step(key, state, action)
        assert not info.illegal.any()


@pytest.mark.slow
def test_a_batch_of_worlds_is_the_worlds_one_by_one():
    env = jaxmmo.make(SECOND_GAME, **TINY_SECOND)
    keys = jax.random.split(jax.random.key(3), 2)
    many = jax.jit(jax.vmap(env.reset))(keys)[1]
    action = jax.tree.map(lambda x: np.ones((2, *x.shape), np.int32), env.noop())
    after = jax.jit(jax.vmap(env.step))(keys, many, action)[1]
    reset, step = jax.jit(env.reset), jax.jit(env.step)
    for i, key in enumerate(keys):
        alone = step(key, reset(key)[1], jax.tree.map(lambda x, i=i: x[i], action))[1]
        jax.tree.map(lambda a, b, i=i: np.testing.assert_array_equal(a[i], b), after, alone)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["evaluate", "frager"], "evaluate: no policy 'frager'; did you mean 'forager'? (there"),
        (["evaluate", "baseline"], "evaluate: no baseline for 'NeuralMMO-v2.1'; there are: JaxMMO"),
        (["train", "--set=size=Smal"], "train: unknown size 'Smal'; did you mean 'Small'? (allo"),
        (["train", "--set=NPC_M=4"], "train: --set NPC_M=4: must be NAME=VALUE; did you mean 'NPC"),
        (["train", "--set=PLAYER_N=0"], "train: capacity=0: must be an integer in [1, "),
    ],
)
def test_what_does_not_work_is_told_in_one_line(words, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--preset", SECOND_GAME]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"jaxmmo {told}") and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (Realm, "Realm: not for NeuralMMO-v2.1, but for JaxMMO-v1, NeuralMMO-v1.3 and"),
        (
            lambda name: Banded(jaxmmo.make(name), mesh.build(mesh.Layout(agents=1)), slots=8),
            "bands of NeuralMMO-v2.1: it has tables of its own",
        ),
    ],
)
def test_what_knows_the_first_game_alone_says_so(use, told):
    with pytest.raises(ValueError, match=told):
        use(SECOND_GAME)


def test_there_is_no_picture_of_shapes_alone():
    env = jaxmmo.make(SECOND_GAME, **TINY_SECOND)
    state: Any = jax.eval_shape(env.reset, jax.random.key(0))[1]
    assert state._repr_png_() is None
