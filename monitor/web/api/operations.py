"""What the API answers: articles, stories, figures, and what is watched."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from monitor import export
from monitor.archive import Counts, Found, Version
from monitor.types import Kept
from monitor.web.api import models
from monitor.web.asked import Asked, hear
from monitor.web.twins import counts_of, found_of, story_of

if TYPE_CHECKING:
    from monitor.archive.sqlite import SQLiteArchive
    from monitor.web.site import Site

_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": models.Fault, "description": "There is none."}}
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


def routers(site: "Site") -> Sequence[APIRouter]:
    """Returns the operations, by what they are about."""
    return _articles(site), _stories(site), _figures(site), _watching(site)


def _articles(site: "Site") -> APIRouter:
    router = APIRouter(tags=["articles"])

    @router.get("/articles", operation_id="articles", response_model=models.Articles)
    async def articles(wanted: Annotated[models.Fetched, Query()]) -> Any:
        """Articles, the newest first if nothing else is asked for."""
        asked = _asked(site, wanted)

        def question(archive: "SQLiteArchive") -> dict[str, Any]:
            answer = _looked(archive, asked, fold=False)
            texts = {}
            if wanted.text:
                texts = {found.article.id: archive.article(found.article.id) for found in answer.articles}
            return {
                "articles": [_found(found, texts.get(found.article.id)) for found in answer.articles],
                "next": answer.after,
            }

        return await site.onlooker.ask(question)

    @router.get("/articles/{id}", operation_id="article", response_model=models.Article, responses=_MISSING)
    async def article(id: Number) -> Any:  # noqa: A002 - the name in the address
        """One article, with its text."""
        kept = await site.onlooker.ask(lambda archive: archive.article(id))
        return export.article(_there(kept))

    @router.get("/articles/{id}/versions", operation_id="versions", response_model=models.Versions, responses=_MISSING)
    async def versions(id: Number) -> Any:  # noqa: A002 - the name in the address
        """All versions of an article, with their texts, oldest first."""
        kept = await site.onlooker.ask(lambda archive: archive.versions(id))
        return {"article": id, "versions": [_version(version) for version in _there(kept)]}

    return router


def _stories(site: "Site") -> APIRouter:
    router = APIRouter(tags=["stories"])

    @router.get("/stories", operation_id="stories", response_model=models.Stories)
    async def stories(wanted: Annotated[models.Listed, Query()]) -> Any:
        """Stories of which an article answers, each once."""
        asked = _asked(site, wanted)

        def question(archive: "SQLiteArchive") -> dict[str, Any]:
            answer = _looked(archive, asked, fold=True)
            return {
                "stories": [story_of(story) for story in answer.stories],
                "next": answer.after,
            }

        return await site.onlooker.ask(question)

    @router.get("/stories/{id}", operation_id="story", response_model=models.Story, responses=_MISSING)
    async def story(id: Number) -> Any:  # noqa: A002 - the name in the address
        """One story with its members; a number that it had before leads to it too."""
        return export.story(_there(await site.onlooker.ask(lambda archive: archive.story(id))))

    return router


def _figures(site: "Site") -> APIRouter:
    router = APIRouter(tags=["figures"])

    @router.get("/counts", operation_id="counts", response_model=models.Counts)
    async def counts(wanted: Annotated[models.Wanted, Query()]) -> Any:
        """How many articles and stories answer, by topic, source, publisher, language, agency and relation."""
        asked = _asked(site, wanted)
        return counts_of(await site.onlooker.ask(lambda archive: _counted(archive, asked)))

    @router.get("/timeline", operation_id="timeline", response_model=models.Timeline)
    async def plotted(wanted: Annotated[models.Plotted, Query()]) -> Any:
        """Counts over time; where a source was not observed, a low count or none means nothing."""
        asked = _asked(site, wanted)
        config, now = site.onlooker.config, site.onlooker.clock()

        def question(archive: "SQLiteArchive") -> Mapping[str, Any]:
            from monitor.web import timeline

            found = _counted(archive, asked)
            return timeline.document(timeline.drawn(archive, config, asked, found, now), asked, found)

        return await site.onlooker.ask(question)

    return router


def _watching(site: "Site") -> APIRouter:
    router = APIRouter(tags=["watching"])

    @router.get("/watching", operation_id="watching", response_model=models.Watching)
    async def watching() -> Any:
        """Topics and sources of the configuration in force, and since when each source is watched."""
        config = site.onlooker.config
        states = await site.onlooker.ask(lambda archive: archive.states())
        return {
            "topics": [{"id": topic.id, "title": dict(topic.title)} for topic in config.topics],
            "sources": [
                {
                    "id": source.id,
                    "name": source.name,
                    "publisher": source.publisher,
                    "language": source.language,
                    "url": source.url,
                    "enabled": source.enabled,
                    "first_visit_at": export.when(state.first_visit_at) if state else None,
                    "observed_since": export.when(state.observed_since) if state else None,
                    "last_good_at": export.when(state.last_good_at) if state else None,
                }
                for source in config.sources
                for state in [states.get(source.id)]
            ],
        }

    @router.get("/me", operation_id="me", response_model=models.Me)
    async def me(request: Request) -> Any:
        """Who asks, and in which role."""
        visitor = site.visitor(request)
        return {"name": visitor.name, "role": visitor.role.value}

    return router


def _asked(site: "Site", wanted: BaseModel) -> Asked:
    """Returns what is asked. Raises QueryError, or RequestValidationError for a time that is none."""
    said = wanted.model_dump(mode="json", exclude={"text"}, exclude_defaults=True)
    pairs = [
        (name, each) for name, value in said.items() for each in (value if isinstance(value, list) else [str(value)])
    ]
    heard = hear(pairs, zone=site.onlooker.config.timezone, now=site.onlooker.clock())
    if heard.error is not None:
        raise heard.error
    if heard.wrong:
        raise RequestValidationError(
            [{"loc": ("query", each.parameter), "msg": f"{each.what}; {each.right}"} for each in heard.wrong]
        )
    return heard.asked


def _looked(archive: "SQLiteArchive", asked: Asked, *, fold: bool) -> Any:
    try:
        return archive.look(asked.wanted, sort=asked.sort, fold=fold, limit=asked.limit, after=asked.after)
    except ValueError as error:
        raise RequestValidationError([{"loc": ("query", "after"), "msg": str(error)}]) from error


def _counted(archive: "SQLiteArchive", asked: Asked) -> Counts:
    counts = archive.look(asked.wanted, limit=1, counted=True, published=asked.by.value == "published").counts
    assert counts is not None  # noqa: S101 - they were asked for
    return counts


def _found(found: Found, kept: Kept | None) -> dict[str, Any]:
    return found_of(found) | {"text": kept.text if kept else None}


def _version(version: Version) -> dict[str, Any]:
    return export.version(version, None) | {"text": version.text}


def _there(kept: Any) -> Any:
    if not kept:
        raise HTTPException(404)
    return kept
