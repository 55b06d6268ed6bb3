"""Pure: the marks around what was found, made visible."""

from markupsafe import Markup, escape

from monitor.types import Kept


def marked(text: str) -> Markup:
    """Returns a text for HTML, escaped, with `<mark>` around what stands between \\x02 and \\x03; other marks go."""
    done = Markup()
    for number, part in enumerate(text.split("\x02")):
        hit, end, rest = part.partition("\x03")
        if number and end and hit:
            done += Markup("<mark>{}</mark>{}").format(hit, rest.replace("\x03", ""))
        else:
            done += escape(part.replace("\x03", ""))
    return done


def unmarked(text: str) -> str:
    """Returns the text without its marks."""
    return text.replace("\x02", "").replace("\x03", "")


def matched(article: Kept) -> str | None:
    """Returns the first sentence in which a topic was found, with its words marked; None where none is kept."""
    for hit in (hit for match in article.matches for hit in match.hits):
        if hit.sentence:
            end = hit.start + len(hit.surface)
            return f"{hit.sentence[: hit.start]}\x02{hit.sentence[hit.start : end]}\x03{hit.sentence[end:]}"
    return None
