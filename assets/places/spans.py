"""Which names a text holds: the runs of its tokens that the gazetteer knows, chosen so that they cover it best.

Here: splitting texts, looking runs of tokens up, choosing among overlapping runs. Not here: names with a letter wrong
(`assets/places/spelling.py`), what the names mean together (`assets/places/resolve.py`), folding of letters
(`assets/places/text.py`).

Everything is done for all texts at once. Distinct parts are read once, however many texts they stand in.
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np
import polars as pl

from assets.places.gazetteer import Gazetteer
from assets.places.spelling import respelt_names
from assets.places.text import STRONG, WEAK, key_of, parted

Array = np.ndarray[Any, Any]

CODE_LETTERS: Final = 2
"""Letters of the shortest code."""

LONGEST_NAME: Final = 7
"""Tokens of the longest name that is looked for."""

MOST_TOKENS: Final = 24
"""Tokens of a part that are read; whoever writes more writes prose."""

_RIVER: Final = r"(?i)\s?\((oder|saale|main|spree|havel|elbe|lahn|ruhr|breisgau|w(?:\x{fc}|ue)mme|westf\.?|westfalen)\)"
"""What German towns of one name are told apart by: a part of the name, not of the country."""

_TELLING: Final = (
    r"(?i)^[a-z]+/|\((?:oder|saale|main|spree|havel|elbe|lahn|ruhr|breisgau|w)|\b(?:in|at|near|close|outside|not|out|to|previous(?:ly)?|former(?:ly)?|originally|from|hometown|"
    r"native)\b"
)
"""What a text holds if any of the next patterns may match: most texts do not, and the patterns are slow."""

_NOW: Final = (
    r"(?i)^.*\b(?:living in|live in|lives in|based in|based out of|now in|currently in|currently at|residing in|"
    r"located in|working in|relocated to|moved to)\b"
)
_NEARBY: Final = r"(?i)^(.*[\p{L}\p{N}][\s,(/|-]+)(?:near|close to|outside of|not far from)\b.*"
_FORMERLY: Final = (
    r"(?i)^(.*[\p{L}\p{N}].*?)[\s,(/|-]+"
    r"(?:previous(?:ly)?|former(?:ly)?|originally|born in|hometown|native of|\(from)\b.*"
)

COMMON: Final = tuple((files("assets.places") / "common_words.txt").read_text(encoding="utf-8").split())
"""Common English words that a place is called too (SCOWL up to size 40, cut to names of the gazetteer)."""

PERSONAL: Final = ("chad", "georgia", "israel", "jordan", "kenya")
"""Countries that people are called by, too: Michael Jordan."""

ZONES: Final = tuple(
    zone
    for zone in (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    if zone.partition("/")[0] in {"Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)
"""Names of the time zone database that hold the name of a place."""

CONJUNCTIONS: Final = ("and", "or", "y", "und", "et", "e", "ou", "o", "и", "та")
"""Words that stand between alternatives, unless a name holds them (Trinidad and Tobago)."""

NEUTRAL: Final = tuple((files("assets.places") / "neutral_words.txt").read_text(encoding="utf-8").split())
"""Words that neither name a place nor, left over, make a reading less likely."""


@dataclass(frozen=True, kw_only=True)
class Spans:
    """The names found in texts.

    Attributes:
        texts: Number of texts.
        frame: One row per name, in the order of texts and within them: text (its number), alternative (number of
            the stretch between two strong signs), key_id, tokens, and the flags capitals_count, tail_counts (which
            ways of writing count here), neutral, common (a common word), personal (beside
            another word, a name of people), respelt (a letter was wrong), whole (the
            name is all of its part).
        unexplained: Per text, words that no name covers and that are not neutral.
        words: Per text, its words.
    """

    texts: int
    frame: pl.DataFrame
    unexplained: Array
    words: Array


def find_spans(texts: pl.Series, gazetteer: Gazetteer) -> Spans:
    """Find the names that texts hold.

    Args:
        texts: Distinct texts without nulls.
        gazetteer: Where names are looked up.
    """
    parts = _parts(texts)
    distinct = parts.select("words").unique(maintain_order=True).with_row_index("part")
    parts = parts.join(distinct, on="words", maintain_order="left").select("text", "stretch", "part")
    tokens = _tokens(distinct)
    chosen = _with_misspelt(_chosen(_candidates(tokens, gazetteer)), tokens, gazetteer)
    covered = chosen.select("part", at=pl.int_ranges("at", pl.col("at") + pl.col("tokens"))).explode("at")
    bare = tokens.join(covered, on=["part", "at"], how="anti")
    joints = bare.filter(pl.col("word").is_in(CONJUNCTIONS)).select("part", joint="at")
    chosen = _with_joints(chosen, joints)
    counts = tokens.group_by("part").agg(words=pl.len().cast(pl.Int64))
    for name, rows in (("unexplained", bare.filter(~pl.col("neutral"))), ("joints", joints)):
        counts = counts.join(rows.group_by("part").agg(pl.len().cast(pl.Int64).alias(name)), on="part", how="left")
    parts = (
        parts.join(counts, on="part", how="left", maintain_order="left")
        .with_columns(pl.col("words", "unexplained", "joints").fill_null(0))
        .with_columns(joints_so_far=pl.col("joints").cum_sum() - pl.col("joints"))
    )
    frame = (
        parts.select("text", "stretch", "part", "joints_so_far")
        .join(chosen, on="part", maintain_order="left_right")
        # Strong signs and conjunctions both begin another alternative.
        .with_columns(
            alternative=(
                pl.col("stretch").cast(pl.Int64) * 4096 + pl.col("joints_so_far") + pl.col("joints_before")
            ).rle_id()
        )
        .select("text", "alternative", "key_id", "tokens", *FLAGS)
    )
    sums = parts.group_by("text").agg(pl.col("words").sum(), pl.col("unexplained").sum())
    at = sums["text"].to_numpy()
    unexplained, words = np.zeros(len(texts)), np.zeros(len(texts))
    unexplained[at] = sums["unexplained"].to_numpy()
    words[at] = sums["words"].to_numpy()
    return Spans(texts=len(texts), frame=frame, unexplained=unexplained, words=words)


FLAGS: Final = ("capitals_count", "tail_counts", "neutral", "common", "personal", "respelt", "whole")


def _parts(texts: pl.Series) -> pl.DataFrame:
    """Split texts into parts: text, stretch (between strong signs), words."""
    text = pl.col("text")
    raw = pl.DataFrame({"text": _present(texts)}).with_row_index("number")
    is_ascii = text.str.len_bytes() == text.str.len_chars()
    return (
        # Most texts need none of what other scripts need.
        pl.concat(
            [
                raw.lazy().filter(is_ascii).select("number", stretches=parted(text, ascii_only=True)),
                raw.lazy().filter(~is_ascii).select("number", stretches=parted(text)),
            ]
        )
        .sort("number")
        .select(pl.col("number").alias("text"), pl.col("stretches").str.split(STRONG))
        .explode("stretches")
        .with_row_index("stretch")
        .select("text", "stretch", words=pl.col("stretches").str.split(WEAK))
        .explode("words")
        .with_columns(pl.col("words").str.strip_chars())
        .filter(pl.col("words") != "")
        .collect()
    )


def _present(texts: pl.Series) -> pl.Series:
    """Keep of each text what says where its writer is now, not near what, from where, or in which time zone."""
    told = texts.str.contains(_TELLING).arg_true()
    if told.is_empty():
        return texts
    text = pl.col("text")
    # Not "Asia/Pacific", "Australia/New Zealand".
    kept = pl.when(text.is_in(ZONES)).then(text.str.extract(r"([^/]+)$")).otherwise(text)
    for pattern, rest in ((_RIVER, " $1"), (_NOW, ""), (_NEARBY, "$1"), (_FORMERLY, "$1")):
        kept = kept.str.replace(pattern, rest)
    return texts.scatter(told, texts.gather(told).to_frame("text").select(kept)["text"])


def _tokens(distinct: pl.DataFrame) -> pl.DataFrame:
    """Split distinct parts into tokens: part, at, word (folded), capitals, neutral."""
    raw = pl.col("raw")
    return (
        distinct.lazy()
        .select("part", raw=pl.col("words").str.split(" "))
        .explode("raw")
        .filter(raw != "")
        .with_columns(
            word=key_of(raw),
            capitals=(raw.str.len_chars() >= CODE_LETTERS)
            & (raw == raw.str.to_uppercase())
            & (raw != raw.str.to_lowercase()),
        )
        .filter(pl.col("word") != "")
        .with_columns(run=pl.col("part").rle_id())
        .with_columns(at=pl.int_range(pl.len(), dtype=pl.Int64))
        .with_columns(at=pl.col("at") - pl.col("at").first().over("run"))
        .filter(pl.col("at") < MOST_TOKENS)
        .select(
            "part",
            "at",
            "word",
            "capitals",
            # Two capitals are a code (OR, ON, ME), not a preposition.
            # As typed: the neutral words have no accents, "Ísland" and "Ấn Độ" have.
            neutral=(raw.str.to_lowercase().is_in(NEUTRAL) | pl.col("word").str.contains(r"^\d+\p{L}?$"))
            & ~(pl.col("capitals") & (pl.col("word").str.len_chars() == CODE_LETTERS)),
        )
        .collect()
    )


def _candidates(tokens: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """Find every run of tokens that is a key and counts as it is written.

    Returns:
        part, at, tokens, key_id, the flags of ``Spans.frame``, and value: what covering these tokens is worth.
    """
    part = pl.col("part")
    word, capitals, neutral = pl.col("word"), pl.col("capitals"), pl.col("neutral")
    grown, all_capitals, all_neutral = word, capitals, neutral
    found = []
    for count in range(1, LONGEST_NAME + 1):
        if count > 1:
            back = 1 - count
            grown = pl.concat_str([grown, word.shift(back)], separator=" ")
            all_capitals, all_neutral = all_capitals & capitals.shift(back), all_neutral & neutral.shift(back)
        runs = tokens.select(
            "part",
            "at",
            key=grown,
            capitals=all_capitals,
            neutral=all_neutral,
            tokens=pl.lit(count, pl.Int64),
            inside=part.shift(1 - count) == part,
        ).filter("inside")
        if runs.is_empty():
            break
        found.append(runs.drop("inside"))
    lengths = tokens.group_by("part").agg(
        words=pl.len().cast(pl.Int64), shout=pl.col("capitals").all() & (pl.len() > 1)
    )
    if not found:
        return pl.DataFrame(schema=_CANDIDATES)
    runs = pl.concat(found)
    at, rows = gazetteer.index.find(runs["key"])
    known = runs[at].hstack(gazetteer.keys[rows].drop("key")).join(lengths, on="part", maintain_order="left")
    ends = pl.col("at") + pl.col("tokens") == pl.col("words")
    whole, upper = pl.col("tokens") == pl.col("words"), pl.col("capitals")
    known = known.with_columns(
        whole=whole,
        # Where all is in capitals, capitals say nothing, but the last word may still be a code.
        capitals_count=upper & ~(pl.col("shout") & ~ends),
        tail_counts=ends | (upper & ~pl.col("shout")),
    )
    by_capitals = pl.col("has_capitals") & pl.col("capitals_count")
    by_tail = pl.col("has_tail") & pl.col("tail_counts")
    counts = pl.col("has_any") | by_capitals | by_tail
    faint = ~pl.col("has_any") & ~by_capitals & ~upper & ~whole
    idle = pl.col("neutral") & ~whole & ~(upper & (by_tail | by_capitals))
    return known.filter(counts & ~idle).select(
        *("part", "at", "tokens", "key_id", "words"),
        *("capitals_count", "tail_counts", "whole"),
        # "Bay Area" is a name, "bay" is none.
        neutral=pl.col("neutral") & ~(whole & (pl.col("tokens") > 1)),
        common=pl.col("key").is_in(COMMON),
        personal=pl.col("key").is_in(PERSONAL) & ~whole,
        faint=faint,
        value=pl.when(faint).then(0.5).otherwise(1.2 * pl.col("tokens") - 0.2),
    )


_CANDIDATES: Final = {
    "part": pl.UInt32,
    "at": pl.Int64,
    "tokens": pl.Int64,
    "key_id": pl.UInt32,
    "words": pl.Int64,
    "capitals_count": pl.Boolean,
    "tail_counts": pl.Boolean,
    "neutral": pl.Boolean,
    "whole": pl.Boolean,
    "common": pl.Boolean,
    "personal": pl.Boolean,
    "faint": pl.Boolean,
    "value": pl.Float64,
}


def _chosen(known: pl.DataFrame) -> pl.DataFrame:
    """Choose, in each part, the runs that cover most tokens in the fewest runs, none overlapping.

    A dynamic programme over the ends of runs, for all parts at once. A code in small letters stays only right
    behind another name ("tampa fl").
    """
    whole = known.filter("whole")
    rest = known.join(whole.select("part"), on="part", how="anti").sort("part", "at")
    picked = pl.concat([whole, rest[_best_cover(rest)]]).sort("part", "at")
    follows = (pl.col("at").shift(1) + pl.col("tokens").shift(1) == pl.col("at")) & (
        pl.col("part").shift(1) == pl.col("part")
    )
    return picked.filter(~pl.col("faint") | follows.fill_null(value=False)).drop("faint", "value")


def _best_cover(runs: pl.DataFrame) -> Array:
    """Return the rows of the runs that cover their parts best (see ``_chosen``)."""
    if runs.is_empty():
        return np.zeros(0, np.int64)
    part = runs["part"].rle_id().to_numpy()
    at, value = runs["at"].to_numpy(), runs["value"].to_numpy()
    end = at + runs["tokens"].to_numpy()
    size, width = int(part[-1]) + 1, int(end.max()) + 1
    best = np.zeros((size, width))
    taken = np.full((size, width), -1)
    for stop in range(1, width):
        best[:, stop] = best[:, stop - 1]
        here = np.flatnonzero(end == stop)
        total = best[part[here], at[here]] + value[here]
        # Of several runs of one part that end here the last assignment wins: the best one.
        here = here[np.argsort(total, kind="stable")]
        winner = np.full(size, -1)
        winner[part[here]] = here
        rows = np.flatnonzero(winner >= 0)
        gain = best[rows, at[winner[rows]]] + value[winner[rows]]
        better = gain > best[rows, stop]
        best[rows[better], stop] = gain[better]
        taken[rows[better], stop] = winner[rows[better]]
    kept = []
    position = np.full(size, width - 1)
    while (live := np.flatnonzero(position > 0)).size:
        choice = taken[live, position[live]]
        position[live] = np.where(choice < 0, position[live] - 1, at[choice])
        kept.append(choice[choice >= 0])
    return np.sort(np.concatenate(kept))


def _with_joints(chosen: pl.DataFrame, joints: pl.DataFrame) -> pl.DataFrame:
    """Add to each name how many conjunctions stand before it in its part."""
    joined = chosen.join(joints.select("part").unique(), on="part", how="semi").with_row_index("row")
    before = (
        joined.join(joints, on="part")
        .filter(pl.col("joint") < pl.col("at"))
        .group_by("part", "at")
        .agg(joints_before=pl.len().cast(pl.Int64))
    )
    return chosen.join(before, on=["part", "at"], how="left", maintain_order="left").with_columns(
        pl.col("joints_before").fill_null(0)
    )


def _with_misspelt(chosen: pl.DataFrame, tokens: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """Add misspelt names: of whole parts that no one name covers, of lone words in parts without any name."""
    longest = chosen.group_by("part").agg(longest=pl.col("tokens").max())
    parts = (
        tokens.group_by("part", maintain_order=True)
        .agg(text=pl.col("word").str.join(" "), words=pl.len().cast(pl.Int64))
        .join(longest, on="part", how="left", maintain_order="left")
        .filter(pl.col("longest").fill_null(0) < pl.col("words"), pl.col("words") <= LONGEST_NAME)
    )
    flags = {
        "capitals_count": False,
        "tail_counts": False,
        "neutral": False,
        "common": False,
        "personal": False,
        "respelt": True,
    }
    entire = parts.join(respelt_names(parts["text"], gazetteer), on="text").select(
        *("part", "key_id", "words"),
        at=pl.lit(0, pl.Int64),
        tokens="words",
        whole=pl.lit(value=True),
        **_literals(flags),
    )
    nameless = tokens.join(parts.filter(pl.col("longest").is_null()).select("part", "words"), on="part").join(
        entire.select("part"), on="part", how="anti"
    )
    lone = (
        nameless.rename({"word": "text"})
        .drop("neutral")
        .join(respelt_names(nameless["word"], gazetteer).filter("region"), on="text")
        .select(
            *("part", "key_id", "words", "at"),
            tokens=pl.lit(1, pl.Int64),
            whole=pl.col("words") == 1,
            **_literals(flags),
        )
    )
    kept = chosen.join(entire.select("part"), on="part", how="anti").with_columns(respelt=pl.lit(value=False))
    columns = ["part", "at", "tokens", "key_id", *FLAGS]
    return pl.concat([frame.select(columns) for frame in (kept, entire, lone)]).sort("part", "at")


def _literals(values: dict[str, bool]) -> dict[str, pl.Expr]:
    return {name: pl.lit(value) for name, value in values.items()}
