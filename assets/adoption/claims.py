"""Claim register: the popular story, claim by claim, with a verdict by rule from this run's figures.

Here: reading and checking `claims.toml`, and the table ``claims``. Not here: where figures come from
(`claim_figures.py`), the rules of verdicts (`verdicts.py`), pages.
"""

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assets.adoption.claim_figures import CELLS, EVENT_COLUMNS, FIGURES, READERS, absent
from assets.adoption.verdicts import VERDICT_OF, Figure, finding, together, would_change
from assets.schemas import TABLES
from assets.schemas.claims import Claims

FILE: Final = "claims.toml"


class ClaimError(ValueError):
    """The claim register is wrong; the message names the file, the claim and the key."""


def _allowed(table: str) -> dict[str, tuple[str, ...] | None]:
    """Return the columns of a table with the words that each admits; None where it admits any."""
    declared = TABLES.get(f"adoption/{table}")
    if declared is None:
        return dict.fromkeys(EVENT_COLUMNS)
    return {name: (column.metadata or {}).get("allowed") for name, column in declared.columns().items()}


class Statement(BaseModel):
    """One measurable statement.

    Attributes:
        id: Short name, unique in its claim.
        says: The statement in a sentence.
        table: Table of the adoption layer that holds its figures.
        where: Rows that it is about: column → value, or values of which every one must hold.
        figure: What is read of each row, one of ``claim_figures.FIGURES``.
        comparison: On which side of the threshold the figure must lie.
        threshold: The threshold, in the figure's unit.
        complete_count: The counts are of everything, so that there is no sampling interval.
        evidence: Kinds of evidence that can bear the statement.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    says: str = Field(min_length=1)
    table: Literal["estimates", "licences", "event_windows"]
    where: dict[str, str | list[str]]
    figure: str
    comparison: Literal["above", "below"]
    threshold: float = Field(allow_inf_nan=False)
    complete_count: bool = False
    evidence: list[Literal["logged", "declared", "inferred", "modelled"]] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_the_table(self) -> "Statement":
        if self.figure not in FIGURES[self.table]:
            raise ValueError(f"figure {self.figure!r} is not one of {', '.join(FIGURES[self.table])}")
        columns = _allowed(self.table)
        for name, given in self.where.items():
            if name not in columns:
                raise ValueError(f"where: {self.table} has no column {name!r}")
            values = [given] if isinstance(given, str) else given
            if not values or len(set(values)) != len(values):
                raise ValueError(f"where: {name}: name at least one value, each once")
            words = columns[name]
            unknown = [value for value in values if words is not None and value not in words]
            if words is not None and unknown:
                raise ValueError(f"where: {name}: {', '.join(unknown)} is not one of {', '.join(words)}")
        return self

    def values(self, column: str) -> list[str]:
        """Return the values that the statement asks of a column; none where it asks nothing."""
        given = self.where.get(column, [])
        return [given] if isinstance(given, str) else given


class Claim(BaseModel):
    """One claim of the popular story.

    Attributes:
        wording: The claim as it is told.
        heard: Where it is told, in general terms.
        caveat: What its figures cannot show even at their best.
        at_most: Strongest verdict that this kind of evidence can bear.
        at_most_reason: Why no more.
        statements: What can be measured of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    wording: str = Field(min_length=1)
    heard: str = Field(min_length=1)
    caveat: str = Field(min_length=1)
    at_most: Literal["supported", "partly"] = "supported"
    at_most_reason: str | None = None
    statements: list[Statement] = Field(min_length=1)

    @model_validator(mode="after")
    def _holds_together(self) -> "Claim":
        names = [statement.id for statement in self.statements]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"statements: {', '.join(twice)} stands there twice")
        if (self.at_most == "partly") != (self.at_most_reason is not None):
            raise ValueError("at_most_reason belongs to at_most = 'partly', and the other way round")
        return self


def load_claims(text: str | None = None) -> dict[str, Claim]:
    """Return the claims by id, in the order of the file.

    Args:
        text: Content of ``claims.toml``; that of the package by default.

    Raises:
        ClaimError: The file is no TOML, or an entry has a missing, unknown or wrong key.
    """
    content = resources.files("assets.adoption").joinpath(FILE).read_text(encoding="utf-8") if text is None else text
    try:
        entries = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ClaimError(f"{FILE}: no valid TOML: {error}.") from error
    return {name: _claim(name, entry) for name, entry in entries.items()}


def _claim(name: str, entry: Any) -> Claim:
    try:
        return Claim.model_validate(entry)
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            place = ".".join(str(part) for part in problem["loc"])
            problems.append(f"{place + ': ' if place else ''}{problem['msg'].removeprefix('Value error, ')}")
        raise ClaimError(f"{FILE}: [{name}]: {'; '.join(problems)}.") from error


def _selected(rows: pl.DataFrame, statement: Statement) -> pl.DataFrame:
    return rows.filter(*(pl.col(name).is_in(statement.values(name)) for name in statement.where))


def statement_cells(statement: Statement, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the cells that a statement is judged by; one without a figure says why.

    Every region that the statement names has a cell, whether the table has a row for it or not.

    Args:
        statement: The statement.
        tables: Tables of the adoption layer by name; an absent one has no rows.
    """
    named = statement.values("region_id")
    rows = tables.get(statement.table)
    chosen = None if rows is None else _selected(rows, statement)
    if chosen is None or chosen.is_empty():
        return absent(statement.table, named)
    cells = READERS[statement.table](chosen, statement.figure, complete_count=statement.complete_count)
    lost = [name for name in named if name not in cells["subject"]]
    found = pl.concat([cells, absent(statement.table, lost)]) if lost or cells.is_empty() else cells
    order = {name: place for place, name in enumerate(named)}
    return found.sort(
        pl.col("subject").replace_strict(order, default=len(order), return_dtype=pl.Int64), maintain_order=True
    )


def _judged(statement: Statement, cells: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the cells with finding, verdict and what would change it."""
    judged = []
    fields = ("value", "low", "high", "bound_low", "bound_high", "n", "evidence", "state", "reason")
    for cell in cells.iter_rows(named=True):
        figure = Figure(**{name: cell[name] for name in fields}, is_share=statement.figure != "effect")
        found = finding(figure, statement.comparison, statement.threshold, statement.evidence)
        change = would_change(figure, found, statement.comparison, statement.threshold, statement.evidence)
        judged.append(cell | {"finding": found, "verdict": VERDICT_OF[found], "would_change": change})
    return judged


def claims_table(tables: Mapping[str, pl.DataFrame], claims: Mapping[str, Claim] | None = None) -> pl.DataFrame:
    """Return table ``claims``: every cell of every statement with its finding, and the verdicts by rule.

    Args:
        tables: Tables of the adoption layer by name (``estimates``, ``licences``, ``event_windows``); a statement whose
            table is absent or has no rows is not observable.
        claims: The register; that of the package by default.
    """
    rows = []
    for claim_place, (claim_id, claim) in enumerate((load_claims() if claims is None else claims).items()):
        judged = [(one, _judged(one, statement_cells(one, tables))) for one in claim.statements]
        verdicts = [together([cell["verdict"] for cell in cells]) for _, cells in judged]
        whole = together(verdicts, at_most=claim.at_most)
        for place, ((statement, cells), verdict) in enumerate(zip(judged, verdicts, strict=True)):
            shared = {
                "claim": claim_id,
                "claim_place": claim_place,
                "wording": claim.wording,
                "claim_verdict": whole,
                "statement": statement.id,
                "statement_place": place,
                "says": statement.says,
                "statement_verdict": verdict,
                "table": statement.table,
                "figure": statement.figure,
                "comparison": statement.comparison,
                "threshold": statement.threshold,
                "admitted_evidence": ", ".join(statement.evidence),
            }
            rows += [shared | cell for cell in cells]
    dtypes = {name: CELLS[name] for name in Claims.column_names() if name in CELLS}
    return pl.DataFrame(rows, schema_overrides=dtypes, infer_schema_length=None).select(Claims.column_names())
