"""A server with the worlds, and actors in other processes that decide, over sockets, in one file.

    python experiments/actors.py --actors 2 --minutes 5

As in the original: observations and actions travel, agents are shared out by a hash of their ids,
and stay with their actor for life. The server steps the worlds and learns; before each rollout the
actors get its newest parameters. What travels are the messages of `jaxmmo.io`: versioned, with a
checksum, without pickles. Actors may run on other machines: `--listen 0.0.0.0:7000 --actors 2`
here, `--connect HOST:7000` there, within a network that you trust: nothing is encrypted.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import subprocess
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxmmo
from jaxmmo import io
from jaxmmo.agents.network import build
from jaxmmo.io import decisions
from jaxmmo.learning import advantages, losses

FRAME = struct.Struct("<cI")
SETTINGS, PARAMETERS, OBSERVATIONS, ACTIONS, END = b"s", b"p", b"o", b"a", b"e"
LONGEST = 1 << 28


def send(connection: socket.socket, kind: bytes, body: bytes = b"") -> None:
    """One message: its kind, its length, itself."""
    connection.sendall(FRAME.pack(kind, len(body)) + body)


def receive(connection: socket.socket) -> tuple[bytes, bytes]:
    """Kind and body of the next message; ConnectionError if there is none any more."""
    kind, length = FRAME.unpack(_exactly(connection, FRAME.size))
    if length > LONGEST:
        raise ValueError(f"a message of {length} bytes: at most {LONGEST} are taken")
    return kind, _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = connection.recv(min(1 << 20, length - len(parts)))
        if not part:
            raise ConnectionError("the other side is gone")
        parts += part
    return bytes(parts)


def world_of(settings: dict[str, Any]) -> tuple[Any, Any]:
    """Environment and policy: the same on both sides."""
    env = jaxmmo.make(settings["preset"], **settings["sizes"], max_visible=settings["visible"])
    return env, build(env.spec, groups=env.config.num_populations)


def actor(address: str) -> None:
    """Decides for its agents until the server ends it."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=600) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        kind, body = receive(connection)
        assert kind == SETTINGS, "the server speaks otherwise"
        settings = json.loads(body)
        env, policy = world_of(settings)
        world = jax.eval_shape(env.reset, jax.random.key(0))[0]
        like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), world)  # a slot
        shapes = jax.eval_shape(policy.init, jax.random.key(0))
        key = jax.random.key(settings["seed"])

        @jax.jit
        def decide(params: Any, obs: Any, key: jax.Array) -> Any:
            out = policy.apply(params, obs, (), jnp.zeros(io.living(env.spec, obs).shape, bool))
            action = policy.decide(key, env.spec, out.logits, obs.masks)
            log_prob = decisions.log_prob(env.spec, out.logits, obs.masks, action)
            return {"action": action, "log_prob": log_prob, "value": out.value}

        params: Any = None
        while True:
            kind, body = receive(connection)
            if kind == END:
                return
            if kind == PARAMETERS:
                params = io.from_bytes(body, env.spec, like=shapes)
                continue
            key, now = jax.random.split(key)
            told = decide(params, io.from_bytes(body, env.spec, like=like), now)
            send(connection, ACTIONS, io.to_bytes(told, env.spec))


class Server:
    """Steps the worlds, asks the actors, learns."""

    def __init__(self, args: argparse.Namespace, connections: list[socket.socket]):
        self.args, self.connections = args, connections
        sizes = {"capacity": args.capacity, "height": args.size, "width": args.size}
        settings = {"preset": args.preset, "sizes": sizes, "visible": min(16, args.capacity)}
        self.env, self.policy = world_of(settings)
        for i, connection in enumerate(connections):
            told = settings | {"seed": args.seed + 1000 + i}
            send(connection, SETTINGS, json.dumps(told).encode())
        keys = jax.random.split(jax.random.key(args.seed), 3)
        self.params = self.policy.init(keys[0])
        self.optimiser = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(1e-3, eps=1e-5))
        self.opt_state = self.optimiser.init(self.params)
        reset = jax.vmap(self.env.reset)
        self.obs, self.state = jax.jit(reset)(jax.random.split(keys[1], args.worlds))
        self.step, self.learn = jax.jit(jax.vmap(self.env.step)), jax.jit(self._learn)
        self.key, self.sent = keys[2], 0
        self.served = np.zeros(len(connections), np.int64)

    def ask(self) -> Any:
        """Decisions of all agents: each actor is asked about its own, all at the same time."""
        owner = np.asarray(io.client_of(self.state.players.id, len(self.connections)))
        living = np.asarray(self.state.players.alive)
        slots = [np.flatnonzero((owner == i) & living) for i in range(len(self.connections))]
        flat = jax.tree.map(lambda x: np.asarray(x).reshape(-1, *x.shape[2:]), self.obs)
        for connection, rows in zip(self.connections, slots, strict=True):
            # rounded up, so that the actors compile for a few sizes only
            padded = np.zeros(max(16, 1 << (len(rows) - 1).bit_length()), np.int64)
            padded[: len(rows)] = rows
            body = io.to_bytes(jax.tree.map(lambda x, r=padded: x[r], flat), self.env.spec)
            send(connection, OBSERVATIONS, body)
            self.sent += len(body)
        told: Any = None
        for i, (connection, rows) in enumerate(zip(self.connections, slots, strict=True)):
            part = io.from_bytes(receive(connection)[1], self.env.spec)
            if told is None:
                told = jax.tree.map(lambda x: np.zeros((living.size, *x.shape[1:]), x.dtype), part)
            for mine, theirs in zip(jax.tree.leaves(told), jax.tree.leaves(part), strict=True):
                mine[rows] = theirs[: len(rows)]
            self.served[i] += len(rows)
        return jax.tree.map(lambda x: x.reshape(living.shape + x.shape[1:]), told)

    def rollout(self) -> Any:
        """Some ticks of all worlds, [T, worlds, slots]."""
        body = io.to_bytes(self.params, self.env.spec)
        for connection in self.connections:
            send(connection, PARAMETERS, body)
        steps = []
        for _ in range(self.args.ticks):
            self.key, now = jax.random.split(self.key)
            seen, told = self.obs, self.ask()
            keys = jax.random.split(now, self.args.worlds)
            self.obs, self.state, reward, terminated, _, info = self.step(
                keys, self.state, told["action"]
            )
            steps.append((seen, told, reward, terminated, info.acted))
        return jax.tree.map(lambda *x: jnp.stack(x), *steps)

    def _learn(self, params: Any, opt_state: Any, steps: Any, last: Any) -> tuple[Any, Any]:
        """One pass of PPO in minibatches of ticks."""
        seen, told, reward, terminated, acted = steps
        nobody_new = jnp.zeros(acted.shape[1:], bool)
        ahead = jnp.concatenate(
            [told["value"][1:], self.policy.apply(params, last, (), nobody_new).value[None]]
        )
        cut = jnp.zeros_like(terminated)
        advantage, target = advantages.gae(
            reward, told["value"], ahead, terminated, cut, acted, gamma=0.99, gae_lambda=0.9
        )
        advantage = advantages.normalise(advantage, acted)
        spread = jnp.var(target, where=acted) + 1e-3

        def loss(params: Any, batch: Any) -> jax.Array:
            seen, told, advantage, target, acted = batch
            out = self.policy.apply(params, seen, (), jnp.zeros(acted.shape, bool))
            log_prob = decisions.log_prob(self.env.spec, out.logits, seen.masks, told["action"])
            actor = losses.clipped_surrogate(log_prob, told["log_prob"], advantage, clip_eps=0.2)
            critic = losses.squared_error(out.value, target) / spread
            entropy = decisions.entropy(self.env.spec, out.logits, seen.masks)
            living = acted.astype(jnp.float32)
            return losses.mean(actor + 0.5 * critic - 0.01 * entropy, living)

        def part(learner: Any, batch: Any) -> tuple[Any, None]:
            params, opt_state = learner
            grads = jax.grad(loss)(params, batch)
            steps, opt_state = self.optimiser.update(grads, opt_state, params)
            return (optax.apply_updates(params, steps), opt_state), None

        batch = (seen, told, advantage, target, acted)
        parts = jax.tree.map(lambda x: x.reshape(-1, self.args.part, *x.shape[1:]), batch)
        return jax.lax.scan(part, (params, opt_state), parts)[0]

    def train(self) -> dict[str, Any]:
        """Until the time is over; what came of it, for JSON."""
        began = said = time.monotonic()
        steps = deaths = total = 0
        lived = 0.0
        for number in range(self.args.updates):
            made = self.rollout()
            self.params, self.opt_state = self.learn(self.params, self.opt_state, made, self.obs)
            steps, deaths = steps + int(made[4].sum()), deaths + int(made[3].sum())
            total += int(made[4].sum())
            now = time.monotonic()
            over = now - began > 60 * self.args.minutes or number + 1 == self.args.updates
            if now - said > 10 or over:
                lived, rate = steps / max(deaths, 1), steps / (now - said)
                print(f"{now - began:6.0f} s  lifetime {lived:6.1f}  {rate:8,.0f} agent-steps/s")
                said, steps, deaths = now, 0, 0
            if over:
                break
        for connection in self.connections:
            send(connection, END)
        served = self.served.tolist()
        sent = self.sent / max(1, total)
        return {"lifetime": lived, "agent_steps": total, "served": served, "bytes_each": sent}


def main() -> None:
    """The server, or with --connect an actor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="JaxMMO-v1")
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--updates", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--capacity", type=int, default=64, help="slots in a world")
    parser.add_argument("--size", type=int, default=80, help="side of the map, tiles")
    parser.add_argument("--ticks", type=int, default=32, help="between two updates")
    parser.add_argument("--part", type=int, default=8, help="ticks in a minibatch")
    parser.add_argument("--listen", metavar="HOST:PORT", help="wait for actors from elsewhere")
    parser.add_argument("--connect", metavar="HOST:PORT", help="be an actor of that server")
    args = parser.parse_args()
    if args.connect:
        return actor(args.connect)
    host, _, port = (args.listen or "127.0.0.1:0").rpartition(":")
    with socket.create_server((host, int(port))) as listener:
        listener.settimeout(600)
        address = f"{host}:{listener.getsockname()[1]}"
        started = []
        if not args.listen:
            command = [sys.executable, __file__, "--connect", address]
            started = [subprocess.Popen(command) for _ in range(args.actors)]
        connections = []
        try:
            for _ in range(args.actors):
                connections.append(listener.accept()[0])
                connections[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connections[-1].settimeout(600)
            result = Server(args, connections).train()
            for process in started:
                process.wait(timeout=60)
        finally:
            for connection in connections:
                connection.close()
            for process in started:
                if process.poll() is None:
                    process.kill()
                    process.wait()
    print(json.dumps(result))
    return None


if __name__ == "__main__":
    main()
