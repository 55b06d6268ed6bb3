"""Topics: mistakes in their forms are shown in the file, and slips in what they say are warned about."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import load_topics
from monitor.config.document import Document, read
from monitor.errors import ConfigError, Problem
from monitor.types import Beside, Form, Topic
from tests.configuration import loaded, problems, shown

Place = tuple[int, int]


def refused(folder: Path, topics: str) -> list[Problem]:
    """What is wrong with a file of topics."""
    file = folder / "topics.yaml"
    file.write_bytes(topics.encode())
    with pytest.raises(ConfigError) as caught:
        load_topics(file)
    return list(caught.value.problems)


def warned(folder: Path, topic: str) -> list[str]:
    """The warnings about one topic, without the name of the file."""
    found = shown(folder, loaded(folder, topics=f"topics:\n- id: stca\n{topic}").warnings)
    return [line.removeprefix("config/topics.yaml:") for line in found]


@pytest.mark.parametrize(
    "written",
    [
        "(Lacolle OR Roxham",
        "  (Lacolle OR Roxham",
        "'(Lacolle OR \"l''asile\"'",
        "&form !!str '(Lacolle OR Roxham'",
        '"\\u00e9t\\u00e9 OR (Lacolle OR \\"Roxham Road\\" OR\\\n        \\ x"',
        "Lacolle OR\n        (Roxham OR\n        Champlain",
        "'Lacolle OR\n\n        (Roxham OR ''Champlain'",
        "|\n        Lacolle\n          OR (Roxham",
        ">-\n        Lacolle OR\n        Quebec OR\n\n          (Roxham\n          OR Champlain",
        "|2 # indented by hand\n        Lacolle OR\n        (Roxham",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_character_concerned_is_found_however_a_form_is_written(tmp_path: Path, written: str, end: str) -> None:
    text = f"topics:\n  - id: stca\n    any:\n      - {written}\n".replace("\n", end)
    (problem,) = refused(tmp_path, text)
    before = text[: text.index("(")].split(end)
    assert problem.what == "this parenthesis is never closed"
    assert (problem.line, problem.column) == (len(before), len(before[-1]) + 1)
    line, caret = problem.excerpt.split("\n")
    assert line == text.split(end)[problem.line - 1].rstrip()
    assert caret == " " * line.index("(") + "^"


def test_the_end_of_a_form_is_pointed_at_behind_its_last_character(tmp_path: Path) -> None:
    line = "- {id: stca, any: ['''Lacolle'' OR  ']}"
    (problem,) = refused(tmp_path, f"topics:\n{line}\n")
    assert problem.excerpt.split("\n") == [line, " " * (line.index("OR") + 2) + "^"]


SIGNS = st.text(alphabet="aé'\"\\ \t|>#:-,[]{}&*!%@`\u2011\u00a0“œ(", min_size=1, max_size=30)


def _read(folder: Path, written: str) -> Document:
    (folder / "topics.yaml").write_bytes(written.encode())
    return read(folder / "topics.yaml", "topics.yaml")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SIGNS, st.data())
def test_every_character_of_a_quoted_text_is_found(tmp_path: Path, value: str, data: st.DataObject) -> None:
    seen = [place for place, sign in enumerate(value) if not sign.isspace()]
    if not seen:
        return
    character = data.draw(st.sampled_from(seen))
    for written, before in (
        ("'" + value.replace("'", "''") + "'", "'" + value[:character].replace("'", "''")),
        (json.dumps(value), json.dumps(value[:character])[:-1]),
        (json.dumps(value, ensure_ascii=False), json.dumps(value[:character], ensure_ascii=False)[:-1]),
    ):
        document = _read(tmp_path, f"a: 1\nform:   {written} # end\n")
        assert document.at(("form",)) == value
        problem = document.problem(("form",), "x", character=character)
        assert (problem.line, problem.column) == (2, len("form:   ") + len(before) + 1)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(alphabet="aé'\"\\#&|>:()", min_size=1, max_size=8), min_size=1, max_size=12), st.data())
def test_every_word_is_found_over_several_lines(tmp_path: Path, words: list[str], data: st.DataObject) -> None:
    style = data.draw(st.sampled_from(["|", ">", "|-", ">-", ">+"]))
    breaks = data.draw(st.lists(st.sampled_from([" ", "\n  ", "\n\n  "]), min_size=len(words), max_size=len(words)))
    text = f"form: {style}\n  " + "".join(word + after for word, after in zip(words, [*breaks[:-1], "\n"], strict=True))
    number = data.draw(st.integers(0, len(words) - 1))
    document = _read(tmp_path, text)
    value = str(document.at(("form",)))
    assert value.split() == words
    character = [found.start() for found in re.finditer(r"\S+", value)][number]
    problem = document.problem(("form",), "x", character=character)
    line = text.split("\n")[problem.line - 1]
    assert line[problem.column - 1 :].split()[0] == words[number]
    assert (
        len((" ".join(text.split("\n")[: problem.line - 1]) + " " + line[: problem.column - 1]).split()) == number + 2
    )


def test_a_folded_text_is_read_without_what_the_parser_notes_in_it(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        topics='topics:\n- id: stca\n  any:\n  - >\n    "Roxham Road"\n    OR\n      Lacolle\n  - |\n    a\n    OR b\n',
        monitor="contact: desk@newsroom.test\nname: >-\n  The\n  desk\n",
    )
    assert [form.text for form in config.topics[0].any] == ['"Roxham Road" OR Lacolle', "a OR b"]
    assert config.name == "The desk"


def test_words_that_lost_their_quotation_marks_to_yaml_are_shown_with_both_pairs(tmp_path: Path) -> None:
    one, other = refused(tmp_path, """topics:\n  - {id: stca, any: ["Roxham Road", 'rue d''Anjou']}\n""")
    assert one.what.startswith('several words without quotation marks; write "Roxham Road"')
    assert one.what.endswith("""(in YAML: '"Roxham Road"')""")
    assert other.what.endswith("""(in YAML: '"rue d''Anjou"')""")


QUERY = "YAML: a whole query goes into one pair of single quotes: "
APOSTROPHE = "YAML: within single quotes an apostrophe is doubled: "
HASHTAG = "YAML: # begins a comment here; a hashtag needs quotes: "
STAR = "YAML: text that begins with * needs quotes"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        (
            """\n    - ^"Emerson crossing" OR "Emerson border" # both""",
            f"""{QUERY}'"Emerson crossing" OR "Emerson border"'""",
        ),
        ("""\n    - ^'Emerson crossing' AND Lacolle""", f"""{QUERY}'"Emerson crossing" AND Lacolle'"""),
        ("""\n    - ^"Emerson" -x""", f"""{QUERY}'"Emerson" -x'"""),
        ("""\n    - ^"rue d'Anjou" OR #x""", f"""{QUERY}'"Roxham Road" OR Lacolle'"""),
        ("""[x, ^'"a"' OR '"b"', y]""", f"""{QUERY}'"a" OR "b"'"""),
        ("""[^'"d''Anjou"' OR b]""", f"""{QUERY}'"d''Anjou" OR b'"""),
        ("""{fr: [x], en: ^"a b" NEAR/5 c}""", f"""{QUERY}'"a b" NEAR/5 c'"""),
        ("""{en: ['a, b]', ^'c' OR (d OR e)]}""", f"""{QUERY}'c OR (d OR e)'"""),
        ("""['"demandeurs d^'asile"']""", f"{APOSTROPHE}'d''asile'"),
        ("""\n    - 'demandeurs d^'asile'""", f"{APOSTROPHE}'d''asile'"),
        ("""[Emerson, ^#EmMB]""", f"{HASHTAG}'#EmMB'"),
        ("""[^#EmMB, x]\n    all: [y]\n    none: [z]""", f"{HASHTAG}'#EmMB'"),
        ("""{en: ["x]", '#a', ^#b], fr: [c]}\n  - id: other\n    any: [d]""", f"{HASHTAG}'#b'"),
        ("""\n    - ^*merson""", STAR),
        ("""[x, ^*, y]""", STAR),
        ("""[^& x]""", "YAML: text that begins with & needs quotes"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_slip_with_quotation_marks_is_told_with_its_cure(tmp_path: Path, written: str, what: str, end: str) -> None:
    text = f"topics:\n  - id: stca\n    any: {written}\n".replace("\n", end)
    before = text[: text.index("^")].split(end)
    (problem,) = refused(tmp_path, text.replace("^", ""))
    assert problem.what == what
    assert (problem.line, problem.column) == (len(before), len(before[-1]) + 1)


@pytest.mark.parametrize(
    "written",
    [
        '["a" "b"]',
        '["a"/x]',
        "[a, b # see #3]\n    none: [c]",
        "[a,  # comment]",
        "[a, #b]\n      c]\n    none: [d",
        '\n    - "Safe "Third" Country"',
        "\n    - 'a'\n     - b OR c",
    ],
)
def test_where_a_slip_is_not_sure_the_cure_is_not_told(tmp_path: Path, written: str) -> None:
    (problem,) = refused(tmp_path, f"topics:\n  - id: stca\n    any: {written}\n")
    assert problem.what.startswith("YAML: ")
    assert not problem.what.startswith((QUERY, APOSTROPHE, HASHTAG))


def test_the_words_of_other_files_are_not_told_for_they_may_be_passwords(tmp_path: Path) -> None:
    (one,) = problems(tmp_path, sources="sources:\n  - {id: a, url: 'https://me:hun'ter2@x.test/'}\n")
    (other,) = problems(tmp_path, sources="sources:\n  - {id: a, url: *hunter2}\n")
    assert "ter2" not in one + other
    assert other.endswith(STAR)


def test_an_anchor_that_nothing_refers_to_was_meant_as_text(tmp_path: Path) -> None:
    topics = "topics:\n  - {id: stca, title: &t x, any: [&a pact, *a, &Emerson asylum, &q 'x', &b y], none: [*b]}\n"
    (problem,) = refused(tmp_path, topics)
    assert problem.what == "& names an anchor in YAML; put text that begins with & in quotes"
    assert problem.column == topics.split("\n")[1].index("&Emerson") + 1


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ('"Emerson crossing"', """a list is expected, not text; write ['"Emerson crossing"']"""),
        ("""'"Emerson crossing" OR x'""", """a list is expected, not text; write ['"Emerson crossing" OR x']"""),
        ("{fr: rue d'Anjou}", """a list is expected, not text; write ['"rue d''Anjou"']"""),
        ("Emerson", "a list is expected, not text; write [Emerson]"),
        ("'#x'", "a list is expected, not text; write ['#x']"),
        ("'(x'", "a list is expected, not text; write ['\"(x\"']"),
        ("[source: cp AND x]", "text is expected, not a mapping; put the form in quotes: 'source:cp AND x'"),
        ("[title: l'asile]", "text is expected, not a mapping; put the form in quotes: 'title:l''asile'"),
        ("[en: [x]]", "text is expected, not a mapping"),
        ("[{title: x, text: y}]", "text is expected, not a mapping"),
    ],
)
def test_a_form_that_yaml_took_for_something_else_is_shown_as_it_belongs(
    tmp_path: Path, written: str, what: str
) -> None:
    (problem,) = refused(tmp_path, f"topics:\n  - id: stca\n    any: {written}\n")
    assert problem.what == what


@pytest.mark.parametrize(
    ("form", "said", "column"),
    [
        ("x" * 10_000, "10,000 characters", None),
        ("(" * 2_000, "parenthes", None),
        ("(a OR " * 200 + "a" + ")" * 200, "parenthes", None),
        ("Roxham\\0Road", "a control character (U+0000) has no place here; remove it", 29),
        ("Roxham \\u202eRoad", "a control character (U+202E) has no place here; remove it", 30),
    ],
)
def test_a_hostile_form_is_a_mistake_with_a_short_excerpt(
    tmp_path: Path, form: str, said: str, column: int | None
) -> None:
    (problem,) = refused(tmp_path, f'topics:\n  - {{id: stca, any: ["{form}"]}}\n')
    assert said in problem.what
    assert problem.column == column or column is None
    assert len(problem.what) < 200
    assert all(len(line) <= 102 for line in problem.excerpt.split("\n"))


def test_a_long_line_is_cut_around_the_place(tmp_path: Path) -> None:
    forms = ", ".join(f"form{number}" for number in range(40))
    (problem,) = refused(tmp_path, f"topics:\n  - {{id: stca, any: [{forms}, '\t(b', {forms}]}}\n")
    line, caret = problem.excerpt.split("\n")
    assert (line[0], line[-1], len(line)) == ("…", "…", 102)
    assert line[caret.index("^")] == "("
    assert problem.column == 1 + (tmp_path / "topics.yaml").read_text().split("\n")[1].index("(")


def test_only_lines_of_topics_are_shown_for_the_other_files_hold_passwords(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(
            tmp_path,
            monitor="contact: x\n",
            sources='sources:\n  - {id: a, url: "https://me:hunter2@x.test/}\n',
            topics="topics:\n  - {id: a b, any: [x]}\n",
            digests="digests: [\n",
        )
    excerpts = {Path(problem.file).name: problem.excerpt for problem in caught.value.problems}
    assert excerpts.pop("topics.yaml") == "  - {id: a b, any: [x]}\n         ^"
    assert excerpts == {"monitor.yaml": "", "sources.yaml": "", "digests.yaml": ""}
    assert "hunter2" not in str(caught.value)


def test_a_problem_is_printed_with_its_excerpt() -> None:
    plain = Problem("topics.yaml", 2, 5, "topics[a]", "is wrong")
    assert str(plain) == "topics.yaml:2:5: topics[a]: is wrong"
    pointed = Problem("topics.yaml", 2, 5, "topics[a]", "is wrong", "  - x\n    ^")
    assert str(pointed) == "topics.yaml:2:5: topics[a]: is wrong\n  - x\n    ^"


def test_a_topic_may_need_further_forms_and_words_beside_some_of_its_own(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        topics="""topics:
  - id: stca
    all: {en: [Canada OR Ottawa], fr-CA: [Canada]}
    near:
      - forms: {en: ['=STCA'], fr: ['=ETPS']}
        beside: {en: [asylum], fr: [asile]}
      - forms: ['"third country"', tiers]
        beside: [border, Lacolle]
        within: article
  - id: other
    near: {forms: [x], beside: [y], within: 7}
""",
    )
    assert config.topics == (
        Topic(
            id="stca",
            title={"und": "stca"},
            all=(Form(text="Canada OR Ottawa", language="en"), Form(text="Canada", language="fr")),
            near=(
                Beside(
                    forms=(Form(text="=STCA", language="en"), Form(text="=ETPS", language="fr")),
                    beside=(Form(text="asylum", language="en"), Form(text="asile", language="fr")),
                    within=50,
                ),
                Beside(
                    forms=(Form(text='"third country"', language="und"), Form(text="tiers", language="und")),
                    beside=(Form(text="border", language="und"), Form(text="Lacolle", language="und")),
                    within=None,
                ),
            ),
        ),
        Topic(
            id="other",
            title={"und": "other"},
            near=(Beside(forms=(Form(text="x", language="und"),), beside=(Form(text="y", language="und"),), within=7),),
        ),
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", True),
        (", at: every 2h", True),
        (", at: at once", False),
        (", at: at once, mentions: true", True),
        (", mentions: false", False),
        (", mentions: false, at: daily 07:00", False),
    ],
)
def test_mentions_are_told_except_at_once(tmp_path: Path, keys: str, expected: bool) -> None:
    digests = f"digests:\n  - {{id: d, to: [a@b.test]{keys}}}\n"
    assert loaded(tmp_path, digests=digests).subscriptions[0].mentions is expected


def test_the_fingerprint_follows_what_topics_and_digests_say(tmp_path: Path) -> None:
    def fingerprint(near: str, digest: str = "") -> str:
        topics = f"topics:\n  - {{id: stca, near: {near}}}\n"
        return loaded(tmp_path, topics=topics, digests=f"digests:\n  - {{id: d{digest}}}\n").fingerprint

    plain = fingerprint("{forms: [x], beside: [y]}")
    assert fingerprint("[{beside: ['y'], forms: ['x'], within: 50}]") == plain
    assert fingerprint("{forms: [x], beside: [y]}", ", mentions: true") == plain
    changed = {
        fingerprint("{forms: [x], beside: [z]}"),
        fingerprint("{forms: [x, z], beside: [y]}"),
        fingerprint("{forms: [x], beside: [y], within: 49}"),
        fingerprint("{forms: [x], beside: [y], within: article}"),
        fingerprint("{forms: [x], beside: [y]}, all: [z]"),
        fingerprint("{forms: [x], beside: [y]}", ", mentions: false"),
    }
    assert len(changed | {plain}) == 7


MISSED = "stories in others may be missed; a name that is the same in all goes into a plain list, any: [Emerson]"


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        pytest.param("  any: {en: [pact], fr: [entente]}\n", [], id="both languages"),
        pytest.param("  any: {en: [pact]}\n  near: {forms: {fr: [tiers]}, beside: [x]}\n", [], id="French in near"),
        pytest.param(
            "  near: {forms: {fr: [tiers]}, beside: {en: [x]}}\n",
            [f'3:9: topics[stca].near: has forms in one language only, "fr": {MISSED}'],
            id="co-terms are no forms",
        ),
        pytest.param(
            "  any: {en: [pact], fr: []}\n",
            [f'3:8: topics[stca].any: has forms in one language only, "en": {MISSED}'],
            id="an empty language",
        ),
        pytest.param(
            "  any: {en: [Emerson, deal], fr: [emerson]}\n  all: {en: [Canada], fr: [Canada]}\n"
            "  near: {forms: {en: [y], fr: [y]}, beside: {en: [b], fr: [b]}}\n",
            [],
            id="the same in two languages",
        ),
        pytest.param(
            "  any: {en: [deal], fr: [Pact, x, pact]}\n",
            ["3:35: topics[stca].any.fr[3]: pact is listed twice: the same as Pact at line 3"],
            id="twice in one language of two",
        ),
        pytest.param("  any: [Emerson]\n", [], id="a name of every language"),
        pytest.param(
            "  any: {en: [x], fr: [y]}\n  all: {en: [Canada]}\n",
            [
                '4:8: topics[stca].all: has words in one language only, "en": '
                'forms in "fr" count only in articles that hold all these words too'
            ],
            id="all in one language of two",
        ),
        pytest.param(
            "  any: {en: [x]}\n  near:\n  - {forms: {fr: [z]}, beside: [b]}\n"
            "  - {forms: {en: [f], fr: [g], de: [h]}, beside: {fr: [b], en: []}}\n  all: {fr: [c]}\n",
            [
                '6:50: topics[stca].near[2].beside: has words in one language only, "fr": '
                'forms in "en" and "de" must have one of these words beside them too',
                '7:8: topics[stca].all: has words in one language only, "fr": '
                'forms in "en" and "de" count only in articles that hold all these words too',
            ],
            id="co-terms in one language of several",
        ),
        pytest.param(
            "  any: {en: [x], fr: [y]}\n  all: {en: [c], fr: [d]}\n"
            "  near: [{forms: {en: [f], fr: [g]}, beside: [b]}, {forms: {en: [h]}, beside: {en: [i]}}]\n",
            [],
            id="further words for every form",
        ),
        pytest.param(
            "  any:\n  - '\"Third-Country\"'\n  - x\n  - '\"third country\"'\n  - x\n",
            [
                '6:5: topics[stca].any[3]: "third country" is listed twice: the same as "Third-Country" at line 4',
                "7:5: topics[stca].any[4]: x is listed twice: also at line 5",
            ],
            id="twice in other words",
        ),
        pytest.param(
            "  any: [x]\n  all: [c, c]\n  none: [n, n]\n  except: [e, e]\n"
            "  near:\n  - {forms: [f, f], beside: [b, b]}\n  - {forms: [f], beside: [b]}\n",
            [
                "4:12: topics[stca].all[2]: c is listed twice: also at line 4",
                "5:13: topics[stca].none[2]: n is listed twice: also at line 5",
                "6:15: topics[stca].except[2]: e is listed twice: also at line 6",
                "8:17: topics[stca].near[1].forms[2]: f is listed twice: also at line 8",
                "8:33: topics[stca].near[1].beside[2]: b is listed twice: also at line 8",
            ],
            id="twice in every section, but a form may have two groups",
        ),
        pytest.param(
            "  any: [x]\n  near: {forms: [y, X], beside: [b]}\n",
            ["4:21: topics[stca].near.forms[2]: X is under any as well, where it counts by itself"],
            id="needs a co-term, and does not",
        ),
        pytest.param(
            "  any: {fr-CA: [x, y], en: [z]}\n  none: [X]\n  except: [y, a]\n  near: {forms: [a], beside: [b]}\n",
            [
                "3:17: topics[stca].any.fr-CA[1]: x is under none as well: where it stands, the article is left out",
                "3:20: topics[stca].any.fr-CA[2]: y is under except as well: it hides itself everywhere",
                "6:18: topics[stca].near.forms[1]: a is under except as well: it hides itself everywhere",
            ],
            id="takes itself away",
        ),
        pytest.param(
            "  any: {en: [x], fr: [y]}\n  all: {en: [a], de: [b], es: []}\n",
            ['4:8: topics[stca].all: has forms in "de", in which no form stands under any or near'],
            id="all in a language without forms",
        ),
        pytest.param("  any: [x]\n  all: {de: [b]}\n", [], id="forms without a language may be in any"),
        pytest.param("  any: {en: [x], fr: [y]}\n  all: [b]\n", [], id="all without a language"),
    ],
)
def test_slips_in_a_topic_are_warnings(tmp_path: Path, topic: str, expected: list[str]) -> None:
    assert warned(tmp_path, topic) == expected


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("x AND source:nwes", "no source has the id nwes; did you mean news?"),
        ("x AND source:NEWS", "no source has the id NEWS; did you mean news?"),
        ("x NOT (source:news OR source:z)", "no source has the id z"),
        ("x source:cb*", "no source begins with cb"),
    ],
)
@pytest.mark.parametrize(
    ("topic", "path"),
    [
        ("any: [FORM]", "any[1]"),
        ("any: [y]\n  none: {fr: [z, FORM]}", "none.fr[2]"),
        ("near: {forms: [y], beside: [b]}\n  all: [FORM]", "all[1]"),
    ],
)
def test_a_source_that_is_not_there_is_a_warning(tmp_path: Path, form: str, said: str, topic: str, path: str) -> None:
    (line,) = warned(tmp_path, "  " + topic.replace("FORM", f"'{form}'") + "\n")
    assert line.endswith(f": topics[stca].{path}: {said}")


@pytest.mark.parametrize("form", ["source:news", "source:n*", "lang:de", "publisher:nope", "agency:nope"])
def test_a_source_that_is_there_is_none(tmp_path: Path, form: str) -> None:
    assert warned(tmp_path, f"  any: ['x AND {form}']\n") == []


ACRONYM = "short acronyms mean other things elsewhere; put it under near with words that must stand beside it"


@pytest.mark.parametrize("form", ["STCA", "=STCA", '"STCA"', '="STCA"', "EU", "ÉTPS", "=ENTPS"])
def test_a_short_acronym_by_itself_is_a_warning(tmp_path: Path, form: str) -> None:
    assert warned(tmp_path, f"  any: ['{form}']\n") == [f"3:9: topics[stca].any[1]: {form}: {ACRONYM}"]


@pytest.mark.parametrize(
    "topic",
    [
        "any: [Stca, stca, X, ROXHAM, C11, '#STCA', 'STCA AND border', 'title:STCA', '\"STCA EU\"']",
        "near: {forms: [=STCA], beside: [border]}",
        "any: [=STCA]\n  all: [border]",
    ],
)
def test_what_is_no_acronym_or_has_words_beside_it_is_none(tmp_path: Path, topic: str) -> None:
    assert not [line for line in warned(tmp_path, f"  {topic}\n") if ACRONYM in line]


def test_topics_are_read_from_a_file_or_a_folder_by_themselves(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    (tmp_path / "old.yaml").write_bytes((tmp_path / "config" / "topics.yaml").read_bytes())
    assert load_topics(tmp_path / "old.yaml") == load_topics(tmp_path / "config") == config.topics
    for name in ("monitor", "sources", "digests"):
        (tmp_path / "config" / f"{name}.yaml").unlink()
    assert load_topics(tmp_path / "config") == config.topics


def test_topics_that_cannot_be_read_by_themselves_are_told_as_ever(tmp_path: Path) -> None:
    def told(path: Path) -> str:
        with pytest.raises(ConfigError) as caught:
            load_topics(path)
        return str(caught.value).replace(f"{tmp_path}/", "")

    assert told(tmp_path / "nowhere") == "nowhere:1:1: there is no such file or folder"
    (tmp_path / "empty").mkdir()
    assert told(tmp_path / "empty").startswith("empty/topics.yaml:1:1: the file is missing; ")
    (tmp_path / "old.yaml").write_text("topics:\n  - {id: stca, any: [x], evry: 1}\n  - {id: stca, any: ['(x']}\n")
    assert told(tmp_path / "old.yaml").split("\n") == [
        "old.yaml:2:26: topics[stca].evry: unknown key (known: id, title, any, all, near, none, except)",
        "  - {id: stca, any: [x], evry: 1}",
        " " * 25 + "^",
        'old.yaml:3:10: topics[stca].id: duplicate id "stca"; the first is at line 2',
        "  - {id: stca, any: ['(x']}",
        " " * 9 + "^",
        "old.yaml:3:23: topics[stca].any[1]: this parenthesis is never closed",
        "  - {id: stca, any: ['(x']}",
        " " * 22 + "^",
    ]
