"""A digest as a mail: headers, plain text and HTML."""

import hashlib
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from monitor.digest.headers import author, header_text, lead_out, new_mail, put_id
from monitor.digest.page import html
from monitor.digest.plain import plain
from monitor.digest.view import View
from monitor.types import Digest, Links


def mail(
    digest: Digest,
    view: View,
    *,
    sender: str,
    program: str,
    links: Links,
    message_id: str,
    thread_id: str,
    subject: str,
) -> bytes:
    """Returns the bytes of the digest's mail to its one reader: 7-bit, CRLF, lines of at most 998 octets (RFC 5321).

    ValueError where the sender or the reader is no address.
    """
    zone = ZoneInfo(digest.subscription.timezone)
    made = new_mail(sender=sender, to=digest.reader, subject=subject, message_id=message_id)
    made["Date"] = format_datetime(digest.composed_at.astimezone(zone))
    # The mail that all of a subscription's digests answer was never sent: it only holds their thread together.
    put_id(made, "In-Reply-To", thread_id)
    put_id(made, "References", thread_id)
    # RFC 2919: mail programs sort by it, and answering machines keep silent (RFC 5230), so that no Precedence is
    # needed: that one has no standard, and some filters take "bulk" for what it says.
    put_id(made, "List-Id", f"<{digest.subscription.id}.{author(sender).domain}>")
    lead_out(made, links)
    made["X-Mailer"] = header_text(program)
    made["X-Roxham-Slot"] = header_text(digest.slot.name)
    made.set_content(plain(view), cte="quoted-printable")
    with suppress(Exception):  # a template with a mistake: the plain text is good by itself
        made.add_alternative(html(view), subtype="html", cte="quoted-printable")
    made["Content-Language"] = view.language  # after the bodies: setting those moves every Content- header to a part
    set_boundary(made, message_id)
    return made.as_bytes()


def set_boundary(made: EmailMessage, message_id: str) -> None:
    """Gives the parts a boundary that is the same each time.

    "=_" cannot stand in quoted-printable text, so that no line of the bodies is ever taken for it.
    """
    made.set_boundary("=_" + hashlib.sha256(message_id.encode()).hexdigest()[:40])
