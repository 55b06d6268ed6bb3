"""The demo's newsroom, collected and told once, with its pages served: what tests in a browser look at."""

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from monitor import app
from monitor.demo import newsroom, write_config
from monitor.types import Role
from monitor.web import assemble, serve
from tests.command import call
from tests.site_here import web


@cache
def _collected() -> Path:
    """A folder with the demo's archive, made once a process; the newsroom's site is closed again."""
    folder = Path(mkdtemp(prefix="roxham-newsroom-"))
    with newsroom(0) as url:
        port = int(url.rpartition(":")[2])
        write_config(folder / "config", port)
        for command in (["collect"], ["deliver", "--now"]):
            done = call(["roxham", "--config", str(folder / "config"), *command])
            assert done.returncode == 0, done.stderr
    return folder


def newsroom_in(folder: Path, users: Mapping[str, Role] | None = None, more: str = "") -> Path:
    """Copies the newsroom's installation into a folder; returns its configuration folder. Not from an event loop."""
    shutil.copytree(_collected(), folder, dirs_exist_ok=True)
    file = folder / "config" / "monitor.yaml"
    said = re.sub(r"(?m)^web: .*\n", "", file.read_text("utf-8"))
    file.write_text(said + (web(users, more) if users is not None else ""), "utf-8")
    return folder / "config"


@asynccontextmanager
async def served_newsroom(config_folder: Path) -> AsyncIterator[str]:
    """Serves the pages over it as `roxham web` does, saved files included, and yields their address."""
    config = app.configuration(config_folder)
    with app.alone(lambda: app.configuration(config_folder), config_folder) as onlooker:
        async with serve(assemble(onlooker), "127.0.0.1", 0) as port:
            assert config.web.port
            yield f"http://127.0.0.1:{port}"
