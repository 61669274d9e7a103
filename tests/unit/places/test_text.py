"""Text: one spelling for what people type and what the gazetteer holds, and signs that part it."""

import re
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.places.text import FLAG, STRONG, WEAK, key_of, parted

SCRIPTS = "aZéßøŁıİЙёҐάΣςहिन्दीதமிழ்กำعربيأةىیکעִבְ東京한국ーカガﾄ′’'.-–_,;/|()&+ \t\n\0\u200b\u202e\ufe0f\ue0001٣𝕿①ﬁ"
KNOWN = st.characters(exclude_categories=["Cs", "Cn"])
texts = st.one_of(st.text(KNOWN, max_size=40), st.text(st.sampled_from(SCRIPTS), max_size=40))


def _key(text):
    return _keys([text])[0]


def _keys(several):
    return (
        pl.DataFrame({"text": pl.Series(several, dtype=pl.String)}).select(key_of(pl.col("text"))).to_series().to_list()
    )


def _parted(text):
    return _all_parted([text])[0]


def _all_parted(several):
    return (
        pl.DataFrame({"text": pl.Series(several, dtype=pl.String)}).select(parted(pl.col("text"))).to_series().to_list()
    )


def _stretches(text):
    """Return the words of a text: alternatives, of parts."""
    return [
        [part for part in map(str.strip, stretch.split(WEAK)) if part]
        for stretch in _parted(text).split(STRONG)
        if stretch.strip(f" {WEAK}")
    ]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("São Paulo", "sao paulo"),
        ("BOGOTÁ", "bogota"),
        ("Thành phố Hồ Chí Minh", "thanh pho ho chi minh"),
        ("Αθήνα", "αθηνα"),
        ("Москва́", "москва"),
        ("Орёл", "орел"),
        ("Київ", "киів"),
        ("Ґ", "г"),
        ("Łódź", "lodz"),
        ("Gießen", "giessen"),
        ("Tromsø", "tromso"),
        ("Ærøskøbing", "aeroskobing"),
        ("Reykjavík", "reykjavik"),
        ("Þingvellir", "thingvellir"),
        ("Đà Nẵng", "da nang"),
        ("İstanbul", "istanbul"),
        ("DİYARBAKIR", "diyarbakir"),
        ("Diyarbakır", "diyarbakir"),
        ("Ｔｏｋｙｏ", "tokyo"),
        ("𝕿𝖔𝖐𝖞𝖔", "tokyo"),
    ],
)
def test_letters_lose_case_and_the_marks_that_a_keyboard_may_lack(name, key):
    assert _key(name) == key


@pytest.mark.parametrize(
    "name", ["हिन्दी", "தமிழ்நாடு", "กรุงเทพ", "ढाका", "മലയാളം", "ဗမာ", "ភ្នំពេញ", "ລາວ", "বাংলাদেশ", "ලංකා", "አዲስ"]
)
def test_marks_that_are_vowels_stay(name):
    assert _key(name) == unicodedata.normalize("NFC", name)


def test_hindi_names_that_differ_in_a_vowel_stay_apart():
    assert _key("दिल") != _key("दल")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("إيران", "ایران"),
        ("أربيل", "اربيل"),
        ("القاهرة", "القاهره"),
        ("کراچی", "كراچي"),
        ("مِصْر", "مصر"),
        ("ﻣﺼﺮ", "مصر"),
        ("مـصـر", "مصر"),
        ("יְרוּשָׁלַיִם", "ירושלים"),
        ("Ω", "Ω"),
        ("ガーナ", "カ\u3099ーナ"),
        ("ｶﾞｰﾅ", "ガーナ"),
        ("Zu\u0308rich", "Zürich"),
        ("N'Djamena", "N’Djamena"),
        ("L'Aquila", "Laquila"),
        ("Nukuʻalofa", "Nuku'alofa"),
        ("St. John's", "St Johns"),
        ("U.S.A.", "USA"),
        ("U. S.", "us"),
        ("D.C.", "dc"),
        ("Washington, D.C.", "Washington DC"),
        ("Bosnia & Herzegovina", "Bosnia and Herzegovina"),
        ("Guinea-Bissau", "Guinea Bissau"),
        ("Guinea–Bissau", "guinea   bissau"),
        ("  Rio\tde\nJaneiro ", "Rio de Janeiro"),
    ],
)
def test_spellings_of_one_name_share_a_key(one, other):
    assert _key(one) == _key(other)


def test_han_characters_are_tokens_of_their_own_and_kana_and_hangul_are_not():
    assert _key("北京市") == "北 京 市"
    assert _key("東京タワー") == "東 京 タワー"
    assert _key("서울") == "서울"


def test_the_key_of_a_flag_is_the_sign_and_the_code():
    assert _key(FLAG + "BR") == FLAG + "br"


@given(st.lists(texts, min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_key_is_its_own_key_and_holds_letters_marks_digits_and_single_blanks(several):
    keys = _keys(several)
    assert _keys(keys) == keys
    for key in keys:
        assert key == " ".join(key.split())
        assert {unicodedata.category(sign)[0] for sign in key if sign not in {" ", FLAG}} <= {"L", "M", "N"}


@given(st.lists(texts, min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_what_is_parted_holds_words_blanks_and_separators_only(several):
    for text in _all_parted(several):
        assert text == text.strip(f" {WEAK}{STRONG}")
        assert "  " not in text
        others = {sign for sign in text if unicodedata.category(sign)[0] not in {"L", "M", "N"}}
        assert others <= {" ", WEAK, STRONG, FLAG, *"'’‘`´ʻʼʾʿ′ʹ\u05f3\u05f4"}


@given(st.lists(texts, min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_texts_are_parted_each_on_its_own(several):
    assert _all_parted(several) == [_parted(text) for text in several]


@given(st.lists(texts, min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_the_sign_of_a_flag_cannot_be_typed(several):
    typed = [FLAG + FLAG.join(text) for text in several]
    # Two regional indicators are a flag, and that is what the sign stands for.
    assert not any(FLAG in text for text in _all_parted([re.sub("[\U0001f1e6-\U0001f1ff]", "", one) for one in typed]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("🇮🇩", [FLAG + "id"]),
        ("🇮🇩 Jakarta", [FLAG + "id", "Jakarta"]),
        ("Jakarta🇮🇩", ["Jakarta", FLAG + "id"]),
        ("🇩🇪🇫🇷", [FLAG + "de", FLAG + "fr"]),
        ("🇳🇦 / 🇿🇦", [FLAG + "na", FLAG + "za"]),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", ["scotland"]),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f Leeds", ["england", "Leeds"]),
        ("🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f", ["wales"]),
    ],
)
def test_flags_are_named_and_stand_apart_from_words(text, words):
    assert [part for stretch in _stretches(text) for part in stretch] == words


@pytest.mark.parametrize("sign", [*"/|;+•→←↔⇄➜>✈♥❤⁄\\~*=", "…", "...", " 🌍 ", "☕", "🏠", "｜", "／"])
def test_strong_signs_stand_between_alternatives(sign):
    assert _stretches(f"Berlin{sign}Paris") == [["Berlin"], ["Paris"]]


@pytest.mark.parametrize(
    "sign", [*",()[]{}:!?#@·・、。，\n\t\r", " - ", " – ", " — ", "- ", " -", "–", "—", '"', "：", " ‐ "]
)
def test_weak_signs_stand_between_a_place_and_what_contains_it(sign):
    assert _stretches(f"Berlin{sign}Germany") == [["Berlin", "Germany"]]


@pytest.mark.parametrize("hyphen", ["-", "‐", "‑", "_", ".", " ", "\u00a0", "\u3000", "   "])
def test_hyphens_inside_words_are_blanks(hyphen):
    assert _stretches(f"Guinea{hyphen}Bissau") == [["Guinea Bissau"]]


@pytest.mark.parametrize(
    "sign", ["\u200b", "\u200d", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\ufeff", "\u00ad", "\ufe0f"]
)
def test_invisible_signs_are_gone(sign):
    assert _parted(f"{sign}Za{sign}greb{sign}") == "Zagreb"


@pytest.mark.parametrize("sign", ["\0", "\x01", "\x07", "\x1b", "\x7f", "\x85", "\u2028"])
def test_control_characters_part_words_and_do_not_stay(sign):
    assert _stretches(f"Lagos{sign}Nigeria") in ([["Lagos", "Nigeria"]], [["Lagos Nigeria"]])


@pytest.mark.parametrize(
    ("text", "plain"),
    [("𝓟𝓪𝓻𝓲𝓼", "Paris"), ("𝕻𝖆𝖗𝖎𝖘", "Paris"), ("𝙿𝚊𝚛𝚒𝚜", "Paris"), ("Ｐａｒｉｓ", "Paris"), ("Ⓟaris", "Paris")],
)
def test_dressed_up_letters_are_plain_letters(text, plain):
    assert _parted(text) == plain


def test_dotted_initials_are_one_word():
    assert _stretches("Washington D.C., U.S.A.") == [["Washington DC", "USA"]]
    assert _stretches("St. Louis") == [["St Louis"]]


def test_case_stays_since_codes_count_in_capitals():
    assert _stretches("Portland, OR") == [["Portland", "OR"]]


def test_han_characters_are_words_of_their_own():
    assert _stretches("中国北京 Haidian") == [["中 国 北 京 Haidian"]]


def test_an_ampersand_is_a_word():
    assert _stretches("Bosnia & Herzegovina") == [["Bosnia and Herzegovina"]]


def test_nothing_stays_nothing():
    assert _all_parted(["", "  ", ",;-", None]) == ["", "", "", None]
    assert _keys(["", "!?", None]) == ["", "", None]


@given(st.lists(st.text(st.characters(max_codepoint=127), max_size=60), min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_short_way_for_ascii_parts_alike(several):
    frame = pl.DataFrame({"text": several})
    short, whole = frame.select(short=parted(pl.col("text"), ascii_only=True), whole=parted(pl.col("text")))
    assert short.to_list() == whole.to_list()
