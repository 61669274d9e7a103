"""Pictures of a run: which static maps and charts are made, and how their files are called.

Here: the list. Not here: drawing (`maps`), writing files (`assets.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from maps.cells import Slice
from maps.geometry.views import VIEWS
from maps.spec import ChartSpec, MapSpec

FOLDER: Final = Path("static")
SIGNALS: Final = FOLDER / "signals.svg"
CURVE: Final = FOLDER / "specification-curve.svg"


def map_path(signal: str, view: str = "world", *, ranked: bool = False) -> Path:
    """Return where the newest map of a signal is, seen from the build folder.

    Args:
        signal: Name of the signal.
        view: Name of the part of the world.
        ranked: Whether the world has its figures in rank order beside it; continents always have.
    """
    return FOLDER / f"{signal}-{view}{'-ranked' if ranked else ''}.svg"


def each_period_path(signal: str) -> Path:
    """Return where the small multiples of a signal's periods are."""
    return FOLDER / f"{signal}-each-period.svg"


def static_pictures(
    found: Sequence[Slice], spec: MapSpec, specifications: pl.DataFrame, curve: ChartSpec
) -> dict[Path, str]:
    """Return every static picture of a run as SVG, by its path below the build folder.

    Each signal with a share in any economy has a map of the world, and of each continent that holds one, of the newest
    period with its figures in rank order, and the world without them; one of several periods has them as small
    multiples beside each other.

    Args:
        found: Slices of the map.
        spec: Captions of maps.
        specifications: Table ``specifications``.
        curve: Captions of the specification curve.
    """
    from maps.multiples import draw_multiples, newest_of_each, periods_of
    from maps.specification_curve import draw_specification_curve
    from maps.static import draw_map

    newest = newest_of_each(found)
    pictures = {}
    for one in newest:
        valued = one.rows.filter((pl.col("level") == "country") & pl.col("cn_share").is_not_null())["region_id"]
        for view in VIEWS.values():
            if set(valued) & set(view.members(one.rows)):
                ranked = map_path(one.spec.signal, view.name, ranked=view.is_world)
                pictures[ranked] = draw_map(one, spec, view=view, ranking=True)
        pictures[map_path(one.spec.signal)] = draw_map(one, spec)
        periods = periods_of(found, one)
        if len(periods) > 1:
            pictures[each_period_path(one.spec.signal)] = draw_multiples(periods, spec)
    if newest:
        pictures[SIGNALS] = draw_multiples(newest, spec)
    if specifications["cn_share"].count():
        pictures[CURVE] = draw_specification_curve(specifications, curve)
    return pictures
