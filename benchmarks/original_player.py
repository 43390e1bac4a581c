"""Plays the original Neural MMO 2.1 when told to: what `benchmarks/original.py` starts.

It runs in an environment of its own, Python 3.10 with `nmmo`, and needs nothing else. A word on
standard input is a turn: a new episode is played for some ticks under random legal actions, and the
living agent-steps, the seconds and who was there are answered as a line of JSON. Only `env.step`
is timed: neither resets nor the choice of actions, which is counted on the other side.
"""

import json
import os
import sys
import time

import nmmo
import numpy as np
from nmmo.core import config as sizes


def legal(masks, draw):
    """Every action with arguments uniform over what their masks allow, each for itself."""
    return {
        action: {name: int(draw.choice(np.flatnonzero(mask))) for name, mask in arguments.items()}
        for action, arguments in masks.items()
    }


def turn(env, seed, ticks):
    """An episode's first ticks: living agent-steps, seconds in `step`, and NPCs, summed."""
    draw = np.random.default_rng(seed)
    obs, _ = env.reset(seed=seed)
    steps, npcs, seconds = 0, 0, 0.0
    for _ in range(ticks):
        living = env.agents
        actions = {agent: legal(obs[agent]["ActionTargets"], draw) for agent in living}
        steps += len(living)
        npcs += len(env.realm.npcs)
        began = time.perf_counter()
        obs = env.step(actions)[0]
        seconds += time.perf_counter() - began
    return {"steps": steps, "seconds": seconds, "npcs": npcs}


def main():
    """Answers turns until standard input ends; the first line says what plays."""
    ticks, seed, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what the engine prints is no answer
    os.chdir(folder)  # where it writes its maps
    env = nmmo.Env(sizes.Default())
    turn(env, seed, 2)  # what is done once
    players, npcs = env.config.PLAYER_N, env.config.NPC_N
    about = {"version": nmmo.__version__, "players": players, "npcs": npcs}
    print(json.dumps(about), file=answers)
    for line in sys.stdin:
        print(json.dumps(turn(env, seed + int(line), ticks)), file=answers)


if __name__ == "__main__":
    main()
