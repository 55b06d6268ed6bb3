"""The query language of forms: from what an operator wrote to the words it stands for, and where they stand in a text.

A form is a phrase in quotation marks (`"Roxham Road"`), a single word (`Roxham`) or a hashtag (`#RoxhamRoad`). Case and
accents do not count, a hyphen is a space, and words match whole: `Roxham` is not in "Wroxham". What the full language
will mean by operators, wildcards and fields is refused until it means it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.text import folded_words, words


class QueryError(ValueError):
    """A form cannot be read; the message says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that must stand side by side; a hashtag's one word must follow a number sign."""

    words: tuple[str, ...]
    hashtag: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a phrase stands in a text: which one, and from which character to which (end exclusive)."""

    phrase: int
    start: int
    end: int


_QUOTES = str.maketrans("“”„«»", '"' * 5)
_OPERATOR = re.compile(r"(?:AND|OR|NOT|ET|OU|SAUF|NEAR(?:/\d+)?)\Z")
_FIELD = re.compile(r"(?:title|text|source|publisher|lang|agency):")


def parse(form: str) -> Phrase:
    """Returns the phrase that a form stands for.

    Raises:
        QueryError: the form is empty, or uses what this version does not know.
    """
    written = form.strip()
    body = written.translate(_QUOTES)
    if len(body) >= 2 and body[0] == body[-1] == '"':
        inner = body[1:-1]
        if '"' in inner:
            raise QueryError("quotation marks inside a phrase; write each phrase as a form of its own")
        return _phrase(inner, written)
    if '"' in body:
        raise QueryError("unbalanced quotation marks; write the whole phrase in quotation marks")
    if body.startswith("#"):
        tag = words(body[1:])
        if len(tag) != 1 or (tag[0].start, tag[0].end) != (0, len(body) - 1):
            raise QueryError("a hashtag is one word after #, such as #RoxhamRoad")
        return Phrase(words=(tag[0].folded,), hashtag=True)
    parts = body.split()
    _refuse_what_is_to_come(body)
    if len(parts) > 1:
        raise QueryError(f'several words without quotation marks; write "{written}" to find them side by side')
    return _phrase(body, written)


def _refuse_what_is_to_come(bare: str) -> None:
    """Raises QueryError where words outside quotation marks hold what the full language will give a meaning."""
    parts = bare.split()
    if any(_OPERATOR.match(part) or _FIELD.match(part) for part in parts) or any(sign in bare for sign in "()*=|&~"):
        raise QueryError(
            "operators, wildcards and fields are not known yet; "
            f'write each phrase as a form of its own, in quotation marks: "{_suggestion(bare)}"'
        )


def _suggestion(body: str) -> str:
    kept = [part for part in re.split(r"[\s()*=|&~:]+", body) if part and not _OPERATOR.match(part)]
    return " ".join(kept) or "Roxham Road"


def _phrase(inner: str, written: str) -> Phrase:
    found = tuple(word.folded for word in words(inner))
    if not found:
        raise QueryError(f"{written or 'an empty form'} holds no word to look for")
    return Phrase(words=found)


def check_form(form: str) -> str | None:
    """Returns what is wrong with a form, or None."""
    try:
        parse(form)
    except QueryError as error:
        return str(error)
    return None


class Phrases:
    """Many phrases, compiled to be looked for together: the cost of a text hardly depends on their number."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._by_first: dict[str, list[tuple[int, Phrase]]] = {}
        for number, phrase in enumerate(phrases):
            self._by_first.setdefault(phrase.words[0], []).append((number, phrase))

    def find(self, text: str) -> Iterable[Span]:
        """Yields every place where a phrase stands in `text`, in the order of the text."""
        by_first = self._by_first
        if by_first.keys().isdisjoint(folded_words(text)):
            return
        in_text = words(text)
        for place, word in enumerate(in_text):
            if word.folded not in by_first:
                continue
            for number, phrase in by_first[word.folded]:
                last = place + len(phrase.words) - 1
                if last >= len(in_text):
                    continue
                if any(in_text[place + i].folded != want for i, want in enumerate(phrase.words)):
                    continue
                if phrase.hashtag and (word.start == 0 or text[word.start - 1] != "#"):
                    continue
                yield Span(phrase=number, start=word.start, end=in_text[last].end)


def search_phrases(query: str) -> tuple[Phrase, ...]:
    """Returns what a search asks for: every word and every "phrase" of it, all of which must stand in an article.

    Raises:
        QueryError: the query holds no word, a quotation mark too few, or what this version does not know.
    """
    body = query.translate(_QUOTES)
    if body.count('"') % 2:
        raise QueryError("unbalanced quotation marks; write the whole phrase in quotation marks")
    phrases: list[Phrase] = []
    for number, part in enumerate(body.split('"')):
        found = [word.folded for word in words(part)]
        if number % 2:
            phrases += [Phrase(words=tuple(found))] if found else []
        else:
            _refuse_what_is_to_come(part)
            phrases += [Phrase(words=(word,)) for word in found]
    if not phrases:
        raise QueryError(f"{query!r} holds no word to look for")
    return tuple(dict.fromkeys(phrases))


def to_fts5(phrases: Sequence[Phrase]) -> str:
    """Returns the FTS5 query that finds the articles holding all these phrases."""
    return " AND ".join('"' + " ".join(phrase.words) + '"' for phrase in phrases)
