"""What pydantic found wrong with a value, in the words of the person who wrote it."""

import re
from collections.abc import Sequence

from pydantic_core import ErrorDetails

from monitor.config.values import WithinTextError, kind_of, quoted, suggestion

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "none_required": "nothing",
}
_LIMITS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "holds too few: at least {min_length} must stand here",
    "too_long": "holds too many: at most {max_length} may stand here",
    "string_too_short": "must be at least {min_length} characters long",
    "string_too_long": "must be at most {max_length} characters long",
}
_PLAIN = re.compile(r"[\w/.@+-][\w/.@+* -]*")
_CHOICE = re.compile(r"'([^']*)'")


def wording(errors: Sequence[ErrorDetails]) -> str:
    """Says what is wrong with one value; several errors are what each of several allowed types says of it."""
    given = errors[0]["input"]
    said = next((each["ctx"]["error"] for each in errors if each["type"] == "value_error"), None)
    if said is not None:
        return str(said)
    if given is None:
        return "has no value; give one or remove the key"
    known = list(dict.fromkeys(_EXPECTED[each["type"]] for each in errors if each["type"] in _EXPECTED))
    if len(known) == len(errors) or (len(errors) > 1 and known):
        return _expected(known, given)
    error = next((each for each in errors if each["type"] not in _EXPECTED), errors[0])
    if error["type"] in {"literal_error", "enum"}:
        words = _CHOICE.findall(str(error["ctx"]["expected"]))
        return f'unknown word "{given}"{suggestion(str(given), words)} (known: {", ".join(sorted(words))})'
    if error["type"] == "string_pattern_mismatch":
        return f'"{given}" has not the form {error["ctx"]["pattern"]}'
    if error["type"] in _LIMITS:
        return _LIMITS[error["type"]].format(**error["ctx"])
    return error["msg"]


def character(errors: Sequence[ErrorDetails]) -> int | None:
    """Returns which character of a text is concerned, where that is known."""
    said = (each["ctx"]["error"] for each in errors if each["type"] == "value_error")
    return next((error.character for error in said if isinstance(error, WithinTextError)), None)


def _expected(known: Sequence[str], given: object) -> str:
    hint = ""
    if known == ["a list"] and isinstance(given, str) and given.isprintable():
        hint = f"; write [{given if _PLAIN.fullmatch(given) else quoted(given)}]"
    elif known == ["text"] and isinstance(given, bool | int | float):
        hint = "; put it in quotes"
    return f"{' or '.join(known)} is expected, not {kind_of(given)}{hint}"
