"""Named arrays that can be read as attributes: actions, masks, intents, events, tables."""

from __future__ import annotations

from typing import Any

import jax


@jax.tree_util.register_pytree_with_keys_class
class Record(dict[str, Any]):
    """A dict whose entries are attributes too, and a pytree with its leaves in order of names.

    `masks.move` and `masks["move"]` are the same array. Which names there are is up to the game,
    so that an added action head, system or table needs no class of its own. A name that a dict has
    a method for, such as `items`, is only reached by its key.
    """

    def __getattr__(self, name: str) -> Any:
        """The entry of that name; AttributeError saying which there are."""
        if name in self:
            return self[name]
        raise AttributeError(f"{name!r} (there are: {', '.join(sorted(self))})")

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuses to set what is no declared attribute: it would not be an entry."""
        if not hasattr(type(self), name):
            raise AttributeError(f"{name!r} cannot be set: use replace({name}=...), or the key")
        super().__setattr__(name, value)

    def replace(self, **updates: Any) -> Record:
        """A copy with entries changed or added."""
        return Record(self | updates)

    def tree_flatten_with_keys(self) -> tuple[list[tuple[Any, Any]], tuple[str, ...]]:
        """Children with their keys, and the sorted names."""
        names = tuple(sorted(self))
        return [(jax.tree_util.DictKey(name), self[name]) for name in names], names

    def tree_flatten(self) -> tuple[list[Any], tuple[str, ...]]:
        """Children, and the sorted names."""
        names = tuple(sorted(self))
        return [self[name] for name in names], names

    @classmethod
    def tree_unflatten(cls, names: tuple[str, ...], children: Any) -> Record:
        """Undoes `tree_flatten`."""
        return cls(zip(names, children, strict=True))
