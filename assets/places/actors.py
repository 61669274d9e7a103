"""Actors: who acts is kept only as a keyed hash, and where they live only as a place.

Here: the key of a store, hashing of account numbers, putting the evidence on an actor's place together, and the guard
against personal data in tables. Not here: reading location texts (`assets/places/locate.py`), offsets
(`assets/places/offsets.py`), mail domains (`assets/places/mail_domains.py`), fetching accounts.

An actor is HMAC-SHA256(key, ``github:<databaseId>``) in hexadecimal digits. Account numbers are few enough to try all
of them, so that a hash without a key would hide nothing: the key is what protects people. It is one a store, outside
git, and in no table, log or error.
"""

import hmac
import os
import secrets
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, NoReturn

import polars as pl
from upath import UPath

from assets.places.offsets import THRESHOLD

KEY_VARIABLE: Final = "ATLAS_ACTOR_KEY"
KEY_FILE: Final = "actor.key"
KEY_BYTES: Final = 32
MOST_KEY_FILE_BYTES: Final = 4096

BY_OFFSET: Final = "UTC offsets of commits"
BY_MAIL: Final = "e-mail country domain"
BY_MAIL_AND_OFFSET: Final = "e-mail country domain; UTC offsets agree"
TEXT_LEAVES_OPEN: Final = "the location text leaves several places open"
CONTRADICTION: Final = "location text, UTC offsets and e-mail domain contradict each other"
NO_TEXT: Final = "no location text"

COMPATIBLE: Final = 0.01
"""Support (``offsets.infer``) from which offsets do not speak against a country: a hundredth of the best one's."""

MOST_REASONS: Final = 200
"""Reasons are words of a closed list; more different ones mean that they quote texts."""

PLACES: Final = pl.Schema(
    {
        "actor": pl.String(),
        "country": pl.String(),
        "admin1": pl.String(),
        "city_geonameid": pl.Int64(),
        "metro": pl.String(),
        "level": pl.String(),
        "confidence": pl.Float64(),
        "evidence": pl.String(),
        "reason": pl.String(),
    }
)

_TEXT_CANDIDATE: Final = pl.Struct({"country": pl.String, "weight": pl.Float64})
_WEIGHED: Final = pl.Schema(
    {"actor": pl.String(), "option": pl.String(), "weight": pl.Float64(), "support": pl.Float64()}
)
_NO_OFFSETS: Final = pl.Schema(
    {
        "actor": pl.String(),
        "candidates": pl.List(pl.Struct({"country": pl.String, "weight": pl.Float64, "support": pl.Float64})),
        "reason": pl.String(),
    }
)

_PERSONAL: Final = r"[^\s@＠]+[@＠][^\s@＠]+\.\p{L}[^\s@＠.]+|(?:^|[^\p{L}\p{N}._%+-])[@＠][\p{L}\p{N}_][\p{L}\p{N}_-]*"


class ActorKeyError(RuntimeError):
    """The key of a store is absent, exposed or malformed; the message says where and what to do, never the key."""


class ActorError(ValueError):
    """Actors or their evidence cannot be used; the message names the column and counts, never a value."""


class ActorKey:
    """The key of a store. It can hash, and does nothing else: it has no readable form and cannot be pickled.

    Args:
        secret: 32 bytes or more.

    Raises:
        ActorKeyError: The secret is shorter.
    """

    __slots__ = ("__secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) < KEY_BYTES:
            raise ActorKeyError(f"A key of actors has at least {KEY_BYTES} bytes; this one has {len(secret)}.")
        self.__secret = bytes(secret)

    def hashed(self, text: str) -> str:
        """Return HMAC-SHA256 of a text as 64 hexadecimal digits."""
        return hmac.digest(self.__secret, text.encode(), "sha256").hex()

    def __repr__(self) -> str:
        """Say what it is, not which."""
        return "ActorKey(hidden)"

    def __reduce__(self) -> NoReturn:
        """Refuse to leave the process."""
        raise ActorKeyError("A key of actors is not pickled or copied; each process loads it from its store.")


def _from_hex(text: str, where: str) -> ActorKey:
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        # The exception quotes a part of the key: it must not be chained.
        secret = b""
    if len(secret) < KEY_BYTES:
        raise ActorKeyError(
            f"{where}: a key is {2 * KEY_BYTES} or more hexadecimal digits ({KEY_BYTES} bytes) and nothing else; this "
            f"is not one ({len(text.strip())} characters). Make one with: "
            f"python -c 'import secrets; print(secrets.token_hex({KEY_BYTES}))'"
        )
    return ActorKey(secret)


def _local_root(root: str | Path | UPath) -> Path | None:
    place = UPath(root)
    return Path(place.path) if place.protocol in {"", "file", "local"} else None


def _read_key(path: Path) -> ActorKey:
    """Read a key file that only its owner can read."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ActorKeyError(f"{path}: the key is no regular file; move it away and put the key file there.")
        if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ActorKeyError(
                f"{path}: others on this machine can read or change the key (mode {stat.S_IMODE(status.st_mode):04o}). "
                f"If nobody did, run 'chmod 600 {path}'; otherwise remove the store's tables of actors and the key, "
                "and build anew."
            )
        content = file.read(MOST_KEY_FILE_BYTES)
    return _from_hex(content.decode("ascii", errors="replace"), str(path))


def _make_key(path: Path) -> None:
    """Write a new key, complete or not at all; one that another process has put there meanwhile stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
        except OSError as error:
            raise ActorKeyError(
                f"{path}: this file system cannot create the key safely ({error.strerror}); set {KEY_VARIABLE} instead."
            ) from error
    finally:
        draft.unlink(missing_ok=True)


def load_key(root: str | Path | UPath, *, environ: Mapping[str, str] = os.environ) -> ActorKey:
    """Return the key of a store: from the environment, else from ``actor.key`` in the store, made when absent.

    With another key the same people become other actors. So keep the key as long as the store, and where a key
    file and the variable are both there, they must agree.

    Args:
        root: Root of the store, which exists already: a folder, or an fsspec URL.
        environ: Environment; ``ATLAS_ACTOR_KEY`` holds at least 32 bytes in hexadecimal digits.

    Raises:
        ActorKeyError: The variable or file is malformed, the file can be read by others, the two differ, the
            folder does not exist, or the store is remote and the variable is not set.
    """
    given = environ.get(KEY_VARIABLE)
    key = None if given is None else _from_hex(given, f"environment variable {KEY_VARIABLE}")
    folder = _local_root(root)
    if folder is None:
        if key is None:
            raise ActorKeyError(
                f"The store of protocol {UPath(root).protocol!r} is no local folder, and a key is not kept where its "
                f"tables are shared: set {KEY_VARIABLE} to {2 * KEY_BYTES} hexadecimal digits, the same for every "
                "process that uses the store."
            )
        return key
    path = folder / KEY_FILE
    if not path.exists():
        if key is not None:
            return key
        if not folder.is_dir():
            raise ActorKeyError(f"{folder}: the store does not exist yet, so that no key can be put there.")
        _make_key(path)
    try:
        stored = _read_key(path)
    except OSError as error:
        raise ActorKeyError(
            f"{path}: the key cannot be read ({error.strerror}); make it yours or restore it."
        ) from error
    if key is not None and not hmac.compare_digest(key.hashed("same key?"), stored.hashed("same key?")):
        raise ActorKeyError(
            f"{path} and environment variable {KEY_VARIABLE} hold different keys; actors of the store were hashed with "
            f"one of them. Unset the variable, or remove the file if the store has no actors from it."
        )
    return stored


def actor_ids(database_ids: pl.Series, key: ActorKey) -> pl.Series:
    """Return the actor of each GitHub account number.

    Args:
        database_ids: GitHub's ``databaseId``, integers of 1 and more; null (a deleted account) stays null.
        key: The key of the store.

    Returns:
        Series ``actor``: 64 hexadecimal digits.

    Raises:
        ActorError: The numbers are no integers, or below 1.
    """
    if not (database_ids.dtype.is_integer() or database_ids.dtype == pl.Null):
        raise ActorError(f"Account numbers must be integers, not {database_ids.dtype}; pass databaseId, not the login.")
    numbers = database_ids.cast(pl.Int64).rename("number")
    below = int((numbers < 1).sum())
    if below:
        raise ActorError(f"{below} account number(s) are below 1; GitHub counts accounts from 1.")
    # Each person once, however many events they have; hashing needs Python.
    distinct = numbers.drop_nulls().unique()
    hashes = pl.DataFrame(
        {"number": distinct, "actor": [key.hashed(f"github:{number}") for number in distinct]},
        schema={"number": pl.Int64, "actor": pl.String},
    )
    return numbers.to_frame().join(hashes, on="number", how="left", maintain_order="left")["actor"]


def _need(frame: pl.DataFrame, columns: Collection[str], what: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ActorError(f"{what} lacks the column(s) {', '.join(missing)}.")


def _once(frame: pl.DataFrame, what: str) -> None:
    repeated = frame.height - frame["actor"].n_unique()
    if repeated or frame["actor"].null_count():
        raise ActorError(
            f"{what} has {repeated} repeated and {frame['actor'].null_count()} empty actor(s); give one row an actor."
        )


def _spine(located: pl.DataFrame) -> pl.DataFrame:
    """Return the located actors with the text's candidates: text_open = it has some, but no answer."""
    _need(located, [name for name in PLACES.names() if name != "evidence"], "The frame of located actors")
    _once(located, "The frame of located actors")
    reasons = located["reason"].n_unique()
    if reasons > MOST_REASONS:
        raise ActorError(
            f"Located actors have {reasons:,} different reasons; reasons are words of a closed list and must not quote "
            "what people wrote."
        )
    listed = pl.col("candidates") if "candidates" in located.columns else pl.lit([], dtype=pl.List(_TEXT_CANDIDATE))
    return located.with_columns(text_candidates=listed.cast(pl.List(_TEXT_CANDIDATE)).fill_null([])).select(
        *[name for name in PLACES.names() if name != "evidence"],
        "text_candidates",
        text_open=pl.col("country").is_null() & (pl.col("text_candidates").list.len() > 0),
    )


def _exploded(frame: pl.DataFrame, candidates: str) -> pl.DataFrame:
    return (
        frame.select("actor", candidates)
        .filter(pl.col(candidates).list.len() > 0)
        .explode(candidates)
        .select("actor", pl.col(candidates).struct.unnest())
        .rename({"country": "option"})
    )


def _options(silent: pl.DataFrame, offsets: pl.DataFrame) -> pl.DataFrame:
    """Return what text and offsets together leave open: actor, option, weight (probability), support.

    Bayes' rule: the text's weights are the prior where the text has candidates, times the support of the offsets;
    otherwise the weights of the offsets, which have developers as prior. Candidates that offsets do not list have
    no support.
    """
    of_offset = _exploded(offsets.join(silent.select("actor"), on="actor", how="semi"), "candidates")
    of_text = _exploded(silent.filter("text_open"), "text_candidates")
    with_offset = of_offset.select("actor").unique().with_columns(has_offset=pl.lit(value=True))
    joint = (
        of_text.join(of_offset.select("actor", "option", "support"), on=["actor", "option"], how="left")
        .join(with_offset, on="actor", how="left")
        .with_columns(
            support=pl.when(pl.col("has_offset")).then(pl.col("support").fill_null(0.0)).otherwise(pl.lit(1.0))
        )
        .with_columns(weight=pl.col("weight") * pl.col("support"))
    )
    total = pl.col("weight").sum().over("actor")
    joint = joint.with_columns(weight=pl.when(total > 0).then(pl.col("weight") / total).otherwise(0.0))
    alone = of_offset.join(of_text.select("actor").unique(), on="actor", how="anti")
    return pl.concat([part.select(_WEIGHED.names()).cast(_WEIGHED) for part in (joint, alone)])


def actor_places(
    located: pl.DataFrame,
    *,
    offsets: pl.DataFrame | None = None,
    mail: pl.DataFrame | None = None,
    threshold: float = THRESHOLD,
    mail_confidence: float | None = None,
) -> pl.DataFrame:
    """Return where each actor lives: as declared, else as inferred, else nowhere with the reason.

    * What the location text says stands, whatever other evidence says.
    * Where the text leaves several countries open, offsets and mail decide among these only.
    * A country domain of the e-mail address is taken unless text or offsets speak against it; an actor whose
      addresses name two countries has none.
    * Offsets alone name a country from the threshold on.

    Args:
        located: One row an actor: ``actor`` and the columns of ``locate`` (``country``, ``admin1``,
            ``city_geonameid``, ``metro``, ``level``, ``confidence``, ``reason``, and ``candidates`` if known).
        offsets: Result of ``offsets.infer``. Actors that are not located do not appear.
        mail: ``actor``, ``country`` as of ``country_of_domains``; none is the rule, see there.
        threshold: Probability from which offsets name a country.
        mail_confidence: How often mail domains are right where it was measured; null otherwise.

    Returns:
        Rows of table ``attribute/actor_places``, sorted by actor. No text that a person wrote is among them.

    Raises:
        ActorError: A column is missing, an actor stands twice, or reasons quote texts.
    """
    spine = _spine(located)
    offsets = pl.DataFrame(schema=_NO_OFFSETS) if offsets is None else offsets
    mail = pl.DataFrame(schema={"actor": pl.String, "country": pl.String}) if mail is None else mail
    _need(offsets, _NO_OFFSETS.names(), "The offset evidence")
    _need(mail, ("actor", "country"), "The mail evidence")
    _once(offsets, "The offset evidence")

    silent = spine.filter(pl.col("country").is_null())
    options = _options(silent, offsets)
    best = (
        options.sort(["actor", "weight", "option"], descending=[False, True, False])
        .group_by("actor", maintain_order=True)
        .agg(
            best=pl.col("option").first(),
            best_weight=pl.col("weight").first(),
            most_support=pl.col("support").max(),
        )
    )
    by_mail = (
        mail.drop_nulls("country")
        .group_by("actor")
        .agg(mail=pl.col("country").first(), countries=pl.col("country").n_unique())
    )
    agreed = options.select("actor", "support", mail="option", listed=pl.lit(value=True))
    evidence = (
        silent.join(best, on="actor", how="left")
        .join(by_mail, on="actor", how="left")
        .join(agreed, on=["actor", "mail"], how="left")
        .join(
            offsets.select("actor", offset_reason="reason", has_offset=pl.col("candidates").list.len() > 0),
            on="actor",
            how="left",
        )
        .with_columns(pl.col("has_offset").fill_null(value=False))
    )
    constrained = pl.col("has_offset") | pl.col("text_open")
    mail_fits = ~constrained | (pl.col("listed").fill_null(value=False) & (pl.col("support") >= COMPATIBLE))
    has_mail = pl.col("mail").is_not_null()
    contradiction = (
        (pl.col("countries") > 1).fill_null(value=False)
        | (has_mail & ~mail_fits)
        | (pl.col("text_open") & pl.col("has_offset") & (pl.col("most_support") < COMPATIBLE))
    )
    from_mail = has_mail & ~contradiction
    from_offset = ~has_mail & pl.col("has_offset") & ~contradiction & (pl.col("best_weight") >= threshold)
    basis = (
        pl.when(from_mail & pl.col("has_offset"))
        .then(pl.lit(BY_MAIL_AND_OFFSET))
        .when(from_mail)
        .then(pl.lit(BY_MAIL))
        .otherwise(pl.lit(BY_OFFSET))
    )
    basis = pl.when("text_open").then(pl.format("{}; {}", basis, pl.lit(TEXT_LEAVES_OPEN))).otherwise(basis)
    silence = pl.concat_str(
        pl.col("reason").fill_null(NO_TEXT),
        pl.when(contradiction).then(pl.lit(CONTRADICTION)).otherwise("offset_reason"),
        separator="; ",
        ignore_nulls=True,
    )
    inferred = from_mail | from_offset
    decided = evidence.select(
        "actor",
        country=pl.when(from_mail).then("mail").when(from_offset).then("best"),
        level=pl.when(inferred).then(pl.lit("country")),
        confidence=pl.when(from_mail)
        .then(pl.lit(mail_confidence, dtype=pl.Float64))
        .when(from_offset)
        .then("best_weight"),
        evidence=pl.when(inferred).then(pl.lit("inferred")),
        reason=pl.when(inferred).then(basis).otherwise(silence),
    )
    declared = spine.filter(pl.col("country").is_not_null()).with_columns(
        evidence=pl.lit("declared"), level=pl.col("level").fill_null("country")
    )
    return (
        pl.concat([declared.select(PLACES.names()), decided], how="diagonal_relaxed")
        .select(PLACES.names())
        .cast(PLACES)
        .sort("actor")
    )


def _texts(column: pl.Series) -> list[pl.Series]:
    """Return the texts that a column holds, also inside lists and structs."""
    if isinstance(column.dtype, pl.List | pl.Array):
        return _texts(column.explode())
    if isinstance(column.dtype, pl.Struct):
        return [text for name in column.struct.fields for text in _texts(column.struct.field(name))]
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return [column.cast(pl.String)]
    return []


def no_personal_data(frame: pl.DataFrame, *, vocabularies: Collection[str] = ()) -> dict[str, int]:
    """Return the columns that hold e-mail addresses or @logins, with the number of such values; empty is a pass.

    It finds what looks like one; a bare login looks like any word, so that an empty result is no proof.

    Args:
        frame: Any table.
        vocabularies: Columns whose values are a declared closed list, and are not looked at.

    Returns:
        Counts by column. Never a value.
    """
    counts = {
        column.name: sum(int(text.str.contains(_PERSONAL).sum()) for text in _texts(column))
        for column in frame.iter_columns()
        if column.name not in vocabularies
    }
    return {name: count for name, count in counts.items() if count}
