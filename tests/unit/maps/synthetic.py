"""A SYNTHETIC world for tests of maps: square economies on a grid, with a cell of every look.

None of its figures is an observation. Economies are called A0, A1, …; their names are meant to do harm.
"""

import datetime as dt
from typing import Any

import polars as pl

from maps.spec import MapSpec, SignalSpec

PERIOD = dt.date(2025, 5, 1)
HOSTILE = (
    "</script><script>document.body.dataset.broken=1</script>",
    '"Quoted" & <b>bold</b>',
    "\u202eoverride\u202c",
    "=1+1",
    "{{ 7*7 }}",
)
SHARES = (0.0, 0.05, 0.1, 0.3, 0.5, 0.6, 0.8, 0.95, 1.0)
COUNTRIES = tuple(f"A{i}" for i in range(16))
NULL_GEOMETRY = "A14"
TINY = "A13"
FLOATS = (
    "n",
    "n_cn",
    "n_us",
    "n_both",
    "n_other",
    "n_unknown",
    "cn_share",
    "cn_share_low",
    "cn_share_high",
    "bound_low",
    "bound_high",
    "cn_share_shrunk",
    "location_quotient",
    "coverage",
)
SCHEMA = {
    "signal": pl.String,
    "period": pl.Date,
    "level": pl.String,
    "region_id": pl.String,
    "coding": pl.String,
    "counted": pl.String,
    **dict.fromkeys(FLOATS, pl.Float64),
    "events": pl.Int64,
    "evidence": pl.String,
    "state": pl.String,
    "reason": pl.String,
    "source_id": pl.String,
}


def corner(index: int) -> tuple[int, int]:
    """South-west corner of an economy's square, in degrees."""
    return -150 + 40 * (index % 8), 10 - 50 * (index // 8)


def regions() -> pl.DataFrame:
    """The world, one subregion, sixteen economies and two metro areas."""
    rows: list[tuple[Any, ...]] = [
        ("world", "world", "World", None, 0.0, 0.0, None),
        ("m49:001", "subregion", "Sub & region", "world", 0.0, 0.0, None),
    ]
    for index, region in enumerate(COUNTRIES):
        west, south = corner(index)
        name = HOSTILE[index] if index < len(HOSTILE) else f"Economy {region}"
        area = 700.0 if region == TINY else 1e6
        rows.append((region, "country", name, "m49:001", west + 10.0, south + 10.0, area))
    rows += [
        ("metro:one", "metro", "Metro one", "A6", -148.0, -38.0, None),
        ("metro:two", "metro", "Metro two", "A7", -100.0, -32.0, None),
    ]
    names = ("region_id", "level", "name", "parent_id", "longitude", "latitude", "area_km2")
    return pl.DataFrame(rows, schema=list(names), orient="row", infer_schema_length=None)


def topology() -> dict[str, Any]:
    """TopoJSON of the squares; one economy has no geometry."""
    arcs, geometries = [], []
    for index, region in enumerate(COUNTRIES):
        west, south = corner(index)
        if region == NULL_GEOMETRY:
            geometries.append({"type": None, "id": region})
            continue
        arcs.append([[west + 180, south + 90], [0, 20], [20, 0], [0, -20], [-20, 0]])
        geometries.append({"type": "Polygon", "id": region, "arcs": [[len(arcs) - 1]]})
    return {
        "type": "Topology",
        "transform": {"scale": [1, 1], "translate": [-180, -90]},
        "objects": {"economies": {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": arcs,
    }


def cell(region: str, **figures: Any) -> dict[str, Any]:
    """One row of the table, a plain measured value unless said otherwise."""
    share = figures.get("cn_share", 0.5)
    base = {
        **dict.fromkeys(SCHEMA),
        "signal": "survey_use",
        "period": PERIOD,
        "level": "country",
        "region_id": region,
        "coding": "publisher",
        "counted": "people",
        "n": 100.0,
        "n_cn": None if share is None else 100 * share,
        "n_us": None if share is None else 100 - 100 * share,
        "cn_share": share,
        "cn_share_low": None if share is None else max(0.0, share - 0.1),
        "cn_share_high": None if share is None else min(1.0, share + 0.1),
        "bound_low": None if share is None else max(0.0, share - 0.2),
        "bound_high": None if share is None else min(1.0, share + 0.2),
        "coverage": 0.9,
        "evidence": "declared",
        "state": "value",
        "source_id": "synthetic",
    }
    return base | figures


def silent(region: str, state: str, reason: str, **figures: Any) -> dict[str, Any]:
    """One row without a share."""
    nothing = {"cn_share": None, "n": None, "coverage": None, "evidence": None}
    return cell(region, **{**nothing, "state": state, "reason": reason, **figures})


def rows() -> list[dict[str, Any]]:
    """Every look at least once; A15 has no row at all."""
    found = [cell("world", level="world", cn_share=0.55, n=1600.0), cell("m49:001", level="subregion", cn_share=0.4)]
    for index, share in enumerate(SHARES):
        found.append(cell(COUNTRIES[index], cn_share=share, state="value" if share else "zero"))
    found += [
        cell("A9", cn_share=0.7, n=12.0),
        silent("A10", "suppressed", "Fewer than 5 <people> & hidden.", bound_low=0.2, bound_high=0.7),
        silent("A11", "not_observable", "No source can tell."),
        silent("A12", "not_observed", "Fill it with: atlas build --live."),
        cell("A13", cn_share=0.2, evidence="modelled"),
        cell("A14", cn_share=0.9, n=29.0),
        cell("metro:one", level="metro", cn_share=0.8, evidence="modelled", reason="Taken over from A6."),
        cell("metro:two", level="metro", cn_share=0.3, evidence="modelled", reason="Taken over from A7."),
    ]
    for region in COUNTRIES:
        found.append(silent(region, "not_observable", "No public source says where.", signal="model_download"))
    for coding in ("weights", "publisher"):
        world = cell("world", level="world", cn_share=0.3, evidence="logged", signal="model_download", n=5e8)
        found.append({**world, "counted": "downloads", "coding": coding})
    return found


def cells(extra: list[dict[str, Any]] | None = None) -> pl.DataFrame:
    """The table, with further rows if given."""
    return pl.DataFrame(rows() + (extra or []), schema=SCHEMA, orient="row")


def spec() -> MapSpec:
    """Captions; the signal `fork` has no rows."""

    def signal(name: str, label: str, people: str) -> SignalSpec:
        return SignalSpec(
            signal=name,
            label=label,
            title=f"{label}, made up",
            people=people,
            note="Made-up figures for tests.",
            credit="No source: synthetic.",
            period_kind="wave" if name == "survey_use" else "month",
        )

    return MapSpec(
        signals=(
            signal("survey_use", "Survey of squares", "respondents"),
            signal("model_download", "Downloads", "downloads"),
            signal("fork", "Forks </script>", "people"),
        ),
        boundaries="Boundaries: squares. Equal Earth projection.",
        stamp="SYNTHETIC",
    )


def shapes() -> Any:
    """The squares as GeoPandas, without the economy that has no geometry."""
    import geopandas as gpd
    import shapely

    drawn = [(index, region) for index, region in enumerate(COUNTRIES) if region != NULL_GEOMETRY]
    boxes = [shapely.box(west, south, west + 20, south + 20) for west, south in (corner(i) for i, _ in drawn)]
    return gpd.GeoDataFrame({"region_id": [region for _, region in drawn]}, geometry=boxes, crs=4326)
