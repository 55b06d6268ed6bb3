"""Which invented source brings what, and when: 40 publishers, wire copy, later versions, gaps in visits."""

import heapq
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

UNTIL = datetime(2026, 11, 22, tzinfo=UTC)
YEARS = timedelta(days=5 * 365)
SLICE = timedelta(hours=3)
"""What is visited, read and kept at a time."""

WIRE = 0.15
"""The share of articles that are wire copy, its first print included."""

_VISITED = timedelta(hours=12)  # a source that brings nothing is visited so often
_MOST_CARRIERS = 40
_VERSIONS = 0.03  # of articles get a second version
_TWICE = 0.06  # are listed by another source of their publisher too
_OF_DAY = (0.5, 0.3, 0.6, 1.4, 1.6, 1.5, 1.3, 0.8)  # by slice
_WEEKEND = 0.5
_TOWNS = re.findall(
    r"\w+",
    "Abbotsford Brantwood Carleton Drumlin Eastmere Fairhaven Glenmore Hawkesbury Inverleith Jasperton Kingsbridge "
    "Lakefield Marlow Northam Oakhurst Penetang Quillmore Redcliff Stonebridge Thornbury Underhill Vernonville "
    "Westmarch Yarrowdale Zephyr Aldershot Bellmont Coldwater Dunrobin Elmira Beaulac Clairmont Deschênes Escoumins "
    "Fermont Grandpré Hautcastel Joliville Kamourac Lorrainval",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A source, and when it is visited."""

    number: int
    id: str
    publisher: str
    host: str
    language: str
    since: datetime  # its first visit
    holes: tuple[tuple[datetime, datetime], ...]  # in which nobody looked

    def watched(self, at: datetime) -> bool:
        """Says whether it is visited at that time."""
        return at >= self.since and not any(first <= at < last for first, last in self.holes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """An article that a source lists. `story` says which text it has."""

    number: int  # of the article, by which its address is made
    outlet: Outlet
    story: int
    at: datetime  # when it came out
    wire: bool = False
    edit: str | None = None  # what the carrier, or the second version, did to the text
    first_at: datetime | None = None  # when the wire story, or the first version, came out


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of visits brings."""

    at: datetime  # when it ends
    visited: tuple[Outlet, ...]
    prints: tuple[Print, ...]


def outlets() -> list[Outlet]:
    """Returns 60 sources of 40 publishers, 30 of them English; every fifth was added later, every fourth has gaps."""
    chance = random.Random("outlets")
    found = []
    for number in range(60):
        town = _TOWNS[number % 40]
        french = number % 40 >= 30
        since = UNTIL - YEARS
        if number % 5 == 4:
            since += YEARS * chance.uniform(0.1, 0.9)
        holes = []
        for _ in range(chance.randint(1, 4) if number % 4 == 1 else 0):
            first = UNTIL - YEARS * chance.random()
            holes.append((first, first + timedelta(days=chance.uniform(2, 40))))
        host = "".join(letter for letter in town.lower() if letter.isascii())
        found.append(
            Outlet(
                number=number,
                id=f"{host}-{'une' if french else 'front'}" if number < 40 else f"{host}-politics",
                publisher=f"Le Quotidien de {town}" if french else f"{town} Herald",
                host=f"www.{host}-news.test",
                language="fr" if french else "en",
                since=since,
                holes=tuple(holes),
            )
        )
    return found


class Newsstand:
    """Plans `articles` articles; the same ones whenever it is asked, whatever is made of them."""

    def __init__(self, articles: int) -> None:
        self.articles = articles
        self.outlets = outlets()
        shares = [1 / (number % 40 % 30 + 4) for number in range(60)]
        whole = {language: sum(self._of(language, shares)) for language in ("en", "fr")}
        self._shares = [
            share / whole[outlet.language] * (0.7 if outlet.language == "en" else 0.3)
            for share, outlet in zip(shares, self.outlets, strict=True)
        ]
        self._chance = random.Random("newsstand")
        self._due: list[tuple[float, int, Print]] = []  # carriers that print a story later, second versions
        self._order = 0
        self._a_day = articles / YEARS.days
        drawn = [self._carriers(random.Random(n)) for n in range(2000)]
        mean = sum(0.7 * min(30, carriers) + 0.3 * min(10, carriers) for carriers in drawn) / len(drawn)
        self._begins = WIRE / (mean * (1 - WIRE) + WIRE)  # share of the own texts that go out by wire

    def _of(self, language: str, shares: list[float]) -> list[float]:
        return [share for share, outlet in zip(shares, self.outlets, strict=True) if outlet.language == language]

    def rounds(self) -> Iterator[Round]:
        """Yields all rounds, oldest first. Articles are counted from 1; second versions do not count."""
        slices = int(YEARS / SLICE)
        starts = [UNTIL - YEARS + SLICE * n for n in range(slices)]
        weights = [_OF_DAY[n % 8] * (_WEEKEND if at.weekday() >= 5 else 1) for n, at in enumerate(starts)]
        reached = list(accumulate(weights))
        visited_at: dict[int, datetime] = {}
        number = 0
        for at, weight in zip(starts, reached, strict=True):
            upto = round(self.articles * weight / reached[-1])
            watched = [outlet for outlet in self.outlets if outlet.watched(at)]
            shares = list(accumulate(self._shares[outlet.number] for outlet in watched))
            prints: list[Print] = []
            while number < upto:
                printed = self._next(number + 1, at, watched, shares)
                number += printed.number == number + 1
                prints.append(printed)
            brought = {printed.outlet.number for printed in prints}
            visited = tuple(
                o for o in watched if o.number in brought or at - visited_at.get(o.number, at - YEARS) >= _VISITED
            )
            visited_at |= dict.fromkeys((outlet.number for outlet in visited), at)
            yield Round(at=at + SLICE, visited=visited, prints=tuple(prints))

    def _next(self, number: int, at: datetime, watched: list[Outlet], shares: list[float]) -> Print:
        chance = self._chance
        if self._due and self._due[0][0] <= number:
            waiting = heapq.heappop(self._due)[2]
            if waiting.outlet in watched:
                came = (at + SLICE * chance.random() * 0.9).replace(microsecond=0)
                return self._again(waiting, came) if waiting.number else self._carried(waiting, number, came)
        outlet = chance.choices(watched, cum_weights=shares)[0]
        came = (at + SLICE * chance.random() * 0.9).replace(microsecond=0)
        wire = chance.random() < self._begins
        printed = Print(number=number, outlet=outlet, story=number, at=came, wire=wire, first_at=came if wire else None)
        if wire:
            others = [
                o
                for o in watched
                if o.language == outlet.language and o.number < 40 and o.publisher != outlet.publisher
            ]
            for carrier in chance.sample(others, min(len(others), self._carriers(chance) - 1)):
                edit = chance.choices((None, "credit", "cut", "lede"), (60, 15, 15, 10))[0]
                later = Print(number=0, outlet=carrier, story=number, at=came, wire=True, edit=edit, first_at=came)
                self._later(number + 1 + self._a_day * chance.expovariate(5), later)
        elif chance.random() < _VERSIONS:
            later = Print(number=number, outlet=outlet, story=number, at=came, edit="updated", first_at=came)
            self._later(number + self._a_day * (0.05 + chance.expovariate(3)), later)
        elif chance.random() < _TWICE and outlet.number % 40 < 20:
            other = self.outlets[(outlet.number + 40) % 80]
            self._later(number + self._a_day / 50, Print(number=number, outlet=other, story=number, at=came))
        return printed

    @staticmethod
    def _again(waiting: Print, came: datetime) -> Print:
        if waiting.edit is None:
            return waiting
        return Print(
            number=waiting.number, outlet=waiting.outlet, story=waiting.story, at=came, edit=waiting.edit,
            first_at=waiting.first_at,
        )  # fmt: skip

    @staticmethod
    def _carried(waiting: Print, number: int, came: datetime) -> Print:
        return Print(
            number=number, outlet=waiting.outlet, story=waiting.story, at=came, wire=True, edit=waiting.edit,
            first_at=waiting.first_at,
        )  # fmt: skip

    def _later(self, number: float, printed: Print) -> None:
        self._order += 1
        heapq.heappush(self._due, (number, self._order, printed))

    @staticmethod
    def _carriers(chance: random.Random) -> int:
        return min(_MOST_CARRIERS, int(2 * chance.paretovariate(1.15)))
