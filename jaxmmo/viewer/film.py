"""Images and films of frames, written without a browser; Pillow and ffmpeg are found late."""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from jaxmmo.replay import colors

CLEAR = 255
"""Index of the GIF palette that means: as in the frame before."""

EXTRA = "pip install 'jaxmmo[viewer]'"


def needs(module: str) -> ModuleType:
    """Imports an optional module; ModuleNotFoundError naming the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        name = "pillow" if module.startswith("PIL") else module
        raise ModuleNotFoundError(f"{name} is needed: {EXTRA}") from error


class Film(Protocol):
    """Something that takes pictures one after another."""

    def add(self, picture: np.ndarray) -> None:
        """Takes the next picture, u8[height, width, 3]."""
        ...

    def close(self) -> None:
        """Finishes the file."""
        ...


class Gif:
    """A GIF that repeats; all frames share the palette of the first."""

    def __init__(self, path: Path, pace: float):
        self._image = needs("PIL.Image")
        self._path, self._milliseconds = path, max(20, round(1000 / pace))
        self._palette: Any = None
        self._frames: list[Any] = []
        self._last: np.ndarray | None = None

    def add(self, picture: np.ndarray) -> None:
        """Takes the next picture, u8[height, width, 3]."""
        image = self._image.fromarray(picture)
        if self._palette is None:
            self._palette = self._choose(image)
        # not dithered, what stands still stays the same; written as transparent, it takes no room
        coded = image.quantize(palette=self._palette, dither=self._image.Dither.NONE)
        index = np.asarray(coded)
        if self._last is not None:
            still = np.where(index == self._last, np.uint8(CLEAR), index)
            coded = self._image.fromarray(still)
            coded.putpalette(self._palette.getpalette())
        self._last = index
        self._frames.append(coded)

    def _choose(self, image: Any) -> Any:
        """A palette that has every population's and bar's own colour, and the picture's shades."""
        bars = [colors.HEALTH, colors.FOOD, colors.WATER]
        own = [int(v) for c in [*colors.POPULATIONS, *bars] for v in colors.rgb(c)]
        shades = image.quantize(CLEAR - len(own) // 3, method=self._image.Quantize.MEDIANCUT)
        palette = self._image.new("P", (1, 1))
        palette.putpalette((own + shades.getpalette())[: 3 * CLEAR])
        return palette

    def close(self) -> None:
        """Writes the file."""
        self._frames[0].save(
            self._path,
            format="GIF",
            save_all=True,
            append_images=self._frames[1:],
            duration=self._milliseconds,
            loop=0,
            optimize=False,
            transparency=CLEAR,
            disposal=1,
        )


class Mp4:
    """An H.264 film; sides are cut to even numbers, as players want them."""

    def __init__(self, path: Path, pace: float):
        self._program = needs("imageio_ffmpeg").get_ffmpeg_exe()
        self._path, self._pace = path, pace
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, picture: np.ndarray) -> None:
        """Takes the next picture, u8[height, width, 3]."""
        height, width = (side - side % 2 for side in picture.shape[:2])
        if self._process is None:
            self._process = self._start(height, width)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(np.ascontiguousarray(picture[:height, :width]).tobytes())
        except BrokenPipeError:  # it ended; on a full disk, for example
            self.close()
            raise

    def close(self) -> None:
        """Finishes the file; ValueError with ffmpeg's words if it failed."""
        process, self._process = self._process, None
        if process is None:
            return
        _, words = process.communicate()
        if process.returncode:
            raise ValueError(f"ffmpeg failed: {words.decode(errors='replace').strip()[-300:]}")

    def _start(self, height: int, width: int) -> subprocess.Popen[bytes]:
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        coded = ["-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
        sink = ["-r", str(self._pace), "-i", "-", *coded, str(self._path)]
        return subprocess.Popen(
            [self._program, "-v", "error", "-y", *raw, *sink],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )


class Png:
    """The last picture."""

    def __init__(self, path: Path, pace: float):
        del pace
        self._image = needs("PIL.Image")
        self._path = path
        self._last: np.ndarray | None = None

    def add(self, picture: np.ndarray) -> None:
        """Takes the next picture, u8[height, width, 3]; the ones before are forgotten."""
        self._last = picture

    def close(self) -> None:
        """Writes the file."""
        self._image.fromarray(self._last).save(self._path, format="PNG", optimize=True)


FILMS = {".gif": Gif, ".mp4": Mp4, ".png": Png}
