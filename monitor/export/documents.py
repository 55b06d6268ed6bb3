"""Rooms' types → the JSON that others rely on. Times are ISO 8601 in UTC; what is not known is null."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.archive import Found, Listed, SourceFacts, Story, ToldReader, Version
from monitor.types import (
    Alarm,
    Change,
    Credit,
    Health,
    Kept,
    Match,
    OutboxHold,
    Outgoing,
    Pause,
    Receipt,
    Slot,
    Source,
    Subscription,
)

Json = dict[str, Any]


def when(moment: datetime | None) -> str | None:
    """Returns a time as ISO 8601 in UTC, to the second."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def topics(matches: tuple[Match, ...]) -> list[Json]:
    """Returns why an article matched."""
    return [{"id": match.topic_id, "terms": list(match.terms), "mention": match.mention} for match in matches]


def why(matches: tuple[Match, ...]) -> list[Json]:
    """Returns the words that were found, where they first stand, and which revision of the topic found them."""
    return [
        {
            "topic": match.topic_id,
            "form": hit.form,
            "language": hit.language,
            "place": hit.place.value,
            "words": hit.surface,
            "sentence": hit.sentence,
            "count": hit.count,
            "revision": match.revision,
        }
        for match in matches
        for hit in match.hits
    ]


def article(kept: Kept) -> Json:
    """Returns one article, as a line of `export --format jsonl`."""
    return {
        "id": kept.id,
        "url": kept.url,
        "urls": list(kept.urls),
        "source": kept.source_id,
        "sources": list(kept.source_ids),
        "publisher": kept.publisher,
        "title": kept.title,
        "text": kept.text,
        "authors": list(kept.authors),
        "language": kept.language,
        "published_at": when(kept.published_at),
        "first_seen_at": when(kept.first_seen_at),
        "partial": kept.partial,
        "withdrawn": kept.withdrawn,
        "topics": topics(kept.matches),
        "story": kept.story_id,
        "relation": kept.relation.value,
        "versions": kept.version,
        "kept": kept.kept,
        "credit": credit(kept.credit),
    }


def credit(said: Credit) -> Json:
    """Returns what a text says of the agency it came from."""
    return {
        "agency": said.agency,
        "first_published": said.first_published,
        "first_language": said.first_language,
        "writers": list(said.writers),
        "place": said.place,
        "notice": said.notice.value if said.notice else None,
        "take": said.take,
        "correction": said.correction,
    }


def found(hit: Found) -> Json:
    """Returns one answer of a search: the article without its text, with the passage that answers.

    `marks` are where in the passage the words stand: from, and to (exclusive), in characters.
    """
    fields = article(hit.article)
    del fields["text"]
    snippet, marks = _unmarked(hit.snippet or "")
    return fields | {"snippet": hit.snippet and snippet, "marks": marks}


def _unmarked(text: str) -> tuple[str, list[list[int]]]:
    plain, marks, begun = "", [], None
    for part in re.split("([\x02\x03])", text):
        if part == "\x02":
            begun = len(plain)
        elif part == "\x03":
            marks += [] if begun is None else [[begun, len(plain)]]
            begun = None
        else:
            plain += part
    return plain, marks


def shown(kept: Kept, versions: Sequence[Version], changes: Mapping[int, Change]) -> Json:
    """Returns one article with all that is known of it; `changes` are by version, each against the one before."""
    return article(kept) | {
        "updated_at": when(kept.updated_at),
        "last_seen_at": when(kept.last_seen_at),
        "summary": kept.summary,
        "why": why(kept.matches),
        "history": [version(each, changes.get(each.number)) for each in versions],
    }


def telling(told: ToldReader) -> Json:
    """Returns to whom an article was told."""
    return {
        "digest": told.subscription_id,
        "to": told.reader,
        "at": when(told.at),
        "version": told.version,
        "withdrawn": told.withdrawn,
    }


def version(kept: Version, changed: Change | None) -> Json:
    """Returns one version without its text; `changed`: against the one before, where both texts are there."""
    return {
        "version": kept.number,
        "title": kept.title,
        "seen_at": when(kept.seen_at),
        "published_at": when(kept.published_at),
        "updated_at": when(kept.updated_at),
        "visit": kept.visit_id,
        "partial": kept.partial,
        "words": kept.words,
        "change": changed and {"kind": changed.kind.value, "reasons": [reason.value for reason in changed.reasons]},
    }


def change(changed: Change) -> Json:
    """Returns what became of a wording, with the words that were replaced."""
    return {
        "kind": changed.kind.value,
        "reasons": [reason.value for reason in changed.reasons],
        "corrects": changed.corrects,
        "replaced": [{"before": words.before, "after": words.after} for words in changed.replaced],
    }


def story(kept: Story) -> Json:
    """Returns one story with its members; the first is the origin."""
    origin = kept.members[0].article
    return {
        "id": kept.id,
        "title": origin.title,
        "topics": sorted({match.topic_id for member in kept.members for match in member.article.matches}),
        "origin": origin.id,
        "members": [
            {
                "id": member.article.id,
                "url": member.article.url,
                "publisher": member.article.publisher,
                "language": member.article.language,
                "relation": member.relation.value,
                "kept": member.kept,
                "first_seen_at": when(member.article.first_seen_at),
                "published_at": when(member.article.published_at),
                "title": member.article.title,
                "withdrawn": member.article.withdrawn,
                "takes": [
                    {"version": taken.version, "take": taken.take, "title": taken.title} for taken in member.takes
                ],
            }
            for member in kept.members
        ],
        "related": list(kept.related),
        "withdrawn": kept.withdrawn,
    }


def source(
    configured: Source, known: Mapping[str, SourceFacts], next_visit_at: datetime | None, health: Health
) -> Json:
    """Returns one source: what is configured, and how it is."""
    facts = known.get(configured.id)
    state = facts.state if facts else None
    return {
        "id": configured.id,
        "name": configured.name,
        "publisher": configured.publisher,
        "kind": configured.kind,
        "url": configured.url,
        "language": configured.language,
        "enabled": configured.enabled,
        "health": health.condition.value,
        "remarks": [{"health": remark.condition.value, "text": remark.text} for remark in health.remarks],
        "items_this_week": health.this_week,
        "items_a_week": None if health.per_week is None else round(health.per_week, 1),
        "every_seconds": int(configured.every.total_seconds()),
        "slowest_seconds": int((configured.slowest or configured.every).total_seconds()),
        "first_visit_at": when(state.first_visit_at) if state else None,
        "last_visit_at": when(state.last_visit_at) if state else None,
        "last_good_at": when(state.last_good_at) if state else None,
        "last_new_at": when(state.last_new_at) if state else None,
        "observed_since": when(state.observed_since) if state else None,
        "overran_at": when(state.overran_at) if state else None,
        "moved_to": state.moved_to if state else None,
        "failures": state.failures if state else 0,
        "error": state.error if state else None,
        "next_visit_at": when(next_visit_at) if configured.enabled else None,
        "visits": facts.visits if facts else 0,
        "items": facts.items if facts else 0,
        "pending": facts.pending if facts else 0,
        "set_aside": facts.set_aside if facts else 0,
        "rejected": facts.rejected if facts else 0,
        "matched": facts.matched if facts else 0,
    }


def item(listed: Listed) -> Json:
    """Returns one item of the durable list."""
    return {
        "item": listed.item_id,
        "source": listed.source_id,
        "url": listed.url,
        "title": listed.title,
        "state": listed.state.value,
        "attempts": listed.attempts,
        "failures": listed.failures,
        "not_before": when(listed.not_before),
        "reason": listed.reason,
        "article": listed.article_id,
        "first_seen_at": when(listed.first_seen_at),
    }


def outgoing(message: Outgoing) -> Json:
    """Returns one message of the outbox."""
    return {
        "id": message.id,
        "digest": message.message.digest_id,
        "to": message.message.to,
        "slot": message.message.slot,
        "subject": message.message.subject,
        "message_id": message.message.message_id,
        "state": message.state.value,
        "attempts": message.attempts,
        "doubts": message.doubts,
        "created_at": when(message.created_at),
        "next_try_at": when(message.next_try_at),
        "error": message.error,
        "receipt": message.receipt and receipt(message.receipt),
        "stories": message.stories,
        "format": message.message.format.value,
        "erased": message.erased,
    }


def receipt(given: Receipt) -> Json:
    """Returns what a channel said of a message it took."""
    return {"at": when(given.at), "channel": given.channel, "answer": given.answer}


def subscription(configured: Subscription, coming: Sequence[Slot], pauses: Sequence[Pause]) -> Json:
    """Returns one digest as it is configured, the next of its slots, and who of its readers is not told for now."""
    quiet = configured.quiet
    return {
        "id": configured.id,
        "title": dict(configured.title),
        "topics": list(configured.topics),
        "at": configured.at.text,
        "timezone": configured.timezone,
        "language": configured.language,
        "to": list(configured.to),
        "next_slot": slot(coming[0]) if coming else None,
        "paused": configured.paused,
        "pauses": [pause(each) for each in pauses],
        "mentions": configured.mentions,
        "languages": list(configured.languages),
        "not_on": [
            *(f"{day}" for day in sorted(configured.not_on)),
            *(f"{month:02}-{day:02}" for month, day in sorted(configured.not_on_yearly)),
        ],
        "quiet": quiet and {"since": f"{quiet.since:%H:%M}", "until": f"{quiet.until:%H:%M}"},
        "gather_seconds": int(configured.gather.total_seconds()),
        "layout": configured.layout.value,
        "most": configured.most,
        "nothing_new": configured.nothing_new,
        "repeat_alerts": configured.repeat_alerts,
        "note": configured.note,
        "at_most_once": configured.at_most_once,
    }


def slot(coming: Slot) -> Json:
    """Returns one due time of a digest."""
    return {"name": coming.name, "at": when(coming.at)}


def pause(kept: Pause) -> Json:
    """Returns who is not told for now, and why; without a digest it holds for every one of them."""
    return {
        "digest": kept.digest_id,
        "to": kept.reader,
        "reason": kept.reason.value,
        "at": when(kept.at),
        "note": kept.note,
    }


def alarm(kept: Alarm) -> Json:
    """Returns what an operator should know."""
    return {"id": kept.id, "kind": kept.kind.value, "at": when(kept.at), "text": kept.text}


def hold(kept: OutboxHold) -> Json:
    """Returns how far an archive that was put back is behind what was sent."""
    return {"last_here": kept.last_here, "last_sent": kept.last_sent, "reason": kept.reason}
