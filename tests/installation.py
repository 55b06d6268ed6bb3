"""A whole installation in a folder: its configuration, and the whole command, from its arguments to its exit code.

here = Installation(tmp_path, sources=[source("desk", site.url("/feed.xml"))])
done = here.roxham("collect", "--json")
... done.returncode ... here.document("export") ... done.stderr
beside = here.roxham("status", apart=True)  # in a process of its own
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from random import Random
from typing import Any

from tests.command import call

COMMAND = Path(sys.executable).with_name("roxham")
UNMEASURED = ("env", "--unset=COVERAGE_PROCESS_CONFIG", "--unset=COVERAGE_PROCESS_START")
"""What starts a program that coverage leaves alone: its files are limited, or its time and memory are looked at."""
READER = "desk@example.test"
TOPICS = """\
topics:
  - id: roxham-road
    title: {en: Roxham Road, fr: Chemin Roxham}
    any: {en: ['"Roxham Road"'], fr: ['"chemin Roxham"']}
  - id: stca
    any: {en: ['"Safe Third Country Agreement"'], fr: ['"tiers pays sûrs"']}
"""
DIGESTS = f"digests:\n  - {{id: morning, topics: [roxham-road, stca], at: weekdays 07:00, to: [{READER}]}}\n"
_WORDS = (
    "the reeve of township said that council would meet again before snow comes and people who live along ditch had "
    "asked for lamps a plough somebody to answer telephone at night nobody spoke against plan which costs less than "
    "bridge did takes one season papers lie open in town hall until spring every door is painted green this year"
)
"""Every text has all of them; no two texts have five of them in one order, or they would be one story."""


def source(source_id: str, url: str, **keys: object) -> str:
    """One entry of sources.yaml; JSON is YAML."""
    fields = {"id": source_id, "publisher": source_id.title(), "kind": "feed", "url": url, "language": "en"}
    return f"  - {json.dumps(fields | keys)}\n"


def story(name: str, sentence: str = "The lamps are for Roxham Road.") -> str:
    """The text of an article, a story of its own for each name."""
    told = 2 * _WORDS.split()
    Random(name).shuffle(told)  # noqa: S311 - always the same
    lines = (" ".join(told[start : start + 14]).capitalize() for start in range(0, len(told), 14))
    return "\n\n".join([sentence, *(f"{line}." for line in lines), f"That is all of {name}; it takes one season."])


def page(title: str, text: str, language: str = "en") -> str:
    """The page of an article."""
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n"))
    return (
        f"<!doctype html><html lang={language}><head><title>{escape(title)}</title></head>"
        f"<body><main><article><h1>{escape(title)}</h1>{body}</article></main></body></html>"
    )


def feed(*items: tuple[str, str, str]) -> str:
    """An RSS feed of (address, title, summary)."""
    listed = "".join(
        f"<item><link>{escape(url)}</link><guid>{escape(url)}</guid><title>{escape(title)}</title>"
        f"<description>{escape(summary)}</description><pubDate>Sat, 21 Nov 2026 10:00:00 GMT</pubDate></item>"
        for url, title, summary in items
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{listed}</channel></rss>'


class Installation:
    """A configuration in `folder`/config that watches `sources` (lines of sources.yaml), and its command."""

    def __init__(
        self,
        folder: Path,
        sources: Sequence[str] = (),
        *,
        digests: str = DIGESTS,
        topics: str = TOPICS,
        mail: str = "maildir:var/outbox",
        monitor: str = "",
        crawl: str = "timeout: 2s, max_size: 1MB",
    ) -> None:
        self._name(folder)
        self.config.mkdir(parents=True)
        self.write(
            "monitor",
            "contact: desk@example.test\nname: Roxham\ntimezone: America/Toronto\n"
            f"mail: {{via: '{mail}', from: Roxham <roxham@example.test>}}\n"
            f"crawl: {{delay: 0s, allow_private: [127.0.0.0/8], {crawl}}}\n{monitor}",
        )
        self.watch(*sources)
        self.write("topics", topics)
        self.write("digests", digests)

    @classmethod
    def at(cls, folder: Path) -> "Installation":
        """The installation that lies in a folder already."""
        here = cls.__new__(cls)
        here._name(folder)
        return here

    def _name(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.archive = folder / "var" / "roxham.db"
        self.port = 0  # of its mail server, where a test has one

    def write(self, name: str, text: str) -> None:
        """Writes one of the four files anew."""
        (self.config / f"{name}.yaml").write_text(text, encoding="utf-8")

    def watch(self, *sources: str) -> None:
        """Writes sources.yaml anew."""
        self.write("sources", "sources:\n" + "".join(sources) if sources else "sources: []\n")

    def command(self, *args: str) -> list[str]:
        """The command line of a run over this configuration."""
        return [str(COMMAND), "--config", str(self.config), *args]

    def roxham(
        self, *args: str, apart: bool = False, under: Sequence[str] = (), **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a command to its end: here, or `apart` in a process of its own, which the program `under` may start.

        `environ` is added to the environment.
        """
        return run(*under, *self.command(*args), cwd=self.folder, apart=apart or bool(under), **environ)

    def document(self, *args: str, code: int = 0, apart: bool = False, **environ: str) -> Any:
        """Runs a command with --json and returns its one document."""
        done = self.roxham(*args, "--json", apart=apart, **environ)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def export(self, *args: str) -> list[dict[str, Any]]:
        """Returns the articles that `export` streams."""
        done = self.roxham("export", "--format", "jsonl", *args)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


def run(
    *command: str, cwd: Path | None = None, apart: bool = True, **environ: str
) -> "subprocess.CompletedProcess[str]":
    """Runs a program to its end, without what the environment of the tests says to this one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROXHAM_")}
    if not apart:
        return call(command, cwd=cwd, environ=clean | environ)
    return subprocess.run(
        command, cwd=cwd, env=clean | environ, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
