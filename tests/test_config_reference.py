"""The reference of keys is the truth about the configuration, and complete."""

import re
from pathlib import Path

import pytest

from monitor.config import Key, keys
from spiders.options import OPTIONS
from tests.configuration import GOOD, loaded

SAMPLE = {
    "name": "x",
    "timezone": "UTC",
    "contact": "a@b.test",
    "archive": "sqlite:///x.db",
    "mail": "{}",
    "mail.via": "maildir:x",
    "mail.from": "a@b.test",
    "mail.returns": "maildir:x",
    "channels": "{desk: {via: maildir, path: x}}",
    "channels.NAME.via": "atom",
    "channels.NAME.path": "x",
    "channels.NAME.url": "https://x.test/",
    "channels.NAME.secret_env": "FEED_AUTH",
    "channels.NAME.url_env": "FEED_AUTH",
    "channels.NAME.entries": "7",
    "operator": "a@b.test",
    "web": "{}",
    "web.bind": "127.0.0.1:1",
    "web.base_url": "http://x.test",
    "web.users": "[{name: x, role: reader}]",
    "web.users[].name": "y",
    "web.users[].role": "operator",
    "web.users[].password": "'$argon2id$v=19$m=65536,t=3,p=4$QmFzZTY0U2FsdEhlcmU$" + "7" * 43 + "'",
    "web.users[].language": "fr",
    "web.tokens": "[{name: x, role: reader, sha256: '" + "7" * 64 + "'}]",
    "web.tokens[].name": "y",
    "web.tokens[].role": "operator",
    "web.tokens[].sha256": "'" + "7" * 64 + "'",
    "web.proxy": "{header: X-User, from: [10.0.0.1]}",
    "web.proxy.header": "Remote-User",
    "web.proxy.from": "[10.0.0.2]",
    "web.proxy.role": "reader",
    "web.public": "true",
    "crawl": "{}",
    "crawl.delay": "2s",
    "crawl.timeout": "2s",
    "crawl.max_size": "2MB",
    "crawl.concurrency": "2",
    "crawl.allow_private": "['::1']",
    "keep": "{}",
    "keep.unmatched": "2d",
    "keep.mails": "2d",
    "sources": "[]",
    "sources[].id": "x",
    "sources[].name": "x",
    "sources[].publisher": "x",
    "sources[].kind": "sitemap",
    "sources[].url": "https://x.test/",
    "sources[].language": "fr",
    "sources[].options": "{history: 2}",
    "sources[].every": "2h to 4h",
    "sources[].read": "feed",
    "sources[].keep": "excerpt",
    "sources[].robots": "all",
    "sources[].official": "true",
    "sources[].may_be_empty": "true",
    "sources[].enabled": "false",
    "sources[].note": "x",
    "sources[].auth_env": "FEED_AUTH",
    "topics": "[]",
    "topics[].id": "x",
    "topics[].title": "{en: x}",
    "topics[].any": "{en: [x], fr: [y]}",
    "topics[].all": "[x]",
    "topics[].near": "{forms: [x], beside: [y]}",
    "topics[].near[].forms": "{en: [x], fr: [y]}",
    "topics[].near[].beside": "[z]",
    "topics[].near[].within": "article",
    "topics[].none": "{en: [x]}",
    "topics[].except": "[x]",
    "digests": "[]",
    "digests[].id": "x",
    "digests[].title": "x",
    "digests[].topics": "[]",
    "digests[].languages": "[fr]",
    "digests[].at": "at once",
    "digests[].not_on": "[12-25]",
    "digests[].quiet": "22:00 to 06:30",
    "digests[].timezone": "UTC",
    "digests[].language": "fr",
    "digests[].to": "[a@b.test]",
    "digests[].mentions": "false",
    "digests[].gather": "5m",
    "digests[].layout": "brief",
    "digests[].most": "20",
    "digests[].nothing_new": "true",
    "digests[].repeat_alerts": "true",
    "digests[].note": "x",
    "digests[].paused": "true",
    "digests[].at_most_once": "true",
}
"""Every key with something that may stand there and is not its default: adding a key means adding it here."""

OPTION_SAMPLE = {
    ("feed", "base"): "https://x.test/",
    ("feed", "history"): "2",
    ("gc_news", "dept"): "canadaborderservicesagency",
    ("gc_news", "types"): "[speeches]",
    ("gc_news", "pick"): "100",
    ("json_api", "items"): "results",
    ("json_api", "url"): "link",
    ("json_api", "title"): "headline",
    ("json_api", "guid"): "id",
    ("json_api", "summary"): "teaser",
    ("json_api", "content"): "text",
    ("json_api", "authors"): "authors.*.name",
    ("json_api", "published"): "[published, 'date']",
    ("json_api", "updated"): "updated",
    ("json_api", "language"): "language",
    ("json_api", "publisher"): "agency.name",
    ("json_api", "markup"): "[summary]",
    ("json_api", "timezone"): "America/Toronto",
    ("json_api", "next"): "links.next",
    ("json_api", "pages"): "2",
    ("listing", "item"): "article.teaser",
    ("listing", "link"): "h2 > a",
    ("listing", "title"): "'h2::text'",
    ("listing", "date"): "'time::attr(datetime)'",
    ("listing", "summary"): "p",
    ("listing", "timezone"): "America/Toronto",
    ("listing", "only"): "[/news/*]",
    ("listing", "but"): "[/tag/*]",
    ("listing", "next"): "a.next",
    ("listing", "pages"): "2",
    ("sitemap", "since"): "36h",
    ("sitemap", "undated"): "true",
    ("sitemap", "only"): "[/news/*]",
    ("sitemap", "but"): "[/tag/*]",
    ("sitemap", "sitemaps"): "5",
    ("sitemap", "parts"): "[/post-*]",
}
"""Every option of every kind with something that may stand there and is not its default."""
GO_TOGETHER = {"json_api": {"url": "url", "title": "title"}, "pages": {"next": "next"}}
"""What has to be written besides: for a kind, and for an option."""


A_CHANNEL = {
    "via": {"via": "maildir", "path": "x"},
    "path": {"via": "maildir", "path": "y"},
    "url": {"via": "webhook", "url": "https://y.test/"},
    "secret_env": {"via": "webhook", "url": "https://x.test/"},
    "url_env": {"via": "apprise", "url_env": "OTHER"},
    "entries": {"via": "atom", "path": "x"},
}
"""A channel that may have the key."""


OF_PAGES = {
    "web.users[]": {"name": "x", "role": "reader"},
    "web.tokens[]": {"name": "x", "role": "reader", "sha256": "'" + "8" * 64 + "'"},
    "web.proxy": {"header": "X-User", "from": "[10.0.0.1]"},
}
"""What goes together under `web`."""


def with_options(kind: str, options: dict[str, str]) -> str:
    """A file of sources with one source of a kind."""
    written = ", ".join(f"{name}: {value}" for name, value in options.items())
    return f"sources:\n  - {{id: a, kind: {kind}, url: https://x.test/, options: {{{written}}}}}\n"


def with_key(path: str, value: str | None) -> dict[str, str]:
    """The good configuration with one key written (None: and all that goes with it), as arguments for `loaded`."""
    section, _, name = path.rpartition(".")
    if section == "topics[].near[]":
        group = {"forms": "[a]", "beside": "[b]"} | ({} if value is None else {name: value})
        return with_key("topics[].near", f"[{{{', '.join(f'{key}: {each}' for key, each in group.items())}}}]")
    if section == "channels.NAME":
        keys_ = A_CHANNEL[name] | ({} if value is None else {name: value})
        return with_key("channels", f"{{desk: {{{', '.join(f'{key}: {each}' for key, each in keys_.items())}}}}}")
    if section in OF_PAGES:
        keys_ = OF_PAGES[section] | ({} if value is None else {name: value})
        entry = f"{{{', '.join(f'{key}: {each}' for key, each in keys_.items())}}}"
        return with_key(section.removesuffix("[]"), f"[{entry}]" if section.endswith("[]") else entry)
    if value is None:
        return {}
    listed = section.removesuffix("[]")
    if section.endswith("[]"):
        text = GOOD[listed]
        text = re.sub(rf"(?<=[{{ ]){name}: (\[.*?\]|\{{.*?\}}|[^,}}]+)(, )?", "", text, count=1)
        return {listed: text.replace("- {", f"- {{{name}: {value}, ").replace(", }", "}")}
    if path in {"sources", "topics", "digests"}:
        return {path: f"{path}: {value}\n"}
    written = (
        f"{section}: {{{name}: '{value}'}}\n"
        if section and value[0] not in "[{0123456789" and value not in ("true", "false")
        else ""
    )
    written = written or (f"{section}: {{{name}: {value}}}\n" if section else f"{name}: {value}\n")
    return {"monitor": written + ("" if path == "contact" else GOOD["monitor"])}


def test_every_key_that_may_be_written_is_in_the_reference_with_a_meaning() -> None:
    documented = keys(OPTIONS)
    assert [key.path for key in documented if key.kind is None] == list(SAMPLE)
    options = {(key.kind, key.path.removeprefix("sources[].options.")) for key in documented if key.kind}
    assert options == OPTION_SAMPLE.keys()
    assert all(key.meaning and "\n" not in key.meaning for key in documented)
    assert all((key.default is None) is key.required for key in documented)
    assert {key.path for key in documented if key.required and key.kind is None} == {
        "contact",
        "channels.NAME.via",
        "web.users[].name",
        "web.users[].role",
        "web.tokens[].name",
        "web.tokens[].role",
        "web.tokens[].sha256",
        "web.proxy.header",
        "web.proxy.from",
        "sources",
        "sources[].id",
        "sources[].kind",
        "sources[].url",
        "topics",
        "topics[].id",
        "topics[].near[].forms",
        "topics[].near[].beside",
        "digests",
        "digests[].id",
    }


@pytest.mark.parametrize("path", SAMPLE)
def test_every_key_of_the_reference_is_understood(tmp_path: Path, path: str) -> None:
    texts = with_key(path, SAMPLE[path])
    changed = loaded(tmp_path, texts, environ={"FEED_AUTH": "a:b"})
    if SAMPLE[path] != "{}":
        assert changed.fingerprint != loaded(tmp_path, with_key(path, None)).fingerprint


@pytest.mark.parametrize(("kind", "name"), OPTION_SAMPLE)
def test_every_option_of_the_reference_is_understood(tmp_path: Path, kind: str, name: str) -> None:
    others = GO_TOGETHER.get(kind, {}) | GO_TOGETHER.get(name, {})
    plain = loaded(tmp_path, sources=with_options(kind, others))
    changed = loaded(tmp_path, sources=with_options(kind, others | {name: OPTION_SAMPLE[kind, name]}))
    assert changed.fingerprint != plain.fingerprint


@pytest.mark.parametrize(
    "key", [key for key in keys(OPTIONS) if key.kind and key.literal], ids=lambda key: f"{key.kind}-{key.path}"
)
def test_a_default_of_an_option_is_what_the_reference_says(tmp_path: Path, key: Key) -> None:
    kind, name = str(key.kind), key.path.removeprefix("sources[].options.")
    others = GO_TOGETHER.get(kind, {})
    plain = loaded(tmp_path, sources=with_options(kind, others))
    written = loaded(tmp_path, sources=with_options(kind, others | {name: str(key.default)}))
    assert written.fingerprint == plain.fingerprint


@pytest.mark.parametrize("key", [key for key in keys() if key.literal], ids=lambda key: key.path)
def test_a_default_is_what_the_reference_says(tmp_path: Path, key: Key) -> None:
    written = with_key(key.path, str(key.default))
    if key.path == "digests[].to":  # the good configuration has a reader
        assert loaded(tmp_path, written).subscriptions[0].to == ()
    else:
        assert loaded(tmp_path, written).fingerprint == loaded(tmp_path, with_key(key.path, None)).fingerprint
