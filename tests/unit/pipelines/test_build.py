"""Assembly: the definitions load, carry central policy and obey the mode."""

from datetime import timedelta

import dagster as dg
import pytest

from assets.run import Run
from assets.schemas import TABLES
from pipelines.build import build_defs
from pipelines.policies import WINDOWS
from pipelines.schedules import TIMES
from pipelines.settings import MODES, Settings
from pipelines.storage import TableIOManager


def test_toy_definitions_are_loadable(toy):
    dg.Definitions.validate_loadable(build_defs(modules=[toy.module]))


@pytest.mark.parametrize("mode", MODES)
def test_run_and_tables_agree_on_mode_and_store(toy, mode):
    settings = Settings.load(mode=mode)
    resources = build_defs(settings=settings, modules=[toy.module]).resources
    assert resources["run"] == Run(mode=mode, store=settings.store, output=str(settings.output))
    assert resources["tables"] == TableIOManager(store=settings.store, mode=mode)


def test_resources_can_be_replaced(toy):
    manager = dg.InMemoryIOManager()
    defs = build_defs(modules=[toy.module], resource_overrides={"tables": manager, "more": 1})
    assert defs.resources["tables"] is manager
    assert defs.resources["more"] == 1


def test_run_gives_assets_paths(tmp_path):
    run = Run(mode="live", store="memory://atlas/live", output=str(tmp_path / "made"))
    assert (run.store_path / "ingest").protocol == "memory"
    assert run.output_path.is_dir()


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(("mode", "status"), [("live", "RUNNING"), ("snapshot", "STOPPED")])
def test_schedules_run_by_themselves_in_live_mode_only(toy, mode, status, name):
    defs = build_defs(settings=Settings.load(mode=mode), modules=[toy.module])
    schedule = defs.resolve_schedule_def(name)
    assert schedule.default_status.value == status
    with dg.instance_for_test() as instance:
        tick = schedule.evaluate_tick(dg.build_schedule_context(instance=instance))
    assert bool(tick.run_requests) == (mode == "live")
    assert (tick.skip_message is None) == (mode == "live")


def test_deadlines_follow_group_and_mode(toy):
    for mode in MODES:
        defs = build_defs(settings=Settings.load(mode=mode), modules=[toy.module])
        for spec in defs.resolve_all_asset_specs():
            assert spec.freshness_policy.fail_window.to_timedelta() == WINDOWS[mode][1]


@pytest.mark.parametrize(("asset", "days"), [("models", 3), ("forks", 15), ("package_downloads", 40)])
def test_deadlines_of_sources_are_their_own(asset, days):
    specs = build_defs(settings=Settings.load(mode="live")).resolve_all_asset_specs()
    (spec,) = [spec for spec in specs if spec.key.path == ["ingest", asset]]
    assert spec.freshness_policy.fail_window.to_timedelta() == timedelta(days=days)


def test_layers_between_have_no_deadline():
    @dg.asset(key=["adoption", "estimates"], group_name="adoption")
    def estimates() -> None: ...

    module = type(dg)("between")
    module.estimates = estimates
    (spec,) = build_defs(modules=[module]).resolve_all_asset_specs()
    assert spec.freshness_policy is None


def test_real_definitions_are_loadable():
    dg.Definitions.validate_loadable(build_defs())


def test_every_declared_table_is_made_by_one_asset():
    specs = build_defs().resolve_all_asset_specs()
    assert sorted(spec.key.to_user_string() for spec in specs if spec.group_name != "publish") == sorted(TABLES)
    assert all(spec.group_name == spec.key.path[0] for spec in specs)
