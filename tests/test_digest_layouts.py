"""What a digest says of each story: what changed, versions, releases, brief and capped mails, how to leave."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.digest import page, text
from monitor.digest.wording import Phrases
from monitor.types import Change, ChangeReason, Credit, Digest, Format, Kept, Layout, Links, Relation, Schedule
from tests.builders import weekly
from tests.digests import (
    ADDED,
    DESK,
    FIGURE,
    NOW,
    PUPITRE,
    Shown,
    a_change,
    a_copy,
    a_digest,
    a_hit,
    a_mail,
    a_match,
    an_article,
    an_update,
    bodies,
    flowing,
    was_told,
)

HEADLINE, NOTE, NAME = ChangeReason.HEADLINE, ChangeReason.NOTE, ChangeReason.NAME
UPDATED = an_article(1, version=2)


def both(digest: Digest, links: Links | None = None) -> tuple[str, str]:
    """The words of both bodies, each on one line."""
    plain, html = bodies(digest, links=links or Links())
    return flowing(plain), flowing(Shown(html).words)


# --- what changed ----------------------------------------------------------------------------------------------------

CHANGES: Mapping[str, tuple[Change, str]] = {
    "one figure": (a_change(FIGURE, words=(("52", "54"),)), "Changed – figure: 52 → 54"),
    "several things": (
        a_change(FIGURE, NAME, words=(("52 rooms", "54 rooms"), ("Harold", "Helen"))),
        "Changed – figure, name: - 52 rooms → 54 rooms - Harold → Helen",
    ),
    "sentences": (a_change(ADDED), "Changed – sentences added"),
    "words that came": (a_change(NAME, words=(("", "Olu Craig"),)), "Changed – name: now also: Olu Craig"),
    "words that went": (a_change(NAME, words=(("Olu Craig", ""),)), "Changed – name: no longer: Olu Craig"),
    "a headline": (a_change(HEADLINE, words=(("As it was", "Headline 1"),)), "Earlier headline: “As it was”"),
    "a headline and a figure": (
        a_change(HEADLINE, FIGURE, words=(("As it was", "Headline 1"), ("52", "54"))),
        "Changed – figure: 52 → 54 Earlier headline: “As it was”",
    ),
    "the same words twice": (a_change(FIGURE, words=(("52", "54"), ("52", "54"))), "Changed – figure: 52 → 54"),
    "seven pairs": (
        a_change(FIGURE, words=tuple((f"{n}", f"{n + 1}") for n in range(7))),
        "Changed – figure: - 0 → 1 - 1 → 2 - 2 → 3 - 3 → 4 - 4 → 5 - and 2 more",
    ),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_what_changed_is_said_in_words(change: Change, said: str) -> None:
    plain, html = both(an_update(UPDATED, change=change))
    assert f"{said} " in plain
    assert flowing(said.replace("- ", "")) in html


def test_what_changed_can_be_read_without_colour_and_by_ear() -> None:
    change = a_change(FIGURE, words=(("<52>", "54"),))
    shown = Shown(bodies(an_update(replace(UPDATED, language="fr"), change=change))[1])
    assert [tag for tag in shown.tags if tag in ("del", "ins")] == ["del", "ins"]
    styles = {tag: attributes["style"] or "" for tag, attributes in shown.elements if tag in ("del", "ins")}
    assert "line-through" in styles["del"]
    assert "underline" in styles["ins"]
    assert [attributes["lang"] for tag, attributes in shown.elements if tag == "del"] == ["fr"]
    assert "<52> → 54" in shown.words


def test_long_words_are_cut_and_those_that_then_look_alike_are_left_out() -> None:
    change = a_change(ADDED, words=(("word " * 50, "other " * 50), ("same " * 50 + "a", "same " * 50 + "b")))
    said = flowing(text(an_update(UPDATED, change=change))).partition("sentences added: ")[2].partition(" “People")[0]
    assert said == "word word word word word word word… → other other other other other other…"
    assert len(said) <= 80


def test_what_changed_is_said_in_french() -> None:
    change = a_change(FIGURE, ADDED, words=(("52", "54"),))
    said, _ = both(an_update(UPDATED, change=change, subscription=PUPITRE))
    assert "[mise à jour] Headline 1" in said
    assert "Changement – chiffre, phrases ajoutées : 52 → 54" in said


def test_a_correction_is_quoted_in_its_own_words_also_to_whom_it_is_new() -> None:
    said = "This is a corrected story. An earlier version said 52."
    article = replace(UPDATED, relation=Relation.CORRECTION, credit=Credit(correction=said))
    wanted = f"The correction in its own words: “{said}”"
    change = a_change(NOTE, FIGURE, words=(("52", "54"),))
    for digest in (an_update(article, change=change), an_update(article, change=None), a_digest(article)):
        assert wanted in both(digest)[0]
        assert wanted in both(digest)[1]
    assert "Changed – figure: 52 → 54" in both(an_update(article, change=change))[0]
    assert "own words" not in both(an_update(article, change=a_change(ADDED)))[0]
    long = replace(article, credit=Credit(correction="word " * 200))
    (quoted,) = [part for part in both(a_digest(long))[0].split("“") if part.startswith("word")]
    assert len(quoted.split("”")[0]) <= 300


def test_new_carriers_of_an_update_are_named_apart() -> None:
    digest = an_update(UPDATED, a_copy(2), a_copy(3), change=a_change(ADDED), told=was_told(UPDATED, a_copy(3)))
    plain, html = both(digest)
    assert "Now also carried by: - Paper 2 https://news.example/2 Also carried by: - Paper 3" in plain
    assert "Now also carried by: Paper 2 Also carried by: Paper 3" in html


# --- other facts of a story ------------------------------------------------------------------------------------------


def test_a_new_story_of_several_versions_says_which_this_is() -> None:
    assert "The Gazette · Sat 21 Nov, 21:01 · 3rd version" in text(a_digest(an_article(1, version=3)))
    assert "version" not in text(a_digest(an_article(1)))
    assert "version" not in text(an_update(UPDATED, change=None))
    assert "3e version" in text(a_digest(an_article(1, version=3), subscription=PUPITRE))


@pytest.mark.parametrize(
    ("n", "english", "french"),
    [(1, "1st", "1re"), (2, "2nd", "2e"), (3, "3rd", "3e"), (11, "11th", "11e"), (22, "22nd", "22e")],
)
def test_ordinals(n: int, english: str, french: str) -> None:
    assert (Phrases("en").ordinal(n), Phrases("fr").ordinal(n)) == (english, french)


def test_a_release_names_its_other_language_once() -> None:
    english = an_article(1, official=True, title="Comments open", publisher="Immigration Canada")
    french = a_copy(2, official=True, title="Le public est invité", language="fr", publisher="Immigration Canada")
    plain, html = both(a_digest(english, french, a_copy(3)))
    assert "Immigration Canada (official) · Sat 21 Nov, 21:01" in plain
    assert "Also in French: Le public est invité https://news.example/2 Also carried by: - Paper 3" in plain
    assert "Also in French: Le public est invité Also carried by: Paper 3" in html
    plain, _ = both(a_digest(english, french, a_copy(3), subscription=PUPITRE))
    assert "Immigration Canada (source officielle)" in plain
    assert "Aussi en anglais : Comments open https://news.example/1 Aussi publiée par : - Paper 3 (anglais)" in plain


def test_the_terms_are_listed_where_the_sentence_does_not_show_them_all() -> None:
    assert "Found by" not in text(a_digest(an_article(1)))
    two = a_match("roxham", a_hit(), a_hit("chemin Roxham"))
    assert "Found by: *Roxham Road*, *chemin Roxham*" in text(a_digest(an_article(1, matches=(two,))))


def test_a_sentence_with_quotation_marks_gets_none_around_it() -> None:
    hit = a_hit("Roxham", sentence="“Roxham is closed,” she said.", start=1)
    assert "\n   “*Roxham* is closed,” she said.\n" in text(a_digest(an_article(1, matches=(a_match("roxham", hit),))))


def test_years_are_named_where_they_are_not_this_one() -> None:
    old = an_article(1, published_at=NOW - timedelta(days=365))
    assert "The Gazette · Sat 22 Nov 2025, 07:00" in text(a_digest(old))
    assert "New since Sat 22 Nov 2025, 07:00" in text(a_digest(old, since=NOW - timedelta(days=365)))


# --- brief, and capped -----------------------------------------------------------------------------------------------

BRIEF = replace(DESK, layout=Layout.BRIEF)


def test_a_brief_digest_says_headline_publisher_time_and_link() -> None:
    digest = a_digest(an_article(1), a_copy(2), a_copy(3), an_article(4), subscription=BRIEF)
    plain, html = bodies(digest)
    assert (
        "2. Headline 1\n   The Gazette · Sat 21 Nov, 21:01\n   https://news.example/1\n   2 other publishers carry it\n"
    ) in plain
    assert "People crossed" not in plain + Shown(html).words
    assert Shown(html).links == ["https://news.example/4", "https://news.example/1"]


def test_a_brief_update_says_what_changed_in_a_few_words() -> None:
    change = a_change(FIGURE, words=(("52", "54"), ("310", "210")))
    plain, _ = both(an_update(UPDATED, change=change, subscription=BRIEF))
    assert "[correction] Headline 1" in plain
    assert "Changed – figure: - 52 → 54 - and 1 more" in plain


def capped(most: int, *articles: Kept, links: Links | None = None) -> Digest:
    return a_digest(*articles, subscription=replace(DESK, most=most))


FIVE = [an_article(n, publisher=f"Paper {n}") for n in range(1, 6)]
WHOLE = Links(whole="https://news.example.org/digests/Zx8")


def test_a_capped_mail_leads_to_the_page_that_brings_the_rest() -> None:
    message = a_mail(capped(2, *FIVE), links=WHOLE)
    plain, html = bodies(capped(2, *FIVE), links=WHOLE)
    assert message.whole is not None
    assert "and 3 more stories:\nhttps://news.example.org/digests/Zx8\n" in plain
    assert "Headline 4" in plain
    assert "Headline 3" not in plain + html
    assert Shown(html).links.count("https://news.example.org/digests/Zx8") == 1
    whole = Shown(message.whole.decode())
    assert [f"https://news.example/{n}" in whole.links for n in range(1, 6)] == [True] * 5
    assert "more stories" not in whole.words
    assert "5 stories" in message.subject


def test_without_such_a_page_nothing_is_lost() -> None:
    message = a_mail(capped(2, *FIVE))
    plain, html = bodies(capped(2, *FIVE))
    assert message.whole is None
    for n in range(1, 4):
        assert f"- Headline {n} · Paper {n}\n  https://news.example/{n}\n" in plain
        assert f"https://news.example/{n}" in Shown(html).links
    assert "FURTHER STORIES" in plain
    assert plain.count("People crossed") == 2


def test_a_digest_of_no_more_than_its_cap_is_told_whole() -> None:
    message = a_mail(capped(5, *FIVE), links=WHOLE)
    assert message.whole is None
    assert b"more stories" not in message.raw


def test_a_mail_of_many_stories_names_fewer_carriers_of_each() -> None:
    """Mail programs cut long pages, and the end says whether coverage was complete."""
    stories = [an_article(n) for n in range(1, 22)]
    copies = [a_copy(100 + n, publisher=f"Paper {n}.") for n in range(9)]
    many = a_digest(*stories, *copies)
    plain, _ = bodies(many)
    assert "Paper 3.\n" in plain
    assert "Paper 4.\n" not in plain
    assert "- and 5 more\n" in plain
    few = bodies(replace_most(many, 20), links=WHOLE)[0]
    assert "- and" not in few
    whole = a_mail(replace_most(many, 20), links=WHOLE).whole
    assert whole is not None
    assert b"Paper 8." in whole


def replace_most(digest: Digest, most: int) -> Digest:
    return replace(digest, subscription=replace(digest.subscription, most=most))


def test_what_takes_back_what_was_told_is_never_cut() -> None:
    gone = [an_article(n, withdrawn=True) for n in (1, 2)]
    digest = a_digest(*gone, an_article(3), told=was_told(*gone), subscription=replace(DESK, most=1))
    plain, _ = bodies(digest, links=WHOLE)
    assert "Headline 1" in plain
    assert "Headline 2" in plain
    assert "and 1 more story" in plain


# --- the subject, and the end ----------------------------------------------------------------------------------------


def test_the_subject_counts_what_is_inside_and_repeats_no_withdrawn_headline() -> None:
    gone, corrected = an_article(1, withdrawn=True), an_article(2, version=2)
    digest = an_update(corrected, change=a_change(FIGURE))
    assert a_mail(digest).subject == "Border desk: 1 correction – Headline 2"
    digest = a_digest(gone, an_article(3), told=was_told(gone))
    assert a_mail(digest).subject == "Border desk: 1 withdrawal and 1 story – Headline 3"
    assert "Headline 1" not in bodies(digest)[1].split("<h1")[0]
    assert a_mail(a_digest(gone, told=was_told(gone))).subject == "Border desk: 1 withdrawal – Headline 1"


def test_what_a_list_of_mails_shows_beside_the_subject_is_headlines() -> None:
    head = bodies(a_digest(*FIVE))[1].split("<h1")[0]
    assert "Headline 5 · Headline 4" in head
    assert "display: none" in head


LEAVING = {
    "a page": (
        Links(unsubscribe="https://news.example.org/unsubscribe/Zx8"),
        "Unsubscribe from this digest: https://news.example.org/unsubscribe/Zx8",
        "Unsubscribe from this digest",
    ),
    "a mail": (
        Links(unsubscribe="mailto:roxham%2Bdesk@example.org?subject=unsubscribe%20Zx8"),
        "To unsubscribe from this digest, write to roxham+desk@example.org with the subject “unsubscribe Zx8”.",
        "To unsubscribe from this digest, write to roxham+desk@example.org with the subject “unsubscribe Zx8”.",
    ),
}


@pytest.mark.parametrize(("links", "in_text", "in_html"), LEAVING.values(), ids=LEAVING.keys())
def test_how_to_leave_stands_at_the_end(links: Links, in_text: str, in_html: str) -> None:
    plain, html = both(a_digest(an_article(1)), links)
    assert plain.endswith(in_text)
    assert html.endswith(in_html)
    assert links.unsubscribe in Shown(bodies(a_digest(an_article(1)), links=links)[1]).links


def test_no_other_scheme_becomes_a_way_to_leave() -> None:
    links = Links(unsubscribe="javascript:alert(1)")
    assert Shown(bodies(a_digest(an_article(1)), links=links)[1]).links == ["https://news.example/1"]


def test_the_operators_word_to_the_readers_stands_at_the_end() -> None:
    subscription = replace(DESK, note="Questions? Ask\nthe <night> desk.")
    plain, html = both(a_digest(an_article(1), subscription=subscription))
    assert "Questions? Ask the <night> desk. All times" in plain
    assert "Questions? Ask the <night> desk. All times" in html


SCHEDULES: Mapping[str, tuple[Schedule, str, str]] = {
    "daily": (weekly(time(6, 30)), "daily at 06:30", "tous les jours à 6\u00a0h\u00a030"),
    "weekdays": (
        weekly(time(7), time(16), days=range(5)),
        "on weekdays at 07:00 and 16:00",
        "du lundi au vendredi à 7\u00a0h et 16\u00a0h",
    ),
    "weekends": (weekly(time(9), days=(5, 6)), "on weekends at 09:00", "la fin de semaine à 9\u00a0h"),
    "some days": (
        weekly(time(8), days=(0, 3)),
        "on Mondays and Thursdays at 08:00",
        "le lundi et le jeudi à 8\u00a0h",
    ),
    "other hours on other days": (
        Schedule(text="", moments=frozenset({(d, time(7)) for d in range(5)} | {(5, time(9)), (6, time(9))})),
        "on weekdays at 07:00 and on weekends at 09:00",
        "du lundi au vendredi à 7\u00a0h et la fin de semaine à 9\u00a0h",
    ),
    "every two hours": (Schedule(text="", every=timedelta(hours=2)), "every 2 hours", "toutes les 2 heures"),
    "every hour and a half": (
        Schedule(text="", every=timedelta(minutes=90)),
        "every 90 minutes",
        "toutes les 90 minutes",
    ),
    "every day": (Schedule(text="", every=timedelta(days=1)), "every day", "tous les jours"),
    "at once": (Schedule(text="", at_once=True), "as soon as something is found", "dès qu’il y a du nouveau"),
}


@pytest.mark.parametrize(("schedule", "english", "french"), SCHEDULES.values(), ids=SCHEDULES.keys())
def test_when_a_digest_comes_is_said_in_words(schedule: Schedule, english: str, french: str) -> None:
    assert (Phrases("en").schedule(schedule), Phrases("fr").schedule(schedule)) == (english, french)


def test_times_in_french_have_no_minutes_where_there_are_none() -> None:
    moment = NOW.replace(hour=18, minute=5)
    assert Phrases("fr").short_moment(moment, ZoneInfo("America/Toronto")) == "22 nov. à 13\u00a0h\u00a005"
    assert Phrases("fr").short_moment(NOW, ZoneInfo("America/Toronto")) == "22 nov. à 7\u00a0h"


def test_a_preview_shows_what_the_mail_shows() -> None:
    digest = a_digest(*FIVE, subscription=replace(DESK, most=2))
    html = bodies(digest)[1]
    assert flowing(Shown(page(digest)).words) == flowing(Shown(html).words)
    assert a_mail(digest).format is Format.MAIL
