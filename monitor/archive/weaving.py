"""Which articles are one story, and what that makes of each: arranged anew with every text that comes."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlite_utils import Database

from monitor.archive import Pair, StoryRoom
from monitor.archive.connection import stamp
from monitor.archive.texts import texts_of
from monitor.archive.withdrawing import Index, give_back, notices, withdraw
from monitor.types import Lineage, Relation, Text, Tie, TieKind

_WOVEN = 300  # articles that are arranged together; a story with more only grows
_KINDS = {kind.value: kind for kind in TieKind}


def arrange(
    db: Database, rooms: StoryRoom, index: Index, articles: Collection[int], now: datetime, *, tell: bool = True
) -> None:
    """Gives articles, and all that their texts are tied to, their stories and their parts in them.

    With `tell`, entries say so where a story is withdrawn, or falls apart, of which readers were told.
    """
    woven = _woven(db, articles)
    if woven is None:
        _grow(db, rooms, index, articles, now, tell=tell)
        return
    texts, ties = woven
    inside = {text.article_id for text in texts}
    rulings = _rulings(db, inside)
    if rulings["parted"]:
        ties = _with_twins(db, texts, ties)
    found = rooms.groups(texts, ties, **rulings)
    was = _stories_of(db, inside)
    becomes: dict[int, int] = {}
    taken: set[int] = set()
    by_article: dict[int, list[Text]] = {}
    for text in texts:
        by_article.setdefault(text.article_id, []).append(text)
    for group in sorted(found, key=min):
        had = sorted({was[article] for article in group} - taken)
        story_id = had[0] if had else _new_story(db, now)
        taken.add(story_id)
        becomes |= dict.fromkeys(group, story_id)
        for article in sorted(group):
            if was[article] != story_id:
                _move(db, article, story_id)
        lineage = _write_lineage(db, rooms, [text for article in group for text in by_article[article]])
        killed = group if lineage.withdrawn else lineage.taken_back
        withdraw(db, index, killed, now, tell=tell)
        give_back(db, group - killed)
    for empty in set(was.values()) - taken:
        _close(db, empty, becomes[min(article for article in inside if was[article] == empty)])
    if tell:
        _tell_of_parted(db, was, becomes, now)


def _with_twins(db: Database, texts: Sequence[Text], ties: Mapping[Pair, Tie]) -> dict[Pair, Tie]:
    """Returns the ties with those that a text has because another is the same word for word.

    Without them, copies that are tied to one only would fall apart where that one is parted from them.
    """
    rows = db.conn.execute(
        "SELECT id, twin FROM texts WHERE twin IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
        (json.dumps([text.id for text in texts]),),
    )
    copies: dict[int, list[int]] = {}
    for text, twin in rows:
        copies.setdefault(twin, []).append(text)
    found = dict(ties)
    for pair, tie in ties.items():
        for twin, other in (pair, pair[::-1]):
            for text in copies.get(twin, ()):
                if text != other:
                    found.setdefault((min(text, other), max(text, other)), tie)
    return found


def _stories_of(db: Database, articles: Collection[int]) -> dict[int, int]:
    rows = db.conn.execute(
        "SELECT id, story FROM articles WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(articles)),)
    )
    return {row[0]: row[1] for row in rows}


def _new_story(db: Database, now: datetime) -> int:
    number: int = db.conn.execute("INSERT INTO stories (created_at) VALUES (?)", (stamp(now),)).lastrowid  # type: ignore[assignment]
    return number


def _move(db: Database, article: int, story: int) -> None:
    db.conn.execute("UPDATE articles SET story = ? WHERE id = ?", (story, article))


def _close(db: Database, story: int, became: int) -> None:
    """Notes what a story without articles has become part of."""
    db.conn.execute(
        "UPDATE stories SET became = ?2 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM articles WHERE story = ?1)",
        (story, became),
    )


def _woven(db: Database, articles: Collection[int]) -> tuple[list[Text], dict[Pair, Tie]] | None:
    """Returns the texts that may be one story with these articles, and their ties; None where they are too many.

    However many they are, no more rows are read than it takes to see that.
    """
    inside: set[int] = set()
    ahead = set(articles)
    while ahead:
        ahead |= _of_their_stories(db, ahead)
        inside |= ahead
        if len(inside) > _WOVEN:
            return None
        rows = db.conn.execute(
            "SELECT DISTINCT o.article FROM texts t JOIN ties s ON s.text = t.id JOIN texts o ON o.id = s.other "
            "WHERE t.article IN (SELECT value FROM json_each(?1)) AND s.kind IN ('same', 'kill', 'translation') "
            "UNION SELECT other FROM rulings WHERE joined AND article IN (SELECT value FROM json_each(?1)) LIMIT ?2",
            (json.dumps(sorted(ahead)), 2 * _WOVEN + 1),
        )
        ahead = {row[0] for row in rows} - inside
    texts = texts_of(db, inside)
    pairs = db.conn.execute(
        "SELECT text, other, kind, score FROM ties WHERE text < other "
        "AND text IN (SELECT value FROM json_each(?1)) AND other IN (SELECT value FROM json_each(?1))",
        (json.dumps([text.id for text in texts]),),
    )
    return texts, {(one, other): Tie(kind=_KINDS[kind], score=score) for one, other, kind, score in pairs}


def _of_their_stories(db: Database, articles: Iterable[int]) -> set[int]:
    rows = db.conn.execute(
        "SELECT id FROM articles WHERE story IN "
        "(SELECT story FROM articles WHERE id IN (SELECT value FROM json_each(?))) LIMIT ?",
        (json.dumps(sorted(articles)), _WOVEN + 1),
    )
    return {row[0] for row in rows}


def _rulings(db: Database, inside: Collection[int]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {"joined": [], "parted": []}
    for row in db.conn.execute(
        "SELECT article, other, joined FROM rulings WHERE article IN (SELECT value FROM json_each(?1)) "
        "AND other IN (SELECT value FROM json_each(?1))",
        (json.dumps(sorted(inside)),),
    ):
        if row["article"] < row["other"]:
            found["joined" if row["joined"] else "parted"].append((row["article"], row["other"]))
    return found


def _write_lineage(db: Database, rooms: StoryRoom, texts: Sequence[Text]) -> Lineage:
    """Gives all articles of a story their parts."""
    found = rooms.lineage(texts)
    db.conn.executemany(
        "UPDATE articles SET relation = ?1, kept = ?2 WHERE id = ?3 AND (relation, kept) IS NOT (?1, ?2)",
        [(part.relation.value, part.kept, part.article_id) for part in found.parts],
    )
    db.conn.executemany(
        "UPDATE texts SET take = ?1 WHERE id = ?2 AND take <> ?1", [(take, text) for text, take in found.takes.items()]
    )
    return found


def _tell_of_parted(db: Database, was: Mapping[int, int], becomes: Mapping[int, int], now: datetime) -> None:
    """Lets the next digests tell of what readers took for part of a story they knew, and is none of it now.

    Their entries lie behind such a reader, who got a number at most. The new ones tell of the topics that the old ones
    told of, and stay in the bulk that the article came in.
    """
    parts: dict[int, dict[int, list[int]]] = {}
    for article, story in becomes.items():
        parts.setdefault(was[article], {}).setdefault(story, []).append(article)
    for part in parts.values():
        for story, own in part.items() if len(part) > 1 else ():
            others = [article for other, articles in part.items() if other != story for article in articles]
            untold = db.conn.execute(
                "SELECT 1 FROM ledger WHERE article IN (SELECT value FROM json_each(?)) AND reader NOT IN "
                "(SELECT l.reader FROM articles a JOIN ledger l ON l.article = a.id WHERE a.story = ?) LIMIT 1",
                (json.dumps(others), story),
            )
            for article in sorted(own) if untold.fetchone() else ():
                _tell_again(db, article, now)


def _tell_again(db: Database, article: int, now: datetime) -> None:
    entry = db.conn.execute(
        "INSERT INTO entries (kind, at, article, version, story, burst) SELECT 'new', ?2, id, version, story, "
        "(SELECT burst FROM entries WHERE article = ?1 ORDER BY number DESC LIMIT 1) FROM articles WHERE id = ?1 "
        "AND EXISTS (SELECT 1 FROM entries e JOIN entry_topics t ON t.entry = e.number WHERE e.article = ?1)",
        (article, stamp(now)),
    )
    if entry.rowcount:
        db.conn.execute(
            "INSERT INTO entry_topics (entry, topic, mention) SELECT ?1, t.topic, min(t.mention) FROM entries e "
            "JOIN entry_topics t ON t.entry = e.number WHERE e.article = ?2 GROUP BY t.topic",
            (entry.lastrowid, article),
        )


# --- what is too large to be arranged anew ---------------------------------------------------------------------------


def _grow(
    db: Database, rooms: StoryRoom, index: Index, articles: Collection[int], now: datetime, *, tell: bool
) -> None:
    """Articles go one by one to where an operator, or else their surest tie, puts them.

    Those first that an operator parted from the most: else the many would leave the one.
    """
    parted = db.conn.execute(
        "SELECT article, count(*) FROM rulings WHERE NOT joined AND article IN (SELECT value FROM json_each(?)) "
        "GROUP BY article",
        (json.dumps(sorted(articles)),),
    )
    weight = dict(map(tuple, parted))
    for article in sorted(articles, key=lambda article: (-weight.get(article, 0), article)):
        story, origin = db.conn.execute(  # one that is being kept has no relation yet, and is never the first
            "SELECT a.story, a.id = (SELECT id FROM articles WHERE story = a.story AND relation = 'origin' "
            "ORDER BY id LIMIT 1) FROM articles a WHERE a.id = ?",
            (article,),
        ).fetchone()
        barred = {
            row[0]
            for row in db.conn.execute(
                "SELECT DISTINCT a.story FROM rulings r JOIN articles a ON a.id = r.other "
                "WHERE r.article = ? AND NOT r.joined",
                (article,),
            )
        }
        target, nearest = _where(db, article, story, barred, now)
        if target != story:
            _move(db, article, target)
            _close(db, story, target)
            if origin and (rest := _articles_of(db, story, _WOVEN)):
                _write_lineage(db, rooms, texts_of(db, rest))
        if nearest is not None:
            _write_part(db, rooms, article, nearest, only_takes=bool(origin) and target == story)
        elif target != story:
            _write_lineage(db, rooms, texts_of(db, [article]))
        if story in barred:
            stay = dict.fromkeys(_articles_of(db, story), story)
            _tell_of_parted(db, {article: story} | stay, {article: target} | stay, now)
        withdraw(db, index, _killed(db, rooms, article, target), now, tell=tell)


def _killed(db: Database, rooms: StoryRoom, article: int, story: int) -> Collection[int]:
    """Returns which articles of its story lose their text by what has become of one: it, or it kills, is killed."""
    own = notices(db, [article])
    if not own and not db.conn.execute("SELECT 1 FROM articles WHERE story = ? AND withdrawn", (story,)).fetchone():
        return ()
    every = _articles_of(db, story)
    found = rooms.lineage(texts_of(db, {article, *notices(db, every)}))
    if found.withdrawn:
        return every if own else (article,)
    return found.taken_back & {article}


def _articles_of(db: Database, story: int, limit: int = -1) -> list[int]:
    rows = db.conn.execute("SELECT id FROM articles WHERE story = ? ORDER BY id LIMIT ?", (story, limit))
    return [row[0] for row in rows]


def _write_part(db: Database, rooms: StoryRoom, article: int, nearest: int, *, only_takes: bool) -> None:
    """Gives one article its part, by what it is to the nearest of its story and to the origin, which keep theirs."""
    origin = db.conn.execute(
        "SELECT id FROM articles WHERE story = (SELECT story FROM articles WHERE id = ?1) AND relation = 'origin' "
        "AND id <> ?2 ORDER BY id LIMIT 1",
        (nearest, article),
    ).fetchone()
    texts = texts_of(db, {article, nearest, *(origin or ())})
    found = rooms.lineage(texts)
    takes = db.conn.execute(
        "SELECT id, take FROM texts WHERE article <> ? AND id IN (SELECT value FROM json_each(?))",
        (article, json.dumps([text.id for text in texts])),
    )
    known = {found.takes[text]: take for text, take in takes}
    for text in texts:
        if text.article_id == article:
            take = found.takes[text.id]
            db.conn.execute("UPDATE texts SET take = ? WHERE id = ?", (known.get(take, take), text.id))
    for part in found.parts if not only_takes else ():
        if part.article_id == article:
            relation = Relation.PICKUP if part.relation is Relation.ORIGIN and origin else part.relation
            db.conn.execute(
                "UPDATE articles SET relation = ?, kept = ? WHERE id = ?", (relation.value, part.kept, article)
            )


def _where(db: Database, article: int, story: int, barred: set[int], now: datetime) -> tuple[int, int | None]:
    """Returns the story that an article belongs to, and the article there that it is tied to most surely."""
    joined = db.conn.execute(
        "SELECT a.story, a.id FROM rulings r JOIN articles a ON a.id = r.other WHERE r.article = ? AND r.joined "
        "ORDER BY a.story, a.id",
        (article,),
    )
    for other, nearest in joined:
        if other not in barred:
            return (other, nearest) if other < story or story in barred else (story, None)
    best = db.conn.execute(
        "SELECT a.story, a.id FROM texts t JOIN ties s ON s.text = t.id JOIN texts o ON o.id = s.other "
        "JOIN articles a ON a.id = o.article WHERE t.article = ?1 AND a.id <> ?1 AND s.kind <> 'apart' "
        "AND a.story NOT IN (SELECT value FROM json_each(?2)) "
        "ORDER BY s.kind = 'same' DESC, s.kind = 'kill' DESC, s.score DESC, s.other LIMIT 1",
        (article, json.dumps(sorted(barred))),
    ).fetchone()
    if best is not None:
        return best[0], best[1]
    return (_new_story(db, now) if story in barred else story), None
