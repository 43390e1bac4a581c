"""Seeing the world: images, films, replays, and a 3D client in the browser."""

from jaxmmo.viewer.frames import Frame
from jaxmmo.viewer.render import render
from jaxmmo.viewer.replay import Replay, ReplayWriter
from jaxmmo.viewer.widget import Widget
from jaxmmo.viewer.worlds import World

__all__ = ["Frame", "Replay", "ReplayWriter", "Widget", "World", "render"]
