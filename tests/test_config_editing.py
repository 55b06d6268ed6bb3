"""One entry of a list is changed as text: nothing else of the file changes; and the file is replaced safely."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from monitor.config import Config, load
from monitor.config.editing import EditError, Listing, Refusal, fit, quoted
from monitor.config.saving import ChangedError, Hindrance, hindrance, repository_path, save, stand, tried
from monitor.errors import ConfigError
from spiders.options import OPTIONS
from tests.configuration import KINDS, SHIPPED, loaded

NASTY = """\
# What to look for
topics:
  # about a
  - id: a   # the first
    title: {en: "A: a", fr: 'À'}
    any:
      # a heading
      en: [x, 'y''s',
        "z"]   
      fr:
        - "tab\tinside" #\tand\toutside
        - œ ‘ 𝕏
    # a form that was tried: [w]
  # belongs to b

  # about b
  -
    id: b
    any: ["a quote
# that looks like a comment
  - and like an entry", 'w']
    title: >-
      folded

      text
      # still text

  - {id: c, any: [{deep: [1, 2]}]}
  - any: [q]
    id: d
    note: |
      literal
        text

  # nobody's

other: [1, 2]   # kept
"""  # noqa: W291 - blanks at the end of a line stay


def listing(text: str) -> Listing:
    return Listing(text.encode(), "topics")


def data(raw: bytes) -> Any:
    """What a file says; a literal text at the end of a file may lack the last line's end."""
    return stripped(YAML(typ="safe", pure=True).load(raw.decode("utf-8-sig")))


def stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: stripped(each) for key, each in value.items()}
    if isinstance(value, list):
        return [stripped(each) for each in value]
    return value.rstrip("\n") if isinstance(value, str) else value


def refusal(call: Any, *args: Any) -> Refusal:
    with pytest.raises(EditError) as caught:
        call(*args)
    return caught.value.refusal


def test_an_entry_is_its_lines_with_the_comments_that_belong_to_it() -> None:
    entries = {entry.id: entry for entry in listing(NASTY).entries}
    assert list(entries) == ["a", "b", "c", "d"]
    assert entries["a"].text.startswith("  # about a\n  - id: a   # the first\n")
    assert entries["a"].text.endswith("    # a form that was tried: [w]")
    assert entries["b"].text.startswith("  # about b\n  -\n    id: b\n")
    assert entries["b"].text.endswith("      # still text")
    assert entries["c"].text == "  - {id: c, any: [{deep: [1, 2]}]}"
    assert entries["d"].text.endswith("        text")
    lines = NASTY.split("\n")
    assert all(lines[entry.line - 1] == entry.text.split("\n")[0] for entry in entries.values())


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_its_own_text_changes_no_byte(ends: str, mark: str) -> None:
    raw = (mark + NASTY.replace("\n", ends)).encode()
    for entry in Listing(raw, "topics").entries:
        assert entry.id is not None
        assert Listing(raw, "topics").replaced(entry.id, entry.text) == raw
        assert Listing(raw, "topics").replaced(entry.id, entry.text.replace("\n", "\r\n") + "\r\n") == raw


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("id_", ["a", "b", "c", "d"])
def test_all_but_the_entry_stays_to_the_byte(ends: str, id_: str) -> None:
    raw = NASTY.replace("\n", ends).encode()
    entry = Listing(raw, "topics").entry(id_)
    before, behind = raw.decode()[: entry.start], raw.decode()[entry.end :]
    new = "# new\n- id: n\n  any: ['\"ñ\"']"
    body = new.replace("\n", f"{ends}  ")
    assert Listing(raw, "topics").replaced(id_, new).decode() == f"{before}  {body}{behind}"


def test_an_entry_is_added_at_the_end_and_comments_below_stay_there() -> None:
    new = listing(NASTY).added("- id: e\n  any: [w]").decode()
    assert new.startswith(NASTY[: NASTY.index("\n\n  # nobody's")])
    assert "        text\n\n  - id: e\n    any: [w]\n\n  # nobody's\n\nother: [1, 2]   # kept\n" in new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("topics: []\n", "topics:\n  - id: n\n"),
        ("topics: [ ] # none\nother: 1\n", "topics: # none\n  - id: n\nother: 1\n"),
        ("topics:\n", "topics:\n  - id: n\n"),
        ("topics: ~\n", "topics:\n  - id: n\n"),
        ("a: 1\r\ntopics:\r\n\r\nb: 2\r\n", "a: 1\r\ntopics:\r\n  - id: n\r\n\r\nb: 2\r\n"),
        ("topics:\n- id: a", "topics:\n- id: a\n\n- id: n"),
        ("topics:\n    - id: a\n...\n", "topics:\n    - id: a\n\n    - id: n\n...\n"),
    ],
)
def test_lists_of_every_kind_take_one_more(old: str, new: str) -> None:
    assert listing(old).added("- id: n") == new.encode()


def test_an_entry_is_removed_with_its_comments_and_one_gap() -> None:
    text = "topics:\n  # about a\n  - id: a\n\n  # about b\n  - id: b\n\n  - id: c\n\n# tail\n"
    assert listing(text).removed("a") == b"topics:\n  # about b\n  - id: b\n\n  - id: c\n\n# tail\n"
    assert listing(text).removed("b") == b"topics:\n  # about a\n  - id: a\n\n  - id: c\n\n# tail\n"
    assert listing(text).removed("c") == b"topics:\n  # about a\n  - id: a\n\n  # about b\n  - id: b\n\n# tail\n"
    assert listing("topics:\n- id: a\n\n- id: b\n").removed("b") == b"topics:\n- id: a\n"
    assert listing("topics:\n- id: a\n\n- id: b").removed("a") == b"topics:\n- id: b"
    assert data(listing("topics:\n- id: a\n").removed("a")) == {"topics": None}


def test_in_brackets_an_entry_is_replaced_between_its_braces() -> None:
    text = "{topics: [{id: a, any: [x]},  # one\n  {id: b}], other: 1}\n"
    new = listing(text).replaced("a", "{id: n,\n any: [y]}")
    assert new.decode() == "{topics: [{id: n,\n any: [y]},  # one\n  {id: b}], other: 1}\n"
    assert refusal(listing(text).replaced, "a", "{id: n}, {id: m}") is Refusal.NOT_ONE
    assert refusal(listing(text).added, "- id: n") is Refusal.BRACKETS
    assert refusal(listing(text).removed, "a") is Refusal.BRACKETS


@pytest.mark.parametrize(
    ("text", "new", "why"),
    [
        ("topics:\n  - id: a\n  - id: b\n", "- id: n\n- id: m", Refusal.NOT_ONE),
        ("topics:\n  - id: a\n  - id: b\n", "id: n", Refusal.NOT_ONE),
        ("topics:\n  - id: a\n  - id: b\n", "", Refusal.NOT_ONE),
        ("topics:\n  - id: a\n  - id: b\n", "# only a comment", Refusal.NOT_ONE),
        ("topics:\n  - id: a\n  - id: b\n", "    - id: n\n  any: [x]", Refusal.NOT_YAML),
        ("topics:\n- id: a\n", "    - id: n\n  any: [x]", Refusal.NOT_ONE),
        ("topics:\n  - id: a\n  - id: 'b\n\n      c'\n", "- id: 'n", Refusal.NOT_YAML),
        ("topics:\n  - id: a\n  - id: b 'c'\n", "- id: 'n", Refusal.NOT_YAML),
        ("topics:\n  - id: a\n  - 'b'\n  - id: c\n", "- id: 'n", Refusal.NOT_YAML),
        ("topics:\n  - id: a\n    any: &x [1]\n  - any: *x\n", "- id: n", Refusal.NOT_YAML),
        ("x: &x 1\ntopics:\n  - id: a\n    any: &x 2\n  - id: *x\n", "- id: a", Refusal.OTHERS),
        ("topics:\n  - id: a\nother: 1\n", "- id: n\nmore: 1", Refusal.NOT_YAML),
        ("topics:\n  - id: a\n", "- id: \x00", Refusal.NOT_YAML),
        ("topics:\n  - id: a\n", "- id: \ud800", Refusal.NOT_YAML),
        ("topics:\n- id: a\nother: 1\n", "- id: n\nmore: 1", Refusal.OTHERS),
        ("topics:\n- id: a\n", "- id: n\n--- 1", Refusal.NOT_YAML),
        ("topics:\n- id: a\n", "- " + "[" * 1200, Refusal.NOT_YAML),
    ],
)
def test_what_would_change_anything_else_is_refused(text: str, new: str, why: Refusal) -> None:
    assert refusal(listing(text).replaced, "a", new) is why


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"topics: [", Refusal.NOT_YAML),
        (b"topics:\n  - \xff", Refusal.NOT_YAML),
        (b"topics: text", Refusal.NO_LIST),
        (b"- id: a", Refusal.NO_LIST),
        (b"a: &a [1]\ntopics: *a", Refusal.NO_LIST),
        (b"topics:\n- id: a\ntopics:\n- id: b\n", Refusal.NO_LIST),
        (b"? topics\n: - id: a\n", Refusal.LAYOUT),
        (b"topics: [a: 1]", Refusal.LAYOUT),
    ],
)
def test_files_that_cannot_be_taken_apart_say_so(raw: bytes, why: Refusal) -> None:
    assert refusal(Listing, raw, "topics") is why


def test_an_entry_is_named_by_its_id_alone() -> None:
    assert refusal(listing("topics:\n- id: a\n- id: a\n").entry, "a") is Refusal.NO_ENTRY
    assert refusal(listing(NASTY).replaced, "nobody", "- id: n") is Refusal.NO_ENTRY
    assert refusal(listing("other: 1\n").added, "- id: n") is Refusal.NO_LIST


def test_the_shipped_files_are_taken_apart() -> None:
    for name in ("topics", "sources", "digests"):
        raw = (SHIPPED / f"{name}.yaml").read_bytes()
        found = Listing(raw, name)
        ids = [each["id"] for each in data(raw)[name]]
        assert [entry.id for entry in found.entries] == ids
        assert all(found.replaced(entry.id or "", entry.text) == raw for entry in found.entries)


ENTRIES = [
    "- id: {}",
    "- id: {}   # said\n  any: [x, 'y']",
    "# above\n- id: {}\n  any:\n    en:\n      - x\n      # within\n      - y",
    "-   id: {}\n    title: 'a''b'\n    # below",
    '- {{id: {}, any: [a, {{b: c}}], t: "q\\""}}',
    '-\n  # first\n  any: ["two\n\n   lines # no comment"]\n  id: {}',
    "- id: {}\n  text: |2-\n      indented\n    less",
    "- id: {}\n  text: >\n    folded\n    # text",
    '- !!map\n  id: {}\n  ünï: "\\u263A ☺"',
    "- id: {}\n  plain: over\n    two lines\n  list:\n  - a\n  -\n    - b",
    "# one\n# two\n- id: {0}\n  one: &of-{0} [x]\n  two: *of-{0}",
]
GAPS = ["\n", "\n\n", "\n\n# a gap\n\n", "\n# by itself\n\n", "\n   \n"]


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A file with a list of topics, and the ids in it."""
    count = draw(st.integers(1, 5))
    margin = " " * draw(st.sampled_from([0, 2, 4]))
    ids = [f"t{number}" for number in range(count)]
    entries = [draw(st.sampled_from(ENTRIES)).format(id_) for id_ in ids]
    text = draw(st.sampled_from(["", "# head\n\n", "a: [1]\n", "---\n"])) + draw(
        st.sampled_from(["topics:\n", "topics: # why\n\n", "topics:\n# first\n\n", "'topics':\n"])
    )
    for number, entry in enumerate(entries):
        text += fit(entry, len(margin)) + (draw(st.sampled_from(GAPS)) if number < count - 1 else "")
    text += draw(st.sampled_from(["", "\n", "\n\n\n", "\nother: 1\n", "\n\n# tail", "\n...\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))), ids


@settings(max_examples=50, deadline=None)
@given(files(), st.data())
def test_after_a_replacement_the_file_means_what_it_meant_but_for_that_entry(
    made: tuple[str, list[str]], draw: st.DataObject
) -> None:
    text, ids = made
    raw = text.encode()
    found = Listing(raw, "topics")
    assert [entry.id for entry in found.entries] == ids
    assert all(found.replaced(entry.id or "", entry.text) == raw for entry in found.entries)
    number = draw.draw(st.integers(0, len(ids) - 1))
    new = draw.draw(st.sampled_from(ENTRIES)).format("new")
    changed = found.replaced(ids[number], new)
    expected = data(raw)
    expected["topics"][number] = data(fit(new, 0).encode())[0]
    assert data(changed) == expected
    entry = found.entries[number]
    assert changed.startswith(text[: entry.start].encode())
    assert changed.endswith(text[entry.end :].encode())
    more = data(found.added(new))["topics"]
    assert more == [*data(raw)["topics"], data(fit(new, 0).encode())[0]]
    fewer = data(found.removed(ids[number]))["topics"] or []
    assert fewer == [each for each in data(raw)["topics"] if each["id"] != ids[number]]


def test_text_is_quoted_for_one_line() -> None:
    said = quoted("it's\n \x00“two” : # lines ")
    assert said == "'it''s “two” : # lines'"
    assert YAML(typ="safe").load(said) == "it's “two” : # lines"


# --- saving


TOPICS = "topics:\n  - {id: stca, any: {en: [pact], fr: [entente]}}\n"


def read(folder: Path) -> Config:
    return load(folder, kinds=KINDS, options=OPTIONS, environ={})


def prepared(folder: Path) -> Path:
    loaded(folder, topics=TOPICS)
    return folder / "config" / "topics.yaml"


def test_a_file_is_replaced_with_its_mode_and_through_links(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    real = tmp_path / "elsewhere" / "topics.yaml"
    real.parent.mkdir()
    path.rename(real)
    path.symlink_to(real)
    real.chmod(0o640)
    new = TOPICS.replace("pact", "treaty").encode()
    config = save(path.parent, "topics.yaml", stand(real.read_bytes()), new, read)
    assert config.topics[0].any[0].text == "treaty"
    assert path.is_symlink()
    assert real.read_bytes() == new
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert [each.name for each in real.parent.iterdir()] == ["topics.yaml"]


def test_a_file_that_was_changed_or_would_be_wrong_stays(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    known = stand(path.read_bytes())
    with pytest.raises(ConfigError) as caught:
        save(path.parent, "topics.yaml", known, TOPICS.replace("any:", "anny:").encode(), read)
    assert {problem.file for problem in caught.value.problems} == {str(path)}
    assert path.read_text() == TOPICS
    path.write_text(TOPICS + "# mine\n")
    with pytest.raises(ChangedError):
        save(path.parent, "topics.yaml", known, TOPICS.encode(), read)
    assert path.read_text() == TOPICS + "# mine\n"
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "digests.yaml", "monitor.yaml", "sources.yaml", "topics.yaml"]  # fmt: skip


def test_a_change_that_comes_while_it_is_tried_is_not_overwritten(tmp_path: Path) -> None:
    path = prepared(tmp_path)

    def slowly(folder: Path) -> Config:
        path.write_text(TOPICS + "# by an editor\n")
        return read(folder)

    with pytest.raises(ChangedError):
        save(path.parent, "topics.yaml", stand(TOPICS.encode()), TOPICS.replace("pact", "deal").encode(), slowly)
    assert path.read_text() == TOPICS + "# by an editor\n"


def test_the_whole_configuration_is_tried(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    (path.parent / "digests.yaml").write_text("digests:\n  - {id: desk, topics: [stca], to: [desk@example.org]}\n")
    with pytest.raises(ConfigError) as caught:
        tried(path.parent, "topics.yaml", TOPICS.replace("stca", "other").encode(), read)
    assert [problem.file for problem in caught.value.problems] == [str(path.parent / "digests.yaml")]


def test_what_cannot_be_written_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = prepared(tmp_path)
    assert hindrance(path) is None
    assert hindrance(path.parent / "none.yaml") is Hindrance.NO_FILE
    os.mkfifo(path.parent / "pipe")
    assert hindrance(path.parent / "pipe") is Hindrance.NO_FILE
    monkeypatch.setattr(os, "access", lambda file, mode: Path(file) != path)  # root may write everywhere
    assert hindrance(path) is Hindrance.READ_ONLY
    monkeypatch.undo()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert hindrance(path) is Hindrance.OWNER


def test_a_file_that_git_keeps_is_left_to_git(tmp_path: Path) -> None:
    path = prepared(tmp_path)

    def git(*args: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *args], check=True, capture_output=True)

    git("init")
    assert repository_path(path) is None
    git("add", "config/monitor.yaml")
    assert hindrance(path) is None
    git("add", "config/topics.yaml")
    assert repository_path(path) == "config/topics.yaml"
    assert hindrance(path) is Hindrance.GIT
    git("update-index", "--index-version", "4")
    assert repository_path(path) == "config/topics.yaml"
