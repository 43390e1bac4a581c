"""What networks read and write: attribute specs, normalised inputs, flat decisions to actions."""

from jaxmmo.io.spec import Attribute, Head, Kind, Spec, Table
from jaxmmo.io.tmx import load_tmx, save_tmx

__all__ = ["Attribute", "Head", "Kind", "Spec", "Table", "load_tmx", "save_tmx"]
