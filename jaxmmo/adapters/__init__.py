"""The world through other libraries' interfaces, one module each, imported only when used.

`pettingzoo`, `gymnasium`, `jaxmarl`, `gymnax`, `jumanji`, `torch` and `neuralmmo` (the original's).
Each needs the extra of its name, `neuralmmo` none. How births and deaths look in each is one table
in docs/adapters.md.
"""

from jaxmmo.adapters.base import Layout, requires

__all__ = ["Layout", "requires"]
