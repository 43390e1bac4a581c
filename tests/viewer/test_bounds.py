"""What one connection may cost the others: time, memory, an end that does not come."""

from __future__ import annotations

import contextlib
import logging
import re
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from jaxmmo.replay.replay import chunk
from jaxmmo.viewer import Replay, serving
from jaxmmo.viewer.server import MESSAGES_AT_ONCE, MESSAGES_PER_SECOND
from tests.campaigns.mutations import chunks
from tests.viewer.conftest import Recording
from tests.viewer.test_server import next_status, simulation, web

LARGE = bytes(40_000_000)
REQUEST = b"GET /replay.jmmo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
UPGRADE = (
    b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@contextlib.contextmanager
def link(port: int, sent: bytes = b"") -> Iterator[socket.socket]:
    """A connection whose other end takes little before it must wait."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", port))
        line.settimeout(20)
        line.sendall(sent)
        yield line


@contextlib.contextmanager
def viewer(port: int) -> Iterator[socket.socket]:
    """A connection that became a websocket."""
    with link(port, UPGRADE) as line:
        assert line.recv(12) == b"HTTP/1.1 101"
        yield line


def seconds_until_cut(line: socket.socket) -> float:
    """Reads what there is until the server ends the connection."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        while line.recv(1 << 16):
            pass
    return time.monotonic() - began


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Nothing is logged within the block, tracebacks of protocols above all."""
    told: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    handler = Listener()
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
    assert told == []


@pytest.mark.parametrize("host", ["[::1", "[", "[]:8600", "::1]:80", "a b", "\xe4", "127.0.0.1:x"])
def test_a_malformed_host_is_refused(tiny: Recording, host: str):
    with web(tiny) as site, silence():
        status = site.get("/replay.jmmo", host=host)[0]
        assert status in ((200,) if host.startswith("127") else (400, 403))
        assert site.get("/replay.jmmo/", host=host)[0] in (400, 404)
        assert site.get("/replay.jmmo")[0] == 200


def test_text_that_is_no_utf8_ends_only_its_sender_without_a_traceback(tiny: Recording):
    world = simulation(tiny, paused=True)
    with web(tiny, simulation=world) as site, site.live() as other, silence():
        with site.live() as bad:
            with bad.send_context():  # not while the connection reads in a thread of its own
                bad.protocol.send_text(b"\xff\xfe")
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    bad.recv(timeout=10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1007
        other.send('{"type": "speed", "ticks_per_second": 9}')
        next_status(other, speed=9)


@pytest.mark.parametrize("begin", [b"", b"GET /mode HTTP/1.1\r\nHost: 127"])
def test_a_request_that_does_not_come_is_not_awaited(tiny: Recording, begin: bytes, monkeypatch):
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.5)
    with web(tiny) as site, link(site.port, begin) as line:
        assert seconds_until_cut(line) < 10
        assert site.get("/mode")[0] == 200


def test_a_request_that_drips_is_not_awaited(tiny: Recording, monkeypatch):
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.5)
    with web(tiny) as site, link(site.port, b"GET /mode HTTP/1.1\r\nX: ") as line:
        began = time.monotonic()
        with pytest.raises(OSError, match=r"reset|pipe|Broken"):
            while time.monotonic() - began < 15:
                line.sendall(b"y")
                time.sleep(0.05)
        assert time.monotonic() - began < 10


def test_stalled_downloads_cost_no_memory_and_are_cut(tiny: Recording, monkeypatch):
    monkeypatch.setattr(serving, "SEND_SECONDS", 2.0)
    tracemalloc.start()
    try:
        with web(tiny, replay=LARGE) as site, contextlib.ExitStack() as stack:
            lines = [stack.enter_context(link(site.port, REQUEST)) for _ in range(4)]
            time.sleep(0.5)
            assert site.get("/mode")[0] == 200
            assert tracemalloc.get_traced_memory()[1] < 8_000_000
            time.sleep(4)
            assert all(seconds_until_cut(line) < 5 for line in lines)
            status, body, _ = site.get("/replay.jmmo")
            assert (status, len(body)) == (200, len(LARGE))
    finally:
        tracemalloc.stop()


def test_a_flood_of_messages_waits_for_its_turn(tiny: Recording):
    world = simulation(tiny, paused=True)
    heard = []
    control = world.control
    world.control = lambda message: (heard.append(message), control(message))[1]
    with web(tiny, simulation=world) as site, site.live() as other:
        began = time.monotonic()
        with viewer(site.port) as flood:
            message = Frame(Opcode.TEXT, b'{"type": "pause"}').serialize(mask=True)
            flood.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                for _ in range(400):
                    flood.sendall(message * 100)
            time.sleep(1)
            other.send('{"type": "speed", "ticks_per_second": 3}')
            next_status(other, speed=3)
            took = time.monotonic() - began
            assert len(heard) > MESSAGES_AT_ONCE
            assert len(heard) < 1.5 * MESSAGES_AT_ONCE + MESSAGES_PER_SECOND * took + 2


def test_a_flood_of_pings_is_read_slowly(tiny: Recording):
    world = simulation(tiny, paused=True)
    ping = Frame(Opcode.PING, b"").serialize(mask=True)
    with web(tiny, simulation=world) as site, viewer(site.port) as flood:
        sent, began = 0, time.monotonic()
        flood.settimeout(0.1)
        while time.monotonic() - began < 2:
            with contextlib.suppress(TimeoutError):
                flood.sendall(ping * 10_000)
                sent += 10_000 * len(ping)
            with contextlib.suppress(TimeoutError):
                flood.recv(1 << 16)
        assert sent < 8_000_000  # what buffers hold; unbounded it is many times that


def watching(path: Path) -> tuple[subprocess.Popen[str], int]:
    """`jaxmmo watch` as a process, and its port as soon as that is told."""
    line = [sys.executable, "-m", "jaxmmo.cli.main", "watch", "--no-browser", "--port", "0"]
    process = subprocess.Popen(
        [*line, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
    assert found is not None, process.communicate()
    return process, int(found[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stalled_download_does_not_keep_the_server_from_ending(
    tiny: Recording, tmp_path: Path, number: int
):
    path, out, frames = tmp_path / "large.jmmo", [tiny.data[:8]], 0
    for tag, count, body, size in chunks(tiny.data):
        for _ in range(1 + 30_000_000 // len(tiny.data) if tag == b"BLCK" else 1):
            frames += count if tag == b"BLCK" else 0
            out.append(chunk(tag, body, size, frames if tag == b"DONE" else count))
    path.write_bytes(b"".join(out))
    assert len(Replay.load(path)) == frames
    process, port = watching(path)
    try:
        with link(port, REQUEST) as line:  # at once: the address is told when it can be asked
            assert line.recv(12).startswith(b"HTTP/1.1 200")
            time.sleep(0.5)
            process.send_signal(number)
            _, err = process.communicate(timeout=15)
        assert process.returncode == 0
        assert "Traceback" not in err
    finally:
        process.kill()
        process.communicate()


def test_a_world_can_be_left_the_moment_its_address_is_told(tiny: Recording, tmp_path: Path):
    (tmp_path / "a.jmmo").write_bytes(tiny.data)
    process, _ = watching(tmp_path / "a.jmmo")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)
    assert process.returncode == 0
    assert err == ""


@pytest.mark.slow
def test_many_viewers_are_served(tiny: Recording):
    with (
        web(tiny, simulation=simulation(tiny, speed=30)) as site,
        contextlib.ExitStack() as stack,
    ):
        address = f"ws://127.0.0.1:{site.port}/live"
        links = [stack.enter_context(connect(address)) for _ in range(20)]
        for one in links:
            assert one.recv(timeout=10)[:4] == b"JMMO"
        next_status(links[0], viewers=20)
