"""What a recording says of itself: its configuration, rules, world and arrays."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import jax
import numpy as np

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.environment import Environment
from jaxmmo.env.registry import config_of
from jaxmmo.env.rules import Rules
from jaxmmo.replay import describe as describing
from jaxmmo.replay.blocks import capacity_of
from jaxmmo.replay.frames import Field, Frame, flatten, is_sparse, named_leaves, stored_name
from jaxmmo.version import BEHAVIOUR_VERSION, __version__

DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "int32", "uint32", "float32")
MAX_HEADER = 1 << 20
MAX_AXES = 4
NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Header:
    """Everything that holds for all frames of a recording.

    Attributes:
      config: of the environment.
      rules: by name, as numpy arrays.
      fields: dense arrays, in the order in which they are kept.
      arrays: sparse arrays, likewise.
      title: for people: who plays.
      seed: of the run.
      world: the description of the game, see `describe`.
    """

    config: EnvConfig
    rules: dict[str, np.ndarray]
    fields: list[Field]
    arrays: list[Field]
    title: str
    seed: int
    world: dict[str, Any]

    @property
    def has_policy(self) -> bool:
        """Whether what the policy answered is kept."""
        return any(field.name.startswith("policy.") for field in self.fields)

    def base(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The sparse ones among a frame's arrays."""
        return {field.name: arrays[field.name] for field in self.arrays}


def describe(env: Environment, rules: Rules, frame: Frame, title: str, seed: int) -> Header:
    """The header for recordings that begin with a frame.

    Raises:
      ValueError: for an array that the format has no room for, by its name.
    """
    grid = (env.config.height, env.config.width)
    arrays = flatten(frame)
    specs = [Field(name, value.shape, value.dtype.name) for name, value in arrays.items()]
    for spec in specs:
        _check(spec)
    rules = jax.device_get(rules)
    header = Header(
        config=env.config,
        rules={k: np.asarray(v) for k, v in named_leaves(rules).items()},
        fields=[spec for spec in specs if not is_sparse(spec.name, spec.shape, grid)],
        arrays=[spec for spec in specs if is_sparse(spec.name, spec.shape, grid)],
        title=title,
        seed=seed,
        world=describing.world(env, rules, specs, grid),
    )
    capacity_of(header.fields, header.base(arrays))
    return header


def to_json(header: Header) -> bytes:
    """The header as JSON, with all that a reader in another language needs."""
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
        "world": header.world,
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
        fields = [_field(entry) for entry in document["fields"]]
        arrays = [_field(entry) for entry in document["arrays"]]
        world = document.get("world") or describing.of_version_1(document, fields)
        header = Header(
            config=config_of(document["config"]),
            rules=_rules(document["rules"]),
            fields=fields,
            arrays=arrays,
            title=str(document["title"]),
            seed=int(document["seed"]),
            world=world,
        )
        _check_names(header)
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"the header is incomplete or wrong: {error!r}") from error
    return header


def _rules(entries: dict[str, Any]) -> dict[str, np.ndarray]:
    rules = {}
    for name, entry in entries.items():
        if not NAME.fullmatch(name) or entry["dtype"] not in DTYPES:
            raise ValueError(f"rule {name!r} of dtype {entry['dtype']!r}: one of {DTYPES}")
        rules[name] = np.array(entry["values"], entry["dtype"])
    return rules


def _field(entry: list[Any]) -> Field:
    name, shape, dtype = entry
    if not isinstance(name, str):
        raise ValueError(f"field {name!r}: a name is a text")
    field = Field(stored_name(name), tuple(shape), dtype)
    _check(field)
    return field


def _check(field: Field) -> None:
    name, shape, dtype = field
    if not NAME.fullmatch(name) or dtype not in DTYPES:
        raise ValueError(f"field {name!r} of dtype {dtype!r}: must be one of {DTYPES}")
    sides = all(type(side) is int and 0 < side <= 2**24 for side in shape)
    if not sides or len(shape) > MAX_AXES:
        raise ValueError(f"field {name} of shape {shape}: at most {MAX_AXES} axes of 1 or more")


def _check_names(header: Header) -> None:
    """ValueError unless the arrays make a tree, with the map and the tick where they belong."""
    names = [field.name for field in header.fields + header.arrays]
    folders = {name[:at] for name in names for at in range(len(name)) if name[at] == "."}
    twice = {name for name in names if names.count(name) > 1} | (folders & set(names))
    if twice:
        raise ValueError(f"arrays of the same name: {sorted(twice)}")
    shapes = {field.name: field.shape for field in header.fields + header.arrays}
    if shapes.get("tick") != ():
        raise ValueError("the recording lacks the tick, a single number")
    world, config = header.world, header.config
    tile, bodies = world["tile"], world["bodies"]
    grid = (config.height, config.width)
    for path in (tile["path"], tile["ripe_at"]):
        if path is not None and shapes.get(path) != grid:
            raise ValueError(f"{path} is not of the map's shape {grid}: {shapes.get(path)}")
    rows = shapes.get(f"{bodies}.alive", ())
    for name in ("alive", "id", "row", "col"):
        shape = shapes.get(f"{bodies}.{name}", ())
        if len(shape) != 1 or shape != rows or rows[0] < config.capacity:
            raise ValueError(f"{bodies}.{name} of shape {shape}: a number for each body")
    if bodies != "bodies" or world["players"] != config.capacity:
        raise ValueError(f"the bodies are {bodies!r}, {world['players']!r} of them players")
