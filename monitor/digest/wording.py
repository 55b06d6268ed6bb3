"""Says things in a reader's language: phrases with their blanks filled, dates, times, lists, ordinals, schedules."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.digest.phrases import CATALOGUE, DAYS, EACH_DAY, MONTHS
from monitor.types import Schedule

_UNITS = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1)))


class Phrases:
    """The words of one language; English for a language that has none.

    Times in French are written as the Office québécois de la langue française asks: "7 h", "7 h 05".
    """

    def __init__(self, language: str) -> None:
        self.language = language if language in CATALOGUE else "en"
        self._phrases = CATALOGUE[self.language]

    def say(self, key: str, **values: object) -> str:
        """Returns the phrase with its values filled in. KeyError for an unknown key: a mistake of ours."""
        phrase = self._phrases[key]
        return (_tied(phrase) if self.language == "fr" else phrase).format_map(values)

    def count(self, key: str, n: int, **values: object) -> str:
        """Returns the phrase for so many things. In French, 0 and 1 are singular."""
        singular = n == 1 or (n == 0 and self.language == "fr")
        return self.say(f"{key}.one" if singular else f"{key}.many", n=n, **values)

    def label(self, key: str, words: str) -> str:
        """Returns "Found by: words"."""
        return self.say(key) + self.say("colon") + words

    def name_of(self, language: str) -> str:
        """Returns the name of a language, or its code where there is no name for it."""
        return self._phrases.get(f"languages.{language}", language)

    def listed(self, words: Sequence[str]) -> str:
        """Returns "a, b and c"."""
        return ", ".join(words[:-1]) + self.say("list and") + words[-1] if len(words) > 1 else "".join(words)

    def ordinal(self, n: int) -> str:
        """Returns "2nd", "11th"; "2e" in French, "1re" for the first of what is feminine."""
        if self.language == "fr":
            return "1re" if n == 1 else f"{n}e"
        ending = {1: "st", 2: "nd", 3: "rd"}.get(0 if n % 100 in (11, 12, 13) else n % 10, "th")
        return f"{n}{ending}"

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        """Returns day, date and time in the zone: "Sun 22 Nov 2026, 07:00", "dim. 22 nov. 2026 à 7 h"."""
        local = at.astimezone(zone)
        return f"{self._day(local)} {local.year}{self.say('at')}{self._time(local.time())}"

    def day_and_time(self, at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
        """Returns the same without its year where that is now's: "Sun 22 Nov, 07:00"."""
        local = at.astimezone(zone)
        if local.year != now.astimezone(zone).year:
            return self.moment(at, zone)
        return f"{self._day(local)}{self.say('at')}{self._time(local.time())}"

    def short_moment(self, at: datetime, zone: ZoneInfo) -> str:
        """Returns date and time in the zone: "22 Nov, 07:00", "22 nov. à 7 h"."""
        local = at.astimezone(zone)
        return f"{self._date(local)}{self.say('at')}{self._time(local.time())}"

    def schedule(self, schedule: Schedule) -> str:
        """Returns when a digest is due: "on weekdays at 07:00 and 16:00"."""
        if schedule.at_once:
            return self.say("at once")
        if schedule.every is not None:
            unit, of = next(((u, of) for u, of in _UNITS if schedule.every % of == timedelta(0)), _UNITS[-1])
            return self.count(f"every {unit}", max(1, schedule.every // of))
        hours: dict[int, list[time]] = {}
        for day, hour in sorted(schedule.moments):
            hours.setdefault(day, []).append(hour)
        days: dict[tuple[time, ...], list[int]] = {}
        for day, of_day in hours.items():
            days.setdefault(tuple(of_day), []).append(day)
        return self.listed([self._on(of_hours, times) for times, of_hours in days.items()])

    def _on(self, days: Sequence[int], times: Sequence[time]) -> str:
        said = self.listed([self._time(each) for each in times])
        spans = {tuple(range(7)): "daily", tuple(range(5)): "weekdays", (5, 6): "weekends"}
        if (name := spans.get(tuple(days))) is not None:
            return self.say(name, times=said)
        return self.say("days", days=self.listed([EACH_DAY[self.language][day] for day in days]), times=said)

    def _day(self, local: datetime) -> str:
        return f"{DAYS[self.language][local.weekday()]} {self._date(local)}"

    def _date(self, local: datetime) -> str:
        day = "1er" if self.language == "fr" and local.day == 1 else str(local.day)
        return f"{day} {MONTHS[self.language][local.month - 1]}"

    def _time(self, at: time) -> str:
        if self.language != "fr":
            return f"{at:%H:%M}"
        return f"{at.hour}\u00a0h\u00a0{at:%M}" if at.minute else f"{at.hour}\u00a0h"


def _tied(phrase: str) -> str:
    """Puts no-break spaces where French has them; in the catalogue they could not be told from others.

    A semicolon has none before it in Canada (Office québécois de la langue française, tableau de l'espacement).
    """
    return phrase.replace(" :", "\u00a0:").replace("« ", "«\u00a0").replace(" »", "\u00a0»")
