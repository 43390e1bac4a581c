"""The viewer's web server: a handful of fixed addresses, one replay or one live world.

Files are read once at the start, so that no address can name any other. Bound to this machine it
answers only requests that were made to it by that name and, over websockets, by its own pages;
bound elsewhere it wants a token.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib import resources
from urllib.parse import urlsplit

import anyio
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from jaxmmo.viewer import serving
from jaxmmo.viewer.live import Simulation, Viewer, error_text

FILES = {
    "index.html": "text/html; charset=utf-8",
    "viewer.css": "text/css; charset=utf-8",
    "viewer.js": "text/javascript; charset=utf-8",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'",
}
PIECE = 1 << 16
"""Bytes of a recording that are handed on at once, so that slow viewers cost no memory."""

MESSAGES_PER_SECOND, MESSAGES_AT_ONCE = 20.0, 40.0
"""Of a viewer; more of them wait until it is their turn."""


def is_loopback(host: str) -> bool:
    """Whether a bound address or a requested name is this machine and no other."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def make_token(host: str) -> str:
    """The token that viewers must show: none on loopback, else an unguessable one."""
    return "" if is_loopback(host) else secrets.token_urlsafe(18)


class Guard:
    """Decides who may look.

    Attributes:
      host: the address the server is bound to.
      token: that requests must carry, empty for none.
    """

    def __init__(self, host: str, token: str):
        self.host, self.token = host, token

    def refusal(self, connection: HTTPConnection) -> str:
        """Why a request is refused, or an empty string.

        On loopback the request must name this machine, which a foreign name that was made to point
        here does not.
        """
        asked = _host_of(connection.headers.get("host", ""))
        if is_loopback(self.host) and not is_loopback(asked):
            return f"this server answers to localhost, not to {asked!r}"
        given = connection.query_params.get("token", "")
        if self.token and not secrets.compare_digest(given.encode(), self.token.encode()):
            return "the address lacks the token that the server printed when it started"
        return ""

    def foreign(self, connection: HTTPConnection) -> str:
        """Why a websocket is refused because of the page that opened it, or an empty string."""
        origin = connection.headers.get("origin")
        if origin is None:
            return ""  # not a page: browsers always send it
        _, _, netloc = origin.partition("://")
        if not netloc or netloc != connection.headers.get("host", ""):
            return f"pages of {origin} may not look at this world"
        return ""


def _host_of(netloc: str) -> str:
    """The name in a Host header; nothing if it is malformed."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


class Recording(Response):
    """Bytes that are handed on piece by piece, the next one once the last one was taken."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends all of them, or what the other end takes."""
        del scope, receive
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        for start in range(0, len(self.body), PIECE):
            piece = bytes(self.body[start : start + PIECE])
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Allowance:
    """How much of something one may do: so much a second, and some at once."""

    def __init__(self, per_second: float, at_once: float) -> None:
        self._rate, self._most = per_second, at_once
        self._left, self._then = at_once, time.monotonic()

    async def spend(self) -> None:
        """Returns when there is one to spend."""
        now = time.monotonic()
        self._left = min(self._most, self._left + self._rate * (now - self._then)) - 1
        self._then = now
        if self._left < 0:
            await anyio.sleep(-self._left / self._rate)


def create_app(
    *, guard: Guard, simulation: Simulation | None = None, replay: bytes | None = None
) -> Starlette:
    """The application for a live world or a replay.

    Args:
      guard: decides who may look.
      simulation: the live world; the application starts and stops it.
      replay: or the bytes of a replay.

    Raises:
      ValueError: unless exactly one of the two is given.
    """
    if (simulation is None) == (replay is None):
        raise ValueError("either a simulation or a replay is to be shown")
    static = resources.files("jaxmmo.viewer") / "static"
    files = {name: (static / name).read_bytes() for name in FILES}

    def page(name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_: Request) -> Response:
            return Response(files[name], media_type=FILES[name], headers=HEADERS)

        return answer

    async def mode(request: Request) -> Response:
        if refusal := guard.refusal(request):
            return PlainTextResponse(refusal, 403)
        return JSONResponse({"mode": "live" if replay is None else "replay"}, headers=HEADERS)

    async def recording(request: Request) -> Response:
        if refusal := guard.refusal(request):
            return PlainTextResponse(refusal, 403)
        return Recording(replay, media_type="application/octet-stream", headers=HEADERS)

    async def recent(request: Request) -> Response:
        assert simulation is not None
        if refusal := guard.refusal(request):
            return PlainTextResponse(refusal, 403)
        blocks = simulation.recent()
        return Recording(blocks, media_type="application/octet-stream", headers=HEADERS)

    async def live(socket: WebSocket) -> None:
        assert simulation is not None
        await socket.accept()
        if refusal := guard.refusal(socket) or guard.foreign(socket):
            await socket.close(1008, refusal[:120])
            return
        await _serve(socket, simulation)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if simulation is not None:
            simulation.start(asyncio.get_running_loop())
        yield
        if simulation is not None:
            await anyio.to_thread.run_sync(simulation.stop)

    routes: list[Route | WebSocketRoute] = [
        Route("/", page("index.html")),
        Route("/mode", mode),
        *(Route(f"/{name}", page(name)) for name in FILES),
    ]
    if simulation is None:
        routes.append(Route("/replay.jmmo", recording))
    else:
        routes += [WebSocketRoute("/live", live), Route("/recent", recent)]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.router.redirect_slashes = False  # a redirect would repeat whatever host was asked for
    return app


async def _serve(socket: WebSocket, simulation: Simulation) -> None:
    """Sends frames and hears requests until either side goes away."""
    viewer = Viewer()
    simulation.join(viewer)

    async def send() -> None:
        while True:
            message = await viewer.get()
            with anyio.fail_after(serving.SEND_SECONDS):
                if isinstance(message, bytes):
                    await socket.send_bytes(message)
                else:
                    await socket.send_text(message)

    async def hear() -> None:
        allowance = Allowance(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE)
        while True:
            await allowance.spend()
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect
            try:
                simulation.control(_parse(message))
            except ValueError as error:
                viewer.put(error_text(str(error)), "error")

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            tasks.start_soon(hear)
    except* (WebSocketDisconnect, TimeoutError, RuntimeError, OSError):
        pass  # it went away, or took nothing for too long
    finally:
        simulation.leave(viewer)


def _parse(message: Mapping[str, object]) -> object:
    text = message.get("text")
    if not isinstance(text, str):
        raise ValueError("messages are text, not bytes")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {str(error)[:80]}") from error
