"""Texts and names in one spelling: the same folding for what people type and for what the gazetteer holds.

Here: pure text expressions, from a raw text to parts, tokens and keys. Not here: what a key means
(`assets/places/gazetteer.py`), how keys combine to a place (`assets/places/locate.py`).

A *part* is what stands between separators; a *token* is a word of a part, or a single Han character, because
Chinese and Japanese write no blanks. A *key* is one to several tokens joined by blanks.
"""

from typing import Final

import polars as pl

MAX_CHARACTERS: Final = 160
"""Longer texts are prose and are not read."""

FLAG: Final = "\ue000"
"""Private-use sign that marks the token of a flag: this sign and the ISO code in small letters."""

WEAK: Final = ","
"""Between a place and what contains it, in a text whose signs are made plain."""

STRONG: Final = ";"
"""Between alternatives, in a text whose signs are made plain."""

_INDICATORS: Final = {chr(0x1F1E6 + n): chr(ord("a") + n) for n in range(26)}
_TAG_FLAGS: Final = {
    "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in tag) + "\U000e007f": f" {WEAK} {name} {WEAK} "
    for tag, name in (("gbeng", "england"), ("gbsct", "scotland"), ("gbwls", "wales"))
}
_LETTERS: Final = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
    "ŧ": "t", "ŋ": "n", "ə": "a", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ʉ": "u",
    # One letter in the orthographies that use Arabic script.
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ئ": "ي", "ک": "ك", "ڪ": "ك", "ة": "ه",
    "ۀ": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ؤ": "و", "ـ": "",
    "ς": "σ", "ґ": "г",
}  # fmt: skip
_APOSTROPHES: Final = "['’‘`´ʻʼʾʿ′ʹ\u05f3\u05f4]"
_STRONG_SIGNS: Final = r"[/|;+&•∙⋅¦~→←↔⇄⇒⟶➔➜>＞<\\⁄♡♥❤✈⟷↜=*\p{So}]|\.{3,}|…"
_WEAK_SIGNS: Final = r"[^\p{L}\p{M}\p{N}\p{Zs}\s.'’‘`´ʻʼʾʿ′ʹ\u05f3\u05f4\x{E000};_‐‑‒-]|[\r\n\t·・]"
_ASCII_STRONG_SIGNS: Final = r"[/|;+~><\\=*]|\.{3,}"
_ASCII_WEAK_SIGNS: Final = r"[^A-Za-z0-9 \x0b\x0c.'`_;-]"
"""The same among ASCII characters."""

_TWO_INITIALS: Final = r"\b(\p{L})\.\s?(\p{L})\b\.?"
_THREE_INITIALS: Final = r"\b(\p{L})\.\s?(\p{L})\.\s?(\p{L})\b\.?"
"""Dotted initials are one word: D.C., U. S. A."""

_HYPHENS: Final = r"[\s\p{Zs}._‐‑‒-]+"


def _folded(text: pl.Expr) -> pl.Expr:
    """Return a text in small letters without the marks that a keyboard may lack.

    Marks are dropped from Latin, Greek and Cyrillic letters: elsewhere they carry vowels. Arabic vowel signs and
    Hebrew points are dropped too, since hardly anybody types them.
    """
    return (
        text.str.to_lowercase()
        .str.replace_all(_APOSTROPHES, "")
        .str.normalize("NFD")
        .str.replace_all(r"([\p{Latin}\p{Greek}\p{Cyrillic}])\p{Mn}+", "$1")
        .str.replace_all(r"[\x{0591}-\x{05C7}\x{064B}-\x{065F}\x{0670}\x{06D6}-\x{06ED}]", "")
        .str.normalize("NFC")
        .str.replace_many(_LETTERS)
    )


def key_of(names: pl.Expr) -> pl.Expr:
    """Return names as keys: separators inside a name become blanks, so ``Guinea-Bissau`` is ``guinea bissau``."""
    return (
        _folded(names.str.normalize("NFKC"))
        .str.replace_all(_THREE_INITIALS, "$1$2$3 ")
        .str.replace_all(_TWO_INITIALS, "$1$2 ")
        .str.replace_all(r"&", " and ")
        .str.replace_all(f"[^\\p{{L}}\\p{{N}}\\p{{M}}{FLAG}]+", " ")
        .str.replace_all(r"(\p{Han})", " $1 ")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )


def parted(texts: pl.Expr, *, ascii_only: bool = False) -> pl.Expr:
    """Return raw texts with flags named, signs made separators and invisible characters gone; case is kept.

    What is left are letters, digits, marks, single blanks and ``WEAK`` and ``STRONG``.

    Args:
        texts: Texts as they were typed.
        ascii_only: Leave out what only other scripts and signs need; the result is the same, sooner.
    """
    if not ascii_only:
        texts = (
            texts.str.replace_many(_TAG_FLAGS)
            .str.replace_all(FLAG, "")
            .str.replace_all(r"([\x{1F1E6}-\x{1F1FF}])([\x{1F1E6}-\x{1F1FF}])", f"{WEAK}{FLAG}$1$2{WEAK}")
            .str.replace_many(_INDICATORS)
            .str.normalize("NFKC")
            .str.replace_all(r"[\p{Cf}\p{Me}\x{FE00}-\x{FE0F}]", "")
        )
    strong, weak = (_ASCII_STRONG_SIGNS, _ASCII_WEAK_SIGNS) if ascii_only else (_STRONG_SIGNS, _WEAK_SIGNS)
    texts = (
        texts.str.replace_all("&", " and ", literal=True)
        .str.replace_all(strong, STRONG)
        .str.replace_all(r"[\s\p{Zs}][-‐‑‒_–—]+|[-‐‑‒_–—]+[\s\p{Zs}]", WEAK)
        .str.replace_all(weak, WEAK)
        .str.replace_all(_THREE_INITIALS, "$1$2$3 ")
        .str.replace_all(_TWO_INITIALS, "$1$2 ")
    )
    if not ascii_only:
        texts = texts.str.replace_all(r"(\p{Han})", " $1 ")
    return texts.str.replace_all(_HYPHENS, " ").str.strip_chars(" ,;")
