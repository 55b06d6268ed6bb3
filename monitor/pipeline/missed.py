"""Why watching had missed a page, or that it had not. Pure: facts in, sentences out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.archive import PastVisit, Sighting
from monitor.types import ItemState, Kept, Source, SourceState, Span, VisitOutcome

AROUND = timedelta(days=2)
"""After its publication, in which a source would have listed an article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One fact that tells why watching had missed a page, or that it had not."""

    code: str
    text: str
    source_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What is known of one source of the same site, around the time when a page was published."""

    source: Source
    state: SourceState | None
    spans: Sequence[Span]  # when it was observed
    visits: Sequence[PastVisit]


def missed(
    article: Kept | None, seen: Sequence[Sighting], near: Sequence[Watching], *, began: datetime, url: str
) -> list[Reason]:
    """Returns why watching had missed a page that was added at `began`, or that it had not; facts only.

    `seen` are the sightings of its addresses by configured sources, `near` the sources of its site.
    """
    reasons = []
    if article is not None and article.first_seen_at < began:
        listed = ", ".join(dict.fromkeys(sighting.source_id for sighting in seen))
        how = f"listed by {listed}" if listed else "added by hand"
        reasons.append(Reason(code="known", text=f"kept since {article.first_seen_at:%Y-%m-%d %H:%M} UTC, {how}"))
    reasons += [_unfinished(sighting) for sighting in seen if sighting.state is not ItemState.DONE]
    if not near:
        site = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/"
        text = f"no source watches this site; `roxham sources add {site}` looks for one"
        reasons.append(Reason(code="not watched", text=text))
    elif not seen and not any(reason.code == "known" for reason in reasons):
        reasons += [_not_listed(watched, article, began) for watched in near]
    if article is not None and not article.matches:
        reasons.append(Reason(code="no topic", text="no topic matches it: it is kept, and nobody is told"))
    return reasons


def since_when(article: Kept | None, began: datetime) -> datetime:
    """From when on a source could have listed it: its publication; where that is not known, the last two days."""
    published = (article.published_at or article.updated_at) if article is not None else None
    return min(published or began - AROUND, began)


def _unfinished(sighting: Sighting) -> Reason:
    what = {
        ItemState.PENDING: "it waits for its page",
        ItemState.REJECTED: "it was taken for no article",
        ItemState.SET_ASIDE: "it was set aside",
    }[sighting.state]
    because = f": {sighting.reason}" if sighting.reason else ""
    text = f"{sighting.source_id} listed it at {sighting.first_seen_at:%Y-%m-%d %H:%M} UTC; {what}{because}"
    return Reason(code=sighting.state.value, text=text, source_id=sighting.source_id)


def _not_listed(watched: Watching, article: Kept | None, began: datetime) -> Reason:
    source, state = watched.source, watched.state
    since = since_when(article, began)
    failed = [visit for visit in watched.visits if visit.outcome == VisitOutcome.FAILED.value]
    good = [visit for visit in watched.visits if visit.outcome in (VisitOutcome.CHANGED, VisitOutcome.UNCHANGED)]
    if not source.enabled:
        code, text = "off", "is switched off"
    elif state is None or state.last_good_at is None:
        error = f": {state.error}" if state is not None and state.error else ""
        code, text = "never visited", f"was never visited with success{error}"
    elif state.first_visit_at is not None and state.first_visit_at > since + AROUND:
        code, text = "later", f"is watched only since {state.first_visit_at:%Y-%m-%d}, the page is older"
    elif state.overran_at is not None and since <= state.overran_at:
        code = "overran"
        text = (
            f"turned its list over between two visits before {state.overran_at:%Y-%m-%d %H:%M} UTC: a shorter `every`"
        )
    elif failed and not good:
        code, text = "failed", f"failed {len(failed)} times when it was published, the last time: {failed[-1].error}"
    elif not watched.spans and not good:
        code, text = "not observed", "was not visited in the two days after its publication, or not since then"
    else:
        code, text = "not listed", "was visited then and did not list it: it may be in a section that this feed lacks"
    return Reason(code=code, text=f"{source.id} {text}", source_id=source.id)
