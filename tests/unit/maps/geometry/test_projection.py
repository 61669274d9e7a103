"""Equal Earth: the published formula, equal areas, a cut where the map's edge is."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from maps.geometry import projection
from maps.geometry.shapes import load_shapes

SPHERE_KM2 = 510_065_622.0
"""Surface of the WGS 84 ellipsoid."""


@pytest.fixture(scope="module")
def outlines() -> gpd.GeoDataFrame:
    return load_shapes()


@pytest.fixture(scope="module")
def plane(outlines) -> gpd.GeoDataFrame:
    return projection.project_shapes(outlines)


def areas(outlines):
    """Areas on another equal-area plane, in square metres."""
    return outlines.segmentize(1.0).to_crs("+proj=cea +datum=WGS84").area


def equal_earth(longitude, latitude):
    """Formula of Šavrič, Patterson and Jenny (2019) on the sphere of equal surface."""
    authalic_radius = 6_371_007.181
    eccentricity_2 = 0.006694379990141
    e = np.sqrt(eccentricity_2)
    sine = np.sin(np.radians(latitude))

    def q(s):
        return (1 - eccentricity_2) * (s / (1 - eccentricity_2 * s**2) + np.arctanh(e * s) / e)

    authalic = np.arcsin(np.clip(q(sine) / q(1.0), -1, 1))
    theta = np.arcsin(np.sqrt(3) / 2 * np.sin(authalic))
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    y = theta * (a1 + a2 * theta**2 + theta**6 * (a3 + a4 * theta**2))
    slope = a1 + 3 * a2 * theta**2 + theta**6 * (7 * a3 + 9 * a4 * theta**2)
    x = 2 * np.sqrt(3) * np.radians(longitude) * np.cos(theta) / (3 * slope)
    return authalic_radius * x, authalic_radius * y


def test_agrees_with_the_published_formula():
    longitude, latitude = (grid.ravel() for grid in np.meshgrid(np.arange(-179, 180, 20), np.arange(-90, 91, 15)))
    x, y = projection.project(longitude, latitude, central_meridian=0.0)
    expected_x, expected_y = equal_earth(longitude, latitude)
    np.testing.assert_allclose(x, expected_x, atol=1.0)
    np.testing.assert_allclose(y, expected_y, atol=1.0)


def test_centre_lies_on_the_central_meridian():
    x, y = projection.project([11.0, 371.0], [0.0, 0.0])
    np.testing.assert_allclose(x, 0, atol=1e-6)
    np.testing.assert_allclose(y, 0, atol=1e-6)


def test_edges_lie_on_either_side_of_the_seam():
    x, _ = projection.project([-169.01, -168.99], [0.0, 0.0])
    assert x[0] > 17_000_000
    assert x[1] < -17_000_000


def test_parallels_are_straight_and_poles_are_lines():
    _, y = projection.project(np.linspace(-160, 180, 50), np.full(50, 49.0))
    assert np.ptp(y) == pytest.approx(0, abs=1e-6)
    x, _ = projection.project([-168.0, 190.0], [90.0, 90.0])
    assert np.ptp(x) > 15_000_000


def test_outline_has_the_area_of_the_earth():
    assert projection.sphere_outline(0.25).area / 1e6 == pytest.approx(SPHERE_KM2, rel=1e-4)


def test_shapes_keep_their_area(outlines, plane):
    np.testing.assert_allclose(plane.area, areas(outlines), rtol=2e-3)


@pytest.mark.parametrize("meridian", [11.0, 0.0, -90.0, 150.0, 180.0])
def test_any_centre_keeps_shapes_valid_and_inside_the_globe(outlines, meridian):
    drawn = projection.project_shapes(outlines, meridian)
    assert drawn.is_valid.all()
    assert not drawn.is_empty.any()
    assert drawn.region_id.tolist() == outlines.region_id.tolist()
    globe = projection.sphere_outline(0.25).buffer(2_000)
    shapely.prepare(globe)
    assert drawn.within(globe).all()
    np.testing.assert_allclose(drawn.area, areas(outlines), rtol=2e-3)


def test_russia_is_whole_east_of_the_cut_at_180_degrees(plane):
    russia = plane.set_index("region_id").geometry["RU"]
    largest = max(russia.geoms, key=lambda part: part.area)
    # Chukotka joins Siberia: the mainland reaches the Bering Strait.
    assert largest.area > 0.9 * russia.area


def test_no_shape_is_smeared_across_the_map(plane):
    parts = plane.explode()
    assert (parts.bounds["maxx"] - parts.bounds["minx"]).max() < 12_000_000


def test_crs_is_stated(plane):
    assert "eqearth" in plane.crs.to_string()
    assert "lon_0=11" in plane.crs.to_string()


def test_graticule_lies_inside_the_globe():
    lines = projection.graticule()
    # Twelve meridians, none on the edge; parallels at 60° S, 30° S, 0°, 30° N, 60° N.
    assert len(lines) == 12 + 5
    globe = projection.sphere_outline().buffer(1.0)
    assert all(globe.covers(line) for line in lines)


def test_meridian_on_the_edge_is_left_to_the_outline():
    assert len(projection.graticule(0.0)) == 11 + 5
