"""Builds configurations for tests: a good one, of which a test replaces what it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.config import Config, load
from monitor.errors import ConfigError, Problem
from spiders.options import OPTIONS

SHIPPED = Path(__file__).resolve().parent.parent / "config"
KINDS = tuple(sorted({*OPTIONS, "plain"}))
"""The kinds that have options, and one that has none."""
GOOD = {
    "monitor": "contact: desk@newsroom.test\n",
    "sources": "sources:\n  - {id: news, kind: feed, url: https://example.org/feed}\n",
    "topics": "topics:\n  - {id: stca, any: {en: [pact], fr: [entente]}}\n",
    "digests": "digests:\n  - {id: desk, to: [desk@example.org]}\n",
}
SOURCE = "sources:\n  - id: a\n    kind: feed\n    url: https://example.org/\n"


Texts = Mapping[str, str | bytes]


def loaded(
    folder: Path, files: Texts | None = None, *, environ: Mapping[str, str] | None = None, **texts: str | bytes
) -> Config:
    """Loads the good configuration from `folder`/config with the files named in `files` or `texts` replaced."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    for name, text in {**GOOD, **(files or {}), **texts}.items():
        (config / f"{name}.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return load(config, kinds=KINDS, options=OPTIONS, environ=environ or {})


def problems(
    folder: Path, files: Texts | None = None, *, environ: Mapping[str, str] | None = None, **texts: str | bytes
) -> list[str]:
    """Returns what is wrong, as lines that begin with config/."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, files, environ=environ, **texts)
    return shown(folder, caught.value.problems)


def shown(folder: Path, found: Iterable[Problem]) -> list[str]:
    """Returns problems as lines in which files are named from `folder`, without the excerpts."""
    return [str(replace(problem, excerpt="")).removeprefix(f"{folder}/") for problem in found]
