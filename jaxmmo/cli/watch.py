"""`jaxmmo watch`: a live world or a replay in the browser."""

from __future__ import annotations

import argparse
import contextlib
import socket

from jaxmmo.cli.options import add_world_options, make_world


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    add_world_options(parser)
    parser.add_argument("--speed", type=float, default=5.0, help="ticks a second at the start")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8600, help="0 for any that is free")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(args: argparse.Namespace) -> int:
    """Serves until interrupted."""
    from jaxmmo.viewer.film import needs

    for module in ("starlette", "uvicorn", "websockets"):
        needs(module)
    from jaxmmo.viewer import server

    if not 0 <= args.port <= 65535:
        raise ValueError(f"--port {args.port}: must be in [0, 65535]")
    guard = server.Guard(args.host, server.make_token(args.host))
    app = _replay(args, guard) if args.player.endswith(".jmmo") else _live(args, guard)
    return _serve(app, args, guard.token)


def _replay(args: argparse.Namespace, guard):
    from jaxmmo.replay.replay import Replay
    from jaxmmo.viewer import server

    return server.create_app(guard=guard, replay=Replay.load(args.player).data)


def _live(args: argparse.Namespace, guard):
    from jaxmmo.viewer import server
    from jaxmmo.viewer.live import SPEEDS, Simulation

    low, high = SPEEDS
    if not low <= args.speed <= high:
        raise ValueError(f"--speed {args.speed}: must be in [{low}, {high}] ticks a second")
    print(f"building a world for {args.player} ...", flush=True)
    world = make_world(args, outputs=True)
    simulation = Simulation(world, world.title, args.seed, args.speed)
    return server.create_app(guard=guard, simulation=simulation)


def _serve(app, args: argparse.Namespace, token: str) -> int:
    import threading
    import webbrowser

    import uvicorn

    from jaxmmo.cli import signals
    from jaxmmo.viewer import serving

    listener = serving.listen(args.host, args.port)
    server = uvicorn.Server(serving.configuration(app))
    program = signals.active()
    if program is not None:
        program.release(server.handle_exit)  # it ends when it is asked to, soon or right now
    port = listener.getsockname()[1]
    name = args.host if args.host not in ("0.0.0.0", "::") else socket.gethostname()
    name = f"[{name}]" if ":" in name else name
    address = f"http://{name}:{port}/" + (f"?token={token}" if token else "")
    print(f"watch at {address} (stop with Ctrl-C)", flush=True)
    if not args.no_browser:
        timer = threading.Timer(0.5, webbrowser.open, [address])
        timer.daemon = True
        timer.start()
    with contextlib.suppress(KeyboardInterrupt):  # that is how one stops watching
        server.run(sockets=[listener])
    return 0
