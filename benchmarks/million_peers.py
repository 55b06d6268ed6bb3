"""Who else answers the same questions from the same texts: Datasette on the same file, and PostgreSQL's search."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from urllib.parse import urlencode

from benchmarks.million_questions import Question
from benchmarks.million_service import ROXHAM, Browser, free_port, started
from monitor.archive.packing import plain

_TIMELINE = (
    "select substr(a.first_seen_at, 1, 10) as day, count(*) from article_index join articles a "
    "on a.id = article_index.rowid where article_index match :query and a.pruned = 0 group by 1 order by 1"
)


class Datasette:
    """As `roxham explore` sets it up: the ready-made query `search`, and the words of a timeline as SQL."""

    def __init__(self, port: int, name: str) -> None:
        self._browser = Browser(port)
        self._name = name

    def page(self, question: Question) -> float | None:
        """Returns the seconds of its search page; None where it was not answered."""
        return self._asked(f"/{self._name}/search?{urlencode({'query': question.fts5})}")

    def json(self, question: Question) -> float | None:
        """Returns the seconds of the same as JSON."""
        return self._asked(f"/{self._name}/search.json?{urlencode({'query': question.fts5})}")

    def timeline(self, question: Question) -> float | None:
        """Returns the seconds of counts by day, as JSON."""
        return self._asked(f"/{self._name}.json?{urlencode({'sql': _TIMELINE, 'query': question.fts5})}")

    def _asked(self, path: str) -> float | None:
        reply = self._browser.get(path)
        return reply.seconds if reply.status == 200 else None


@contextmanager
def datasette(config: Path, file: Path, folder: Path) -> Iterator[Datasette]:
    """Starts it over the archive of a configuration."""
    port = free_port()
    command = [ROXHAM, "--config", str(config), "explore", "--port", str(port)]
    with started(command, port, f"/{file.stem}.json?sql=select+1", folder / "datasette.log"):
        yield Datasette(port, file.stem)


_TABLE = """
CREATE TABLE articles (
    id int PRIMARY KEY, day date NOT NULL, publisher text NOT NULL, language text, title text NOT NULL,
    body text NOT NULL,
    words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', body)
    ) STORED
);
"""
_INDEX = """
CREATE INDEX ON articles USING gin (words);
VACUUM ANALYZE articles;
"""
# The query is a constant each time, so that the planner can look up how frequent its words are. Without the zero it
# would go through all articles by their number in hope of the first twenty: ten times as long for rare words.
_ANSWERS = """
SELECT id, day, publisher, title,
    ts_headline('simple', body, to_tsquery('simple', $q${tsquery}$q$), 'MaxWords=24, MinWords=12')
FROM articles WHERE id IN (
    SELECT id FROM articles WHERE words @@ to_tsquery('simple', $q${tsquery}$q$) ORDER BY id + 0 DESC LIMIT 20
) ORDER BY id DESC;
"""
_COUNTS = """
WITH found AS MATERIALIZED (
    SELECT day, publisher, language FROM articles WHERE words @@ to_tsquery('simple', $q${tsquery}$q$)
)
SELECT 'day', day::text, count(*) FROM found GROUP BY 2 UNION ALL
SELECT 'publisher', publisher, count(*) FROM found GROUP BY 2 UNION ALL
SELECT 'language', language, count(*) FROM found GROUP BY 2;
"""
_DAYS = """
SELECT day, count(*) FROM articles WHERE words @@ to_tsquery('simple', $q${tsquery}$q$) GROUP BY 1 ORDER BY 1;
"""
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": None})


class Postgres:
    """A server of its own, asked through psql: seconds from the statement's last byte to the answer's."""

    def __init__(self, socket_folder: Path) -> None:
        command = ["psql", "-h", str(socket_folder), "-U", "bench", "-d", "postgres", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        self._psql = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def page(self, question: Question) -> float:
        """Returns the seconds of the 20 newest with their passages, and of the counts by day, publisher, language."""
        return self._asked((_ANSWERS + _COUNTS).replace("{tsquery}", question.tsquery))

    def json(self, question: Question) -> float:
        """Returns the seconds of the 20 newest with their passages alone."""
        return self._asked(_ANSWERS.replace("{tsquery}", question.tsquery))

    def timeline(self, question: Question) -> float:
        """Returns the seconds of the counts by day alone."""
        return self._asked(_DAYS.replace("{tsquery}", question.tsquery))

    def load(self, file: Path, articles: int) -> float:
        """Loads the texts of the newest articles, and returns the seconds until they can be searched."""
        began = time.monotonic()
        self._asked("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off;" + _TABLE)
        self._write("COPY articles (id, day, publisher, language, title, body) FROM STDIN;\n")
        for row in _texts(file, articles):
            self._write("\t".join("\\N" if value is None else str(value).translate(_ESCAPED) for value in row) + "\n")
        self._write("\\.\n")
        self._asked(_INDEX)
        return time.monotonic() - began

    def size(self) -> int:
        """Returns the bytes of table and index."""
        self._write("SELECT pg_total_relation_size('articles');\n", now=True)
        return int(self._heard())

    def close(self) -> None:
        """Ends the connection."""
        self._psql.communicate()

    def _asked(self, sql: str) -> float:
        began = time.perf_counter()
        self._write(f"{sql}\n\\echo =done=\n", now=True)
        while self._heard() != "=done=":
            pass
        return time.perf_counter() - began

    def _write(self, text: str, *, now: bool = False) -> None:
        assert self._psql.stdin is not None
        self._psql.stdin.write(text)
        if now:
            self._psql.stdin.flush()

    def _heard(self) -> str:
        assert self._psql.stdout is not None
        if not (line := self._psql.stdout.readline()):
            raise RuntimeError("psql has ended; its error stands above")
        return line.rstrip("\n")


@contextmanager
def postgres() -> Iterator[Postgres | None]:
    """Starts a server in a folder of its own, as `nobody` where root measures; gives None where there is none."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    installed += [Path(found)] if (found := which("postgres")) else []
    if not installed or which("psql") is None:
        yield None
        return
    programs = installed[-1].resolve().parent
    user = "nobody" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        make = [str(programs / "initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "-N"]
        subprocess.run([*make, "--locale=C.UTF-8"], check=True, user=user, stdout=subprocess.DEVNULL, cwd=folder)
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(folder), "shared_buffers": "1GB", "work_mem": "64MB",
            "max_wal_size": "8GB", "wal_level": "minimal", "max_wal_senders": "0", "jit": "off", "fsync": "off",
        }  # fmt: skip
        command = [str(programs / "postgres"), "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, user=user, cwd=folder, stderr=log) as server:
            try:
                until = time.monotonic() + 60
                while not any(folder.glob(".s.PGSQL.*[0-9]")):
                    if server.poll() is not None or time.monotonic() > until:
                        raise RuntimeError((folder / "log").read_text("utf-8")[-1000:])
                    time.sleep(0.05)
                time.sleep(0.5)
                connection = Postgres(folder)
                yield connection
                connection.close()
            finally:
                server.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _texts(file: Path, articles: int) -> Iterator[Sequence[object]]:
    db = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    db.create_function("roxham_plain", 1, plain, deterministic=True)
    first = max(0, db.execute("SELECT max(id) FROM articles").fetchone()[0] - articles)
    yield from db.execute(
        "SELECT a.id, substr(a.first_seen_at, 1, 10), a.publisher, a.language, n.title, n.text "
        "FROM articles a JOIN newest n ON n.id = a.id WHERE a.id > ? ORDER BY a.id",
        (first,),
    )
    db.close()
