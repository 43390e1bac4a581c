"""`jaxmmo.watch`: a live world or a replay in the browser, while Python goes on."""

from __future__ import annotations

import socket
import threading
import time
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxmmo.workflow.recording import REPLAY
from jaxmmo.workflow.scene import RulesLike, players_of

MODULES = ("starlette", "uvicorn", "websockets")


class Watching:
    """A viewer that is being served; shows itself in notebooks.

    Attributes:
      address: to open in a browser.
      app: the web application.
      server: uvicorn's.
    """

    def __init__(self, app: Any, host: str, port: int, token: str) -> None:
        import uvicorn

        from jaxmmo.viewer import serving

        self.app = app
        self._listener = serving.listen(host, port)
        self.address = _address(host, self._listener.getsockname()[1], token)
        self.server = uvicorn.Server(serving.configuration(app))
        self._thread: threading.Thread | None = None

    def serve(self) -> None:
        """Serves until interrupted; call either this or `start`."""
        self.server.run(sockets=[self._listener])

    def start(self) -> None:
        """Serves in a thread of its own; returns when it answers."""
        self._thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self._listener]}, name="viewer", daemon=True
        )
        self._thread.start()
        while not self.server.started and self._thread.is_alive():
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends the world and the server."""
        self.server.should_exit = True
        if self._thread is not None:
            self._thread.join(8)
            self.server.force_exit = True
            self._thread.join(2)
        self._listener.close()

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        alive = self._thread is not None and self._thread.is_alive()
        return f"Watching({self.address!r}{'' if alive else ', stopped'})"

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{self.address}" width="100%" height="640" title="A live jaxmmo world" '
            f'style="border:0;border-radius:12px"></iframe><a href="{self.address}">in a tab</a>'
        )


def _address(host: str, port: int, token: str) -> str:
    """What to open in a browser."""
    name = host if host not in ("0.0.0.0", "::") else socket.gethostname()
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


def watch(
    player: Any,
    policy: Any = None,
    params: Any = None,
    *,
    env: Any = None,
    rules: RulesLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    agents: int | None = None,
    seed: int = 0,
    warmup: int = 0,
    speed: float = 5.0,
    host: str = "127.0.0.1",
    port: int = 0,
    browser: bool = True,
    trust: bool = False,
    quiet: bool = False,
) -> Watching:
    """Opens a live world, or a replay, in the browser, and returns at once.

    `watch(run)`, `watch("runs/x")`, `watch("run.jmmo")`; or `watch(env, policy, params)`.

    Args:
      player: a run, its directory, the name of a policy, a replay (.jmmo); or an environment.
      policy: if an environment comes first: a policy, or the name of one.
      params: of the policy.
      env: another environment than the run's own, see `train`.
      rules: other rules, see `train`.
      overrides: `EnvConfig` fields, or arguments of the function that makes the environment.
      agents: placed at the start.
      seed: of the world and of every draw.
      warmup: ticks played unseen.
      speed: ticks a second at the start.
      host: address to listen on; others than this machine must show a token.
      port: 0 for any that is free.
      browser: open it.
      trust: execute code that a run's directory holds.
      quiet: print nothing.

    Returns:
      The viewer, to be stopped with `stop()`.

    Raises:
      ValueError: for what does not exist, does not fit, or is out of range.
    """
    who, env = players_of(player, policy, params, env)
    watching = prepare(
        who,
        env=env,
        rules=rules,
        overrides=overrides,
        agents=agents,
        seed=seed,
        warmup=warmup,
        speed=speed,
        host=host,
        port=port,
        trust=trust,
        quiet=quiet,
    )
    watching.start()
    if not quiet:
        print(f"watch at {watching.address}", flush=True)
    if browser:
        webbrowser.open(watching.address)
    return watching


def prepare(
    who: Any, *, speed: float, host: str, port: int, quiet: bool = False, **world: Any
) -> Watching:
    """A viewer that is not served yet; arguments as for `watch` and `live.live_world`."""
    from jaxmmo.viewer.film import needs

    for module in MODULES:
        needs(module)
    from jaxmmo.viewer import server
    from jaxmmo.viewer.live import SPEEDS, Simulation

    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise ValueError(f"--port {port}: must be in [0, 65535]")
    token = server.make_token(host)
    guard = server.Guard(host, token)
    if isinstance(who, str | Path) and str(who).endswith(REPLAY):
        from jaxmmo.replay.replay import Replay

        if not Path(who).is_file():
            raise FileNotFoundError(f"{who}: there is no such replay")
        app = server.create_app(guard=guard, replay=Replay.load(str(who)).data)
        return Watching(app, host, port, token)
    low, high = SPEEDS
    if not low <= speed <= high:
        raise ValueError(f"--speed {speed}: must be in [{low}, {high}] ticks a second")
    from jaxmmo.workflow.live import live_world

    live = live_world(who, outputs=True, quiet=quiet, **world)
    simulation = Simulation(live, live.title, world.get("seed", 0), speed)
    app = server.create_app(guard=guard, simulation=simulation)
    return Watching(app, host, port, token)
