"""Which lines of a text are the story: up to the credit line, without boilerplate and captions; for pages and feeds.

The agency's own sentence ("This report by The Canadian Press was first published …") ends the story, and so does a
sign-off ("Anne Exemple, La Presse Canadienne") under which only headlines or little else stand. A credit above the
story ends nothing.

    text before the credit              text after it                                     the credit
    300 characters or more              whatever                                          ends the story
    two sentences, or a dateline        whatever                                          ends the story
    one sentence                        opens with a dateline, or is twice as long        stands above it
                                        and reads like a story
    one sentence                        anything else                                     ends the story
    none                                whatever                                          stands above it
"""

import re
from collections.abc import Sequence

from monitor.extract.agencies import copyright_line, credit_sentence, sign_off
from monitor.extract.boilerplate import heads_comments, heads_related, is_boilerplate
from monitor.extract.datelines import opens_a_story
from monitor.extract.notes import is_note
from monitor.extract.photos import captions_below, is_photo_credit, shows_a_picture, without_photo

_NAME_LINE = re.compile(r"[-—– ]*(?:(?:[A-ZÀ-ÖØ-Þ][\w'’.-]*+|and|et|de|in)(?:[ ,]++|\Z)){1,6}")
_ENDED = re.compile(r"[.!?…][\"'’”»)\]\s]*\Z")
_BREAK = re.compile(r"(\n+)")
_PROVIDED = re.compile(r"© Provided by .{1,60}")
_CUE = re.compile(r"(?:watch|listen|video|vidéo|regardez|écoutez)\s*:", re.IGNORECASE)
_ENOUGH = 300  # characters: so much text is no headline and no deck
_STORY = 200  # characters: less under a credit is no story
_SENTENCE = 15  # characters: shorter ones are furniture ("Posted today.")
_SIGNERS = 4  # lines under a credit in which its authors sign


def story(text: str) -> str:
    """Returns a feed's text without what is no line of the story; line and paragraph breaks stay."""
    pieces = _BREAK.split(text)
    pieces[::2] = until_credit(told_lines(pieces[::2]))
    kept = "".join(pieces).strip()
    return kept if kept or not _CUE.match(text) else text  # all that an item with a video says


def told_lines(lines: Sequence[str]) -> list[str]:
    """Returns as many lines, empty where they tell nothing of the story.

    These are boilerplate, captions (also where their credit is a line of its own), the headlines under a last heading
    such as "Related stories", and what readers wrote: less than the story, under a heading such as "(3) comments".
    """
    kept = [line_of_story(line) for line in lines]
    last = next((number for number in range(len(kept) - 1, -1, -1) if _is_sentence(kept[number])), len(kept))
    for number, line in enumerate(lines):
        if is_photo_credit(line) or _PROVIDED.fullmatch(line):
            above = next((n for n in range(number - 1, max(number - 4, -1), -1) if kept[n]), None)
            below = next((n for n in range(number + 1, min(number + 3, len(lines))) if lines[n]), None)
            if above is not None and shows_a_picture(kept[above]):
                kept[above] = ""
            elif below is not None and captions_below(line, lines[below]):
                kept[below] = ""
        elif line and not kept[number] and heads_related(line) and last < number:
            return kept[:number] + [below if _belongs(below) else "" for below in kept[number:]]
    return _without_comments(lines, kept)


def _without_comments(lines: Sequence[str], kept: list[str]) -> list[str]:
    before, whole = 0, _size(kept)
    for number, line in enumerate(lines):
        if heads_comments(line) and _ENOUGH <= before > whole - before:
            return kept[:number] + [below if _belongs(below) else "" for below in kept[number:]]
        before += len(kept[number])
    return kept


def line_of_story(line: str) -> str:
    """Returns a line without photo credit and caption; empty where it is boilerplate."""
    line = without_photo(line)
    return "" if is_boilerplate(line) else line


def until_credit(lines: Sequence[str]) -> list[str]:
    """Returns as many lines, those after the story's credit empty; sign-offs and notes of correction stay."""
    found = story_end(lines)
    if found is None:
        return list(lines)
    number, end = found
    line, rest = lines[number][:end], lines[number][end:].strip()
    kept = [*lines[:number], f"{line.rstrip()} {rest}" if _belongs(rest) else line.rstrip()]
    signers = _SIGNERS
    for below, line in enumerate(lines[number + 1 :], number + 1):
        signers -= bool(line)
        name = len(line) < 50 and _NAME_LINE.fullmatch(line) and sign_off(next(filter(None, lines[below + 1 :]), ""))
        stays = is_note(line) or (signers >= 0 and (name or sign_off(line)))
        kept.append(line if stays else "")
    return kept


def story_end(lines: Sequence[str]) -> tuple[int, int] | None:
    """Returns the line whose credit ends the story, and where in it the credit ends; None where none does."""
    for number, line in enumerate(lines):
        span = credit_sentence(line)
        if span and _ends_here([*lines[:number], line[: span.start]], [line[span.end :], *lines[number + 1 :]]):
            return number, span.end
    signed = [number for number, line in enumerate(lines) if sign_off(line) or copyright_line(line)]
    for number in signed[-_SIGNERS:]:
        if _signed_here(lines[:number], lines[number + 1 :]):
            return number, len(lines[number])
    return None


def _ends_here(before: Sequence[str], after: Sequence[str]) -> bool:
    if _size(before) >= _ENOUGH or _ENDED.search(before[-1]):  # or it stands right behind a sentence
        return True
    told = [line for line in before if _is_sentence(line) and not credit_sentence(line)]
    if len(told) != 1 or opens_a_story(told[0]):
        return bool(told)
    rest = [line for line in after if line.strip() and not _belongs(line)]
    if any(opens_a_story(line) for line in rest[:3]):
        return False
    headlines = sum(not _is_sentence(line) for line in rest)
    return (
        not rest
        or not _is_sentence(rest[0])
        or 3 * headlines >= len(rest)
        or _size(rest) < max(_STORY, 2 * _size(before))
    )


def _signed_here(before: Sequence[str], after: Sequence[str]) -> bool:
    rest = [line for line in after if line and not _belongs(line)]
    if not rest or not any(_is_sentence(line) for line in before) or any(opens_a_story(line) for line in rest):
        return False
    return not any(_is_sentence(line) for line in rest) or _size(before) >= 2 * _size(rest)


def _belongs(line: str) -> bool:
    return bool(is_note(line) or sign_off(line))


def _is_sentence(line: str) -> bool:
    return len(line) >= _SENTENCE and _ENDED.search(line) is not None


def _size(lines: Sequence[str]) -> int:
    return sum(map(len, lines))
