"""The language of an article: what is declared, unless the text plainly says otherwise.

A text that is surely English or French decides: templates are often in another language than what they frame. Else the
page's own word (html lang, JSON-LD, og:locale, meta), its Content-Language header, the feed's, the source's. Sure means
three times as many function words of the one language as of the other, and enough of them: a tenth of 15 words or more
where English or French is declared, so that only the other of the two comes into question; a sixth of 30 words or more
where it could be any language. Running text of either has a quarter and more, names and figures thin it out; of other
languages hardly any (the words that both share with others are left out).
"""

import re
from collections.abc import Iterable

from monitor.text import folded_words

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?\Z")
_LOOKED_AT = 1500  # characters from the middle, where no dateline, credit or menu stands
_TIMES = 3
_LEAST = 3  # function words

_ENGLISH = """
the of and to that is for with as by it from are said this be have has not were but they who will which would their been
its had or about could if there when what up out one all can she he his her we you your our also after new than into
over other some only do did no more how where while these those because
"""
_FRENCH = """
les des une est dans pour qui sur pas avec aux sont cette ete ont leur mais ces nous du et ils elle je ce au plus par il
cet leurs ou comme etre avait etait lui fait vous sans aussi depuis selon deux entre apres dont tout tous meme encore
tres bien peut sous ainsi notre votre ses son mes elles alors avant
"""
_FUNCTION_WORDS = {"en": frozenset(_ENGLISH.split()), "fr": frozenset(_FRENCH.split())}  # folded


def language(text: str | None, declared: Iterable[str | None]) -> str | None:
    """Returns the ISO 639-1 code of the article's language, None where nothing says it. `declared`: best first."""
    said = next((tag for value in declared if (tag := primary(value))), None)
    heard = spoken(text, of_two=said in _FUNCTION_WORDS) if text else None
    return heard or said


def spoken(text: str, *, of_two: bool = False) -> str | None:
    """Returns `en` or `fr` where a text surely is in that language, else None. `of_two`: it is in one of them."""
    enough, share = (15, 1 / 10) if of_two else (30, 1 / 6)
    start = max(0, (len(text) - _LOOKED_AT) // 2)
    heard = folded_words(text[start : start + _LOOKED_AT])
    if len(heard) < enough:
        return None
    counts = {code: len([word for word in heard if word in common]) for code, common in _FUNCTION_WORDS.items()}
    best, other = sorted(counts, key=counts.__getitem__, reverse=True)
    sure = counts[best] >= max(_LEAST, len(heard) * share, counts[other] * _TIMES)
    return best if sure else None


def primary(tag: str | None) -> str | None:
    """Returns the language of a tag (`fr-CA` → `fr`), None where it is no tag of BCP 47."""
    match = _TAG.match((tag or "").strip().partition(",")[0])
    return match[1].lower() if match and match[1].lower() not in {"und", "mul", "zxx"} else None
