"""Who plays, and where: from what users give to a policy in an environment."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxmmo.agents.acting import SampleRules
from jaxmmo.agents.policy import Policy
from jaxmmo.env.registry import PRESETS
from jaxmmo.env.ruled import with_rules
from jaxmmo.env.rules import Rules
from jaxmmo.evaluation.lifetimes import Contestant
from jaxmmo.runs import config, library, sources, user_code
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.setup import make_env
from jaxmmo.runs.sources import Source
from jaxmmo.workflow import ruling

if TYPE_CHECKING:
    from jaxmmo.workflow.training import Run

RulesLike = Mapping[str, Any] | Rules | SampleRules | str
"""Rules: fields by name, all of them, a function that draws them for a world, or a text as on the
command line."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """A policy in an environment.

    Attributes:
      env: of one world.
      player: policy and parameters.
      sample_rules: draws the rules of every world; None where they are the environment's.
      attacks: False if the run was trained with attacks masked.
      place: what the environment is called, for people.
    """

    env: Any
    player: Contestant
    sample_rules: SampleRules | None
    attacks: bool
    place: str

    def other(self, name: Any, *, trust: bool = False) -> Contestant:
        """Another policy for the same environment: a name, a `Run`, or policy and parameters."""
        return _player(name, self.env, None, trust)


def compose(
    player: Any,
    *,
    env: Any = None,
    rules: RulesLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    usual: Callable[[Any], Mapping[str, Any]] | None = None,
    trust: bool = False,
) -> Scene:
    """Puts a policy into an environment: a run into its own, unless told otherwise.

    Args:
      player: name of a policy (see `library.load`), a `Run`, or (policy, parameters).
      env: an environment, the id of a preset, or FILE.py:NAME; the run's own or the default preset
        if omitted.
      rules: instead of the run's own or the environment's.
      overrides: of `EnvConfig`, or arguments of the user's function.
      usual: further overrides, from a config, for presets alone.
      trust: execute code that a run's directory holds.

    Raises:
      ValueError: for what does not exist or does not fit.
    """
    own = _config_of(player, trust, replaced=_replaced(env, rules))
    place, made = _environment(player, own, env, dict(overrides or {}), usual)
    drawn = None
    if rules is not None:
        made, drawn = apply_rules(made, rules)
    elif own is not None:
        drawn = own.sample_rules() if "rules" not in own.objects else _sampler(player)
    contestant = _player(player, made, own, trust)
    return Scene(made, contestant, drawn, own is None or own.learn.attacks, place)


def apply_rules(env: Any, rules: RulesLike) -> tuple[Any, SampleRules | None]:
    """The environment with rules, or with a function that draws them for every world."""
    if isinstance(rules, str):
        parsed = ruling.parse(rules)
        if isinstance(parsed, Source):
            return env, user_code.function(parsed)
        rules = parsed
    if callable(rules) and not isinstance(rules, Rules):
        return env, rules
    return with_rules(env, rules), None


def _replaced(env: Any, rules: Any) -> tuple[str, ...]:
    return ("env",) * (env is not None) + ("rules",) * (rules is not None)


def _config_of(player: Any, trust: bool, replaced: tuple[str, ...]) -> RunConfig | None:
    """The configuration of a run or of a policy's file, ready to be used; None for others."""
    if _is_run(player):
        return player.config
    if not isinstance(player, str | Path):
        return None
    path = Path(player)
    if (path / config.NAME).is_file():
        return config.read(path).reopened(path, trust=trust, replaced=replaced)
    if path.suffix == library.POLICY and path.is_file():
        own = library.config_of_policy(path)
        return own.reopened(path.parent, trust=trust, replaced=replaced)
    return None


def _environment(
    player: Any,
    own: RunConfig | None,
    env: Any,
    overrides: dict[str, Any],
    usual: Callable[[Any], Mapping[str, Any]] | None,
) -> tuple[str, Any]:
    """A name for people, and the environment."""
    rules = {} if own is None else own.rules
    if env is None and own is not None and "env" not in own.objects:
        made = own.environment(overrides, training=False)
        if "env" in own.sources:
            return own.sources["env"].reference, made
        more = {**(usual(made.config) if usual else {}), **overrides}
        return own.preset, own.environment(more, training=False)
    if env is None and _is_run(player):
        env = player.learner.env
    if env is not None and not isinstance(env, str):
        if overrides:
            names = ", ".join(overrides)
            raise ValueError(f"{names}: settings of an environment that is made already")
        return getattr(env.config, "preset", type(env).__name__), with_rules(env, rules)
    name = library.DEFAULT if env is None else env
    if name not in PRESETS and sources.is_reference(name):
        return name, with_rules(user_code.make_env(sources.find(name), overrides), rules)
    made = make_env(name, overrides)
    if usual:
        made = make_env(name, {**usual(made.config), **overrides})
    return name, with_rules(made, rules)


def _player(player: Any, env: Any, own: RunConfig | None, trust: bool) -> Contestant:
    if _is_run(player):
        run: Run = player
        named = dataclasses.replace(run.policy, name=run.directory.name)
        return Contestant(named, run.params)
    if isinstance(player, str | Path):
        path = Path(player)
        if own is not None and path.is_dir():
            return library.load_run(path, env, own)
        return library.load(str(player), env, trust=trust)
    policy, params = player
    if isinstance(policy, str):
        return library.load(policy, env, trust=trust)
    return Contestant(_checked(policy, env), params)


def _checked(policy: Any, env: Any) -> Policy:
    return user_code.as_policy(policy, env, getattr(policy, "name", type(policy).__name__))


def _is_run(player: Any) -> bool:
    return type(player).__name__ == "Run" and hasattr(player, "learner")


def _sampler(player: Any) -> SampleRules | None:
    return player.learner.sample_rules if _is_run(player) else None


def players_of(first: Any, policy: Any, params: Any, env: Any) -> tuple[Any, Any]:
    """(player, environment) from the arguments of a function that takes either.

    `f(run)`, `f("runs/x")` and `f("baseline")` name a player; `f(env, policy, params)` and
    `f(env, "forager")` an environment first.
    """
    if policy is None:
        if params is not None:
            raise ValueError("parameters without a policy: give (environment, policy, parameters)")
        if _is_run(first) or isinstance(first, str | Path):
            return first, env
        raise ValueError(f"{type(first).__name__}: who plays there? Give a policy beside it")
    if env is not None:
        raise ValueError("two environments: give it first, or as env=")
    if isinstance(policy, str | Path):
        return policy, first
    return (policy, () if params is None else params), first
