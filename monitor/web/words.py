"""The words of the pages in a visitor's language: phrases, counts, numbers and times."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import import_module
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from monitor.digest.wording import Phrases

LANGUAGES = ("en", "fr")
_CATALOGUES = ("common", "search", "articles", "operators", "people", "topics", "programs")


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Returns every phrase of the pages in a language. Raises ValueError where two catalogues name the same."""
    phrases: dict[str, str] = {}
    for name in _CATALOGUES:
        mine: Mapping[str, str] = import_module(f"monitor.web.wording.{name}").PHRASES[language]
        if twice := phrases.keys() & mine.keys():
            raise ValueError(f"said twice: {sorted(twice)}")
        phrases |= mine
    return phrases


class Words:
    """Says things in one language, at the clock of one installation.

    A phrase is English and French under one key (monitor/web/wording). Its blanks are filled with what is given,
    escaped for HTML unless it is `Markup`. Counted phrases have two keys: `articles.one`, `articles.many`.
    """

    def __init__(self, language: str, zone: str, now: datetime) -> None:
        self.language = language
        self._phrases = catalogue(language)
        self._dates = Phrases(language)
        self._zone = ZoneInfo(zone)
        self._now = now

    def __call__(self, key: str, **values: object) -> Markup:
        """Returns the phrase with its values filled in. KeyError for an unknown key: a mistake of ours."""
        phrase = self._phrases[key]
        if self.language == "fr":
            phrase = phrase.replace(" :", "\u00a0:").replace("« ", "«\u00a0").replace(" »", "\u00a0»")
        return Markup(phrase).format_map({name: escape(value) for name, value in values.items()})  # noqa: S704 - ours

    def maybe(self, key: str, otherwise: str) -> Markup:
        """Returns the phrase where there is one, else the text as it is."""
        return self(key) if key in self._phrases else escape(otherwise)

    def count(self, key: str, n: int, **values: object) -> Markup:
        """Returns the phrase for so many things. In French, 0 and 1 are singular."""
        singular = n == 1 or (n == 0 and self.language == "fr")
        return self(f"{key}.one" if singular else f"{key}.many", n=self.number(n), **values)

    def number(self, n: float) -> str:
        """Returns "12,345", "12 345"; a fraction with one digit."""
        said = f"{n:,}" if isinstance(n, int) else f"{n:,.1f}"
        return said.translate(str.maketrans(",.", "\u202f,")) if self.language == "fr" else said

    def when(self, at: datetime | None) -> Markup:
        """Returns a time as people of the installation write it, for machines too; a dash where it is not known."""
        if at is None:
            return Markup("–")
        text = self._dates.day_and_time(at, self._zone, now=self._now)
        return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", text)

    def language_name(self, code: str) -> str:
        """Returns the name of a language, or its code where there is no name for it."""
        return self._dates.name_of(code)

    @property
    def dates(self) -> Phrases:
        """Schedules, dates and lists as mails write them."""
        return self._dates
