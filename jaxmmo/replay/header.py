"""What a recording says of itself: the game's configuration, its rules and its arrays."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import jax
import numpy as np

from jaxmmo.env import constants
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import Rules
from jaxmmo.replay import colors
from jaxmmo.replay.blocks import capacity_of
from jaxmmo.replay.frames import EVENT_NAMES, SPARSE, STATE_NAMES, Field, Frame, flatten
from jaxmmo.version import BEHAVIOUR_VERSION, __version__

POLICY = ("value", "move", "style", "target", "attention")
DTYPES = ("bool", "uint8", "int32", "uint32", "float32")
MAX_HEADER = 1 << 20


@dataclasses.dataclass(frozen=True)
class Header:
    """Everything that holds for all frames of a recording.

    Attributes:
      config: of the environment.
      rules: by field, as numpy arrays.
      fields: dense arrays, in the order in which they are kept.
      arrays: sparse arrays, likewise.
      title: for people: who plays.
      seed: of the run.
    """

    config: EnvConfig
    rules: dict[str, np.ndarray]
    fields: list[Field]
    arrays: list[Field]
    title: str
    seed: int

    @property
    def has_policy(self) -> bool:
        """Whether what the policy answered is kept."""
        return any(field.name.startswith("policy.") for field in self.fields)


def describe(env: Environment, rules: Rules, frame: Frame, title: str, seed: int) -> Header:
    """The header for recordings that begin with a frame."""
    arrays = flatten(frame)
    specs = {k: Field(k, v.shape, v.dtype.name) for k, v in arrays.items()}
    header = Header(
        config=env.config,
        rules={k: np.asarray(v) for k, v in vars(jax.device_get(rules)).items()},
        fields=[specs[name] for name in specs if name not in SPARSE],
        arrays=[specs[name] for name in SPARSE],
        title=title,
        seed=seed,
    )
    capacity_of(header.fields, {name: arrays[name] for name in SPARSE})
    return header


def to_json(header: Header) -> bytes:
    """The header as JSON, with the names and colours that a reader in another language needs."""
    names = ("Material", "Move", "Style", "Skill", "Cause", "Outcome")
    enums = {n.lower(): [m.name.lower() for m in getattr(constants, n)] for n in names}
    document = {
        "jaxmmo": __version__,
        "behaviour": BEHAVIOUR_VERSION,
        "title": header.title,
        "seed": header.seed,
        "config": dataclasses.asdict(header.config),
        "rules": {
            name: {"dtype": value.dtype.name, "values": value.tolist()}
            for name, value in header.rules.items()
        },
        "fields": [[f.name, list(f.shape), f.dtype] for f in header.fields],
        "arrays": [[f.name, list(f.shape), f.dtype] for f in header.arrays],
        "enums": enums,
        "palette": {
            "terrain": list(colors.TERRAIN.values()),
            "populations": colors.population_colors(header.config.num_populations),
            "bars": [colors.HEALTH, colors.FOOD, colors.WATER],
        },
    }
    return compact_json(document).encode()


def compact_json(document: object) -> str:
    """JSON without spaces."""
    return json.dumps(document, separators=(",", ":"))


def from_json(data: bytes) -> Header:
    """Undoes `to_json`; ValueError, saying what is wrong, for anything else."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the header is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("the header is not a JSON object")
    try:
        config = EnvConfig(**document["config"])
        header = Header(
            config=config,
            rules=_rules(document["rules"]),
            fields=[_field(entry, config) for entry in document["fields"]],
            arrays=[_field(entry, config) for entry in document["arrays"]],
            title=str(document["title"]),
            seed=int(document["seed"]),
        )
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"the header is incomplete or wrong: {error!r}") from error
    _check_names(header)
    return header


def _rules(entries: dict[str, Any]) -> dict[str, np.ndarray]:
    expected = set(Rules.__dataclass_fields__)
    if set(entries) != expected:
        raise ValueError(f"the header's rules are not this version's: {set(entries) ^ expected}")
    rules = {}
    for name, entry in entries.items():
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"rule {name} of dtype {entry['dtype']!r}: must be one of {DTYPES}")
        rules[name] = np.array(entry["values"], entry["dtype"])
    return rules


def _field(entry: list[Any], config: EnvConfig) -> Field:
    name, shape, dtype = entry
    shape = tuple(shape)
    if not isinstance(name, str) or dtype not in DTYPES:
        raise ValueError(f"field {name!r} of dtype {dtype!r}: must be one of {DTYPES}")
    if not all(type(side) is int and 0 < side <= 2**24 for side in shape) or len(shape) > 2:
        raise ValueError(f"field {name} of shape {shape}: not a shape")
    grid = (config.height, config.width)
    if shape and shape[0] != config.capacity and shape != grid:
        raise ValueError(f"field {name} of shape {shape}: neither slots nor the map {grid}")
    return Field(name, shape, dtype)


def _check_names(header: Header) -> None:
    names = [field.name for field in header.fields]
    plain = tuple(n for n in names if not n.startswith("policy."))
    policy = {n.removeprefix("policy.") for n in names if n.startswith("policy.")}
    if plain != STATE_NAMES + EVENT_NAMES or not policy <= set(POLICY):
        odd = sorted(set(plain) ^ set(STATE_NAMES + EVENT_NAMES)) + sorted(policy - set(POLICY))
        raise ValueError(f"the fields are not those of this version: {odd or 'another order'}")
    if tuple(field.name for field in header.arrays) != SPARSE or len(names) != len(set(names)):
        raise ValueError(f"the sparse arrays are not those of this version: {header.arrays}")
    shapes = {field.name: field.shape for field in header.arrays}
    grid = (header.config.height, header.config.width)
    if shapes["terrain.tile"] != grid or shapes["terrain.ripe_at"] != grid:
        raise ValueError(f"the terrain's arrays are not of the map's shape {grid}")
