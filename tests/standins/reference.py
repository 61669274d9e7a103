"""A stand-in for hosts of reference files: Innovation Graph's CSV and the World Bank's answer, with entity tags.

Here: made-up sizes for every economy of the registry, in the published forms. Not here: faults (`web.py`).
"""

import hashlib
import json

import polars as pl

from maps.geometry.regions import load_regions
from tests.standins.web import Answer, StandIn

GRAPH = "/developers.csv"
BANK = "/population"


def economies() -> list[str]:
    """Return the codes of all economies."""
    return load_regions().filter(pl.col("level") == "country")["region_id"].sort().to_list()


def size_of(code: str) -> int:
    """Return a made-up number of people, the same each time."""
    return 1_000 * (1 + int(hashlib.sha256(code.encode()).hexdigest()[:4], 16))


class ReferenceFiles(StandIn):
    """The server."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(self._answer, port=port)
        self.quarters = [(2025, 4), (2026, 1)]
        self.years = [2023, 2024, 2025]
        self.replaced: dict[str, bytes] = {}

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the atlas that lead here."""
        return {
            "ATLAS_REFERENCE_INNOVATION_GRAPH_URL": f"{self.url}{GRAPH}",
            "ATLAS_REFERENCE_WORLD_BANK_URL": f"{self.url}{BANK}",
        }

    def content(self, path: str) -> bytes:
        """Return a file as it stands."""
        return self.replaced.get(path) or (self._graph() if path == GRAPH else self._bank())

    def _answer(self, asked) -> Answer:
        content = self.content(asked.path)
        tag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'
        if asked.headers.get("if-none-match") == tag:
            return Answer(b"", 304, headers={"ETag": tag})
        kind = "text/csv" if asked.path == GRAPH else "application/json"
        return Answer(content, content_type=kind, headers={"ETag": tag})

    def _graph(self) -> bytes:
        lines = ["developers,iso2_code,year,quarter"]
        for year, quarter in self.quarters:
            lines += [f"{size_of(code) // 10},{code},{year},{quarter}" for code in economies()]
            lines.append(f"9999999,EU,{year},{quarter}")
        return ("\n".join(lines) + "\n").encode()

    def _bank(self) -> bytes:
        items = [
            {"country": {"id": code, "value": code}, "countryiso3code": "", "date": str(year), "value": value}
            for year in self.years
            for code, value in [*((one, size_of(one)) for one in economies() if one != "TW"), ("1W", 8e9), ("VE", None)]
            if not (code == "VE" and value is not None)
        ]
        return json.dumps([{"page": 1, "pages": 1, "per_page": 20_000, "total": len(items)}, items]).encode()
