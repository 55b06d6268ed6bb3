"""The plain text of a digest, which must be good by itself: readers on telephones, in terminals and with Braille."""

import textwrap
from collections.abc import Iterator

from monitor.digest.changed import Changed, Pair
from monitor.digest.matched import Quote
from monitor.digest.story import Carrier, Carriers, Story
from monitor.digest.view import View
from monitor.digest.watching import Watching
from monitor.digest.wording import Phrases

_COLUMNS = 72  # RFC 5322, section 2.1.1 asks for at most 78; quoting in a reply needs room


def plain(view: View) -> str:
    """Returns the text with line feeds; only an address may be longer than a line."""
    phrases = Phrases(view.language)
    lines = [*wrapped(view.title), *wrapped(view.when), *wrapped(view.what)]
    for said in (view.since, view.incomplete):
        lines += wrapped(said) if said else []
    number = 0
    for section in view.sections:
        lines += _heading(section.title)
        for story in section.stories:
            number += 1
            lines += ["", *_story(story, number, phrases)]
    if view.more and view.whole:
        lines += ["", "", *wrapped(view.more + phrases.say("colon").rstrip()), view.whole]
    if view.rest:
        lines += [*_heading(phrases.say("rest")), ""]
        for story in view.rest:
            lines += _pointer(story)
    if view.bulk:
        lines += _heading(phrases.say("bulk title"))
        for sentence in view.bulk:
            lines += ["", *wrapped(sentence)]
    lines += ["", "", "-" * _COLUMNS, *_watching(view.watching, phrases)]
    for note in (view.note, *view.notes):
        lines += ["", *wrapped(note)] if note else []
    if view.leaving:
        lines += [""]
        lines += wrapped(view.leaving.said) if view.leaving.by_mail else [
            phrases.label("unsubscribe", view.leaving.url)
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def wrapped(text: str, *, first: str = "", then: str = "") -> list[str]:
    """Returns the text in lines of at most 72 characters; the first begins with `first`, the others with `then`."""
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=True,
        break_on_hyphens=False,
    )


def _heading(title: str) -> list[str]:
    lines = wrapped(title.upper())
    return ["", "", *lines, "=" * min(_COLUMNS, max(map(len, lines), default=0))]


def _story(story: Story, number: int, phrases: Phrases) -> Iterator[str]:
    first = f"{number}. "
    then = " " * len(first)
    tags = "".join(f"[{tag.words}] " for tag in story.tags)
    yield from wrapped(tags + story.headline, first=first, then=then)
    if story.about:
        yield from wrapped(" · ".join(story.about), first=then, then=then)
    if story.url:
        yield then + story.url
    if story.withdrawal:
        yield ""
        yield from wrapped(story.withdrawal, first=then, then=then)
    if story.changed:
        yield ""
        for said in changes_of(story.changed, phrases):
            yield from wrapped(said, first=then, then=then + "  " * said.startswith("- "))
    if story.quote:
        yield ""
        marked = _marked(story.quote)
        said = marked if story.quote.quotes else phrases.say("quoted", text=marked)
        yield from wrapped(said, first=then, then=then)
    details = list(_details(story, then, phrases))
    if details and (story.quote or story.changed or story.withdrawal):
        yield ""
    yield from details


def _details(story: Story, then: str, phrases: Phrases) -> Iterator[str]:
    if story.terms:
        terms = ", ".join(f"*{term}*" for term in story.terms)
        yield from wrapped(phrases.label("why", terms), first=then, then=then)
    if story.topics:
        key = "topics of a recall" if story.recalls else "topics"
        yield from wrapped(phrases.label(key, ", ".join(story.topics)), first=then, then=then)
    if story.partial:
        yield from wrapped(phrases.say("partial"), first=then, then=then)
    if story.release:
        said = story.release.label + phrases.say("colon") + story.release.headline
        yield from wrapped(said, first=then, then=then)
        if story.release.url:
            yield then + story.release.url
    for carriers in story.carriers:
        yield from _carriers(carriers, then, phrases)
    if story.others:
        yield from wrapped(story.others, first=then, then=then)


def changes_of(changed: Changed, phrases: Phrases) -> Iterator[str]:
    """Yields what an update changed, one thing a line; words that were replaced begin with "- "."""
    if changed.reasons:
        said = f"{phrases.say('changed')} – {changed.reasons}"
        pairs = [_pair(pair, phrases) for pair in changed.pairs]
        if len(pairs) == 1 and not changed.more:
            yield said + phrases.say("colon") + pairs[0]
        else:
            yield said + (phrases.say("colon").rstrip() if pairs else "")
            yield from (f"- {pair}" for pair in pairs)
            if changed.more:
                yield f"- {phrases.say('more changes', n=changed.more)}"
    for key, words in (("earlier headline", changed.earlier), ("correction note", changed.note)):
        if words:
            yield phrases.label(key, phrases.say("quoted", text=words))


def _pair(pair: Pair, phrases: Phrases) -> str:
    key = "pair" if pair.before and pair.after else "pair came" if pair.after else "pair went"
    return phrases.say(key, before=pair.before, after=pair.after)


def _carriers(carriers: Carriers, then: str, phrases: Phrases) -> Iterator[str]:
    yield f"{then}{carriers.label}{phrases.say('colon')}".rstrip()
    for carrier in carriers.listed:
        yield from _carrier(carrier, then)
    if carriers.more:
        yield f"{then}- {phrases.say('more carriers', n=carriers.more)}"


def _carrier(carrier: Carrier, then: str) -> Iterator[str]:
    language = f" ({carrier.language})" if carrier.language else ""
    yield from wrapped(carrier.publisher + language, first=f"{then}- ", then=f"{then}  ")
    if carrier.url:
        yield f"{then}  {carrier.url}"


def _pointer(story: Story) -> Iterator[str]:
    tags = "".join(f"[{tag.words}] " for tag in story.tags)
    yield from wrapped(" · ".join((tags + story.headline, *story.about)), first="- ", then="  ")
    if story.url:
        yield f"  {story.url}"


def _watching(watching: Watching, phrases: Phrases) -> Iterator[str]:
    yield from wrapped(phrases.label("coverage", watching.summary))
    for doubt in watching.doubts:
        said = f"{doubt.text} ({doubt.error})" if doubt.error else doubt.text
        yield from wrapped(said, first="- ", then="  ")
    if watching.watched:
        yield ""
        yield phrases.say("watched") + phrases.say("colon").rstrip()
        for watch in watching.watched:
            yield from wrapped(watch.name + phrases.say("colon") + watch.read, first="- ", then="  ")
        if watching.more_watched:
            yield from wrapped(watching.more_watched, first="- ", then="  ")


def _marked(quote: Quote) -> str:
    term = f"*{quote.term}*" if quote.term else ""
    return f"{quote.before}{term}{quote.after}".strip()
