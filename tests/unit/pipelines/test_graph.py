"""The graph as people meet it in the UI: every asset says what it is, who owns it and where its columns come from."""

import dagster as dg
import pytest

from assets.column_lineage import TOLD, untrue
from assets.partitions import PARTITIONS_TAG
from assets.runbook import load_runbook
from assets.schemas import TABLES
from pipelines.build import build_defs

DEFS = build_defs()
SPECS = {spec.key.to_user_string(): spec for spec in DEFS.resolve_all_asset_specs()}
CHECKS = sorted({(spec.name, spec.asset_key.to_user_string()) for asset in DEFS.assets for spec in asset.check_specs})


@pytest.mark.parametrize("asset", sorted(SPECS))
def test_every_asset_introduces_itself(asset):
    spec = SPECS[asset]
    assert spec.group_name == spec.key.path[0]
    assert spec.kinds
    assert spec.owners == ["team:atlas"]
    assert {"public", "personal"} <= set(spec.tags)
    # What a table answers comes first.
    assert "?" in spec.description.partition("\n")[0]
    if asset in TABLES:
        assert "One row: " in spec.description
        assert spec.metadata["grain"] == TABLES[asset].GRAIN
        columns = spec.metadata["dagster/column_schema"].columns
        assert [column.name for column in columns] == TABLES[asset].column_names()
        assert all(column.description for column in columns)


@pytest.mark.parametrize("asset", [asset for asset in TABLES if SPECS[asset].deps])
def test_lineage_leads_to_columns_that_there_are(asset):
    spec = SPECS[asset]
    parents = {dep.asset_key for dep in spec.deps}
    lineage = spec.metadata.get("dagster/column_lineage")
    if lineage is None:
        # Made before, but not read.
        assert asset in {"ingest/model_parents", "ingest/model_download_totals", "ingest/standings"}
        return
    for column, sources in lineage.deps_by_column.items():
        assert column in TABLES[asset].column_names()
        assert sources
        for source in sources:
            assert source.asset_key in parents
            assert source.column_name in TABLES[source.asset_key.to_user_string()].column_names()


@pytest.mark.parametrize("column", ["period", "region_id", "n_cn", "n_us", "cn_share", "bound_low", "cn_per_million"])
def test_figures_of_the_cube_lead_back_to_what_was_counted(column):
    sources = SPECS["adoption/estimates"].metadata["dagster/column_lineage"].deps_by_column[column]
    assert {"ingest/survey_use", "ingest/forks"} & {source.asset_key.to_user_string() for source in sources}


@pytest.mark.parametrize("asset", TABLES)
def test_lineage_that_is_told_is_true(asset):
    assert untrue(asset, [dep.asset_key.to_user_string() for dep in SPECS[asset].deps]) == []


def test_lineage_that_is_told_of_no_table_or_column_is_found(monkeypatch):
    told = {"value": ("estimates.no_such_column", "forks.actor", "estimates.cn_share"), "no_such": ()}
    monkeypatch.setitem(TOLD, "adoption/claims", told)
    found = untrue("adoption/claims", ["adoption/estimates"])
    assert found == ["adoption/claims.no_such", "estimates.no_such_column", "forks.actor"]
    assert set(TOLD) <= set(TABLES)


def test_every_check_has_a_line_in_the_runbook_and_every_line_a_check():
    assert {name for name, _ in CHECKS} == set(load_runbook())


@pytest.mark.parametrize("asset", TABLES)
def test_every_table_is_checked_for_its_declaration_and_for_personal_data(asset):
    names = {name for name, checked in CHECKS if checked == asset}
    assert {"as_declared", "no_personal_data"} <= names
    assert ("volume" in names) is (PARTITIONS_TAG not in SPECS[asset].tags)
    assert ("regions_known" in names) or "region_id" not in TABLES[asset].column_names()


def test_what_concerns_people_says_so():
    personal = {asset for asset, spec in SPECS.items() if spec.tags["personal"] == "true"}
    assert personal == {"ingest/forks", "ingest/contributions", "ingest/accounts", "attribute/actor_places"}
    actors = {asset for asset, table in TABLES.items() if "actor" in table.column_names()}
    assert actors <= personal


def test_steps_that_ask_a_source_take_turns():
    pools = {next(iter(asset.keys)).to_user_string(): asset.op.pool for asset in DEFS.assets}
    assert {asset for asset, pool in pools.items() if pool == "github_api"} == {
        "ingest/repository_counts",
        "ingest/forks",
        "ingest/contributions",
        "ingest/star_history",
        "archive/repository_listings",
    }
    assert pools["ingest/models"] == pools["ingest/model_download_totals"] == "hub_api"
    assert pools["ingest/package_downloads"] == pools["archive/monthly_package_downloads"] == "package_index_api"
    assert pools["ingest/denominators"] == "reference_files"


def test_parts_are_made_many_at_once_and_never_by_two_runs():
    for asset in DEFS.assets:
        (key,) = asset.keys
        if PARTITIONS_TAG in SPECS[key.to_user_string()].tags:
            assert asset.backfill_policy == dg.BackfillPolicy.single_run()
            assert asset.op.pool


def test_months_rest_on_their_days():
    asset = next(asset for asset in DEFS.assets if asset.key.path == ["archive", "monthly_counters"])
    days = next(one for one in DEFS.assets if one.key.path == ["archive", "daily_counters"])
    mapping = asset.get_partition_mapping(days.key)
    month = asset.partitions_def.subset_with_partition_keys(["2025-02-01"])
    needed = mapping.get_upstream_mapped_partitions_result_for_partitions(
        month, asset.partitions_def, days.partitions_def
    )
    keys = list(needed.partitions_subset.get_partition_keys())
    assert (keys[0], keys[-1], len(keys)) == ("2025-02-01", "2025-02-28", 28)
