"""Steps of a card: the numbers that they show, put into the formula again, come to the figure that they explain."""

import ast
import math
import operator

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.derivatives import derivative_cells
from assets.adoption.estimates import estimate
from assets.adoption.explain import Ledger
from assets.adoption.intervals import overlap_share_interval
from assets.adoption.located import located_cells
from assets.adoption.recompute import inputs, steps
from assets.adoption.step import TOLERANCE, Step
from assets.ingest.snapshot import read, read_manifest
from assets.schemas import TABLES
from assets.schemas.ingest import Contributions
from maps.geometry.regions import load_regions
from tests.unit.adoption.people import CN, TRACKED, US, forks_of, places_of

OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
FUNCTIONS = {
    "min": min,
    "max": max,
    "hypot": math.hypot,
    "expit": lambda x: 1 / (1 + math.exp(-x)),
    "logit": lambda p: math.log(p / (1 - p)),
    "low": lambda cn, us, both: overlap_share_interval(cn, us, both)[0].item(),
    "high": lambda cn, us, both: overlap_share_interval(cn, us, both)[1].item(),
}


def calculate(text):
    """What a reader with a calculator gets from the numbers of a step."""

    def value(node):
        match node:
            case ast.Expression(body=body):
                return value(body)
            case ast.Constant(value=number):
                return number
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand)
            case ast.BinOp(left=left, op=sign, right=right):
                return OPERATORS[type(sign)](value(left), value(right))
            case ast.Call(func=ast.Name(id=name), args=args):
                return FUNCTIONS[name](*map(value, args))
        raise AssertionError(f"{text}: a reader cannot calculate {ast.dump(node)}")

    return value(ast.parse(text, mode="eval"))


def _empty(name):
    return TABLES[name].create_empty()


@pytest.fixture(scope="module")
def regions():
    return load_regions()


@pytest.fixture(scope="module")
def snapshot(regions):
    survey = read("survey_use")
    cells = estimate(
        survey,
        _empty("adoption/builder_choices"),
        _empty("ingest/package_downloads"),
        _empty("attribute/tracked_packages"),
        regions,
        denominators=read("denominators"),
    )
    return cells, inputs(cells, survey, regions)


def test_every_figure_of_the_survey_recomputes_from_the_numbers_shown(snapshot):
    cells, known = snapshot
    explained = 0
    for cell in cells.filter(pl.col("signal") == "survey_use").iter_rows(named=True):
        found = steps(cell, known)
        for step in found:
            assert step.shown == cell[step.column]
            assert step.agrees, (cell["region_id"], step)
            assert calculate(step.numbers) == pytest.approx(step.shown, abs=TOLERANCE), (cell["region_id"], step)
        shown = {name for name in ("cn_share", "cn_share_low", "cn_share_high", "bound_low", "bound_high", "coverage",
                                   "cn_share_shrunk", "location_quotient") if cell[name] is not None}  # fmt: skip
        if cell["level"] == "world":
            shown -= {"location_quotient", "cn_share_shrunk"}
        if cell["state"] == "suppressed" and cell["level"] == "metro":
            continue
        assert shown <= {step.column for step in found}, cell["region_id"]
        explained += len(shown)
    assert explained > 1000


def test_steps_of_a_hidden_cell_show_ranges_and_no_hidden_count(snapshot):
    cells, known = snapshot
    hidden = cells.filter((pl.col("state") == "suppressed") & (pl.col("level") == "country"))
    counts = read("survey_use").filter(pl.col("model").is_in(["ANY_CN_OPEN", "ANY_US_OPEN"]))
    published = {}
    for region, users in counts.select("region_id", "users").iter_rows():
        published.setdefault(region, set()).add(users)
    assert hidden.height
    for cell in hidden.iter_rows(named=True):
        found = {step.column: step for step in steps(cell, known)}
        assert not found.keys() & {"cn_share", "cn_share_low", "cn_share_high"}
        assert found.keys() >= {"bound_low", "bound_high"}
        assert None in published[cell["region_id"]]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_builders_recompute_whatever_was_chosen(counts):
    rows = []
    for place, (cn, us, unknown) in enumerate(counts):
        for origin, number in (("CN", cn), ("US", us), ("unknown", unknown)):
            rows += [
                {"organisation": f"{place} {origin} {one}", "model": "m", "origin": origin, "country": "KE"}
                for one in range(number)
            ]
    schema = {name: column.dtype for name, column in TABLES["adoption/builder_choices"].columns().items()}
    choices = pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema).with_columns(
        released_on=pl.date(2025, 3, 1), found_in=pl.lit("curated")
    )
    whole = {name: column.dtype for name, column in TABLES["adoption/estimates"].columns().items()}
    found = derivative_cells(choices) if rows else pl.DataFrame(schema=whole)
    cells = found.select(
        pl.col(name).cast(dtype) if name in found.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in whole.items()
    )
    known = inputs(cells, _empty("ingest/survey_use"), load_regions())
    for cell in cells.iter_rows(named=True):
        explained = steps(cell, known)
        assert {step.column for step in explained} >= ({"cn_share", "bound_low"} if cell["n"] else set())
        for step in explained:
            assert step.agrees
            assert calculate(step.numbers) == pytest.approx(step.shown, abs=TOLERANCE)


PEOPLE = [
    (40, ("NG", "NG-LA", "metro:lagos"), (CN,), 2024),
    (25, ("NG", "NG-LA", "metro:lagos"), (CN, US), 2025),
    (31, ("NG", "NG-KN", None), (US,), 2024),
    (17, ("NG", None, None), (CN,), 2025),
    (22, ("GH", None, None), (US,), 2025),
    (12, ("KE", None, None), (CN, US), 2024),
    (19, ("KE", None, None), (US,), 2025),
    (16, ("PE", "PE-LIM", "metro:lima"), (CN,), 2025),
    (30, (None, None, None), (CN, US), 2025),
]


@pytest.mark.parametrize("left_out", [1, 3, 6])
def test_people_located_by_profile_recompute_at_every_level(regions, left_out):
    groups = PEOPLE[:left_out] + PEOPLE[left_out + 1 :]
    nobody = Contributions.create_empty()
    located = located_cells(forks_of(groups), nobody, places_of(groups), TRACKED, regions)
    survey = read("survey_use")
    cells = estimate(
        survey,
        _empty("adoption/builder_choices"),
        _empty("ingest/package_downloads"),
        _empty("attribute/tracked_packages"),
        regions,
        denominators=read("denominators"),
        located=located,
    )
    known = inputs(cells, survey, regions)
    forks = cells.filter((pl.col("signal") == "fork") & pl.col("cn_share").is_not_null())
    found = [(cell, step) for cell in forks.iter_rows(named=True) for step in steps(cell, known)]
    assert {cell["level"] for cell, _ in found} >= {"world", "country", "admin1", "metro"}
    assert {step.column for _, step in found} >= {"cn_share", "cn_share_low", "cn_share_shrunk", "coverage"}
    for cell, step in found:
        assert step.agrees, (cell["region_id"], step)
        assert calculate(step.numbers) == pytest.approx(step.shown, abs=10 * TOLERANCE), (cell["region_id"], step)
    Ledger(cells, TABLES["adoption/observations"].create_empty(), survey, regions, read_manifest()[1]).card("NG-LA")


def test_a_figure_that_is_not_the_formulas_is_told(snapshot, regions):
    cells, _ = snapshot
    kenya = (pl.col("signal") == "survey_use") & (pl.col("region_id") == "KE")
    wrong = cells.with_columns(cn_share=pl.when(kenya).then(pl.col("cn_share") + 0.01).otherwise("cn_share"))
    known = inputs(wrong, read("survey_use"), regions, only=["KE"])
    cell = wrong.filter(kenya).row(0, named=True)
    assert "cn_share" in {step.column for step in steps(cell, known) if not step.agrees}


def test_agreement_is_within_the_digits_shown():
    near = Step(column="c", formula="f", numbers="n", result=0.5, shown=float(np.nextafter(0.5, 1)))
    far = Step(column="c", formula="f", numbers="n", result=0.5, shown=0.5001)
    assert near.agrees
    assert not far.agrees
