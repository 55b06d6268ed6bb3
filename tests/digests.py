"""Builders of what a digest is made of, and readers of what it becomes: a test overrides the one thing it is about."""

import email
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

from monitor.digest import compared, compose, render
from monitor.types import (
    Change,
    ChangeKind,
    ChangeReason,
    Changes,
    Coverage,
    Credit,
    Digest,
    Entry,
    EntryKind,
    Form,
    Hit,
    Kept,
    Links,
    Match,
    Message,
    Place,
    Relation,
    Replaced,
    Slice,
    Slot,
    Subscription,
    Told,
    Topic,
)
from tests.builders import weekly

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
    at=weekly(time(7)),
    timezone="America/Toronto",
    language="en",
    to=("desk@example.org",),
)
PUPITRE = replace(DESK, id="pupitre", language="fr")
FIGURE, ADDED = ChangeReason.FIGURE, ChangeReason.ADDED


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


def a_copy(id: int = 2, **changes: Any) -> Kept:  # noqa: A002
    """A pickup of story 1."""
    return an_article(id, **{"story_id": 1, "relation": Relation.PICKUP, "publisher": f"Paper {id}"} | changes)


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


def a_digest(*articles: Kept, subscription: Subscription = DESK, changes: Changes | None = None, **of: Any) -> Digest:
    """What a reader is told of these articles; `of` are fields of the slice."""
    return compose(subscription, subscription.to[0], SLOT, a_slice(*articles, **of), TOPICS, NOW, changes or {})


def was_told(*articles: Kept, **changes: Any) -> tuple[Told, ...]:
    """The ledger of a reader who was told the first version of these."""
    return tuple(
        replace(Told(story_id=article.story_id, article_id=article.id, version=1), **changes) for article in articles
    )


def a_change(*reasons: ChangeReason, words: tuple[tuple[str, str], ...] = ()) -> Change:
    """A change of substance for these reasons; without any, none."""
    return Change(
        kind=ChangeKind.SUBSTANTIVE if reasons else ChangeKind.NONE,
        reasons=reasons,
        replaced=tuple(Replaced(before=before, after=after) for before, after in words),
    )


def an_update(
    *articles: Kept, change: Change | None, subscription: Subscription = DESK, told: tuple[Told, ...] = (), **of: Any
) -> Digest:
    """What is told of the later version of the first article, which changed this of every text it is held against."""
    first = articles[0]
    told = told or was_told(first)
    slice_ = a_slice(*articles, entries=(an_entry(first, 9, EntryKind.VERSION),), told=told, **of)
    changes = {one: (change,) * len(one.told) for one in compared(subscription, slice_)}
    return compose(subscription, subscription.to[0], SLOT, slice_, TOPICS, NOW, changes)


def a_mail(digest: Digest, **changes: Any) -> Message:
    arguments: dict[str, Any] = {
        "sender": "Roxham <roxham@example.org>",
        "program": "Roxham 0.1.0",
        "links": Links(),
        "message_id": "<abc@example.org>",
        "thread_id": "<thread@example.org>",
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


def flowing(text: str) -> str:
    """A text on one line, with plain spaces."""
    return " ".join(text.split())


class Shown(HTMLParser):
    """What a mail program makes of the HTML: words, links, marked words, elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.marked: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append((tag, dict(attrs)))
        if tag == "mark":
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in [name for name, _ in self._open]:
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if any(tag in ("style", "script", "title") or "aria-hidden" in attributes for tag, attributes in self._open):
            return
        self.words += data
        if any(tag == "mark" for tag, _ in self._open):
            self.marked[-1] += data

    @property
    def links(self) -> list[str | None]:
        return [attributes.get("href") for tag, attributes in self.elements if tag == "a"]

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]
