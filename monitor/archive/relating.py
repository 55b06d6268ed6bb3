"""What stories are to each other: related ones, and official pairs. Asked when somebody looks, and never kept.

Two stories of the same days are related where names and figures stand in both that stand in few others: a fact that two
stories hold tells twice as much as one that four hold, and nothing where everybody has it. Instalments of a series are
alike for another reason, and are not.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from monitor.archive import Release, StoryRoom, keys
from monitor.archive.connection import Connected, stamp
from monitor.archive.rows import kept
from monitor.archive.texts import texts_of
from monitor.types import Kept

_DAYS = timedelta(days=2)
_ENOUGH = 3.3  # of what facts tell, together
_FACTS = 2  # at least
_NEWEST = 200  # texts looked at under one fact
_MOST = 20  # stories that are named


class Relating(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def related(self, story_id: int, stories: StoryRoom) -> list[int]:
        with self.reading() as db:
            own = texts_of(db, [row[0] for row in self.rows("SELECT id FROM articles WHERE story = ?", (story_id,))])
            if not own:
                return []
            since, until = min(text.at for text in own) - _DAYS, max(text.at for text in own) + _DAYS
            facts = {key for text in own for key in stories.facts(text.fingerprint)}
            holders: defaultdict[int, set[int]] = defaultdict(set)
            under = keys.under(db, keys.between(since, until, facts), _NEWEST)
            every = json.dumps(sorted({text for texts in under.values() for text in texts}))
            rows = db.conn.execute(
                "SELECT t.id, a.story FROM texts t JOIN articles a ON a.id = t.article "
                "WHERE t.at BETWEEN ? AND ? AND t.id IN (SELECT value FROM json_each(?))",
                (stamp(since), stamp(until), every),
            )
            story_of = dict(map(tuple, rows))
            for key, texts in under.items():
                holders[key & 0xFFFFFFFF] |= {story_of[text] for text in texts if text in story_of}
            apart = {
                row[0]
                for row in db.conn.execute(
                    "SELECT DISTINCT b.story FROM articles a JOIN texts t ON t.article = a.id "
                    "JOIN ties s ON s.text = t.id JOIN texts o ON o.id = s.other JOIN articles b ON b.id = o.article "
                    "WHERE a.story = ? AND s.kind = 'apart'",
                    (story_id,),
                )
            }
        tells: defaultdict[int, float] = defaultdict(float)
        shared: Counter[int] = Counter()
        for held in holders.values():
            for other in held - {story_id} - apart:
                tells[other] += 2 / len(held | {story_id})
                shared[other] += 1
        near = [story for story in tells if tells[story] >= _ENOUGH and shared[story] >= _FACTS]
        return sorted(near, key=lambda story: (-tells[story], story))[:_MOST]

    def pairs(self, stories: StoryRoom) -> Iterator[Release]:
        rows = self.rows("SELECT DISTINCT story FROM articles WHERE official ORDER BY story DESC")
        for (story_id,) in rows:
            ids = [
                row[0]
                for row in self.rows("SELECT id FROM articles WHERE story = ? AND official ORDER BY id", (story_id,))
            ]
            own = sorted(kept(self, ids, text=False).values(), key=lambda article: (article.dated_at, article.id))
            first: dict[str, Kept] = {}
            for article in own:
                first.setdefault(article.language or "", article)
            with self.reading() as db:
                prints = {text.article_id: text.fingerprint for text in texts_of(db, ids)}  # of the newest versions
            found = [prints.get(first[language].id) if language in first else None for language in ("en", "fr")]
            english, french = found
            yield Release(
                story_id=story_id,
                articles=first,
                at=own[0].dated_at,
                disagreement=(frozenset(), frozenset())
                if english is None or french is None
                else stories.disagreement(english, french),
            )
