"""A digest as one JSON document, for programs: docs/channels.md says what each field means."""

import json
from datetime import UTC, datetime
from typing import Any

from monitor.digest.changed import changed
from monitor.digest.interest import is_living
from monitor.digest.matched import quote, terms
from monitor.digest.plainly import headline_of, publisher_of, safe_url
from monitor.digest.story import kind, link, told_headline
from monitor.digest.taken import withdrawal
from monitor.digest.view import title_of
from monitor.digest.wording import Phrases
from monitor.text import one_line
from monitor.types import Change, Coverage, Digest, Kept, Line

Json = dict[str, Any]


def document(digest: Digest, *, message_id: str, subject: str) -> bytes:
    """Returns the document as UTF-8: every story, whatever the cap. Times are ISO 8601 in UTC, unknown is null."""
    phrases = Phrases(digest.subscription.language)
    said = {
        "digest": digest.subscription.id,
        "title": title_of(digest),
        "language": phrases.language,
        "subject": subject,
        "message_id": message_id,
        "to": digest.reader,
        "slot": digest.slot.name,
        "composed_at": _when(digest.composed_at),
        "since": _when(digest.since),
        "stories": [_safely(line, phrases) for line in digest.lines],
        "bulk": [{"source": bulk.source_id, "stories": bulk.stories} for bulk in digest.bulk],
        "more_pickups": digest.more_pickups,
        "coverage": {
            "watched": digest.watched,
            "complete": not digest.coverage,
            "doubtful": [_coverage(source) for source in digest.coverage],
        },
    }
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def _safely(line: Line, phrases: Phrases) -> Json:
    """A story in full; one that cannot be told so by its headline and address."""
    told: Json = dict.fromkeys(_FIELDS)
    try:
        told |= {"story": line.story_id, "article": line.article.id, "version": line.article.version}
        told |= {"headline": headline_of(line.article, phrases), "url": safe_url(line.article.url)}
        told |= {"relation": kind(line), "topics": list(line.topic_ids)}
        return told | _story(line, phrases)
    except Exception:  # noqa: BLE001 - whatever is odd about one article, the others are still told
        return told


_FIELDS = (
    "story",
    "article",
    "version",
    "relation",
    "topics",
    "headline",
    "url",
    "publisher",
    "language",
    "published_at",
    "updated_at",
    "official",
    "mention",
    "partial",
    "terms",
    "sentence",
    "change",
    "withdrawn_by",
    "carriers",
)


def _story(line: Line, phrases: Phrases) -> Json:
    article, sentence = line.article, quote(line)
    return {
        "headline": told_headline(line, phrases),
        "url": link(line),
        "publisher": publisher_of(article),
        "language": article.language,
        "published_at": _when(article.published_at),
        "updated_at": _when(article.updated_at),
        "official": article.official,
        "mention": line.mention,
        "partial": article.partial,
        "terms": list(terms(line)),
        "sentence": None if sentence is None else sentence.sentence,
        "change": None if line.change is None else _change(article, line.change, phrases),
        "withdrawn_by": list(withdrawal(line).who) if withdrawal(line).taken else None,
        "carriers": [
            {
                "article": carrier.id,
                "publisher": publisher_of(carrier),
                "headline": headline_of(carrier, phrases),
                "url": safe_url(carrier.url),
                "language": carrier.language,
                "official": carrier.official,
                "new": not (line.updated or line.withdrawn) or carrier.id in line.fresh,
                "withdrawn": carrier.withdrawn,
            }
            for carrier in line.carriers
            if carrier.withdrawn or is_living(carrier)  # a notice carries no story
        ],
    }


def _change(article: Kept, change: Change, phrases: Phrases) -> Json:
    said = changed(article, change, phrases, note=True)
    return {
        "reasons": [reason.value for reason in change.reasons],
        "replaced": [{"before": one_line(r.before), "after": one_line(r.after)} for r in change.replaced],
        "note": said.note,
    }


def _coverage(source: Coverage) -> Json:
    return {
        "source": source.source_id,
        "name": one_line(source.name),
        "last_good_at": _when(source.last_good_at),
        "failing": source.failing,
        "error": one_line(source.error) if source.error else None,
        "partial": source.partial,
        "overran_at": _when(source.overran_at),
        "quiet_since": _when(source.quiet_since),
        "gaps": [{"since": _when(gap.since), "until": _when(gap.until)} for gap in source.gaps],
    }


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
