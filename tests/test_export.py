"""What an export holds, in each of its forms, and how it is streamed."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from hypothesis import given
from hypothesis import strategies as st

from monitor import export
from monitor.archive import Filter, Sort
from monitor.citing import Holder
from monitor.cli.looking import ExportFormat, Order
from monitor.export import Form, Observation, Plan, Watch, observation, stream, watched
from monitor.export.parquet import schema
from monitor.export.rows import harmless
from monitor.types import Credit, Kept, Notice, Relation, SourceState, Span
from tests.digests import a_hit, a_match, an_article

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WATCHED = {
    "gazette": Watch(
        first_visit_at=AT - 9 * HOUR,
        spans=(Span(since=AT - 9 * HOUR, until=AT - 5 * HOUR), Span(since=AT - 3 * HOUR, until=AT)),
    ),
    "beacon": Watch(first_visit_at=AT - 2 * HOUR, spans=(Span(since=AT - 2 * HOUR, until=AT),)),
    "failing": Watch(first_visit_at=AT - 9 * HOUR, spans=()),
}
PLAN = Plan(
    wanted=Filter(query="Roxham", upto=17),
    holder=Holder(name="Roxham", timezone="America/Toronto"),
    program="Roxham 0.1.0",
    configuration="c0ffee",
    made_at=AT,
    watched=WATCHED,
)
FULL = an_article(
    17,
    url="https://news.example/17",
    urls=("https://news.example/17", "https://news.example/17?a=b"),
    source_ids=("gazette", "beacon"),
    title='=HYPERLINK("https://evil.example")',
    text="First, “paragraph”.\n\n“Second”; one | two, 30 %.",
    authors=("Zoë O’Neil", "@desk"),
    published_at=AT - HOUR,
    first_seen_at=AT,
    read_at=AT + HOUR / 4,
    version=3,
    kept=0.75,
    relation=Relation.PICKUP,
    story_id=5,
    matches=(a_match("roxham", a_hit(), a_hit("Roxham")), a_match("stca", a_hit("STCA"), mention=True)),
    credit=Credit(
        agency="The Canadian Press",
        first_published="2026-11-21",
        writers=("Jane Doe",),
        place="OTTAWA",
        notice=Notice.WRITETHRU,
        take=2,
        correction="-1 corrected",
    ),
)
BARE = an_article(
    18,
    text=None,
    language=None,
    matches=(),
    kept=None,
    withdrawn=True,
    source_id="by-hand:x",
    source_ids=("by-hand:x",),
)


def exported(form: Form, *articles: Kept, **options: bool) -> bytes:
    return b"".join(stream(form, articles, PLAN, **options))


def lines(*articles: Kept, **options: bool) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(Form.JSONL, *articles, **options).decode().splitlines()]


def records(*articles: Kept, **options: bool) -> list[dict[str, str]]:
    text = exported(Form.CSV, *articles, **options).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def table(*articles: Kept, **options: bool) -> pa.Table:
    return pq.read_table(io.BytesIO(exported(Form.PARQUET, *articles, **options)))


# --- coverage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"published_at": AT - 6 * HOUR}, "observed"),
        ({"published_at": AT - 4 * HOUR}, "gap"),
        ({"published_at": AT - 5 * HOUR}, "observed"),  # the very moment of the last good visit of a span
        ({"published_at": AT - 10 * HOUR}, "not yet added"),
        ({"published_at": None, "updated_at": AT - 4 * HOUR}, "gap"),
        ({"published_at": None, "first_seen_at": AT - 4 * HOUR}, "gap"),
        ({"published_at": None, "first_seen_at": AT - HOUR}, "observed"),
        ({"published_at": AT + 9 * HOUR, "first_seen_at": AT - 4 * HOUR}, "gap"),  # it was there before it came out
        ({"published_at": None, "first_seen_at": AT + HOUR / 60}, "observed"),  # read after the newest visit
        ({"published_at": AT - HOUR, "source_ids": ("failing",)}, "gap"),
        ({"published_at": AT - 4 * HOUR, "source_ids": ("gazette", "beacon")}, "gap"),  # not: not yet added
        ({"published_at": AT - HOUR, "source_ids": ("failing", "beacon")}, "observed"),
        ({"published_at": AT - HOUR, "source_ids": ("by-hand:x", "beacon")}, "observed"),
        ({"source_ids": ("by-hand:x",)}, None),
    ],
)
def test_coverage_says_how_the_source_was_watched_when_the_article_came_out(
    changes: dict[str, Any], wanted: str | None
) -> None:
    assert observation(an_article(**{"first_seen_at": AT} | changes), WATCHED) == wanted


def test_a_source_that_was_visited_once_was_watched_at_that_moment() -> None:
    once = SourceState(source_id="a", first_visit_at=AT, observed_since=AT, last_good_at=AT)
    never_good = SourceState(source_id="b", first_visit_at=AT)
    sources = watched([once, never_good, SourceState(source_id="c")], {})
    assert sources.keys() == {"a", "b"}
    assert sources["a"].at(AT) is Observation.OBSERVED
    assert sources["a"].at(AT - HOUR) is Observation.NOT_YET
    assert sources["b"].at(AT) is Observation.GAP


@given(st.lists(st.integers(0, 40), max_size=8, unique=True).map(sorted), st.integers(-5, 60))
def test_watched_is_what_lies_in_a_span(edges: list[int], moment: int) -> None:
    spans = [
        Span(since=AT + since * HOUR, until=AT + until * HOUR)
        for since, until in zip(edges[::2], edges[1::2], strict=False)
    ]
    watch = Watch(first_visit_at=AT, spans=tuple(spans))
    at = AT + moment * HOUR
    inside = any(span.since <= at <= span.until for span in spans) or (bool(spans) and at > spans[-1].until)
    wanted = Observation.NOT_YET if moment < 0 else Observation.OBSERVED if inside else Observation.GAP
    assert watch.at(at) is wanted


def test_coverage_is_the_same_in_every_form_that_has_it() -> None:
    articles = [an_article(n, published_at=AT - n * HOUR, first_seen_at=AT) for n in range(1, 12)]
    wanted = [observation(article, WATCHED) for article in articles]
    assert {"observed", "gap", "not yet added"} == set(wanted)
    assert [line["coverage"] for line in lines(*articles)] == wanted
    assert [record["coverage"] for record in records(*articles)] == wanted
    assert table(*articles)["coverage"].to_pylist() == wanted


# --- JSONL -----------------------------------------------------------------------------------------------------------


def test_a_line_is_the_article_as_others_know_it_and_more() -> None:
    (line,) = lines(FULL)
    assert {name: line[name] for name in export.article(FULL)} == export.article(FULL)
    assert line.keys() - export.article(FULL).keys() == {"coverage", "read_at"}
    assert line["read_at"] == "2026-11-22T12:15:00Z"


def test_without_text_no_form_holds_a_word_of_it() -> None:
    for form in Form:
        assert b"paragraph" not in exported(form, FULL, text=False)
    assert "text" not in lines(FULL, text=False)[0]
    assert "text" not in records(FULL, text=False)[0]
    assert "text" not in table(FULL, text=False).column_names


# --- CSV -------------------------------------------------------------------------------------------------------------


def test_csv_is_a_record_an_article_with_every_column() -> None:
    full, bare = records(FULL, BARE)
    assert tuple(full) == export.COLUMNS
    assert full == {
        "id": "17",
        "url": "https://news.example/17",
        "urls": "https://news.example/17 | https://news.example/17?a=b",
        "source": "gazette",
        "sources": "gazette | beacon",
        "publisher": "The Gazette",
        "title": '\'=HYPERLINK("https://evil.example")',
        "text": "First, “paragraph”.\n\n“Second”; one | two, 30 %.",
        "authors": "Zoë O’Neil | @desk",
        "language": "en",
        "published_at": "2026-11-22T11:00:00Z",
        "first_seen_at": "2026-11-22T12:00:00Z",
        "read_at": "2026-11-22T12:15:00Z",
        "partial": "false",
        "withdrawn": "false",
        "topics": "roxham | stca",
        "terms": "Roxham Road | Roxham | STCA",
        "mentions": "stca",
        "story": "5",
        "relation": "pickup",
        "versions": "3",
        "kept": "0.75",
        "agency": "The Canadian Press",
        "agency_first_published": "2026-11-21",
        "agency_first_language": "",
        "agency_writers": "Jane Doe",
        "agency_place": "OTTAWA",
        "agency_notice": "writethru",
        "agency_take": "2",
        "agency_correction": "'-1 corrected",
        "coverage": "observed",
    }
    assert bare["text"] == bare["language"] == bare["kept"] == bare["coverage"] == bare["topics"] == ""
    assert bare["withdrawn"] == "true"


def test_csv_is_as_rfc_4180_says() -> None:
    written = exported(Form.CSV, BARE, BARE).decode()
    assert written.count("\r\n") == written.count("\n") == 3
    assert exported(Form.CSV, BARE, bom=True) == b"\xef\xbb\xbf" + exported(Form.CSV, BARE)
    assert records() == []
    assert exported(Form.CSV).decode().startswith("id,url,")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\rx", "\nx", "  =1", " =1", "＝1", "＋1", "－1", "＠x", "\u200b=1",
        "\ufeff-1", "\xa0@x", "\u3000＝1",
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "’tis", "1-1", " plain", "– a dash", "“-1”", "#1", "e-mail", "Ω"])
def test_a_cell_that_no_spreadsheet_would_run_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(st.text(max_size=80), st.text(max_size=200).filter(bool))
def test_whatever_stands_in_an_article_csv_holds_it_in_its_cell(title: str, text: str) -> None:
    (record,) = records(replace(FULL, title=title, text=text))
    assert record["title"].removeprefix("'") == harmless(title).removeprefix("'").encode("utf-8", "replace").decode()
    assert record["text"].removeprefix("'") == harmless(text).removeprefix("'").encode("utf-8", "replace").decode()
    assert not record["title"].lstrip().startswith(tuple("=+-@"))


# --- Parquet ---------------------------------------------------------------------------------------------------------


def test_parquet_has_types() -> None:
    read = table(FULL, BARE)
    assert read.schema.remove_metadata() == schema().remove_metadata()
    full, bare = read.to_pylist()
    assert full["published_at"] == AT - HOUR
    assert full["topics"] == export.topics(FULL.matches)
    assert full["credit"] == export.credit(FULL.credit) | {"first_published": date(2026, 11, 21)}
    assert full["authors"] == ["Zoë O’Neil", "@desk"]
    assert full["title"] == FULL.title
    assert {name: bare[name] for name in ("text", "language", "kept", "coverage", "published_at")} == dict.fromkeys(
        ("text", "language", "kept", "coverage", "published_at")
    )
    assert bare["topics"] == []
    assert set(lines(FULL)[0]) == set(read.column_names)


def test_parquet_says_where_it_comes_from_and_is_compressed() -> None:
    file = pq.ParquetFile(io.BytesIO(exported(Form.PARQUET, FULL)))
    assert json.loads(file.schema_arrow.metadata[b"roxham"]) == {
        "installation": "Roxham",
        "program": "Roxham 0.1.0",
        "made_at": "2026-11-22T12:00:00Z",
        "snapshot": 17,
        "filters": {"query": "Roxham"},
        "configuration": "c0ffee",
    }
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_row_groups_of_parquet_are_bounded() -> None:
    many = (an_article(n) for n in range(1, 12_002))
    file = pq.ParquetFile(io.BytesIO(b"".join(stream(Form.PARQUET, many, PLAN))))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [5_000, 5_000, 2_001]
    long = [an_article(n, text="word " * 1_000_000) for n in range(1, 4)]
    file = pq.ParquetFile(io.BytesIO(exported(Form.PARQUET, *long)))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [2, 1]


def test_an_empty_export_is_a_whole_file_in_every_form() -> None:
    assert table().num_rows == 0
    assert json.loads(exported(Form.CSL_JSON)) == []
    assert exported(Form.JSONL) == exported(Form.RIS) == exported(Form.BIBTEX) == b""


# --- citations -------------------------------------------------------------------------------------------------------


def test_citations_of_many_articles_are_one_file() -> None:
    ids = [item["id"] for item in json.loads(exported(Form.CSL_JSON, FULL, BARE))]
    assert ids == ["thegazette-2026-17v3", "thegazette-2026-18v1"]
    assert [entry["id"] for entry in rispy.loads(exported(Form.RIS, FULL, BARE).decode().replace("\r\n", "\n"))] == ids
    assert [entry.key for entry in parse_string(exported(Form.BIBTEX, FULL, BARE).decode()).entries] == ids


# --- streaming -------------------------------------------------------------------------------------------------------


class Articles:
    """Articles without an end, which count what was taken of them and know whether they were closed."""

    def __init__(self) -> None:
        self.taken = 0
        self.closed = False

    def all(self) -> Iterator[Kept]:
        try:
            while True:
                self.taken += 1
                yield replace(FULL, id=self.taken, text="A text of some length. " * 100)
        finally:
            self.closed = True


@pytest.mark.parametrize("form", Form)
def test_a_reader_that_leaves_ends_what_was_asked(form: Form) -> None:
    articles = Articles()
    parts = stream(form, articles.all(), PLAN)
    held = sum(len(next(parts)) for _ in range(3))
    assert held > 0
    assert articles.taken <= 2 * 5_000
    assert not articles.closed
    parts.close()
    assert articles.closed


@pytest.mark.parametrize("form", Form)
def test_every_form_has_its_media_type_and_ending(form: Form) -> None:
    assert "/" in form.media_type
    assert form.ending.startswith(".")


def test_forms_and_orders_of_the_command_line_are_those_of_the_rooms() -> None:
    assert list(map(str, ExportFormat)) == list(map(str, Form))
    assert list(map(str, Order)) == list(map(str, Sort))


def test_parquet_is_loaded_only_where_it_is_written() -> None:
    said = "import sys, monitor.cli, monitor.export, monitor.corpus; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False).returncode == 0
