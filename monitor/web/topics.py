"""The operators' pages about topics: what each finds, and the workshop in which one is edited."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.archive import Holding, TopicCounts
from monitor.errors import ArchiveError
from monitor.match import revision
from monitor.types import Feedback, FeedbackKind, Role, Topic
from monitor.web.bench import bench, standing_of
from monitor.web.reasons import title_of
from monitor.web.site import Page, Site
from monitor.web.topic import path_of, sent, titled, workshop

if TYPE_CHECKING:
    from monitor.archive import Archive

_DAYS = (7, 30, 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A topic in the list."""

    topic: Topic
    title: str
    forms: Mapping[str, int]  # by language
    counts: Sequence[TopicCounts]  # for each time in _DAYS
    articles: int  # marked, ever
    mentions: int
    outdated: int  # of them, by another wording of the topic
    feedback: Mapping[FeedbackKind, int]
    digests: Sequence[tuple[str, str]]  # id and title

    @property
    def path(self) -> str:
        """Where it is edited."""
        return path_of(self.topic.id)


async def topics(request: Request, site: Site) -> Response:
    """GET, POST /topics: the topics; a POST begins to mark the archive anew."""
    if request.method == "POST":
        form = await sent(request)
        if form.get("do") != "apply":
            raise HTTPException(422)
        bench(site).marker.begin(tell=form.get("tell") == "yes", by=site.visitor(request).name or "?")
        return RedirectResponse("/topics", 303)
    say, now = site.words(request), site.onlooker.clock()
    config = site.onlooker.config

    def asked(archive: "Archive") -> tuple[Holding, list[Mapping[str, TopicCounts]], list[Feedback]]:
        counts = [archive.topic_counts(now - timedelta(days=days)) for days in _DAYS]
        return archive.holding(), counts, archive.feedback()

    try:
        holding, counts, feedback = await site.onlooker.ask(asked)
    except ArchiveError:
        if site.onlooker.path.exists():
            raise
        holding, counts, feedback = None, [{} for _ in _DAYS], []
    said = Counter((each.topic_id, each.kind) for each in feedback)
    return site.page(
        request,
        "topics.html",
        title=say("nav topics"),
        nav="topics",
        lines=[_line(site, topic, say.language, holding, counts, said) for topic in config.topics],
        days=_DAYS,
        kinds=FeedbackKind,
        removed=request.query_params.get("removed"),
        **await standing_of(request, site),
    )


def _line(
    site: Site,
    topic: Topic,
    language: str,
    holding: Holding | None,
    counts: Sequence[Mapping[str, TopicCounts]],
    said: Mapping[tuple[str, FeedbackKind], int],
) -> Line:
    marks = [mark for mark in holding.marks if mark.topic_id == topic.id] if holding is not None else []
    current = revision(topic)
    forms = Counter(form.language for form in topic.any)
    forms.update(form.language for group in topic.near for form in group.forms)
    none = TopicCounts(articles=0, mentions=0, stories=0)
    return Line(
        topic=topic,
        title=title_of(topic.id, [topic], language),
        forms=forms,
        counts=[count.get(topic.id, none) for count in counts],
        articles=sum(mark.articles for mark in marks),
        mentions=sum(mark.mentions for mark in marks),
        outdated=sum(mark.articles for mark in marks if mark.revision != current),
        feedback={kind: said.get((topic.id, kind), 0) for kind in FeedbackKind},
        digests=[
            (each.id, titled(each, language)) for each in site.onlooker.config.subscriptions if topic.id in each.topics
        ],
    )


async def state(request: Request, site: Site) -> Response:
    """GET /topics-state: what the service makes of saved files, and how far the marking is, for htmx to look again."""
    title = site.words(request)("nav topics")
    return site.page(request, "topics_now.html", title=title, nav="topics", **await standing_of(request, site))


_OPERATOR = {"GET": Role.OPERATOR, "POST": Role.OPERATOR}

PAGES = (
    Page(path="/topics", handler=topics, methods=_OPERATOR, nav="topics"),
    Page(path="/topics-state", handler=state, methods={"GET": Role.OPERATOR}, nav="topics"),
    Page(path="/topics/{id}", handler=workshop, methods=_OPERATOR, nav="topics"),
)
