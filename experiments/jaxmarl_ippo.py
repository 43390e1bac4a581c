"""Independent PPO in the shape of JaxMARL's scripts, all of it compiled, in one file.

    python experiments/jaxmarl_ippo.py --minutes 10

Needs the extra `jaxmarl`. `make_train` returns a function of a key, as there: worlds under `vmap`,
agents batched out of dicts and back, `scan` over ticks and updates. What persistent worlds add is
two lines: actions are masked, and only decisions of the living count. The last line is one JSON
object: how long agents live that learn, and that play at random.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training.train_state import TrainState

from jaxmmo.adapters.jaxmarl import Environment


class Transition(NamedTuple):
    """A decision of every actor; [T, actors]."""

    done: jax.Array
    action: jax.Array
    value: jax.Array
    reward: jax.Array
    log_prob: jax.Array
    obs: jax.Array
    avail: jax.Array
    acted: jax.Array


class ActorCritic(nn.Module):
    """A policy and a value on one vector."""

    actions: int
    width: int = 128

    @nn.compact
    def __call__(self, obs: jax.Array, avail: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Log-probabilities of the actions, and the value."""
        x = nn.tanh(nn.Dense(self.width)(obs))
        x = nn.tanh(nn.Dense(self.width)(x))
        logits = nn.Dense(self.actions, kernel_init=nn.initializers.orthogonal(0.01))(x)
        logits = jnp.where(avail, logits, -1e10)
        return jax.nn.log_softmax(logits), nn.Dense(1)(x)[..., 0]


def batchify(x: dict[str, jax.Array], agents: list[str], actors: int) -> jax.Array:
    """Dicts by agent of [worlds, ...] to [actors, ...]."""
    stacked = jnp.stack([x[agent] for agent in agents])
    return stacked.reshape(actors, *stacked.shape[2:])


def unbatchify(x: jax.Array, agents: list[str], worlds: int) -> dict[str, jax.Array]:
    """[actors] to dicts by agent of [worlds]."""
    split = x.reshape(len(agents), worlds, *x.shape[1:])
    return {agent: split[i] for i, agent in enumerate(agents)}


def make_train(env: Environment, config: dict[str, Any]) -> Any:
    """Three functions.

    start(key) -> runner; update(runner) -> runner, metrics; lifetime(params, key) -> decisions for
    a death, in worlds that nothing is learnt in.
    """
    worlds, agents = config["NUM_ENVS"], env.agents
    actors = worlds * env.num_agents
    network = ActorCritic(env.action_space(agents[0]).n)
    tx = optax.chain(
        optax.clip_by_global_norm(config["MAX_GRAD_NORM"]), optax.adam(config["LR"], eps=1e-5)
    )

    def avail_of(state: Any) -> jax.Array:
        return batchify(jax.vmap(env.get_avail_actions)(state), agents, actors)

    def start(key: jax.Array) -> Any:
        key, init, reset = jax.random.split(key, 3)
        obs, state = jax.vmap(env.reset)(jax.random.split(reset, worlds))
        seen = batchify(obs, agents, actors)
        params = network.init(init, seen[:1], avail_of(state)[:1])
        train_state = TrainState.create(apply_fn=network.apply, params=params, tx=tx)
        return train_state, state, seen, key

    def env_step(runner: Any, _: None) -> tuple[Any, Transition]:
        train_state, state, seen, key = runner
        key, act, step = jax.random.split(key, 3)
        avail = avail_of(state)
        log_probs, value = network.apply(train_state.params, seen, avail)
        action = jax.random.categorical(act, log_probs)
        log_prob = jnp.take_along_axis(log_probs, action[:, None], -1)[:, 0]
        obs, state, reward, done, info = jax.vmap(env.step)(
            jax.random.split(step, worlds), state, unbatchify(action, agents, worlds)
        )
        made = Transition(
            done=batchify(done, agents, actors),
            action=action,
            value=value,
            reward=batchify(reward, agents, actors),
            log_prob=log_prob,
            obs=seen,
            avail=avail,
            acted=info["acted"].T.reshape(actors),
        )
        return (train_state, state, batchify(obs, agents, actors), key), made

    def gae(made: Transition, last: jax.Array) -> jax.Array:
        def back(carry: Any, t: Transition) -> tuple[Any, jax.Array]:
            gathered, ahead = carry
            goes_on = 1.0 - t.done
            delta = t.reward + config["GAMMA"] * ahead * goes_on - t.value
            gathered = delta + config["GAMMA"] * config["GAE_LAMBDA"] * goes_on * gathered
            return (gathered, t.value), gathered

        return jax.lax.scan(back, (jnp.zeros_like(last), last), made, reverse=True)[1]

    def loss_fn(params: Any, batch: tuple[Transition, jax.Array, jax.Array]) -> jax.Array:
        t, advantage, target = batch
        log_probs, value = network.apply(params, t.obs, t.avail)
        log_prob = jnp.take_along_axis(log_probs, t.action[:, None], -1)[:, 0]
        ratio = jnp.exp(log_prob - t.log_prob)
        clipped = jnp.clip(ratio, 1 - config["CLIP_EPS"], 1 + config["CLIP_EPS"])
        actor = -jnp.minimum(ratio * advantage, clipped * advantage)
        critic = jnp.square(value - target)
        entropy = -jnp.sum(jnp.exp(log_probs) * log_probs, -1, where=t.avail)
        terms = actor + config["VF_COEF"] * critic - config["ENT_COEF"] * entropy
        living = t.acted.astype(jnp.float32)
        return jnp.sum(terms * living) / jnp.maximum(jnp.sum(living), 1.0)

    def update(runner: Any) -> tuple[Any, dict[str, jax.Array]]:
        runner, made = jax.lax.scan(env_step, runner, None, config["NUM_STEPS"])
        train_state, state, seen, key = runner
        _, last = network.apply(train_state.params, seen, avail_of(state))
        advantage = gae(made, last)
        target = advantage + made.value
        spread = jnp.std(advantage, where=made.acted) + 1e-6
        key, shuffle = jax.random.split(key)
        flat = jax.tree.map(
            lambda x: x.reshape(-1, *x.shape[2:]), (made, advantage / spread, target)
        )
        order = jax.random.permutation(shuffle, config["NUM_STEPS"] * actors)
        parts = order.reshape(config["NUM_MINIBATCHES"], -1)

        def minibatch(train_state: TrainState, rows: jax.Array) -> tuple[TrainState, None]:
            grads = jax.grad(loss_fn)(train_state.params, jax.tree.map(lambda x: x[rows], flat))
            return train_state.apply_gradients(grads=grads), None

        train_state, _ = jax.lax.scan(minibatch, train_state, parts)
        died = jnp.sum((made.reward < 0) & made.acted)
        metrics = {"steps": jnp.sum(made.acted), "deaths": died}
        return (train_state, state, seen, key), metrics

    def lifetime(params: Any, key: jax.Array) -> jax.Array:
        train_state, *world = start(key)
        runner = (train_state.replace(params=params), *world)

        def tick(runner: Any, _: None) -> tuple[Any, tuple[jax.Array, jax.Array]]:
            runner, made = env_step(runner, None)
            died = jnp.sum((made.reward < 0) & made.acted)
            return runner, (jnp.sum(made.acted), died)

        _, (steps, deaths) = jax.lax.scan(tick, runner, None, config["MEASURE"])
        return jnp.sum(steps) / jnp.maximum(jnp.sum(deaths), 1)

    return start, update, lifetime


def main() -> None:
    """Trains, and says how it goes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="JaxMMO-v1")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--updates", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--capacity", type=int, default=64, help="slots in a world")
    parser.add_argument("--size", type=int, default=80, help="side of the map, tiles")
    parser.add_argument("--ticks", type=int, default=32, help="between two updates")
    parser.add_argument(
        "--measure", type=int, default=512, help="ticks on new maps, before and after (512)"
    )
    args = parser.parse_args()
    config = {
        "NUM_ENVS": args.worlds,
        "NUM_STEPS": args.ticks,
        "NUM_MINIBATCHES": 4,
        "MEASURE": args.measure,
        "LR": 1e-3,
        "GAMMA": 0.99,
        "GAE_LAMBDA": 0.9,
        "CLIP_EPS": 0.2,
        "ENT_COEF": 0.01,
        "VF_COEF": 0.5,
        "MAX_GRAD_NORM": 0.5,
    }
    env = Environment(
        args.preset, horizon=512, capacity=args.capacity, height=args.size, width=args.size
    )
    start, update, lifetime = make_train(env, config)
    runner = jax.jit(start)(jax.random.PRNGKey(args.seed))
    advance, lifetime = jax.jit(update, donate_argnums=0), jax.jit(lifetime)
    # a network that has learnt nothing yet plays at random: that is what to compare with
    elsewhere = jax.random.PRNGKey(10**6 + args.seed)
    random = float(lifetime(runner[0].params, elsewhere))

    began = said = time.monotonic()
    total = steps = deaths = 0
    for number in range(args.updates):
        runner, told = advance(runner)
        more, died = int(told["steps"]), int(told["deaths"])
        steps, deaths, total = steps + more, deaths + died, total + more
        now = time.monotonic()
        over = now - began > 60 * args.minutes or number + 1 == args.updates
        if now - said > 10 or over:
            lived, rate = steps / max(deaths, 1), steps / (now - said)
            print(f"{now - began:6.0f} s  lifetime {lived:6.1f}  {rate:8,.0f} agent-steps/s")
            said, steps, deaths = now, 0, 0
        if over:
            break
    lived = float(lifetime(runner[0].params, elsewhere))
    print(json.dumps({"lifetime": lived, "random": random, "agent_steps": total}))


if __name__ == "__main__":
    main()
