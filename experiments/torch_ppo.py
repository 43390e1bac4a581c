"""PPO with the network in PyTorch and the worlds in JAX, on the same device, in one file.

    python experiments/torch_ppo.py --minutes 10

Needs the extra `torch`. Tensors and arrays share memory; only the living are looked at and learnt
from. The last line is one JSON object: how long agents live that learn, and that play at random.
"""

from __future__ import annotations

import argparse
import json
import time

import torch
from torch import nn
from torch.distributions import Categorical

from jaxmmo.adapters.torch import Seen, Worlds

GAMMA, LAMBDA, CLIP = 0.99, 0.9, 0.2


def arguments() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="JaxMMO-v1")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--updates", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--capacity", type=int, default=128, help="slots in a world")
    parser.add_argument("--size", type=int, default=80, help="side of the map, tiles")
    parser.add_argument("--ticks", type=int, default=32, help="between two updates")
    parser.add_argument("--minibatches", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3, help="of learning")
    parser.add_argument(
        "--measure", type=int, default=512, help="ticks on new maps, before and after (512)"
    )
    return parser.parse_args()


class Network(nn.Module):
    """A small one: features, a value, and a score for every choice of every head."""

    def __init__(self, worlds: Worlds, inputs: int, width: int = 128):
        super().__init__()
        spec = worlds.spec
        self.heads = [(head.name, head.given, spec.shape(head)) for head in spec.heads]
        self.body = nn.Sequential(
            nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh()
        )
        self.value = nn.Linear(width, 1)
        sizes = {name: torch.Size(shape).numel() for name, _, shape in self.heads}
        self.scores = nn.ModuleDict({name: nn.Linear(width, n) for name, n in sizes.items()})
        for head in self.scores.values():  # all legal choices about equally likely at first
            nn.init.normal_(head.weight, std=0.01)

    def forward(self, seen, masks, taken=None):
        """Decisions [N, heads] (drawn, or those given), their log-probability, entropy, value."""
        features = self.body(seen)
        chosen, log_prob, entropy = {}, 0.0, 0.0
        rows = torch.arange(len(seen), device=seen.device)
        for i, (name, given, shape) in enumerate(self.heads):
            scores, legal = self.scores[name](features).view(-1, *shape), masks[name]
            if given:  # the scores and the mask for what was chosen there
                scores, legal = (x[rows, chosen[given].long()] for x in (scores, legal))
            choice = Categorical(logits=scores.masked_fill(~legal, -1e9), validate_args=False)
            chosen[name] = choice.sample() if taken is None else taken[:, i]
            log_prob = log_prob + choice.log_prob(chosen[name])
            entropy = entropy + choice.entropy()
        decisions = torch.stack([chosen[name] for name, _, _ in self.heads], -1).int()
        return decisions, log_prob, entropy, self.value(features)[:, 0]


def act(network: Network, seen: Seen):
    """Decisions of all rows: only those of the living cost anything."""
    living = seen.living.nonzero()[:, 0]
    masks = {name: mask[living] for name, mask in seen.masks.items()}
    decided, log_prob, _, value = network(seen.observation[living], masks)
    size = len(seen.living)
    decisions = torch.zeros((size, decided.shape[-1]), dtype=torch.int32, device=decided.device)
    decisions[living] = decided
    spread = [torch.zeros(size, device=value.device) for _ in range(2)]
    spread[0][living], spread[1][living] = log_prob, value
    return decisions, *spread


@torch.no_grad()
def rollout(worlds: Worlds, network: Network, seen: Seen, ticks: int):
    """Some ticks of all worlds: what was seen, decided and told, and what is seen now."""
    steps = []
    for _ in range(ticks):
        decisions, log_prob, value = act(network, seen)
        after, told = worlds.step(decisions)
        steps.append((seen, decisions, log_prob, value, told))
        seen = after
    return steps, seen, act(network, seen)[2]


def advantages(steps, last):
    """Generalised advantages [T, N]; a life's end cuts them off, the world's end bootstraps."""
    ahead, gathered, found = last, torch.zeros_like(last), []
    for _, _, _, value, told in reversed(steps):
        alive = told.acted & ~told.terminated
        goes_on = (alive & ~told.truncated).float()
        # whoever is cut off expects what it expected before: its new world is another life's
        ahead = torch.where(told.truncated, value, ahead)
        delta = told.reward + GAMMA * ahead * alive.float() - value
        gathered = delta + GAMMA * LAMBDA * goes_on * gathered
        found.append(gathered)
        ahead = value
    return torch.stack(found[::-1])


def learn(network: Network, optimiser, steps, advantage, minibatches: int) -> None:
    """One pass over the decisions of the living, in random order."""
    acted = torch.stack([told.acted for *_, told in steps])
    where = acted.nonzero()
    values = torch.stack([value for _, _, _, value, _ in steps])
    returns = advantage + values
    scale = advantage[acted].std() + 1e-6
    spread = returns[acted].var() + 1e-3
    for part in where[torch.randperm(len(where), device=where.device)].chunk(minibatches):
        ticks, rows = part[:, 0], part[:, 1]

        def take(pick, ticks=ticks, rows=rows):
            stacked = torch.stack([pick(step) for step in steps])
            return stacked[ticks, rows]

        masks = {n: take(lambda step, n=n: step[0].masks[n]) for n, _, _ in network.heads}
        seen, taken = take(lambda step: step[0].observation), take(lambda step: step[1])
        _, log_prob, entropy, value = network(seen, masks, taken)
        ratio = (log_prob - take(lambda step: step[2])).exp()
        gain = advantage[ticks, rows] / scale
        actor = -torch.min(ratio * gain, ratio.clamp(1 - CLIP, 1 + CLIP) * gain)
        critic = (value - returns[ticks, rows]) ** 2 / spread
        loss = (actor + 0.5 * critic - 0.01 * entropy).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimiser.step()


def counts(steps) -> tuple[int, int]:
    """Decisions, and deaths."""
    return (
        sum(int(told.acted.sum()) for *_, told in steps),
        sum(int(told.terminated.sum()) for *_, told in steps),
    )


def lifetime(worlds: Worlds, network: Network, seed: int, ticks: int) -> float:
    """Decisions for a death, in worlds that nothing is learnt in."""
    seen, steps, deaths = worlds.reset(seed), 0, 0
    for begin in range(0, ticks, 32):  # so that no more than 32 ticks are held at a time
        made, seen, _ = rollout(worlds, network, seen, min(32, ticks - begin))
        steps, deaths = steps + counts(made)[0], deaths + counts(made)[1]
    return steps / max(deaths, 1)


def main() -> None:
    """Trains, and says how it goes."""
    args = arguments()
    torch.manual_seed(args.seed)
    worlds = Worlds(
        args.preset, args.worlds, capacity=args.capacity, height=args.size, width=args.size
    )
    seen = worlds.reset(args.seed + 1)
    network = Network(worlds, seen.observation.shape[-1]).to(seen.observation.device)
    optimiser = torch.optim.Adam(network.parameters(), args.rate, eps=1e-5)
    # a network that has learnt nothing yet plays at random: that is what to compare with
    random = lifetime(worlds, network, args.seed + 1, args.measure)
    seen = worlds.reset(args.seed)
    began = said = time.monotonic()
    total = steps = deaths = 0
    for number in range(args.updates):
        made, seen, last = rollout(worlds, network, seen, args.ticks)
        learn(network, optimiser, made, advantages(made, last), args.minibatches)
        more = counts(made)
        steps, deaths, total = steps + more[0], deaths + more[1], total + more[0]
        now = time.monotonic()
        over = now - began > 60 * args.minutes or number + 1 == args.updates
        if now - said > 10 or over:
            lived, rate = steps / max(deaths, 1), steps / (now - said)
            print(f"{now - began:6.0f} s  lifetime {lived:6.1f}  {rate:8,.0f} agent-steps/s")
            said, steps, deaths = now, 0, 0
        if over:
            break
    lived = lifetime(worlds, network, args.seed + 1, args.measure)
    print(json.dumps({"lifetime": lived, "random": random, "agent_steps": total}))


if __name__ == "__main__":
    main()
