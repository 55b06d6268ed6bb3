"""Pure: from the parameters of an address to what is asked of the archive, and back: the URL is the query.

The search pages, their twins for programs, feeds, exports and the JSON API all read what is asked here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from monitor.archive import Facet, Filter, Sort
from monitor.config import moment
from monitor.query import Query, QueryError, parse
from monitor.timeline import Bucket
from monitor.types import Relation

PAGE = 20  # answers on a page, where nobody says how many
MOST = 100  # answers on a page
MOST_VALUES = 50  # of one filter
LONGEST = 300  # characters of one value
LONGEST_QUERY = 5_000  # characters that a query can have at most
LONGEST_CURSOR = 8_000  # characters: by relevance it names every one of a thousand that were shown

Pairs = Iterable[tuple[str, str]]
Choice = TypeVar("Choice", bound=StrEnum)

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
_TIMES = "2026-11-22, 2026-11-22T07:00, 2026-11-22T12:00Z, 7d"


class Fold(StrEnum):
    """Whether answers stand by story or one by one."""

    STORIES = "stories"
    ARTICLES = "articles"


class By(StrEnum):
    """By which time the timeline counts."""

    SEEN = "seen"  # first
    PUBLISHED = "published"


class Kind(StrEnum):
    """In which way a value is wrong."""

    TIME = "time"  # no time
    ORDER = "order"  # a time that ends before it begins
    CHOICE = "choice"  # none of those there are
    NUMBER = "number"  # no number, or too large
    UNFIT = "unfit"  # too long, or with characters that no text has
    MANY = "many"  # more values than are looked for
    CURSOR = "cursor"  # of no page


_WHAT = {
    Kind.TIME: "is no time",
    Kind.ORDER: "is not after since",
    Kind.CHOICE: "is no such choice",
    Kind.NUMBER: "is no such number",
    Kind.UNFIT: "is too long, or holds a character that no text has",
    Kind.MANY: "are too many values",
    Kind.CURSOR: "leads to no page",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A value that cannot be used, and what could be; what is asked is without it."""

    parameter: str
    value: str  # at most 80 characters of it
    kind: Kind
    right: str  # examples, choices or limits, in no language

    @property
    def what(self) -> str:
        """What is wrong, in English; the pages say it in their visitor's language."""
        return _WHAT[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: which articles, in which order, how shown. The defaults ask for the newest stories of all."""

    q: str | None = None  # as written
    query: Query | None = None  # the tree of it
    chosen: Mapping[Facet, tuple[str, ...]] = field(default_factory=dict)  # of several values one is enough
    since: str | None = None  # as written: 7d stays seven days
    until: str | None = None
    since_at: datetime | None = None
    until_at: datetime | None = None  # exclusive
    sort: Sort = Sort.NEWEST
    fold: Fold = Fold.STORIES
    by: By = By.SEEN
    bucket: Bucket | None = None  # None: as the span asks for
    after: str | None = None
    limit: int = PAGE

    @property
    def wanted(self) -> Filter:
        """Which articles these are."""
        return Filter(
            query=self.query,
            topics=self.chosen.get(Facet.TOPIC, ()),
            sources=self.chosen.get(Facet.SOURCE, ()),
            publishers=self.chosen.get(Facet.PUBLISHER, ()),
            languages=self.chosen.get(Facet.LANGUAGE, ()),
            agencies=self.chosen.get(Facet.AGENCY, ()),
            relations=tuple(Relation(value) for value in self.chosen.get(Facet.RELATION, ())),
            since=self.since_at,
            until=self.until_at,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the query takes articles out."""
        return bool(any(self.chosen.values()) or self.since or self.until)

    @property
    def pairs(self) -> list[tuple[Facet, str]]:
        """Every value that is asked for."""
        return [(facet, value) for facet in Facet for value in self.chosen.get(facet, ())]

    def has(self, facet: Facet, value: str) -> bool:
        """Says whether this value is asked for."""
        return value in self.chosen.get(facet, ())

    def without(self, facet: Facet, value: str) -> "Asked":
        """Returns the same without a value, from its first page on."""
        values = tuple(each for each in self.chosen.get(facet, ()) if each != value)
        return replace(self, chosen={**self.chosen, facet: values}, after=None)

    def within(self, since: str | None, until: str | None) -> "Asked":
        """Returns the same in another time, as an address says it, from its first page on.

        The moments are those of the address when it is read: only `parameters` of this are of use.
        """
        return replace(self, since=since, until=until, since_at=None, until_at=None, after=None)

    def at(self, after: str | None) -> "Asked":
        """Returns the same page by page: that which begins there, or the first."""
        return replace(self, after=after)

    def unpaged(self) -> "Asked":
        """Returns the same from its first page on."""
        return replace(self, after=None, limit=PAGE)

    def unfiltered(self) -> "Asked":
        """Returns the query alone, in the same order."""
        return replace(self, chosen={}, since=None, until=None, since_at=None, until_at=None, after=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What of an address could be read, and what not."""

    asked: Asked
    wrong: tuple[Wrong, ...] = ()
    error: QueryError | None = None  # the query cannot be read: `asked` has its text, and no tree


def hear(pairs: Pairs, *, zone: str, now: datetime) -> Heard:
    """Returns what is asked by the parameters of an address; never raises, whatever they are.

    `topic`, `source`, `publisher`, `language`, `agency`, `relation` may stand several times, of the others the last
    counts. What is empty or unknown counts for nothing. Days and times without an offset are those of `zone`.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if value := value.strip():
            given.setdefault(name, []).append(value)
    ear = _Ear({name: values[-1] for name, values in given.items()}, ZoneInfo(zone), now)
    chosen = {facet: values for facet in Facet if (values := ear.values(facet, given.get(facet.value, ())))}
    since, since_at = ear.moment("since")
    until, until_at = ear.moment("until")
    if since_at and until_at and until_at <= since_at:
        ear.refuse("until", Kind.ORDER, f"> {since}")
        until = until_at = None
    q, query, error = ear.query()
    asked = Asked(
        q=q,
        query=query,
        chosen=chosen,
        since=since,
        until=until,
        since_at=since_at,
        until_at=until_at,
        sort=ear.choice("sort", Sort) or Sort.NEWEST,
        fold=ear.choice("fold", Fold) or Fold.STORIES,
        by=ear.choice("by", By) or By.SEEN,
        bucket=ear.choice("bucket", Bucket),
        after=ear.fit("after"),
        limit=ear.number("limit", PAGE, MOST),
    )
    return Heard(asked=asked, wrong=tuple(ear.wrong), error=error)


def parameters(asked: Asked) -> list[tuple[str, str]]:
    """Returns the parameters that ask for this, always in the same order, without those that say the default."""
    pairs: list[tuple[str, str | None]] = [("q", asked.q)]
    pairs += [(facet.value, value) for facet, value in asked.pairs]
    pairs += [("since", asked.since), ("until", asked.until)]
    for name, value, default in (
        ("sort", asked.sort, Sort.NEWEST),
        ("fold", asked.fold, Fold.STORIES),
        ("by", asked.by, By.SEEN),
        ("bucket", asked.bucket, None),
        ("limit", asked.limit, PAGE),
        ("after", asked.after, None),
    ):
        pairs += [(name, str(value))] if value != default else []
    return [(name, value) for name, value in pairs if value is not None]


def address(path: str, asked: Asked) -> str:
    """Returns the address under which `path` answers this."""
    pairs = parameters(asked)
    return f"{path}?{urlencode(pairs, safe=':')}" if pairs else path


class _Ear:
    """Reads single parameters, and notes what is wrong with them."""

    def __init__(self, given: Mapping[str, str], zone: ZoneInfo, now: datetime) -> None:
        self._given = given
        self._zone = zone
        self._now = now
        self.wrong: list[Wrong] = []

    def refuse(self, name: str, kind: Kind, right: str, value: str | None = None) -> None:
        shown = _UNFIT.sub("\ufffd", self._given.get(name, "") if value is None else value)
        self.wrong.append(Wrong(parameter=name, value=shown[:80], kind=kind, right=right))

    def query(self) -> tuple[str | None, Query | None, QueryError | None]:
        text = self._given.get("q")
        if text is None:
            return None, None, None
        try:
            return text, parse(text), None
        except QueryError as error:
            return text[: LONGEST_QUERY + 1], None, error

    def values(self, facet: Facet, given: Iterable[str]) -> tuple[str, ...]:
        return tuple(self._fitting(facet, dict.fromkeys(given)))

    def _fitting(self, facet: Facet, given: Mapping[str, None]) -> Iterator[str]:
        for number, value in enumerate(given):
            if number == MOST_VALUES:
                self.refuse(facet.value, Kind.MANY, f"≤ {MOST_VALUES}", str(len(given)))
                return
            if facet is Facet.RELATION and value not in list(Relation):
                self.refuse(facet.value, Kind.CHOICE, ", ".join(Relation), value)
            elif len(value) > LONGEST or _UNFIT.search(value):
                self.refuse(facet.value, Kind.UNFIT, f"≤ {LONGEST}", value)
            else:
                yield value

    def moment(self, name: str) -> tuple[str | None, datetime | None]:
        if (text := self._given.get(name)) is None:
            return None, None
        try:
            return text, moment(text, self._zone, self._now)
        except (ValueError, OverflowError):
            self.refuse(name, Kind.TIME, _TIMES)
            return None, None

    def choice(self, name: str, choices: type[Choice]) -> Choice | None:
        if (text := self._given.get(name)) is None:
            return None
        if text not in list(choices):
            self.refuse(name, Kind.CHOICE, ", ".join(choices))
            return None
        return choices(text)

    def number(self, name: str, default: int, most: int) -> int:
        if (text := self._given.get(name)) is None:
            return default
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
            self.refuse(name, Kind.NUMBER, f"1–{most}")
            return default
        return int(text)

    def fit(self, name: str) -> str | None:
        text = self._given.get(name)
        if text is not None and (len(text) > LONGEST_CURSOR or _UNFIT.search(text)):
            self.refuse(name, Kind.CURSOR, f"≤ {LONGEST_CURSOR}")
            return None
        return text
