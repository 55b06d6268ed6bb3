"""The search page: what is asked, what answers, by what it can be narrowed, and when it was seen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zlib import crc32

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.archive import Answer, Facet, Filter, Found, FoundStory, Sort
from monitor.digest.plainly import headline, language_of, publisher_of, safe_url
from monitor.errors import ArchiveError, TooSlowError
from monitor.query import QueryError, like_operators
from monitor.timeline import Bucket, Timeline
from monitor.types import Kept, Relation, Role
from monitor.web import timeline
from monitor.web.asked import Asked, By, Fold, Heard, Kind, Wrong, address, hear, parameters
from monitor.web.marking import marked, matched, unmarked
from monitor.web.site import Page, Site
from monitor.web.words import Words

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config

SHOWN = 8  # values of a facet that stand there at once
MORE = 12  # more of them, folded away
LONG = 800  # characters of an address from which on it does not stand beside every value and bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the archive says to a search, all of one moment."""

    answer: Answer
    line: Timeline | None  # None: there is nothing to draw
    since: datetime | None = None  # when the first article was seen, where nothing narrows
    elsewhere: int = 0  # articles that the query alone finds, where the filters leave none

    @property
    def hits(self) -> tuple[FoundStory | Found, ...]:
        """What stands on the page."""
        return self.answer.stories or self.answer.articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An answer as a page shows it."""

    article: Kept
    title: str
    lang: str | None
    href: str | None  # of the publisher's page
    publisher: str
    quote: str | None  # what in it answers, or why a topic found it
    snippet: Markup | None  # the same, with what was found marked
    story: FoundStory | None

    @property
    def mentions(self) -> dict[str, bool]:
        """The topics, and whether they are only mentioned."""
        return {match.topic_id: match.mention for match in self.article.matches}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value by which answers can be narrowed."""

    id: str  # of its box on the page, the same at each search
    value: str
    label: str
    articles: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What answers can be narrowed by, in one respect: the most frequent first, the chosen ones always."""

    facet: Facet
    shown: tuple[Value, ...]
    more: tuple[Value, ...]
    left_out: int  # that stand nowhere


def look(archive: "Archive", asked: Asked, config: "Config", now: datetime) -> Looked:
    """Asks the archive. Raises ValueError for a cursor that cannot be read, and what `Archive.look` raises."""
    published = asked.by is By.PUBLISHED
    answer = archive.look(
        asked.wanted,
        sort=asked.sort,
        fold=asked.fold is Fold.STORIES,
        limit=asked.limit,
        after=asked.after,
        counted=True,
        published=published,
    )
    bare = asked.query is None and not asked.narrowed
    elsewhere = 0
    if asked.narrowed and answer.counts is not None and not answer.counts.articles:
        counts = archive.look(asked.unfiltered().wanted, limit=1, counted=True).counts
        elsewhere = counts.articles if counts else 0
    return Looked(
        answer=answer,
        line=None
        if answer.counts is None
        else timeline.drawn(archive, config, asked, answer.counts, now, most=timeline.MOST),
        since=_first_seen_at(archive) if bare else None,
        elsewhere=elsewhere,
    )


def _first_seen_at(archive: "Archive") -> datetime | None:
    first = archive.look(Filter(), sort=Sort.OLDEST, limit=1).articles
    return first[0].article.first_seen_at if first else None


def said_of(request: Request, site: Site) -> Heard:
    """Returns what a request asks for."""
    pairs = request.query_params.multi_items()
    return hear(pairs, zone=site.onlooker.config.timezone, now=site.onlooker.clock())


async def looked(said: Heard, site: Site) -> tuple[Heard, Looked | None]:
    """Returns what was found, with what was wrong in asking; None where the query cannot be read."""
    if said.error is not None:
        return said, None
    config = site.onlooker.config
    now = site.onlooker.clock()
    try:
        return said, await site.onlooker.ask(look, said.asked, config, now)
    except QueryError as error:  # the archive may find more in it than the grammar
        return replace(said, error=error), None
    except ValueError:
        wrong = Wrong(parameter="after", value=(said.asked.after or "")[:80], kind=Kind.CURSOR, right="")
        first = replace(said, asked=replace(said.asked, after=None), wrong=(*said.wrong, wrong))
        return first, await site.onlooker.ask(look, first.asked, config, now)


async def search(request: Request, site: Site) -> Response:
    """GET /, GET /search: everything asked stands in the address; a form's empty fields are taken out of it."""
    said = _without(said_of(request, site), request.query_params.getlist("less"))
    part = request.headers.get("hx-request") == "true" and "hx-history-restore-request" not in request.headers
    here = address("/search", said.asked)
    given = request.query_params.multi_items()
    if not part and not said.wrong and any(not value.strip() or name == "less" for name, value in given):
        wish = request.query_params.get("lang")
        pairs = [*parameters(said.asked), *([("lang", wish)] if wish else [])]
        return RedirectResponse(f"/search?{urlencode(pairs)}" if pairs else "/search", 303)
    say = site.words(request)
    trouble: str | None = None
    try:
        said, found = await looked(said, site)
    except (ArchiveError, TooSlowError) as error:
        if not part:
            raise
        found, trouble = None, str(error) or str(say("too slow"))  # htmx shows no page of a fault
    headers = {}
    if part:
        headers = {"HX-Push-Url": here} if found else {"HX-Push-Url": "false", "HX-Reswap": "none"}
    config = site.onlooker.config
    names = Names(config, say)
    title = say("search title") if said.asked.q is None else say("search title of", q=said.asked.q[:80])
    return site.page(
        request,
        "search.html",
        title=title,
        nav="search",
        status=200 if part or not said.error else 400,
        headers=headers,
        said=said,
        asked=said.asked,
        found=found,
        trouble=trouble,
        hits=[] if found is None else [hit(each, say) for each in found.hits],
        facets=[] if found is None else list(_facets(found, said.asked, names)),
        names=names,
        notes=like_operators(said.asked.q or ""),
        bars=None if found is None else _picture(found, said.asked, say),
        links=len(here) < LONG,
        to=address,
        doubtful=found is not None and found.line is not None and timeline.doubtful(found.line),
        kept=config.keep_unmatched,
        topics=config.topics,
        orders=list(Sort),
        folds=list(Fold),
        bys=list(By),
        buckets=list(Bucket),
        facet=Facet,
        relation=Relation,
        formats=("csv", "jsonl", "parquet", "csl-json", "ris", "bibtex"),
        fields=parameters(said.asked.unpaged()),
    )


class Names:
    """What ids and codes are called in a visitor's language."""

    def __init__(self, config: "Config", say: Words) -> None:
        self._say = say
        self._topics = {t.id: t.title.get(say.language) or next(iter(t.title.values()), t.id) for t in config.topics}
        self._sources = {source.id: source.name for source in config.sources}

    def __call__(self, facet: Facet, value: str) -> str:
        """Returns the name of a value; the value itself where there is none."""
        match facet:
            case Facet.TOPIC:
                return self._topics.get(value, value)
            case Facet.SOURCE:
                return self._sources.get(value, value)
            case Facet.LANGUAGE:
                return self._say.language_name(value)
            case Facet.RELATION:
                return str(self._say.maybe(f"search relation {value}", value))
        return value


def hit(found: FoundStory | Found, say: Words) -> Hit:
    """Returns an answer as a page shows it. Of what was withdrawn nothing is quoted."""
    first = found.first if isinstance(found, FoundStory) else found
    article = first.article
    snippet = None if article.withdrawn else first.snippet or matched(article)
    return Hit(
        article=article,
        title=headline(article.title, say.dates),
        lang=language_of(article),
        href=safe_url(article.url),
        publisher=publisher_of(article),
        quote=unmarked(snippet) if snippet else None,
        snippet=marked(snippet) if snippet else None,
        story=found if isinstance(found, FoundStory) else None,
    )


def _picture(found: Looked, asked: Asked, say: Words) -> timeline.Picture | None:
    if found.line is None or found.answer.counts is None:
        return None
    links = len(address("/search", asked)) < LONG
    return timeline.picture(found.line, asked, found.answer.counts, say, links=links)


def _facets(found: Looked, asked: Asked, names: Names) -> Iterator[Values]:
    counts = found.answer.counts
    for facet in Facet:
        known = dict(counts.facets.get(facet, ())) if counts else {}
        known |= {value: 0 for value in asked.chosen.get(facet, ()) if value not in known}
        values = [
            Value(
                id=f"{facet}-{crc32(value.encode()):x}",
                value=value,
                label=names(facet, value),
                articles=articles,
                chosen=asked.has(facet, value),
            )
            for value, articles in known.items()
        ]
        values.sort(key=lambda each: not each.chosen)
        whole = counts.articles if counts else 0
        if len(values) > 1 or any(each.chosen or each.articles < whole for each in values):  # else there is no choice
            yield Values(
                facet=facet,
                shown=tuple(values[:SHOWN]),
                more=tuple(values[SHOWN : SHOWN + MORE]),
                left_out=max(0, len(values) - SHOWN - MORE),
            )


def _without(said: Heard, less: list[str]) -> Heard:
    """Takes filters off: `topic=roxham-road`, `since`, `until`, as the buttons of a page name them."""
    asked = said.asked
    for each in less:
        name, _, value = each.partition("=")
        if name == "since":
            asked = replace(asked, since=None, since_at=None, after=None)
        elif name == "until":
            asked = replace(asked, until=None, until_at=None, after=None)
        elif name in list(Facet):
            asked = asked.without(Facet(name), value)
    return replace(said, asked=asked)


PAGES = (
    Page(path="/", handler=search, methods={"GET": Role.VISITOR}),
    Page(path="/search", handler=search, methods={"GET": Role.VISITOR}, nav="search"),
)
