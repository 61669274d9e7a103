"""What can go wrong between the atlas and a source: one class a case, each saying where, what and what to do.

Here: the errors that `client.py` raises, free of secrets. Not here: errors of a source's own language (beside its
client; they derive from `RejectedError`).
"""

from typing import ClassVar


class FetchError(RuntimeError):
    """A source could not be read; the message names the source, the address without secrets, and the remedy.

    Attributes:
        source: Name of the source.
        url: Address without secrets.
        said: What was wrong.
        remedy: What a person can do.
        retry: Whether asking again can help.
        wait: Seconds that the source asks to wait, where it does.
    """

    REMEDY: ClassVar[str] = "run again later; what was fetched before is kept"
    RETRY: ClassVar[bool] = False

    def __init__(
        self,
        *,
        source: str,
        url: str,
        said: str,
        remedy: str | None = None,
        retry: bool | None = None,
        wait: float | None = None,
    ) -> None:
        self.source = source
        self.url = url
        self.said = said
        self.remedy = remedy or self.REMEDY
        self.retry = self.RETRY if retry is None else retry
        self.wait = wait
        super().__init__(f"{source}: {url}: {said}; {self.remedy}.")

    def saying(self, said: str, *, retry: bool) -> "FetchError":
        """Return the same error in other words."""
        return type(self)(source=self.source, url=self.url, said=said, remedy=self.remedy, retry=retry, wait=self.wait)


class UnreachableError(FetchError):
    """No connection came about: name, route, port or certificate."""

    REMEDY = "check the network, a proxy and the configured address, then run again"
    RETRY = True


class TimedOutError(FetchError):
    """The source did not answer in time, or dripped."""

    RETRY = True


class BrokenError(FetchError):
    """The answer is not what it should be: cut short, longer than allowed, a page for people, no JSON."""

    RETRY = True


class FailedError(FetchError):
    """The source says that it failed (5xx)."""

    RETRY = True


class LimitedError(FetchError):
    """The source asks for fewer requests."""

    REMEDY = "run again after that time; what was fetched before is kept"
    RETRY = True


class RefusedError(FetchError):
    """The source will not answer this request (4xx); asking again does not help."""

    REMEDY = "check the configured address and token, and whether the source changed its interface"


class MissingError(RefusedError):
    """What was asked for is not there (404, 410) or is blocked (451)."""

    REMEDY = "check the name; it may have been renamed, made private or removed"


class RejectedError(FetchError):
    """The source answers with success, and says in the body that it failed."""
