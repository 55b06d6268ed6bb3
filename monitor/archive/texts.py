"""Texts as stories are made of them: fingerprints, the keys they are found under, and what they are to others."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlite_utils import Database

from monitor.archive import StoryRoom, keys, prints
from monitor.archive.connection import Row, moment, stamp
from monitor.types import Article, Fingerprint, Text, Tie, TieKind

ONE = frozenset({TieKind.SAME, TieKind.KILL, TieKind.TRANSLATION})
"""The ties by which texts are one story."""

_NEWEST = 64  # texts looked at under one key
_CANDIDATES = 64  # texts that a new one is held against
_LONG_AGO = timedelta(days=6)  # a shingle that stood in a text so much older is background
_REMEMBERED = 4  # periods in which background is looked for

_SAME_BODY = (  # SQLite uses an index on an expression only where the query repeats it
    "SELECT id FROM texts WHERE substr(body_hash, 1, 12) = substr(?1, 1, 12) AND body_hash = ?1 LIMIT 20"
)

_TEXTS = (
    "SELECT t.*, v.text_hash, v.words, a.publisher, "
    "coalesce((SELECT min(identity) FROM addresses WHERE article = a.id AND kind <> 'hint'), a.url) AS name "
    "FROM texts t JOIN versions v ON v.article = t.article AND v.number = t.number "
    "JOIN articles a ON a.id = t.article WHERE t.id IN (SELECT value FROM json_each(?))"
)

Found = tuple[dict[int, Tie], int | None]
"""What a text is to others, by their numbers; and the one that is the same word for word, whose ties of words do."""


def write_text(
    db: Database,
    rooms: StoryRoom,
    article_id: int,
    number: int,
    article: Article,
    print_: Fingerprint,
    now: datetime,
    found: Found | None = None,
) -> bool:
    """Keeps a version's fingerprint and its ties; says whether there are any."""
    samples, said = prints.pack(print_)
    at = dated = _dated(article, now)
    if number > 1:
        before = db.conn.execute(
            "SELECT max(at) FROM texts WHERE article = ? AND number < ?", (article_id, number)
        ).fetchone()[0]
        at = dated if before is None or dated > before else max(stamp(now), dated)
    ties, twin = found or ties_of(db, rooms, article, print_, now)
    text_id: int = db.conn.execute(
        "INSERT INTO texts (article, number, at, language, body_hash, twin, shingles, said, kills) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (article_id, number, at, print_.language, print_.body_hash, twin, samples, said, print_.killed is not None),
    ).lastrowid  # type: ignore[assignment]
    own = rooms.keys(print_) if twin is None else _own_keys(db, rooms, print_, twin)
    kept = keys.in_period(keys.period(moment(dated)), own)
    keys.add(db, text_id, kept if twin is None else _not_of_twins(db, kept, twin))
    if ties:
        db.conn.executemany(
            "INSERT INTO ties (text, other, kind, score) VALUES (?1, ?2, ?3, ?4), (?2, ?1, ?3, ?4)",
            [(text_id, other, tie.kind.value, tie.score) for other, tie in ties.items()],
        )
    return bool(ties)


def _own_keys(db: Database, rooms: StoryRoom, print_: Fingerprint, twin: int) -> list[int]:
    """Returns under what a text is kept that is another word for word: only what that one is not."""
    return sorted(set(rooms.keys(print_)) - set(rooms.keys(load(db, [twin])[0].fingerprint)))


def _not_of_twins(db: Database, own: Sequence[int], twin: int) -> list[int]:
    """Returns those of these keys under which there is none of the texts that are the same word for word."""
    held = keys.under(db, own, _NEWEST)
    twins = _text_ids(
        db,
        "SELECT id FROM texts WHERE ?2 IN (id, twin) AND id IN (SELECT value FROM json_each(?1))",
        json.dumps(sorted({text for texts in held.values() for text in texts})),
        twin,
    )
    return [key for key in own if not set(twins).intersection(held.get(key, ()))]


def story_of(db: Database, ties: Mapping[int, Tie]) -> int | None:
    """Returns the story to which the surest of these ties leads."""
    one = [text for text, tie in ties.items() if tie.kind in ONE]
    if not one:
        return None
    surest = max(one, key=lambda text: (ties[text].score, -text))
    story: int = db.conn.execute(
        "SELECT story FROM articles WHERE id = (SELECT article FROM texts WHERE id = ?)", (surest,)
    ).fetchone()[0]
    return story


def _dated(article: Article, now: datetime) -> str:
    return stamp(max((time for time in (article.published_at, article.updated_at) if time is not None), default=now))


def ties_of(db: Database, rooms: StoryRoom, article: Article, print_: Fingerprint, now: datetime) -> Found:
    """Returns the ties of a text that is not in the archive."""
    if print_.body_hash is not None:
        same = load(db, _text_ids(db, _SAME_BODY, print_.body_hash))
        for text in same:
            tie = rooms.tie(print_, text.fingerprint, frozenset())
            if tie is not None and tie.kind is TieKind.SAME:
                return {text.id: tie} | _beyond_words(db, rooms, article, print_, now), text.id
    asked, at = rooms.asked(article, print_), moment(_dated(article, now))
    held: dict[int, set[int]] = {}  # text → keys
    for key, texts in keys.under(db, keys.between(at - _LONG_AGO, at + _LONG_AGO, asked), _NEWEST).items():
        for number in texts:
            held.setdefault(number, set()).add(key & 0xFFFFFFFF)
    held = {text: of for text, of in held.items() if len(of) > 1 or sum(asked[key] for key in of) >= 1}
    if not held:
        return {}, None
    near, background = _by_age(db, held, at)
    background |= _of_former_days(db, set().union(*(held[text] for text in near)), keys.period(at - _LONG_AGO))
    weight = {text: sum(asked[key] for key in held[text] - background) for text in near}
    ranked = sorted((text for text in near if weight[text] >= 1), key=lambda text: (-weight[text], -text))
    found = {}
    for text in load(db, ranked[:_CANDIDATES]):
        tie = rooms.tie(print_, text.fingerprint, background)
        if tie is not None:
            found[text.id] = tie
    return found, None


def _of_former_days(db: Database, held: Collection[int], period: int) -> frozenset[int]:
    """Returns the keys under which texts of the last periods before this one are."""
    former = [key for before in range(period - _REMEMBERED, period) for key in keys.in_period(before, held)]
    return frozenset(key & 0xFFFFFFFF for key in keys.used(db, former))


def _beyond_words(
    db: Database, rooms: StoryRoom, article: Article, print_: Fingerprint, now: datetime
) -> dict[int, Tie]:
    """Returns what a text is to others for its headline or address: its words say nothing of that."""
    at = moment(_dated(article, now))
    sure = [key for key, weight in rooms.asked(article, print_).items() if weight >= 1]
    asked = keys.between(at - _LONG_AGO, at + _LONG_AGO, sure)
    under = _text_ids(
        db,
        "SELECT id FROM texts WHERE id IN (SELECT text FROM text_keys WHERE key IN (SELECT value FROM json_each(?1)) "
        "UNION ALL SELECT value FROM json_each(?2)) AND body_hash IS NOT ?3 ORDER BY id DESC LIMIT ?4",
        json.dumps(asked),
        json.dumps([text for texts in keys.packed(db, asked).values() for text in texts]),
        print_.body_hash,
        _CANDIDATES,
    )
    ties = {text.id: rooms.tie(print_, text.fingerprint, frozenset()) for text in load(db, under)}
    return {text: tie for text, tie in ties.items() if tie is not None and tie.kind in ONE - {TieKind.SAME}}


def _by_age(db: Database, held: Mapping[int, set[int]], at: datetime) -> tuple[list[int], frozenset[int]]:
    """Returns the texts of about that time, and the keys under which much older ones are too."""
    first, last = stamp(at - _LONG_AGO), stamp(at + _LONG_AGO)
    near, background = [], set()
    rows = db.conn.execute(
        "SELECT id, at FROM texts WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(held)),)
    )
    for number, when in rows:
        if when > last:
            continue
        if when >= first:
            near.append(number)
        else:
            background |= held[number]
    return near, frozenset(background)


# --- rows ------------------------------------------------------------------------------------------------------------


def fingerprint_of(db: Database, article_id: int, number: int) -> Fingerprint | None:
    """Returns the fingerprint of a version; None for one kept before there were any."""
    row: Row | None = db.conn.execute(
        "SELECT t.*, v.text_hash, v.words FROM texts t "
        "JOIN versions v ON v.article = t.article AND v.number = t.number WHERE t.article = ? AND t.number = ?",
        (article_id, number),
    ).fetchone()
    return None if row is None else prints.unpack(row)


def _text_ids(db: Database, sql: str, *values: object) -> list[int]:
    return [row[0] for row in db.conn.execute(sql, values)]


def texts_of(db: Database, articles: Collection[int]) -> list[Text]:
    """Returns the texts of articles: of each, the newest version last."""
    sql = "SELECT id FROM texts WHERE article IN (SELECT value FROM json_each(?)) ORDER BY article, number"
    return load(db, _text_ids(db, sql, json.dumps(sorted(articles))))


def load(db: Database, ids: Sequence[int]) -> list[Text]:
    """Returns texts in the order of `ids`."""
    if not ids:
        return []
    rows = db.conn.execute(_TEXTS, (json.dumps(ids),))
    by_id = {row["id"]: prints.text(row) for row in rows}
    return [by_id[number] for number in ids]
