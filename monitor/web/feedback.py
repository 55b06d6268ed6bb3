"""What readers say of the watching: that an article is not relevant, that one was missed. Kept as examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.digest.plainly import headline, safe_url
from monitor.extract.urls import is_web_address
from monitor.text import clean, one_line
from monitor.types import Feedback, FeedbackKind, Role
from monitor.web.reasons import title_of
from monitor.web.site import Page, Site, address
from monitor.web.stories import number_of

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.pipeline.known import Known

LONGEST_NOTE = 1_000  # characters
_LONGEST_URL = 2_000
_LISTED = 50  # examples on the page


async def form(request: Request) -> Mapping[str, str]:
    """Returns the fields of a form, the last where one is given twice. Raises HTTPException (422)."""
    try:
        fields = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise HTTPException(422, "") from None
    return {name: values[-1] for name, values in fields.items()}


def _note(said: str) -> str | None:
    return clean(said[: 2 * LONGEST_NOTE])[:LONGEST_NOTE].strip() or None


# --- on an article's page --------------------------------------------------------------------------------------------


async def say(request: Request, site: Site) -> Response:
    """POST /articles/17/feedback: `kind`, `topic` and `note`; or `take_back`, the number of what was said."""
    number = number_of(request.path_params["article"])
    fields = await form(request)
    article = await site.onlooker.ask(lambda archive: archive.article(number))
    if article is None:
        raise HTTPException(404, "")
    back = RedirectResponse(f"/articles/{number}#feedback", 303)
    if "take_back" in fields:
        await _take_back(request, site, fields["take_back"])
        return back
    topic = fields.get("topic", "")
    matched = {match.topic_id for match in article.matches}
    if topic not in {each.id for each in site.onlooker.config.topics} | matched:
        raise HTTPException(422, "")
    if fields.get("kind") not in set(FeedbackKind):
        raise HTTPException(422, "")
    kind = FeedbackKind(fields["kind"])
    if (kind is FeedbackKind.NOT_RELEVANT) != (topic in matched):
        raise HTTPException(422, "")  # the page is older than what the topics find by now
    given = Feedback(
        kind=kind,
        topic_id=topic,
        article_id=number,
        url=article.url,
        by=_name(request, site),
        at=site.onlooker.clock(),
        note=_note(fields.get("note", "")),
    )
    await site.onlooker.change(lambda archive: archive.give_feedback(given))
    return back


async def _take_back(request: Request, site: Site, said: str) -> None:
    """Takes back what the visitor said; an operator, what anybody said."""
    by = None if site.visitor(request).role.may(Role.OPERATOR) else _name(request, site)
    number = number_of(said)
    if not await site.onlooker.change(lambda archive: archive.take_back_feedback(number, by)):
        raise HTTPException(404, "")


def _name(request: Request, site: Site) -> str:
    name = site.visitor(request).name
    if name is None:
        raise HTTPException(403, "")
    return name


# --- of an address ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the archive says to somebody who missed something."""

    known: "Known | None"  # None: nobody asked about an address
    examples: tuple[tuple[Feedback, str | None], ...]  # the newest, with the headlines of those it holds


def _asked(archive: "Archive", site: Site, url: str | None) -> _Asked:
    from monitor.pipeline.known import known

    said = archive.feedback()[:_LISTED]
    titles: dict[int, str | None] = {}
    for each in said:
        if each.article_id is not None and each.article_id not in titles:
            article = archive.article(each.article_id)
            titles[each.article_id] = None if article is None else article.title
    return _Asked(
        known=None if url is None else known(archive, site.onlooker.config.sources, url, site.onlooker.clock()),
        examples=tuple((each, titles.get(each.article_id or 0)) for each in said),
    )


def _address(said: str) -> str | None:
    """Returns an address that can be asked about; None for what is none, or holds a password."""
    url = one_line(said[: 2 * _LONGEST_URL])
    if len(url) > _LONGEST_URL or not is_web_address(url) or safe_url(url) is None:
        return None
    return None if urlsplit(url).username is not None else url


async def missed(request: Request, site: Site) -> Response:
    """GET /missed?url=…: what is known of an address. POST keeps it as an example of a topic."""
    if request.method == "POST":
        return await _keep(request, site)
    asked = request.query_params
    url = _address(asked.get("url", ""))
    wrong = url is None and bool(asked.get("url", "").strip())
    return await _missed(request, site, url=url, said=asked, wrong=("url",) if wrong else ())


async def _keep(request: Request, site: Site) -> Response:
    fields = await form(request)
    if "take_back" in fields:
        await _take_back(request, site, fields["take_back"])
        return RedirectResponse("/missed#examples", 303)
    url = _address(fields.get("url", ""))
    topic = fields.get("topic", "")
    wrong = tuple(
        name
        for name, right in (
            ("url", url is not None),
            ("topic", topic in {each.id for each in site.onlooker.config.topics}),
        )
        if not right
    )
    if wrong or url is None:
        return await _missed(request, site, url=url, said=fields, wrong=wrong)
    from monitor.pipeline.known import held_at

    article = await site.onlooker.ask(held_at, url)
    if article is not None and topic in {match.topic_id for match in article.matches}:
        return RedirectResponse(address("/missed", url=url, topic=topic), 303)  # which says that the topic found it
    given = Feedback(
        kind=FeedbackKind.MISSED,
        topic_id=topic,
        article_id=None if article is None else article.id,
        url=url,
        by=_name(request, site),
        at=site.onlooker.clock(),
        note=_note(fields.get("note", "")),
    )
    await site.onlooker.change(lambda archive: archive.give_feedback(given))
    return RedirectResponse(address("/missed", url=url, topic=topic, kept=1), 303)


async def _missed(
    request: Request, site: Site, *, url: str | None, said: Mapping[str, str], wrong: tuple[str, ...]
) -> Response:
    words, config = site.words(request), site.onlooker.config
    found = await site.onlooker.ask(_asked, site, url)
    visitor = site.visitor(request)
    article = found.known.article if found.known else None
    return site.page(
        request,
        "feedback.html",
        title=words("missed title"),
        status=422 if wrong else 200,
        url_given=url or said.get("url", "")[:_LONGEST_URL],
        topic_given=said.get("topic", ""),
        note_given=said.get("note", "")[:LONGEST_NOTE],
        longest=LONGEST_NOTE,
        wrong=wrong,
        looked=url is not None,
        kept=bool(said.get("kept")) and not wrong and request.method != "POST",
        known=found.known,
        article=article,
        article_title=article and headline(article.title, words.dates),
        found_by=[]
        if article is None
        else [title_of(m.topic_id, config.topics, words.language) for m in article.matches],
        topics=[(topic.id, title_of(topic.id, config.topics, words.language)) for topic in config.topics],
        names={source.id: source.name for source in config.sources},
        examples=[
            (each, title_of(each.topic_id, config.topics, words.language), title, safe_url(each.url))
            for each, title in found.examples
        ],
        may_take_back=lambda each: visitor.role.may(Role.OPERATOR) or each.by == visitor.name,
        kinds=FeedbackKind,
    )


PAGES = (
    Page(path="/articles/{article}/feedback", handler=say, methods={"POST": Role.READER}),
    Page(path="/missed", handler=missed, methods={"GET": Role.READER, "POST": Role.READER}),
)
