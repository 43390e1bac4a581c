"""The update that begins a tick: bodies age, starve, recover, harvest, drink and eat."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import select, set_at
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import AROUND, Event, Kind, Material
from jaxmmo.env.v2.decisions import Rolls
from jaxmmo.env.v2.harvesting import harvest
from jaxmmo.env.v2.loops import each
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, is_player


def update_players(config: Config, rules: Rules, world: World, rolls: Rolls) -> World:
    """Players age, suffer fog and hunger, and harvest in their turn (section 4).

    Args:
      rolls: of the tick, of which players need `drop` and `ripening`.
    """
    bodies = world.bodies
    players = bodies.alive & is_player(bodies)
    world = age(config, world, players)
    world, fogged = suffer_fog(rules, world, players)
    bodies = world.bodies
    going = players & (bodies.health > 0)
    world = metabolise(config, rules, world, going)
    turn = jnp.where(players, bodies.turn, NEVER)[: config.capacity]
    order = jnp.argsort(turn).astype(jnp.int32)

    def update(w: World, body: jax.Array) -> World:
        w = inventory.destroy_all(w, body, fogged[body])
        ripening = rolls.ripening[body]
        w = harvest(config, rules, w, body, rolls.drop[body], ripening, going[body])
        w = _drink_and_eat(config, rules, w, body, ripening[4], going[body])
        return _become_mortal(w, body, going[body]) if config.respawn else w

    return each(world, order, players[order], update)


def update_npcs(config: Config, world: World) -> World:
    """NPCs age, and recover one hit point a tick (section 3, step 4)."""
    bodies = world.bodies
    npcs = bodies.alive & ~is_player(bodies)
    world = age(config, world, npcs)
    bodies = world.bodies
    health = jnp.where(bodies.health > 0, jnp.minimum(bodies.health + 1, 100), bodies.health)
    return world.replace(bodies=bodies.replace(health=select(npcs, health, bodies.health)))


def age(config: Config, world: World, who: jax.Array) -> World:
    """What happened in the last tick is forgotten, and clocks go on."""
    bodies, items = world.bodies, world.items
    player = who & is_player(bodies)
    worn = jnp.where(items.alive & items.equipped, items.owner, config.bodies)
    level = jnp.zeros(config.bodies, jnp.int32).at[worn].add(items.level, mode="drop")
    return world.replace(
        bodies=bodies.replace(
            attacker=select(who & (bodies.damage == 0), 0, bodies.attacker),
            item_level=select(who, jnp.where(player, level, bodies.gear), bodies.item_level),
            freeze=select(who & (bodies.freeze > 0), bodies.freeze - 1, bodies.freeze),
            damage=select(who, 0, bodies.damage),
            time_alive=bodies.time_alive + who.astype(jnp.int32),
        )
    )


def suffer_fog(rules: Rules, world: World, who: jax.Array) -> tuple[World, jax.Array]:
    """Whoever stands in fog is hurt; returns who dies of it, whose items are destroyed."""
    bodies = world.bodies
    depth = world.fog[bodies.row, bodies.col].astype(jnp.float32)
    hurt = who & (world.tick >= rules.fog_onset) & (depth > 0.5) & (bodies.kind != Kind.IMMORTAL)
    damage = jnp.where(hurt, jnp.round(depth).astype(jnp.int32), 0)
    health = jnp.maximum(bodies.health - damage, 0)
    dies = hurt & (health == 0)
    gone = dies[jnp.minimum(world.items.owner, dies.shape[0] - 1)] & world.items.alive
    world = world.replace(items=world.items.replace(price=select(gone, 0, world.items.price)))
    bodies = bodies.replace(
        health=health,
        damage=select(hurt, damage, bodies.damage),
        damage_received=bodies.damage_received + damage,
    )
    return world.replace(bodies=bodies), dies


def metabolise(config: Config, rules: Rules, world: World, who: jax.Array) -> World:
    """The well fed recover, the hungry and the thirsty lose health, as of before this tick."""
    bodies = world.bodies
    health = bodies.health + jnp.where(who, rules.health_increment, 0)
    health = jnp.minimum(health, jnp.maximum(rules.full, bodies.health))
    if config.has("resource"):
        mortal = who & (bodies.kind != Kind.IMMORTAL)
        fed = (bodies.food > rules.regeneration_above) & (bodies.water > rules.regeneration_above)
        better = jnp.minimum(health + rules.regeneration, rules.full)
        health = jnp.where(mortal & fed, better, health)
        spared = bodies.resilient.astype(jnp.int32)
        loss = jnp.where(bodies.food == 0, rules.starvation[spared], 0)
        loss += jnp.where(bodies.water == 0, rules.dehydration[spared], 0)
        health = jnp.where(mortal, jnp.maximum(health - loss, 0), health)
    return world.replace(bodies=bodies.replace(health=health))


def _become_mortal(world: World, body: jax.Array, when: jax.Array) -> World:
    """The immortality of whoever came back ends."""
    bodies = world.bodies
    ends = when & (bodies.kind[body] == Kind.IMMORTAL)
    ends &= world.tick >= bodies.immortal_until[body]
    kind = set_at(bodies.kind, jnp.where(ends, body, bodies.kind.shape[0]), int(Kind.PLAYER))
    return world.replace(bodies=bodies.replace(kind=kind))


def _drink_and_eat(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    ripening: jax.Array,
    when: jax.Array,
) -> World:
    """Water and food go down, and up again beside water and on ripe foliage."""
    if not config.has("resource"):
        return world
    bodies = world.bodies
    row, col = bodies.row[body], bodies.col[body]
    mortal = bodies.kind[body] != Kind.IMMORTAL
    beside = world.material[row + AROUND[:, 0], col + AROUND[:, 1]]
    drinks = when & mortal & (beside == Material.WATER).any()
    ripe = (world.material[row, col] == Material.FOLIAGE) & ~world.depleted[row, col]
    eats = when & mortal & ripe
    lost = jnp.where(when & mortal, rules.depletion, 0)
    water = jnp.maximum(bodies.water[body] - lost, 0)
    food = jnp.maximum(bodies.food[body] - lost, 0)
    water = jnp.where(drinks, jnp.minimum(water + rules.restore, rules.full), water)
    food = jnp.where(eats, jnp.minimum(food + rules.restore, rules.full), food)
    bodies = bodies.replace(
        water=bodies.water.at[body].set(water), food=bodies.food.at[body].set(food)
    )
    tile = (jnp.where(eats, row, config.height), col)
    world = world.replace(bodies=bodies).harvest(tile, ripening)
    world = log.record(world, drinks, body, Event.DRINK_WATER)
    return log.record(world, eats, body, Event.EAT_FOOD)
