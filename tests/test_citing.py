"""How a version is cited: one item of CSL-JSON, and all that is made from it says the same."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware
from hypothesis import given
from hypothesis import strategies as st

from monitor.citing import Holder, bibtex, csl, key, ris, sentence
from monitor.text import one_line
from monitor.types import Credit, Kept
from tests.digests import an_article

HOLDER = Holder(name="Roxham", timezone="America/Toronto")
ARTICLE = an_article(
    17,
    title="“They crossed” at night",
    publisher="The Canard",
    text="They crossed at Roxham Road.",
    authors=("Zoë O’Neil",),
    published_at=datetime(2026, 11, 22, 2, 30, tzinfo=UTC),  # still the 21st in Toronto
    first_seen_at=datetime(2026, 11, 22, 2, 41, 7, tzinfo=UTC),
    read_at=datetime(2026, 11, 22, 7, 12, 9, tzinfo=UTC),
    version=2,
)
HASH = hashlib.sha256(b"They crossed at Roxham Road.").hexdigest()


def item(**changes: Any) -> dict[str, Any]:
    return csl(replace(ARTICLE, **changes), HOLDER)


# --- CSL-JSON --------------------------------------------------------------------------------------------------------


def test_an_item_names_version_time_and_hash() -> None:
    assert item() == {
        "id": "thecanard-2026-17v2",
        "type": "article-newspaper",
        "title": "“They crossed” at night",
        "author": [{"family": "O’Neil", "given": "Zoë"}],
        "container-title": "The Canard",
        "publisher": "The Canard",
        "issued": {"date-parts": [[2026, 11, 21]]},
        "accessed": {"date-parts": [[2026, 11, 22]]},
        "URL": "https://news.example/17",
        "language": "en",
        "version": "2",
        "archive": "Roxham",
        "archive_location": "article 17, version 2",
        "note": "Roxham archive no. 17, version 2, read 2026-11-22T07:12:09Z; first seen 2026-11-22T02:41:07Z; "
        f"SHA-256 of the text {HASH}",
        "custom": {
            "article": 17,
            "version": 2,
            "story": 17,
            "published_at": "2026-11-22T02:30:00Z",
            "first_seen_at": "2026-11-22T02:41:07Z",
            "read_at": "2026-11-22T07:12:09Z",
            "text_sha256": HASH,
            "agency": None,
            "withdrawn": False,
            "partial": False,
            "cited_for_story": None,
        },
    }


_DATE = {"date-parts"}
_STRINGS = {
    "id", "type", "title", "container-title", "publisher", "URL", "language", "version", "archive", "archive_location",
    "note", "original-publisher",
}  # fmt: skip
"""Those of the schema's properties that we write, and that have to be strings there."""


def assert_fits_the_schema(item: dict[str, Any]) -> None:
    """What csl-data.json (CSL 1.0.2) says of what we write; it allows no other properties."""
    assert {"id", "type"} <= item.keys() <= _STRINGS | {"author", "issued", "accessed", "original-date", "custom"}
    assert item["type"] in {"article-newspaper", "webpage", "post"}
    assert all(isinstance(item[name], str) for name in _STRINGS & item.keys())
    for name in item.get("author", []):
        assert name.keys() in ({"literal"}, {"family", "given"})
        assert all(isinstance(part, str) for part in name.values())
    for name in {"issued", "accessed", "original-date"} & item.keys():
        (parts,) = item[name]["date-parts"]
        assert item[name].keys() == _DATE
        assert len(parts) == 3
        assert all(isinstance(part, int) for part in parts)
    assert isinstance(item["custom"], dict)


TEXTS = st.text(min_size=1, max_size=60).map(one_line).filter(bool)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it follows
ARTICLES = st.builds(
    lambda **fields: an_article(**fields),
    id=st.integers(1, 10**9),
    title=TEXTS,
    publisher=TEXTS,
    authors=st.lists(TEXTS, max_size=3).map(tuple),
    language=st.sampled_from([None, "en", "fr", "es"]),
    published_at=st.none() | MOMENTS,
    read_at=MOMENTS,
    first_seen_at=MOMENTS,
    version=st.integers(1, 40),
    official=st.booleans(),
    withdrawn=st.booleans(),
    partial=st.booleans(),
    text=st.none() | TEXTS,
    credit=st.builds(Credit, agency=st.none() | TEXTS, first_published=st.sampled_from([None, "2026-11-20", "soon"])),
)


@given(ARTICLES)
def test_every_item_fits_the_schema(article: Kept) -> None:
    assert_fits_the_schema(csl(article, HOLDER))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, "article-newspaper"),
        ({"official": True}, "webpage"),
        ({"url": "https://www.reddit.com/r/canada/1"}, "post"),
        ({"url": "https://x.com/desk/status/1"}, "post"),
        ({"url": "https://notx.com/desk/status/1"}, "article-newspaper"),
    ],
)
def test_the_type_is_what_the_page_is(changes: dict[str, Any], wanted: str) -> None:
    assert item(**changes)["type"] == wanted


@pytest.mark.parametrize(
    ("written", "family"),
    [
        ("Zoë O’Neil", "O’Neil"),
        ("Marie-Ève Tremblay", "Tremblay"),
        ("John Q. Smith", "Smith"),
        ("Ann McDonald", "McDonald"),
        ("The Canadian Press", None),
        ("Canadian Press", None),
        ("La Presse", None),
        ("CBC News", None),
        ("Staff Reporter", None),
        ("Radio-Canada Info", None),
        ("Gabriel García Márquez", None),  # which of the two begins the family name, nobody can know
        ("Ludwig van Beethoven", None),
        ("SMITH, JOHN", None),
        ("Jane Doe and John Roe", None),
        ("desk@example.org", None),
        ("王小明", None),
    ],
)
def test_a_by_line_is_taken_apart_only_where_it_is_safe(written: str, family: str | None) -> None:
    (name,) = item(authors=(written,))["author"]
    assert name.get("family") == family
    assert (family is None) == (name.get("literal") == written)


def test_what_a_publisher_calls_itself_is_no_person() -> None:
    assert item(publisher="Brant Beacon", authors=("Brant Beacon",))["author"] == [{"literal": "Brant Beacon"}]


def test_the_agency_is_the_original_publisher_where_somebody_else_carries_it() -> None:
    credit = Credit(agency="The Canadian Press", first_published="2026-11-20")
    carried = item(credit=credit)
    assert carried["original-publisher"] == "The Canadian Press"
    assert carried["original-date"] == {"date-parts": [[2026, 11, 20]]}
    assert "credited to The Canadian Press" in carried["note"]
    assert "original-publisher" not in item(credit=credit, publisher="The Canadian Press")


def test_a_date_without_an_hour_stays_that_date() -> None:
    assert item(published_at=datetime(2026, 11, 22, tzinfo=UTC))["issued"] == {"date-parts": [[2026, 11, 22]]}


def test_what_is_wrong_with_a_text_stands_in_the_note() -> None:
    said = item(text=None, withdrawn=True, partial=True)
    assert "text erased" in said["note"]
    assert "withdrawn by its agency or publisher" in said["note"]
    assert "the text is the feed's" in said["note"]
    assert said["custom"]["text_sha256"] is None


def test_a_story_is_cited_by_its_origin_and_it_is_said() -> None:
    cited = csl(ARTICLE, HOLDER, story=5)
    assert cited["note"].endswith("cited for story 5, as its origin")
    assert "the origin of story 5" in sentence(cited)
    assert "origine de la nouvelle no 5" in sentence(cited, "fr")


# --- keys ------------------------------------------------------------------------------------------------------------


@given(ARTICLES, ARTICLES)
def test_keys_are_plain_and_no_two_versions_share_one(one: Kept, other: Kept) -> None:
    assert re.fullmatch(r"[a-z0-9]{1,20}-\d{4}-\d+v\d+", key(one))
    assert (key(one) == key(other)) <= ((one.id, one.version) == (other.id, other.version))


# --- RIS -------------------------------------------------------------------------------------------------------------


@given(ARTICLES)
def test_ris_comes_back_as_it_was(article: Kept) -> None:
    cited = csl(article, HOLDER)
    (back,) = rispy.loads(ris(cited).replace("\r\n", "\n"))
    assert back["type_of_reference"] == ("ELEC" if article.official else "NEWS")
    assert back["id"] == cited["id"]
    assert back["title"] == article.title
    assert back["secondary_title"] == back["publisher"] == article.publisher
    assert ";".join(back["urls"]) == article.url
    assert back["edition"] == str(article.version)
    assert back["notes"] == [cited["note"]]
    assert len(back.get("authors", [])) == len(article.authors)
    if "issued" in cited:
        assert back["date"].split("/") == [f"{part:02}" for part in cited["issued"]["date-parts"][0]]


def test_lines_of_ris_end_as_the_format_says() -> None:
    written = ris(item())
    assert written.count("\r\n") == written.count("\n")
    assert written.startswith("TY  - NEWS\r\n")
    assert written.endswith("ER  - \r\n\r\n")
    assert "AU  - O’Neil, Zoë\r\n" in written


def test_a_line_break_in_a_headline_makes_no_tag() -> None:
    (back,) = rispy.loads(ris(item(title="One\nER  - \nTY  - JOUR")).replace("\r\n", "\n"))
    assert back["title"] == "One ER - TY - JOUR"


# --- BibTeX ----------------------------------------------------------------------------------------------------------


COMMANDS = {
    r"{\textbackslash}": "\\",
    r"{\textbraceleft}": "{",
    r"{\textbraceright}": "}",
    r"{\textasciitilde}": "~",
    r"{\textasciicircum}": "^",
} | {f"\\{character}": character for character in "#$%&_"}
"""What TeX prints for what."""


def printed(value: str) -> str:
    """What TeX prints for a field; nothing in it may be left that TeX would take for anything else."""
    found = re.split("(" + "|".join(map(re.escape, COMMANDS)) + ")", value)
    assert not set("\\{}#$%&_~^") & set("".join(found[::2]))
    return "".join(COMMANDS.get(part, part) for part in found)


def read_bibtex(text: str) -> dict[str, str]:
    library = parse_string(text)
    assert not library.failed_blocks
    (entry,) = library.entries
    return {"ENTRYTYPE": entry.entry_type, "ID": entry.key} | {field.key: field.value for field in entry.fields}


@given(ARTICLES)
def test_bibtex_comes_back_as_it_was(article: Kept) -> None:
    cited = csl(article, HOLDER)
    back = read_bibtex(bibtex(cited))
    assert back["ID"] == cited["id"]
    assert back["ENTRYTYPE"] == ("online" if article.official else "article")
    assert printed(back["title"].removeprefix("{").removesuffix("}")) == article.title
    assert printed(back["organization" if article.official else "journal"]) == article.publisher
    assert back["url"] == article.url
    assert back["version"] == str(article.version)
    assert printed(back["note"]) == cited["note"]


@given(st.text(alphabet="ab é{}\\#$%&_~^\"'@=,–\n", min_size=1).map(one_line).filter(bool))
def test_what_tex_reads_as_commands_is_escaped(title: str) -> None:
    written = bibtex(item(title=title))
    assert printed(read_bibtex(written)["title"].removeprefix("{").removesuffix("}")) == title
    line = next(line for line in written.splitlines() if line.startswith("  title"))
    assert line.count("{") == line.count("}")


def test_a_program_that_decodes_tex_reads_the_same_words() -> None:
    title = "R&D: 50 % of $5 at C:\\temp_1 #Roxham, où l’été"
    library = parse_string(bibtex(item(title=title)), append_middleware=[LatexDecodingMiddleware()])
    assert library.entries[0].fields_dict["title"].value == title


def test_bibtex_reads_well() -> None:
    assert bibtex(item(title="50% of R&D, {so}", authors=("Zoë O’Neil", "CBC News and Co."))).splitlines()[:8] == [
        "@article{thecanard-2026-17v2,",
        r"  title = {{50\% of R\&D, {\textbraceleft}so{\textbraceright}}},",
        "  author = {O’Neil, Zoë and {CBC News and Co.}},",
        "  journal = {The Canard},",
        "  date = {2026-11-21},",
        "  year = {2026},",
        "  url = {https://news.example/17},",
        "  urldate = {2026-11-22},",
    ]


# --- a line of text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        (
            "en",
            "Zoë O’Neil, ““They crossed” at night”, The Canard, 21 November 2026, https://news.example/17 "
            "(version 2, read 2026-11-22 07:12 UTC; Roxham archive no. 17).",
        ),
        (
            "fr",
            "Zoë O’Neil, «\u00a0“They crossed” at night\u00a0», The Canard, 21 novembre 2026, https://news.example/17 "
            "(version 2, lue le 2026-11-22 à 07:12 UTC\u00a0; archives Roxham, no 17).",
        ),
    ],
)
def test_a_citation_is_one_line_in_either_language(language: Literal["en", "fr"], wanted: str) -> None:
    assert sentence(item(), language) == wanted


def test_a_line_says_what_is_not_known_or_not_there_any_more() -> None:
    said = sentence(item(published_at=None, withdrawn=True, credit=Credit(agency="The Canadian Press")))
    assert ", text of The Canadian Press, n.d., " in said
    assert "; withdrawn by its agency or publisher)." in said
