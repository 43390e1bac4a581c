"""The whole way of an idea, from Python: train, evaluate, watch, record.

The commands of the same names are thin shells over these functions. What they take as environment,
policy and rules may be an object, or a name: of a preset, a run's directory, or `FILE.py:NAME`.
"""

from jaxmmo.workflow.evaluating import Evaluation, evaluate
from jaxmmo.workflow.recording import record
from jaxmmo.workflow.tournaments import Tournament, tournament
from jaxmmo.workflow.training import Run, train
from jaxmmo.workflow.watching import Watching, watch

__all__ = [
    "Evaluation",
    "Run",
    "Tournament",
    "Watching",
    "evaluate",
    "record",
    "tournament",
    "train",
    "watch",
]
