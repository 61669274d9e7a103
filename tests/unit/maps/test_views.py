"""Views: each continent holds its economies, keeps areas, and has no seam where shapes were cut."""

import numpy as np
import pytest
import shapely

from maps.geometry.planes import plane, project_points
from maps.geometry.shapes import load_shapes
from maps.geometry.views import VIEWS, WORLD
from tests.unit.maps.real_world import regions

CONTINENTS = [view for view in VIEWS.values() if view is not WORLD]


def test_every_economy_is_in_one_continent_but_those_that_no_subregion_holds():
    held = [region for view in CONTINENTS for region in view.members(regions())]
    assert len(held) == len(set(held))
    placed = regions().filter((regions()["level"] == "country") & (regions()["parent_id"] != "world"))
    assert set(placed["region_id"]) <= set(held)
    assert set(WORLD.members(regions())) == set(regions()["region_id"])


@pytest.mark.parametrize("view", CONTINENTS, ids=lambda view: view.name)
def test_the_window_holds_the_anchors_of_nearly_all_its_economies(view):
    own = regions().filter(regions()["region_id"].is_in(view.members(regions()).implode()))
    own = own.filter(own["level"] == "country")
    x, y = project_points(view, own["longitude"].to_numpy(), own["latitude"].to_numpy())
    left, bottom, right, top = plane(view).window
    inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    outside = set(own["region_id"].to_numpy()[~inside])
    # Far islands and Svalbard lie beyond; Russia's middle is in Asia.
    assert outside <= {
        "PT",
        "RU",
        "SJ",
        "IO",
        "GS",
        "BV",
        "FK",
        "TF",
        "PN",
        "HM",
        "UM",
        "GL",
        "GU",
        "MP",
        "PW",
        "FM",
        "MH",
        "CC",
        "CX",
    }


@pytest.mark.parametrize(
    ("region", "view"), [("NG", "africa"), ("CN", "asia"), ("PE", "south-america"), ("AU", "oceania")]
)
def test_ink_is_proportional_to_land(region, view):
    area = dict(regions().select("region_id", "area_km2").iter_rows())
    drawn = plane(VIEWS[view]).outlines[region].area / 1e6
    assert drawn == pytest.approx(area[region], rel=0.02)


def test_fiji_is_one_again_where_it_was_cut():
    """No edge of an outline runs along 180°."""
    view = VIEWS["oceania"]
    up = np.linspace(-19, -16, 50)
    meridian = shapely.LineString(np.column_stack(project_points(view, np.full_like(up, 180.0), up)))
    border = plane(view).outlines["FJ"].boundary
    assert border.intersection(meridian.buffer(20)).length < 10_000


def test_a_shape_of_somebody_else_is_drawn_too():
    shapes = load_shapes().query("region_id in ['KE', 'TZ', 'FR']")
    assert set(plane(VIEWS["africa"], shapes).outlines) == {"KE", "TZ"}
