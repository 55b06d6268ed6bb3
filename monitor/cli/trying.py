"""The command that tries: one address through the rooms, with what each says."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from monitor.cli.output import AsJson, Context, complain, local, plural, print_json
from monitor.text import one_line
from monitor.types import Article, Page, Rejected, TieKind, Verdict

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.pipeline import Tried

FIRST = 5  # items shown of a listing


def try_(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Of a configured source, a feed, or an article's page.")],
    item: Annotated[int, typer.Option("--item", metavar="N", min=1, help="Read this item of the feed.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Walk one feed or page through the rooms; keep nothing."""
    from monitor import app
    from monitor.pipeline import stand_in

    if problem := unusable(url):
        complain(problem)
        raise typer.Exit(2)
    chosen: Context = context.obj
    config = chosen.config()
    with app.trial(config) as trial:
        tried = asyncio.run(trial.walk(stand_in(url, config.sources), item))
    stories = _stories_of(tried, config)
    if as_json:
        print_json(_document(tried, stories))
    else:
        for name, said in _lines(tried, stories, config):
            typer.echo(f"{name:<8}  {said}")
    if not tried.answered:
        raise typer.Exit(1)
    if tried.listed and tried.item is None:
        complain(f"there is no item {item}: {plural(len(tried.listed), 'item')} listed")
        raise typer.Exit(2)


def _stories_of(tried: "Tried", config: "Config") -> dict[int, int]:
    """Returns article → story, of the articles that this one is tied to."""
    from monitor import app

    if not tried.ties:
        return {}
    with app.reading(config) as archive:
        found = [article for article_id, _ in tried.ties if (article := archive.article(article_id)) is not None]
    return {article.id: article.story_id for article in found}


def unusable(url: str) -> str | None:
    """Says what is wrong with an address, without repeating a password that stands in it."""
    from monitor.extract.urls import is_web_address

    if not is_web_address(url):
        return f"{url!r} is no web address: it begins with http:// or https:// and a host"
    if urlsplit(url).username is not None:
        return "the address holds a user and password: configure the source with auth_env, then try it without them"
    return None


def _document(tried: "Tried", stories: Mapping[int, int]) -> dict[str, Any]:
    from monitor.export import credit, topics, when, why

    visit, page, article, place = tried.visit, tried.page, tried.article, tried.placement
    return {
        "url": tried.source.url,
        "source": tried.source.id,
        "publisher": tried.source.publisher,
        "visit": {"outcome": visit.outcome.value, "status": visit.status, "url": visit.url, "error": visit.error},
        "items": [{"title": f.title, "url": f.url, "published_at": when(f.published_at)} for f in tried.listed],
        "read": tried.item and {"title": tried.item.title, "url": tried.item.url},
        "page": page
        and (
            {"status": page.status, "url": page.final_url, "error": None}
            if isinstance(page, Page)
            else {"status": page.status, "url": None, "error": page.reason}
        ),
        "article": {
            "title": article.title,
            "publisher": article.publisher,
            "authors": list(article.authors),
            "language": article.language,
            "published_at": when(article.published_at),
            "updated_at": when(article.updated_at),
            "text": article.text,
            "words": tried.fingerprint.words if tried.fingerprint else 0,
            "partial": article.partial,
            "addresses": [{"url": a.url, "kind": a.kind.value} for a in article.addresses],
            "credit": credit(article.credit),
        }
        if isinstance(article, Article)
        else None,
        "rejected": article.reason if isinstance(article, Rejected) else None,
        "topics": topics(tried.matches),
        "why": why(tried.matches),
        "place": place and {
            "verdict": place.verdict.value, "article": place.article_id, "story": place.story_id,
            "ties": [{"article": article_id, "story": stories.get(article_id), "kind": tie.kind.value,
                      "score": round(tie.score, 2)} for article_id, tie in tried.ties],
        },
    }  # fmt: skip


def _lines(tried: "Tried", stories: Mapping[int, int], config: "Config") -> Iterator[tuple[str, str]]:
    """Yields (room, what it said); lines that go on with a room have no name."""
    source, visit = tried.source, tried.visit
    if source in config.sources:
        yield "source", f"{source.id}, as configured; read: {source.read.value}"
    else:
        yield "source", f"this address is not configured; taken as one of {source.publisher}"
    alone = not tried.listed and isinstance(tried.page, Page)  # an article's own address
    yield (
        "visit",
        (
            f"{'no list' if alone else visit.outcome.value}, {_answer(visit.status, visit.url)}"
            f"{_because(visit.error)}{'; read as the page of an article' if alone else ''}"
        ),
    )
    for number, found in enumerate(tried.listed[:FIRST], 1):
        yield "", f"{number}. {one_line(found.title or '(no title)')}  {one_line(found.url or '(no address)')}"
    if len(tried.listed) > FIRST:
        yield "", f"… and {len(tried.listed) - FIRST} more"
    if tried.item is None:
        return
    if tried.page is None:
        yield "page", "not asked for: the feed's own text is the article"
    elif isinstance(tried.page, Page):
        yield "page", f"read, {_answer(tried.page.status, tried.page.final_url)}"
    else:
        yield "page", f"not read{_because(tried.page.reason)}"
    if isinstance(tried.article, Rejected):
        yield "article", f"none: {tried.article.reason}"
    elif tried.article is not None:
        yield from _article(tried.article, 0 if tried.fingerprint is None else tried.fingerprint.words, config)
        yield from _judgement(tried, stories)


def _answer(status: int | None, url: str | None) -> str:
    return " ".join(filter(None, [f"HTTP {status}" if status else "no answer", url]))


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _article(article: Article, words: int, config: "Config") -> Iterator[tuple[str, str]]:
    yield "article", article.title
    facts: list[tuple[str, str | None]] = [
        ("publisher", article.publisher),
        ("authors", ", ".join(article.authors) or None),
        ("agency", article.credit.agency),
        *((name, said) for name, said in _credit(article) if said),
        ("language", article.language),
        ("published", local(article.published_at, config.timezone)),
        ("updated", local(article.updated_at, config.timezone)),
        ("words", f"{words:,}" + (" (partial: the feed's text, the page gave none)" if article.partial else "")),
        *((address.kind.value, address.url) for address in article.addresses),
    ]
    for name, value in facts:
        yield "", f"{name:<10}  {value or 'unknown'}"


def _credit(article: Article) -> Iterator[tuple[str, str | None]]:
    """Yields what else the text says of its agency; most say less, and what is not said is no gap."""
    credit = article.credit
    yield "writers", ", ".join(credit.writers)
    yield "place", credit.place
    yield "first out", credit.first_published
    yield "notice", credit.notice and credit.notice.value
    yield "correction", credit.correction


def _judgement(tried: "Tried", stories: Mapping[int, int]) -> Iterator[tuple[str, str]]:
    if not tried.matches:
        yield "match", "no topic"
    for number, match in enumerate(tried.matches):
        yield "" if number else "match", f"{match.topic_id}{' (mention)' if match.mention else ''}"
        for hit in match.hits:
            yield "", f"  {hit.form} in the {hit.place.value}, {hit.count}×: {hit.sentence}"
    yield "place", _place(tried, stories)


def _place(tried: "Tried", stories: Mapping[int, int]) -> str:
    if (placement := tried.placement) is None:
        return "no archive yet; nothing was kept"
    where = {
        Verdict.NEW: _new(tried, stories),
        Verdict.VERSION: f"version: new text of article {placement.article_id}",
        Verdict.KNOWN: f"known: article {placement.article_id} is this",
    }
    return f"{where[placement.verdict]}; nothing was kept"


_TIES = {
    TieKind.SAME: "new, of story {story}: the same piece of work as article {article}",
    TieKind.TRANSLATION: "new, of story {story}: in the other language it is article {article}",
    TieKind.KILL: "new, of story {story}: it withdraws article {article}, or is withdrawn by it",
    TieKind.APART: "new: a story of its own; much like article {article} of story {story}, and yet another",
}


def _new(tried: "Tried", stories: Mapping[int, int]) -> str:
    """Says what decides: what makes it part of a story comes before what keeps it apart from one."""
    for kind, said in _TIES.items():
        for article_id, tie in tried.ties:
            if tie.kind is kind:
                return said.format(article=article_id, story=stories.get(article_id, "?"))
    return "new: a story of its own"


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command(name="try")(try_)
