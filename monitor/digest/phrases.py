"""The words of a digest in English and French, and how each writes dates, times and lists.

French follows the usage of the Office québécois de la langue française: 24-hour times as "7 h 05", abbreviated months
with a point, a no-break space before a colon and inside guillemets.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

_CATALOGUE: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subject": "{title}: {what}",
        "subject first": "{title}: {what} – {headline}",
        "stories.one": "1 story",
        "stories.many": "{n} stories",
        "updates.one": "1 update",
        "updates.many": "{n} updates",
        "in bulk.one": "1 in bulk",
        "in bulk.many": "{n} in bulk",
        "bulk title": "In bulk",
        "bulk.one": "1 story arrived in bulk from {source}. It is kept, and not told by itself before somebody has "
        "looked at it.",
        "bulk.many": "{n} stories arrived in bulk from {source}. They are kept, and not told one by one before "
        "somebody has looked at them.",
        "nothing new": "nothing new",
        "no headline": "(no headline)",
        "updated": "updated",
        "correction": "correction",
        "mention": "mentioned in passing",
        "partial": "Partial: the page could not be read; this is the text of the feed.",
        "why": "Found by",
        "quoted": "“{text}”",
        "topics": "Also about",
        "carriers": "Also carried by",
        "more carriers": "and {n} more",
        "languages.en": "English",
        "languages.fr": "French",
        "coverage": "Coverage",
        "all answered.one": "The one source watched answered.",
        "all answered.many": "All {n} sources watched answered.",
        "only one failed": "The one source watched was not read; what it published may be missing.",
        "some failed.one": "1 of the {all} sources watched was not read; what it published may be missing.",
        "some failed.many": "{n} of the {all} sources watched were not read; what they published may be missing.",
        "some doubtful.one": "1 source that answered may have shown only a part of its news.",
        "some doubtful.many": "{n} sources that answered may have shown only a part of their news.",
        "part": "only a part of it could be read",
        "overran": "its list turned over between two visits on {when}; what came and went in between was not seen",
        "quiet": "answers, but has brought nothing since {when}, longer than ever before",
        "no sources": "No source is watched.",
        "since": "not read since {when}",
        "never": "never read yet",
        "more pickups.one": "1 further pickup of a story you already have is not listed.",
        "more pickups.many": "{n} further pickups of stories you already have are not listed.",
        "times": "All times are {zone} time.",
        "why you": "You get this because {reader} is on the list of the digest “{digest}”.",
        "archive": "Archive",
        "colon": ": ",
        "list and": " and ",
    },
    "fr": {
        "subject": "{title} : {what}",
        "subject first": "{title} : {what} – {headline}",
        "stories.one": "{n} nouvelle",
        "stories.many": "{n} nouvelles",
        "updates.one": "{n} mise à jour",
        "updates.many": "{n} mises à jour",
        "in bulk.one": "{n} en bloc",
        "in bulk.many": "{n} en bloc",
        "bulk title": "En bloc",
        "bulk.one": "{n} nouvelle est arrivée en bloc, source « {source} ». Elle est conservée, et ne sera citée "
        "qu’une fois vérifiée.",
        "bulk.many": "{n} nouvelles sont arrivées en bloc, source « {source} ». Elles sont conservées, et ne seront "
        "citées une à une qu’une fois vérifiées.",
        "nothing new": "rien de neuf",
        "no headline": "(sans titre)",
        "updated": "mise à jour",
        "correction": "rectificatif",
        "mention": "mention en passant",
        "partial": "Partiel : la page n’a pas pu être lue ; ce texte est celui du fil.",
        "why": "Repéré par",
        "quoted": "« {text} »",
        "topics": "Touche aussi",
        "carriers": "Aussi publié par",
        "more carriers": "et {n} autres",
        "languages.en": "anglais",
        "languages.fr": "français",
        "coverage": "Couverture",
        "all answered.one": "La source suivie a répondu.",
        "all answered.many": "Les {n} sources suivies ont toutes répondu.",
        "only one failed": "La source suivie n’a pas été lue ; ce qu’elle a publié peut manquer.",
        "some failed.one": "1 des {all} sources suivies n’a pas été lue ; ce qu’elle a publié peut manquer.",
        "some failed.many": "{n} des {all} sources suivies n’ont pas été lues ; ce qu’elles ont publié peut manquer.",
        "some doubtful.one": "{n} source qui a répondu n’a peut-être montré qu’une partie de ses nouvelles.",
        "some doubtful.many": "{n} sources qui ont répondu n’ont peut-être montré qu’une partie de leurs nouvelles.",
        "part": "une partie seulement a pu être lue",
        "overran": "sa liste s’est entièrement renouvelée entre deux visites le {when} ; ce qui a paru et disparu "
        "entre elles n’a pas été vu",
        "quiet": "répond, mais n’apporte rien depuis le {when}, plus longtemps que jamais",
        "no sources": "Aucune source n’est suivie.",
        "since": "non lue depuis le {when}",
        "never": "jamais lue encore",
        "more pickups.one": "{n} autre reprise d’une nouvelle que vous avez déjà n’est pas citée.",
        "more pickups.many": "{n} autres reprises de nouvelles que vous avez déjà ne sont pas citées.",
        "times": "Les heures sont celles du fuseau {zone}.",
        "why you": "Vous recevez ceci parce que {reader} figure sur la liste du bulletin « {digest} ».",
        "archive": "Archives",
        "colon": " : ",
        "list and": " et ",
    },
}
_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": ("janv.", "févr.", "mars", "avril", "mai", "juin", "juill.", "août", "sept.", "oct.", "nov.", "déc."),
}


class Phrases:
    """The words of one language; English for a language that has none."""

    def __init__(self, language: str) -> None:
        self.language = language if language in _CATALOGUE else "en"
        self._phrases = _CATALOGUE[self.language]

    def say(self, key: str, **values: object) -> str:
        """Returns the phrase with its values filled in. KeyError for an unknown key: a mistake of ours."""
        phrase = self._phrases[key]
        return (_tied(phrase) if self.language == "fr" else phrase).format_map(values)

    def count(self, key: str, n: int, **values: object) -> str:
        """Returns the phrase for so many things. In French, 0 and 1 are singular."""
        singular = n == 1 or (n == 0 and self.language == "fr")
        return self.say(f"{key}.one" if singular else f"{key}.many", n=n, **values)

    def name_of(self, language: str) -> str:
        """Returns the name of a language, or its code where there is no name for it."""
        return self._phrases.get(f"languages.{language}", language)

    def listed(self, words: Sequence[str]) -> str:
        """Returns "a, b and c"."""
        return ", ".join(words[:-1]) + self.say("list and") + words[-1] if len(words) > 1 else "".join(words)

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        """Returns day, date and time in the zone: "Sun 22 Nov 2026, 07:00", "dim. 22 nov. 2026, 7 h 00"."""
        local = at.astimezone(zone)
        return f"{_DAYS[self.language][local.weekday()]} {self._date(local)} {local.year}, {self._time(local)}"

    def short_moment(self, at: datetime, zone: ZoneInfo) -> str:
        """Returns date and time in the zone: "22 Nov 07:00", "22 nov. 7 h 00"."""
        local = at.astimezone(zone)
        return f"{self._date(local)} {self._time(local)}"

    def _date(self, local: datetime) -> str:
        day = "1er" if self.language == "fr" and local.day == 1 else str(local.day)
        return f"{day} {_MONTHS[self.language][local.month - 1]}"

    def _time(self, local: datetime) -> str:
        return f"{local.hour}\u00a0h\u00a0{local:%M}" if self.language == "fr" else f"{local:%H:%M}"


def _tied(phrase: str) -> str:
    """Puts no-break spaces where French has them; in the catalogue they could not be told from others."""
    return phrase.replace(" :", "\u00a0:").replace(" ;", "\u00a0;").replace("« ", "«\u00a0").replace(" »", "\u00a0»")
