"""A digest for programs, chat services and feeds: JSON, a short text, Atom entries."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from monitor.types import (
    Bulk,
    ChangeReason,
    Coverage,
    Credit,
    Digest,
    EntryKind,
    Format,
    Kept,
    Links,
    Message,
    Relation,
    Span,
)
from tests.digests import (
    DESK,
    FIGURE,
    NOW,
    PUPITRE,
    a_change,
    a_copy,
    a_digest,
    a_hit,
    a_mail,
    a_match,
    an_article,
    an_entry,
    an_update,
    flowing,
    was_told,
)

ATOM = "{http://www.w3.org/2005/Atom}"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
WHOLE = Links(whole="https://news.example.org/digests/Zx8")
PARTS = [Format.MAIL, Format.JSON, Format.TEXT, Format.ATOM]


def a_message(digest: Digest, format: Format, **changes: Any) -> Message:  # noqa: A002
    return a_mail(digest, format=format, **changes)


def in_json(digest: Digest) -> Any:
    return json.loads(a_message(digest, Format.JSON).raw)


def in_chat(digest: Digest, **changes: Any) -> str:
    return a_message(digest, Format.TEXT, **changes).raw.decode()


def in_atom(digest: Digest) -> Any:
    return etree.fromstring(a_message(digest, Format.ATOM).raw)


def entries(digest: Digest) -> list[Any]:
    return list(in_atom(digest).iter(f"{ATOM}entry"))


def corrected() -> Digest:
    article = an_article(1, version=2, updated_at=NOW - timedelta(hours=1), credit=Credit(correction="It was 52."))
    change = a_change(ChangeReason.NOTE, FIGURE, words=(("52", "54"),))
    return an_update(article, a_copy(2), a_copy(3), change=change, told=was_told(article, a_copy(3)))


def withdrawn() -> Digest:
    gone = [replace(article, withdrawn=True, version=2) for article in (an_article(1), a_copy(2))]
    notice = a_copy(9, relation=Relation.KILL, publisher="The Wire", matches=(), credit=Credit(agency="The Wire"))
    return a_digest(*gone, notice, told=was_told(*gone), entries=tuple(an_entry(a, kind=EntryKind.KILL) for a in gone))


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", PARTS)
def test_the_same_digest_gives_the_same_bytes_in_every_format(format_: Format) -> None:
    assert a_message(corrected(), format_) == a_message(corrected(), format_)
    assert a_message(corrected(), format_).format is format_


@pytest.mark.parametrize("format_", PARTS)
def test_one_story_that_cannot_be_rendered_never_stops_the_others(format_: Format) -> None:
    no_place = replace(a_hit(), start=cast("int", None))
    odd = an_article(1, title="The odd one", matches=(a_match("roxham", no_place),))
    raw = a_message(a_digest(odd, an_article(2, title="The other one")), format_).raw
    assert b"The odd one" in raw
    assert b"The other one" in raw
    assert b"https://news.example/1" in raw


@pytest.mark.parametrize("format_", PARTS)
def test_a_digest_without_news_can_be_rendered(format_: Format) -> None:
    ill = Coverage(source_id="s", name="S", last_good_at=None, failing=True, error="refused")
    message = a_message(a_digest(coverage=(ill,)), format_)
    assert message.subject == "Border desk: nothing new"
    assert message.raw


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=100), st.text(max_size=100))
def test_any_text_from_outside_is_text_in_every_format(title: str, sentence: str) -> None:
    hit = a_hit(sentence[3:9], sentence=sentence, start=3)
    article = an_article(1, title=title, publisher=title, matches=(a_match("roxham", hit),))
    digest = a_digest(article, a_copy(2, title=sentence, publisher=sentence), an_article(3, title="The other one"))
    assert [story["story"] for story in in_json(digest)["stories"]] == [3, 1]
    assert len(entries(digest)) == 2
    assert len(in_chat(digest).split("\n\n")) == 3
    assert feedparser.parse(a_message(digest, Format.ATOM).raw).bozo is False


# --- JSON ------------------------------------------------------------------------------------------------------------


def test_the_document_says_all_of_a_story() -> None:
    said = in_json(corrected())
    (story,) = said.pop("stories")
    assert said == {
        "digest": "desk-morning",
        "title": "Border desk",
        "language": "en",
        "subject": "Border desk: 1 correction – Headline 1",
        "message_id": "<abc@example.org>",
        "to": "desk@example.org",
        "slot": "2026-11-22T07:00",
        "composed_at": "2026-11-22T12:00:00Z",
        "since": None,
        "bulk": [],
        "more_pickups": 0,
        "coverage": {"watched": 1, "complete": True, "doubtful": []},
    }
    carriers = story.pop("carriers")
    assert story == {
        "story": 1,
        "article": 1,
        "version": 2,
        "relation": "corrected",
        "topics": ["roxham"],
        "headline": "Headline 1",
        "url": "https://news.example/1",
        "publisher": "The Gazette",
        "language": "en",
        "published_at": None,
        "updated_at": "2026-11-22T11:00:00Z",
        "official": False,
        "mention": False,
        "partial": False,
        "terms": ["Roxham Road"],
        "sentence": "People crossed at Roxham Road again on Friday.",
        "change": {
            "reasons": ["note", "figure"],
            "replaced": [{"before": "52", "after": "54"}],
            "note": "It was 52.",
        },
        "withdrawn_by": None,
    }
    assert carriers == [
        {
            "article": n,
            "publisher": f"Paper {n}",
            "headline": f"Headline {n}",
            "url": f"https://news.example/{n}",
            "language": "en",
            "official": False,
            "new": n == 2,
            "withdrawn": False,
        }
        for n in (2, 3)
    ]


def test_the_document_says_who_withdrew_and_quotes_nothing() -> None:
    (story,) = in_json(withdrawn())["stories"]
    assert (story["relation"], story["withdrawn_by"], story["url"]) == (
        "withdrawn",
        ["The Wire"],
        "https://news.example/9",
    )
    assert story["sentence"] is None
    assert [(carrier["article"], carrier["withdrawn"], carrier["new"]) for carrier in story["carriers"]] == [
        (2, True, False)
    ]


def test_the_document_tells_new_stories_updates_bulk_and_coverage() -> None:
    ill = Coverage(
        source_id="s",
        name="S",
        last_good_at=NOW - timedelta(days=1),
        failing=True,
        error="refused\nby S",
        gaps=(Span(since=NOW - timedelta(hours=2), until=NOW),),
    )
    subscription = replace(DESK, most=1)
    digest = a_digest(
        an_article(1),
        an_article(2),
        coverage=(ill,),
        bulk=(Bulk(source_id="s", stories=40),),
        subscription=subscription,
    )
    said = in_json(digest)
    assert [story["relation"] for story in said["stories"]] == ["new", "new"]
    assert said["bulk"] == [{"source": "s", "stories": 40}]
    assert said["coverage"]["complete"] is False
    assert said["coverage"]["doubtful"] == [
        {
            "source": "s",
            "name": "S",
            "last_good_at": "2026-11-21T12:00:00Z",
            "failing": True,
            "error": "refused by S",
            "partial": False,
            "overran_at": None,
            "quiet_since": None,
            "gaps": [{"since": "2026-11-22T10:00:00Z", "until": "2026-11-22T12:00:00Z"}],
        }
    ]
    (updated,) = in_json(an_update(an_article(1, version=2), change=None))["stories"]
    assert (updated["relation"], updated["change"]) == ("updated", None)


# --- chat ------------------------------------------------------------------------------------------------------------


def test_a_chat_gets_a_title_and_headlines_with_links() -> None:
    digest = a_digest(an_article(1), a_copy(2), an_article(3, matches=(a_match(mention=True),)))
    assert in_chat(digest) == (
        "Border desk: 2 stories – Headline 1\n"
        "\n"
        "Headline 1 – The Gazette\n"
        "https://news.example/1\n"
        "\n"
        "[mentioned in passing] Headline 3 – The Gazette\n"
        "https://news.example/3\n"
    )


def test_a_chat_is_told_what_changed_and_what_is_withdrawn() -> None:
    assert "\n\n[correction] Headline 1 – The Gazette\nChanged – figure: 52 → 54\nhttps" in in_chat(corrected())
    assert (
        "[withdrawn] Headline 1 – The Wire\nThe Wire has withdrawn this story. Please do not use what you were told of "
        "it.\nhttps://news.example/9\n"
    ) in in_chat(withdrawn())


def long_digest(**changes: Any) -> Digest:
    articles = [an_article(n, title=f"{n} " + "word " * 60) for n in range(1, 60)]
    return a_digest(*articles, **changes)


@pytest.mark.parametrize("most", [None, 2])
def test_what_is_too_long_for_a_chat_is_counted_and_linked(most: int | None) -> None:
    digest = long_digest(subscription=replace(DESK, most=most))
    message = a_message(digest, Format.TEXT, links=WHOLE)
    body = message.raw.decode().partition("\n\n")[2]
    assert len(body) <= 3501
    shown = body.count("https://news.example/")
    assert shown == most or (most is None and 10 < shown < 40)
    assert f"and {59 - shown} more stories: https://news.example.org/digests/Zx8" in body
    assert message.whole is not None
    assert message.whole.count(b"https://news.example/") == 59


def test_without_a_page_a_chat_says_how_many_are_left_out() -> None:
    message = a_message(long_digest(), Format.TEXT)
    shown = message.raw.decode().count("https://news.example/")
    assert message.raw.decode().rstrip().endswith(f"and {59 - shown} more stories")
    assert message.whole is None


def test_a_chat_is_told_when_coverage_was_incomplete() -> None:
    ill = Coverage(source_id="s", name="S", last_good_at=None, failing=True)
    sentence = "The one source watched was not read; what it published may be missing."
    assert in_chat(a_digest(an_article(1), coverage=(ill,))).endswith(f"\n\n{sentence}\n")
    assert in_chat(a_digest(an_article(1))).count("\n\n") == 1
    assert "All 1" not in in_chat(a_digest())
    assert in_chat(a_digest()) == "Border desk: nothing new\n\nThe one source watched answered.\n"


# --- Atom ------------------------------------------------------------------------------------------------------------


def test_an_entry_says_what_a_reader_of_feeds_shows() -> None:
    document = in_atom(a_digest(an_article(1, published_at=NOW - timedelta(hours=9), title="A & <b>"), a_copy(2)))
    (entry,) = document.iter(f"{ATOM}entry")
    assert document.findtext(f"{ATOM}title") == "Border desk"
    assert entry.findtext(f"{ATOM}id") == "tag:example.org,2026-11-22:article/1/1"
    assert entry.findtext(f"{ATOM}title") == "A & <b>"
    assert entry.findtext(f"{ATOM}updated") == entry.findtext(f"{ATOM}published") == "2026-11-22T03:00:00Z"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "The Gazette"
    assert entry.find(f"{ATOM}link").attrib == {"rel": "alternate", "href": "https://news.example/1"}
    assert entry.find(f"{ATOM}category").attrib == {"term": "roxham", "label": "Roxham Road"}
    assert entry.find(f"{ATOM}summary").attrib == {"type": "text"}
    assert entry.findtext(f"{ATOM}summary") == (
        "“People crossed at Roxham Road again on Friday.”\nAlso carried by: Paper 2"
    )


def test_markup_in_a_sentence_is_text_in_an_entry() -> None:
    hit = a_hit("Roxham", sentence="At <script>alert(1)</script> & Roxham", start=31)
    parsed = feedparser.parse(a_message(a_digest(an_article(1, matches=(a_match("roxham", hit),))), Format.ATOM).raw)
    assert (
        "<script>"
        not in a_message(a_digest(an_article(1, matches=(a_match("roxham", hit),))), Format.ATOM).raw.decode()
    )
    assert "At <script>alert(1)</script> & Roxham" in parsed.entries[0].summary_detail.value
    assert parsed.entries[0].summary_detail.type == "text/plain"


def test_the_id_of_an_entry_is_that_of_article_and_version() -> None:
    first, again = a_digest(an_article(1)), a_digest(an_article(1), subscription=PUPITRE)
    ids = [[e.findtext(f"{ATOM}id") for e in entries(digest)] for digest in (first, again, corrected(), withdrawn())]
    assert ids == [
        ["tag:example.org,2026-11-22:article/1/1"],
        ["tag:example.org,2026-11-22:article/1/1"],
        ["tag:example.org,2026-11-22:article/1/2"],
        ["tag:example.org,2026-11-22:article/1/2/withdrawn"],
    ]


def superseded(digest: Digest) -> set[str]:
    return {element.get("ref").partition(":article/")[2] for element in in_atom(digest).iter(DELETED)}


def test_what_was_told_before_names_the_entries_that_a_feed_may_hold_of_it() -> None:
    assert superseded(withdrawn()) == {"1/1", "1/2", "2/1", "2/2", "9/1"}
    (entry,) = entries(withdrawn())
    assert entry.findtext(f"{ATOM}title") == "[withdrawn] Headline 1"
    assert "People crossed" not in entry.findtext(f"{ATOM}summary")
    assert superseded(corrected()) == {"1/1", "2/1", "3/1"}
    assert superseded(a_digest(an_article(1, version=3))) == set()


def test_the_id_of_a_feed_is_that_of_its_subscription() -> None:
    digest = a_digest(an_article(1))
    one, other = (
        etree.fromstring(a_message(digest, Format.ATOM, message_id=name).raw) for name in ("<a@x.org>", "<b@x.org>")
    )
    assert one.findtext(f"{ATOM}id") == other.findtext(f"{ATOM}id") == "mid:thread@example.org"


def test_a_story_without_an_address_has_content_in_place_of_a_link() -> None:
    (entry,) = entries(a_digest(an_article(1, url="javascript:alert(1)")))
    assert entry.find(f"{ATOM}link") is None
    assert "People crossed" in entry.findtext(f"{ATOM}content")


def test_a_time_in_the_future_holds_no_entry_at_the_top() -> None:
    (entry,) = entries(a_digest(an_article(1, updated_at=NOW + timedelta(days=400))))
    assert entry.findtext(f"{ATOM}updated") == "2026-11-22T12:00:00Z"
    (entry,) = entries(a_digest(an_article(1, published_at=datetime.min.replace(tzinfo=UTC))))
    assert entry.findtext(f"{ATOM}updated") == "0001-01-01T00:00:00Z"


def test_every_story_has_an_entry_and_so_has_what_came_in_bulk() -> None:
    digest = a_digest(
        *(an_article(n) for n in range(1, 6)),
        bulk=(Bulk(source_id="gazette", stories=40),),
        subscription=replace(DESK, most=1),
    )
    said = [flowing(entry.findtext(f"{ATOM}title")) for entry in entries(digest)]
    assert said == [f"Headline {n}" for n in range(5, 0, -1)] + ["In bulk"]


def test_nobodys_own_name_is_the_source() -> None:
    nameless: Kept = an_article(1, publisher=" ")
    (entry,) = entries(a_digest(nameless))
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "gazette"
