"""What `web:` may say: who may see the pages, and where they listen."""

from pathlib import Path

import pytest

from monitor.config import ProxySettings, TokenSettings, UserSettings, WebSettings
from monitor.types import Role
from tests.configuration import loaded, problems, shown

CONTACT = "contact: desk@newsroom.test\n"
# `argon2-cffi` made it of "correct horse battery staple" by its defaults.
HASH = "$argon2id$v=19$m=65536,t=3,p=4$" + "QmFzZTY0U2FsdEhlcmU$" + "7" * 43
QUICK = HASH.replace("m=65536,t=3,p=4", "m=8,t=1,p=1")
TOKEN = "ab" * 32


def web(folder: Path, text: str) -> WebSettings:
    return loaded(folder, monitor=f"{CONTACT}web:\n{text}").web


def wrong(folder: Path, text: str) -> list[str]:
    return [line.removeprefix("config/monitor.yaml:") for line in problems(folder, monitor=f"{CONTACT}web: {text}\n")]


def warned(folder: Path, text: str) -> list[str]:
    found = loaded(folder, monitor=f"{CONTACT}web: {text}\n").warnings
    return [line.removeprefix("config/monitor.yaml:") for line in shown(folder, found) if "web" in line]


def test_without_a_word_nobody_can_sign_in(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert (config.web.users, config.web.tokens, config.web.proxy, config.web.public) == ((), (), None, False)
    assert not config.web.locked


def test_users_tokens_and_a_proxy_are_read_with_their_roles(tmp_path: Path) -> None:
    found = web(
        tmp_path,
        f"""\
  users:
    - {{name: rhea, role: reader, password: '{HASH}', language: fr}}
    - {{name: olga@example.org, role: operator}}
  tokens: [{{name: archive-bot, role: researcher, sha256: {TOKEN.upper()}}}]
  proxy: {{header: X-Forwarded-User, from: [10.0.0.7, '2001:db8::/64'], role: reader}}
  public: true
""",
    )
    assert found.users == (
        UserSettings(name="rhea", role=Role.READER, password=HASH, language="fr"),
        UserSettings(name="olga@example.org", role=Role.OPERATOR),
    )
    assert found.tokens == (TokenSettings(name="archive-bot", role=Role.RESEARCHER, sha256=TOKEN),)
    assert isinstance(found.proxy, ProxySettings)
    assert (found.proxy.header, found.proxy.role) == ("X-Forwarded-User", Role.READER)
    assert [str(each) for each in found.proxy.addresses] == ["10.0.0.7/32", "2001:db8::/64"]
    assert found.public
    assert HASH not in repr(found)
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("empty", ["users:", "tokens:", "proxy:", "users: []", ""])
def test_what_is_commented_out_counts_as_not_written(tmp_path: Path, empty: str) -> None:
    found = web(tmp_path, f"  {empty}\n")
    assert (found.users, found.tokens, found.proxy) == ((), (), None)


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        ("  public: true\n", False),
        (f"  tokens: [{{name: x, role: reader, sha256: {TOKEN}}}]\n", False),
        ("  users: [{name: x, role: reader}]\n", False),
        (f"  users: [{{name: x, role: reader, password: '{HASH}'}}]\n", True),
        ("  proxy: {header: X-User, from: [10.0.0.1]}\n", True),
    ],
)
def test_a_password_or_a_proxy_is_a_way_to_sign_in(tmp_path: Path, text: str, locked: bool) -> None:
    assert web(tmp_path, text).locked is locked


@pytest.mark.parametrize(
    ("bind", "alone", "locked"),
    [
        ("127.0.0.1:8400", "127.0.0.1", "127.0.0.1"),
        ("127.3.2.1:8400", "127.3.2.1", "127.3.2.1"),
        ("localhost:8400", "localhost", "localhost"),
        ("'[::1]:8400'", "::1", "::1"),
        ("0.0.0.0:8400", "127.0.0.1", "0.0.0.0"),  # noqa: S104
        ("'[::]:8400'", "::1", "::"),
        ("192.0.2.7:80", "127.0.0.1", "192.0.2.7"),
        ("news.example.org:80", "127.0.0.1", "news.example.org"),
    ],
)
def test_where_nobody_can_sign_in_the_pages_listen_here_only(
    tmp_path: Path, bind: str, alone: str, locked: str
) -> None:
    text = f"  bind: {bind}\n"
    assert web(tmp_path, text).listens_at == alone
    assert web(tmp_path, text + f"  users: [{{name: x, role: reader, password: '{HASH}'}}]\n").listens_at == locked


@pytest.mark.parametrize(
    ("text", "passed_on"),
    [
        ("  bind: 0.0.0.0:80\n", False),
        ("  base_url: http://localhost:8400\n", False),
        ("  base_url: https://news.example.org\n", True),
    ],
)
def test_an_address_elsewhere_means_that_something_passes_requests_on(
    tmp_path: Path, text: str, passed_on: bool
) -> None:
    assert web(tmp_path, text).passed_on is passed_on


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    assert wrong(tmp_path, "{users: [{name: a, role: visitor}, {name: A, role: reader, x: 1, token: t}, 3]}") == [
        '2:31: web.users[1].role: unknown role "visitor" (known: operator, reader, researcher)',
        '2:48: web.users[2].name: duplicate name "A"; the first is at line 2',
        "2:65: web.users[2].x: unknown key (known: name, role, password, language)",
        "2:71: web.users[2].token: no secret in a file, only hashes: see `roxham web password` and `roxham web token`",
        "2:82: web.users[3]: a mapping (key: value) is expected, not the number 3",
    ]
    assert wrong(tmp_path, "{proxy: {header: Cookie, from: [], role: x}, public: maybe}") == [
        "2:23: web.proxy.header: Cookie is written by browsers; name the header in which the proxy says who signed in",
        "2:37: web.proxy.from: is empty; name the address that the proxy calls from, such as 127.0.0.1",
        '2:47: web.proxy.role: unknown role "x" (known: operator, reader, researcher)',
        "2:59: web.public: true or false is expected, not text",
    ]
    assert wrong(tmp_path, "{proxy: {from: [0.0.0.0/0, '10.0.0.1:80', 1.1.1.1/8], header: a b}}") == [
        "2:22: web.proxy.from[1]: is every address: whoever comes could call themselves what they like; "
        "name the proxy's own",
        "2:33: web.proxy.from[2]: is the address that the proxy calls from; it has no port",
        '2:48: web.proxy.from[3]: "1.1.1.1/8" has bits set beyond its prefix; did you mean 1.0.0.0/8?',
        '2:68: web.proxy.header: "a b" is not a header such as X-Forwarded-User: letters, digits and -',
    ]
    assert wrong(tmp_path, "{proxy: {}}") == [
        "2:14: web.proxy.header: is required",
        "2:14: web.proxy.from: is required",
    ]
    same = f"{{name: x, role: reader, sha256: {TOKEN}}}"
    assert wrong(tmp_path, f"{{tokens: [{same}, {same}, {{name: y, role: reader, sha256: ab}}]}}") == [
        '2:122: web.tokens[2].name: duplicate name "x"; the first is at line 2',
        f'2:147: web.tokens[2].sha256: duplicate sha256 "{TOKEN}"; the first is at line 2',
        "2:246: web.tokens[3].sha256: is no SHA-256 in hexadecimal, 64 digits; `roxham web token NAME` makes a token "
        "with its own",
    ]


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("hunter2", "is no Argon2id hash, which begins with $argon2id$"),
        ("$2b$12$abcdefghijklmnopqrstuv", "is no Argon2id hash, which begins with $argon2id$"),
        (HASH.replace("argon2id", "argon2i"), "is an Argon2i hash, an Argon2id one is expected"),
        (HASH[:-30], "is cut off or altered"),
        (HASH + "!", "is cut off or altered"),
        (HASH.replace("m=65536", "m=9999999"), "takes more memory or rounds than any sign-in should"),
        (HASH.replace("t=3", "t=9999"), "takes more memory or rounds than any sign-in should"),
        (HASH.replace("p=4", "p=0"), "takes more memory or rounds than any sign-in should"),
        (HASH.replace("m=65536", "m=31"), "takes more memory or rounds than any sign-in should"),
    ],
)
def test_a_password_is_a_hash_that_a_server_can_afford_and_is_never_repeated(
    tmp_path: Path, password: str, why: str
) -> None:
    (line,) = wrong(tmp_path, f"{{users: [{{name: a, role: reader, password: '{password}'}}]}}")
    assert line.startswith(f"2:49: web.users[1].password: {why}")
    assert "`roxham web password NAME`" in line
    assert password not in line


def test_what_is_hardly_meant_is_warned_of(tmp_path: Path) -> None:
    assert warned(tmp_path, "{bind: '0.0.0.0:8400'}") == [
        "2:13: web.bind: nobody can sign in, so the pages listen on 127.0.0.1 only, not on 0.0.0.0: name somebody "
        "under web.users (`roxham web password NAME` writes the lines)"
    ]
    assert warned(tmp_path, "{users: [{name: a, role: reader}]}") == [
        "2:15: web.users[1]: a has no password, and there is no proxy: they cannot sign in"
    ]
    user = f"users: [{{name: a, role: reader, password: '{HASH}'}}]"
    assert warned(tmp_path, f"{{base_url: 'http://news.example.org', {user}}}") == [
        "2:17: web.base_url: passwords and sessions go over the network unencrypted; let a web server with https pass "
        "them on"
    ]
    assert warned(tmp_path, f"{{bind: '0.0.0.0:8400', base_url: 'https://news.example.org', {user}}}") == []
    assert warned(tmp_path, f"{{users: [{{name: a, role: reader, password: '{QUICK}'}}]}}") == [
        "2:49: web.users[1].password: is a hash that is quickly tried out; `roxham web password` makes a slower one"
    ]
