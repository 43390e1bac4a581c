"""Time by layer: what is measured, and how a compiled program is divided."""

import time

import jax
import jax.numpy as jnp
import pytest

from jaxmmo.parallel import profile, timing


def test_what_is_within_counts_once():
    clock = timing.Clock()
    with clock.of("host"):
        time.sleep(0.02)
        with clock.of("logging"):
            time.sleep(0.05)
    told = clock.report()
    assert list(told) == list(timing.LAYERS)
    assert 0.02 <= told["host"] < 0.05 <= told["logging"]


def test_updates_are_divided_as_the_profile_before_them_says():
    clock = timing.Clock()
    clock.seconds["device"] = 8.0
    assert clock.report()["update"] == 8
    clock.profiled({"acting": 0.25, "environment": 0.75})
    assert (clock.report()["acting"], clock.report()["update"]) == (2, 0)
    clock.profiled({})
    clock.profiled({"update": 1.0})
    clock.seconds["device"] += 1.0
    told = clock.report()
    assert (told["acting"], told["environment"], told["update"]) == (2, 6, 1)
    assert "acting" in timing.table(told)


def test_a_program_is_divided_by_the_names_of_its_parts():
    def parts(x):
        with jax.named_scope("acting"):
            x = jnp.sin(x @ x)
        with jax.named_scope("environment"):
            return jnp.sort(x, axis=0)

    x = jnp.ones((300, 300))
    program = jax.jit(parts).lower(x).compile()
    shares = profile.shares(program, lambda: jax.block_until_ready(program(x)))
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["acting"] > 0
    assert shares["environment"] > 0
    assert shares.get("update", 0) < 0.1
