"""The game: a world of agents that forage, fight, level up and die, as pure functions."""
