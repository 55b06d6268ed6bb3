"""Bars of a timeline: no count is lost, and no nought is shown where nobody watched."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.timeline import Bar, Bucket, Timeline, Watched, timeline
from monitor.types import Span

DAY = timedelta(days=1)


def at(day: float, month: int = 11) -> datetime:
    """A time of November 2026: the 1st is a Sunday."""
    return datetime(2026, month, 1, tzinfo=UTC) + (day - 1) * DAY


def span(since: float, until: float) -> Span:
    return Span(since=at(since), until=at(until))


def made(
    spans: Mapping[str, Sequence[Span]],
    counts: Mapping[int, int] | None = None,
    visits: Mapping[str, float | None] | None = None,
    **how: Any,
) -> Timeline:
    """Bars of the first ten days, seen from the 20th."""
    days = {at(day).date(): count for day, count in (counts or {}).items()}
    firsts = {source: spans[source][0].since if spans[source] else None for source in spans}
    firsts |= {source: None if day is None else at(day) for source, day in (visits or {}).items()}
    return timeline(days, spans, firsts, **{"now": at(20), "since": at(1), "until": at(11)} | how)


def letters(found: Timeline) -> str:
    """One letter a bar: o(bserved), p(artly), g(ap), a(dded later), n(ow), f(uture)."""
    signs = {Watched.NOT_YET_ADDED: "a"}
    return "".join(signs.get(bar.watched, bar.watched.value[0]) for bar in found.bars)


WATCHED: dict[str, tuple[Mapping[str, Sequence[Span]], Mapping[str, Any], str]] = {
    "all the time": ({"a": [span(0, 15)]}, {}, "oooooooooo"),
    "two without a gap between them": ({"a": [span(0, 5)], "b": [span(0, 15)]}, {}, "oooopppppp"),
    "not yet": ({"a": [span(4, 15)]}, {}, "aaaooooooo"),
    "from noon": ({"a": [span(4.5, 15)]}, {}, "aaapoooooo"),
    "a gap": ({"a": [span(0, 3), span(5.5, 15)]}, {}, "oogg" + "p" + "ooooo"),
    "spans that touch": ({"a": [span(0, 3.5), span(3.5, 15)]}, {}, "oooooooooo"),
    "spans in any order that overlap": ({"a": [span(3, 15), span(0, 12)]}, {"visits": {"a": 0}}, "oooooooooo"),
    "an hour without": ({"a": [span(0, 3.5), span(3.54, 15)]}, {}, "oopooooooo"),
    "one later than the other": ({"a": [span(0, 15)], "b": [span(4, 15)]}, {}, "pppooooooo"),
    "only the chosen count": ({"a": [span(0, 15)], "b": [span(4, 15)]}, {"sources": ["a"]}, "oooooooooo"),
    "visited, never observed": ({"a": []}, {"visits": {"a": 3}}, "aagggggggg"),
    "never visited": ({"a": []}, {}, "aaaaaaaaaa"),
    "never visited, beside another": ({"a": [span(0, 15)], "b": []}, {}, "pppppppppp"),
    "not known at all": ({}, {"sources": ["a"]}, "aaaaaaaaaa"),
    "no source": ({}, {}, "aaaaaaaaaa"),
    "one not added, one in a gap": ({"a": [span(0, 2)], "b": []}, {}, "oggggggggg".replace("o", "p", 1)),
    "configured no more": (
        {"a": [span(0, 15)], "b": [span(2, 4.5)]}, {"configured": ["a"]}, "oooooooooo"
    ),
    "configured no more, with a gap in its time": (
        {"a": [span(0, 15)], "b": [span(2, 4), span(5, 6)]}, {"configured": ["a"]}, "ooopoooooo"
    ),
    "none is configured any more": ({"a": [span(2, 4.5)]}, {"configured": []}, "aooogggggg"),
    "not over": ({"a": [span(0, 5.4)]}, {"now": at(5.5)}, "oooonfffff"),
    "just over": ({"a": [span(0, 4.9)]}, {"now": at(5)}, "ooopffffff"),
    "before it began": ({"a": [span(0, 15)]}, {"now": at(0.5)}, "ffffffffff"),
}  # fmt: skip


@pytest.mark.parametrize("case", WATCHED)
def test_each_bar_says_who_watched(case: str) -> None:
    spans, how, expected = WATCHED[case]
    assert letters(made(spans, **how)) == expected


def test_a_nought_is_known_only_where_all_were_observed() -> None:
    found = made({"a": [span(2, 4), span(6.5, 15)]}, {1: 2, 3: 4, 5: 1}, now=at(8.5))
    assert letters(found) == "aooggponff"
    assert [bar.count for bar in found.bars] == [2, 0, 4, 0, 1, 0, 0, 0, 0, 0]
    assert [bar.known for bar in found.bars] == [2, 0, 4, None, 1, None, 0, None, None, None]


def test_who_was_not_observed_is_counted_and_named() -> None:
    spans = {name: [span(0, 15)] for name in "abc"} | {name: [span(0, 3)] for name in "hgfed"}
    bar = made(spans | {"z": [span(9, 15)]}).bars[3]
    assert (bar.watched, bar.of, bar.missing, bar.not_yet_added) == (Watched.PARTLY, 9, 6, 1)
    assert bar.named == ("d", "e", "f", "g", "h")


@pytest.mark.parametrize(
    ("spans", "missing"),
    [
        ([span(0, 5.4)], 0),  # looked at an hour ago
        ([span(0, 4.9)], 0),  # nobody looked since midnight
        ([span(0, 5.1), span(5.2, 5.4)], 1),  # a gap this morning
        ([span(0, 3.9)], 1),  # silent for more than 30 hours
        ([], 1),
    ],
)
def test_what_nobody_can_have_looked_at_yet_is_not_missing_today(spans: list[Span], missing: int) -> None:
    bar = made({"a": spans}, visits={"a": 0}, now=at(5.5)).bars[4]
    assert (bar.watched, bar.missing) == (Watched.NOW, missing)


BUCKETS = {
    Bucket.DAY: ["11-11", "11-12", "11-13"],
    Bucket.WEEK: ["11-11", "11-16", "11-23"],
    Bucket.MONTH: ["11-11", "12-01", "01-01"],
    Bucket.YEAR: ["11-11", "01-01", "01-01"],
}


@pytest.mark.parametrize("bucket", Bucket)
def test_bars_begin_where_their_bucket_does(bucket: Bucket) -> None:
    found = timeline({}, {}, {}, now=at(1), since=at(11), until=at(11) + 900 * DAY, bucket=bucket)
    assert found.bucket is bucket
    assert [f"{bar.since:%m-%d}" for bar in found.bars[:3]] == BUCKETS[bucket]
    assert {bar.since.weekday() for bar in found.bars[1:]} == {0} or bucket is not Bucket.WEEK


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, 0), (1, 1), (120, 120), (121, 19), (830, 120), (900, 30), (3600, 119), (3700, 11), (400_000, 1096)],
)
def test_the_shortest_bucket_is_taken_that_fits(days: int, expected: int) -> None:
    assert len(timeline({}, {}, {}, now=at(1), since=at(1), until=at(1) + days * DAY).bars) == expected


def test_no_bucket_makes_endlessly_many_bars() -> None:
    since, until = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for bucket in (*Bucket, None):
        found = timeline({date.max: 3, date.min: 2}, {}, {}, now=at(1), bucket=bucket, since=since, until=until)
        assert found.bucket is Bucket.YEAR
        assert (len(found.bars), found.bars[-1].count, found.bars[0].count) == (9999, 3, 2)


def test_without_ends_it_goes_from_the_first_that_is_known_to_today() -> None:
    found = timeline({at(3).date(): 1}, {}, {"a": at(2.5)}, now=at(6.5))
    assert (found.bars[0].since, found.bars[-1].until) == (at(2), at(7))
    assert timeline({}, {}, {}, now=at(6.5)).bars[0].since == at(6)
    assert timeline({}, {}, {}, now=at(6.5), since=at(9)).bars == ()


DAYS = st.dictionaries(st.integers(-400, 500).map(lambda n: (at(1) + n * DAY).date()), st.integers(1, 9), max_size=30)
TIMES = st.integers(-400 * 24, 500 * 24).map(lambda hours: at(1) + timedelta(hours=hours))
SPANS = st.lists(st.tuples(TIMES, st.integers(1, 3000)), max_size=4).map(
    lambda pairs: [Span(since=since, until=since + timedelta(hours=hours)) for since, hours in sorted(pairs)]
)


@given(
    days=DAYS,
    spans=st.dictionaries(st.sampled_from("abcd"), SPANS),
    since=TIMES,
    until=TIMES,
    now=TIMES,
    bucket=st.none() | st.sampled_from(Bucket),
)
def test_bars_cover_the_time_and_no_nought_is_false(
    days: dict[date, int],
    spans: dict[str, list[Span]],
    since: datetime,
    until: datetime,
    now: datetime,
    bucket: Bucket | None,
) -> None:
    visits = {source: own[0].since if own else None for source, own in spans.items()}
    bars = timeline(days, spans, visits, now=now, since=since, until=until, bucket=bucket).bars
    if since >= until:
        assert bars == ()
        return
    assert (bars[0].since, bars[-1].until) == (since, until)
    assert all(one.until == other.since for one, other in pairwise(bars))
    inside = [
        count for day, count in days.items() if since.date() <= day and datetime.combine(day, at(1).timetz()) < until
    ]
    assert sum(bar.count for bar in bars) == sum(inside)
    for bar in bars:
        check(bar, spans, now)


def check(bar: Bar, spans: Mapping[str, Sequence[Span]], now: datetime) -> None:
    """Looks at a bar hour by hour."""
    hours = [bar.since + timedelta(hours=n + 0.5) for n in range(int((bar.until - bar.since) / timedelta(hours=1)))]
    seen = {source: [any(s.since <= h < s.until for s in own) for h in hours] for source, own in spans.items()}
    everywhere = bool(spans) and all(map(all, seen.values()))
    if bar.watched is Watched.OBSERVED:
        assert everywhere
    elif bar.watched in {Watched.PARTLY, Watched.GAP, Watched.NOT_YET_ADDED}:
        assert not everywhere
        assert any(map(any, seen.values())) == (bar.watched is Watched.PARTLY)
    assert (bar.known == 0) <= everywhere
    assert (bar.watched in {Watched.NOW, Watched.FUTURE}) == (bar.until > now)
