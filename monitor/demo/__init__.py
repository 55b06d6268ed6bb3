"""A small invented newsroom on loopback, and the configuration that watches it: what `roxham demo` runs on.

Comes in: a folder and a port. Goes out: four configuration files, and a web site that answers as real ones do -
agency copy at several publishers, feeds in four formats, two languages, pages that fail, and false friends. Nothing
here reaches the network, and the texts never change, so that a second run finds nothing new.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

PORT = 8409
"""The port that the configuration files in config/ are written with."""

FILES = ("monitor.yaml", "sources.yaml", "topics.yaml", "digests.yaml")


def write_config(folder: Path, port: int = PORT) -> None:
    """Writes the demo's four files into the configuration folder, which is made if need be; older ones are replaced.

    Archive and mail lie in `var/` beside that folder. Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shipped = resources.files(__package__) / "config"
    for name in FILES:
        text = (shipped / name).read_text("utf-8").replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{port}")
        (folder / name).write_text(text, "utf-8")


@contextmanager
def newsroom(port: int = PORT) -> Iterator[str]:
    """Serves the newsroom while the context lasts and yields its address, without a final slash.

    Port 0 takes any free one. Raises MonitorError where the port cannot be had.
    """
    from monitor.demo.site import serve  # Jinja is not needed by a program that only prints its help

    with serve(port) as url:
        yield url
