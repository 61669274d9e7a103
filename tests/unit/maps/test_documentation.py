"""The example of docs/maps.md runs as it stands."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[3] / "docs" / "maps.md"


def test_example_runs(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(DOCUMENT), "exec"), {})  # noqa: S102 - our own document
    page = (tmp_path / "my-map.html").read_text(encoding="utf-8")
    assert "Made-up shares of a survey" in page
    assert "circle_marker" in page
