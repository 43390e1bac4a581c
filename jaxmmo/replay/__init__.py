"""Recordings: frames of a world, and the versioned file that holds them."""

from jaxmmo.replay.frames import Frame
from jaxmmo.replay.replay import Replay, ReplayWriter

__all__ = ["Frame", "Replay", "ReplayWriter"]
