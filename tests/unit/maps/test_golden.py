"""Pictures are what they were when somebody last looked at them.

`golden/*.svg` were looked at. After a change that is meant, write them anew, look at them, and commit both:

    python -m tests.unit.maps.test_golden
"""

import re
from pathlib import Path

import pytest

from maps import cells as cube
from maps.static import choose, draw_map
from tests.unit.maps import synthetic

FOLDER = Path(__file__).parent / "golden"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
NEAR = 0.15
"""Pixels by which rounding may differ between machines."""


def pictures():
    """Every look, and the ranked plot, on the world of squares."""
    found = cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec())
    one = choose(found, signal="survey_use")
    silent = choose(found, signal="model_download")
    shapes = synthetic.shapes()
    return {
        "map": draw_map(one, synthetic.spec(), shapes=shapes),
        "ranked": draw_map(one, synthetic.spec(), ranking=True, shapes=shapes),
        "silent": draw_map(silent, synthetic.spec(), shapes=shapes),
    }


def lines(picture):
    """An element a line, so that a difference can be read."""
    return picture.replace("><", ">\n<").strip() + "\n"


@pytest.fixture(scope="module")
def drawn():
    return pictures()


@pytest.mark.parametrize("name", ["map", "ranked", "silent"])
def test_pictures_are_those_that_were_looked_at(drawn, name):
    golden = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    now = lines(drawn[name])
    assert NUMBER.sub("#", now).splitlines() == NUMBER.sub("#", golden).splitlines()
    pairs = zip(NUMBER.findall(now), NUMBER.findall(golden), strict=True)
    assert [pair for pair in pairs if abs(float(pair[0]) - float(pair[1])) > NEAR] == []


def test_every_golden_picture_is_compared(drawn):
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(drawn)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for title, picture in pictures().items():
        (FOLDER / f"{title}.svg").write_text(lines(picture), encoding="utf-8")
