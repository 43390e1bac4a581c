"""Mushrooms: whoever eats one is fed, and poisoned for a while."""

import jax
import jax.numpy as jnp

from jaxmmo import game
from jaxmmo.game import Attribute, Columns, Kind, MaterialKind, Numbers, System, column, rule

MUSHROOM = 8  # materials are numbered on from those there are


class Poison(Columns):
    """A column of everybody who stands on a tile."""

    poison: jax.Array = column(seen=Attribute("poison", Kind.CONTINUOUS, 0, 31, 10))  # i32[B]


class PoisonRules(Numbers):
    """Numbers of the game."""

    mushroom_food: jax.Array = rule(5)  # food of a mushroom
    poison_ticks: jax.Array = rule(8, 0, 31)  # how long it poisons
    poison_damage: jax.Array = rule(1)  # health lost a tick


def eat(config, rules, state, tick):
    """The oldest on a ripe mushroom eats it. The poisoned lose health until it wears off."""
    mine, bodies = game.stepping(config, tick), state.bodies
    land, ate = game.harvest(config, state, mine, MUSHROOM, tick.rolls.regrow)
    hurt = jnp.where(mine & (bodies.poison > 0), rules.poison_damage, 0)
    health = jnp.maximum(bodies.health - hurt, 0)
    died = (bodies.health > 0) & (health == 0)
    poison = jnp.maximum(bodies.poison - mine.astype(jnp.int32), 0)
    food = jnp.minimum(bodies.food + rules.mushroom_food, bodies.food_max)
    bodies = bodies.replace(
        health=health,
        wound=game.select(died, int(game.Cause.STARVATION), bodies.wound),
        poison=game.select(ate, rules.poison_ticks, poison),
        food=game.select(ate, food, bodies.food),
    )
    return state.replace(bodies=bodies, terrain=land), {"ate": ate, "damage": hurt}


def with_mushrooms(key, config, rules):
    """The usual map, with a mushroom on every twelfth tile of grass or so."""
    material = game.terrain.generate(key, config, rules)
    word, _ = game.words(key, game.stream("mushrooms"), jnp.arange(material.size))
    grows = (material == game.Material.GRASS) & (word.reshape(material.shape) % 12 == 0)
    return jnp.where(grows, jnp.uint8(MUSHROOM), material)


MUSHROOMS = game.preset("JaxMMO-v1").extend(
    "Mushrooms",
    bodies=Poison,
    rules=PoisonRules,
    materials=[MaterialKind("mushroom", passable=True, depleted=game.Material.GRASS)],
    systems=[System("mushrooms", eat, event="mushrooms", after="foraging")],
    terrain=with_mushrooms,
)
