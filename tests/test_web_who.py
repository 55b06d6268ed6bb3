"""Who asks, how they come in, and what keeps others out: over the real site, and rule by rule."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from structlog.testing import capture_logs

from monitor.config import WebSettings
from monitor.types import Role
from monitor.web import passwords
from monitor.web.guarding import is_foreign
from monitor.web.signing import local
from monitor.web.throttle import OF_A_NAME, OF_AN_ADDRESS, Buckets, Rate, Tries
from monitor.web.who import LASTS, How, Visitor, address_of, is_here
from tests.configuration import loaded
from tests.site_here import CONTACT, EVERYBODY, Caller, Reply, opened_site, password, web

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = "roxham_for_these_tests"  # noqa: S105
TOKENS = f"tokens: [{{name: robot, role: researcher, sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}}}]"


def settings(folder: Path, text: str = "", users: Mapping[str, Role] | None = None) -> WebSettings:
    monitor = CONTACT + (web(users, text) if users else f"web:\n  {text}\n")
    return loaded(folder, monitor=monitor).web


def request(method: str = "GET", peer: str | None = "127.0.0.1", scheme: str = "http", **headers: str) -> Request:
    """A request as it comes in; `_` stands for - in a header's name."""
    said = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    client = None if peer is None else (peer, 4711)
    scope = {"type": "http", "method": method, "path": "/x", "query_string": b"", "headers": said}
    return Request(scope | {"client": client, "scheme": scheme, "server": ("127.0.0.1", 8400)})


async def enter(caller: Caller, name: str, secret: str | None = None, follow: str = "/search") -> Reply:
    form = {"name": name, "password": password(name) if secret is None else secret, "next": follow}
    return await caller.post("/sign-in", form)


def cookie(reply: Reply) -> tuple[str, Mapping[str, object]]:
    """The key that a browser is given, and what the cookie says besides."""
    (morsel,) = SimpleCookie(reply.headers["Set-Cookie"]).values()
    return morsel.value, {name: value for name, value in morsel.items() if value} | {"name": morsel.key}


# --- sessions --------------------------------------------------------------------------------------------------------


async def test_who_signs_in_comes_to_where_they_wanted_to_go_and_sees_what_their_role_may(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        asked = await here.get("/search?q=snow&lang=fr")
        assert (asked.status, asked.place) == (303, "/sign-in?next=%2Fsearch%3Fq%3Dsnow")
        page = await here.get(asked.place)
        assert page.status == 200
        assert 'name="next" value="/search?q=snow"' in page.text
        done = await enter(here, "rhea", follow="/search?q=snow")
        assert (done.status, done.place) == (303, "/search?q=snow")
        page = await here.get("/search")
        assert page.status == 200
        assert "<bdi>rhea</bdi>" in page.text
        assert (await here.get("/sources")).status == 403
        assert (await here.get("/sign-in?next=/missed")).place == "/missed"


async def test_the_key_is_for_this_site_only_and_the_archive_holds_no_more_than_its_hash(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        key, said = cookie(await enter(here, "rhea"))
        assert said == {
            "name": "roxham",
            "path": "/",
            "httponly": True,
            "samesite": "lax",
            "max-age": str(int(LASTS.total_seconds())),
        }
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", key)
        rows = here.archive.rows("SELECT * FROM sessions")
        assert [(bytes(row["key"]), row["user"]) for row in rows] == [(hashlib.sha256(key.encode()).digest(), "rhea")]
        assert key not in str([tuple(row) for row in rows])


async def test_with_https_the_cookie_is_bound_to_it(tmp_path: Path) -> None:
    monitor = CONTACT + web(more="base_url: https://news.newsroom.test")
    async with opened_site(tmp_path, monitor=monitor) as here:
        done = await enter(here, "rhea")
        key, said = cookie(done)
        assert (said["name"], said["secure"], said["path"], "domain" in said) == ("__Host-roxham", True, "/", False)
        assert done.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert (await here.get("/search", headers={"Cookie": f"__Host-roxham={key}"})).status == 200
        stranger = await here.stranger()
        assert (await stranger.get("/search", headers={"Cookie": f"roxham={key}"})).status == 303
        origin = {"Origin": "https://news.newsroom.test", "Cookie": f"__Host-roxham={key}"}
        assert (await stranger.ask("POST", "/sign-out", headers=origin)).status == 303
        assert (await here.get("/search", headers={"Cookie": f"__Host-roxham={key}"})).status == 303


async def test_each_sign_in_has_a_key_of_its_own_and_ends_the_one_before(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        planted = "A" * 43  # that somebody else knows
        first = await here.stranger()
        key, _ = cookie(await first.post("/sign-in", {"name": "rhea", "password": password("rhea")}))
        second, _ = cookie(
            await here.post(
                "/sign-in", {"name": "rhea", "password": password("rhea")}, headers={"Cookie": f"roxham={key}"}
            )
        )
        assert len({key, second, planted}) == 3
        assert (await (await here.stranger()).get("/search", headers={"Cookie": f"roxham={key}"})).status == 303
        assert (await (await here.stranger()).get("/search", headers={"Cookie": f"roxham={second}"})).status == 200
        fixed = await here.post(
            "/sign-in", {"name": "rhea", "password": password("rhea")}, headers={"Cookie": f"roxham={planted}"}
        )
        assert cookie(fixed)[0] != planted
        assert (await (await here.stranger()).get("/search", headers={"Cookie": f"roxham={planted}"})).status == 303


async def test_who_signs_out_has_no_session_any_more_whoever_kept_the_key(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        key, _ = cookie(await enter(here, "rhea"))
        done = await here.post("/sign-out")
        assert (done.status, done.place) == (303, "/sign-in")
        assert cookie(done)[1].get("max-age") == "0" or "1970" in done.headers["Set-Cookie"]
        assert (await here.get("/search")).status == 303
        assert (await here.get("/search", headers={"Cookie": f"roxham={key}"})).status == 303


async def test_a_session_ends_by_itself_whether_it_was_used_or_not(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        began = here.onlooker.clock()
        here.onlooker.clock = lambda: began
        reader = await here.signed_in(Role.READER)
        for later, status in ((LASTS / 2, 200), (LASTS - timedelta(seconds=1), 200), (LASTS, 303)):
            here.onlooker.clock = lambda later=later: began + later  # type: ignore[misc]
            assert (await reader.get("/search")).status == status


async def test_the_configuration_in_force_says_who_is_who(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        olga, rhea = await here.signed_in("olga"), await here.signed_in("rhea")
        assert (await olga.get("/sources")).status == 200
        await here.renew(monitor=CONTACT + web({"olga": Role.READER, "rhea": Role.OPERATOR}))
        assert ((await olga.get("/sources")).status, (await rhea.get("/sources")).status) == (403, 200)
        await here.renew(monitor=CONTACT + web({"rhea": Role.OPERATOR}))
        assert ((await olga.get("/search")).status, (await rhea.get("/search")).status) == (303, 200)
        other = passwords.hashed("another one")
        await here.renew(monitor=f"{CONTACT}web: {{users: [{{name: rhea, role: operator, password: '{other}'}}]}}\n")
        assert (await rhea.get("/search")).status == 303
        await here.renew(monitor=f"{CONTACT}web: {{users: [{{name: rhea, role: operator}}]}}\n")
        assert (await rhea.get("/search", headers={"Via": "1.1 proxy"})).status == 403


@pytest.mark.parametrize("key", ["", "x", "A" * 43, "A" * 4000, "é\x00", '"' + "A" * 43 + '"'])
async def test_a_key_that_nobody_was_given_is_no_key(tmp_path: Path, key: str) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        await here.signed_in("olga")
        cookie_ = key.replace("\x00", "%00").encode("utf-8").decode("latin-1")
        assert (await here.get("/search", headers={"Cookie": f"roxham={cookie_}"})).status == 303


async def test_without_an_archive_nobody_is_known_and_the_page_says_to_come_back(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        reader = await here.signed_in(Role.READER)
        (tmp_path / "var/roxham.db").rename(tmp_path / "var/elsewhere.db")
        answer = await reader.get("/search")
        assert answer.status == 503
        assert "var/roxham.db" not in answer.text


# --- passwords -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("rhea", "wrong"),
        ("rhea", ""),
        ("rhea", "x" * 1001),
        ("nobody", "rhea at the desk"),
        ("", ""),
        ("\x00", "\x00\ud7ff\uffff"),
        ("rhea' OR 1=1 --", "x"),
        ("n" * 5000, "x"),
        ("<script>alert(1)</script>", "x"),
    ],
)
async def test_what_is_wrong_gives_no_session_and_does_not_say_what_was_wrong(
    tmp_path: Path, name: str, secret: str
) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        answer = await enter(here, name, secret)
        assert answer.status == 403
        assert "This name and this password do not belong together." in answer.text
        assert 'role="alert"' in answer.text
        assert "Set-Cookie" not in answer.headers
        assert "<script>alert" not in answer.text
        assert here.archive.rows("SELECT * FROM sessions") == []


async def test_a_form_that_cannot_be_read_is_a_fault_of_who_sends_it(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        many = "&".join(f"a{number}=1" for number in range(100))
        assert (await here.post("/sign-in", many.encode())).status == 400
        assert (await here.post("/sign-in", b"\xff=%zz&name=%FF%00")).status == 403
        assert (await here.post("/sign-in", b"x" * 400_000)).status == 413


@pytest.mark.parametrize(
    ("kept", "typed", "same"),
    [
        ("caf\u00e9", "cafe\u0301", True),  # NFC
        ("a\u00a0b", "a b", True),  # other blanks (RFC 8265, section 4.2.2)
        ("Password", "password", False),
        ("\ufb01sh", "fish", False),  # no compatibility mapping: it would make passwords weaker
        (" padded ", "padded", False),
        ("a\x00b", "a\x00b", True),
        ("a\x00b", "a\x00c", False),
        ("\U0001f511" * 250, "\U0001f511" * 250, True),
    ],
)
def test_a_password_is_the_same_on_every_keyboard(kept: str, typed: str, same: bool) -> None:
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    assert passwords.is_right(quick.hash(passwords.prepared(kept).encode()), typed) is same


def test_hashes_are_of_the_sort_that_the_configuration_takes(tmp_path: Path) -> None:
    phc = passwords.hashed("correct horse")
    assert phc.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not passwords.is_old(phc)
    assert passwords.is_right(phc, "correct horse")
    assert loaded(
        tmp_path, monitor=f"{CONTACT}web: {{users: [{{name: a, role: reader, password: '{phc}'}}]}}\n"
    ).web.locked


async def test_a_password_may_be_anything_that_can_be_typed(tmp_path: Path) -> None:
    odd = "\x00 caf\u00e9 \U0001f511 <&+%;'\""
    phc = passwords.hashed(odd)
    monitor = f"{CONTACT}web: {{users: [{{name: 'Zo\u00e9 \u738b', role: reader, password: '{phc}'}}]}}\n"
    async with opened_site(tmp_path, monitor=monitor) as here:
        assert (await enter(here, "zoe\u0301 \u738b", odd)).status == 303
        assert "<bdi>Zo\u00e9 \u738b</bdi>" in (await here.get("/search")).text


async def test_names_are_found_whatever_their_capitals_and_old_hashes_are_told_of(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        with capture_logs() as logged:
            assert (await enter(here, " Rhea ", password("rhea"))).status == 303
            await enter(await here.stranger(), "Rhea", "wrong")
        assert [(line["event"], line["user"]) for line in logged if "user" in line] == [
            ("password hash is not of today's sort", "rhea"),
            ("signed in", "rhea"),
            ("sign-in refused", "rhea"),
        ]
        assert "wrong" not in str(logged)


async def test_who_guesses_has_to_wait_and_longer_each_time(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        began = here.onlooker.clock()
        here.onlooker.clock = lambda: began
        for _ in range(OF_A_NAME.free):
            assert (await enter(here, "rhea", "wrong")).status == 403
        waits = []
        for _ in range(4):
            held = await enter(here, "rhea")  # the right one: it is not even tried
            assert held.status == 429
            assert "Set-Cookie" not in held.headers
            waits.append(int(held.headers["Retry-After"]))
            later = here.onlooker.clock() + timedelta(seconds=waits[-1])
            here.onlooker.clock = lambda later=later: later  # type: ignore[misc]
            assert (await enter(here, "rhea", "wrong")).status == 403
        assert waits == [1, 2, 4, 8]
        assert (await enter(here, "olga")).status == 303  # others are not kept out
        later = here.onlooker.clock() + timedelta(minutes=1)
        here.onlooker.clock = lambda: later
        assert (await enter(here, "rhea")).status == 303


# --- tokens and proxies ----------------------------------------------------------------------------------------------


async def test_a_token_is_who_it_is_and_a_wrong_one_is_told_so_everywhere(tmp_path: Path) -> None:
    async with opened_site(tmp_path, monitor=CONTACT + web(more=TOKENS)) as here:
        robot = await here.stranger(Authorization=f"Bearer {TOKEN}")
        assert (await robot.get("/api/v1/me")).json == {"name": "robot", "role": "researcher"}
        assert (await robot.get("/search.json")).status == 200
        assert (await robot.get("/sources.json")).status == 403
        for path in ("/", "/search", "/api/v1/me", "/search.json", "/sign-in", "/nothing"):
            for wrong in (f"Bearer {TOKEN}x", "Bearer", "bearer  ", "Bearer é"):
                answer = await here.get(path, headers={"Authorization": wrong})
                assert (answer.status, path) == (401, path)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        reader = await here.signed_in(Role.READER)
        assert (await reader.get("/search", headers={"Authorization": "Bearer x"})).status == 401
        assert (await reader.get("/search", headers={"Authorization": "Basic cmhlYTp4"})).status == 200
        assert (await here.get("/livez", headers={"Authorization": "Bearer x"})).status == 503


PROXY = "proxy: {header: X-User, from: [127.0.0.1/32]}"


@pytest.mark.parametrize(
    ("more", "value", "status"),
    [
        (PROXY, "olga", 200),
        (PROXY, "rhea", 403),
        (PROXY, "Olga", 303),  # a proxy's names are exact: two of its people may differ by capitals only
        (PROXY, "someone", 303),
        (PROXY, "", 303),
        (PROXY, "o" * 300, 303),
        (PROXY, "olga, rhea", 303),
        (PROXY.replace("}", ", role: operator}"), "someone", 200),
        (PROXY.replace("}", ", role: operator}"), "Zoé", 200),
        (PROXY.replace("}", ", role: reader}"), "someone", 403),
        (PROXY.replace("}", ", role: operator}"), "o" * 300, 303),
        (PROXY.replace("}", ", role: operator}"), "some\u202eone", 303),
        (PROXY.replace("127.0.0.1", "10.0.0.1"), "olga", 303),
    ],
)
async def test_a_proxy_is_believed_where_it_is_the_one(tmp_path: Path, more: str, value: str, status: int) -> None:
    async with opened_site(tmp_path, monitor=CONTACT + web(more=more)) as here:
        said = value.encode().decode("latin-1") if value == "Zoé" else value
        assert (await here.get("/sources", headers={"X-User": said})).status == status


async def test_two_headers_of_a_proxy_are_none(tmp_path: Path) -> None:
    from multidict import CIMultiDict

    async with opened_site(tmp_path, monitor=CONTACT + web(more=PROXY)) as here:
        twice = CIMultiDict([("X-User", "olga"), ("X-User", "olga")])
        async with here.session.get(here.url + "/sources", headers=twice, allow_redirects=False) as answer:
            assert answer.status == 303


async def test_where_only_a_proxy_signs_people_in_the_page_says_so(tmp_path: Path) -> None:
    async with opened_site(tmp_path, monitor=f"{CONTACT}web: {{{PROXY}}}\n") as here:
        page = await here.get("/sign-in")
        assert page.status == 200
        assert "You sign in before you come here" in page.text
        assert "<form" not in page.text
        assert (await enter(here, "rhea", "x")).status == 403


# --- at this machine -------------------------------------------------------------------------------------------------

HERE = {"host": "127.0.0.1:8400"}


@pytest.mark.parametrize(
    ("peer", "headers", "here"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8400"}, True),
        ("127.0.0.1", {"host": "localhost"}, True),
        ("::1", {"host": "[::1]:8400"}, True),
        ("::ffff:127.0.0.1", {"host": "roxham.localhost:8400"}, True),
        ("127.0.0.1", {"host": "LOCALHOST.:80"}, True),
        ("192.0.2.1", {"host": "127.0.0.1:8400"}, False),
        (None, {"host": "127.0.0.1:8400"}, False),
        ("127.0.0.1", {"host": "evil.test"}, False),  # DNS rebinding
        ("127.0.0.1", {"host": "127.0.0.1.evil.test"}, False),
        ("127.0.0.1", {"host": "localhost.evil.test:8400"}, False),
        ("127.0.0.1", {"host": "evil.test@localhost"}, False),
        ("127.0.0.1", {"host": ""}, False),
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"host": "localhost", "x_forwarded_for": "192.0.2.1"}, False),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=192.0.2.1"}, False),
        ("127.0.0.1", {"host": "localhost", "via": "1.1 proxy"}, False),
        ("127.0.0.1", {"host": "localhost", "x_real_ip": "192.0.2.1"}, False),
    ],
)
def test_who_sits_at_this_machine_is_known_by_all_signs_of_it(
    tmp_path: Path, peer: str | None, headers: Mapping[str, str], here: bool
) -> None:
    asked = request(peer=peer, **headers)
    assert is_here(asked, settings(tmp_path, "public: false")) is here
    assert not is_here(asked, settings(tmp_path, users=EVERYBODY))
    assert not is_here(asked, settings(tmp_path, "base_url: https://news.newsroom.test"))


async def test_a_proxy_for_the_pages_of_mails_does_not_open_the_archive(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        assert (await here.get("/search")).status == 200
        for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Host": "news.newsroom.test"}, {"Via": "1.1 proxy"}):
            answer = await here.get("/search", headers=headers)
            assert answer.status == 403
            assert "Users can be named under web.users" in answer.text
            assert (await here.get("/search.json", headers=headers)).status == 401
            assert (await here.get("/unsubscribe/" + "t" * 32, headers=headers)).status == 404
        assert (await here.get("/sign-in")).place == "/"
    (tmp_path / "elsewhere").mkdir()
    monitor = f"{CONTACT}web: {{base_url: 'https://news.newsroom.test'}}\n"
    async with opened_site(tmp_path / "elsewhere", monitor=monitor) as here:
        answer = await here.get("/search")  # as nginx passes it on by its defaults
        assert answer.status == 403
        assert "leads elsewhere" in answer.text
        assert (await here.get("/sign-in")).status == 403


async def test_a_public_site_shows_visitors_what_is_theirs(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY, public=True) as here:
        page = await here.get("/search")
        assert page.status == 200
        assert 'href="/sign-in?next=%2Fsearch"' in page.text
        assert 'href="/sources"' not in page.text
        assert (await here.get("/sources")).place == "/sign-in?next=%2Fsources"
        assert (await here.get("/sources.json")).status == 401
        rhea = await here.signed_in("rhea")
        assert (await rhea.post("/sign-out")).place == "/"


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # what strangers say of themselves
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "10.9.9.9, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("2001:db8::1:2:3:4", "", "2001:db8::/64"),  # one person has all of a network
        (None, "198.51.100.7", ""),
    ],
)
def test_an_address_is_what_our_own_proxy_says(tmp_path: Path, peer: str | None, said: str, address: str) -> None:
    found = settings(tmp_path, "proxy: {header: X-User, from: [10.0.0.1]}")
    assert address_of(request(peer=peer, x_forwarded_for=said), found) == address


# --- other sites -----------------------------------------------------------------------------------------------------

OWN, OTHER = "http://127.0.0.1:8400", "https://evil.test"


def visitor(how: How) -> Visitor:
    return Visitor(name="x", role=Role.OPERATOR, how=how)


@pytest.mark.parametrize(
    ("headers", "browser", "program"),
    [
        ({"sec_fetch_site": "same-origin", "origin": OWN}, True, True),
        ({"sec_fetch_site": "same-origin"}, True, True),
        ({"sec_fetch_site": "same-site"}, False, False),
        ({"sec_fetch_site": "cross-site", "origin": OWN}, False, False),
        ({"sec_fetch_site": "none"}, False, False),  # nobody types a form
        ({"origin": OWN}, True, True),
        ({"origin": OWN.upper()}, True, True),
        ({"origin": "https://127.0.0.1:8400"}, True, True),  # what ends https in front of us
        ({"origin": "https://news.newsroom.test"}, True, True),  # base_url
        ({"origin": "http://127.0.0.1:9999"}, False, False),
        ({"origin": OTHER}, False, False),
        ({"origin": "null"}, False, False),
        ({"origin": ""}, False, False),
        ({}, False, True),  # no browser asks without a word of where from
    ],
)
def test_what_changes_something_comes_from_our_own_pages(
    tmp_path: Path, headers: Mapping[str, str], browser: bool, program: bool
) -> None:
    found = settings(tmp_path, "base_url: https://news.newsroom.test", EVERYBODY)
    for method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND"):
        asked = request(method, **HERE, **headers)
        for how in (How.SESSION, How.PROXY, How.HERE):
            assert is_foreign(asked, visitor(how), found) is not browser
        assert is_foreign(asked, visitor(How.NOBODY), found) is not program
        assert not is_foreign(asked, visitor(How.TOKEN), found)


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, False),  # a link in a mail
        ({"sec_fetch_site": "none", "sec_fetch_mode": "navigate"}, False),
        ({"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors"}, False),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, True),
        ({"sec_fetch_site": "same-site", "sec_fetch_mode": "cors"}, True),
    ],
)
def test_what_only_looks_may_come_from_a_link_but_is_not_built_into_other_pages(
    tmp_path: Path, headers: Mapping[str, str], foreign: bool
) -> None:
    asked = request(**HERE, **headers)
    assert is_foreign(asked, visitor(How.HERE), settings(tmp_path)) is foreign
    assert not is_foreign(asked, visitor(How.NOBODY), settings(tmp_path))


async def test_another_site_signs_nobody_in_and_mails_work_all_the_same(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        form = {"name": "rhea", "password": password("rhea")}
        for headers in ({"Origin": OTHER}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await here.ask("POST", "/sign-in", data=form, headers=headers)
            assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)
        assert (await here.ask("POST", "/sign-in", data=form)).status == 303  # a program without a browser
        for headers in ({"Origin": OTHER}, {"Sec-Fetch-Site": "cross-site"}, {}):
            answer = await here.ask("POST", "/unsubscribe/" + "t" * 32, headers=headers)
            assert answer.status == 404
            assert answer.headers["Referrer-Policy"] == "no-referrer"


# --- where to go next, and headers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/search?q=a%20b&topic=x", "/articles/7", "/search?next=//x", "/é"])
def test_a_path_of_this_site_is_followed(path: str) -> None:
    assert local(path) == path


@pytest.mark.parametrize(
    "path",
    ["", "search", "//evil.test", "/\\evil.test", "\\\\evil.test", "https://evil.test", "/\t/evil.test", "/a\nb",
     "/ /x", "javascript:alert(1)", "/" + "x" * 3000, "/sign-in?next=/x", "/sign-out", "/x\x00", "/\x85/evil.test"],
)  # fmt: skip
def test_what_leads_elsewhere_is_not(path: str) -> None:
    assert local(path) == "/"


@given(st.text(max_size=50))
def test_whatever_is_given_stays_on_this_site(text: str) -> None:
    for path in (text, f"/{text}", f"//{text}", f"/\\{text}"):
        found = local(path)
        assert re.match(r"/(?![/\\])", found)
        assert not re.search(r"[\x00-\x20\\]", found)


async def test_the_sign_in_page_leads_nowhere_else(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        page = await here.get("/sign-in?next=//evil.test")
        assert 'name="next" value="/"' in page.text
        assert (await enter(here, "rhea", follow="//evil.test")).place == "/"


async def test_pages_keep_browsers_careful(tmp_path: Path) -> None:
    async with opened_site(tmp_path) as here:
        answer = await here.get("/search")
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Strict-Transport-Security" not in answer.headers
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


async def test_who_comes_by_htmx_without_a_session_is_sent_to_the_whole_page(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        for shown, place in (
            (f"{here.url}/search?q=a", "/sign-in?next=%2Fsearch%3Fq%3Da"),
            ("http://[", "/sign-in"),
            ("", "/sign-in"),
        ):
            answer = await here.get("/search?q=ab", headers={"HX-Request": "true", "HX-Current-URL": shown})
            assert (answer.status, answer.headers["HX-Redirect"]) == (401, place)


# --- how often -------------------------------------------------------------------------------------------------------


async def test_one_visitor_who_asks_without_end_is_asked_to_wait_and_others_are_not(tmp_path: Path) -> None:
    async with opened_site(tmp_path, users=EVERYBODY) as here:
        now = here.onlooker.clock()
        here.onlooker.clock = lambda: now
        reader = await here.signed_in(Role.READER)
        statuses = [(await reader.get("/nothing")).status for _ in range(501)]
        assert statuses == [404] * 500 + [429]
        held = await reader.get("/search.json")
        assert (held.status, held.headers["Retry-After"]) == (429, "1")
        assert set(held.json) == {"error", "detail"}
        assert (await reader.get("/unsubscribe/" + "t" * 32)).status == 404
        other = await here.signed_in(Role.OPERATOR)
        assert (await other.get("/nothing")).status == 404
        here.onlooker.clock = lambda: now + timedelta(seconds=1)
        assert [(await reader.get("/nothing")).status for _ in range(51)] == [404] * 50 + [429]


def test_a_bucket_fills_with_time_to_its_brim() -> None:
    buckets, rate = Buckets(), Rate(burst=3, every=0.5)
    assert [buckets.take("a", rate, NOW) for _ in range(5)] == [0, 0, 0, 2, 2]
    assert buckets.take("b", rate, NOW) == 0
    assert [buckets.take("a", rate, NOW + timedelta(seconds=2)) for _ in range(2)] == [0, 2]
    assert [buckets.take("a", rate, NOW + timedelta(days=2)) for _ in range(4)] == [0, 0, 0, 2]
    assert buckets.take("a", rate, NOW) == 2  # the clock was put back


def test_what_is_remembered_is_bounded() -> None:
    buckets, tries = Buckets(most=10), Tries(most=10)
    for number in range(100):
        buckets.take(number, Rate(burst=1, every=1), NOW)
        tries.begin(str(number), str(number), NOW)
    assert (len(buckets), len(tries)) == (10, 10)


def test_pauses_grow_to_their_limits_and_all_is_forgiven_in_the_end() -> None:
    tries = Tries()
    waits = []
    for _ in range(OF_A_NAME.free + 8):
        tries.begin("rhea", "192.0.2.1", NOW)
        waits.append(tries.wait("rhea", "other", NOW))
    assert waits == [0] * (OF_A_NAME.free - 1) + [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert tries.wait("olga", "192.0.2.1", NOW) == 0
    for _ in range(OF_AN_ADDRESS.free):
        tries.begin("x", "192.0.2.1", NOW)
    assert tries.wait("olga", "192.0.2.1", NOW) == 900
    assert tries.wait("olga", "192.0.2.1", NOW + timedelta(minutes=15)) == 0
    assert tries.wait("rhea", "other", NOW - timedelta(days=1)) == 60  # a clock put back makes nobody wait for a day
    tries.begin("rhea", "192.0.2.1", NOW + timedelta(hours=1))
    assert tries.wait("rhea", "192.0.2.1", NOW + timedelta(hours=1)) == 0


def test_who_knows_one_password_cannot_guess_another_in_between() -> None:
    tries = Tries()
    for _ in range(OF_AN_ADDRESS.free):
        tries.begin("victim", "192.0.2.1", NOW)
        tries.begin("mine", "192.0.2.1", NOW)
        tries.forgive("mine", "192.0.2.1", NOW)
    assert tries.wait("mine", "elsewhere", NOW) == 0
    assert tries.wait("mine", "192.0.2.1", NOW) > 0
