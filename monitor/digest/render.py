"""Makes the mail of a digest: headers, plain text and HTML, as final bytes."""

import hashlib
import hmac
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.digest.phrases import Phrases
from monitor.digest.plain import plain
from monitor.digest.view import View, headline_of, safe_url, shortened, title_of, view, what_is_inside
from monitor.text import one_line
from monitor.types import Digest, Message

if TYPE_CHECKING:
    from css_inline import CSSInliner
    from jinja2 import Template

_SUBJECT = 120  # characters; what a list of mails shows


def render(digest: Digest, *, sender: str, program: str, base_url: str | None, message_id: str) -> Message:
    """Returns the digest as a mail to its one reader. The same digest gives the same bytes.

    `sender` is the From header ("Roxham <roxham@example.org>"), `program` the name and version that sign the mail,
    `base_url` where the archive's pages are, `message_id` comes from the function of that name. The bytes are 7-bit
    with CRLF and lines of at most 998 octets (RFC 5321, section 4.5.3.1.6), and refer to nothing that a mail program
    would load. Text from outside cannot add a header, a recipient or markup. ValueError where the sender or the
    reader is no address.
    """
    name, spec = parseaddr(one_line(sender))
    author = _address(spec, header_text(name))
    subject = subject_of(digest)
    digest_id = digest.subscription.id
    zone = ZoneInfo(digest.subscription.timezone)
    shown = view(digest)
    archive = safe_url(base_url) if base_url else None

    mail = EmailMessage(policy=SMTP.clone(refold_source="none"))
    mail.set_raw("Subject", _encoded(subject))
    mail["From"] = author
    mail["To"] = _address(digest.reader)
    mail["Date"] = format_datetime(digest.composed_at.astimezone(zone))
    mail["Message-ID"] = message_id
    mail["List-Id"] = f"<{header_text(digest_id)}.{author.domain}>"  # RFC 2919: mail programs sort by it
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes in answer
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    mail["X-Mailer"] = header_text(program)
    mail["X-Roxham-Slot"] = header_text(digest.slot.name)
    mail.set_content(plain(shown, base_url=archive), cte="quoted-printable")
    mail.add_alternative(_html(shown, archive), subtype="html", cte="quoted-printable")
    mail["Content-Language"] = shown.language  # after the bodies: setting those moves every Content- header to a part
    # "=_" cannot stand in quoted-printable text, so that no line of the bodies is ever taken for the boundary.
    mail.set_boundary("=_" + hashlib.sha256(message_id.encode()).hexdigest()[:40])
    return Message(
        message_id=message_id,
        digest_id=digest_id,
        to=digest.reader,
        slot=digest.slot.name,
        subject=subject,
        raw=mail.as_bytes(),
    )


def text(digest: Digest) -> str:
    """Returns the plain text of the digest, as a terminal shows it."""
    return plain(view(digest))


def message_id(secret: bytes, subscription_id: str, slot: str, reader: str, domain: str) -> str:
    """Returns the Message-ID of this reader's digest: always the same, and not to be guessed without the secret.

    A server or a reader that gets the same digest twice can tell by it (RFC 5322, section 3.6.4).
    """
    name = "\0".join((subscription_id, slot, reader)).encode()
    return f"<{hmac.digest(secret, name, hashlib.sha256).hex()}@{domain}>"


def subject_of(digest: Digest) -> str:
    """Returns what is inside in one line: "Border desk: 3 stories – Headline of the first"."""
    phrases = Phrases(digest.subscription.language)
    words = {"title": title_of(digest), "what": what_is_inside(digest, phrases)}
    if not digest.lines:
        return header_text(phrases.say("subject", **words))
    speaker = next((line for line in digest.lines if not line.mention), digest.lines[0])
    headline = headline_of(speaker.article, phrases)
    return shortened(header_text(phrases.say("subject first", headline=headline, **words)), _SUBJECT)


def header_text(text: str) -> str:
    """Returns text that can stand in a header and say nothing but itself.

    No line break or control is left, and no encoded word (RFC 2047): Python decodes those on assignment, and before
    3.11.10 a line break inside one became a header of its own.
    """
    return one_line(text).replace("=?", "= ?")


def _address(spec: str, name: str = "") -> Address:
    """Returns an address as headers want it, its domain in ASCII (RFC 5890). ValueError for what is none."""
    local, _, domain = spec.rpartition("@")
    try:
        return Address(display_name=name, addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (MessageError, ValueError, IndexError) as error:
        raise ValueError(f"not a mail address: {spec!r}") from error


def _encoded(subject: str) -> str:
    """Returns the subject as it stands in the mail (RFC 2047), folded.

    Done here because Python's own folding loses a space between two encoded words (seen in 3.11.7).
    """
    return Header(subject, None if subject.isascii() else "utf-8", header_name="Subject").encode(linesep="\r\n")


def _html(shown: View, archive: str | None) -> str:
    template, inliner = _machinery()
    phrases = Phrases(shown.language)
    host = urlsplit(archive).netloc if archive else None
    page = template.render(view=shown, say=phrases.say, archive=archive, host=host)
    return inliner.inline(page)


@cache
def _machinery() -> "tuple[Template, CSSInliner]":
    """Loads templates and inliner at the first mail, not with the command line."""
    from css_inline import CSSInliner
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("monitor.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("digest.html"), CSSInliner(load_remote_stylesheets=False)
