"""Pure: what goes over an SMTP connection, and what an answer means."""

import base64
import re
from collections.abc import Iterator
from typing import Literal

Judged = Literal["way", "sender", "recipient", "text"]
"""What an answer of the server is about."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_PIECE = 65_536  # bytes handed to the connection at a time
_CLOSING = 421  # RFC 5321, section 3.8: to any command, when the server is about to close
_AUTHENTICATION_REQUIRED = 530  # RFC 4954, section 6; also "STARTTLS first" in RFC 3207
_STATUS = re.compile(r"\s*5\.(\d{1,3})\.(\d{1,3})\b")
_OUR_FAULT = re.compile(r"relay|spam|block|blacklist|denied|policy|reputation", re.IGNORECASE)


def judges_the_way(code: int, of: Judged) -> bool:
    """Says whether an answer would be the same to any other message.

    What is said to the sender's address concerns all, for they share it; only the size that goes with it does not.
    """
    if code in (_CLOSING, _AUTHENTICATION_REQUIRED) or of == "way":
        return True
    return of == "sender" and code not in (452, 552)


def no_such_address(code: int, words: str) -> bool:
    """Says whether a recipient was refused because of the address: unknown, moved, closed (RFC 3463, section 3).

    5.1.7 and 5.1.8 speak of the sender's. A server without such a status may refuse us by the same code; where its
    words say so, the reader is not to blame.
    """
    if status := _STATUS.match(words):
        subject, detail = int(status[1]), int(status[2])
        return (subject == 1 and detail not in (7, 8)) or (subject, detail) == (2, 1)
    return code in (550, 551, 553) and not _OUR_FAULT.search(words)


def pieces(raw: bytes) -> Iterator[bytes]:
    """Yields the text as it goes over the wire: lines end in CRLF, leading dots doubled (RFC 5321, section 4.5.2)."""
    text = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\r\n", raw))
    if not text.endswith(b"\r\n"):
        text += b"\r\n"
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]


def with_ascii_domain(address: str) -> str:
    """Returns the address with its domain as every server knows it (RFC 5890)."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address  # the server will say that it knows no such domain


def as_sent(user: str, password: str) -> Iterator[str]:
    """Yields the forms in which a password is sent (RFC 4616 and the older LOGIN)."""
    for form in (f"\0{user}\0{password}", password):
        yield base64.b64encode(form.encode()).decode()
