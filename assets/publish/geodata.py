"""Geodata: the newest cells of each signal on the map, as GeoJSON and GeoParquet.

Here: features of economies and metros with what is known of them. Not here: which files there are and under which
licence (`open_data.py`), outlines (`maps/geometry`).

GeoJSON follows RFC 7946: longitude before latitude in WGS 84, outer rings counterclockwise, nothing across the
antimeridian. GeoParquet follows version 1.1.0: well-known binary in the column ``geometry``. A region without a share
is a feature too: its ``state`` says what kind of cell it is.
"""

import json
from functools import cache
from typing import Any, Final

import polars as pl

PROPERTIES: Final = (
    "region_id",
    "name",
    "level",
    "signal",
    "period",
    "coding",
    "n",
    "n_cn",
    "n_us",
    "cn_share",
    "cn_share_low",
    "cn_share_high",
    "bound_low",
    "bound_high",
    "cn_share_shrunk",
    "location_quotient",
    "coverage",
    "evidence",
    "state",
    "reason",
    "source_id",
)
LEVELS: Final = ("country", "metro")
DIGITS: Final = 4
"""Decimals of a coordinate in degrees: about ten metres, finer than the outlines are."""


@cache
def _outlines() -> dict[str, Any]:
    """Return the outline of each drawn economy, outer rings counterclockwise."""
    import shapely

    from maps.geometry.shapes import load_shapes

    shapes = load_shapes()
    return {
        region: shapely.geometry.polygon.orient(shape)
        if shape.geom_type == "Polygon"
        else shapely.MultiPolygon([shapely.geometry.polygon.orient(part) for part in shape.geoms])
        for region, shape in zip(shapes["region_id"], shapes.geometry, strict=True)
    }


def newest_cells(estimates: pl.DataFrame, regions: pl.DataFrame, signal: str) -> pl.DataFrame:
    """Return the cells of a signal's newest period for economies and metros, by publisher where it has that coding.

    Args:
        estimates: Table ``estimates``.
        regions: Table ``regions``.
        signal: Signal.

    Returns:
        The properties of the features, with ``longitude`` and ``latitude`` of the anchor point.
    """
    own = estimates.filter((pl.col("signal") == signal) & pl.col("level").is_in(LEVELS))
    coding = "publisher" if "publisher" in set(own["coding"]) else own["coding"].sort().first()
    newest = own.filter((pl.col("period") == pl.col("period").max()) & (pl.col("coding") == coding))
    places = regions.select("region_id", "name", "longitude", "latitude")
    return newest.join(places, on="region_id").select(*PROPERTIES, "longitude", "latitude").sort("level", "region_id")


def _geometries(cells: pl.DataFrame) -> list[Any]:
    """Return outlines of economies and anchor points of the others; none where a region has neither."""
    import shapely

    outlines = _outlines()
    return [
        outlines.get(region) or (shapely.Point(east, north) if east is not None and north is not None else None)
        for region, east, north in cells.select("region_id", "longitude", "latitude").iter_rows()
    ]


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float):
        return round(coordinates, DIGITS)
    return [_rounded(part) for part in coordinates]


def geojson(cells: pl.DataFrame, *, title: str, run_mode: str) -> str:
    """Return a feature collection.

    Args:
        cells: Result of ``newest_cells``.
        title: Name of the collection.
        run_mode: Mode of the run, a property of every feature.
    """
    import shapely

    features = []
    properties = cells.select(PROPERTIES).with_columns(pl.col("period").cast(pl.String), run_mode=pl.lit(run_mode))
    for facts, shape in zip(properties.iter_rows(named=True), _geometries(cells), strict=True):
        drawn = None
        if shape is not None:
            mapped = shapely.geometry.mapping(shape)
            drawn = {"type": mapped["type"], "coordinates": _rounded(mapped["coordinates"])}
        features.append({"type": "Feature", "id": facts["region_id"], "geometry": drawn, "properties": facts})
    collection = {"type": "FeatureCollection", "name": title, "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def geoparquet(cells: pl.DataFrame, *, run_mode: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return a table with well-known binary, and the metadata that make it GeoParquet.

    Args:
        cells: Result of ``newest_cells``.
        run_mode: Mode of the run, a column.
    """
    import shapely

    shapes = _geometries(cells)
    binary = [None if shape is None else shapely.to_wkb(shape, byte_order=1) for shape in shapes]
    kinds = sorted({shape.geom_type for shape in shapes if shape is not None})
    described = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": kinds, "orientation": "counterclockwise"}},
    }
    frame = cells.select(*PROPERTIES, run_mode=pl.lit(run_mode), geometry=pl.Series(binary, dtype=pl.Binary))
    return frame, {"geo": json.dumps(described), "atlas.run_mode": run_mode}
