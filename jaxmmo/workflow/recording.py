"""`jaxmmo.record`: a world as a replay, an image or a film."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxmmo.files.atomic import named
from jaxmmo.workflow.display import Bar
from jaxmmo.workflow.scene import RulesLike, players_of

if TYPE_CHECKING:
    from jaxmmo.replay.frames import Frame

KINDS = (".jmmo", ".gif", ".mp4", ".png")
REPLAY = ".jmmo"
DEFAULT_TICKS = 200


def record(
    player: Any,
    policy: Any = None,
    params: Any = None,
    *,
    output: str | Path,
    ticks: int | None = None,
    env: Any = None,
    rules: RulesLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    agents: int | None = None,
    seed: int = 0,
    warmup: int = 0,
    policy_outputs: bool = False,
    scale: int = 10,
    pace: float = 8.0,
    overwrite: bool = False,
    trust: bool = False,
    quiet: bool = False,
) -> Path:
    """Records a world, or makes pictures of a replay.

    Args:
      player: a run, its directory, the name of a policy, a replay (.jmmo); or an environment.
      policy: if an environment comes first: a policy, or the name of one.
      params: of the policy.
      output: file to write: .jmmo, .gif, .mp4, or .png (the last tick).
      ticks: to record; 200, or a whole replay, if omitted.
      env: another environment than the run's own, see `train`.
      rules: other rules, see `train`.
      overrides: `EnvConfig` fields, or arguments of the function that makes the environment.
      agents: placed at the start.
      seed: of the world and of every draw.
      warmup: ticks played unseen.
      policy_outputs: a replay keeps what the policy prefers, its value and its attention.
      scale: pixels a tile of pictures.
      pace: ticks a second of films.
      overwrite: replace the file if it exists.
      trust: execute code that a run's directory holds.
      quiet: show no progress.

    Returns:
      The file.

    Raises:
      ValueError: for what does not exist, does not fit, or is out of range.
      FileExistsError: if there is such a file and `overwrite` is not set.
    """
    output = Path(output)
    who, env = players_of(player, policy, params, env)
    source = str(who) if isinstance(who, str | Path) else ""
    _check(output, source, ticks, scale, pace, overwrite)
    bar = Bar("recording", "ticks", quiet=quiet)
    suffix = output.suffix.lower()

    def world() -> Any:
        from jaxmmo.workflow.live import live_world

        return live_world(
            who,
            env=env,
            rules=rules,
            overrides=overrides,
            agents=agents,
            seed=seed,
            warmup=warmup,
            outputs=policy_outputs and suffix == REPLAY,
            trust=trust,
            quiet=quiet,
        )

    with named(output, overwrite=overwrite) as part:
        if suffix == REPLAY:
            _write_replay(part, world(), seed, DEFAULT_TICKS if ticks is None else ticks, bar)
        else:
            total, frames, materials = _frames(source, ticks, world)
            _write_pictures(part, total, frames, materials, scale, pace, bar)
    return output


def _check(
    output: Path, source: str, ticks: int | None, scale: int, pace: float, overwrite: bool
) -> None:
    """Refuses what cannot be before anything is compiled."""
    suffix = output.suffix.lower()
    if suffix not in KINDS:
        raise ValueError(f"{output}: the name must end in one of {', '.join(KINDS)}")
    low = 0 if suffix == ".png" else 1
    if ticks is not None and ticks < low:
        raise ValueError(f"--ticks {ticks}: must be at least {low} for a {suffix} file")
    if not 0.1 <= pace <= 60:
        raise ValueError(f"--pace {pace}: must be in [0.1, 60] ticks a second")
    if suffix != REPLAY and not 2 <= scale <= 64:
        raise ValueError(f"--scale {scale}: must be in [2, 64] pixels a tile")
    if source.endswith(REPLAY):
        if not Path(source).is_file():
            raise FileNotFoundError(f"{source}: there is no such replay")
        if suffix == REPLAY:
            kinds = ", ".join(KINDS[1:])
            raise ValueError(f"{source} is a replay already: record it as {kinds}")
    if output.exists() and not overwrite:
        raise FileExistsError(f"{output} exists: choose another name, or add --overwrite")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"{output.parent} is not a folder")


def _write_replay(path: Path, world: Any, seed: int, ticks: int, bar: Bar) -> None:
    from jaxmmo.replay.replay import ReplayWriter

    with (
        path.open("r+b") as file,
        ReplayWriter(file, world.env, world.rules, world.title, seed) as writer,
    ):
        writer.append(world.frame)
        for tick in range(ticks):
            writer.append(world.step())
            bar(tick + 1, ticks)


def _write_pictures(
    path: Path,
    total: int,
    frames: Iterator[Frame],
    materials: list[dict[str, Any]],
    scale: int,
    pace: float,
    bar: Bar,
) -> None:
    from jaxmmo.viewer.film import FILMS
    from jaxmmo.viewer.render import render

    suffix = path.suffix.lower()
    film = FILMS[suffix](path, pace)
    with contextlib.closing(film):
        for index, frame in enumerate(frames):
            if suffix != ".png" or index == total - 1:
                film.add(render(frame.state, frame.events, scale=scale, materials=materials))
            bar(index, total - 1)


def _frames(
    source: str, ticks: int | None, world: Any
) -> tuple[int, Iterator[Frame], list[dict[str, Any]]]:
    """How many frames there are, the frames, and what the materials in them are."""
    if source.endswith(REPLAY):
        from jaxmmo.replay.replay import Replay

        replay = Replay.load(source)
        total = len(replay) if ticks is None else min(len(replay), ticks + 1)
        return total, (replay[i] for i in range(total)), replay.header.world["materials"]
    count = DEFAULT_TICKS if ticks is None else ticks
    live = world()

    def play() -> Iterator[Frame]:
        yield live.frame
        for _ in range(count):
            yield live.step()

    from jaxmmo.replay.materials import describe

    return count + 1, play(), describe(live.env.preset.materials)
