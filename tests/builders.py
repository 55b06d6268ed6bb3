"""Builders with defaults: a test overrides the one thing it is about."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from monitor.app import story_room
from monitor.extract.urls import identity
from monitor.stories import fingerprint
from monitor.types import (
    Address,
    AddressKind,
    Article,
    Form,
    Found,
    Hit,
    Item,
    Match,
    Pending,
    Place,
    Reading,
    Schedule,
    Source,
    Subscription,
    Topic,
    Visit,
    VisitOutcome,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STORIES = story_room()
LONG = " ".join(f"word{number}" for number in range(60))


def weekly(*hours: time, days: Sequence[int] = range(7), text: str = "daily") -> Schedule:
    """A calendar: these hours of these days of the week (Monday = 0)."""
    return Schedule(text=text, moments=frozenset((day, hour) for day in days for hour in hours))


SEVEN_ON_WEEKDAYS = weekly(time(7), days=range(5), text="weekdays 07:00")


def words(name: str, count: int = 60) -> str:
    """So many words that no other text has: another story than every other name's."""
    return " ".join(f"{name}{number}" for number in range(count))


def source(source_id: str = "desk", **changed: Any) -> Source:
    """A feed source."""
    fields: dict[str, Any] = {"id": source_id, "name": source_id.title(), "publisher": source_id.title()}
    fields |= {"kind": "feed", "url": f"http://{source_id}.test/feed.xml", "language": "en"}
    return Source(**fields | changed)


def topic(topic_id: str = "roxham-road", *forms: str, **changed: Any) -> Topic:
    """A topic with English forms."""
    wanted = tuple(Form(text=form, language="en") for form in forms or ('"Roxham Road"',))
    fields: dict[str, Any] = {"id": topic_id, "title": {"en": topic_id, "fr": topic_id}, "any": wanted}
    return Topic(**fields | changed)


def subscription(digest_id: str = "morning", **changed: Any) -> Subscription:
    """A digest at seven on weekdays in Toronto for one reader."""
    fields: dict[str, Any] = {"id": digest_id, "title": {"en": "Morning"}, "topics": ("roxham-road",)}
    fields |= {"at": SEVEN_ON_WEEKDAYS, "timezone": "America/Toronto", "language": "en", "to": ("reader@example.test",)}
    return Subscription(**fields | changed)


def address(url: str, kind: AddressKind = AddressKind.FOUND) -> Address:
    """One name of an article."""
    return Address(url=url, identity=identity(url), kind=kind)


def article(url: str = "http://desk.test/a", **changed: Any) -> Article:
    """An article of sixty words at one address."""
    fields: dict[str, Any] = {"source_id": "desk", "publisher": "Desk", "title": "A headline", "text": LONG}
    fields |= {"language": "en", "addresses": (address(url),)} | changed
    return Article(**{"body": fields["text"]} | fields)


def match(topic_id: str = "roxham-road", **changed: Any) -> Match:
    """A match by one hit in the text."""
    sentence = "They met at Roxham Road."
    hit = Hit(form='"Roxham Road"', language="en", place=Place.TEXT, surface="Roxham Road", sentence=sentence, start=12)
    fields: dict[str, Any] = {"topic_id": topic_id, "hits": (hit,), "revision": "r1"}
    return Match(**fields | changed)


def visit(source_id: str = "desk", at: datetime = NOW, **changed: Any) -> Visit:
    """A visit that brought something."""
    fields: dict[str, Any] = {"source_id": source_id, "started_at": at, "finished_at": at + timedelta(seconds=1)}
    fields |= {"status": 200, "outcome": VisitOutcome.CHANGED, "etag": '"1"', "body_hash": "aa"}
    return Visit(**fields | changed)


def item(url: str = "http://desk.test/a", content_hash: str = "1", **changed: Any) -> Item:
    """A listed item."""
    found = Found(url=url, title="A headline", summary="<p>A summary</p>", published_at=NOW)
    fields: dict[str, Any] = {"key": identity(url), "content_hash": content_hash, "identity": identity(url)}
    return Item(**fields | {"found": found} | changed)


def reading(pending: Pending, found: Article, matches: Sequence[Match] = (), **changed: Any) -> Reading:
    """An article read from a pending item."""
    fields: dict[str, Any] = {"pending": pending, "article": found, "matches": tuple(matches)}
    return Reading(**fields | {"fingerprint": fingerprint(found)} | changed)
