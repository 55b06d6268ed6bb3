"""What digests, channels and mail may be told, and the exact line that tells what they may not."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import ChannelKind, ChannelSettings, ReturnsKind
from monitor.config.routes import returns_route
from monitor.config.schedules import DaysOff, days_off, quiet_hours
from monitor.types import Layout, Quiet, Subscription
from tests.configuration import GOOD, loaded, problems, shown

CHANNELS = (
    "channels:\n"
    "  folder: {via: maildir, path: var/folder}\n"
    "  hook: {via: webhook, url: https://hooks.test/T0/token, secret_env: HOOK_SECRET}\n"
    "  chat: {via: apprise, url_env: CHAT_URL}\n"
    "  feed: {via: atom, path: /srv/feed.xml, entries: 7}\n"
)
SECRETS = {"HOOK_SECRET": "hunter2", "CHAT_URL": "slack://hunter3"}


def digest(folder: Path, written: str, monitor: str = "") -> Subscription:
    """The one digest of the good configuration, told `written` besides."""
    text = f"digests:\n  - id: desk\n    to: [desk@example.org]\n{written}"
    return loaded(folder, digests=text, monitor=GOOD["monitor"] + monitor).subscriptions[0]


def test_a_digest_is_told_all_there_is_to_tell(tmp_path: Path) -> None:
    told = digest(
        tmp_path,
        "    languages: [fr-CA, en, fr]\n    at: [weekdays 07:00, 'saturdays, sundays 09:00, 18:00']\n"
        "    not_on: [2026-12-25, 07-01, 2026-12-30 to 2027-01-02]\n    quiet: 22:00 to 06:30\n"
        "    layout: brief\n    most: 20\n    nothing_new: true\n    repeat_alerts: true\n"
        "    note: >\n      Because you\n      asked.\n    paused: true\n    at_most_once: true\n",
    )
    assert told.languages == ("fr", "en")
    assert told.at.text == "weekdays 07:00, saturdays, sundays 09:00, 18:00"
    weekend = {(day, time(hour)) for day in (5, 6) for hour in (9, 18)}
    assert told.at.moments == {(day, time(7)) for day in range(5)} | weekend
    assert told.not_on == {
        date(2026, 12, 25), date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)
    }  # fmt: skip
    assert told.not_on_yearly == {(7, 1)}
    assert told.quiet == Quiet(since=time(22), until=time(6, 30))
    assert (told.layout, told.most, told.note) == (Layout.BRIEF, 20, "Because you asked.")
    assert (told.nothing_new, told.repeat_alerts, told.paused, told.at_most_once) == (True, True, True, True)


def test_a_digest_that_is_told_nothing_is_plain(tmp_path: Path) -> None:
    told = digest(tmp_path, "")
    assert (told.languages, told.not_on, told.not_on_yearly, told.quiet) == ((), frozenset(), frozenset(), None)
    assert (told.gather, told.layout, told.note) == (timedelta(minutes=1), Layout.FULL, None)
    assert (told.nothing_new, told.repeat_alerts, told.paused, told.at_most_once) == (False, False, False, False)
    assert digest(tmp_path, "    at: at once\n    gather: 0s\n").gather == timedelta(0)


@pytest.mark.parametrize(
    ("written", "base_url", "most"),
    [
        ("", "http://127.0.0.1:8400", None),  # nobody else could open the page with the rest
        ("", "http://news.localhost", None),
        ("", "https://news.example.org", 50),
        ("", "http://10.0.0.7:8400", 50),
        ("    most: all\n", "https://news.example.org", None),
        ("    most: 1000\n", "https://news.example.org", 1000),
        ("    most: 3\n", "http://127.0.0.1:8400", 3),
    ],
)
def test_a_mail_tells_so_many_stories(tmp_path: Path, written: str, base_url: str, most: int | None) -> None:
    assert digest(tmp_path, written, f"web: {{base_url: '{base_url}'}}\n").most == most


@pytest.mark.parametrize(
    ("written", "dates", "yearly"),
    [
        ("2026-12-25", {date(2026, 12, 25)}, set()),
        ("12-25", set(), {(12, 25)}),
        ("02-29", set(), {(2, 29)}),
        ("2028-02-29", {date(2028, 2, 29)}, set()),
        ("2026-12-31 to 2027-01-01", {date(2026, 12, 31), date(2027, 1, 1)}, set()),
        ("2026-12-31 – 2027-01-01", {date(2026, 12, 31), date(2027, 1, 1)}, set()),
        ("12-31 to 01-02", set(), {(12, 31), (1, 1), (1, 2)}),
        ("02-28 to 03-01", set(), {(2, 28), (2, 29), (3, 1)}),
        (" 7-1 ", set(), {(7, 1)}),
    ],
)
def test_dates_on_which_nothing_goes_out(written: str, dates: set[date], yearly: set[tuple[int, int]]) -> None:
    found = days_off(written)
    assert found == DaysOff(dates=frozenset(dates), yearly=frozenset(yearly))


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 365))
def test_a_range_of_dates_holds_each_of_them_once(since: date, length: int) -> None:
    until = since + timedelta(days=length)
    found = days_off(f"{since} to {until}").dates
    assert (min(found), max(found), len(found)) == (since, until, length + 1)


@given(st.dates(date(2000, 1, 1), date(2000, 12, 31)), st.dates(date(2000, 1, 1), date(2000, 12, 31)))
def test_a_range_of_every_year_and_its_opposite_are_the_year(since: date, until: date) -> None:
    if since != until:
        there, back = (days_off(f"{a:%m-%d} to {b:%m-%d}").yearly for a, b in ((since, until), (until, since)))
        assert there & back == {(since.month, since.day), (until.month, until.day)}
        assert len(there | back) == 366


@pytest.mark.parametrize("written", ["22:00 to 06:30", "22:00-6:30", "22:00 – 06:30", "22:00–06:30", "22:00 TO 06:30"])
def test_quiet_hours_as_people_write_them(written: str) -> None:
    if "TO" in written:
        with pytest.raises(ValueError, match="is not hours such as 22:00 to 06:30"):
            quiet_hours(written)
    else:
        assert quiet_hours(written) == Quiet(since=time(22), until=time(6, 30))


def test_channels_are_readers_by_their_names(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        monitor=GOOD["monitor"] + CHANNELS + "operator: ops@newsroom.test\nkeep: {mails: 7d}\n",
        digests="digests:\n  - {id: d, to: [desk@example.org, hook, chat]}\n  - {id: e, to: [feed, folder]}\n",
        environ=SECRETS,
    )
    assert config.channels == (
        ChannelSettings(name="folder", kind=ChannelKind.MAILDIR, path=tmp_path / "var/folder"),
        ChannelSettings(name="hook", kind=ChannelKind.WEBHOOK, url="https://hooks.test/T0/token", secret="hunter2"),
        ChannelSettings(name="chat", kind=ChannelKind.APPRISE, url="slack://hunter3"),
        ChannelSettings(name="feed", kind=ChannelKind.ATOM, path=Path("/srv/feed.xml"), entries=7),
    )
    assert config.subscriptions[0].to == ("desk@example.org", "hook", "chat")
    assert (config.operator, config.keep_mails) == ("ops@newsroom.test", timedelta(days=7))
    assert "hunter" not in repr(config)
    assert "T0/token" not in repr(config)


def test_a_channel_that_no_digest_names_needs_no_secret(tmp_path: Path) -> None:
    config = loaded(tmp_path, monitor=GOOD["monitor"] + CHANNELS, digests="digests:\n  - {id: d, to: [folder, feed]}\n")
    assert [channel.name for channel in config.channels] == ["folder", "feed"]


def test_a_channel_that_a_digest_names_needs_its_secret(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        monitor=GOOD["monitor"] + CHANNELS,
        digests="digests:\n  - {id: d, paused: true, to: [hook, chat]}\n  - {id: e, at: 13:60}\n",
        environ={"CHAT_URL": "hunter3"},
    )
    assert found == [
        "config/monitor.yaml:4:70: channels.hook.secret_env: the environment variable HOOK_SECRET is not set",
        "config/monitor.yaml:5:33: channels.chat.url_env: the environment variable CHAT_URL does not hold an address "
        "such as slack://…",
        'config/digests.yaml:3:17: digests[e].at: "13:60" is not a time of day from 00:00 to 23:59',
    ]


def test_secrets_are_no_part_of_the_fingerprint(tmp_path: Path) -> None:
    def fingerprint(environ: dict[str, str]) -> str:
        digests = "digests:\n  - {id: d, to: [hook, chat]}\n"
        monitor = GOOD["monitor"] + CHANNELS + "mail: {returns: 'imaps://mail.test'}\n"
        return loaded(tmp_path, monitor=monitor, digests=digests, environ=environ).fingerprint

    first = SECRETS | {"ROXHAM_RETURNS_USER": "me", "ROXHAM_RETURNS_PASSWORD": "hunter4"}
    other = {name: value + "5" for name, value in first.items()}
    assert fingerprint(first) == fingerprint(other)


@pytest.mark.parametrize(
    ("written", "host", "port", "folder", "starttls"),
    [
        ("imaps://mail.test", "mail.test", 993, "INBOX", True),
        ("imaps://mail.test:9993/Returns/News", "mail.test", 9993, "Returns/News", True),
        ("imap://mail.test/Retourn%C3%A9s%20", "mail.test", 143, "Retournés", True),
        ("imap://localhost:1143?starttls=off", "localhost", 1143, "INBOX", False),
        ("imap://[::1]/?starttls=off", "::1", 143, "INBOX", False),
    ],
)
def test_mail_that_comes_back_is_read_from_a_mailbox(
    written: str, host: str, port: int, folder: str, starttls: bool
) -> None:
    route = returns_route(written)
    assert (route.host, route.port, route.folder, route.starttls) == (host, port, folder, starttls)


def test_who_opens_the_mailbox_is_said_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    environ = {"ROXHAM_RETURNS_USER": "me", "ROXHAM_RETURNS_PASSWORD_FILE": "secret"}
    mail = GOOD["monitor"] + "mail: {returns: 'imap://mail.test/Returns'}\n"
    returns = loaded(tmp_path, monitor=mail, environ=environ).mail.returns
    assert returns is not None
    assert (returns.kind, returns.user, returns.password) == (ReturnsKind.IMAP, "me", "hunter2")
    assert "hunter2" not in repr(returns)
    assert problems(tmp_path, monitor=mail) == [
        "config/monitor.yaml:2:17: mail.returns: the environment variable ROXHAM_RETURNS_USER is not set: "
        "who opens the mailbox?"
    ]
    assert problems(tmp_path, monitor=mail, environ={"ROXHAM_RETURNS_USER": "me"}) == [
        "environment:1:1: ROXHAM_RETURNS_PASSWORD: is not set, nor is ROXHAM_RETURNS_PASSWORD_FILE, "
        "but ROXHAM_RETURNS_USER is"
    ]
    folder = loaded(tmp_path, monitor=GOOD["monitor"] + "mail: {returns: maildir:var/back}\n").mail.returns
    assert folder is not None
    assert (folder.kind, folder.path) == (ReturnsKind.MAILDIR, tmp_path / "var/back")


def test_what_is_hardly_meant_of_digests_is_a_warning(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        monitor=GOOD["monitor"] + "channels: {a: {via: atom, path: var/x}, b: {via: atom, path: ./var/x}}\n",
        digests="digests:\n"
        "  - {id: d, to: [a@b.test], gather: 1m}\n"
        "  - {id: e, to: [a@b.test], at: at once, repeat_alerts: true, gather: 2m}\n"
        "  - {id: f, to: [a@b.test], at: [daily 23:00, mondays 06:00], quiet: 22:00 to 06:30}\n"
        "  - {id: g, to: [a@b.test], not_on: [01-01 to 06-30, 07-01 to 12-31], most: 20}\n"
        "  - {id: h, to: [a@b.test], at: 'daily 23:00, 06:30', quiet: 22:00 to 06:30, languages: [de], most: all}\n",
    )
    assert shown(tmp_path, config.warnings) == [
        "config/monitor.yaml:2:62: channels.b.path: channel a writes this file too: "
        "each takes the other's stories out of it",
        "config/digests.yaml:2:37: digests[d].gather: counts only where at is `at once`",
        "config/digests.yaml:3:57: digests[e].repeat_alerts: is meant for a digest that comes later; "
        "here it lets one alert tell what another told",
        "config/digests.yaml:4:70: digests[f].quiet: all times of this digest lie in these hours: "
        "it goes out at their end, 06:30",
        "config/digests.yaml:5:37: digests[g].not_on: leaves no date of the year: nothing is ever told",
        "config/digests.yaml:5:77: digests[g].most: the rest stands on a page that nobody else can open: "
        "web.base_url leads to this machine only",
    ]


BROKEN: dict[str, tuple[str, str, list[str]]] = {
    "dates": (
        "digests",
        "digests:\n  - id: d\n    not_on:\n"
        + "".join(
            f"      - {written}\n"
            for written in (
                "2026-02-31",
                "02-30",
                "2027-02-29",
                "04-31",
                "25-12",
                "13-40",
                "0000-01-01",
                "12-00",
                "2026/12/25",
                "christmas",
                "20261225",
                "2026-12-25 07:00",
                "12-24 to 2027-01-02",
                "2027-01-02 to 2026-12-24",
                "12-24 to 12-24",
                "2026-01-01 to 2027-01-02",
                "01-01 to 02-01 to 03-01",
                "12-24 to",
                "[12-25]",
            )
        ),
        [
            '4:9: digests[d].not_on[1]: "2026-02-31" is no date: 2026-02 has 28 days; its last is 2026-02-28',
            '5:9: digests[d].not_on[2]: "02-30" is no date: month 02 has at most 29 days; its last is 02-29',
            '6:9: digests[d].not_on[3]: "2027-02-29" is no date: 2027-02 has 28 days; its last is 2027-02-28',
            '7:9: digests[d].not_on[4]: "04-31" is no date: month 04 has at most 30 days; its last is 04-30',
            '8:9: digests[d].not_on[5]: "25-12" is no date: there is no month 25; the month comes first: 12-25',
            '9:9: digests[d].not_on[6]: "13-40" is no date: there is no month 13',
            '10:9: digests[d].not_on[7]: "0000-01-01" is no date: there is no year 0000',
            '11:9: digests[d].not_on[8]: "12-00" is no date: month 12 has at most 31 days; its last is 12-31',
            '12:9: digests[d].not_on[9]: "2026/12/25" is not a date such as 2026-12-25, or 12-25 for every year; '
            "did you mean 2026-12-25?",
            '13:9: digests[d].not_on[10]: "christmas" is not a date such as 2026-12-25, or 12-25 for every year',
            "14:9: digests[d].not_on[11]: a date such as 2026-12-25 is expected, not the number 20261225",
            '15:9: digests[d].not_on[12]: "2026-12-25 07:00" is not a date such as 2026-12-25, or 12-25 for every year',
            '16:9: digests[d].not_on[13]: "12-24 to 2027-01-02": write the year at both ends, '
            "or at none for every year",
            "17:9: digests[d].not_on[14]: the earlier date comes first; write 2026-12-24 to 2027-01-02",
            "18:9: digests[d].not_on[15]: both dates are the same; write 12-24",
            '19:9: digests[d].not_on[16]: "2026-01-01 to 2027-01-02" is longer than a year; '
            "`paused: true` stops a digest for long",
            '20:9: digests[d].not_on[17]: "01-01 to 02-01 to 03-01" is not a range such as 2026-12-24 to 2027-01-02',
            '21:9: digests[d].not_on[18]: "12-24 to" is not a date such as 2026-12-25, or 12-25 for every year',
            "22:9: digests[d].not_on[19]: text is expected, not a list",
        ],
    ),
    "hours": (
        "digests",
        "digests:\n  - {id: a, quiet: 25:00}\n  - {id: b, quiet: 25:00 to 06:00}\n"
        "  - {id: c, quiet: 22:00 to 22:00}\n  - {id: d, quiet: 22:00 to 24:00}\n  - {id: e, quiet: [22:00, 06:00]}\n"
        "  - {id: f, quiet: }\n  - {id: g, quiet: 22:00 to 06:00 to 07:00}\n  - {id: h, quiet: night}\n"
        "  - {id: i, quiet: 13:60-14:00}\n",
        [
            '2:20: digests[a].quiet: "25:00" is not hours such as 22:00 to 06:30',
            '3:20: digests[b].quiet: "25:00" is not a time of day from 00:00 to 23:59',
            '4:20: digests[c].quiet: "22:00 to 22:00" has no length; two times are needed, such as 22:00 to 06:30',
            '5:20: digests[d].quiet: "24:00" is not a time of day from 00:00 to 23:59; midnight is 00:00',
            "6:20: digests[e].quiet: text is expected, not a list",
            "7:13: digests[f].quiet: has no value; give one or remove the key",
            '8:20: digests[g].quiet: "22:00 to 06:00 to 07:00" is not hours such as 22:00 to 06:30',
            '9:20: digests[h].quiet: "night" is not hours such as 22:00 to 06:30',
            '10:20: digests[i].quiet: "13:60" is not a time of day from 00:00 to 23:59',
        ],
    ),
    "days and times in another order or another notation": (
        "digests",
        "digests:\n  - {id: a, at: 'weekdays 07:00, saturdays 09:00'}\n"
        "  - {id: b, at: 'weekdays 07:00, 16:00 and sundays 9:30'}\n  - {id: c, at: mondays 7:00 AM}\n"
        "  - {id: d, at: weekdays 7h30}\n  - {id: e, at: lundis 07:00}\n  - {id: f, quiet: 22 to 6h}\n",
        [
            "2:17: digests[a].at: the days come first, then the times; did you mean [weekdays 07:00, saturdays 09:00]?",
            "3:17: digests[b].at: the days come first, then the times; "
            "did you mean ['weekdays 07:00, 16:00', sundays 9:30]?",
            "4:17: digests[c].at: the days come first, then the times (daily 06:30, weekdays 07:00, "
            "16:00, mondays 08:00, every 2h, at once)",
            '5:17: digests[d].at: "7h30" is not a time of day from 00:00 to 23:59; did you mean 07:30?',
            '6:17: digests[e].at: "lundis" is not a day; did you mean mondays? (known: daily 06:30, '
            "weekdays 07:00, 16:00, mondays 08:00, every 2h, at once)",
            '7:20: digests[f].quiet: "22" is not a time of day from 00:00 to 23:59; did you mean 22:00?',
        ],
    ),
    "several times": (
        "digests",
        "digests:\n  - {id: a, at: [weekdays 07:00, 16:00]}\n  - {id: b, at: []}\n"
        "  - {id: c, at: [daily 07:00, every 2h]}\n  - {id: d, at: [at once, weekdays 07:00]}\n"
        "  - {id: e, at: [daily 7, 5, [daily 07:00]]}\n  - {id: f, at: }\n  - {id: g, at: {daily: 07:00}}\n",
        [
            "2:34: digests[a].at[2]: has no days; did you mean daily 16:00? "
            "Several times of the same days are one text: 'weekdays 07:00, 16:00'",
            "3:17: digests[b].at: is empty; give a time such as weekdays 07:00, or remove the key",
            '4:17: digests[c].at: "every 2h" stands alone; for other times, write another digest',
            '5:17: digests[d].at: "at once" stands alone; for other times, write another digest',
            '6:18: digests[e].at[1]: "7" is not a time of day from 00:00 to 23:59; did you mean 07:00?',
            "6:27: digests[e].at[2]: text is expected, not the number 5; put it in quotes",
            "6:30: digests[e].at[3]: text is expected, not a list",
            "7:13: digests[f].at: has no value; give one or remove the key",
            "8:17: digests[g].at: text is expected, not a mapping",
        ],
    ),
    "words and numbers of a digest": (
        "digests",
        "digests:\n  - id: operator\n    languages: en\n    layout: short\n    most: 0\n    nothing_new: yes\n"
        "    at: at once\n    gather: 1\n    note: 5\n    paused: 'true'\n    timezone: Toronto\n"
        "  - {id: b, most: 1001, nothing_new: true, at: at once}\n  - {id: c, most: al, languages: [english]}\n"
        "  - {id: d, most: , not_on: 12-25}\n",
        [
            '2:9: digests[operator].id: "operator" is kept for mails to the operator; choose another id',
            "3:16: digests[operator].languages: a list is expected, not text; write [en]",
            '4:13: digests[operator].layout: unknown word "short" (known: brief, full)',
            "5:11: digests[operator].most: the number 0 is neither a number of stories from 1 to 1000 nor the word all",
            "6:18: digests[operator].nothing_new: true or false is expected, not text; write true",
            "8:13: digests[operator].gather: 1 has no unit; write 1s, 1m, 1h or 1d",
            "9:11: digests[operator].note: text is expected, not the number 5; put it in quotes",
            "10:13: digests[operator].paused: true or false is expected, not text; write true",
            '11:15: digests[operator].timezone: unknown time zone "Toronto"; did you mean America/Toronto?',
            "12:19: digests[b].most: the number 1001 is neither a number of stories from 1 to 1000 nor the word all",
            "12:38: digests[b].nothing_new: what goes out at once has no hour at which nothing is new; "
            "remove one of the two",
            '13:19: digests[c].most: "al" is neither a number of stories from 1 to 1000 nor the word all',
            '13:35: digests[c].languages[1]: "english" is not a language code such as en or fr',
            "14:13: digests[d].most: has no value; give one or remove the key",
            "14:29: digests[d].not_on: a list is expected, not text; write [12-25]",
        ],
    ),
    "channels": (
        "monitor",
        "contact: a@b.test\nchannels:\n  desk@example.org: {via: maildir, path: x}\n  'a b': {via: maildir, path: x}\n"
        "  a: {via: slack}\n  b: {via: maildir, url: https://x.test/hunter2}\n  c: {via: webhook}\n"
        "  d: {via: webhook, url: https://me:hunter2@x.test/}\n  e: {via: webhook, url: x.test/hunter2, entries: 3}\n"
        "  f: {via: apprise, url: slack://hunter2}\n  g: {via: apprise, url_env: slack://hunter2}\n"
        "  h: {via: atom, path: x, entries: 0, secret_env: X}\n  i: {path: x}\n  j:\n  k: maildir:x\n"
        "  l: {via: webhook, url: https://x.test/, secret: hunter2, scret_env: X}\n",
        [
            "3:3: channels.desk@example.org: is an e-mail address; a channel's name has no @, "
            "and addresses stand in `to` as they are",
            '4:3: channels.a b: "a b" is not an id: up to 64 letters (a-z), digits and hyphens, such as ircc-en',
            '5:12: channels.a.via: unknown way "slack" (known: apprise, atom, maildir, webhook)',
            "6:6: channels.b.path: is required via maildir",
            "6:26: channels.b.url: a channel via maildir has none; remove the key",
            "7:6: channels.c.url: is required via webhook",
            "8:26: channels.d.url: holds a user; remove it: what is posted is signed with what secret_env names",
            "9:26: channels.e.url: has no scheme; write https://…",
            "9:51: channels.e.entries: a channel via webhook has none; remove the key",
            "10:6: channels.f.url_env: is required via apprise",
            "10:26: channels.f.url: an apprise address holds tokens, and has no place in a file; "
            "name an environment variable that holds it in url_env",
            "11:30: channels.g.url_env: is the name of an environment variable that holds the secret, "
            "such as DESK_WEBHOOK",
            "12:36: channels.h.entries: must be from 1 to 1000",
            "12:51: channels.h.secret_env: a channel via atom has none; remove the key",
            "13:6: channels.i.via: is required",
            "14:3: channels.j: has no value; give one or remove the key",
            "15:6: channels.k: a mapping (key: value) is expected, not text",
            "16:43: channels.l.secret: no secret in a file: name an environment variable with secret_env or url_env",
            "16:60: channels.l.scret_env: unknown key; did you mean secret_env?",
        ],
    ),
    "a list of channels": (
        "monitor",
        "contact: a@b.test\nchannels: [desk]\noperator: Ops\nkeep: {mails: 0d}\n",
        [
            "2:11: channels: a mapping (key: value) is expected, not a list",
            '3:11: operator: "Ops" is not an e-mail address such as desk@example.org',
            "4:15: keep.mails: must be longer than 0",
        ],
    ),
}
RETURNS = {
    "pop3://mail.test": "is not a way for mail (known: maildir:PATH, imaps://host/FOLDER, imap://host/FOLDER)",
    "imasp://mail.test": "is not a way for mail; did you mean imap? "
    "(known: maildir:PATH, imaps://host/FOLDER, imap://host/FOLDER)",
    "imaps://me:hunter2@mail.test": "holds a user; remove it and set ROXHAM_RETURNS_USER and "
    "ROXHAM_RETURNS_PASSWORD in the environment",
    "imap://mail.test?starttls=off": "?starttls=off is for a server on this machine: "
    "the password would travel unencrypted",
    "imaps://localhost?starttls=off": "has an option that is not known; nothing may follow ? after imaps://",
    "imap://mail.test:99999/x": "has a host or port that cannot be read",
    "imap:///x": "has a host or port that cannot be read; write imap://mail.example.org/INBOX",
    "imap://mail.test/a%0Ab": "holds a line break or another control character; write it on one line",
    "maildir:": "must name a folder, such as maildir:var/returns",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(tmp_path: Path, case: str) -> None:
    file, text, expected = BROKEN[case]
    assert problems(tmp_path, {file: text}) == [f"config/{file}.yaml:{line}" for line in expected]


@pytest.mark.parametrize("written", RETURNS)
def test_a_mailbox_that_cannot_be_meant_is_refused(tmp_path: Path, written: str) -> None:
    monitor = f"contact: a@b.test\nmail: {{returns: '{written}'}}\n"
    environ = {"ROXHAM_RETURNS_USER": "me", "ROXHAM_RETURNS_PASSWORD": "x"}
    (found,) = problems(tmp_path, monitor=monitor, environ=environ)
    assert found == f"config/monitor.yaml:2:17: mail.returns: {RETURNS[written]}"
    assert "hunter2" not in found


def test_a_reader_is_an_address_or_a_channel(tmp_path: Path) -> None:
    digests = "digests:\n  - {id: d, to: [hok, hook, a@b@c, Hook, hook, a@b.test, desk]}\n"
    assert problems(tmp_path, monitor=GOOD["monitor"] + CHANNELS, digests=digests, environ=SECRETS) == [
        'config/digests.yaml:2:18: digests[d].to[1]: "hok" is not an e-mail address such as desk@example.org, '
        "nor a channel of monitor.yaml; did you mean hook? (known: folder, hook, chat, feed)",
        'config/digests.yaml:2:29: digests[d].to[3]: "a@b@c" is not an e-mail address such as desk@example.org',
        'config/digests.yaml:2:36: digests[d].to[4]: listed twice: "Hook"; the first is at line 2',
        'config/digests.yaml:2:36: digests[d].to[4]: "Hook" is not an e-mail address such as desk@example.org, '
        "nor a channel of monitor.yaml; did you mean hook? (known: folder, hook, chat, feed)",
        'config/digests.yaml:2:42: digests[d].to[5]: listed twice: "hook"; the first is at line 2',
        'config/digests.yaml:2:58: digests[d].to[7]: "desk" is not an e-mail address such as desk@example.org, '
        "nor a channel of monitor.yaml (known: folder, hook, chat, feed)",
    ]


def test_channels_that_cannot_be_read_are_not_blamed_on_the_digests(tmp_path: Path) -> None:
    digests = "digests:\n  - {id: d, to: [hook]}\n"
    (found,) = problems(tmp_path, monitor=GOOD["monitor"] + "channels: [hook]\n", digests=digests)
    assert found.startswith("config/monitor.yaml:2:11: channels: ")
