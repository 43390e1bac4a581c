"""Maps of the Tiled editor (`.tmx`), the original's map format.

One orthogonal layer of comma-separated values. A value is the first id of a tileset plus a tile's
id in it, and that tile's image names the material: `tiles/lava.png` is lava (v1.3 section 11).
Tilesets stand in the map or in a file beside it (`.tsx`); where that file is missing, as when a map
of the original is passed on by itself, values are what its generator wrote: material + 1.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from jaxmmo.env.config import MAX_SIDE
from jaxmmo.env.constants import Material
from jaxmmo.files.atomic import write_atomically

NAMES = {
    "lava": Material.LAVA,
    "water": Material.WATER,
    "grass": Material.GRASS,
    "scrub": Material.SCRUB,
    "forest": Material.FOREST,
    "stone": Material.STONE,
    "iron_ore": Material.ORE,
}
"""Materials by the name of their image."""

TILE_PIXELS = 128


def load_tmx(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads a map: u8[H, W] materials, to be given to `reset` as its terrain.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: for anything but one csv layer of known tiles, saying what was found.
    """
    root = _parse(Path(path))
    if root.tag != "map":
        raise ValueError(f"{path} is a Tiled {root.tag!r}, not a 'map'")
    for name, default, allowed in (
        ("orientation", "orthogonal", "orthogonal"),
        ("infinite", "0", "0"),
    ):
        if root.get(name, default) != allowed:
            raise ValueError(f"{path} has {name}={root.get(name)!r}; must be {allowed!r}")
    layers = [element for element in root.iter() if element.tag.endswith("layer")]
    if len(layers) != 1 or layers[0].tag != "layer":
        found = ", ".join(f"{layer.tag} {layer.get('name', '')!r}" for layer in layers) or "none"
        raise ValueError(f"{path} has as layers {found}; must have exactly one tile layer")
    values = _values(path, layers[0])
    return _materials(path, values, _tiles(Path(path), root))


def save_tmx(path: str | os.PathLike[str], material: np.ndarray) -> None:
    """Writes a map that `load_tmx`, Tiled and the original read, its tileset included.

    Args:
      path: of the file.
      material: integers [H, W], values of `Material` up to ORE.

    Raises:
      ValueError: for another shape, or materials that have no image.
    """
    material = np.asarray(material)
    if material.ndim != 2 or not material.size or max(material.shape) > MAX_SIDE:
        raise ValueError(
            f"map of shape {material.shape}: must be [H, W] with sides of 1 to {MAX_SIDE} tiles"
        )
    if not np.issubdtype(material.dtype, np.integer):
        raise ValueError(f"map of {material.dtype}: must be integers")
    unknown = sorted(set(np.unique(material).tolist()) - set(NAMES.values()))
    if unknown:
        known = ", ".join(f"{m.value} {name}" for name, m in NAMES.items())
        raise ValueError(f"map has unknown materials {unknown}; known: {known}")
    write_atomically(path, _document(material).encode())


def _document(material: np.ndarray) -> str:
    """The text of a map file."""
    height, width = material.shape
    pixels = f'width="{TILE_PIXELS}" height="{TILE_PIXELS}"'
    tile_size = f'tilewidth="{TILE_PIXELS}" tileheight="{TILE_PIXELS}"'
    tiles = "\n".join(
        f'  <tile id="{m.value}">\n   <image {pixels} source="tiles/{name}.png"/>\n  </tile>'
        for name, m in NAMES.items()
    )
    rows = ",\n".join(",".join(map(str, row)) for row in (material.astype(np.int64) + 1).tolist())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<map version="1.0" orientation="orthogonal" renderorder="right-down" width="{width}" \
height="{height}" {tile_size} infinite="0" nextobjectid="1">
 <tileset firstgid="1" name="tiles" {tile_size} tilecount="{len(NAMES)}" columns="0">
{tiles}
 </tileset>
 <layer name="terrain" width="{width}" height="{height}">
  <data encoding="csv">
{rows}
</data>
 </layer>
</map>
"""


def _parse(path: Path) -> ElementTree.Element:
    """The root element; ValueError for bad XML, and for a DTD, which could hold an entity bomb."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_: object) -> None:
        raise ValueError(f"{path} declares a document type; map files have none")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(path.read_bytes(), True)
    except (expat.ExpatError, LookupError, UnicodeError, IsADirectoryError) as error:
        # LookupError: an encoding that nobody knows
        raise ValueError(f"{path} is not a map of the Tiled editor: {error}") from error
    return builder.close()


def _integer(path: object, element: ElementTree.Element, name: str, low: int, high: int) -> int:
    """An attribute as an integer; ValueError unless it is one in [low, high]."""
    text = element.get(name)
    fits = text is not None and text.isdecimal() and len(text) < 20  # longer ones are slow to read
    if text is None or not fits or not low <= int(text) <= high:
        allowed = f"an integer in [{low}, {high}]"
        raise ValueError(f"{path} has a {element.tag} with {name}={text!r:.60}; must be {allowed}")
    return int(text)


def _tiles(path: Path, root: ElementTree.Element) -> dict[int, str]:
    """Names of tile images by value, of all tilesets."""
    images: dict[int, str] = {}
    for tileset in root.findall("tileset"):
        first = _integer(path, tileset, "firstgid", 0, 2**28)
        source = tileset.get("source")
        if source is not None:
            file = path.parent / source
            if file.suffix != ".tsx":
                raise ValueError(f"{path} has a tileset in {source!r}; must be a .tsx file")
            if not _is_file(path, file):
                images.update({m.value + 1: name for name, m in NAMES.items()})
                continue
            path, tileset = file, _parse(file)
        for tile in tileset.findall("tile"):
            image = tile.find("image")
            if image is not None:
                name = PurePosixPath(image.get("source", "").replace("\\", "/")).stem
                images[first + _integer(path, tile, "id", 0, 2**28)] = name
    return images


def _is_file(path: Path, file: Path) -> bool:
    """Whether a map's tileset is there; ValueError for a name that no file can have."""
    try:
        return file.is_file()
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} has a tileset of a name that no file has: {error}") from error


def _values(path: object, layer: ElementTree.Element) -> np.ndarray:
    """i64[H, W]: the numbers of a layer."""
    height, width = (_integer(path, layer, name, 1, MAX_SIDE) for name in ("height", "width"))
    data = layer.find("data")
    form = (None, None) if data is None else (data.get("encoding"), data.get("compression"))
    if data is None or form != ("csv", None):
        raise ValueError(
            f"{path} has data with encoding={form[0]!r} and compression={form[1]!r}; must be 'csv' "
            "without compression (in Tiled: map properties, tile layer format)"
        )
    fields = (data.text or "").strip().rstrip(",").split(",")
    try:
        values = np.array([int(field) for field in fields], np.int64)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path} has a tile that is not a number: {error}") from error
    if values.size != height * width:
        raise ValueError(
            f"{path} has {values.size} tiles; a map {height} high and {width} wide has "
            f"{height * width}"
        )
    return values.reshape(height, width)


def _materials(path: object, values: np.ndarray, images: dict[int, str]) -> np.ndarray:
    """u8[H, W]: values translated; ValueError naming the first unknown tile and where it is."""
    distinct, index = np.unique(values, return_inverse=True)
    unknown = [v for v in distinct.tolist() if images.get(v) not in NAMES]
    if unknown:
        row, col = np.argwhere(values == unknown[0])[0].tolist()
        what = [f"{v} ({images.get(v, 'in no tileset')})" for v in unknown]
        raise ValueError(
            f"{path} has unknown tiles {', '.join(what)}, the first at row {row}, column {col}; "
            f"known images: {', '.join(NAMES)}"
        )
    table = np.array([NAMES[images[v]] for v in distinct.tolist()], np.uint8)
    return table[index.reshape(values.shape)]
