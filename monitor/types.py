"""What flows through the program, from a configured source to a receipt.

Every type is frozen, slotted and keyword-only. Times are aware and in UTC unless a field says otherwise; what is
not known is None, never an empty string.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

Clock = Callable[[], datetime]
"""Gives the present moment in UTC. Read at the edges only; decisions get `now` as an argument."""


# --- from the configuration ------------------------------------------------------------------------------------------


class Read(StrEnum):
    """Where a source's text comes from."""

    PAGE = "page"  # each article's own page is fetched
    FEED = "feed"  # the feed's own text is the article


class Keep(StrEnum):
    """How much of an article the archive may keep."""

    TEXT = "text"
    EXCERPT = "excerpt"  # headline, link and the sentences that matched


class Robots(StrEnum):
    """Which requests for a source heed robots.txt (RFC 9309): a feed that an operator names is meant to be read."""

    PAGES = "pages"  # pages of articles, and pages of links
    ALL = "all"  # the source's own address too, whatever its kind
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """HTTP basic authentication, sent only to the scheme, host and port of the source's own address."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One address that is visited."""

    id: str
    name: str
    publisher: str
    kind: str  # the spider's name: spiders/<kind>.py
    url: str
    language: str | None = None  # ISO 639-1, what the operator says
    every: timedelta = timedelta(minutes=15)
    slowest: timedelta | None = None  # the interval adapts between `every` and this; None: `every` it is
    read: Read = Read.PAGE
    keep: Keep = Keep.TEXT
    robots: Robots = Robots.PAGES
    may_be_empty: bool = False  # an answer without items is an answer, not a fault
    official: bool = False  # a government's own releases, which come out in English and French
    enabled: bool = True
    credentials: Credentials | None = None
    options: object | None = None  # of the kind: its class in spiders/options.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One query of a topic, as the operator wrote it. The language is for people and reports only."""

    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Forms that mean something else elsewhere (acronyms), and count only beside one of others (co-terms)."""

    forms: tuple[Form, ...]
    beside: tuple[Form, ...]
    within: int | None = 50  # words between the two; None: anywhere in the article


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A concept that is watched, with its forms. Every form is tried on every text.

    An article is about it when a form of `any`, or one of `near` beside a co-term, stands in it.
    """

    id: str
    title: Mapping[str, str]  # language → title
    any: tuple[Form, ...] = ()
    all: tuple[Form, ...] = ()  # all those of at least one language must stand in the article too
    none: tuple[Form, ...] = ()  # a hit takes the article out
    excepting: tuple[Form, ...] = ()  # `except` in the file: a hit hides the spans it covers
    near: tuple[Beside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a subscription is due. Exactly one of `moments`, `every` and `at_once` is set."""

    text: str  # as written: "weekdays 07:00"
    moments: frozenset[tuple[int, time]] = frozenset()  # day of the week from Monday = 0, and local time
    every: timedelta | None = None
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours of each day in which a reader is left alone, local; over midnight where `since` is later than `until`."""

    since: time
    until: time  # exclusive


class Layout(StrEnum):
    """How much a digest says of each story."""

    FULL = "full"
    BRIEF = "brief"  # headline, publisher, time and link


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A line of digests.yaml: who is told about which topics, when, and in which language."""

    id: str
    title: Mapping[str, str]
    topics: tuple[str, ...]
    at: Schedule
    timezone: str  # IANA name
    language: str  # of the mail: en or fr
    to: tuple[str, ...]  # readers: addresses, and names of channels
    mentions: bool = True  # stories that only mention the topics are told too
    languages: tuple[str, ...] = ()  # of the articles, ISO 639; empty: all
    not_on: frozenset[date] = frozenset()  # local dates on which nothing goes out; what came is told afterwards
    not_on_yearly: frozenset[tuple[int, int]] = frozenset()  # the same, every year: month and day
    quiet: Quiet | None = None  # what would be due then is due at their end
    gather: timedelta = timedelta(0)  # at once: how long the first story waits for others
    layout: Layout = Layout.FULL
    most: int | None = None  # stories that a mail tells; the rest is a link
    nothing_new: bool = False  # a mail goes out also where nothing is new
    repeat_alerts: bool = False  # what the reader was told at once is told again
    note: str | None = None  # the operator's own word to the readers
    paused: bool = False
    at_most_once: bool = False  # what may have arrived is never sent again


# --- watching --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """When a feed itself wants to be left alone: `ttl`, `skipHours` and `skipDays` of RSS 2.0."""

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()  # 0 to 23, in UTC
    skip_days: frozenset[int] = frozenset()  # from Monday = 0, in UTC


class Trouble(StrEnum):
    """Of what sort a failure is: how soon it is worth trying again."""

    TEMPORARY = "temporary"  # time-outs, broken connections, 5xx: it passes by itself
    SOFT = "soft"  # asked to slow down, a wall, an answer that cannot be read
    HARD = "hard"  # gone, forbidden, no such host, refused by us: it stays until somebody acts

    @property
    def strain(self) -> float:
        """How much one such failure slows the next visit down, in doublings of the interval."""
        return {"temporary": 0.25, "soft": 0.5, "hard": 1.0}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What the archive remembers of a source between two visits."""

    source_id: str
    url: str | None = None  # what the validators belong to: `Visit.asked_url`
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None  # SHA-256 of the last body that was read, in hexadecimal
    first_visit_at: datetime | None = None
    last_visit_at: datetime | None = None
    last_good_at: datetime | None = None
    failures: int = 0  # in a row
    trouble: Trouble | None = None  # of the last visit
    strain: float = 0.0  # of the failures in a row, by their sorts: doublings of the interval
    error: str | None = None  # of the last visit
    not_before: datetime | None = None  # the server asked to be left alone until then
    interval: timedelta | None = None  # between two visits, by habit
    fresh_for: timedelta | None = None  # how long the last answer said it is good for (Cache-Control)
    wishes: Wishes = Wishes()
    moved_to: str | None = None  # where the server says, for good, that the source is now
    moved_at: datetime | None = None  # since when it says so
    listed: int = 0  # items in the newest answer that listed any
    last_new_at: datetime | None = None  # when a visit last brought an item that was not known
    overran_at: datetime | None = None  # when an answer last had nothing in common with the one before
    observed_since: datetime | None = None  # from then to `last_good_at` nothing it listed can have been missed


class VisitOutcome(StrEnum):
    """How a visit ended."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"  # 304, or the same bytes as last time
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried: the server asked for patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An item as a source lists it. `summary` and `content` are markup as the source gave it."""

    url: str | None  # absolute, as listed
    aliases: tuple[str, ...] = ()  # further addresses under which the same answer lists this very item
    guid: str | None = None
    title: str | None = None  # plain text
    summary: str | None = field(default=None, repr=False)
    content: str | None = field(default=None, repr=False)  # the whole text, where the source holds it
    authors: tuple[str, ...] = ()
    publisher: str | None = None  # where the item itself names one
    speaks_for_many: bool = False  # the source lists what others publish on its own site: their names count
    language: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit of one source and what it brought."""

    source_id: str
    started_at: datetime
    finished_at: datetime
    outcome: VisitOutcome
    status: int | None = None  # HTTP status of the last answer
    asked_url: str | None = None  # the source's address at that time, with a mark of its kind and options as fragment
    url: str | None = None  # where the answer came from, after redirects
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    found: tuple[Found, ...] = field(default=(), repr=False)
    error: str | None = None  # why it failed, or what of the answer had to be left out
    whole: bool = True  # all of the answer could be read
    trouble: Trouble | None = None  # of what sort the failure is
    not_before: datetime | None = None  # from Retry-After
    fresh_for: timedelta | None = None  # from Cache-Control or Expires
    wishes: Wishes | None = None  # None: the answer was not read
    moved_to: str | None = None  # every redirect on the way here was a permanent one


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A found item with the keys under which a source's listing is remembered."""

    key: str  # the same item of the same source has the same key at the next visit
    content_hash: str  # changes when the listing says something new about the item; after an @ the time of its update
    identity: str | None  # the address in the form in which addresses are compared
    found: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a source brought on one day (UTC) on which it brought something.

    Neither its first visit counts nor what came in bulk and was not released.
    """

    day: date
    visits: int  # that brought something
    new: int  # items


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a good visit brought, seen from what the archive knew of the source at that moment."""

    at: datetime
    state: SourceState  # before the visit
    listed: int  # items of the answer; 0 where it was unchanged
    known: int  # of them: seen before, under whatever wording
    dates: tuple[datetime | None, ...]  # of the items never seen before
    readdressed: bool = False  # the operator has changed the address, or how it is read, since the last answer
    days: tuple[Day, ...]  # of the last 28 days, oldest first; empty where nothing is new

    @property
    def new(self) -> int:
        """Items never seen before."""
        return len(self.dates)

    @property
    def first(self) -> bool:
        """Whether this is the source's first good visit."""
        return self.state.last_good_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is made of an arrival."""

    interval: timedelta | None = None  # to the next visit, by habit; None: as before
    overran: bool = False  # nothing in common with the answer before: items may have come and gone unseen
    burst: str | None = None  # why the new items are held back from mails that go out at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What the archive made of a visit."""

    new: int  # items to be read: never seen before, or with new wording
    burst: int | None = None  # its number, where the new items are one


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """New items that came in bulk and are held back from mails at once until an operator releases them."""

    id: int
    source_id: str
    at: datetime
    items: int
    reason: str
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time during which a source was observed without a gap."""

    since: datetime
    until: datetime


class Condition(StrEnum):
    """How a source is; in the order of what an operator looks at first."""

    OFF = "off"  # not enabled
    NEW = "new"  # not visited yet
    ILL = "ill"  # the last visit failed
    STALE = "stale"  # nobody has looked for much longer than its interval
    PARTIAL = "partial"  # a part of it cannot be read
    BURST = "burst"  # items came in bulk and wait for an operator
    OVERRAN = "overran"  # its list turned over between two visits
    QUIET = "quiet"  # it answers, and has brought nothing for longer than ever
    MOVED = "moved"  # redirects for good
    WELL = "well"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to know about a source, in a sentence."""

    condition: Condition
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a source is doing."""

    remarks: tuple[Remark, ...]  # the worst first; empty: well
    per_week: float | None  # items it usually brings a week; None: not known yet
    this_week: int  # items of the last seven days

    @property
    def condition(self) -> Condition:
        """The worst of what there is to say."""
        return self.remarks[0].condition if self.remarks else Condition.WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A kept item that still has to be read."""

    item_id: int
    source_id: str
    visit_id: int
    found: Found
    content_hash: str  # of this wording: a listing may say something newer while it is being read
    attempts: int  # reads begun that never ended, because the process died
    failures: int  # reads that ended without a page
    not_before: datetime | None = None  # when the page is to be tried again
    article_id: int | None = None  # the partial article that the feed's text already gave


class ItemState(StrEnum):
    """Where an item stands in the durable list."""

    PENDING = "pending"
    DONE = "done"
    REJECTED = "rejected"
    SET_ASIDE = "set aside"  # killed the process three times


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A fetched page."""

    url: str  # asked for
    final_url: str  # answered, after redirects
    status: int
    html: str = field(repr=False)
    content_type: str | None  # media type, lower case, without parameters
    fetched_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # lower-case names; first value
    redirects: tuple[str, ...] = ()  # addresses between url and final_url


class AddressKind(StrEnum):
    """How an address of an article became known."""

    FOUND = "found"
    REDIRECTED = "redirected"
    CANONICAL = "canonical"  # declared by the page, within the same registrable domain
    HINT = "hint"  # declared by the page, pointing elsewhere: never identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One name of an article."""

    url: str  # as seen, byte for byte
    identity: str  # the form in which addresses are compared
    kind: AddressKind


class Notice(StrEnum):
    """The agency's own word for what a text is, where it is no plain story or first take."""

    NEWS_ALERT = "newsalert"  # a sentence ahead of the story; Alerte
    WRITETHRU = "writethru"  # the whole story anew; 1st Writethru, 1er Lead
    CORRECTIVE = "corrective"  # Corrective, Sub, Clarification; Rectificatif, Corrigée
    KILL = "kill"  # the story is withdrawn; Supprimer


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Which story an agency's notice withdraws, in the notice's own words."""

    headline: str | None = None
    slug: str | None = None
    moved_on: str | None = None  # ISO date on which the story went out


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What the text says of the agency it came from, and of its place among the agency's takes."""

    agency: str | None = None
    first_published: str | None = None  # ISO date, the agency's own; not the time of an update
    first_language: str | None = None  # where the text says in which language it first came out ("in French": fr)
    writers: tuple[str, ...] = ()  # of the agency, as signed
    place: str | None = None  # of the dateline, as written: OTTAWA
    notice: Notice | None = None
    take: int | None = None  # 2 of "2nd Writethru", "2e Lead"
    correction: str | None = None  # the note that says what was corrected, as plain text
    kill: Kill | None = None  # with notice KILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A news article as it was read once: plain text, paragraphs parted by one blank line."""

    source_id: str
    publisher: str
    addresses: tuple[Address, ...]  # the first is the one to show; never empty
    title: str
    text: str | None = field(repr=False)
    listed_title: str | None = None  # the feed's title, where it differs
    summary: str | None = field(default=None, repr=False)  # the feed's, as plain text
    authors: tuple[str, ...] = ()
    language: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    partial: bool = False  # the page could not be read, or held no text: the text is the feed's
    keep: Keep = Keep.TEXT
    credit: Credit = Credit()
    body: str | None = field(default=None, repr=False)  # the story alone, as stories are compared; None: no text
    alternates: tuple[Address, ...] = ()  # the page in other languages, as it declares them (hreflang)
    official: bool = False  # a release of a government that publishes in English and French


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An item that is no article, and why."""

    reason: str


# --- judging ---------------------------------------------------------------------------------------------------------


class Place(StrEnum):
    """Where in an article a form was found."""

    TITLE = "title"
    SUMMARY = "summary"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A form found in one place of an article: the first time it stands there, and how often it does."""

    form: str  # as the operator wrote it
    language: str  # of the form
    place: Place
    surface: str  # the words as they stand in the article
    sentence: str  # around the first hit
    start: int  # of the surface, in characters of `sentence`
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Why an article is about a topic."""

    topic_id: str
    hits: tuple[Hit, ...]  # never empty
    revision: str  # of the topic's forms
    mention: bool = False  # weak: named in passing

    @property
    def terms(self) -> tuple[str, ...]:
        """The words found, each once, as they stand in the article."""
        return tuple(dict.fromkeys(hit.surface for hit in self.hits))


class Relation(StrEnum):
    """What an article, or a reading of it, is to the story it belongs to."""

    ORIGIN = "origin"
    PICKUP = "pickup"  # the same text at another publisher
    VERSION = "version"  # later text of the same article
    CORRECTION = "correction"
    TRANSLATION = "translation"
    KILL = "kill"  # the agency's notice that withdraws the story


class Figure(NamedTuple):
    """A number or date of a text between its neighbours: the same neighbours with another value are a change."""

    before: int  # hash of the three words before it, other figures masked
    after: int  # hash of the three words after it
    value: str  # 7204, 2300000, 12.6; a date is 01-12, a month m11, a year y2023


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """All of a text that is compared, also when the text itself is no longer kept."""

    text_hash: str | None  # of all words as read: equal hashes mean equal words; None where there is no text
    words: int
    body_hash: str | None = None  # of the words of the story alone
    body_words: int = 0
    level: int = 0  # of the shingles of five words, those are kept whose hash is divisible by 2 ** level
    shingles: tuple[tuple[int, int], ...] = field(default=(), repr=False)  # hash (32 bits), number of the paragraph
    lede: tuple[int, ...] = field(default=(), repr=False)  # every shingle of the opening, whatever the level
    figures: tuple[Figure, ...] = field(default=(), repr=False)
    named: tuple[Figure, ...] = field(default=(), repr=False)  # names of several words, between their neighbours
    names: frozenset[str] = field(default=frozenset(), repr=False)  # capitalised within sentences, folded
    terms: frozenset[str] = field(default=frozenset(), repr=False)  # folded longer words of headline and opening
    title: str = ""  # folded words of the headline
    language: str | None = None
    agency: str | None = None
    first_published: str | None = None  # ISO date
    first_language: str | None = None
    notice: Notice | None = None
    corrected: bool = False  # it holds a note of correction
    killed: str | None = None  # folded words of the headline that a notice withdraws
    in_full: bool = False  # the notice names slug, headline and day, as agencies do for their clients
    official: bool = False
    dated_at: datetime | None = None  # when it came out, as the page says; None: not known
    identities: frozenset[str] = field(default=frozenset(), repr=False)  # the addresses of an official page
    alternates: tuple[str, ...] = ()  # those of the same page in other languages


class TieKind(StrEnum):
    """What two texts are to each other."""

    SAME = "same"  # the same piece of work in one language
    TRANSLATION = "translation"  # the same piece of work in two languages
    KILL = "kill"  # one withdraws the other
    RELATED = "related"  # the same event in other words
    APART = "apart"  # much alike and yet not the same: another week's figures, another agency's story


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """What one text is to another, and how sure that is."""

    kind: TieKind
    score: float  # the share of the shorter text that the longer one holds, or a likeness of 0 to 1; higher is surer


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One version of an article, as stories are made of them."""

    id: int
    article_id: int
    number: int  # of the version
    name: str  # the article's own address: the same whenever it was seen
    publisher: str
    at: datetime  # when this version came out, as well as can be known
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An article's part in its story."""

    article_id: int
    relation: "Relation"
    kept: float | None  # share of the origin's text, 0 to 1; None in another language, or without a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Who wrote a story first, and what everybody made of it."""

    parts: tuple[Part, ...]  # the first is the origin
    takes: Mapping[int, int]  # text → which take of the story it is in its language; 1 is the first
    withdrawn: bool  # its agency killed it
    taken_back: frozenset[int] = frozenset()  # articles in whose place their own publisher set a notice that kills


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An article of the archive that shares an address or words with the one being placed: one version of it."""

    article_id: int
    story_id: int
    publisher: str
    source_id: str  # through which its newest version came
    identities: frozenset[str]
    title: str
    text_hash: str | None  # of the version that has the text in question, else of the newest
    words: int  # in the text
    partial: bool
    version: int
    withdrawn: bool = False
    text: str | None = field(default=None, repr=False)  # of the newest version, where it shares an address
    language: str | None = None
    fingerprint: Fingerprint | None = field(default=None, repr=False)  # of the newest version


class Verdict(StrEnum):
    """What to do with a reading."""

    NEW = "new"  # a new article
    VERSION = "version"  # new text of a known article
    KNOWN = "known"  # nothing but another sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a reading is to what the archive has."""

    verdict: Verdict
    article_id: int | None = None  # for version and known
    story_id: int | None = None  # for version and known
    trivial: bool = False  # a version that tells a reader nothing new: a comma, a time stamp, an inserted link


class ChangeKind(StrEnum):
    """How much a change matters."""

    NONE = "none"  # the same characters
    TRIVIAL = "trivial"  # a reader learns nothing from it
    SUBSTANTIVE = "substantive"


class ChangeReason(StrEnum):
    """What has changed; the first group is substance."""

    NOTE = "note"  # a note says what was corrected
    HEADLINE = "headline"
    FIGURE = "figure"
    NAME = "name"
    DATE = "date"
    QUOTE = "quote"
    NEGATION = "negation"
    ADDED = "added"  # sentences
    REMOVED = "removed"
    REWORDED = "reworded"

    STYLE = "style"  # punctuation, case, accents, marks, white space, notation, spelling
    STAMP = "stamp"  # a line that says when it was updated
    LINK = "link"  # a line that leads elsewhere
    REPEATED = "repeated"  # a paragraph, once more or once less
    MOVED = "moved"  # sentences, to another place


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """Words as they stood, and as they stand now; one of the two may be empty."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of a wording. `reasons` are in the order of `ChangeReason`, each once."""

    kind: ChangeKind
    reasons: tuple[ChangeReason, ...] = ()
    replaced: tuple[Replaced, ...] = ()  # the words of substance, in the order of the text; at most 50 pairs

    @property
    def corrects(self) -> bool:
        """Whether all that changed is figures, names, dates, quotations, negations in equal sentences, or the headline.

        That is a correction; with sentences added, removed or reworded it is a new take (write-thru).
        """
        rewrites = {ChangeReason.ADDED, ChangeReason.REMOVED, ChangeReason.REWORDED}
        return self.kind is ChangeKind.SUBSTANTIVE and rewrites.isdisjoint(self.reasons)


# --- keeping ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One item read, judged, and ready to be kept."""

    pending: Pending
    article: Article
    matches: tuple[Match, ...]
    fingerprint: Fingerprint
    retry_at: datetime | None = None  # a partial article whose page is tried again then
    asked_until: datetime | None = None  # the server wants to be left alone until then (Retry-After)
    note: str | None = None  # why the page could not be read
    tried: bool = True  # the page was asked for; what was only put off costs none of its tries
    leaves_item: bool = False  # the item stays as it is: set aside, and shown


class Outcome(StrEnum):
    """What became of one item; disjoint, the words of `collect --json`."""

    NEW = "new"
    PICKUP = "pickup"
    VERSION = "version"
    KNOWN = "known"
    UNMATCHED = "unmatched"
    REJECTED = "rejected"
    PENDING = "pending"


class EntryKind(StrEnum):
    """Why an entry was written."""

    NEW = "new"
    PICKUP = "pickup"
    VERSION = "version"
    KILL = "kill"  # the agency withdrew it, or its publisher took it back


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A numbered fact of the archive. Numbers only grow: a digest is the slice after < number <= upto."""

    number: int
    kind: EntryKind
    at: datetime
    article_id: int
    version: int
    story_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An article as the archive holds it: its newest version."""

    id: int
    story_id: int
    relation: Relation
    url: str
    urls: tuple[str, ...]
    source_id: str
    source_ids: tuple[str, ...]
    publisher: str
    title: str
    text: str | None = field(repr=False)
    summary: str | None = field(repr=False)
    listed_title: str | None = None  # the feed's title, where it differs
    authors: tuple[str, ...]
    language: str | None
    published_at: datetime | None
    updated_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime
    partial: bool
    withdrawn: bool
    version: int
    matches: tuple[Match, ...]
    credit: Credit
    kept: float | None = None  # share of its story's origin, 0 to 1; None in another language, or without a text
    official: bool = False
    take: int = 1  # which take of its story its newest version is, in its language
    read_at: datetime | None = None  # when this version of it was read

    @property
    def dated_at(self) -> datetime:
        """When it appeared, as well as can be known: published, else updated (some feeds say no more), else seen."""
        return self.published_at or self.updated_at or self.first_seen_at


# --- telling ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a reader was told of a story: the highest version of each article that a sent digest named."""

    story_id: int
    article_id: int
    version: int
    withdrawn: bool = False  # the reader knows that it was withdrawn
    partial: bool = False  # that version was the feed's text, where the page could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A text that may tell a reader something new of a story they know, and the texts of it that they were told."""

    article_id: int
    version: int
    told: tuple[tuple[int, int], ...]  # article and version; never empty


Changes = Mapping[Comparison, tuple["Change | None", ...]]
"""What a text changed against each of those that were told; None where one of the two is not known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How well one source was watched, as a digest reports it."""

    source_id: str
    name: str
    last_good_at: datetime | None
    failing: bool  # the last visit failed, or it was never reached
    error: str | None = None
    partial: bool = False  # a part of it could not be read
    overran_at: datetime | None = None  # its list turned over then: items may have come and gone unseen
    quiet_since: datetime | None = None  # it answers, and has brought nothing since then, longer than ever
    gaps: tuple[Span, ...] = ()  # since the reader's last digest: what came and went then was not seen

    @property
    def doubtful(self) -> bool:
        """Whether news may have been missed."""
        return bool(
            self.failing or self.partial or self.overran_at is not None or self.quiet_since is not None or self.gaps
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Stories for one digest that came in bulk and are not told one by one."""

    source_id: str
    stories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The entries of one reader's digest with all that is needed to tell them."""

    after: int
    upto: int
    entries: tuple[Entry, ...]
    articles: Mapping[int, Kept]  # every member of every story named by an entry
    told: tuple[Told, ...]
    coverage: tuple[Coverage, ...]
    bulk: tuple[Bulk, ...] = ()  # what is held back, by source
    since: datetime | None = None  # when the reader last got this digest; None: this is the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One story in a digest."""

    story_id: int
    article: Kept  # the member that speaks for the story
    topic_ids: tuple[str, ...]
    matches: tuple[Match, ...]  # of that member, for these topics
    carriers: tuple[Kept, ...] = ()  # the other members, oldest first
    updated: bool = False  # the reader was told an earlier version
    change: "Change | None" = None  # of an update: what changed since the reader was told
    withdrawn: bool = False  # the reader was told a story that its agency or its publisher took back
    fresh: frozenset[int] = frozenset()  # of an update: the articles among `carriers` that the reader was not told

    @property
    def mention(self) -> bool:
        """Whether the story only mentions each of these topics in passing."""
        return bool(self.matches) and all(match.mention for match in self.matches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The stories of a digest that are about one topic; a story stands in the first of its topics only."""

    topic_id: str
    title: str  # in the subscription's language
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One due time of a subscription. The name is unique within it: a local date and time, or what called for it."""

    name: str
    at: datetime
    scheduled: bool = True  # False: served on demand or at once, outside the calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What one reader is told at one slot."""

    subscription: Subscription
    reader: str
    slot: Slot
    after: int
    upto: int
    composed_at: datetime
    groups: tuple[Group, ...]
    more_pickups: int  # further pickups of stories the reader already has, not listed
    coverage: tuple[Coverage, ...]  # sources of which news may have been missed
    watched: int  # sources watched in all
    bulk: tuple[Bulk, ...] = ()  # what came in bulk and is counted only
    names: Mapping[str, str] = field(default_factory=dict, repr=False)  # of the sources, by id
    titles: Mapping[str, str] = field(default_factory=dict, repr=False)  # of the topics, in the subscription's language
    since: datetime | None = None  # when the reader last got this digest; None: this is the first
    seen: tuple[Coverage, ...] = ()  # every source watched, for a digest that certifies silence

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every story of the digest, in reading order."""
        return tuple(line for group in self.groups for line in group.lines)

    @property
    def has_news(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.groups or self.bulk)


class Format(StrEnum):
    """What the bytes of a message are; each channel takes one."""

    MAIL = "mail"  # RFC 5322, 7-bit, CRLF
    JSON = "json"  # one document; docs/channels.md
    TEXT = "text"  # UTF-8: a title line, a blank line, the body
    ATOM = "atom"  # entries (RFC 4287) to be put at the top of a feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a message leads to on this installation's own pages."""

    unsubscribe: str | None = None  # https: one-click (RFC 8058); mailto: by mail
    by_mail: str | None = None  # mailto: of the same token, for programs that know no other way
    whole: str | None = None  # the page that holds all stories of a digest, of which the mail tells the first

    @property
    def one_click(self) -> bool:
        """Whether a mail program may unsubscribe its reader with one POST."""
        return (self.unsubscribe or "").startswith("https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered digest: its final bytes, fixed before the first attempt to send it."""

    message_id: str  # with angle brackets
    digest_id: str
    to: str
    slot: str
    subject: str
    raw: bytes = field(repr=False)
    format: Format = Format.MAIL
    whole: bytes | None = field(default=None, repr=False)  # the page (HTML) that `Links.whole` leads to


class SendState(StrEnum):
    """Where a message stands, in the words of `deliver --json`."""

    WAITING = "waiting"
    SENDING = "sending"  # the whole message may be on its way: written before its last line is sent
    SENT = "sent"
    FAILED = "failed"
    DOUBT = "doubt"  # may have arrived; sent once more for each interruption, then held
    DROPPED = "dropped"  # will not be sent: an operator, an unsubscribed reader, or nothing left to tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a channel says of one message it took."""

    at: datetime
    channel: str
    answer: str  # the server's words, or the file's path


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message in the outbox with its history."""

    id: int
    message: Message
    state: SendState
    attempts: int
    doubts: int  # times that it may have arrived without an answer
    created_at: datetime
    next_try_at: datetime | None
    error: str | None
    receipt: Receipt | None
    after: int
    upto: int
    stories: int
    erased: bool = False  # its bytes are no longer kept: it cannot be sent again


OPERATOR = "operator"
"""The digest that tells an operator what needs a hand; no digest of the configuration has this id."""


class PauseReason(StrEnum):
    """Why a reader is not told."""

    OPERATOR = "operator"
    UNSUBSCRIBED = "unsubscribed"  # the reader's own wish: what waits for them is dropped
    BOUNCED = "bounced"  # two mails came back for good
    FAILING = "failing"  # a channel took nothing for days


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A reader who is not told for now. What comes meanwhile is told when the pause ends."""

    digest_id: str | None  # None: every digest of the reader
    reader: str
    reason: PauseReason
    at: datetime
    note: str | None = None  # what the mail server said, or the operator


class AlarmKind(StrEnum):
    """What an operator should know of."""

    FAILED = "failed"  # a message was refused for good, or given up
    HELD = "held"  # a message may have arrived; it is not sent again by itself
    PAUSED = "paused"  # a reader is no longer told
    OUTBOX = "outbox"  # the archive is older than what was sent from it
    RETURNS = "returns"  # returned mail cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that an operator should know and act upon."""

    id: int
    kind: AlarmKind
    at: datetime
    text: str  # a sentence
    told_at: datetime | None = None  # when it was put into a mail to the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a mail server reported of one message (RFC 3464)."""

    message_id: str  # of ours, with angle brackets
    recipient: str
    status: str  # 5.1.1
    hard: bool  # failed for good, by the reader's own address
    reason: str  # the server's words


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxHold:
    """The archive is older than what was sent from it: a copy was put back. Nothing is sent until that is settled."""

    last_here: int  # the newest number in the outbox
    last_sent: int  # what the counter beside the archive remembers; 0 where nobody can know
    reason: str = "a copy was put back"  # how that is known, or why it cannot be


# --- people ----------------------------------------------------------------------------------------------------------


class Role(StrEnum):
    """Who may do what on the pages; each may all that those before it may."""

    VISITOR = "visitor"  # nobody knows who: what mails lead to; where `web.public` is set, to search, and excerpts
    READER = "reader"  # full texts; to say what is not relevant, or was missed
    RESEARCHER = "researcher"  # exports, saved searches, the JSON API
    OPERATOR = "operator"  # sources, topics, subscriptions, the outbox

    @property
    def rank(self) -> int:
        """Its place in that order, from 0."""
        return list(Role).index(self)

    def may(self, needed: "Role") -> bool:
        """Says whether this role is enough where `needed` is asked for."""
        return self.rank >= needed.rank


class FeedbackKind(StrEnum):
    """What a reader says of the watching."""

    NOT_RELEVANT = "not relevant"  # an article is not about a topic that found it
    MISSED = "missed"  # an article is about a topic that did not find it, or was never found


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A reader's word on an article and a topic, kept as an example for whoever edits the topic."""

    id: int | None = None  # None: not kept yet
    kind: FeedbackKind
    topic_id: str
    article_id: int | None  # None: an address that the archive does not hold
    url: str
    by: str  # the user's name
    at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A search that somebody named."""

    id: int | None = None  # None: not kept yet
    name: str
    owner: str  # the user's name
    params: str  # as the address of the search page has them: q=…&topic=…
    created_at: datetime
    feed_hash: bytes | None = field(default=None, repr=False)  # SHA-256 of the key in the address of its feed
