"""The smallest run there is, as a command."""

from jaxmmo.cli.main import main

TINY = {
    "height": 32,
    "width": 32,
    "capacity": 8,
    "num_populations": 2,
    "worlds": 2,
    "ticks": 4,
    "minibatch": 16,
    "chunk": 8,
}
SETTINGS = [f"--set={name}={value}" for name, value in TINY.items()]


def command(directory, *extra: str) -> list[str]:
    """Arguments of `jaxmmo` that train there."""
    return ["train", "--output", str(directory), *SETTINGS, "--quiet", *extra]


def train(directory, *extra: str) -> int:
    """Trains there, in this process."""
    return main(command(directory, *extra))
