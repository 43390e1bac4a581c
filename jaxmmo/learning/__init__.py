"""Learning: rollouts, advantages, losses, PPO, checkpoints, evaluation."""
