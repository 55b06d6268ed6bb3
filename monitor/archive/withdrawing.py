"""What an agency kills loses its text everywhere in the archive; headlines, hashes, addresses and times stay."""

import json
from collections.abc import Collection
from typing import Protocol

from sqlite_utils import Database


class Index(Protocol):
    """The search index, as far as a story needs it."""

    def drop(self, article_id: int) -> None:
        """Takes an article out."""
        ...


def notices(db: Database, articles: Collection[int]) -> dict[int, list[int]]:
    """Returns which versions of articles are an agency's notice that it withdraws a story."""
    found: dict[int, list[int]] = {}
    for article, number in db.conn.execute(
        "SELECT article, number FROM texts WHERE article IN (SELECT value FROM json_each(?)) "
        "AND facts ->> '$.killed' IS NOT NULL",
        (json.dumps(sorted(articles)),),
    ):
        found.setdefault(article, []).append(number)
    return found


def withdraw(db: Database, index: Index, articles: Collection[int]) -> None:
    """Erases the text of a story that its agency killed: from versions, the search index, hits, and what a feed said.

    Headlines, hashes, addresses and times stay, and so does the notice, also where it took the story's place.
    """
    kept = notices(db, articles)
    for article in sorted(articles):
        newest = db.conn.execute("SELECT version FROM articles WHERE id = ?", (article,)).fetchone()[0]
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
            "UPDATE versions SET text = NULL, summary = NULL, credit = json_remove(credit, '$.correction') "
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


def forget_listed(db: Database, article: int) -> None:
    """Erases what feeds said of a withdrawn article, where its items wait for another try."""
    db.conn.execute(
        "UPDATE items SET found = json_remove(found, '$.summary', '$.content') WHERE article = ?1 "
        "AND found IS NOT NULL AND (SELECT withdrawn FROM articles WHERE id = ?1)",
        (article,),
    )


def give_back(db: Database, articles: Collection[int]) -> None:
    """What is no part of a killed story any more may have its text again, when it is next listed."""
    db.conn.execute(
        "UPDATE articles SET withdrawn = 0 WHERE withdrawn AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(articles)),),
    )
