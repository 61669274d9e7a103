"""Checks that several tables share: each can fail, and says with which values."""

import base64
from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl
import pytest

from assets import declare
from assets.checks import Check, Outcome, at_least, reaches, regions_known, volume
from assets.declare import Published, column_schema, published_asset, table_asset
from assets.schemas.adoption import Estimates
from assets.schemas.attribute import Regions
from assets.schemas.table import TableError

REGIONS = pl.DataFrame({"region_id": ["KE", "NA"]})


@pytest.mark.parametrize(
    ("check", "frame", "said"),
    [
        (at_least(3), REGIONS, "2 rows; at least 3"),
        (reaches("day", date(2026, 1, 1)), pl.DataFrame({"day": [date(2025, 12, 31)]}), "2025-12-31"),
        (reaches("day", date(2026, 1, 1)), pl.DataFrame(schema={"day": pl.Date}), "None"),
        (regions_known("regions"), pl.DataFrame({"region_id": ["KE", "XQ", "ZX"]}), "XQ, ZX"),
    ],
)
def test_a_failing_check_names_the_values(check, frame, said):
    outcome = check.run(frame, {"regions": REGIONS})
    assert not outcome.passed
    assert said in outcome.said


@pytest.mark.parametrize(
    ("check", "frame"),
    [
        (at_least(2), REGIONS),
        (reaches("day", date(2026, 1, 1)), pl.DataFrame({"day": [date(2026, 1, 1)]})),
        (regions_known("regions"), pl.DataFrame({"region_id": ["NA"]})),
    ],
)
def test_a_right_table_passes(check, frame):
    assert check.run(frame, {"regions": REGIONS}).passed


def _materialise(*assets: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
    return dg.materialize(list(assets), resources={"tables": dg.mem_io_manager}, raise_on_error=False)


def _region(**changes):
    row = {
        "region_id": "world",
        "level": "world",
        "name": "World",
        "parent_id": None,
        "iso3": None,
        "m49": None,
        "longitude": None,
        "latitude": None,
        "area_km2": None,
        "drawn": False,
        "note": None,
    }
    schema = {name: column.dtype for name, column in Regions.columns().items()}
    return pl.DataFrame([row | changes], schema=schema)


def test_a_table_that_breaks_its_declaration_is_never_written():
    @table_asset(Regions, kinds={"polars"})
    def regions() -> pl.DataFrame:
        """Regions with an impossible anchor."""
        return _region(longitude=200.0)

    result = _materialise(regions)
    assert not result.success
    assert result.asset_materializations_for_node("attribute__regions") == []
    error = result.failure_data_for_node("attribute__regions").error
    assert TableError.__name__ in error.to_string()
    assert "longitude=200.0" in error.to_string()


@pytest.mark.parametrize("blocking", [True, False])
def test_a_failing_check_stops_what_depends_on_the_table_only_if_it_blocks(blocking):
    never = Check(
        name="never",
        description="Always fails.",
        run=lambda _, __: Outcome(passed=False, said="no"),
        blocking=blocking,
    )

    @table_asset(Regions, kinds={"polars"}, checks=[never])
    def regions() -> pl.DataFrame:
        """Regions that are fine."""
        return _region()

    @published_asset("page", kinds={"html"}, checks={})
    def page(regions: pl.DataFrame) -> Published:
        """A page that needs them."""
        assert regions.height == 1
        return Published(files=[], outcomes={})

    result = _materialise(regions, page)
    made = {event.step_key for event in result.all_events if event.event_type_value == "STEP_SUCCESS"}
    assert ("publish__page" in made) is not blocking


def test_columns_show_description_unit_and_key():
    columns = {column.name: column for column in column_schema(Estimates).columns}
    assert columns["cn_share"].tags == {"unit": "share"}
    assert columns["cn_share"].constraints.nullable
    assert columns["region_id"].constraints.other == ["key"]
    assert all(column.description for column in columns.values())


def test_decorated_assets_keep_their_inputs_and_return_annotation():
    @table_asset(Regions, kinds={"polars"})
    def regions(publishers: pl.DataFrame) -> pl.DataFrame:
        """Regions from publishers."""
        return publishers

    assert set(regions.keys_by_input_name.values()) == {dg.AssetKey(["attribute", "publishers"])}
    assert regions.op.compute_fn.decorated_fn.__annotations__["return"] == Iterator[dg.MaterializeResult[pl.DataFrame]]


def test_a_table_that_fails_a_blocking_check_is_not_written():
    never = Check(name="never", description="Always fails.", run=lambda _, __: Outcome(passed=False, said="no"))

    @table_asset(Regions, kinds={"polars"}, checks=[never])
    def regions() -> pl.DataFrame:
        """Regions that are fine."""
        return _region()

    result = _materialise(regions)
    assert result.asset_materializations_for_node("attribute__regions") == []
    found = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert not found["never"].passed
    assert found["as_declared"].passed
    assert "runbook" in found["never"].metadata


def test_a_table_that_breaks_its_declaration_fails_the_check_that_says_so():
    @table_asset(Regions, kinds={"polars"})
    def regions() -> pl.DataFrame:
        """Regions with an impossible anchor."""
        return _region(longitude=200.0)

    (check,) = _materialise(regions).get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("as_declared", False)
    assert "longitude=200.0" in check.description


@pytest.mark.parametrize(
    ("rows", "last", "passed"),
    [(90, 100, True), (89, 100, False), (1_000, 100, True), (1_001, 100, False), (0, None, True), (5, 0, True)],
)
def test_volume_is_compared_with_the_last_run(rows, last, passed):
    outcome = volume(rows, last)
    assert outcome.passed is passed
    assert f"{rows:,} rows" in outcome.said


def test_no_row_that_names_a_person_is_written():
    @table_asset(Regions, kinds={"polars"})
    def regions() -> pl.DataFrame:
        """A region with somebody's address in it."""
        return _region(note="ask somebody@example.org")

    result = _materialise(regions)
    assert not result.success
    found = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert not found["no_personal_data"].passed
    assert "somebody" not in str(found["no_personal_data"].description)


@pytest.mark.parametrize(("faults", "success"), [(2, True), (9, False)])
def test_a_store_that_cannot_be_reached_is_tried_again_but_not_for_ever(faults, success, monkeypatch):
    monkeypatch.setattr(declare, "FIRST_WAIT_SECONDS", 0)
    left = [OSError("the store is away")] * faults
    tries = []

    @table_asset(Regions, kinds={"polars"})
    def regions() -> pl.DataFrame:
        """Regions from a store that is away at first."""
        tries.append(1)
        if left:
            raise left.pop()
        return _region()

    assert _materialise(regions).success is success
    assert len(tries) == min(faults, declare.RETRIES) + 1


def test_what_fails_for_another_reason_is_not_tried_again():
    tries = []

    @table_asset(Regions, kinds={"polars"})
    def regions() -> pl.DataFrame:
        """Regions that a defect keeps from being made."""
        tries.append(1)
        raise ZeroDivisionError

    assert not _materialise(regions).success
    assert len(tries) == 1


@pytest.mark.parametrize(("width", "shown"), [(1200, 'width="880" height="440"'), (400, 'width="400" height="200"')])
def test_pictures_fit_into_the_window_of_the_ui(width, shown, tmp_path):
    file = tmp_path / "map.svg"
    file.write_text("")
    picture = f'<svg viewBox="0 0 {width} {width / 2:g}" width="{width}" height="{width / 2:g}"><rect width="5"/></svg>'
    said = Published(files=[file], outcomes={}, picture=picture).metadata({})["preview"].value
    image = base64.b64decode(said.partition("base64,")[2].rstrip(")")).decode()
    assert shown in image
    assert f'viewBox="0 0 {width} ' in image


@pytest.mark.parametrize(("source", "written"), [("hub", True), ("github", False), (None, False)])
def test_a_stranger_on_the_hub_cannot_stop_the_atlas(source, written):
    @table_asset(Regions, kinds={"polars"}, source=source)
    def regions() -> pl.DataFrame:
        """A region with what looks like an address in it."""
        return _region(note="ask somebody@example.org")

    result = _materialise(regions)
    assert result.success is written
    found = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert not found["no_personal_data"].passed
