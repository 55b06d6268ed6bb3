"""What the program is called, to whom, and its clock."""

import importlib.metadata
from datetime import UTC, datetime

from monitor.config import Config


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def version() -> str:
    """Returns the version of the installed program."""
    return importlib.metadata.version("roxham-monitor")


def user_agent(config: Config) -> str:
    """Returns the name under which pages are asked for, with the contact that servers' owners may want."""
    return f"Roxham/{version()} (+{config.contact})"
