"""Seeing the world: images, films, replays, and a 3D client in the browser."""
