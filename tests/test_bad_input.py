"""What a user can get wrong before anything runs: each error names what was given and allowed.

Damaged saves and maps are refused in tests/io, unknown policies in tests/agents.
"""

from typing import Any

import numpy as np
import pytest

import jaxmmo


@pytest.mark.parametrize("name", ["NeuralMMO", "", "jaxmmo-v1"])
def test_an_unknown_preset(name):
    with pytest.raises(ValueError, match=rf"unknown preset '{name}'.*allowed: JaxMMO-v1, Neural"):
        jaxmmo.make(name)
    assert jaxmmo.registered() == ["JaxMMO-v1", "NeuralMMO-v1.3", "NeuralMMO-v2.1", "JaxMMO-v2"]


def test_an_unknown_field_and_what_was_meant():
    with pytest.raises(ValueError, match=r"'capcity'; did you mean 'capacity'\? \(allowed: preset"):
        jaxmmo.make(capcity=3)
    with pytest.raises(ValueError, match=r"unknown rule 'food_decoy'; did you mean 'food_decay'\?"):
        jaxmmo.make().default_rules(food_decoy=3)
    with pytest.raises(ValueError, match=r"(?s)rule max_hit=.*: does not fit int32\[3, 100\]"):
        jaxmmo.make().default_rules(max_hit=np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"regrow_probability=1\.5: must be a number in \[0, 1\]"):
        jaxmmo.make().default_rules(regrow_probability=1.5)


@pytest.mark.parametrize("preset", jaxmmo.registered())
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"capacity": 0}, r"capacity=0: must be an integer in \[1, 16777216\]"),
        ({"capacity": -4}, "capacity=-4: must be an integer"),
        ({"capacity": 12.5}, r"capacity=12\.5: must be an integer"),
        ({"capacity": True}, "capacity=True: must be an integer"),
        ({"capacity": "many"}, "capacity='many': must be an integer"),
        ({"height": "80"}, "height='80': must be an integer"),
        ({"width": None}, "width=None: must be an integer"),
        ({"vision": [7]}, r"vision=\[7\]: must be an integer"),
        ({"height": 14, "border": 1}, r"height=14: .* in \[15, 16384\] \(the window is 15x15\)"),
        ({"width": 20, "vision": 12}, r"width=20: .* in \[25, 16384\] \(the window is 25x25\)"),
        ({"vision": 16}, r"vision=16: must be an integer in \[1, 15\]"),
        ({"border": 0}, "border=0: must be an integer in"),
        ({"height": 80, "width": 80, "border": 39}, r"border=39: must be an integer in \[1, 38\]"),
        ({"initial_population": 129, "capacity": 128}, r"initial_population=129: .* in \[0, 128\]"),
        (
            {"max_visible": 9, "capacity": 8, "npc_capacity": 0},
            r"max_visible=9: must be an integer in \[1, 8\]",
        ),
        ({"resolution": "fast"}, r"resolution='fast': must be one of \('simultaneous', 'sequen"),
        ({"tile_bits": 12}, "tile_bits=12: must be 8 or 16"),
        ({"allow_stay": 1}, "allow_stay=1: must be True or False"),
    ],
)
def test_a_bad_value_of_a_field(preset, overrides: dict[str, Any], message):
    with pytest.raises(ValueError, match=message):
        jaxmmo.make(preset, **overrides)


@pytest.mark.parametrize(
    ("terrain", "message"),
    [
        (np.zeros((80, 79), np.uint8), r"shape \(80, 79\): this world's map is \(80, 80\)"),
        (np.full((80, 80), 7), r"unknown materials \[7\]; known: 0 lava, .* 6 ore"),
        (np.full((80, 80), -1), r"unknown materials \[-1\]"),
        (np.full((80, 80), 1.5), r"unknown materials \[1\.5\]"),
        (np.full((80, 80), np.nan), "unknown materials"),
    ],
)
def test_a_bad_terrain(terrain, message):
    with pytest.raises(ValueError, match=message):
        jaxmmo.make().reset(None, terrain=terrain)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"move": None}, r"action has \['style', 'target'\]: its heads are \['move', 'style'"),
        ({"jump": np.zeros(8, int)}, "'jump'"),
        ({"move": np.zeros(7, int)}, r"'move' of shape \(7,\): must be \(8,\), one entry per slot"),
        ({"style": np.zeros((2, 8), int)}, r"'style' of shape \(2, 8\).*for a batch of worlds"),
        ({"target": np.zeros(8)}, "'target' of float64: must be integers"),
    ],
)
def test_a_bad_action(change, message):
    env = jaxmmo.make(capacity=8)
    action: Any = {name: np.zeros(8, np.int32) for name in ("move", "style", "target")} | change
    action = {name: value for name, value in action.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        env.step(None, None, action)  # pyright: ignore[reportArgumentType]
