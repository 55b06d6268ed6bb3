"""Examples: what readers said of topics, held against other ones. Does an edited topic get right what it got wrong?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from monitor.archive import Archive
from monitor.match import Matcher
from monitor.pipeline.known import held_at
from monitor.pipeline.past import Excerpts, bare
from monitor.types import Feedback, FeedbackKind, Kept, Match, Source, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a reader said of an article and a topic, and what the article is to the old topic and to the new one."""

    feedback: Feedback
    article: Kept | None  # without its texts; None: the archive does not hold it
    before: Match | None
    after: Match | None
    whole: bool  # False: without its whole text, that nothing is found proves nothing

    @property
    def right_before(self) -> bool | None:
        """Whether the old topic gets it right; None where that cannot be told."""
        return self._right(self.before)

    @property
    def right(self) -> bool | None:
        """Whether the new topic gets it right: finds what was missed, and not what is not relevant."""
        return self._right(self.after)

    def _right(self, match: Match | None) -> bool | None:
        if self.article is None or (match is None and not self.whole):
            return None
        return (match is not None) == (self.feedback.kind is FeedbackKind.MISSED)


def examples(
    archive: Archive,
    topic_ids: Collection[str],
    old: Sequence[Topic],
    new: Sequence[Topic],
    sources: Collection[Source] = (),
) -> tuple[Example, ...]:
    """Returns what readers said of these topics, the newest first. Raises ArchiveError.

    What the archive did not hold when they said it may be there by now.
    """
    said = archive.feedback(topic_ids) if topic_ids else []
    if not said:
        return ()
    earlier, later, excerpts = Matcher(old), Matcher(new), Excerpts(sources)
    return tuple(_held_against(archive, each, earlier, later, excerpts) for each in said)


def _held_against(
    archive: Archive, feedback: Feedback, earlier: Matcher, later: Matcher, excerpts: Excerpts
) -> Example:
    found = held_at(archive, feedback.url) if feedback.article_id is None else archive.article(feedback.article_id)
    if found is None:
        return Example(feedback=feedback, article=None, before=None, after=None, whole=False)
    before, after = (
        next((match for match in matcher.match(found) if match.topic_id == feedback.topic_id), None)
        for matcher in (earlier, later)
    )
    whole = found.text is not None and not found.partial and found not in excerpts
    return Example(feedback=feedback, article=bare(found), before=before, after=after, whole=whole)
