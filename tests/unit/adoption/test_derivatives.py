"""Regional builder choice: which models are choices, and how they are counted."""

from datetime import date

import polars as pl
import pytest

from assets.adoption.derivatives import builder_choices, derivative_observations
from assets.origins.registry import load_publishers
from assets.schemas import validate
from assets.schemas.adoption import Observations
from assets.schemas.tracked import BuilderChoices, Builders

DAY = date(2025, 3, 1)
MODELS = {"platform": pl.String, "account": pl.String, "model_id": pl.String, "created_on": pl.Date}
PARENTS = {"child_id": pl.String, "parent_id": pl.String, "relation": pl.String}
ORIGINS = {
    "platform": pl.String,
    "model_id": pl.String,
    "coding": pl.String,
    "origin": pl.String,
    "weight": pl.Float64,
}
NO_BUILDERS = pl.DataFrame(schema={name: column.dtype for name, column in Builders.columns().items()})


@pytest.fixture(scope="module")
def publishers():
    return load_publishers()


@pytest.fixture
def choices(publishers):
    """Choices of models given as child, parent, relation and origins of the child's weights."""

    def choices(*rows, builders=NO_BUILDERS, day=DAY):
        children = list(dict.fromkeys(child for child, *_ in rows))
        models = pl.DataFrame(
            [("huggingface", child.split("/")[0], child, day) for child in children], schema=MODELS, orient="row"
        ).with_columns(observed_on=pl.lit(date(2026, 8, 21)))
        parents = pl.DataFrame([row[:3] for row in rows], schema=PARENTS, orient="row")
        weights = {(child, origin) for child, *_, origins in rows for origin in origins.split()}
        origins = pl.DataFrame(
            [("huggingface", child, "weights", origin, 0.5) for child, origin in sorted(weights)],
            schema=ORIGINS,
            orient="row",
        )
        table = builder_choices(builders, models, parents, origins, publishers)
        return validate(table, BuilderChoices, where="test")

    return choices


def _builder(**changes):
    row = {
        "organisation": "Sarvam AI",
        "model": "Sarvam-M",
        "base_model": "Mistral Small",
        "country": "IN",
        "city": "Bengaluru",
        "metro": "metro:bengaluru",
        "base_organisation": "Mistral AI",
        "base_country": "FR",
        "base_origin": "other",
        "released_on": DAY,
        "date_basis": "release",
        "evidence_url": "https://example.org",
        "verified_on": DAY,
        "note": None,
    }
    return pl.DataFrame([row | changes], schema=NO_BUILDERS.schema)


def test_a_regional_organisation_that_builds_on_a_foreign_base_makes_a_choice(choices):
    row = choices(("aisingapore/lion", "Qwen/Qwen3-8B", "finetune", "CN")).row(0, named=True)
    assert (row["organisation"], row["origin"], row["country"]) == ("AI Singapore", "CN", "SG")
    assert (row["city"], row["metro"], row["found_in"]) == ("Singapore", "metro:singapore", "lineage")


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(("deepseek-ai/a", "meta-llama/b", "finetune", "US"), id="at home in CN"),
        pytest.param(("nvidia/a", "Qwen/b", "finetune", "CN"), id="at home in US"),
        pytest.param(("bartowski/a", "Qwen/b", "finetune", "CN"), id="without a base"),
        pytest.param(("nobody/a", "Qwen/b", "finetune", "CN"), id="not in the registry"),
        pytest.param(("aisingapore/a", "Qwen/b", "quantized", "CN"), id="a conversion"),
        pytest.param(("mistralai/a", "mistralai/b", "finetune", "other"), id="on its own base"),
    ],
)
def test_what_is_no_choice(choices, row):
    assert choices(row).is_empty()


def test_a_base_of_nobody_known_is_a_choice_of_unknown_origin(choices):
    assert choices(("aisingapore/a", "someone/b", "finetune", "unknown"))["origin"].to_list() == ["unknown"]


def test_a_merge_of_both_sides_is_a_choice_of_both(choices):
    table = choices(("aisingapore/a", "Qwen/b", "merge", "CN US"), ("aisingapore/a", "google/c", "merge", "CN US"))
    assert table["origin"].to_list() == ["CN", "US"]


def test_the_home_is_that_of_the_day(choices):
    row = ("jinaai/a", "Qwen/b", "finetune", "CN")
    assert choices(row, day=date(2025, 10, 8))["country"].to_list() == ["DE"]
    assert choices(row, day=date(2025, 10, 9)).is_empty()


def test_one_model_in_table_and_lineage_is_one_choice(choices):
    table = choices(("sarvamai/sarvam-m", "mistralai/b", "finetune", "other"), builders=_builder())
    assert table.select("model", "found_in").rows() == [("Sarvam-M", "curated")]


def test_organisations_are_counted_once_and_models_beside_them(choices):
    rows = derivative_observations(
        choices(
            ("aisingapore/a", "Qwen/b", "finetune", "CN"),
            ("aisingapore/c", "Qwen/b", "finetune", "CN"),
            ("sail/d", "Qwen/b", "finetune", "CN"),
            ("aisingapore/e", "google/b", "finetune", "US"),
        )
    )
    validate(rows, Observations, where="test")
    metro = rows.filter(region_id="metro:singapore").sort("origin")
    assert metro.select("origin", "n", "events", "state").rows() == [
        ("CN", 2.0, 3, "value"),
        ("US", 1.0, 1, "value"),
        ("other", 0.0, 0, "zero"),
        ("unknown", 0.0, 0, "zero"),
    ]
    assert rows.filter(region_id="SG").select("n", "events").rows() == metro.select("n", "events").rows()
    assert set(rows["evidence"]) == {"declared"}
    assert set(rows["counted"]) == {"organisations"}
    assert set(rows["period"]) == {date(2025, 1, 1)}


def test_an_organisation_without_a_metro_counts_for_its_economy_alone(choices):
    rows = derivative_observations(choices(("swiss-ai/a", "Qwen/b", "finetune", "CN")))
    assert set(rows["region_id"]) == {"CH"}


def test_years_are_apart():
    first, second = (_builder(model=f"M{day.year}", released_on=day) for day in (date(2024, 12, 31), date(2025, 1, 1)))
    columns = ["organisation", "model", "country", "city", "metro", "released_on"]
    table = pl.concat([first, second]).select(*columns, origin="base_origin", found_in=pl.lit("curated"))
    counts = derivative_observations(table).filter(origin="other", level="country")
    assert counts.select("period", "n").rows() == [(date(2024, 1, 1), 1.0), (date(2025, 1, 1), 1.0)]


def test_no_choices():
    schema = {name: column.dtype for name, column in BuilderChoices.columns().items()}
    assert derivative_observations(pl.DataFrame(schema=schema)).is_empty()
