"""`roxham topics …`, by the real command over archives that were filled as the service fills them."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from monitor.app import configuration
from monitor.archive import Filter, Marked, Remarked, Running
from monitor.archive.sqlite import SQLiteArchive
from monitor.cli.passing import passing
from monitor.errors import ArchiveError
from monitor.match import Matcher
from monitor.pipeline import apply, backtested, compared, grouped
from monitor.pipeline.difference import Change, ChangeKind, Difference, TopicDifference
from monitor.pipeline.forms import covers
from monitor.pipeline.past import Tally, weeks
from monitor.query import parse
from monitor.types import Article, Beside, Form, Keep, Kept, Topic
from tests import builders
from tests.installation import READER, Installation, page, source, story
from tests.site import Site

LONG_AGO = datetime(2024, 11, 5, 15, tzinfo=UTC)  # a Tuesday
FILLER = " ".join(f"The council heard a report number {number} about lamps." for number in range(20))
REMPLISSAGE = " ".join(f"Le conseil a reçu un rapport numéro {number} sur les lampes." for number in range(20))
TOPICS = """\
topics:
  - id: roxham-road
    title: {en: Roxham Road, fr: Chemin Roxham}
    any:
      en: ['"Roxham Road"']
      fr: [Roxham]
    except: {en: ['"Roxham Farm"']}
  - id: stca
    any: {en: ['"Safe Third Country Agreement"'], fr: ['"tiers pays sûrs"']}
    near: {forms: {en: ['=STCA']}, beside: {en: [asylum]}}
"""
NARROWER = TOPICS.replace("fr: [Roxham]", 'fr: [\'"Roxham Road" OR "Roxham Rd"\']')
SOURCES = [
    source("desk", "http://desk.test/feed.xml"),
    source("fil", "http://fil.test/feed.xml", language="fr"),
    source("short", "http://short.test/feed.xml", keep="excerpt"),
]


@pytest.fixture
def empty(tmp_path: Path) -> Installation:
    """A configuration without an archive."""
    return Installation(tmp_path / "here", SOURCES, topics=TOPICS)


def english(name: str, text: str, **changed: Any) -> Article:
    fields = {"title": f"A report, {name}", "text": text, "source_id": "desk", "publisher": "Desk"}
    return builders.article(f"http://desk.test/{name}", **fields | changed)


def french(name: str, text: str, **changed: Any) -> Article:
    fields = {"title": f"Un rapport, {name}", "text": text, "source_id": "fil", "publisher": "Fil", "language": "fr"}
    return builders.article(f"http://fil.test/{name}", **fields | changed)


def keep(here: Installation, *articles: Article, at: datetime = LONG_AGO) -> None:
    """Lists, reads, matches and keeps articles, each a story of its own, as the service does at that time."""
    matcher = Matcher(configuration(here.config).topics)
    archive = SQLiteArchive.for_writing(here.archive, purpose="test", now=at, wait=0)
    for found in articles:
        listed = builders.item(found.addresses[0].url, content_hash=f"{at}")
        archive.keep_visit(builders.visit(found.source_id, at=at), [listed])
        [pending] = archive.pending(at)
        archive.begin([pending.item_id])
        archive.keep([builders.reading(pending, found, matcher.match(found))], builders.STORIES, at)
    archive.close()


def unlike(number: int) -> str:
    """The text of a story like no other: hundreds that differ in a word would be hundreds of copies of one."""
    return f"The fair number {number}. " + " ".join(f"lamp{number}of{place}" for place in range(60))


def marked(here: Installation) -> dict[int, dict[str, bool]]:
    """What the archive has marked: article → topic → whether as a mention."""
    with closing(SQLiteArchive.for_reading(here.archive)) as archive:
        articles = archive.articles(Filter())
        return {article.id: {match.topic_id: match.mention for match in article.matches} for article in articles}


@pytest.fixture
def here(empty: Installation) -> Installation:
    """Six articles of two years ago, in two languages and over five weeks."""
    keep(empty, english("one", f"Two sleds crossed at Roxham Road. {FILLER}"))
    keep(empty, french("deux", f"Deux traîneaux passent par le chemin Roxham. {REMPLISSAGE}"))
    keep(empty, french("trois", f"{REMPLISSAGE} Le chemin Roxham est fermé."), at=LONG_AGO + timedelta(days=7))
    keep(
        empty,
        english("four", f"{FILLER} It is like the STCA, says a clerk of the asylum office."),
        english("five", f"An alert of the STCA sounded in the tower. {FILLER}"),
        french("six", f"La foire du village. {REMPLISSAGE}"),
        at=LONG_AGO + timedelta(days=28),
    )
    return empty


def document(here: Installation, *args: str, code: int = 0) -> Any:
    return here.document("topics", *args, code=code)


def said(here: Installation, *args: str, code: int = 0) -> str:
    done = here.roxham("topics", *args)
    assert done.returncode == code, done.stderr
    return done.stdout


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_names_forms_and_marks_and_those_of_another_revision(here: Installation) -> None:
    road, stca = document(here)["topics"]
    assert (road["id"], road["title"], road["forms"]) == (
        "roxham-road",
        {"en": "Roxham Road", "fr": "Chemin Roxham"},
        {"en": 1, "fr": 1},
    )
    assert (road["articles"], road["mentions"], road["other_revision"]) == (3, 1, 0)
    assert (stca["forms"], stca["articles"], stca["mentions"]) == ({"en": 2, "fr": 1}, 1, 1)
    assert "topics apply" not in said(here)
    here.write("digests", "digests: []\n")
    here.write("topics", TOPICS.replace("Roxham]", "Roxham, '#Roxham']").replace("id: stca", "id: pact"))
    now = document(here)
    assert [topic["other_revision"] for topic in now["topics"]] == [3, 0]
    assert now["former"] == [{"id": "stca", "articles": 1}]
    assert "`roxham topics apply` marks the archive" in said(here)


def test_forms_of_no_language_are_said_to_be_for_either(empty: Installation) -> None:
    empty.write("topics", TOPICS.replace("{en: [asylum]}", "[asylum]").replace("{en: ['=STCA']}", "['=STCA']"))
    keep(empty, english("one", FILLER))
    assert document(empty)["topics"][1]["forms"] == {"en": 1, "fr": 1, "und": 1}
    assert "en 1, fr 1, either 1" in said(empty)
    table = said(empty, "check", "stca")
    assert " near     –     =STCA " in table


def test_the_list_needs_no_archive(empty: Installation) -> None:
    road, _ = document(empty)["topics"]
    assert (road["articles"], road["mentions"], road["other_revision"]) == (None, None, None)
    assert "roxham-road" in said(empty)


@pytest.mark.parametrize("command", [["backtest", "stca"], ["diff", "config"], ["apply"], ["explain", "1"]])
def test_what_needs_an_archive_says_that_there_is_none_and_makes_none(empty: Installation, command: list[str]) -> None:
    done = empty.roxham("topics", *command)
    assert (done.returncode, done.stdout) == (4, "")
    assert "there is no archive yet; `roxham collect` makes it" in done.stderr
    assert not empty.archive.exists()


def test_an_empty_archive_is_no_trouble(empty: Installation) -> None:
    keep(empty)
    assert document(empty, "backtest", "stca")["memory"]["since"] is None
    assert "the archive is empty" in said(empty, "backtest", "stca")
    assert document(empty, "diff", "config")["digests"][0]["a_week_after"] == 0
    assert document(empty, "apply")["topics"] == []
    assert document(empty, "check")["memory"]["articles"] == 0
    assert "stands in none" not in said(empty, "check")


@pytest.mark.parametrize("command", [["check", "roxham-raod"], ["explain", "x", "--topic", "roxham-raod"]])
def test_an_unknown_topic_is_refused_with_the_one_that_may_be_meant(here: Installation, command: list[str]) -> None:
    done = here.roxham("topics", *command)
    assert done.returncode == 2
    assert done.stderr == "no topic 'roxham-raod' in topics.yaml; did you mean 'roxham-road'?\n"


# --- check -----------------------------------------------------------------------------------------------------------


def worths(checked: Any) -> dict[str, tuple[int | None, int | None]]:
    return {form["form"]: (form["articles"], form["alone"]) for topic in checked["topics"] for form in topic["forms"]}


def remarks(checked: Any) -> list[tuple[str, str | None]]:
    return [(remark["kind"], remark["form"]) for remark in checked["remarks"]]


def notes(checked: Any) -> list[tuple[str, str | None]]:
    return [(note["kind"], note["form"]) for note in checked["notes"]]


def test_a_check_says_what_each_form_found_and_what_it_found_alone(here: Installation) -> None:
    checked = document(here, "check")
    assert worths(checked) == {
        '"Roxham Road"': (1, 0),
        "Roxham": (3, 2),
        '"Roxham Farm"': (None, None),
        '"Safe Third Country Agreement"': (0, 0),
        '"tiers pays sûrs"': (0, 0),
        "=STCA": (1, 1),
        "asylum": (None, None),
    }
    assert (checked["ok"], remarks(checked)) == (True, [])
    assert notes(checked) == [
        ("covered", '"Roxham Road"'),
        ("never", '"Roxham Farm"'),
        ("never", '"Safe Third Country Agreement"'),
        ("never", '"tiers pays sûrs"'),
    ]
    [covered, never, *_] = checked["notes"]
    assert covered["text"] == (
        '"Roxham Road" is covered by Roxham, whose words stand within it: whatever it finds, Roxham finds too'
    )
    assert (covered["file"], covered["line"], covered["column"]) == (str(here.config / "topics.yaml"), 5, 12)
    assert never["text"] == '"Roxham Farm" stands in none of 6 articles since 2024-11-05 10:00'
    text = said(here, "check", "roxham-road")
    assert ' any      en    "Roxham Road"   1          0       within Roxham ' in text
    assert ' except   en    "Roxham Farm"   –          –       never found ' in text
    assert "1 form was never found in 6 articles" in text
    assert "1 form was covered by another" in text
    assert "1 topic checked, 0 remarks; " in text
    assert "keeps its text for 90d (keep.unmatched)" in text
    assert "stca" not in text


def test_a_check_is_strict_where_it_is_asked_to_be(here: Installation) -> None:
    here.write("digests", "digests: []\n")
    here.write("topics", "topics:\n  - id: road\n    any: {en: [sleds]}\n")
    assert document(here, "check", "--strict", code=3)["ok"] is False
    assert document(here, "check")["ok"] is False
    here.write("topics", "topics:\n  - id: road\n    any: {en: [sleds], fr: [traîneaux]}\n")
    assert document(here, "check", "--strict") == {
        "ok": True,
        "memory": {
            "articles": 6, "erased": 0, "since": "2024-11-05T15:00:00Z", "whole_since": "2024-11-05T15:00:00Z",
        },
        "topics": [
            {
                "id": "road",
                "forms": [
                    {"form": form, "language": language, "role": "any", "articles": 1, "alone": 1, "stands": True,
                     "covered": None, "never_counts": None}
                    for form, language in (("sleds", "en"), ("traîneaux", "fr"))
                ],
            }
        ],
        "remarks": [],
        "notes": [],
    }  # fmt: skip


def test_a_check_names_what_the_configuration_warns_of(here: Installation) -> None:
    here.write("digests", "digests: []\n")
    here.write("topics", "topics:\n  - id: road\n    any: {en: [sleds]}\n")
    [remark] = document(here, "check")["remarks"]
    assert (remark["kind"], remark["line"]) == ("configuration", 3)
    assert "one language only" in remark["text"]


def test_a_form_is_covered_by_evidence_where_others_found_all_it_found(here: Installation) -> None:
    here.write("digests", "digests: []\n")
    here.write("topics", "topics:\n  - id: road\n    any: {en: [sleds, '\"Two sleds\"', crossed], fr: [traîneaux]}\n")
    checked = document(here, "check")
    assert notes(checked) == [("covered", '"Two sleds"'), ("covered", "crossed")]  # sleds stays: both may go at once
    by_words, by_evidence = checked["topics"][0]["forms"][1:3]
    assert by_words["covered"] == {"how": "words", "by": "sleds", "unless": None}
    assert by_evidence["covered"] == {"how": "evidence", "by": "sleds", "unless": None}
    assert "as far as the archive shows: 1 article" in checked["notes"][1]["text"]
    assert "only with sleds" in said(here, "check")


def test_of_two_forms_that_find_the_same_one_stays(here: Installation) -> None:
    here.write("topics", "topics:\n  - id: road\n    any: {en: [sleds|sledges, crossed, sledges|sleds], fr: [x]}\n")
    here.write("digests", "digests: []\n")
    forms = document(here, "check")["topics"][0]["forms"]
    assert [form["covered"] and (form["covered"]["how"], form["covered"]["by"]) for form in forms] == [
        None,
        ("evidence", "sleds|sledges"),
        ("words", "sleds|sledges"),
        None,
    ]


@pytest.mark.parametrize(
    ("changed", "text", "form", "why"),
    [
        ({}, "The Roxham Farm sells cider.", "Roxham", 'hidden by the `except` form "Roxham Farm"'),
        ({}, "The STCA sounded.", "=STCA", "none of its co-terms (`beside`) stands within 50 words"),
        ({"except:": "none:"}, "Roxham and a Roxham Farm.", "Roxham", 'taken out by the `none` form "Roxham Farm"'),
        (
            {"except: {en: ['\"Roxham Farm\"']}": "all: ['\"Roxham Farm\"']"},
            "Down in Roxham.",
            "Roxham",
            'of `all` it lacks "Roxham Farm"',
        ),
    ],
)
def test_of_a_form_that_stands_there_and_never_counts_it_is_said_why_and_where(
    empty: Installation, changed: dict[str, str], text: str, form: str, why: str
) -> None:
    for old, new in changed.items():
        empty.write("topics", TOPICS.replace(old, new))
    keep(empty, *(english(f"e{number}", f"{text} Number {number}. {FILLER}") for number in range(4)))
    few = document(empty, "check", "--strict")
    assert (remarks(few), ("never counts", form) in notes(few)) == ([], True)
    assert "never counts: explain 4 " in said(empty, "check")
    assert "stood in fewer than 5 articles and did not count" in said(empty, "check")
    keep(empty, english("last", f"{text} And again. {FILLER}"))
    checked = document(empty, "check", "--strict", code=3)
    [(kind, idle)] = [each for each in remarks(checked) if each[1] == form]
    [sentence] = [remark["text"] for remark in checked["remarks"] if remark["form"] == form]
    topic = "stca" if form == "=STCA" else "roxham-road"
    assert (kind, idle) == ("never counts", form)
    assert sentence == (
        f"{form} stands in 5 articles and never counts: {why} (`roxham topics explain 5 --topic {topic}`)"
    )
    assert form not in {note["form"] for note in checked["notes"]}  # one sentence a form


def test_where_a_form_does_not_count_for_several_reasons_the_most_frequent_is_said(empty: Installation) -> None:
    empty.write("topics", TOPICS.replace("except:", "none: {en: [cider]}\n    except:"))
    keep(
        empty,
        english("one", f"The Roxham Farm sells. {FILLER}"),
        english("two", f"The Roxham Farm buys. {FILLER}"),
        english("three", f"Cider at Roxham. {FILLER}"),
    )
    [remark] = [note for note in document(empty, "check", "roxham-road")["notes"] if note["form"] == "Roxham"]
    assert "in 3 articles and never counts: in 2 of them hidden by the `except` form" in remark["text"]
    assert "explain 2 " in remark["text"]


def test_what_is_never_found_and_covered_is_noted_once_and_in_the_order_of_the_file(empty: Installation) -> None:
    empty.write("topics", TOPICS.replace("en: ['\"Roxham Road\"']", "en: ['\"Roxham Road\"', kites]"))
    keep(empty, english("one", FILLER))
    checked = document(empty, "check")
    assert [note["form"] for note in checked["notes"]].count('"Roxham Road"') == 1
    assert checked["notes"][0]["text"] == (
        '"Roxham Road" stands in none of 1 article since 2024-11-05 10:00, and is covered by Roxham, whose words stand '
        "within it: whatever it finds, Roxham finds too"
    )
    places = [(note["line"], note["column"]) for note in checked["notes"]]
    assert (places, len(places)) == (sorted(places), 8)
    assert "never found, within Roxham" in said(empty, "check")


def test_a_check_without_an_archive_says_what_the_words_say(empty: Installation) -> None:
    checked = document(empty, "check")
    assert (checked["memory"], notes(checked)) == (None, [("covered", '"Roxham Road"')])
    assert "there is no archive yet" in said(empty, "check")


@pytest.mark.parametrize(
    ("wide", "narrow", "holds"),
    [
        ("Roxham", '"chemin Roxham"', True),
        ('"chemin Roxham"', "Roxham", False),
        ("Roxham", "Wroxham", False),
        ("Rox*", '"chemin Roxham"', True),
        ("Roxham", "Roxham*", False),
        ("Rox*", "Roxham*", True),
        ("#Roxham", "Roxham", False),
        ("Roxham", "#Roxham", True),
        ("=STCA", "STCA", False),
        ("STCA", "=STCA", True),
        ("title:Roxham", "Roxham", False),
        ("Roxham", "title:Roxham", True),
        ("text:Roxham", "title:Roxham", False),
        ('"safe country|countries"', '"safe country"', True),
        ('"safe country"', '"safe country|countries"', False),
        ('"third country"', '"safe third country agreement"', True),
        ('"safe country"', '"safe third country"', False),
        ("Roxham", "Roxham AND asylum", True),
        ("Roxham AND asylum", "Roxham", False),
        ("Roxham OR Lacolle", '"chemin Roxham"', True),
        ("Roxham", "Roxham OR Lacolle", False),
        ("Roxham", "asylum NEAR/5 Roxham", True),
        ("Roxham -Norfolk", '"chemin Roxham"', False),
    ],
)
def test_one_form_covers_another_by_its_words_only_where_that_is_certain(wide: str, narrow: str, holds: bool) -> None:
    assert covers(parse(wide, form=True), parse(narrow, form=True)) is holds


@pytest.mark.parametrize(
    ("excepting", "unless"),
    [
        ("Roxham Farm", None),  # no Roxham Road is a Roxham Farm
        ("Roxham Road", None),  # hides the one with the other
        ("Old Roxham", "Old Roxham"),
        ("Roxham Road Farm", None),
        ("Roxham", "Roxham"),  # hides the bare word, and no phrase that reaches beyond it
    ],
)
def test_a_wider_form_may_be_hidden_where_the_other_is_not(
    empty: Installation, excepting: str, unless: str | None
) -> None:
    empty.write("topics", TOPICS.replace("Roxham Farm", excepting))
    checked = document(empty, "check", "roxham-road")
    [road] = checked["topics"]
    assert road["forms"][0]["covered"] == {"how": "words", "by": "Roxham", "unless": unless and f'"{unless}"'}
    assert (f'unless the except form "{unless}" hides it' in checked["notes"][0]["text"]) is (unless is not None)
    assert ("within Roxham, unless hidden" in said(empty, "check")) is (unless is not None)


# --- explain ---------------------------------------------------------------------------------------------------------


def test_an_article_is_explained_by_its_number(here: Installation) -> None:
    explained = document(here, "explain", "3")
    road, stca = explained["topics"]
    assert explained["article"]["id"] == 3
    assert explained["article"]["marked"] == [{"id": "roxham-road", "terms": ["Roxham"], "mention": True}]
    assert (road["id"], road["about"], road["mention"]) == ("roxham-road", True, True)
    assert road["reason"] == ("a mention: one hit, after the first third of the text, and no other form of any topic")
    assert road["seen"] == [
        {
            "form": "Roxham",
            "language": "fr",
            "role": "any",
            "place": "text",
            "words": "Roxham",
            "sentence": "Le chemin Roxham est fermé.",
            "start": 10,
            "count": 1,
            "counts": True,
            "because": None,
        }
    ]
    assert (stca["about"], stca["seen"]) == (False, [])
    text = said(here, "explain", "3")
    assert "any Roxham (fr) in the text: counts\n    Le chemin Roxham est fermé." in text
    assert "nothing stands in it of: stca" in text


def test_what_does_not_count_says_why(here: Installation) -> None:
    [stca] = document(here, "explain", "5", "--topic", "stca")["topics"]
    assert (stca["about"], stca["reason"]) == (False, "not about it: none of the forms that stand in it counts")
    assert [(seen["form"], seen["counts"]) for seen in stca["seen"]] == [("=STCA", False)]
    assert stca["seen"][0]["because"] == "none of its co-terms stands within 50 words: asylum"


def test_an_address_is_looked_up_by_every_name_it_has(here: Installation) -> None:
    assert document(here, "explain", "http://www.desk.test/one?utm_source=x")["article"]["id"] == 1


def test_an_address_that_is_not_there_is_fetched_and_not_kept(here: Installation) -> None:
    with Site() as site:
        site.put("/new.html", page("New lamps", story("new", "The lamps are for Roxham Road.")))
        explained = document(here, "explain", site.url("/new.html"))
        gone = here.roxham("topics", "explain", site.url("/gone.html"))
        site.put("/bare.html", page("Roxham Road notes", ""))
        bare = said(here, "explain", site.url("/bare.html"))
    assert (explained["article"]["id"], explained["article"]["title"]) == (None, "New lamps")
    assert explained["topics"][0]["reason"] == "strong: a form stands in the first third of the text"
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "the archive does not have it, and it gives no article" in gone.stderr
    assert bare.startswith("Roxham Road notes\nthe page gives no text: only headline and teaser are looked at\n")
    assert len(marked(here)) == 6


def test_a_text_may_come_from_another_program(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("Roxham officiellement\u00a0fermé.\r\n\r\nPar le chemin."))
    road, _ = document(here, "explain", "-")["topics"]
    assert [seen["sentence"] for seen in road["seen"]] == ["Roxham officiellement fermé."]


def test_of_an_excerpt_it_is_said_that_it_is_one(empty: Installation) -> None:
    keep(empty, english("short", f"{FILLER} Roxham Road.", source_id="short", keep=Keep.EXCERPT))
    assert document(empty, "explain", "1")["article"]["whole"] is False
    assert "the archive holds an excerpt of it only" in said(empty, "explain", "1")


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        (FILLER, ["--title", "Down Roxham Road"], "strong: a form stands in the title"),
        (f"{FILLER} At Roxham Road.", [], "a mention: one hit"),
        (f"{FILLER} At Roxham Road. And on Roxham Road.", [], "strong: 2 hits"),
        (f"At Roxham Road. {FILLER}", [], "strong: a form stands in the first third of the text"),
        (
            f"{FILLER} At Roxham Road. The tiers pays sûrs.",
            [],
            "strong: of other topics a form stands in it too (stca)",
        ),
        (f"{FILLER} The Roxham Farm.", [], "not about it: none of the forms that stand in it counts"),
    ],
)
def test_the_rule_is_said_in_words(empty: Installation, text: str, options: list[str], reason: str) -> None:
    [road] = document(empty, "explain", text, "--topic", "roxham-road", *options)["topics"]
    assert road["reason"].startswith(reason)


def test_several_terms_of_one_form_are_one_hit(empty: Installation) -> None:
    empty.write("topics", TOPICS.replace("'\"Roxham Road\"'", "Lacolle NEAR/9 sleds"))
    text = f"{FILLER} In Lacolle go sleds."
    for more, reason in (
        ("", "a mention: one hit"),
        (" The tiers pays sûrs.", "strong: of other topics a form stands in it too (stca)"),
        (f" {FILLER} In Lacolle go more sleds.", "strong: 2 hits"),
    ):
        [road] = document(empty, "explain", text + more, "--topic", "roxham-road")["topics"]
        assert road["reason"].startswith(reason)


def test_a_query_is_explained_instead_of_the_topics_and_may_ask_for_what_is_said_of_the_text(
    empty: Installation,
) -> None:
    query = "sleds AND lang:en AND source:desk"
    [topic] = document(empty, "explain", "Two sleds.", "--query", query, "--source", "desk")["topics"]
    assert (topic["id"], topic["about"]) == (None, True)
    [topic] = document(empty, "explain", "Two sleds.", "--query", query, "--language", "fr")["topics"]
    why = 'does not find it: "sleds" stands in it, but not as it asks (a distance, a field, or what it excludes)'
    assert (topic["about"], topic["reason"]) == (False, why)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("lamps NEAR/1 sleds", '"lamps", "sleds" stand in it, but not as it asks'),
        ("sleds AND (lamps OR kites) AND skis", '"sleds", "lamps" stand in it, "kites", "skis" do not'),
        ("skis", "none of its terms stands in it"),
    ],
)
def test_of_a_query_that_does_not_find_an_article_it_is_said_which_terms_stand_there(
    empty: Installation, query: str, why: str
) -> None:
    text = said(empty, "explain", "Two sleds, one of them with many big lamps.", "--query", query)
    assert text.startswith(f"the query: does not find it: {why}")


def test_of_a_form_with_several_terms_it_is_said_which_words_stand_there(empty: Installation) -> None:
    text = said(empty, "explain", "Two sleds and many lamps.", "--query", "sled* AND lamps")
    assert "any sled* AND lamps in the text, “sleds”: counts" in text
    assert "any sled* AND lamps in the text, “lamps”: counts" in text


def test_where_only_co_terms_of_a_topic_stand_one_line_names_them(empty: Installation) -> None:
    text = said(empty, "explain", "An asylum. The asylum is old.", "--topic", "stca")
    assert text.splitlines()[1:] == ["  beside: asylum"]


@pytest.mark.parametrize(("given", "stdin"), [("", "\n"), ("  ", "\n"), ("-", "\n"), ("-", None)])
def test_nothing_is_not_explained(
    empty: Installation, monkeypatch: pytest.MonkeyPatch, given: str, stdin: str | None
) -> None:
    monkeypatch.setattr("sys.stdin", stdin and StringIO(stdin))  # None: closed
    done = empty.roxham("topics", "explain", given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nothing to explain: give")


def test_a_query_that_is_no_form_is_refused_with_its_place(here: Installation) -> None:
    for command in (["explain", "1", "--query", "Roxham AND"], ["backtest", "Roxham AND"]):
        done = here.roxham("topics", *command)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Roxham AND\n          ^" in done.stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["7"], 1),
        (["9" * 30], 1),
        (["9" * 5_000], 1),
        (["1", "--title", "x"], 2),
        (["1", "--topic", "stca", "--query", "x"], 2),
        (["text", "--source", "dusk"], 2),
        (["http://me:secret@desk.test/new"], 2),
    ],
)
def test_what_cannot_be_explained_is_refused(here: Installation, args: list[str], code: int) -> None:
    done = here.roxham("topics", "explain", *args)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr
    assert "secret" not in done.stderr


# --- backtest --------------------------------------------------------------------------------------------------------


def test_a_topic_is_tried_on_the_past(here: Installation) -> None:
    tried = document(here, "backtest", "roxham-road")
    assert (tried["topic"], tried["query"]) == ("roxham-road", None)
    assert (tried["articles"], tried["strong"], tried["mentions"]) == (3, 2, 1)
    assert tried["by_week"] == [
        {"week": "2024-11-04", "articles": 2, "strong": 2, "mentions": 0},
        {"week": "2024-11-11", "articles": 1, "strong": 0, "mentions": 1},
    ]
    assert [(each["source"], each["articles"]) for each in tried["by_source"]] == [("fil", 2), ("desk", 1)]
    assert [(each["language"], each["articles"]) for each in tried["by_language"]] == [("fr", 2), ("en", 1)]
    assert tried["terms"] == [{"words": "roxham", "articles": 2}, {"words": "roxham road", "articles": 1}]
    assert tried["marked"] == {"gained": [], "lost": []}
    assert [each["id"] for each in tried["examples"]] == [3, 2, 1]
    assert tried["examples"][0]["why"][0]["sentence"] == "Le chemin Roxham est fermé."
    assert tried["looked_at"] == 3
    assert "held against the topics: 3 of 6 articles, those with a form\n" in said(here, "backtest", "roxham-road")
    later = said(here, "backtest", "roxham-road", "--since", "2024-11-10")
    assert "held against the topics: 1 of 6 articles, those with a form in that time\n" in later
    only = document(here, "backtest", "roxham-road", "--since", "2024-11-10", "--until", "2024-12-01")
    assert (only["articles"], only["since"], only["until"]) == (1, "2024-11-10T05:00:00Z", "2024-12-01T05:00:00Z")


def test_a_query_is_tried_on_the_past_and_weeks_with_nothing_are_shown(here: Installation) -> None:
    tried = document(here, "backtest", "rapport OR report", "--examples", "2")
    assert (tried["topic"], tried["query"], tried["articles"]) == (None, "rapport OR report", 6)
    assert [(each["week"], each["articles"]) for each in tried["by_week"]] == [
        ("2024-11-04", 2), ("2024-11-11", 1), ("2024-11-18", 0), ("2024-11-25", 0), ("2024-12-02", 3),
    ]  # fmt: skip
    assert tried["marked"] is None
    assert [each["id"] for each in tried["examples"]] == [6, 5]  # of two sources
    text = said(here, "backtest", "rapport OR report")
    assert "6 articles: 6 strong, 0 mentions" in text
    assert "█ strong, ░ mention" in text
    assert "2024-11-04  ██ 2\n2024-11-11  █ 1\n2024-11-18  nothing\n" in text


def test_an_id_that_is_nearly_a_topic_is_said_to_be_taken_for_a_query(here: Installation) -> None:
    done = here.roxham("topics", "backtest", "roxham-raod")
    assert (done.returncode, "did you mean 'roxham-road'?" in done.stderr) == (0, True)
    assert done.stdout.startswith("0 articles")


def test_a_changed_topic_is_held_against_the_marks(here: Installation) -> None:
    here.write("topics", TOPICS.replace("fr: [Roxham]", "fr: [foire]"))
    tried = document(here, "backtest", "roxham-road")
    assert tried["marked"] == {"gained": [6], "lost": [2, 3]}
    assert "1 gained, 2 lost" in said(here, "backtest", "roxham-road")


def test_more_examples_than_a_computer_can_count_are_refused(here: Installation) -> None:
    assert len(document(here, "backtest", "stca", "--examples", f"{2**63 - 1}")["examples"]) == 1
    assert here.roxham("topics", "backtest", "stca", "--examples", f"{2**63}").returncode == 2


def test_where_texts_were_erased_it_is_said_since_when_the_past_is_whole(here: Installation) -> None:
    with closing(SQLiteArchive.for_writing(here.archive, purpose="test", now=LONG_AGO, wait=0)) as archive:
        assert archive.prune(datetime.now(UTC)) == 2
    memory = document(here, "backtest", "stca")["memory"]
    assert (memory["articles"], memory["erased"], memory["since"]) == (6, 2, "2024-11-05T15:00:00Z")
    reached = datetime.now(UTC) - timedelta(days=90)
    assert abs(datetime.fromisoformat(memory["whole_since"]) - reached) < timedelta(minutes=5)
    assert "only what matched then can be found: other texts are kept for 90d" in said(here, "backtest", "stca")


def test_weeks_are_those_of_the_time_zone_and_none_between_is_left_out() -> None:
    match = builders.match()
    sunday_night = datetime(2024, 11, 11, 3, tzinfo=UTC)  # still Sunday in Toronto
    found = weeks([(sunday_night, match), (sunday_night + timedelta(days=14), match)], ZoneInfo("America/Toronto"))
    assert found == [
        (date(2024, 11, 4), Tally(strong=1)),
        (date(2024, 11, 11), Tally()),
        (date(2024, 11, 18), Tally(strong=1)),
    ]


# --- diff ------------------------------------------------------------------------------------------------------------


def old(here: Installation, text: str = TOPICS) -> str:
    (here.folder / "old.yaml").write_text(text, "utf-8")
    return "old.yaml"


def test_a_form_made_narrower_lists_every_article_that_is_lost(here: Installation) -> None:
    here.write("topics", NARROWER)
    changed = document(here, "diff", old(here))
    road, stca = changed["topics"]
    assert (changed["gained"], changed["lost"], changed["ok"], changed["new"]) == (0, 2, True, None)
    assert (road["status"], road["before"]["articles"], road["after"]["articles"]) == ("changed", 3, 1)
    assert [(each["id"], each["title"], each["source"], each["language"]) for each in road["lost"]] == [
        (2, "Un rapport, deux", "fil", "fr"),
        (3, "Un rapport, trois", "fil", "fr"),
    ]
    assert road["lost"][0]["words"] == ["Roxham"]
    assert road["lost"][0]["why_before"][0]["sentence"] == "Deux traîneaux passent par le chemin Roxham."
    assert road["by_source"] == [{"source": "fil", "gained": 0, "lost": 2}]
    assert road["by_language"] == [{"language": "fr", "gained": 0, "lost": 2}]
    assert (stca["status"], stca["lost"], stca["before"]) == ("same", [], stca["after"])
    [digest] = changed["digests"]
    assert (digest["id"], digest["before"], digest["after"]) == ("morning", 4, 2)
    assert digest["a_week_before"] > digest["a_week_after"] > 0
    text = said(here, "diff", "old.yaml")
    assert "2 · 2024-11-05 10:00 · fil · fr · Un rapport, deux · Roxham\n" in text
    assert "3 · 2024-11-12 10:00 · fil · fr · Un rapport, trois · Roxham\n" in text
    assert "held against the topics: 5 of 6 articles, those with a form\n0 gained, 2 lost\n" in text


def test_what_is_lost_is_listed_with_the_words_of_the_form_that_had_found_it(empty: Installation) -> None:
    before = "topics:\n  - id: roxham-road\n    any: {en: ['\"Roxham Road\"'], fr: ['\"chemin Roxham\"', Roxham]}\n"
    empty.write("topics", before.replace(", Roxham]", "]").replace('"chemin Roxham"', '"Roxham Road"'))
    empty.write("digests", "digests: []\n")
    number = 45
    texts = [f"Par le chemin Roxham numéro {each}. {REMPLISSAGE}" for each in range(number)]
    keep(empty, *(french(f"f{each}", text) for each, text in enumerate(texts)))
    [road] = document(empty, "diff", old(empty, before))["topics"]
    assert [(each["id"], each["words"]) for each in road["lost"]] == [
        (each, ["chemin Roxham"]) for each in range(1, number + 1)
    ]
    assert said(empty, "diff", "old.yaml").count(" · chemin Roxham\n") == number
    limited = said(empty, "diff", "old.yaml", "--limit", "2")
    assert (limited.count(" · chemin Roxham\n"), "… and 43 more" in limited) == (2, True)


def test_it_is_said_which_of_the_two_is_the_old_one(here: Installation) -> None:
    old = here.config.parent / "old.yaml"
    old.write_text(NARROWER, "utf-8")
    assert said(here, "diff", str(old)).startswith(f"old: {old}; new: {here.config}\n")
    assert said(here, "diff", str(here.config), str(old)).startswith(f"old: {here.config}; new: {old}\n")


def test_gained_articles_and_changed_strength_are_listed_too(here: Installation) -> None:
    newer = TOPICS.replace("fr: [Roxham]", "fr: [Roxham, foire, fermé]")
    here.write("topics", newer)
    road, _ = document(here, "diff", old(here), "config")["topics"]
    assert [each["id"] for each in road["gained"]] == [6]
    assert [(each["id"], each["mention_before"], each["mention_after"]) for each in road["to_strong"]] == [
        (3, True, False)
    ]
    assert (road["lost"], road["to_mention"]) == ([], [])
    back, _ = document(here, "diff", "config", "old.yaml")["topics"]
    assert [each["id"] for each in back["to_mention"]] == [3]


def test_a_digest_without_mentions_does_not_count_them(here: Installation) -> None:
    here.write("digests", f"digests:\n  - {{id: strong, topics: [roxham-road], mentions: false, to: [{READER}]}}\n")
    [digest] = document(here, "diff", "config")["digests"]
    assert (digest["before"], digest["after"]) == (2, 2)


def test_topics_are_compared_by_id_and_new_and_removed_ones_are_said(here: Installation) -> None:
    renamed = TOPICS.replace("id: stca", "id: pact")
    changed = document(here, "diff", "config", old(here, renamed))
    assert [(topic["id"], topic["status"]) for topic in changed["topics"]] == [
        ("roxham-road", "same"), ("pact", "new"), ("stca", "removed"),
    ]  # fmt: skip
    assert [(len(topic["gained"]), len(topic["lost"])) for topic in changed["topics"]] == [(0, 0), (1, 0), (0, 1)]
    text = said(here, "diff", "config", "old.yaml")
    assert "pact (a new topic)" in text
    assert "stca (removed)" in text
    assert "in no digest of digests.yaml: pact" in text


@pytest.mark.parametrize(
    ("limit", "code"), [("2", 0), ("1", 3), ("0", 3), ("67%", 0), ("66.5%", 3), ("100%", 0), ("0%", 3)]
)
def test_a_limit_on_what_is_lost_holds_or_not(here: Installation, limit: str, code: int) -> None:
    here.write("topics", NARROWER)
    changed = document(here, "diff", old(here), "--max-lost", limit, code=code)
    assert (changed["ok"], changed["lost"], len(changed["topics"][0]["lost"])) == (code == 0, 2, 2)


@pytest.mark.parametrize(("mentions", "code"), [("false", 3), ("true", 0)])
def test_what_becomes_a_mention_is_lost_to_a_digest_without_mentions(
    here: Installation, mentions: str, code: int
) -> None:
    here.write(
        "digests",
        f"digests:\n  - {{id: strong, topics: [roxham-road], mentions: {mentions}, to: [{READER}]}}\n"
        f"  - {{id: other, topics: [stca], mentions: false, to: [{READER}]}}\n",
    )
    before = old(here, TOPICS.replace("fr: [Roxham]", "fr: [Roxham, fermé]"))
    changed = document(here, "diff", before, "--max-lost", "0", code=code)
    assert (changed["lost"], changed["withheld"]) == (0, 1 if code else 0)
    assert document(here, "diff", before, "--max-lost", "1")["ok"]
    assert document(here, "diff", before, "--max-lost", "33%", code=code)["ok"] is not bool(code)
    done = here.roxham("topics", "diff", before, "--max-lost", "0")
    why = "; 1 becomes a mention, and strong leaves mentions out\n"
    assert done.stderr == (f"more is lost than --max-lost 0 allows{why}" if code else "")
    assert done.stdout.endswith(f"0 gained, 0 lost{why if code else chr(10)}")


def test_a_passed_limit_is_said_after_everything(here: Installation) -> None:
    here.write("topics", NARROWER)
    done = here.roxham("topics", "diff", old(here), "--max-lost", "1")
    assert (done.returncode, done.stderr) == (3, "more is lost than --max-lost 1 allows\n")
    assert "0 gained, 2 lost" in done.stdout


@pytest.mark.parametrize("limit", ["few", "-1", "5 %", "1.5", "", "%"])
def test_a_limit_that_cannot_be_read_is_refused(here: Installation, limit: str) -> None:
    done = here.roxham("topics", "diff", "config", f"--max-lost={limit}")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_share_is_of_each_topic_not_of_all() -> None:
    lost = Change(kind=ChangeKind.LOST, article=None, before=builders.match(), after=None)  # type: ignore[arg-type]

    def topic(name: str, before: int, *changes: Change) -> TopicDifference:
        return TopicDifference(
            topic_id=name, status="changed", before=Tally(strong=before), after=Tally(), changes=changes
        )

    both = Difference(looked_at=100, topics=(topic("large", 99), topic("small", 2, lost)), digests=())
    assert not both.passes(10, percent=True)
    assert both.passes(50, percent=True)
    assert both.passes(1, percent=False)


def test_files_that_cannot_be_compared_are_refused_with_their_mistakes(here: Installation) -> None:
    (here.folder / "bad.yaml").write_text("topics:\n  - id: road\n    any: {en: ['Roxham AND']}\n")
    bad = here.roxham("topics", "diff", "bad.yaml")
    assert (bad.returncode, bad.stderr.startswith("bad.yaml:3:")) == (2, True)
    missing = here.roxham("topics", "diff", "config", "nowhere.yaml")
    assert missing.returncode == 2
    assert "nowhere.yaml" in missing.stderr


def test_since_when_is_compared_may_be_said(here: Installation) -> None:
    here.write("topics", NARROWER)
    changed = document(here, "diff", old(here), "--since", "2024-11-10")
    assert [each["id"] for each in changed["topics"][0]["lost"]] == [3]


def topics_by_chance(chance: Random, *ids: str) -> list[Topic]:
    """Topics of every kind of form and role, of words that are in many articles."""

    def form() -> Form:
        one, other = chance.sample(WORDS, 2)
        kinds = (one, f'"{one} {other}"', f"{one}*", f"title:{one}", "=STCA", f"{one} AND -{other}")
        return Form(text=chance.choice((*kinds, f"{one} NEAR/3 {other}")), language=chance.choice(["en", "fr"]))

    def some(share: float) -> tuple[Form, ...]:
        return (form(),) if chance.random() < share else ()

    return [
        builders.topic(
            id_,
            any=(form(), form()),
            all=some(0.2),
            none=some(0.2),
            excepting=some(0.3),
            near=(Beside(forms=(form(),), beside=(form(),), within=chance.choice([1, 9, None])),),
        )
        for id_ in ids
    ]


WORDS = ["Roxham", "road", "chemin", "asile", "l'asile", "STCA", "stca", "tiers-pays", "sûrs", "farm"]


def test_what_looks_back_finds_what_the_matchers_find_without_the_index(empty: Installation) -> None:
    chance = Random(4)  # noqa: S311 - no secret

    def text(length: int) -> str:
        return " ".join(chance.choice(WORDS if chance.random() < 0.3 else ["le", "the", "of"]) for _ in range(length))

    for day in range(3):
        made = [
            chance.choice([english, french])(f"{day}-{number}", text(chance.choice([0, 9, 60])), title=text(3))
            for number in range(20)
        ]
        keep(empty, *made, at=LONG_AGO + timedelta(days=4 * day))
    digests = [
        builders.subscription("all", topics=("a", "b")),
        builders.subscription("strong", topics=("a",), mentions=False),
    ]
    seen = Counter[str]()
    with closing(SQLiteArchive.for_reading(empty.archive)) as archive:
        every = list(archive.articles(Filter()))
        story_of = {article.id: article.story_id for article in every}
        for _ in range(8):
            old, new = topics_by_chance(chance, "a", "b", "c"), topics_by_chance(chance, "a", "b", "d")
            before, after = (
                {(m.topic_id, a.id): m for a in every for m in Matcher(topics).match(a)} for topics in (old, new)
            )
            done = compared(archive, old, new, digests)
            changed = {(t.topic_id, c.article.id): c.kind.value for t in done.topics for c in t.changes}
            assert changed == {
                key: "gained" if key not in before else "lost" if key not in after
                else "to mention" if after[key].mention else "to strong"
                for key in before.keys() | after.keys()
                if key not in before or key not in after or before[key].mention != after[key].mention
            }  # fmt: skip
            seen.update(changed.values())
            for size, digest in zip(done.digests, digests, strict=True):
                told = [
                    {
                        number
                        for (id_, number), m in side.items()
                        if id_ in digest.topics and digest.mentions >= m.mention
                    }
                    for side in (before, after)
                ]
                assert [size.before, size.after] == [len({story_of[number] for number in side}) for side in told]
            tested = backtested(archive, old[0], old[1:])
            own = {number: match for (id_, number), match in before.items() if id_ == "a"}
            assert {each.article.id: each.match for each in tested.found} == own
            by_source = grouped((each.article.source_id, each.match) for each in tested.found)
            by_week = weeks([(each.article.first_seen_at, each.match) for each in tested.found], UTC)
            for parts in (by_source, by_week):
                assert sum(count.strong for _, count in parts) == sum(not match.mention for match in own.values())
                assert sum(count.articles for _, count in parts) == len(own)
            marks = Counter(match.topic_id for article in every for match in article.matches)  # of other topics
            remade = apply(archive, old, (), None)
            assert (remade.gained, remade.lost) == (Counter(id_ for id_, _ in before), marks)
    assert set(seen) == {kind.value for kind in ChangeKind}


# --- apply -----------------------------------------------------------------------------------------------------------


def test_the_archive_is_marked_anew_and_a_second_run_changes_nothing(here: Installation) -> None:
    before = marked(here)
    here.write("topics", TOPICS.replace("fr: [Roxham]", "fr: [foire]").replace("=STCA'", "STCA'"))
    dry = document(here, "apply", "--dry-run")
    assert marked(here) == before
    done = document(here, "apply")
    assert done["topics"] == dry["topics"] == [
        {"id": "roxham-road", "gained": 1, "lost": 2, "changed": 1},
        {"id": "stca", "gained": 0, "lost": 0, "changed": 1},
    ]  # fmt: skip
    assert (done["dry_run"], dry["dry_run"], done["skipped"], done["tell"]) == (False, True, 0, False)
    assert marked(here) == {
        1: {"roxham-road": False},
        2: {},
        3: {},
        4: {"stca": True},
        5: {},
        6: {"roxham-road": False},
    }
    assert [topic["other_revision"] for topic in document(here)["topics"]] == [0, 0]
    again = document(here, "apply")
    assert (again["topics"], again["looked_at"], again["articles"]) == ([], 4, 6)
    assert said(here, "apply") == (
        "held against the topics: 4 of 6 articles, those with a form or a mark; every mark is as the topics say; "
        "nothing to change\n"
    )


def test_what_the_service_marked_is_as_apply_would_mark_it(here: Installation) -> None:
    assert document(here, "apply")["topics"] == []


def test_a_topic_that_is_gone_leaves_no_marks(here: Installation) -> None:
    here.write("topics", TOPICS[: TOPICS.index("  - id: stca")])
    here.write("digests", "digests: []\n")
    assert document(here, "apply")["topics"] == [{"id": "stca", "gained": 0, "lost": 1, "changed": 0}]
    assert document(here)["former"] == []


def test_more_articles_than_one_batch_holds_are_all_marked(empty: Installation) -> None:
    keep(empty, *(english(f"e{number}", unlike(number)) for number in range(650)))
    empty.write("topics", TOPICS.replace("fr: [Roxham]", "fr: [fair]"))
    [road] = document(empty, "apply")["topics"]
    assert road["gained"] == 650
    assert document(empty, "apply")["topics"] == []


def test_what_was_interrupted_is_completed_by_the_next_run(empty: Installation) -> None:
    keep(empty, *(english(f"e{number}", unlike(number)) for number in range(310)))
    empty.write("topics", TOPICS.replace("fr: [Roxham]", "fr: [fair]"))
    config = configuration(empty.config)
    with closing(SQLiteArchive.for_writing(empty.archive, purpose="test", now=LONG_AGO, wait=0)) as archive:
        batches: list[Sequence[Marked]] = []

        def once(batch: Sequence[Marked]) -> Remarked:
            batches.append(batch)
            if len(batches) > 1:
                raise ArchiveError("the disk is full")
            return archive.remark(batch)

        with pytest.raises(ArchiveError):
            apply(archive, config.topics, config.sources, once)
    first = sum("roxham-road" in topics for topics in marked(empty).values())
    assert 0 < first < 310
    assert document(empty, "apply")["topics"][0]["gained"] == 310 - first


def test_an_article_that_changes_while_it_is_marked_is_left_for_the_next_run(here: Installation) -> None:
    here.write("topics", NARROWER)
    config = configuration(here.config)
    with closing(SQLiteArchive.for_writing(here.archive, purpose="test", now=LONG_AGO, wait=0)) as archive:

        def late(batch: Sequence[Marked]) -> Remarked:
            return archive.remark([replace(mark, version=mark.version + 1) for mark in batch])

        assert apply(archive, config.topics, config.sources, late).skipped == 3
    assert document(here, "apply")["topics"][0]["lost"] == 2


def test_an_excerpt_loses_nothing(empty: Installation) -> None:
    keep(empty, english("short", f"Two sleds crossed at Roxham Road. {FILLER}", source_id="short", keep=Keep.EXCERPT))
    empty.write("topics", TOPICS.replace('"Roxham Road"\'', "lamps'").replace("fr: [Roxham]", "fr: [lampes]"))
    assert document(empty, "apply")["topics"] == []
    assert document(empty, "backtest", "roxham-road")["marked"] == {"gained": [], "lost": []}
    [lost] = document(empty, "diff", old(empty))["topics"][0]["lost"]
    assert lost["whole"] is False


def test_an_article_that_was_erased_before_it_was_marked_is_not_said_to_lose_its_mark(empty: Installation) -> None:
    empty.write("topics", TOPICS.replace("Roxham]", "Lacolle]"))
    keep(
        empty,
        english("gone", FILLER, title="Roxham in the evening"),
        english("bare", "", title="Roxham in the morning"),
    )
    empty.write("topics", TOPICS)
    topics = configuration(empty.config).topics
    with closing(SQLiteArchive.for_writing(empty.archive, purpose="test", now=LONG_AGO, wait=0)) as archive:
        read = list(archive.articles(Filter()))
        assert archive.prune(LONG_AGO + timedelta(days=1), limit=1) == 1
        matcher = Matcher(topics)
        marks = [Marked(article_id=each.id, version=1, matches=matcher.match(each)) for each in read]
        assert archive.remark(marks).gained == 2
    assert document(empty, "apply")["topics"] == []
    empty.write("topics", TOPICS.replace("Roxham]", "Lacolle]"))
    lost = [{"id": "roxham-road", "gained": 0, "lost": 1, "changed": 0}]
    assert document(empty, "backtest", "roxham-road")["marked"]["lost"] == [2]
    assert document(empty, "apply", "--dry-run")["topics"] == lost
    assert document(empty, "apply")["topics"] == lost
    assert document(empty, "apply")["topics"] == []


def test_it_is_said_since_when_an_archive_is_held_to_the_minute(here: Installation) -> None:
    since = datetime(2026, 11, 22, 3, 2, 55, 699916, tzinfo=ZoneInfo("America/Toronto"))
    with closing(SQLiteArchive.for_writing(here.archive, purpose="run", now=since, wait=0)):
        assert ", since 2026-11-22 08:02 UTC)" in here.document("status")["held_by"]


def stories(here: Installation) -> list[tuple[str, int]]:
    done = here.document("deliver", "--now")
    return [(each["state"], each["stories"]) for each in done["digests"]]


@pytest.mark.parametrize("tell", [False, True])
def test_nobody_is_told_unless_that_is_asked_for_and_then_once(empty: Installation, tell: bool) -> None:
    now = datetime.now(UTC)
    keep(empty, english("old", f"Old sleds crossed here. {FILLER}"))
    keep(empty, english("told", f"Two sleds crossed at Roxham Road. {FILLER}"), at=now - timedelta(hours=2))
    assert stories(empty) == [("sent", 1)]
    keep(empty, english("fresh", f"More sleds crossed there. {FILLER}"), at=now - timedelta(hours=1))
    assert stories(empty)[0][0] == "nothing new"
    keep(empty, french("plus", f"Des traîneaux, encore. {REMPLISSAGE}"), at=now)
    empty.write("topics", TOPICS.replace("fr: [Roxham]", "fr: [sleds, traîneaux]"))
    done = document(empty, "apply", *(["--tell"] if tell else []))
    assert done["topics"] == [{"id": "roxham-road", "gained": 3, "lost": 0, "changed": 1}]
    assert stories(empty) == ([("sent", 1)] if tell else [("nothing new", 0)])
    assert document(empty, "apply", "--tell")["topics"] == []
    assert stories(empty) == [("nothing new", 0)]
    found = json.loads(empty.roxham("search", "sleds", "--topic", "roxham-road", "--json").stdout)
    assert [each["first_seen_at"] for each in found][-1] == "2024-11-05T15:00:00Z"


def test_it_is_said_who_is_told(here: Installation) -> None:
    here.write("topics", NARROWER)
    assert "nothing was changed (--dry-run)" in said(here, "apply", "--dry-run")
    assert "nobody is told of it" in said(here, "apply")


def test_the_archive_of_a_service_is_marked_all_the_same_and_its_other_configuration_is_noted(
    here: Installation,
) -> None:
    here.write("topics", NARROWER)
    with closing(SQLiteArchive.for_writing(here.archive, purpose="run", now=LONG_AGO, wait=0)) as service:
        service.keep_running(Running(fingerprint="another", since=LONG_AGO))
        done = here.roxham("topics", "apply", "--json", apart=True)
    assert json.loads(done.stdout)["topics"][0]["lost"] == 2
    assert done.stderr == "note: the service works by another configuration, and marks what is new by its topics\n"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("quiet", [True, False])
def test_articles_that_pass_are_counted_on_a_terminal_only(quiet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    articles = [cast(Kept, number) for number in range(7)]
    assert list(passing("articles", quiet=quiet)(iter(articles))) == articles
    assert ("7/7" in terminal.getvalue()) is not quiet
