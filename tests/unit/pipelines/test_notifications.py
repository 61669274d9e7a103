"""People are told about failed runs: by the log and by a webhook, whose address is a secret."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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

FAILED = FailedRun(
    run_id="0123456789", job="refresh_hub", mode="live", causes=[Cause(asset="ingest/models", cause="the disk is full")]
)


@pytest.fixture
def webhook():
    """A webhook on this machine; ``status`` is what it answers, ``bodies`` what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.bodies = 200, []
    server.url = f"http://127.0.0.1:{server.server_port}/secret-token"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_slack_gets_a_text_and_others_get_all_fields(webhook):
    WebhookNotifier(url=SecretStr(webhook.url), form="slack").tell(FAILED)
    WebhookNotifier(url=SecretStr(webhook.url)).tell(FAILED)
    slack, plain = webhook.bodies
    assert set(slack) == {"text"}
    assert "ingest/models: the disk is full" in slack["text"]
    assert "the last good site stays" in slack["text"]
    assert plain["causes"] == [{"asset": "ingest/models", "cause": "the disk is full"}]
    assert (plain["job"], plain["mode"], plain["run_id"]) == ("refresh_hub", "live", "0123456789")


@pytest.mark.parametrize("status", [404, 500])
def test_a_webhook_that_refuses_is_told_without_its_address(webhook, status):
    webhook.status = status
    with pytest.raises(NotificationError, match=str(status)) as caught:
        WebhookNotifier(url=SecretStr(webhook.url)).tell(FAILED)
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


def test_a_failed_run_is_told_to_everybody_even_where_one_cannot_be_reached(webhook, caplog):
    @dg.asset(key=["ingest", "models"])
    def models() -> None:
        raise OSError("the disk is full")

    notifiers = [
        WebhookNotifier(url=SecretStr("http://127.0.0.1:9/")),
        WebhookNotifier(url=SecretStr(webhook.url)),
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
    (body,) = webhook.bodies
    assert body["causes"] == [{"asset": "ingest/models", "cause": "the disk is full"}]
    assert "the disk is full" in caplog.text
