"""A world that runs in its own thread, and the viewers that look at it.

The simulation never waits for a viewer: every viewer has a short queue from which the oldest frames
fall out when it is slow.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque

from jaxmmo.replay import blocks, header
from jaxmmo.replay.frames import Frame, flatten
from jaxmmo.replay.replay import chunk, prologue
from jaxmmo.viewer.world import World

SPEEDS = (0.1, 240.0)
"""Ticks a second that may be asked for."""

QUEUE = 8
"""Frames that wait for a slow viewer; older ones are dropped."""

ANNOUNCE_SECONDS = 0.02
"""Between two messages about the status; who clicks like mad must not slow the others down."""

TAPE, TAPE_BYTES = 500, 64 << 20
"""Ticks, and bytes of them, that are kept for pages that want to see how it came to this."""


def error_text(message: str) -> str:
    """What tells a viewer that something went wrong."""
    return header.compact_json({"type": "error", "message": message})


class Viewer:
    """One connection's queue of bytes and texts; used on the server's event loop only."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, bytes | str]] = deque()
        self._ready = asyncio.Event()
        self.dropped = 0

    def put(self, message: bytes | str, kind: str) -> None:
        """Adds a message; while too many of its kind wait, the oldest of them is dropped."""
        self._waiting.append((kind, message))
        waiting = [item for item in self._waiting if item[0] == kind]
        if len(waiting) > QUEUE:
            self._waiting.remove(waiting[0])
            self.dropped += 1
        self._ready.set()

    async def get(self) -> bytes | str:
        """The next message, waited for."""
        while not self._waiting:
            self._ready.clear()
            await self._ready.wait()
        return self._waiting.popleft()[1]


class Simulation:
    """Plays a world at the pace that viewers ask for.

    Attributes:
      prologue: bytes that begin every viewer's stream.
      paused: whether time stands still.
      speed: ticks a second.
      error: what ended the simulation, if anything did.
    """

    def __init__(self, world: World, title: str, seed: int, speed: float = 5.0):
        """Begins paused at the world's present frame; `start` lets it run."""
        self._world = world
        head = header.describe(world.env, world.rules, world.frame, title, seed)
        arrays = flatten(world.frame)
        self._fields = head.fields
        self._base = head.base(arrays)
        self.prologue = prologue(head, self._base)
        self.paused, self.speed, self.error = False, speed, ""
        self._steps = 0
        self._latest = self._encode(world.frame)
        self._tape: deque[bytes] = deque([self._latest], maxlen=TAPE)
        self._viewers: set[Viewer] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._announcement: asyncio.TimerHandle | None = None
        self._announced = 0.0
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="simulation", daemon=True)

    @property
    def tick(self) -> int:
        """Ticks completed."""
        return self._world.frame.tick

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to play; frames are handed to viewers on `loop`."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def join(self, viewer: Viewer) -> None:
        """Adds a viewer, which is sent the prologue, the present frame and the status."""
        self._viewers.add(viewer)
        viewer.put(self.prologue, "prologue")
        viewer.put(self._latest, "frame")
        self.announce()

    def recent(self) -> bytes:
        """The blocks of the latest ticks, one after another; call on the server's event loop."""
        return b"".join(self._tape)

    def leave(self, viewer: Viewer) -> None:
        """Forgets a viewer."""
        self._viewers.discard(viewer)
        self.announce()

    def announce(self) -> None:
        """Tells every viewer the status, soon: many changes in a moment are told once."""
        if self._loop is None or self._loop.is_closed():
            return
        if self._announcement is None:
            wait = max(0.0, self._announced + ANNOUNCE_SECONDS - self._loop.time())
            self._announcement = self._loop.call_later(wait, self._tell)

    def _tell(self) -> None:
        self._announcement = None
        self._announced = asyncio.get_running_loop().time()
        status = {
            "type": "status",
            "paused": self.paused,
            "speed": self.speed,
            "viewers": len(self._viewers),
            "tick": self.tick,
        }
        text = header.compact_json(status)
        for viewer in self._viewers:
            viewer.put(text, "status")
            if self.error:
                viewer.put(error_text(self.error), "error")

    def control(self, message: object) -> None:
        """Does what a viewer asks: play, pause, step, speed.

        Raises:
          ValueError: for anything else, saying what is allowed.
        """
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in ("play", "pause", "step", "speed") or not isinstance(message, dict):
            raise ValueError("a message needs a type: play, pause, step or speed")
        if kind == "speed":
            speed = message.get("ticks_per_second")
            low, high = SPEEDS
            if isinstance(speed, bool) or not isinstance(speed, int | float):
                raise ValueError(f"ticks_per_second must be a number in [{low}, {high}]")
            if not low <= speed <= high:
                raise ValueError(f"ticks_per_second={speed}: must be in [{low}, {high}]")
        with self._wake:
            if kind == "speed":
                self.speed = message["ticks_per_second"]
            else:
                self.paused = kind != "play"
                self._steps = min(self._steps + 1, 64) if kind == "step" else 0
            self._wake.notify()
        self.announce()

    def _encode(self, frame: Frame) -> bytes:
        data, size = blocks.encode([flatten(frame)], self._fields, self._base, level=1)
        return chunk(b"BLCK", data, size, 1)

    def _run(self) -> None:
        due = time.monotonic()
        while self._wait(due):
            due = max(due + 1 / self.speed, time.monotonic() - 0.1)
            try:
                message = self._encode(self._world.step())
            except Exception as error:  # whatever a policy may raise ends the world, not the server
                self.error = f"the world stopped: {error}"
                self._post(None)
                return
            self._post(message)

    def _wait(self, due: float) -> bool:
        """Waits until the next tick is due; False when the world is to end."""
        with self._wake:
            while not self._stopped:
                if self._steps:
                    self._steps -= 1
                    return True
                left = None if self.paused else due - time.monotonic()
                if left is not None and left <= 0:
                    return True
                self._wake.wait(left)
        return False

    def _post(self, message: bytes | None) -> None:
        def deliver() -> None:
            if message is None:
                self.announce()
                return
            self._latest = message
            self._tape.append(message)
            while len(self._tape) > 1 and len(self._tape) * len(message) > TAPE_BYTES:
                self._tape.popleft()
            for viewer in self._viewers:
                viewer.put(message, "frame")

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(deliver)
