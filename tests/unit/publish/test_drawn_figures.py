"""What a picture or the interactive page shows is compared with the table, and no fault in either goes unseen."""

import datetime as dt
import re

import polars as pl
import pytest

from assets.publish.drawn_figures import BLOCK, differing, differing_on_page
from maps import packing
from maps.interactive import render_world_map
from maps.page_data import PARTS_SCHEMA
from maps.static import render_static_svg
from tests.unit.maps import synthetic

LATER = dt.date(2026, 5, 1)


def table():
    """Three series over two periods, and subdivisions of one economy."""
    rows = [row | {"period": day} for row in synthetic.rows() for day in (synthetic.PERIOD, LATER)]
    rows += [
        synthetic.cell(f"AA-{part}", level="admin1", cn_share=0.1 * part, n=10.0 + part, reason="<Made> up")
        for part in (1, 2, 4)
    ]
    # A code of an economy has two letters where its subdivisions have codes of ISO 3166-2.
    return pl.DataFrame(rows, schema=synthetic.SCHEMA, orient="row").with_columns(
        pl.col("region_id").replace("A6", "AA")
    )


def drawn(cells):
    topology = synthetic.topology()
    topology["objects"]["economies"]["geometries"][6]["id"] = "AA"
    arc = topology["objects"]["economies"]["geometries"][6]["arcs"]
    topology["objects"]["subdivisions"] = {
        "geometries": [{"type": "Polygon", "id": f"AA-{part}", "arcs": arc} for part in (1, 2)]
    }
    parts = pl.DataFrame(
        [(f"AA-{part}", f"Part {part}", None, None, f"AA-{part}", None, None) for part in (1, 2)],
        schema=PARTS_SCHEMA,
        orient="row",
    )
    regions = synthetic.regions().with_columns(pl.col("region_id", "parent_id").replace("A6", "AA"))
    return render_world_map(cells, regions, synthetic.spec(), topology=topology, parts=parts)


@pytest.fixture(scope="module")
def page():
    return drawn(table())


def test_the_page_holds_every_figure_of_the_table(page):
    assert differing_on_page(page, table()) == (table().height, [])


@pytest.mark.parametrize(
    ("column", "value"),
    [("cn_share", 0.4321), ("n", 4321.0), ("bound_high", 0.9876), ("coverage", None), ("evidence", "logged")],
)
@pytest.mark.parametrize("region", ["A5", "AA-2", "metro:one"])
def test_another_figure_in_the_table_is_named(page, region, column, value):
    here = (pl.col("region_id") == region) & (pl.col("period") == synthetic.PERIOD) & (pl.col("signal") == "survey_use")
    changed = table().with_columns(pl.when(here).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))
    _, wrong = differing_on_page(page, changed)
    assert wrong == [f"survey_use publisher {region} {synthetic.PERIOD} {column}"]


def test_rows_on_one_side_alone_are_named(page):
    fewer = table().filter((pl.col("region_id") != "A3") | (pl.col("period") != LATER))
    assert f"survey_use publisher A3 {LATER} cn_share" in differing_on_page(page, fewer)[1]
    more = table().vstack(pl.DataFrame([synthetic.cell("A15", period=LATER)], schema=synthetic.SCHEMA, orient="row"))
    assert differing_on_page(page, more)[1] == [f"survey_use publisher A15 {LATER}: not on the page"]
    other = table().with_columns(signal=pl.lit("derivative"))
    assert "signal and coding that the page does not name" in differing_on_page(page, other)[1][-1]


@pytest.mark.parametrize("name", ["series-0", "series-0-parts", "series-1", "parts"])
def test_a_corrupted_page_is_noticed(page, name):
    text = re.search(BLOCK.format(name=name), page)[1]
    middle = len(text) // 2
    for spoiled in (text[:middle], text[:middle] + ("#" if text[middle] != "#" else "$") + text[middle + 1 :], ""):
        _, wrong = differing_on_page(page.replace(text, spoiled), table())
        assert any("cannot be read" in fault for fault in wrong)
    assert differing_on_page(page.replace(f'id="{name}"', 'id="gone"'), table())[1]


def test_figures_that_were_exchanged_are_noticed(page):
    """A whole block, rightly packed, of another figure in one cell."""
    other = table().with_columns(n=pl.when(pl.col("region_id") == "A7").then(101.0).otherwise(pl.col("n")))
    texts = [re.search(BLOCK.format(name="series-0"), one)[1] for one in (page, drawn(other))]
    assert packing.from_text(texts[0]) != packing.from_text(texts[1])
    _, wrong = differing_on_page(page.replace(*texts), table())
    assert wrong == [f"survey_use publisher A7 {day} n" for day in (synthetic.PERIOD, LATER)]


def test_a_static_map_with_another_figure_is_noticed():
    shown = synthetic.cells().filter(
        (pl.col("signal") == "survey_use")
        & pl.col("level").is_in(["country", "metro"])
        & pl.col("cn_share").is_not_null()
    )
    picture = render_static_svg(
        synthetic.cells(), synthetic.regions(), synthetic.spec(), signal="survey_use", shapes=synthetic.shapes()
    )
    assert differing(picture, shown) == []
    changed = shown.with_columns(n=pl.when(pl.col("region_id") == "A5").then(7.0).otherwise(pl.col("n")))
    assert differing(picture, changed) == ["A5"]
    assert differing(picture, shown.filter(pl.col("region_id") != "A14")) == ["A14"]
