"""Recorded observations against what the v1.3 preset observes in the same worlds."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import jaxmmo
from jaxmmo.env import terrain
from jaxmmo.env.constants import Material
from jaxmmo.env.environment import Environment
from jaxmmo.env.levels import level_of
from jaxmmo.io.inputs import inputs
from tests.conformance import recordings
from tests.conformance.report import Report

ATTRIBUTES = {
    "Base-C": "col",
    "Base-Population": "population",
    "Base-R": "row",
    "Base-Self": "self",
    "History-Damage": "damage",
    "History-TimeAlive": "time_alive",
    "Resources-Food": "food",
    "Resources-Health": "health",
    "Resources-Water": "water",
    "Status-Freeze": "freeze",
    "Status-Immune": "immune",
    "Status-Wilderness": "wilderness",
}
TILE_ATTRIBUTES = {"CRel": "col", "Index": "material", "NEnts": "agents", "RRel": "row"}
COLUMNS = {"entID": "id", "pop": "population", "r": "row", "c": "col"}
WORLD = ("tick_map", "tick_tile_index", "tick_n", "tick_ents", "tick_ents_columns")
EXPECTED = (
    *("obs_tick", "obs_self", "obs_reward_is_none", "obs_entity_ids", "obs_entity_attrs"),
    *("obs_entity_attr_names", "obs_tile_attrs", "obs_tile_attr_names", "obs_targets"),
)


def check(path: str | Path) -> Report:
    """Every recorded observation: who is seen in which order, all attributes, and the targets.

    Attributes are compared bit by bit. The order of agents on one tile is the order in which they
    came there in v1.3 and that of their ids in jaxmmo: there, the recording is reordered.
    """
    recorded = recordings.load(path, (*WORLD, *EXPECTED))
    seen = observe(recorded)
    row, slot = _rows_of_observers(recorded)
    ours = {name: value[row, slot] for name, value in seen.items()}
    report = Report("observations", "observation", np.ones(len(row), bool))
    ids, attributes = _by_id_within_tile(recorded, row)
    report.extra["reordered_within_a_tile"] = int((ids != recorded["obs_entity_ids"]).any(1).sum())

    width = max(ids.shape[1], ours["ids"].shape[1])
    ids = np.pad(ids, ((0, 0), (0, width - ids.shape[1])), constant_values=-1)
    attributes = np.pad(attributes, ((0, 0), (0, width - attributes.shape[1]), (0, 0)))
    pad = width - ours["ids"].shape[1]
    report.compare("entity_ids", np.pad(ours["ids"], ((0, 0), (0, pad)), constant_values=-1), ids)
    for column, name in enumerate(recorded["obs_entity_attr_names"].tolist()):
        got = np.pad(ours[f"agent/{ATTRIBUTES[name]}"], ((0, 0), (0, pad)))
        report.compare(name, got.astype(np.float32), attributes[..., column], ids >= 0)
    for column, name in enumerate(recorded["obs_tile_attr_names"].tolist()):
        got = ours[f"tile/{TILE_ATTRIBUTES[name]}"].astype(np.int64)
        report.compare(name, got, recorded["obs_tile_attrs"][..., column].astype(np.int64))
    report.compare("reward_is_none", ours["newborn"], recorded["obs_reward_is_none"])
    offered = _targets(recorded)
    everyone = recorded["tick_ents"][row, :, 0]
    living = np.arange(everyone.shape[1]) < recorded["tick_n"][row][:, None]
    report.compare("targets", _sets(ours, "offered", everyone), offered & living)
    open_to_attack = offered & living & (~ours["shielded"] | (everyone == ours["self_id"][:, None]))
    report.compare("open_targets", _sets(ours, "target", everyone), open_to_attack)
    return report


def observe(recorded: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What jaxmmo's agents observe at every recorded moment: [moments, slots, ...] by name."""
    material = recordings.maps()[recorded["tick_map"]]
    config = recordings.config(*material.shape[1:], capacity=recorded["tick_ents"].shape[1])
    env = jaxmmo.make(
        config.preset,
        **{name: getattr(config, name) for name in ("height", "width", "capacity", "border")},
    )
    names = recorded["tick_ents_columns"].tolist()
    columns = {
        COLUMNS.get(name, name): jnp.asarray(recorded["tick_ents"][..., i], jnp.int32)
        for i, name in enumerate(names)
    }
    run = jax.jit(jax.vmap(partial(_observe, env)))
    count = jnp.asarray(recorded["tick_n"], jnp.int32)
    return jax.device_get(run(material, recorded["tick_tile_index"], count, columns))


def _observe(
    env: Environment,
    material: jax.Array,
    tile_index: jax.Array,
    count: jax.Array,
    columns: dict[str, jax.Array],
) -> dict[str, jax.Array]:
    """All observations of one moment."""
    config = env.config
    rules = env.default_rules()
    ground = terrain.from_material(material)
    ground = ground.replace(ripe_at=(tile_index == Material.SCRUB).astype(jnp.int32))
    state = env.preset.empty_state(ground)
    players = state.players.replace(**columns, alive=jnp.arange(config.capacity) < count)
    players = players.replace(level=level_of(rules, players.experience))
    state = state.replace(next_id=jnp.max(players.id) + 1, players=players)
    obs, state = env.observe(state, rules)
    unguarded = state.replace(players=players.replace(immune=jnp.zeros_like(players.immune)))
    ids = jnp.concatenate([players.id, jnp.full(1, -1)])[state.views["agent"].slots]
    values = {
        f"{table}/{name}": value
        for table, named in inputs(env.spec, obs).items()
        for name, value in named.items()
    }
    # immunity counts down before attacks, but not that of the dying
    dying = (players.health <= 0) | (material[players.row, players.col] == Material.LAVA)
    shielded = players.immune - ~dying > 0
    return values | {
        "ids": ids,
        "self_id": players.id,
        "newborn": values["agent/time_alive"][:, 0] == 0,
        "shielded": jnp.broadcast_to(shielded, (config.capacity, config.capacity)),
        "target": jnp.all(obs.masks.target, 1),
        "offered": jnp.all(env.observe(unguarded, rules)[0].masks.target, 1),
    }


def _rows_of_observers(recorded: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The moment of every observation and the slot of its observer."""
    row = recorded["obs_tick"].astype(int)
    slot = np.argmax(recorded["tick_ents"][row, :, 0] == recorded["obs_self"][:, None], 1)
    return row, slot


def _by_id_within_tile(
    recorded: dict[str, np.ndarray], row: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Recorded ids and attributes, those of agents on one tile in ascending order of their ids."""
    ids, attributes = recorded["obs_entity_ids"].copy(), recorded["obs_entity_attrs"].copy()
    names = recorded["tick_ents_columns"].tolist()
    r, c = names.index("r"), names.index("c")
    for i, moment in enumerate(row):
        where = {int(e[0]): (int(e[r]), int(e[c])) for e in recorded["tick_ents"][moment]}
        num = int((ids[i] >= 0).sum())
        order = list(range(num))
        start = 1  # the observer comes first whatever its tile
        while start < num:
            end = start + 1
            while end < num and where[int(ids[i, end])] == where[int(ids[i, start])]:
                end += 1
            order[start:end] = sorted(range(start, end), key=lambda k, i=i: ids[i, k])
            start = end
        ids[i, :num], attributes[i, :num] = ids[i, order], attributes[i, order]
    return ids, attributes


def _targets(recorded: dict[str, np.ndarray]) -> np.ndarray:
    """bool[observations, slots]: who was offered as a target."""
    everyone = recorded["tick_ents"][recorded["obs_tick"].astype(int), :, 0]
    return (everyone[:, :, None] == recorded["obs_targets"][:, None, :]).any(2)


def _sets(ours: dict[str, np.ndarray], name: str, everyone: np.ndarray) -> np.ndarray:
    """bool[observations, slots]: rows that a target mask allows, as a set of agents."""
    allowed = np.where(ours[name] & (ours["ids"] >= 0), ours["ids"], -2)
    return (everyone[:, :, None] == allowed[:, None, :]).any(2)
