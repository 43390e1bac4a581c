"""The examples for clusters, as far as they can be checked without one."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from jaxmmo.cli.main import build_parser
from jaxmmo.parallel import hosts
from tests.parallel.test_hosts import ended, processes

EXAMPLES = Path(__file__).parents[2] / "docs/examples/cluster"


def arguments(text: str):
    """The options of the `jaxmmo train` that a script holds, variables left out."""
    joined = text.replace("\\\n", " ")
    (line,) = re.findall(r"jaxmmo (train --distributed [^\n]*)", joined)
    words = [w for w in shlex.split(line) if w not in ("${resume[@]}", "$resume")]
    words = ["100" if w.startswith("${JAXMMO_UPDATES") else w for w in words]
    return build_parser("train").parse_args(words)


def test_the_slurm_script_is_sound_and_starts_a_process_for_every_gpu():
    path = EXAMPLES / "slurm.sh"
    text = path.read_text()
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    told = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)", text, re.MULTILINE))
    assert told["ntasks-per-node"] == told["gpus-per-node"]
    assert told["signal"] == "TERM@120"
    args = arguments(text)
    assert args.distributed
    settings = dict(s.split("=") for s in args.set)
    devices = int(told["nodes"]) * int(told["gpus-per-node"])
    assert int(settings["worlds"]) % devices == 0


def test_the_script_goes_on_from_a_checkpoint_if_there_is_one(tmp_path):
    """With an `srun` that shows what it was given."""
    (tmp_path / "srun").write_text('#!/usr/bin/env bash\nprintf "%s\\n" "$@"\n')
    (tmp_path / "srun").chmod(0o755)
    told = []
    for _ in range(2):
        done = subprocess.run(
            ["bash", str(EXAMPLES / "slurm.sh")],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "JAXMMO_RUN": str(tmp_path / "run")},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(done.stdout.splitlines())
        (tmp_path / "run" / "checkpoints").mkdir(parents=True, exist_ok=True)
    assert "--resume" not in told[0]
    assert "--resume" in told[1]


def test_the_kubernetes_job_says_what_processes_have_to_know():
    yaml = pytest.importorskip("yaml")
    service, job = yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text())
    spec = job["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    environment = {e["name"]: e.get("value") for e in container["env"]}
    assert set(environment) == {hosts.COORDINATOR, hosts.COUNT, hosts.INDEX}
    assert int(environment[hosts.COUNT]) == spec["completions"] == spec["parallelism"]
    name, _, port = environment[hosts.COORDINATOR].partition(":")
    assert name == f"{job['metadata']['name']}-0.{service['metadata']['name']}"
    assert pod["subdomain"] == service["metadata"]["name"]
    assert int(port) == container["ports"][0]["containerPort"]
    assert arguments(container["args"][0]).distributed
    assert hosts.Hosts(environment[hosts.COORDINATOR], 0, int(environment[hosts.COUNT]))


@pytest.mark.slow
def test_processes_find_each_other_by_what_slurm_tells_them(tmp_path):
    def slurm(index: int) -> dict[str, str]:
        return {
            "SLURM_JOB_ID": "1000",
            "SLURM_STEP_NODELIST": "127.0.0.1",
            "SLURM_NTASKS": "2",
            "SLURM_PROCID": str(index),
            "SLURM_LOCALID": str(index),
            "SLURM_STEP_NUM_NODES": "1",
        }

    with processes(tmp_path / "run", "--distributed", "--updates", "1", told=slurm) as started:
        for process in started:
            code, _, err = ended(process)
            assert code == 0, err
