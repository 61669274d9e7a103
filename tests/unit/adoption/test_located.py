"""Forks and contributions as cells: distinct people, what is hidden, bounds; by cases counted by hand."""

from datetime import date

import polars as pl
import pytest

from assets.adoption.estimates import estimate
from assets.adoption.located import located_cells, located_observations
from assets.ingest.snapshot import read
from assets.places.actors import PLACES
from assets.schemas import validate
from assets.schemas.adoption import Estimates, Observations
from assets.schemas.ingest import Contributions, Forks, PackageDownloads
from assets.schemas.tracked import BuilderChoices, TrackedPackages
from maps.geometry.regions import load_regions

REGIONS = load_regions()
CN, US, OTHER, TOOL = "lab/cn", "lab/us", "lab/other", "lab/tool"
TRACKED = pl.DataFrame(
    {
        "repository": [CN, US, OTHER, TOOL],
        "origin": ["CN", "US", "other", "CN"],
        "kind": ["model", "model", "model", "tool"],
    }
)


def _actor(number):
    return f"{number:064x}"


def _world(*groups, kind="person"):
    """Return forks and places of groups of people: how many, country, metro, repositories that each forks."""
    forks, places, number = [], [], 0
    for people, country, metro, repositories in groups:
        for _ in range(people):
            number += 1
            places.append({"actor": _actor(number), "country": country, "metro": metro})
            places[-1]["evidence"] = "declared" if country else None
            places[-1]["level"] = ("metro" if metro else "country") if country else None
            forks += [
                {
                    "fork": _actor(1_000_000 * position + number),
                    "repository": repository,
                    "database_id": position,
                    "actor": _actor(number),
                    "owner_kind": kind,
                    "created_on": date(2026, 5, 17),
                    "source_id": "github",
                }
                for position, repository in enumerate(repositories, start=1)
            ]
    return pl.DataFrame(forks, schema=Forks.create_empty().schema), pl.DataFrame(places, schema=PLACES)


def _cells(forks, places, contributions=None):
    given = Contributions.create_empty() if contributions is None else contributions
    return located_cells(forks, given, places, TRACKED, REGIONS)


def _cell(cells, region):
    return cells.filter(region_id=region).row(0, named=True)


def test_distinct_people_are_counted_once_a_side():
    cells = _cells(*_world((20, "NG", "metro:lagos", (CN, CN)), (10, "NG", None, (US,)), (5, "NG", None, (CN, US))))
    nigeria, lagos = _cell(cells, "NG"), _cell(cells, "metro:lagos")
    assert (nigeria["n"], nigeria["n_cn"], nigeria["n_us"], nigeria["n_both"]) == (35, 25, 15, 5)
    assert nigeria["events"] == 60
    assert nigeria["cn_share"] == pytest.approx(25 / 40)
    assert nigeria["period"] == date(2026, 1, 1)
    assert (lagos["n"], lagos["cn_share"]) == (20, 1.0)


def test_bots_organisations_and_tools_do_not_count():
    forks, places = _world((30, "NG", None, (CN,)), kind="bot")
    assert _cells(forks, places).is_empty()
    forks, places = _world((30, "NG", None, (TOOL,)))
    assert _cells(forks, places).is_empty()


def test_people_without_a_place_are_in_the_world_and_in_the_bounds():
    cells = _cells(*_world((30, "NG", None, (CN,)), (10, "NG", None, (US,)), (20, None, None, (US,))))
    nigeria, world = _cell(cells, "NG"), _cell(cells, "world")
    assert nigeria["coverage"] == pytest.approx(40 / 60)
    assert (nigeria["bound_low"], nigeria["bound_high"]) == (30 / 60, 30 / 40)
    assert (world["n"], world["cn_share"], world["bound_low"], world["bound_high"]) == (60, 0.5, 0.5, 0.5)
    assert (nigeria["evidence"], world["evidence"]) == ("declared", "logged")


def test_inferred_places_do_not_count_as_declared():
    forks, places = _world((30, "NG", None, (CN,)))
    cells = _cells(forks, places.with_columns(evidence=pl.lit("inferred")))
    assert set(cells["region_id"]) == {"world"}


def test_few_people_are_hidden_and_so_is_what_would_reveal_them():
    # Ghana has 3 people; Nigeria and Senegal lie in the same subregion, Senegal has the fewest of the others.
    cells = _cells(*_world((3, "GH", None, (CN,)), (50, "NG", None, (US,)), (12, "SN", None, (CN,))))
    states = dict(cells.filter(level="country").select("region_id", "state").iter_rows())
    assert states == {"GH": "suppressed", "SN": "suppressed", "NG": "zero"}
    for name in ("n", "n_cn", "n_us", "n_both", "n_other", "n_unknown", "events", "cn_share", "bound_low"):
        assert _cell(cells, "GH")[name] is None
    assert _cell(cells, "GH")["reason"].startswith("Fewer than 10 people")


def test_a_share_on_few_people_is_hidden_though_others_are_many():
    cells = _cells(*_world((3, "GH", None, (CN,)), (50, "GH", None, (OTHER,))))
    assert _cell(cells, "GH")["state"] == "suppressed"


def test_contributions_count_people_by_year_and_commits_as_events():
    rows = [
        {
            "repository": CN,
            "actor": _actor(number),
            "month": date(2026, month, 1),
            "database_id": 1,
            "actor_kind": "person",
            "commits": 4,
            "web_commits": 0,
            "offsets": [],
            "source_id": "github",
        }
        for number in range(1, 13)
        for month in (3, 7)
    ]
    _, places = _world((12, "PE", "metro:lima", ()))
    contributions = pl.DataFrame(rows, schema=Contributions.create_empty().schema)
    cells = _cells(Forks.create_empty(), places, contributions)
    lima = _cell(cells, "metro:lima")
    assert (lima["signal"], lima["n"], lima["events"]) == ("contribution", 12, 96)


def test_observations_and_estimates_take_the_cells():
    cells = _cells(
        *_world(
            (30, "NG", "metro:lagos", (CN,)),
            (20, "PE", None, (US,)),
            (14, "ID", None, (CN, US)),
            (3, "GH", None, (CN,)),
        )
    )
    rows = located_observations(cells)
    validate(rows.select(Observations.column_names()), Observations, where="test")
    assert rows.filter(region_id="GH")["n"].null_count() == 4
    whole = estimate(
        read("survey_use"),
        BuilderChoices.create_empty(),
        PackageDownloads.create_empty(),
        TrackedPackages.create_empty(),
        REGIONS,
        denominators=read("denominators"),
        located=cells,
    )
    forks = validate(whole, Estimates, where="test").filter(signal="fork")
    assert forks.height == REGIONS.height
    peru = forks.filter(region_id="PE").row(0, named=True)
    assert (peru["state"], peru["cn_share"], peru["location_quotient"]) == ("zero", 0.0, 0.0)
    assert forks.filter(region_id="KE")["state"].item() == "not_observed"


def test_without_github_there_are_no_cells():
    assert _cells(Forks.create_empty(), pl.DataFrame(schema=PLACES)).is_empty()
