"""Runs: directories with a configuration, checkpoints, logs and pictures; policies by name."""
