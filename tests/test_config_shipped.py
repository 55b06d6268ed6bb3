"""The configuration that ships with the program, and the starter made of it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import kinds
from monitor.config import Config, MailKind, load, starter
from monitor.config.document import read
from monitor.errors import ConfigError
from monitor.extract.urls import identity
from monitor.match import Matcher
from monitor.types import Keep, Read, SourceState
from spiders.gc_news import GcNewsSpider
from spiders.options import OPTIONS, ListingOptions
from tests.builders import article
from tests.configuration import SHIPPED


def shipped(tmp_path: Path) -> Config:
    starter(tmp_path / "config")
    return load(tmp_path / "config", kinds=kinds(), options=OPTIONS, environ={})


def test_the_starter_is_the_shipped_configuration_and_holds_no_problem(tmp_path: Path) -> None:
    config = shipped(tmp_path)
    assert [str(warning).partition("monitor.yaml:")[2].partition(" ")[2] for warning in config.warnings] == [
        "contact: is nobody's address; write your own before real sites are visited"
    ]
    assert config.fingerprint == load(SHIPPED, kinds=kinds(), options=OPTIONS, environ={}).fingerprint
    assert sum(source.enabled for source in config.sources) > 60
    assert {source.kind for source in config.sources} == set(kinds())
    assert {source.publisher for source in config.sources} >= {"The Canadian Press", "CBC", "La Presse"}
    assert {source.language for source in config.sources} == {"en", "fr"}
    assert [digest.language for digest in config.subscriptions] == ["en", "fr"]
    assert config.mail.kind is MailKind.MAILDIR
    assert all(address.endswith("@example.org") for digest in config.subscriptions for address in digest.to)


def test_what_is_commented_out_holds_when_it_is_taken_in(tmp_path: Path) -> None:
    starter(tmp_path / "config")
    secrets = {"CHAT_URL": "slack://x", "CMS_SECRET": "x", "ROXHAM_RETURNS_USER": "x", "ROXHAM_RETURNS_PASSWORD": "x"}
    key = r"(?:- id|topics|at|quiet|language|to|returns|operator|channels|newsroom-chat|cms|feed):"
    for name, first in (("monitor.yaml", "mail:"), ("digests.yaml", "digests:")):
        file = tmp_path / "config" / name
        before, found, after = file.read_text("utf-8").partition(f"\n{first}\n")
        after = re.sub(rf"^( *)# ( *{key})", r"\1\2", after, flags=re.MULTILINE)
        file.write_text(before + found + after.replace("duty@example.org", "newsroom-chat, cms, feed"), "utf-8")
    config = load(tmp_path / "config", kinds=kinds(), options=OPTIONS, environ=secrets)
    assert config.mail.returns is not None
    assert config.operator == "ops@example.org"
    assert [channel.name for channel in config.channels] == ["newsroom-chat", "cms", "feed"]
    assert config.subscriptions[-1].to == ("newsroom-chat", "cms", "feed")
    assert config.subscriptions[-1].at.at_once
    assert len(config.warnings) == 1


def test_the_shipped_sources_respect_terms_and_limits(tmp_path: Path) -> None:
    for source in shipped(tmp_path).sources:
        if source.publisher in {"CBC", "Radio-Canada", "The Globe and Mail", "La Presse"}:
            assert source.keep is Keep.EXCERPT, source.id
        if "api.io.canada.ca" in source.url:
            assert source.read is Read.FEED, source.id
        if "thecanadianpressnews.ca" in source.url:
            assert source.every >= timedelta(hours=1), source.id
        assert "news.google" not in source.url
        assert "msn.com" not in source.url


def test_what_is_switched_off_says_why_and_what_is_on_is_no_repetition(tmp_path: Path) -> None:
    config = shipped(tmp_path)
    written = read(SHIPPED / "sources.yaml", "sources.yaml").data
    assert isinstance(written, dict)
    notes = {keys["id"]: keys.get("note") for keys in written["sources"]}
    assert [source.id for source in config.sources if not source.enabled and not notes[source.id]] == []
    addresses = [identity(source.url) for source in config.sources]
    assert len(set(addresses)) == len(addresses)


def test_the_shipped_sources_say_their_language_in_their_ids(tmp_path: Path) -> None:
    for source in shipped(tmp_path).sources:
        assert source.language is not None
        assert source.id.endswith(f"-{source.language}"), source.id


def test_releases_of_the_government_are_asked_for_at_a_fixed_pace_and_with_known_parameters_only(
    tmp_path: Path,
) -> None:
    spider = GcNewsSpider(errands=[], keep=lambda _: None, clock=lambda: None)  # type: ignore[arg-type, return-value]
    asked = [source for source in shipped(tmp_path).sources if "api.io.canada.ca" in source.url]
    assert {source.kind for source in asked} == {"gc_news"}
    for source in asked:
        assert source.every <= timedelta(minutes=15), source.id
        assert source.slowest is None, source.id
        assert spider.address(source, SourceState(source_id=source.id)) == source.url


def test_a_shipped_page_of_links_says_which_links_are_meant(tmp_path: Path) -> None:
    listings = [source for source in shipped(tmp_path).sources if source.kind == "listing"]
    assert listings
    for source in listings:
        assert isinstance(source.options, ListingOptions)
        assert source.options.only or source.options.item, source.id


def test_the_starter_never_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "topics.yaml").write_text("mine")
    with pytest.raises(ConfigError, match=r"topics\.yaml:1:1: is there already; nothing was written"):
        starter(folder)
    assert [path.name for path in folder.iterdir()] == ["topics.yaml"]
    assert (folder / "topics.yaml").read_text() == "mine"


def test_the_starter_says_why_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="the starter configuration cannot be written"):
        starter(tmp_path / "file" / "config")


@pytest.mark.parametrize(
    ("topic_id", "text", "expected"),
    [
        ("roxham-road", "Police close Roxham Road", True),
        ("roxham-road", "ROXHAM RD. QUEBEC", True),
        ("roxham-road", "Roxham officiellement fermé", True),
        ("roxham-road", "see #RoxhamRoad", True),
        ("roxham-road", "par le chemin Roxham", True),
        ("roxham-road", "A crash on Wroxham Road, Norwich", False),
        ("roxham-road", "a tractor fire at Roxham Farm", False),
        ("roxham-road", "Roxham Farm is far from Roxham Road", True),
        ("stca", "the Safe Third Country Agreement", True),
        ("stca", "the safe third\u2011country agreement", True),
        ("stca", "Safe Third Countries Agreement", True),
        ("stca", "l’Entente sur les tiers pays sûrs", True),
        ("stca", "l'entente sur les tiers pays surs", True),
        ("stca", "l’Accord sur les tiers pays sûrs", True),
        ("stca", "Entente Canada–États-Unis sur les tiers pays sûrs", True),
        ("stca", "l’entente entre le Canada et les États-Unis sur les tiers pays sûrs", True),
        ("stca", "Rwanda is not a safe third country", False),
        ("stca", "le règlement européen sur les pays tiers sûrs", False),
        ("stca", "a U.S.-Guatemala safe third country agreement", False),
        ("stca", "safety agreements with third countries", False),
        ("stca", "the STCA (short term conflict alert)", False),
        ("stca", "an ETPS graduate", False),
    ],
)
def test_the_shipped_topics_find_their_forms_and_leave_false_friends(topic_id: str, text: str, expected: bool) -> None:
    config = load(SHIPPED, kinds=kinds(), options=OPTIONS, environ={})
    found = {match.topic_id for match in Matcher(config.topics).match(article(title="-", text=text))}
    assert (topic_id in found) is expected
