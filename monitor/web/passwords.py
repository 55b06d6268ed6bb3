"""Passwords: how they are written before they are hashed, and whether one is right."""

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LONGEST = 1000
"""Characters; a longer one is wrong, whatever it is."""


def prepared(password: str) -> str:
    """Returns a password as it is compared (RFC 8265, section 4.2, OpaqueString): what keyboards do differently is one.

    Blanks of other scripts are a blank, and letters with accents one character (NFC). Controls and the like, which that
    standard refuses, are left as they are: they are odd, and no danger.
    """
    blanks = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in password)
    return unicodedata.normalize("NFC", blanks)


def hashed(password: str) -> str:
    """Returns the Argon2id hash of a password (RFC 9106, second recommended choice), a PHC string: 64 MiB, 50 ms."""
    return _hasher().hash(prepared(password).encode("utf-8", "surrogatepass"))


def is_right(phc: str, password: str) -> bool:
    """Says whether the password has this hash. It takes as long as the hash asks for, right or wrong."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(phc, prepared(password).encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False


def is_old(phc: str) -> bool:
    """Says whether `hashed` would make another sort of hash today."""
    return _hasher().check_needs_rehash(phc)


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # here: a site of one person, or behind a proxy, does without

    return PasswordHasher()
