"""Seeing the world: images, films, replays, and a 3D client in the browser."""

from jaxmmo.replay.frames import Frame
from jaxmmo.replay.replay import Replay, ReplayWriter
from jaxmmo.viewer.render import render
from jaxmmo.viewer.widget import Widget
from jaxmmo.viewer.world import World

__all__ = ["Frame", "Replay", "ReplayWriter", "Widget", "World", "render"]
