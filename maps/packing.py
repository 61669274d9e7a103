"""Figures and outlines as few bytes: columns of whole numbers, of which only what cannot be foreseen is kept.

Here: encoding, and the decoding that proves it. Not here: what is packed (`page_data`), the decoder of the page
(`web/script/packing.js`, which foresees by the same formulas in the same order).

A figure is a whole number of its column's finest step (a count, a ten-thousandth). Both sides foresee it: by a
formula of figures that are already known (the share from the counts, its interval from share and n, a change from two
shares), else as the region's figure of the period before. What is kept is the difference, mostly 0, so that nothing is
lost whatever the formula is worth. Differences lie in planes of bytes, lowest first, because gzip finds more in them.
"""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DECIMALS: Final = 4
"""Decimals of a figure on the page, as in its files."""
SCALES: Final = (1, 100, 10_000)
Z95: Final = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "n_us": ("n", "n_cn"),
    "cn_share": ("n_cn", "n_us"),
    "cn_share_low": ("cn_share", "n"),
    "cn_share_high": ("cn_share", "n"),
    "bound_low": ("cn_share_low",),
    "bound_high": ("cn_share_high",),
    "cn_share_shrunk": ("cn_share",),
    "cn_share_shrunk_low": ("cn_share_shrunk", "cn_share_low", "cn_share"),
    "cn_share_shrunk_high": ("cn_share_shrunk", "cn_share_high", "cn_share"),
    "location_quotient": ("cn_share",),
    "cn_per_1000_developers": ("n_cn",),
    "us_per_1000_developers": ("n_us", "cn_per_1000_developers", "n_cn"),
    **{
        f"change_{since}{end}": ("cn_share", "cn_share_low", "cn_share_high")
        for since in ("previous", "year")
        for end in ("", "_low", "_high")
    },
}
"""Columns that the formula of a column needs."""
FARTHEST: Final = 2.0**40
"""Foreseen numbers beyond this are no use, and the period before is taken instead."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cells of regions × periods, region by region.

    Attributes:
        regions: number of regions.
        periods: number of periods.
        before: per period, the index of the one that `change_previous` looks back to; -1 for none.
        year_before: per period, the index of the same one a year earlier; -1 for none.
        world: index of the world among the regions; -1 where it is not one of them.
    """

    regions: int
    periods: int
    before: NDArray[np.int64]
    year_before: NDArray[np.int64]
    world: int

    def earlier(self, values: Floats, index: NDArray[np.int64]) -> Floats:
        """Each cell's value at an earlier period of its region; NaN where there is none."""
        cells = values.reshape(self.regions, self.periods)
        return np.where(index >= 0, cells[:, np.maximum(index, 0)], np.nan).ravel()

    def of_world(self, values: Floats) -> Floats:
        """Each cell's value of the world in its period."""
        if self.world < 0:
            return np.full_like(values, np.nan)
        return np.tile(values.reshape(self.regions, self.periods)[self.world], self.regions)

    def last(self, values: Floats, present: NDArray[np.bool_]) -> Floats:
        """Each cell's last present value of its region before it; NaN where there is none."""
        cells = np.arange(self.periods)[None, :]
        seen = np.where(present.reshape(self.regions, self.periods), cells, -1)
        latest = np.maximum.accumulate(seen, axis=1)
        previous = np.concatenate([np.full((self.regions, 1), -1), latest[:, :-1]], axis=1)
        table = values.reshape(self.regions, self.periods)
        return np.where(previous >= 0, np.take_along_axis(table, np.maximum(previous, 0), axis=1), np.nan).ravel()


def _wilson(known: Mapping[str, Floats], side: int) -> Floats:
    """End of Wilson's 95 % interval; the true interval is near it."""
    p, n = known["cn_share"], known["n"]
    square = Z95 * Z95
    reach = Z95 * np.sqrt(p * (1 - p) / n + square / (4 * n * n))
    return np.asarray(np.minimum(1, np.maximum(0, (p + square / (2 * n) + side * reach) / (1 + square / n))))


def _difference(known: Mapping[str, Floats], grid: Grid, index: NDArray[np.int64], side: int) -> Floats:
    """Change in points, or an end of its interval by Newcombe's method 10."""
    p, low, high = known["cn_share"], known["cn_share_low"], known["cn_share_high"]
    q, below, above = (grid.earlier(known[name], index) for name in ("cn_share", "cn_share_low", "cn_share_high"))
    if side == 0:
        return 100 * (p - q)
    spread = (p - low) * (p - low) + (above - q) * (above - q)
    if side > 0:
        spread = (high - p) * (high - p) + (q - below) * (q - below)
    return np.asarray(100 * (p - q + side * np.sqrt(spread)))


def foreseen(name: str, known: Mapping[str, Floats], grid: Grid, own: Floats, present: NDArray[np.bool_]) -> Floats:
    """What a column's figures ought to be, from columns that are known already.

    Args:
        name: the column.
        known: figures of the columns before it; NaN where absent.
        grid: regions and periods.
        own: the column itself, of which only earlier periods may be used.
        present: cells in which it has a figure.

    Returns:
        Foreseen figures, NaN where no formula tells.
    """
    nothing = np.full(grid.regions * grid.periods, np.nan)
    if any(column not in known for column in _NEEDS.get(name, (name,))):
        return nothing
    first, second = (known[column] for column in (*_NEEDS[name], *_NEEDS[name])[:2])
    found = nothing
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        match name:
            case "n_us":
                found = first - second + np.nan_to_num(known.get("n_both", nothing), nan=0.0)
            case "cn_share":
                found = first / (first + second)
            case "cn_share_low" | "cn_share_high":
                found = _wilson(known, -1 if name == "cn_share_low" else 1)
            case "cn_share_shrunk_low" | "cn_share_shrunk_high":
                found = first + second - known["cn_share"]
            case "location_quotient":
                found = first / grid.of_world(first)
            case "cn_per_1000_developers":
                found = first * grid.last(own / first, present & (first > 0))
            case "us_per_1000_developers":
                found = first * second / known["n_cn"]
            case "bound_low" | "bound_high" | "cn_share_shrunk":
                found = first
            case _:
                index = grid.before if name.startswith("change_previous") else grid.year_before
                side = -1 if name.endswith("low") else 1 if name.endswith("high") else 0
                found = _difference(known, grid, index, side)
    return np.asarray(found)


def _expected(name: str, known: Mapping[str, Floats], grid: Grid, own: Floats, scale: int) -> Floats:
    """Whole numbers that both sides expect of a column."""
    present = ~np.isnan(own)
    formula = np.floor(foreseen(name, known, grid, own, present) * scale + 0.5)
    before = grid.last(np.rint(own * scale), present)
    useful = np.isfinite(formula) & (np.abs(formula) < FARTHEST)
    return np.where(useful, formula, np.nan_to_num(before, nan=0.0))


def _planes(numbers: Floats) -> tuple[bytes, int]:
    """Signed whole numbers as bytes, in planes, and how many planes."""
    folded = np.where(numbers >= 0, 2 * numbers, -2 * numbers - 1).astype(np.uint64)
    count = (int(folded.max(initial=0)).bit_length() + 7) // 8
    return b"".join(((folded >> np.uint64(8 * k)) & np.uint64(255)).astype(np.uint8).tobytes() for k in range(count)), (
        count
    )


def _numbers(content: bytes, at: int, count: int, planes: int) -> Floats:
    """Back from planes."""
    folded = np.zeros(count, dtype=np.uint64)
    for k in range(planes):
        plane = np.frombuffer(content, dtype=np.uint8, count=count, offset=at + k * count)
        folded |= plane.astype(np.uint64) << np.uint64(8 * k)
    half = (folded >> np.uint64(1)).astype(np.float64)
    return np.where(folded % 2 == 1, -half - 1, half)


def _scale(values: Floats) -> int:
    """Coarsest step that loses nothing of values with four decimals."""
    coarse = (scale for scale in SCALES if (np.abs(values * scale - np.rint(values * scale)) < 1e-6).all())  # noqa: PLR2004 - below any decimal
    return next(coarse, SCALES[-1])


def pack_figures(columns: Mapping[str, Sequence[Any] | Floats], grid: Grid, about: Mapping[str, Any]) -> bytes:
    """Pack the columns of a grid.

    Args:
        columns: per column a value a cell (region by region): floats with NaN for none, or texts with None.
        grid: regions and periods.
        about: what else belongs to the grid; JSON.

    Returns:
        Head (its length in four bytes, JSON) and planes. Columns without any value are left out.
    """
    known: dict[str, Floats] = {}
    masks: list[bytes] = []
    parts: list[bytes] = []
    heads: list[dict[str, Any]] = []
    for name, values in columns.items():
        head: dict[str, Any] = {"name": name}
        if isinstance(values, np.ndarray):
            figures = np.round(values, DECIMALS)
        else:
            texts = list(dict.fromkeys(value for value in values if value is not None))
            places = {text: float(i) for i, text in enumerate(texts)}
            figures = np.array([np.nan if value is None else places[value] for value in values])
            head["texts"] = texts
        present = ~np.isnan(figures)
        if not present.any():
            continue
        scale = _scale(figures[present])
        kept = np.where(present, np.rint(figures * scale) / scale, np.nan)
        rest = (np.rint(kept * scale) - _expected(name, known, grid, kept, scale))[present]
        planes, count = _planes(rest)
        mask = np.packbits(present, bitorder="little").tobytes()
        if mask not in masks:
            masks.append(mask)
        known[name] = kept
        heads.append({**head, "scale": scale, "mask": masks.index(mask), "planes": count})
        parts.append(planes)
    head_text = json.dumps(
        {
            **about,
            "regions": grid.regions,
            "periods": grid.periods,
            "before": grid.before.tolist(),
            "year_before": grid.year_before.tolist(),
            "world": grid.world,
            "masks": len(masks),
            "columns": heads,
        },
        separators=(",", ":"),
        ensure_ascii=True,
    ).encode()
    return len(head_text).to_bytes(4, "little") + head_text + b"".join(masks) + b"".join(parts)


def unpack_figures(content: bytes) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Head and columns of what `pack_figures` packed, decoded period by period as the page does it."""
    start = 4 + int.from_bytes(content[:4], "little")
    head = json.loads(content[4:start])
    grid = Grid(
        regions=head["regions"],
        periods=head["periods"],
        before=np.array(head["before"]),
        year_before=np.array(head["year_before"]),
        world=head["world"],
    )
    cells = grid.regions * grid.periods
    size = (cells + 7) // 8
    masks = [
        np.unpackbits(
            np.frombuffer(content, dtype=np.uint8, count=size, offset=start + i * size), count=cells, bitorder="little"
        ).astype(bool)
        for i in range(head["masks"])
    ]
    at = start + size * head["masks"]
    known: dict[str, Floats] = {}
    for column in head["columns"]:
        present = masks[column["mask"]]
        rest = np.full(cells, np.nan)
        rest[present] = _numbers(content, at, int(present.sum()), column["planes"])
        at += int(present.sum()) * column["planes"]
        own = np.full(cells, np.nan)
        for period in range(grid.periods):
            here = slice(period, None, grid.periods)
            # What is not decoded yet must not be looked at, only where it will be.
            guess = np.where(present, np.nan_to_num(own, nan=0.0), np.nan)
            expected = _expected(column["name"], known, grid, guess, column["scale"])
            own[here] = (expected[here] + rest[here]) / column["scale"]
        known[column["name"]] = own
    texts = {column["name"]: column["texts"] for column in head["columns"] if "texts" in column}
    return head, {
        name: [
            None if np.isnan(value) else texts[name][int(value)] if name in texts else float(value) for value in figures
        ]
        for name, figures in known.items()
    }


def pack_outlines(topology: Mapping[str, Any], about: Mapping[str, Any]) -> bytes:
    """Pack the arcs of a topology.

    Args:
        topology: quantised TopoJSON: `transform`, and `arcs` whose points are differences but for the first.
        about: geometries and whatever else belongs to them; JSON.

    Returns:
        Head and planes, as of `pack_figures`: all steps east, then all steps north.
    """
    arcs = topology["arcs"]
    # Positions are rounded, not steps, so that nothing drifts along an arc and ends that meet still do.
    steps = np.concatenate(
        [np.zeros((0, 2))]
        + [
            np.diff(np.rint(np.cumsum(np.asarray(arc, dtype=np.float64)[:, :2], axis=0)), axis=0, prepend=0)
            for arc in arcs
        ]
    )
    (east, wide), (north, tall) = _planes(steps[:, 0]), _planes(steps[:, 1])
    head = json.dumps(
        {
            **about,
            "transform": topology["transform"],
            "points": [len(arc) for arc in arcs],
            "planes": [wide, tall],
        },
        separators=(",", ":"),
        ensure_ascii=True,
    ).encode()
    return len(head).to_bytes(4, "little") + head + east + north


def as_text(content: bytes) -> str:
    """Bytes as text for a page: gzip without a time of day, in base64."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def split_topology(topology: Mapping[str, Any], outer: str, inner: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide a nested topology: what the coarser layer needs at once, and what only the finer one needs.

    Args:
        topology: TopoJSON with both objects over the same arcs.
        outer: object of the coarser layer.
        inner: object of the finer layer.

    Returns:
        Two topologies. The second has further arcs only; its geometries count those of the first before its own.
    """

    def used(arcs: Any) -> set[int]:
        if isinstance(arcs, int):
            return {~arcs if arcs < 0 else arcs}
        return set().union(*(used(part) for part in arcs)) if arcs else set()

    def renamed(arcs: Any) -> Any:
        if isinstance(arcs, int):
            return ~places[~arcs] if arcs < 0 else places[arcs]
        return [renamed(part) for part in arcs]

    def geometries(name: str) -> list[dict[str, Any]]:
        return [
            {**shape, "arcs": renamed(shape["arcs"])} if shape.get("arcs") else shape
            for shape in topology["objects"][name]["geometries"]
        ]

    first = sorted(set().union(*(used(shape.get("arcs", [])) for shape in topology["objects"][outer]["geometries"])))
    second = sorted(
        set().union(*(used(shape.get("arcs", [])) for shape in topology["objects"][inner]["geometries"])) - set(first)
        if inner in topology["objects"]
        else ()
    )
    places = {arc: i for i, arc in enumerate([*first, *second])}
    parts = []
    for name, arcs in ((outer, first), (inner, second)):
        shapes = geometries(name) if name in topology["objects"] else []
        parts.append(
            {
                "transform": topology["transform"],
                "objects": {name: {"type": "GeometryCollection", "geometries": shapes}},
                "arcs": [topology["arcs"][arc] for arc in arcs],
            }
        )
    return parts[0], parts[1]


def grid_columns(
    frame: pl.DataFrame, regions: Sequence[str], periods: Sequence[Any], names: Sequence[str]
) -> dict[str, list[Any] | Floats]:
    """Columns of a table laid out on regions × periods.

    Args:
        frame: columns `region_id`, `period` and those named; each cell at most once.
        regions: ids in the order of the grid.
        periods: periods in the order of the grid.
        names: columns to lay out; numbers become floats.

    Returns:
        Per column a value a cell, region by region.
    """
    places = frame.select(
        cell=pl.col("region_id").replace_strict({name: i for i, name in enumerate(regions)}, return_dtype=pl.Int64)
        * len(periods)
        + pl.col("period").replace_strict({day: i for i, day in enumerate(periods)}, return_dtype=pl.Int64)
    )["cell"].to_numpy()
    size = len(regions) * len(periods)
    columns: dict[str, list[Any] | Floats] = {}
    for name in names:
        values = frame[name]
        if values.dtype.is_numeric():
            figures = np.full(size, np.nan)
            figures[places] = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            columns[name] = figures
        else:
            texts: list[Any] = [None] * size
            for place, value in zip(places.tolist(), values.to_list(), strict=True):
                texts[place] = value
            columns[name] = texts
    return columns
