"""The archive as files and JSON that others rely on: documents of everything, and exports of articles as streams.

A page or a command does `plan(…)`, then `stream(form, archive.articles(plan.wanted), plan)`.
"""

from monitor.export.documents import (
    Json,
    alarm,
    article,
    change,
    credit,
    found,
    hold,
    item,
    outgoing,
    pause,
    receipt,
    shown,
    slot,
    source,
    story,
    subscription,
    telling,
    topics,
    version,
    when,
    why,
)
from monitor.export.forms import Form, Plan, filters, newest, plan, watched_in
from monitor.export.observation import Observation, Watch, Watched, observation, watched
from monitor.export.rows import COLUMNS, harmless, line
from monitor.export.streaming import stream
from monitor.export.versions import as_of, in_version

__all__ = [
    "COLUMNS",
    "Form",
    "Json",
    "Observation",
    "Plan",
    "Watch",
    "Watched",
    "alarm",
    "article",
    "as_of",
    "change",
    "credit",
    "filters",
    "found",
    "harmless",
    "hold",
    "in_version",
    "item",
    "line",
    "newest",
    "observation",
    "outgoing",
    "pause",
    "plan",
    "receipt",
    "shown",
    "slot",
    "source",
    "story",
    "stream",
    "subscription",
    "telling",
    "topics",
    "version",
    "watched",
    "watched_in",
    "when",
    "why",
]
