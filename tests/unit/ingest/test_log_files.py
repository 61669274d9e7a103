"""Which files a path, a folder, a pattern or a URL means."""

import gzip
import http.server
import os
import re
import subprocess
import sys
import threading
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import pytest

from assets.ingest.log_files import COLUMNS, LogError, find_files, scan


@pytest.fixture
def log():
    return pl.DataFrame([dict.fromkeys(COLUMNS, "x")])


@pytest.fixture
def folder(tmp_path, log):
    (tmp_path / "deep").mkdir()
    log.write_csv(tmp_path / "a.csv")
    log.write_parquet(tmp_path / "deep" / "b.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".c.csv.crc").touch()
    return tmp_path


def names(found):
    return [file.path.rpartition("/")[2] for file in found]


def test_a_folder_is_all_files_below_it(folder):
    assert names(find_files([str(folder)])) == ["a.csv", "b.parquet"]


def test_a_pattern_is_what_it_matches(folder):
    assert names(find_files([str(folder / "**" / "*.parquet")])) == ["b.parquet"]


def test_a_file_named_in_several_ways_is_one(folder):
    assert names(find_files([str(folder), str(folder / "a.csv"), str(folder / "deep" / ".." / "a.csv")])) == [
        "a.csv",
        "b.parquet",
    ]


def test_what_looks_like_a_pattern_may_be_a_file(tmp_path, log):
    log.write_parquet(tmp_path / "log[1].parquet")
    (file,) = find_files([str(tmp_path / "log[1].parquet")])
    assert scan(file).select(COLUMNS).collect().equals(log)


@pytest.mark.parametrize("place", ["nowhere.csv", "nowhere/*.csv", "empty"])
def test_nothing_there_is_an_error(tmp_path, place):
    (tmp_path / "empty").mkdir()
    with pytest.raises(LogError, match="there is no such file"):
        find_files([str(tmp_path / place)])


def test_a_file_of_another_kind_is_an_error(folder):
    (folder / "notes.txt").touch()
    with pytest.raises(LogError, match=r"notes\.txt: a log is a file that ends in \.csv"):
        find_files([str(folder)])


def test_a_url_needs_a_suffix():
    with pytest.raises(LogError, match=r"s3://bucket/logs/\*\.parquet"):
        find_files(["s3://bucket/logs"])


class Store(http.server.BaseHTTPRequestHandler):
    """Serves the parts of files that are asked for, and lists the bucket ``logs``, as object stores do."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        asked_for = urlsplit(self.path)
        query = dict(parse_qsl(asked_for.query, keep_blank_values=True))
        path = self.server.folder / asked_for.path.removeprefix("/logs").strip("/")
        content = self.listed(query.get("prefix", "")) if "list-type" in query else b""
        if path.is_file():
            content = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        first, last = 0, len(content) - 1
        if asked and asked[1]:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
        elif asked:
            first = max(len(content) - int(asked[2]), 0)
        self.send_response(404 if not content else 206 if asked else 200)
        self.send_header("Content-Length", str(last + 1 - first))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Last-Modified", "Wed, 25 Nov 2026 00:00:00 GMT")
        self.send_header("ETag", '"one"')
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[first : last + 1])

    def listed(self, prefix):
        names = sorted(path.name for path in self.server.folder.iterdir() if path.name.startswith(prefix))
        rows = "".join(
            f"<Contents><Key>{name}</Key><Size>{(self.server.folder / name).stat().st_size}</Size>"
            "<LastModified>2026-11-25T00:00:00.000Z</LastModified><ETag>one</ETag></Contents>"
            for name in names
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()

    def log_message(self, *_):
        pass


@pytest.fixture
def store(folder):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        server.folder = folder
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


READ = """
import sys
from assets.ingest.log_files import COLUMNS, LogError, find_files, scan
url, target = sys.argv[1:]
try:
    (file,) = find_files([url])
    scan(file).select(COLUMNS).collect().write_parquet(target)
except LogError as error:
    sys.exit(str(error))
"""


def read(url, target, **environment):
    """Read what is behind a URL in a process of its own, as a run of Dagster does.

    Once polars has asked a store, it reads the environment ten times a second for as long as the process lives; tests
    change the environment all the time, and the C library does not protect one from the other.
    """
    command = [sys.executable, "-c", READ, url, str(target)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LogError(done.stderr)
    return pl.read_parquet(target)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_a_url_is_read_by_polars(folder, store, log, name, tmp_path_factory):
    log.write_parquet(folder / "a.parquet")
    (folder / "a.csv.gz").write_bytes(gzip.compress((folder / "a.csv").read_bytes()))
    assert read(f"{store}/{name}", tmp_path_factory.mktemp("read") / "read.parquet").equals(log)


@pytest.mark.parametrize("suffix", ["parquet", "csv.gz"])
def test_a_pattern_in_a_bucket_is_resolved_by_the_store(folder, store, log, tmp_path_factory, suffix):
    credentials = {
        "AWS_ENDPOINT_URL": store,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "anywhere",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }
    for part, month in ((log.head(1), "01"), (log.slice(1), "02")):
        part.write_parquet(folder / f"2026-{month}.parquet")
        (folder / f"2026-{month}.csv.gz").write_bytes(gzip.compress(part.write_csv().encode()))
    found = read(f"s3://logs/2026-*.{suffix}", tmp_path_factory.mktemp("read") / "read.parquet", **credentials)
    assert found.sort(COLUMNS).equals(log.sort(COLUMNS))


def test_a_url_with_nothing_behind_it_is_an_error(store, tmp_path):
    with pytest.raises(LogError, match="cannot be fetched; check the address"):
        read(f"{store}/nothing.parquet", tmp_path / "read.parquet")


@pytest.mark.parametrize(
    ("column", "dtype", "said"),
    [
        ("status", pl.Float64, "neither integers nor text"),
        ("timestamp", pl.Int64, "in UTC"),
        ("country", pl.Int8, "no"),
    ],
)
def test_columns_of_another_type_are_an_error(tmp_path, log, column, dtype, said):
    log.with_columns(pl.lit(1, dtype).alias(column)).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(LogError, match=f"column {column} holds .*{said}"):
        scan(find_files([str(tmp_path / "a.parquet")])[0])
