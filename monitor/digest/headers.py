"""The headers of a mail: who, to whom, how its reader leaves; all of their text is cleaned here, once."""

from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, Group
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from monitor.text import one_line
from monitor.types import Links

_LONGEST = 500  # characters of a header's text: with its encoding it stays far below the 998 octets of a line


def header_text(text: str) -> str:
    """Returns text that can stand in a header and say nothing but itself.

    No line break, control, NUL or bidi mark is left, and no encoded word (RFC 2047): Python decodes those on
    assignment, and before 3.11.10 a line break inside one became a header of its own. What no header can need is cut.
    """
    return one_line(one_line(text)[:_LONGEST].replace("=?", "= ?"))


def new_mail(*, sender: str, to: str, subject: str, message_id: str) -> EmailMessage:
    """Returns a mail with the headers that every mail of ours has. ValueError where an address is none.

    A reader without an @ is a folder or the like: a group without members names it (RFC 5322, section 3.4).
    """
    mail = EmailMessage(policy=SMTP.clone(refold_source="none"))
    mail.set_raw("Subject", _encoded(subject))
    mail["From"] = author(sender)
    mail["To"] = address(to) if "@" in to else _group(to)
    mail["Message-ID"] = header_text(message_id)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes in answer
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    return mail


def put_id(mail: EmailMessage, name: str, value: str) -> None:
    """Sets a header that holds an id in angle brackets, as it stands.

    Python would fold a long one by encoding it, and mail programs read no encoded ids (RFC 2047, section 5, rule 3).
    """
    mail.set_raw(name, "".join(character for character in header_text(value) if character.isascii()))


def lead_out(mail: EmailMessage, links: Links) -> None:
    """Says how the reader leaves (RFC 2369), and that one POST does it (RFC 8058), where `links` says how.

    Nothing is folded or encoded: a mail program takes the address as it stands.
    """
    ways = [way for way in dict.fromkeys((links.unsubscribe, links.by_mail)) if way]
    if not ways:
        return
    mail.set_raw("List-Unsubscribe", ",\r\n ".join(f"<{_bare(way)}>" for way in ways))
    if links.one_click:
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def author(sender: str) -> Address:
    """Returns the From header's name and address ("Roxham <roxham@example.org>"). ValueError for what is none."""
    name, spec = parseaddr(one_line(sender))
    return address(spec, header_text(name))


def address(spec: str, name: str = "") -> Address:
    """Returns an address as headers want it, its domain in ASCII (RFC 5890). ValueError for what is none."""
    local, _, domain = spec.rpartition("@")
    try:
        return Address(display_name=name, addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (MessageError, ValueError, IndexError) as error:
        raise ValueError(f"not a mail address: {spec!r}") from error


def _group(name: str) -> Group:
    if not name or name != header_text(name):
        raise ValueError(f"not a mail address: {name!r}")
    return Group(name)


def _bare(address_: str) -> str:
    """An address without what would end it: it is ours, and has none of these."""
    return "".join(character for character in one_line(address_) if character not in "<> ,")


def _encoded(subject: str) -> str:
    """Returns the subject as it stands in the mail (RFC 2047), folded.

    Done here because Python's own folding loses a space between two encoded words (seen in 3.11.7).
    """
    return Header(subject, None if subject.isascii() else "utf-8", header_name="Subject").encode(linesep="\r\n")
