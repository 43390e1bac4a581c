"""Learning: a rollout and its update as one pure function of the learner's state."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from jaxmmo.agents.policy import Policy
from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import Rules
from jaxmmo.io import decisions
from jaxmmo.learning import advantages, losses, packing
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.rollout import Steps, Tally, Worlds, rollout, start, values


class LearnState(struct.PyTreeNode):
    """Everything that a run is: saved whole, it continues bit by bit as if never interrupted."""

    params: Any
    opt_state: Any
    worlds: Worlds
    key: jax.Array  # u32 data of a typed key
    update: jax.Array  # i32[]; updates made


class Batch(struct.PyTreeNode):
    """Decisions to learn from, any leading axes."""

    steps: Steps
    advantage: jax.Array  # f32
    target: jax.Array  # f32; of the value


@dataclasses.dataclass(frozen=True)
class Learner:
    """PPO, or the policy gradient, for a policy in an environment. Hashable: may be closed over.

    Attributes:
      env: one world; `config.worlds` of them are simulated.
      policy: learned.
      config: settings.
    """

    env: Environment
    policy: Policy
    config: LearnConfig

    @property
    def rules(self) -> Rules:
        """The preset's, without combat if attacks are off."""
        rules = self.env.default_rules()
        return rules if self.config.attacks else rules.without_combat()

    @property
    def optimiser(self) -> optax.GradientTransformation:
        """Adam behind a clipped norm."""
        config = self.config
        rate = config.learning_rate
        if config.anneal:
            rate = optax.linear_schedule(rate, rate / 10, config.anneal)
        return optax.chain(optax.clip_by_global_norm(config.max_norm), optax.adam(rate, eps=1e-5))

    def init(self, key: jax.Array) -> LearnState:
        """A new run; the key is consumed."""
        keys = jax.random.split(key, 3)
        params = self.policy.init(keys[0])
        return LearnState(
            params=params,
            opt_state=self.optimiser.init(params),
            worlds=start(self.env, self.rules, self.policy, keys[1], self.config.worlds),
            key=jax.random.key_data(keys[2]),
            update=jnp.zeros((), jnp.int32),
        )

    def update(self, state: LearnState) -> tuple[LearnState, dict[str, jax.Array]]:
        """One rollout and what is learned from it. Pure: jit it, donate the state.

        Returns:
          The state after, and scalars to log.
        """
        config = self.config
        key = jax.random.fold_in(jax.random.wrap_key_data(state.key), state.update)
        play, shuffle = jax.random.split(key)
        worlds, steps, tally = rollout(
            self.env,
            self.rules,
            self.policy,
            state.params,
            state.worlds,
            play,
            ticks=config.ticks,
            chunk=config.chunk,
        )
        last = values(self.policy, state.params, worlds, config.chunk)
        batch, spread = self.estimate(steps, last)
        params, opt_state, losses_ = self.learn(
            state.params, state.opt_state, batch, spread, shuffle
        )
        metrics = summarise(tally, worlds) | losses_
        after = state.replace(
            params=params, opt_state=opt_state, worlds=worlds, update=state.update + 1
        )
        return after, metrics

    def estimate(self, steps: Steps, last: jax.Array) -> tuple[Batch, jax.Array]:
        """Advantages (normalised over the living), value targets, and the latter's variance."""
        config = self.config
        ahead = jnp.concatenate([steps.value[1:], last[None]])
        advantage, target = advantages.gae(
            steps.reward,
            steps.value,
            ahead,
            steps.terminated,
            steps.truncated,
            steps.acted,
            gamma=config.gamma,
            lam=config.lam,
        )
        _, spread = advantages.moments(target, steps.acted)
        return Batch(steps, advantages.normalise(advantage, steps.acted), target), spread

    def loss(
        self, params: Any, batch: Batch, spread: jax.Array, weight: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The loss of decisions [M, ...] with weights f32[M]; rows of weight 0 are ignored."""
        config, spec, steps = self.config, self.env.spec, batch.steps
        masks = steps.obs.masks
        out = self.policy.apply(params, steps.obs, (), steps.reset)
        log_prob = decisions.log_prob(spec, out.logits, masks, steps.action)
        if config.algorithm == "ppo":
            actor = losses.clipped_surrogate(log_prob, steps.log_prob, batch.advantage, config.clip)
        else:
            actor = losses.policy_gradient(log_prob, batch.advantage)
        critic = losses.squared_error(out.value, batch.target) / (spread + 1e-3)
        entropy = decisions.entropy(spec, out.logits, masks)
        parts = {
            "policy_loss": losses.mean(actor, weight),
            "value_loss": losses.mean(critic, weight),
            "entropy": losses.mean(entropy, weight),
            "kl": losses.mean(steps.log_prob - log_prob, weight),
        }
        total = parts["policy_loss"] + config.value * parts["value_loss"]
        return total - config.entropy * parts["entropy"], parts

    def learn(
        self, params: Any, opt_state: Any, batch: Batch, spread: jax.Array, key: jax.Array
    ) -> tuple[Any, Any, dict[str, jax.Array]]:
        """Gradient steps over the living decisions of a batch [T, N], in shuffled minibatches."""
        config = self.config
        flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), batch)
        acted = flat.steps.acted
        count = jnp.sum(acted, dtype=jnp.int32)
        parts = jnp.maximum(-(-count // config.minibatch), 1)
        each = -(-count // parts)

        def epoch(index: jax.Array, carry: Any) -> Any:
            order = jax.random.bits(jax.random.fold_in(key, index), acted.shape, jnp.uint32) >> 1
            order = jnp.where(acted, order, jnp.uint32(2**32 - 1))
            order = jnp.argsort(order)
            order = jnp.pad(order, (0, config.minibatch))

            def minibatch(part: jax.Array, carry: Any) -> Any:
                params, opt_state, sums = carry
                first = part * each
                rows = jax.lax.dynamic_slice(order, (first,), (config.minibatch,))
                within = jnp.arange(config.minibatch)
                weight = ((within < each) & (first + within < count)).astype(jnp.float32)
                some = packing.take(flat, rows)
                grads, parts_ = jax.grad(self.loss, has_aux=True)(params, some, spread, weight)
                steps, opt_state = self.optimiser.update(grads, opt_state, params)
                params = optax.apply_updates(params, steps)
                return params, opt_state, jax.tree.map(jnp.add, sums, parts_)

            return jax.lax.fori_loop(0, parts, minibatch, carry)

        names = ("policy_loss", "value_loss", "entropy", "kl")
        sums = {name: jnp.zeros(()) for name in names}
        epochs = config.epochs if config.algorithm == "ppo" else 1
        params, opt_state, sums = jax.lax.fori_loop(0, epochs, epoch, (params, opt_state, sums))
        return params, opt_state, {k: v / (epochs * parts) for k, v in sums.items()}


def summarise(tally: Tally, worlds: Worlds) -> dict[str, jax.Array]:
    """Scalars of a rollout: lifetime is living agent-steps per death."""
    deaths = jnp.sum(tally.deaths)
    count = worlds.state.tick.shape[0]
    return {
        "steps": tally.steps,
        "deaths": deaths,
        "lifetime": tally.steps / jnp.maximum(deaths, 1),
        "population": jnp.sum(worlds.obs.present[:, 0]) / count,
        "overflow": tally.overflow,
        "illegal": tally.illegal,
    } | {f"deaths_{i}": tally.deaths[i] for i in range(1, tally.deaths.shape[0])}
