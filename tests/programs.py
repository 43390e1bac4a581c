"""Programs that tests compile."""

import jax


def quickly(fn):
    """The function compiled without the optimisations that take most of the time."""
    return jax.jit(fn, compiler_options={"xla_backend_optimization_level": 0})
