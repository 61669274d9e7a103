"""The interactive map: one HTML file that needs nothing else and asks for nothing else.

Here: the folium elements, and the page built from them. Not here: what the page draws (`page_data`), what a cell looks
like (`cells`, `patterns`), how the page behaves (`web/script`), how it is laid out (`web/atlas.css`, `web/above.html`,
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
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final, cast

import folium
import polars as pl
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from jinja2 import Environment, StrictUndefined

from maps import cells as cube
from maps import colours, patterns, words
from maps.measures import MEASURES
from maps.page_data import page_content
from maps.spec import MapSpec

SCRIPTS: Final = (
    "packing",
    "projection",
    "figures",
    "state",
    "drawing",
    "legend",
    "table",
    "comparison",
    "pointing",
    "keyboard",
    "drilling",
    "search",
    "time_slider",
    "selectors",
    "downloads",
    "page",
)
"""Files of `web/script` in the order in which they stand on the page, within one scope."""

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


@functools.cache
def page_script() -> str:
    """The page's own script: the files of `web/script` in one scope, without comment lines and indentation."""
    lines = (line.strip() for name in SCRIPTS for line in _web(f"script/{name}.js").splitlines())
    kept = [line for line in lines if line and not line.startswith(("//", "/*"))]
    return "\n".join(["(() => {", '"use strict";', *kept, "})();", ""])


def _as_script(value: object) -> str:
    """JSON that is inert within a script element: no `<`, `>`, `&` and no line separators in it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class AtlasFigure(Figure):
    """Page with a language, a title and a policy that lets only its own scripts run.

    The policy names each script by its digest and allows no source of anything else, so that a browser
    refuses requests even if a name in the data were to become markup. Pictures may come from the page's own
    memory (`blob:`), because a PNG is made by drawing the map's SVG as one.
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
            "img-src blob:; base-uri 'none'; form-action 'none'",
            title=escape(self.title or ""),
            header=header,
            html=html,
            script=script,
        )


class AdoptionMap(folium.Map):
    """`folium.Map` in Equal Earth that brings all it needs with it and loads nothing.

    Takes any folium layer whose own files are not remote. Coordinates stay latitude and longitude; the
    projection is `L.CRS.EqualEarth`, centred on 11° E, defined in `web/script/projection.js`.
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
            max_zoom=9,
            **options,
        )
        self._id = name
        AtlasFigure().add_child(self)

    def render(self, **kwargs: Any) -> str:
        """Put style and scripts into the page's head."""
        # Leaflet's own style sheet names pictures of controls that this map does not have.
        style = re.sub(r"url\([^)]*\)", "none", _web("leaflet.css")) + _web("atlas.css")
        style = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
        style = re.sub(r"([{};:,]) ", r"\1", re.sub(r" ([{};])", r"\1", style))
        # The licence asks that copies carry it, and every page is a copy.
        leaflet = f"/*\n{_web('leaflet.LICENSE.txt')}*/\n" + _web("leaflet.js").replace("</script", "<\\/script")
        header = cast("Figure", self.get_root()).header
        for name, text in (
            ("style", f"<style>{style}</style>\n"),
            ("leaflet", f"<script>{leaflet}</script>\n"),
            ("atlas", f"<script>{page_script()}</script>"),
        ):
            header.add_child(_Verbatim(text), name=name)
        return str(super().render(**kwargs) or "")  # type: ignore[no-untyped-call]


class AdoptionLayer(MacroElement):
    """Regions coloured by a figure of their own, with selectors, legend, table and downloads; one a map.

    Args:
        cells: table `estimates`, or one of one's own (see `maps.cells.completed`), of any signals that `spec` names.
        spec: captions, units, credits.
        regions: table as of `maps.geometry.regions.load_regions`; the packaged one by default.
        topology: TopoJSON with the object `economies`, and `subdivisions` over the same arcs where there are any;
            the packaged one by default.
        parts: names of the topology's subdivisions, as of `maps.page_data.PARTS_SCHEMA`; the packaged ones by default
            with the packaged topology, else none.

    Raises:
        MapError: if the table cannot be drawn truthfully: unknown or repeated regions, figures that are not finite,
            shares outside 0–1, and more (see `maps.cells.check_cells`). The message lists ids and values.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        AdoptionAtlas({{ this._parent.get_name() }}, JSON.parse(document.getElementById("data").textContent));
        {% endmacro %}
        """
    )

    def __init__(
        self,
        cells: pl.DataFrame,
        spec: MapSpec,
        *,
        regions: pl.DataFrame | None = None,
        topology: Mapping[str, Any] | None = None,
        parts: pl.DataFrame | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "AdoptionLayer"
        self._id = "layer"
        if regions is None:
            from maps.geometry.regions import load_regions

            regions = load_regions()
        if topology is None:
            from maps.geometry.shapes import load_topology

            topology = load_topology()
            if parts is None:
                from maps.geometry.regions import load_subdivisions

                parts = load_subdivisions()
        cells = cube.completed(cells, regions)
        page = page_content(cells, regions, spec, topology=topology, parts=parts)
        self.title = cube.title(page.first, spec)
        self.data = _as_script(page.data)
        self.blobs = page.blobs
        share = MEASURES[0]
        self._words = {
            "title": self.title,
            "subtitle": cube.subtitle(page.first),
            "patterns": patterns.definitions(measures=True),
            "scale": share.scale,
            "ends": share.ends,
            "classes": list(zip(colours.CLASS_COLOURS, share.labels, strict=True)),
            # The whole swatch in full, and upon it what fewer are counted in.
            "strengths": [(colours.ramp("diverging", level), tall) for level, tall in ((2, 100), (1, 60), (0, 30))],
            "strength_words": ", ".join(words.STRENGTHS),
            "kinds": [(key, fill, words.EVIDENCE[key]) for key, fill in patterns.EVIDENCE_FILLS.items()],
            "looks": [*patterns.legend(), ("without_measure", "url(#dashes)", words.WITHOUT_MEASURE)],
            "plain_rows": _plain_rows(page.first),
            "credit": cube.credit(page.first, spec),
            "note": words.plain(page.first.spec.note),
        }

    def render(self, **kwargs: Any) -> str:
        """Add the page around the map: caption and controls before it, legend and table after it."""
        figure = cast("Figure", self.get_root())
        if sum(isinstance(child, AdoptionLayer) for child in cast("Element", self._parent)._children.values()) > 1:  # noqa: SLF001 - folium has no other way to list them
            raise cube.MapError("A map takes one AdoptionLayer: put all signals into one table.")
        figure.title = figure.title or self.title
        page = figure.html
        around = Environment(autoescape=True, undefined=StrictUndefined)
        above = around.from_string(_web("above.html")).render(self._words)
        below = around.from_string(_web("below.html")).render(self._words)
        page.add_child(_Verbatim(above), name="above", index=0)
        page.add_child(_Verbatim(below), name="below")
        page.add_child(_Verbatim(f'<script type="application/json" id="data">{self.data}</script>\n'), name="data")
        for name, text in self.blobs.items():
            page.add_child(_Verbatim(f'<script type="text/plain" id="{name}">{text}</script>\n'), name=name)
        return str(super().render(**kwargs) or "")  # type: ignore[no-untyped-call]


def _plain_rows(one: cube.Slice) -> list[tuple[str, ...]]:
    """World and economies with a share, for a page whose script does not run."""
    rows = one.rows.filter(pl.col("level").is_in(["world", "country"]) & pl.col("cn_share").is_not_null())
    return [
        (
            row["name"],
            words.percent(row["cn_share"]),
            words.percent_span(row["cn_share_low"], row["cn_share_high"]),
            words.count(row["n"]),
        )
        for row in rows.sort(pl.col("level") == "country", pl.col("cn_share"), descending=[False, True]).iter_rows(
            named=True
        )
    ]


class _Verbatim(Element):
    """Text that is put on the page as it is: branca would run braces in it, a region's name too, as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **_: Any) -> str:
        """The text."""
        return self.text


def render_world_map(
    cells: pl.DataFrame,
    regions: pl.DataFrame,
    spec: MapSpec,
    *,
    topology: Mapping[str, Any] | None = None,
    parts: pl.DataFrame | None = None,
) -> str:
    """The interactive map as one HTML file.

    Args:
        cells: table `estimates` (see `assets/schemas/adoption.py`), any signals that the map names.
        regions: table of `maps.geometry.regions.load_regions`.
        spec: captions, units, credits.
        topology: TopoJSON with the objects `economies` and `subdivisions`; the packaged one by default.
        parts: names of its subdivisions, as of `maps.page_data.PARTS_SCHEMA`; see `AdoptionLayer`.

    Returns:
        The page. The same input gives the same bytes. It makes no request: its content security policy
        forbids all sources but its own inline scripts, each named by digest.

    Raises:
        MapError: if the table cannot be drawn truthfully; the message lists ids and values.
    """
    world = AdoptionMap()
    AdoptionLayer(cells, spec, regions=regions, topology=topology, parts=parts).add_to(world)
    return str(cast("Figure", world.get_root()).render())
