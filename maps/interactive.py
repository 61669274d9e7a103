"""The interactive world map: one HTML file that needs nothing else and asks for nothing else.

Here: the folium elements, and the page built from them. Not here: what a cell looks like (`cells`,
`patterns`), how the page behaves (`web/atlas.js`), how it is laid out (`web/atlas.css`, `web/above.html`,
`web/below.html`).

Plain folium links a dozen files on other hosts, colours regions whose key does not match without a word,
and writes a page that assistive technology cannot read. Only its public hooks are used to do better:
templates of subclasses, the lists of linked files, and a projection registered with Leaflet by name.
"""

import base64
import functools
import hashlib
import json
import re
from html import escape
from importlib.resources import files
from typing import Any, Final, cast

import folium
import polars as pl
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from jinja2 import Environment, StrictUndefined

from maps import cells as cube
from maps import colours, patterns, scales, words
from maps.spec import MapSpec

_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
{header}
</head>
<body>
{html}
<script>{script}</script>
</body>
</html>
"""


@functools.cache
def _web(name: str) -> str:
    """Text of a file in `maps/web`."""
    return (files("maps") / "web" / name).read_text(encoding="utf-8")


def _as_script(value: object) -> str:
    """JSON that is inert within a script element: no `<`, `>`, `&` and no line separators in it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class AtlasFigure(Figure):
    """Page with a language, a title and a policy that lets only its own scripts run.

    The policy names each script by its digest and allows no source of anything else, so that a browser
    refuses requests even if a name in the data were to become markup.
    """

    def render(self, **kwargs: Any) -> str:
        """The page as text."""
        for child in self._children.values():
            child.render(**kwargs)
        header, html = self.header.render(**kwargs), self.html.render(**kwargs)
        script = self.script.render(**kwargs).strip()
        digests = [
            base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
            for code in [*_SCRIPT.findall(header), script]
        ]
        allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
        return _PAGE.format(
            policy=f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
            "base-uri 'none'; form-action 'none'",
            title=escape(self.title or ""),
            header=header,
            html=html,
            script=script,
        )


class OfflineMap(folium.Map):
    """`folium.Map` in Equal Earth that brings all it needs with it and loads nothing.

    Takes any folium layer whose own files are not remote. Coordinates stay latitude and longitude; the
    projection is `L.CRS.EqualEarth`, centred on 11° E, defined in `web/atlas.js`.
    """

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium declares it so
    default_css: list[tuple[str, str]] = []  # noqa: RUF012
    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <div class="folium-map" id={{ this.get_name()|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }},
            { center: {{ this.location|tojson }}, crs: L.CRS.{{ this.crs }}, ...{{ this.options|tojavascript }} });
        {% endmacro %}
        """
    )

    def __init__(self, *, name: str = "world", **options: Any) -> None:
        """Build the map.

        Args:
            name: identifier that makes the bytes of the page the same each time; folium's is random.
            **options: further options of `folium.Map`.
        """
        super().__init__(
            location=[14, 11],
            zoom_start=1,
            tiles=None,
            crs="EqualEarth",
            zoom_snap=0,
            zoom_control=False,
            attribution_control=False,
            zoom_animation=False,
            fade_animation=False,
            scroll_wheel_zoom=False,
            world_copy_jump=False,
            keyboard=False,
            max_zoom=8,
            **options,
        )
        self._id = name
        AtlasFigure().add_child(self)

    def render(self, **kwargs: Any) -> str:
        """Put style and scripts into the page's head."""
        # Leaflet's own style sheet names pictures of controls that this map does not have.
        style = re.sub(r"url\([^)]*\)", "none", _web("leaflet.css")) + _web("atlas.css")
        # The licence asks that copies carry it, and every page is a copy.
        leaflet = f"/*\n{_web('leaflet.LICENSE.txt')}*/\n" + _web("leaflet.js").replace("</script", "<\\/script")
        header = cast("Figure", self.get_root()).header
        for name, text in (
            ("style", f"<style>{style}</style>\n"),
            ("leaflet", f"<script>{leaflet}</script>\n"),
            ("atlas", f"<script>{_web('atlas.js')}</script>"),
        ):
            header.add_child(_Verbatim(text), name=name)
        return str(super().render(**kwargs) or "")  # type: ignore[no-untyped-call]


class AdoptionLayer(MacroElement):
    """Regions coloured by CN share, with selectors, legend, table and downloads.

    Args:
        data: what `web/atlas.js` draws, as made by `page_data`.
        topology: TopoJSON text with the object `economies`.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        AdoptionAtlas({{ this._parent.get_name() }},
            JSON.parse(document.getElementById("data").textContent),
            JSON.parse(document.getElementById("topology").textContent));
        {% endmacro %}
        """
    )

    def __init__(self, *, data: dict[str, Any], topology: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "AdoptionLayer"
        self._id = "layer"
        self.data = _as_script(data)
        self.topology = _as_script(_packed(topology))
        shown = data["slices"][data["first"]]
        self._words = {
            "title": data["signals"][shown["signal"]]["title"],
            "subtitle": shown["subtitle"],
            "patterns": patterns.definitions(),
            "map_label": words.MAP_LABEL,
            "classes": list(zip(colours.CLASS_COLOURS, scales.CLASS_LABELS, strict=True)),
            "kinds": [(key, fill, words.EVIDENCE[key]) for key, fill in patterns.EVIDENCE_FILLS.items()],
            "looks": patterns.legend(),
        }

    def render(self, **kwargs: Any) -> str:
        """Add the page around the map: caption and controls before it, legend and table after it."""
        page = cast("Figure", self.get_root()).html
        around = Environment(autoescape=True, undefined=StrictUndefined)
        above = around.from_string(_web("above.html")).render(self._words)
        below = around.from_string(_web("below.html")).render(self._words)
        page.add_child(_Verbatim(above), name="above", index=0)
        page.add_child(_Verbatim(below), name="below")
        for name, text in (("data", self.data), ("topology", self.topology)):
            page.add_child(_Verbatim(f'<script type="application/json" id="{name}">{text}</script>\n'), name=name)
        return str(super().render(**kwargs) or "")  # type: ignore[no-untyped-call]


class _Verbatim(Element):
    """Text that is put on the page as it is: branca would run braces in it, a region's name too, as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **_: Any) -> str:
        """The text."""
        return self.text


def _digits(number: int) -> str:
    """A whole number in printable digits of five bits, as in encoded polylines."""
    rest, text = (~(number << 1) if number < 0 else number << 1), ""
    while rest >= 32:  # noqa: PLR2004
        text += chr((32 | rest & 31) + 63)
        rest >>= 5
    return text + chr(rest + 63)


def _packed(topology: dict[str, Any]) -> dict[str, Any]:
    """The topology with each arc as text: a third of the bytes, and the same on every machine (gzip is not)."""
    arcs = ["".join(_digits(step) for point in arc for step in point) for arc in topology["arcs"]]
    return {**topology, "arcs": arcs}


def _compact(values: list[Any]) -> Any:
    """A column, or its one value where all are equal: most columns of a slice are."""
    return values[0] if all(value == values[0] for value in values) else values


def _number(value: Any) -> Any:
    """Figure with four decimals, and without them where it is whole."""
    if not isinstance(value, float):
        return value
    short = round(value, 4)
    return int(short) if short.is_integer() else short


def _counts(one: cube.Slice) -> dict[str, int]:
    """Counts of a slice by the key of their legend entry."""
    counts = one.counts
    economies = one.rows.filter((pl.col("level") == "country") & pl.col("cn_share").is_not_null())
    return {
        **{f"class-{index}": number for index, number in enumerate(counts.classes)},
        **{f"evidence-{key}": economies.filter(evidence=key).height for key in words.EVIDENCE},
        **{key: int(getattr(counts, key)) for key, _, _ in patterns.legend()},
    }


def _silent(own: list[cube.Slice]) -> str:
    """Why a signal has no share anywhere, or nothing if it has one: what no source can tell is not merely missing."""
    if any(one.rows["cn_share"].is_not_null().any() for one in own):
        return ""
    kinds = own[0].rows.filter(pl.col("level") == "country")["state"].unique().to_list()
    return words.STATES[kinds[0]] if len(kinds) == 1 else "no share in this run"


def page_data(found: list[cube.Slice], spec: MapSpec, *, shapes: set[str]) -> dict[str, Any]:
    """What the page draws.

    Args:
        found: slices of `maps.cells.slices`.
        spec: the map.
        shapes: ids of regions that the topology has an outline of.

    Returns:
        Regions, slices in columns (a column with one value throughout is that value), words, colours.
    """
    economies = set(found[0].rows.filter(pl.col("level") == "country")["name"])
    regions = [
        {
            "id": row["region_id"],
            # Singapore is an economy and a metro area; whoever looks for it must see which is meant.
            "name": f"{row['name']} (metro area)"
            if row["level"] == "metro" and row["name"] in economies
            else row["name"],
            "level": row["level"],
            "lat": _number(row["latitude"]),
            "lng": _number(row["longitude"]),
            "dot": row["level"] == "metro"
            or (
                row["level"] == "country"
                and (row["region_id"] not in shapes or (row["area_km2"] or 0) < cube.SMALL_AREA_KM2)
            ),
        }
        for row in found[0].rows.iter_rows(named=True)
    ]
    reasons: dict[str, int] = {}
    fields = ("look", "class", *(name for name in cube.FIGURES if name != "counted"))
    packed = []
    for one in found:
        rows = one.rows.with_row_index("region").filter("has_row")
        columns: dict[str, Any] = {}
        for name in fields if rows.height else ():
            values = [_number(value) for value in rows[name].to_list()]
            if name == "reason":
                values = [None if text is None else reasons.setdefault(text, len(reasons)) for text in values]
            if any(value is not None for value in values):
                columns[name] = _compact(values)
        packed.append(
            {
                "signal": one.spec.signal,
                "period": one.period.isoformat() if one.period else "",
                "period_words": cube.period_words(one),
                "coding": one.coding,
                "subtitle": cube.subtitle(one),
                "notice": cube.notice(one),
                "tally": cube.tally(one),
                "credit": cube.credit(one, spec),
                "counts": _counts(one),
                "region": rows["region"].to_list(),
                "columns": columns,
            }
        )
    signals = {
        one.spec.signal: {
            "label": words.plain(one.spec.label),
            "title": cube.title(one, spec),
            "note": words.plain(one.spec.note),
            "unit": words.plain(one.spec.people),
            "silent": _silent([other for other in found if other.spec == one.spec]),
        }
        for one in found
    }
    return {
        "regions": regions,
        "slices": packed,
        "first": found.index(cube.first_with_values(found)),
        "signals": signals,
        "fields": fields,
        "reasons": list(reasons),
        "classes": colours.CLASS_COLOURS,
        "fills": patterns.FILLS,
        "evidence": patterns.EVIDENCE_FILLS,
        "explained": spec.explained,
        "words": {
            "no_row": words.NO_ROW,
            "small_n": words.SMALL_N,
            "state": words.STATES,
            "evidence": words.EVIDENCE,
            "coding": words.CODINGS,
            "level": words.LEVELS,
            "map_label": words.MAP_LABEL,
            "explain": words.EXPLAIN,
            "not_found": "No region of that name.",
        },
    }


def render_world_map(
    cells: pl.DataFrame, regions: pl.DataFrame, spec: MapSpec, *, topology: bytes | None = None
) -> str:
    """The interactive world map as one HTML file.

    Args:
        cells: table `estimates` (see `assets/schemas/adoption.py`), any signals that the map names.
        regions: table of `maps.geometry.regions.load_regions`.
        spec: captions, units, credits.
        topology: TopoJSON with the object `economies`; the packaged one by default.

    Returns:
        The page. The same input gives the same bytes. It makes no request: its content security policy
        forbids all sources but its own inline scripts, each named by digest.

    Raises:
        MapError: if the table cannot be drawn truthfully; the message lists ids and values.
    """
    found = cube.slices(cells, regions, spec)
    if topology is None:
        from maps.geometry.shapes import topology_bytes

        topology = topology_bytes()
    outlines = json.loads(topology)
    geometries = outlines["objects"]["economies"]["geometries"]
    known = set(regions.filter(pl.col("level") == "country")["region_id"])
    stray = sorted(shape["id"] for shape in geometries if shape["id"] not in known)
    if stray:
        raise cube.MapError(f"Outlines of regions that the region table does not have: {', '.join(stray)}.")
    # Names on the page come from the region table; the topology carries ids and lines only.
    for shape in geometries:
        shape.pop("properties", None)
    drawn = {shape["id"] for shape in geometries if shape.get("arcs")}
    world = OfflineMap()
    AdoptionLayer(data=page_data(found, spec, shapes=drawn), topology=outlines).add_to(world)
    figure = cast("Figure", world.get_root())
    figure.title = cube.title(cube.first_with_values(found), spec)
    return str(figure.render())
