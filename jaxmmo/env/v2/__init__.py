"""The second game: the rules of Neural MMO 2.1, a topic a file; `tick.py` is its table of contents.

Axis letters: P players, M NPC slots, B bodies (players first), I item rows, S the map's side.
"""
