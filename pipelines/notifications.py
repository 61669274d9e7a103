"""Notifications: who is told when a run failed, and what.

Here: the text and the ways to send it. Not here: noticing the failure (`pipelines/sensors.py`). A notification names
assets and causes; it carries no rows of tables, and addresses of notifiers are never told, because they are secrets.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal, Protocol

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Form = Literal["json", "slack"]
LOGGER: Final = logging.getLogger(__name__)
SECONDS: Final = 10.0


class NotificationError(RuntimeError):
    """A notification did not arrive; the message says why, without the address."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What went wrong in a run: the asset and one line."""

    asset: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class FailedRun:
    """A run that failed.

    Attributes:
        run_id: Dagster's identifier of the run.
        job: Name of the job.
        mode: Mode of the atlas.
        causes: What went wrong, in order.
        link: Address of the run in the UI.
    """

    run_id: str
    job: str
    mode: str
    causes: Sequence[Cause]
    link: str

    def text(self) -> str:
        """Return the message for people."""
        lines = [f"Adoption Atlas ({self.mode}): run {self.run_id[:8]} of {self.job} failed; the last good site stays."]
        return "\n".join([*lines, *(f"• {one.asset}: {one.cause}" for one in self.causes), self.link])


class Notifier(Protocol):
    """A way to tell people about a failed run."""

    def tell(self, failed: FailedRun) -> None:
        """Send the notification.

        Raises:
            NotificationError: It did not arrive.
        """


class LogNotifier:
    """Writes to the log of the daemon."""

    def tell(self, failed: FailedRun) -> None:
        """Write the message."""
        LOGGER.error("%s", failed.text())


@dataclass(frozen=True, kw_only=True)
class WebhookNotifier:
    """Posts JSON to an address.

    Attributes:
        url: The address; a secret.
        form: ``json`` sends all fields and the text; ``slack`` sends what Slack's incoming webhooks take.
    """

    url: SecretStr
    form: Form = "json"

    def tell(self, failed: FailedRun) -> None:
        """Post the message.

        Raises:
            NotificationError: The address does not answer with success.
        """
        import httpx

        body = {"text": failed.text()}
        if self.form == "json":
            body |= asdict(failed)
        try:
            answer = httpx.post(self.url.get_secret_value(), json=body, timeout=SECONDS)
        except httpx.HTTPError as error:
            raise NotificationError(
                f"The webhook of ATLAS_NOTIFY_URL was not reached: {type(error).__name__}."
            ) from None
        if not answer.is_success:
            raise NotificationError(f"The webhook of ATLAS_NOTIFY_URL answered {answer.status_code}.")


class NotificationSettings(BaseSettings):
    """Who is told, from the environment.

    Attributes:
        url: Address of a webhook (``ATLAS_NOTIFY_URL``); none by default.
        form: What it is sent (``ATLAS_NOTIFY_FORM``): ``json`` or ``slack``.
        ui: Where its readers open the UI (``ATLAS_UI_URL``).
    """

    model_config = SettingsConfigDict(
        env_prefix="ATLAS_NOTIFY_", frozen=True, env_ignore_empty=True, populate_by_name=True
    )

    url: SecretStr | None = None
    form: Form = "json"
    ui: str = Field(default="http://127.0.0.1:3000", validation_alias="ATLAS_UI_URL")

    def link(self, run_id: str) -> str:
        """Return the address of a run in the UI."""
        return f"{self.ui.rstrip('/')}/runs/{run_id}"

    def notifiers(self) -> list[Notifier]:
        """Return the notifiers: the log, and the webhook where there is one."""
        webhook: list[Notifier] = [WebhookNotifier(url=self.url, form=self.form)] if self.url else []
        return [LogNotifier(), *webhook]
