"""A million random and hostile actions of living agents never break the world."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES, Cause, Material, Outcome
from tests.env.worlds import V1, V13, environment

WORLDS = 64
SLOTS = 64
ROWS = 8
TICKS = 290
ACTIONS = 1_000_000


def hostile(key, shape, choices):
    """Integers of which half are legal choices, and the rest are anything."""
    kind, small, near, wild = jax.random.split(key, 4)
    pick = jax.random.randint(kind, shape, 0, 8)
    extremes = jnp.asarray([-(2**31), 2**31 - 1, -1, 2**30, 65536])
    return jnp.select(
        [pick < 4, pick < 5, pick < 6],
        [
            jax.random.randint(small, shape, 0, choices),
            jax.random.randint(near, shape, -2, choices + 2),
            extremes[jax.random.randint(near, shape, 0, len(extremes))],
        ],
        jax.lax.bitcast_convert_type(jax.random.bits(wild, shape, "uint32"), jnp.int32),
    )


def balance(table, mask):
    """i32: damage dealt less damage taken, over the masked slots."""
    return jnp.sum((table.damage_dealt - table.damage_taken) * mask)


def broken(env, rules, before, obs, after, reward, terminated, info):
    """bool by name: which invariants this tick breaks."""
    config, players, capacity = env.config, after.players, env.config.capacity
    alive = players.alive
    row, col = jnp.clip(players.row, 0, config.height - 1), jnp.clip(players.col, 0, 14)
    material = after.terrain.material[row, col]
    ids = jnp.sort(jnp.where(alive, players.id, -jnp.arange(capacity)))
    counts = jnp.bincount(jnp.where(alive, players.population, 99), length=config.num_populations)
    deaths, attacks = info.events.deaths, info.events.attacks
    hits = attacks.outcome == Outcome.HIT
    living = balance(after.lives, alive)
    ended = balance(deaths, terminated)
    started = balance(before.lives, before.players.alive)
    vitals = [
        *(getattr(players, name) for name in ("food", "water", "health", "freeze", "immune")),
        *(players.time_alive, players.damage, players.population, players.wilderness + 1),
        *(players.experience.min(1), players.level.min(1) - 1, players.id - 2),
        *(value for name, value in vars(after.lives).items() if name != "visited"),
    ]
    empty_words = jnp.sum(obs.tiles, (1, 2)) + jnp.sum(obs.agents, (1, 2)) + jnp.sum(obs.present, 1)
    return {
        "negative": jnp.any(alive & (jnp.stack(vitals).min(0) < 0)),
        "beyond a maximum": jnp.any(
            alive
            & (
                (players.food > players.food_max)
                | (players.water > players.water_max)
                | (players.health > players.health_max)
            )
        ),
        "off the map": jnp.any(alive & ((players.row != row) | (players.col != col))),
        "inside rock": jnp.any(alive & ~jnp.isin(material, jnp.asarray([0, 2, 4]))),
        "ids twice": jnp.any(ids[1:] == ids[:-1]),
        "an id ahead of time": jnp.any(alive & (players.id >= after.next_id)),
        "over the limit": (jnp.sum(alive) > rules.max_population)
        | jnp.any(counts > jnp.maximum(rules.max_population // config.num_populations, 1)),
        "a slot leaked": jnp.any(alive != ((before.players.alive | info.newborn) & ~terminated)),
        "born into a living slot": jnp.any(info.newborn & before.players.alive),
        "dead twice": jnp.any(terminated & ~before.players.alive),
        "undead": jnp.any(alive & (players.health <= 0)) if not config.lagging_death else False,
        "no cause": jnp.any(terminated != (deaths.cause != Cause.NONE)),
        "reward": jnp.any(reward != -1.0 * terminated),
        "damage made or lost": living + ended != started,
        "an impossible hit": jnp.any(hits & ~info.acted)
        | jnp.any(hits & (attacks.target == jnp.arange(capacity))),
        "an empty slot seen": jnp.any(~alive & (empty_words != 0)),
        "somebody unseen": jnp.any(obs.present[:, 0] != alive),
        "nothing to choose": jnp.any(~obs.masks.move.any(1))
        | jnp.any(~obs.masks.style.any(1))
        | jnp.any(~obs.masks.target.any(2)),
        "a spawn lost": after.lost_spawns > 0,
        "a time in the past": after.tick != before.tick + 1,
    }


@pytest.mark.parametrize(
    ("preset", "worlds"),
    [
        (V1, WORLDS // 8),
        pytest.param(V1, WORLDS, marks=pytest.mark.slow),
        pytest.param(V13, WORLDS, marks=pytest.mark.campaign),
    ],
)
def test_no_action_breaks_the_world(preset, worlds):
    actions = ACTIONS * worlds // WORLDS
    env = environment(
        preset,
        "sequential" if preset == V13 else "simultaneous",
        capacity=SLOTS,
        max_visible=ROWS,
        max_spawns=16,
        num_populations=4,
    )
    rules = env.default_rules(spawn_attempts=16, initial_immunity=3)
    shares = jnp.asarray([0.06, 0.14, 0.4, 0.0, 0.3, 0.1])

    def world(key):
        start, ground, run = jax.random.split(key, 3)
        material = jax.random.choice(ground, 6, (15, 15), p=shares).astype(jnp.uint8)
        material = material.at[2].set(Material.GRASS).at[12].set(Material.GRASS)
        material = material.at[:, 2].set(Material.GRASS).at[:, 12].set(Material.GRASS)
        _, state = env.reset(start, rules, material)

        def tick(state, key):
            move, style, target, live = jax.random.split(key, 4)
            action = {
                "move": hostile(move, (SLOTS,), NUM_MOVES),
                "style": hostile(style, (SLOTS,), NUM_STYLES),
                "target": hostile(target, (SLOTS,), ROWS),
            }
            obs, after, reward, terminated, _, info = env.step(live, state, action, rules)
            checks = broken(env, rules, state, obs, after, reward, terminated, info)
            hits = jnp.sum(info.events.attacks.outcome == Outcome.HIT)
            return after, (checks, jnp.sum(info.acted), jnp.sum(terminated), hits)

        return jax.lax.scan(tick, state, jax.random.split(run, TICKS))[1]

    failures, *counts = jax.jit(jax.vmap(world))(jax.random.split(jax.random.key(0), worlds))
    acted, died, hits = (int(count.sum()) for count in counts)
    assert not [name for name, value in failures.items() if np.asarray(value).any()]
    assert acted >= actions
    assert died > actions // 100 and hits > actions // 1000
