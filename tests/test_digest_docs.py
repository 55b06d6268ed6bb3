"""The samples of digests in the documentation are what the program makes."""

import json
import re
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from monitor.digest import compared, compose, text
from monitor.types import (
    ChangeReason,
    Coverage,
    Credit,
    Digest,
    EntryKind,
    Format,
    Hit,
    Kept,
    Match,
    Place,
    Relation,
    Span,
)
from tests.builders import weekly
from tests.digests import (
    DESK,
    FIGURE,
    NOW,
    SLOT,
    TOPICS,
    a_change,
    a_mail,
    a_slice,
    an_article,
    an_entry,
    was_told,
)

DOCS = Path(__file__).parent.parent / "docs"
EVERY_WEEKDAY = replace(DESK, at=weekly(time(7), days=range(5)))


def a_story(id: int, title: str, publisher: str, hours: float, **changes: Any) -> Kept:  # noqa: A002
    """An article that came out so many hours before the digest."""
    at = NOW - timedelta(hours=hours)
    return an_article(id, title=title, publisher=publisher, published_at=at, first_seen_at=at, **changes)


def found(topic_id: str, term: str, sentence: str, *, mention: bool = False) -> tuple[Match, ...]:
    hit = Hit(form=term, language="en", place=Place.TEXT, surface=term, sentence=sentence, start=sentence.index(term))
    return (Match(topic_id=topic_id, hits=(hit,), revision="1", mention=mention),)


GONE = a_story(
    1,
    "Minister to leave over shelter contract",
    "Harrow Bay Courier",
    30,
    withdrawn=True,
    credit=Credit(agency="The Canadian Press"),
    matches=found("roxham", "Roxham Road", "The shelter near Roxham Road …"),
)
NOTICE = a_story(
    2,
    "Notice",
    "The Canadian Press",
    2,
    story_id=1,
    relation=Relation.KILL,
    credit=Credit(agency="The Canadian Press"),
    matches=(),
)
CORRECTED = a_story(
    3,
    "Border towns ask to be heard in review of refugee pact",
    "Harrow Bay Courier",
    26,
    version=2,
    updated_at=NOW - timedelta(hours=1),
    matches=found("roxham", "Roxham Road", "Nine mayors near Roxham Road write that 421 people came since spring."),
    credit=Credit(correction="This is a corrected story. An earlier version said 412 people."),
)
CARRIER = a_story(4, "Towns want a voice", "Coastline Now", 20, story_id=3, relation=Relation.PICKUP, matches=())
FRENCH = a_story(
    5,
    "Des maires veulent être entendus",
    "La Vigie des Rapides",
    5,
    story_id=3,
    relation=Relation.TRANSLATION,
    language="fr",
    matches=(),
)
RELEASE = a_story(
    6,
    "Public comments open on the Safe Third Country Agreement",
    "Immigration, Refugees and Citizenship Canada",
    16,
    official=True,
    matches=found(
        "stca",
        "Safe Third Country Agreement",
        "Canadians may comment on how the Safe Third Country Agreement works until March 1.",
    ),
)
COMMUNIQUE = a_story(
    7,
    "Consultation sur l’Entente sur les tiers pays sûrs",
    "Immigration, Réfugiés et Citoyenneté Canada",
    16,
    story_id=6,
    relation=Relation.TRANSLATION,
    official=True,
    language="fr",
    matches=(),
)


def sample() -> Digest:
    """A morning with a withdrawal, a correction and a release, and a source that could not be read."""
    entries = (
        an_entry(GONE, 10, EntryKind.KILL),
        an_entry(CORRECTED, 11, EntryKind.VERSION),
        an_entry(FRENCH, 12),
        an_entry(RELEASE, 13),
        an_entry(COMMUNIQUE, 14),
    )
    slice_ = a_slice(
        GONE,
        NOTICE,
        CORRECTED,
        CARRIER,
        FRENCH,
        RELEASE,
        COMMUNIQUE,
        entries=entries,
        told=was_told(GONE, CORRECTED, CARRIER),
        since=NOW - timedelta(days=2),
        coverage=(
            Coverage(source_id="courier", name="Harrow Bay Courier", last_good_at=NOW, failing=False),
            Coverage(
                source_id="ircc",
                name="IRCC news releases",
                last_good_at=NOW - timedelta(hours=2),
                failing=False,
                gaps=(Span(since=NOW - timedelta(hours=9), until=NOW - timedelta(hours=6)),),
            ),
            Coverage(
                source_id="uscis",
                name="USCIS news",
                last_good_at=NOW - timedelta(days=1),
                failing=True,
                error="HTTP 503 Service Unavailable",
            ),
        ),
    )
    change = a_change(ChangeReason.NOTE, FIGURE, words=(("412 people", "421 people"),))
    changes = {one: (change,) * len(one.told) for one in compared(EVERY_WEEKDAY, slice_)}
    return compose(EVERY_WEEKDAY, "desk@example.org", SLOT, slice_, TOPICS, NOW, changes)


def posted() -> str:
    """The document of a digest with one correction."""
    slice_ = a_slice(
        CORRECTED, CARRIER, entries=(an_entry(CORRECTED, 11, EntryKind.VERSION),), told=was_told(CORRECTED),
        since=NOW - timedelta(days=2),
    )  # fmt: skip
    change = a_change(ChangeReason.NOTE, FIGURE, words=(("412 people", "421 people"),))
    changes = {one: (change,) * len(one.told) for one in compared(EVERY_WEEKDAY, slice_)}
    digest = compose(EVERY_WEEKDAY, "cms", SLOT, slice_, TOPICS, NOW, changes)
    return a_mail(digest, format=Format.JSON).raw.decode()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_guide_for_journalists_shows_a_mail_as_it_is_sent() -> None:
    assert blocks("journalist.md", "text") == [text(sample())]


def test_the_document_for_programs_is_shown_as_it_is_posted() -> None:
    assert blocks("channels.md", "json") == [posted()]


def test_every_field_of_the_document_is_explained() -> None:
    page = (DOCS / "channels.md").read_text("utf-8").partition("### The JSON document")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)(?:\[\])?`", page))

    def fields(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(fields, value.values()))
        return set().union(*map(fields, value)) if isinstance(value, list) else set()

    assert fields(json.loads(a_mail(sample(), format=Format.JSON).raw)) - named == set()
