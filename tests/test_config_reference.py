"""The reference of keys is the truth about the configuration, and complete."""

import re
from pathlib import Path

import pytest

from monitor.config import Key, keys
from tests.configuration import GOOD, loaded

SAMPLE = {
    "name": "x",
    "timezone": "UTC",
    "contact": "a@b.test",
    "archive": "sqlite:///x.db",
    "mail": "{}",
    "mail.via": "maildir:x",
    "mail.from": "a@b.test",
    "web": "{}",
    "web.bind": "127.0.0.1:1",
    "web.base_url": "http://x.test",
    "crawl": "{}",
    "crawl.delay": "2s",
    "crawl.timeout": "2s",
    "crawl.max_size": "2MB",
    "crawl.concurrency": "2",
    "crawl.allow_private": "['::1']",
    "keep": "{}",
    "keep.unmatched": "2d",
    "sources": "[]",
    "sources[].id": "x",
    "sources[].name": "x",
    "sources[].publisher": "x",
    "sources[].kind": "sitemap",
    "sources[].url": "https://x.test/",
    "sources[].language": "fr",
    "sources[].every": "2h",
    "sources[].read": "feed",
    "sources[].keep": "excerpt",
    "sources[].enabled": "false",
    "sources[].note": "x",
    "sources[].auth_env": "FEED_AUTH",
    "topics": "[]",
    "topics[].id": "x",
    "topics[].title": "{en: x}",
    "topics[].any": "{en: [x], fr: [y]}",
    "topics[].none": "{en: [x]}",
    "topics[].except": "[x]",
    "digests": "[]",
    "digests[].id": "x",
    "digests[].title": "x",
    "digests[].topics": "[]",
    "digests[].at": "at once",
    "digests[].timezone": "UTC",
    "digests[].language": "fr",
    "digests[].to": "[a@b.test]",
}
"""Every key with something that may stand there and is not its default: adding a key means adding it here."""


def with_key(path: str, value: str) -> dict[str, str]:
    """The good configuration with one key written, as arguments for `loaded`."""
    section, _, name = path.rpartition(".")
    listed = section.removesuffix("[]")
    if section.endswith("[]"):
        text = GOOD[listed]
        text = re.sub(rf"(?<=[{{ ]){name}: (\[.*?\]|\{{.*?\}}|[^,}}]+)(, )?", "", text, count=1)
        return {listed: text.replace("- {", f"- {{{name}: {value}, ").replace(", }", "}")}
    if path in {"sources", "topics", "digests"}:
        return {path: f"{path}: {value}\n"}
    written = f"{section}: {{{name}: '{value}'}}\n" if section and value[0] not in "[0123456789" else ""
    written = written or (f"{section}: {{{name}: {value}}}\n" if section else f"{name}: {value}\n")
    return {"monitor": written + ("" if path == "contact" else GOOD["monitor"])}


def test_every_key_that_may_be_written_is_in_the_reference_with_a_meaning() -> None:
    documented = keys()
    assert [key.path for key in documented] == list(SAMPLE)
    assert all(key.meaning and "\n" not in key.meaning for key in documented)
    assert all((key.default is None) is key.required for key in documented)
    assert {key.path for key in documented if key.required} == {
        "contact",
        "sources",
        "sources[].id",
        "sources[].kind",
        "sources[].url",
        "topics",
        "topics[].id",
        "topics[].any",
        "digests",
        "digests[].id",
    }


@pytest.mark.parametrize("path", SAMPLE)
def test_every_key_of_the_reference_is_understood(tmp_path: Path, path: str) -> None:
    texts = with_key(path, SAMPLE[path])
    changed = loaded(tmp_path, texts, environ={"FEED_AUTH": "a:b"})
    if SAMPLE[path] != "{}":
        assert changed.fingerprint != loaded(tmp_path).fingerprint


@pytest.mark.parametrize("key", [key for key in keys() if key.literal], ids=lambda key: key.path)
def test_a_default_is_what_the_reference_says(tmp_path: Path, key: Key) -> None:
    written = with_key(key.path, str(key.default))
    if key.path == "digests[].to":  # the good configuration has a reader
        assert loaded(tmp_path, written).subscriptions[0].to == ()
    else:
        assert loaded(tmp_path, written).fingerprint == loaded(tmp_path).fingerprint
