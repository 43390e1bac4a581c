"""What networks read and write: attribute specs, normalised inputs, flat decisions to actions."""

from jaxmmo.io.spec import Attribute, Head, Kind, Spec, Table

__all__ = ["Attribute", "Head", "Kind", "Spec", "Table"]
