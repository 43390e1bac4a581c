"""From the window of tiles to a vector."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents.entities import BOUND
from jaxmmo.agents.symmetry import turns
from jaxmmo.spec import Attribute, Kind, Spec

PLACE = ("row", "col")
"""Attributes that follow from a tile's place in the window: weights have a place instead."""


def packed_attributes(spec: Spec) -> list[tuple[Attribute, int]]:
    """The attributes that a packed tile holds, with their lowest bit."""
    found, shift = [], 0
    for attribute in spec.tile:
        if attribute.name not in PLACE:
            found.append((attribute, shift))
            shift += attribute.bits
    return found


def tile_planes(spec: Spec, tiles: jax.Array) -> list[list[jax.Array]]:
    """The window as planes in the order in which it is packed: no tile changes its place in memory.

    Args:
      spec: names the packed attributes.
      tiles: u32[N, side, words].

    Returns:
      For each packed attribute its planes, f32[N, tiles] each: an indicator per value of a
      discrete one, the squashed normalised number of a continuous one. Tiles are in packed order:
      see `packed_order`.
    """
    words = tiles.reshape(tiles.shape[0], -1)
    lanes = [words >> shift for shift in range(0, 32, spec.tile_bits)]
    packed = jnp.stack(lanes, 1).reshape(words.shape[0], -1)
    columns = []
    for attribute, shift in packed_attributes(spec):
        value = (packed >> shift) & (2**attribute.bits - 1)
        if attribute.kind == Kind.DISCRETE:
            columns.append([(value == v).astype(jnp.float32) for v in range(attribute.size)])
        else:
            assert not isinstance(attribute.divisor, str), "a tile attribute has no other to divide"
            number = (value.astype(jnp.float32) + attribute.low) / attribute.divisor
            number -= attribute.offset
            columns.append([number / (1 + jnp.abs(number) / BOUND)])
    return columns


def packed_order(spec: Spec) -> np.ndarray:
    """i32[tiles]: raster index of every tile in packed order, side * side for padding."""
    per_word = 32 // spec.tile_bits
    words = -(-spec.window // per_word)
    lane, row, word = np.meshgrid(
        np.arange(per_word), np.arange(spec.window), np.arange(words), indexing="ij"
    )
    col = word * per_word + lane
    index = np.where(col < spec.window, row * spec.window + col, spec.window**2)
    return index.reshape(-1)


def regions(spec: Spec) -> np.ndarray:
    """f32[regions, tiles]: parts of the window that tell where a tile is, roughly, in packed order.

    Blocks of a third and a fifth of the window, rows, columns, and rings of equal walking distance.
    """
    order = packed_order(spec)
    side = spec.window
    row, col = order // side, order % side
    middle = side // 2
    steps = abs(row - middle) + abs(col - middle)
    labels = [row, side + col, 2 * side + steps]
    first = 2 * side + steps.max() + 1
    for parts in (3, 5):
        labels.append(first + (row * parts // side) * parts + col * parts // side)
        first += parts * parts
    found = [label == np.arange(first)[:, None] for label in labels]
    return (np.sum(found, 0) * (order < side * side)).astype(np.float32)


class TableTiles(nn.Module):
    """A table of vectors for every place and value, summed over the window, then a nonlinearity.

    The sum of look-ups is done as a product with indicator planes: on a CPU ten times faster than
    gathering rows, and hundreds of times faster than a convolution over embedded tiles. An entry of
    the table is a sum of terms: one of its place and one of each region that the place is in. What
    is learnt of a place is thus at once known of its surroundings, at no cost per agent.

    The window is looked at as it is and turned: all views are read by the same table, as the world
    has no preferred direction. What is learnt of the north is at once known of the south.

    Attributes:
      features: of each view.
      views: orientations of the window, see `agents.symmetry`: 1, 4 or 8.
      dtype: of the products.
    """

    features: int = 8
    views: int = 8
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, spec: Spec, tiles: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        """u32[N, side, words] -> f32[N, views, features], and nothing to look at."""
        order = packed_order(spec)
        where = jnp.asarray(regions(spec))
        turned = jnp.asarray(turns(spec.window, order)[: self.views])
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        total = jnp.tile(bias, self.views).astype(self.dtype)[None]
        for (attribute, _), planes in zip(
            packed_attributes(spec), tile_planes(spec, tiles), strict=True
        ):
            count, places = len(planes), planes[0].shape[-1]
            init = nn.initializers.normal(spec.window**-1)  # one value of each place is on
            table = self.param(attribute.name, init, (count, places, self.features))
            coarse = self.param(
                f"{attribute.name}_regions",
                nn.initializers.zeros,
                (count, where.shape[0], self.features),
            )
            table = table + jnp.einsum("vrf,rp->vpf", coarse, where)
            table = jnp.swapaxes(table[:, turned], 1, 2).reshape(count, places, -1)
            table = table.astype(self.dtype)
            for value in range(count):  # one product each: XLA fuses the plane into it
                total = total + planes[value].astype(self.dtype) @ table[value]
        return nn.relu(total).reshape(-1, self.views, self.features), {}


class AttentionTiles(nn.Module):
    """Attention over the tiles of the window: keys and values are table rows of value and place.

    Attributes:
      features: size of the vector.
      heads: queries, learned and the same for all.
    """

    features: int = 64
    heads: int = 8

    @nn.compact
    def __call__(self, spec: Spec, tiles: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        """u32[N, side, words] -> f32[N, features], and the mean weights f32[N, side * side]."""
        order = packed_order(spec)
        exists = order < spec.window**2
        planes = jnp.stack([p for planes in tile_planes(spec, tiles) for p in planes], 1)
        count, places = planes.shape[1:]
        init = nn.initializers.normal(0.3)
        score = self.param("score", init, (count, self.heads))
        where = self.param("where", init, (self.heads, places))
        scores = jnp.einsum("ncp,ch->nhp", planes, score) + where[None]
        weights = nn.softmax(jnp.where(exists, scores, -1e9))
        what = jnp.einsum("nhp,ncp->nhc", weights, planes)
        value = self.param("value", init, (self.heads, places, self.features // 2))
        placed = jnp.einsum("nhp,hpd->nd", weights, value)
        joined = jnp.concatenate([what.reshape(what.shape[0], -1), placed], -1)
        shown = jnp.zeros((tiles.shape[0], spec.window**2 + 1)).at[:, order].set(weights.mean(1))
        return nn.relu(nn.Dense(self.features)(joined)), {"tile": shown[:, :-1]}


class ConvTiles(nn.Module):
    """The original's way: embedded tiles, a convolution, a layer. Slow on a CPU.

    Attributes:
      features: size of the vector.
      channels: of the convolution.
    """

    features: int = 64
    channels: int = 8

    @nn.compact
    def __call__(self, spec: Spec, tiles: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        """u32[N, side, words] -> f32[N, features], and nothing to look at."""
        packed = jnp.stack([p for planes in tile_planes(spec, tiles) for p in planes], 1)
        raster = jnp.argsort(packed_order(spec))[: spec.window**2]
        image = jnp.swapaxes(packed[:, :, raster], 1, 2)
        image = image.reshape(-1, spec.window, spec.window, packed.shape[1])
        image = nn.relu(nn.Conv(self.channels, (3, 3), strides=(2, 2))(image))
        return nn.relu(nn.Dense(self.features)(image.reshape(image.shape[0], -1))), {}
