"""Licences: classes by rule, shares by origin, size and year, nothing lost on the way."""

from datetime import date
from importlib import resources

import polars as pl
import pytest

from assets.adoption.licences import LicenceError, licence_class, licence_table, licences, size_band
from assets.origins.registry import load_publishers
from assets.schemas import validate
from assets.schemas.exhibits import Licences
from assets.schemas.vocabulary import CODINGS

DAY = date(2026, 5, 20)


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("apache-2.0", "permissive"),
        ("MIT", "permissive"),
        ("cc-by-nc-4.0", "restricted"),
        ("openrail++", "restricted"),
        ("gpl-3.0", "restricted"),
        ("llama3.1", "custom"),
        ("other", "custom"),
        ("never-heard-of", "custom"),
        ("unknown", "undeclared"),
        (" ", "undeclared"),
        (None, "undeclared"),
    ],
)
def test_each_identifier_has_a_class(licence, said):
    frame = pl.DataFrame({"licence": [licence]}, schema={"licence": pl.String})
    assert frame.select(licence_class(pl.col("licence"))).item() == said


@pytest.mark.parametrize(
    ("parameters", "band"),
    [
        (None, "not_stated"),
        (0, "not_stated"),
        (999_999_999, "under_1b"),
        (1_000_000_000, "1b_to_7b"),
        (7_000_000_000, "7b_to_20b"),
        (20_000_000_000, "over_20b"),
    ],
)
def test_size_bands_include_their_lower_end(parameters, band):
    frame = pl.DataFrame({"parameters": [parameters]}, schema={"parameters": pl.Int64})
    assert frame.select(size_band(pl.col("parameters"))).item() == band


def _models(rows):
    columns = ["model_id", "account", "licence", "parameters", "created_on"]
    types = {"licence": pl.String, "parameters": pl.Int64, "created_on": pl.Date}
    return pl.DataFrame(rows, schema=columns, schema_overrides=types, orient="row").with_columns(
        platform=pl.lit("huggingface"), observed_on=pl.lit(DAY), source_id=pl.lit("hub_stats_frozen")
    )


def _table(rows, parts):
    publishers = load_publishers()
    changes = pl.concat([publishers["valid_from"], publishers["valid_to"].drop_nulls()])
    since = changes.filter(changes <= DAY).max()
    origins = pl.DataFrame(
        [
            ("huggingface", model, since, coding, origin, weight)
            for model, sides in parts.items()
            for coding in CODINGS
            for origin, weight in sides.items()
        ],
        schema=["platform", "model_id", "registry_since", "coding", "origin", "weight"],
        orient="row",
    ).with_columns(unreviewed_weight=pl.lit(0.0))
    return validate(licences(_models(rows), origins, publishers), Licences, where="test")


ROWS = [
    ("Qwen/a", "Qwen", "apache-2.0", 8_000_000_000, date(2025, 3, 1)),
    ("Qwen/b", "Qwen", "qwen", 72_000_000_000, date(2024, 3, 1)),
    ("u00001/merge", "u00001", None, None, None),
]
PARTS = {"Qwen/a": {"CN": 1.0}, "Qwen/b": {"CN": 1.0}, "u00001/merge": {"CN": 0.5, "US": 0.5}}


def _share(table, **cell):
    wanted = {"makers": "everyone", "coding": "publisher", "size_band": "all", "release_year": "all"} | cell
    rows = table.filter(**wanted)
    return dict(rows.select("licence_class", "share").iter_rows())


def test_shares_are_of_the_cell_and_merges_count_in_parts():
    table = _table(ROWS, PARTS)
    assert _share(table, origin="CN") == {
        "custom": pytest.approx(0.4),
        "permissive": pytest.approx(0.4),
        "restricted": 0,
        "undeclared": pytest.approx(0.2),
    }
    assert _share(table, origin="US")["undeclared"] == 1
    assert _share(table, origin="CN", makers="labs")["undeclared"] == 0
    assert _share(table, origin="CN", size_band="over_20b")["custom"] == 1
    assert _share(table, origin="CN", release_year="2025")["permissive"] == 1
    assert _share(table, origin="CN", release_year="not_stated", size_band="not_stated")["undeclared"] == 1


def test_margins_are_the_sums_of_their_cells():
    table = _table(ROWS, PARTS)
    inner = table.filter((pl.col("size_band") != "all") & (pl.col("release_year") != "all"))
    whole = table.filter(size_band="all", release_year="all")
    assert inner["models"].sum() == pytest.approx(whole["models"].sum())
    assert whole.filter(makers="everyone", coding="weights")["models"].sum() == pytest.approx(len(ROWS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("licence\nmit\n", "the columns are licence"),
        ("licence,licence_class\nmit,free\n", "mit: class 'free' is not one of"),
        ("licence,licence_class\nmit,\n", "mit: class None"),
        ("licence,licence_class\nmit,permissive\nmit,restricted\n", "mit stands there twice"),
    ],
)
def test_a_table_of_licences_that_contradicts_itself_is_refused(text, said):
    with pytest.raises(LicenceError, match=said):
        licence_table(text)


def test_the_table_that_ships_is_sorted_within_its_classes():
    rows = licence_table(resources.files("assets.adoption").joinpath("licences.csv").read_text(encoding="utf-8"))
    assert rows.equals(
        rows.sort(pl.col("licence_class").replace_strict({"permissive": 0, "restricted": 1}, default=2), "licence")
    )
