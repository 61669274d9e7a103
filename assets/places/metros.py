"""Metros of the watch-list: which places belong to which, and a sheet about each.

Here: membership of cities and subdivisions in metros, the text of ``docs/metros.md``. Not here: the watch-list itself
(`maps/geometry/data/metros.toml`) and its checks (`maps/geometry/regions.py`), reading texts
(`assets/places/locate.py`).
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from maps.geometry.regions import Metro, load_metros, load_regions

EARTH_RADIUS_KM: Final = 6371.0088
"""Mean radius; the error of the sphere, half a percent, is far below the width of a city."""

MEMBERSHIP: Final = {"geonameid": pl.Int64, "metro": pl.String}


def metro_membership(cities: pl.DataFrame, metros: Sequence[Metro] | None = None) -> pl.DataFrame:
    """Return which cities belong to a metro.

    A city that a metro names as a member belongs to it; else the metro that has its subdivision; else the nearest one
    of its country whose radius reaches it.

    Args:
        cities: One row a city: geonameid (Int64), country (ISO 3166-1 alpha-2), admin1 (ISO 3166-2 or null),
            longitude, latitude (degrees, or null). Other columns are ignored.
        metros: The watch-list; the packaged one by default.

    Returns:
        One row per city that belongs to a metro: geonameid, metro (region_id), sorted by geonameid.
    """
    metros = load_metros() if metros is None else metros
    named = pl.DataFrame(
        [(member.geonameid, metro.region_id) for metro in metros for member in metro.members],
        schema=MEMBERSHIP,
        orient="row",
    )
    ways = (
        cities.select("geonameid").join(named, on="geonameid"),
        cities.join(metro_of_admin1(metros), on="admin1").select("geonameid", "metro"),
        _within_radius(cities, metros),
    )
    return pl.concat(ways).unique("geonameid", keep="first", maintain_order=True).sort("geonameid")


def metro_of_admin1(metros: Sequence[Metro] | None = None) -> pl.DataFrame:
    """Return which first-level subdivisions (or economies, by their own code) lie in a metro whole.

    Args:
        metros: The watch-list; the packaged one by default.

    Returns:
        One row per subdivision: admin1 (ISO 3166-2), metro (region_id), sorted by admin1.
    """
    metros = load_metros() if metros is None else metros
    return pl.DataFrame(
        [(code, metro.region_id) for metro in metros for code in metro.admin1_members],
        schema={"admin1": pl.String, "metro": pl.String},
        orient="row",
    ).sort("admin1")


def _within_radius(cities: pl.DataFrame, metros: Sequence[Metro]) -> pl.DataFrame:
    """Cities within a metro's radius in its country, the nearest anchor first."""
    anchors = pl.DataFrame(
        [
            (metro.region_id, metro.country, metro.longitude, metro.latitude, metro.radius_km)
            for metro in metros
            if metro.radius_km is not None
        ],
        schema={
            "metro": pl.String,
            "country": pl.String,
            "anchor_longitude": pl.Float64,
            "anchor_latitude": pl.Float64,
            "radius_km": pl.Float64,
        },
        orient="row",
    )
    return (
        cities.select("geonameid", "country", "longitude", "latitude")
        .join(anchors, on="country")
        .with_columns(distance_km=_distance_km())
        .filter(pl.col("distance_km") <= pl.col("radius_km"))
        .sort("distance_km", "metro")
        .select("geonameid", "metro")
    )


def _distance_km() -> pl.Expr:
    """Great-circle distance (haversine) of a place from an anchor, in kilometres."""
    latitude, anchor = pl.col("latitude").radians(), pl.col("anchor_latitude").radians()
    east = (pl.col("longitude") - pl.col("anchor_longitude")).radians()
    half_chord = ((latitude - anchor) / 2).sin() ** 2 + latitude.cos() * anchor.cos() * (east / 2).sin() ** 2
    return 2 * EARTH_RADIUS_KM * half_chord.sqrt().clip(upper_bound=1.0).arcsin()


SHEETS_HEAD: Final = """# Metros of the watch-list

Printed from `maps/geometry/data/metros.toml` by `atlas dictionary`; do not edit by hand.

A metro is a named city area that the atlas reports beside economies and territories. A place counts for a metro if the
metro names it as a member; else if its first-level subdivision counts whole; else if it lies in the same country within
the radius of the metro's anchor (the nearest anchor where two reach it). *Not to be confused with* lists texts that
resemble the metro or a place in it but mean another one. Numbers behind members are GeoNames ids.
"""


def metro_sheets(metros: Sequence[Metro] | None = None) -> str:
    """Return ``docs/metros.md``: a sheet per metro of the watch-list, by id.

    Args:
        metros: The watch-list; the packaged one by default.
    """
    metros = sorted(load_metros() if metros is None else metros, key=lambda metro: metro.region_id)
    names = dict(load_regions().select("region_id", "name").iter_rows())
    contents = ", ".join(f"[{metro.name}](#{_anchor(metro.name)})" for metro in metros)
    sheets = (_sheet(metro, names[metro.country]) for metro in metros)
    return "\n\n".join([SHEETS_HEAD.rstrip(), f"{len(metros)} metros: {contents}.", *sheets]) + "\n"


def _anchor(heading: str) -> str:
    """The fragment by which GitHub and others link to a heading."""
    return heading.lower().replace(" ", "-")


def _sheet(metro: Metro, country: str) -> str:
    degrees = f"{abs(metro.latitude):.4f}° {'NS'[metro.latitude < 0]}, {abs(metro.longitude):.4f}° "
    radius = "" if metro.radius_km is None else f"{metro.radius_km:g} km around the anchor, in {country} only"
    lines = {
        "Id": f"`{metro.region_id}`",
        "Economy or territory": f"{country} (`{metro.country}`)",
        "Subdivision of its core": f"`{metro.admin1}`" if metro.admin1 else "",
        "Anchor": degrees + "EW"[metro.longitude < 0],
        "Also called": ", ".join(metro.aliases),
        "Not to be confused with": "; ".join(metro.collisions),
        f"Members ({len(metro.members)})": ", ".join(f"{m.name} ({m.geonameid})" for m in metro.members),
        "Codes that count whole": ", ".join(f"`{code}`" for code in metro.admin1_members),
        "Radius": radius,
        "Note": metro.note or "",
    }
    return "\n".join([f"## {metro.name}", "", *(f"* **{name}**: {text}" for name, text in lines.items() if text)])
