"""Pure: whether a by-line is the name of a person, and what is left of a name in ASCII."""

import re
import unicodedata

_PART = (
    r"[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿœ]+(?:['’-][A-ZÀ-ÖØ-Þ]?[a-zß-öø-ÿœ]+)*"
    r"|(?:Mc|Mac|De|Di|Le|La|O['’]|D['’])[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿœ]+"
)
_PERSON = re.compile(rf"(?P<given>(?:{_PART})(?: [A-Z]\.)?) (?P<family>{_PART})")
_NO_PERSON = frozenset({
    "agence", "agences", "agency", "association", "board", "bureau", "cabinet", "canada", "canadian", "canadien",
    "canadienne", "city", "collaboration", "commission", "communications", "company", "conseil", "council",
    "department", "desk", "digital", "editor", "editorial", "editors", "equipe", "federal", "fédéral", "gouvernement",
    "government", "group", "groupe", "institute", "journal", "journalist", "la", "le", "les", "london", "magazine",
    "media", "minister", "ministry", "ministère", "montreal", "montréal", "médias", "national", "network", "new",
    "news", "newsroom", "north", "office", "online", "ontario", "ottawa", "police", "post", "press", "presse",
    "quebec", "québec", "radio", "redaction", "reporter", "reporters", "reuters", "royal", "rédaction", "salle",
    "service", "services", "south", "staff", "star", "submitted", "sun", "team", "television", "the", "times",
    "today", "toronto", "tribune", "university", "université", "vancouver", "ville", "web", "west", "wire", "world",
    "writer", "équipe",
})  # fmt: skip
"""Words of by-lines that name a desk, a publisher or a place. What looks like one stays as it is written."""

_LONGEST_SLUG = 20


def csl_name(written: str, publisher: str, agency: str | None) -> dict[str, str]:
    """Returns a by-line as a name of CSL-JSON.

    Family and given name where there can be no doubt: two plain names, with at most an initial between them, none of
    which a desk, a paper or a place is called. All else is `literal`, which no style takes apart.
    """
    found = _PERSON.fullmatch(written)
    if found is None or written.casefold() in {publisher.casefold(), (agency or "").casefold()}:
        return {"literal": written}
    if any(word.casefold() in _NO_PERSON for word in re.split(r"[ '’-]", written)):
        return {"literal": written}
    return {"family": found["family"], "given": found["given"]}


def slug(name: str) -> str:
    """Returns the first words of a name in lower-case ASCII letters and digits; `article` where none are left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    short = ""
    for word in re.findall(r"[a-z0-9]+", plain.replace("'", "")):
        if short and len(short) + len(word) > _LONGEST_SLUG:
            break
        short += word
    return short[:_LONGEST_SLUG] or "article"
