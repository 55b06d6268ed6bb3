"""The Atom channel: entries at the top of a feed in a file, for feed readers and for a web server to hand out."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.channels import refuse_other_formats
from monitor.errors import DeliveryError
from monitor.types import Format, Message, Receipt

if TYPE_CHECKING:
    from lxml.etree import _Element

_ATOM = "{http://www.w3.org/2005/Atom}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"  # RFC 6721
_PUT = "{urn:roxham:feed}put"
"""A message whose entries were put into the feed: an extension of ours (RFC 4287, section 6), which readers ignore."""


class AtomFile:
    """Keeps a feed (RFC 4287) at `path`: the entries of each message on top, `entries` of them at most.

    A message is a whole `<feed>`; what it says of the feed itself (title, id, links, time) replaces what the file
    said. An entry takes the place of an older one with its id; what the message says is deleted is taken out. Which
    messages were put is kept in the feed, so the same message put twice is there once, also when newer ones came in
    between. There is never doubt: the file is replaced in one step, or it is as it was. Everybody on this machine may
    read it (mode 644).

    A file that is no Atom feed is set aside beside it, not overwritten.
    """

    takes = Format.ATOM
    idempotent = True

    def __init__(self, name: str, path: Path, *, entries: int = 100) -> None:
        self.name = name
        self._path = path
        self._entries = entries
        self._turn = threading.Lock()  # each message is put on top of the one before

    async def send(self, message: Message, on_commit: Callable[[], Awaitable[None]]) -> Receipt:
        """Puts the message's entries into the feed and returns the path of the file.

        Raises DeliveryError: temporary when the file cannot be read or written, permanent when the message is no feed.
        """
        refuse_other_formats(self, message)
        came = await asyncio.to_thread(_feed, message.raw)
        if came is None:
            raise DeliveryError(f"the message to the channel {self.name} is no Atom feed", temporary=False)
        await on_commit()
        answer = await asyncio.to_thread(self._keep, came, message.message_id)
        return Receipt(at=datetime.now(UTC), channel=self.name, answer=answer)

    async def close(self) -> None:
        """Nothing is kept between two messages."""

    def _keep(self, came: "_Element", message_id: str) -> str:
        """Puts the new feed in the place of the old, in one step that survives a power cut; returns where it is."""
        try:
            with self._turn:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                stands, aside = self._standing()
                if stands is not None and message_id in _put(stands):
                    return str(self._path)
                written = self._path.with_name(f".{self._path.name}.new")  # what a killed attempt left is written over
                with written.open("wb") as file:
                    os.fchmod(file.fileno(), 0o644)
                    file.write(_merged(came, stands, message_id, most=self._entries))
                    file.flush()
                    os.fsync(file.fileno())
                written.rename(self._path)
                folder = os.open(self._path.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        except OSError as error:
            reason = f"cannot keep the feed {self._path} of the channel {self.name}: {error.strerror or error}"
            raise DeliveryError(reason, temporary=True, way=True) from error
        return f"{self._path} (what stood there was no Atom feed; it is now {aside})" if aside else str(self._path)

    def _standing(self) -> "tuple[_Element | None, Path | None]":
        """Returns the feed in the file, or where what was no feed has been set aside."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return None, None
        if (feed := _feed(raw)) is not None or not raw:
            return feed, None
        mark = hashlib.sha256(raw).hexdigest()[:8]  # the same content is set aside once
        return None, self._path.rename(self._path.with_name(f"{self._path.name}.set-aside-{mark}"))


def _merged(came: "_Element", stands: "_Element | None", message_id: str, *, most: int) -> bytes:
    """Returns the feed with the entries of `came` above those that stood, `most` in all; takes both apart.

    Of two entries with one id the later stays, by `updated`; at the same time it is the one that came. As many
    messages as entries are remembered as put, for each has one at least. The marks of what was deleted (RFC 6721) stay
    too, as many again, so that readers which know them delete it too, and an older message cannot bring it back.
    """
    from lxml import etree

    marks = [message_id, *(_put(stands) if stands is not None else ())]
    deleted = {
        mark.get("ref"): mark
        for feed in (stands, came)
        if feed is not None
        for mark in reversed(feed.findall(_DELETED))
    }
    for mark in came.findall(_DELETED):
        came.remove(mark)
    mine = [entry for entry in _taken_out(came) if _id(entry) not in deleted]
    theirs = [entry for entry in _taken_out(stands) if _id(entry) not in deleted] if stands is not None else []
    newer = {id_: entry for entry in theirs if (id_ := _id(entry)) is not None}
    kept, seen = [], set()
    for entry in mine:
        other = newer.get(_id(entry) or "")
        kept.append(other if other is not None and _updated(other) > _updated(entry) else entry)
        seen.add(_id(entry))
    kept += [entry for entry in theirs if _id(entry) not in seen]
    if stands is not None and _updated(stands) > _updated(came):  # an older message comes late
        for mine_at in came.findall(f"{_ATOM}updated"):
            mine_at.text = stands.findtext(f"{_ATOM}updated")
    came.extend(list(deleted.values())[: -most - 1 : -1])
    for mark in marks[:most]:
        etree.SubElement(came, _PUT, nsmap={"roxham": "urn:roxham:feed"}).text = mark
    came.extend(kept[:most])
    etree.cleanup_namespaces(came)
    document: bytes = etree.tostring(came, encoding="utf-8", xml_declaration=True)
    return document


def _feed(raw: bytes) -> "_Element | None":
    """Reads a feed, nothing of which leads anywhere: no entities, no network; None where it is none."""
    from lxml import etree

    try:
        feed = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except (etree.XMLSyntaxError, ValueError):
        return None
    return feed if feed.tag == f"{_ATOM}feed" and not feed.getroottree().docinfo.doctype else None


def _taken_out(feed: "_Element") -> "list[_Element]":
    """Takes the entries and our own marks out of a feed; an entry keeps the language and the base it stood in."""
    for mark in feed.findall(_PUT):
        feed.remove(mark)
    entries: list[_Element] = feed.findall(f"{_ATOM}entry")
    for entry in entries:
        for inherited in (f"{_XML}lang", f"{_XML}base"):
            if inherited in feed.attrib and inherited not in entry.attrib:
                entry.set(inherited, feed.attrib[inherited])
        feed.remove(entry)
    return entries


def _put(feed: "_Element") -> list[str]:
    return [mark.text or "" for mark in feed.findall(_PUT)]


def _id(entry: "_Element") -> str | None:
    found: str | None = entry.findtext(f"{_ATOM}id")
    return found


def _updated(element: "_Element") -> datetime:
    """Returns an element's atom:updated (RFC 3339); the beginning of time where it has none that can be read."""
    try:
        at = datetime.fromisoformat(element.findtext(f"{_ATOM}updated", "").strip())
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
