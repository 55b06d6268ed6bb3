"""The invented outlets of the demo and their stories, read from newsroom/*.yaml.

Every outlet, person, figure and event is invented. Only the agency is named as it is, because its credit line is
one of the things that is watched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import resources
from typing import Any

from ruamel.yaml import YAML


class FeedForm(StrEnum):
    """The format an outlet lists its stories in."""

    RSS = "rss"  # RSS 2.0
    RDF = "rdf"  # RSS 1.0
    ATOM = "atom"  # with the whole text of each story
    JSON = "jsonfeed"  # JSON Feed 1.1


class Answer(StrEnum):
    """What the address of a story answers."""

    PAGE = "page"
    VIDEO = "video"  # a page with a headline and no text
    PDF = "pdf"
    NOT_FOUND = "404"
    UNAVAILABLE = "503"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One story of one outlet. Paths are relative to the outlet's own."""

    path: str
    listed_as: tuple[str, ...]  # under which addresses the feed lists it; those under amp/ are pages of their own
    title: str
    byline: str | None
    at: datetime  # in the outlet's own offset
    summary: str | None
    paragraphs: tuple[str, ...]
    related: tuple[str, ...]  # headlines that stand in the page's margin and are not part of the story
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One invented publisher: its feed, and its stories with the newest first."""

    id: str  # the file's name, and the first part of every path
    name: str
    language: str
    layout: str
    charset: str  # of its pages; feeds are UTF-8
    feed_path: str
    feed_form: FeedForm
    stories: tuple[Story, ...]


def outlets() -> tuple[Outlet, ...]:
    """All outlets, sorted by id."""
    yaml = YAML(typ="safe")
    folder = resources.files(__package__) / "newsroom"
    wire = _texts(yaml.load((folder / "wire.yaml").read_text("utf-8")))
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml") and file.name != "wire.yaml")
    return tuple(
        _outlet(name.removesuffix(".yaml"), yaml.load((folder / name).read_text("utf-8")), wire) for name in names
    )


def _texts(raw: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {name: _paragraphs(text) for name, text in raw.items()}


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("\n\n") if part.strip())


def _outlet(outlet_id: str, raw: Mapping[str, Any], wire: Mapping[str, tuple[str, ...]]) -> Outlet:
    stories = (_story(story, wire) for story in raw["stories"])
    return Outlet(
        id=outlet_id,
        name=raw["name"],
        language=raw["language"],
        layout=raw["layout"],
        charset=raw.get("charset", "utf-8"),
        feed_path=raw["feed"]["path"],
        feed_form=FeedForm(raw["feed"]["form"]),
        stories=tuple(sorted(stories, key=lambda story: story.at, reverse=True)),
    )


def _story(raw: Mapping[str, Any], wire: Mapping[str, tuple[str, ...]]) -> Story:
    text = _taken(raw, wire) if "wire" in raw else _paragraphs(raw.get("text", ""))
    summary = raw.get("summary")
    return Story(
        path=raw["path"],
        listed_as=tuple(raw.get("listed_as", (raw["path"],))),
        title=raw["title"],
        byline=raw.get("byline"),
        at=datetime.fromisoformat(raw["at"]),
        summary=summary.strip() if summary else None,
        paragraphs=text,
        related=tuple(raw.get("related", ())),
        answer=Answer(str(raw.get("answer", "page"))),
    )


def _taken(raw: Mapping[str, Any], wire: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """An outlet's copy of a wire text: `paragraphs` of it, after `swaps` of words.

    Above its credit line stand what a later take adds (`more`, in wire.yaml too) and a note (`text`).
    """
    *taken, credit = wire[raw["wire"]]
    taken += wire[raw["more"]] if "more" in raw else ()
    for before, after in raw.get("swaps", {}).items():
        taken = [paragraph.replace(before, after) for paragraph in taken]
    return (*taken, *_paragraphs(raw.get("text", "")), credit)[: raw.get("paragraphs")]
