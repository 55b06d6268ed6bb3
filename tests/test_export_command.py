"""`roxham export`, `search` and `cite` as a whole: formats, filters, files, and what ends them."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from monitor import export
from monitor.archive import Filter
from monitor.archive.sqlite import SQLiteArchive
from monitor.config import Config
from monitor.export import Form
from monitor.types import Credit, Kept
from tests.builders import NOW, article, match, words
from tests.contracts.test_archive import keep
from tests.installation import UNMEASURED, Installation

WIRE = Credit(agency="The Canadian Press")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Four articles of four publishers; the third is a pickup of the first, and the fourth has two versions."""
    made = Installation(tmp_path_factory.mktemp("export") / "here")
    shared = f"At Roxham Road. {words('shared')}"
    with closing(SQLiteArchive.for_writing(made.archive, purpose="test", now=NOW, wait=0)) as archive:
        keep(archive, article("http://a.test/1", publisher="Alpha", title="=One", text=shared, credit=WIRE), match())
        keep(
            archive, article("http://b.test/2", publisher="Beta", title="Two Roxham", language="fr", text=words("two"))
        )
        keep(archive, article("http://c.test/3", publisher="Gamma", title="Three", text=shared), match("stca"))
        for text in (words("four"), f"Roxham Roxham Roxham. {words('four')}. {words('more')}"):
            keep(archive, article("http://d.test/4", publisher="Delta", title="Four", text=text, body=text))
    return made


def ids(here: Installation, *options: str) -> list[int]:
    return [article["id"] for article in here.export(*options)]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), [1, 2, 3, 4]),
        (("--publisher", "Alpha", "--publisher", "Beta"), [1, 2]),
        (("--topic", "roxham-road", "--topic", "stca"), [1, 3]),
        (("--language", "fr", "--language", "en"), [1, 2, 3, 4]),
        (("--language", "fr"), [2]),
        (("--source", "desk", "--source", "none"), [1, 2, 3, 4]),
        (("--source", "none"), []),
        (("--agency", "The Canadian Press"), [1]),
        (("--relation", "pickup"), [3]),
        (("--relation", "origin", "--relation", "pickup"), [1, 2, 3, 4]),
        (("--publisher", "Alpha", "--topic", "stca"), []),
    ],
)
def test_a_filter_that_is_given_twice_wants_either(
    here: Installation, options: tuple[str, ...], wanted: list[int]
) -> None:
    assert ids(here, *options) == wanted
    found = here.document("search", "Roxham", *options)
    assert sorted(each["id"] for each in found) == wanted


def test_an_unknown_relation_is_wrong_usage(here: Installation) -> None:
    assert here.roxham("export", "--relation", "cousin").returncode == 2


@pytest.mark.parametrize(("sort", "wanted"), [("newest", [4, 2]), ("oldest", [2, 4]), ("relevance", None)])
def test_answers_come_in_the_order_asked_for(here: Installation, sort: str, wanted: list[int] | None) -> None:
    found = [each["id"] for each in here.document("search", "title:two OR title:four", "--sort", sort)]
    assert sorted(found) == [2, 4]
    assert wanted is None or found == wanted
    assert here.document("search", "title:two OR title:four", "--sort", sort, "--limit", "1")[0]["id"] == found[0]


def test_all_answers_are_there_in_any_order(here: Installation) -> None:
    for sort in ("newest", "oldest", "relevance"):
        found = [each["id"] for each in here.document("search", "Roxham", "--sort", sort)]
        assert sorted(found) == [1, 2, 3, 4]


# --- formats and files -----------------------------------------------------------------------------------------------


def test_every_format_comes_on_stdout_and_into_a_file(here: Installation, tmp_path: Path) -> None:
    for form in Form:
        file = tmp_path / f"x{form.ending}"
        command = [*UNMEASURED, *here.command("export", "--format", form, "--query", "Roxham")]
        piped = subprocess.run(command, capture_output=True, check=True, cwd=here.folder)
        done = here.roxham("export", "--format", form, "--query", "Roxham", "--output", str(file))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        if form is Form.PARQUET:  # which holds the time at which it was made
            assert pq.read_table(io.BytesIO(piped.stdout)).equals(pq.read_table(file))
        else:
            assert file.read_bytes() == piped.stdout
        assert piped.stdout
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_csv_for_spreadsheets(here: Installation) -> None:
    done = here.roxham("export", "--format", "csv", "--bom", "--no-text")
    assert done.stdout.startswith("\ufeffid,url,")
    first, *_ = csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline=""))
    assert first["title"] == "'=One"
    assert "text" not in first
    refused = here.roxham("export", "--format", "jsonl", "--bom")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--bom is for csv" in refused.stderr


def test_parquet_is_not_written_onto_a_terminal(here: Installation) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            here.command("export", "--format", "parquet"), stdout=theirs, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 2
    assert done.stderr == "parquet is no text: write it into a file (--output FILE), or into a pipe\n"


def test_a_file_that_cannot_be_written_is_said_before_the_work(here: Installation, tmp_path: Path) -> None:
    folder = here.roxham("export", "--output", str(tmp_path))
    nowhere = here.roxham("export", "--output", str(tmp_path / "no" / "x.jsonl"))
    assert [(done.returncode, done.stdout) for done in (folder, nowhere)] == [(2, "")] * 2
    assert "is a folder" in folder.stderr
    assert "no such folder" in nowhere.stderr


def test_a_file_is_written_anew_only_when_it_is_whole(
    here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text("before")
    whole = SQLiteArchive.articles

    def cut(self: SQLiteArchive, wanted: Filter) -> Iterator[Kept]:
        yield from (next(whole(self, wanted)) for _ in range(2))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SQLiteArchive, "articles", cut)
        interrupted = here.roxham("export", "--output", str(file))
    assert interrupted.returncode != 0
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
    assert here.roxham("export", "--output", str(file)).returncode == 0
    assert len(file.read_text("utf-8").splitlines()) == 4


def test_a_pipe_by_name_is_written_into(here: Installation, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(here.command("export", "--output", str(pipe)), cwd=here.folder)
    try:
        assert len(pipe.read_text("utf-8").splitlines()) == 4
        assert process.wait(timeout=60) == 0
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert pipe.is_fifo()


def test_a_reader_that_leaves_ends_the_export_quietly(here: Installation) -> None:
    process = subprocess.Popen(
        here.command("export", "--format", "csv"), cwd=here.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0
    process.stderr.close()


def test_an_export_shows_the_archive_as_it_was_when_it_began(tmp_path: Path) -> None:
    with closing(SQLiteArchive.for_writing(tmp_path / "roxham.db", purpose="test", now=NOW, wait=0)) as archive:
        for number in range(3):
            keep(archive, article(f"http://a.test/{number}", text=words(f"text{number}")))
        config = Installation(tmp_path / "here")
        plan = export.plan(archive, _config(config), Filter(), program="Roxham 0", now=NOW)
        parts = export.stream(Form.JSONL, _arriving(archive, plan.wanted), plan, text=False)
        lines = b"".join(parts).splitlines()
    assert plan.wanted.upto == 3
    assert [json.loads(line)["id"] for line in lines] == [1, 2, 3]


def _config(here: Installation) -> Config:
    from monitor.app import configuration

    return configuration(here.config)


def _arriving(archive: SQLiteArchive, wanted: Filter) -> Iterator[Kept]:
    """Another article comes before each that is read."""
    for number, each in enumerate(archive.articles(wanted)):
        keep(archive, article(f"http://a.test/late{number}", text=words(f"late{number}")))
        yield each


# --- cite ------------------------------------------------------------------------------------------------------------


def test_an_article_is_cited_in_each_form(here: Installation) -> None:
    line = here.roxham("cite", "4").stdout
    assert line.startswith(
        "“Four”, Delta, n.d., http://d.test/4 (version 2, read 2026-11-22 12:00 UTC; Roxham archive no. 4)."
    )
    assert here.roxham("cite", "4", "--language", "fr").stdout.startswith("«\u00a0Four\u00a0», Delta, s. d., ")
    (item,) = json.loads(here.roxham("cite", "4", "--format", "csl-json").stdout)
    assert (item["version"], item["archive_location"]) == ("2", "article 4, version 2")
    assert here.roxham("cite", "1", "2", "--format", "ris").stdout.count("TY  - NEWS") == 2
    assert here.roxham("cite", "1", "--format", "bibtex").stdout.startswith("@article{alpha-2026-1v1,")


def test_a_version_is_cited_as_it_was(here: Installation) -> None:
    (first,) = json.loads(here.roxham("cite", "4", "--version", "1", "--format", "csl-json").stdout)
    (second,) = json.loads(here.roxham("cite", "4", "--format", "csl-json").stdout)
    assert (first["version"], second["version"]) == ("1", "2")
    assert first["id"] != second["id"]
    assert first["custom"]["text_sha256"] != second["custom"]["text_sha256"]


def test_a_story_is_cited_by_its_origin(here: Installation) -> None:
    story = here.export("--relation", "pickup")[0]["story"]
    assert "http://a.test/1 (version 1, " in here.roxham("cite", "--story", str(story)).stdout
    assert f"the origin of story {story})" in here.roxham("cite", "--story", str(story)).stdout


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("99",), 1, "no article 99 in "),
        (("4", "--version", "9"), 1, "no article 4 with a version 9 in "),
        (("--story", "99"), 1, "no story 99 in "),
        (("1", "2", "--version", "1"), 2, "--version is of one article"),
        (("--story", "1", "--version", "1"), 2, "--version is of one article"),
        (("x",), 2, ""),
        ((), 2, ""),
        ((str(2**64),), 2, ""),
    ],
)
def test_what_cannot_be_cited_is_said(here: Installation, options: tuple[str, ...], code: int, said: str) -> None:
    done = here.roxham("cite", *options)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
