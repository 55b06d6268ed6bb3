"""Freezing: the answer to a search as a manifest."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.archive import Archive
from monitor.citing import sha256
from monitor.corpus.manifest import HASH_LINE, SCHEMA
from monitor.export import Plan, Watched, when
from monitor.types import Kept

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezing:
    """What a manifest says of itself."""

    name: str
    plan: Plan
    newest_entry: int
    topics_sha256: str  # of topics.yaml as it was taken


def freeze(archive: Archive, freezing: Freezing) -> Iterator[str]:
    """Yields the lines of a manifest: the articles that the plan wants, as they are now."""
    digest = hashlib.sha256()
    for text in _lines(archive, freezing):
        digest.update(f"{text}\n".encode())
        yield f"{text}\n"
    yield f'{HASH_LINE}{digest.hexdigest()}"\n}}\n'


def _lines(archive: Archive, freezing: Freezing) -> Iterator[str]:
    plan = freezing.plan
    said = plan.says()
    about = said | {
        "schema": SCHEMA,
        "name": freezing.name,
        "timezone": plan.holder.timezone,
        "query": said["filters"].pop("query", None),
        "newest_entry": freezing.newest_entry,
        "topics_sha256": freezing.topics_sha256,
    }
    yield f'{{"about":{_canonical(about)},'
    yield '"articles":['
    count = {"articles": 0, "erased": 0, "withdrawn": 0}
    first: datetime | None = None
    held: str | None = None
    for article in archive.articles(plan.wanted):
        first = first or article.first_seen_at
        count["articles"] += 1
        count["erased"] += article.text is None
        count["withdrawn"] += article.withdrawn
        if held is not None:
            yield f"{held},"
        held = _canonical(_entry(article))
    if held is not None:
        yield held
    yield "],"
    yield f'"count":{_canonical(count)},'
    yield from _coverage(plan, first)


def _entry(article: Kept) -> Json:
    return {
        "id": article.id,
        "url": article.url,
        "version": article.version,
        "title_sha256": sha256(article.title),
        "text_sha256": None if article.text is None else sha256(article.text),
        "erased": article.text is None,
        "withdrawn": article.withdrawn,
    }


def _coverage(plan: Plan, first: datetime | None) -> Iterator[str]:
    """Says how the sources were watched over the time of the corpus: from its first article on, or as it was asked."""
    since = plan.wanted.since or first or plan.made_at
    until = min(plan.wanted.until or plan.made_at, plan.made_at)
    yield '"coverage":{"sources":['
    sources = [_canonical(each) for each in watching(plan.watched, plan.wanted.sources, since, until)]
    yield from (f"{each}," for each in sources[:-1])
    yield from sources[-1:]
    yield f'],"time":{_canonical({"since": when(since), "until": when(until)})}}},'


def watching(watched: Watched, sources: Sequence[str], since: datetime, until: datetime) -> Iterator[Json]:
    """Yields for each source (of these, or all) its first visit and the spans of that time it was watched in."""
    for source_id, watch in sorted(watched.items()):
        if sources and source_id not in sources:
            continue
        yield {
            "source": source_id,
            "first_visit_at": when(watch.first_visit_at),
            "spans": [
                [when(max(span.since, since)), when(min(span.until, until))]
                for span in watch.spans
                if span.until > since and span.since < until
            ],
        }


def _canonical(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
