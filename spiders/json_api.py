"""Reads what an API answers in JSON; where in it the items and their parts are, the source's options say."""

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from scrapy.http import Response

from monitor.errors import FormatError
from monitor.text import one_line
from monitor.types import Found, Source, SourceState
from spiders import document, trouble
from spiders.base import Follow, SourceSpider
from spiders.dates import when
from spiders.options import JsonApiOptions

_ENOUGH = 5  # items that must all lack a part before its path is doubted
_PARTS = ("guid", "title", "summary", "content", "authors", "published", "updated", "language", "publisher")
_BRACES = re.compile(r"\{([^{}]+)\}")
_SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?")
_MILLISECONDS = re.compile(r"\d{12,13}")
_NAMED_KEYS = 12  # in a message


class JsonApiSpider(SourceSpider):
    """Any API that answers with a list of items, page after page."""

    name = "json_api"
    accept: ClassVar[str] = "application/json, */*;q=0.5"

    def find(self, response: Response, source: Source, state: SourceState) -> Iterator[Found | Follow]:
        options = source.options
        if not isinstance(options, JsonApiOptions):
            raise FormatError("the source's `options` have to say where in the answer the items are")
        answer = _answer(response)
        listed = _listed(answer, options.items)
        now = self.clock()
        lost = 0
        given = dict.fromkeys(_PARTS, 0)
        for item in listed:
            texts = _texts(item, options.url)
            url = document.absolute(response.url, texts[0] if texts else None)
            if url is None:
                lost += 1
                continue
            parts = {name: _texts(item, getattr(options, name) or ()) for name in _PARTS}
            for name, found in parts.items():
                given[name] += bool(found)
            yield _found(url, parts, options, now)
        page = response.meta.get("about") or 1
        if options.next is not None and page < options.pages and listed:
            further = _texts(answer, (options.next,))
            address = document.absolute(response.url, further[0] if further else None)
            if address is not None and address != response.url:
                yield Follow(address, page + 1)
        if lost:
            raise FormatError(_without_address(listed, lost, options.url))
        if len(listed) >= _ENOUGH:
            empty = [name for name in _PARTS if getattr(options, name) and not given[name]]
            if empty:
                paths = ", ".join(f"`{name}` ({' or '.join(getattr(options, name))})" for name in empty)
                raise FormatError(
                    f"none of its {len(listed)} items has {paths}: the API's shape changed, or the path is wrong"
                )


def _answer(response: Response) -> object:
    """Returns the JSON of an answer.

    Raises:
        FormatError: it is something else, broken, nested too deeply, or names a key twice (RFC 8259, 4: then nobody
            knows which one counts).
    """
    text = document.text_of(response)
    if not text.strip():
        raise FormatError("the answer is empty", status=response.status)
    if text.lstrip().startswith("<"):
        if trouble.blocked(response):
            raise FormatError("blocked by a firewall: its page came instead of JSON", status=response.status)
        raise FormatError(
            f"this is a <{(document.root_of(text) or '?')[:40]}> document, not JSON", status=response.status
        )
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError as error:
        raise FormatError("refused: the JSON is nested too deeply") from error
    except ValueError as error:
        raise FormatError(f"broken JSON: {error}") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise FormatError(f"broken JSON: an object has `{twice[:80]}` twice")
    return made


def _listed(answer: object, path: str | None) -> list[object]:
    """Returns the list of items.

    Raises:
        FormatError: there is none at the path.
    """
    here, walked = answer, "the answer"
    for key in path.split(".") if path else ():
        further = _step(here, key)
        if not further:
            raise FormatError(
                f"the API's answer has no `{path}` ({walked} {_kind(here)}): its shape changed, "
                "or the option `items` is wrong"
            )
        here, walked = further[0], f"`{key}`"
    if not isinstance(here, list):
        raise FormatError(
            f"the items are no list ({walked} {_kind(here)}): the API's shape changed, or the option `items` is wrong"
        )
    return here


def _kind(value: object) -> str:
    """Says of a value what helps to find the right path."""
    if isinstance(value, dict):
        if not value:
            return "is an empty object"
        names = [str(name)[:40] for name in list(value)[:_NAMED_KEYS]]
        return f"has: {', '.join(names)}{', …' if len(value) > _NAMED_KEYS else ''}"
    if isinstance(value, list):
        return f"is a list of {len(value)}"
    return "is nothing" if value is None else f"is {json.dumps(value)[:40]}"


def _without_address(listed: list[object], lost: int, url: tuple[str, ...]) -> str:
    paths = " or ".join(url)
    if lost < len(listed):
        return f"{lost} of its {len(listed)} items have no address at `{paths}`"
    return (
        f"none of its {lost} items has an address at `{paths}` (the first {_kind(listed[0])}): "
        "the API's shape changed, or the option `url` is wrong"
    )


def _step(value: object, key: str) -> list[object]:
    if key == "*":
        return list(value) if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if isinstance(value, dict):
        return [value[key]] if key in value else []
    if isinstance(value, list) and key.isascii() and key.isdecimal() and int(key) < len(value):
        return [value[int(key)]]
    return []


def _texts(value: object, field: tuple[str, ...]) -> list[str]:
    """Returns what the first path or text of a field yields that yields anything."""
    for piece in field:
        texts = _filled(value, piece) if "{" in piece else _at(value, piece)
        if texts:
            return texts
    return []


def _at(value: object, path: str) -> list[str]:
    values = [value]
    for key in path.split("."):
        values = [further for one in values for further in _step(one, key)]
    texts = (_text(one) for one in values)
    return [text for text in texts if text]


def _filled(value: object, template: str) -> list[str]:
    found = {path: _at(value, path) for path in _BRACES.findall(template)}
    if not all(found.values()):
        return []
    return [_BRACES.sub(lambda brace: ", ".join(found[brace[1]]), template)]


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _found(url: str, parts: Mapping[str, list[str]], options: JsonApiOptions, now: datetime) -> Found:
    summary = _markup(parts["summary"], plain="summary" not in options.markup)
    content = _markup(parts["content"], plain="content" not in options.markup)
    return Found(
        url=url,
        guid=next(iter(parts["guid"]), None),
        title=_line(parts["title"]),
        summary=None if summary == content else summary,
        content=content,
        authors=tuple(dict.fromkeys(name for text in parts["authors"] if (name := _line([text])))),
        publisher=_line(parts["publisher"]),
        speaks_for_many=bool(parts["publisher"]),
        language=document.language(next(iter(parts["language"]), None)),
        published_at=_moment(parts["published"], options.timezone, now),
        updated_at=_moment(parts["updated"], options.timezone, now),
    )


def _line(texts: list[str]) -> str | None:
    return one_line(html.unescape(", ".join(texts))) or None


def _markup(texts: list[str], *, plain: bool) -> str | None:
    """Returns texts as markup: what is plain is escaped, and its blank lines part paragraphs."""
    if not plain:
        return "\n".join(texts) or None
    paragraphs = [html.escape(each, quote=False) for text in texts for each in re.split(r"\n\s*\n", text)]
    return "".join(f"<p>{each}</p>" for each in paragraphs) if len(paragraphs) > 1 else next(iter(paragraphs), None)


def _moment(texts: list[str], zone: str, now: datetime) -> datetime | None:
    if not texts:
        return None
    text = texts[0]
    if _SECONDS.fullmatch(text) or _MILLISECONDS.fullmatch(text):
        seconds = float(text) / (1000 if _MILLISECONDS.fullmatch(text) else 1)
        return when(datetime.fromtimestamp(seconds, UTC).isoformat(), now)
    return when(text, now, ZoneInfo(zone))
