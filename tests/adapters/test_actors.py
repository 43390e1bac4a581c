"""The server with its actors in other processes: they decide, it learns."""

from __future__ import annotations

import pytest

from tests.adapters.scripts import run


@pytest.mark.slow  # three processes that compile
def test_two_remote_actors_train_a_policy():
    small = ["--worlds", "2", "--capacity", "8", "--size", "24", "--ticks", "8", "--part", "4"]
    told = run("actors.py", "--updates", "2", *small)
    assert len(told["served"]) == 2 and all(count > 0 for count in told["served"])
    assert sum(told["served"]) == told["agent_steps"] > 50
    assert told["lifetime"] > 0 and 500 < told["bytes_each"] < 10_000
