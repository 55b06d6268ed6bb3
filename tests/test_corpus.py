"""A corpus is frozen once and proven for ever: over a real archive, by the real commands."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]

from monitor import corpus, export
from monitor.archive import Filter
from monitor.archive.sqlite import SQLiteArchive
from monitor.citing import Holder
from monitor.corpus import ManifestError, State
from monitor.export import Plan, Watch
from monitor.types import Article, Credit, Kill, Notice, Relation, Span
from tests.builders import NOW, article, match, words
from tests.contracts.test_archive import keep
from tests.installation import Installation

HOUR = timedelta(hours=1)
WIRE = Credit(agency="The Canadian Press", first_published="2026-11-22")
BRIDGE = article("http://desk.test/bridge", title="Bridge closed", text=f"At Roxham Road. {words('bridge')}")
FERRY = article("http://desk.test/ferry", title="Ferry late", text=f"Near Roxham Road. {words('ferry')}")
ARREST = article("http://desk.test/arrest", title="Mayor arrested", text=words("arrest"), credit=WIRE)
KILL = article(
    "http://wire.test/kill",
    publisher="The Canadian Press",
    title="KILL: Mayor arrested",
    text="Kill the story headlined Mayor arrested. The agency has withdrawn it and asks its clients to remove it.",
    credit=Credit(agency=WIRE.agency, notice=Notice.KILL, kill=Kill(headline="Mayor arrested")),
    published_at=NOW + 2 * HOUR,
)


@contextmanager
def writing(here: Installation) -> Iterator[SQLiteArchive]:
    archive = SQLiteArchive.for_writing(here.archive, purpose="test", now=NOW, wait=0)
    try:
        yield archive
    finally:
        archive.close()


def kept(here: Installation, *articles: Article) -> None:
    with writing(here) as archive:
        for each in articles:
            keep(archive, each, *([match()] if "Roxham Road" in (each.text or "") else []))


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """Two matched articles, and one that no topic matched, which its agency may yet kill."""
    made = Installation(tmp_path / "here")
    kept(made, BRIDGE, FERRY, ARREST)
    return made


def freeze(here: Installation, *options: str, name: str = "autumn") -> Path:
    done = here.roxham("corpus", "freeze", name, *options)
    assert done.returncode == 0, done.stderr
    return here.folder / f"{name}.corpus.json"


def verified(here: Installation, file: Path, *options: str, code: int = 0) -> dict[str, Any]:
    document = here.document("corpus", "verify", str(file), *options, code=code)
    assert isinstance(document, dict)
    return document


def states(document: dict[str, Any]) -> dict[int, str]:
    return {finding["id"]: finding["state"] for finding in document["findings"]}


def change(here: Installation, sql: str) -> None:
    """What somebody does to the file behind the archive's back."""
    connection = sqlite3.connect(here.archive)
    connection.execute(sql)
    connection.commit()
    connection.close()


# --- freezing --------------------------------------------------------------------------------------------------------


def test_a_manifest_names_every_article_with_version_and_hashes(here: Installation) -> None:
    file = freeze(here, "--query", '"Roxham Road"')
    manifest = json.loads(file.read_text("utf-8"))
    exported = {article["id"]: article for article in here.export()}
    assert [entry["id"] for entry in manifest["articles"]] == [1, 2]
    for entry in manifest["articles"]:
        kept = exported[entry["id"]]
        assert entry == {
            "id": kept["id"],
            "url": kept["url"],
            "version": kept["versions"],
            "title_sha256": hashlib.sha256(kept["title"].encode()).hexdigest(),
            "text_sha256": hashlib.sha256(kept["text"].encode()).hexdigest(),
            "erased": False,
            "withdrawn": False,
        }
    about = manifest["about"]
    assert (about["schema"], about["name"], about["query"], about["snapshot"]) == (
        "roxham-corpus/1", "autumn", '"Roxham Road"', 3,
    )  # fmt: skip
    assert about["topics_sha256"] == hashlib.sha256((here.config / "topics.yaml").read_bytes()).hexdigest()
    assert about["configuration"]
    assert manifest["count"] == {"articles": 2, "erased": 0, "withdrawn": 0}


def test_a_manifest_can_be_proven_without_the_program(here: Installation) -> None:
    done = here.roxham("corpus", "freeze", "all")
    written = (here.folder / "all.corpus.json").read_bytes()
    *head, last, end = written.splitlines(keepends=True)
    hashed = hashlib.sha256(b"".join(head)).hexdigest()
    assert (last, end) == (f'"sha256":"{hashed}"\n'.encode(), b"}\n")
    assert f"SHA-256 {hashed}" in done.stdout
    for line in head:
        if line.startswith(b'{"erased"'):
            entry = line.rstrip(b",\n").decode()
            assert entry == json.dumps(json.loads(entry), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_an_empty_corpus_is_one_too(here: Installation) -> None:
    file = freeze(here, "--query", "nowhere")
    assert json.loads(file.read_text("utf-8"))["articles"] == []
    assert verified(here, file)["holds"] is True
    assert here.roxham("corpus", "export", str(file)).stdout == ""


def test_filters_are_kept_and_asked_again(here: Installation) -> None:
    options = ("--publisher", "Desk", "--publisher", "Other", "--relation", "origin", "--since", "2026-11-01")
    file = freeze(here, *options, "--query", "title:bridge", "--until", "2027-01-01T00:00Z", "--language", "en")
    manifest = corpus.opened(file)
    assert manifest.about["filters"] == {
        "publishers": ["Desk", "Other"],
        "relations": ["origin"],
        "languages": ["en"],
        "since": "2026-11-01T04:00:00Z",
        "until": "2027-01-01T00:00:00Z",
    }
    wanted = manifest.wanted()
    assert (wanted.publishers, wanted.relations, wanted.query) == (
        ("Desk", "Other"),
        (Relation.ORIGIN,),
        "title:bridge",
    )
    assert [entry.article_id for entry in manifest.entries()] == [1]
    assert verified(here, file, "--again")["again"] == {"gained": [], "lost": []}


def test_what_is_frozen_is_not_written_over(here: Installation) -> None:
    file = freeze(here)
    before = file.read_bytes()
    done = here.roxham("corpus", "freeze", "autumn", "--query", "bridge")
    assert (done.returncode, file.read_bytes()) == (2, before)
    assert "exists already" in done.stderr
    assert here.roxham("corpus", "freeze", "a/b").returncode == 2
    elsewhere = here.folder / "papers.json"
    assert here.roxham("corpus", "freeze", "a/b", "--output", str(elsewhere)).returncode == 0
    assert corpus.opened(elsewhere).about["name"] == "a/b"


def test_coverage_is_that_of_the_time_of_the_corpus_and_of_the_sources_asked_for() -> None:
    spans = (Span(since=NOW - 9 * HOUR, until=NOW - 5 * HOUR), Span(since=NOW - 2 * HOUR, until=NOW - HOUR))
    watched = {
        "desk": Watch(first_visit_at=NOW - 9 * HOUR, spans=spans),
        "other": Watch(first_visit_at=NOW, spans=()),
    }
    assert list(corpus.watching(watched, ("desk",), NOW - 6 * HOUR, NOW - 2 * HOUR)) == [
        {
            "source": "desk",
            "first_visit_at": "2026-11-22T03:00:00Z",
            "spans": [["2026-11-22T06:00:00Z", "2026-11-22T07:00:00Z"]],
        }
    ]
    assert [each["source"] for each in corpus.watching(watched, (), NOW, NOW)] == ["desk", "other"]


# --- proving ---------------------------------------------------------------------------------------------------------


def test_later_versions_and_articles_do_no_harm(here: Installation) -> None:
    file = freeze(here)
    longer = f"{BRIDGE.text} {words('more')}"
    later = article("http://desk.test/bridge", title="Bridge open", text=longer, body=longer)
    kept(here, later, article("http://desk.test/new", title="New", text=words("new")))
    document = verified(here, file, "--again")
    assert (document["holds"], document["held"], document["findings"]) == (True, 3, [])
    assert document["newer"] == [{"id": 1, "version": 1, "newest": 2}]
    assert document["again"] == {"gained": [4], "lost": []}
    said = here.roxham("corpus", "verify", str(file)).stdout
    assert "note: article 1 is kept in version 2 too" in said
    assert "autumn holds: 3 articles" in said


def test_a_corpus_is_exported_in_the_versions_that_were_frozen(here: Installation) -> None:
    file = freeze(here)
    before = here.roxham("export").stdout
    changed = {"text": f"{FERRY.text} {words('more')}", "title": "Ferry gone", "authors": ("Ann Other",)}
    kept(here, article("http://desk.test/ferry", **changed, body=changed["text"]))
    assert [a["title"] for a in here.export()] == ["Bridge closed", "Ferry gone", "Mayor arrested"]
    done = here.roxham("corpus", "export", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [json.loads(line) for line in before.splitlines()]
    bib = here.roxham("corpus", "export", str(file), "--format", "bibtex").stdout
    assert "-2v1," in bib
    assert "Ferry late" in bib


@pytest.mark.parametrize(
    ("sql", "state", "why"),
    [
        ("UPDATE versions SET text = 'Other words.' WHERE article = 2", "changed", "its text is another one"),
        ("UPDATE versions SET title = 'Other' WHERE article = 2", "changed", "its headline is another one"),
        ("UPDATE versions SET number = 9 WHERE article = 2", "gone", "the archive has no version 1 of it"),
        ("DELETE FROM versions WHERE article = 2", "gone", "the archive does not hold it"),
    ],
)
def test_what_was_changed_or_is_gone_is_named(here: Installation, sql: str, state: str, why: str) -> None:
    file = freeze(here)
    change(here, sql)
    document = verified(here, file, code=3)
    assert document["holds"] is False
    assert [(f["id"], f["version"], f["state"], f["why"]) for f in document["findings"]] == [(2, 1, state, why)]
    said = here.roxham("corpus", "verify", str(file))
    assert said.returncode == 3
    assert f"{state}: article 2, version 1: {why}\n  http://desk.test/ferry" in said.stdout
    assert "does not hold: 1 of 3 articles" in said.stdout


def test_an_export_of_what_does_not_hold_says_so(here: Installation) -> None:
    file = freeze(here)
    change(here, "UPDATE versions SET text = 'Other words.' WHERE article = 2")
    done = here.roxham("corpus", "export", str(file))
    assert done.returncode == 3
    assert "changed: article 2, version 1" in done.stderr


def test_a_text_that_its_agency_killed_can_not_be_proven_any_more(here: Installation) -> None:
    file = freeze(here)
    kept(here, KILL)
    (finding,) = verified(here, file, code=3)["findings"]
    assert (finding["id"], finding["state"]) == (3, "erased")
    assert finding["why"] == "its text was erased: its agency or publisher has withdrawn it"


def test_a_text_whose_time_came_can_not_be_proven_any_more(here: Installation) -> None:
    file = freeze(here)
    with writing(here) as archive:
        assert archive.prune(NOW + HOUR) == 1
    (finding,) = verified(here, file, code=3)["findings"]
    assert (finding["id"], finding["state"]) == (3, "erased")
    assert "since no topic matched it" in finding["why"]


def test_what_had_no_text_when_it_was_frozen_proves_its_headline(here: Installation) -> None:
    kept(here, KILL)
    file = freeze(here)
    manifest = json.loads(file.read_text("utf-8"))
    assert manifest["count"] == {"articles": 4, "erased": 1, "withdrawn": 1}
    document = verified(here, file)
    assert (document["holds"], states(document)) == (True, {3: "unproven"})
    assert "had withdrawn it" in document["findings"][0]["why"]
    change(here, "UPDATE versions SET title = 'Other' WHERE article = 3")
    assert states(verified(here, file, code=3)) == {3: "changed"}


def test_an_article_that_is_found_no_longer_is_named_as_lost(here: Installation) -> None:
    file = freeze(here, "--query", "arrest0")
    with writing(here) as archive:
        archive.prune(NOW + HOUR)
    kept(here, article("http://desk.test/again", title="Again", text=f"arrest0 {words('again')}"))
    document = verified(here, file, "--again", code=3)
    assert document["again"] == {"gained": [4], "lost": [3]}
    said = here.roxham("corpus", "verify", str(file), "--again").stdout
    assert "the search has gained 4\nthe search has lost 3\n" in said


def test_another_configuration_is_a_note(here: Installation) -> None:
    file = freeze(here)
    assert verified(here, file)["same_configuration"] is True
    here.write("topics", "topics: [{id: roxham-road, any: {en: [Roxham]}}, {id: stca, any: {en: [STCA]}}]\n")
    assert verified(here, file)["same_configuration"] is False
    assert "another one than when it was frozen" in here.roxham("corpus", "verify", str(file)).stdout


# --- manifests -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Installation(tmp_path_factory.mktemp("corpus") / "here")
    kept(made, BRIDGE, FERRY)
    return freeze(made)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_manifest_that_was_changed_by_hand_is_recognised(manifest: Path, tmp_path: Path, data: st.DataObject) -> None:
    written = manifest.read_bytes()
    at = data.draw(st.integers(0, len(written) - 1))
    put = data.draw(st.sampled_from([b"", b" ", b"0", b'"', b"\n", b"\xff", b"}\n", b"2"]))
    changed = written[:at] + put + written[at + data.draw(st.integers(0, 2)) :]
    file = tmp_path / "changed.corpus.json"
    file.write_bytes(changed)
    if changed == written:
        assert corpus.opened(file).count["articles"] == 2
        return
    with pytest.raises(ManifestError):
        corpus.opened(file)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]\n", b"\x00" * 3_000_000, b'{"about":{}}\n', b'{"about":[1],\n', b'{"about":' + b"[" * 100_000,
        b'{"about":{"schema":"roxham-corpus/9"},\n',
    ],
    ids=["empty", "object", "array", "zeros", "about", "list", "deep", "later"],
)  # fmt: skip
def test_what_is_no_manifest_is_said_to_be_none(here: Installation, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    done = here.roxham("corpus", "verify", str(file))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"{file}: ")
    assert verified(here, file, code=3)["holds"] is False
    assert here.roxham("corpus", "export", str(file)).returncode == 3


def test_a_file_that_is_not_there_is_wrong_usage(here: Installation) -> None:
    done = here.roxham("corpus", "verify", "nowhere.json")
    assert (done.returncode, done.stderr) == (2, "nowhere.json: no such file\n")


def test_freezing_and_proving_take_one_article_at_a_time(here: Installation, tmp_path: Path) -> None:
    asked: list[int] = []
    with writing(here) as archive:
        plan = Plan(
            wanted=Filter(),
            holder=Holder(name="Roxham", timezone="UTC"),
            program="Roxham",
            configuration="c",
            made_at=NOW,
            watched={},
        )
        all_of_them = archive.articles

        class Counted:
            """The archive, which notes what was taken of its articles."""

            def articles(self, wanted: Filter) -> Iterator[Any]:
                for each in all_of_them(wanted):
                    asked.append(each.id)
                    yield each

        lines = corpus.freeze(
            Counted(),  # type: ignore[arg-type]  # all of an archive that it needs
            corpus.Freezing(name="x", plan=plan, newest_entry=0, topics_sha256="t"),
        )
        taken = [next(lines) for _ in range(3)]
        assert (len(taken), asked) == (3, [1, 2])
        file = tmp_path / "x.corpus.json"
        file.write_text("".join(taken) + "".join(lines), "utf-8")
        found = corpus.verify(archive, corpus.opened(file))
        assert next(found).state is State.HELD
        assert export.newest(archive) == 3
