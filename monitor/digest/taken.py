"""Who took back what a reader was told, and where that can be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.digest.interest import is_living
from monitor.digest.plainly import publisher_of
from monitor.text import fold, one_line
from monitor.types import Kept, Line, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Who took a story back, or a copy of it, and where that can be read."""

    who: tuple[str, ...]
    notice: Kept | None
    taken: tuple[Kept, ...]
    living: tuple[Kept, ...]


def withdrawal(line: Line) -> Withdrawal:
    """Returns who withdrew a story, or copies of it: its agency, or each publisher its own."""
    everybody = (line.article, *line.carriers)
    taken = tuple(article for article in everybody if article.withdrawn)
    living = tuple(article for article in everybody if is_living(article))
    notices = sorted(
        (article for article in everybody if article.relation is Relation.KILL),
        key=lambda a: (not _is_own(a), a.first_seen_at, a.id),
    )
    if all(article.relation is Relation.KILL for article in taken):  # each in its own place
        who: Sequence[str] = [publisher_of(article) for article in taken]
    elif notices:
        who = [one_line(notices[0].credit.agency or "") or publisher_of(notices[0])]
    else:
        who = [one_line(line.article.credit.agency or "") or publisher_of(line.article)]
    return Withdrawal(who=tuple(dict.fromkeys(who)), notice=notices[0] if notices else None, taken=taken, living=living)


def _is_own(notice: Kept) -> bool:
    agency = notice.credit.agency
    return agency is not None and fold(notice.publisher).removeprefix("the ") == fold(agency).removeprefix("the ")
