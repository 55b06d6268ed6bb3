"""The archive: what was seen, what it is, and who was told. This page is the contract; sqlite.py keeps it.

Duties of every implementation, held by one suite (tests/contracts/):

- *Durable*: when a method that writes returns, a kill of the process loses nothing of it. Each writes in one
  transaction; a kill in the middle leaves all of it or nothing. What concerns mail survives a power cut too.
- *One writer*: the process that opened the archive for writing holds a named lock until `close`. Readers never wait. An
  operator's short change (`release`, `retry`) may be made beside it.
- *Numbers*: ids of articles and numbers of entries only grow, in the order in which things became known.
- *Once*: `keep` asks the room of stories about each reading with the archive's state at that very moment, earlier
  readings of the same call included.
- *Told once*: an entry tells of the topics that its article was about when it was written, for as long as the article
  is about them. Marking anew changes what articles are about, and what entries tell of only where that is asked for.
- *Newest wording*: an item that is listed with new wording while the old is being read stays pending.
- *For ever*: addresses, fingerprints, sightings, entries and the ledger outlive pruning; a version is never
  overwritten.
- *The ledger* knows each telling: reader, article, version, message. What a message told that was refused counts as
  never told, until it is tried again; what was dropped for any other reason counts as told.
- Everything that goes wrong with the storage is an ArchiveError with a sentence for the operator.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from monitor.query import Query
from monitor.types import (
    AddressKind,
    Alarm,
    AlarmKind,
    Arrival,
    Arrived,
    Article,
    Bounce,
    Burst,
    Coverage,
    Credit,
    Day,
    Digest,
    Feedback,
    Fingerprint,
    Item,
    ItemState,
    Judgement,
    Kept,
    Lineage,
    Match,
    Message,
    Neighbour,
    OutboxHold,
    Outcome,
    Outgoing,
    Pause,
    Pending,
    Placement,
    Reading,
    Receipt,
    Relation,
    SavedSearch,
    SendState,
    Slice,
    SourceState,
    Span,
    Subscription,
    Text,
    Tie,
    Visit,
)

Pair = tuple[int, int]


class StoryRoom(Protocol):
    """What decides which texts are one piece of work; see monitor/stories. Pure: the archive asks and keeps."""

    def place(self, article: Article, fingerprint: Fingerprint, neighbours: Collection[Neighbour]) -> Placement:
        """Returns which article a reading is of: a new one, a known one, a new version of it."""
        ...

    def keys(self, fingerprint: Fingerprint) -> Collection[int]:
        """Returns under what a text is found (32 bits each)."""
        ...

    def asked(self, article: Article, fingerprint: Fingerprint) -> Mapping[int, float]:
        """Returns under what texts like this one are found, each with its weight: 1.0 makes a text a candidate."""
        ...

    def facts(self, fingerprint: Fingerprint) -> Collection[int]:
        """Returns those keys, in every language, that stand for names and figures."""
        ...

    def tie(self, a: Fingerprint, b: Fingerprint, background: frozenset[int]) -> Tie | None:
        """Returns what two texts are to each other, given hashes of shingles that stood in much older texts."""
        ...

    def disagreement(self, a: Fingerprint, b: Fingerprint) -> tuple[frozenset[str], frozenset[str]]:
        """Returns the figures of two translations that only one of them has, where each has such."""
        ...

    def groups(
        self, texts: Sequence[Text], ties: Mapping[Pair, Tie], *, joined: Collection[Pair], parted: Collection[Pair]
    ) -> Sequence[frozenset[int]]:
        """Returns the articles of each story; `ties` are between ids of texts, `joined` and `parted` of articles."""
        ...

    def lineage(self, texts: Sequence[Text]) -> Lineage:
        """Returns who wrote a story first, and what everybody made of it."""
        ...


Judge = Callable[[Arrival], Judgement]


def as_it_comes(arrival: Arrival) -> Judgement:
    """Makes nothing of an arrival."""
    return Judgement()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which articles are wanted; what is empty does not narrow, of several values one is enough.

    Times are of the first sighting, `until` is exclusive. The articles `upto` a number (inclusive) are those that were
    there when somebody began to look.
    """

    query: str | Query | None = None  # a str is read as a search (docs/queries.md)
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # whatever listed it
    publishers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    upto: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An article that a search found, with the passage that answers it; the words stand between \\x02 and \\x03."""

    article: Kept
    snippet: str | None


class Sort(StrEnum):
    """In which order answers stand. By time is by number: that is when each was first seen."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RELEVANCE = "relevance"  # BM25; without a query as NEWEST


class Facet(StrEnum):
    """What answers are counted by."""

    TOPIC = "topic"
    SOURCE = "source"
    PUBLISHER = "publisher"
    LANGUAGE = "language"
    AGENCY = "agency"
    RELATION = "relation"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundStory:
    """A story of which an article answers: the first of those in the order asked for, and how many there are."""

    story_id: int
    first: Found
    answers: int  # articles of the story among the answers
    members: int  # articles of the story in all
    carriers: tuple[str, ...]  # publishers of the story, by when they were first seen; at most 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many articles answer, by what.

    A query that the index alone cannot answer (=exact, #hashtag, some NEAR) is held against the newest articles that
    may answer, as many as there is time for: else `whole` is False, and the figures are of articles from `since` on.
    """

    articles: int
    stories: int
    facets: Mapping[Facet, tuple[tuple[str, int], ...]]  # the most first; what is not known is left out
    days: Mapping[date, int]  # by day (UTC) of the first sighting, or of publication where that was asked for
    whole: bool = True
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A page of answers; `after` is where the next one begins, None at the end."""

    stories: tuple[FoundStory, ...] = ()  # where answers are folded by story
    articles: tuple[Found, ...] = ()  # where they are not
    after: str | None = None
    counts: Counts | None = None  # where they were asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An item of the durable list, for people."""

    item_id: int
    source_id: str
    url: str | None
    title: str | None
    state: ItemState
    attempts: int
    failures: int
    not_before: datetime | None
    reason: str | None
    article_id: int | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an article as it was read."""

    number: int
    title: str
    text: str | None
    published_at: datetime | None
    updated_at: datetime | None
    seen_at: datetime
    visit_id: int | None
    partial: bool
    words: int
    authors: tuple[str, ...] = ()
    credit: Credit = field(default_factory=Credit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Which take of its story, in its language, a version of an article is; 1 is the first."""

    version: int
    title: str
    take: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An article's part in a story. `kept` is its share of the origin's text, 0 to 1; None where that is not known."""

    article: Kept
    relation: Relation
    kept: float | None
    takes: tuple[Taken, ...] = ()  # by version


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All articles that are the same piece of work: the origin, then the others by when they came out."""

    id: int
    members: tuple[Member, ...]
    related: tuple[int, ...] = ()  # stories that tell of the same event in other words
    withdrawn: bool = False  # its agency killed it


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A story that a government told itself, as it stands in each language: a pair, or one that lacks its other."""

    story_id: int
    articles: Mapping[str, Kept]  # by language, the first of each
    at: datetime  # when the first came out
    disagreement: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())  # figures in English, in French


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What the archive knows of a source, in figures."""

    state: SourceState
    visits: int
    items: int
    pending: int
    set_aside: int
    rejected: int
    matched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One source that listed an address."""

    item_id: int
    source_id: str
    state: ItemState
    reason: str | None  # why it was rejected, set aside, or waits
    first_seen_at: datetime
    not_before: datetime | None
    article_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An address of an article."""

    url: str
    kind: AddressKind
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A source's item that became an article: what it was listed as, and when."""

    source_id: str
    url: str | None
    title: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    status: int | None  # HTTP, of the visit that first brought it


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The visit of a source after which a version was read."""

    source_id: str
    visit_id: int | None
    visited_at: datetime | None
    status: int | None  # HTTP, of the source's answer
    url: str | None  # where that came from, after redirects


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an article came from."""

    addresses: tuple[Named, ...]  # in the order in which they became known
    listings: tuple[Listing, ...]  # oldest first
    origins: Mapping[int, Origin]  # by version


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldReader:
    """A reader who was told of an article."""

    subscription_id: str
    reader: str
    at: datetime
    version: int  # the highest they were told
    withdrawn: bool = False  # they were told that it was withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVisit:
    """A visit as it was kept; one that was repeated with the same result reaches up to its last repetition."""

    source_id: str
    started_at: datetime
    finished_at: datetime
    outcome: str
    error: str | None
    status: int | None = None
    found: int = 0  # items of the answer
    new: int = 0  # of them to be read
    repeats: int = 0  # so many times more with the same result


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCounts:
    """How many visits ended how, by source and outcome; `upto` and `growing` say where counting goes on."""

    visits: Mapping[tuple[str, str], int]
    upto: int = 0
    growing: Mapping[int, int] = field(default_factory=dict)  # visits that may be repeated, and how often they were


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is counted for those who watch the service."""

    visits: VisitCounts
    waiting: Mapping[str, Mapping[ItemState, int]]  # pending items and those set aside, by source
    articles: int
    matched: Mapping[str, int]  # articles by topic
    outbox: Mapping[SendState, int]  # messages, every state
    oldest_at: datetime | None  # when the oldest message that is still to be sent was made
    served_at: Mapping[str, datetime]  # when a digest was last made for anybody, also where there was nothing to tell
    alarms: Mapping[AlarmKind, int]  # ever
    untold: int  # alarms of which no operator knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """All that an article matches by the present topics, as this version of it was read from the archive."""

    article_id: int
    version: int
    matches: tuple[Match, ...]
    whole: bool = True  # False: the archive holds an excerpt of what was matched, which proves no absence


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarked:
    """What marking anew changed: pairs of an article and a topic; `skipped`: articles that changed meanwhile."""

    gained: int
    lost: int
    changed: int  # by another revision of the topic, other hits, or as a mention
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How many articles one revision of a topic has marked."""

    topic_id: str
    revision: str
    articles: int
    mentions: int  # of them


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCounts:
    """How much is marked with a topic."""

    articles: int
    mentions: int  # of them
    stories: int  # that they belong to


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """That an article is about a topic, as the archive has it."""

    article_id: int
    story_id: int
    topic_id: str
    mention: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the archive holds, in figures."""

    articles: int
    erased: int  # of them, without their text by now
    since: datetime | None  # when the first was seen
    marks: tuple[Marks, ...]  # by topic, also of topics that are no longer configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The configuration that the service works by, and what it made of files that were saved since."""

    fingerprint: str  # of the files as they were taken (Config.fingerprint)
    since: datetime
    refused_at: datetime | None = None  # when files were last saved that cannot be taken; None: they are what is taken
    problems: tuple[str, ...] = ()  # what is wrong with those, the first of them


class Archive(Protocol):
    """See the module for the duties that all implementations share."""

    # watching

    def states(self) -> Mapping[str, SourceState]:
        """Returns what is remembered of every source that was ever visited."""
        ...

    def keep_visit(self, visit: Visit, items: Sequence[Item], judge: Judge = as_it_comes) -> Arrived:
        """Keeps a visit, its validators, and every item not known in this wording as pending.

        `judge` is asked about a good visit with what is known of the source at that very moment; new items that it
        takes for a burst are held back until `release`.
        """
        ...

    def days(self, since: date) -> Mapping[str, Sequence[Day]]:
        """Returns for each source the days from then on that brought something, oldest first.

        So too those of the 28 days up to its last news, however long ago: they are its habit.
        """
        ...

    def observed(self, since: datetime, until: datetime) -> Mapping[str, Sequence[Span]]:
        """Returns for each source when it was observed in that time, oldest first.

        A span holds as long as each answer has something in common with the one before, and no two good visits are
        more than 30 hours apart.
        """
        ...

    def bursts(self, *, held_only: bool = True) -> Sequence[Burst]:
        """Returns what came in bulk, oldest first; `held_only`: without what was released."""
        ...

    def release(self, burst_ids: Collection[int], now: datetime, *, tell: bool = True) -> int:
        """Ends the holding back of bursts; returns how many articles of them are told (as entries of now).

        They count for the source's habit then. Without `tell` they stay what readers were told of them: a number; what
        they say later is news.
        """
        ...

    def pending(
        self,
        now: datetime,
        *,
        sources: Collection[str] | None = None,
        but: Collection[int] = (),
        limit: int = 1000,
        of_each: int | None = None,
    ) -> list[Pending]:
        """Returns items to read now, oldest first, `but` these; those whose reading killed the process come last.

        At most `limit`, and at most so many `of_each` source, so that one with thousands leaves room for the others.
        """
        ...

    def waiting(
        self, now: datetime, *, sources: Collection[str] | None = None, after: int = 0, limit: int = 1000
    ) -> list[Pending]:
        """Returns items with a number above `after` that wait for a later try, in the order of their numbers.

        Without those whose server asked for the wait: that one is not ours to cut short; and without those whose
        reading once killed the process.
        """
        ...

    def begin(self, item_ids: Collection[int]) -> None:
        """Notes that a reading of these items begins, before it begins."""
        ...

    def hand_back(self, item_ids: Collection[int]) -> None:
        """Takes `begin` back: the reading was stopped in good order."""
        ...

    def set_aside(self, *, after_attempts: int, but: Collection[int] = ()) -> list[Pending]:
        """Sets aside the items whose reading began that often and never ended, `but` these; returns them."""
        ...

    def unread(self, sources: Collection[str] | None = None) -> int:
        """Returns how many pending items have given no article yet, of these sources or of all."""
        ...

    def reject(self, item: Pending, reason: str, *, aside: bool = False) -> None:
        """Closes an item that is no article; `aside` keeps what was found of it, so that `retry` can take it up."""
        ...

    def postpone(
        self, item: Pending, reason: str, *, until: datetime, asked_until: datetime | None, tried: bool = True
    ) -> None:
        """Leaves an item pending, of which there is nothing to keep before its page can be read.

        What was not `tried` costs none of its tries.
        """
        ...

    def listed(
        self, states: Collection[ItemState], *, source: str | None = None, limit: int | None = None
    ) -> list[Listed]:
        """Returns the items in these states, of a source or of all, newest first."""
        ...

    def waiting_items(self) -> Mapping[str, Mapping[ItemState, int]]:
        """Returns how many items are pending, and how many set aside, by source; without those that have none."""
        ...

    def retry(self, item_ids: Collection[int] | None) -> int:
        """Makes items that were set aside or wait for a later try pending at once (None: all); returns how many."""
        ...

    # keeping

    def neighbours(self, article: Article, fingerprint: Fingerprint) -> list[Neighbour]:
        """Returns every article that has one of these addresses, or had this text in any version; a reader may ask."""
        ...

    def keep(self, readings: Sequence[Reading], stories: StoryRoom, now: datetime) -> list[Outcome]:
        """Places and keeps readings in one transaction; returns what became of each, in their order.

        Which articles are one story depends on what they are, never on the order in which they came. A story that its
        agency killed loses its text in the same transaction; what comes of it later is kept without. An entry
        (EntryKind.KILL) says so of each article that becomes withdrawn and that anybody may have been told of. Where a
        story falls apart, readers who were told of one part are told of the other by their next digest.
        """
        ...

    def alike(self, article: Article, fingerprint: Fingerprint, stories: StoryRoom) -> list[tuple[int, Tie]]:
        """Returns the articles that share words or facts with this one, and what it is to each; a reader may ask."""
        ...

    def rule(self, pairs: Collection[Pair], stories: StoryRoom, now: datetime, *, joined: bool) -> None:
        """Keeps for good that the articles of each pair are one story (or, not `joined`, are none), and acts on it.

        A later ruling on a pair takes the place of an earlier one.
        """
        ...

    def weave(self, stories: StoryRoom, fingerprint: Callable[[Article], Fingerprint], *, limit: int = 200) -> int:
        """Makes the fingerprints that versions kept by an older program lack; returns how many, 0 when all have one.

        What they are to others is found out as if they came now, and nobody is told; what was one story stays one.
        `fingerprint` gets an article without its body.
        """
        ...

    def remark(self, marked: Sequence[Marked], *, tell: bool = False) -> Remarked:
        """Gives articles the matches of the present topics, and takes the others away, in one transaction.

        Nobody is told: entries tell of what they told of, so that a match that is lost and found again counts as
        before. With `tell` all entries of an article tell of what it gains, and of a mention that becomes more, so that
        each reader's next digest tells what lies after their place. An article with another version by now is skipped;
        of one that its agency withdrew no sentence is kept; what ever matched is never pruned; of what is not whole no
        match is lost and none becomes a mention. Doing it again changes nothing.
        """
        ...

    def prune(self, before: datetime, *, limit: int = 500) -> int:
        """Erases the text of unmatched articles last seen before then; returns how many, 0 when there are no more."""
        ...

    # telling

    def register(self, subscriptions: Sequence[Subscription], *, since: datetime, now: datetime) -> None:
        """Gives every new (subscription, reader) its starting point: the entries from `since` on."""
        ...

    def slice(
        self,
        subscription: Subscription,
        reader: str,
        coverage: Sequence[Coverage],
        *,
        since: datetime | None = None,
        of: Outgoing | None = None,
        at: datetime | None = None,
    ) -> Slice:
        """Returns what this reader was not told yet, up to the newest entry. Texts are left out.

        These are the entries that tell of one of the subscription's topics; where it wants no mentions, those that tell
        of one as more than a mention, if it is more by now too.
        What came in bulk and is held back is counted only, and for a digest at once not even that.
        Entries that concern what the reader was told by this very subscription, or by one that they unsubscribed from
        since, come too, whatever they are about by now: versions later than any they were told, corrections elsewhere
        in the story, and kills they do not know of. A kill is an entry for nobody else. What another subscription told
        counts as told, but for what another one told at once where `repeat_alerts` is set. Stories are those of now,
        whatever they were when they were told of.
        `since` is where a reader starts who is not registered; the beginning, where it is None. With `of`, it is the
        stretch of that message as if it had not been told; with `at` (not both), what it would have been at that time:
        the reader's place, the entries and what had been told are as they were then, articles and what they are about
        as they are now. Where a reader stood who had not been served by then is not known: it is `since`.
        """
        ...

    def newest(self) -> int:
        """Returns the number of the newest entry; 0 where there is none."""
        ...

    def served_until(self, subscription_id: str, reader: str, *, by: datetime | None = None) -> datetime | None:
        """Returns the time of the newest scheduled slot this reader was served, or when the reader was registered.

        With `by`, what lies after that is the work of a clock that was ahead, and counts for nothing.
        """
        ...

    def told_until(self, subscription_id: str, reader: str) -> datetime | None:
        """Returns when this reader last got a digest, of whatever slot, or was registered."""
        ...

    def served(self, subscription_id: str, reader: str, slot: str) -> bool:
        """Says whether a slot of this name was served to this reader."""
        ...

    def commit_digest(self, digest: Digest, message: Message | None, token: str | None = None) -> Outgoing | None:
        """Puts the message into the outbox, moves the reader on, and writes slot and ledger, in one transaction.

        Without a message (nothing new) only slot and place are kept. A slot that was served is left as it was. Of the
        token in the message's links only a hash is kept. Nothing is kept (None) for a reader who is paused, nor of a
        digest whose slice does not begin where the reader stands by now: it would repeat or leave out entries.
        """
        ...

    def spoilt(self, outgoing_id: int) -> bool:
        """Says whether a story that a waiting message tells was withdrawn since it was made.

        Never of a message that may have arrived, or was sent before: that one is only repeated as it is.
        """
        ...

    def replace_message(self, outgoing_id: int, digest: Digest, message: Message | None, token: str | None) -> bool:
        """Puts other bytes in the place of a waiting message, with its ledger; None: nothing is left to tell, drop it.

        Its number, history and stretch stay; the token of the former bytes is void. False where it does not wait, or
        may have arrived meanwhile, and stays as it is.
        """
        ...

    def drop_message(self, outgoing_id: int, reason: str, now: datetime) -> bool:
        """Ends a message that was not sent; its receipt says why. False where it was sent or dropped before.

        Of one that was sent and waits to be sent again, only that is ended. What is on its way may arrive all the same:
        then it was sent.
        """
        ...

    def retry_message(self, outgoing_id: int, now: datetime) -> bool:
        """Makes a message due now, whatever became of it.

        False where there is none, it is on its way, or its bytes were erased. One that may have arrived stays that.
        """
        ...

    def erase_mails(self, before: datetime, *, limit: int = 500) -> int:
        """Erases the bytes of messages sent or dropped before then; their rows, receipts and ledger stay."""
        ...

    def subscribed(self, token: str) -> tuple[str, str] | None:
        """Returns the digest and the reader that a message's token stands for."""
        ...

    def whole(self, token: str) -> bytes | None:
        """Returns the page with all stories of the digest whose message held this token, if it was capped.

        None also where a story on it was withdrawn since, or the message was erased.
        """
        ...

    def pause(self, pause: Pause) -> bool:
        """Keeps that a reader is not told for now; False where that was so already, for whatever reason.

        An unsubscribed reader's waiting messages of that digest are dropped, and their wish is kept also where they
        were paused before. The operator is told of what they did not do themselves. Mails to the operator (digest
        `operator`) go out all the same.
        """
        ...

    def resume(self, digest_id: str | None, reader: str, now: datetime, *, from_now: bool = False) -> bool:
        """Ends the pauses of a reader in one digest (None: in all). `from_now`: what came meanwhile is not told.

        False where there was none. A pause in every digest is ended by None only; that a reader unsubscribed from one
        digest, only by its name. Mails that came back before count no more.
        """
        ...

    def pauses(self) -> list[Pause]:
        """Returns who is not told for now, oldest first."""
        ...

    def bounced(self, bounce: Bounce, now: datetime) -> bool:
        """Keeps what a mail server reported; False for no message of ours, another reader's, or a report seen before.

        The Message-ID, which nobody can guess, says whose message it is; a recipient that is named must be that reader
        (in any case of letters). The second message that came back for good pauses its reader, in every digest.
        """
        ...

    def alarms(self, *, untold_only: bool = False) -> list[Alarm]:
        """Returns what an operator should know, oldest first."""
        ...

    def alarm(self, kind: AlarmKind, text: str, now: datetime) -> None:
        """Keeps what an operator should know; the same text is not kept twice within a day."""
        ...

    def commit_alarms(self, alarms: Collection[int], message: Message | None, now: datetime) -> None:
        """Marks alarms as told, with the mail that tells them in the outbox; None: an operator has seen them.

        Without any that is untold, there is no mail. Where the mail fails, or is held, they are untold again.
        """
        ...

    def outbox_hold(self) -> OutboxHold | None:
        """Says whether the archive is older than what was sent from it; nothing is sent while it is.

        A counter beside the archive says so, which each hand-over to a channel raises before anything can arrive. One
        that cannot be read, or is of another archive from which more was sent, holds the outbox too; none does not.
        """
        ...

    def release_outbox(self, now: datetime) -> bool:
        """Lets the outbox be sent again from an archive that was put back; False where it was not held.

        No number that was given to a message by the later archive is given again.
        """
        ...

    def secret(self) -> bytes:
        """Returns the random bytes made with this archive, from which Message-IDs are derived."""
        ...

    def outbox(
        self,
        *,
        open_only: bool = False,
        states: Collection[SendState] = (),
        reader: str | None = None,
        digest: str | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> list[Outgoing]:
        """Returns messages, oldest first, without their bytes; `open_only`: those without a receipt.

        `states`: in one of these, empty: in any; `limit`: the newest, so many; `before`: with a smaller number. Such a
        page costs the same however many messages there are, but for a rare state.
        """
        ...

    def outbox_counts(self) -> Mapping[SendState, int]:
        """Returns how many messages are in each state."""
        ...

    def due_messages(self, by: datetime) -> list[int]:
        """Returns the numbers of the messages to be tried by then, oldest first.

        Without those of paused readers; none while the outbox is held. No try is put off for more than five days: one
        that is was put off by a clock that was ahead, and is due.
        """
        ...

    def message(self, outgoing_id: int) -> Outgoing | None:
        """Returns one message of the outbox."""
        ...

    def mark_sending(self, outgoing_id: int) -> None:
        """Notes that from now on the message may have arrived; the counter beside the archive has it too.

        Raises:
            DeliveryError: it is not to be sent by now (dropped, its reader paused, a story in it withdrawn, the outbox
                held); a later try finds that out. It stays as it is.
        """
        ...

    def mark_sent(self, outgoing_id: int, receipt: Receipt) -> None:
        """Notes that the message was taken over."""
        ...

    def mark_unsent(
        self,
        outgoing_id: int,
        error: str,
        *,
        next_try_at: datetime | None,
        doubt: bool = False,
        failed: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Notes a try that brought no receipt; without `next_try_at` the message is held.

        The operator is told (at `now`, or the present moment) of what failed or is held in doubt, but not of mails to
        themselves. What was dropped meanwhile stays dropped, and what was sent or has failed stays that; what may be
        tried again is dropped if its reader unsubscribed meanwhile.
        """
        ...

    def interrupted(self) -> list[Outgoing]:
        """Returns messages that were on their way when the process died."""
        ...

    # looking

    def articles(self, wanted: Filter, *, newest_first: bool = False) -> Iterator[Kept]:
        """Yields articles, oldest first unless told, with their text; memory does not grow with their number.

        A query finds what a live match of the same article would, and no article whose text was erased. It raises
        QueryError where it cannot be read.
        """
        ...

    def search(self, wanted: Filter, *, limit: int | None = None) -> list[Found]:
        """Returns articles, newest first, with a snippet each; without texts."""
        ...

    def look(
        self,
        wanted: Filter,
        *,
        sort: Sort = Sort.NEWEST,
        fold: bool = False,
        limit: int = 20,
        after: str | None = None,
        counted: bool = False,
        published: bool = False,
    ) -> Answer:
        """Returns a page of answers, each story once with `fold`, and with `counted` the figures of all answers.

        `after` is what the page before gave: with the same filter and order, pages neither skip nor repeat an article
        however many arrive meanwhile (those stand on no later page). By relevance only the best 1,000 are shown. A
        query that the index alone cannot answer may bring a shorter page, even an empty one; `after` goes on from it.
        `published`: days are counted by publication (else update, else sighting). It raises QueryError for a query, and
        ValueError for a cursor, that cannot be read.
        """
        ...

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Limits what is asked in this context, on this connection, to so many seconds: then TooSlowError is raised."""
        ...

    def article(self, article_id: int) -> Kept | None:
        """Returns one article with its text."""
        ...

    def versions(self, article_id: int) -> list[Version]:
        """Returns the versions of an article, oldest first."""
        ...

    def stories(self, wanted: Filter, *, limit: int | None = None) -> Iterator[Story]:
        """Yields stories that have a member among the wanted articles, newest first, without texts."""
        ...

    def story(self, story_id: int) -> Story | None:
        """Returns one story, also by a number that it had before it became part of another; without texts."""
        ...

    def related(self, story_id: int, stories: StoryRoom) -> list[int]:
        """Returns the stories that tell of the same event in other words, the nearest first; never its other parts."""
        ...

    def pairs(self, stories: StoryRoom) -> Iterator[Release]:
        """Yields the stories that a government told itself, newest first."""
        ...

    def facts(self) -> Mapping[str, SourceFacts]:
        """Returns figures for every source ever visited."""
        ...

    def source_facts(self, source_id: str) -> SourceFacts | None:
        """Returns figures for one source; None where it was never visited."""
        ...

    def figures(self, before: Figures | None = None) -> Figures:
        """Returns what is counted; `before`: what this gave earlier, so that only the visits since are counted anew."""
        ...

    def holding(self) -> Holding:
        """Returns how much the archive holds, and what is marked in it."""
        ...

    def topic_counts(self, since: datetime) -> Mapping[str, TopicCounts]:
        """Returns how much is marked with each topic of what was first seen from then on; what has none is left out."""
        ...

    def marks(self, since: datetime) -> Iterator[Mark]:
        """Yields the marks of articles that were first seen from then on; not of those that were withdrawn."""
        ...

    def known_keys(self, source_id: str, keys: Collection[str]) -> set[str]:
        """Returns which of these keys of items (see monitor/listing.py) the source has listed before."""
        ...

    def sightings(self, key: str) -> list[Sighting]:
        """Returns what became of the item with this key at each source that listed it, oldest first."""
        ...

    def provenance(self, article_id: int) -> Provenance:
        """Returns where an article came from; nothing of one that is not there."""
        ...

    def tellings(self, article_id: int) -> list[ToldReader]:
        """Returns to whom an article was told in a digest, and when first, oldest first; each subscription once."""
        ...

    def visits(self, source_id: str, since: datetime, until: datetime) -> list[PastVisit]:
        """Returns a source's visits that reach into a time, oldest first."""
        ...

    def last_visits(self, source_id: str, limit: int) -> list[PastVisit]:
        """Returns a source's newest visits, newest first, at most so many."""
        ...

    # people

    def begin_session(self, key: bytes, user: str, mark: str, *, now: datetime, until: datetime) -> None:
        """Keeps that somebody signed in: `key` is the hash of what their browser holds, `mark` of their password.

        Sessions that have ended are forgotten; a copy that is put back holds none.
        """
        ...

    def session(self, key: bytes, now: datetime) -> tuple[str, str] | None:
        """Returns user and mark of a session that has not ended."""
        ...

    def end_session(self, key: bytes) -> None:
        """Ends a session, if there is one."""
        ...

    def save_search(self, search: SavedSearch) -> int:
        """Keeps a search, in the place of its owner's one with its id if there is one; returns the id."""
        ...

    def saved_searches(self, owner: str | None = None) -> list[SavedSearch]:
        """Returns the searches of an owner, or of all, the newest first."""
        ...

    def feed_search(self, feed_hash: bytes) -> SavedSearch | None:
        """Returns the search whose feed has this key."""
        ...

    def forget_search(self, search_id: int, owner: str) -> bool:
        """Forgets an owner's search; False where there is none."""
        ...

    def give_feedback(self, feedback: Feedback) -> int:
        """Keeps what a reader said, in the place of what they said of the same before; returns its id.

        The same is an article (or an address that the archive does not hold) and a topic. It raises ArchiveError for an
        article that is not there. A note on an article that is withdrawn later is erased: it may quote it.
        """
        ...

    def feedback(self, topic_ids: Collection[str] | None = None) -> list[Feedback]:
        """Returns what readers said of these topics, or of all, the newest first."""
        ...

    def take_back_feedback(self, feedback_id: int, by: str | None) -> bool:
        """Takes back what somebody said (None: whoever it was); False where there is nothing."""
        ...

    # the service

    def heartbeat(self) -> datetime | None:
        """Returns when the service was last alive."""
        ...

    def beat(self, now: datetime) -> None:
        """Notes that the service is alive."""
        ...

    def running(self) -> Running | None:
        """Returns what the service last said of its configuration."""
        ...

    def keep_running(self, running: Running) -> None:
        """Notes what configuration the service works by."""
        ...

    def backup(self, file: Path) -> None:
        """Writes a consistent copy of the archive to a new file, which only its owner may read.

        The file is there when it is whole; it survives a power cut. `restore` in copies.py puts it back.
        """
        ...

    def close(self) -> None:
        """Ends all connections and gives the lock back."""
        ...
