"""Views: the world, and six continents each in an equal-area projection of its own.

Here: what a view is called and which regions it shows. Not here: projecting it (`planes`), drawing.

A continent is a list of UN M49 subregions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True, kw_only=True)
class View:
    """A part of the world that is drawn at once.

    Attributes:
        name: how commands and files call it.
        label: how captions call it.
        subregions: UN M49 subregions whose economies have figures here; none for the world, which has all.
        centre: longitude and latitude about which the plane is projected; null for the world.
        reaches: points in degrees that the window just holds; none for the world.
    """

    name: str
    label: str
    subregions: tuple[str, ...] = ()
    centre: tuple[float, float] | None = None
    reaches: tuple[tuple[float, float], ...] = ()

    @property
    def is_world(self) -> bool:
        """Whether it is the world."""
        return self.centre is None

    def members(self, regions: pl.DataFrame) -> pl.Series:
        """Ids of the regions that have figures here: subregions, their economies, and metro areas of those.

        Args:
            regions: table of `maps.geometry.regions.load_regions`.
        """
        if self.is_world:
            return regions["region_id"]
        economies = regions.filter((pl.col("level") == "country") & pl.col("parent_id").is_in(self.subregions))
        metros = regions.filter(
            (pl.col("level") == "metro") & pl.col("parent_id").is_in(economies["region_id"].to_list())
        )
        return pl.concat([pl.Series("region_id", self.subregions), economies["region_id"], metros["region_id"]])


WORLD: Final = View(name="world", label="the world")
VIEWS: Final[Mapping[str, View]] = {
    view.name: view
    for view in (
        WORLD,
        View(
            name="africa",
            label="Africa",
            subregions=("m49:011", "m49:014", "m49:015", "m49:017", "m49:018"),
            centre=(17.0, 1.0),
            reaches=((-26.0, 1.0), (17.0, -36.0), (60.0, 1.0), (17.0, 38.0)),
        ),
        View(
            name="asia",
            label="Asia",
            subregions=("m49:030", "m49:034", "m49:035", "m49:143", "m49:145"),
            centre=(90.0, 25.0),
            reaches=(
                (26.0, 38.0),
                (90.0, -11.5),
                (146.0, 40.0),
                (90.0, 56.0),
                (34.0, 28.0),
                (141.0, -9.0),
                (60.0, 56.0),
                (142.0, 46.0),
                (121.0, 54.0),
            ),
        ),
        View(
            name="europe",
            label="Europe",
            subregions=("m49:039", "m49:151", "m49:154", "m49:155"),
            centre=(15.0, 53.0),
            reaches=((-25.0, 64.0), (15.0, 34.0), (60.0, 55.0), (15.0, 72.0)),
        ),
        View(
            name="north-america",
            label="North America",
            subregions=("m49:013", "m49:021", "m49:029"),
            centre=(-95.0, 42.0),
            reaches=((-168.0, 61.0), (-80.0, 7.0), (-20.0, 74.0), (-59.0, 13.0), (-95.0, 82.0)),
        ),
        View(
            name="south-america",
            label="South America",
            subregions=("m49:005",),
            centre=(-60.0, -20.0),
            reaches=((-82.0, -4.0), (-68.0, -56.5), (-33.5, -7.0), (-72.0, 13.5)),
        ),
        View(
            name="oceania",
            label="Oceania",
            subregions=("m49:053", "m49:054", "m49:057", "m49:061"),
            centre=(160.0, -18.0),
            reaches=((112.0, -25.0), (170.0, -48.5), (-134.0, -20.0), (145.5, 20.0)),
        ),
    )
}
"""Views by name."""


def view_of(subregion: str | None) -> View:
    """The continent that a subregion lies in; the world for those that lie in none.

    Args:
        subregion: id of a UN M49 subregion.
    """
    return next((view for view in VIEWS.values() if subregion in view.subregions), WORLD)
