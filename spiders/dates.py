"""Reads the dates that sources write: RFC 822 and ISO 8601, and what English and French Canada make of them."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from monitor.text import fold

_EARLIEST = 1990
_AHEAD = timedelta(days=2)
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan january janv janvier",
            "feb february fev fevr fevrier",
            "mar march mars",
            "apr april avr avril",
            "may mai",
            "jun june juin",
            "jul july juil juill juillet",
            "aug august aou aout",
            "sep sept september septembre",
            "oct october octobre",
            "nov november novembre",
            "dec december decembre",
        ),
        start=1,
    )
    for name in names.split()
}
# Hours from UTC. The French names are those of the National Research Council: heure normale, heure avancée.
_ZONES = {
    name: hours
    for hours, names in {
        -10: "hst",
        -9: "akst",
        -8: "pst hnp akdt",
        -7: "mst hnr pdt hap",
        -6: "cst hnc mdt har",
        -5: "est hne cdt hac",
        -4: "ast hna edt hae",
        -3.5: "nst hnt",
        -3: "adt haa",
        -2.5: "ndt hat",
        0: "utc gmt ut z wet",
        1: "cet met bst west",
        2: "cest mest eet",
        3: "eest msk",
        9: "jst",
        10: "aest",
        11: "aedt",
    }.items()
    for name in names.split()
}
_PLACES = {"et": "America/Toronto", "ct": "America/Winnipeg", "mt": "America/Edmonton", "pt": "America/Vancouver"}
_PLACES |= {"at": "America/Halifax", "nt": "America/St_Johns", "he": "America/Toronto", "hp": "America/Vancouver"}
_WORDED = re.compile(
    r"(?:[a-z]+\.?\s?[,:]?\s+){0,6}"  # the day of the week, and what a page says before it: updated on, publie le
    r"(?:(?P<day>\d{1,2})(?:er|st|nd|rd|th)?[\s-]+(?P<month>[a-z]+)\.?,?[\s-]+"
    r"|(?P<month2>[a-z]+)\.?\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?,?\s+)"
    r"(?P<year>\d{4}|\d{2}(?!\d))"
    r"(?:\s*,?\s*(?:a\s|at\s|-)?\s*(?P<hour>\d{1,2})\s*(?::|h)\s*(?P<minute>\d{2})?(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\b\.?)?)?"
    r"\s*(?P<zone>[+-]\d{1,2}:?\d{2}|(?:gmt|utc)[+-]\d{1,2}:?\d{2}|[a-z/]+)?(?:\s*\(.*\))?\s*\Z"
)
_OFFSET = re.compile(r"(?:gmt|utc)?([+-])(\d{1,2}):?(\d{2})\Z")
_NAMED_ZONE = re.compile(r"(:\d\d(?:\.\d+)?)\s*([A-Za-z]+)\Z")
_SLASHES = re.compile(r"\A(\d{4})/(\d\d)/(\d\d)")
_PARTS = re.compile(r"[|\u2022\u00b7\u2013\u2014()\n]| - |\s{3,}")
_FRACTION = re.compile(r"(\.\d{1,6})\d*")


def when(text: str | None, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Returns the moment that a source's date names, in UTC; None where there is none that can be believed.

    A date without time is midnight, a time without a zone that is known is in `zone` (in a mail or a feed that is UTC:
    RFC 5322, 4.3). Before 1990 and more than two days after `now` is a mistake of the source.
    """
    if text is None or len(text) > 100:
        return None
    read = _read(text.strip(), zone)
    if read is None or read.year < _EARLIEST or read > now + _AHEAD:
        return None
    return read


def within(text: str, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Returns the first moment that a line of a page names, among other things: `Politics | November 21, 2023`."""
    pieces = (piece for piece in _PARTS.split(text[:1000]) if any(character.isdigit() for character in piece))
    return next((moment for piece in (text, *pieces) if (moment := when(piece, now, zone)) is not None), None)


@lru_cache(maxsize=4096)
def _read(text: str, zone: tzinfo) -> datetime | None:
    try:
        moment = _iso(text, zone) or _worded(fold(text), zone)
        return moment.astimezone(UTC) if moment else None
    except (ValueError, OverflowError):
        return None


def _iso(text: str, otherwise: tzinfo) -> datetime | None:
    text = _SLASHES.sub(r"\1-\2-\3", text)
    if not re.match(r"\d{4}-?\d\d", text):
        return None
    if re.fullmatch(r"\d{4}-\d\d", text):
        text += "-01"
    text, _, zone = _NAMED_ZONE.sub(r"\1|\2", text).partition("|")
    moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    return moment if moment.tzinfo else moment.replace(tzinfo=_zone(zone.lower(), otherwise))


def _worded(text: str, otherwise: tzinfo) -> datetime | None:
    found = _WORDED.match(text)
    month = _MONTHS.get(found["month"] or found["month2"]) if found else None
    if found is None or month is None:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += 1900 if year >= 90 else 2000
    hour = int(found["hour"] or 0)
    if found["half"] and hour <= 12:
        hour = hour % 12 + (12 if found["half"].startswith("p") else 0)
    moment = datetime(  # noqa: DTZ001
        year, month, int(found["day"] or found["day2"]), hour, int(found["minute"] or 0), int(found["second"] or 0)
    )
    return moment.replace(tzinfo=_zone(found["zone"] or "", otherwise))


def _zone(name: str, otherwise: tzinfo) -> tzinfo:
    offset = _OFFSET.match(name)
    if offset:
        distance = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-distance if offset[1] == "-" else distance)
    if name in _PLACES:
        return ZoneInfo(_PLACES[name])
    hours = _ZONES.get(name.removeprefix("etc/"))
    return otherwise if hours is None else timezone(timedelta(hours=hours))
