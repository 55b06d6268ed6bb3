"""The plain text of a digest, which must be good by itself: readers on telephones, in terminals and with Braille."""

import textwrap
from collections.abc import Iterator

from monitor.digest.phrases import Phrases
from monitor.digest.view import Carrier, Quote, Story, View

_COLUMNS = 72  # RFC 5322, section 2.1.1 asks for at most 78; quoting in a reply needs room


def plain(view: View, *, base_url: str | None = None) -> str:
    """Returns the text with line feeds; only an address may be longer than a line."""
    phrases = Phrases(view.language)
    lines = [*_wrapped(view.title), *_wrapped(view.when), *_wrapped(view.what)]
    number = 0
    for section in view.sections:
        heading = _wrapped(section.title.upper())
        lines += ["", "", *heading, "=" * min(_COLUMNS, max(map(len, heading), default=0))]
        for story in section.stories:
            number += 1
            lines += ["", *_story(story, number, phrases)]
    if view.bulk:
        title = phrases.say("bulk title").upper()
        lines += ["", "", title, "=" * len(title)]
        for sentence in view.bulk:
            lines += ["", *_wrapped(sentence)]
    lines += ["", "", "-" * _COLUMNS, *_wrapped(f"{phrases.say('coverage')}{phrases.say('colon')}{view.coverage}")]
    for source in view.failing:
        lines += _wrapped(source, first="- ", then="  ")
    for note in view.notes:
        lines += ["", *_wrapped(note)]
    if base_url:
        lines += ["", f"{phrases.say('archive')}{phrases.say('colon')}{base_url}"]
    return "\n".join(lines) + "\n"


def _story(story: Story, number: int, phrases: Phrases) -> Iterator[str]:
    first = f"{number}. "
    then = " " * len(first)
    tags = "".join(f"[{tag}] " for tag in story.tags)
    yield from _wrapped(tags + story.headline, first=first, then=then)
    if story.about:
        yield from _wrapped(" · ".join(story.about), first=then, then=then)
    if story.url:
        yield then + story.url
    if story.quote:
        yield ""
        yield from _wrapped(phrases.say("quoted", text=_marked(story.quote)), first=then, then=then)
    if story.quote and (story.terms or story.partial or story.topics):
        yield ""
    colon = phrases.say("colon")
    if story.terms:
        terms = ", ".join(f"*{term}*" for term in story.terms)
        yield from _wrapped(f"{phrases.say('why')}{colon}{terms}", first=then, then=then)
    if story.topics:
        yield from _wrapped(f"{phrases.say('topics')}{colon}{', '.join(story.topics)}", first=then, then=then)
    if story.partial:
        yield from _wrapped(phrases.say("partial"), first=then, then=then)
    if story.carriers:
        yield f"{then}{phrases.say('carriers')}{colon}".rstrip()
        for carrier in story.carriers:
            yield from _carrier(carrier, then)
        if story.more_carriers:
            yield f"{then}- {phrases.say('more carriers', n=story.more_carriers)}"


def _carrier(carrier: Carrier, then: str) -> Iterator[str]:
    language = f" ({carrier.language})" if carrier.language else ""
    yield from _wrapped(carrier.publisher + language, first=f"{then}- ", then=f"{then}  ")
    if carrier.url:
        yield f"{then}  {carrier.url}"


def _marked(quote: Quote) -> str:
    term = f"*{quote.term}*" if quote.term else ""
    return f"{quote.before}{term}{quote.after}".strip()


def _wrapped(text: str, *, first: str = "", then: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=True,
        break_on_hyphens=False,
    )
