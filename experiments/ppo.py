"""PPO on a persistent world of many agents, the whole loop in one file.

    python experiments/ppo.py --minutes 5

Worlds go on for ever, agents are born and die in slots, and only the living may be learnt from:
what that asks of a training loop is all here. `jaxmmo train` is the same with memory, checkpoints,
logs and work for the living only; this file shows how it goes, and is there to be changed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxmmo.io import decisions
from jaxmmo.learning import advantages, losses
from jaxmmo.runs import library
from jaxmmo.runs.config import RunConfig


def arguments() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="JaxMMO-v1")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--updates", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--capacity", type=int, default=128, help="slots in a world")
    parser.add_argument("--ticks", type=int, default=32, help="between two updates")
    parser.add_argument("--minibatches", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3, help="of learning")
    parser.add_argument(
        "--output", type=Path, default=Path("ppo.npz"), help="file for the policy (ppo.npz)"
    )
    return parser.parse_args()


class Step(NamedTuple):
    """A decision of every slot and what came of it; [T, worlds, slots] for a rollout."""

    obs: Any
    action: Any
    log_prob: jax.Array
    value: jax.Array
    reward: jax.Array
    terminated: jax.Array  # the agent died: nothing comes after
    truncated: jax.Array  # its record ends, its life does not
    acted: jax.Array  # somebody was there; all else is to be ignored where nobody was


def main() -> None:
    """Trains, and says how it goes."""
    args = arguments()
    config = RunConfig(preset=args.preset, env={"capacity": args.capacity}, seed=args.seed)
    env = config.environment()  # the preset, with the first 16 rows of those in view
    rules = env.default_rules()
    policy = config.policy(env)  # or one of your own: whatever has init and apply
    optimiser = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(args.rate, eps=1e-5))

    def tick(carry: tuple[Any, Any, Any], key: jax.Array) -> tuple[Any, Step]:
        """Everybody decides, every world moves on."""
        params, state, obs = carry
        act, play = jax.random.split(key)
        nobody_new = jnp.zeros(obs.overflow.shape, bool)  # this policy has no memory to reset
        out = policy.apply(params, obs, (), nobody_new)
        action = policy.decide(act, env.spec, out.logits, obs.masks)
        log_prob = decisions.log_prob(env.spec, out.logits, obs.masks, action)
        keys = jax.random.split(play, args.worlds)
        step = jax.vmap(lambda key, state, action: env.step(key, state, action, rules))
        after, state, reward, terminated, truncated, info = step(keys, state, action)
        made = Step(obs, action, log_prob, out.value, reward, terminated, truncated, info.acted)
        return (params, state, after), made

    def loss(params: Any, batch: tuple[Step, jax.Array, jax.Array]) -> jax.Array:
        """PPO's, over the living."""
        steps, advantage, target = batch
        out = policy.apply(params, steps.obs, (), jnp.zeros(steps.acted.shape, bool))
        log_prob = decisions.log_prob(env.spec, out.logits, steps.obs.masks, steps.action)
        living = steps.acted.astype(jnp.float32)
        actor = losses.clipped_surrogate(log_prob, steps.log_prob, advantage, clip_eps=0.2)
        critic = losses.squared_error(out.value, target) / (
            jnp.var(target, where=steps.acted) + 1e-3
        )
        entropy = decisions.entropy(env.spec, out.logits, steps.obs.masks)
        return losses.mean(actor + 0.5 * critic - 0.01 * entropy, living)

    def update(carry: Any, key: jax.Array, number: jax.Array) -> tuple[Any, dict[str, jax.Array]]:
        """A rollout, and what is learnt from it."""
        params, opt_state, state, obs = carry
        play, shuffle, fresh = jax.random.split(key, 3)
        (_, state, obs), steps = jax.lax.scan(
            tick, (params, state, obs), jax.random.split(play, args.ticks)
        )
        # what the slot's agent expects next; a death or an empty slot cuts it off inside gae
        last = policy.apply(params, obs, (), jnp.zeros(obs.overflow.shape, bool)).value
        ahead = jnp.concatenate([steps.value[1:], last[None]])
        advantage, target = advantages.gae(
            steps.reward,
            steps.value,
            ahead,
            steps.terminated,
            steps.truncated,
            steps.acted,
            gamma=0.99,
            gae_lambda=0.9,
        )
        batch = (steps, advantages.normalise(advantage, steps.acted), target)

        # the living first, in random order: minibatches then hold as many of them each
        flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[3:]), batch)
        acted = flat[0].acted
        order = jnp.argsort(jnp.where(acted, jax.random.uniform(shuffle, acted.shape), 2.0))
        parts = order.reshape(-1, args.minibatches).T

        def minibatch(learner: tuple[Any, Any], rows: jax.Array) -> tuple[Any, None]:
            params, opt_state = learner
            grads = jax.grad(loss)(params, jax.tree.map(lambda x: x[rows], flat))
            steps, opt_state = optimiser.update(grads, opt_state, params)
            return (optax.apply_updates(params, steps), opt_state), None

        (params, opt_state), _ = jax.lax.scan(minibatch, (params, opt_state), parts)
        # every update, one world makes place for a new one: who sees the same maps for ever learns
        # these maps, and lives shorter on any other
        oldest = number % args.worlds
        obs, state = jax.tree.map(
            lambda worlds, new: worlds.at[oldest].set(new), (obs, state), env.reset(fresh, rules)
        )
        deaths = jnp.sum(steps.terminated)
        counts = {"steps": jnp.sum(acted), "deaths": deaths}
        return (params, opt_state, state, obs), counts

    keys = jax.random.split(jax.random.key(args.seed), 3)
    params = policy.init(keys[0])
    reset = jax.vmap(lambda key: env.reset(key, rules))
    obs, state = jax.jit(reset)(jax.random.split(keys[1], args.worlds))
    carry = (params, optimiser.init(params), state, obs)
    advance = jax.jit(update, donate_argnums=0)

    began = said = time.monotonic()
    steps = deaths = 0
    for number in range(args.updates):
        carry, counts = advance(carry, jax.random.fold_in(keys[2], number), number)
        steps, deaths = steps + int(counts["steps"]), deaths + int(counts["deaths"])
        now = time.monotonic()
        over = now - began > 60 * args.minutes or number + 1 == args.updates
        if now - said > 5 or over:
            print(
                f"{now - began:6.0f} s  update {number + 1:5d}  lifetime "
                f"{steps / max(deaths, 1):6.1f}  {steps / (now - said):8,.0f} agent-steps/s",
                flush=True,
            )
            said, steps, deaths = now, 0, 0
        if over:
            break
    library.save(args.output, config, carry[0])
    print(f"measure it on new maps: jaxmmo evaluate {args.output}")


if __name__ == "__main__":
    main()
