"""How long a source asks to wait, read from the headers of its answer.

Here: ``Retry-After``, the ``RateLimit`` headers of the IETF draft, and GitHub's. Not here: waiting (`client.py`).

Points in time are read against the source's own ``Date``: where its clock or ours is off, the difference between
two of its times still holds.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_REMAINING: Final = re.compile(r"(?:^|[;,\s])r(?:emaining)?=(\d+)", re.ASCII)
_RESET: Final = re.compile(r"(?:^|[;,\s])(?:t|reset)=(\d+)", re.ASCII)
_SECONDS: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
EPOCH: Final = 1_000_000_000
"""A reset value above this is a point in time, below it a number of seconds."""


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and _SECONDS.fullmatch(text.strip()) else None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _source_time(headers: Mapping[str, str], now: datetime) -> datetime:
    return _moment(headers.get("date")) or now


def asked_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait, or nothing where it is absent or unreadable.

    Args:
        headers: Headers of the answer, names in lower case or case-insensitive.
        now: Our time, used where the answer has no ``Date``.
    """
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    moment = _moment(text)
    return None if moment is None else max(0.0, (moment - _source_time(headers, now)).total_seconds())


def used_up(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds until the source answers again where its headers say that nothing is left, else nothing.

    Args:
        headers: Headers of the answer, names in lower case or case-insensitive.
        now: Our time, used where the answer has no ``Date``.
    """
    combined = headers.get("ratelimit")
    if combined is not None and (left := _REMAINING.search(combined)) and (reset := _RESET.search(combined)):
        return float(reset[1]) if int(left[1]) == 0 else None
    for prefix in ("ratelimit-", "x-ratelimit-"):
        remaining, ends = _number(headers.get(f"{prefix}remaining")), _number(headers.get(f"{prefix}reset"))
        if remaining is None or ends is None:
            continue
        if remaining > 0:
            return None
        return max(0.0, ends - _source_time(headers, now).timestamp()) if ends > EPOCH else ends
    return None
