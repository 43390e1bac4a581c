"""The systems of the game, one topic a file: pure functions of (config, rules, state, ...)."""
