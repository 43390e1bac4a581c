"""HTTP and websockets within bounds: no connection costs memory or time for ever.

A connection ends if no whole request comes, or if its other end takes nothing of what is sent. One
that sends much is read slowly. Everything else is uvicorn's.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REQUEST_SECONDS = 10.0
"""A whole request must have come this long after the connection, or after the answer before."""

SEND_SECONDS = 20.0
"""Who takes nothing for this long is let go."""

BYTES_PER_SECOND = 1 << 15
"""That are read of a connection; people who click send a hundredth of it."""

MAX_CONNECTIONS = 512
MAX_MESSAGE = 4096
"""Bytes of a viewer's message; longer ones end its connection."""

CLOSING_SECONDS = 1.0
"""Connections that are still there so long after the server was asked to end are cut."""

CHECK_SECONDS = 0.25


class Bounded(asyncio.Protocol):
    """What both kinds of connections have in common; goes before uvicorn's class."""

    transport: Any
    loop: asyncio.AbstractEventLoop

    def connection_made(self, transport: Any) -> None:
        """Begins to watch."""
        super().connection_made(transport)
        self._full_since: float | None = None
        self._closing_since: float | None = None
        self._second, self._bytes = time.monotonic(), 0
        self._timer = self.loop.call_later(CHECK_SECONDS, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends watching."""
        self._timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The other end is slow: more waits to be sent than should."""
        self._full_since = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has taken most of it."""
        self._full_since = None
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Reads on, later if this was much."""
        super().data_received(data)
        now = time.monotonic()
        if now - self._second >= 1:
            self._second, self._bytes = now, 0
        self._bytes += len(data)
        if self._bytes > BYTES_PER_SECOND and not self.transport.is_closing():
            self.transport.pause_reading()
            self.loop.call_later(self._bytes / BYTES_PER_SECOND, self._read_on)

    def shutdown(self) -> None:
        """The server ends."""
        super().shutdown()  # pyright: ignore[reportAttributeAccessIssue]
        self.loop.call_later(CLOSING_SECONDS, self.transport.abort)

    def _read_on(self) -> None:
        # uvicorn pauses too, while messages wait for the application, and then reads on by itself
        if not self.transport.is_closing() and not getattr(self, "read_paused", False):
            self.transport.resume_reading()

    def _check(self) -> None:
        if self.transport.get_protocol() is not self:
            return  # it became a websocket
        now = time.monotonic()
        if self.transport.is_closing() and self._closing_since is None:
            self._closing_since = now
        since = [t for t in (self._full_since, self._closing_since) if t is not None]
        if (since and now - min(since) > SEND_SECONDS) or self._is_idle(now):
            self.transport.abort()
            return
        self._timer = self.loop.call_later(CHECK_SECONDS, self._check)

    def _is_idle(self, now: float) -> bool:
        """Whether a request is overdue."""
        del now
        return False


class Http(Bounded, H11Protocol):
    """A connection of HTTP; requests that come too slowly end it."""

    def connection_made(self, transport: Any) -> None:
        """The first request is awaited."""
        self._waiting: float | None = time.monotonic()
        super().connection_made(transport)

    def _is_idle(self, now: float) -> bool:
        if self.cycle is not None and not self.cycle.response_complete:
            self._waiting = None
        elif self._waiting is None:
            self._waiting = now
        return self._waiting is not None and now - self._waiting > REQUEST_SECONDS


class WebSocket(Bounded, WebSocketsSansIOProtocol):
    """A connection that became a websocket."""


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Not for text that is no UTF-8, which ends the connection that sent it."""
    return not (record.exc_info and record.exc_info[0] is UnicodeDecodeError)


def configuration(app: Starlette, **options: Any) -> uvicorn.Config:
    """Of a server for an application, with these bounds."""
    logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)
    settings: dict[str, Any] = {
        "log_level": "error",
        "http": Http,
        "ws": WebSocket,
        "ws_max_size": MAX_MESSAGE,
        "limit_concurrency": MAX_CONNECTIONS,
        "timeout_graceful_shutdown": 5,
    }
    return uvicorn.Config(app, **settings | options)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens: whoever connects waits until the server runs.

    Raises:
      ValueError: where the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError, UnicodeError) as error:
        listener.close()
        raise ValueError(f"cannot listen on {host}:{port}: {error}") from error
    return listener
