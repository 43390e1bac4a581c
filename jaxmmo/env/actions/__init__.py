"""The heads of an action, one a file: what may be chosen, what is legal, what it comes to."""

from jaxmmo.env.actions.decoding import Action
from jaxmmo.env.actions.head import ActionHead
from jaxmmo.env.actions.move import MOVE
from jaxmmo.env.actions.style import STYLE
from jaxmmo.env.actions.target import TARGET

HEADS = (MOVE, STYLE, TARGET)
"""The heads of v1.3, in the order in which they are decided."""

__all__ = ["HEADS", "MOVE", "STYLE", "TARGET", "Action", "ActionHead"]
