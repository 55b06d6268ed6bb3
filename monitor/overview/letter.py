"""A message as a person reads it: its headers, its plain text, its HTML."""

import email
import email.policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from monitor.types import Format

if TYPE_CHECKING:
    from monitor.types import Message

_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe")


def headers(message: "Message") -> dict[str, str]:
    """Returns the headers that matter to people, in one line each; what is no mail has none."""
    mail = _mail(message)
    return {} if mail is None else {name: " ".join(str(mail[name]).split()) for name in _HEADERS if name in mail}


def plain(message: "Message") -> str:
    """Returns the plain text of a mail; of other messages all there is."""
    mail = _mail(message)
    return message.raw.decode("utf-8", "replace") if mail is None else _part(mail, "plain") or ""


def markup(message: "Message") -> str | None:
    """Returns the HTML of a mail; None where it has none."""
    mail = _mail(message)
    return None if mail is None else _part(mail, "html")


def _mail(message: "Message") -> EmailMessage | None:
    if message.format is not Format.MAIL:
        return None
    return email.message_from_bytes(message.raw, _class=EmailMessage, policy=email.policy.default)


def _part(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    return None if part is None else str(part.get_content()).replace("\r\n", "\n")
