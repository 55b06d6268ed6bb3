"""Gives a digest its final bytes, in the format that its reader's channel takes."""

import hashlib
import hmac

from monitor.digest.atom import atom
from monitor.digest.chat import chat
from monitor.digest.document import document
from monitor.digest.headers import author, header_text
from monitor.digest.mail import mail
from monitor.digest.page import html
from monitor.digest.plain import plain
from monitor.digest.plainly import shortened
from monitor.digest.story import pointer
from monitor.digest.view import title_of, view, what_is_inside
from monitor.digest.wording import Phrases
from monitor.types import Digest, Format, Line, Links, Message

_SUBJECT = 120  # characters; what a list of mails shows


def render(
    digest: Digest,
    *,
    sender: str,
    program: str,
    links: Links,
    message_id: str,
    thread_id: str,
    format: Format = Format.MAIL,  # noqa: A002 - the field of Message that it fills
) -> Message:
    """Returns the digest as a message to its one reader. The same digest gives the same bytes.

    `sender` is the From header ("Roxham <roxham@example.org>"), `program` the name and version that sign the mail,
    `links` lead to this installation's own pages, `message_id` and `thread_id` come from the functions of those names.
    A mail is 7-bit with CRLF and lines of at most 998 octets (RFC 5321, section 4.5.3.1.6), and refers to nothing that
    a mail program would load. Text from outside cannot add a header, a recipient, markup or a field. One story that
    cannot be rendered never stops the others. ValueError where the sender, or the reader of a mail, is no address.

    A mail tells as many stories as its subscription wants, and a text as many as chat services take; where `links` has
    a page for the whole digest, the message brings it with it. JSON and Atom have every story.
    """
    shown = view(digest, links, capped=format in (Format.MAIL, Format.TEXT))
    subject = subject_of(digest)
    capped = shown.more is not None
    match format:
        case Format.MAIL:
            raw = mail(
                digest,
                shown,
                sender=sender,
                program=program,
                links=links,
                message_id=message_id,
                thread_id=thread_id,
                subject=subject,
            )
        case Format.TEXT:
            said, cut = chat(shown, subject=subject, whole=links.whole)
            raw, capped = said.encode(), cut and links.whole is not None
        case Format.JSON:
            raw = document(digest, message_id=message_id, subject=subject)
        case Format.ATOM:
            raw = atom(digest, shown, message_id=message_id, thread_id=thread_id, domain=author(sender).domain)
    return Message(
        message_id=message_id,
        digest_id=digest.subscription.id,
        to=digest.reader,
        slot=digest.slot.name,
        subject=subject,
        raw=raw,
        format=format,
        whole=html(view(digest, links, capped=False)).encode() if capped else None,
    )


def text(digest: Digest) -> str:
    """Returns the plain text of the digest, as a terminal shows it."""
    return plain(view(digest))


def page(digest: Digest) -> str:
    """Returns the HTML of the digest, as a preview shows it."""
    return html(view(digest))


def message_id(secret: bytes, subscription_id: str, slot: str, reader: str, domain: str) -> str:
    """Returns the Message-ID of this reader's digest: always the same, and not to be guessed without the secret.

    A server or a reader that gets the same digest twice can tell by it (RFC 5322, section 3.6.4).
    """
    return _id(secret, (subscription_id, slot, reader), domain)


def thread_id(secret: bytes, subscription_id: str, reader: str, domain: str) -> str:
    """Returns the id that every digest of a subscription answers, so that mail programs show them as one thread.

    No mail ever had it: its name has a part less than a Message-ID's.
    """
    return _id(secret, (subscription_id, reader), domain)


def subject_of(digest: Digest) -> str:
    """Returns what is inside in one line: "Border desk: 3 stories – Headline of the first".

    The first is one that is new, corrected or changed, and more than a mention, where there is such a one: the headline
    of what was withdrawn is repeated only where nothing else is told.
    """
    phrases = Phrases(digest.subscription.language)
    words = {"title": title_of(digest), "what": what_is_inside(digest, phrases)}
    if not digest.lines:
        return shortened(header_text(phrases.say("subject", **words)), _SUBJECT)
    headline = pointer(min(digest.lines, key=_speaks), phrases).headline
    return shortened(header_text(phrases.say("subject first", headline=headline, **words)), _SUBJECT)


def _speaks(line: Line) -> tuple[bool, bool]:
    return line.withdrawn, line.mention


def _id(secret: bytes, parts: tuple[str, ...], domain: str) -> str:
    name = "\0".join(parts).encode()
    return f"<{hmac.digest(secret, name, hashlib.sha256).hex()}@{domain}>"
