"""Every key of the four files with its default and its meaning, for the documentation."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.config.check import fields
from monitor.config.schema import FILES, Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key as the documentation shows it."""

    file: str
    path: str  # `sources[].url`: [] stands for each item of a list
    required: bool
    default: str | None  # None where the key is required
    literal: bool  # the default is what one would write; else it is told in words
    meaning: str  # one line


def keys() -> tuple[Key, ...]:
    """Returns every key that may be written, in the order of the files and of the keys in them."""
    return tuple(key for file, model in FILES.items() for key in _below(file, model, ""))


def _below(file: str, model: type[Keys], prefix: str) -> Iterator[Key]:
    described = {field.alias or name: field for name, field in model.model_fields.items()}
    for name, listed, below in fields(model):
        field = described[name]
        required = field.is_required()
        extra = field.json_schema_extra
        shown = extra.get("shown") if isinstance(extra, dict) else None
        yield Key(
            file=file,
            path=prefix + name,
            required=required,
            default=None if required else str(shown or _written(field.default)),
            literal=not required and shown is None,
            meaning=field.description or "",
        )
        if below is not None:
            yield from _below(file, below, f"{prefix}{name}{'[]' if listed else ''}.")


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
