"""The errors of the program: the class says who is hurt, the message what to do.

MonitorError
├─ ConfigError     nobody starts; lists every problem
├─ SourceError     this source; counted, visited later
│  ├─ FetchError      no usable answer came
│  └─ FormatError     an answer came, but it is not what the source's kind reads
├─ PageError       this page; an outcome, not a traceback
├─ ArchiveError    the run stops: locked, full, corrupt, wrong version
├─ TooSlowError    this question: it took longer than whoever asked would wait
└─ DeliveryError   this message; kept with its receipt, tried again if temporary
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class MonitorError(Exception):
    """Anything this program raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration file, with the place to look at (line and column count from 1).

    The excerpt is the line of the file with a caret under the place, two lines; empty where it is not shown.
    """

    file: str
    line: int
    column: int
    path: str
    what: str
    excerpt: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        said = f"{where}: {self.path}: {self.what}" if self.path else f"{where}: {self.what}"
        return f"{said}\n{self.excerpt}" if self.excerpt else said


class ConfigError(MonitorError):
    """The configuration cannot be used; `problems` holds every mistake that was found, in reading order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SourceError(MonitorError):
    """A visit brought nothing that could be used.

    `status` is the HTTP status where one came; `retry_after` is what the server asked for.
    """

    def __init__(self, reason: str, *, status: int | None = None, retry_after: timedelta | None = None) -> None:
        self.reason = reason
        self.status = status
        self.retry_after = retry_after
        super().__init__(reason)


class FetchError(SourceError):
    """No usable answer came: no connection, a time-out, an HTTP error, too large."""


class FormatError(SourceError):
    """An answer came, but it is not what the source's kind reads (HTML instead of a feed, broken XML …)."""


class PageError(MonitorError):
    """A page could not be read. `temporary` says whether trying later can help, `tried` whether a request left."""

    def __init__(
        self,
        reason: str,
        *,
        temporary: bool,
        status: int | None = None,
        retry_after: timedelta | None = None,
        tried: bool = True,
    ) -> None:
        self.reason = reason
        self.temporary = temporary
        self.tried = tried
        self.status = status
        self.retry_after = retry_after
        super().__init__(reason)


class ArchiveError(MonitorError):
    """The archive cannot be used: held by another process, read-only, full, damaged, or made by a newer program."""


class TooSlowError(MonitorError):
    """A question to the archive was stopped because it took too long; a narrower one may be quick."""


class DeliveryError(MonitorError):
    """One message was not delivered.

    `temporary`: trying later can help. `doubt`: it may have arrived, because the connection broke after the
    whole message had been sent and before the server's answer. `way`: the way failed, not this message: others would
    fare no better now. `bounced`: the reader's own address was refused for good. `retry_after`: what the other side
    asked for. `gone`: the other side wants no more of this reader's messages (HTTP 410).
    """

    def __init__(
        self,
        reason: str,
        *,
        temporary: bool,
        doubt: bool = False,
        way: bool = False,
        bounced: bool = False,
        gone: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        self.reason = reason
        self.temporary = temporary
        self.doubt = doubt
        self.way = way
        self.bounced = bounced
        self.gone = gone
        self.retry_after = retry_after
        super().__init__(reason)
