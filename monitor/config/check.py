"""Holds a document against the schema and says all that is wrong in it, in words and with places."""

from collections.abc import Container, Iterable, Iterator
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config.document import Document, Trail
from monitor.config.model import UNKNOWN_LANGUAGE, Keys, Surroundings
from monitor.config.values import kind_of, suggestion, text
from monitor.config.wording import character, wording
from monitor.errors import Problem

K = TypeVar("K", bound=Keys)

_SECRETS = {
    ("mail", "password"): "no password in a file: set ROXHAM_MAIL_PASSWORD or ROXHAM_MAIL_PASSWORD_FILE",
    ("mail", "user"): "no user in a file: set ROXHAM_MAIL_USER in the environment",
    ("web", "password"): "no secret in a file, only hashes: see `roxham web password` and `roxham web token`",
    ("sources", "password"): "no password in a file: name an environment variable with auth_env",
    ("sources", "user"): "no user in a file: name an environment variable with auth_env",
    ("channels", "password"): "no secret in a file: name an environment variable with secret_env or url_env",
}
_SECRET_NAMES = {"username": "user", "login": "user"}
_SECRET_NAMES |= dict.fromkeys(("pass", "passwd", "secret", "token"), "password")
NAMED = ".NAME"
"""What stands in a path for the names that people give to the mappings of a section."""


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
    unclean = _unclean_options(document)
    document.problems += unclean.values()
    try:
        checked = model.model_validate(document.data, context=around)
    except ValidationError as errors:
        found = errors.errors(include_url=False, include_input=True)
        document.problems += _problems(document, model, around, found, unclean)
        return None
    return None if document.problems else checked


def _problems(
    document: Document,
    model: type[Keys],
    around: Surroundings,
    errors: Iterable[ErrorDetails],
    unclean: Container[Trail],
) -> Iterator[Problem]:
    of_values: dict[tuple[Trail, bool], list[ErrorDetails]] = {}
    for error in errors:
        trail = _written(document, error["loc"])
        match error["type"]:
            case "extra_forbidden":
                yield document.problem(trail, _unknown(document, trail, model, around), at_key=True)
            case "missing":
                yield document.problem(trail, "is required")
            case _:
                at_key = trail[-1:] == ("[key]",)
                of_values.setdefault((trail[:-1] if at_key else trail, at_key), []).append(error)
    for (trail, at_key), found in of_values.items():
        if trail not in unclean:
            yield document.problem(trail, wording(found), at_key=at_key, character=character(found))


def _written(document: Document, trail: Trail) -> Trail:
    """Returns where a value stands in the file: pydantic's trail has steps that do not.

    Forms and titles without a language were put under one, and what may be one of several into a list; of a value that
    may be of several types each is named.
    """
    if trail in document.places or trail in document.keys:
        return trail
    here: object = document.data
    without: Trail = ()
    for step in trail:
        if (step == UNKNOWN_LANGUAGE and not isinstance(here, dict)) or (step == 0 and not isinstance(here, list)):
            continue
        without, here = (*without, step), document.at((*without, step))
    if without != trail:
        return without
    for end in range(len(trail) - 1, 3, -1):  # not above an option
        if trail[2] == "options" and trail[:end] in document.places:
            return trail[:end]
    return trail


def _unknown(document: Document, trail: Trail, model: type[Keys], around: Surroundings) -> str:
    name = str(trail[-1])
    section = str(trail[0]) if len(trail) > 1 else ""
    if secret := _SECRETS.get((section, _SECRET_NAMES.get(name, name))):
        return secret
    if trail[2:3] == ("options",):
        kind = str(document.at((*trail[:2], "kind"))).strip()
        known = _names(around.options[kind], trail[3:-1])
    else:
        known = _names(model, trail[:-1])
    return "unknown key" + suggestion(name, known, otherwise=f" (known: {', '.join(known)})")


def _names(model: type[BaseModel], trail: Trail) -> list[str]:
    """The keys that may stand in the mapping at `trail`."""
    steps = (step for step in trail if isinstance(step, str))
    for step in steps:
        inside, model = next((inside, below) for name, inside, below in fields(model) if name == step and below)
        if inside == NAMED:
            next(steps, None)
    return [name for name, _, _ in fields(model)]


def fields(model: type[BaseModel]) -> Iterator[tuple[str, str, type[BaseModel] | None]]:
    """The keys of a mapping as they are written, the mapping below each if any, and how it is inside.

    That is `[]` in a list, `NAMED` in a mapping by name, and nothing else.
    """
    for name, field in model.model_fields.items():
        kind, inside = field.annotation, ""
        origin = getattr(kind, "__origin__", None)
        if origin is list or origin is dict:
            kind, inside = kind.__args__[-1], "[]" if origin is list else NAMED  # type: ignore[union-attr]
        elif type(None) in get_args(kind):
            kind = get_args(kind)[0]
        below = kind if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.model_fields else None
        yield field.alias or name, inside, below


def _repeated(document: Document) -> Iterator[Problem]:
    """Two with one id or name, and one address or topic twice in one digest."""
    data = document.data if isinstance(document.data, dict) else {}
    pages = data.get("web")
    for name, unique in (("users", "name"), ("tokens", "name"), ("tokens", "sha256")):
        items = pages.get(name) if isinstance(pages, dict) else None
        if isinstance(items, list):
            each = [(number, item) for number, item in enumerate(items) if isinstance(item, dict)]
            named = [(("web", name, number, unique), item.get(unique)) for number, item in each]
            yield from _twice(document, named, f"duplicate {unique}")
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


def _unclean_options(document: Document) -> dict[Trail, Problem]:
    """Options of a source without a value, and texts that are empty or more than a line: their models do not look."""
    found = {}
    for trail in document.places:
        if trail[:1] == ("sources",) and len(trail) > 3 and trail[2] == "options":
            value = document.at(trail)
            if value is None or isinstance(value, str):
                try:
                    text(value)
                except ValueError as error:
                    found[trail] = document.problem(trail, str(error))
    return found


def _twice(document: Document, found: Iterable[tuple[Trail, object]], what: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for trail, value in found:
        if isinstance(value, str):
            line = first.get(value.casefold())
            if line is not None:
                yield document.problem(trail, f'{what} "{value}"; the first is at line {line}')
            first.setdefault(value.casefold(), document.places[trail][0])
