from __future__ import annotations

import contextlib
import json
import socket
import time
from email.message import Message
from http.client import HTTPConnection
from typing import Any, cast

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from jaxmmo.replay import blocks
from jaxmmo.viewer import World, server
from jaxmmo.viewer import serving as serving_limits
from jaxmmo.viewer.live import QUEUE, TAPE, Simulation, Viewer
from jaxmmo.viewer.server import Guard, create_app
from tests.viewer.conftest import Recording, Reel, serving


def simulation(recording: Recording, speed: float = 50.0, paused: bool = False) -> Simulation:
    made = Simulation(cast(World, Reel(recording)), "a reel", 0, speed)
    made.paused = paused
    return made


class Web:
    """A server on a port of its own, as its clients see it."""

    def __init__(self, port: int):
        self.port = port

    def get(self, path: str, host: str = "127.0.0.1") -> tuple[int, bytes, Message]:
        """(status, body, headers) of a request, its path sent as it is."""
        link = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.putrequest("GET", path, skip_host=True)
            link.putheader("Host", host)
            link.endheaders()
            answer = link.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            link.close()

    def live(self, query: str = "", origin: str | None = None) -> ClientConnection:
        """A websocket to the live world."""
        address = f"ws://127.0.0.1:{self.port}/live{query}"
        return connect(address, origin=cast(Origin, origin) if origin else None)


@contextlib.contextmanager
def web(recording: Recording, host: str = "127.0.0.1", token: str = "", **kind: Any):
    kind = kind or {"replay": recording.data}
    with serving(create_app(guard=Guard(host, token), **kind)) as port:
        yield Web(port)


def refusal(link: ClientConnection) -> str:
    """Why the server closed a connection it accepted."""
    with pytest.raises(ConnectionClosed) as closed:
        link.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    return closed.value.rcvd.reason


def frame_of(recording: Recording, message: bytes) -> dict[str, Any]:
    """The arrays of the one frame in a live message, its base being the recording's first."""
    from jaxmmo.replay import header
    from jaxmmo.replay.frames import flatten
    from jaxmmo.viewer import Replay

    first = recording.frames[0]
    head = header.describe(recording.env, recording.rules, first, "", 0)
    base = head.base(flatten(first))
    assert Replay(recording.data).header.fields == head.fields
    size = int.from_bytes(message[12:16], "little")
    return blocks.decode(message[20:], size, 1, head.fields, base)[0]


def next_status(link: ClientConnection, **expected: Any) -> dict[str, Any]:
    """The next status with these values; frames and other texts are passed over."""
    for _ in range(500):
        message = link.recv(timeout=10)
        if isinstance(message, str):
            status = json.loads(message)
            if expected.items() <= status.items():
                return status
    raise AssertionError(f"no message with {expected}")


def next_tick(recording: Recording, link: ClientConnection) -> int:
    while True:
        message = link.recv(timeout=10)
        if isinstance(message, bytes) and message[:4] == b"BLCK":
            return int(frame_of(recording, message)["tick"])


def test_the_page_and_its_parts_are_served(tiny: Recording):
    with web(tiny) as site:
        status, _, headers = site.get("/")
        assert status == 200
        assert "frame-ancestors" in headers["content-security-policy"]
        for name in ("viewer.js", "viewer.css", "index.html"):
            assert site.get(f"/{name}")[0] == 200
        assert json.loads(site.get("/mode")[1]) == {"mode": "replay"}
        assert site.get("/replay.jmmo")[1] == tiny.data


def test_a_live_world_tells_what_came_before(tiny: Recording):
    made = simulation(tiny, speed=100)
    with web(tiny, simulation=made) as site:
        with site.live() as link:
            while next_tick(tiny, link) < 12:
                pass
        blocks_ = site.get("/recent")[1]
        ticks, at = [], 0
        while at < len(blocks_):
            length = int.from_bytes(blocks_[at + 8 : at + 12], "little")
            message = blocks_[at : at + 20 + length]
            ticks.append(int(frame_of(tiny, message)["tick"]))
            at += len(message)
        assert 12 < len(ticks) <= TAPE
        following = [(tick + 1) % len(tiny.frames) for tick in ticks[:-1]]
        assert ticks[1:] == following
        assert site.get("/recent", host="evil.example")[0] == 403


def test_the_build_is_small_enough():
    from importlib import resources

    static = resources.files("jaxmmo.viewer") / "static"
    assert sum(len((static / name).read_bytes()) for name in server.FILES) < 1_000_000


PATHS = [
    "/../server.py",
    "/..%2fserver.py",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/../../../../etc/passwd",
    "/..\\..\\pyproject.toml",
    "/static/index.html",
    "/etc/passwd",
    "//etc/passwd",
    "file:///etc/passwd",
    "/replay.jmmo/../../x",
    "/viewer.js%00.css",
    "/other.jmmo",
]


def test_nothing_else_is_served(tiny: Recording):
    with web(tiny) as site:
        for path in PATHS:
            assert site.get(path)[0] in (400, 404), path


def test_a_live_server_has_no_replay_and_the_other_way_round(tiny: Recording):
    with web(tiny, simulation=simulation(tiny, paused=True)) as site:
        assert json.loads(site.get("/mode")[1]) == {"mode": "live"}
        assert site.get("/replay.jmmo")[0] == 404
    with web(tiny) as site, pytest.raises(InvalidStatus):
        site.live()
    with pytest.raises(ValueError, match="either a simulation or a replay"):
        create_app(guard=Guard("127.0.0.1", ""))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_no_token_is_needed_on_this_machine(host: str):
    assert server.make_token(host) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.org", ""])
def test_elsewhere_a_token_is_made(host: str):
    assert len(server.make_token(host)) >= 16
    assert server.make_token(host) != server.make_token(host)


def test_without_the_token_nothing_is_told(tiny: Recording):
    token = server.make_token("0.0.0.0")
    with web(tiny, "0.0.0.0", token) as site:
        for given in ("", "?token=", "?token=guess", f"?token={token}x", "?token=%ff"):
            assert site.get(f"/replay.jmmo{given}")[0] == 403
        assert site.get(f"/replay.jmmo?token={token}")[1] == tiny.data
    world = simulation(tiny, paused=True)
    with web(tiny, "0.0.0.0", token, simulation=world) as site:
        with site.live() as link:
            assert "token" in refusal(link)
        with site.live(f"?token={token}") as link:
            assert link.recv(timeout=10)[:4] == b"JMMO"


def test_other_names_for_this_machine_are_refused(tiny: Recording):
    with web(tiny) as site:
        status, text, _ = site.get("/replay.jmmo", host="evil.example:8600")
        assert (status, b"evil.example" in text) == (403, True)
        for name in ("localhost:1", "127.0.0.1", "[::1]:8600"):
            assert site.get("/replay.jmmo", host=name)[0] == 200


def test_pages_of_others_are_refused(tiny: Recording):
    with web(tiny, simulation=simulation(tiny, paused=True)) as site:
        for origin in ("http://evil.example", f"http://localhost:{site.port}", "null"):
            with site.live(origin=origin) as link:
                assert "may not look" in refusal(link)
        with site.live(origin=f"http://127.0.0.1:{site.port}") as link:
            assert link.recv(timeout=10)[:4] == b"JMMO"


def test_a_live_world_pauses_steps_and_goes_on(tiny: Recording):
    with web(tiny, simulation=simulation(tiny, paused=True)) as site, site.live() as link:
        assert next_tick(tiny, link) == 0
        for tick in (1, 2, 3):
            link.send('{"type": "step"}')
            assert next_tick(tiny, link) == tick
        link.send('{"type": "speed", "ticks_per_second": 100}')
        next_status(link, speed=100, paused=True)
        link.send('{"type": "play"}')
        assert [next_tick(tiny, link) for _ in range(3)] == [4, 5, 6]
        link.send('{"type": "pause"}')
        tick = next_status(link, paused=True)["tick"]
        time.sleep(0.2)
        link.send('{"type": "pause"}')
        assert next_status(link, paused=True)["tick"] <= tick + 1


def test_live_frames_are_the_world(tiny: Recording):
    import numpy as np

    from jaxmmo.replay.frames import flatten

    with web(tiny, simulation=simulation(tiny, paused=True)) as site, site.live() as link:
        for index in range(5):
            message = b""
            while message[:4] != b"BLCK":
                received = link.recv(timeout=10)
                message = received if isinstance(received, bytes) else b""
            arrays = frame_of(tiny, message)
            for name, value in flatten(tiny.frames[index]).items():
                np.testing.assert_array_equal(arrays[name], value, name)
            link.send('{"type": "step"}')


MALFORMED = [
    "",
    "{",
    "null",
    "[]",
    '"pause"',
    "[" * 2000,
    '{"type": 3}',
    '{"type": "explode"}',
    '{"type": "speed"}',
    '{"type": "speed", "ticks_per_second": "fast"}',
    '{"type": "speed", "ticks_per_second": true}',
    '{"type": "speed", "ticks_per_second": 0}',
    '{"type": "speed", "ticks_per_second": -1}',
    '{"type": "speed", "ticks_per_second": 1e9}',
    '{"type": "speed", "ticks_per_second": NaN}',
    "\x00\x01",
    b"\xff\xfe",
    b"",
]


def test_malformed_messages_are_answered_and_survived(tiny: Recording):
    with web(tiny, simulation=simulation(tiny, paused=True)) as site, site.live() as link:
        for message in MALFORMED:
            link.send(message)
            assert next_status(link, type="error")["message"], message
        link.send('{"type": "speed", "ticks_per_second": 7}')
        next_status(link, speed=7)


def test_an_oversized_message_ends_only_its_sender(tiny: Recording):
    with web(tiny, simulation=simulation(tiny)) as site, site.live() as other:
        with site.live() as link:
            link.send("x" * (serving_limits.MAX_MESSAGE + 1))
            with pytest.raises(ConnectionClosed):
                while True:
                    link.recv(timeout=10)
        first = next_tick(tiny, other)
        assert next_tick(tiny, other) != first


def test_viewers_that_vanish_or_sleep_stall_nobody(tiny: Recording):
    """One viewer never reads, one cuts its line: the world and a third viewer go on."""
    world = simulation(tiny, speed=200)
    with web(tiny, simulation=world) as site, site.live() as watching:
        sleeper = socket.create_connection(("127.0.0.1", site.port))
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = (
            "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        sleeper.sendall(request.encode())
        vanishing = socket.create_connection(("127.0.0.1", site.port))
        vanishing.sendall(request.encode())
        next_status(watching, viewers=3)
        vanishing.close()
        next_status(watching, viewers=2)
        began = time.monotonic()
        frames = 0
        while frames < 400:
            frames += isinstance(watching.recv(timeout=10), bytes)
        assert time.monotonic() - began < 20
        sleeper.close()


def test_a_slow_viewer_loses_old_frames_and_keeps_the_beginning():
    viewer = Viewer()
    viewer.put(b"prologue", "prologue")
    for number in range(100):
        viewer.put(bytes([number]), "frame")
        viewer.put(f"{number}", "status")
    waiting = [message for _, message in viewer._waiting]
    assert waiting[0] == b"prologue"
    assert [m for m in waiting if isinstance(m, bytes)][1:] == [
        bytes([n]) for n in range(100 - QUEUE, 100)
    ]
    assert [m for m in waiting if isinstance(m, str)] == [str(n) for n in range(100 - QUEUE, 100)]


def test_a_world_that_breaks_is_reported_and_the_server_goes_on(tiny: Recording):
    world = Reel(tiny)

    def broken() -> Any:
        raise RuntimeError("the policy gave up")

    world.step = broken
    with web(tiny, simulation=Simulation(cast(World, world), "", 0, 50)) as site:
        for _ in range(2):
            with site.live() as link:
                assert "gave up" in next_status(link, type="error")["message"]
