"""What a key of a configuration file is, and the sorts of values that keys of several files have."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationInfo

from monitor.config import values

T = TypeVar("T")

UNKNOWN_LANGUAGE = "und"
"""ISO 639-2 for undetermined: forms and titles that were written without a language."""


class Unwritten:
    """The default of a key without one: not None, which is what a key without a value says (`name:`)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a value is checked against besides itself."""

    kinds: Collection[str]
    options: Mapping[str, type[BaseModel]]  # kind → its options, where it has any
    topics: Collection[str] | None  # None: the file that names them cannot be read
    environ: Mapping[str, str]
    channels: Collection[str] | None = None  # None: the file that names them cannot be read


def key(meaning: str, default: object = ..., *, shown: str | None = None, written: str | None = None) -> Any:
    """A key of a file: what it means and what holds without it (`shown`: in words, where it follows from others).

    `written` is its name in the file where Python keeps that word for itself.
    """
    return Field(default, alias=written, description=meaning, json_schema_extra={"shown": shown} if shown else None)


def around(info: ValidationInfo) -> Surroundings:
    """What surrounds a value that is checked."""
    if not isinstance(info.context, Surroundings):
        raise TypeError("the schema is validated with Surroundings as its context")
    return info.context


def maybe(read: Callable[[object], T]) -> Callable[[object], T | None]:
    """Reads a value, of a key that may be left out."""
    return lambda value: None if value is Unwritten else read(value)


def empty_is(kind: type) -> BeforeValidator:
    """A section whose lines are all commented out counts as not written."""
    return BeforeValidator(lambda value: kind() if value is None else value)


def one_each(value: object) -> object:
    """Refuses `fr` beside `fr-CA`: both are kept as fr, and one would hide the other."""
    first: dict[str, str] = {}
    for name in value if isinstance(value, dict) else ():
        short = re.split("[-_]", str(name))[0].lower()
        if short in first:
            raise ValueError(f"{first[short]} and {name} are one language; put both under {short}")
        first[short] = str(name)
    return value


def whole(low: int, high: int) -> PlainValidator:
    """A whole number within limits."""
    return PlainValidator(lambda value: values.whole(value, low, high))


def word(*known: str, what: str = "word") -> PlainValidator:
    """One of a few known words."""
    return PlainValidator(lambda value: values.one_of(value, known, what=what))


def _title(value: object) -> object:
    if value is Unwritten:
        return None
    return one_each(value) if isinstance(value, dict) else {UNKNOWN_LANGUAGE: values.text(value)}


Text = Annotated[str, PlainValidator(values.text)]
MaybeText = Annotated[str | None, PlainValidator(maybe(values.text))]
Id = Annotated[str, PlainValidator(values.identifier)]
Truth = Annotated[bool, PlainValidator(values.truth)]
Duration = Annotated[timedelta, PlainValidator(values.duration)]
Pause = Annotated[timedelta, PlainValidator(partial(values.duration, zero=True))]
Language = Annotated[str, PlainValidator(values.language)]
Title = Annotated[dict[Language, Text] | None, BeforeValidator(_title)]


class Keys(BaseModel):
    """A mapping of a file; a key that is not named is an error."""

    # defer_build: the validators are made when files are read, not by whoever imports this room for `--help`.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True, defer_build=True)
