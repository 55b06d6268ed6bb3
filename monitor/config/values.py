"""The small notations of the configuration: each function reads one, or raises ValueError saying what is right."""

import re
from collections.abc import Collection
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"([0-9]{1,12})([smhd])")
_LOOSE_DURATION = re.compile(r"([0-9]{1,12})\s*([smhd])[a-z]*\.?", re.IGNORECASE)
_BOUNDS = re.compile(r"([0-9]{1,12}[smhd])\s*(?:-|\u2013|\.\.|,|and)\s*([0-9]{1,12}[smhd])")
LONGEST = timedelta(days=36_500)
"""A hundred years: a time that far back or ahead can still be written as a date."""

_SIZES = {"B": 1, "kB": 1_000, "MB": 1_000_000, "KiB": 1_024, "MiB": 1_048_576}
_SIZE = re.compile(r"([0-9]{1,12})\s*([A-Za-z]+)")
LARGEST = 1 << 30
"""Bytes: no answer larger than this fits in the memory of a small machine together with what reads it."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE_BREAKS = re.compile("[\t\n\r\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class WithinTextError(ValueError):
    """What is wrong with a text, and at which of its characters (from 0; the text's length means its end)."""

    def __init__(self, what: str, character: int) -> None:
        self.character = character
        super().__init__(what)


def kind_of(value: object) -> str:
    """Names a value for a message: what YAML took it for."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the truth value {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return "text"


def text(value: object) -> str:
    """One line of text. Control characters and marks that turn the reading direction are refused: names and titles
    end in mail headers (RFC 5322 §2.2) and on terminals."""
    if value is None:
        raise ValueError("has no value; give one or remove the key")
    if not isinstance(value, str):
        quoted = "; put it in quotes" if isinstance(value, bool | int | float) else ""
        raise ValueError(f"text is expected, not {kind_of(value)}{quoted}")
    if not value.strip():
        raise ValueError("is empty; give a value or remove the key")
    if _CONTROL.search(value):
        raise ValueError("holds a line break or another control character; write it on one line")
    return value.strip()


def long_text(value: object) -> str:
    """Text that may go over several lines: a line break is a blank, as everywhere in a form."""
    if isinstance(value, str) and (found := _CONTROL.search(_LINE_BREAKS.sub(" ", value))):
        what = f"a control character (U+{ord(found[0]):04X}) has no place here; remove it"
        raise WithinTextError(what, found.start())
    return text(_LINE_BREAKS.sub(" ", value) if isinstance(value, str) else value)


def quoted(written: str) -> str:
    """A text in YAML's single quotation marks."""
    return "'" + written.replace("'", "''") + "'"


def suggestion(word: str, known: Collection[str], *, otherwise: str = "") -> str:
    """Returns "; did you mean …?" where a known word is near, or what is to be said otherwise."""
    from difflib import get_close_matches  # only needed when something is wrong

    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean {by_folded[near[0]]}?" if near else otherwise


def one_of(value: object, known: Collection[str], *, what: str = "word") -> str:
    """One of a few known words."""
    word = text(value)
    if word in known:
        return word
    names = ", ".join(sorted(known)) or "none"
    raise ValueError(f'unknown {what} "{word}"{suggestion(word, known)} (known: {names})')


def duration(value: object, *, zero: bool = False) -> timedelta:
    """A number with a unit: 30s, 10m, 2h, 90d."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; write {value}s, {value}m, {value}h or {value}d")
    word = str(value) if isinstance(value, float) else text(value)
    found = _DURATION.fullmatch(word)
    if found is None:
        if word.isdecimal():
            raise ValueError(f"{word} has no unit; write {word}s, {word}m, {word}h or {word}d")
        loose = _LOOSE_DURATION.fullmatch(word)
        meant = f"; did you mean {loose[1]}{loose[2].lower()}?" if loose else ""
        raise ValueError(f'"{word}" is not a duration such as 30s, 10m, 2h or 90d{meant}')
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds == 0 and not zero:
        raise ValueError("must be longer than 0")
    if seconds > LONGEST.total_seconds():
        raise ValueError("is longer than a hundred years")
    return timedelta(seconds=seconds)


def interval(value: object) -> tuple[timedelta, timedelta | None]:
    """A duration, or the bounds between which one adapts: 10m, 10m to 1h. The second is None where one is written."""
    words = re.split(r"\s+to(?:\s+|\Z)", value.strip()) if isinstance(value, str) else []
    if len(words) < 2:
        meant = _BOUNDS.fullmatch(value.strip()) if isinstance(value, str) else None
        if meant:
            raise ValueError(
                f'"{value}" is not an interval such as 10m, or 10m to 1h; did you mean {meant[1]} to {meant[2]}?'
            )
        return duration(value), None
    if len(words) > 2 or not all(words):
        raise ValueError(f'"{value}" is not an interval such as 10m, or 10m to 1h')
    fastest, slowest = duration(words[0]), duration(words[1])
    if fastest == slowest:
        raise ValueError(f"both bounds are the same; write {words[0]}")
    if fastest > slowest:
        raise ValueError(f"the shorter time comes first; write {words[1]} to {words[0]}")
    return fastest, slowest


def duration_text(length: timedelta) -> str:
    """Writes whole seconds in the largest unit that needs no fraction; `duration` reads it back."""
    seconds = int(length.total_seconds())
    unit = next(unit for unit, size in _UNITS.items() if seconds % size == 0 and (seconds or unit == "s"))
    return f"{seconds // _UNITS[unit]}{unit}"


def size(value: object) -> int:
    """Bytes: 500kB, 10MB, 4MiB."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; write {value}kB or {value}MB")
    word = text(value)
    found = _SIZE.fullmatch(word)
    factor = next((n for name, n in _SIZES.items() if found and name.lower() == found[2].lower()), None)
    if found is None or factor is None:
        raise ValueError(f'"{word}" is not a size such as 500kB or 10MB')
    if not 1 <= int(found[1]) * factor <= LARGEST:
        raise ValueError("must be from 1B to 1024MiB")
    return int(found[1]) * factor


def whole(value: object, low: int, high: int) -> int:
    """A whole number within limits."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"a whole number is expected, not {kind_of(value)}")
    if not low <= value <= high:
        raise ValueError(f"must be from {low} to {high}")
    return value


def whole_or(value: object, word: str, low: int, high: int, *, of: str) -> int | str:
    """A whole number of something within limits, or one word."""
    if value is None:
        raise ValueError("has no value; give one or remove the key")
    if value == word:
        return word
    try:
        return whole(value, low, high)
    except ValueError as error:
        given = f'"{value}"' if isinstance(value, str) else kind_of(value)
        raise ValueError(f"{given} is neither a number of {of} from {low} to {high} nor the word {word}") from error


_TRUTHS = {**dict.fromkeys(("true", "yes", "on", "y"), "true"), **dict.fromkeys(("false", "no", "off", "n"), "false")}


def truth(value: object) -> bool:
    """The words true and false; in YAML 1.2 `yes` and `no` are text."""
    if not isinstance(value, bool):
        meant = _TRUTHS.get(value.strip().casefold()) if isinstance(value, str) else None
        raise ValueError(f"true or false is expected, not {kind_of(value)}" + (f"; write {meant}" if meant else ""))
    return value


def identifier(value: object) -> str:
    """A short name that stands in commands, addresses and reports."""
    word = text(value)
    if not _ID.fullmatch(word):
        raise ValueError(f'"{word}" is not an id: up to 64 letters (a-z), digits and hyphens, such as ircc-en')
    return word


def variable(value: object, *, holds: str, such_as: str) -> str:
    """The name of an environment variable. What was written is not repeated: it may be the secret itself."""
    word = text(value)
    if not _VARIABLE.fullmatch(word):
        raise ValueError(f"is the name of an environment variable that holds {holds}, such as {such_as}")
    return word


def language(value: object) -> str:
    """An ISO 639 code; of a tag with a region (fr-CA, RFC 5646) the language alone is kept."""
    word = text(value)
    found = _LANGUAGE.fullmatch(word)
    if found is None:
        raise ValueError(f'"{word}" is not a language code such as en or fr')
    return found[1].lower()


def zone(value: object) -> str:
    """A name of the IANA time zone database."""
    word = text(value)
    try:
        ZoneInfo(word)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        from zoneinfo import available_timezones  # reads a folder tree

        known = available_timezones()
        by_city = {name.rsplit("/", 1)[-1]: name for name in known}
        hint = suggestion(word, known)
        if not hint and (city := word.replace(" ", "_").title()) in by_city:
            hint = f"; did you mean {by_city[city]}?"
        example = hint or "; write one such as America/Toronto"
        raise ValueError(f'unknown time zone "{word}"{example}') from error
    return word
