"""The pages on maps: the tests that they name are there, and every cell of the comparison says where it comes from."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "map-comparison.md").read_text(encoding="utf-8")
UNSAID = {"not verified", "n. a."}


def tables():
    """Rows of cells of each table of the page, without heading and rule."""
    found = re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE)
    return [[[cell.strip() for cell in line.strip("|").split(" | ")] for line in one.splitlines()[2:]] for one in found]


COMPARED, SOURCES = tables()


@cache
def names(file):
    """Functions of a file of tests; of a benchmark, the figures that it prints."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    if file.startswith("tests/"):
        return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_page_compares_many_points():
    assert len(COMPARED) > 25
    assert {len(row) for row in COMPARED} == {7}
    assert len({row[0] for row in COMPARED}) == len(COMPARED)


@pytest.mark.parametrize("row", COMPARED, ids=lambda row: row[0])
def test_every_cell_of_ours_names_a_check_that_is_there(row):
    _, ours, checks, *_ = row
    named = re.findall(r"`((?:tests|benchmarks)/\S+\.py)::([^`]+)`", checks)
    assert ours
    assert ", ".join(f"`{file}::{name}`" for file, name in named) == checks
    assert [f"{file}::{name}" for file, name in named if name not in names(file)] == []


def test_the_proofs_of_the_map_are_there():
    page = (ROOT / "docs" / "maps.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|benchmarks)/\S+\.py)::([^`]+)`", page)
    assert len(named) > 12
    assert [f"{file}::{name}" for file, name in named if name not in names(file)] == []


@pytest.mark.parametrize("row", COMPARED, ids=lambda row: row[0])
def test_every_cell_of_another_has_a_source_or_says_that_it_has_none(row):
    marks = {mark for mark, *_ in SOURCES}
    for cell in row[3:]:
        source = re.search(r"\[(\w+)\]$", cell)
        assert cell in UNSAID or (source and source[1] in marks), cell


def test_every_source_is_dated_and_used():
    for mark, what, date in SOURCES:
        assert what
        assert re.search(r"\b20\d\d\b", date)
        assert f"[{mark}] |" in PAGE
