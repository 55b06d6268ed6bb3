"""A text → sentences of tokens, as versions are compared: what only house style makes different is the same token.

A token has a key and a sort. Keys are equal where a reader of either spelling reads the same: 1,000 and 1 000 and 1000,
per cent and %, U.S. and US, Québec and Quebec, Feb. and February, five and 5, can't and cannot. The sort says what it
would mean if the token changed: a figure, a date, a negation, perhaps a name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from monitor.text import fold, folded


class Sort(Enum):
    """What a token is."""

    FIGURE = "figure"
    DATE = "date"
    NEGATION = "negation"
    NAME = "name"
    PERSON = "person"  # he, her, Mr., Mme: changes with a name
    SMALL = "small"  # the, of, le, de: says little by itself
    PLAIN = "plain"


@dataclass(slots=True, kw_only=True)
class Token:
    """A word, number or sign, with its place in the text (characters, end exclusive)."""

    key: str
    start: int
    end: int
    sort: Sort = Sort.PLAIN
    capital: bool = False
    opens: bool = False  # the first of its sentence: its capital says nothing
    quoted: bool = False
    enclosed: bool = False  # in quotation marks that close, too
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence, or a heading; never empty."""

    tokens: tuple[Token, ...]
    keys: tuple[str, ...]
    quoted: int | None  # tokens in quotation marks; None where one of them does not close


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraphs:
    """A text as it is compared; `stamps`, `links` and `repeated` count the paragraphs that were left out."""

    sentences: tuple[Sentence, ...]
    stamps: int = 0
    links: int = 0
    repeated: int = 0
    notes: tuple[tuple[str, ...], ...] = ()  # keys of the notes that say what was corrected


_TOKEN = re.compile(
    r"(?P<number>(?:(?<![\w)\]])[-−])?+(?:"
    r"\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3}){1,6}+(?!\d)(?:[.,]\d++)?+|"
    r"\d{1,3}(?:,\d{3}){1,6}+(?!\d)(?:\.\d++)?+|\d++(?:[.,:]\d++)?+))|"
    r"(?P<dotted>(?<!\w)(?:[^\W\d_]\.){2,12}+(?:[^\W\d_](?!\w))?+)|"
    r"(?P<word>[^\W\d_](?:[^\W\d_]|[\u0300-\u036f])*+)|(?P<sign>[$€£%])"
)
_GROUPS = re.compile(r"[ \u00a0\u2009\u202f]|,(?=\d{3}(?!\d))")
_PARAGRAPH = re.compile(r"\S(?:[^\n]|\n(?![ \t]*\n))*+")
_ENDS = re.compile(r"[.!?…]")
_MARK = re.compile(r"[“”„«»\"]|(?<!\w)['‘](?=\w)|['’](?!\w)")
_NUMBERED = re.compile(r"\.\s?\d")
_CLOSING = {"“": "”", "„": "”", "«": "»", '"': '"', "'": "'"}
_SINGLE = frozenset("'‘’")

# --- words -----------------------------------------------------------------------------------------------------------


def _of(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBERS = {
    word: number
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen",
        "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    )
    for number, word in enumerate(words.split())
}
_TENS = {
    word: number
    for words in ("twenty thirty forty fifty sixty seventy eighty ninety", "vingt trente quarante cinquante soixante")
    for number, word in zip(range(20, 100, 10), words.split(), strict=False)
}
_ARTICLES = _of("one un une")  # numbers, but mostly not
_FIGURES = _of(
    "hundred hundreds thousand thousands million billion trillion dozen dozens half quarter double triple "
    "cent cents mille milliard millier milliers centaine centaines dizaine dizaines douzaine moitie quart "
    "first third fourth fifth sixth seventh eighth ninth tenth "
    "premier premiere deuxieme troisieme quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme percent"
)
_MULTIPLES = {"millions": "million", "billions": "billion", "trillions": "trillion", "milliards": "milliard"}
_SIGNS = frozenset("$€£")
_APOSTROPHES = frozenset("'’")
_HYPHENS = frozenset("-\u2011")
_AFTER_CUT = frozenset(".-\u2011")
_DIGITS = frozenset("123456789")
_LETTERS = {"M": "million", "B": "billion"}
_MULTIPLE = _of("million billion trillion milliard thousand hundred mille cent")
_MONEY = {"dollar": "$", "dollars": "$", "euro": "€", "euros": "€"}
_MONTHS = {
    name: f"month {number}"
    for names in (
        "january february march april may june july august september october november december",
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    )
    for number, name in enumerate(names.split(), 1)
}
_MONTHS_CUT = {
    "jan": 1, "janv": 1, "feb": 2, "fev": 2, "fevr": 2, "mar": 3, "apr": 4, "avr": 4, "jun": 6, "jul": 7, "juill": 7,
    "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_ALSO_WORDS = _of("may march mars mai august")  # months beside a number only
_DAYS = _of(
    "monday tuesday wednesday thursday friday saturday sunday lundi mardi mercredi jeudi vendredi samedi dimanche "
    "today yesterday tomorrow tonight hier demain"
)
_HOURS = _of("am pm h")
_CUT = {
    "que": "quebec", "ont": "ontario", "man": "manitoba", "sask": "saskatchewan", "alta": "alberta", "st": "saint",
    "ste": "sainte", "rd": "road", "ave": "avenue", "blvd": "boulevard", "gov": "governor", "sen": "senator",
    "coun": "councillor", "sgt": "sergeant", "const": "constable", "insp": "inspector", "lt": "lieutenant",
    "prof": "professor",
}  # fmt: skip
_NEGATIONS = _of("not no never none neither nor nobody nothing without ne pas jamais aucun aucune ni sans non n")
_AUXILIARIES = {
    **{
        word: word[:-1]
        for word in _of("isn aren wasn weren don doesn didn hasn haven hadn couldn wouldn shouldn mustn")
    },
    "can": "can",
    "won": "will",
}
_PERSONS = _of(
    "he she they him her his hers them their mr ms mrs miss mme mlle m monsieur madame il elle ils elles lui "
    "man woman homme femme husband wife mari epouse"
)
_SMALL = _of(
    "a an the of to in on at by for from with and or as is was are were be been has have had that this it its who "
    "which le la les l un une des de du d a au aux en et ou par pour sur dans avec que qu qui est sont ete se s son "
    "sa ses ce cette c y"
)
_ORDINAL = _of("st nd rd th er ere re e eme")
_SPELT = re.compile(r"(?<=[a-z]{3})our(?=(?:s|ed|ing|ful|able|ite|ites|hood|hoods|er|ers)?\Z)")
_ISE = re.compile(r"(?<=[a-z]{3})is(?=(?:e|es|ed|ing|ation|ations)\Z)")
_SPELT_ONE = {
    "centre": "center", "centres": "centers", "theatre": "theater", "theatres": "theaters", "metre": "meter",
    "metres": "meters", "kilometre": "kilometer", "kilometres": "kilometers", "litre": "liter", "litres": "liters",
    "defence": "defense", "offence": "offense", "offences": "offenses", "licence": "license", "licences": "licenses",
    "cheque": "check", "cheques": "checks", "programme": "program", "programmes": "programs", "travelled": "traveled",
    "travelling": "traveling", "traveller": "traveler", "travellers": "travelers", "cancelled": "canceled",
    "cancelling": "canceling", "labelled": "labeled", "counsellor": "counselor", "counsellors": "counselors",
    "km": "kilometers", "kg": "kilograms",
}  # fmt: skip


def spelling(key: str) -> str:
    """Returns a word as it is spelt south of the border; for words that are no names."""
    return _SPELT_ONE.get(key) or _ISE.sub("iz", _SPELT.sub("or", key))


# --- paragraphs that tell nothing ------------------------------------------------------------------------------------

_STAMPED = re.compile(
    r"\W*(?:(?:this (?:story|article|report|post) (?:was|has been)|cet article a été|ce texte a été) )?+"
    r"(?:(?:last|first|originally|dernière|première) )?+"
    r"(?:updated?|published|posted|modified|mise? à jour|publiée?|modifiée?)\b(.{0,120})\Z",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"\W*(?:this (?:story|article|report|post) (?:was|has been) (?:last )?updated|"
    r"(?:cet article|ce texte) a été mis à jour)\b",
    re.IGNORECASE,
)
_STAMP_WORDS = _of(
    "on at the a le la les de du of est edt et mst mdt pst pdt cst cdt ast adt nst ndt gmt utc hne hae hnc heure min "
    "minutes minute hours hour ago il y heures last updated update mis mise jour published posted publie publiee am pm "
    "h time to add with more details new information throughout and"
)
_LINK = re.compile(
    r"\W*(?:https?://\S++\Z|(?:read (?:more|also|next)|related(?: (?:stories|story|links?|articles?|news|coverage))?|"
    r"see also|also read|more on this|more (?:stories|coverage|news)(?: on [^:\n]{1,40})?|recommended|"
    r"[àa] lire (?:aussi|également|ensuite)|lire (?:aussi|également|plus)|lisez aussi|voir aussi|"
    r"à voir aussi|sur le même sujet|en savoir plus|plus de détails|watch|regardez|listen|écoutez)\s?[:|>»–—])",
    re.IGNORECASE,
)
_LINK_ALONE = re.compile(
    r"\W*(?:read more|related(?: (?:stories|story|links?|articles?))?|see also|à lire aussi|lire aussi|"
    r"sur le même sujet)(?:\W|\Z)(?!.*[.!?…][\"'’”»)\]\s]*\Z)",
    re.IGNORECASE | re.DOTALL,
)
_NOTED = re.compile(
    r"\W*(?:(?:correction|clarification|rectificatif|précision|erratum)s?\s*[:.)—–-]|"
    r"(?:note to (?:readers|editors)|note (?:aux|à nos) lecteurs|editor['’]s note|note de la rédaction)\b|"
    r"this is a corrected|an? (?:earlier|previous) version of|une version (?:précédente|antérieure)|"
    r"this (?:story|article|report) (?:was|has been) corrected|cet article a été corrigé|ce texte a été corrigé|"
    r"corrected\s*[:.)—–-])",
    re.IGNORECASE,
)
_ENOUGH = 5  # words: shorter paragraphs may say the same twice
_LEADS = 3  # paragraphs among which a lead is repeated, or stands cut


def paragraphs(text: str) -> Paragraphs:
    """Reads a text whose paragraphs are parted by blank lines."""
    plain = folded(text)
    found: list[list[Token]] = []
    stamps, links, notes = 0, 0, []
    for part in _PARAGRAPH.finditer(text):
        tokens = _tokens(text, plain, part.start(), part.end())
        if not tokens:
            continue
        line = part[0] if part.end() - part.start() < 400 else ""
        if line and _is_stamp(line, part.start(), tokens):
            stamps += 1
        elif line and (_LINK.match(line) or _LINK_ALONE.match(line)):
            links += 1
        elif _NOTED.match(text, part.start(), part.end()):
            notes.append(tuple(token.key for token in tokens))
        else:
            found.append(tokens)
    kept = _once(found)
    sentences = tuple(sentence for tokens in kept for sentence in _sentences(text, tokens))
    return Paragraphs(
        sentences=sentences, stamps=stamps, links=links, repeated=len(found) - len(kept), notes=tuple(notes)
    )


def headline(text: str) -> list[Token]:
    """Reads a headline: all of it is one sentence."""
    tokens = _tokens(text, folded(text), 0, len(text))
    for token in tokens[:1]:
        token.opens = True
    return tokens


def _is_stamp(line: str, start: int, tokens: Sequence[Token]) -> bool:
    """Whether a line says when it was published or updated, and no more; or is nothing but a date."""
    if _UPDATED.match(line):
        return True
    stamped = _STAMPED.match(line)
    if stamped is None and not any(token.sort is Sort.DATE for token in tokens):
        return False
    said = tokens if stamped is None else [token for token in tokens if token.start >= start + stamped.start(1)]
    return all(token.sort in {Sort.DATE, Sort.FIGURE} or token.key in _STAMP_WORDS for token in said)


def _once(found: Sequence[list[Token]]) -> list[list[Token]]:
    """Leaves out what stands there before, and a lead that stands whole under a cut copy of itself."""
    keys = [tuple(token.key for token in tokens) for tokens in found]
    kept, seen = [], set()
    for number, tokens in enumerate(found):
        own = keys[number]
        if len(own) >= _ENOUGH:
            below = keys[number + 1 : max(_LEADS, number + 2)]
            if own in seen or any(other[: len(own)] == own for other in below):
                continue
            seen.add(own)
        kept.append(tokens)
    return kept


# --- tokens ----------------------------------------------------------------------------------------------------------


def _tokens(text: str, plain: str, start: int, end: int) -> list[Token]:
    done: list[Token] = []
    money: Token | None = None  # a sign that stands before its number
    for found in _TOKEN.finditer(text, start, end):
        token = _token(found, plain)
        if found.lastgroup == "sign" and token.raw != "%":
            money = _money(text, token, done)
            continue
        if found.lastgroup == "word":
            _write_out(token, text[token.end : token.end + 3])
            if done and _joined(text, token, done):
                continue
        if token.key == "cannot":
            done.append(Token(key="can", start=token.start, end=token.end, raw=token.raw, capital=token.capital))
            token.key, token.sort, token.capital = "not", Sort.NEGATION, False
        if token.key in _MULTIPLE and len(done) > 1 and done[-1].key in _SIGNS:
            done.insert(-1, token)  # $5 million, 5 millions $
        else:
            done.append(token)
        if money is not None and found.lastgroup == "number":
            token.start = money.start
            money.end = token.end
            done.append(money)
        money = None
    for token in done:
        token.key = str(_TENS.get(token.key, token.key))
    _date(done)
    _quote(text, start, end, done)
    return done


def _money(text: str, sign: Token, done: list[Token]) -> Token | None:
    """Puts a sign that follows its number into its place; returns one that stands before its number."""
    sign.sort = Sort.FIGURE
    if text[sign.end : sign.end + 1].isdigit():
        return sign
    if done and done[-1].sort is Sort.FIGURE and not text[done[-1].end : sign.start].strip():
        done.append(sign)
    return None


def _write_out(token: Token, follows: str) -> None:
    """Gives a word that is cut short ("Feb.", "St-Bernard", "Que.") the key of the whole word; `follows` the word."""
    cut = fold(token.raw)
    if cut == "sept" and not token.capital and not _NUMBERED.match(follows):
        return  # seven, in French
    if follows.startswith(".") and cut in _MONTHS_CUT:
        token.key, token.sort = f"month {_MONTHS_CUT[cut]}", Sort.DATE
    elif follows[:1] in _AFTER_CUT and token.capital:
        token.key = _CUT.get(cut, token.key)


def _joined(text: str, token: Token, done: list[Token]) -> bool:
    """Says whether a word belongs to the token before it, or is none; gives it the key it has only after that one."""
    last, behind, follows = done[-1], text[token.start - 1], text[token.end : token.end + 1]
    touches = last.end == token.start
    if behind in _APOSTROPHES and token.key == "s":
        return True  # a possessive
    if behind in _APOSTROPHES and token.key == "t" and last.key in _AUXILIARIES:
        last.key, token.key, token.sort = _AUXILIARIES[last.key], "not", Sort.NEGATION
        token.start = last.start
        return False
    if last.sort is Sort.FIGURE and token.key in _MONEY:
        token.key, token.sort = _MONEY[token.key], Sort.FIGURE
        return False
    if last.sort is Sort.FIGURE and token.raw in _LETTERS and (touches or follows == "$"):
        token.key, token.sort = _LETTERS[token.raw], Sort.FIGURE
        return False
    if last.key in {"per", "pour"} and token.key in {"cent", "cents"}:
        last.key, last.sort = "percent", Sort.FIGURE
    elif last.key in {"de", "d"} and token.key in _MONEY and len(done) > 1 and done[-2].key in _MULTIPLE:
        last.key, last.sort = _MONEY[token.key], Sort.FIGURE
    elif last.key in _TENS and behind in _HYPHENS and token.key in _DIGITS:
        last.key = str(_TENS[last.key] + int(token.key))
    elif not (touches and last.raw[-1:].isdigit() and token.key in _ORDINAL):
        return False
    last.end = token.end
    return True


def _token(found: "re.Match[str]", plain: str) -> Token:
    start, end, raw = found.start(), found.end(), found[0]
    kind = found.lastgroup
    token = Token(key=raw, start=start, end=end, raw=raw, capital=raw[0].isupper())
    if kind == "number":
        token.key, token.sort = _number(raw), Sort.FIGURE
    elif kind == "dotted":
        token.key = plain[start:end].replace(" ", "").replace("\0", "")
    elif raw == "%":
        token.key, token.sort = "percent", Sort.FIGURE
    elif kind == "word":
        key = plain[start:end].replace("\0", "")
        key = _MULTIPLES.get(key, key)
        token.key = key
        if key in _ARTICLES:
            token.key, token.sort = ("1", Sort.PLAIN) if key == "one" else (key, Sort.SMALL)
        elif key in _NUMBERS:
            token.key, token.sort = str(_NUMBERS[key]), Sort.FIGURE
        elif key in _TENS or key in _FIGURES:
            token.sort = Sort.FIGURE
        elif key in _NEGATIONS:
            token.sort = Sort.NEGATION
        elif key in _PERSONS:
            token.sort = Sort.PERSON
        elif key in _SMALL:
            token.sort = Sort.SMALL
        elif not token.capital:
            token.key = spelling(key)
    return token


def _number(raw: str) -> str:
    sign, digits = ("-", raw[1:]) if raw[0] in "-−" else ("", raw)
    whole, mark, rest = "", "", ""
    grouped = _GROUPS.sub("", digits)
    for mark in ".,:":
        if mark in grouped:
            whole, _, rest = grouped.partition(mark)
            break
    else:
        whole, mark, rest = grouped, "", ""
    whole = whole.lstrip("0") or "0"
    if mark == ":":
        return f"{sign}{whole}:{rest}"
    rest = rest.rstrip("0")
    return f"{sign}{whole}.{rest}" if rest else sign + whole


def _date(tokens: Sequence[Token]) -> None:
    """Says which tokens are dates and hours: months and days, the numbers beside them, and years."""
    for number, token in enumerate(tokens):
        before = tokens[number - 1] if number else None
        after = tokens[number + 1] if number + 1 < len(tokens) else None
        beside = [each for each in (before, after) if each is not None and each.raw[:1].isdigit()]
        if token.key in _MONTHS_CUT and token.capital and beside:
            token.key, token.sort = f"month {_MONTHS_CUT[token.key]}", Sort.DATE
        elif token.key in _MONTHS and (beside or token.key not in _ALSO_WORDS):
            token.key, token.sort = _MONTHS[token.key], Sort.DATE
        elif token.key in _HOURS and beside:
            token.sort = Sort.DATE
        elif token.key in _DAYS:
            token.sort, beside = Sort.DATE, []
        elif token.sort is Sort.FIGURE and _is_moment(token, after):
            token.sort = Sort.DATE
            continue
        if token.sort is Sort.DATE and not token.raw[:1].isdigit():
            for each in beside:
                each.sort = Sort.DATE


def _is_moment(token: Token, after: Token | None) -> bool:
    raw = token.raw
    if ":" in raw:
        return True
    if len(raw) != 4 or not raw.isascii() or not raw.isdigit() or not 1900 <= int(raw) <= 2100:
        return False
    return after is None or after.sort is not Sort.FIGURE


def _quote(text: str, start: int, end: int, tokens: Sequence[Token]) -> None:
    """Says which tokens stand in quotation marks; those of a paragraph that leaves them open reach to its end."""
    at, opened, closing = 0, 0, ""
    for mark in _MARK.finditer(text, start, end):
        one = "'" if mark[0] in _SINGLE else mark[0]
        if closing:
            if one == closing:
                at = _quoted(tokens, at, (opened, mark.start()), enclosed=True)
                closing = ""
        elif one in _CLOSING and (one != "'" or (mark[0] != "’" and text[mark.end() : mark.end() + 1].isalnum())):
            opened, closing = mark.end(), _CLOSING[one]
    if closing and closing != "'":
        _quoted(tokens, at, (opened, end), enclosed=False)


def _quoted(tokens: Sequence[Token], at: int, marks: tuple[int, int], *, enclosed: bool) -> int:
    while at < len(tokens) and tokens[at].start < marks[0]:
        at += 1
    while at < len(tokens) and tokens[at].start < marks[1]:
        tokens[at].quoted, tokens[at].enclosed = True, enclosed
        at += 1
    return at


# --- sentences -------------------------------------------------------------------------------------------------------


def _sentences(text: str, tokens: Sequence[Token]) -> Iterator[Sentence]:
    begin = 0
    for number in range(1, len(tokens)):
        last, token = tokens[number - 1], tokens[number]
        between = text[last.end : token.start]
        if (
            _ENDS.search(between)
            and (token.capital or token.raw[:1].isdigit() or not token.raw)
            and any(c.isspace() for c in between)
            and not _is_cut(last, between)
        ):
            yield _sentence(tokens[begin:number])
            begin = number
    if begin < len(tokens):
        yield _sentence(tokens[begin:])


def _is_cut(token: Token, between: str) -> bool:
    """Whether a dot ends a short form and no sentence: "Jan. 5", "Olu C. Craig", "St. John's"."""
    if between.strip() != "." or not token.raw[:1].isalpha():
        return False
    word = folded(token.raw)
    return len(word) == 1 or word in _MONTHS_CUT or (token.capital and (word in _CUT or word in _TITLES))


_TITLES = _of("mr mrs ms dr prof jr sr no rev hon gen col cpl inc ltd co corp vs")


def _sentence(tokens: Sequence[Token]) -> Sentence:
    tokens[0].opens = True
    open_ended = any(token.quoted and not token.enclosed for token in tokens)
    return Sentence(
        tokens=tuple(tokens),
        keys=tuple(token.key for token in tokens),
        quoted=None if open_ended else sum(token.quoted for token in tokens),
    )
