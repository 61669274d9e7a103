"""What is packed comes back as it was, whatever the formulas foresee."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps import packing
from maps.page_data import FIGURES
from tests.unit.maps import synthetic

TEXTS = {"state", "evidence", "counted", "reason", "source_id"}


def grid(regions, periods, world=-1):
    return packing.Grid(
        regions=regions,
        periods=periods,
        before=np.arange(periods) - 1,
        year_before=np.arange(periods) - 2,
        world=world,
    )


def listed(values):
    """A column with None where there is no figure."""
    return [None if isinstance(value, float) and np.isnan(value) else value for value in list(values)]


@st.composite
def tables(draw):
    regions, periods = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    cells = regions * periods
    figure = st.one_of(
        st.just(float("nan")), st.floats(0, 1).map(lambda x: round(x, 4)), st.integers(0, 10**11).map(float)
    )
    columns = {}
    for name in draw(
        st.lists(st.sampled_from(FIGURES), unique=True, min_size=1).map(lambda n: sorted(n, key=FIGURES.index))
    ):
        if name in TEXTS:
            columns[name] = draw(
                st.lists(st.sampled_from([None, "a", "</script>", "é"]), min_size=cells, max_size=cells)
            )
        else:
            sign = -1.0 if name.startswith("change") and draw(st.booleans()) else 1.0
            columns[name] = sign * np.array(draw(st.lists(figure, min_size=cells, max_size=cells)))
    return grid(regions, periods, draw(st.integers(-1, regions - 1))), columns


@given(tables())
def test_figures_come_back(table):
    shape, columns = table
    content = packing.pack_figures(columns, shape, {"steps": [1, 2]})
    head, back = packing.unpack_figures(content)
    assert head["steps"] == [1, 2]
    for guess in (columns, {name: np.full(shape.regions * shape.periods, 7.5) for name in columns}):
        named = {name: values for name, values in guess.items() if name not in TEXTS or isinstance(values, list)}
        again = packing.unpack_figures(content, named)[1]
        assert {name: listed(again[name]) for name in again} == {name: listed(back[name]) for name in back}
    for name, values in columns.items():
        if name in TEXTS:
            expected = values
        else:
            decimals = packing.FEWER_DECIMALS.get(name, packing.DECIMALS)
            expected = [None if np.isnan(value) else np.round(value, decimals) for value in values]
        found = listed(back.get(name, [None] * len(expected)))
        if name in packing.ROUNDING:
            assert [value is None for value in found] == [value is None for value in expected]
            pairs = zip(found, expected, strict=True)
            assert all(value is None or abs(value - other) < 0.0501 for value, other in pairs)
        else:
            assert found == expected


def test_what_follows_from_other_figures_takes_no_room():
    rng = np.random.default_rng(1)
    shape = grid(200, 24, world=0)
    cn, us = (
        rng.integers(10, 900, shape.regions * shape.periods).astype(float),
        rng.integers(10, 900, 4800).astype(float),
    )
    counts = {"n": cn + us, "n_cn": cn, "n_us": us}
    share = np.round(cn / (cn + us), 4)
    quotient = np.round(share / shape.of_world(share), 4)
    before = shape.earlier(share, shape.before)
    change = np.round(100 * (share - before), 2)
    follows = {"cn_share": share, "location_quotient": quotient, "change_previous": change}
    bare = len(packing.as_text(packing.pack_figures(counts, shape, {})))
    full = len(packing.as_text(packing.pack_figures({**counts, **follows}, shape, {})))
    assert full < 1.04 * bare


@given(st.binary())
def test_text_comes_back_and_cannot_end_its_element(content):
    text = packing.as_text(content)
    assert text == packing.as_text(content)
    assert set(text) <= set(packing.SIGNS)
    assert "<" not in text
    assert packing.from_text(text) == content


def nested():
    """Two halves of a square economy and a second economy, over shared arcs."""
    return {
        "transform": {"scale": [1, 1], "translate": [-180, -90]},
        "arcs": [
            [[0, 0], [0, 10], [5, 0]],
            [[5, 10], [0, -10]],
            [[5, 10], [5, 0], [0, -10], [-5, 0]],
            [[5, 0], [-5, 0]],
            [[50, 50], [0, 5], [5, 0], [-5, -5]],
        ],
        "objects": {
            "economies": {
                "geometries": [
                    {"type": "Polygon", "id": "AA", "arcs": [[0, 2, 3]]},
                    {"type": "MultiPolygon", "id": "BB", "arcs": [[[4]]]},
                ]
            },
            "subdivisions": {
                "geometries": [
                    {"type": "Polygon", "id": "AA-1", "arcs": [[0, 1, 3]]},
                    {"type": "Polygon", "id": "AA-2", "arcs": [[2, -2]]},
                ]
            },
        },
    }


def rings(topology, name, arcs):
    def line(index):
        points = np.cumsum(arcs[~index if index < 0 else index], axis=0).tolist()
        return points[::-1] if index < 0 else points

    return {
        shape["id"]: [[line(index) for index in ring] for ring in shape["arcs"]]
        for shape in topology["objects"][name]["geometries"]
        if shape["type"] == "Polygon"
    }


def test_split_layers_keep_their_outlines():
    whole = nested()
    outer, inner = packing.split_topology(whole, "economies", "subdivisions")
    assert (len(outer["arcs"]), len(inner["arcs"])) == (4, 1)
    assert rings(outer, "economies", outer["arcs"]) == rings(whole, "economies", whole["arcs"])
    both = [*outer["arcs"], *inner["arcs"]]
    assert rings(inner, "subdivisions", both) == rings(whole, "subdivisions", whole["arcs"])


def test_outlines_come_back():
    outer, inner = packing.split_topology(nested(), "economies", "subdivisions")
    for part, name, before in ((outer, "economies", 0), (inner, "subdivisions", len(outer["arcs"]))):
        rows = [[shape["id"], "Name"] for shape in part["objects"][name]["geometries"]]
        head, arcs, shapes = packing.unpack_outlines(packing.pack_outlines(part, name, rows, before))
        assert packing.outlined_of(head) == [region for region, _ in rows]
        assert [arc.tolist() for arc in arcs] == [np.cumsum(arc, axis=0).tolist() for arc in part["arcs"]]
        expected = {
            shape["id"]: shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
            for shape in part["objects"][name]["geometries"]
        }
        assert shapes == expected


def test_arcs_in_another_order_are_refused():
    outer, _ = packing.split_topology(nested(), "economies", "subdivisions")
    outer["objects"]["economies"]["geometries"].reverse()
    with pytest.raises(ValueError, match="order of split_topology"):
        packing.pack_outlines(outer, "economies", [["BB", ""], ["AA", ""]])


def test_positions_between_points_are_rounded_without_drift():
    steps = [[1.4, 2.0], *([[0.4, -0.4]] * 50)]
    topology = {"transform": {}, "arcs": [steps], "objects": {"economies": {"geometries": []}}}
    _, (arc,), _ = packing.unpack_outlines(packing.pack_outlines(topology, "economies", []))
    assert np.abs(arc - np.cumsum(np.array(steps), axis=0)).max() <= 0.5 + 1e-9


def test_grid_lays_cells_out_region_by_region():
    days = [dt.date(2025, 1, 1), dt.date(2025, 2, 1)]
    frame = pl.DataFrame(
        {"region_id": ["B", "A"], "period": [days[1], days[0]], "n": [7, 5], "state": ["value", "zero"]}
    )
    columns = packing.grid_columns(frame, ["A", "B"], days, ["n", "state"])
    assert columns["n"] == pytest.approx([5, np.nan, np.nan, 7], nan_ok=True)
    assert columns["state"] == ["zero", None, None, "value"]


def test_real_figures_come_back():
    cells = synthetic.cells().filter(signal="survey_use")
    ids = cells["region_id"].to_list()
    columns = packing.grid_columns(cells, ids, [synthetic.PERIOD], [n for n in FIGURES if n in cells.columns])
    _, back = packing.unpack_figures(packing.pack_figures(columns, grid(len(ids), 1, ids.index("world")), {}))
    for name, values in back.items():
        assert listed(values) == [round(v, 4) if isinstance(v, float) else v for v in cells[name].to_list()]
