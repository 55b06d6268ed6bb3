"""Pure: why articles matched, as the pages show it: by topic, with the words in their sentences, and in the text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.digest.plainly import language_of
from monitor.query import Compiled, parse, subject
from monitor.types import Form, Hit, Kept, Place, Topic

_LONGEST = 400  # characters of a sentence
_UNFIT = re.compile("[\x02\x03]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Words of a topic where they first stand in an article; they stand between \\x02 and \\x03 in `sentence`."""

    words: str
    form: str
    language: str  # of the form
    place: Place
    sentence: str
    count: int
    article: Kept

    @property
    def lang(self) -> str | None:
        """The language of the sentence."""
        return language_of(self.article)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """A topic, and what shows that articles are about it."""

    topic_id: str
    title: str
    mention: bool  # each of them only mentions it
    passages: tuple[Passage, ...]


def title_of(topic_id: str, topics: Iterable[Topic], language: str) -> str:
    """Returns a topic's title in a language, or in another; the id of one that is no longer configured."""
    titles = next((topic.title for topic in topics if topic.id == topic_id), {})
    return titles.get(language) or next(iter(titles.values()), topic_id)


def why(articles: Sequence[Kept], topics: Sequence[Topic], language: str) -> list[Why]:
    """Returns why articles matched, in the order of the topics; each passage once, however many carry it."""
    passages: dict[str, dict[object, Passage]] = {}
    strong: set[str] = set()
    for article in articles:
        for match in article.matches:
            found = passages.setdefault(match.topic_id, {})
            strong |= set() if match.mention else {match.topic_id}
            for hit in match.hits:
                found.setdefault((hit.form, hit.sentence), _passage(hit, article))
    order = {topic.id: number for number, topic in enumerate(topics)}
    return [
        Why(
            topic_id=topic_id,
            title=title_of(topic_id, topics, language),
            mention=topic_id not in strong,
            passages=tuple(found.values()),
        )
        for topic_id, found in sorted(passages.items(), key=lambda each: (order.get(each[0], len(order)), each[0]))
    ]


def _passage(hit: Hit, article: Kept) -> Passage:
    sentence, start, end = hit.sentence, hit.start, hit.start + len(hit.surface)
    shown = ""
    if sentence and not article.withdrawn:
        shown = f"{_plain(sentence[:start])}\x02{_plain(sentence[start:end])}\x03{_plain(sentence[end:])}"
    return Passage(
        words=hit.surface,
        form=hit.form,
        language=hit.language,
        place=hit.place,
        sentence=shown if len(shown) <= _LONGEST + 2 else "",
        count=hit.count,
        article=article,
    )


def highlighted(article: Kept, topics: Sequence[Topic]) -> list[str]:
    """Returns the paragraphs of a text; the words of the topics stand between \\x02 and \\x03.

    These are all places where the forms that found it stand, without what an `except` form covers.
    """
    text = article.text or ""
    wanted = {match.topic_id: {hit.form for hit in match.hits} for match in article.matches}
    finding: list[Form] = []
    hiding: list[Form] = []
    for topic in topics:
        if topic.id in wanted:
            near = [form for group in topic.near for form in group.forms]
            finding += [form for form in (*topic.any, *near) if form.text in wanted[topic.id]]
            hiding += topic.excepting
    spans = _spans(article, finding)
    covers = _spans(article, hiding)
    shown = [span for span in spans if not any(a <= span[0] and span[1] <= b for a, b in covers)]
    parts, upto = [], 0
    for start, end in shown:
        if start >= upto and "\n\n" not in text[start:end]:
            parts += [_plain(text[upto:start]), "\x02", _plain(text[start:end]), "\x03"]
            upto = end
    return _paragraphs("".join([*parts, _plain(text[upto:])]))


def paragraphs(text: str) -> list[str]:
    """Returns the paragraphs of a text, without anything that stands for a mark."""
    return _paragraphs(_plain(text))


def _paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


def _plain(text: str) -> str:
    return _UNFIT.sub("", text)


def _spans(article: Kept, forms: Sequence[Form]) -> list[tuple[int, int]]:
    """Returns where forms stand in the text, in reading order, of those that begin together the longest first."""
    if not forms or not article.text:
        return []
    found = Compiled([parse(form.text, form=True) for form in forms]).find(subject(article))
    spans = {(s.start, s.end) for of in found.values() for s in of if s.place is Place.TEXT and s.text is article.text}
    return sorted(spans, key=lambda span: (span[0], -span[1]))
