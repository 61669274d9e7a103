"""From the table `estimates` to what a map draws: checked, joined with every region, one look a cell.

Here: validation, looks, counts for the legend, captions that depend on the figures. Not here: drawing
(`static`, `interactive`), statistics (the adoption layer computes every share and interval).

Every picture and page is drawn from these slices, so that they cannot disagree.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from maps import scales, words
from maps.spec import MapSpec, SignalSpec

SHARES: Final = (
    "cn_share",
    "cn_share_low",
    "cn_share_high",
    "bound_low",
    "bound_high",
    "cn_share_shrunk",
    "coverage",
)
COUNTS: Final = ("n", "n_cn", "n_us", "n_both", "n_other", "n_unknown", "events")
KEY: Final = ("signal", "period", "coding", "region_id")
FIGURES: Final = (
    "counted",
    *COUNTS,
    *SHARES,
    "location_quotient",
    "evidence",
    "state",
    "reason",
    "source_id",
)
FURTHER: Final = (
    "cn_share_shrunk_low",
    "cn_share_shrunk_high",
    "cn_per_1000_developers",
    *(f"change_{since}{end}" for since in ("previous", "year") for end in ("", "_low", "_high")),
)
"""Figures that a map shows where the table has them."""
SUBDIVISION: Final = r"^[A-Z]{2}-[A-Z0-9]{1,3}$"
"""An ISO 3166-2 code."""
DRAWN_LEVELS: Final = ("world", "subregion", "country", "metro")
LOOKS: Final = ("plain", "small", "modelled", "suppressed", "not_observable", "not_observed")
SMALL_AREA_KM2: Final = 3000.0
"""Economies below this are drawn as dots: their outline would be a pixel at world size."""
_SHOWN_AT_MOST: Final = 20


class MapError(ValueError):
    """A table that cannot be drawn truthfully; the message lists the offending ids and values."""


@dataclass(frozen=True, kw_only=True)
class LegendCounts:
    """Economies and territories of a slice by what is drawn for them.

    Attributes:
        classes: with a share, by class, US to Chinese.
        small: of those with a share, how many rest on fewer than 30 people or organisations.
        modelled: of those with a share, how many are modelled.
        suppressed: hidden because of few people.
        not_observable: no source can tell.
        not_observed: no data in this run, with or without a row in the table.
        without_row: of the not observed, how many have no row at all.
        metro: metro areas with a share, which are not among the economies.
    """

    classes: tuple[int, ...]
    small: int
    modelled: int
    suppressed: int
    not_observable: int
    not_observed: int
    without_row: int
    metro: int

    @property
    def valued(self) -> int:
        """Economies and territories with a share."""
        return sum(self.classes)

    @property
    def total(self) -> int:
        """All economies and territories of the map."""
        return self.valued + self.suppressed + self.not_observable + self.not_observed


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One signal, period and coding over all regions.

    Attributes:
        spec: how the signal is called.
        period: first day of the month or wave; null if the table has no row of the signal.
        coding: question that the origin answers.
        rows: one row a region: columns of the region table, the figures of `estimates`, `has_row`,
            `look` (see `LOOKS`) and `class` (0–6, null without a share).
        counts: economies and territories by what is drawn for them.
    """

    spec: SignalSpec
    period: dt.date | None
    coding: str
    rows: pl.DataFrame
    counts: LegendCounts


NO_COUNTS: Final = LegendCounts(
    classes=(), small=0, modelled=0, suppressed=0, not_observable=0, not_observed=0, without_row=0, metro=0
)
"""Counts of what has no cells."""


def offenders(values: Sequence[object]) -> str:
    """Offending values for a message, the first twenty and how many more."""
    shown = ", ".join(str(value) for value in values[:_SHOWN_AT_MOST])
    rest = len(values) - _SHOWN_AT_MOST
    return f"{shown} and {rest} more" if rest > 0 else shown


def completed(cells: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """A table of one's own with the columns that it does not need to have.

    Args:
        cells: at least `signal`, `period`, `coding`, `region_id`, `cn_share` and `evidence`; with `n` also `counted`,
            and with a share that is null also `state`.
        regions: region table.

    Returns:
        The table with every column of `KEY`, `level` and `FIGURES`. The level is the registry's, or `admin1` of an
        ISO 3166-2 code; the state of a share is `value`, or `zero` where it is 0.

    Raises:
        MapError: if a column lacks that cannot be told from the others.
    """
    needed = ["signal", "period", "coding", "region_id", "cn_share", "evidence"]
    needed += ["counted"] if "n" in cells.columns else []
    needed += ["state"] if "cn_share" in cells.columns and cells["cn_share"].null_count() else []
    if missing := [name for name in needed if name not in cells.columns]:
        raise MapError(f"The table lacks columns: {offenders(missing)}.")
    if "state" not in cells.columns:
        cells = cells.with_columns(
            state=pl.when(pl.col("cn_share") == 0).then(pl.lit("zero")).otherwise(pl.lit("value"))
        )
    if "level" not in cells.columns:
        listed = regions.select("region_id", "level")
        code = pl.col("region_id").str.contains(SUBDIVISION)
        cells = cells.join(listed, on="region_id", how="left", maintain_order="left").with_columns(
            pl.col("level").fill_null(pl.when(code).then(pl.lit("admin1")).otherwise(pl.lit("country")))
        )
    texts = ("counted", "reason", "source_id")
    return cells.with_columns(
        pl.lit(None, dtype=pl.String if name in texts else pl.Float64).alias(name)
        for name in FIGURES
        if name not in cells.columns
    )


def check_cells(cells: pl.DataFrame, regions: pl.DataFrame, spec: MapSpec) -> None:
    """Refuse a table that cannot be drawn truthfully.

    Args:
        cells: table `estimates`.
        regions: region table with `region_id`.
        spec: the map, which names the signals.

    Raises:
        MapError: listing every offence with ids and values: columns that are missing, signals that the map
            does not name, unknown regions, repeated keys, figures that are not finite, shares outside 0–1,
            negative counts, unknown states, shares without a value.
    """
    missing = [name for name in (*KEY, "level", *FIGURES) if name not in cells.columns]
    if missing:
        raise MapError(f"The table lacks columns: {offenders(missing)}.")
    faults: list[str] = []

    def fault(what: str, where: pl.Expr, *shown: str) -> None:
        bad = cells.filter(where)
        if bad.height:
            items = [" ".join(str(value) for value in row) for row in bad.select(shown).unique().sort(shown).rows()]
            faults.append(f"{what}: {offenders(items)}")

    fault("signals that the map does not name", ~pl.col("signal").is_in([s.signal for s in spec.signals]), "signal")
    known = pl.col("region_id").is_in(regions["region_id"].to_list())
    fault("unknown regions", ~known & (pl.col("level") != "admin1"), "region_id")
    fault(
        "subdivisions that are no ISO 3166-2 codes",
        (pl.col("level") == "admin1") & ~pl.col("region_id").str.contains(SUBDIVISION),
        "region_id",
    )
    fault("repeated keys", pl.struct(KEY).is_duplicated(), *KEY)
    fault("unknown states", ~pl.col("state").is_in(list(words.STATES)), "region_id", "state")
    fault("unknown evidence", ~pl.col("evidence").is_in(list(words.EVIDENCE)), "region_id", "evidence")
    fault("unknown coding", ~pl.col("coding").is_in(list(words.CODINGS)), "region_id", "coding")
    for name in FURTHER:
        if name in cells.columns:
            fault(f"{name} is not finite", ~pl.col(name).is_finite(), "region_id", name)
    for name in (*SHARES, *COUNTS, "location_quotient"):
        figure = pl.col(name).cast(pl.Float64)
        fault(f"{name} is not finite", ~figure.is_finite(), "region_id", name)
        if name in SHARES:
            fault(f"{name} is outside 0–1", figure.is_finite() & ~figure.is_between(0, 1), "region_id", name)
        else:
            fault(f"{name} is negative", figure.is_finite() & (figure < 0), "region_id", name)
    valued = pl.col("state").is_in(["value", "zero"])
    fault("share and state disagree", pl.col("cn_share").is_not_null() != valued, "region_id", "state")
    fault("no evidence behind a share", valued & pl.col("evidence").is_null(), "region_id", "state")
    if faults:
        raise MapError(f"The table cannot be drawn: {'; '.join(faults)}.")


def _look() -> pl.Expr:
    """Look of a row (DESIGN, section 6, rule 8): the state decides first, then evidence, then n."""
    few = pl.col("counted").is_in(["people", "organisations", "downloaders"]) & (pl.col("n") < scales.SMALL_N)
    return (
        pl.when(~pl.col("state").is_in(["value", "zero"]))
        .then(pl.col("state"))
        .when(pl.col("evidence") == "modelled")
        .then(pl.lit("modelled"))
        .when(few.fill_null(value=False))
        .then(pl.lit("small"))
        .otherwise(pl.lit("plain"))
    )


def _class() -> pl.Expr:
    """Class of a row's share; `scales.class_of` in columns (a test holds them together)."""
    share = pl.col("cn_share")
    passed = pl.sum_horizontal(*((share >= edge).cast(pl.Int64) for edge in scales.BREAKS))
    return pl.when(share.is_not_null()).then(passed)


def _count(rows: pl.DataFrame) -> LegendCounts:
    economies = rows.filter(pl.col("level") == "country")

    def of(look: str) -> int:
        return economies.filter(pl.col("look") == look).height

    classes = tuple(economies.filter(pl.col("class") == index).height for index in range(len(scales.CLASS_LABELS)))
    return LegendCounts(
        classes=classes,
        small=of("small"),
        modelled=of("modelled"),
        suppressed=of("suppressed"),
        not_observable=of("not_observable"),
        not_observed=of("not_observed"),
        without_row=economies.filter(~pl.col("has_row")).height,
        metro=rows.filter((pl.col("level") == "metro") & pl.col("cn_share").is_not_null()).height,
    )


def slice_of(
    cells: pl.DataFrame, regions: pl.DataFrame, spec: SignalSpec, period: dt.date | None, coding: str
) -> Slice:
    """One slice.

    Args:
        cells: the cells of its signal, period and coding, checked.
        regions: regions as of `places`.
        spec: how the signal is called.
        period: its period; null if the table has no row of the signal.
        coding: its coding.
    """
    figures = cells.select("region_id", *FIGURES, has_row=pl.lit(value=True))
    rows = (
        regions.join(figures, on="region_id", how="left", validate="1:1", maintain_order="left")
        .with_columns(
            pl.col("has_row").fill_null(value=False),
            pl.col("state").fill_null("not_observed"),
            reason=pl.when(pl.col("state").is_null()).then(pl.lit(words.NO_ROW)).otherwise(pl.col("reason")),
        )
        .with_columns(look=_look())
        .with_columns(_class().alias("class"))
    )
    return Slice(spec=spec, period=period, coding=coding, rows=rows, counts=_count(rows))


def places(regions: pl.DataFrame) -> pl.DataFrame:
    """Regions of a world map in its order, by level and id, with names free of marks that reorder text."""
    order = {name: i for i, name in enumerate(DRAWN_LEVELS)}
    return (
        regions.filter(pl.col("level").is_in(DRAWN_LEVELS))
        .with_columns(
            pl.Series(
                "name",
                [words.plain(name) for name in regions.filter(pl.col("level").is_in(DRAWN_LEVELS))["name"]],
                dtype=pl.String,
            )
        )
        .sort(pl.col("level").replace_strict(order), "region_id")
    )


def first_slice(cells: pl.DataFrame, regions: pl.DataFrame, spec: MapSpec) -> Slice:
    """The slice that a page opens with: the first, in the order of `slices`, in which an economy has a share.

    Args:
        cells: table `estimates`, checked.
        regions: regions as of `places`.
        spec: the map.
    """
    shown = [signal.signal for signal in spec.signals]
    codings = list(words.CODINGS)
    known = cells.filter((pl.col("level") == "country") & pl.col("cn_share").is_not_null()) if cells.height else cells
    for some in (known, cells):
        keys = some.select("signal", "period", "coding").unique().rows()
        if keys:
            signal, period, coding = min(
                keys, key=lambda key: (shown.index(key[0]), -key[1].toordinal(), codings.index(key[2]))
            )
            own = cells.filter(signal=signal, period=period, coding=coding)
            return slice_of(own, regions, spec.signal(signal), period, coding)
    return slice_of(cells, regions, spec.signals[0], None, codings[0])


def slices(cells: pl.DataFrame, regions: pl.DataFrame, spec: MapSpec) -> list[Slice]:
    """All slices of a map, in the order of its selectors.

    Args:
        cells: table `estimates`; rows of `admin1` are left out, which no world map can show.
        regions: table of `maps.geometry.regions.load_regions`.
        spec: the map.

    Returns:
        Slices by signal (in the order of the specification), latest period first, then coding. A signal
        without rows has one slice, in which nothing is observed.

    Raises:
        MapError: if the table cannot be drawn truthfully (see `check_cells`).
    """
    cells = cells.filter(pl.col("level").is_in(DRAWN_LEVELS)) if "level" in cells.columns else cells
    check_cells(cells, regions, spec)
    drawn = places(regions)
    cells = cells.with_columns(pl.col("reason").map_elements(words.plain, return_dtype=pl.String))
    found: list[Slice] = []
    for signal in spec.signals:
        own = cells.filter(pl.col("signal") == signal.signal)
        keys = own.select("period", "coding").unique().sort(["period", "coding"], descending=[True, False]).rows()
        order = {name: i for i, name in enumerate(words.CODINGS)}
        keys.sort(key=lambda key: (-key[0].toordinal(), order[key[1]]))
        if not keys:
            found.append(slice_of(own, drawn, signal, None, "publisher"))
        found.extend(
            slice_of(own.filter(period=period, coding=coding), drawn, signal, period, coding) for period, coding in keys
        )
    return found


def within(one: Slice, members: pl.Series, label: str) -> Slice:
    """The part of a slice that lies in a part of the world.

    Args:
        one: slice of all regions.
        members: ids of the regions that are kept.
        label: how the part is called.
    """
    rows = one.rows.filter(pl.col("region_id").is_in(members.implode()))
    if rows.is_empty():
        raise MapError(f"No region of the map lies in {label}.")
    return replace(one, rows=rows, counts=_count(rows))


def first_with_values(found: Sequence[Slice]) -> Slice:
    """The slice to show first: the first with a share for any economy, else the first."""
    return next((one for one in found if one.counts.valued), found[0])


def period_words(one: Slice) -> str:
    """Period in words, by the kind that the signal states."""
    if one.period is None:
        return "no period"
    if one.spec.period_kind == "wave":
        return f"survey wave of {words.month(one.period)}"
    if one.spec.period_kind == "year":
        return str(one.period.year)
    return words.day(one.period) if one.spec.period_kind == "day" else words.month(one.period)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _metro_words(evidence: pl.Series) -> str:
    """Metro areas with a share, and whether they are measured."""
    modelled = int((evidence == "modelled").sum())
    if not evidence.len() or modelled == evidence.len():
        return "metro areas modelled" if modelled else ""
    rest = f", {modelled} of them modelled" if modelled else ""
    return f"{evidence.len()} metro area{'s' if evidence.len() > 1 else ''} with a share{rest}"


def subtitle(one: Slice) -> str:
    """Signal, period, n, coverage and evidence of a slice in one line."""
    world = one.rows.filter((pl.col("level") == "world") & pl.col("n").is_not_null())
    economies = one.rows.filter((pl.col("level") == "country") & pl.col("cn_share").is_not_null())
    counted = world if world.height else economies
    # Of what is modelled nobody was counted, which is not a count of zero.
    total = float(counted["n"].sum()) if counted["n"].count() else None
    # Logs count who downloaded; the signal's own word is for what other sources of it count.
    people = "downloaders" if "downloaders" in counted["counted"] else one.spec.people
    coverage = world["coverage"][0] if world.height else None
    # Coverage is of all that a signal counts: a part of the world has none of its own.
    partial = one.rows.filter(pl.col("level") == "world").is_empty()
    kinds = one.rows.filter(pl.col("cn_share").is_not_null() & (pl.col("level") != "metro"))["evidence"].unique()
    evidence = [words.EVIDENCE[kind] for kind in words.EVIDENCE if kind in kinds]
    metros = one.rows.filter((pl.col("level") == "metro") & pl.col("cn_share").is_not_null())["evidence"]
    parts = [
        _upper(period_words(one)),
        f"n = {words.count(total)} {people}" if total is not None else "n: none counted",
        f"{one.counts.valued} economies and territories with a share",
        "" if partial else f"coverage {words.percent(coverage)}" if coverage is not None else "coverage not known",
        f"evidence: {words.listing(evidence)}" if evidence else "evidence: none",
        _metro_words(metros),
        f"origin: {words.CODINGS[one.coding]}",
    ]
    return " · ".join(part for part in parts if part)


def notice(one: Slice) -> str:
    """What stands above a map without any coloured economy: why, and what is known all the same."""
    if one.counts.valued:
        return ""
    reasons = one.rows.filter((pl.col("level") == "country") & pl.col("reason").is_not_null())["reason"]
    common = reasons.value_counts(sort=True).sort(["count", "reason"], descending=[True, False])["reason"]
    why = common[0] if common.len() else words.NO_ROW
    world = one.rows.filter((pl.col("level") == "world") & pl.col("cn_share").is_not_null())
    sentence = f"No economy or territory has a share of this signal. {why}"
    if world.height:
        row = world.row(0, named=True)
        bounds = words.percent_span(row["bound_low"], row["bound_high"])
        known = f"World: {words.percent(row['cn_share'])} Chinese of Chinese and US together"
        extent = f"; worst-case bounds {bounds}" if bounds != words.DASH else ""
        panel = f" {row['reason']}" if row["reason"] else ""
        sentence = f"{sentence} {known}{extent}.{panel}"
    return sentence


def tally(one: Slice) -> str:
    """Counts of the legend as a sentence."""
    counts = one.counts
    few = f" (of these {counts.small} with fewer than {scales.SMALL_N} {one.spec.people})" if counts.small else ""
    parts = [
        f"{counts.valued} with a share{few}",
        f"{counts.suppressed} hidden",
        f"{counts.not_observable} that no source can tell",
        f"{counts.not_observed} without data in this run",
    ]
    return f"{counts.total} economies and territories: {words.listing(parts)}."


def credit(one: Slice, spec: MapSpec) -> str:
    """Sources of the figures and of the boundaries."""
    return words.plain(f"{one.spec.credit} {spec.boundaries}")


def title(one: Slice, spec: MapSpec) -> str:
    """Title of a slice, with the stamps of figures that are not real or not new."""
    return words.plain(": ".join(part for part in (spec.stamp, one.spec.stamp, one.spec.title) if part))
