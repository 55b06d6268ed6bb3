"""How a digest reads as a mail: its headers, its plain text, its HTML."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from css_inline import CSSInliner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from monitor.digest import message_id, text
from monitor.digest.phrases import CATALOGUE
from monitor.digest.wording import Phrases
from monitor.types import Coverage, Digest, EntryKind, Hit, Place, Relation, Slot, Told
from tests.digests import (
    DESK,
    NOW,
    Shown,
    a_digest,
    a_hit,
    a_mail,
    a_match,
    an_article,
    an_entry,
    bodies,
    parsed,
)


def a_full_digest(**changes: Any) -> Digest:
    origin = an_article(1, title="Roxham Road “open again”, mayor says", published_at=NOW - timedelta(hours=9))
    copy = an_article(2, story_id=1, relation=Relation.PICKUP, publisher="The Star")
    french = an_article(
        3, story_id=1, relation=Relation.TRANSLATION, publisher="La Presse Canadienne", language="fr", matches=()
    )
    partial = an_article(4, title="Second headline", partial=True, matches=(a_match("stca", mention=True),))
    coverage = (
        Coverage(source_id="a", name="A", last_good_at=NOW, failing=False),
        Coverage(
            source_id="ircc",
            name="IRCC news",
            last_good_at=datetime(2026, 11, 21, 12, 10, tzinfo=UTC),
            failing=True,
            error="no answer\nwithin 30 s",
        ),
    )
    return a_digest(origin, copy, french, partial, coverage=coverage, since=NOW - timedelta(days=2), **changes)


def test_the_same_digest_gives_the_same_bytes() -> None:
    assert a_mail(a_full_digest()).raw == a_mail(a_full_digest()).raw
    assert a_mail(a_full_digest()).raw != a_mail(a_full_digest(), message_id="<other@example.org>").raw


def test_headers_say_who_what_and_when() -> None:
    message = a_mail(a_full_digest())
    mail = parsed(message)
    assert mail["Subject"] == message.subject == "Border desk: 2 stories – Roxham Road “open again”, mayor says"
    assert mail["From"] == "Roxham <roxham@example.org>"
    assert mail["To"] == message.to == "desk@example.org"
    assert mail["Message-ID"] == message.message_id == "<abc@example.org>"
    assert mail["Date"] == "Sun, 22 Nov 2026 07:00:00 -0500"
    assert mail["List-Id"] == "<desk-morning.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Roxham-Slot"] == message.slot == "2026-11-22T07:00"
    assert message.digest_id == "desk-morning"


def test_the_bytes_can_go_over_any_wire() -> None:
    raw = a_mail(a_digest(an_article(1, title="é" * 3000, matches=(a_match("roxham", a_hit("x" * 3000)),)))).raw
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "headline",
    [
        "Line\r\nBcc: victim@example.org",
        "=?utf-8?q?=0d=0aBcc:=20victim@example.org?=",
        "=?utf-8?b?DQpCY2M6IHZpY3RpbUBleGFtcGxlLm9yZw==?=",
        "Un\u2028deux\x00\x0bBcc: x@example.org",
        "=?utf-8?q?=0d=0a=0d=0a<script>alert(1)</script>?= more",
    ],
)
def test_a_headline_cannot_add_a_header_or_a_recipient(headline: str) -> None:
    message = a_mail(a_digest(an_article(1, title=headline)))
    mail = parsed(message)
    assert mail.keys() == parsed(a_mail(a_digest(an_article(1)))).keys()
    assert "\n" not in mail["Subject"]
    assert mail.get_all("To") == ["desk@example.org"]
    assert mail["Subject"] == message.subject


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
@example("00000¡¡¡¡𐀀𐀀 ¡")  # the standard library's folding loses its space
def test_any_headline_makes_a_mail_with_the_same_headers_and_that_subject(headline: str) -> None:
    message = a_mail(a_digest(an_article(1, title=headline)))
    mail = parsed(message)
    assert mail.keys() == parsed(a_mail(a_digest(an_article(1)))).keys()
    assert mail["Subject"] == message.subject
    assert max(map(len, message.raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("text_", ["a\r\nBcc: x@example.org", "=?utf-8?q?a=0d=0aBcc:=20x@example.org?="])
def test_no_other_text_adds_a_header_either(text_: str) -> None:
    odd = replace(a_digest(subscription=replace(DESK, title={"en": text_})), slot=Slot(name=text_, at=NOW))
    mail = parsed(a_mail(odd, program=text_, sender=f"{text_} <roxham@example.org>"))
    assert mail.keys() == parsed(a_mail(a_digest())).keys()
    assert mail["Subject"].endswith(": nothing new")
    assert "x@example.org" in mail["Subject"]


@pytest.mark.parametrize("reader", ["a@example.org\r\nBcc: b@example.org", "a b@example.org", "", "a\nBcc: b"])
def test_a_reader_that_is_no_address_is_refused(reader: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        a_mail(replace(a_digest(an_article(1)), reader=reader))


def test_addresses_are_written_so_that_every_server_knows_them() -> None:
    mail = parsed(
        a_mail(replace(a_digest(), reader="jose@exämple.org"), sender='"Rédaction, Roxham" <roxham@example.org>')
    )
    assert mail["To"] == "jose@xn--exmple-cua.org"
    assert mail["From"].addresses[0].display_name == "Rédaction, Roxham"


def test_the_plain_text_reads_well_by_itself() -> None:
    assert bodies(a_full_digest())[0] == text(a_full_digest())
    assert text(a_full_digest()) == (
        "Border desk\n"
        "Sun 22 Nov 2026, 07:00 (America/Toronto)\n"
        "2 stories\n"
        "New since Fri 20 Nov, 07:00\n"
        "Coverage was incomplete: see the end.\n"
        "\n"
        "\n"
        "ROXHAM ROAD\n"
        "===========\n"
        "\n"
        "1. Roxham Road “open again”, mayor says\n"
        "   The Gazette · Sat 21 Nov, 22:00\n"
        "   https://news.example/1\n"
        "\n"
        "   “People crossed at *Roxham Road* again on Friday.”\n"
        "\n"
        "   Also carried by:\n"
        "   - The Star\n"
        "     https://news.example/2\n"
        "   - La Presse Canadienne (French)\n"
        "     https://news.example/3\n"
        "\n"
        "\n"
        "SAFE THIRD COUNTRY\n"
        "==================\n"
        "\n"
        "2. [mentioned in passing] Second headline\n"
        "   The Gazette · Sat 21 Nov, 21:04\n"
        "   https://news.example/4\n"
        "\n"
        "   “People crossed at *Roxham Road* again on Friday.”\n"
        "\n"
        "   Partial: the page could not be read; this is the text of the feed.\n"
        "\n"
        "\n"
        "------------------------------------------------------------------------\n"
        "Coverage: 1 of the 2 sources watched was not read; what it published may\n"
        "be missing.\n"
        "- IRCC news: not read since 21 Nov, 07:10 (no answer within 30 s)\n"
        "\n"
        "All times are America/Toronto time.\n"
        "\n"
        "You get “Border desk” (desk-morning), daily at 07:00, because\n"
        "desk@example.org is on its list. It tells of Roxham Road and Safe Third\n"
        "Country.\n"
    )


def test_both_bodies_tell_the_same_in_french() -> None:
    plain, html = bodies(a_full_digest(subscription=replace(DESK, language="fr")))
    shown = Shown(html)
    for words in (
        "Pupitre frontières",
        "dim. 22 nov. 2026 à 7\u00a0h (America/Toronto)",
        "2 nouvelles",
        "Depuis le ven. 20 nov. à 7\u00a0h",
        "Vous recevez «\u00a0Pupitre frontières\u00a0» (desk-morning), tous les jours à 7\u00a0h, parce que "
        "desk@example.org figure sur sa liste. Sujets suivis\u00a0: Chemin Roxham et Tiers pays sûrs.",
        "anglais",
        "Aussi publiée par\u00a0:",
        "1 des 2 sources suivies n’a pas été lue; ce qu’elle a publié peut manquer.",
        "non lue depuis le 21 nov. à 7\u00a0h\u00a010 (no answer within 30 s)",
        "mention en passant",
    ):
        assert words.lower() in re.sub("[ \n]+", " ", plain).lower()
        assert words.lower() in shown.words.lower()
    assert dict(shown.elements)["html"]["lang"] == "fr"
    assert "CHEMIN ROXHAM" in plain
    assert parsed(a_mail(a_full_digest(subscription=replace(DESK, language="fr"))))["Content-Language"] == "fr"


def test_the_html_links_marks_and_names() -> None:
    shown = Shown(bodies(a_full_digest())[1])
    assert shown.links == [f"https://news.example/{n}" for n in (1, 2, 3, 4)]
    assert set(shown.marked) == {"Roxham Road"}
    assert "People crossed at Roxham Road again on Friday." in shown.words
    assert "Also carried by: The Star, La Presse Canadienne (French)" in shown.words
    assert [tag for tag in shown.tags if re.fullmatch("h[1-6]|header|main|footer", tag)] == [
        *("header", "h1", "main", "h2", "h3", "h2", "h3", "footer", "h2"),
    ]


def test_the_html_loads_nothing_and_knows_the_dark() -> None:
    html = bodies(a_full_digest())[1]
    shown = Shown(html)
    assert not {"img", "link", "script", "iframe", "object"} & set(shown.tags)
    assert not re.search(r"url\(|@import|src=", html)
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in shown.elements
    assert "prefers-color-scheme: dark" in html
    assert "style" in dict(shown.elements)["h1"]  # inlined


def test_markup_from_outside_is_text() -> None:
    nasty = '<script>alert(1)</script><b onclick="x">&amp;"\''
    match = a_match("roxham", a_hit("Roxham</mark><img src=x>"))
    article = an_article(1, title=nasty, publisher="<i>P</i>", matches=(match,))
    carrier = an_article(2, story_id=1, relation=Relation.PICKUP, publisher="</a><b>Q")
    failing = Coverage(source_id="s", name="<u>S</u>", last_good_at=None, failing=True, error="<s>")
    shown = Shown(bodies(a_digest(article, carrier, coverage=(failing,)))[1])
    assert not {"script", "b", "i", "img", "u", "s"} & set(shown.tags)
    assert nasty in shown.words
    assert "<i>P</i>" in shown.words
    assert "Roxham</mark><img src=x>" in shown.marked
    assert "<u>S</u>: never read yet (<s>)" in shown.words


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://news.example/a?b=1&c=%22", "https://news.example/a?b=1&c=%22"),
        ("https://news.example/é", "https://news.example/é"),
        ('https://news.example/"onmouseover="x', "https://news.example/%22onmouseover=%22x"),
        ("https://news.example/a\u202egpj.exe b", "https://news.example/a%E2%80%AEgpj.exe%20b"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_only_addresses_of_pages_become_links(url: str, link: str | None) -> None:
    plain, html = bodies(a_digest(an_article(1, url=url)))
    assert Shown(html).links == ([link] if link else [])
    assert ("   http" in plain) is (link is not None)
    assert "Headline 1" in plain


def test_an_odd_headline_is_shown_safely() -> None:
    assert "(no headline)" in text(a_digest(an_article(1, title=" \u200b\n")))
    long = text(a_digest(an_article(1, title="word " * 500)))
    assert max(map(len, long.splitlines())) <= 72
    assert "…" in long
    assert "\u202e" not in text(a_digest(an_article(1, title="abc \u202e fed")))
    assert "ab?cd" not in text(a_digest(an_article(1, title="ab\ud800cd")))


def test_one_story_that_cannot_be_shown_does_not_stop_the_others() -> None:
    odd = an_article(1, title="The odd one", published_at=datetime.min.replace(tzinfo=UTC))
    plain, html = bodies(a_digest(odd, an_article(2, title="The other one")))
    for words in ("The odd one", "The other one"):
        assert words in plain
        assert words in Shown(html).words
    assert Shown(html).links == ["https://news.example/2", "https://news.example/1"]


QUOTES: Mapping[str, tuple[tuple[Hit, ...], str]] = {
    "the text before the summary": (
        (a_hit(place=Place.SUMMARY, sentence="Summary of Roxham Road", start=11), a_hit()),
        "“People crossed at *Roxham Road* again on Friday.”",
    ),
    "a long sentence is cut around the term": (
        (a_hit("Roxham", sentence="a " * 400 + "Roxham" + " b" * 400, start=800),),
        "a *Roxham* b",
    ),
    "a place that is wrong marks nothing": ((a_hit(start=3),), "“People crossed at Roxham Road again on Friday.”"),
}


@pytest.mark.parametrize(("hits", "expected"), QUOTES.values(), ids=QUOTES.keys())
def test_why_a_story_was_found(hits: tuple[Hit, ...], expected: str) -> None:
    plain = text(a_digest(an_article(1, matches=(a_match("roxham", *hits),))))
    assert expected in plain
    assert len(plain) < 2_500


def test_a_sentence_that_is_the_headline_is_not_repeated() -> None:
    hit = a_hit("Roxham Road", place=Place.TITLE, sentence="Roxham Road again", start=0)
    plain = text(a_digest(an_article(1, title="Roxham Road again", matches=(a_match("roxham", hit),))))
    assert plain.count("again") == 1
    assert "Found by: *Roxham Road*" in plain


def test_an_update_is_marked_and_counted() -> None:
    article = an_article(1, version=2, published_at=NOW - timedelta(days=2), updated_at=NOW - timedelta(hours=1))
    digest = a_digest(
        article,
        an_article(2),
        entries=(an_entry(article, 9, EntryKind.VERSION), an_entry(an_article(2), 10)),
        told=(Told(story_id=1, article_id=1, version=1),),
    )
    plain, html = bodies(digest)
    assert "[updated] Headline 1\n   The Gazette · Sun 22 Nov, 06:00\n" in plain
    assert "1 story and 1 update" in plain
    assert "updated" in Shown(html).words


def test_a_correction_is_called_so() -> None:
    assert "[correction] Headline 1" in text(a_digest(an_article(1, relation=Relation.CORRECTION)))


def test_other_topics_of_a_story_are_named() -> None:
    both = an_article(1, matches=(a_match("roxham"), a_match("stca")))
    only = an_article(2, matches=(a_match("stca"),))
    assert "Also about: Safe Third Country" in text(a_digest(both, only))
    assert "Also about: Safe Third Country" in text(a_digest(both))
    assert "Concerne aussi : Tiers pays sûrs" in text(
        a_digest(both, subscription=replace(DESK, language="fr"))
    ).replace("\u00a0", " ")


def test_a_long_list_of_carriers_is_cut_and_counted() -> None:
    copies = [an_article(n, story_id=1, relation=Relation.PICKUP, publisher=f"Paper {n}") for n in range(2, 30)]
    plain = text(a_digest(an_article(1), *copies))
    assert "Paper 13\n" in plain
    assert "Paper 14\n" not in plain
    assert "- and 16 more" in plain


def test_further_pickups_are_mentioned() -> None:
    digest = replace(a_digest(an_article(1)), more_pickups=3)
    assert "3 further pickups of stories you already have are not listed." in " ".join(text(digest).split())


def test_a_digest_without_news_says_so() -> None:
    digest = a_digest()
    assert a_mail(digest).subject == "Border desk: nothing new"
    plain, html = bodies(digest)
    assert "Nothing new" in plain
    assert "Nothing new" in Shown(html).words
    assert "The one source watched answered." in plain


def test_coverage_is_told_in_one_sentence() -> None:
    good = Coverage(source_id="g", name="G", last_good_at=NOW, failing=False)
    ill = Coverage(source_id="i", name="I", last_good_at=None, failing=True, error="HTTP 404 Not Found")
    alone, several = (" ".join(text(a_digest(coverage=coverage)).split()) for coverage in ((ill,), (ill, ill, good)))
    assert "Coverage: The one source watched was not read; what it published may be missing. - I: never" in alone
    assert "Coverage: 2 of the 3 sources watched were not read; what they published may be missing. - I:" in several


def test_a_late_mail_says_when_it_was_made_and_not_when_it_was_due() -> None:
    late = replace(a_digest(an_article(1)), composed_at=NOW + timedelta(days=1, hours=2))
    assert "Mon 23 Nov 2026, 09:00 (America/Toronto)" in text(late)
    assert "07:00 (America/Toronto)" not in text(late)


def test_a_message_id_is_the_same_for_the_same_digest_only() -> None:
    same = message_id(b"secret", "desk", "2026-11-22T07:00", "a@example.org", "example.org")
    assert re.fullmatch(r"<[0-9a-f]{64}@example\.org>", same)
    assert message_id(b"secret", "desk", "2026-11-22T07:00", "a@example.org", "example.org") == same
    others = {
        message_id(b"other", "desk", "2026-11-22T07:00", "a@example.org", "example.org"),
        message_id(b"secret", "desk2", "026-11-22T07:00", "a@example.org", "example.org"),
        message_id(b"secret", "desk", "2026-11-22T07:30", "a@example.org", "example.org"),
        message_id(b"secret", "desk", "2026-11-22T07:00", "b@example.org", "example.org"),
    }
    assert len(others | {same}) == 5


def test_both_languages_have_the_same_phrases_with_the_same_blanks() -> None:
    blanks = {
        language: {
            key: set(re.findall(r"{(\w+)}", phrase)) - ({"n"} if key.endswith((".one", ".many")) else set())
            for key, phrase in phrases.items()
        }
        for language, phrases in CATALOGUE.items()
    }
    assert blanks["en"] == blanks["fr"]
    for phrases in CATALOGUE.values():
        assert {key.removesuffix(".one") for key in phrases if key.endswith(".one")} == {
            key.removesuffix(".many") for key in phrases if key.endswith(".many")
        }
        assert all(
            "{n}" in phrase for key, phrase in phrases.items() if key.endswith(".many") and "{who}" not in phrase
        )


@pytest.mark.parametrize(
    ("language", "at", "expected"),
    [
        ("en", datetime(2026, 11, 22, 12, 0, tzinfo=UTC), "Sun 22 Nov 2026, 07:00"),
        ("fr", datetime(2026, 11, 22, 12, 0, tzinfo=UTC), "dim. 22 nov. 2026 à 7\u00a0h"),
        ("fr", datetime(2026, 5, 1, 4, 5, tzinfo=UTC), "ven. 1er mai 2026 à 0\u00a0h\u00a005"),
        ("de", datetime(2026, 7, 1, 4, 5, tzinfo=UTC), "Wed 1 Jul 2026, 00:05"),
    ],
)
def test_dates_are_written_in_the_readers_way(language: str, at: datetime, expected: str) -> None:
    from zoneinfo import ZoneInfo

    assert Phrases(language).moment(at, ZoneInfo("America/Toronto")) == expected


def test_in_french_none_and_one_are_singular() -> None:
    assert [Phrases("fr").count("stories", n) for n in (0, 1, 2)] == ["0 nouvelle", "1 nouvelle", "2 nouvelles"]
    assert [Phrases("en").count("updates", n) for n in (0, 1, 2)] == ["0 updates", "1 update", "2 updates"]


def test_a_template_with_a_mistake_leaves_the_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Environment(undefined=StrictUndefined, autoescape=True).from_string("<p>{{ view.nobody_has_this }}</p>")
    monkeypatch.setattr(import_module("monitor.digest.page"), "_machinery", lambda: (broken, CSSInliner()))
    mail = parsed(a_mail(a_full_digest()))
    assert mail.get_body(("html",)) is None
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Roxham Road “open again”, mayor says" in body.get_content()
    assert "\n" not in str(mail["Subject"])
