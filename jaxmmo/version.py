"""The versions of the package and of the game, for whoever needs them without the rest."""

__version__ = "0.2.0"

BEHAVIOUR_VERSION = 1
"""Changes only when the game's behaviour does."""
