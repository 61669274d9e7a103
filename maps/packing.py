"""Figures and outlines as few bytes: columns of whole numbers, of which only what cannot be foreseen is kept.

Here: encoding, and the decoding that proves it. Not here: what is packed (`page_data`), the decoder of the page
(`web/script/packing.js`, which foresees by the same formulas in the same order).

A figure is a whole number of its column's finest step (a count, a ten-thousandth). Both sides foresee it: by a
formula of figures that are already known (the share from the counts, its interval from share and n, a change from two
shares), else as the region's figure of the period before. What is kept is the difference, mostly 0, so that nothing is
lost whatever the formula is worth. Differences lie in planes of bytes, lowest first, because gzip finds more in them.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DECIMALS: Final = 4
"""Decimals of a figure on the page, as in its files."""
FEWER_DECIMALS: Final = {
    "location_quotient": 3,
    **{f"change_{since}{end}": 2 for since in ("previous", "year") for end in ("", "_low", "_high")},
}
"""Decimals of figures that are no more precise than the shares which they come from."""
ROUNDING: Final = {
    f"change_{since}{end}": steps
    for since in ("previous", "year")
    for end, steps in (("", 2), ("_low", 5), ("_high", 5))
}
"""Hundredths of a point by which a change may differ from that of the rounded shares, and is left to the formula."""
SCALES: Final = (1, 100, 1000, 10_000)
Z95: Final = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("n_cn", "n_both", "n_other", "n_unknown"), ("n",)),
    "n_us": ("n", "n_cn"),
    "cn_share": ("n_cn", "n_us"),
    "cn_share_low": ("n", "n_cn", "n_us", "cn_share"),
    "cn_share_high": ("n", "n_cn", "n_us", "cn_share"),
    "bound_low": ("n_cn", "n_us"),
    "bound_high": ("n_cn", "n_us"),
    "coverage": (),
    "cn_share_shrunk": ("cn_share",),
    "cn_share_shrunk_low": ("cn_share_shrunk", "cn_share_low", "cn_share"),
    "cn_share_shrunk_high": ("cn_share_shrunk", "cn_share_high", "cn_share"),
    "location_quotient": ("cn_share",),
    "cn_per_1000_developers": ("n_cn",),
    **{
        f"change_{since}{end}": ("cn_share", "cn_share_low", "cn_share_high") if end else ("cn_share",)
        for since in ("previous", "year")
        for end in ("", "_low", "_high")
    },
}
"""Columns that the formula of a column needs."""
SIGNS: Final = "".join(chr(code) for code in range(35, 127) if chr(code) != "<")
"""The 91 signs of packed text: printable, without blank, exclamation and quotation mark, and less-than."""
PAIR_BITS: Final = 13
LEVEL: Final = 8
"""Of gzip: the next takes twice as long for a two-hundredth less."""
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

    def neighbour(self, values: Floats, present: NDArray[np.bool_]) -> Floats:
        """Each cell's last present value in its period among the regions before it; NaN where there is none."""
        turned = replace(self, regions=self.periods, periods=self.regions)
        across = turned.last(self._turned(values), self._turned(present))
        return np.asarray(across.reshape(self.periods, self.regions).T.ravel())

    def _turned(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(values.reshape(self.regions, self.periods).T.ravel())

    def last(self, values: Floats, present: NDArray[np.bool_]) -> Floats:
        """Each cell's last present value of its region before it; NaN where there is none."""
        cells = np.arange(self.periods)[None, :]
        seen = np.where(present.reshape(self.regions, self.periods), cells, -1)
        latest = np.maximum.accumulate(seen, axis=1)
        previous = np.concatenate([np.full((self.regions, 1), -1), latest[:, :-1]], axis=1)
        table = values.reshape(self.regions, self.periods)
        return np.where(previous >= 0, np.take_along_axis(table, np.maximum(previous, 0), axis=1), np.nan).ravel()


def wilson_end(known: Mapping[str, Floats], side: int) -> Floats:
    """End of Wilson's 95 % interval, with as many people as have the share's variance where some are on both sides.

    The share is (x + z) / (1 + z) of the parts x Chinese only, y US only and z both; its variance follows by the delta
    method. The true interval, a quantile of the Dirichlet posterior, is near it.
    """
    p, n = known["cn_share"], known["n"]
    both = np.nan_to_num(known.get("n_both", np.full_like(n, np.nan)), nan=0.0)
    z = both / n
    x, y = known["n_cn"] / n - z, known["n_us"] / n - z
    squared = (1 + z) * (1 + z)
    by_x, by_y, by_z = (y + z) / squared, -(x + z) / squared, (y - x) / squared
    mean = x * by_x + y * by_y + z * by_z
    variance = x * by_x * by_x + y * by_y * by_y + z * by_z * by_z - mean * mean
    size = n * p * (1 - p) / np.where(variance > 0, variance, np.nan)
    size = np.where(np.isnan(size), n, size)
    square = Z95 * Z95
    reach = Z95 * np.sqrt(p * (1 - p) / size + square / (4 * size * size))
    return np.asarray(np.minimum(1, np.maximum(0, (p + square / (2 * size) + side * reach) / (1 + square / size))))


def _bound(known: Mapping[str, Floats], grid: Grid, own: Floats, present: NDArray[np.bool_], *, low: bool) -> Floats:
    """Worst-case bound, if as many people are without a place as at the region before in the same period."""
    side = known["n_cn"] if low else known["n_us"]
    rest = known["n_cn"] + known["n_us"] + np.nan_to_num(known.get("n_unknown", np.full_like(side, np.nan)), nan=0.0)
    end = own if low else 1 - own
    lost = grid.neighbour(side / end - rest, present & (side > 0) & (end > 0))
    return side / (rest + lost) if low else 1 - side / (rest + lost)


def _difference(known: Mapping[str, Floats], grid: Grid, index: NDArray[np.int64], side: int) -> Floats:
    """Change in points, or an end of its interval by Newcombe's method 10."""
    p = known["cn_share"]
    q = grid.earlier(p, index)
    if side == 0:
        return 100 * (p - q)
    low, high = known["cn_share_low"], known["cn_share_high"]
    below, above = grid.earlier(low, index), grid.earlier(high, index)
    spread = (p - low) * (p - low) + (above - q) * (above - q)
    if side > 0:
        spread = (high - p) * (high - p) + (q - below) * (q - below)
    return np.asarray(100 * (p - q + side * np.sqrt(spread)))


def foreseen(  # noqa: C901 - one case a formula
    name: str, known: Mapping[str, Floats], grid: Grid, own: Floats, present: NDArray[np.bool_]
) -> Floats:
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
    first, second, *_ = (*(known[column] for column in _NEEDS[name]), nothing, nothing)
    found = nothing
    with np.errstate(all="ignore"):
        match name:
            case "n_us":
                found = first - second + np.nan_to_num(known.get("n_both", nothing), nan=0.0)
            case "cn_share":
                found = first / (first + second)
            case "cn_share_low" | "cn_share_high":
                found = wilson_end(known, -1 if name == "cn_share_low" else 1)
            case "cn_share_shrunk_low" | "cn_share_shrunk_high":
                found = first + second - known["cn_share"]
            case "location_quotient":
                near = grid.neighbour(own / first, present & (first > 0))
                found = first / grid.of_world(first) if grid.world >= 0 else first * near
            case "cn_per_1000_developers":
                found = first * grid.last(own / first, present & (first > 0))
            case "bound_low" | "bound_high":
                found = _bound(known, grid, own, present, low=name == "bound_low")
            case "cn_share_shrunk":
                found = first + grid.last(own - first, present & ~np.isnan(first))
            case "coverage":
                found = grid.neighbour(own, present)
            case "n_cn" | "n_both" | "n_other" | "n_unknown":
                part, usable = own / first, present & (first > 0)
                before = grid.last(part, usable)
                found = first * np.where(np.isnan(before), grid.neighbour(part, usable), before)
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
            figures = np.round(values, FEWER_DECIMALS.get(name, DECIMALS))
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
        if np.abs(rest).max() <= ROUNDING.get(name, 0) * scale / 100:
            rest = np.zeros_like(rest)
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


def head_of(content: bytes) -> dict[str, Any]:
    """Head of what `pack_figures` or `pack_outlines` packed."""
    return dict(json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")]))


def unpack_figures(
    content: bytes, guess: Mapping[str, Sequence[Any] | Floats] | None = None
) -> tuple[dict[str, Any], dict[str, list[Any] | Floats]]:
    """Head and columns of what `pack_figures` packed.

    Args:
        content: the packed grid.
        guess: per column a value a cell that the decoding may start from. It changes how long that takes, not the
            result: a cell follows from cells before it, so that one set of figures alone agrees with what was kept.

    Returns:
        Head, and per column a value a cell: floats with NaN for none, or texts with None.
    """
    start = 4 + int.from_bytes(content[:4], "little")
    head = head_of(content)
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
        values = (guess or {}).get(column["name"], np.zeros(cells))
        if not isinstance(values, np.ndarray):
            slots = {text: slot for slot, text in enumerate(column["texts"])}
            values = np.array([slots.get(value, 0) for value in values], dtype=np.float64)
        own = np.where(present, np.nan_to_num(values, nan=0.0), np.nan)
        while True:
            # Each round is right at least one cell further, because no cell looks at those after it.
            with np.errstate(all="ignore"):
                expected = _expected(column["name"], known, grid, own, column["scale"])
            found = (expected + rest) / column["scale"]
            if np.array_equal(found[present], own[present]):
                break
            own = found
        known[column["name"]] = own
    columns: dict[str, list[Any] | Floats] = dict(known)
    for column in head["columns"]:
        if "texts" in column:
            own = known[column["name"]]
            texts = np.array([*column["texts"], None], dtype=object)
            columns[column["name"]] = texts[np.where(np.isnan(own), -1, own).astype(np.int64)].tolist()
    return head, columns


def pack_outlines(topology: Mapping[str, Any], name: str, regions: Sequence[Sequence[Any]], before: int = 0) -> bytes:
    """Pack the arcs of a topology and one object over them.

    Args:
        topology: quantised TopoJSON: `transform`, and `arcs` whose points are differences but for the first.
        name: the object.
        regions: rows of id, name and whatever else is known: those of the object's shapes in their order, then further
            ones. An id that shares the part before its hyphen with the one above is kept without that part.
        before: arcs of the coarser layer, which count before those of the topology.

    Returns:
        Head and planes, as of `pack_figures`: all steps east, all steps north, all references to arcs, and jumps. An
        arc begins where the one before it ended. The lowest bit of a reference says whether the arc is walked
        backwards; the rest is 0 for the next arc that was not used yet (see `split_topology` for their order), 1 for
        one of the coarser layer, and else how far before the next the arc lies, and one. An arc of the coarser layer
        lies a jump from the last of them.
    """
    # Positions are rounded, not steps, so that nothing drifts along an arc and ends that meet still do.
    arcs = [np.rint(np.cumsum(np.asarray(arc, dtype=np.float64)[:, :2], axis=0)) for arc in topology["arcs"]]
    steps = np.diff(np.concatenate([np.zeros((1, 2)), *arcs]), axis=0)
    shapes, references = [], []
    for shape in topology["objects"][name]["geometries"]:
        parts = shape.get("arcs") or []
        polygons = [parts] if shape["type"] == "Polygon" else parts
        shapes.append([[len(ring) for ring in rings] for rings in polygons])
        references += [arc for rings in polygons for ring in rings for arc in ring]
    codes, outer, fresh = [], [0], before
    for reference in references:
        arc = ~reference if reference < 0 else reference
        if arc > fresh:
            raise ValueError(f"Arc {arc} is used before arc {fresh}: take the arcs in the order of split_topology.")
        if arc < before:
            outer.append(arc)
        codes.append(2 * (1 if arc < before else fresh - arc + 1 if arc < fresh else 0) + (reference < 0))
        fresh = max(fresh, arc + 1)
    numbers = (steps[:, 0], steps[:, 1], np.array(codes, dtype=np.float64), np.diff(outer).astype(np.float64))
    planes = [_planes(each) for each in numbers]
    head = json.dumps(
        {
            "ids": _shortened([region for region, *_ in regions]),
            "names": [name for _, name, *_ in regions],
            "further": {slot: rest for slot, (_, _, *rest) in enumerate(regions) if rest},
            "transform": topology["transform"],
            "points": [len(arc) for arc in arcs],
            "shapes": shapes,
            "before": before,
            "references": len(references),
            "jumps": len(outer) - 1,
            "planes": [count for _, count in planes],
        },
        separators=(",", ":"),
        ensure_ascii=True,
    ).encode()
    return len(head).to_bytes(4, "little") + head + b"".join(content for content, _ in planes)


def unpack_outlines(content: bytes) -> tuple[dict[str, Any], list[Floats], dict[str, Any]]:
    """Head, arcs as positions on the grid, and arcs by shape, polygon and ring, of what `pack_outlines` packed."""
    start = 4 + int.from_bytes(content[:4], "little")
    head = head_of(content)
    count, (east, north, referring, jumping) = sum(head["points"]), head["planes"]
    steps = [
        _numbers(content, start, count, east),
        _numbers(content, start + count * east, count, north),
    ]
    places = np.cumsum(np.column_stack(steps), axis=0)
    arcs = np.split(places, np.cumsum(head["points"])[:-1])
    start += count * (east + north)
    codes = _numbers(content, start, head["references"], referring).astype(int).tolist()
    outer = iter(
        np.cumsum(_numbers(content, start + len(codes) * referring, head["jumps"], jumping)).astype(int).tolist()
    )
    references, fresh = [], head["before"]
    for code in codes:
        kind = code // 2
        arc = fresh if kind == 0 else next(outer) if kind == 1 else fresh - kind + 1
        fresh += kind == 0
        references.append(~arc if code % 2 else arc)
    indices = iter(references)
    shapes = {
        region: [[[next(indices) for _ in range(length)] for length in rings] for rings in polygons]
        for region, polygons in zip(outlined_of(head), head["shapes"], strict=False)
    }
    return head, arcs, shapes


def _shortened(ids: Sequence[str]) -> list[str]:
    """Ids, and for those of the same economy as the one above only what follows it."""
    fronts = [region.split("-")[0] for region in ids]
    return [
        region[len(front) :] if front == above and region != front else region
        for region, front, above in zip(ids, fronts, ["", *fronts], strict=False)
    ]


def outlined_of(head: Mapping[str, Any]) -> list[str]:
    """Ids of the regions that a head of `pack_outlines` lists."""
    found: list[str] = []
    for region in head["ids"]:
        found.append(found[-1].split("-")[0] + region if region.startswith("-") else region)
    return found


def as_text(content: bytes) -> str:
    """Bytes as text for a page: gzip without a time of day, 13 bits in two printable signs.

    That is 8 % less than base64. `<` is none of the signs, so that the text is inert within a script element.
    """
    packed = gzip.compress(content, LEVEL, mtime=0)
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8))
    padded = np.concatenate([bits, np.zeros(-len(bits) % PAIR_BITS, dtype=np.uint8)])
    numbers = padded.reshape(-1, PAIR_BITS).astype(np.int64) @ (1 << np.arange(PAIR_BITS - 1, -1, -1))
    pairs = np.column_stack([numbers // len(SIGNS), numbers % len(SIGNS)]).ravel()
    text = np.frombuffer(SIGNS.encode(), dtype=np.uint8)[pairs].tobytes().decode()
    # The bits that fill up the last pair may make a byte too many, which the first sign counts.
    return f"{SIGNS[len(padded) // 8 - len(packed)]}{text}"


def from_text(text: str) -> bytes:
    """Bytes of a text of `as_text`."""
    signs = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    digits = np.searchsorted(np.frombuffer(SIGNS.encode(), dtype=np.uint8), signs)
    numbers = digits[1::2] * len(SIGNS) + digits[2::2]
    bits = ((numbers[:, None] >> np.arange(PAIR_BITS - 1, -1, -1)) & 1).astype(np.uint8).ravel()
    packed = np.packbits(bits[: len(bits) // 8 * 8]).tobytes()
    return gzip.decompress(packed[: len(packed) - int(digits[0])])


def split_topology(topology: Mapping[str, Any], outer: str, inner: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide a nested topology: what the coarser layer needs at once, and what only the finer one needs.

    Args:
        topology: TopoJSON with both objects over the same arcs.
        outer: object of the coarser layer.
        inner: object of the finer layer.

    Returns:
        Two topologies, with arcs in the order of their first use. The second has further arcs only; its geometries
        count those of the first before its own.
    """

    def used(name: str) -> list[int]:
        shapes = topology["objects"].get(name, {"geometries": []})["geometries"]
        return [arc for shape in shapes for arc in flat(shape.get("arcs") or [])]

    def flat(arcs: Any) -> list[int]:
        if isinstance(arcs, int):
            return [~arcs if arcs < 0 else arcs]
        return [arc for part in arcs for arc in flat(part)]

    def renamed(arcs: Any) -> Any:
        if isinstance(arcs, int):
            return ~places[~arcs] if arcs < 0 else places[arcs]
        return [renamed(part) for part in arcs]

    def geometries(name: str) -> list[dict[str, Any]]:
        return [
            {**shape, "arcs": renamed(shape["arcs"])} if shape.get("arcs") else shape
            for shape in topology["objects"][name]["geometries"]
        ]

    first = list(dict.fromkeys(used(outer)))
    known = set(first)
    second = [arc for arc in dict.fromkeys(used(inner)) if arc not in known]
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
