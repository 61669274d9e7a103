"""Tables of other people's models: their files in, the origin of every model out.

Here: reading and checking the files, writing the result in portions, so that millions of models need little memory.
Not here: the origins (`codings.py`), the tables of the pipeline (`assets/schemas`).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from assets.origins.codings import RELATION_ORDER, Attribution, attribute
from assets.origins.dated import HUB
from assets.origins.evidence import METHODS
from assets.schemas.vocabulary import CODINGS, ORIGINS, PLATFORMS, RELATIONS

PORTION: Final = 250_000
"""Models that are written at once."""

MODELS: Final[Mapping[str, str]] = {
    "model_id": "account and name, once a platform",
    "platform": f"{' or '.join(PLATFORMS)} (optional; {HUB} by default)",
    "account": "who uploads it (optional; what stands before the slash by default)",
    "architecture": "class name in config.json (optional)",
}
"""Columns of the table of models and what they hold."""

PARENTS: Final[Mapping[str, str]] = {
    "child_id": "model that declares a base",
    "parent_id": "the base as declared; may be missing elsewhere, or a local path",
    "relation": f"{', '.join(RELATIONS)} (optional)",
}
"""Columns of the table of parents and what they hold."""

OUTPUT: Final = pl.Schema(
    {
        "platform": pl.Enum(PLATFORMS),
        "model_id": pl.String(),
        "coding": pl.Enum(CODINGS),
        "country": pl.Categorical(),
        "origin": pl.Enum(ORIGINS),
        "weight": pl.Float64(),
        "unreviewed_weight": pl.Float64(),
        "family": pl.Categorical(),
        "relation": pl.Enum(RELATIONS),
        "method": METHODS,
        "root_method": METHODS,
        "depth": pl.Int32(),
    }
)
"""Columns of the result; the data dictionary describes them under attribute/model_origins."""

READERS: Final[Mapping[str, Callable[[Path], pl.LazyFrame]]] = {
    ".parquet": pl.scan_parquet,
    ".csv": lambda path: pl.scan_csv(path, infer_schema=False, null_values=[""]),
}


class OriginTableError(ValueError):
    """A file cannot be read or written as a table of models; the message names file, column, value and remedy."""


def _scan(path: Path, columns: Mapping[str, str], needed: tuple[str, ...]) -> pl.LazyFrame:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise OriginTableError(f"{path}: a file whose name ends in {' or '.join(READERS)} is expected.")
    if not path.is_file():
        raise OriginTableError(f"{path}: no such file.")
    try:
        frame = reader(path)
        found = frame.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise OriginTableError(f"{path}: the file is damaged or no {path.suffix} file ({error}).") from error
    missing = [name for name in needed if name not in found]
    if missing:
        meaning = "; ".join(f"{name}: {columns[name]}" for name in missing)
        raise OriginTableError(
            f"{path}: lacks the column(s) {', '.join(missing)} ({meaning}); it has {', '.join(found) or 'none'}."
        )
    wrong = [name for name in columns if name in found and found[name] not in {pl.String, pl.Categorical, pl.Enum}]
    if wrong:
        raise OriginTableError(f"{path}: column {wrong[0]} is {found[wrong[0]]}; text is expected.")
    return frame.select([name for name in columns if name in found])


def _worded(path: Path, frame: pl.LazyFrame, column: str, words: tuple[str, ...], default: str) -> pl.LazyFrame:
    """Return the frame with a column of given words, in small codes; the default where it is absent or null."""
    kind = pl.Enum(words)
    if column not in frame.collect_schema():
        return frame.with_columns(pl.lit(default, kind).alias(column))
    strange = frame.select(pl.col(column).cast(pl.String).unique()).filter(~pl.col(column).is_in(words)).collect()
    if strange.height:
        raise OriginTableError(f"{path}: {column} {strange[column][0]!r} is not one of {', '.join(words)}.")
    return frame.with_columns(pl.col(column).cast(pl.String).cast(kind).fill_null(pl.lit(default, kind)))


def _read(path: Path, frame: pl.LazyFrame, ids: tuple[str, ...]) -> pl.DataFrame:
    try:
        table = frame.collect(engine="streaming").rechunk()
    except pl.exceptions.PolarsError as error:
        raise OriginTableError(f"{path}: the file is damaged ({error}).") from error
    for column in ids:
        if empty := table[column].null_count():
            raise OriginTableError(f"{path}: {column} is empty in {empty} row(s); remove them.")
    return table


def read_models(path: Path) -> pl.DataFrame:
    """Return a table of models, with the columns of ``MODELS`` that it has and ``platform``.

    Raises:
        OriginTableError: The file is absent, damaged, of another kind, or lacks ``model_id``; an id is empty.
    """
    frame = _worded(path, _scan(path, MODELS, ("model_id",)), "platform", PLATFORMS, HUB)
    return _read(path, frame.cast({"model_id": pl.String}), ("model_id",))


def read_parents(path: Path) -> pl.DataFrame:
    """Return a table of parents: ``child_id``, ``parent_id``, ``relation``.

    Raises:
        OriginTableError: The file is absent, damaged, of another kind, or lacks an id column; an id is empty; a
            relation is unknown.
    """
    ends = ("child_id", "parent_id")
    frame = _worded(path, _scan(path, PARENTS, ends), "relation", RELATION_ORDER, "unspecified")
    return _read(path, frame.cast(dict.fromkeys(ends, pl.String)), ends)


def _portions(models: pl.DataFrame, found: Attribution) -> Iterator[pl.DataFrame]:
    for coding in CODINGS:
        for first in range(0, models.height, PORTION):
            count = min(PORTION, models.height - first)
            rows = found.rows(coding, first=first, count=count)
            listed = models.select("platform", "model_id")[rows["index"].to_numpy()]
            yield pl.concat([listed, rows.drop("index")], how="horizontal").select(
                pl.col(name).cast(kind) for name, kind in OUTPUT.items()
            )


def write_origins(
    models: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame, output: Path, *, day: date
) -> int:
    """Write the origin of every listed model, one row per model × coding × country, sorted by coding, then as listed.

    Args:
        models: As ``read_models`` returns it.
        parents: As ``read_parents`` returns it.
        publishers: Table ``publishers``.
        output: File to write, Parquet or CSV by its name; replaced where it exists.
        day: Day on which to read the registry.

    Returns:
        Number of rows.

    Raises:
        OriginTableError: The name of the output is of no known kind, or its folder does not exist.
        IdentityError: A model is listed twice.
    """
    from polars.io.plugins import register_io_source

    suffix = output.suffix.lower()
    if suffix not in READERS:
        raise OriginTableError(f"{output}: a file whose name ends in {' or '.join(READERS)} is expected.")
    if not output.parent.is_dir():
        raise OriginTableError(f"{output.parent}: no such folder; make it first.")
    found = attribute(models, parents, publishers, day=day)
    rows = 0

    def source(columns: list[str] | None, *_: Any) -> Iterator[pl.DataFrame]:
        nonlocal rows
        for portion in _portions(models, found):
            rows += portion.height
            yield portion.select(columns or portion.columns)

    frame = register_io_source(source, schema=OUTPUT)
    draft = output.with_name(f".{output.name}.draft")
    try:
        if suffix == ".parquet":
            frame.sink_parquet(draft)
        else:
            frame.sink_csv(draft)
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
    return rows
