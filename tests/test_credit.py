"""The credit: what a text says of its agency, of who wrote it where, and of its place among the agency's takes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.extract.credit import credit
from monitor.types import Credit, Kill, Notice

CP = "The Canadian Press"
LEAD = "The ferry to the islands stops for eight days in April, the operator said Wednesday."
LEAD_FR = "Le traversier vers les îles sera à quai pendant huit jours en avril, a indiqué l’exploitant."
SIGNED = f"{LEAD}\n\nAnn Example, The Canadian Press"
SIGNED_FR = f"{LEAD_FR}\n\nAnne Exemple, La Presse Canadienne"


def of(text: str, title: str = "Ferry stops for eight days", language: str = "en") -> Credit:
    return credit(text, title=title, language=language)


@pytest.mark.parametrize(
    ("line", "agency", "day", "language"),
    [
        ("This report by The Canadian Press was first published in French on Feb. 20, 2031.", CP, "2031-02-20", "fr"),
        ("This report was first published in French by The Canadian Press on July 5, 2031.", CP, "2031-07-05", "fr"),
        ("This report by The Canadian Press was first published Sept. 3, 2031.", CP, "2031-09-03", None),
        ("Ce texte de La Presse Canadienne a d’abord été publié en anglais le 3 mars 2031.", CP, "2031-03-03", "en"),
        ("Cette dépêche de La Presse Canadienne a été publiée initialement en anglais.", CP, None, "en"),
        ("Cet article a été publié en anglais par La Presse Canadienne le 1er août 2031.", CP, "2031-08-01", "en"),
        ("Ce texte de La Presse Canadienne a été publié pour la première fois le 3 mars 2031.", CP, "2031-03-03", None),
    ],
)
def test_credit_sentence_says_when_and_in_which_language(
    line: str, agency: str, day: str | None, language: str | None
) -> None:
    said = of(f"{LEAD}\n\n{line}")
    assert (said.agency, said.first_published, said.first_language) == (agency, day, language)


@pytest.mark.parametrize(
    ("text", "writers"),
    [
        (SIGNED, ("Ann Example",)),
        (SIGNED_FR, ("Anne Exemple",)),
        (f"By Ann Example, The Canadian Press\n\n{LEAD}", ("Ann Example",)),
        (f"By Ann ExampleThe Canadian Press\n\n{LEAD}", ("Ann Example",)),
        (f"By Ann Example\n\nThe Canadian Press\n\n{LEAD}", ("Ann Example",)),
        (f"{LEAD}\n\nAnn Example and Bo Sample, The Canadian Press", ("Ann Example", "Bo Sample")),
        (f"{LEAD_FR}\n\nAnne Exemple La Presse Canadienne", ("Anne Exemple",)),
        (f"By Staff The Canadian Press\n\n{LEAD}", ()),
        (f"{LEAD}\n\nThe Canadian Press", ()),
        (f"By Ann Example\n\n{LEAD}", ()),
        (f"{LEAD}\n\nWith files from Ann Example", ()),
    ],
)
def test_writers_are_who_signs_with_the_agency(text: str, writers: tuple[str, ...]) -> None:
    assert of(text).writers == writers


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("OTTAWA —", "OTTAWA"),
        ("WINDSOR, Ont. -", "WINDSOR, Ont."),
        ("JASPER, ALTA. (CP) –", "JASPER, ALTA."),
        ("MONTRÉAL —", "MONTRÉAL"),
        ("(Québec)", "Québec"),
        ("CHAMPLAIN |", "CHAMPLAIN"),
        ("OTTAWA, ONTARIO, Jan. 14, 2031 /CNW/ -", "OTTAWA, ONTARIO"),
        ("OTTAWA (ONTARIO), le 14 janvier 2031 /CNW/ -", "OTTAWA (ONTARIO)"),
        ("OTTAWA –", "OTTAWA"),
        ("", None),
    ],
)
def test_place_is_the_datelines(line: str, place: str | None) -> None:
    assert of(f"By Ann Example\n\n{line} {LEAD_FR}", language="fr").place == place


def test_brackets_hold_a_place_in_french_only() -> None:
    assert of(f"(Updated) {LEAD}").place is None
    assert of(f"(Updated) {LEAD}", language="en").place is None


@pytest.mark.parametrize(
    ("title", "text", "notice", "take"),
    [
        ("Canadian Press NewsAlert: Ferry stops", SIGNED, Notice.NEWS_ALERT, None),
        ("NewsAlert: Ferry stops", SIGNED, Notice.NEWS_ALERT, None),
        ("ALERTE - Le traversier à quai", SIGNED_FR, Notice.NEWS_ALERT, None),
        ("La Presse Canadienne Alerte : le traversier à quai", SIGNED_FR, Notice.NEWS_ALERT, None),
        ("Ferry stops, 2nd Writethru", SIGNED, Notice.WRITETHRU, 2),
        ("Ferry stops", f"1st Writethru\n\n{SIGNED}", Notice.WRITETHRU, 1),
        ("Ferry stops (Third Writethru)", SIGNED, Notice.WRITETHRU, 3),
        ("Ferry stops (Writethru)", SIGNED, Notice.WRITETHRU, None),
        ("Traversier, 2e Lead", SIGNED_FR, Notice.WRITETHRU, 2),
        ("Traversier", f"1er Lead\n\n{SIGNED_FR}", Notice.WRITETHRU, 1),
        ("Traversier (2ème Lead)", SIGNED_FR, Notice.WRITETHRU, 2),
        ("CORRECTIVE: Ferry stops", SIGNED, Notice.CORRECTIVE, None),
        ("Ferry stops (Corrected)", SIGNED, Notice.CORRECTIVE, None),
        ("Ferry stops - CLARIFICATION", SIGNED, Notice.CORRECTIVE, None),
        ("Rectificatif : le traversier à quai", SIGNED_FR, Notice.CORRECTIVE, None),
        ("Traversier", f"Corrigée\n\n{SIGNED_FR}", Notice.CORRECTIVE, None),
        ("Ferry stops for eight days", SIGNED, None, None),
        ("Clarification sought on ferry", SIGNED, None, None),
        ("Sub: how the navy looks for its own", SIGNED, None, None),
        ("Raptors lose 2nd lead in a week", SIGNED, None, None),
        ("Alerte météo pour les îles", SIGNED_FR, None, None),
        ("Correction: Ferry stops", LEAD, None, None),
    ],
)
def test_notice_is_the_agencys_own_word(title: str, text: str, notice: Notice | None, take: int | None) -> None:
    said = of(text, title)
    assert (said.notice, said.take) == (notice, take)


@pytest.mark.parametrize(
    "note",
    [
        "This is a corrected story. An earlier version said the ferry stops in May.",
        'CORRECTION: An earlier version of this story said "April". It should have said "May".',
        'Note to readers: This is a corrected story. A previous version had "nine days" instead of "eight days".',
        "Clarification: The story has been changed to make clear that the crack was found on Sunday.",
        "Editor's note: This story was corrected on March 4 to fix the captain's name.",
        "Note aux lecteurs : Ceci est une version corrigée. Une version précédente donnait le mauvais mois.",
        "Cette version corrige le nom de la capitaine.",
        "Rectificatif : une version antérieure de ce texte parlait de neuf jours.",
        "Une version précédente de cet article indiquait le mauvais mois.",
    ],
)
def test_note_of_correction_is_kept_wherever_it_stands(note: str) -> None:
    assert of(f"{SIGNED}\n\n{note}").correction == note
    assert of(f"{note}\n\n{SIGNED}").correction == note


def test_note_of_correction_is_found_behind_a_sentence_and_under_a_heading() -> None:
    note = "This is a corrected story. An earlier version said the ferry stops in May."
    assert of(f"{LEAD} {note}").correction == note
    assert of(f"{SIGNED}\n\nCorrection\n\n{note}").correction == f"Correction {note}"


@pytest.mark.parametrize(
    "line",
    [
        "Editor's note: This story contains details that some readers may find hard to read.",
        "Companies in this story: (TSX:TOU)",
        "With files from Ann Example",
        "An earlier version of the bill was defeated in May.",
        "The ministry corrected the figures on Friday.",
    ],
)
def test_other_notes_and_sentences_are_no_correction(line: str) -> None:
    assert of(f"{SIGNED}\n\n{line}").correction is None


KILL = (
    "KILL KILL KILL\n\nEDITORS: The Canadian Press has killed the story slugged PEI-Ferry-Stop that moved March 3, "
    '2031 at 9:05 ET under the headline "Ferry stops for eight days." A kill is mandatory.\n\nThe Canadian Press'
)
KILL_FR = (
    "SUPPRIMER\n\nAUX RÉDACTEURS : La Presse Canadienne a supprimé le texte identifié IPE-TRAVERSIER-ARRET diffusé le "
    "3 mars 2031 sous le titre « Huit jours sans traversier ». La suppression est obligatoire.\n\nLa Presse Canadienne"
)


@pytest.mark.parametrize(
    ("title", "text", "kill"),
    [
        (
            "KILL: PEI-Ferry-Stop",
            KILL,
            Kill(headline="Ferry stops for eight days", slug="PEI-Ferry-Stop", moved_on="2031-03-03"),
        ),
        (
            "Supprimer : IPE-TRAVERSIER-ARRET",
            KILL_FR,
            Kill(headline="Huit jours sans traversier", slug="IPE-TRAVERSIER-ARRET", moved_on="2031-03-03"),
        ),
        (
            "PEI-Ferry-Stop",
            "KILL\n\nThe Canadian Press has withdrawn its story headlined “Ferry stops.”\n\nThe Canadian Press",
            Kill(headline="Ferry stops"),
        ),
    ],
)
def test_kill_notice_says_which_story_is_withdrawn(title: str, text: str, kill: Kill) -> None:
    said = of(text, title)
    assert (said.agency, said.notice, said.kill) == (CP, Notice.KILL, kill)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Kill bill, senators say", SIGNED),
        ("Kill: the bill that nobody wants", SIGNED),
        ("Why agencies kill stories", KILL.replace("KILL KILL KILL\n\n", "")),
        ("KILL: PEI-Ferry-Stop", KILL.removesuffix("The Canadian Press")),
        ("KILL: PEI-Ferry-Stop", KILL.removesuffix("The Canadian Press") + "Reuters"),
        ("KILL: PEI-Ferry-Stop", f"{KILL}\n\n" + LEAD * 40 + "\n\nThe Canadian Press"),
        ("KILL: PEI-Ferry-Stop", f"KILL\n\nThe province has killed the plan.\n\n{SIGNED}"),
    ],
)
def test_what_only_sounds_like_a_kill_is_none(title: str, text: str) -> None:
    said = of(text, title)
    assert said.kill is None
    assert said.notice is not Notice.KILL


@given(text=st.text(), title=st.one_of(st.none(), st.text()))
@settings(max_examples=200, deadline=None)
def test_any_text_has_a_credit(text: str, title: str | None) -> None:
    assert isinstance(credit(text, title=title, bylines=(text,)), Credit)
