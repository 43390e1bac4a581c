"""Experience and levels, and the numbers that hang on them."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.levels import level_of
from jaxmmo.env.rules import experience_table
from tests.conformance.recordings import DATA
from tests.env.worlds import V1, V13, environment

TABLES = json.loads((DATA / "tables.json").read_text())


def test_thresholds_are_as_recorded():
    assert experience_table()[:98].tolist() == TABLES["exp_at_level"]["values"]


def test_levels_are_as_recorded_with_v13s_overflow():
    recorded = TABLES["level_at_exp"]
    got = level_of(environment(V13).default_rules(), jnp.asarray(recorded["exp"]))
    assert np.asarray(got).tolist() == recorded["level"]


@pytest.mark.parametrize("preset", [V13, V1])
def test_every_threshold_begins_its_level(preset):
    thresholds = experience_table()
    rules = environment(preset).default_rules()
    levels = np.asarray(level_of(rules, jnp.asarray(thresholds)))
    before = np.asarray(level_of(rules, jnp.asarray(thresholds[1:] - 1)))
    top = 97 if preset == V13 else 99
    assert levels[:top].tolist() == list(range(1, top + 1))
    assert before[:top].tolist()[: top - 1] == list(range(1, top))
    assert (levels[top:] == 0).all()


def test_restored_resources_are_as_recorded():
    rules, recorded = environment(V13).default_rules(), TABLES["restore"]
    assert np.asarray(rules.resource_restore)[:99].tolist() == recorded["resource"]
    assert np.asarray(rules.health_restore)[:99].tolist() == recorded["health"]
