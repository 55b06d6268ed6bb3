"""What the archive holds of one article, as its pages and their twins for programs ask for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request

from monitor.archive import Provenance, Story, ToldReader, Version
from monitor.citing import Holder
from monitor.types import Change, Feedback, Kept
from monitor.web.site import Site
from monitor.web.stories import number_of

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config

_COMPARED = 40  # versions, each with the one before; of older ones only that they are there


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the archive holds of an article, all of one moment."""

    article: Kept
    versions: Sequence[Version]  # oldest first
    story: Story | None
    provenance: Provenance
    tellings: Sequence[ToldReader]
    said: Sequence[Feedback]  # by readers, of this article

    def version(self, number: int) -> Version:
        """Returns one version. Raises HTTPException (404)."""
        for each in self.versions:
            if each.number == number:
                return each
        raise HTTPException(404, "")


def held(archive: "Archive", article_id: int) -> Held | None:
    """Asks the archive; None where there is no such article."""
    article = archive.article(article_id)
    if article is None:
        return None
    return Held(
        article=article,
        versions=archive.versions(article_id),
        story=archive.story(article.story_id),
        provenance=archive.provenance(article_id),
        tellings=archive.tellings(article_id),
        said=[each for each in archive.feedback() if each.article_id == article_id],
    )


async def asked(request: Request, site: Site) -> Held:
    """Returns the article that the address names. Raises HTTPException (404)."""
    number = number_of(request.path_params["article"])
    found = await site.onlooker.ask(held, number)
    if found is None:
        raise HTTPException(404, "")
    return found


def changes_of(found: Held) -> dict[int, Change]:
    """Returns what the newest versions changed, each of the one before, where the texts of both are there."""
    from monitor.app import wording_change

    changes = {
        later.number: wording_change(earlier, later, found.article.language)
        for earlier, later in pairwise(found.versions[-_COMPARED - 1 :])
    }
    return {number: change for number, change in changes.items() if change is not None}


def holder(config: "Config") -> Holder:
    """Returns who holds what is cited."""
    return Holder(name=config.name, timezone=config.timezone)
