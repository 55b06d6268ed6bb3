"""What a running service says of its configuration, in words."""

from typing import TYPE_CHECKING

from monitor.cli.output import local

if TYPE_CHECKING:
    from monitor.archive import Running


def told(running: "Running", fingerprint: str | None, zone: str) -> list[str]:
    """Returns by which configuration a service works, as lines for people.

    The first says that, the others why not by the files; `fingerprint` is theirs, None where they have mistakes.
    """
    from monitor.overview.service import is_current

    since = local(running.since, zone)
    if running.refused_at is not None:
        refused = local(running.refused_at, zone)
        return [f"taken {since}, still in force: the files saved {refused} were refused", *running.problems]
    if not is_current(running, fingerprint):
        return [f"taken {since}, still in force: the files say something else since, and were not taken yet"]
    return [f"taken {since}"]
