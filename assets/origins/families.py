"""Families: the model line that a name or an architecture gives away.

Here: reading ``families.csv`` and finding its patterns in names. Not here: when a name counts as evidence
(`evidence.py`), where the home account of a family sits (`registry.py`).

How to read and edit ``families.csv``; one row is one pattern, with a name that it must find and one that it must not:

* kind ``name``: literal text that a word of the model's name (without its account) begins with, in small letters;
  ``_`` reads as ``-``, and ``^`` stands for the beginning of the name. Of patterns that begin at the same word the
  longest counts.
* kind ``derived``: the same, and the name says that the model was made *from* this line whoever released it
  (DeepSeek-R1-Distill-Llama). Only these hold against a lab's own account.
* kind ``decoy``: looks like a line and is none (OpenLLaMA was trained anew); hides the patterns that it overlaps.
* kind ``architecture``: class name in ``config.json``, whole, of lines that hardly anyone else trains anew.
  ``LlamaForCausalLM`` and ``DeepseekV3ForCausalLM`` are not there: other makers train their own models on them.
* ``account``: the Hugging Face account of the line's maker; the registry says where it sits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.origins.identities import in_portions, name_of

COLUMNS: Final = ("family", "account", "kind", "pattern", "example", "counterexample")
KINDS: Final = ("derived", "name", "decoy", "architecture")
NONE: Final = -1
Codes = npt.NDArray[np.int16]


class FamilyError(ValueError):
    """The table of families contradicts itself; the message names file and row."""


def _sought(pattern: str, kind: str) -> str:
    """Return the text to look for in names that begin with ``^-``, so that a word begins where the pattern does."""
    if kind == "architecture":
        return pattern
    return f"^-{pattern[1:]}" if pattern.startswith("^") else f"-{pattern}"


@dataclass(frozen=True, kw_only=True)
class Families:
    """The table of families.

    Attributes:
        names: Families, sorted; a family's code is its place here.
        accounts: Home account of each family.
        rows: The table as it stands in the file.
    """

    names: tuple[str, ...]
    accounts: tuple[str, ...]
    rows: pl.DataFrame

    def _codes(self, kind: str) -> dict[str, int]:
        rows = self.rows.filter(pl.col("kind") == kind)
        return {
            _sought(pattern, kind): self.names.index(family) if family else NONE
            for family, pattern in rows.select("family", "pattern").iter_rows()
        }

    def in_ids(self, ids: pl.Series, places: npt.NDArray[np.signedinteger[Any]]) -> tuple[Codes, Codes]:
        """Return the family that each name mentions, and the one that it says it was made from; ``NONE`` where none.

        A name that mentions several families gives none of them away.

        Args:
            ids: Ids of models; what stands before the slash is not searched.
            places: Which of them to look at.
        """
        derived, named = self._codes("derived"), {**self._codes("name"), **self._codes("decoy")}
        # The search prefers earlier patterns of those that begin at one place, so the longer ones come first.
        patterns = sorted({*derived, *named}, key=len, reverse=True)
        beginnings = sorted({pattern.strip("^-").partition("-")[0] for pattern in patterns})

        def search(rows: slice) -> tuple[Codes, Codes]:
            names = name_of(ids.gather(places[rows]))
            at = names.str.contains_any(beginnings, ascii_case_insensitive=True).arg_true()
            words = names.gather(at).str.to_lowercase().str.replace_all("_", "-", literal=True)
            found = pl.select("^-" + words).to_series().str.extract_many(patterns, leftmost=True)
            mentioned, made_from = np.full((2, len(names)), NONE, dtype=np.int16)
            mentioned[at.to_numpy()] = self._alone(found, named)
            made_from[at.to_numpy()] = self._alone(found, derived)
            return mentioned, made_from

        nothing: Codes = np.zeros(0, dtype=np.int16)
        parts = [(nothing, nothing), *in_portions(search, places.size)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    @staticmethod
    def _alone(found: pl.Series, codes: Mapping[str, int]) -> Codes:
        """Return the one family among the patterns found in each name, ``NONE`` where there are several or none."""
        kinds = pl.Enum(list(codes))
        family = pl.Series(list(codes.values()), dtype=pl.Int16)
        rows = pl.DataFrame({"pattern": found}).with_row_index("at").explode("pattern")
        rows = rows.select("at", code=pl.col("pattern").cast(kinds, strict=False).to_physical())
        rows = rows.drop_nulls().select("at", family=pl.lit(family).gather("code")).filter(pl.col("family") != NONE)
        sides = rows.group_by("at").agg(low=pl.col("family").min(), high=pl.col("family").max())
        alone = sides.filter(pl.col("low") == pl.col("high"))
        result = np.full(len(found), NONE, dtype=np.int16)
        result[alone["at"].to_numpy()] = alone["low"].to_numpy()
        return result

    def in_architectures(self, architectures: pl.Series) -> Codes:
        """Return the family of each architecture, ``NONE`` where it gives none away.

        Args:
            architectures: Class names as ``config.json`` has them, or null.
        """
        codes = self._codes("architecture")
        return architectures.replace_strict(codes, default=NONE, return_dtype=pl.Int16).fill_null(NONE).to_numpy()


def _problem(row: Mapping[str, str | None]) -> str | None:
    if row["kind"] not in KINDS:
        return f"kind is {row['kind']!r}; write one of {', '.join(KINDS)}"
    if not row["pattern"] or not row["example"]:
        return "pattern and example are needed"
    if (row["kind"] == "decoy") != (row["family"] is None) or (row["family"] is None) != (row["account"] is None):
        return "a decoy has neither family nor account, every other row has both"
    if row["kind"] != "architecture" and row["pattern"] != row["pattern"].lower():
        return f"pattern {row['pattern']!r} has capitals; names are compared in small letters"
    return None


def load_families(path: Path | None = None) -> Families:
    """Return the table of families, checked.

    Args:
        path: A table to read in place of the one that ships with the atlas.

    Raises:
        FamilyError: A column is missing, a row is incomplete, a pattern stands there twice, or a family has two
            home accounts.
    """
    if path is None:
        return _shipped()
    rows = pl.read_csv(path, infer_schema=False, null_values=[""])
    if tuple(rows.columns) != COLUMNS:
        raise FamilyError(f"{path.name}: the columns are {', '.join(rows.columns)}; they must be {', '.join(COLUMNS)}.")
    for number, row in enumerate(rows.iter_rows(named=True), start=1):
        if problem := _problem(row):
            raise FamilyError(f"{path.name}: row {number}: {problem}.")
    twice = rows.filter(pl.struct("kind", "pattern").is_duplicated())
    if twice.height:
        raise FamilyError(f"{path.name}: pattern {twice['pattern'][0]!r} stands there twice; remove one.")
    homes = rows.drop_nulls("family").select("family", "account").unique().sort("family", "account")
    split = homes.filter(pl.col("family").is_duplicated())
    if split.height:
        raise FamilyError(
            f"{path.name}: family {split['family'][0]!r} has the accounts {', '.join(split['account'])}; choose one."
        )
    return Families(names=tuple(homes["family"]), accounts=tuple(homes["account"]), rows=rows)


@cache
def _shipped() -> Families:
    with as_file(files("assets.origins") / "families.csv") as path:
        return load_families(path)
