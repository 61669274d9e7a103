"""Published figures beside ours: definitions on small worlds, and the figures that the snapshot must reproduce."""

from datetime import date

import polars as pl
import pytest

from assets.adoption.validations import (
    DEFINITIONS,
    READ_BACK,
    PublishedFigureError,
    Tables,
    ai_user_economies,
    ai_user_rank,
    ai_user_share,
    ai_user_share_of_all,
    first_year_downloads,
    github_developers,
    in_window,
    load_published,
    tracked_models,
    validations,
)
from assets.ingest import snapshot
from assets.ingest.standings import standings
from assets.origins.registry import load_publishers
from assets.publish.site import render_validation
from assets.run import Run
from assets.schemas import TABLES, validate
from assets.schemas.validations import Validations

DAY = date(2026, 5, 20)
ON_COUNTERS = {"first_year_downloads@1", "tracked_models@1", "in_window@1"}


def _table(name, rows=()):
    schema = {column: declared.dtype for column, declared in TABLES[name].columns().items()}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def _tables(*models, series=(), denominators=()):
    """Models as rows of account, origin, day of creation, downloads and task."""
    facts = {"platform": "huggingface", "observed_on": DAY, "source_id": "hub_stats_frozen", "removed": False}
    listed = [
        facts
        | {"model_id": f"{account}/{number}", "account": account, "created_on": created}
        | {"downloads_all_time": downloads, "task": task}
        for number, (account, _, created, downloads, task) in enumerate(models)
    ]
    origins = [
        {"platform": "huggingface", "model_id": f"{account}/{number}", "registry_since": date(2020, 1, 1)}
        | {"coding": "publisher", "origin": origin, "weight": 1.0}
        for number, (account, origin, *_) in enumerate(models)
    ]
    return Tables(
        denominators=_table("ingest/denominators", denominators),
        models=_table("ingest/models", listed),
        model_origins=_table("attribute/model_origins", origins),
        publishers=load_publishers(),
        world_series=_table("adoption/world_series", series),
    )


TEXT = "text-generation"


def test_the_first_year_counts_what_is_a_year_old_at_most():
    tables = _tables(
        ("Qwen", "CN", date(2025, 6, 1), 30, TEXT),
        ("meta-llama", "US", date(2026, 1, 1), 10, TEXT),
        ("meta-llama", "US", date(2025, 5, 19), 999, TEXT),
        ("mistralai", "other", date(2026, 1, 1), 500, TEXT),
    )
    found = first_year_downloads(tables, "")
    assert (found.value, found.as_of) == (0.75, DAY)


def test_tracked_models_are_labs_own_large_language_models_since_chatgpt():
    many = 200_000
    tables = _tables(
        ("Qwen", "CN", date(2024, 1, 1), many, TEXT),
        ("meta-llama", "US", date(2024, 1, 1), many, "image-text-to-text"),
        ("meta-llama", "US", date(2022, 11, 30), 9 * many, TEXT),
        ("meta-llama", "US", date(2024, 1, 1), 9 * many, "fill-mask"),
        ("meta-llama", "US", date(2024, 1, 1), 100_000, TEXT),
        ("unsloth", "US", date(2024, 1, 1), 9 * many, TEXT),
    )
    assert tracked_models(tables, "").value == 0.5


def test_what_a_run_cannot_compute_says_why():
    empty = _tables()
    for name, definition in DEFINITIONS.items():
        found = definition(empty, "NG")
        assert (found.value, bool(found.reason)) == (None, True), name
    frame = validate(validations(empty, load_published()), Validations, where="adoption/validations")
    assert set(frame["state"]) == {"not_observed"}
    assert frame["agrees"].null_count() == frame.height


def test_the_newest_window_and_the_newest_size_count():
    series = [
        {"platform": "huggingface", "definition": "in_window", "coding": "publisher", "period": day, "cn_share": share}
        for day, share in ((date(2026, 9, 1), 0.1), (DAY, 0.9))
    ]
    sizes = [
        {"measure": measure, "region_id": "NA", "period": day, "value": value}
        for measure in ("github_developers", "ai_user_share")
        for day, value in ((date(2025, 1, 1), 0.1), (date(2025, 7, 1), 0.3))
    ]
    tables = _tables(series=series, denominators=sizes)
    assert in_window(tables, "").value == 0.1
    assert github_developers(tables, "NA").value == ai_user_share(tables, "NA").value == 0.3


def test_the_snapshot_reproduces_what_it_rests_on():
    tables = Tables(
        denominators=snapshot.read("denominators"),
        models=_table("ingest/models"),
        model_origins=_table("attribute/model_origins"),
        publishers=load_publishers(),
        world_series=_table("adoption/world_series"),
    )
    frame = validations(tables, load_published()).filter("like_meets_like")
    assert frame.height >= 6
    assert frame["agrees"].all()
    # Agreement with the file that a figure was read from proves no arithmetic; these are counted and ranked by us.
    recomputed = frame.filter(made="recomputed")
    assert recomputed.select("figure", "ours").rows() == [("ai_diffusion_economies", 26), ("ai_diffusion_rank_us", 21)]
    assert set(frame.filter(made="read_back")["definition"]) == READ_BACK


def test_a_figure_of_the_world_needs_weights_and_says_so():
    sizes = [
        {"measure": measure, "region_id": region, "period": DAY, "value": value, "source_id": measure}
        for measure, values in (
            ("ai_user_share", {"NG": 0.1, "PE": 0.4, "ID": 0.3, "TW": 0.9}),
            ("population", {"NG": 300, "PE": 100}),
        )
        for region, value in values.items()
    ]
    older = [sizes[1] | {"period": date(2025, 1, 1), "value": 0.01}]
    tables = _tables(denominators=[*sizes, *older])
    assert ai_user_economies(tables, "").value == 2
    assert [ai_user_rank(tables, region).value for region in ("TW", "PE", "ID", "NG")] == [1, 2, 3, 4]
    assert ai_user_share_of_all(tables, "").value == pytest.approx((30 + 40) / 400)


def test_where_like_does_not_meet_like_the_difference_of_period_is_named():
    whys = {name: figure.why for name, figure in load_published().items() if figure.definition in ON_COUNTERS}
    assert len(whys) == len(ON_COUNTERS)
    assert all(why.startswith(("Another period", "Another day")) for why in whys.values())


def test_the_page_tells_what_was_read_back_from_what_was_recomputed():
    sizes = [{"measure": "github_developers", "region_id": "NG", "period": DAY, "value": 1566257.0}]
    sizes[0]["source_id"] = "innovation_graph"
    figures = {name: load_published()[name] for name in ("innovation_graph_ng", "ai_diffusion_rank_us")}
    shown = validations(_tables(denominators=sizes), figures)
    blank = [_table(f"adoption/{name}") for name in ("estimates", "world_series")]
    standing = standings(Run(mode="snapshot", store="", output=""))
    page = render_validation(shown, *blank, standing, boundaries="B.", run_mode="snapshot")
    assert "<td>read back</td>" in page
    assert (
        "0 of 2 figures can be recomputed, and like meets like in 0 of these; 1 are read back; 1 cannot be computed"
        in page
    )
    assert "GitHub Innovation Graph" in page[page.index("Figures: ") :]


def test_a_figure_that_is_off_is_told():
    figures = load_published()
    wrong = {"ng": figures["innovation_graph_ng"].model_copy(update={"published": 1.0})}
    sizes = [{"measure": "github_developers", "region_id": "NG", "period": DAY, "value": 2.0, "source_id": "x"}]
    row = validations(_tables(denominators=sizes), wrong).row(0, named=True)
    assert (row["agrees"], row["difference"]) == (False, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('definition = "github_developers@1"', 'definition = "github_developers@9"', "is none of"),
        ("tolerance = 0.0\n", "", "has a tolerance"),
        ('unit = "accounts"', 'unit = "people"', r"\[innovation_graph_us\]: unit"),
    ],
)
def test_a_wrong_register_names_figure_and_key(old, new, said):
    text = """[innovation_graph_us]
by = "b"
says = "s"
published = 1
unit = "accounts"
dated = 2026-03-26
seen = "file"
definition = "github_developers@1"
argument = "US"
like_meets_like = true
tolerance = 0.0
"""
    load_published(text)
    with pytest.raises(PublishedFigureError, match=said):
        load_published(text.replace(old, new))
