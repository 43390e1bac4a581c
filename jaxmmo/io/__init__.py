"""What networks read and write, in any framework: inputs, dense arrays, decisions, bytes."""

from jaxmmo.io.arrays import (
    Packed,
    columns,
    decisions_of,
    dense,
    flat_columns,
    flatten,
    living,
    outputs,
    packed,
)
from jaxmmo.io.bytes import client_of, from_bytes, to_bytes
from jaxmmo.spec import Attribute, Head, Kind, Spec, Table

__all__ = [
    "Attribute",
    "Head",
    "Kind",
    "Packed",
    "Spec",
    "Table",
    "client_of",
    "columns",
    "decisions_of",
    "dense",
    "flat_columns",
    "flatten",
    "from_bytes",
    "living",
    "outputs",
    "packed",
    "to_bytes",
]
