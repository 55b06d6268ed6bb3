"""Pure: what a letter that came back says - that a mail of ours was refused, or that a reader wants no more."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from monitor.returns.parts import Fields, Part, decoded, fields, leaves, opened
from monitor.text import one_line
from monitor.types import Bounce

LONGEST = 1_000_000
"""Bytes that are looked at: a report, and the headers of the mail that it quotes, come first in a letter."""

_PARTS = 50
_REASON = 300  # characters of the server's words

_BAD_ADDRESS = frozenset(
    {
        "5.1.1",  # bad destination mailbox address
        "5.1.2",  # bad destination system address
        "5.1.3",  # bad destination mailbox address syntax
        "5.1.4",  # destination mailbox address ambiguous
        "5.1.6",  # destination mailbox has moved, no forwarding address
        "5.1.10",  # the domain takes no mail: null MX (RFC 7505)
        "5.2.1",  # mailbox disabled, not accepting messages
        "5.4.4",  # unable to route: what servers say of a domain that does not exist
    }
)
"""Permanent failures by the reader's own address (RFC 3463, sections 3.2 and 3.3, and the IANA registry after it).

All others say nothing of the address, or not for good: a sender refused (5.1.7, 5.1.8), a mailbox full (5.2.2), a
system or a network (5.3, 5.4), a protocol (5.5), a text (5.6), a policy (5.7), and all of class 4.
"""
_UNSPECIFIC = frozenset({"5.0.0", "5.1.0", "5.5.0"})  # servers that know no better code; their words decide
_NOBODY_THERE = re.compile(
    r"\b(?:no such (?:user|recipient|mailbox|person|address)|(?:user|recipient|mailbox|address) (?:is )?unknown|"
    r"unknown (?:local )?(?:user|recipient|mailbox|address)|"
    r"(?:user|recipient|mailbox|account|address) (?:does not|doesn['’]t) exist|"
    r"no mailbox (?:here )?by that name)\b",
    re.IGNORECASE,
)

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")  # RFC 3463, section 2
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_QUOTED_ID = re.compile(r"^[ \t>|]{0,20}Message-ID:\s{0,20}(<[!-;=?-~]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r'[^\s<>;,:"@]{1,64}@[^\s<>;,:"@]{1,255}')
_WISH = r"unsubscribe(?:\s|%20|\+)+([A-Za-z0-9_-]{20,64})(?![A-Za-z0-9_-])"
_ASKED = re.compile(rf"(?<![A-Za-z0-9_-]){_WISH}", re.IGNORECASE)
_ASKED_IN_LINE = re.compile(rf"\s*[\"'“«]?\s*{_WISH}", re.IGNORECASE)
_BY_ROBOTS = re.compile(r"auto[_-]?repl|vacation", re.IGNORECASE)

_STATUS_TYPES = {"message/delivery-status", "message/global-delivery-status"}  # RFC 3464, RFC 6533
_ORIGINAL_TYPES = {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
_QMAIL = re.compile(r"\s*Hi\. This is the ")  # QSBMF: https://cr.yp.to/proto/qsbmf.txt
_QMAIL_RECIPIENT = re.compile(r"^<([^\s<>]{3,320})>:[ \t]*\n(.+(?:\n.+)*)", re.MULTILINE)
_EXIM_COPY = re.compile(r"^-{4,10} (?:This is a copy of|The body of) ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscription:
    """A reader's wish to get no more; whoever has the token may say it (`Archive.subscribed`)."""

    token: str = field(repr=False)


def read(raw: bytes) -> Bounce | Unsubscription | None:
    """Says what a letter is; None for one that is nothing to us: a delay, an automatic answer, somebody's words.

    It never raises, and does bounded work: only the first 1,000,000 bytes, and so many parts of them, are looked at.

    A report counts only where it names the mail of ours that it is about. `hard` is said only of `_BAD_ADDRESS`, and
    only where the address that failed is the one that we wrote to: what lies behind a list or a forwarding address is
    its owner's business. A wish is `unsubscribe TOKEN` in the subject, or as the first line of a plain text: farther
    down it may be a quotation of our own mail.
    """
    letter = opened(raw[:LONGEST])
    parts = list(islice(leaves(letter), _PARTS))
    if letter.type == "multipart/report" or any(part.type in _STATUS_TYPES for part in parts):
        return _report(parts)
    if _BY_ROBOTS.search(" ".join(letter.fields.get(name, "") for name in ("auto-submitted", "precedence"))) or (
        "x-autoreply" in letter.fields
    ):
        return _told_in_words(letter, parts)
    return _wish(letter, parts) or _told_in_words(letter, parts)


def _wish(letter: Part, parts: Sequence[Part]) -> Unsubscription | None:
    if found := _ASKED.search(decoded(letter.fields.get("subject", ""))):
        return Unsubscription(token=found[1])
    text = next((part.text() for part in parts if part.type == "text/plain"), "")
    found = _ASKED_IN_LINE.match(text.lstrip("\ufeff \t\r\n"))
    return Unsubscription(token=found[1]) if found else None


def _report(parts: Sequence[Part]) -> Bounce | None:
    """Reads a delivery status notification (RFC 3464)."""
    place = next((place for place, part in enumerate(parts) if part.type in _STATUS_TYPES), None)
    if place is None:
        return None
    original = _original(parts[place + 1 :])
    message_id = _message_id(original) or _quoted_id(parts[-1])
    if message_id is None:
        return None
    sent_to = _address(original.get("to"))
    bounces = [
        _failure(group, message_id, sent_to)
        for group in _groups(parts[place])
        if group.get("action", "").partition(" ")[0].lower() == "failed"
    ]
    return next((bounce for bounce in bounces if bounce and bounce.hard), next(filter(None, bounces), None))


def _groups(status: Part) -> Iterator[Fields]:
    """Yields the fields of each recipient; the first group, on the message as a whole, names none."""
    for block in re.split(rb"\r?\n[ \t]*\r?\n", status.content()[:100_000].lstrip(b"\r\n"))[:50]:
        group = fields(block)
        if "final-recipient" in group or "original-recipient" in group:
            yield group


def _failure(group: Fields, message_id: str, sent_to: str | None) -> Bounce | None:
    asked, failed = _address(group.get("original-recipient")), _address(group.get("final-recipient"))
    if (recipient := sent_to or asked or failed) is None:
        return None
    words = one_line(re.sub(r"^[\w-]+;\s*", "", group.get("diagnostic-code", "")))
    status = _status(group.get("status", ""), words)
    own = _same(failed or recipient, recipient)
    return Bounce(
        message_id=message_id,
        recipient=recipient,
        status=status,
        hard=own and _hard(status, words),
        reason=words[:_REASON] or status,
    )


def _told_in_words(letter: Part, parts: Sequence[Part]) -> Bounce | None:
    """Reads the two old kinds of report that are no RFC 3464 and yet cannot be taken for anything else."""
    text = next((part.text() for part in parts if part.type == "text/plain"), "")
    failed = _address(letter.fields.get("x-failed-recipients"))
    if _QMAIL.match(text):
        told, _, copy = text.partition("\n--- ")
        paragraph = _QMAIL_RECIPIENT.search(told.replace("\r", ""))
        failed, words = (_address(paragraph[1]), paragraph[2]) if paragraph else (None, "")
    elif failed is not None and (mark := _EXIM_COPY.search(text)):
        told, copy = text[: mark.start()], text[mark.end() :]
        words = told.partition(failed)[2]
    else:
        return None
    found = _QUOTED_ID.search(copy)
    if failed is None or found is None:
        return None
    reason = one_line(words)
    status = _status("", reason)
    return Bounce(
        message_id=found[1], recipient=failed, status=status, hard=_hard(status, reason), reason=reason[:_REASON]
    )


def _original(parts: Sequence[Part]) -> Fields:
    """Returns the header of the mail that a report is about, where it is given as such."""
    part = next((part for part in parts if part.type in _ORIGINAL_TYPES), None)
    return opened(part.content().lstrip(b"\r\n")).fields if part else {}


def _message_id(original: Fields) -> str | None:
    found = _MESSAGE_ID.search(original.get("message-id", ""))
    return found[0] if found else None


def _quoted_id(part: Part) -> str | None:
    """Finds the Message-ID where a server only quotes our mail in its text."""
    found = None if part.type in _STATUS_TYPES else _QUOTED_ID.search(part.text())
    return found[1] if found else None


def _status(given: str, words: str) -> str:
    """Returns the status code; where it says nothing, the one that the server's words begin with may say more."""
    own, said = _STATUS.search(given), _STATUS.search(words)
    if said and (own is None or (own[1] in _UNSPECIFIC and said[1].startswith(own[1][0]))):
        return said[1]
    return own[1] if own else "5.0.0"


def _hard(status: str, words: str) -> bool:
    return status in _BAD_ADDRESS or (status in _UNSPECIFIC and _NOBODY_THERE.search(words) is not None)


def _address(value: str | None) -> str | None:
    """Finds the address in `rfc822; reader@example.org`, `<reader@example.org>` and the like."""
    found = _ADDRESS.search(one_line(value)) if value else None
    return found[0] if found else None


def _same(a: str, b: str) -> bool:
    return a.casefold() == b.casefold()
