"""Downloads of Chinese and US models over time, under every definition, side by side.

Here: layout and drawing of the table `world_series`. Not here: its figures (the adoption layer), captions
(`spec`).

A row is a platform, definition and panel; a column is a coding of origin. Each field shows downloads from
zero above, and the CN share below with the band that downloads of unknown origin leave open. Two points are
joined only where they come from one source and count the same number of accounts: a line across a changed
panel would draw the panel's growth as the market's.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from maps import colours, svg, words
from maps.cells import MapError
from maps.spec import ChartSpec

WIDTH: Final = 1200.0
_MARGIN: Final = 30.0
_GUTTER: Final = 212.0
_GAP: Final = 64.0
_LABEL: Final = 72.0
"""Room at the right of each field for the latest values in words."""
_COUNTS: Final = 84.0
_SHARES: Final = 72.0
_BETWEEN: Final = 16.0
_ROW: Final = _COUNTS + _BETWEEN + _SHARES + 58.0
_KEY: Final = ("platform", "definition", "panel", "period", "coding", "source_id")
_NEEDED: Final = (*_KEY, "accounts", "n_cn", "n_us", "n_other", "n_unknown", "cn_share", "bound_low", "bound_high")

_COLOURS: Final = {"n_us": colours.AMERICAN, "n_cn": colours.CHINESE}

PLATFORMS: Final = {"huggingface": "Hugging Face Hub", "modelscope": "ModelScope"}


@dataclass(frozen=True, kw_only=True)
class _Field:
    """Where a field lies, and its scales."""

    x: float
    y: float
    width: float
    first: dt.date
    last: dt.date
    most: float

    def across(self, day: dt.date) -> float:
        """Pixel of a day; the days keep clear of the edges."""
        days = max((self.last - self.first).days, 1)
        return self.x + 8 + (self.width - 8 - _LABEL) * (day - self.first).days / days

    def count(self, downloads: float) -> float:
        """Pixel of a number of downloads; the axis begins at zero."""
        return self.y + _COUNTS * (1 - downloads / self.most)

    def share(self, share: float) -> float:
        """Pixel of a share; the axis runs from 0 to 100 %."""
        return self.y + _COUNTS + _BETWEEN + _SHARES * (1 - share)


def check_series(series: pl.DataFrame) -> None:
    """Refuse a table that cannot be drawn truthfully.

    Args:
        series: table `world_series`.

    Raises:
        MapError: listing missing columns, repeated keys, figures that are not finite, negative counts, and
            shares outside 0–1 or outside their bounds, with keys and values.
    """
    missing = [name for name in _NEEDED if name not in series.columns]
    if missing:
        raise MapError(f"The table lacks columns: {', '.join(missing)}.")
    if not series.height:
        raise MapError("The table has no rows.")
    faults: list[str] = []

    def fault(what: str, where: pl.Expr, *shown: str) -> None:
        bad = series.filter(where).select(shown).unique().sort(shown).rows()
        if bad:
            faults.append(f"{what}: {', '.join(' '.join(str(value) for value in row) for row in bad[:20])}")

    fault("repeated keys", pl.struct(_KEY).is_duplicated(), *_KEY)
    for name in ("n_cn", "n_us", "n_other", "n_unknown"):
        fault(
            f"{name} is not a finite number from 0", ~(pl.col(name).is_finite() & (pl.col(name) >= 0)), "period", name
        )
    for name in ("cn_share", "bound_low", "bound_high"):
        inside = pl.col(name).is_finite() & pl.col(name).is_between(0, 1)
        fault(f"{name} is outside 0–1", ~inside, "period", name)
    partly = pl.col("cn_share").is_null() != (pl.col("bound_low").is_null() | pl.col("bound_high").is_null())
    fault("a share without its bounds", partly, "period", "cn_share", "bound_low", "bound_high")
    rounding = 1e-9
    held = (pl.col("bound_low") <= pl.col("cn_share") + rounding) & (
        pl.col("cn_share") <= pl.col("bound_high") + rounding
    )
    fault("cn_share is outside its bounds", ~held, "period", "cn_share", "bound_low", "bound_high")
    if faults:
        raise MapError(f"The table cannot be drawn: {'; '.join(faults)}.")


def runs(points: Sequence[dict[str, Any]], *, needs: str = "period") -> list[list[dict[str, Any]]]:
    """Points that may be joined: neighbours in time with one source and one number of accounts.

    Args:
        points: rows of one field in order of time.
        needs: column that must not be null; a point without it is left out, and breaks the line.

    Returns:
        The points in runs; a run of one is a point by itself.
    """
    found: list[list[dict[str, Any]]] = []
    before: dict[str, Any] | None = None
    for point in points:
        if point[needs] is not None:
            joined = before is not None and all(before[name] == point[name] for name in ("source_id", "accounts"))
            if joined and found:
                found[-1].append(point)
            else:
                found.append([point])
        before = point if point[needs] is not None else None
    return found


def lead(point: dict[str, Any]) -> str:
    """Who is ahead at a point: `CN`, `US`, `open` where unknown origins could turn it, `none` without a share."""
    half = 0.5
    if point["bound_low"] is None or point["bound_high"] is None:
        return "none"
    if point["bound_low"] > half:
        return "CN"
    return "US" if point["bound_high"] < half else "open"


def verdict(latest: Sequence[dict[str, Any]]) -> str:
    """What the latest points of all fields say together, in a sentence."""
    leads = [lead(point) for point in latest]
    chinese, american, unsure, none = (leads.count(word) for word in ("CN", "US", "open", "none"))
    without = f", no share in {none}" if none else ""
    counted = (
        f"Latest point of each of {len(leads)} fields: Chinese models ahead in {chinese}, US models in {american}, "
        f"open within the bounds in {unsure}{without}."
    )
    return f"{counted} The sign of the answer depends on the definition." if chinese and american else counted


def _ticks(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, str]]:
    """First days of half-years within the span, with the year where it begins."""
    day = dt.date(first.year, 1, 1)
    while day <= last:
        if day >= first:
            yield day, str(day.year) if day.month == 1 else "July"
        day = dt.date(day.year + day.month // 7, 7 if day.month == 1 else 1, 1)


def _polyline(points: Sequence[tuple[float, float]], colour: str) -> str:
    path = " ".join(f"{svg.number(x)},{svg.number(y)}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _dot(x: float, y: float, colour: str, title: str) -> str:
    return (
        f'<circle cx="{svg.number(x)}" cy="{svg.number(y)}" r="3" fill="{colour}" stroke="#fff" stroke-width=".8">'
        f"<title>{svg.quoted(title)}</title></circle>"
    )


def _rule(x1: float, x2: float, y: float, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="3 3"' if dashed else ""
    colour = colours.BORDER if dashed else colours.GRATICULE
    return (
        f'<line x1="{svg.number(x1)}" x2="{svg.number(x2)}" y1="{svg.number(y)}" y2="{svg.number(y)}" '
        f'stroke="{colour}"{dashes}/>'
    )


def _band(run: Sequence[dict[str, Any]], at: _Field) -> str:
    """What downloads of unknown origin leave open, as an area, or as a bar at a single point."""
    fill = colours.mix(colours.MUTED, colours.PAPER, strength=0.25)
    if len(run) == 1:
        x, (low, high) = at.across(run[0]["period"]), (at.share(run[0][n]) for n in ("bound_low", "bound_high"))
        return (
            f'<rect x="{svg.number(x - 3)}" y="{svg.number(high)}" width="6" height="{svg.number(low - high)}" '
            f'fill="{fill}"/>'
        )
    upper = [(at.across(p["period"]), at.share(p["bound_high"])) for p in run]
    lower = [(at.across(p["period"]), at.share(p["bound_low"])) for p in reversed(run)]
    points = " ".join(f"{svg.number(x)},{svg.number(y)}" for x, y in (*upper, *lower))
    return f'<polygon points="{points}" fill="{fill}"/>'


def _field(points: Sequence[dict[str, Any]], at: _Field, name: str) -> str:
    """One field: axes, then downloads, then share with its band, then the latest values in words."""
    left, right, parts = at.x, at.x + at.width, []
    for level in (0.0, at.most / 2, at.most):
        parts.append(_rule(left, right, at.count(level)))
        label = words.magnitude(level) if level else "0"
        parts.append(svg.line(label, left - 5, at.count(level) + 4, size=11, fill=colours.MUTED, anchor="end"))
    for share in (0.0, 0.5, 1.0):
        parts.append(_rule(left, right, at.share(share), dashed=share == 0.5))  # noqa: PLR2004
        parts.append(
            svg.line(words.percent(share), left - 5, at.share(share) + 4, size=11, fill=colours.MUTED, anchor="end")
        )
    for day, label in _ticks(at.first, at.last):
        x = at.across(day)
        parts.append(
            f'<line x1="{svg.number(x)}" x2="{svg.number(x)}" y1="{svg.number(at.share(0))}" '
            f'y2="{svg.number(at.share(0) + 4)}" stroke="{colours.BORDER}"/>'
        )
        parts.append(svg.line(label, x, at.share(0) + 16, size=11, fill=colours.MUTED, anchor="middle"))
    sides = _sides(points)
    for run in runs(points):
        for column, colour in ((column, colour) for column, colour in _COLOURS.items() if column in sides):
            if len(run) > 1:
                parts.append(_polyline([(at.across(p["period"]), at.count(p[column])) for p in run], colour))
            word = "Chinese" if column == "n_cn" else "US"
            parts.extend(
                _dot(
                    at.across(p["period"]),
                    at.count(p[column]),
                    colour,
                    f"{words.day(p['period'])}: {words.count(p[column])} downloads of {word} models, "
                    f"{p['accounts']} accounts",
                )
                for p in run
            )
    for run in runs(points, needs="cn_share"):
        parts.append(_band(run, at))
        line = [(at.across(p["period"]), at.share(p["cn_share"])) for p in run]
        if len(run) > 1:
            parts.append(_polyline(line, colours.INK))
        for (x, y), p in zip(line, run, strict=True):
            bounds = words.percent_span(p["bound_low"], p["bound_high"])
            said = f"{words.day(p['period'])}: {words.percent(p['cn_share'])} Chinese, bounds {bounds}"
            parts.append(_dot(x, y, colours.INK, said))
    parts.extend(_direct_labels(points[-1], at, sides=sides))
    return f'<g data-field="{svg.quoted(name)}">{"".join(parts)}</g>'


def _sides(points: Sequence[dict[str, Any]]) -> set[str]:
    """Columns of the sides that the panel holds: one without any download was left out of it, and is no zero."""
    return {column for column in _COLOURS if any(point[column] for point in points)}


def _direct_labels(latest: dict[str, Any], at: _Field, *, sides: set[str]) -> Iterator[str]:
    """Latest values beside their points, moved apart where they would touch."""
    x = at.across(latest["period"]) + 7
    cn, us = at.count(latest["n_cn"]) + 4, at.count(latest["n_us"]) + 4
    near = 13 - abs(cn - us)
    if near > 0 and len(sides) == len(_COLOURS):
        cn, us = (cn - near / 2, us + near / 2) if cn <= us else (cn + near / 2, us - near / 2)
    halo = colours.PAPER
    for word, y, colour, column in (
        ("CN", cn, colours.CHINESE_INK, "n_cn"),
        ("US", us, colours.AMERICAN_INK, "n_us"),
    ):
        if column not in sides:
            continue
        yield svg.line(f"{word} {words.magnitude(latest[column])}", x, y, size=11.5, fill=colour, bold=True, halo=halo)
    if latest["cn_share"] is None:
        # Where nothing of one side is known, a share would be 0 or 100 % by the source's choice alone.
        said = "no share: only one side is in the panel"
        if latest["n_unknown"] > latest["n_cn"] + latest["n_us"]:
            said = f"no share: {words.magnitude(latest['n_unknown'])} of unknown origin"
        yield svg.line(said, at.x + 8, at.share(0.5) - 6, size=12, fill=colours.MUTED, halo=halo)
        return
    share = words.percent(latest["cn_share"])
    yield svg.line(share, x, at.share(latest["cn_share"]) + 4, size=12, fill=colours.INK, bold=True, halo=halo)


def render_time_chart(series: pl.DataFrame, spec: ChartSpec) -> str:
    """The time chart as SVG.

    Args:
        series: table `world_series` (see `assets/schemas/adoption.py`).
        spec: captions and credits.

    Returns:
        The picture, 1200 pixels wide; the same input gives the same bytes.

    Raises:
        MapError: if the table cannot be drawn truthfully; the message lists keys and values.
    """
    check_series(series)
    series = series.sort(*_KEY)
    first, last = series["period"].min(), series["period"].max()
    if not isinstance(first, dt.date) or not isinstance(last, dt.date):
        raise MapError("The column period holds no dates.")
    codings = [name for name in words.CODINGS if name in series["coding"].unique()]
    rows = [
        (platform, definition, panel)
        for platform in PLATFORMS
        for definition in words.DEFINITIONS
        for panel in words.PANELS
        if series.filter(platform=platform, definition=definition, panel=panel).height
    ]
    across = (WIDTH - 2 * _MARGIN - _GUTTER) / len(codings)
    body: list[str] = []
    fields: list[str] = []
    title = f"{spec.stamp}: {spec.title}" if spec.stamp else spec.title
    limit = WIDTH - 2 * _MARGIN
    text, y = svg.paragraph(title, _MARGIN, 46, size=25, fill=colours.INK, limit=limit, bold=True)
    body.append(text)
    text, y = svg.paragraph(spec.subtitle, _MARGIN, y - 6, size=14, fill=colours.MUTED, limit=limit)
    body.append(text)
    latest = series.group_by("platform", "definition", "panel", "coding").last().to_dicts()
    text, y = svg.paragraph(verdict(latest), _MARGIN, y + 2, size=14.5, fill=colours.INK, limit=limit, bold=True)
    body.append(text)
    top = y + 46
    for number, (platform, definition, panel) in enumerate(rows):
        own = series.filter(platform=platform, definition=definition, panel=panel)
        down = top + number * _ROW
        most = _ceiling(max(*own["n_cn"], *own["n_us"]))
        fields.append(_row_label(own, platform, definition, panel, down))
        for column, coding in enumerate(codings):
            x = _MARGIN + _GUTTER + column * across
            points = own.filter(coding=coding).to_dicts()
            at = _Field(x=x, y=down, width=across - _GAP, first=first, last=last, most=most)
            if points:
                fields.append(_field(points, at, f"{platform} {definition} {panel} {coding}"))
            else:
                fields.append(
                    svg.line(
                        "not in the table under this origin", x + 8, down + _COUNTS / 2, size=12, fill=colours.MUTED
                    )
                )
    for column, coding in enumerate(codings):
        x = _MARGIN + _GUTTER + column * across
        body.append(svg.line(f"Origin {words.CODINGS[coding]}", x, top - 22, size=13, fill=colours.INK, bold=True))
    body.extend(fields)
    y = top + len(rows) * _ROW + 2
    key = (
        "Upper scale: downloads of Chinese (orange) and US (blue) models, from zero. Lower scale: Chinese share of "
        "Chinese and US downloads (black); grey: worst-case bounds, if all downloads of unknown origin were on one "
        "side. Points are joined only where one source counts the same number of accounts."
    )
    for sentence in (key, spec.note, spec.credit):
        text, y = svg.paragraph(sentence, _MARGIN, y + 2, size=12, fill=colours.MUTED, limit=limit)
        body.append(text)
    description = f"{spec.subtitle} {verdict(latest)} {key} {spec.note} {spec.credit}"
    return svg.document(size=(WIDTH, y + 12), title=title, description=description, body="".join(body))


def _ceiling(value: float) -> float:
    """Least of 1, 2, 4 or 6 times a power of ten that holds the value, so that the half is round too."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)


def _row_label(own: pl.DataFrame, platform: str, definition: str, panel: str, y: float) -> str:
    """What a row counts, of which panel, and how large the panel is."""
    least, most = min(own["accounts"]), max(own["accounts"])
    accounts = (
        f"{words.count(most)} accounts" if least == most else f"{words.count(least)} to {words.count(most)} accounts"
    )
    days = own["period"].n_unique()
    parts = [svg.line(PLATFORMS[platform], _MARGIN, y + 12, size=14, fill=colours.INK, bold=True)]
    down = y + 32
    counted = f"{accounts} on {days} day{'s' if days > 1 else ''}"
    for sentence in (f"downloads: {words.DEFINITIONS[definition]}", words.PANELS[panel], counted):
        last = sentence == counted
        text, down = svg.paragraph(
            sentence,
            _MARGIN,
            down,
            size=12 if last else 13,
            fill=colours.MUTED if last else colours.INK,
            limit=_GUTTER - 46,
        )
        parts.append(text)
        down += 3
    return "".join(parts)
