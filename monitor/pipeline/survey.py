"""Survey: visits without keeping, to learn what a source gives, and what of a site can be watched."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from monitor.discovery import Candidate, Offer, OnPage, best_first, gives, likely_kind, of_sitemaps, on_page, well_known
from monitor.errors import PageError
from monitor.extract.language import spoken
from monitor.pipeline.parts import Crawler
from monitor.types import Clock, Found, Page, Pending, Source, SourceState, Visit, VisitOutcome

Heard = Callable[[Visit], None]
_ROBOTS = "robots"  # the spider that reads robots.txt; no kind of source


async def visits(crawl: Crawler, sources: Sequence[Source], heard: Heard = lambda _: None) -> list[Visit]:
    """Visits sources as if for the first time, without conditions; returns the visits in the sources' order."""
    came: dict[str, Visit] = {}

    async def keep(visit: Visit) -> None:
        came[visit.source_id] = visit
        heard(visit)

    await crawl.visit([(source, SourceState(source_id=source.id)) for source in sources], keep)
    return [came[source.id] for source in sources if source.id in came]


async def page(crawl: Crawler, source: Source, found: Found) -> Page | PageError:
    """Reads the page of an item of a source, once."""
    pages: list[Page | PageError] = []

    async def begin(_: Pending) -> None:
        pass

    async def keep(_: Pending, page: Page | PageError) -> None:
        pages.append(page)

    pending = Pending(item_id=0, source_id=source.id, visit_id=0, found=found, content_hash="", attempts=0, failures=0)
    await crawl.read([(pending, source)], begin, keep)
    return pages[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What was found at an address and around it."""

    offers: tuple[Offer, ...]  # what can be watched, the best first
    others: tuple[Offer, ...]  # what was tried and gives nothing
    site: str  # its name, else its host
    language: str | None = None
    error: str | None = None  # why the address itself told nothing
    listing: tuple[Offer, str] | None = None  # the page as a list of links, and the selector of its items


class Survey:
    """Looks for what of a site can be watched, politely: one request after the other, no more than a few dozen.

    Args:
        crawl: goes out.
        kinds: of sources that there are.
        listing: makes the options of the kind `listing` from the selector of its items; None: there is no such kind.
        clock: gives the present moment.
    """

    def __init__(
        self,
        *,
        crawl: Crawler,
        kinds: Collection[str],
        listing: Callable[[Mapping[str, object]], object] | None,
        clock: Clock,
    ) -> None:
        self._crawl = crawl
        self._kinds = frozenset(kinds)
        self._listing = listing
        self._clock = clock

    async def visit(self, sources: Sequence[Source], heard: Heard) -> list[Visit]:
        """Visits sources as they are configured, each once; `heard` gets each visit as it comes."""
        return await visits(self._crawl, sources, heard)

    async def around(self, source: Source) -> Surveyed:
        """Looks at the address of a source, then at what its page and its site name; stops when something is found."""
        url = source.url
        given = await self._try(source, [Candidate(url=url, kind=likely_kind(url), how="the address itself")])
        if any(offer.usable for offer in given):
            return self._surveyed(given, await self._home(source), url)
        if not _answered(given[0].visit):
            return self._surveyed(given, OnPage(), url, error=given[0].visit.error)
        shown = await page(self._crawl, source, Found(url=url))
        if isinstance(shown, PageError):
            others = await self._try(source, self._as_others(given[0].candidate))
            return self._surveyed([*given, *others], await self._home(source), url, error=given[0].visit.error)
        here = on_page(shown.html, shown.final_url)
        offers = await self._try(source, here.candidates)
        offers += await self._try(source, of_sitemaps(await self._named_in_robots(source, shown.final_url)))
        for candidate in well_known(shown.final_url):
            if any(offer.usable for offer in offers):
                break
            if candidate.url not in {offer.candidate.url for offer in offers}:
                offers += await self._try(source, [candidate])
        found = self._surveyed(offers, here, url)
        return found if found.offers else replace(found, listing=await self._as_listing(source, here))

    async def _try(self, source: Source, candidates: Sequence[Candidate]) -> list[Offer]:
        tried = [candidate for candidate in candidates if candidate.kind in self._kinds]
        asked = [
            replace(source, id=str(number), kind=candidate.kind, url=candidate.url, options=None)
            for number, candidate in enumerate(tried)
        ]
        came = {visit.source_id: visit for visit in await visits(self._crawl, asked)}
        return [
            Offer(candidate=candidate, visit=came[one.id], gives=gives(came[one.id].found))
            for candidate, one in zip(tried, asked, strict=True)
        ]

    def _as_others(self, candidate: Candidate) -> list[Candidate]:
        return [replace(candidate, kind=kind) for kind in ("feed", "sitemap") if kind != candidate.kind]

    async def _home(self, source: Source) -> OnPage:
        """What the site says of itself on its first page; nothing, where that cannot be read."""
        shown = await page(self._crawl, source, Found(url=urljoin(source.url, "/")))
        return on_page(shown.html, shown.final_url) if isinstance(shown, Page) else OnPage()

    async def _named_in_robots(self, source: Source, url: str) -> list[str]:
        if "sitemap" not in self._kinds:
            return []
        asked = replace(source, kind=_ROBOTS, url=urljoin(url, "/robots.txt"), credentials=None, options=None)
        [visit] = await visits(self._crawl, [asked])
        return [one.url for one in visit.found if one.url]

    async def _as_listing(self, source: Source, here: OnPage) -> tuple[Offer, str] | None:
        if here.item is None or self._listing is None:
            return None
        options = self._listing({"item": here.item})
        [visit] = await visits(self._crawl, [replace(source, kind="listing", options=options)])
        given = Candidate(url=source.url, kind="listing", how="links on the page")
        offer = Offer(candidate=given, visit=visit, gives=gives(visit.found))
        return (offer, here.item) if offer.usable else None

    def _surveyed(self, offers: Sequence[Offer], here: OnPage, url: str, *, error: str | None = None) -> Surveyed:
        good = best_first(offers, self._clock())
        said = " ".join(f"{one.title or ''} {one.summary or ''}" for offer in good[:1] for one in offer.visit.found)
        return Surveyed(
            offers=tuple(good),
            others=tuple(offer for offer in offers if not offer.usable),
            site=here.name or urlsplit(url).hostname or url,
            language=here.language or spoken(said),
            error=error if not good else None,
        )


def _answered(visit: Visit) -> bool:
    return visit.outcome is not VisitOutcome.FAILED or (visit.status is not None and 200 <= visit.status < 300)
