"""Area of a flight from a file: KML or KMZ as flight apps write them, or any vector file."""

from pathlib import Path
from tempfile import TemporaryDirectory

import shapely
from shapely import MultiPolygon, Polygon

from geo.errors import LayerError, SceneError
from leads.intake.areas import file_area
from tiles.drone.footprint import polygons
from tiles.files.archive import Caps, unpack_archive
from tiles.ortho.bundle_text import MAX_TEXT_BYTES, read_xml

_CAPS = Caps(unpacked_bytes=MAX_TEXT_BYTES, members=1000, directory_bytes=1 << 20, ratio=200)
_RING = ("linearring", "coordinates")


def read_area(path: Path) -> MultiPolygon:
    """All polygons of a .kml, .kmz or vector file (GeoJSON, GeoPackage, Shapefile, .zip) as one.

    EPSG:4490. Raises LayerError, or InputError where it holds no polygon.
    """
    suffix = path.suffix.lower()
    if suffix not in (".kml", ".kmz"):
        return file_area(path)
    if not path.is_file():
        raise LayerError(f"{path}: no such file")
    if suffix == ".kml":
        return _kml(path, path.name)
    with TemporaryDirectory(prefix="hongxian-area-") as room:
        found = unpack_archive(
            path, Path(room), path.name, _CAPS, lambda one: one.suffix.lower() == ".kml", LayerError
        )
        if not found:
            raise LayerError(f"{path.name}: no .kml in it: export the area again")
        return _kml(found[0], path.name)


def _kml(path: Path, shown: str) -> MultiPolygon:
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise LayerError(f"{shown}: over {MAX_TEXT_BYTES >> 20} MiB of KML: give the area alone")
    try:
        leaves = read_xml(path.read_bytes(), shown)
    except SceneError as error:
        raise LayerError(str(error)) from None
    outer, inner = (
        [_ring(text, shown) for names, text in leaves.items if names[-3:] == (kind, *_RING)]
        for kind in ("outerboundaryis", "innerboundaryis")
    )
    area = polygons(shapely.union_all(outer).difference(shapely.union_all(inner)))
    if area.is_empty:
        raise LayerError(f"{shown}: no polygon in it: draw the area as a polygon, not as a path")
    return area


def _ring(text: str, shown: str) -> Polygon:
    """A ring of `longitude,latitude[,height]`, blank between."""
    try:
        points = [tuple(map(float, one.split(",")[:2])) for one in text.split()]
        ring = Polygon(points)
    except (ValueError, shapely.errors.GEOSException):
        raise LayerError(f"{shown}: a ring that is no list of positions: export it again") from None
    west, south, east, north = ring.bounds if not ring.is_empty else (0.0, 0.0, 0.0, 0.0)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise LayerError(f"{shown}: positions are no degrees: KML is longitude, latitude")
    return ring
