"""What the interactive page draws: regions, series, outlines and words, packed.

Here: choosing and laying out. Not here: the bytes (`packing`), the page around them (`interactive`), looks and
checks (`cells`).

A figure is on the page once: in the series of its signal and coding. What depends on figures (looks, counts, captions)
the page works out from them by the rules of `cells`, and browser tests hold the two together.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from maps import cells as cube
from maps import colours, names, packing, patterns, scales, words
from maps.measures import MEASURES, class_labels, rate_breaks
from maps.spec import MapSpec, SignalSpec

FIGURES: Final = (
    "state",
    "evidence",
    "counted",
    "n",
    "n_cn",
    "n_both",
    "n_us",
    "n_other",
    "n_unknown",
    "cn_share",
    "cn_share_low",
    "cn_share_high",
    "bound_low",
    "bound_high",
    "cn_share_shrunk",
    "cn_share_shrunk_low",
    "cn_share_shrunk_high",
    "location_quotient",
    "coverage",
    "cn_per_1000_developers",
    "change_previous",
    "change_previous_low",
    "change_previous_high",
    "change_year",
    "change_year_low",
    "change_year_high",
    "reason",
    "source_id",
)
"""Columns of `estimates` on the page, in an order in which each can be foreseen from those before it.

What the page neither shows nor needs stays in the open data."""

RATE: Final = "cn_per_1000_developers"
WORLD_OBJECT: Final = "economies"
PARTS_OBJECT: Final = "subdivisions"
PARTS: Final = "admin1"
WORLD_LEVELS: Final = ("world", "subregion", "country", "metro")
PARTS_SCHEMA: Final = {
    "region_id": pl.String,
    "name": pl.String,
    "longitude": pl.Float64,
    "latitude": pl.Float64,
    "outline_id": pl.String,
    "vintage": pl.String,
    "note": pl.String,
}
"""Columns that the page needs of the table of `maps.geometry.regions.load_subdivisions`, which describes them."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Content of the page.

    Attributes:
        data: what the page needs at once; JSON.
        blobs: packed parts by the id of their element.
        first: slice that the page opens with.
    """

    data: dict[str, Any]
    blobs: dict[str, str]
    first: cube.Slice


def _number(value: float | None) -> Any:
    """Figure with four decimals, and without them where it is whole."""
    if value is None:
        return None
    short = round(value, packing.DECIMALS)
    return int(short) if short.is_integer() else short


def _regions(regions: pl.DataFrame, shapes: set[str]) -> list[dict[str, Any]]:
    """The world, subregions, economies and metro areas, as the page lists them."""
    economies = set(regions.filter(pl.col("level") == "country")["name"])
    return [
        {
            "id": row["region_id"],
            # Singapore is an economy and a metro area; whoever looks for it must see which is meant.
            "name": f"{row['name']} (metro area)"
            if row["level"] == "metro" and row["name"] in economies
            else row["name"],
            "level": row["level"],
            "parent": row["parent_id"],
            "lat": _number(row["latitude"]),
            "lng": _number(row["longitude"]),
            "dot": row["level"] == "metro"
            or (
                row["level"] == "country"
                and (row["region_id"] not in shapes or (row["area_km2"] or 0) < cube.SMALL_AREA_KM2)
            ),
        }
        for row in regions.iter_rows(named=True)
    ]


def _year_before(day: dt.date) -> dt.date | None:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return None


def _grid(regions: list[str], periods: list[dt.date]) -> packing.Grid:
    place = {day: i for i, day in enumerate(periods)}
    return packing.Grid(
        regions=len(regions),
        periods=len(periods),
        before=np.arange(len(periods)) - 1,
        year_before=np.array([place.get(_year_before(day) or day, -1) for day in periods], dtype=np.int64),
        world=regions.index("world") if "world" in regions else -1,
    )


def _series(cells: pl.DataFrame, order: Mapping[str, int], periods: list[dt.date]) -> str:
    """One signal and coding over regions and periods, as text."""
    ids = sorted(cells["region_id"].unique(), key=order.__getitem__)
    columns = packing.grid_columns(cells, ids, periods, [name for name in FIGURES if name in cells.columns])
    # Places rise, and those of subdivisions mostly by one.
    steps = np.diff([order[region] for region in ids], prepend=0).tolist()
    return packing.as_text(packing.pack_figures(columns, _grid(ids, periods), {"steps": steps}))


def _period_words(spec: SignalSpec, period: dt.date) -> str:
    return cube.period_words(
        cube.Slice(spec=spec, period=period, coding="", rows=pl.DataFrame(), counts=cube.NO_COUNTS)
    )


def _silent(own: pl.DataFrame) -> str:
    """Why a signal has no share anywhere, or nothing if it has one: what no source can tell is not merely missing."""
    if own["cn_share"].is_not_null().any():
        return ""
    kinds = own.filter(pl.col("level") == "country")["state"].unique().to_list() or ["not_observed"]
    return words.STATES[kinds[0]] if len(kinds) == 1 else "no share in this run"


def _notices(cells: pl.DataFrame, regions: pl.DataFrame, signal: SignalSpec, coding: str) -> dict[str, str]:
    """By period, what stands above a map on which no economy has a share."""
    own = cells.filter(signal=signal.signal, coding=coding)
    shares = own.group_by("period").agg(any=(pl.col("cn_share").is_not_null() & (pl.col("level") == "country")).any())
    return {
        period.isoformat(): cube.notice(cube.slice_of(own.filter(period=period), regions, signal, period, coding))
        for period in shares.filter(~pl.col("any"))["period"].sort()
    }


def _parts(
    cells: pl.DataFrame, parts: pl.DataFrame, geometries: list[dict[str, Any]], order: Mapping[str, int]
) -> list[list[Any]]:
    """Subdivisions as id, name, anchor and note: those with an outline, then those with figures alone.

    Only those without an outline need their anchor: the page sets a dot there. An ISO 3166-2 code begins with the
    economy's.

    Raises:
        MapError: if an outline has no name, or a figure belongs to no economy of the map.
    """
    named = {row["region_id"]: row for row in parts.iter_rows(named=True)}
    drawn = [shape["id"] for shape in geometries]
    if nameless := sorted(set(drawn) - set(named)):
        raise cube.MapError(f"Outlines of subdivisions that have no name: {cube.offenders(nameless)}.")
    figured = sorted(set(cells.filter(pl.col("level") == PARTS)["region_id"]) - set(drawn))
    if homeless := sorted(region for region in {*drawn, *figured} if region.split("-")[0] not in order):
        raise cube.MapError(f"Subdivisions of economies that the map does not have: {cube.offenders(homeless)}.")
    listed = []
    for region in drawn:
        note = named[region]["note"]
        listed.append([region, words.plain(named[region]["name"]), *([None, None, note] if note else [])])
    for region in figured:
        # A code without a name stands under itself, so that nobody counted in it gets lost.
        known = named.get(region, {"name": region, "latitude": None, "longitude": None, "note": None})
        anchor = [_number(known["latitude"]), _number(known["longitude"])]
        listed.append([region, words.plain(known["name"]), *anchor, known["note"]])
    return listed


def _divided(parts: pl.DataFrame, drawn: set[str]) -> dict[str, str]:
    """By economy, which division its outlines show, where any of them is not today's."""
    older = parts.filter(pl.col("region_id").is_in(list(drawn)) & pl.col("vintage").is_not_null())
    by_economy = older.group_by(pl.col("region_id").str.split("-").list.first(), maintain_order=True).agg("vintage")
    said = {economy: words.divided(vintages) for economy, vintages in by_economy.iter_rows()}
    return {economy: text for economy, text in said.items() if text}


def _within(parts: pl.DataFrame, listed: set[str]) -> dict[str, list[str]]:
    """By outline, names and codes of the subdivisions that the page has only as a part of it."""
    hidden = parts.filter(~pl.col("region_id").is_in(list(listed))).sort("region_id")
    found: dict[str, list[str]] = {}
    for region, name, outline in hidden.select("region_id", "name", "outline_id").iter_rows():
        found.setdefault(outline, []).extend([words.plain(name), region])
    return found


def page_content(
    cells: pl.DataFrame,
    regions: pl.DataFrame,
    spec: MapSpec,
    *,
    topology: Mapping[str, Any],
    parts: pl.DataFrame | None = None,
) -> Page:
    """What the page draws.

    Args:
        cells: table `estimates`, any signals that the map names.
        regions: table of `maps.geometry.regions.load_regions`.
        spec: captions, units, credits.
        topology: TopoJSON with the object `economies`, and `subdivisions` over the same arcs where there are any.
        parts: subdivisions with the columns of `PARTS_SCHEMA`; none by default.

    Returns:
        The content.

    Raises:
        MapError: if the table cannot be drawn truthfully (see `cells.check_cells`), or outlines have no region.
    """
    parts = pl.DataFrame(schema=PARTS_SCHEMA) if parts is None else parts
    cube.check_cells(cells, regions, spec)
    outer, inner = packing.split_topology(topology, WORLD_OBJECT, PARTS_OBJECT)
    outlines = outer["objects"][WORLD_OBJECT]["geometries"]
    inlines = inner["objects"][PARTS_OBJECT]["geometries"]
    stray = sorted({shape["id"] for shape in outlines} - set(regions.filter(pl.col("level") == "country")["region_id"]))
    if stray:
        raise cube.MapError(f"Outlines of regions that the region table does not have: {', '.join(stray)}.")

    places = cube.places(regions)
    listed = _regions(places, {shape["id"] for shape in outlines if shape.get("arcs")})
    order = {region["id"]: i for i, region in enumerate(listed)}
    cells = cells.with_columns(
        pl.col("reason").replace_strict(
            {text: words.plain(text) for text in cells["reason"].unique() if text is not None}, default=None
        )
    )
    subdivisions = _parts(cells, parts, inlines, order)
    inner_order = {row[0]: len(order) + i for i, row in enumerate(subdivisions)}

    drawn = packing.pack_outlines(outer, WORLD_OBJECT, [[shape["id"], ""] for shape in outlines])
    blobs: dict[str, str] = {"outlines": packing.as_text(drawn)}
    if subdivisions:
        blobs["parts"] = packing.as_text(packing.pack_outlines(inner, PARTS_OBJECT, subdivisions, len(outer["arcs"])))
    enclosed = _within(parts, set(inner_order))
    others = [
        [*names.other_names(region["id"], region["level"], region["name"]), *enclosed.get(region["id"], [])]
        for region in listed
    ] + [enclosed.get(region, []) for region, *_ in subdivisions]
    blobs["names"] = packing.as_text(json.dumps(others, ensure_ascii=False, separators=(",", ":")).encode())

    series: list[dict[str, Any]] = []
    codings = list(words.CODINGS)
    for signal in spec.signals:
        own = cells.filter(signal=signal.signal)
        for coding in sorted(own["coding"].unique(), key=codings.index):
            rows = own.filter(coding=coding)
            periods = rows["period"].unique().sort().to_list()
            entry = {"signal": signal.signal, "coding": coding, "blob": f"series-{len(series)}"}
            world, within = (rows.filter(level) for level in (pl.col("level") != PARTS, pl.col("level") == PARTS))
            blobs[entry["blob"]] = _series(world, order, periods)
            if within.height:
                blobs[f"{entry['blob']}-parts"] = _series(within, inner_order, periods)
            series.append(
                {
                    **entry,
                    "parts": bool(within.height),
                    "periods": [day.isoformat() for day in periods],
                    "period_words": [_period_words(signal, day) for day in periods],
                    "notices": _notices(world, places, signal, coding),
                }
            )
        if not own.height:
            empty = cube.slice_of(own, places, signal, None, codings[0])
            series.append(
                {
                    "signal": signal.signal,
                    "coding": codings[0],
                    "blob": "",
                    "parts": False,
                    "periods": [""],
                    "period_words": [cube.period_words(empty)],
                    "notices": {"": cube.notice(empty)},
                }
            )
    first = cube.first_slice(cells, places, spec)
    data = {
        "region_fields": list(listed[0]),
        "regions": [list(region.values()) for region in listed],
        "series": series,
        "first": {
            "signal": first.spec.signal,
            "coding": first.coding,
            "period": first.period.isoformat() if first.period else "",
        },
        "signals": {signal.signal: _captions(signal, spec, cells) for signal in spec.signals},
        "measures": [_measure(number) for number in range(len(MEASURES))],
        "fields": FIGURES,
        "small_n": scales.SMALL_N,
        "strength_breaks": scales.STRENGTH_BREAKS,
        "ramps": {name: [colours.ramp(name, level) for level in range(3)] for name in ("diverging", "sequential")},
        "fills": patterns.FILLS,
        "evidence": patterns.EVIDENCE_FILLS,
        "explained": spec.explained,
        "divided": _divided(parts, {shape["id"] for shape in inlines}),
        "words": {
            "no_row": words.NO_ROW,
            "small_n": words.SMALL_N,
            "state": words.STATES,
            "evidence": words.EVIDENCE,
            "coding": words.CODINGS,
            "level": words.LEVELS,
            "plural": words.PLURALS,
            "map_label": words.MAP_LABEL,
            "explain": words.EXPLAIN,
            "no_subdivision": words.NO_SUBDIVISION,
            "not_painted": words.NOT_PAINTED,
            "no_outlines": words.NO_OUTLINES,
        },
    }
    return Page(data=data, blobs=blobs, first=first)


def _measure(number: int) -> dict[str, Any]:
    one = MEASURES[number]
    return {
        name: getattr(one, name)
        for name in ("column", "label", "heading", "unit", "scale", "ends", "breaks", "labels", "ramp", "interval")
    }


def _captions(signal: SignalSpec, spec: MapSpec, cells: pl.DataFrame) -> dict[str, Any]:
    """What the page says about a signal."""
    bare = replace(signal, stamp="")
    rated = cells.filter((pl.col("signal") == signal.signal) & (pl.col("level") == "country"))
    breaks = rate_breaks(rated[RATE].drop_nulls().to_list() if RATE in rated.columns else [])
    slice_ = cube.Slice(spec=bare, period=None, coding="", rows=pl.DataFrame(), counts=cube.NO_COUNTS)
    return {
        "label": words.plain(signal.label),
        "title": words.plain(signal.title),
        "stamp": words.plain(": ".join(part for part in (spec.stamp, signal.stamp) if part)),
        "note": words.plain(signal.note),
        "unit": words.plain(signal.people),
        "credit": cube.credit(slice_, spec),
        "silent": _silent(cells.filter(signal=signal.signal)),
        "classes": {RATE: {"breaks": breaks, "labels": class_labels(breaks)}},
    }
