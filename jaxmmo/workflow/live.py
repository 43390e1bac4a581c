"""A live world on the host for `watch` and `record`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from jaxmmo.agents import acting
from jaxmmo.env.autoreset import lasting
from jaxmmo.viewer.world import World
from jaxmmo.workflow.display import Bar
from jaxmmo.workflow.scene import RulesLike, compose

DEFAULT_AGENTS = 64
"""Placed at the start in the world of a preset, or as many as there is room for."""


def live_world(
    player: Any,
    *,
    env: Any = None,
    rules: RulesLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    agents: int | None = None,
    seed: int = 0,
    warmup: int = 0,
    outputs: bool = False,
    trust: bool = False,
    quiet: bool = False,
) -> World:
    """A world in which a policy plays.

    Args:
      player: name of a policy, a run, or (policy, params).
      env: see `scene.compose`, as for the next two.
      rules: likewise.
      overrides: likewise.
      agents: placed at the start; 64 if omitted, or what the environment's own function does.
      seed: of the world and of every draw.
      warmup: ticks played unseen.
      outputs: frames hold what the policy prefers, expects and attends to.
      trust: execute code that a run's directory holds.
      quiet: show no progress.

    Raises:
      ValueError: for what does not exist, does not fit, or is out of range.
    """
    for name, value in (("warmup", warmup), ("seed", seed)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{name}={value!r}: must be an integer of at least 0")
    own = dict(overrides or {})
    if agents is not None:
        own["initial_population"] = agents

    def usual(config: Any) -> dict[str, Any]:
        return {"initial_population": min(DEFAULT_AGENTS, config.capacity)}

    scene = compose(player, env=env, rules=rules, overrides=own, usual=usual, trust=trust)
    acting.checks.one_world(scene.env)
    made = lasting(scene.env)
    played = made.default_rules()
    if scene.sample_rules is not None:
        key = jax.random.fold_in(jax.random.key(seed), acting.RULES)
        played = acting.checks.drawn_rules(made, scene.sample_rules(key, made))
    played = played if scene.attacks else played.without_combat()
    bar = Bar("playing unseen", "ticks", quiet=quiet)
    bar.say("compiling, about 20 s, once")
    policy, params = scene.player
    world = World(made, policy, params, rules=played, seed=seed, outputs=outputs)
    for tick in range(warmup):
        world.step()
        bar(tick + 1, warmup)
    return world
