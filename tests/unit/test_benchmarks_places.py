"""The benchmark of the geocoder: its rates by hand on a few invented texts, and texts that grow the same every time."""

import importlib.util
from pathlib import Path

import polars as pl
import pytest

PROJECT = Path(__file__).parents[2]

LABELLED = """location,country,admin1,city,kind,note,alt,city_geonameid,stratum,weight
"Exampletown, NA",NA,NA-KH|NA-ER,Éxample Town,plain,,,11,list,1
Elsewhere,DE,DE-BE,Elsewhere,plain,,AT,22,list,1
Lost,FR,,,plain,,,,list,1
Wrongville,IT,IT-25,Wrongville,plain,,,33,list,1
Twinford,,,,ambiguous,,US AU,,list,1
Tripleford,,,,ambiguous,,US AU,,list,1
the void,,,,junk,,,,list,1
the abyss,,,,junk,,,,list,1
constructed,,,,junk,,,,probe,1
"""
ANSWERS = [
    ("Exampletown, NA", "NA", "NA-ER", "example  town", None, 0.9),
    ("Elsewhere", "AT", "AT-9", "Elsewhere", 22, 0.9),  # right by alt, but its city is in another country
    ("Lost", None, None, None, None, None),
    ("Wrongville", "ES", "IT-25", None, 33, 0.9),
    ("Twinford", "AU", None, None, None, 0.6),
    ("Tripleford", None, None, None, None, None),
    ("the void", None, None, None, None, None),
    ("the abyss", "US", None, None, None, 0.6),
    ("constructed", "US", None, None, None, 0.6),
]


@pytest.fixture(scope="module")
def places():
    spec = importlib.util.spec_from_file_location("benchmark_places", PROJECT / "benchmarks" / "places.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def labelled(places, tmp_path):
    path = tmp_path / "labelled.csv"
    path.write_text(LABELLED, encoding="utf-8")
    return places.read_labelled(path)


@pytest.fixture
def rows(places, labelled):
    return places.judged(labelled, pl.DataFrame(ANSWERS, schema=places.ANSWER, orient="row"))


def test_rates_are_those_by_hand(places, rows):
    assert rows.height == 8
    assert places.rates(rows) == pytest.approx(
        {
            "accuracy": 2 / 4,
            "wrong": 2 / 8,
            "precision": 3 / 5,
            "junk_fp": 1 / 2,
            "abstain_f1": 2 / (2 + 1 + 1),
            "net3": (2 + 1 - 3 * 2) / 6,
            "admin1_recall": 2 / 3,
            "admin1_precision": 2 / 3,
            "city_recall": 1 / 3,
            "city_precision": 1 / 3,
        }
    )


def test_a_geocoder_that_never_answers(places, labelled):
    silent = pl.DataFrame(schema=places.ANSWER)
    found = places.rates(places.judged(labelled, silent))
    assert (found["accuracy"], found["wrong"], found["precision"], found["city_recall"]) == (0, 0, None, None)
    assert found["abstain_f1"] == pytest.approx(4 / 8)
    assert places.calibration_error(places.judged(labelled, silent)) is None


def test_calibration_error_is_that_by_hand(places, rows):
    # Five answers of confidence 0.9, 0.9, 0.9, 0.6, 0.6, three of them right.
    one_bin = places.calibration_error(rows, bins=1)
    assert one_bin == pytest.approx(abs((3 * 0.9 + 2 * 0.6) / 5 - 3 / 5))
    assert places.calibration_error(rows, bins=10) >= one_bin


def test_texts_grow_distinct_and_the_same_every_time(places):
    texts = ["Aville, Bland", "Ctown, Dregion, Eland", "Fcity"]
    grown = places.grown(texts, 40)
    assert grown == places.grown(texts, 40)
    assert len(set(grown)) == len(grown) == 40
    assert grown[:3] == texts
    assert {part for text in grown for part in text.split(", ")} <= {
        "Aville",
        "Bland",
        "Ctown",
        "Dregion",
        "Eland",
        "Fcity",
    }
    assert places.grown(texts, 2) == texts[:2]
    assert places.grown([","], 5) == [","]


def test_drawn_rows_repeat_few_texts_often(places):
    texts = [f"text {number}" for number in range(50)]
    drawn = places.drawn(texts, 5000)
    assert drawn.to_list() == places.drawn(texts, 5000).to_list()
    assert set(drawn) <= set(texts)
    assert drawn.value_counts()["count"].max() > 5 * 5000 / 50


def test_table_has_a_column_per_geocoder(places):
    lines = places.printed({"one": {"accuracy": 0.5, "distinct_per_second": 1234.5}, "two": {}}).splitlines()
    assert lines[0].split() == ["one", "two"]
    assert lines[1].split()[-2:] == ["50.0", "–"]
    assert "1,234" in "".join(lines)
