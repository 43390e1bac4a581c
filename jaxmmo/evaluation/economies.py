"""Economies of watched worlds, of games that have one: counted tick by tick, and reported."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents.acting import world_of
from jaxmmo.env.environment import Environment
from jaxmmo.env.registry import is_second_game


def zero(env: Environment, worlds: int) -> Any:
    """An `Economy` of B worlds in which nothing is counted yet; () if the game has no economy."""
    preset = getattr(env, "preset", None)  # of the user's own have none
    if preset is None or not is_second_game(preset):
        return ()
    from jaxmmo.env.v2 import economy

    empty = economy.nothing(env.config.num_populations)
    return jax.tree.map(lambda x: jnp.zeros((worlds, *x.shape), x.dtype), empty)


def count(env: Environment, economies: Any, before: Any, after: Any, info: Any) -> Any:
    """Economies with a tick of every world added.

    Args:
      env: of each world.
      economies: of `zero`.
      before: states before the tick, [B, ...].
      after: states after it.
      info: what the environment told of it.
    """
    if not jax.tree.leaves(economies):
        return economies
    from jaxmmo.env.v2 import economy

    states = world_of(env, before), world_of(env, after)
    return jax.vmap(economy.count)(economies, *states, info.events.log)


def report(economies: Any, mine: np.ndarray, lives: float) -> dict[str, Any]:
    """What was counted of the populations that somebody has, in words; {} without an economy.

    Args:
      economies: of `count`, on the host.
      mine: bool[B, G].
      lives: that ended.

    Returns:
      `gold` (`mean` of a living player, `at_end` of all players of a world), `sales_per_life` in
      gold, and counts: `trades` ({count, gold, mean_price} by item), `listings`, `made`, `consumed`
      (ammunition that was fired too), `looted`, `given` and `destroyed` by item, `harvests` by
      profession; `levels` ({mean, max} of the living by skill), `equipment` (level of what the
      living wear, by place; 0 for nothing), and `tasks_completed`.
    """
    if not jax.tree.leaves(economies):
        return {}
    from jaxmmo.env.v2.constants import DROPS, FIRST_PROFESSION, PLACES, Event, Item, Skill
    from jaxmmo.env.v2.economy import COUNTED

    def total(x: Any) -> np.ndarray:
        mask = mine.reshape(mine.shape + (1,) * (x.ndim - 2))
        return np.where(mask, x, 0).sum((0, 1)).astype(float)

    steps = max(float(total(economies.steps)), 1.0)
    events, coins = total(economies.events), total(economies.coins)
    of = {event: events[number] for number, event in enumerate(COUNTED)}

    def by_item(*kinds: Event) -> dict[str, int]:
        found = np.sum([of[kind] for kind in kinds], 0)
        return {item.name.lower(): int(found[item]) for item in Item if item and found[item]}

    bought, paid = of[Event.BUY_ITEM], coins[COUNTED.index(Event.BUY_ITEM)]
    earned = coins[COUNTED.index(Event.EARN_GOLD)].sum()
    levels, worn = total(economies.levels) / steps, total(economies.worn) / steps
    highest = np.where(mine[..., None], economies.highest, 0).max((0, 1))
    crops = {
        skill.name.lower(): int(of[Event.HARVEST_ITEM][DROPS[skill - FIRST_PROFESSION, 0]])
        for skill in Skill
        if skill >= FIRST_PROFESSION
    }
    return {
        "gold": {
            "mean": round(float(total(economies.gold)) / steps, 2),
            "at_end": round(float(total(economies.held)) / mine.shape[0], 2),
        },
        "sales_per_life": round(float(earned) / max(lives, 1), 3),
        "trades": {
            item.name.lower(): {
                "count": int(bought[item]),
                "gold": int(paid[item]),
                "mean_price": round(float(paid[item] / bought[item]), 2),
            }
            for item in Item
            if item and bought[item]
        },
        "listings": by_item(Event.LIST_ITEM),
        "harvests": crops,
        "made": by_item(Event.HARVEST_ITEM),
        "consumed": by_item(Event.CONSUME_ITEM, Event.FIRE_AMMO),
        "looted": by_item(Event.LOOT_ITEM),
        "given": by_item(Event.GIVE_ITEM),
        "destroyed": by_item(Event.DESTROY_ITEM),
        "levels": {
            skill.name.lower(): {"mean": round(float(levels[skill]), 2), "max": int(highest[skill])}
            for skill in Skill
        },
        "equipment": {name: round(float(worn[i]), 3) for i, name in enumerate(PLACES)},
        "tasks_completed": int(total(economies.tasks)),
    }
