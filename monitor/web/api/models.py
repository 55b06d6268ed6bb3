"""The JSON of the API, as its OpenAPI document describes it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from monitor.archive import Sort
from monitor.timeline import Bucket
from monitor.types import Relation
from monitor.web.asked import LONGEST, LONGEST_CURSOR, MOST, MOST_VALUES, PAGE, By

Values = Annotated[list[Annotated[str, Field(max_length=LONGEST)]], Field(max_length=MOST_VALUES)]
Moment = Annotated[str, Field(examples=["2026-11-22T07:00:00Z"])]
_TIME = "`2026-11-22` (a day of the installation's time zone), `2026-11-22T12:00Z`, or `7d`: so long ago."
_QUERY = 'The query language of the search page: words, "phrases", OR, -not, NEAR/5, begin*, title:, lang:fr …'


class Wanted(BaseModel):
    """Which articles are wanted; of several values of one filter, one is enough."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"description": "Filters of the search page."})

    q: Annotated[str | None, Field(max_length=5000, description=_QUERY)] = None
    topic: Annotated[Values, Field(description="Ids of topics.")] = []
    source: Annotated[Values, Field(description="Ids of sources that listed it.")] = []
    publisher: Annotated[Values, Field(description="Publishers, as they are written.")] = []
    language: Annotated[Values, Field(description="ISO 639 codes.")] = []
    agency: Annotated[Values, Field(description="Agencies that the text is credited to.")] = []
    relation: Annotated[list[Relation], Field(max_length=MOST_VALUES, description="What it is to its story.")] = []
    since: Annotated[str | None, Field(max_length=LONGEST, description=f"First seen then or later. {_TIME}")] = None
    until: Annotated[str | None, Field(max_length=LONGEST, description=f"First seen before. {_TIME}")] = None


class Listed(Wanted):
    """Which articles are wanted, in which order, and from where on."""

    sort: Annotated[Sort, Field(description="By relevance, the best thousand only.")] = Sort.NEWEST
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE
    after: Annotated[str | None, Field(max_length=LONGEST_CURSOR, description="`next` of the page before.")] = None


class Fetched(Listed):
    """The same, with or without the texts."""

    text: Annotated[bool, Field(description="With the texts.")] = False


class Plotted(Wanted):
    """Which articles are wanted, and how they are counted."""

    by: Annotated[By, Field(description="Count by first sighting, or by publication.")] = By.SEEN
    bucket: Annotated[Bucket | None, Field(description="Of one bar; as the span asks for, where left out.")] = None


class Problem(BaseModel):
    """One thing that is wrong with what was asked."""

    parameter: str
    what: str
    right: Annotated[str | None, Field(description="What would be right.")] = None


class Fault(BaseModel):
    """Why something cannot be had."""

    error: str
    detail: str
    problems: list[Problem] = []


class TopicMatch(BaseModel):
    """A topic that an article is about."""

    id: str
    terms: list[str]
    mention: Annotated[bool, Field(description="In passing only.")]


class Credit(BaseModel):
    """What a text says of the agency it came from."""

    agency: str | None
    first_published: str | None
    first_language: str | None
    writers: list[str]
    place: str | None
    notice: str | None
    take: str | int | None
    correction: str | None


class Article(BaseModel):
    """An article: one address of one publisher, in its newest version."""

    model_config = ConfigDict(extra="allow")

    id: int
    url: str
    urls: list[str]
    source: str
    sources: list[str]
    publisher: str
    title: str
    authors: list[str]
    language: str | None
    published_at: Moment | None
    first_seen_at: Moment | None
    partial: Annotated[bool, Field(description="The page could not be read: the text is the feed's.")]
    withdrawn: bool
    topics: list[TopicMatch]
    story: int
    relation: Relation
    versions: int
    kept: Annotated[float | None, Field(description="Share of its story's origin, 0 to 1.")]
    credit: Credit
    text: Annotated[
        str | None, Field(description="A blank line between paragraphs; null: erased, or not asked for.")
    ] = None


class FoundArticle(Article):
    """An article with the passage that answers the query."""

    snippet: str | None
    marks: Annotated[list[tuple[int, int]], Field(description="Where in it the words stand: from, to (exclusive).")]


class Articles(BaseModel):
    """A page of articles."""

    articles: list[FoundArticle]
    next: Annotated[str | None, Field(description="`after` of the next page; null: this is the last.")]


class FoundStory(BaseModel):
    """A story, with the first article of it that answers."""

    id: int
    article: FoundArticle
    answers: Annotated[int, Field(description="Articles of the story that answer.")]
    members: Annotated[int, Field(description="Articles of the story in all.")]
    carriers: Annotated[list[str], Field(description="Publishers, by when they were first seen; at most twelve.")]


class Stories(BaseModel):
    """A page of stories."""

    stories: list[FoundStory]
    next: Annotated[str | None, Field(description="`after` of the next page; null: this is the last.")]


class Counted(BaseModel):
    """How many answers have a value."""

    value: str
    articles: int


class Counts(BaseModel):
    """How many articles answer, by what."""

    articles: int
    stories: int
    facets: dict[str, list[Counted]]
    whole: Annotated[
        bool, Field(description="False: there was time for the newest only, from the article number `since` on.")
    ]
    since: int | None


class Bar(BaseModel):
    """One bar of a timeline."""

    since: Moment
    until: Moment
    articles: Annotated[int | None, Field(description="Null: none, where nobody was there to see.")]
    watched: Annotated[str, Field(description="How well it was watched.")]
    sources: Annotated[int, Field(description="Sources that are meant.")]
    unwatched: Annotated[int, Field(description="Of them: not observed all the time.")]


class Timeline(BaseModel):
    """Counts over time, with how well was watched."""

    bucket: Bucket
    by: By
    whole: bool
    bars: list[Bar]


class ArticleVersion(BaseModel):
    """One version of an article as it was read."""

    model_config = ConfigDict(extra="allow")

    version: int
    title: str
    seen_at: Moment | None
    published_at: Moment | None
    updated_at: Moment | None
    partial: bool
    words: int
    text: str | None


class Versions(BaseModel):
    """The versions of an article, oldest first."""

    article: int
    versions: list[ArticleVersion]


class Member(BaseModel):
    """An article's part in a story."""

    model_config = ConfigDict(extra="allow")

    id: int
    url: str
    publisher: str
    title: str
    language: str | None
    relation: Relation
    kept: float | None
    first_seen_at: Moment | None
    published_at: Moment | None
    withdrawn: bool


class Story(BaseModel):
    """All articles that are the same piece of work; the first is the origin."""

    model_config = ConfigDict(extra="allow")

    id: int
    title: str
    topics: list[str]
    origin: int
    members: list[Member]
    related: list[int]
    withdrawn: bool


class Topic(BaseModel):
    """A topic that is watched."""

    id: str
    title: dict[str, str]


class Source(BaseModel):
    """A source that is watched, and since when."""

    id: str
    name: str
    publisher: str
    language: str | None
    url: str
    enabled: bool
    first_visit_at: Moment | None
    observed_since: Moment | None
    last_good_at: Moment | None


class Watching(BaseModel):
    """What is watched."""

    topics: list[Topic]
    sources: list[Source]


class Me(BaseModel):
    """Who asks."""

    name: str | None
    role: str
