"""The reduction of donated logs, against a computation that one can read."""

import gzip
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.ingest import log_reduction
from assets.ingest.log_files import COLUMNS, LogError
from assets.ingest.log_reduction import reduce_logs
from assets.schemas.ingest import DownloadLogs

TODAY = date(2026, 9, 2)
COUNTRIES = {"NG", "ID", "SG", "NA"}
KINDS = {"model", "dataset", "space"}
METROS = {("NG", "Lagos"): "metro:lagos", ("ID", "Jakarta"): "metro:jakarta", ("ID", "West Java"): "ID-JB"}
ROW = dict(
    zip(COLUMNS, ("2026-08-01T10:00:00.000Z", "200", "GET", "lab/a", "model", None, "ip", "NG", "Lagos"), strict=True)
)


def region_of(country, region):
    country = (country or "").upper()
    if country not in COUNTRIES:
        return "ZZ", "ZZ-ZZ"
    return country, METROS.get((country, region), f"{country}-ZZ")


def places(pairs):
    found = [region_of(*pair) for pair in pairs.select("log_country", "log_region").rows()]
    return pairs.with_columns(
        pl.Series("country", [country for country, _ in found], pl.String),
        pl.Series("region_id", [region for _, region in found], pl.String),
    )


def write(path, rows):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    else:
        frame.write_csv(path)
    return path


def people(count, **changed):
    return [{**ROW, "hashedIp": f"person-{number}", **changed} for number in range(count)]


def reduced(*paths):
    return reduce_logs([str(path) for path in paths], places=places, today=TODAY)


def cell(found, region, span="day", **more):
    return found.table.filter(region_id=region, span=span, **more).select("requests", "downloads", "downloaders").row(0)


# By hand


def fate_of(row):
    try:
        day = datetime.fromisoformat(row["timestamp"]).date()
        status = int(row["status"])
    except (TypeError, ValueError):
        return "malformed", None, None
    legible = 100 <= status <= 599 and row["method"] and row["repoName"] and row["repoType"] in KINDS
    fates = (
        (not legible, "malformed"),
        (not date(2019, 1, 1) <= day <= TODAY + timedelta(days=1), "skewed"),
        (row["method"] not in {"GET", "HEAD"}, "other_method"),
        (not 200 <= status < 400, "failed"),
        (status in {301, 307, 308}, "forwarded"),
    )
    return next((fate for holds, fate in fates if holds), "counted"), day, status


def naive(rows):
    """Count cells row by row: requests, downloads, and the set of people."""
    fates = defaultdict(int)
    cells = defaultdict(lambda: [0, 0, set()])
    for row in rows:
        fate, day, status = fate_of(row)
        fates[fate] += 1
        if fate != "counted":
            continue
        country, region = region_of(row["country"], row["region"])
        person = ("user", row["hashedUserId"]) if row["hashedUserId"] else ("ip", row["hashedIp"])
        sent = row["method"] == "GET" and status in {200, 302, 303}
        took = row["method"] == "GET" and status in {200, 206, 302, 303}
        for span, period in (("day", day), ("month", day.replace(day=1))):
            for place in ((country, region), (country, country), ("world", "world")):
                counts = cells[row["repoName"], row["repoType"], span, period, *place]
                counts[0] += 1
                counts[1] += sent
                counts[2] |= {person} if took and person[1] else set()
    return fates, {key: (requests, sent, len(who)) for key, (requests, sent, who) in cells.items()}


ROWS = st.fixed_dictionaries(
    {
        "timestamp": st.sampled_from(
            [
                *("2026-08-01T23:59:59.999Z", "2026-08-02T00:00:00.000Z", "2026-07-31T12:00:00Z"),
                *("2027-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "yesterday", None),
            ]
        ),
        "status": st.sampled_from(["200", "206", "302", "304", "307", "404", "503", "x", "42", None]),
        "method": st.sampled_from(["GET", "GET", "HEAD", "POST", None]),
        "repoName": st.sampled_from(["lab/a", "lab/b", None]),
        "repoType": st.sampled_from(["model", "model", "dataset", "bucket", None]),
        "hashedUserId": st.sampled_from([None, None, "u1", "u2", "same"]),
        "hashedIp": st.sampled_from([None, "i1", "i2", "i3", "same"]),
        "country": st.sampled_from(["NG", "ID", "ng", "SG", "NA", "XX", None]),
        "region": st.sampled_from(["Lagos", "Jakarta", "West Java", "Elsewhere", None]),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=80), st.sampled_from([".csv", ".csv.gz", ".parquet"]))
def test_counts_are_those_of_a_loop_over_the_rows(tmp_path, rows, suffix):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_reduction, "MOST_MALFORMED", 1.0)
        patch.setattr(log_reduction, "MOST_AT_ONCE", 1)
        patch.setattr(log_reduction, "MOST_ROWS", 1)
        patch.setattr(log_reduction, "hide", lambda cells: cells.with_columns(suppressed=pl.lit(value=False)))
        patch.setattr(log_reduction, "validate", lambda frame, *_, **__: frame)
        found = reduced(write(tmp_path / f"log{suffix}", rows))
    fates, cells = naive(rows)
    assert {name: count for name, count in found.account.rows.items() if count} == dict(fates)
    assert found.account.total == len(rows)
    columns = ["repository", "repository_kind", "span", "period", "country", "region_id"]
    counts = found.table.select(pl.col(columns), "requests", "downloads", "downloaders").rows()
    assert {row[:6]: row[6:] for row in counts} == cells
    assert found.table.height == len(cells)


# Rules


@pytest.mark.parametrize(
    ("method", "status", "counts"),
    [
        ("GET", "200", (2, 2)),
        ("GET", "302", (2, 2)),
        ("GET", "206", (2, 1)),
        ("GET", "304", (2, 1)),
        ("HEAD", "200", (2, 1)),
        ("HEAD", "302", (2, 1)),
        ("GET", "307", (1, 1)),
        ("GET", "404", (1, 1)),
        ("POST", "200", (1, 1)),
    ],
)
def test_each_answer_counts_as_the_documentation_says(tmp_path, method, status, counts):
    rows = [*people(12), *people(12, method=method, status=status)]
    found = cell(reduced(write(tmp_path / "a.csv", rows)), "metro:lagos")
    assert found == (12 * counts[0], 12 * counts[1], 12)


def test_parts_make_a_downloader_and_checks_do_not(tmp_path):
    rows = [*people(12, status="206"), *people(30, method="HEAD")]
    assert cell(reduced(write(tmp_path / "a.csv", rows)), "metro:lagos") == (42, 0, 12)


def test_accounts_and_addresses_are_different_people(tmp_path):
    rows = [*people(12), *[{**row, "hashedUserId": row["hashedIp"], "hashedIp": None} for row in people(12)]]
    assert cell(reduced(write(tmp_path / "a.csv", rows)), "metro:lagos")[2] == 24


def test_rows_without_a_person_are_requests_of_nobody(tmp_path):
    found = reduced(write(tmp_path / "a.csv", [*people(12), *[{**ROW, "hashedIp": None}] * 5]))
    assert cell(found, "metro:lagos") == (17, 17, 12)
    assert found.account.nameless == 5


def test_somebody_who_comes_back_is_one_person_of_the_month(tmp_path):
    rows = [*people(12), *people(12, timestamp="2026-08-02T10:00:00.000Z")]
    found = reduced(write(tmp_path / "a.csv", rows))
    assert cell(found, "metro:lagos", "month") == (24, 24, 12)
    assert found.table.filter(span="day", region_id="metro:lagos").height == 2


def test_namibia_is_no_missing_value(tmp_path):
    found = reduced(write(tmp_path / "a.csv", people(12, country="NA", region=None)))
    assert cell(found, "NA") == (12, 12, 12)
    assert found.account.unplaced == 12


def test_fewer_than_ten_people_are_hidden(tmp_path):
    found = reduced(write(tmp_path / "a.csv", [*people(9), *people(50, country="ID", region="Jakarta")]))
    assert cell(found, "metro:lagos") == (None, None, None)
    assert found.table.filter(region_id="metro:lagos")["suppressed"].all()


def test_times_with_an_offset_count_in_greenwich(tmp_path):
    for number, (text, day) in enumerate(
        [
            ("2026-08-02T01:00:00+02:00", date(2026, 8, 1)),
            ("2026-08-02T01:00:00", date(2026, 8, 2)),
            ("2026-08-02 01:00:00.5", date(2026, 8, 2)),
        ]
    ):
        found = reduced(write(tmp_path / f"{number}.csv", people(12, timestamp=text)))
        assert set(found.table.filter(span="day")["period"]) == {day}


def test_parquet_may_hold_times_and_numbers(tmp_path):
    frame = pl.DataFrame(people(12)).with_columns(
        pl.datetime(2026, 8, 2, 1, time_zone="Asia/Jakarta").alias("timestamp"), pl.col("status").cast(pl.UInt16)
    )
    frame.with_columns(userAgent=pl.lit("curl")).write_parquet(tmp_path / "a.parquet")
    found = reduced(tmp_path / "a.parquet")
    assert set(found.table.filter(span="day")["period"]) == {date(2026, 8, 1)}


# Files that repeat each other


def test_a_file_given_twice_counts_once(tmp_path):
    first, again = write(tmp_path / "a.csv", people(12)), write(tmp_path / "b.csv.gz", people(12)[::-1])
    found = reduced(first, again, first)
    assert cell(found, "metro:lagos") == (12, 12, 12)
    assert (found.account.files, found.account.repeated, found.account.total) == (2, 12, 24)
    assert any("repeats row for row" in line for line in found.account.lines())


def test_overlapping_exports_count_their_common_days_once(tmp_path):
    days = [people(12, timestamp=f"2026-08-0{day}T10:00:00.000Z") for day in (1, 2, 3)]
    found = reduced(write(tmp_path / "a.csv", days[0] + days[1]), write(tmp_path / "b.parquet", days[1] + days[2]))
    assert cell(found, "metro:lagos", "month") == (36, 36, 12)
    assert found.account.repeated == 12


def test_parts_of_a_day_add_up_and_are_mentioned(tmp_path):
    found = reduced(write(tmp_path / "a.csv", people(12)), write(tmp_path / "b.csv", people(12, hashedUserId="x")))
    assert cell(found, "metro:lagos") == (24, 24, 13)
    assert found.account.shared_days == 1


# Same input, same bytes; nothing of people


def test_the_same_logs_give_the_same_bytes(tmp_path):
    rows = [
        row
        for region in ("Lagos", "Kano", None)
        for day in range(1, 29)
        for row in people(8 + day, region=region, timestamp=f"2026-08-{day:02}T10:00:00.000Z")
    ]
    half = write(tmp_path / "a.csv", rows[::2]), write(tmp_path / "b.parquet", rows[1::2])
    for number, paths in enumerate((half, half[::-1])):
        reduced(*paths).table.write_parquet(tmp_path / f"out{number}")
    assert (tmp_path / "out0").read_bytes() == (tmp_path / "out1").read_bytes()
    assert DownloadLogs.is_valid(pl.read_parquet(tmp_path / "out0"))


def test_not_even_temporary_files_hold_an_id(tmp_path, monkeypatch):
    held = tmp_path / "temporary"
    held.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(held))
    ids = [f"{number:064x}" for number in range(10**6, 10**6 + 40)]
    rows = [{**ROW, "hashedUserId" if number % 2 else "hashedIp": one} for number, one in enumerate(ids)]
    path = write(tmp_path / "a.csv", rows)
    seen = []

    def look(pairs):
        for file in (file for file in held.rglob("*") if file.is_file()):
            seen.append(file)
            written = file.read_bytes() + pl.read_parquet(file).write_csv().encode()
            assert not any(one.encode() in written for one in ids)
        return places(pairs)

    found = reduce_logs([str(path)], places=look, today=TODAY)
    assert seen
    assert not any(one in found.table.write_csv() for one in ids)
    assert list(held.iterdir()) == []


# Bad input


def _damaged(path: Path, change):
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("a.csv.gz", lambda content: content[:-9], "cut short"),
        ("a.csv.gz", lambda content: content[: len(content) // 2], "cut short"),
        ("a.csv.gz", lambda content: content[:-8] + b"\0\0\0\0" + content[-4:], "damaged"),
        ("a.csv", lambda _: b"", "empty"),
        ("a.csv", lambda content: content.splitlines()[0] + b"\n", "no row below the header"),
        ("a.csv", lambda content: content + b"a,b,c,d,e,f,person-secret,h,i,j\n", "more cells than the header"),
        ("a.csv", lambda content: content + b'"person-secret,200\n', "never closed"),
        ("a.csv", lambda content: content.replace(b"country", b"land"), "lacks the column"),
        ("a.csv", lambda _: b"repoType,repoName,total,timestamp,downloads\n", "daily breakdown"),
        ("a.csv", lambda content: content.replace(b"GET", b""), "no granular download log"),
        ("a.csv", lambda content: content.replace(b"Lagos", b"L\xe1gos"), "not UTF-8"),
        ("a.parquet", lambda content: content[:-20], "Parquet"),
        ("a.parquet", lambda _: b"PAR1", "Parquet"),
    ],
)
def test_bad_files_are_refused_by_name_without_quoting_anybody(tmp_path, name, change, said):
    path = _damaged(write(tmp_path / name, people(200)), change)
    with pytest.raises(LogError, match=said) as caught:
        reduced(path)
    assert str(path) in str(caught.value)
    assert "person-" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_few_unreadable_rows_are_counted_and_shown(tmp_path):
    found = reduced(write(tmp_path / "a.csv", [*people(500), {**ROW, "status": "OK"}]))
    assert found.account.rows["malformed"] == 1
    assert "1 without a readable time, status, method, repository or kind" in found.account.lines()


def test_a_wrong_clock_is_counted_and_shown(tmp_path):
    found = reduced(write(tmp_path / "a.csv", [*people(12), {**ROW, "timestamp": "2036-08-01T00:00:00.000Z"}]))
    assert found.account.rows["skewed"] == 1
    assert set(found.table["period"]) == {date(2026, 8, 1)}


def test_progress_goes_up_to_the_end(tmp_path):
    steps = []
    paths = [write(tmp_path / name, people(3000)) for name in ("a.csv", "b.csv.gz", "c.parquet")]
    reduce_logs([str(path) for path in paths], places=places, today=TODAY, tell=steps.append)
    assert steps[-1].rows == 9000
    assert steps[-1].share == pytest.approx(1.0)
    assert all(0 <= step.share <= 1 for step in steps)


def test_a_log_of_failures_alone_is_an_empty_table_with_an_account(tmp_path):
    found = reduced(write(tmp_path / "a.csv", people(12, status="503")))
    assert found.table.is_empty()
    assert (found.account.rows["failed"], found.account.total) == (12, 12)


def test_counts_do_not_depend_on_how_much_is_counted_at_once(tmp_path, monkeypatch):
    path = write(tmp_path / "a.parquet", [row for day in range(1, 9) for row in people(40 * day)])
    whole = reduced(path).table
    monkeypatch.setattr(log_reduction, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(log_reduction, "MOST_ROWS", 1)
    assert reduced(path).table.equals(whole)
