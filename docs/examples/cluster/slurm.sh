#!/usr/bin/env bash
# A training run on 2 nodes of 4 GPUs: sbatch slurm.sh
#
# One process for every GPU. Each finds the others by what Slurm tells it, and sees one GPU. A lost
# process ends all. Two minutes before its time is up Slurm sends SIGTERM, and the run saves: submit
# the same file again and it goes on from there, as it does by itself after a node has failed.
#SBATCH --job-name=jaxmmo
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@120
#SBATCH --output=jaxmmo-%j.log
set -euo pipefail

run=${JAXMMO_RUN:-runs/cluster}  # on a file system that all nodes see
resume=()
if [ -d "$run/checkpoints" ]; then resume=(--resume); fi

srun --kill-on-bad-exit=1 --label jaxmmo train --distributed --output "$run" "${resume[@]}" \
  --set worlds=128 --set minibatch=8192 --set renewed=8 --updates "${JAXMMO_UPDATES:-20000}" \
  --save-every 5m
