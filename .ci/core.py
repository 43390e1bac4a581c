"""Run by `.ci/run` where only the package and its core dependencies are installed."""

import sys
from importlib import metadata, resources

import jax

import jaxmmo
from jaxmmo.env.registry import FIRST_GAME

env = jaxmmo.make(capacity=16)
obs, state = jax.jit(env.reset)(jax.random.key(0))
obs, state, *_ = jax.jit(env.step)(jax.random.key(1), state, env.noop())
assert int(state.tick) == 1, state.tick
assert metadata.version("jaxmmo") == jaxmmo.__version__

package = resources.files("jaxmmo")
baselines = [f"baselines/{preset}.npz" for preset in FIRST_GAME]
for name in ("py.typed", "viewer/static/index.html", "viewer/static/viewer.js", *baselines):
    assert package.joinpath(name).is_file(), f"{name} is not in the package"
tests = [d for d in metadata.files("jaxmmo") or [] if str(d).startswith(("tests", "client"))]
assert not tests, f"not part of the package: {tests[:3]}"
print(f"jaxmmo {jaxmmo.__version__} on jax {jax.__version__}, Python {sys.version.split()[0]}")
