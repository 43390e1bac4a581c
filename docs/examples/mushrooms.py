"""Mushrooms: whoever eats one is fed, and poisoned for a while."""

import jax
import jax.numpy as jnp
from flax import struct

import jaxmmo
from jaxmmo.env import random, terrain
from jaxmmo.env.constants import Cause, Material
from jaxmmo.env.rules import rule
from jaxmmo.env.state import Columns, column, select
from jaxmmo.env.systems.foraging import harvest
from jaxmmo.env.systems.system import System
from jaxmmo.env.tick import stepping
from jaxmmo.env.tiles import MaterialKind
from jaxmmo.spec import Attribute, Kind

MUSHROOM = 8  # materials are numbered on from those there are


class Poison(Columns):
    poison: jax.Array = column(
        seen=Attribute("poison", Kind.CONTINUOUS, 0, 31, 10)
    )  # i32[B]; ticks


class PoisonRules(struct.PyTreeNode):
    mushroom_food: jax.Array = rule(5)  # food of a mushroom
    poison_ticks: jax.Array = rule(8, 0, 31)  # how long it poisons
    poison_damage: jax.Array = rule(1)  # health lost a tick


def eat(config, rules, state, tick):
    """The oldest on a ripe mushroom eats it. The poisoned lose health until it wears off."""
    mine, bodies = stepping(config, tick), state.bodies
    land, ate = harvest(config, state, mine, MUSHROOM, tick.rolls.regrow)
    hurt = jnp.where(mine & (bodies.poison > 0), rules.poison_damage, 0)
    health = jnp.maximum(bodies.health - hurt, 0)
    died = (bodies.health > 0) & (health == 0)
    poison = jnp.maximum(bodies.poison - mine, 0)
    food = jnp.minimum(bodies.food + rules.mushroom_food, bodies.food_max)
    bodies = bodies.replace(
        health=health,
        wound=select(died, int(Cause.STARVATION), bodies.wound),
        poison=select(ate, rules.poison_ticks, poison),
        food=select(ate, food, bodies.food),
    )
    return state.replace(bodies=bodies, terrain=land), {"ate": ate, "damage": hurt}


def with_mushrooms(key, config, rules):
    """The usual map, with a mushroom on every twelfth tile of grass."""
    material = terrain.generate(key, config, rules)
    tiles = jnp.arange(material.size)
    word = random.words(key, random.stream("mushrooms"), tiles)[0].reshape(material.shape)
    grows = (material == Material.GRASS) & (word % 12 == 0)
    return jnp.where(grows, jnp.uint8(MUSHROOM), material)


MUSHROOMS = jaxmmo.preset("JaxMMO-v1").extend(
    "Mushrooms",
    bodies=Poison,
    rules=PoisonRules,
    materials=[MaterialKind("mushroom", passable=True, depleted=Material.GRASS)],
    systems=[System("mushrooms", eat, event="mushrooms", after="foraging")],
    terrain=with_mushrooms,
)
