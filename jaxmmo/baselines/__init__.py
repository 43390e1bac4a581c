"""Trained policies that ship: see docs/baselines.md for the commands that made them."""
