"""Learning: a rollout and its update as one pure function of the learner's state."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from jaxmmo.agents import acting
from jaxmmo.agents.acting import DrawRules, RolloutState, SampleRules, rules_of
from jaxmmo.agents.policy import Output, Policy
from jaxmmo.agents.shards import ALONE, Shards
from jaxmmo.env import sharing
from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import select
from jaxmmo.io import decisions
from jaxmmo.learning import advantages, losses, minibatches, renewal
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.metrics import not_finite, summarise
from jaxmmo.learning.rollout import Steps, rollout

Mean = Callable[[jax.Array, jax.Array], jax.Array]
"""f32[M] and their weights -> f32[]: the mean, or the sum."""

Piece = Callable[[jax.Array, Mean], Any]
"""The first row and how to average -> ((gradients, terms), weight) of the rows from there on."""


class LearnState(struct.PyTreeNode):
    """Everything that a run is: saved whole, it continues bit by bit as if never interrupted."""

    params: Any
    opt_state: Any
    worlds: RolloutState
    key: jax.Array  # u32 data of a typed key
    update: jax.Array  # i32[]; updates made


class Experience(struct.PyTreeNode):
    """Decisions to learn from, any leading axes."""

    steps: Steps
    advantage: jax.Array  # f32
    target: jax.Array  # f32; of the value
    memory: Any  # the policy's, [N, ...], before the first decision; empty without memory


@dataclasses.dataclass(frozen=True)
class Learner:
    """PPO, or the policy gradient, for a policy in an environment. Hashable: may be closed over.

    Attributes:
      env: one world; `config.worlds` of them are simulated.
      policy: learned.
      config: settings.
      sample_rules: (key, env) -> Rules, drawn anew for every world; None for the environment's.
      shards: how the worlds are spread over devices. States that its methods take and return then
        are one device's part, of `config.worlds / shards.worlds` worlds, see `parallel.mesh`.
    """

    env: Environment
    policy: Policy
    config: LearnConfig
    sample_rules: SampleRules | None = None
    shards: Shards = ALONE

    @property
    def rules(self) -> Rules | DrawRules:
        """The environment's, or how to draw them; without combat if attacks are off."""
        return rules_of(self.env, self.sample_rules, attacks=self.config.attacks)

    @property
    def optimiser(self) -> optax.GradientTransformation:
        """Adam behind a clipped norm; its steps are yet to be scaled by the learning rate."""
        clip = optax.clip_by_global_norm(self.config.max_grad_norm)
        return optax.chain(clip, optax.scale_by_adam(eps=1e-5))

    def anneal_factor(self, update: jax.Array) -> jax.Array:
        """f32[]: the share of learning rate and entropy bonus that is left at an update."""
        if not self.config.anneal:
            return jnp.ones(())
        return jnp.maximum(1 - 0.9 * update / self.config.anneal, 0.1)

    def init(self, key: jax.Array) -> LearnState:
        """A new run; the key is consumed."""
        keys = jax.random.split(key, 3)
        begin = jax.random.split(keys[1], self.config.worlds)
        params = self.policy.init(keys[0])
        return LearnState(
            params=params,
            opt_state=self.optimiser.init(params),
            worlds=acting.start(self.env, self.rules, self.policy, self.shards.block(begin)),
            key=jax.random.key_data(keys[2]),
            update=jnp.zeros((), jnp.int32),
        )

    def update(self, state: LearnState) -> tuple[LearnState, dict[str, jax.Array]]:
        """One rollout and what is learned from it. Pure: jit it, donate the state.

        Returns:
          The state after, and scalars to log.
        """
        config, shards = self.config, self.shards
        key = jax.random.fold_in(jax.random.wrap_key_data(state.key), state.update)
        play, shuffle, fresh = jax.random.split(key, 3)
        worlds, steps, tally = rollout(
            self.env,
            self.rules,
            self.policy,
            state.params,
            state.worlds,
            play,
            ticks=config.ticks,
            chunk=config.chunk,
            numbers=shards.block(jnp.arange(config.worlds, dtype=jnp.int32)),
            shards=shards,
        )
        last = acting.values(self.policy, state.params, worlds, config.chunk, shards=shards)
        batch, variance = self.estimate(steps, last, state.worlds.carry)
        params, opt_state, learned = self.learn(
            state.params,
            state.opt_state,
            batch,
            variance,
            shuffle,
            self.anneal_factor(state.update),
        )
        metrics = summarise(tally, worlds, config.worlds, shards) | learned
        metrics |= not_finite(steps, learned, shards)
        worlds = self.renew(worlds, state.update, fresh)
        after = state.replace(
            params=params, opt_state=opt_state, worlds=worlds, update=state.update + 1
        )
        return after, metrics

    def renew(self, worlds: RolloutState, update: jax.Array, key: jax.Array) -> RolloutState:
        """Puts new worlds in the place of `config.renewed` old ones, in turn; the key is consumed.

        The lives that end so are truncated, as all are where a rollout ends.
        """
        count, total = self.config.renewed, self.config.worlds
        if not count:
            return worlds
        keys, turn, held = renewal.due(key, update, count, total, self.shards)
        new = acting.start(self.env, self.rules, self.policy, keys)
        return renewal.replaced(worlds, new, turn, held)

    def estimate(
        self, steps: Steps, last: jax.Array, memory: Any = ()
    ) -> tuple[Experience, jax.Array]:
        """Advantages (normalised over the living), value targets, and the latter's variance.

        Args:
          steps: of a rollout, [T, N].
          last: f32[N], values of what was observed after it.
          memory: the policy's before it.
        """
        config = self.config
        # numbers of empty slots might be anything, and 0 times that anything
        steps = jax.tree.map(
            lambda x: select(steps.acted, x, jnp.zeros_like(x)) if _is_float(x) else x, steps
        )
        ahead = jnp.concatenate([steps.value[1:], last[None]])
        if jax.tree.leaves(steps.last_value):
            ahead = jnp.where(steps.truncated, steps.last_value, ahead)
        advantage, target = advantages.gae(
            steps.reward,
            steps.value,
            ahead,
            steps.terminated,
            steps.truncated,
            steps.acted,
            gamma=config.gamma,
            gae_lambda=config.gae_lambda,
        )
        _, variance = advantages.moments(target, steps.acted, self.shards)
        advantage = advantages.normalise(advantage, steps.acted, self.shards)
        return Experience(steps, advantage, target, memory), variance

    @property
    def remembers(self) -> bool:
        """Whether the policy has memory: decisions are then relived in order."""
        return bool(jax.tree.leaves(self.policy.initial_carry((1,))))

    def replay(self, params: Any, batch: Experience) -> Output:
        """The policy's answers to the observations of a batch, [T, M] in order if it remembers."""
        steps = batch.steps
        if not self.remembers:
            return self.policy.apply(params, steps.obs, (), steps.reset)

        def tick(carry: Any, step: tuple[Any, jax.Array, jax.Array]) -> tuple[Any, Output]:
            obs, reset, acted = step
            out = self.policy.apply(params, obs, carry, reset)
            carry = jax.tree.map(lambda m: select(acted, m, jnp.zeros_like(m)), out.carry)
            return carry, out._replace(carry=(), aux={})

        return jax.lax.scan(tick, batch.memory, (steps.obs, steps.reset, steps.acted))[1]

    def loss(
        self,
        params: Any,
        batch: Experience,
        return_variance: jax.Array,
        weight: jax.Array,
        anneal_factor: jax.Array | float = 1.0,
        mean: Mean = losses.mean,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The loss of decisions with weights, f32[M] or f32[T, M]; weight 0 is ignored.

        `losses.total` as `mean` leaves dividing by the weight to whoever has all decisions.
        """
        config, spec, steps = self.config, self.env.spec, batch.steps
        masks = steps.obs.masks
        out = self.replay(params, batch)
        log_prob = decisions.log_prob(spec, out.logits, masks, steps.action)
        if config.algorithm == "ppo":
            actor = losses.clipped_surrogate(
                log_prob, steps.log_prob, batch.advantage, config.clip_eps
            )
        else:
            actor = losses.policy_gradient(log_prob, batch.advantage)
        critic = losses.squared_error(out.value, batch.target) / (return_variance + 1e-3)
        entropy = decisions.entropy(spec, out.logits, masks)
        terms = {
            "policy_loss": mean(actor, weight),
            "value_loss": mean(critic, weight),
            "entropy": mean(entropy, weight),
            "kl": mean(steps.log_prob - log_prob, weight),
        }
        total = terms["policy_loss"] + config.value_coef * terms["value_loss"]
        return total - anneal_factor * config.entropy_coef * terms["entropy"], terms

    def learn(
        self,
        params: Any,
        opt_state: Any,
        batch: Experience,
        return_variance: jax.Array,
        key: jax.Array,
        anneal_factor: jax.Array | float = 1.0,
    ) -> tuple[Any, Any, dict[str, jax.Array]]:
        """Gradient steps over the living decisions of a batch [T, N], in shuffled minibatches.

        A minibatch is a part of the decisions, or of the slots if the policy remembers.
        `anneal_factor` scales learning rate and entropy bonus.
        """
        config, shards = self.config, self.shards
        acted = batch.steps.acted
        if self.remembers:
            alive, size = jnp.any(acted, 0), max(1, config.minibatch // config.ticks)
        else:
            batch = sharing.joined(batch)
            alive, size = batch.steps.acted, config.minibatch
        places = minibatches.places(acted.shape[self.remembers :], shards)
        alive = shards.share(alive)
        parts = minibatches.divide(alive, size, shards)

        def epoch(index: jax.Array, carry: Any) -> Any:
            now = jax.random.fold_in(key, index)
            order = minibatches.shuffle(now, alive, places, parts, size, shards)

            def minibatch(part: jax.Array, carry: Any) -> Any:
                params, opt_state, sums = carry
                first, last = order.first[part], order.first[part + 1]

                def piece(at: jax.Array, mean: Mean) -> Any:
                    """Gradients, terms and weight of some rows."""
                    wide = minibatches.width(size, shards)
                    rows = jax.lax.dynamic_slice(order.rows, (at,), (wide,))
                    chosen = self.rows_of(batch, rows)
                    real = at + jnp.arange(wide) < last
                    weight = (real & chosen.steps.acted).astype(jnp.float32)
                    learned = jax.grad(self.loss, has_aux=True)(
                        params, chosen, return_variance, weight, anneal_factor, mean
                    )
                    return learned, jnp.sum(weight)

                grads, terms = self.gradient(piece, first, last, size)
                steps, opt_state = self.optimiser.update(grads, opt_state, params)
                rate = -config.learning_rate * anneal_factor
                params = optax.apply_updates(params, jax.tree.map(lambda x: rate * x, steps))
                return params, opt_state, jax.tree.map(jnp.add, sums, terms)

            return jax.lax.fori_loop(0, parts.parts, minibatch, carry)

        names = ("policy_loss", "value_loss", "entropy", "kl")
        sums = {name: jnp.zeros(()) for name in names}
        epochs = config.epochs if config.algorithm == "ppo" else 1
        params, opt_state, sums = jax.lax.fori_loop(0, epochs, epoch, (params, opt_state, sums))
        return params, opt_state, {k: v / (epochs * parts.parts) for k, v in sums.items()}

    def gradient(self, piece: Piece, first: jax.Array, last: jax.Array, size: int) -> Any:
        """Gradients and terms of a minibatch: means over the decisions of all devices.

        On one device a minibatch is one piece. On many, a device works through as many pieces as
        its own rows of it need, which may be none, and then all sum up what they have.
        """
        if self.shards.devices == 1:
            return piece(first, losses.mean)[0]
        wide = minibatches.width(size, self.shards)

        def more(index: jax.Array, sums: Any) -> Any:
            return jax.tree.map(jnp.add, sums, piece(first + index * wide, losses.total))

        shapes = jax.eval_shape(lambda: piece(first, losses.total))
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
        learned = jax.lax.fori_loop(0, -(-(last - first) // wide), more, zeros)
        learned, weight = self.shards.over_all(learned)
        return jax.tree.map(lambda x: x / jnp.maximum(weight, 1.0), learned)

    def rows_of(self, batch: Experience, rows: jax.Array) -> Experience:
        """The decisions of these rows, or the records [T, M] of these slots."""
        if not self.remembers:
            return sharing.taken(batch, rows)
        records = batch.replace(memory=())
        records = sharing.taken(records, rows, axis=1)
        return records.replace(memory=sharing.taken(batch.memory, rows))


def _is_float(x: jax.Array) -> bool:
    return jnp.issubdtype(x.dtype, jnp.floating)
