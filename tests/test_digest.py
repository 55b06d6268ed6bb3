"""Digests: what is told (compose), and how it reads (render, text)."""

import email
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.digest import compose, message_id, render, text
from monitor.digest.phrases import _CATALOGUE, Phrases
from monitor.types import (
    Coverage,
    Credit,
    Digest,
    Entry,
    EntryKind,
    Form,
    Hit,
    Kept,
    Line,
    Match,
    Message,
    Place,
    Relation,
    Schedule,
    Slice,
    Slot,
    Subscription,
    Told,
    Topic,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # 07:00 in Toronto
SLOT = Slot(name="2026-11-22T07:00", at=NOW)
TOPICS = (
    Topic(id="roxham", title={"en": "Roxham Road", "fr": "Chemin Roxham"}, any=(Form(text="Roxham", language="en"),)),
    Topic(
        id="stca", title={"en": "Safe Third Country", "fr": "Tiers pays sûrs"}, any=(Form(text="STCA", language="en"),)
    ),
)
DESK = Subscription(
    id="desk-morning",
    title={"en": "Border desk", "fr": "Pupitre frontières"},
    topics=("roxham", "stca"),
    at=Schedule(text="daily 07:00", times=(time(7),)),
    timezone="America/Toronto",
    language="en",
    to=("desk@example.org",),
)


def a_hit(surface: str = "Roxham Road", **changes: Any) -> Hit:
    sentence = f"People crossed at {surface} again on Friday."
    hit = Hit(form=surface, language="en", place=Place.TEXT, surface=surface, sentence=sentence, start=18)
    return replace(hit, **changes)


def a_match(topic_id: str = "roxham", *hits: Hit, mention: bool = False) -> Match:
    return Match(topic_id=topic_id, hits=hits or (a_hit(),), revision="1", mention=mention)


def an_article(id: int = 1, **changes: Any) -> Kept:  # noqa: A002
    article = Kept(
        id=id,
        story_id=id,
        relation=Relation.ORIGIN,
        url=f"https://news.example/{id}",
        urls=(f"https://news.example/{id}",),
        source_id="gazette",
        source_ids=("gazette",),
        publisher="The Gazette",
        title=f"Headline {id}",
        text="…",
        summary=None,
        authors=(),
        language="en",
        published_at=None,
        updated_at=None,
        first_seen_at=NOW - timedelta(hours=10) + timedelta(minutes=id),
        last_seen_at=NOW,
        partial=False,
        withdrawn=False,
        version=1,
        matches=(a_match(),),
        credit=Credit(),
    )
    return replace(article, **changes)


def an_entry(article: Kept, number: int | None = None, kind: EntryKind | None = None) -> Entry:
    default = EntryKind.NEW if article.relation is Relation.ORIGIN else EntryKind.PICKUP
    return Entry(
        number=number or article.id,
        kind=kind or default,
        at=NOW - timedelta(hours=1),
        article_id=article.id,
        version=article.version,
        story_id=article.story_id,
    )


def a_slice(*articles: Kept, entries: tuple[Entry, ...] | None = None, **changes: Any) -> Slice:
    entries = tuple(an_entry(article) for article in articles) if entries is None else entries
    slice_ = Slice(
        after=0,
        upto=max((entry.number for entry in entries), default=0),
        entries=entries,
        articles={article.id: article for article in articles},
        told=(),
        coverage=(Coverage(source_id="gazette", name="Gazette", last_good_at=NOW, failing=False),),
    )
    return replace(slice_, **changes)


def a_digest(*articles: Kept, subscription: Subscription = DESK, **changes: Any) -> Digest:
    return compose(subscription, subscription.to[0], SLOT, a_slice(*articles, **changes), TOPICS, NOW)


def told(line: Line) -> list[int]:
    return [line.article.id, *(carrier.id for carrier in line.carriers)]


# --- compose ---------------------------------------------------------------------------------------------------------


def test_a_story_is_one_line_whatever_the_number_of_terms_topics_and_carriers() -> None:
    both = (a_match("stca"), a_match("roxham", a_hit(), a_hit("chemin Roxham")))
    origin = an_article(1, matches=both)
    copies = [an_article(n, story_id=1, relation=Relation.PICKUP, matches=both) for n in (2, 3)]
    digest = a_digest(origin, *copies)
    (group,) = digest.groups
    (line,) = group.lines
    assert (group.topic_id, group.title) == ("roxham", "Roxham Road")
    assert line.topic_ids == ("roxham", "stca")
    assert [match.topic_id for match in line.matches] == ["roxham", "stca"]
    assert told(line) == [1, 2, 3]
    assert not line.updated


def test_what_is_about_no_topic_of_the_subscription_is_not_told() -> None:
    digest = a_digest(an_article(1, matches=()), an_article(2, matches=(a_match("hockey"),)))
    assert digest.lines == ()


def test_groups_follow_the_subscription_and_lines_go_from_new_to_old() -> None:
    older = an_article(1, published_at=NOW - timedelta(hours=30))
    newer = an_article(2, published_at=NOW - timedelta(hours=20))
    dated_tomorrow = an_article(3, published_at=NOW + timedelta(days=1), first_seen_at=NOW - timedelta(hours=25))
    other = an_article(4, matches=(a_match("stca"),))
    digest = a_digest(other, older, dated_tomorrow, newer, subscription=replace(DESK, topics=("stca", "roxham")))
    assert [group.topic_id for group in digest.groups] == ["stca", "roxham"]
    assert [line.article.id for line in digest.groups[1].lines] == [2, 3, 1]


SPEAKERS: Mapping[str, tuple[list[Kept], int]] = {
    "the origin, though it came later": (
        [an_article(1, story_id=1, relation=Relation.PICKUP), an_article(2, story_id=1)],
        2,
    ),
    "not a partial origin": ([an_article(1, partial=True), an_article(2, story_id=1, relation=Relation.PICKUP)], 2),
    "not an origin that does not match": (
        [an_article(1, matches=()), an_article(2, story_id=1, relation=Relation.PICKUP)],
        2,
    ),
    "not a withdrawn origin": ([an_article(1, withdrawn=True), an_article(2, story_id=1, relation=Relation.PICKUP)], 2),
    "the earliest of the others": (
        [
            an_article(1, story_id=9, relation=Relation.PICKUP, first_seen_at=NOW),
            an_article(2, story_id=9, relation=Relation.PICKUP, first_seen_at=NOW - timedelta(hours=1)),
        ],
        2,
    ),
    "the reader's language where both came at once": (
        [
            an_article(1, story_id=9, relation=Relation.PICKUP, first_seen_at=NOW, language="fr"),
            an_article(2, story_id=9, relation=Relation.TRANSLATION, first_seen_at=NOW, language="en"),
        ],
        2,
    ),
    "a partial one where there is nothing else": (
        [an_article(1, partial=True), an_article(2, story_id=1, matches=())],
        1,
    ),
}


@pytest.mark.parametrize(("members", "speaker"), SPEAKERS.values(), ids=SPEAKERS.keys())
def test_who_speaks_for_a_story(members: list[Kept], speaker: int) -> None:
    (line,) = a_digest(*members).lines
    assert line.article.id == speaker


def test_a_withdrawn_article_is_neither_told_nor_named() -> None:
    alone = an_article(1, withdrawn=True)
    origin = an_article(2)
    copy = an_article(3, story_id=2, relation=Relation.PICKUP, withdrawn=True)
    (line,) = a_digest(alone, origin, copy).lines
    assert told(line) == [2]


def test_members_that_do_not_match_are_named_as_carriers() -> None:
    (line,) = a_digest(an_article(1), an_article(2, story_id=1, relation=Relation.PICKUP, matches=())).lines
    assert told(line) == [1, 2]


def test_a_later_pickup_of_a_told_story_is_counted_not_repeated() -> None:
    copies = [an_article(n, story_id=1, relation=Relation.PICKUP) for n in (2, 3)]
    digest = a_digest(
        an_article(1),
        *copies,
        entries=tuple(map(an_entry, copies)),
        told=(Told(story_id=1, article_id=1, version=1),),
    )
    assert digest.lines == ()
    assert digest.more_pickups == 2


def test_a_later_version_of_a_told_article_is_told_as_an_update() -> None:
    changed = an_article(1, version=2)
    copy = an_article(2, story_id=1, relation=Relation.PICKUP)
    digest = a_digest(
        changed,
        copy,
        entries=(an_entry(copy, 8), an_entry(changed, 9, EntryKind.VERSION)),
        told=(Told(story_id=1, article_id=1, version=1),),
    )
    (line,) = digest.lines
    assert line.updated
    assert told(line) == [1, 2]
    assert digest.more_pickups == 0


def test_the_member_that_changed_speaks_for_an_update() -> None:
    changed = an_article(2, story_id=1, relation=Relation.PICKUP, version=2)
    (line,) = a_digest(
        an_article(1),
        changed,
        entries=(an_entry(changed, 9, EntryKind.VERSION),),
        told=(Told(story_id=1, article_id=1, version=1), Told(story_id=1, article_id=2, version=1)),
    ).lines
    assert (line.article.id, line.updated) == (2, True)


def test_a_version_that_was_told_already_is_not_told_again() -> None:
    article = an_article(1, version=2)
    entries = (an_entry(article, 9, EntryKind.VERSION),)
    digest = a_digest(article, entries=entries, told=(Told(story_id=1, article_id=1, version=2),))
    assert (digest.lines, digest.more_pickups) == ((), 0)


def test_an_upgraded_partial_that_matches_only_now_is_told_as_new() -> None:
    article = an_article(1, version=2)
    (line,) = a_digest(article, entries=(an_entry(article, 9, EntryKind.VERSION),)).lines
    assert not line.updated


def test_mentions_stand_last_in_their_topic_and_do_not_speak_for_the_mail() -> None:
    older, mention = an_article(1), an_article(2, matches=(a_match(mention=True),))
    digest = a_digest(older, mention)
    assert [line.article.id for line in digest.lines] == [1, 2]
    other = replace(DESK, topics=("stca", "roxham"))
    first = an_article(3, matches=(a_match("stca", mention=True),))
    digest = a_digest(older, first, subscription=other)
    assert [line.article.id for line in digest.lines] == [3, 1]
    assert a_mail(digest).subject == "Border desk: 2 stories – Headline 1"
    assert a_mail(a_digest(first)).subject == "Border desk: 1 story – Headline 3"


def test_a_story_stands_under_a_topic_it_is_about_rather_than_one_it_mentions() -> None:
    stca = a_hit("STCA", sentence="The STCA of 2023 was upheld.", start=4)
    digest = a_digest(an_article(1, matches=(a_match(mention=True), a_match("stca", stca))), an_article(2))
    assert [(g.topic_id, [line.article.id for line in g.lines]) for g in digest.groups] == [
        ("roxham", [2]), ("stca", [1]),
    ]  # fmt: skip
    assert [line.topic_ids for line in digest.lines] == [("roxham",), ("stca", "roxham")]
    assert "The *STCA* of 2023 was upheld." in text(digest)


def test_who_wants_no_mentions_is_told_no_story_and_no_topic_that_is_only_mentioned() -> None:
    strict = replace(DESK, mentions=False)
    mention = an_article(1, matches=(a_match(mention=True),))
    both = an_article(2, matches=(a_match(mention=True), a_match("stca")))
    assert {line.article.id for line in a_digest(mention, both).lines} == {1, 2}
    digest = a_digest(mention, both, subscription=strict)
    assert [(line.article.id, line.topic_ids, line.mention) for line in digest.lines] == [(2, ("stca",), False)]
    assert [group.topic_id for group in digest.groups] == ["stca"]
    assert not a_digest(mention, subscription=strict).has_news


@pytest.mark.parametrize("mentions", [True, False])
def test_a_story_is_told_by_a_member_that_is_about_it_rather_than_one_that_mentions_it(mentions: bool) -> None:
    origin = an_article(1, matches=(a_match(mention=True),))
    about = an_article(2, story_id=1, relation=Relation.PICKUP, publisher="The Star")
    (line,) = a_digest(origin, about, subscription=replace(DESK, mentions=mentions)).lines
    assert (line.article.id, [carrier.id for carrier in line.carriers], line.mention) == (2, [1], False)


def test_a_mention_that_became_more_is_told_to_who_wants_no_mentions_once() -> None:
    strict = replace(DESK, mentions=False)
    now_more = an_article(1, version=2)
    entries = (an_entry(now_more, 1), an_entry(now_more, 9, EntryKind.VERSION))
    assert len(a_digest(now_more, entries=entries, subscription=strict).lines) == 1
    told = (Told(story_id=1, article_id=1, version=2),)
    assert a_digest(now_more, entries=entries, subscription=strict, told=told).lines == ()


def test_coverage_names_those_that_failed_and_counts_all() -> None:
    failing = Coverage(source_id="b", name="B", last_good_at=None, failing=True, error="refused")
    good = Coverage(source_id="a", name="A", last_good_at=NOW, failing=False)
    digest = a_digest(coverage=(good, failing))
    assert (digest.coverage, digest.watched) == ((failing,), 2)


def test_a_digest_knows_its_slice_and_time() -> None:
    digest = a_digest(an_article(7), after=3)
    assert (digest.after, digest.upto, digest.composed_at, digest.reader) == (3, 7, NOW, "desk@example.org")


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Entries of a few stories: an origin, pickups in any order, and later versions."""
    entries: list[Entry] = []
    story_of: dict[int, int] = {}
    versions: dict[int, int] = {}
    for number in range(1, draw(st.integers(1, 14)) + 1):
        kinds = [EntryKind.NEW] + ([EntryKind.PICKUP, EntryKind.VERSION] if story_of else [])
        kind = draw(st.sampled_from(kinds))
        if kind is EntryKind.VERSION:
            article_id = draw(st.sampled_from(sorted(story_of)))
        else:
            article_id = len(story_of) + 1
            story_of[article_id] = (
                article_id if kind is EntryKind.NEW else draw(st.sampled_from(sorted(story_of.values())))
            )
        versions[article_id] = versions.get(article_id, 0) + 1
        entries.append(
            Entry(
                number=number,
                kind=kind,
                at=NOW,
                article_id=article_id,
                version=versions[article_id],
                story_id=story_of[article_id],
            )
        )
    return entries


def as_of(
    entries: list[Entry], upto: int, matches_from: Mapping[int, int], topic: Mapping[int, str]
) -> dict[int, Kept]:
    """The archive's articles after entry `upto`; an article matches from its version `matches_from` on, if ever."""
    articles: dict[int, Kept] = {}
    for entry in entries[:upto]:
        matching = entry.version >= matches_from[entry.article_id]
        articles[entry.article_id] = an_article(
            entry.article_id,
            story_id=entry.story_id,
            relation=Relation.ORIGIN if entry.story_id == entry.article_id else Relation.PICKUP,
            version=entry.version,
            matches=(a_match(topic[entry.article_id]),) if matching else (),
        )
    return articles


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_however_the_entries_are_cut_each_matching_story_is_told_once_as_new(data: st.DataObject) -> None:
    entries = data.draw(histories())
    ids = sorted({entry.article_id for entry in entries})
    matches_from = {n: data.draw(st.sampled_from([1, 1, 2, 99])) for n in ids}
    topic = {n: data.draw(st.sampled_from(["roxham", "stca", "hockey"])) for n in ids}
    cuts = sorted({*data.draw(st.sets(st.integers(1, len(entries)))), len(entries)})
    ledger: list[Told] = []
    new: list[int] = []
    after = 0
    for upto in cuts:
        articles = as_of(entries, upto, matches_from, topic)
        part = tuple(entries[after:upto])
        named = {entry.story_id for entry in part}
        slice_ = Slice(
            after=after,
            upto=upto,
            entries=part,
            articles={n: a for n, a in articles.items() if a.story_id in named},
            told=tuple(ledger),
            coverage=(),
        )
        digest = compose(DESK, "desk@example.org", SLOT, slice_, TOPICS, NOW)
        assert compose(DESK, "desk@example.org", SLOT, slice_, TOPICS, NOW) == digest
        assert len({line.story_id for line in digest.lines}) == len(digest.lines)
        for line in digest.lines:
            assert set(line.topic_ids) <= set(DESK.topics)
            assert [match.topic_id for match in line.matches] == list(line.topic_ids)
            assert line.updated is (line.story_id in {told.story_id for told in ledger})
            if not line.updated:
                new.append(line.story_id)
        ledger += [
            Told(story_id=line.story_id, article_id=line.article.id, version=line.article.version)
            for line in digest.lines
        ]
        after = upto
    in_the_end = as_of(entries, len(entries), matches_from, topic)
    matching = {a.story_id for a in in_the_end.values() if any(m.topic_id in DESK.topics for m in a.matches)}
    assert sorted(new) == sorted(matching)


# --- the mail --------------------------------------------------------------------------------------------------------


def a_mail(digest: Digest, **changes: Any) -> Message:
    arguments: dict[str, Any] = {
        "sender": "Roxham <roxham@example.org>",
        "program": "Roxham 0.1.0",
        "base_url": None,
        "message_id": "<abc@example.org>",
    }
    return render(digest, **(arguments | changes))


def parsed(message: Message) -> EmailMessage:
    mail = email.message_from_bytes(message.raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def bodies(digest: Digest, **changes: Any) -> tuple[str, str]:
    """The plain text and the HTML of the digest's mail, as a mail program gets them."""
    mail = parsed(a_mail(digest, **changes))
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


class Shown(HTMLParser):
    """What a mail program makes of the HTML: words, links, marked words, elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.marked: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag == "mark":
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "script", "title"):
            return
        self.words += data
        if "mark" in self._open:
            self.marked[-1] += data

    @property
    def links(self) -> list[str | None]:
        return [attributes.get("href") for tag, attributes in self.elements if tag == "a"]

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]


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
    return a_digest(origin, copy, french, partial, coverage=coverage, **changes)


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


@pytest.mark.parametrize("reader", ["a@example.org\r\nBcc: b@example.org", "a b@example.org", "nobody", ""])
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
        "\n"
        "\n"
        "ROXHAM ROAD\n"
        "===========\n"
        "\n"
        "1. Roxham Road “open again”, mayor says\n"
        "   The Gazette · Sat 21 Nov 2026, 22:00\n"
        "   https://news.example/1\n"
        "\n"
        "   “People crossed at *Roxham Road* again on Friday.”\n"
        "\n"
        "   Found by: *Roxham Road*\n"
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
        "   The Gazette · Sat 21 Nov 2026, 21:04\n"
        "   https://news.example/4\n"
        "\n"
        "   “People crossed at *Roxham Road* again on Friday.”\n"
        "\n"
        "   Found by: *Roxham Road*\n"
        "   Partial: the page could not be read; this is the text of the feed.\n"
        "\n"
        "\n"
        "------------------------------------------------------------------------\n"
        "Coverage: 1 of the 2 sources watched was not read; what it published may\n"
        "be missing.\n"
        "- IRCC news: not read since 21 Nov 07:10: no answer within 30 s\n"
        "\n"
        "All times are America/Toronto time.\n"
        "\n"
        "You get this because desk@example.org is on the list of the digest\n"
        "“desk-morning”.\n"
    )


def test_both_bodies_tell_the_same_in_french() -> None:
    plain, html = bodies(a_full_digest(subscription=replace(DESK, language="fr")))
    shown = Shown(html)
    for words in (
        "Pupitre frontières",
        "dim. 22 nov. 2026, 7\u00a0h\u00a000 (America/Toronto)",
        "2 nouvelles",
        "anglais",
        "Aussi publié par\u00a0:",
        "1 des 2 sources suivies n’a pas été lue\u00a0; ce qu’elle a publié peut manquer.",
        "non lue depuis le 21 nov. 7\u00a0h\u00a010\u00a0: no answer within 30 s",
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
    assert "<u>S</u>: never read yet: <s>" in shown.words


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
    assert "[updated] Headline 1\n   The Gazette · Sun 22 Nov 2026, 06:00\n" in plain
    assert "1 story and 1 update" in plain
    assert "updated" in Shown(html).words


def test_a_correction_is_called_so() -> None:
    assert "[correction] Headline 1" in text(a_digest(an_article(1, relation=Relation.CORRECTION)))


def test_other_topics_of_a_story_are_named() -> None:
    both = an_article(1, matches=(a_match("roxham"), a_match("stca")))
    only = an_article(2, matches=(a_match("stca"),))
    assert "Also about: Safe Third Country" in text(a_digest(both, only))
    assert "Also about: Safe Third Country" in text(a_digest(both))
    assert "Touche aussi : Tiers pays sûrs" in text(a_digest(both, subscription=replace(DESK, language="fr"))).replace(
        "\u00a0", " "
    )


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


def test_the_archive_is_linked_where_it_has_pages() -> None:
    plain, html = bodies(a_digest(an_article(1)), base_url="https://desk.example:8400/")
    assert "Archive: https://desk.example:8400/" in plain
    assert "https://desk.example:8400/" in Shown(html).links


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
        language: {key.removesuffix(".one"): set(re.findall(r"{(\w+)}", phrase)) for key, phrase in phrases.items()}
        for language, phrases in _CATALOGUE.items()
    }
    several = {
        language: {key: names for key, names in keys.items() if f"{key}.many" not in _CATALOGUE[language]}
        for language, keys in blanks.items()
    }
    assert _CATALOGUE["en"].keys() == _CATALOGUE["fr"].keys()
    assert several["en"] == several["fr"]


@pytest.mark.parametrize(
    ("language", "at", "expected"),
    [
        ("en", datetime(2026, 11, 22, 12, 0, tzinfo=UTC), "Sun 22 Nov 2026, 07:00"),
        ("fr", datetime(2026, 11, 22, 12, 0, tzinfo=UTC), "dim. 22 nov. 2026, 7\u00a0h\u00a000"),
        ("fr", datetime(2026, 5, 1, 4, 5, tzinfo=UTC), "ven. 1er mai 2026, 0\u00a0h\u00a005"),
        ("de", datetime(2026, 7, 1, 4, 5, tzinfo=UTC), "Wed 1 Jul 2026, 00:05"),
    ],
)
def test_dates_are_written_in_the_readers_way(language: str, at: datetime, expected: str) -> None:
    from zoneinfo import ZoneInfo

    assert Phrases(language).moment(at, ZoneInfo("America/Toronto")) == expected


def test_in_french_none_and_one_are_singular() -> None:
    assert [Phrases("fr").count("stories", n) for n in (0, 1, 2)] == ["0 nouvelle", "1 nouvelle", "2 nouvelles"]
    assert [Phrases("en").count("updates", n) for n in (0, 1, 2)] == ["0 updates", "1 update", "2 updates"]
