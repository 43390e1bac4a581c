"""What is kept on disk: saved worlds and maps, written whole or not at all."""

from jaxmmo.files.saves import fork, load_state, save_state
from jaxmmo.files.tmx import load_tmx, save_tmx

__all__ = ["fork", "load_state", "load_tmx", "save_state", "save_tmx"]
