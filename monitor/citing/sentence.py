"""Pure: an item of CSL-JSON as one line for people, in English and French."""

import re
from datetime import datetime
from typing import Any

_MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
}  # fmt: skip


_SPACES = re.compile(r"[ \t\r\n]+")


def sentence(item: dict[str, Any], language: str = "en") -> str:
    """Returns a citation as a line without a line break; `item` is as `csl` makes it, `language` en or fr.

    “Title”, Publisher, date, URL (version 2, read 2026-11-22 07:12 UTC; Roxham archive no. 17).
    """
    french = language == "fr"
    custom = item["custom"]
    read = datetime.fromisoformat(custom["read_at"])
    said = [
        ", ".join(_whole(name) for name in item.get("author", ())),
        f"«\u00a0{item['title']}\u00a0»" if french else f"“{item['title']}”",
        item["publisher"],
        _credit(item, french),
        _day(item["issued"]["date-parts"][0], french) if "issued" in item else "s. d." if french else "n.d.",
        item["URL"],
    ]
    version, archive, number = item["version"], item["archive"], custom["article"]
    if french:
        held = f"version {version}, lue le {read:%Y-%m-%d à %H:%M} UTC\u00a0; archives {archive}, no {number}"
        withdrawn = "\u00a0; retiré par son agence ou son éditeur"
    else:
        held = f"version {version}, read {read:%Y-%m-%d %H:%M} UTC; {archive} archive no. {number}"
        withdrawn = "; withdrawn by its agency or publisher"
    held += (withdrawn if custom["withdrawn"] else "") + _for_story(custom["cited_for_story"], french)
    return _SPACES.sub(" ", f"{', '.join(filter(None, said))} ({held}).")


def _whole(name: dict[str, str]) -> str:
    return name.get("literal") or f"{name['given']} {name['family']}"


def _credit(item: dict[str, Any], french: bool) -> str | None:
    agency = item.get("original-publisher")
    return agency and (f"texte de {agency}" if french else f"text of {agency}")


def _day(parts: list[int], french: bool) -> str:
    year, month, day = parts
    name = _MONTHS["fr" if french else "en"][month - 1]
    if french:
        return f"{'1er' if day == 1 else day} {name} {year}"
    return f"{day} {name} {year}"


def _for_story(story: int | None, french: bool) -> str:
    if story is None:
        return ""
    return f"\u00a0; origine de la nouvelle no {story}" if french else f"; the origin of story {story}"
