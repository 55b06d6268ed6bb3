"""The forms in which articles are exported, and what an export says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from monitor.archive import Archive, Filter
from monitor.citing import Holder
from monitor.export.documents import when
from monitor.export.observation import Watched, watched

if TYPE_CHECKING:
    from monitor.config import Config


class Form(StrEnum):
    """A form of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    CSL_JSON = "csl-json"
    RIS = "ris"
    BIBTEX = "bibtex"

    @property
    def media_type(self) -> str:
        """As servers name it, with its character set where it is text."""
        return _MEDIA_TYPES[self]

    @property
    def ending(self) -> str:
        """Of the names of its files, with the dot."""
        return _ENDINGS[self]

    @property
    def cites(self) -> bool:
        """Whether it holds citations, and neither texts nor the column `coverage`."""
        return self in {Form.CSL_JSON, Form.RIS, Form.BIBTEX}


_MEDIA_TYPES = {
    Form.JSONL: "application/jsonl; charset=utf-8",
    Form.CSV: "text/csv; charset=utf-8; header=present",  # RFC 7111, RFC 4180
    Form.PARQUET: "application/vnd.apache.parquet",
    Form.CSL_JSON: "application/vnd.citationstyles.csl+json",
    Form.RIS: "application/x-research-info-systems; charset=utf-8",
    Form.BIBTEX: "application/x-bibtex; charset=utf-8",
}
_ENDINGS = {
    Form.JSONL: ".jsonl",
    Form.CSV: ".csv",
    Form.PARQUET: ".parquet",
    Form.CSL_JSON: ".json",
    Form.RIS: ".ris",
    Form.BIBTEX: ".bib",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is exported, fixed when the export begins, so that a long one shows one state of the archive."""

    wanted: Filter  # up to the newest article there was
    holder: Holder
    program: str  # "Roxham 0.1.0"
    configuration: str  # Config.fingerprint
    made_at: datetime
    watched: Watched = field(repr=False)

    def says(self) -> dict[str, Any]:
        """Returns it as JSON, for the metadata of a file."""
        return {
            "installation": self.holder.name,
            "program": self.program,
            "made_at": when(self.made_at),
            "snapshot": self.wanted.upto,
            "filters": filters(self.wanted),
            "configuration": self.configuration,
        }


def plan(archive: Archive, config: "Config", wanted: Filter, *, program: str, now: datetime) -> Plan:
    """Returns the plan of an export that begins now: `stream(form, archive.articles(plan.wanted), plan)` is next."""
    upto = newest(archive) if wanted.upto is None else wanted.upto
    return Plan(
        wanted=replace(wanted, upto=upto),
        holder=Holder(name=config.name, timezone=config.timezone),
        program=program,
        configuration=config.fingerprint,
        made_at=now,
        watched=watched_in(archive, now),
    )


def newest(archive: Archive) -> int:
    """Returns the number of the newest article; 0 where there is none."""
    found = archive.search(Filter(), limit=1)
    return found[0].article.id if found else 0


def watched_in(archive: Archive, now: datetime) -> Watched:
    """Returns when each source was watched, from its first visit until now."""
    states = archive.states()
    first = min((state.first_visit_at for state in states.values() if state.first_visit_at), default=now)
    return watched(states.values(), archive.observed(first, now))


def filters(wanted: Filter) -> Mapping[str, Any]:
    """Returns which articles are wanted, as JSON; what does not narrow is left out, `upto` too."""
    said = {
        "query": None if wanted.query is None else str(wanted.query),
        "topics": list(wanted.topics),
        "sources": list(wanted.sources),
        "publishers": list(wanted.publishers),
        "languages": list(wanted.languages),
        "agencies": list(wanted.agencies),
        "relations": [relation.value for relation in wanted.relations],
        "since": when(wanted.since),
        "until": when(wanted.until),
    }
    return {name: value for name, value in said.items() if value}
