"""Training lowers for machines that are not here: it shows that it lowers, not that it is fast."""

import re

import jax
import pytest
from jax.sharding import AbstractMesh, AxisType

import jaxmmo
from jaxmmo.agents.network import build
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.parallel import mesh as meshes
from tests.parallel.meshes import SMALL

OWN = {"Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape"}
"""What JAX's partitioner calls; no device sees it."""


@pytest.mark.parametrize(
    ("platform", "worlds", "agents"), [("tpu", 256, 1), ("cuda", 32, 2)], ids=["256 TPU", "64 CUDA"]
)
@pytest.mark.slow
def test_an_update_lowers_for_many_devices(platform, worlds, agents):
    env = jaxmmo.make(**SMALL)
    config = LearnConfig(worlds=worlds, ticks=4, minibatch=1024, chunk=8)
    learner = Learner(env, build(env.spec, groups=2), config)
    mesh = AbstractMesh((worlds, agents), meshes.AXES, axis_types=(AxisType.Auto,) * 2)
    state = jax.eval_shape(learner.init, jax.random.key(0))
    lowered = meshes.update(learner, mesh).trace(state).lower(lowering_platforms=(platform,))
    text = lowered.as_text()
    called = set(re.findall(r"stablehlo\.custom_call @(\w+)", text))
    assert not called - OWN
    assert "stablehlo.all_reduce" in text
    assert f'"worlds"={worlds}, "agents"={agents}' in text
