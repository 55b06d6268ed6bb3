"""From an address to what is asked of the archive, and back."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive import Facet, Filter, Sort
from monitor.query import like_operators, parse
from monitor.timeline import Bucket
from monitor.types import Relation
from monitor.web.asked import Asked, By, Fold, Heard, Kind, address, hear, parameters
from monitor.web.marking import marked, unmarked

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FULL = (
    "q=%22Roxham+Road%22&topic=roxham-road&topic=stca&source=ircc-en&publisher=La+Presse&language=fr"
    "&agency=The+Canadian+Press&relation=pickup&since=7d&until=2026-11-22&sort=relevance&fold=articles&by=published"
    "&bucket=week&limit=50&after=abc"
)


def asked(address: str) -> Heard:
    return hear(
        parse_qsl(address.partition("?")[2] or address, keep_blank_values=True), zone="America/Toronto", now=NOW
    )


def test_every_parameter_is_read() -> None:
    heard = asked(FULL)
    assert (heard.wrong, heard.error) == ((), None)
    assert heard.asked.wanted == Filter(
        query=parse('"Roxham Road"'),
        topics=("roxham-road", "stca"),
        sources=("ircc-en",),
        publishers=("La Presse",),
        languages=("fr",),
        agencies=("The Canadian Press",),
        relations=(Relation.PICKUP,),
        since=datetime(2026, 11, 15, 12, 0, tzinfo=UTC),
        until=datetime(2026, 11, 22, 5, 0, tzinfo=UTC),
    )
    found = heard.asked
    assert (found.sort, found.fold, found.by) == (Sort.RELEVANCE, Fold.ARTICLES, By.PUBLISHED)
    assert (found.bucket, found.limit, found.after) == (Bucket.WEEK, 50, "abc")


def test_nothing_asks_for_the_newest_stories_of_all() -> None:
    heard = asked("")
    assert heard == Heard(asked=Asked())
    assert heard.asked.wanted == Filter()
    assert not heard.asked.narrowed
    assert address("/search", heard.asked) == "/search"


def test_the_address_is_the_query() -> None:
    assert address("/search", asked(FULL).asked) == f"/search?{FULL}"


def test_an_address_leaves_out_defaults_and_is_always_in_the_same_order() -> None:
    found = asked("sort=newest&limit=20&fold=stories&by=seen&topic=b&source=&q=snow&topic=a&topic=b&x=1").asked
    assert address("/search", found) == "/search?q=snow&topic=b&topic=a"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-22", datetime(2026, 11, 22, 5, 0, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 7, 1, 4, 0, tzinfo=UTC)),
        ("2026-11-22T07:00", datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
        ("2026-11-22T07:00Z", datetime(2026, 11, 22, 7, 0, tzinfo=UTC)),
        ("2026-11-22T07:00+01:00", datetime(2026, 11, 22, 6, 0, tzinfo=UTC)),
        ("2026-11-22T07:00 01:00", datetime(2026, 11, 22, 6, 0, tzinfo=UTC)),  # a plus that nobody encoded
        ("12h", datetime(2026, 11, 22, 0, 0, tzinfo=UTC)),
    ],
)
def test_times_are_those_of_the_installation(written: str, meant: datetime) -> None:
    heard = hear([("since", written)], zone="America/Toronto", now=NOW)
    assert (heard.asked.since_at, heard.asked.since, heard.wrong) == (meant, written, ())


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("since", "yesterday", Kind.TIME),
        ("since", "2026-13-01", Kind.TIME),
        ("since", "0001-01-01", Kind.TIME),
        ("until", "9999-12-31T23:59-12:00", Kind.TIME),
        ("since", "9" * 400 + "d", Kind.TIME),
        ("since", "²²²²-11-22", Kind.TIME),
        ("relation", "cousin", Kind.CHOICE),
        ("sort", "best", Kind.CHOICE),
        ("fold", "both", Kind.CHOICE),
        ("by", "now", Kind.CHOICE),
        ("bucket", "hour", Kind.CHOICE),
        ("limit", "0", Kind.NUMBER),
        ("limit", "-1", Kind.NUMBER),
        ("limit", "101", Kind.NUMBER),
        ("limit", str(2**63), Kind.NUMBER),
        ("limit", "٣", Kind.NUMBER),
        ("topic", "a\x00b", Kind.UNFIT),
        ("publisher", "x" * 301, Kind.UNFIT),
        ("source", "\ud800", Kind.UNFIT),
        ("after", "x" * 8_001, Kind.CURSOR),
    ],
)
def test_a_wrong_value_is_named_and_the_rest_is_used(name: str, value: str, kind: Kind) -> None:
    heard = hear([(name, value), ("q", "snow"), ("language", "fr")], zone="America/Toronto", now=NOW)
    (wrong,) = heard.wrong
    assert (wrong.parameter, wrong.kind) == (name, kind)
    assert wrong.what
    assert len(wrong.value) <= 80
    wrong.value.encode()
    assert heard.asked.wanted == Filter(query=parse("snow"), languages=("fr",))
    assert address("/search", heard.asked) == "/search?q=snow&language=fr"


def test_a_time_must_end_after_it_begins() -> None:
    heard = asked("since=2026-11-22&until=2026-11-22")
    assert [(wrong.parameter, wrong.kind) for wrong in heard.wrong] == [("until", Kind.ORDER)]
    assert (heard.asked.since, heard.asked.until) == ("2026-11-22", None)


def test_of_very_many_values_the_first_fifty_count() -> None:
    heard = hear([("topic", f"t{n}") for n in range(200)], zone="UTC", now=NOW)
    assert heard.asked.wanted.topics == tuple(f"t{n}" for n in range(50))
    assert [(wrong.kind, wrong.value) for wrong in heard.wrong] == [(Kind.MANY, "200")]


@pytest.mark.parametrize(("q", "start"), [('"Roxham', 0), ("snow AND", 8), ("a\x00b", 1), ("x" * 5_001, 5_000)])
def test_a_query_that_cannot_be_read_is_an_error_with_its_place(q: str, start: int) -> None:
    heard = hear([("q", q), ("topic", "stca")], zone="UTC", now=NOW)
    assert heard.error is not None
    assert heard.error.start == start
    assert (heard.asked.q, heard.asked.query, heard.asked.wanted.topics) == (q, None, ("stca",))


def test_a_query_has_up_to_five_thousand_characters() -> None:
    heard = hear([("q", '"' + "s" * 4_998 + '"')], zone="UTC", now=NOW)
    assert (len(heard.asked.q or ""), heard.error) == (5_000, None)
    heard = hear([("q", "x" * 60_000)], zone="UTC", now=NOW)
    assert heard.error is not None
    assert len(heard.asked.q or "") == 5_001  # no more of it is shown again


def test_a_value_is_taken_off_from_the_first_page_on() -> None:
    more = asked("q=snow&topic=a&topic=b&topic=b&language=fr&after=xyz").asked
    assert address("/search", more) == "/search?q=snow&topic=a&topic=b&language=fr&after=xyz"
    assert more.has(Facet.TOPIC, "b")
    assert address("/search", more.without(Facet.TOPIC, "a").without(Facet.LANGUAGE, "fr")) == "/search?q=snow&topic=b"
    assert address("/search", more.within("2026-11-01", None).unfiltered()) == "/search?q=snow"


def test_small_operators_are_noticed_outside_quotation_marks() -> None:
    assert like_operators('snow and ice or "and not" brand NOT x and') == ("and", "or")
    assert like_operators("Roxham AND Road") == ()


TEXT = st.text(max_size=40)
NAMES = st.sampled_from(
    ["q", *Facet, "since", "until", "sort", "fold", "by", "bucket", "limit", "after", "lang", "less", "x"]
)
VALUES = st.one_of(
    TEXT,
    st.sampled_from(
        ["snow", "7d", "2026-11-22", "articles", "published", "week", "5", "pickup", '"Roxham Road"', "or"]
    ),
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=12))
def test_whatever_is_asked_an_address_of_it_asks_for_the_same(pairs: list[tuple[str, str]]) -> None:
    first = hear(pairs, zone="America/Toronto", now=NOW).asked
    written = urlencode(parameters(first), errors="replace")
    second = hear(parse_qsl(written), zone="America/Toronto", now=NOW)
    assert second.wrong == ()
    assert second.asked.wanted == first.wanted
    assert urlencode(parameters(second.asked), errors="replace") == written


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("at \x02Roxham Road\x03 & <b>", "at <mark>Roxham Road</mark> &amp; &lt;b&gt;"),
        ("\x02<script>\x03", "<mark>&lt;script&gt;</mark>"),
        ("\x02a\x03 \x02b\x03", "<mark>a</mark> <mark>b</mark>"),
        ("\x02never closed", "never closed"),
        ("closed\x03 twice\x03", "closed twice"),
        ("\x02\x03", ""),
        ("", ""),
    ],
)
def test_what_was_found_is_marked_and_nothing_else_is_markup(text: str, html: str) -> None:
    assert marked(text) == html
    assert "\x02" not in unmarked(text)
