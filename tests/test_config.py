"""The configuration: how its mistakes are told, and what it means."""

import re
import subprocess
import sys
from datetime import time, timedelta
from pathlib import Path

import pytest

from monitor.config import MailKind, load
from monitor.errors import ConfigError
from monitor.types import Credentials, Form, Keep, Read, Robots, Topic
from spiders.options import FeedOptions, ListingOptions
from tests.configuration import KINDS, SOURCE, loaded, problems, shown


def test_mistakes_of_all_files_come_at_once_and_in_reading_order(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        monitor="contact: x\nkeep: {unmatched: 1}\n",
        sources="sources:\n\t- a\n",
        topics="topics:\n  - {id: stca, any: [x], evry: 1}\n",
        digests="digests:\n  - {id: d, language: de, topics: [nothing]}\n",
        environ={"ROXHAM_ARCHIVE": "x"},
    )
    assert [re.split(r": ", line)[0] for line in found] == [
        "config/monitor.yaml:1:10",
        "config/monitor.yaml:2:19",
        "config/sources.yaml:2:1",
        "config/topics.yaml:2:26",
        "config/digests.yaml:2:23",
        "config/digests.yaml:2:36",
        "environment:1:1",
    ]


def test_topics_that_cannot_be_read_are_not_blamed_on_the_digests(tmp_path: Path) -> None:
    found = problems(tmp_path, topics="topics: [\n", digests="digests:\n  - {id: d, topics: [stca]}\n")
    assert len(found) == 1


def test_missing_files_and_folders_are_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(Path("nowhere"), kinds=KINDS, environ={})
    assert str(caught.value) == (
        "nowhere:1:1: there is no such folder; `roxham init nowhere` writes a commented starter configuration"
    )
    Path("here").mkdir()
    Path("here/topics.yml").write_text("topics: []\n")
    with pytest.raises(ConfigError) as caught:
        load(Path("here"), kinds=KINDS, environ={})
    init = "the file is missing; `roxham init` writes a commented set of four into a new folder"
    assert str(caught.value).splitlines() == [
        f"here/monitor.yaml:1:1: {init}",
        f"here/sources.yaml:1:1: {init}",
        "here/topics.yaml:1:1: the file is missing; topics.yml is there: rename it",
        f"here/digests.yaml:1:1: {init}",
    ]


def test_what_is_not_written_has_a_default(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    (source,), (topic,), (digest,) = config.sources, config.topics, config.subscriptions
    assert (config.name, config.timezone, config.contact) == ("Roxham", "America/Toronto", "desk@newsroom.test")
    assert config.archive == f"sqlite:///{tmp_path}/var/roxham.db"
    assert (config.mail.kind, config.mail.path) == (MailKind.MAILDIR, tmp_path / "var/outbox")
    assert config.mail.sender == "Roxham <desk@newsroom.test>"
    assert (config.web.host, config.web.port, config.web.base_url) == ("127.0.0.1", 8400, "http://127.0.0.1:8400")
    assert (config.crawl.delay, config.crawl.max_size) == (timedelta(seconds=1), 10_000_000)
    assert config.keep_unmatched == timedelta(days=90)
    assert (source.name, source.publisher, source.every) == ("news", "news", timedelta(minutes=15))
    assert (source.read, source.keep, source.enabled, source.credentials) == (Read.PAGE, Keep.TEXT, True, None)
    assert topic.title == {"und": "stca"}
    assert (digest.topics, digest.language, digest.timezone) == (("stca",), "en", "America/Toronto")
    assert digest.at.moments == {(day, time(7)) for day in range(5)}
    assert config.warnings == ()


def test_yaml_1_2_leaves_times_and_words_of_yaml_1_1_as_text(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        sources="sources:\n  - {id: no, kind: feed, url: http://x.test/, language: no, name: on, publisher: 12:30}\n",
        topics="topics:\n  - {id: stca, title: {no: Avtale}, any: {no: [ja, off], en: [y]}}\n",
    )
    source, topic = config.sources[0], config.topics[0]
    assert (source.id, source.language, source.name, source.publisher) == ("no", "no", "on", "12:30")
    assert [(form.language, form.text) for form in topic.any] == [("no", "ja"), ("no", "off"), ("en", "y")]


def test_forms_and_titles_may_stand_without_a_language(tmp_path: Path) -> None:
    config = loaded(
        tmp_path, topics="topics:\n  - {id: stca, title: The pact, any: [pact], except: ['\"other pact\"']}\n"
    )
    assert config.topics == (
        Topic(
            id="stca",
            title={"und": "The pact"},
            any=(Form(text="pact", language="und"),),
            excepting=(Form(text='"other pact"', language="und"),),
        ),
    )


def test_sections_and_lists_that_are_commented_out_count_as_not_written(tmp_path: Path) -> None:
    commented = loaded(tmp_path, monitor="contact: desk@newsroom.test\nmail:\n#  via: x\ncrawl:\n  allow_private:\n")
    assert commented.fingerprint == loaded(tmp_path).fingerprint
    empty = loaded(tmp_path, sources="sources:\n", topics="topics: []\n", digests="digests:\n")
    assert (empty.sources, empty.topics, empty.subscriptions) == ((), (), ())
    assert shown(tmp_path, empty.warnings) == [
        "config/sources.yaml:1:1: sources: no source is enabled: nothing is watched",
        "config/topics.yaml:1:9: topics: is empty: nothing is looked for",
        "config/digests.yaml:1:1: digests: is empty: nobody is told anything",
    ]


def test_a_byte_order_mark_windows_line_ends_anchors_and_json_are_yaml(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        monitor=b'\xef\xbb\xbf{"contact": "desk@newsroom.test",\r\n "name": "Caf\xc3\xa9"}\r\n',
        topics="topics:\n  - {id: a, any: &forms [x]}\n  - {id: b, any: *forms, none: &forms [z]}\n",
    )
    assert config.name == "Café"
    assert [form.text for form in config.topics[1].any] == ["x"]


def test_user_and_password_leave_the_url_with_a_warning(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        sources="sources:\n  - {id: a, kind: feed, url: 'https://me:p%40ss@example.org:8443/f?q=\"x\"&y>=[1]'}\n",
    )
    assert config.sources[0].url == 'https://example.org:8443/f?q="x"&y>=[1]'
    assert config.sources[0].credentials == Credentials(user="me", password="p@ss")
    assert shown(tmp_path, config.warnings) == [
        "config/sources.yaml:2:30: sources[a].url: a user and password stand in the url; "
        "put them into an environment variable and name it in auth_env"
    ]


def test_credentials_come_from_the_variable_that_is_named(tmp_path: Path) -> None:
    config = loaded(tmp_path, sources=SOURCE + "    auth_env: FEED_AUTH\n", environ={"FEED_AUTH": "me:pass:word"})
    assert config.sources[0].credentials == Credentials(user="me", password="pass:word")
    off = loaded(tmp_path, sources=SOURCE + "    auth_env: FEED_AUTH\n    enabled: false\n    note: moved\n")
    assert (off.sources[0].enabled, off.sources[0].credentials) == (False, None)


def test_a_variable_without_a_colon_holds_no_user_and_password(tmp_path: Path) -> None:
    found = problems(tmp_path, sources=SOURCE + "    auth_env: FEED_AUTH\n", environ={"FEED_AUTH": "hunter2"})
    assert found == [
        "config/sources.yaml:5:15: sources[a].auth_env: the environment variable FEED_AUTH does not hold user:password"
    ]


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    environ = {
        "ROXHAM_MAIL": "smtps://mail.test",
        "ROXHAM_MAIL_USER": "me",
        "ROXHAM_MAIL_PASSWORD_FILE": "secret",
        "FEED_AUTH": "me:hunter2",
    }
    sources = SOURCE + "    auth_env: FEED_AUTH\n  - {id: b, kind: feed, url: https://me:hunter2@example.org/b}\n"
    config = loaded(tmp_path, environ=environ, sources=sources)
    assert (config.mail.user, config.mail.password) == ("me", "hunter2")
    assert config.sources[0].credentials == Credentials(user="me", password="hunter2")
    assert "hunter2" not in repr(config)
    found = problems(
        tmp_path,
        environ={**environ, "ROXHAM_MAIL": "smpt://me:hunter2@x", "ROXHAM_MAIL_PASSWORD": "hunter2"},
        monitor="contact: a@b.test\nmail: {via: 'smtp://me:hunter2@mail.test', passwd: hunter2}\n",
        sources=sources.replace("https", "ftp") + "    password: hunter2\n",
    )
    assert len(found) >= 4
    assert "hunter2" not in "\n".join(found)


def test_the_environment_overrides_archive_and_mail(tmp_path: Path) -> None:
    environ = {
        "ROXHAM_ARCHIVE": "sqlite:////srv/x.db",
        "ROXHAM_MAIL": "smtp://mail.test:2525",
        "ROXHAM_MAIL_USER": "me",
        "ROXHAM_MAIL_PASSWORD": "hunter2",
    }
    config = loaded(tmp_path, environ=environ)
    assert config.archive == "sqlite:////srv/x.db"
    mail = config.mail
    assert (mail.kind, mail.host, mail.port, mail.starttls) == (MailKind.SMTP, "mail.test", 2525, True)
    assert (mail.user, mail.password, mail.path) == ("me", "hunter2", None)
    relative = loaded(tmp_path, environ={"ROXHAM_ARCHIVE": "sqlite:///x.db", "ROXHAM_MAIL": ""})
    assert (relative.archive, relative.mail.kind) == (f"sqlite:///{tmp_path}/x.db", MailKind.MAILDIR)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"ROXHAM_MAIL_USER": "me"}, "ROXHAM_MAIL_PASSWORD: is not set, nor is ROXHAM_MAIL_PASSWORD_FILE, but"),
        ({"ROXHAM_MAIL_PASSWORD": "x"}, "ROXHAM_MAIL_USER: is not set, but a password is"),
        (
            {"ROXHAM_MAIL_USER": "me", "ROXHAM_MAIL_PASSWORD": "x", "ROXHAM_MAIL_PASSWORD_FILE": "y"},
            "ROXHAM_MAIL_PASSWORD_FILE: ROXHAM_MAIL_PASSWORD is set as well; set one of them",
        ),
        (
            {"ROXHAM_MAIL_USER": "me", "ROXHAM_MAIL_PASSWORD_FILE": "/nowhere"},
            "ROXHAM_MAIL_PASSWORD_FILE: /nowhere cannot be read: No such file or directory",
        ),
        ({"ROXHAM_MAIL": "mail.test"}, "ROXHAM_MAIL: is not a way for mail"),
        ({"ROXHAM_ARCHIVE": "sqlite:///"}, "ROXHAM_ARCHIVE: must name a file, such as sqlite:///var/roxham.db"),
    ],
)
def test_mistakes_in_the_environment_are_problems_too(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    (found,) = problems(tmp_path, environ=environ)
    assert found.startswith(f"environment:1:1: {expected}")


def test_likely_slips_are_warnings(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        monitor="contact: a@b.test\nmail: {via: smtp://relay.test?starttls=off}\n",
        sources=SOURCE + "  - {id: b, kind: feed, url: https://example.org/}\n",
        topics="topics:\n  - {id: stca, any: {en: [pact], fr: []}}\n",
        digests="digests:\n  - {id: d, topics: []}\n",
    )
    assert shown(tmp_path, config.warnings) == [
        "config/monitor.yaml:2:13: mail.via: mail and password go to relay.test unencrypted; "
        "?starttls=off is for a relay on this machine",
        "config/sources.yaml:5:30: sources[b].url: the same address as source a: it is visited twice",
        'config/topics.yaml:2:21: topics[stca].any: has forms in one language only, "en": '
        "stories in others may be missed; a name that is the same in all goes into a plain list, any: [Emerson]",
        "config/digests.yaml:2:5: digests[d].to: has no readers: nothing is sent",
        "config/digests.yaml:2:21: digests[d].topics: is empty: this digest never has anything to tell",
    ]


def test_two_sources_of_a_site_without_one_publisher_are_a_warning(tmp_path: Path) -> None:
    second = "  - {id: b, kind: feed, url: https://example.org/b}\n"
    (warning,) = shown(tmp_path, loaded(tmp_path, sources=SOURCE + second).warnings)
    assert warning.startswith(
        'config/sources.yaml:5:5: sources[b]: its publisher is "b", that of a on the same host is "a"'
    )
    named = second.replace("kind", "publisher: B, kind")
    assert loaded(tmp_path, sources=SOURCE + named).warnings == ()


def test_a_source_is_told_how_it_is_visited(tmp_path: Path) -> None:
    written = "    every: 10m to 1h\n    robots: all\n    may_be_empty: true\n    options: {history: 3}\n"
    (plain,), (told,) = loaded(tmp_path).sources, loaded(tmp_path, sources=SOURCE + written).sources
    assert (plain.slowest, plain.robots, plain.may_be_empty) == (None, Robots.PAGES, False)
    assert (told.every, told.slowest) == (timedelta(minutes=10), timedelta(hours=1))
    assert (told.robots, told.may_be_empty) == (Robots.ALL, True)
    assert told.options == FeedOptions(history=3)


def test_options_that_are_not_written_have_their_defaults(tmp_path: Path) -> None:
    lines = [f"  - {{id: {kind}, kind: {kind}, url: https://x.test/{kind}}}\n" for kind in ("feed", "listing", "plain")]
    feed, listing, plain = loaded(tmp_path, sources="sources:\n" + "".join(lines)).sources
    assert (feed.options, listing.options, plain.options) == (FeedOptions(), ListingOptions(), None)
    commented = loaded(tmp_path, sources=SOURCE + "    options:\n#      history: 3\n").sources[0]
    assert commented.options == FeedOptions()


def test_blanks_around_an_option_do_not_count(tmp_path: Path) -> None:
    sources = "sources:\n  - {id: a, kind: listing, url: https://x.test/, options: {item: ' article '}}\n"
    assert loaded(tmp_path, sources=sources).sources[0].options == ListingOptions(item="article")


def test_the_fingerprint_follows_the_options(tmp_path: Path) -> None:
    plain = loaded(tmp_path, sources=SOURCE)
    assert loaded(tmp_path, sources=SOURCE + "    options: {history: 0}\n").fingerprint == plain.fingerprint
    assert loaded(tmp_path, sources=SOURCE + "    options: {history: 1}\n").fingerprint != plain.fingerprint


def test_a_kind_that_lists_links_holds_no_texts(tmp_path: Path) -> None:
    sources = "sources:\n  - {id: a, kind: listing, url: https://x.test/, read: feed}\n"
    assert shown(tmp_path, loaded(tmp_path, sources=sources).warnings) == [
        "config/sources.yaml:2:56: sources[a].read: kind listing lists links, not texts: "
        "an article is no more than its headline and teaser"
    ]


def test_a_next_page_that_is_never_read_is_a_warning(tmp_path: Path) -> None:
    entry = "sources:\n  - {id: a, kind: listing, url: https://x.test/, options: {next: a.next, pages: %d}}\n"
    assert loaded(tmp_path, sources=entry % 2).warnings == ()
    assert shown(tmp_path, loaded(tmp_path, sources=entry % 1).warnings) == [
        "config/sources.yaml:2:66: sources[a].options.next: one page is read, `next` is not followed; "
        "`pages: 3` would read two more"
    ]


@pytest.mark.parametrize(
    ("host", "every", "warned"),
    [
        ("www.cbc.ca", "10s", True),
        ("www.cbc.ca", "10s to 5m", True),
        ("www.cbc.ca", "1m", False),
        ("127.0.0.1:8080", "1s", False),
        ("site.test", "1s", False),
    ],
)
def test_a_publisher_is_not_to_be_asked_all_the_time(tmp_path: Path, host: str, every: str, warned: bool) -> None:
    sources = f"sources:\n  - {{id: a, kind: feed, url: 'https://{host}/', every: {every}}}\n"
    place = len(f"  - {{id: a, kind: feed, url: 'https://{host}/', every: ") + 1
    said = f"config/sources.yaml:2:{place}: sources[a].every: {host} is asked more than once a minute; "
    assert shown(tmp_path, loaded(tmp_path, sources=sources).warnings) == (
        [said + "publishers take that for an attack"] if warned else []
    )


@pytest.mark.parametrize(
    ("contact", "placeholder"),
    [
        ("desk@example.org", True),
        ("desk@news.Example.NET", True),
        ("https://example.com/about", True),
        ("https://www.example.com", True),
        ("desk@example.ca", False),
        ("desk@myexample.org", False),
        ("desk@example.org.ca", False),
    ],
)
def test_a_contact_that_is_nobodys_is_a_warning(tmp_path: Path, contact: str, placeholder: bool) -> None:
    said = shown(tmp_path, loaded(tmp_path, monitor=f"contact: {contact}\n").warnings)
    what = "is nobody's address; write your own before real sites are visited"
    assert said == ([f"config/monitor.yaml:1:10: contact: {what}"] if placeholder else [])


def test_a_contact_may_be_a_web_page_and_the_web_may_listen_on_ipv6(tmp_path: Path) -> None:
    config = loaded(tmp_path, monitor="contact: https://example.org/about/\nweb: {bind: '[::1]:0'}\n")
    assert (config.contact, config.mail.sender) == ("https://example.org/about", "Roxham <roxham@localhost>")
    assert (config.web.host, config.web.port, config.web.base_url) == ("::1", 0, "http://[::1]:0")


def test_a_file_that_means_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    levels = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    levels += [
        f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]" for below, name in zip("abcdef", "bcdefg", strict=True)
    ]
    (found,) = problems(tmp_path, topics="\n".join(levels) + "\n")
    assert found == "config/topics.yaml:1:1: the file holds more than 500000 values"


def test_the_fingerprint_follows_the_meaning_not_the_notation(tmp_path: Path) -> None:
    plain = loaded(tmp_path).fingerprint
    same = loaded(
        tmp_path,
        monitor="# desk\nkeep: {unmatched: 2160h}\ncontact: 'desk@newsroom.test'\n",
        environ={"ROXHAM_ARCHIVE": "sqlite:////srv/x.db"},
    )
    assert same.fingerprint == plain
    assert loaded(tmp_path, monitor="contact: desk@newsroom.test\nkeep: {unmatched: 91d}\n").fingerprint != plain
    assert loaded(tmp_path, topics="topics:\n  - {id: stca, any: {en: [deal], fr: [entente]}}\n").fingerprint != plain


def test_reading_a_configuration_loads_nothing_heavy() -> None:
    code = "import sys, monitor.config; print(*sorted(sys.modules))"
    modules = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "monitor.config" in modules
    assert not modules & {
        "scrapy",
        "trafilatura",
        "lxml",
        "jinja2",
        "aiohttp",
        "sqlite_utils",
        "feedparser",
        "asyncio",
        "lark",
    }
