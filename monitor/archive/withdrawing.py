"""What an agency kills loses its text everywhere in the archive; headlines, hashes, addresses and times stay."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from sqlite_utils import Database

from monitor.archive.connection import stamp
from monitor.archive.watching import give_topics


class Index(Protocol):
    """The search index, as far as a story needs it."""

    def drop(self, article_id: int) -> None:
        """Takes an article out."""
        ...


def notices(db: Database, articles: Collection[int]) -> dict[int, list[int]]:
    """Returns which versions of articles are an agency's notice that it withdraws a story."""
    found: dict[int, list[int]] = {}
    for article, number in db.conn.execute(
        "SELECT article, number FROM texts WHERE article IN (SELECT value FROM json_each(?)) AND kills",
        (json.dumps(sorted(articles)),),
    ):
        found.setdefault(article, []).append(number)
    return found


def withdraw(db: Database, index: Index, articles: Collection[int], now: datetime, *, tell: bool = True) -> None:
    """Erases the text of a story that its agency killed: from versions, the search index, hits, and what a feed said.

    Headlines, hashes, addresses and times stay, and so does the notice, also where it took the story's place. With
    `tell`, an entry says so to those who were told of it. Pages that hold it, of mails that tell the first stories of a
    digest only, are gone.
    """
    kept = notices(db, articles)
    for article in sorted(articles):
        newest, before = db.conn.execute("SELECT version, withdrawn FROM articles WHERE id = ?", (article,)).fetchone()
        spared = kept.get(article, ())
        if len(spared) == newest:
            continue
        if newest not in spared:
            spared = ()
            index.drop(article)
            db.conn.execute("UPDATE articles SET pruned = 1 WHERE id = ?", (article,))
        erased = (article, json.dumps(spared))
        db.conn.execute("UPDATE articles SET withdrawn = 1 WHERE id = ?", (article,))
        db.conn.execute(
            "UPDATE versions SET text = NULL, packed = NULL, summary = NULL, "
            "credit = json_remove(credit, '$.correction') "
            "WHERE article = ? AND number NOT IN (SELECT value FROM json_each(?))",
            erased,
        )
        db.conn.execute(
            "UPDATE matches SET hits = (SELECT json_group_array(json_set(value, '$.sentence', value ->> 'surface', "
            "'$.start', 0)) FROM json_each(hits)) WHERE article = ? AND hits <> '[]' "
            "AND version NOT IN (SELECT value FROM json_each(?))",
            erased,
        )
        forget_listed(db, article)
        if not before:
            _erase_pages(db, article)
            if tell:
                _tell(db, article, now)


def _erase_pages(db: Database, article: int) -> None:
    db.conn.execute(
        "UPDATE outbox SET whole = NULL WHERE whole IS NOT NULL "
        "AND id IN (SELECT message FROM ledger WHERE article = ?)",
        (article,),
    )


def _tell(db: Database, article: int, now: datetime) -> None:
    """Appends an entry, where an earlier one told of a topic, or somebody was told of the article as a carrier."""
    entry = db.conn.execute(
        "INSERT INTO entries (kind, at, article, version, story) SELECT 'kill', ?2, id, version, story FROM articles "
        "WHERE id = ?1 AND (EXISTS (SELECT 1 FROM ledger WHERE article = ?1) OR EXISTS "
        "(SELECT 1 FROM entries e JOIN entry_topics t ON t.entry = e.number WHERE e.article = ?1))",
        (article, stamp(now)),
    )
    if entry.rowcount and entry.lastrowid is not None:
        give_topics(db, entry.lastrowid)


def forget_listed(db: Database, article: int) -> None:
    """Erases what feeds said of a withdrawn article, where its items wait for another try."""
    db.conn.execute(
        "UPDATE listings SET found = json_remove(found, '$.summary', '$.content') "
        "WHERE item IN (SELECT id FROM items WHERE article = ?1) AND (SELECT withdrawn FROM articles WHERE id = ?1)",
        (article,),
    )


def give_back(db: Database, articles: Collection[int]) -> None:
    """What is no part of a killed story any more may have its text again, when it is next listed."""
    db.conn.execute(
        "UPDATE articles SET withdrawn = 0 WHERE withdrawn AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(articles)),),
    )
