"""The body: the story alone, whatever carriers set around it, in forms and words that are in no sample."""

import time
from dataclasses import replace
from html import escape
from textwrap import fill
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.extract import from_feed, from_page
from monitor.extract.body import body
from monitor.extract.lines import story
from monitor.extract.repair import rot47
from monitor.text import clean
from monitor.types import Article, Found, Page, Source
from tests.pace import usual
from tests.test_extract import LINK, NOW, SOURCE

TITLE = {"en": "Ferry to islands stops for eight days", "fr": "Huit jours sans traversier"}
STORY = {
    "en": (
        "The ferry between Souris and the islands will stop for eight days in April, the operator said Wednesday, "
        "because a shaft has to be replaced.",
        "Captain Ruth Ledger said that the crew found the crack during a routine check on Sunday night.",
        '"We heard it before we saw it," she said in an interview. "Nobody was in danger."',
        "About 900 people cross every week, most of them for work, and the town wants a smaller boat to be chartered.",
        "A spokesman for the province said that a decision would be made by Friday.",
    ),
    "fr": (
        "Le traversier entre Souris et les îles sera à quai pendant huit jours en avril, a indiqué mercredi "
        "l’exploitant, le temps de remplacer un arbre d’hélice.",
        "La capitaine Ruth Légaré a précisé que l’équipage avait découvert la fissure dimanche soir.",
        "« Nous l’avons entendue avant de la voir, a-t-elle raconté. Personne n’était en danger. »",
        "Environ 900 personnes font la traversée chaque semaine, et la ville réclame un plus petit navire.",
        "Un porte-parole du gouvernement a fait savoir qu’une décision serait prise d’ici vendredi.",
    ),
}
DATELINES = [
    *[
        ("en", line)
        for line in (
            "WINNIPEG —", "ST. JOHN'S, N.L. --", "IQALUIT, Nunavut –", "WASHINGTON (AP) —", "GASPÉ, Que. -",
            "SAULT STE. MARIE, Ont. —", "SAANICH, B.C. (CP) – –", "FREDERICTON, N.B. (CP) _", "Charlottetown (CP) —",
            "OTTAWA, Jan. 14, 2031 /CNW/ -", "VANCOUVER, British Columbia, March 3, 2031 (GLOBE NEWSWIRE) --",
            "Souris, P.E.I. – March 3, 2031 –", "March 3, 2031 – Souris, Prince Edward Island –",
        )
    ],
    *[
        ("fr", line)
        for line in (
            "MONTRÉAL, le 3 mars 2031 /CNW Telbec/ -", "(Souris, Île-du-Prince-Édouard)", "(Québec)", "(OTTAWA)",
            "(Rivière-du-Loup)", "(Charlottetown) —", "QUÉBEC —", "GASPÉ |", "SOURIS, Î.-P.-É. —", "WASHINGTON (AFP) —",
            "Souris (Île-du-Prince-Édouard), le 3 mars 2031 –",
        )
    ],
]  # fmt: skip
OVER = [
    *[
        ("en", line)
        for line in (
            "By Ann Example The Canadian Press", "BY ANN EXAMPLE", "Ann Example, Staff Reporter",
            "Ann Example | The Canadian Press | March 3, 2031", "Updated 3 hours ago", "March 3, 2031 5:00 AM",
            "Published Mar 3, 2031 • Last updated 2 hours ago • 3 minute read", "Posted Mar 3, 2031 5:00 am EST.",
            "Local News > Canada", "Breaking News", "1st Writethru", "EDS: ADDS quotes from mayor.",
            "Open this photo in gallery:", "You are reading a free article.", "THE MORNING SHIFT",
            "A ferry leaves the dock in Souris, P.E.I., on Sunday, March 1, 2031. THE CANADIAN PRESS/Ann Example",
            "This article was published more than 6 months ago. Some information may no longer be current.",
        )
    ],
    *[
        ("fr", line)
        for line in (
            "Par Anne Exemple", "Anne Exemple - La Presse Canadienne", "Anne Exemple, Agence QMI", "1er Lead",
            "Mis à jour le 3 mars 2031 à 14 h 05", "Publié hier à 17h30", "mercredi 3 mars 2031", "Actualités",
            "La Presse canadienne, 3 mars 2031", "PHOTO ANNE EXEMPLE, LA PRESSE", "Temps de lecture : 2 minutes",
            "Un traversier quitte le quai, dimanche. (Photo La Presse Canadienne/Anne Exemple)",
            "Ce texte provient de La Presse Canadienne",
        )
    ],
]  # fmt: skip
UNDER = [
    *[
        ("en", line)
        for line in (
            "This report by The Canadian Press was first published March 3, 2031.", "— With files from Ann Example",
            "The Canadian Press", "© 2031 The Canadian Press. All rights reserved.", "Leave a comment", "-30-",
            "Comments (4)\n\nboatfan\n\nBuild a bridge!", "READ MORE: Bridge tolls to rise", "Bridge tolls to rise",
            "Bridge: who will pay the tolls?", "More stories\n\nBridge tolls to rise\n\nHarbour fair postponed",
            "Sign up to receive daily headline news from the Examiner.", "Subscribe now to keep reading.",
            "You have read 3 of your 5 free articles this month.", "Have a news tip? Email us at tips@example.com.",
            "Ann Example is a reporter for the Examiner. Reach her at ann@example.com.", "Published by permission.",
            "CORRECTION: An earlier version of this story gave the wrong day.",
            "Correction\n\nThe ferry stops in April, not in May, as an earlier version had it.",
            "Note to readers: This is a corrected story. A previous version misspelled the name of Ruth Ledger.",
            "SOURCE Transport Canada\n\nFor further information: Ann Example, 555-0100",
            "This is a developing story. More to come.", "Companies in this story: (TSX:TOU)",
        )
    ],
    *[
        ("fr", line)
        for line in (
            "Anne Exemple, La Presse Canadienne", "– Avec des informations de La Presse Canadienne",
            "Ce texte de La Presse Canadienne a d’abord été publié en anglais le 3 mars 2031.",
            "À lire également : Le pont coûtera plus cher", "À lire aussi\n\nLe pont coûtera plus cher",
            "Inscrivez-vous à l’infolettre du matin pour ne rien manquer.", "Déjà abonné? Connectez-vous",
            "Recevez nos alertes dans votre boîte courriel.", "Il vous reste 2 articles gratuits ce mois-ci.",
            "Commentaires (3)\n\nmarin12\n\nÀ quand un pont?", "D’autres détails suivront.", "Tous droits réservés.",
            "Rectificatif : une version précédente de ce texte donnait le mauvais jour.",
            "Cette version corrige le nom de la capitaine.", "Le pont coûtera plus cher",
            "Renseignements : Anne Exemple, 555-0100", "© La Presse Canadienne, 2031",
        )
    ],
]  # fmt: skip
WITHIN = [
    *[
        ("en", line)
        for line in (
            "ADVERTISEMENT", "Article continues below advertisement.", "RELATED: Bridge tolls to rise",
            "Watch below: ferry crew finds crack", "Click here to subscribe to our newsletter.", "Sign Up",
            "A man walks along the dock in Souris. (Submitted photo)", "A welcome email is on its way.",
            "By providing your email you consent to our terms.", "Get The Tide in your inbox every weekday at 6.",
        )
    ],
    *[
        ("fr", line)
        for line in (
            "La suite de l'article après la publicité", "• À lire aussi: Le pont coûtera plus cher",
            "PHOTO ANNE EXEMPLE, LE COURRIER\n\nLe traversier est à quai.", "Regardez la vidéo ci-dessous",
            "Abonnez-vous à notre infolettre et recevez chaque soir l’essentiel des îles.",
        )
    ],
]  # fmt: skip


def whole(language: str) -> str:
    return "\n\n".join(STORY[language])


def alone(text: str, language: str = "en") -> str | None:
    return body(text, title=TITLE[language], language=language)


def read(text: str, language: str) -> tuple[Article, Article]:
    """Returns the text as a page's and as a feed's article."""
    marked = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
    html = (
        f"<html lang={language}><head><title>{TITLE[language]}</title></head><body><article><h1>{TITLE[language]}</h1>"
        f"{marked}</article></body></html>"
    )
    page = Page(url=LINK, final_url=LINK, status=200, html=html, content_type="text/html", fetched_at=NOW)
    found = Found(url=LINK, title=TITLE[language], content=marked)
    read = from_page(page, Found(url=LINK, title=TITLE[language]), SOURCE), from_feed(found, SOURCE, partial=False)
    assert isinstance(read[0], Article)
    assert isinstance(read[1], Article)
    return read[0], read[1]


@pytest.mark.parametrize(("language", "line"), DATELINES)
def test_dateline_is_no_part_of_the_body(language: str, line: str) -> None:
    assert alone(f"{line} {whole(language)}", language) == whole(language)


@pytest.mark.parametrize(("language", "line"), OVER)
def test_what_stands_over_the_story_is_no_part_of_the_body(language: str, line: str) -> None:
    assert alone(f"{line}\n\n{whole(language)}", language) == whole(language)
    assert alone(f"{TITLE[language]}\n\n{line}\n\n{whole(language)}", language) == whole(language)


@pytest.mark.parametrize(("language", "line"), UNDER)
def test_what_stands_under_the_story_is_no_part_of_the_body(language: str, line: str) -> None:
    assert alone(f"{whole(language)}\n\n{line}", language) == whole(language)


@pytest.mark.parametrize(("language", "line"), WITHIN)
def test_what_stands_between_paragraphs_is_no_part_of_body_or_text(language: str, line: str) -> None:
    text = "\n\n".join((*STORY[language][:2], line, *STORY[language][2:]))
    assert alone(text, language) == whole(language)
    assert clean(story(text)) == whole(language)


@pytest.mark.parametrize(
    ("language", "above"),
    [
        ("en", STORY["en"][0][:70] + "…"),
        ("en", " ".join(STORY["en"])[:200]),
        ("en", STORY["en"][0]),
        ("en", "\n\n".join(STORY["en"][:3]) + "\n\nAlready have an account? Log in here »"),
        ("fr", STORY["fr"][0][:70] + "..."),
        ("fr", " ".join(STORY["fr"])[:200]),
    ],
)
def test_lead_or_summary_set_twice_stands_once(language: str, above: str) -> None:
    assert alone(f"{above}\n\nMONTREAL — {whole(language)}", language) == whole(language)


def test_lead_cut_at_a_dot_in_a_figure_stands_once() -> None:
    lead = "The boat that replaces the ferry will cost $1.2 million, which the town does not have, the mayor said."
    assert alone(f"The boat that replaces the ferry will cost $1.\n\nSOURIS — {lead}") == lead


def test_glued_credit_and_note_are_cut_from_the_last_sentence() -> None:
    credit = "This report by The Canadian Press was first published March 3, 2031."
    note = "This is a corrected story. An earlier version said the ferry stops in May."
    assert alone(whole("en") + credit) == whole("en")
    assert alone(f"{whole('en')} {note}") == whole("en")


def test_paywall_text_turned_by_rot47_is_readable_in_pages_feeds_and_kept_texts() -> None:
    tail = [
        rot47(line) for line in (*STORY["en"][2:], "This report by The Canadian Press was first published Mar. 3, 2031")
    ]
    text = "\n\n".join((*STORY["en"][:2], *tail))
    assert alone(text) == whole("en")
    for article in read(text, "en"):
        assert article.body == whole("en")
        assert (article.credit.agency, article.credit.first_published) == ("The Canadian Press", "2031-03-03")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_page_and_feed_give_the_same_body_and_keep_the_credit_in_the_text(language: str) -> None:
    signed = {"en": "Ann Example, The Canadian Press", "fr": "Anne Exemple, La Presse Canadienne"}[language]
    for article in read(f"SOURIS — {whole(language)}\n\n{signed}", language):
        assert article.body == whole(language)
        assert article.text is not None
        assert article.text.startswith("SOURIS — ")
        assert article.text.endswith(signed)


@pytest.mark.parametrize(
    "line",
    [
        "Readers told The Canadian Press that they would comment on the newsletter.",
        "Subscribers who want more information can write to the ferry's office.",
        "An earlier version of the bill was defeated in May.",
        "The Canadian Press published the figures first, and the ministry confirmed them.",
        "Correction officers at the dock will search every car, the ministry said.",
        "Killing the contract would cost the province $2 million, the report says.",
        "“Who is going to pay for it?”",
        "The crew left at once:",
    ],
)
def test_a_sentence_that_merely_holds_the_words_stays(line: str) -> None:
    text = "\n\n".join((*STORY["en"][:2], line, *STORY["en"][2:]))
    assert alone(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Bridge closes",
        "First item\n\nSecond item\n\nThird item",
        "The town offers:\n\nA ferry\n\nA bridge\n\nA tunnel",
        "One sentence is all there is.",
    ],
)
def test_lists_and_short_texts_stay(text: str) -> None:
    assert alone(text) == text


def test_lines_of_a_mail_are_put_together() -> None:
    wrapped = "\n\n".join(fill(line, 72) for line in STORY["en"])
    assert "\n" in wrapped.replace("\n\n", "")
    assert alone(wrapped) == whole("en")


@pytest.mark.parametrize("text", [None, "", "  \n\n ", "The Canadian Press", "By Ann Example\n\nThe Canadian Press"])
def test_text_without_a_story_has_no_body(text: str | None) -> None:
    assert body(text, title=None, language=None) is None


_LINES = st.sampled_from(
    [line for _, line in (*OVER, *UNDER, *WITHIN)]
    + [f"{line} {STORY[language][0]}" for language, line in DATELINES]
    + [
        *STORY["en"],
        *STORY["fr"],
        *TITLE.values(),
        "A label",
        "Related stories",
        rot47(STORY["en"][1]),
        "CafÃ©",
        "Ã\u0083Â©",
    ]
)


@given(
    parts=st.lists(st.one_of(_LINES, st.text(max_size=40)), max_size=12),
    gap=st.sampled_from(["\n\n", "\n", " "]),
    language=st.sampled_from(["en", "fr", None]),
)
@settings(max_examples=300, deadline=None)
def test_body_of_a_body_is_the_body(parts: list[str], gap: str, language: str | None) -> None:
    once = body(gap.join(parts), title=TITLE["en"], language=language)
    assert body(once, title=TITLE["en"], language=language) == once


_S = STORY["en"][0]
_HOSTILE: dict[str, Any] = {
    "one word": "bridge " * 800_000,
    "one line": _S * 40_000,
    "paragraphs": "\n\n".join([_S] * 40_000),
    "letters": "a\n" * 2_500_000,
    "stars": "*" * 5_000_000,
    "spaces": " \t\u00a0" * 1_600_000,
    "capitals": "OTTAWA " * 700_000,
    "datelines": "OTTAWA — " * 500_000,
    "brackets": "(Ottawa) " * 500_000,
    "signed": "Ann Example, The Canadian Press\n\n" * 150_000,
    "credits": "This report by The Canadian Press was first published Jan. 1, 2031. " * 70_000,
    "notes": "Correction\n\n" * 400_000,
    "comments": f"{_S}\n\n(3) comments\n\n" * 30_000,
    "related": "Related stories\n\nA b c d\n\n" * 150_000,
    "mojibake": "Ã©â€™" * 800_000,
    "turned": rot47(_S + "\n\n") * 40_000,
}


@pytest.mark.parametrize("name", _HOSTILE)
@pytest.mark.timeout(30)
@pytest.mark.unmeasured
def test_monstrous_texts_cost_little(name: str) -> None:
    def cost() -> float:
        began = time.process_time()
        body(_HOSTILE[name], title="Bridge", language="en")
        return usual(time.process_time() - began)

    assert any(cost() < 4 for _ in range(3))  # a busy machine slows one run, not all of them


# --- the other language ----------------------------------------------------------------------------------------------

GOVERNMENT = "https://www.canada.ca/en/transport/news/2031/03/ferry-stops.html"


def declared(head: str, url: str = GOVERNMENT, top: str = "", language: str = "en") -> Article:
    text = "".join(f"<p>{escape(line)}</p>" for line in STORY[language])
    html = (
        f"<html lang={language}><head><title>Ferry</title>{head}</head><body>{top}<main><h1>Ferry</h1>{text}</main>"
        "</body></html>"
    )
    page = Page(url=url, final_url=url, status=200, html=html, content_type="text/html", fetched_at=NOW)
    source = Source(id="gov", name="Gov", publisher="Gov", kind="feed", url="https://www.canada.ca/feed.atom")
    article = from_page(page, Found(url=url, title="Ferry"), source)
    assert isinstance(article, Article)
    return article


def test_page_in_the_other_language_is_an_alternate() -> None:
    french = "https://www.canada.ca/fr/transports/nouvelles/2031/03/arret-traversier.html"
    link = '<link rel="alternate" hreflang="{}" href="{}">'
    head = "".join(
        link.format(*pair)
        for pair in (
            ("en", GOVERNMENT), ("fr-CA", french), ("fr", french), ("es", "/es/x.html"), ("x-default", "/"), ("fr", "http://["),
        )
    )  # fmt: skip
    assert [(a.url, a.identity) for a in declared(head).alternates] == [(french, french.removeprefix("https://www."))]


def test_language_toggle_of_a_government_page_is_an_alternate() -> None:
    top = '<header><section id="wb-lng"><ul><li><a lang="fr" href="/fr/arret.html">Français</a></ul></section></header>'
    assert [a.url for a in declared("", top=top).alternates] == ["https://www.canada.ca/fr/arret.html"]
    back = '<header><section id="wb-lng"><a lang="en" href="/en/stop.html">English</a></section></header>'
    assert [a.url for a in declared("", top=back, language="fr").alternates] == ["https://www.canada.ca/en/stop.html"]
    assert declared("", top="<p><a lang=fr href=/fr/x.html>En français</a></p>").alternates == ()


@pytest.mark.parametrize(
    ("url", "official"),
    [
        (GOVERNMENT, True),
        ("https://www.cbsa-asfc.gc.ca/new-neuf/ferry-eng.html", True),
        ("https://canada.ca.example.com/en/ferry-stops-today.html", False),
        ("https://notcanada.ca/en/ferry-stops-today.html", False),
        ("https://o.canada.com/news/ferry-stops-today", False),
    ],
)
def test_what_lies_at_the_government_is_official(url: str, official: bool) -> None:
    assert declared("", url=url).official is official
    fed = from_feed(Found(url=url, title="Ferry", summary=STORY["en"][0]), SOURCE, partial=False)
    assert isinstance(fed, Article)
    assert fed.official is official


def test_kill_notice_on_a_page_is_a_kill() -> None:
    notice = (
        "EDITORS: The Canadian Press has killed the story slugged PEI-Ferry-Stop that moved March 3, 2031 under the "
        'headline "Ferry stops for eight days." A kill is mandatory. Make certain the story is not published.'
    )
    for article in read(f"KILL KILL KILL\n\n{notice}\n\nThe Canadian Press", "en"):
        assert article.body == notice
        assert article.credit.kill is not None
        assert (article.credit.kill.slug, article.credit.kill.moved_on) == ("PEI-Ferry-Stop", "2031-03-03")


def test_a_page_of_an_unwatched_site_withdraws_nothing_whatever_it_calls_itself() -> None:
    notice = (
        "KILL KILL KILL\n\nThe Canadian Press has killed the story slugged PEI-Ferry-Stop that moved March 3, 2031 "
        'under the headline "Ferry stops for eight days." A kill is mandatory.\n\nThe Canadian Press'
    )
    url = "https://prank.example.net/kill"
    found = Found(url=url, title="KILL: Ferry", content=notice.replace("\n\n", "<p>"), publisher="The Canadian Press")
    article = from_feed(found, SOURCE, partial=False)
    assert isinstance(article, Article)
    assert (article.publisher, article.credit.kill) == ("The Canadian Press", None)
    own = from_feed(found, replace(SOURCE, publisher="The Canadian Press"), partial=False)
    assert isinstance(own, Article)
    assert own.credit.kill is not None


def test_a_lead_that_a_feed_cut_after_its_dateline_is_not_the_story() -> None:
    lead = "The ferry to the islands will sail twice a day from May, its owner said Monday, if the ice lets it."
    assert body(f"{lead}\n\n–\n\nSYDNEY - The ferry to the islands will sail tw", title=None, language="en") == lead
    other = "SYDNEY - The ferry to the mainland will sail tw"
    assert "mainland" in (body(f"{lead}\n\n{other}", title=None, language="en") or "")
