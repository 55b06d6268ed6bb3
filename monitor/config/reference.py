"""Every key of the four files with its default and its meaning, for the documentation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel

from monitor.config.check import fields
from monitor.config.schema import FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key as the documentation shows it."""

    file: str
    kind: str | None = None  # of an option: the kind that has it
    path: str  # `sources[].url`: [] stands for each item of a list, NAME for a name that people give
    required: bool
    default: str | None  # None where the key is required
    literal: bool  # the default is what one would write; else it is told in words
    meaning: str  # one line


_OF_A_SOURCE = "sources[].options."


def keys(options: Mapping[str, type[BaseModel]] = MappingProxyType({})) -> tuple[Key, ...]:
    """Returns every key that may be written, in the order of the files and of the keys in them.

    The options of each kind (see `load`) follow the keys of sources.yaml, kind by kind.
    """
    return tuple(key for file, model in FILES.items() for key in _of_file(file, model, options))


def _of_file(file: str, model: type[BaseModel], options: Mapping[str, type[BaseModel]]) -> Iterator[Key]:
    yield from _below(file, model, "")
    if "sources" in model.model_fields:
        for kind, own in sorted(options.items()):
            yield from _below(file, own, _OF_A_SOURCE, kind)


def _below(file: str, model: type[BaseModel], prefix: str, kind: str | None = None) -> Iterator[Key]:
    described = {field.alias or name: field for name, field in model.model_fields.items()}
    for name, inside, below in fields(model):
        field = described[name]
        required = field.is_required()
        extra = field.json_schema_extra
        shown = extra.get("shown") if isinstance(extra, dict) else None
        yield Key(
            file=file,
            kind=kind,
            path=prefix + name,
            required=required,
            default=None if required else str(shown or _written(field.get_default(call_default_factory=True))),
            literal=not required and shown is None and field.default is not None,
            meaning=field.description or "",
        )
        if below is not None:
            yield from _below(file, below, f"{prefix}{name}{inside}.", kind)


def _written(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_written, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
