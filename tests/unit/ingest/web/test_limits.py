"""Waits, as headers ask for them."""

from datetime import UTC, datetime

import pytest

from assets.ingest.web.limits import asked_to_wait, used_up
from assets.ingest.web.redaction import Redactor

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("1.5", 1.5),
        ("Wed, 25 Nov 2026 12:01:00 GMT", 60),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after(text, seconds):
    assert asked_to_wait({"retry-after": text}, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"ratelimit": '"api";r=0;t=120'}, 120),
        ({"ratelimit": "limit=100, remaining=0, reset=50"}, 50),
        ({"ratelimit": '"api";r=7;t=120'}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, 30),
        ({"ratelimit-remaining": "3", "ratelimit-reset": "30"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 40)}, 40),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) - 40)}, 0),
        ({"x-ratelimit-remaining": "none", "x-ratelimit-reset": "9"}, None),
        ({"ratelimit": "nonsense"}, None),
    ],
)
def test_allowance(headers, seconds):
    assert used_up(headers, NOW) == seconds


def test_an_excerpt_does_not_show_half_a_secret():
    secret = "abcdefghij"  # noqa: S105
    assert "abc" not in Redactor([secret]).excerpt(b"x" * 195 + secret.encode())


def test_an_address_keeps_what_tells_and_loses_what_is_secret():
    shown = Redactor(["qrs"]).address("https://me:pw@host:8443/path?token=abc&project=vllm&x=qrs#frag")
    assert shown == "https://host:8443/path?token=***&project=vllm&x=***"
