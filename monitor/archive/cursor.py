"""Where the next page of answers begins, in a short text that fits into an address."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SEAL = 8  # bytes
_LONGEST = 20_000  # characters of a text that is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in answers. All numbers are of articles, but `shown` is of stories where answers are folded by story.

    By time, `shown` are those since the place `known_from` (all, where that is None); by relevance, all.
    """

    upto: int  # the highest that was there when somebody began to look
    last: int  # the last that was shown; 0 by relevance
    known_from: int | None = None
    shown: tuple[int, ...] = ()


def written(place: Place, secret: bytes, question: str) -> str:
    """Returns the text of a place, which is good for this question to this archive only."""
    numbers = [place.upto, place.last, 0 if place.known_from is None else place.known_from + 1]
    before = 0
    for number in sorted(place.shown):
        numbers.append(number - before)
        before = number
    body = b"".join(_packed(number) for number in numbers)
    return urlsafe_b64encode(_seal(body, secret, question) + body).rstrip(b"=").decode("ascii")


def read(text: str, secret: bytes, question: str) -> Place:
    """Returns the place that `written` wrote.

    Raises:
        ValueError: it wrote no such text, or for another question or archive.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError(_WRONG)
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        seal, body = raw[:_SEAL], raw[_SEAL:]
        if seal != _seal(body, secret, question) or urlsafe_b64encode(raw).rstrip(b"=") != text.encode("ascii"):
            raise ValueError(_WRONG)
    except (Error, UnicodeError):
        raise ValueError(_WRONG) from None
    upto, last, known_from, *steps = _unpacked(body)
    return Place(upto=upto, last=last, known_from=known_from - 1 if known_from else None, shown=tuple(_summed(steps)))


_WRONG = "this is no place in these answers (changed, or of another search); begin again at the first page"


def _seal(body: bytes, secret: bytes, question: str) -> bytes:
    return hashlib.blake2b(
        question.encode("utf-8", "replace") + b"\0" + body, key=secret[:64], digest_size=_SEAL
    ).digest()


def _packed(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _unpacked(body: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in body:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0


def _summed(steps: Sequence[int]) -> Iterator[int]:
    number = 0
    for step in steps:
        number += step
        yield number
