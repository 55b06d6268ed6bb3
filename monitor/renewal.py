"""Takes over a configuration that was saved while the service runs, or keeps the last good one and says why."""

from collections.abc import Sequence
from dataclasses import fields, replace

import structlog

from monitor import app
from monitor.archive import Running
from monitor.config import Config
from monitor.errors import ArchiveError, ConfigError, Problem
from monitor.types import Source, Subscription, Topic

log = structlog.get_logger("roxham")

MOST_PROBLEMS = 20
"""How many problems the archive keeps of files that were refused; the log has them all."""

_LISTS = {"sources": "sources", "topics": "topics", "subscriptions": "digests"}  # by the files' names
_NOT_SETTINGS = {*_LISTS, "warnings", "fingerprint"}
_NAMED = 5  # of what was added, removed or changed in one file


class Renewal:
    """The line in force, and what was made of the files that were saved since it began."""

    def __init__(self, line: app.Line) -> None:
        self.line = line
        self._running = Running(fingerprint=line.config.fingerprint, since=line.clock())

    async def begin(self) -> None:
        """Notes in the archive what the service starts with."""
        await self._keep(self._running)

    async def take(self, said: Config | ConfigError) -> None:
        """Goes on by what the files say now, if that can be; nothing is raised but ArchiveError."""
        if isinstance(said, ConfigError):
            await self._refuse([_in_one_line(problem) for problem in said.problems])
            return
        try:
            await self._take(said)
        except ArchiveError:
            raise
        except Exception as error:  # a defect of ours: the last good configuration goes on
            log.exception("configuration not taken")
            await self._refuse([f"{type(error).__name__}: {error}"])

    async def _take(self, said: Config) -> None:
        before = self.line.config
        if _meaning(said) == _meaning(before):
            log.debug("configuration saved, and means the same")
            if self._running.refused_at is not None:
                log.info("configuration is good again, as it was", since=self._running.since.isoformat())
            # what the environment says in place of a file changes its fingerprint only
            await self._keep(Running(fingerprint=said.fingerprint, since=self._running.since))
            return
        self.line = await app.renewed(self.line, said)
        log.info("configuration taken", **_changes(before, said))
        if said.archive != before.archive and app.archive_path(said) != self.line.archive.path:
            log.warning("takes effect at the next start", key="archive", value=said.archive)
        known = {_without_place(warning) for warning in before.warnings}
        for warning in said.warnings:
            if _without_place(warning) not in known:
                log.warning("configuration may be wrong", warning=_in_one_line(warning))
        await self._keep(Running(fingerprint=said.fingerprint, since=self.line.clock()))

    async def _refuse(self, problems: Sequence[str]) -> None:
        for problem in problems:
            log.error("configuration refused", problem=problem)
        log.error("the last good configuration stays in force", since=self._running.since.isoformat())
        kept = tuple(problems[:MOST_PROBLEMS])
        if len(problems) > MOST_PROBLEMS:
            kept = (*kept[:-1], f"and {len(problems) - MOST_PROBLEMS + 1} more; `roxham check` lists them all")
        await self._keep(replace(self._running, refused_at=self.line.clock(), problems=kept))

    async def _keep(self, running: Running) -> None:
        self._running = running
        await self.line.threads.archive(self.line.archive.keep_running, running)


def _meaning(config: Config) -> Config:
    """A configuration without what depends on how it is written; secrets count, which the fingerprint leaves out."""
    return replace(config, warnings=(), fingerprint="")


def _changes(before: Config, after: Config) -> dict[str, str]:
    """What changed, by names only: values may be secrets."""
    settings = [
        each.name.partition("_")[0]
        for each in fields(Config)
        if each.name not in _NOT_SETTINGS and getattr(before, each.name) != getattr(after, each.name)
    ]
    said = {file: _listed(getattr(before, name), getattr(after, name)) for name, file in _LISTS.items()}
    return {name: text for name, text in {**said, "settings": ", ".join(settings)}.items() if text}


def _listed(before: Sequence[Source | Topic | Subscription], after: Sequence[Source | Topic | Subscription]) -> str:
    old, new = {each.id: each for each in before}, {each.id: each for each in after}
    parts = {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and old[name] != new[name]],
    }
    said = [f"{word} {_few(names)}" for word, names in parts.items() if names]
    return "; ".join(said) or ("in another order" if list(old) != list(new) else "")


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _in_one_line(problem: Problem) -> str:
    return str(replace(problem, excerpt=""))


def _without_place(warning: Problem) -> tuple[str, str, str]:
    return warning.file, warning.path, warning.what
