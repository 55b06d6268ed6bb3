"""The story alone, as stories are compared: no word that a carrier, an editor or a reader set around it.

A text as `Article.text` holds it still says who wrote it, where, and what was corrected. The body does not: it holds
neither headline, labels, bylines, datelines and time stamps over the story, nor credits, sign-offs, notes, contacts,
comments and headlines under it, nor what stands twice (a summary, or a lead before and after a paywall's box).

| what | how it is told |
|---|---|
| credit, sign-off, note, byline, stamp | by its words, wherever it stands (agencies.py, notes.py, furniture.py) |
| what follows the credit that ends the story | by its place (lines.py) |
| what stands over the story | a line that is no sentence, before the first sentence; all before an early dateline |
| headlines under the story | up to four short lines that are no sentences, under the last sentence |
| what stands twice | a summary that the next paragraphs begin with; a paragraph of eight words or more seen before |

Where no line is a sentence, lines are judged by their words alone. All of it depends on the text, its headline and its
language only, so that a text kept earlier can be prepared again.
"""

import re
from collections.abc import Sequence
from itertools import islice

from monitor.extract.agencies import credit_sentence
from monitor.extract.datelines import opens_a_story, without_dateline
from monitor.extract.furniture import asks_as_a_headline, heads_contacts, is_furniture
from monitor.extract.lines import story_end, told_lines
from monitor.extract.notes import inline_note, note_lines
from monitor.extract.repair import mend_mojibake, unscramble_lines
from monitor.text import clean, fold, folded_words

_LONGEST = 400_000  # characters, as `Article.text`
_ROUNDS = 12  # what one rule leaves may be another's business; two do for nearly every text
_BREAK = re.compile(r"(\n+)")
_ENDED = re.compile(r"[.!?…][\"'’”»)\]\s]*\Z")
_HEAD = 12  # lines over a story
_HEAD_SIZE = 600  # characters before a dateline that still stand over the story
_LABEL = 120  # characters of a line that is no sentence
_TAIL = 4  # headlines under a story; more are a list of its own
_TWICE = 8  # words: shorter paragraphs may come back
_SUMMARY = 6  # words
_DISTINCT = 10  # characters: lines that begin differently say nothing twice
_SUMMARIES = 4  # lines among which a summary stands
_AHEAD = 8  # lines after it in which the story begins
_CONTACTS = 1500  # characters
_NARROW, _WIDE = 45, 100  # characters of a line that was wrapped
_DECKS = 2  # sentences that may stand over a dateline: a caption, a deck


def body(text: str | None, *, title: str | None, language: str | None) -> str | None:
    """Returns the story that a text holds, paragraphs parted by a blank line; None where it holds none.

    `title` is the headline, which is no part of it; `language` the text's (ISO 639-1): only French copy opens with a
    place in brackets. Raises nothing; of a longer text the first 400,000 characters count. Idempotent.
    """
    told = clean((text or "")[:_LONGEST])
    headline = tuple(folded_words(title or ""))
    for _ in range(_ROUNDS):
        before, told = told, _prepared(told, headline, brackets=language != "en")
        if told == before:
            break
    return told or None


def _prepared(text: str, headline: tuple[str, ...], *, brackets: bool) -> str:
    mended = unscramble_lines(mend_mojibake(text))
    pieces = _BREAK.split(_unwrapped(text if mended == text else clean(mended)))
    told = pieces[::2]
    lines = _without_furniture(_until_the_end(told_lines(told)))
    lines = _without_contacts(lines)
    lines = _without_cut_end(lines, brackets=brackets)
    lines = _without_head(lines, headline, brackets=brackets)
    lines = _without_tail(lines)
    lines = _said_once(lines)
    lines = [without_dateline(line, brackets=brackets) for line in lines]
    if lines == told:
        return "".join(pieces)
    pieces[::2] = lines
    return _joined(pieces)


def _unwrapped(text: str) -> str:
    """Puts the lines of mails and plain feeds, broken after some seventy characters, together to paragraphs."""
    if "\n" not in text.replace("\n\n", ""):
        return text
    parts = [part.split("\n") for part in text.split("\n\n")]
    wrapped = [len(lines) > 1 and all(_NARROW <= len(line) <= _WIDE for line in lines[:-1]) for lines in parts]
    goes_on = [line[:1].islower() for lines, is_so in zip(parts, wrapped, strict=True) if is_so for line in lines[1:]]
    if 3 * sum(goes_on) < len(goes_on):  # capitals begin most lines: headlines, not sentences that go on
        return text
    return "\n\n".join((" " if is_so else "\n").join(lines) for lines, is_so in zip(parts, wrapped, strict=True))


def _joined(pieces: Sequence[str]) -> str:
    """Puts lines and breaks together again: two breaks that only a dropped line parted become one."""
    text, gap = [], 0
    for number, piece in enumerate(pieces):
        if number % 2:
            gap = max(gap, len(piece))
        elif line := piece.strip():
            text.append("\n\n" if gap > 1 else "\n" if gap else "")
            text.append(line)
            gap = 0
    return clean("".join(text))


def _until_the_end(lines: list[str]) -> list[str]:
    """Returns the lines up to the credit that ends the story, which goes too, wherever else it stands."""
    end = story_end(lines)
    if end is not None:
        number, place = end
        lines = [*lines[:number], lines[number][:place], *("" for _ in lines[number + 1 :])]
    kept = []
    for line in lines:
        if (sentence := credit_sentence(line)) is not None:
            line = f"{line[: sentence.start].rstrip(' *_(–—-')} {line[sentence.end :].lstrip(' *_)')}".strip()
        if (note := inline_note(line)) is not None:
            line = line[:note].rstrip()
        kept.append(line)
    return kept


def _without_furniture(lines: list[str]) -> list[str]:
    notes = note_lines(lines)
    return ["" if number in notes or is_furniture(line) else line for number, line in enumerate(lines)]


def _without_contacts(lines: list[str]) -> list[str]:
    """Drops whom to ask about a release: from such a heading on, where less stands under it than over it."""
    before, whole = 0, sum(map(len, lines))
    for number, line in enumerate(lines):
        below = whole - before
        if below <= _CONTACTS and before >= below and heads_contacts(line):
            return [*lines[:number], *("" for _ in lines[number:])]
        before += len(line)
    return lines


def _without_cut_end(lines: list[str], *, brackets: bool) -> list[str]:
    """Drops a last line that a feed cut, where it only begins to say again what stands whole above it."""
    told = [number for number, line in enumerate(lines) if line]
    if len(told) < 2 or _is_told(lines[told[-1]]):
        return lines
    cut = tuple(folded_words(without_dateline(lines[told[-1]], brackets=brackets)))
    if len(cut) < _SUMMARY:
        return lines
    for number in told[:_SUMMARIES]:
        whole = tuple(folded_words(without_dateline(lines[number], brackets=brackets)))
        if number == told[-1] or len(whole) < len(cut) or whole[: len(cut) - 1] != cut[:-1]:
            continue
        if whole[len(cut) - 1].startswith(cut[-1]):
            return [*lines[: told[-1]], "", *lines[told[-1] + 1 :]]
    return lines


def _without_head(lines: list[str], headline: tuple[str, ...], *, brackets: bool) -> list[str]:
    """Drops what stands over the story: all before an early dateline, else what is no sentence."""
    lines = list(lines)
    told = list(islice((number for number, line in enumerate(lines) if line), _HEAD))
    opens = next((n for n in told if opens_a_story(lines[n], brackets=brackets)), None)
    if opens is not None:
        above = [line for line in lines[:opens] if line]
        if sum(map(len, above)) <= _HEAD_SIZE and sum(map(_is_told, above)) <= _DECKS:
            lines[:opens] = [""] * opens
    for number in told[:_AHEAD]:
        if headline and lines[number] and tuple(folded_words(lines[number])) == headline:
            lines[number] = ""
    if not any(_ENDED.search(line) for line in lines):
        return lines
    for number in told:
        line = lines[number]
        if line and (_is_told(line) or len(line) > _LABEL or opens_a_story(line, brackets=brackets)):
            break
        lines[number] = ""
    return lines


def _is_told(line: str) -> bool:
    return _ENDED.search(line) is not None or line.endswith((":", ",", ";"))


def _without_tail(lines: list[str]) -> list[str]:
    """Drops the headlines under the last sentence: a story ends with a sentence."""
    tail: list[int] = []
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if not line:
            continue
        if (_is_told(line) and not asks_as_a_headline(line)) or len(line) > _LABEL:
            if line.endswith((":", ",", ";")) or len(tail) > _TAIL or not _ENDED.search(line):
                return lines
            break
        tail.append(number)
    else:
        return lines
    return [line if number not in tail else "" for number, line in enumerate(lines)]


def _said_once(lines: list[str]) -> list[str]:
    """Drops paragraphs that stood before, and a summary with which the paragraphs after it begin."""
    lines = list(lines)
    told = [number for number, line in enumerate(lines) if line]
    if len({fold(without_dateline(lines[number])[:_DISTINCT]) for number in told}) == len(told):
        return lines
    keys = {number: tuple(folded_words(without_dateline(lines[number]))) for number in told}
    for place, number in enumerate(told[:_SUMMARIES]):
        if _is_summary(keys[number], [keys[other] for other in told[place + 1 : place + 1 + _AHEAD]]):
            lines[number] = ""
    seen = set()
    for number in told:
        key = keys[number]
        if not lines[number] or len(key) < _TWICE:
            continue
        if key in seen:
            lines[number] = ""
        seen.add(key)
    return lines


def _is_summary(words: tuple[str, ...], after: Sequence[tuple[str, ...]]) -> bool:
    """Says whether later paragraphs, one after the other, begin with all the words; the last may be cut."""
    if len(words) < _SUMMARY:
        return False
    for first in range(len(after)):
        if after[first][:1] != words[:1]:
            continue
        running = tuple(islice((word for key in after[first:] for word in key), len(words)))
        if (
            len(running) == len(words)
            and running[:-1] == words[:-1]
            and running[-1].startswith(words[-1])
            and len(after[first]) >= _SUMMARY
        ):
            return True
    return False
