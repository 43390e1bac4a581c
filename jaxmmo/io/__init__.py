"""What networks read and write: normalised inputs, and flat decisions made into actions."""

from jaxmmo.spec import Attribute, Head, Kind, Spec, Table

__all__ = ["Attribute", "Head", "Kind", "Spec", "Table"]
