"""The games are, to the bit, what version 0.1.0 played: any change is a change of behaviour."""

import hashlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import scripted

KNOWN = Path(__file__).parents[1] / "data" / "version1" / "golden.npz"
GAMES = [
    ("JaxMMO-v1", "simultaneous", 48, 80),
    pytest.param("JaxMMO-v1", "sequential", 48, 80, marks=pytest.mark.slow),
    pytest.param("JaxMMO-v1", "simultaneous", 300, 40, marks=pytest.mark.slow),
    pytest.param("NeuralMMO-v1.3", "simultaneous", 48, 80, marks=pytest.mark.slow),
    ("NeuralMMO-v1.3", "sequential", 48, 80),
    pytest.param("NeuralMMO-v1.3", "simultaneous", 300, 40, marks=pytest.mark.campaign),
]


def play(preset, resolution, capacity, ticks, material):
    """What is recorded of every tick of a crowded world whose agents wander and fight."""
    side = material.shape[0]
    sizes = {"height": side, "width": side, "border": 4, "capacity": capacity, "max_spawns": 4}
    if preset == "NeuralMMO-v1.3":
        sizes["max_visible"] = 24
    env = jaxmmo.make(
        preset, resolution=resolution, num_populations=4, initial_population=capacity, **sizes
    )
    rules = env.default_rules(spawn_attempts=4, initial_immunity=2)
    policy = scripted.get("careful", env)

    def tick(carry, key):
        obs, state = carry
        logits = policy.apply((), obs, (), state.players.alive).logits
        action = policy.decide(jax.random.fold_in(key, 1), env.spec, logits, obs.masks)
        obs, state, reward, _, _, info = env.step(key, state, action, rules)
        events, players, lives = info.events, state.players, state.lives
        seen = {
            **{name: action[name] for name in ("move", "style", "target")},
            **{f"players.{name}": getattr(players, name) for name in vars(players)},
            **{name: getattr(lives, name) for name in ("distance", "explored", "damage_dealt")},
            **{f"mask.{name}": obs.masks[name] for name in ("move", "style", "target")},
            "reward": reward,
            "cause": events.deaths.cause,
            "outcome": events.attacks.outcome,
            "damage": events.attacks.damage,
            "level_ups": events.level_ups,
            "food": events.harvests.food,
            "ripe_at": state.terrain.ripe_at,
            "tiles": obs.tiles,
            "agents": obs.agents,
            "present": obs.present,
            "overflow": obs.overflow,
        }
        return (obs, state), seen

    def live(key):
        first = env.reset(key, rules, material)
        keys = jax.vmap(lambda t: jax.random.fold_in(key, t))(jnp.arange(ticks))
        return jax.lax.scan(tick, first, keys)[1]

    return jax.device_get(jax.jit(live)(jax.random.key(11)))


@pytest.mark.parametrize(("preset", "resolution", "capacity", "ticks"), GAMES)
def test_every_column_of_every_tick_is_as_it_was(preset, resolution, capacity, ticks):
    name = f"{preset}-{resolution}-{capacity}"
    with np.load(KNOWN) as known:
        material = known[f"{name}/material"]
        wanted = {k: known[k] for k in known.files if k.startswith(f"{name}/hash/")}
    seen = play(preset, resolution, capacity, ticks, material)
    changed = []
    for key, digest in wanted.items():
        value = np.ascontiguousarray(seen[key.removeprefix(f"{name}/hash/")])
        found = np.frombuffer(hashlib.sha256(value.tobytes()).digest()[:8], np.uint8)
        if not np.array_equal(found, digest):
            changed.append(key)
    assert not changed
    assert len(wanted) > 30
