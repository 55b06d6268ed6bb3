"""Between the archive's rows and the program's types."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from monitor.archive import Listed
from monitor.archive.connection import Connected, Row, marks, moment, moment_or_none, stamp_or_none
from monitor.types import (
    Credit,
    Format,
    Found,
    Hit,
    ItemState,
    Kept,
    Kill,
    Match,
    Message,
    Notice,
    Outgoing,
    Pending,
    Place,
    Receipt,
    Relation,
    SendState,
)

T = TypeVar("T")
_CHUNK = 500  # ids in one query; SQLite's own limit is far above


def chunks(values: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """Yields the values in lists of at most `size`."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


PLAIN = "coalesce(v.text, roxham_plain(v.packed))"
"""The text of a row of `versions v`, whichever way it is kept."""

_PLAIN = (
    "url",
    "aliases",
    "guid",
    "title",
    "summary",
    "content",
    "authors",
    "publisher",
    "speaks_for_many",
    "language",
)


def pack(found: Found) -> str:
    """Returns a found item as the JSON that a pending item keeps."""
    fields: dict[str, Any] = {name: getattr(found, name) for name in _PLAIN}
    fields["published_at"] = stamp_or_none(found.published_at)
    fields["updated_at"] = stamp_or_none(found.updated_at)
    return json.dumps({key: value for key, value in fields.items() if value}, ensure_ascii=False)


def unpack(text: str) -> Found:
    """Returns the found item that `pack` wrote."""
    fields = json.loads(text)
    for name in ("aliases", "authors"):
        fields[name] = tuple(fields.get(name, ()))
    for name in ("published_at", "updated_at"):
        fields[name] = moment_or_none(fields.get(name))
    return Found(**{"url": None} | fields)


def pending(row: Row) -> Pending:
    """Returns a row of `items` as work to do."""
    return Pending(
        item_id=row["id"],
        source_id=row["source"],
        visit_id=row["last_visit"],
        found=unpack(row["found"]),
        content_hash=row["content_hash"],
        attempts=row["attempts"],
        failures=row["failures"],
        not_before=moment_or_none(row["not_before"]),
        article_id=row["article"],
    )


def listed(row: Row) -> Listed:
    """Returns a row of `items` for people."""
    return Listed(
        item_id=row["id"],
        source_id=row["source"],
        url=row["url"],
        title=row["title"],
        state=ItemState(row["state"]),
        attempts=row["attempts"],
        failures=row["failures"],
        not_before=moment_or_none(row["not_before"]),
        reason=row["reason"],
        article_id=row["article"],
        first_seen_at=moment(row["first_seen_at"]),
    )


def pack_hits(hits: Sequence[Hit]) -> str:
    """Returns hits as JSON."""
    return json.dumps([{name: getattr(hit, name) for name in Hit.__slots__} for hit in hits], ensure_ascii=False)


def pack_credit(credit: Credit) -> str | None:
    """Returns what a credit says beside agency and date as JSON; None where it says no more."""
    said: dict[str, Any] = {
        name: value
        for name in ("first_language", "writers", "place", "notice", "take", "correction")
        if (value := getattr(credit, name))
    }
    if credit.kill is not None:
        said["kill"] = {name: getattr(credit.kill, name) for name in Kill.__slots__}
    return json.dumps(said, ensure_ascii=False) if said else None


def credit(row: Row) -> Credit:
    """Returns the credit of a row of `versions`."""
    said = json.loads(row["credit"] or "{}")
    return Credit(
        agency=row["agency"],
        first_published=row["first_published"],
        first_language=said.get("first_language"),
        writers=tuple(said.get("writers", ())),
        place=said.get("place"),
        notice=Notice(said["notice"]) if "notice" in said else None,
        take=said.get("take"),
        correction=said.get("correction"),
        kill=Kill(**said["kill"]) if "kill" in said else None,
    )


def match(row: Row) -> Match:
    """Returns a row of `matches`."""
    return Match(
        topic_id=row["topic"],
        hits=tuple(Hit(**fields | {"place": Place(fields["place"])}) for fields in json.loads(row["hits"])),
        revision=row["revision"],
        mention=bool(row["mention"]),
    )


def outgoing(row: Row) -> Outgoing:
    """Returns a row of `outbox`."""
    return Outgoing(
        id=row["id"],
        message=Message(
            message_id=row["message_id"],
            digest_id=row["subscription"],
            to=row["reader"],
            slot=row["slot"],
            subject=row["subject"],
            raw=bytes(row["raw"]),
            format=Format(row["format"]),
            whole=None if row["whole"] is None else bytes(row["whole"]),
        ),
        state=SendState.DROPPED if row["dropped_at"] is not None else SendState(row["state"]),
        attempts=row["attempts"],
        doubts=row["doubts"],
        created_at=moment(row["created_at"]),
        next_try_at=moment_or_none(row["next_try_at"]),
        error=row["error"],
        receipt=None
        if row["receipt_at"] is None
        else Receipt(at=moment(row["receipt_at"]), channel=row["receipt_channel"], answer=row["receipt_answer"]),
        after=row["after"],
        upto=row["upto"],
        stories=row["stories"],
        erased=bool(row["erased"]),
    )


def kept(archive: Connected, ids: Sequence[int], *, text: bool) -> dict[int, Kept]:
    """Returns articles by id, in the order of `ids`; without `text`, text, summary and listed title are None."""
    found: dict[int, Kept] = {}
    for chunk in chunks(ids):
        found |= {article.id: article for article in completed(archive, bare(archive, chunk, text=text))}
    return found


def bare(archive: Connected, ids: Sequence[int], *, text: bool) -> list[Kept]:
    """Returns what a query asks of articles, in the order of `ids`; `completed` adds addresses and matches."""
    within = f"IN ({marks(len(ids))})"
    body = "NULL AS text, NULL AS summary, NULL AS listed_title"
    if text:
        body = f"{PLAIN} AS text, v.summary, v.listed_title"
    rows = archive.rows(
        "SELECT a.*, v.title, v.authors, v.published_at, v.updated_at, v.agency, v.first_published, v.credit, "  # noqa: S608
        f"v.seen_at, t.take, {body} FROM articles a JOIN versions v ON v.article = a.id AND v.number = a.version "
        f"LEFT JOIN texts t ON t.article = a.id AND t.number = a.version WHERE a.id {within}",
        ids,
    )
    sources = _many(
        archive.rows(
            f"SELECT article, source FROM items WHERE article {within} "  # noqa: S608
            "GROUP BY article, source ORDER BY article, min(id)",
            ids,
        )
    )
    by_id = {row["id"]: row for row in rows}
    return [_kept_row(by_id[number], sources.get(number, [])) for number in ids if number in by_id]


def completed(archive: Connected, articles: Iterable[Kept]) -> Iterator[Kept]:
    """Yields what `bare` returned with its addresses and matches."""
    for chunk in chunks(articles):
        ids = [article.id for article in chunk]
        within = f"IN ({marks(len(ids))})"
        urls = _many(
            archive.rows(
                f"SELECT article, url FROM addresses WHERE kind <> 'hint' AND article {within} "  # noqa: S608
                "ORDER BY article, first_seen_at, url",
                ids,
            )
        )
        matches: dict[int, list[Match]] = {}
        for row in archive.rows(f"SELECT * FROM matches WHERE article {within} ORDER BY article, topic", ids):  # noqa: S608
            matches.setdefault(row["article"], []).append(match(row))
        for article in chunk:
            yield replace(article, urls=tuple(urls.get(article.id, ())), matches=tuple(matches.get(article.id, ())))


def _many(rows: list[Row]) -> dict[int, list[str]]:
    grouped: dict[int, list[str]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row[1])
    return grouped


def _kept_row(row: Row, sources: list[str]) -> Kept:
    return Kept(
        id=row["id"],
        story_id=row["story"],
        relation=Relation(row["relation"]),
        url=row["url"],
        urls=(),
        source_id=row["source"],
        source_ids=tuple(dict.fromkeys([row["source"], *sources])),
        publisher=row["publisher"],
        title=row["title"],
        text=row["text"],
        summary=row["summary"],
        listed_title=row["listed_title"],
        authors=tuple(json.loads(row["authors"])),
        language=row["language"],
        published_at=moment_or_none(row["published_at"]),
        updated_at=moment_or_none(row["updated_at"]),
        first_seen_at=moment(row["first_seen_at"]),
        last_seen_at=moment(row["last_seen_at"]),
        partial=bool(row["partial"]),
        withdrawn=bool(row["withdrawn"]),
        version=row["version"],
        matches=(),
        credit=credit(row),
        kept=row["kept"],
        official=bool(row["official"]),
        read_at=moment(row["seen_at"]),
        take=row["take"] or 1,  # a version of an older archive has none before it is woven
    )
