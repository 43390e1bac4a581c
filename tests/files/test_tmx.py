"""Tiled maps: exact round trips, the original's files, and refusals that say why."""

import jax
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.constants import Material
from jaxmmo.files import load_tmx, save_tmx

ORIGINAL = """<?xml version="1.0" encoding="UTF-8"?>
<map version="1.0" orientation="orthogonal" width="3" height="2" infinite="0">
 <tileset firstgid="0" source="../../tiles.tsx"/>
 <layer name="Tile Layer 1" width="3" height="2">
  <data encoding="csv">
  1, 2, 3, 4, 5, 6,
</data>
 </layer>
</map>
"""
TILES = """<?xml version="1.0" encoding="UTF-8"?>
<tileset name="tiles" tilewidth="128" tileheight="128" tilecount="6" columns="0">
 <tile id="1"><image source="../tiles/water.png"/></tile>
 <tile id="2"><image source="..\\tiles\\lava.png"/></tile>
 <tile id="3"><image source="grass.png"/></tile>
 <tile id="4"><image source="scrub.png"/></tile>
 <tile id="5"><image source="iron_ore.png"/></tile>
 <tile id="6"><image source="stone.png"/></tile>
 <tile id="7"><image source="brick.png"/></tile>
</tileset>
"""


@pytest.fixture
def original(tmp_path):
    """A map as the original lays it out: its tileset is two folders up."""
    folder = tmp_path / "procedural" / "map0"
    folder.mkdir(parents=True)
    (folder / "map.tmx").write_text(ORIGINAL)
    return folder / "map.tmx"


def changed(path, old: str, new: str):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize("shape", [(1, 1), (5, 9), (80, 80)])
def test_a_map_survives_the_round_trip(tmp_path, shape):
    material = np.random.default_rng(0).integers(0, 7, shape).astype(np.uint8)
    save_tmx(tmp_path / "a.tmx", material)
    loaded = load_tmx(tmp_path / "a.tmx")
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, material)
    save_tmx(tmp_path / "b.tmx", loaded)
    assert (tmp_path / "b.tmx").read_bytes() == (tmp_path / "a.tmx").read_bytes()


def test_the_image_names_the_material(original):
    (original.parents[2] / "tiles.tsx").write_text(TILES)
    m = Material
    want = [[m.WATER, m.LAVA, m.GRASS], [m.SCRUB, m.ORE, m.STONE]]
    np.testing.assert_array_equal(load_tmx(original), want)


def test_without_the_tileset_file_values_are_what_the_generator_wrote(original):
    np.testing.assert_array_equal(load_tmx(original), [[0, 1, 2], [3, 4, 5]])


def test_a_world_takes_a_loaded_map_of_its_size_only(tmp_path):
    env = jaxmmo.make(height=16, width=16, border=3, vision=3, capacity=8)
    save_tmx(tmp_path / "meadow.tmx", np.full((16, 16), Material.GRASS))
    meadow = load_tmx(tmp_path / "meadow.tmx")
    state = jax.jit(lambda key: env.reset(key, terrain=meadow)[1])(jax.random.key(0))
    np.testing.assert_array_equal(state.terrain.material, meadow)
    with pytest.raises(ValueError, match=r"terrain of shape \(8, 16\): .* is \(16, 16\)"):
        env.reset(jax.random.key(0), terrain=meadow[:8])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (" 6,", " 8,", r"unknown tiles 8 \(in no tileset\), the first at row 1, column 2; known"),
        (" 6,", " 7,", r"unknown tiles 7 \(brick\).*known images: lava, water"),
        (" 6,", " 0,", r"unknown tiles 0 \(in no tileset\)"),
        (" 6,", " 2147483654,", "unknown tiles 2147483654"),
        (" 6,", " grass,", "a tile that is not a number: .*grass"),
        (" 6,", " 99999999999999999999999,", "a tile that is not a number"),
        (" 6,", "", "5 tiles; a map 2 high and 3 wide has 6"),
        (" 6,", " 6, 6", "7 tiles; a map 2 high and 3 wide has 6"),
        (
            'encoding="csv"',
            'encoding="base64" compression="zlib"',
            "'base64'.*'zlib'; must be 'csv'",
        ),
        (' encoding="csv"', "", "encoding=None.*must be 'csv'"),
        (
            "</layer>",
            '</layer><layer name="more"/>',
            "layers layer 'Tile Layer 1', layer 'more'; must",
        ),
        ("</layer>", '</layer><imagelayer name="sky"/>', "exactly one tile layer"),
        ("orthogonal", "hexagonal", "orientation='hexagonal'; must be 'orthogonal'"),
        ('infinite="0"', 'infinite="1"', "infinite='1'; must be '0'"),
        ('height="2">\n  <data', 'height="0">\n  <data', r"height='0'; must be an integer in \[1,"),
        ('height="2">\n  <data', 'height="x">\n  <data', r"height='x'; must be an integer"),
        ("tiles.tsx", "tiles.json", "must be a .tsx file"),
        ("</map>", "", "not a map of the Tiled editor"),
        ("<map ", "<tileset ", "not a map of the Tiled editor"),
    ],
)
def test_what_is_not_a_map_is_refused(original, old, new, message):
    (original.parents[2] / "tiles.tsx").write_text(TILES)
    with pytest.raises(ValueError, match=rf"(?s)map\.tmx.*{message}"):
        load_tmx(changed(original, old, new))


def test_a_tileset_alone_is_not_a_map(tmp_path):
    (tmp_path / "tiles.tmx").write_text(TILES)
    with pytest.raises(ValueError, match="is a Tiled 'tileset', not a 'map'"):
        load_tmx(tmp_path / "tiles.tmx")


def test_entities_are_refused_before_they_expand(original):
    bomb = '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    with pytest.raises(ValueError, match="declares a document type"):
        load_tmx(changed(original, "<map ", bomb + "<map "))
    (original.parents[2] / "tiles.tsx").write_text(bomb + TILES.split("\n", 1)[1])
    with pytest.raises(ValueError, match="declares a document type"):
        load_tmx(changed(original, bomb, ""))


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_tmx(tmp_path / "none.tmx")


@pytest.mark.parametrize(
    ("material", "message"),
    [
        (np.full((2, 2), Material.VOID), r"unknown materials \[7\]; known: 0 lava"),
        (np.full((2, 2), -1), r"unknown materials \[-1\]"),
        (np.zeros((2, 2)), "float64: must be integers"),
        (np.zeros(4, int), r"shape \(4,\)"),
        (np.zeros((0, 4), int), r"shape \(0, 4\)"),
    ],
)
def test_what_has_no_tile_is_not_written(tmp_path, material, message):
    with pytest.raises(ValueError, match=message):
        save_tmx(tmp_path / "bad.tmx", material)
    assert not list(tmp_path.iterdir())
