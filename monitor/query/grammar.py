"""From what people write to the tree. The grammar is read by lark; what is wrong is said with its place."""

import difflib
import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from monitor.query.tree import About, And, Fact, Near, Not, Or, Query, Scope, Term, guards, join, negated, terms
from monitor.text import Word, clean, folded_words, words

if TYPE_CHECKING:
    from lark import Lark, Token, Tree, UnexpectedInput

LONGEST = 5_000  # characters of one query
DEEPEST = 50  # parentheses in parentheses
MOST_TERMS = 500  # of one query
MOST_SPELLINGS = 200  # of one term
MOST_WORDS = 50  # of one phrase
SHORTEST_PREFIX = 2  # characters before *
FARTHEST = 1_000  # words between the two sides of NEAR
NEAR = 10  # words, where NEAR says no number

_GRAMMAR = r"""
?start: or
?or: and (OR and)*
?and: not (AND? not)*
?not: near | (NOT | MINUS)+ near -> negation
?near: unit (NEAR unit)*
?unit: "(" or ")" -> group | FIELD unit -> field | term
term: EXACTLY? (PHRASE | BARE) | HASHTAG

AND.3: /AND(?![^\s()"])/
OR.3: /OR(?![^\s()"])/
NOT.3: /NOT(?![^\s()"])/
NEAR.3: /NEAR(\/\d+)?(?![^\s()"])/
FIELD.3: /(?i:title|text|source|publisher|lang|agency):(?=[^\s)])/
MINUS.2: /(?<![^\s(])-(?=[^\s)\-])/
EXACTLY.2: /=(?=[^\s=)])/
PHRASE.2: /"[^"]*"/
HASHTAG.2: /#[^\s()"#=*|]+/
BARE: /[^\s()"=#\-*|:][^\s()"=]*/
%ignore /\s+/
"""

_QUOTES = str.maketrans("“”„«»", '"' * 5)
_ODD = re.compile(r"[\^~\[\]{}\\<>`$]|(?<!\w)[.?+]+(?!\w)|(?<=\w)[?+](?=\w)|\.\*|\.\+|/.*/\Z|&&?\Z|\A&|!\Z")
_DISTANCE = re.compile(r"(?i:near|w|n|within|pre)/\d+|~\d+")  # as others write NEAR/5
_NEARLY_A_MINUS = "!‐‑‒–—−"  # what others write for NOT, and what word processors make of a minus
_OTHER_OPERATORS = {
    "ET": "AND",
    "OU": "OR",
    "SAUF": "NOT",
    "PAS": "NOT",
    "NON": "NOT",
    "&&": "AND",
    "||": "OR",
    "&": "AND",
    "|": "OR",
}
_ALTERNATIVES_IN_PARENTHESES = re.compile(r"\w\([^)]*\|")


class QueryError(ValueError):
    """A query cannot be read. The message says what is wrong, and what would be right.

    `start` and `end` are the characters of the query that are meant (from 0, end exclusive).
    """

    def __init__(self, what: str, query: str, start: int, end: int | None = None) -> None:
        super().__init__(what)
        self.query = query
        self.start = min(start, len(query))
        self.end = min(end if end is not None else start + 1, len(query))

    def place(self) -> tuple[int, int]:
        """Returns the line and the column in the query, both from 1."""
        before = self.query[: self.start]
        return before.count("\n") + 1, self.start - (before.rfind("\n") + 1) + 1

    def pointed(self) -> str:
        """Returns the line of the query, at most a hundred characters of it, and under it a caret at the place."""
        line, column = self.place()
        text = self.query.split("\n")[line - 1].replace("\t", " ")
        cut = max(0, column - 60)
        shown = "".join(c if c.isprintable() else "\ufffd" for c in text[cut : cut + 100])
        return f"{shown}\n{' ' * (column - 1 - cut)}^"


def parse(text: str, *, form: bool = False) -> Query:
    """Returns the tree of a query.

    `form`: it is a form of a topic, where two bare words side by side are more likely a phrase without its quotation
    marks than a wish for both.

    Raises:
        QueryError: it cannot be read, or would match every article.
    """
    return (_remembered if len(text) <= _LONGEST_REMEMBERED else _parse)(text, form)


def _parse(text: str, form: bool) -> Query:
    _look_over(text)
    query = _Reader(text, form=form).read()
    if sum(1 for _ in terms(query)) > MOST_TERMS:
        raise QueryError(f"more than {MOST_TERMS} terms; write several forms", text, 0, len(text))
    if guards(query) is None:
        raise QueryError(_open(query), text, 0, len(text))
    return query


_LONGEST_REMEMBERED = 500  # characters: trees of long queries are large
_remembered = lru_cache(maxsize=4_096)(_parse)


def _open(query: Query) -> str:
    match query:
        case Not():
            return "only says what is not wanted, and would match everything else; say what is looked for as well"
        case Or():
            return "one side of this OR would match nearly every article by itself; join it with AND"
        case Fact():
            return "would match every article in that language; say what is looked for as well"
    return "says nothing that an article must hold, and would match nearly everything; say what is looked for as well"


def _look_over(text: str) -> None:
    """Finds what is wrong with a text as a whole, before it is read: length, controls, quotation marks, parentheses."""
    if len(text) > LONGEST:
        raise QueryError(f"{len(text):,} characters; a query has at most {LONGEST:,}", text, LONGEST)
    if odd := re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text.replace("\r\n", " \n")):
        raise QueryError(f"a control character (U+{ord(odd[0]):04X})", text, odd.start())
    if not text.strip():
        raise QueryError("is empty; write a word, or a phrase in quotation marks", text, 0)
    quote: int | None = None
    opened: list[int] = []
    for place, character in enumerate(text.translate(_QUOTES)):
        if character == '"':
            quote = place if quote is None else None
        elif quote is not None:
            continue
        elif character == "(":
            if text[place - 1 : place].isalnum():
                what = (
                    'a space is missing before this parenthesis; within a phrase it needs quotation marks: "101(1)(e)"'
                )
                if "|" in text[place:]:
                    what = "write alternatives as whole words, without parentheses: country|countries"
                raise QueryError(what, text, place)
            opened.append(place)
            if len(opened) > DEEPEST:
                raise QueryError(f"more than {DEEPEST} parentheses within each other", text, place)
        elif character == ")":
            if not opened:
                raise QueryError("no parenthesis is open that this one could close", text, place)
            opened.pop()
    if quote is not None:
        what = "unbalanced quotation marks: this one is never closed; write the whole phrase in quotation marks"
        raise QueryError(what, text, quote)
    if opened:
        raise QueryError("this parenthesis is never closed", text, opened[-1])


@lru_cache(maxsize=1)
def _grammar() -> "Lark":
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False)


class _Reader:
    """Reads one query."""

    def __init__(self, text: str, *, form: bool) -> None:
        self._text = text
        self._form = form

    def read(self) -> Query:
        from lark import UnexpectedInput

        try:
            tree = _grammar().parse(self._text.translate(_QUOTES))
        except UnexpectedInput as error:
            raise self._unexpected(error) from None
        return self._query(tree, None)

    def _error(self, what: str, token: "Token") -> QueryError:
        return QueryError(what, self._text, token.start_pos or 0, token.end_pos)

    def _unexpected(self, error: "UnexpectedInput") -> QueryError:
        from lark import UnexpectedToken

        if not isinstance(error, UnexpectedToken):
            place = error.pos_in_stream or 0
            return QueryError(self._character(place), self._text, place)
        token = error.token
        if token.type == "$END":
            before = self._text.rstrip()
            word = before.split()[-1]
            return QueryError(f"something to look for must follow {_short(word)}", self._text, len(before))
        if token.type in {"AND", "OR", "NEAR"}:
            return self._error(f'something to look for must stand before {token}; as a word: "{_short(token)}"', token)
        if token.type in {"NOT", "MINUS"}:
            what = (
                f"{token} stands before a whole side of AND: not after NEAR or a field; write Roxham NOT title:Norfolk"
            )
            return self._error(what, token)
        if token.type == "RPAR":
            return self._error("something to look for must stand before this parenthesis", token)
        return self._error(f"{_short(token)} has no place here; join two sides with AND or OR", token)

    def _character(self, place: int) -> str:
        text = self._text
        character, after = text[place], text[place + 1 : place + 2]
        match character:
            case "-" if not after.strip() or after in "-)":
                return "a minus stands right before what is not wanted: -Norfolk"
            case "-" if text[place - 1 : place] == ":":
                return "the minus stands before the field: -title:Norfolk"
            case "-":
                return 'a space is missing before this minus; words joined by a hyphen are one phrase: "Third-Country"'
            case "*":
                return f"a * stands right after the beginning of a word of at least {SHORTEST_PREFIX} letters: immigra*"
            case "=":
                return "an = stands right before what is meant exactly as written: =STCA"
            case "#":
                return "a hashtag is one word after #, such as #RoxhamRoad"
            case "|":
                return "write OR between two queries; within a phrase country|countries, without spaces"
            case ":":
                return f"a field is one of {', '.join(_FIELDS)}, followed by a colon"
        return f"{character!r} has no meaning here; put it in quotation marks"

    def _query(self, tree: "Tree[Token] | Token", field: str | None) -> Query:
        from lark import Token

        assert not isinstance(tree, Token)  # noqa: S101 - the grammar wraps every token
        match tree.data:
            case "or":
                return join(Or, [self._query(part, field) for part in tree.children if not isinstance(part, Token)])
            case "and":
                sides = [self._query(part, field) for part in tree.children if not isinstance(part, Token)]
                self._beware_of_bare_words(tree.children)
                return join(And, sides)
            case "group":
                return self._query(tree.children[0], field)
            case "negation":
                child = self._query(tree.children[-1], field)
                return child if len(tree.children) % 2 else negated(child)
            case "near":
                return self._near(tree, field)
            case "field":
                name = tree.children[0]
                assert isinstance(name, Token)  # noqa: S101 - as the grammar has it
                if field is not None:
                    raise self._error(f"{name} stands within {field}:, and only one of the two can hold", name)
                return self._query(tree.children[1], name[:-1].lower())
        return self._term([token for token in tree.children if isinstance(token, Token)], field)

    def _near(self, tree: "Tree[Token]", field: str | None) -> Query:
        from lark import Token

        sides: list[Query] = []
        distances: list[int] = []
        for part in tree.children:
            if not isinstance(part, Token):
                side = self._query(part, field)
                if not all(isinstance(each, Term) for each in (side.children if isinstance(side, Or) else [side])):
                    what = "on both sides of NEAR stand terms, or terms joined by OR in parentheses"
                    raise QueryError(what, self._text, _start(part), _end(part))
                sides.append(side)
                continue
            if part == "NEAR" and (number := re.match(r"\s+(\d+)\s", self._text[part.end_pos :])):
                raise self._error(
                    f'the number of words belongs to NEAR: NEAR/{number[1]}; as a word: "{number[1]}"', part
                )
            distance = int(part.partition("/")[2][:9] or NEAR)  # longer ones are too far as well
            if distance > FARTHEST:
                raise self._error(f"NEAR reaches over at most {FARTHEST:,} words", part)
            distances.append(distance)
        return join(
            And,
            [
                Near(left=left, right=right, distance=distance)
                for (left, right), distance in zip(pairwise(sides), distances, strict=True)
            ],
        )

    def _beware_of_bare_words(self, parts: "list[Tree[Token] | Token]") -> None:
        from lark import Token

        for first, second in pairwise(parts):
            bare = [
                part.children[0]
                for part in (first, second)
                if not isinstance(part, Token) and part.data == "term" and isinstance(part.children[0], Token)
            ]
            if self._form and len(bare) == 2 and all(isinstance(b, Token) and b.type == "BARE" for b in bare):
                run = self._bare_words_around(parts, first)
                what = f'several words without quotation marks; write "{_short(run)}" to find them side by side'
                small = next((word for word in run.split() if word in {"and", "or", "not", "near"}), None)
                what += f"; operators are written in capitals: {small.upper()}" if small else ", or AND between"
                raise QueryError(what, self._text, _start(first), _end(second))

    def _bare_words_around(self, parts: "list[Tree[Token] | Token]", first: "Tree[Token] | Token") -> str:
        from lark import Token

        run = []
        for part in parts[parts.index(first) :]:
            word = None if isinstance(part, Token) or part.data != "term" else part.children[0]
            if not isinstance(word, Token) or word.type != "BARE":
                break
            run.append(str(word))
        return " ".join(run)

    def _term(self, tokens: "list[Token]", field: str | None) -> Query:
        exactly = tokens[0].type == "EXACTLY"
        token = tokens[-1]
        if token.type == "BARE":
            self._beware_of_what_looks_like_something_else(token)
        body = str(token)
        inner = body[1:-1] if token.type == "PHRASE" else body[1:] if token.type == "HASHTAG" else body
        offset = (token.start_pos or 0) + (token.type != "BARE")
        if field in {About.SOURCE, About.LANG, About.PUBLISHER, About.AGENCY}:
            if exactly or token.type == "HASHTAG":
                raise self._error(f"a {field} is named without = and #", token)
            return self._fact(About(field), inner, token)
        prefix, inner = self._prefix(inner, offset, token)
        inner = clean(inner)  # as texts are
        found = words(inner)
        if token.type == "HASHTAG" and [(word.start, word.end) for word in found] != [(0, len(inner))]:
            raise self._error("a hashtag is one word after #, such as #RoxhamRoad", token)
        if not found:
            raise self._error(f"{_short(body)} holds no word to look for", token)
        if prefix and len(found[-1].folded) < SHORTEST_PREFIX:
            raise self._error(f"at least {SHORTEST_PREFIX} letters must stand before *", token)
        places = self._places(inner, found, offset)
        if len(places) > MOST_WORDS:
            raise self._error(f"more than {MOST_WORDS} words in one phrase; a part of it will find it", token)
        if prefix and len(places[-1]) > 1:
            raise self._error("* and | do not go together in one word; write several phrases", token)
        term = Term(
            words=tuple(tuple(dict.fromkeys(_written_out(word.folded) for word in each)) for each in places),
            exact=tuple(tuple(dict.fromkeys(inner[w.start : w.end] for w in each)) for each in places)
            if exactly
            else None,
            prefix=prefix,
            hashtag=token.type == "HASHTAG",
            scope=Scope(field) if field is not None else None,
        )
        if term.count > MOST_SPELLINGS:
            raise self._error(f"stands for more than {MOST_SPELLINGS} phrases; write several forms", token)
        return term

    def _fact(self, about: About, inner: str, token: "Token") -> Fact:
        if "|" in inner:
            raise self._error(f"a {about} is named without |; write {about}:(this OR that)", token)
        prefix, inner = self._prefix(inner, (token.start_pos or 0) + (token.type == "PHRASE"), token)
        value = clean(inner)
        match about:
            case About.LANG:
                value = re.split("[-_]", value)[0].lower()
                if prefix or not re.fullmatch("[a-z]{2,3}", value):
                    raise self._error("a language is a code of two or three letters, such as lang:fr", token)
            case About.PUBLISHER | About.AGENCY:
                value = " ".join(folded_words(value))
        if not value:
            raise self._error(f"{about}: needs a name after the colon", token)
        return Fact(about=about, value=value, prefix=prefix)

    def _prefix(self, inner: str, offset: int, token: "Token") -> tuple[bool, str]:
        """Takes the * off the end."""
        stars = [place for place, character in enumerate(inner) if character == "*"]
        if not stars:
            return False, inner
        last = clean(inner[-3:-1])[-1:]  # an accent may stand by itself
        if stars == [len(inner) - 1] and last.isalnum() and not inner[-2].isspace() and token.type != "HASHTAG":
            return True, inner[:-1]
        what = "a * stands only at the end, right after the beginning of the last word: immigra*"
        raise QueryError(what, self._text, offset + stars[0])

    def _places(self, inner: str, found: list[Word], offset: int) -> list[list[Word]]:
        """Returns the words that may stand at each place of a phrase: `a|b` is one place."""
        if odd := _ALTERNATIVES_IN_PARENTHESES.search(inner):
            what = "write alternatives as whole words, without parentheses: country|countries"
            raise QueryError(what, self._text, offset + odd.start() + 1)
        for run in re.finditer(r"\S+", inner):
            if "|" in run[0] and len(words(run[0])) > run[0].count("|") + 1:
                what = f"a | joins two single words, and {_short(run[0])} has more; write a space for the hyphen where "
                what += "only one of its words has another, and OR between two queries where they differ as a whole"
                raise QueryError(what, self._text, offset + run.start(), offset + run.end())
        places = [[found[0]]]
        for before, word in pairwise(found):
            if inner[before.end : word.start] == "|":
                places[-1].append(word)
            else:
                places.append([word])
        if inner.count("|") != sum(len(each) - 1 for each in places):
            what = "a | stands between two words, without spaces: country|countries; write OR between two queries"
            raise QueryError(what, self._text, offset + inner.index("|"))
        return places

    def _beware_of_what_looks_like_something_else(self, token: "Token") -> None:
        """Refuses bare words that somebody may have meant as an operator, a field, or a regular expression."""
        written = str(token)
        if meant := _OTHER_OPERATORS.get(written):
            raise self._error(f'the operators are AND, OR and NOT: write {meant}; as a word: "{written}"', token)
        if written.upper().startswith("NEAR/") or _DISTANCE.fullmatch(written):
            what = "the distance between two sides is written NEAR/5, in capitals and with a number of words"
            raise self._error(f'{what}; as a word: "{_short(written)}"', token)
        if written[0] in _NEARLY_A_MINUS and written[1:]:
            what = (
                f"what is not wanted stands after a plain minus: -{_short(written[1:])}; {written[0]!r} is another sign"
            )
            raise self._error(what, token)
        name, colon, _ = written.partition(":")
        if colon:
            near = difflib.get_close_matches(name.lower(), _FIELDS, n=1, cutoff=0.7)
            hint = f"; did you mean {near[0]}:?" if near else ""
            hint = "; no space after the colon" if name.lower() in _FIELDS else hint
            what = f'"{_short(name)}" is no field (known: {", ".join(_FIELDS)}){hint}'
            if name.lower() in _FIELDS:
                what = f"{name}: needs something right after the colon, without a space"
            raise self._error(f'{what}; as a word: "{_short(written)}"', token)
        if odd := _ODD.search(written):
            what = (
                f"{_short(odd[0])} has no meaning here: this is no regular expression. * ends the beginning of a word, "
                f'a|b is either word; as a word: "{_short(written)}"'
            )
            raise QueryError(what, self._text, (token.start_pos or 0) + odd.start())


_FIELDS = ("title", "text", "source", "publisher", "lang", "agency")


def _start(part: "Tree[Token] | Token") -> int:
    from lark import Token

    if isinstance(part, Token):
        return part.start_pos or 0
    return min(map(_start, part.children))


def _end(part: "Tree[Token] | Token") -> int:
    from lark import Token

    if isinstance(part, Token):
        return part.end_pos or 0
    return max(map(_end, part.children))


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _written_out(word: str) -> str:
    return word.replace("œ", "oe").replace("æ", "ae")
