"""People are told about failed runs: by the log and by a webhook, whose address is a secret."""

import json

import dagster as dg
import pytest
from pydantic import SecretStr

from pipelines.notifications import (
    Cause,
    FailedRun,
    LogNotifier,
    NotificationError,
    NotificationSettings,
    WebhookNotifier,
)
from pipelines.sensors import tell_failures
from tests.standins.web import Answer, StandIn, Status

FAILED = FailedRun(
    run_id="0123456789",
    job="refresh_hub",
    mode="live",
    causes=[Cause(asset="ingest/models", cause="the disk is full")],
    link="https://atlas.example/runs/0123456789",
)


@pytest.fixture
def webhook():
    """A webhook on this machine, whose address holds a token."""
    with StandIn(lambda _: Answer()) as server:
        yield server


def _sent(webhook):
    return [json.loads(asked.body) for asked in webhook.requests]


def test_slack_gets_a_text_and_others_get_all_fields(webhook):
    WebhookNotifier(url=SecretStr(f"{webhook.url}/secret-token"), form="slack").tell(FAILED)
    WebhookNotifier(url=SecretStr(f"{webhook.url}/secret-token")).tell(FAILED)
    slack, plain = _sent(webhook)
    assert set(slack) == {"text"}
    assert "ingest/models: the disk is full" in slack["text"]
    assert "the last good site stays" in slack["text"]
    assert slack["text"].endswith("https://atlas.example/runs/0123456789")
    assert plain["link"] == "https://atlas.example/runs/0123456789"
    assert plain["causes"] == [{"asset": "ingest/models", "cause": "the disk is full"}]
    assert (plain["job"], plain["mode"], plain["run_id"]) == ("refresh_hub", "live", "0123456789")


@pytest.mark.parametrize("status", [404, 500])
def test_a_webhook_that_refuses_is_told_without_its_address(webhook, status):
    webhook.script(Status(status))
    with pytest.raises(NotificationError, match=str(status)) as caught:
        WebhookNotifier(url=SecretStr(f"{webhook.url}/secret-token")).tell(FAILED)
    assert "secret-token" not in str(caught.value)


def test_a_webhook_that_is_not_there_is_told_without_its_address():
    with pytest.raises(NotificationError, match="not reached") as caught:
        WebhookNotifier(url=SecretStr("http://127.0.0.1:9/secret-token")).tell(FAILED)
    assert "secret-token" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_who_is_told_comes_from_the_environment(monkeypatch):
    assert [type(one) for one in NotificationSettings().notifiers()] == [LogNotifier]
    monkeypatch.setenv("ATLAS_NOTIFY_URL", "http://127.0.0.1:9/secret-token")
    monkeypatch.setenv("ATLAS_NOTIFY_FORM", "slack")
    settings = NotificationSettings()
    assert [type(one) for one in settings.notifiers()] == [LogNotifier, WebhookNotifier]
    assert "secret-token" not in repr(settings)
    assert settings.link("0123") == "http://127.0.0.1:3000/runs/0123"
    monkeypatch.setenv("ATLAS_UI_URL", "https://atlas.example/")
    assert NotificationSettings().link("0123") == "https://atlas.example/runs/0123"


def test_a_failed_run_is_told_to_everybody_even_where_one_cannot_be_reached(webhook, caplog):
    @dg.asset(key=["ingest", "models"])
    def models() -> None:
        raise OSError("the disk is full")

    notifiers = [
        WebhookNotifier(url=SecretStr("http://127.0.0.1:9/")),
        WebhookNotifier(url=SecretStr(f"{webhook.url}/secret-token")),
        LogNotifier(),
    ]
    with dg.instance_for_test() as instance:
        job = dg.Definitions(assets=[models], jobs=[dg.define_asset_job("refresh_hub", "*")]).resolve_job_def(
            "refresh_hub"
        )
        result = job.execute_in_process(instance=instance, raise_on_error=False, tags={"atlas/mode": "live"})
        context = dg.build_run_status_sensor_context(
            sensor_name="tell_failures",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        )
        tell_failures("live", notifiers)(context.for_run_failure())
    (body,) = _sent(webhook)
    assert body["causes"] == [{"asset": "ingest/models", "cause": "the disk is full"}]
    assert body["link"].endswith(f"/runs/{result.run_id}")
    assert "the disk is full" in caplog.text
