"""What happens by itself: schedules at their times, what follows from changed tables, and new repositories."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._utils.schedules import schedule_execution_time_iterator

from assets.partitions import REPOSITORY
from pipelines import sensors
from pipelines.build import build_defs
from pipelines.schedules import TIMES
from pipelines.settings import Settings


class Clock:
    """Time that moves on by a minute a look, from when the test began: what is reported bears the machine's time."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def defs():
    return build_defs(settings=Settings.load(mode="live"))


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance


@pytest.mark.parametrize(
    ("name", "after", "expected"),
    [
        ("hub_daily", datetime(2026, 11, 25, 5, 1, tzinfo=UTC), "2026-11-26T05:00"),
        ("github_weekly", datetime(2026, 11, 25, tzinfo=UTC), "2026-11-30T01:00"),
        ("package_index_monthly", datetime(2026, 11, 25, tzinfo=UTC), "2026-12-05T06:00"),
        ("package_index_monthly", datetime(2026, 12, 6, tzinfo=UTC), "2026-12-17T06:00"),
        ("files_weekly", datetime(2026, 11, 25, tzinfo=UTC), "2026-11-29T07:00"),
    ],
)
def test_sources_are_asked_at_their_own_pace(defs, name, after, expected):
    schedule = defs.resolve_schedule_def(name)
    times = schedule_execution_time_iterator(after.timestamp(), schedule.cron_schedule, schedule.execution_timezone)
    first = next(times)
    assert first.isoformat().startswith(expected)


@pytest.mark.parametrize(
    ("name", "some", "never"),
    [
        ("hub_daily", {"ingest/models", "ingest/model_parents"}, {"ingest/forks", "publish/site"}),
        (
            "github_weekly",
            {"ingest/forks", "ingest/repository_reads"},
            {"ingest/models", "archive/repository_listings"},
        ),
        ("package_index_monthly", {"ingest/package_downloads"}, {"archive/monthly_package_downloads"}),
        ("files_weekly", {"ingest/denominators", "ingest/download_logs"}, {"ingest/models"}),
    ],
)
def test_a_schedule_asks_its_source_alone(defs, name, some, never):
    job = defs.resolve_job_def(TIMES[name][0])
    made = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert some <= made
    assert not never & made


def _made(instance, defs, *assets, failing=()):
    """Report that assets were made and checked, as a run does."""
    checks = [spec for asset in defs.assets for spec in asset.check_specs]
    for asset in assets:
        key = dg.AssetKey(asset.split("/"))
        instance.report_runless_asset_event(dg.AssetMaterialization(asset_key=key))
        for spec in checks:
            if spec.asset_key == key:
                instance.report_runless_asset_event(
                    dg.AssetCheckEvaluation(
                        asset_key=key,
                        check_name=spec.name,
                        passed=spec.name not in failing,
                        metadata={},
                        blocking=spec.blocking,
                    )
                )


def _whole(defs):
    return [spec.key.to_user_string() for spec in defs.resolve_all_asset_specs() if "partitions" not in spec.tags]


def _requested(result):
    return {one.key.to_user_string() for one in result.results if one.true_subset.size}


def test_what_rests_on_a_changed_table_is_made_down_to_the_site_in_one_run(defs, instance, clock):
    _made(instance, defs, *_whole(defs))
    first = dg.evaluate_automation_conditions(defs, instance, evaluation_time=clock())
    again = dg.evaluate_automation_conditions(defs, instance, evaluation_time=clock(), cursor=first.cursor)
    assert not _requested(again) - {"archive/daily_counters"}
    _made(instance, defs, "ingest/survey_use")
    changed = dg.evaluate_automation_conditions(defs, instance, evaluation_time=clock(), cursor=again.cursor)
    asked = _requested(changed)
    assert {"adoption/observations", "adoption/estimates", "publish/world_map", "publish/site"} <= asked
    # Sources are asked by their schedules alone, and what does not rest on the survey stays as it is.
    assert not {"ingest/models", "ingest/forks", "attribute/model_origins", "adoption/licences"} & asked
    after = dg.evaluate_automation_conditions(defs, instance, evaluation_time=clock(), cursor=changed.cursor)
    assert "publish/site" not in _requested(after)


def test_the_newest_day_and_month_follow_the_hub(defs, instance, clock):
    _made(instance, defs, *_whole(defs))
    cursor = dg.evaluate_automation_conditions(defs, instance, evaluation_time=clock()).cursor
    _made(instance, defs, "ingest/models", "ingest/model_download_totals")
    result = dg.evaluate_automation_conditions(defs, instance, evaluation_time=clock(), cursor=cursor)
    days = {
        one.key.to_user_string(): set(one.true_subset.expensively_compute_partition_keys())
        for one in result.results
        if one.key.path[0] == "archive" and one.true_subset.size
    }
    assert days["archive/daily_counters"] == {f"{clock.now:%Y-%m-%d}"}
    assert days.get("archive/monthly_counters", set()) <= {f"{clock.now:%Y-%m}-01"}


def test_nothing_follows_past_a_failed_blocking_check(defs, instance, clock):
    _made(instance, defs, *_whole(defs))
    cursor = dg.evaluate_automation_conditions(defs, instance, evaluation_time=clock()).cursor
    _made(instance, defs, "adoption/estimates", failing={"survey_adds_up"})
    result = dg.evaluate_automation_conditions(defs, instance, evaluation_time=clock(), cursor=cursor)
    assert "archive/monthly_estimates" not in _requested(result)
    assert not {"publish/world_map", "publish/site", "adoption/claims"} & _requested(result)


def _tick(defs, instance, cursor=None):
    sensor = defs.resolve_sensor_def("new_repositories")
    context = dg.build_sensor_context(instance=instance, repository_def=defs.get_repository_def(), cursor=cursor)
    with partition_loading_context(dynamic_partitions_store=instance):
        return sensor.evaluate_tick(context)


def test_new_repositories_get_a_part_and_are_read(defs, instance, monkeypatch):
    names = sensors._tracked()
    first = _tick(defs, instance)
    (added,) = first.dynamic_partitions_requests
    assert sorted(added.partition_keys) == sorted(names)
    instance.add_dynamic_partitions(REPOSITORY.name, names)
    # The weekly run reads the whole list.
    assert _tick(defs, instance, first.cursor).skip_message.startswith("All ")
    monkeypatch.setattr(sensors, "_tracked", lambda: [*names[1:], "made-up/model"])
    changed = _tick(defs, instance)
    requests = {type(one).__name__: list(one.partition_keys) for one in changed.dynamic_partitions_requests}
    assert requests == {
        "AddDynamicPartitionsRequest": ["made-up/model"],
        "DeleteDynamicPartitionsRequest": [names[0]],
    }
    instance.add_dynamic_partitions(REPOSITORY.name, ["made-up/model"])
    instance.delete_dynamic_partition(REPOSITORY.name, names[0])
    read = _tick(defs, instance, changed.cursor)
    assert [one.partition_key for one in read.run_requests] == ["made-up/model"]
    assert _tick(defs, instance, read.cursor).skip_message


@pytest.mark.parametrize(("mode", "status"), [("live", "RUNNING"), ("snapshot", "STOPPED"), ("synthetic", "STOPPED")])
def test_sensors_are_on_in_live_mode_only(mode, status):
    for make in (sensors.follow_changes, sensors.new_repositories, sensors.tell_failures):
        assert make(mode).default_status.value == status
