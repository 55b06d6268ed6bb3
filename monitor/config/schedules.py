"""When a digest is due, as an operator writes it: `weekdays 07:00, 16:00`, `mondays 08:00`, `every 2h`, `at once`."""

import re
from datetime import time

from monitor.config.values import duration, suggestion, text
from monitor.types import Schedule

_DAYS = {
    "daily": range(7),
    "weekdays": range(5),
    "weekends": range(5, 7),
    **{
        f"{name}s": range(number, number + 1)
        for number, name in enumerate(
            ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        )
    },
}
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_EXAMPLES = "daily 06:30, weekdays 07:00, 16:00, mondays 08:00, every 2h, at once"


def schedule(value: object) -> Schedule:
    """Reads the `at` of a digest.

    Raises:
        ValueError: it is none of the known forms; the message shows them.
    """
    written = " ".join(text(value).split())
    words = [word for word in re.split(r"[\s,]+", written.casefold()) if word]
    if words == ["at", "once"]:
        return Schedule(text=written, at_once=True)
    if words and words[0] == "every":
        return Schedule(text=written, every=duration(written[len("every") :]))
    if words and words[0] == "at":
        raise ValueError(f'"{written}" is not known; did you mean at once? (known: {_EXAMPLES})')
    days = [word for word in words if not word[0].isdecimal()]
    clock = [word for word in words if word[0].isdecimal()]
    if words != days + clock:
        raise ValueError(f"the days come first, then the times ({_EXAMPLES})")
    for word in days:
        if word not in _DAYS:
            raise ValueError(f'"{word}" is not a day{suggestion(word, _DAYS)} (known: {_EXAMPLES})')
    times = {_time(word) for word in clock}
    if not times:
        raise ValueError(f"has no time of day; write one such as {written} 07:00")
    if not days:
        raise ValueError(f"has no days; did you mean daily {written}?")
    return Schedule(
        text=written,
        weekdays=frozenset(number for word in days for number in _DAYS[word]),
        times=tuple(sorted(times)),
    )


def _time(word: str) -> time:
    found = _TIME.fullmatch(word)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(f'"{word}" is not a time of day from 00:00 to 23:59')
    return time(int(found[1]), int(found[2]))
