from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from PIL import Image, ImageSequence

from jaxmmo.env.constants import Material
from jaxmmo.replay import colors
from jaxmmo.viewer import render
from jaxmmo.viewer.film import FILMS
from tests.viewer.conftest import Recording


def at(picture: np.ndarray, row: Any, col: Any, scale: int) -> np.ndarray:
    """The mean colour of a tile's middle."""
    y, x = int((row + 0.5) * scale), int((col + 0.5) * scale)
    return picture[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).astype(float).mean(0)


def test_agents_are_drawn_in_their_populations_colour(tiny: Recording):
    state, scale = tiny.frames[0].state, 20
    picture = render(state, scale=scale)
    config = tiny.env.config
    assert picture.shape == (config.height * scale, config.width * scale, 3)
    assert picture.dtype == np.uint8
    players = state.players
    palette = [colors.rgb(c).astype(float) for c in colors.population_colors(8)]
    tiles = list(zip(players.row.tolist(), players.col.tolist(), strict=True))
    checked = 0
    for slot in np.flatnonzero(players.alive):
        if tiles.count(tiles[slot]) > 1:
            continue
        seen = at(picture, players.row[slot] + 0.15, players.col[slot] + 0.15, scale)
        nearest = min(range(8), key=lambda i: np.abs(palette[i] - seen).sum())
        assert nearest == players.population[slot]
        checked += 1
    assert checked >= 6


def test_the_dead_are_not_drawn(tiny: Recording):
    state = tiny.frames[0].state
    nobody = state.replace(players=state.players.replace(alive=np.zeros(12, bool)))
    empty, full = render(nobody), render(state)
    assert np.any(empty != full)
    ghosts = state.players.replace(alive=np.zeros(12, bool), row=state.players.row * 0)
    assert np.array_equal(empty, render(state.replace(players=ghosts)))


def test_terrain_looks_like_what_it_is(tiny: Recording):
    state, scale = tiny.frames[0].state, 12
    nobody = state.replace(players=state.players.replace(alive=np.zeros(12, bool)))
    picture = render(nobody, scale=scale)
    material = np.asarray(state.terrain.tile) & 7
    means = {
        kind: np.mean([at(picture, r, c, scale) for r, c in np.argwhere(material == kind)], 0)
        for kind in (Material.WATER, Material.GRASS, Material.STONE, Material.FOREST)
    }
    assert means[Material.WATER].argmax() == 2
    assert means[Material.GRASS].argmax() == means[Material.FOREST].argmax() == 1
    assert means[Material.FOREST].sum() < means[Material.GRASS].sum()
    assert np.ptp(means[Material.STONE]) < 20


def test_harvested_forests_change(tiny: Recording):
    state = tiny.frames[0].state
    ripe_at = np.array(state.terrain.ripe_at)
    row, col = np.argwhere((np.asarray(state.terrain.tile) & 7) == Material.FOREST)[0]
    ripe_at[row, col] = 10**6
    changed = state.replace(terrain=state.terrain.replace(ripe_at=ripe_at))
    differs = np.argwhere(np.any(render(state) != render(changed), -1)) // 10
    assert len(differs)
    assert np.abs(differs - [row, col]).max() <= 1


def test_bars_and_marks_follow_the_agent(tiny: Recording):
    state = tiny.frames[0].state
    players = state.players
    weak = players.replace(health=players.health * 0 + 1)
    frozen = players.replace(freeze=players.freeze * 0 + 3)
    plain = render(state, scale=16)
    for other in (weak, frozen):
        assert np.any(render(state.replace(players=other), scale=16) != plain)


def test_attacks_are_drawn(tiny: Recording):
    frame = next(f for f in tiny.frames if np.any(f.events.attacks.damage > 0))
    assert np.any(render(frame.state, frame.events) != render(frame.state))


def test_device_arrays_are_drawn_alike(tiny: Recording):
    state = tiny.frames[3].state
    assert np.array_equal(render(jax.device_put(state)), render(state))


@pytest.mark.parametrize("scale", [0, 1, 65, 2.5, True, "10"])
def test_bad_scales_are_refused(tiny: Recording, scale):
    with pytest.raises(ValueError, match=r"scale=.*must be an integer in \[2, 64\]"):
        render(tiny.frames[0].state, scale=scale)


def test_a_batch_of_worlds_is_refused(tiny: Recording):
    batch = jax.tree.map(lambda x: np.stack([x, x]), tiny.frames[0].state)
    with pytest.raises(ValueError, match="one at a time"):
        render(batch)


def test_films_hold_every_frame(tiny: Recording, tmp_path: Path):
    pictures = [render(f.state, f.events, scale=6) for f in tiny.frames[:12]]
    paths = {}
    for suffix, make in FILMS.items():
        paths[suffix] = tmp_path / f"film{suffix}"
        film = make(paths[suffix], 10.0)
        for picture in pictures:
            film.add(picture)
        film.close()
    with Image.open(paths[".png"]) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), pictures[-1])
    with Image.open(paths[".gif"]) as image:
        shown = [np.asarray(f.convert("RGB")) for f in ImageSequence.Iterator(image)]
    assert len(shown) == len(pictures)
    for frame, picture in zip(shown, pictures, strict=True):
        assert np.abs(frame.astype(int) - picture).mean() < 4
    for color in (colors.POPULATIONS[i] for i in set(tiny.frames[0].state.players.population)):
        drawn = np.all(pictures[0] == colors.rgb(color), -1)
        assert np.array_equal(shown[0][drawn], pictures[0][drawn])
    head = paths[".mp4"].read_bytes()[:12]
    assert head[4:8] == b"ftyp"


def test_populations_never_share_a_colour():
    for count in (1, 8, 40):
        found = colors.population_colors(count)
        assert len(set(found)) == len(found) == count


def test_a_material_that_nobody_knows_has_a_colour_of_its_own(tiny: Recording):
    state = tiny.frames[0].state
    material = np.asarray(state.terrain.tile).astype(np.uint16) & 7
    material[10, 10] = 8  # games with more than eight have wider tiles
    other = state.replace(terrain=state.terrain.replace(tile=material))
    before, after = render(state), render(other)
    assert np.any(before[100:110, 100:110] != after[100:110, 100:110])
    np.testing.assert_array_equal(before[:80], after[:80])
