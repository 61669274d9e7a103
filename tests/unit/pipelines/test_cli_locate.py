"""``atlas locate``: the table on the terminal, and files that keep every cell while what was found is appended."""

import csv
import gzip
import io
import os
import subprocess
import sys
import types
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from rich.console import Console

from pipelines import cli
from pipelines.cli import tables
from pipelines.cli.locate import APPENDED, Meter, shown

PROJECT = Path(__file__).parents[3]
FOUND = {
    "country": pl.String,
    "admin1": pl.String,
    "city": pl.String,
    "city_geonameid": pl.Int64,
    "metro": pl.String,
    "level": pl.String,
    "confidence": pl.Float64,
    "reason": pl.String,
    "candidates": pl.List(pl.Struct({"country": pl.String, "weight": pl.Float64})),
}
LAGOS = ("NG", "NG-LA", "Lagos", 2332459, "metro:lagos", "city", 0.98765432, "city", [])
OPEN = (
    *(None,) * 7,
    "several places are called so",
    [{"country": "US", "weight": 0.6}, {"country": "AU", "weight": 0.4}],
)
SILENT = (*(None,) * 7, "no place is named", None)
FORMULA = ("NA", "=NA-KH", "@Windhoek", 3352136, None, "city", 0.5, "+a reason", [])


def geocode(texts):
    """Stand in for the geocoder: knows one city, one open name and one hostile answer."""
    assert texts.dtype == pl.String
    assert texts.null_count() == 0
    known = {"lagos": LAGOS, "springfield": OPEN, "formula": FORMULA}
    return pl.DataFrame([known.get(text.lower(), SILENT) for text in texts], schema=FOUND, orient="row")


@pytest.fixture(autouse=True, scope="module")
def geocoder():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "assets.places.locate", types.SimpleNamespace(locate=geocode))
        yield


@pytest.fixture
def atlas(capsys):
    def start(*arguments):
        code = cli.run(["locate", *map(str, arguments)])
        return code, *capsys.readouterr()

    return start


@pytest.fixture
def written(tmp_path):
    def write(content, name="in.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cells(path, **how):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), **how))


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir())


# The table


def test_table_says_what_was_found(atlas):
    code, out, err = atlas("Lagos", "Springfield", "in the cloud")
    assert (code, err) == (0, "")
    head, *lines = [line.split("  ") for line in out.splitlines()]
    assert head[0].strip() == "location"
    lagos, springfield, cloud = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert lagos == ["Lagos", "NG Nigeria", "NG-LA", "Lagos", "metro:lagos", "98.8 %", "city", "–"]
    assert springfield[-2:] == ["several places are called so", "US 60 %, AU 40 %"]
    assert cloud == ["in the cloud", *["–"] * 5, "no place is named", "–"]


def test_candidates_show_only_where_a_text_is_open(atlas):
    assert "candidates" not in atlas("Lagos")[1]
    assert "candidates" in atlas("Springfield")[1]


def test_nothing_is_cut_off_without_a_terminal(atlas):
    long = "a very long location " * 40
    assert long.strip() in atlas(long)[1]


def test_location_may_begin_with_a_hyphen(atlas):
    code, out, _ = atlas("--", "-33.87, 151.21", "--output")
    assert code == 0
    assert "-33.87, 151.21" in out
    assert "--output" in out


def test_output_is_inert(atlas):
    code, out, _ = atlas("a\x1b[31mb\rc\nd\u202ee\u2066f\x9bg\u200bh", "[red]x[/]")
    assert code == 0
    assert r"a\x1b[31mb\rc\nd\u202ee\u2066f\x9bg\u200bh" in out
    assert "[red]x[/]" in out
    assert len(out.splitlines()) == 3


@given(st.text())
def test_shown_texts_move_nothing(text):
    assert shown(text).isascii() or not set(
        "\x1b\r\n\x00\x9b\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f\u061c"
    ) & set(shown(text))
    assert shown(shown(text)) == shown(text)


def test_flags_and_joiners_stay_what_they_are():
    england = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    for text in ("🇮🇩", england, "می\u200cخواهم", "👩\u200d💻"):
        assert shown(text) == text


def test_broken_bytes_of_the_command_line_are_no_error():
    script = (
        "import sys, types; sys.path.insert(0, sys.argv.pop(1)); import test_cli_locate as t; "
        "sys.modules['assets.places.locate'] = types.SimpleNamespace(locate=t.geocode); "
        "from pipelines.cli import run; sys.exit(run())"
    )
    arguments = [sys.executable, "-c", script, str(Path(__file__).parent), "locate", b"Lim\xe1", "Lagos 🇳🇬"]
    for encoding in ("utf-8", "ascii"):
        done = subprocess.run(
            arguments, cwd=PROJECT, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": encoding}
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert rb"Lim\xe1" in done.stdout


def test_terminal_shows_a_table_in_its_width(atlas, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    code, out, _ = atlas("Springfield")
    assert code == 0
    assert "───" in out
    monkeypatch.setenv("COLUMNS", "60")
    code, out, _ = atlas("Springfield", "Lagos")
    assert code == 0
    assert [" ".join(line.split()) for line in out.splitlines()][:4] == [
        "location Springfield",
        "reason several places are called so",
        "candidates US 60 %, AU 40 %",
        "",
    ]


# What the command refuses


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to locate"),
        (("Lagos", "--input", "x.csv"), "give locations or --input, not both"),
        (("--input", "x.csv"), "--input and --output go together"),
        (("--output", "x.csv"), "--input and --output go together"),
        (("--input", "absent.csv", "--output", "x.csv"), "absent.csv: no such file"),
        (("--input", "in.csv", "--output", "x.xlsx"), "x.xlsx: the suffix is none of .csv, .csv.gz"),
        (("--input", "in.txt", "--output", "x.csv"), "in.txt: the suffix is none of"),
        (("--input", "in.csv", "--output", "absent/x.csv"), "absent/x.csv: the folder absent does not exist"),
        (("--input", "in.csv", "--output", "./in.csv"), "./in.csv: is the input as well"),
        (("--input", "in.csv", "--output", "link.csv"), "link.csv: is the input as well"),
        (("--input", "folder.csv", "--output", "x.csv"), "folder.csv: is a folder"),
        (("--input", "in.csv", "--output", "folder.csv"), "folder.csv: is there and no regular file"),
        (("--input", "in.csv", "--output", os.devnull, "--format", "csv"), "is there and no regular file"),
        (("--input", "in.parquet", "--output", "x.csv", "--encoding", "cp1252"), "--encoding is for CSV"),
        (("--input", "in.csv", "--output", "x.csv", "--format", "xml"), "Invalid value for '--format'"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(atlas, written, here, arguments, said):
    written("location\nLagos\n")
    written("location\n", "in.txt")
    written("PAR1", "in.parquet")
    (here / "folder.csv").mkdir()
    (here / "link.csv").symlink_to("in.csv")
    before = left_behind(here)
    code, out, err = atlas(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert left_behind(here) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "in.csv: the first line is empty"),
        (b"\n\n", "in.csv: the first line is empty"),
        (b"name,place\na,b\n", "in.csv: there is no column called 'location'; name one with --column: name, place"),
        (b"location,location\na,b\n", "in.csv: there are several columns called 'location'"),
        (b"location,country,reason\na,b,c\n", "in.csv: has columns that would be appended: country, reason; rename"),
        (b"location,b\nx,y\n1,2,3\n", "in.csv: line 3: 3 cells, but the header names 2; put quotes around"),
        (b'location,b\nx,"y\nz"\n1,2,3\n', "in.csv: line 4: 3 cells"),
        (b'location,b\n5" x,y\n1,2,3\n', "in.csv: line 3: 3 cells"),
        (
            b"location,b\nS\xe3o Paulo,y\n",
            "in.csv: line 2, byte 12: 0xe3 is no utf-8 (invalid continuation byte); name",
        ),
        (b"location,b\n\xe2\x82", "in.csv: line 2, byte 11: 0xe2 is no utf-8 (unexpected end of data)"),
        (b"\xff\xfel\x00o\x00", "in.csv: line 1, byte 0: 0xff is no utf-8"),
        (b"location,b\rLagos,c\r", "in.csv: lines end in lone carriage returns"),
    ],
)
def test_wrong_data_is_one_line_and_code_1_and_nothing_is_written(atlas, written, tmp_path, content, said):
    target = tmp_path / "out.csv"
    target.write_text("of yesterday")
    code, out, err = atlas("--input", written(content), "--output", target)
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("\n") == 1
    assert target.read_text() == "of yesterday"
    assert left_behind(tmp_path) == ["in.csv", "out.csv"]


def test_an_error_of_the_geocoder_leaves_nothing_behind(written, tmp_path, monkeypatch):
    def broken(_):
        raise KeyError("bug")

    monkeypatch.setitem(sys.modules, "assets.places.locate", types.SimpleNamespace(locate=broken))
    for name in ("out.csv", "out.csv.gz", "out.parquet"):
        with pytest.raises(KeyError):
            cli.run(["locate", "--input", str(written("location\nLagos\n")), "--output", str(tmp_path / name)])
    assert left_behind(tmp_path) == ["in.csv"]


def test_broken_gzip_and_parquet_are_one_line(atlas, written, tmp_path):
    good = gzip.compress(b"location\n" + b"Lagos\n" * 1000)
    for name, content, said in (
        ("a.csv.gz", b"location\nLagos\n", "a.csv.gz: cannot be read after byte 0: Not a gzipped file"),
        ("b.csv.gz", good[:-9], "b.csv.gz: cannot be read after byte"),
        ("c.parquet", b"location\nLagos\n", "c.parquet: cannot be read as Parquet"),
        ("d.parquet", b"", "d.parquet: cannot be read as Parquet"),
    ):
        code, _, err = atlas("--input", written(content, name), "--output", tmp_path / "out.csv")
        assert code == 1
        assert said in err
        assert err.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_unknown_encoding_is_one_line(atlas, written, tmp_path):
    code, _, err = atlas(
        "--input", written("location\nx\n"), "--output", tmp_path / "out.csv", "--encoding", "latin-99"
    )
    assert code == 1
    assert "--encoding latin-99 is not known" in err


# What the command keeps


def test_columns_are_appended_and_counted(atlas, written, tmp_path):
    source = written("id,location,note\n1,Lagos,NA\n2,Springfield,\n3,nowhere,007\n4,Lagos,null\n")
    code, out, err = atlas("--input", source, "--output", tmp_path / "out.csv")
    assert (code, out) == (0, "")
    assert err == "4 rows: 2 (50.0 %) located, 1 (25.0 %) abstained, 1 (25.0 %) open.\n"
    lagos = ["NG", "NG-LA", "Lagos", "2332459", "metro:lagos", "0.9877", "city"]
    assert cells(tmp_path / "out.csv") == [
        ["id", "location", "note", *APPENDED],
        ["1", "Lagos", "NA", *lagos],
        ["2", "Springfield", "", *[""] * 6, "several places are called so"],
        ["3", "nowhere", "007", *[""] * 6, "no place is named"],
        ["4", "Lagos", "null", *lagos],
    ]


def test_namibia_is_no_missing_value_and_nothing_appended_is_a_formula(atlas, written, tmp_path):
    atlas("--input", written("location,x\nformula,=1+1\n"), "--output", tmp_path / "out.csv")
    assert cells(tmp_path / "out.csv")[1] == [
        *("formula", "=1+1", "NA", "'=NA-KH", "'@Windhoek", "3352136", "", "0.5", "'+a reason")
    ]
    atlas("--input", tmp_path / "in.csv", "--output", tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet")["admin1"].to_list() == ["=NA-KH"]


def test_missing_and_empty_cells_stay_apart(atlas, written, tmp_path):
    atlas("--input", written('location,b,c\n"",,""\n,"",\n\nLagos\n'), "--output", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()[1:]
    assert [line.rpartition(",no")[0] for line in lines[:3]] == ['"",,"",,,,,,', ',"",,,,,,,', ",,,,,,,,"]
    assert lines[3].startswith("Lagos,,,NG,")


def test_quoted_lines_carriage_returns_and_marks_stay(atlas, written, tmp_path):
    content = b'\xef\xbb\xbfid,"loc\nation"\r\n"a\nb","Lagos"\r\n"c\r\nd",x\r\n'
    atlas("--input", written(content), "--column", "loc\nation", "--output", tmp_path / "out.csv")
    done = (tmp_path / "out.csv").read_bytes()
    assert done.startswith(b'\xef\xbb\xbfid,"loc\nation",country,')
    assert done.count(b"\r\n") == 4
    assert b'"a\nb",Lagos,NG,' in done
    assert [row[0] for row in cells(tmp_path / "out.csv")] == ["id", "a\nb", "c\r\nd"]


@pytest.mark.parametrize(
    "content",
    [
        b'id,location\n5" disk,Lagos\n"x" y,Lagos\n7,"Lagos"\n',
        b'id,location\n"a""b",Lagos\n5",Lagos\n',
        b'id,location\na,Lagos\nb,"Lagos',
    ],
)
def test_misplaced_quotes_are_read_leniently(atlas, written, tmp_path, content):
    code, _, _ = atlas("--input", written(content), "--output", tmp_path / "out.csv")
    assert code == 0
    expected = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert [row[:2] for row in cells(tmp_path / "out.csv")] == expected


def test_header_may_repeat_names_other_than_the_location(atlas, written, tmp_path):
    source = written("x,x,location\n1,2,Lagos\n")
    assert atlas("--input", source, "--output", tmp_path / "out.csv")[0] == 0
    assert [row[:3] for row in cells(tmp_path / "out.csv")] == [["x", "x", "location"], ["1", "2", "Lagos"]]
    code, _, err = atlas("--input", source, "--output", tmp_path / "out.parquet")
    assert code == 1
    assert "Parquet cannot hold two columns with one name: x" in err


def test_table_without_rows_gets_its_columns(atlas, written, tmp_path):
    for name in ("out.csv", "out.parquet"):
        code, _, err = atlas("--input", written("location"), "--output", tmp_path / name)
        assert (code, err) == (0, "0 rows: 0 located, 0 abstained, 0 open.\n")
    assert cells(tmp_path / "out.csv") == [["location", *APPENDED]]
    assert pl.read_parquet(tmp_path / "out.parquet").schema == {
        "location": pl.String,
        **{name: FOUND[name] for name in APPENDED},
    }
    atlas("--input", tmp_path / "out.parquet", "--output", tmp_path / "again.csv")


def test_other_encodings_are_read(atlas, written, tmp_path):
    target = tmp_path / "out.csv"
    for encoding in ("cp1252", "utf-16", "utf8-lossy"):
        source = written("location,b\nSão Paulo,é\n".encode("cp1252" if encoding == "utf8-lossy" else encoding))
        code, _, _ = atlas("--input", source, "--output", target, "--encoding", encoding)
        assert code == 0
        assert cells(target)[1][:2] == (
            ["S\ufffdo Paulo", "\ufffd"] if encoding == "utf8-lossy" else ["São Paulo", "é"]
        )


def test_gzip_and_tabs_are_read_and_written(atlas, written, tmp_path):
    source = written(gzip.compress(b'location\tb\nLagos\t"x\ty"\n"Lagos, NG"\tz\n'), "in.tsv.gz")
    assert atlas("--input", source, "--output", tmp_path / "out.csv.gz")[0] == 0
    text = gzip.decompress((tmp_path / "out.csv.gz").read_bytes()).decode()
    assert text.splitlines()[1].startswith("Lagos,x\ty,NG,NG-LA,")
    assert text.splitlines()[2].startswith('"Lagos, NG",z,')
    assert atlas("--input", source, "--output", tmp_path / "out.tsv")[0] == 0
    assert cells(tmp_path / "out.tsv", delimiter="\t")[1][:3] == ["Lagos", "x\ty", "NG"]


def test_parquet_keeps_types_order_and_nulls(atlas, tmp_path):
    frame = pl.DataFrame(
        {
            "n": [3, None, 1],
            "location": ["Lagos", None, ""],
            "list": [[1], [], None],
            "day": pl.Series(["2026-01-01", None, "2026-01-02"]).str.to_date(),
        }
    )
    frame.write_parquet(tmp_path / "in[1]*.parquet")
    code, _, err = atlas("--input", tmp_path / "in[1]*.parquet", "--output", tmp_path / "out.parquet")
    assert code == 0, err
    done = pl.read_parquet(tmp_path / "out.parquet")
    assert_frame_equal(done.select(frame.columns), frame)
    assert done.columns == [*frame.columns, *APPENDED]
    assert done["city_geonameid"].to_list() == [2332459, None, None]
    code, _, err = atlas("--input", tmp_path / "in[1]*.parquet", "--output", tmp_path / "out.csv")
    assert code == 1
    assert "column 'list' holds List(Int64), which CSV cannot; write .parquet" in err
    code, _, err = atlas("--input", tmp_path / "in[1]*.parquet", "--output", tmp_path / "o.parquet", "--column", "n")
    assert code == 1
    assert "column 'n' holds Int64, no text" in err
    assert left_behind(tmp_path) == ["in[1]*.parquet", "out.parquet"]


def test_categories_count_as_text(atlas, tmp_path):
    pl.DataFrame({"location": pl.Series(["Lagos", None], dtype=pl.Categorical)}).write_parquet(tmp_path / "in.parquet")
    assert atlas("--input", tmp_path / "in.parquet", "--output", tmp_path / "out.csv")[0] == 0
    assert [row[1] for row in cells(tmp_path / "out.csv")] == ["country", "NG", ""]


class Stream(io.TextIOWrapper):
    def __init__(self, content=b""):
        super().__init__(io.BytesIO(content), encoding="utf-8", write_through=True)


def test_streams_are_read_and_written(atlas, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Stream(b"location\nLagos\n"))
    code, out, err = atlas("--input", "-", "--output", "-")
    assert code == 0
    assert out.splitlines()[1] == "Lagos,NG,NG-LA,Lagos,2332459,metro:lagos,0.9877,city"
    assert err.startswith("1 rows: ")
    pl.DataFrame({"location": ["Lagos"]}).write_parquet(tmp_path / "in.parquet")
    monkeypatch.setattr(sys, "stdin", Stream((tmp_path / "in.parquet").read_bytes()))
    written = Stream()
    monkeypatch.setattr(sys, "stdout", written)
    assert cli.run(["locate", "--input", "-", "--output", "-", "--format", "parquet"]) == 0
    assert pl.read_parquet(written.buffer.getvalue())["country"].to_list() == ["NG"]


def test_output_keeps_the_mode_of_the_file_it_replaces(atlas, written, tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("")
    target.chmod(0o640)
    atlas("--input", written("location\nLagos\n"), "--output", target)
    assert target.stat().st_mode & 0o777 == 0o640
    assert len(cells(target)) == 2


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "",
        "NA",
        "null",
        "=1",
        '"',
        '""',
        ",",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\x00",
        "\ufeff",
        "007",
        "Lagos",
        "1e5",
        "#",
        "\\",
    ]
)


def rendered(rows, *, quoting, end):
    """Return rows as CSV; the writer of Python 3.11 quotes carriage returns before the usual line end only."""
    text = io.StringIO(newline="")
    for row in rows:
        line = io.StringIO(newline="")
        csv.writer(line, quoting=quoting).writerow(row)
        text.write(line.getvalue().removesuffix("\r\n") + end)
    return text.getvalue()


@given(
    rows=st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), min_size=1, max_size=12)
    ),
    dialect=st.fixed_dictionaries(
        {"quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), "end": st.sampled_from(["\n", "\r\n"])}
    ),
    block=st.sampled_from([1, 7, 64, 1 << 24]),
    batch=st.sampled_from([1, 3, 250_000]),
)
def test_cells_rows_and_columns_are_kept(tmp_path_factory, rows, dialect, block, batch):
    first, *records = rows
    header = [f"{name}_" if name in {*APPENDED, "location"} else name for name in first[:-1]]
    header[0] = header[0].removeprefix("\ufeff")  # a byte order mark is no part of the first name
    source, target = (tmp_path_factory.mktemp("kept") / name for name in ("in.csv", "out.csv"))
    source.write_bytes(rendered([[*header, "location"], *records], **dialect).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_BYTES", block)
        patch.setattr(tables, "BATCH_ROWS", batch)
        assert cli.run(["locate", "--input", str(source), "--output", str(target)]) == 0
    done = cells(target)
    width = len(header) + 1
    assert [row[:width] for row in done] == [[*header, "location"], *records]
    assert {len(row) for row in done} == {width + len(APPENDED)}
    countries = {"lagos": "NG", "springfield": "", "formula": "NA"}
    assert [row[width] for row in done[1:]] == [countries.get(row[-1].lower(), "") for row in records]


# Progress


def meter(share, steps, *, terminal=False):
    ticks = iter([0.0, 0.0, *steps])
    console = Console(force_terminal=terminal, width=100, file=io.StringIO(), soft_wrap=True)
    with Meter(console, lambda: share, clock=lambda: next(ticks)) as one:
        for _ in steps:
            one.advance(250_000)
    return console.file.getvalue()


def test_short_input_shows_no_progress():
    assert meter(0.5, [1.0, 4.0]) == ""
    assert "rows" not in meter(0.5, [0.5, 1.5], terminal=True)


def test_progress_tells_rows_rate_and_time_left():
    assert meter(0.25, [5.0, 6.0, 10.0]).splitlines() == [
        "250,000 rows, 50,000 rows/s, 25 % read, 15 s left",
        "750,000 rows, 75,000 rows/s, 25 % read, 30 s left",
    ]
    assert meter(None, [5.0]) == "250,000 rows, 50,000 rows/s\n"
    assert "250,000 rows, 50,000 rows/s, 25 % read" in meter(0.25, [5.0], terminal=True)
