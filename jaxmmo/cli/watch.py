"""`jaxmmo watch`: a live world or a replay in the browser."""

from __future__ import annotations

import argparse
import contextlib
import threading
import webbrowser

from jaxmmo.cli.options import add_world_options, world_arguments


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    add_world_options(parser)
    parser.add_argument("--speed", type=float, default=5.0, help="ticks a second at the start")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8600, help="0 for any that is free")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(args: argparse.Namespace) -> int:
    """Serves until interrupted."""
    from jaxmmo.cli import signals
    from jaxmmo.workflow.watching import prepare

    watching = prepare(
        args.player, speed=args.speed, host=args.host, port=args.port, **world_arguments(args)
    )
    program = signals.active()
    if program is not None:
        program.release(watching.server.handle_exit)  # it ends when it is asked to
    print(f"watch at {watching.address} (stop with Ctrl-C)", flush=True)
    if not args.no_browser:
        timer = threading.Timer(0.5, webbrowser.open, [watching.address])
        timer.daemon = True
        timer.start()
    with contextlib.suppress(KeyboardInterrupt):  # that is how one stops watching
        watching.serve()
    return 0
