"""Holds a document against the schema and says all that is wrong in it, in words and with places."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor.config.document import Document, Trail
from monitor.config.schema import UNKNOWN_LANGUAGE, Keys, Surroundings
from monitor.config.values import kind_of, suggestion
from monitor.errors import Problem

K = TypeVar("K", bound=Keys)

_SECRETS = {
    ("mail", "password"): "no password in a file: set ROXHAM_MAIL_PASSWORD or ROXHAM_MAIL_PASSWORD_FILE",
    ("mail", "user"): "no user in a file: set ROXHAM_MAIL_USER in the environment",
    ("sources", "password"): "no password in a file: name an environment variable with auth_env",
    ("sources", "user"): "no user in a file: name an environment variable with auth_env",
}
_SECRET_NAMES = {"username": "user", "login": "user", "pass": "password", "passwd": "password", "secret": "password"}


def check(document: Document, model: type[K], around: Surroundings) -> K | None:
    """Returns the file's content, or None with at least one problem added to the document."""
    if document.problems and document.data is None:
        return None  # it could not be read at all
    if not document.usable:
        expected = " or ".join(sorted(model.model_fields))
        what = f"a mapping (key: value) is expected here, not {kind_of(document.data)}"
        document.problems.append(document.problem((), f"{what}; the file begins with a key such as {expected}:"))
        return None
    document.problems += _repeated(document)
    try:
        checked = model.model_validate(document.data, context=around)
    except ValidationError as errors:
        found = errors.errors(include_url=False, include_input=True)
        document.problems += [_problem(document, model, error) for error in found]
        return None
    return None if document.problems else checked


def _problem(document: Document, model: type[Keys], error: ErrorDetails) -> Problem:
    trail: Trail = error["loc"]
    at_key = trail[-1:] == ("[key]",)
    trail = trail[:-1] if at_key else trail
    if trail not in document.places and trail not in document.keys:
        # Forms and titles without a language were put under one that stands nowhere in the file.
        without = tuple(step for step in trail if step != UNKNOWN_LANGUAGE)
        trail = without if without in document.places else trail
    match error["type"]:
        case "extra_forbidden":
            return document.problem(trail, _unknown(trail, model), at_key=True)
        case "missing":
            return document.problem(trail, "is required")
        case "value_error":
            return document.problem(trail, str(error["ctx"]["error"]), at_key=at_key)
        case _:
            return document.problem(trail, _wrong_type(error), at_key=at_key)


def _wrong_type(error: ErrorDetails) -> str:
    given = error["input"]
    if given is None:
        return "has no value; give one or remove the key"
    if error["type"] == "list_type":
        example = f"; write [{given}]" if isinstance(given, str) and given.isprintable() else ""
        return f"a list is expected, not {kind_of(given)}{example}"
    if error["type"] in {"dict_type", "model_type"}:
        return f"a mapping (key: value) is expected, not {kind_of(given)}"
    return error["msg"]


def _unknown(trail: Trail, model: type[Keys]) -> str:
    name = str(trail[-1])
    section = str(trail[0]) if len(trail) > 1 else ""
    if secret := _SECRETS.get((section, _SECRET_NAMES.get(name, name))):
        return secret
    known = _names(model, trail[:-1])
    return "unknown key" + suggestion(name, known, otherwise=f" (known: {', '.join(known)})")


def _names(model: type[Keys], trail: Trail) -> list[str]:
    """The keys that may stand in the mapping at `trail`."""
    for step in trail:
        if isinstance(step, str):
            model = next(below for name, _, below in fields(model) if name == step and below is not None)
    return [name for name, _, _ in fields(model)]


def fields(model: type[Keys]) -> Iterator[tuple[str, bool, type[Keys] | None]]:
    """The keys of a mapping as they are written, whether each holds a list, and the mapping below it if any."""
    for name, field in model.model_fields.items():
        kind, listed = field.annotation, False
        if getattr(kind, "__origin__", None) is list:
            kind, listed = kind.__args__[0], True  # type: ignore[union-attr]
        below = kind if isinstance(kind, type) and issubclass(kind, Keys) else None
        yield field.alias or name, listed, below


def _repeated(document: Document) -> Iterator[Problem]:
    """Two with one id, and one address or topic twice in one digest."""
    data = document.data if isinstance(document.data, dict) else {}
    for name, items in data.items():
        if not isinstance(items, list):
            continue
        ids = [((name, number, "id"), item.get("id")) for number, item in enumerate(items) if isinstance(item, dict)]
        yield from _twice(document, ids, "duplicate id")
        for number, item in enumerate(items):
            for below in ("topics", "to"):
                listed = item.get(below) if isinstance(item, dict) else None
                if isinstance(listed, list):
                    places = [((name, number, below, place), value) for place, value in enumerate(listed)]
                    yield from _twice(document, places, "listed twice:")


def _twice(document: Document, found: Iterable[tuple[Trail, object]], what: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for trail, value in found:
        if isinstance(value, str):
            line = first.get(value.casefold())
            if line is not None:
                yield document.problem(trail, f'{what} "{value}"; the first is at line {line}')
            first.setdefault(value.casefold(), document.places[trail][0])
