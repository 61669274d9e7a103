"""The registry and the table of families on one day, by number: what millions of look-ups ask.

Here: accounts by code, their families, renamed ids, and the days on which the registry's wording changes. Not here:
the registry's rules (`registry.py`), what a model's origin rests on (`evidence.py`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from assets.origins.families import Families, load_families
from assets.origins.identities import Index, account_of, name_of
from assets.origins.lineage import Flags, Integers
from assets.origins.registry import publishers_at

HUB: Final = "huggingface"
NONE: Final = -1


def registry_since(day: str, publishers: pl.DataFrame) -> pl.Expr:
    """Return the first day of the registry's present wording on each day of a column.

    Between two days on which some row begins or ends, the registry says the same: origins are worked out once for
    each such stretch, and a figure takes those of its own day.

    Args:
        day: Column with dates.
        publishers: Table ``publishers``.
    """
    changes = pl.concat([publishers["valid_from"], publishers["valid_to"].drop_nulls()]).unique().sort()
    stretch = pl.lit(changes).search_sorted(pl.col(day), side="right").cast(pl.Int64) - 1
    return pl.when(stretch >= 0).then(pl.lit(changes).gather(stretch.clip(0))).otherwise(pl.lit(changes.min(), pl.Date))


@dataclass(frozen=True, kw_only=True)
class DatedRegistry:
    """What the registry and the table of families say on a day, by code.

    Attributes:
        accounts: One row per account: platform, account, canonical_account, headquarters, control, role,
            review_state; its place is its code.
        sole: Family of accounts with just one, as a code of ``names``, else ``NONE``.
        names: Families: those of the pattern table first.
        homes: Code of the home account of each family of the pattern table, ``NONE`` where the registry lacks it.
        patterns: The table of families.
    """

    accounts: pl.DataFrame
    sole: Integers
    names: pl.Series
    homes: Integers
    patterns: Families

    @classmethod
    def on(cls, publishers: pl.DataFrame, day: date) -> "DatedRegistry":
        """Return what both tables say on a day.

        Args:
            publishers: Table ``publishers``.
            day: The day.
        """
        patterns = load_families()
        accounts = publishers_at(publishers, day)
        canonical = accounts.select("platform", account="canonical_account")
        said = publishers.select("platform", "account", "families").unique(["platform", "account"], keep="last")
        families = canonical.join(said, on=["platform", "account"], how="left", maintain_order="left")["families"]
        sole = families.set(families.str.contains(";").fill_null(value=False), None)
        names = pl.concat([pl.Series(patterns.names), sole.drop_nulls()]).unique(maintain_order=True)
        home = {
            account: code
            for code, (platform, account) in enumerate(accounts.select("platform", "account").iter_rows())
            if platform == HUB
        }
        return cls(
            accounts=accounts,
            sole=Index(names).positions(sole),
            names=names,
            homes=np.array([home.get(account, NONE) for account in patterns.accounts], dtype=np.int64),
            patterns=patterns,
        )

    def index(self, platform: str) -> tuple[Index, Integers]:
        """Return the accounts of a platform to look others up in, and the codes of the places found there."""
        known = self.accounts.with_row_index("code").filter(pl.col("platform") == platform)
        codes: Integers = np.append(known["code"].to_numpy(), NONE).astype(np.int16)
        return Index(known["account"]), codes  # place -1, not there, is the last one: NONE

    def codes(self, accounts: pl.Series) -> Integers:
        """Return the code of each account of the Hub, ``NONE`` where the registry has no row for it on the day."""
        index, codes = self.index(HUB)
        return codes[index.positions(accounts)]

    def flags(self, column: str, values: tuple[str, ...]) -> Flags:
        """Return for each code whether a column has one of the values; the last place stands for ``NONE``."""
        return np.append(self.accounts[column].is_in(values).to_numpy(), [False])

    def renamed(self, ids: pl.Series, who: Integers) -> pl.Series:
        """Return ids under the present name of their account.

        Args:
            ids: Ids of the Hub.
            who: Code of the account of each, ``NONE`` where it is not to be renamed.
        """
        old = (self.accounts["account"] != self.accounts["canonical_account"]).to_numpy()
        at = np.flatnonzero(np.append(old, [False])[who])
        if not at.size:
            return ids
        present = self.accounts["canonical_account"].gather(who[at])
        return ids.clone().scatter(
            at, pl.select(pl.concat_str(present, pl.lit("/"), name_of(ids.gather(at)))).to_series()
        )


def present_ids(ids: pl.Series, publishers: pl.DataFrame, *, day: date) -> pl.Series:
    """Return ids of the Hub under the name that their account has today; others as they are.

    Args:
        ids: Ids as anyone may have written them.
        publishers: Table ``publishers``.
        day: Day on which to read the registry.
    """
    registry = DatedRegistry.on(publishers, day)
    return registry.renamed(ids, registry.codes(account_of(ids)))
