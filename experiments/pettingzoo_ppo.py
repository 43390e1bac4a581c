"""PPO in the shape of CleanRL's scripts, through PettingZoo's dicts, in one file.

    python experiments/pettingzoo_ppo.py --minutes 10

Needs the extras `pettingzoo` and `torch`. One network for all agents; invalid actions are masked;
an agent's record is one life, or the part of it that fell between two updates. The last line is one
JSON object: how long agents live that learn, and that play at random.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

from jaxmmo.adapters.pettingzoo import parallel_env

GAMMA, LAMBDA, CLIP = 0.99, 0.9, 0.2


def arguments() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="JaxMMO-v1")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--updates", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--capacity", type=int, default=128, help="slots of the world")
    parser.add_argument("--size", type=int, default=80, help="side of the map, tiles")
    parser.add_argument("--ticks", type=int, default=128, help="between two updates")
    parser.add_argument("--horizon", type=int, default=512, help="ticks of a world")
    parser.add_argument("--minibatches", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3, help="of learning")
    parser.add_argument(
        "--measure", type=int, default=512, help="ticks on new maps, before and after (512)"
    )
    return parser.parse_args()


class Agent(nn.Module):
    """A policy and a value on one vector."""

    def __init__(self, inputs: int, actions: int, width: int = 128):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh()
        )
        self.actor, self.critic = nn.Linear(width, actions), nn.Linear(width, 1)
        nn.init.normal_(self.actor.weight, std=0.01)  # at first, all legal actions alike

    def forward(self, seen, legal, action=None):
        """Action (drawn, or the one given), its log-probability, entropy, value."""
        features = self.body(seen)
        choice = Categorical(
            logits=self.actor(features).masked_fill(legal == 0, -1e9), validate_args=False
        )
        action = choice.sample() if action is None else action
        return action, choice.log_prob(action), choice.entropy(), self.critic(features)[:, 0]


def batch(observations, agents):
    """The agents' observations and masks as two tensors."""
    seen = np.stack([observations[agent]["observation"] for agent in agents])
    legal = np.stack([observations[agent]["action_mask"] for agent in agents])
    return torch.from_numpy(seen), torch.from_numpy(legal)


class Collector:
    """Plays, and keeps what every life came to."""

    def __init__(self, env, seed: int):
        self.env, self.seed = env, seed
        self.observations, _ = env.reset(seed=seed)

    @torch.no_grad()
    def play(self, agent: Agent, ticks: int):
        """A batch of decisions with their advantages and returns; decisions, and deaths."""
        lives, ends, deaths = defaultdict(list), {}, 0
        for _ in range(ticks):
            names = list(self.env.agents)
            seen, legal = batch(self.observations, names)
            action, log_prob, _, value = agent(seen, legal)
            chosen = dict(zip(names, action.numpy(), strict=True))
            told = self.env.step(chosen)
            self.observations, rewards, terminations, truncations, _ = told
            for i, name in enumerate(names):
                step = (seen[i], legal[i], action[i], log_prob[i], value[i])
                lives[name].append((*step, rewards[name]))
                if truncations[name]:  # it would have lived on: what it saw last says how well
                    cut = batch(self.observations, [name])
                    ends[name] = float(agent(*cut)[3])
                elif terminations[name]:
                    ends[name], deaths = 0.0, deaths + 1
            if not self.env.agents:
                self.seed += 1
                self.observations, _ = self.env.reset(seed=self.seed)
        going = [name for name in self.env.agents if name in lives and name not in ends]
        if going:
            values = agent(*batch(self.observations, going))[3]
            ends |= dict(zip(going, values.tolist(), strict=True))
        count = sum(len(life) for life in lives.values())
        return _joined(lives, ends), count, deaths


def _joined(lives, ends):
    """All decisions one after another, with advantages and returns."""
    columns = [[] for _ in range(6)]
    for name, life in lives.items():
        ahead, gathered, found = ends[name], 0.0, []
        for *_, value, reward in reversed(life):
            gathered = reward + GAMMA * ahead - float(value) + GAMMA * LAMBDA * gathered
            ahead = float(value)
            found.append(gathered)
        for (seen, legal, action, log_prob, value, _), advantage in zip(
            life, reversed(found), strict=True
        ):
            row = (seen, legal, action, log_prob, advantage, advantage + float(value))
            for column, entry in zip(columns, row, strict=True):
                column.append(entry)
    stacked = [torch.stack(column) for column in columns[:4]]
    return (*stacked, *(torch.tensor(column) for column in columns[4:]))


def learn(agent: Agent, optimiser, data, minibatches: int) -> None:
    """One pass over all decisions, in random order."""
    advantage, returns = data[4], data[5]
    scale, spread = advantage.std() + 1e-6, returns.var() + 1e-3
    for rows in torch.randperm(len(advantage)).chunk(minibatches):
        seen, legal, action, old, gain, goal = (column[rows] for column in data)
        _, log_prob, entropy, value = agent(seen, legal, action)
        ratio = (log_prob - old).exp()
        gain = gain / scale
        actor = -torch.min(ratio * gain, ratio.clamp(1 - CLIP, 1 + CLIP) * gain)
        loss = (actor + 0.5 * (value - goal) ** 2 / spread - 0.01 * entropy).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
        optimiser.step()


def lifetime(env, agent: Agent, seed: int, ticks: int) -> float:
    """Decisions for a death, in worlds that nothing is learnt in."""
    _, steps, deaths = Collector(env, seed).play(agent, ticks)
    return steps / max(deaths, 1)


def main() -> None:
    """Trains, and says how it goes."""
    args = arguments()
    torch.manual_seed(args.seed)
    sizes = {"capacity": args.capacity, "height": args.size, "width": args.size}
    env = parallel_env(args.preset, horizon=args.horizon, actions="joint", **sizes)
    inputs = env.observation_space("")["observation"].shape[0]
    agent = Agent(inputs, int(env.action_space("agent_0").n))
    optimiser = torch.optim.Adam(agent.parameters(), args.rate, eps=1e-5)
    # an agent that has learnt nothing yet plays at random: that is what to compare with
    random = lifetime(env, agent, 10**6 + args.seed, args.measure)
    collector = Collector(env, args.seed)
    began = said = time.monotonic()
    total = steps = deaths = 0
    for number in range(args.updates):
        data, more, died = collector.play(agent, args.ticks)
        learn(agent, optimiser, data, args.minibatches)
        steps, deaths, total = steps + more, deaths + died, total + more
        now = time.monotonic()
        over = now - began > 60 * args.minutes or number + 1 == args.updates
        if now - said > 10 or over:
            lived, rate = steps / max(deaths, 1), steps / (now - said)
            print(f"{now - began:6.0f} s  lifetime {lived:6.1f}  {rate:8,.0f} agent-steps/s")
            said, steps, deaths = now, 0, 0
        if over:
            break
    lived = lifetime(env, agent, 10**6 + args.seed, args.measure)
    print(json.dumps({"lifetime": lived, "random": random, "agent_steps": total}))


if __name__ == "__main__":
    main()
