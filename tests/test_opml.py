"""OPML in and out: what is read, what is refused with its line, and that our own lists come back without loss."""

import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import opml
from monitor.errors import ConfigError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NESTED = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="1.0"><head><title>Mine</title></head><body>
  <outline text="Border">
    <outline title="Qu\xe9bec">
      <outline text="Le Quotidien" type="rss" xmlUrl="https://quotidien.example/fil.xml" language="fr-CA"/>
    </outline>
    <outline text="Courier" xmlurl=" feed://courier.example/rss " htmlUrl="https://courier.example/"/>
  </outline>
  <outline type="link" text="A page" url="https://page.example/"/>
  <outline xmlUrl="feed:https://bare.example/atom.xml"/>
</body></opml>"""


def listed(*outlines: str) -> bytes:
    return f'<opml version="2.0"><body>{"".join(outlines)}</body></opml>'.encode()


def refused(document: bytes) -> list[str]:
    with pytest.raises(ConfigError) as error:
        opml.read(document, "list.opml")
    return [str(problem) for problem in error.value.problems]


def test_groups_addresses_titles_and_languages_are_read() -> None:
    outlines, left_out = opml.read(NESTED, "list.opml")
    assert [(o.url, o.title, o.language, o.groups, o.line) for o in outlines] == [
        ("https://quotidien.example/fil.xml", "Le Quotidien", "fr-CA", ("Border", "Québec"), 5),
        ("https://courier.example/rss", "Courier", None, ("Border",), 7),
        ("https://bare.example/atom.xml", None, None, (), 10),
    ]
    assert [str(remark) for remark in left_out] == [
        "list.opml:9:3: left out: https://page.example/ is a link or a list (link), no feed"
    ]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "list.opml:1:1: this is no well-formed XML: no element found"),
        (b"sources: []", "list.opml:1:1: this is no well-formed XML: syntax error"),
        (b"<rss/>", "list.opml:1:1: this is XML with the root <rss>, not OPML"),
        (b"<opml>\n<body></opml>", "list.opml:2:9: this is no well-formed XML: mismatched tag"),
        (b'<?xml version="1.0" encoding="klingon"?><opml/>', "this is no well-formed XML: unknown encoding"),
        (b"<opml>" + b"<outline>" * 60, "outlines lie deeper in each other than 50 levels"),
        (
            listed("\n", '<outline xmlUrl="https://a.example/" roxham:options="{"/>'),
            "list.opml:2:1: roxham:options cannot",
        ),
        (
            listed("\n", f'<outline xmlUrl="https://a.example/" roxham:options="{"[" * 100_000}"/>'),
            "list.opml:2:1: roxham:options cannot",
        ),
        (
            listed("\n", '<outline xmlUrl="https://a.example/" roxham:url="https://u:p@b.example/"/>'),
            "list.opml:2:1: roxham:url means nothing here",
        ),
        (b" " * (opml.MOST_BYTES + 1), "list.opml:1:1: the file is larger than 50 MB"),
    ],
)
def test_what_is_no_list_is_refused_with_its_place(document: bytes, said: str) -> None:
    assert said in refused(document)[0]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE opml [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    ],
)
def test_entities_are_refused_whatever_they_are(doctype: str) -> None:
    document = f'<?xml version="1.0"?>\n{doctype}\n<opml><body><outline xmlUrl="https://a.example/"/></body></opml>'
    [said] = refused(document.encode())
    assert said.startswith("list.opml:2:")
    assert said.endswith("refused: the document declares XML entities")


def test_a_document_type_from_elsewhere_is_not_fetched() -> None:
    document = b'<!DOCTYPE opml SYSTEM "http://127.0.0.1:9/opml.dtd">' + listed(
        '<outline xmlUrl="https://a.example/"/>'
    )
    assert [outline.url for outline in opml.read(document, "list.opml")[0]] == ["https://a.example/"]


@pytest.mark.unmeasured
def test_a_hundred_thousand_entries_are_read_within_seconds() -> None:
    document = listed(*(f'<outline text="{n}" xmlUrl="https://s{n}.example/feed"/>\n' for n in range(100_000)))
    began = time.process_time()
    outlines, _ = opml.read(document, "list.opml")
    assert (len(outlines), outlines[-1].line) == (100_000, 100_000)
    assert time.process_time() - began < 10


SOURCES = st.fixed_dictionaries(
    {"id": st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True), "kind": st.sampled_from(["feed", "sitemap"])},
    optional={
        "name": st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool),
        "every": st.sampled_from(["10m", "10m to 1h"]),
        "enabled": st.booleans(),
        "note": st.sampled_from(["404", "null", "true", '"quoted"', "{broken", "é < & >", "-7", "[x"]),
        "options": st.dictionaries(st.sampled_from(["item", "pages"]), st.integers() | st.text("ab .#\n\"'<")),
    },
)


@given(st.lists(SOURCES, max_size=4))
def test_a_list_of_ours_comes_back_without_loss(sources: list[dict[str, object]]) -> None:
    sources = [source | {"url": f"https://a.example/?n={number}&x=<"} for number, source in enumerate(sources)]
    outlines, left_out = opml.read(opml.write(sources, title="A & B", now=NOW).encode(), "list.opml")
    assert ([dict(outline.own) | {"url": outline.url} for outline in outlines], left_out) == (sources, [])


def test_other_programs_find_what_they_know() -> None:
    source = {"id": "desk-en", "name": "The Desk", "kind": "feed", "url": "https://desk.example/", "language": "en"}
    written = opml.write([source], title="Sources", now=NOW)
    assert 'type="rss" text="The Desk" xmlUrl="https://desk.example/" language="en"' in written
    assert "<dateCreated>Sat, 21 Nov 2026 12:00:00 GMT</dateCreated>" in written


@given(st.binary(max_size=300))
def test_nothing_but_a_refusal_comes_of_any_bytes(document: bytes) -> None:
    for attempt in (document, listed('<outline xmlUrl="') + document):
        with suppress(ConfigError):
            outlines, _ = opml.read(attempt, "list.opml")
            assert all(outline.url for outline in outlines)
