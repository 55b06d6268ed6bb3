"""Nothing seen is lost and nothing is told twice, whatever is kept, marked anew, held, released and told in between."""

import random
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.archive import Archive, Marked
from monitor.digest import compose
from monitor.types import (
    Article,
    Credit,
    Digest,
    Judgement,
    Keep,
    Kill,
    Match,
    Message,
    Notice,
    Outcome,
    Relation,
    Schedule,
    Slot,
    Subscription,
)
from tests.builders import LONG, NOW, STORIES, article, item, match, reading, subscription, topic, visit, words
from tests.contracts.test_archive import ARCHIVES

TOPICS = ("stca", "roxham-road")
WANTED = [
    subscription("all", topics=TOPICS, to=("all@example.test",)),
    subscription("strong", topics=TOPICS, to=("strong@example.test",), mentions=False),
    subscription("one", topics=TOPICS[:1], to=("one@example.test",)),
    subscription("now", topics=TOPICS[1:], to=("now@example.test",), mentions=False,
                 at=Schedule(text="at once", at_once=True)),
    subscription("second", topics=TOPICS[1:], to=("all@example.test",)),  # another mail for one who has a first
]  # fmt: skip


class Walk:
    """An archive, and what its readers were told and must be told."""

    def __init__(self, archive: Archive, dice: random.Random) -> None:
        self.archive, self.dice = archive, dice
        self.read: list[Article] = []  # as they were read last, in the order of their ids
        self.held: set[int] = set()  # articles in bulk that nobody released
        self.told: dict[str, dict[int, int]] = defaultdict(dict)  # reader -> article -> version
        self.gone: dict[str, set[int]] = defaultdict(set)  # reader -> articles that they know to be withdrawn
        self.told_by: dict[str, set[int]] = defaultdict(set)  # subscription -> articles
        self.may: dict[str, set[tuple[int, bool]]] = defaultdict(set)  # subscription -> what was news to it
        self.stood: dict[int, tuple[int, bool]] = {}  # article -> story, and whether it was withdrawn
        self.step = 0

    def digest(self, wanted: Subscription) -> Digest:
        reader = wanted.to[0]
        slot = Slot(name=f"s{self.step}", at=NOW)
        return compose(wanted, reader, slot, self.archive.slice(wanted, reader, []), [topic(t) for t in TOPICS], NOW)

    def news(self) -> dict[str, set[tuple[int, bool]]]:
        """The stories that each subscription would be told now, and whether as an update or a recall."""
        return {
            w.id: {(line.story_id, line.updated or line.withdrawn) for line in self.digest(w).lines} for w in WANTED
        }

    def knows(self, reader: str, story_id: int) -> bool:
        """Whether a reader was told of any article that is part of a story now, and not only that it was withdrawn."""
        living = self.told[reader].keys() - self.gone[reader]
        return any((kept := self.archive.article(one)) and kept.story_id == story_id for one in living)

    def recalls(self) -> None:
        """Who was told of what is withdrawn by now, and does not know that, is told; nobody else is."""
        for wanted in WANTED:
            reader, recalled = wanted.to[0], set[int]()
            for line in self.digest(wanted).lines:
                assert line.withdrawn or not line.article.withdrawn
                recalled |= {member.id for member in (line.article, *line.carriers) if member.withdrawn}
            unknown = {one for one in self.told[reader].keys() - self.gone[reader]
                       if (kept := self.archive.article(one)) and kept.withdrawn}  # fmt: skip
            assert unknown & self.told_by[wanted.id] <= recalled <= unknown

    def matches(self) -> tuple[Match, ...]:
        chosen = self.dice.sample(TOPICS, self.dice.choice((0, 1, 1, 2)))
        return tuple(match(t, mention=self.dice.random() < 0.4, revision=f"r{self.step}") for t in chosen)

    def keep(self, found: Article, matches: Sequence[Match], *, bulk: bool = False) -> Outcome:
        url = found.addresses[0].url
        judge = Judgement(burst="many at once") if bulk else Judgement()
        self.archive.keep_visit(visit(found.source_id), [item(url, content_hash=str(self.step))], lambda _: judge)
        (pending,) = self.archive.pending(NOW)
        (outcome,) = self.archive.keep([reading(pending, found, matches)], STORIES, NOW)
        return outcome

    def note(self) -> None:
        """Notes what may be news from now on: what is, and what is in another story, or given back, of a lost topic."""
        for digest_id, news in self.news().items():
            self.may[digest_id] |= news
        for number in range(1, len(self.read) + 1):
            kept = self.archive.article(number)
            assert kept is not None
            if self.stood.get(number) != (kept.story_id, kept.withdrawn):
                self.stood[number] = kept.story_id, kept.withdrawn
                for may in self.may.values():
                    may |= {(kept.story_id, False), (kept.story_id, True)}

    # what may happen

    def new(self) -> None:
        number = len(self.read) + 1
        found = article(f"http://desk.test/{number}", title=f"Title {number}", text=words(f"text{number}of"),
                        keep=self.dice.choice((Keep.TEXT, Keep.TEXT, Keep.EXCERPT)),
                        credit=Credit(agency="The Wire"))  # fmt: skip
        bulk = self.dice.random() < 0.2
        self.read.append(found)
        if bulk:
            self.held.add(number)
        self._came(number, self.matches(), bulk=bulk)

    def pickup(self) -> None:
        if self.read:
            number = len(self.read) + 1
            found = replace(self.dice.choice(self.read), publisher=f"Paper {number}", source_id="rival")
            self.read.append(replace(found, addresses=article(f"http://rival.test/{number}").addresses))
            self._came(number, self.matches())

    def near(self) -> None:
        """A copy with a paragraph more, or one that is cut."""
        if self.read:
            number, known = len(self.read) + 1, self.dice.choice(self.read)
            text = self.dice.choice((f"{known.text}\n\n{words(f'more{number}of', 20)}", (known.text or "")[:300]))
            found = replace(known, publisher=f"Paper {number}", source_id="rival", text=text, body=text)
            self.read.append(replace(found, addresses=article(f"http://rival.test/{number}").addresses))
            self._came(number, self.matches())

    def bridge(self) -> None:
        """A copy that holds two stories may make them one."""
        if len(self.read) > 1:
            number, (one, other) = len(self.read) + 1, self.dice.sample(self.read, 2)
            text = f"{one.text}\n\n{other.text}"
            found = replace(one, publisher=f"Paper {number}", source_id="rival", text=text, body=text)
            self.read.append(replace(found, addresses=article(f"http://rival.test/{number}").addresses))
            self._came(number, self.matches())

    def kill(self) -> None:
        if self.read:
            number, known = len(self.read) + 1, self.dice.choice(self.read)
            credit = Credit(agency="The Wire", notice=Notice.KILL, kill=Kill(headline=known.title))
            found = article(f"http://wire.test/{number}", publisher="The Wire", title=f"KILL {number}",
                            text=f"Number {number}: the agency has withdrawn this story.", credit=credit)  # fmt: skip
            self.read.append(found)
            self._came(number, self.matches())

    def rule(self) -> None:
        """What an operator joins or parts is told to nobody who was told of it; what is new to a reader is."""
        if len(self.read) > 1:
            one, other = self.dice.sample(range(1, len(self.read) + 1), 2)
            self.archive.rule([(one, other)], STORIES, NOW, joined=self.dice.random() < 0.5)

    def version(self) -> None:
        if self.read:
            number, text = self.dice.randint(1, len(self.read)), f"Step {self.step}. {LONG}"
            kept = self.archive.article(number)
            if kept is None or kept.withdrawn or kept.relation is Relation.KILL:
                return  # what comes at such an address is another article
            self.read[number - 1] = replace(self.read[number - 1], text=text, body=text)
            self._came(number, self.matches())

    def again(self) -> None:
        """Listed once more: only what it did not match before is news."""
        if self.read:
            number = self.dice.randint(1, len(self.read))
            kept = self.archive.article(number)
            assert kept is not None
            found, had = self.matches(), {m.topic_id: m.mention for m in kept.matches}
            fresh = tuple(m for m in found if m.topic_id not in had or (had[m.topic_id] and not m.mention))
            self._came(number, found, fresh)

    def remark(self) -> None:
        """Nobody is told of what was no news, and what was stays it; with `tell`, what is gained is news."""
        before, tell = self.news(), self.dice.random() < 0.25
        marked = []
        for number in range(1, len(self.read) + 1):
            kept = self.archive.article(number)
            assert kept is not None
            if self.dice.random() < 0.5:
                whole = self.dice.random() < 0.8
                marked.append(Marked(article_id=number, version=kept.version, matches=self.matches(), whole=whole))
        touched = {kept.story_id for one in marked if (kept := self.archive.article(one.article_id)) is not None}
        self.archive.remark(marked, tell=tell)
        assert self.archive.remark(marked, tell=tell).gained == 0
        for wanted in WANTED:
            after = self.news()[wanted.id]
            assert tell or after <= self.may[wanted.id]
            assert {one for one in before[wanted.id] if one[0] not in touched} <= after

    def slip(self) -> None:
        """A topic that loses its forms and gets them back costs nothing."""
        before = self.news()
        kept = [k for n in range(1, len(self.read) + 1) if (k := self.archive.article(n)) is not None]
        was = [Marked(article_id=k.id, version=k.version, matches=k.matches) for k in kept]
        self.archive.remark([replace(one, matches=()) for one in was])
        weak = [replace(one, matches=tuple(replace(m, mention=True) for m in one.matches)) for one in was]
        self.archive.remark(weak)
        self.archive.remark(was)
        assert self.news() == before

    def release(self) -> None:
        bursts = self.archive.bursts()
        if bursts:
            tell = self.dice.random() < 0.6
            self.archive.release([burst.id for burst in bursts], NOW, tell=tell)
            if tell:
                for number in self.held:
                    kept = self.archive.article(number)
                    assert kept is not None
                    self._must_be_told(number, kept.matches, updated=False)
                    for may in self.may.values():  # also of a topic that lost its forms meanwhile
                        may |= {(kept.story_id, False), (kept.story_id, True)}
            self.held.clear()

    def prune(self) -> None:
        before = self.news()
        self.archive.prune(NOW + timedelta(days=1))
        assert self.news() == before

    def tell(self) -> None:
        wanted = self.dice.choice(WANTED)
        digest, reader = self.digest(wanted), wanted.to[0]
        for line in digest.lines:
            spoken = line.article
            if line.updated or line.withdrawn:
                assert self.knows(reader, line.story_id)
                assert line.withdrawn or spoken.version > self.told[reader].get(spoken.id, 0)
            else:
                assert not self.knows(reader, line.story_id)
        for member in (member for line in digest.lines for member in (line.article, *line.carriers)):
            if member.relation is not Relation.KILL or member.withdrawn:
                self.told[reader][member.id] = member.version
                self.told_by[wanted.id].add(member.id)
                self.gone[reader].discard(member.id)
        for story_id in {m.story_id for line in digest.lines for m in (line.article, *line.carriers) if m.withdrawn}:
            self.gone[reader] |= {one for one in self.told[reader] if (kept := self.archive.article(one))
                                  and kept.story_id == story_id and kept.withdrawn}  # fmt: skip
        name = f"{wanted.id}-{digest.slot.name}"
        mail = Message(message_id=f"<{name}@test>", digest_id=wanted.id, to=reader, slot=digest.slot.name, subject="",
                       raw=b"")  # fmt: skip
        self.archive.commit_digest(digest, mail if digest.lines else None)
        self.may[wanted.id].clear()
        assert not self.digest(wanted).lines

    def _came(
        self, number: int, matches: tuple[Match, ...], fresh: tuple[Match, ...] | None = None, *, bulk: bool = False
    ) -> None:
        outcome = self.keep(self.read[number - 1], matches, bulk=bulk)
        if number not in self.held:
            self._must_be_told(number, matches if fresh is None else fresh, updated=outcome is Outcome.VERSION)

    def _must_be_told(self, number: int, matches: Sequence[Match], *, updated: bool) -> None:
        kept, news = self.archive.article(number), self.news()
        assert kept is not None
        if kept.withdrawn or kept.relation is Relation.KILL:
            return
        for wanted in WANTED:
            reader = wanted.to[0]
            if updated and number in self.told_by[wanted.id] and kept.version > self.told[reader][number]:
                assert (kept.story_id, True) in news[wanted.id]  # whatever it is about by now
            if any(m.topic_id in wanted.topics and (wanted.mentions or not m.mention) for m in matches):
                if not self.knows(reader, kept.story_id):
                    assert (kept.story_id, False) in news[wanted.id]
                elif updated and number in self.told[reader].keys() - self.gone[reader]:
                    assert (kept.story_id, True) in news[wanted.id]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", sorted(ARCHIVES))
def test_nothing_is_lost_and_nothing_told_twice(tmp_path: Path, kind: str, seed: int) -> None:
    with closing(ARCHIVES[kind](tmp_path)) as archive:
        walk = Walk(archive, random.Random(seed))  # noqa: S311 - to be repeated, not to be secret
        steps = [walk.new, walk.new, walk.pickup, walk.near, walk.bridge, walk.kill, walk.rule, walk.version,
                 walk.again, walk.remark, walk.slip, walk.release, walk.prune, walk.tell, walk.tell]  # fmt: skip
        for walk.step in range(1, 60):
            walk.dice.choice(steps)()
            walk.recalls()
            walk.note()
        assert any(walk.told.values()), "nobody was told anything: the walk held nothing"
