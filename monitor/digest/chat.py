"""A digest as a short text for chat services: a title line, a blank line, headlines with their links."""

from collections.abc import Iterator

from monitor.digest.plainly import shortened
from monitor.digest.story import Story
from monitor.digest.view import View
from monitor.digest.wording import Phrases

_LONGEST = 3500  # characters: the services take 2,000 to 4,096, and what relays between cuts
_HEADLINE = 160


def chat(view: View, *, subject: str, whole: str | None) -> tuple[str, bool]:
    """Returns the text, and whether stories had to be left out; then their number is said, and where `whole` has them.

    What takes back or corrects what was told stands first, and is left out last.
    """
    phrases = Phrases(view.language)
    stories = [story for section in view.sections for story in section.stories]
    items = [_story(story, phrases) for story in (*stories, *view.rest)]
    ending = [*view.bulk, *([view.watching.summary] if not view.watching.complete or not items else [])]
    room = _LONGEST - len("\n\n".join(ending)) - 200  # for the line that says how many are left out
    shown: list[str] = []
    for item in items:
        if sum(len(each) + 2 for each in shown) + len(item) > room:
            break
        shown.append(item)
    left = len(items) - len(shown) + (view.beyond - len(view.rest))
    if left:
        more = phrases.say("and more", more=phrases.count("more stories", left))
        shown.append(f"{more}{phrases.say('colon')}{whole}" if whole else more)
    body = "\n\n".join([*shown, *ending])
    return f"{subject}\n\n{shortened(body, _LONGEST)}\n", left > 0


def _story(story: Story, phrases: Phrases) -> str:
    return "\n".join(_lines(story, phrases))


def _lines(story: Story, phrases: Phrases) -> Iterator[str]:
    tags = "".join(f"[{tag.words}] " for tag in story.tags)
    yield f"{tags}{shortened(story.headline, _HEADLINE)} – {story.about[0]}" if story.about else tags + story.headline
    if story.withdrawal:
        yield story.withdrawal
    if story.changed and story.changed.reasons:
        pair = next(iter(story.changed.pairs), None)
        words = "" if pair is None or not (pair.before and pair.after) else phrases.say("colon") + phrases.say(
            "pair", before=pair.before, after=pair.after
        )  # fmt: skip
        yield f"{phrases.say('changed')} – {story.changed.reasons}{words}"
    if story.url:
        yield story.url
