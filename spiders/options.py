"""What a source of each kind can be told besides its address. No Scrapy here: reading a configuration must stay quick.

A kind that has options has a class here under its name in `OPTIONS`; a configuration is checked against it, and the
spider finds the checked object as `source.options`.
"""

import re
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Options(BaseModel):
    """The options of one kind; a key that is not named is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True, defer_build=True)

    holds_texts: ClassVar[bool] = True
    """Whether an answer of the kind can hold the articles' texts (`read: feed`), not only links to them."""


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname is not None and not re.search(r"\s", text)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f'"{text[:200]}" is not an address such as https://example.org/news/')
    return text


class FeedOptions(Options):
    """Of `feed`."""

    base: Annotated[str, AfterValidator(_address)] | None = Field(
        None, description="the address that relative links are relative to; nothing given: the channel's own link"
    )
    history: int = Field(
        0, ge=0, le=100, description="how many older pages of a paged or archived feed (RFC 5005) the first visit reads"
    )


_UNIT = {"h": timedelta(hours=1), "d": timedelta(days=1)}


def _age(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,4}[hd]", text):
        raise ValueError(f'"{text}" is not an age such as 36h or 7d')
    return text


def _patterns(patterns: list[str]) -> list[str]:
    for pattern in patterns:
        if not re.fullmatch(r"[/*][^\s*]*(?:\*[^\s*]+)*\*?", pattern) or len(pattern) > 200:
            raise ValueError(
                f'"{pattern[:80]}" is not a pattern such as /news/* or */politics/*: it stands for the path of an '
                "address and begins with / or *, which means anything"
            )
    return patterns


_Patterns = Annotated[list[str], Field(max_length=50), AfterValidator(_patterns)]


class SitemapOptions(Options):
    """Of `sitemap`."""

    holds_texts: ClassVar[bool] = False

    since: Annotated[str, AfterValidator(_age)] = Field(
        "7d",
        description="entries of which all dates are older are left out: the sitemap of a whole site is not its news",
    )
    undated: bool = Field(
        False,
        description="whether entries without a date are read as well; those of a news sitemap always are",
    )
    only: _Patterns = Field(
        [], description="addresses that are read, by their paths: `/news/*`, where * is anything; nothing given: all"
    )
    but: _Patterns = Field([], description="addresses that are left out, by their paths")
    sitemaps: int = Field(
        3,
        ge=1,
        le=50,
        description="how many parts of an index a visit reads: those changed last, then the first ones without a date",
    )
    parts: _Patterns = Field(
        [], description="parts of an index that are read, by their paths: `/post-sitemap*`; nothing given: all"
    )

    @property
    def age(self) -> timedelta:
        """How old an entry may be."""
        return int(self.since[:-1]) * _UNIT[self.since[-1]]


_KEY = r"[^\s.{}]+"
_PATH = rf"{_KEY}(?:\.{_KEY})*"


def _path(path: str) -> str:
    if not re.fullmatch(_PATH, path) or len(path) > 200:
        raise ValueError(f'"{path[:80]}" is not a path: keys, numbers and * with dots between, such as agencies.*.name')
    return path


def _field(written: object) -> object:
    pieces = [written] if isinstance(written, str) else written
    if not isinstance(pieces, list) or not pieces or not all(isinstance(piece, str) for piece in pieces):
        raise ValueError(
            "a path such as politician.name is expected, or a list of several: the first that is there counts"
        )
    for piece in pieces:
        if "{" not in piece:
            _path(piece)
        elif not re.fullmatch(rf"[^{{}}]*(?:\{{{_PATH}\}}[^{{}}]*)+", piece) or len(piece) > 1000:
            raise ValueError(f'"{piece[:80]}" is not a text with paths in braces, such as https://example.org{{url}}')
    return tuple(pieces)


def _straight(path: str) -> str:
    if "*" in _path(path).split("."):
        raise ValueError("leads to one place: it has no *")
    return path


_Path = Annotated[str, AfterValidator(_straight)]
_Field = Annotated[tuple[str, ...], BeforeValidator(_field)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f'"{name[:80]}" is no time zone; write one such as America/Toronto') from error
    return name


class JsonApiOptions(Options):
    """Of `json_api`: where in the answer things are.

    A path is keys with dots between: `politician.name`. A number counts in a list from 0, and `*` is each of a list:
    `agencies.*.name`. A field is a path, or text with paths in braces: `https://example.org{url}`; of a list of these
    the first that is there counts.
    """

    items: _Path | None = Field(None, description="path to the list of items; nothing given: the answer is the list")
    url: _Field = Field(description="an item's address; relative to the address of the answer")
    title: _Field = Field(description="its headline")
    guid: _Field | None = Field(None, description="its name at the source")
    summary: _Field | None = Field(None, description="its teaser")
    content: _Field | None = Field(None, description="its whole text")
    authors: _Field | None = Field(None, description="who wrote it; `authors.*.name` for several")
    published: _Field | None = Field(None, description="when it was published: a date, or seconds since 1970")
    updated: _Field | None = Field(None, description="when it was changed")
    language: _Field | None = Field(None, description="its language: en, fr-CA")
    publisher: _Field | None = Field(None, description="who published it")
    markup: list[Literal["summary", "content"]] = Field(
        ["content"], description="which texts are HTML; what is not named here is plain text"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="the time zone of times that name none: America/Toronto"
    )
    next: _Path | None = Field(None, description="path to the address of the next page")
    pages: int = Field(1, ge=1, le=50, description="how many pages a visit reads, with `next`")

    @model_validator(mode="after")
    def _pages_have_addresses(self) -> Self:
        if self.pages > 1 and self.next is None:
            raise ValueError("`pages` needs `next`, the path to the address of the next page")
        return self


_Word = Annotated[str, Field(pattern=r"^[a-z]+$")]


class GcNewsOptions(Options):
    """Of `gc_news`: what to ask the API for, in place of parameters in the address."""

    dept: _Word | None = Field(
        None, description="the department's legal name in one word: canadaborderservicesagency; nothing given: all"
    )
    types: list[_Word] = Field([], description="kinds of news: newsreleases, statements, backgrounders, speeches …")
    pick: int = Field(50, ge=1, le=1000, description="how many of the newest are asked for")


def _selector(css: str) -> str:
    from cssselect import ExpressionError, HTMLTranslator, SelectorSyntaxError, parse  # only where one is written

    try:
        for selector in parse(css):
            HTMLTranslator().selector_to_xpath(selector)
            shown = selector.pseudo_element
            if shown not in (None, "text") and getattr(shown, "name", None) != "attr":
                raise ValueError(f'"{css[:200]}" asks for ::{shown}; known are ::text and ::attr(name)')
    except (SelectorSyntaxError, ExpressionError) as error:
        raise ValueError(f'"{css[:200]}" is not a CSS selector such as article h2 > a: {error}') from error
    return css


def _elements(css: str) -> str:
    if "::" in _selector(css):
        raise ValueError(f'"{css[:200]}" must select elements: without ::text and ::attr()')
    return css


_Selector = Annotated[str, AfterValidator(_selector)]
_Elements = Annotated[str, AfterValidator(_elements)]


class ListingOptions(Options):
    """Of `listing`: what of the page is what, as CSS selectors; those but `item` and `next` look inside one item."""

    holds_texts: ClassVar[bool] = False

    item: _Elements | None = Field(None, description="selects one item each; nothing given: every `link` is an item")
    link: _Elements = Field("a", description="selects the link to the article; the first counts, or the item itself")
    title: _Selector | None = Field(None, description="selects the headline; nothing given: the text of the link")
    date: _Selector | None = Field(
        None, description="selects the date: its datetime attribute or its text, in English or French"
    )
    summary: _Selector | None = Field(None, description="selects the teaser")
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="the time zone of times that name none: America/Toronto"
    )
    only: _Patterns = Field(
        [], description="addresses that are read, by their paths: `/news/*`, where * is anything; nothing given: all"
    )
    but: _Patterns = Field([], description="addresses that are left out, by their paths")
    next: _Elements | None = Field(None, description="selects the link to the next page")
    pages: int = Field(1, ge=1, le=50, description="how many pages a visit reads, with `next`")

    @model_validator(mode="after")
    def _pages_have_addresses(self) -> Self:
        if self.pages > 1 and self.next is None:
            raise ValueError("`pages` needs `next`, which selects the link to the next page")
        return self


OPTIONS: dict[str, type[Options]] = {
    "feed": FeedOptions,
    "listing": ListingOptions,
    "sitemap": SitemapOptions,
    "json_api": JsonApiOptions,
    "gc_news": GcNewsOptions,
}
"""The kinds that have options; every one of them has a default for each option, or asks for it."""
