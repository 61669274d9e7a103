"""Keeping secrets out of everything that is shown: messages, logs, metadata.

Here: what is taken out of a text and of an address. Not here: where tokens come from (the settings beside each
client).
"""

from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import httpx

HIDDEN: Final = "***"
SECRET_NAMES: Final = frozenset(
    {"access_token", "api_key", "apikey", "auth", "key", "password", "sig", "signature", "token", "x-amz-signature"}
)
"""Names of query parameters whose values are never shown, whatever they are."""

LONGEST_ADDRESS: Final = 200
LONGEST_EXCERPT: Final = 200


class Redactor:
    """Takes the secrets of one client out of texts and addresses."""

    def __init__(self, secrets: Collection[str]) -> None:
        """Keep the secrets, longest first, so that a secret within another leaves no remains."""
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return the text without secrets, written plainly or percent-encoded."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
        return text

    def excerpt(self, content: bytes) -> str:
        """Return the beginning of a body on one line, without secrets."""
        line = " ".join(content[: 4 * LONGEST_EXCERPT].decode("utf-8", errors="replace").split())
        # Secrets go first: cutting one in half would hide it from the search, not from the reader.
        shown = self.text(line)
        return shown if len(shown) <= LONGEST_EXCERPT else f"{shown[:LONGEST_EXCERPT]}…"

    def address(self, url: str | httpx.URL) -> str:
        """Return an address without user, password, fragment and secret parameters, cut at a readable length."""
        parts = urlsplit(str(url))
        host = parts.netloc.rpartition("@")[2]
        query = "&".join(
            f"{name}={HIDDEN if name.lower() in SECRET_NAMES else value}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
        shown = self.text(urlunsplit((parts.scheme, host, parts.path, query, "")))
        return shown if len(shown) <= LONGEST_ADDRESS else f"{shown[:LONGEST_ADDRESS]}…"
