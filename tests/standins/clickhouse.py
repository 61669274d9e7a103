"""A stand-in for ClickHouse's public PyPI tables: answers the two queries of the atlas from a synthetic table.

Here: the table, the server's ways (parameters, row cap without an error, exceptions as text). Not here: faults of the
network (`web.py`). The queries themselves were run on the real engine (chdb); here their text must be those very ones,
anything else is the syntax error that the server would give.

By hand: ``python -m tests.standins.clickhouse 8123``, and ``ATLAS_CLICKHOUSE_URL=http://127.0.0.1:8123`` for the atlas.
"""

import hashlib
import json
import re
import sys
import threading
from datetime import date, timedelta

from assets.ingest.package_index.clickhouse import DAYS_QUERY, DOWNLOADS_QUERY
from tests.standins.web import Answer, StandIn, Status

COUNTRIES = ("BR", "CN", "DE", "ID", "IN", "KE", "NG", "PE", "US", "VN", "", "XX")
INSTALLERS = ("pip", "uv", "bandersnatch", "Browser")
CAP = 1000


def exception(code: int, said: str, *, status: int = 500) -> Status:
    """What the server answers when a query fails."""
    body = f"Code: {code}. DB::Exception: {said} (version 26.9.2.1 (official build))"
    return Status(status, body.encode(), content_type="text/plain; charset=UTF-8")


def after_rows(code: int, said: str) -> Status:
    """A result that was begun with success and ends in an exception."""
    body = f'{{"meta": [], "data": [\n{{"country": "US",\nCode: {code}. DB::Exception: {said}'
    return Status(200, body.encode())


def count_of(project: str, country: str, installer: str, day: date) -> int:
    """Return the synthetic count of a cell: the same in every process, zero for some."""
    digest = hashlib.sha256(f"{project}|{country}|{installer}|{day}".encode()).digest()
    return int.from_bytes(digest[:2]) % 50


class ClickHouse(StandIn):
    """The server. ``newest`` is the last day that it holds, ``lost`` are days that it never got."""

    def __init__(self, *, oldest: date, newest: date, port: int = 0) -> None:
        super().__init__(self._answer, port=port)
        self.oldest, self.newest = oldest, newest
        self.lost: set[date] = set()
        self.countries = COUNTRIES
        self.cap = CAP

    def held(self, since: date, until: date) -> list[date]:
        first, last = max(since, self.oldest), min(until - timedelta(days=1), self.newest)
        days = [first + timedelta(days=number) for number in range(max(0, (last - first).days + 1))]
        return [day for day in days if day not in self.lost]

    def cells(self, project: str, since: date, until: date, managers, mirrors) -> dict[tuple[str, str], int]:
        sums: dict[tuple[str, str], int] = {}
        for day in self.held(since, until):
            for country in self.countries:
                for installer in INSTALLERS:
                    kind = "package_manager" if installer in managers else "mirror" if installer in mirrors else "other"
                    count = count_of(project, country, installer, day)
                    if count:
                        sums[country, kind] = sums.get((country, kind), 0) + count
        return dict(sorted(sums.items()))

    def asked_of(self) -> list[str]:
        """The package of every download query that arrived, in order."""
        return [asked.params["param_project"] for asked in self.requests if "param_project" in asked.params]

    def _answer(self, asked) -> Answer:
        if asked.method != "POST" or asked.params.get("default_format") != "JSON":
            return _said(exception(73, "Unknown format"))
        if asked.params.get("user") != "demo" and asked.headers.get("x-clickhouse-key") != "right":
            return _said(exception(516, "demo: Authentication failed: password is incorrect", status=403))
        query = asked.body.decode()
        since, until = (date.fromisoformat(asked.params[f"param_{name}"]) for name in ("since", "until"))
        if query == DAYS_QUERY.strip():
            _array(asked.params["param_projects"])
            held = self.held(since, until)
            rows = [{"day": day.isoformat(), "downloads": 12, "rows_in_all": len(held)} for day in held]
        elif query == DOWNLOADS_QUERY.strip():
            managers, mirrors = (_array(asked.params[f"param_{name}"]) for name in ("managers", "mirrors"))
            cells = self.cells(asked.params["param_project"], since, until, managers, mirrors)
            rows = [
                {"country": country, "installer_class": kind, "downloads": str(count), "rows_in_all": str(len(cells))}
                for (country, kind), count in cells.items()
            ]
        else:
            return _said(exception(62, "Syntax error", status=400))
        rows = rows[: self.cap]
        return Answer(json.dumps({"meta": [], "data": rows, "rows": len(rows)}).encode())


def _said(status: Status) -> Answer:
    return Answer(status.body, status.status, status.content_type)


def _array(text: str) -> list[str]:
    if not re.fullmatch(r"\[('[^']*'(,'[^']*')*)?\]", text):
        raise ValueError(f"Code: 26. Cannot parse quoted string: {text}")
    return re.findall(r"'([^']*)'", text)


def main() -> None:
    """Serve until interrupted, up to yesterday."""
    today = date.today()  # noqa: DTZ011 - a stand-in by hand
    newest = today - timedelta(days=1)
    with ClickHouse(oldest=newest - timedelta(days=500), newest=newest, port=int(sys.argv[1])):
        threading.Event().wait()


if __name__ == "__main__":
    main()
