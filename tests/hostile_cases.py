"""What the hostile server does to the program, case by case, and what must become of each.

This table is documentation: one line for each thing that the program stands up to. {here} is the authority of the
case's own host, {inside} the port of a server on this machine that must never be reached.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from tests import hostile
from tests.hostile import (
    XML,
    Answer,
    Wire,
    deflate_bomb,
    endless,
    gzipped,
    half_closed,
    here,
    ok,
    raw,
    redirect,
    silence,
    status,
    then_reset,
)
from tests.installation import page, story

SAID = "The council met at Roxham Road. It will meet again before the snow comes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An ill source, or a source with an ill page, and what must become of it."""

    name: str
    answer: Answer
    outcome: str | None  # of the visit; None: one way or the other, as long as the others are served in time
    says: str | None  # a pattern in the visit's error, or in why the page waits; None: nothing is said
    titles: tuple[str, ...] | None = ()  # of the articles that are kept, sorted; None: one way or the other
    page: bool = False  # the answer is that of a page; its feed is sound
    whole: bool = False  # the page can be read
    kind: str = "feed"
    options: dict[str, object] = field(default_factory=dict)  # of the kind
    tls: str | None = None  # which certificate the host has
    scheme: str | None = None
    rests: bool = False  # the whole host is left alone then, the healthy source too
    then: str | None = None  # the outcome of the second visit, where it differs
    links: bool = False  # the addresses of the items are what is tried
    more: dict[str, Answer] = field(default_factory=dict)  # further answers of the host

    @property
    def reads_pages(self) -> bool:
        """Whether the pages behind the items are asked for."""
        return self.page or self.links or self.kind in ("sitemap", "listing")

    def __str__(self) -> str:
        return re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")


def fails(name: str, answer: Answer, says: str, **more: Any) -> Case:
    return Case(name=name, answer=answer, outcome="failed", says=says, **more)


def keeps(name: str, answer: Answer, *titles: str, says: str | None = None, **more: Any) -> Case:
    return Case(name=name, answer=answer, outcome="changed", says=says, **{"titles": tuple(sorted(titles)), **more})


def stands_in(name: str, answer: Answer, says: str | None, **more: Any) -> Case:
    """The feed's own words are the article. Without `says` the page is not asked for again."""
    titles = {"titles": (f"Page: {name}",), **more}
    return Case(name=name, answer=answer, outcome="changed", says=says, page=True, **titles)


def reads(name: str, answer: Answer, **more: Any) -> Case:
    """The page is the article."""
    return stands_in(name, answer, None, whole=True, **{"titles": ("The page",), **more})


def survives(name: str, answer: Answer, **more: Any) -> Case:
    """Whatever becomes of it, it costs little and the others are served."""
    return Case(name=name, answer=answer, outcome=None, says=None, titles=None, **more)


def item(title: str, *, link: str | None = "", more: str = "", said: str = SAID) -> str:
    """An item of RSS; `title` is markup. Without `link` the address is made from the title."""
    address = f"https://paper.test/{re.sub('[^a-z0-9]+', '-', title.lower())[:80]}" if link == "" else link
    linked = f"<link>{address}</link>" if address is not None else ""
    return f"<item><title>{title}</title>{linked}<description>{said}</description>{more}</item>"


def element(attributes: Iterable[str]) -> str:
    return f"<a {' '.join(attributes)}/>"


def attributes(many: int) -> str:
    return " ".join(f"b{number}" for number in range(many))


def rss(*items: str, prologue: str = '<?xml version="1.0" encoding="utf-8"?>', channel: str = "") -> str:
    return f'{prologue}<rss version="2.0"><channel><title>News</title>{channel}{"".join(items)}</channel></rss>'


def jsonfeed(*items: str) -> bytes:
    listed = ",".join(items)
    text = f'{{"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": [{listed}]}}'
    return ok(text, "application/feed+json")


def json_item(title: str, more: str = "") -> str:
    """An item of JSON Feed; `title` and `more` are JSON."""
    name = re.sub("[^a-z0-9]+", "-", title.lower())[:80]
    return f'{{"id": "{name}", "url": "https://paper.test/j/{name}", "title": {title}, "content_text": "{SAID}"{more}}}'


HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {XML}\r\n"
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n"
FEED = rss(item("Never kept"))
HTML = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
BLANKS = " " * 65536


def one(title: str) -> bytes:
    return rss(item(title)).encode()


def packed(body: bytes, *names: str) -> bytes:
    """An answer that says of its body how it was packed."""
    return ok(body, Content_Encoding=", ".join(names))


def dtd(subset: str, title: str) -> bytes:
    return ok(rss(item(title), prologue=f"<?xml version='1.0'?><!DOCTYPE rss [{subset}]>"))


def article_page(sentence: str = "The lamps are for Roxham Road.", more: str = "") -> str:
    return page("The page", story(sentence[:20], sentence)).replace("</main>", f"{more}</main>")


TRANSPORT = (
    fails("reset before an answer", then_reset(), "broke off"),
    fails("reset within the headers", then_reset("HTTP/1.1 200 OK\r\nContent-"), "broke off"),
    fails("reset after the headers", then_reset(HEAD, "Content-Length: 1000\r\n\r\n"), "broke off"),
    fails("closed without a word", raw(), "broke off"),
    fails("half closed within the headers", half_closed(b"HTTP/1.1 200 OK\r\n"), "broke off"),
    keeps(
        "half closed after the feed",
        half_closed(f"{HEAD}Content-Length: 9000\r\n\r\n".encode() + one("Half closed")),
        "Half closed",
        says="broke off",
    ),
    fails("never an answer", silence, "no complete answer"),
    fails("headers a byte at a time", endless("HTTP/1.1 200 OK\r\nX-Slow: ", "x", 0.3), "no complete answer"),
    fails("body a byte at a time", endless(HEAD + "\r\n", " ", 0.3), "no complete answer"),
    fails("body without end", endless(HEAD + "\r\n", BLANKS), "larger than 2 MB"),
    fails("chunks without end", endless(CHUNKED, f"10000\r\n{BLANKS}\r\n"), "larger than 2 MB"),
    fails(
        "chunks of a byte without end", endless(CHUNKED, "1\r\n \r\n" * 999), "never comes to an end|no complete answer"
    ),
    fails("chunk extensions without end", endless(CHUNKED, "1;" + "x" * 4000 + "\r\n \r\n"), ""),
    fails("a trailer without end", endless(f"{CHUNKED}0\r\n", "X: y\r\n" * 999), ""),
    fails("headers without end", endless("HTTP/1.1 200 OK\r\n", "X-More: 1\r\n" * 999), "header"),
    fails("a header of a megabyte", raw("HTTP/1.1 200 OK\r\nX-Long: ", "x" * 10**6, "\r\n\r\n"), "more than"),
    fails("a header without end", endless("HTTP/1.1 200 OK\r\nX-Long: ", BLANKS), "header"),
    fails("five thousand headers", raw(HEAD, "X: y\r\n" * 5000, f"Content-Length: 0\r\n\r\n{FEED}"), "header"),
    keeps("a header of a thousand lines", raw(HEAD, "X: y\r\n", " y\r\n" * 1000, "\r\n", one("Folded")), "Folded"),
    fails("a garbled status line", raw(f"HTTP/banana OK\r\n\r\n{FEED}"), ""),
    fails("a status of a thousand digits", raw(f"HTTP/1.1 {'2' * 1000} OK\r\n\r\n{FEED}"), ""),
    fails("a negative status", raw(f"HTTP/1.1 -200 OK\r\n\r\n{FEED}"), ""),
    fails("HTTP 0.9", raw(FEED), ""),
    fails("a greeting of SSH", raw("SSH-2.0-OpenSSH_9.9\r\n", 0.1), ""),
    fails("a length that is too short", raw(HEAD, "Content-Length: 150\r\n\r\n", FEED), ""),
    keeps(
        "a length that is too long",
        raw(HEAD, "Content-Length: 99999\r\n\r\n", one("Too long a length")),
        "Too long a length",
        says="broke off before the end",
    ),
    fails("a length of 10 TB", raw(HEAD, f"Content-Length: {10**13}\r\n\r\n", 5), "larger than"),
    fails("a negative length", raw(HEAD, "Content-Length: -1\r\n\r\n", FEED), ""),
    fails("two lengths that differ", raw(HEAD, "Content-Length: 9\r\nContent-Length: 99\r\n\r\n", FEED), ""),
    fails("a garbled chunk", raw(CHUNKED, "banana\r\n", FEED), "no HTTP that can be read"),
    fails("a chunk of 2^64 bytes", raw(CHUNKED, "10000000000000000\r\n", FEED, 5), ""),
    keeps(
        "chunks that stop short",
        raw(CHUNKED, "fff\r\n", one("Chunks stop short")),
        "Chunks stop short",
        says="broke off before the end",
    ),
    fails(
        "100 Continue without end",
        endless("", "HTTP/1.1 100 Continue\r\n\r\n", 0.1),
        "again and again|no complete answer",
    ),
    fails("100 Continue in floods", endless("", "HTTP/1.1 100 Continue\r\n\r\n" * 999), ""),
    fails(
        "103 Early Hints without end",
        endless("", "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n", 0.1),
        "again and again|no complete answer",
    ),
    fails(
        "another protocol", raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 5), ""
    ),
    keeps(
        "a second answer nobody asked for",
        ok(one("First of two answers")) + ok(rss(item("Poison"))),
        "First of two answers",
    ),
    fails("TLS asked of a plain port", ok(FEED), "no TLS connection", scheme="https"),
    fails("plain HTTP asked of a TLS port", ok(FEED), "", scheme="http", tls="good"),
    keeps("a good certificate", ok(one("By TLS")), "By TLS", tls="good"),
    fails("a certificate nobody vouches for", ok(FEED), "certificate of", tls="own"),
    fails("a certificate of yesterday", ok(FEED), "expired", tls="expired"),
    fails("a certificate for another host", ok(FEED), "certificate of", tls="other"),
    stands_in("page reset before its text", then_reset(HTML), ""),
    stands_in("page reset within its text", then_reset(HTML, article_page()[:-400]), "broke off"),
    stands_in("page of which nothing comes", silence, "no complete answer"),
    stands_in("page without end", endless(HTML, BLANKS), None),
    stands_in("page whose headers have no end", endless("HTTP/1.1 200 OK\r\n", "X: y\r\n" * 999), "headers"),
)

LARGE = gzipped(rss(item("A title" + " and more" * 2_000_000)))
SIZE = (
    fails("gzip bomb", packed(deflate_bomb(1024, 31), "gzip"), "larger than 2 MB once unpacked"),
    fails("deflate bomb", packed(deflate_bomb(1024, 15), "deflate"), "larger than 2 MB once unpacked"),
    fails("bare deflate bomb", packed(deflate_bomb(1024, -15), "deflate"), "larger than 2 MB once unpacked"),
    fails("brotli bomb", packed(hostile.brotli_bomb(1024), "br"), "larger than 2 MB once unpacked"),
    fails("zstd bomb", packed(hostile.zstd_bomb(1024), "zstd"), "larger than 2 MB once unpacked"),
    fails("bomb within a bomb", packed(gzipped(deflate_bomb(1024, 31)), "gzip", "gzip"), "once unpacked"),
    keeps("packed twice", packed(gzipped(gzipped(one("Packed twice"))), "gzip", "gzip"), "Packed twice"),
    fails("packed a thousand times by its own account", packed(one("Never packed"), *["gzip"] * 1000), ""),
    fails("half of a gzip", packed(gzipped(FEED * 50)[:90], "gzip"), ""),
    fails("plain text called gzip", packed(FEED.encode(), "gzip"), r"cannot be unpacked \(gzip\)"),
    fails("gzip called brotli", packed(gzipped(FEED), "br"), r"cannot be unpacked \(br\)"),
    fails("a packing nobody knows", packed(gzipped(FEED), "rot13"), ""),
    fails("gzip that does not say so", ok(gzipped(FEED)), "not a feed"),
    fails("50 MB announced", raw(HEAD, f"Content-Length: {50 * 10**6}\r\n\r\n", *[BLANKS] * 800), "larger than"),
    fails(
        "a feed of 200,000 items", packed(gzipped(rss(*["<item><title>x</title></item>"] * 200_000)), "gzip"), "larger"
    ),
    keeps(
        "a feed of 6,000 items",
        ok(rss(*(f"<item><guid>{n}</guid><title>N {n % 2}</title></item>" for n in range(6_000)))),
        says="cut",
        titles=None,
    ),
    fails("a title of 20 MB", packed(LARGE, "gzip"), "larger than 2 MB once unpacked"),
    keeps("a title of 1 MB", ok(rss(item("Very long" + " and longer" * 90_000))), says="cut", titles=None),
    keeps("a summary of 1.5 MB", ok(rss(item("Long summary", said="word " * 300_000))), "Long summary", says="cut"),
    keeps(
        "ten thousand authors",
        ok(rss(item("Many authors", more="".join(f"<author>Ann {n}</author>" for n in range(10_000))))),
        "Many authors",
        says="cut",
    ),
    keeps(
        "ten thousand authors in JSON",
        jsonfeed(
            json_item('"JSON authors"', ', "authors": ' + json.dumps([{"name": f"Ann {n}"} for n in range(10_000)]))
        ),
        "JSON authors",
        says="cut",
    ),
    fails("XML a hundred thousand levels deep", ok("<rss><channel>" + "<a>" * 100_000), ""),
    keeps(
        "an item a hundred thousand levels deep",
        ok(rss(item("Deep item", more="<a>" * 100_000 + "</a>" * 100_000))),
        says=None,
        titles=None,
    ),
    fails("JSON a hundred thousand levels deep", ok("[" * 100_000, "application/json"), ""),
    fails("a JSON feed a hundred thousand levels deep", jsonfeed('{"id": "1", "x": ' + "[" * 100_000), ""),
    keeps(
        "an attribute of 1.5 MB", ok(rss(item("Long attribute", more=f'<a b="{"x" * 1_500_000}"/>'))), "Long attribute"
    ),
    keeps("1.9 MB on one line", ok(rss(item("One line", said=f"{SAID} " * 26_000))), "One line", says="cut"),
    stands_in("page bomb", ok(deflate_bomb(1024, 31), "text/html", Content_Encoding="gzip"), None),
    stands_in("page of 50 MB", endless(HTML.replace("\r\n\r\n", "\r\nContent-Length: 50000000\r\n\r\n"), BLANKS), None),
    reads("page a hundred thousand levels deep", ok(article_page(more="<div>" * 100_000), "text/html")),
    reads("page with an attribute of 1.5 MB", ok(article_page(more=f'<i title="{"x" * 1_500_000}">'), "text/html")),
)

# Every parser has its worst text: small enough for every limit, and a minute's work.
WORK = (
    survives(
        "fifteen thousand attributes", ok(rss(item("Attributes", more=element(f'b{n}=""' for n in range(15_000)))))
    ),
    survives("a hundred thousand open elements", ok(rss(item("Open elements", said="<a>" * 100_000)))),
    survives("a hundred thousand open quotation marks", ok(rss(item("Open quotes", said='<a "' * 100_000)))),
    fails("a feed of 650,000 elements", ok(rss(item("Elements", said="<a>" * 650_000))), "more than 200,000 elements"),
    keeps(
        "a text of 50,000 attributes",
        jsonfeed(json_item('"Attributes within"', f', "content_html": "<p {attributes(50_000)}>"')),
        "Attributes within",
    ),
    keeps(
        "a thousand authors of 1,000 letters",
        ok(rss(*(item(f"Long name {n}", more=f"<x/><author>{'a' * 1000}</author>") for n in range(1000)))),
        titles=None,
    ),
    survives("page of 80,000 paragraphs", ok(article_page(more="<p>x" * 80_000), "text/html"), page=True),
    survives("page of 100,000 links", ok(article_page(more="<a href=/>x</a>" * 100_000), "text/html"), page=True),
    stands_in(
        "page with an element of 200,000 attributes",
        ok(article_page(more=f"<i {attributes(200_000)}>"), "text/html"),
        "no text of an article",
    ),
)

LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "' + f"&{a};" * 10 + '">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
REFUSED = "declares XML entities"
XML_TRICKS = (
    fails("billion laughs", dtd(LAUGHS, "Laughs &j;"), REFUSED),
    fails("quadratic blow-up", dtd(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 10_000), REFUSED),
    fails("an entity that reads a file", dtd('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"), REFUSED),
    fails(
        "an entity that asks inside",
        here(rss(item("&a;"), prologue='<!DOCTYPE rss [<!ENTITY a SYSTEM "http://127.0.0.1:{inside}/">]>')),
        REFUSED,
    ),
    fails(
        "a parameter entity",
        here(rss(item("x"), prologue='<!DOCTYPE rss [<!ENTITY % a SYSTEM "http://127.0.0.1:{inside}/"> %a;]>')),
        REFUSED,
    ),
    fails("an entity behind a comment with a tag", dtd("<!-- <rss> -->" + LAUGHS, "Hidden &j;"), REFUSED),
    fails("an entity behind 150 kB of comment", dtd(f"<!--{'x' * 150_000}-->" + LAUGHS, "Far &j;"), REFUSED),
    fails(
        "an entity in UTF-16",
        ok(rss(item("Wide &j;"), prologue=f"<!DOCTYPE rss [{LAUGHS}]>").encode("utf-16")),
        REFUSED,
    ),
    fails("an entity in an attribute", ok(f'<!DOCTYPE rss [{LAUGHS}]><rss version="&j;"/>'), REFUSED),
    keeps(
        "a DTD inside",
        here(rss(item("Outer DTD"), prologue='<!DOCTYPE rss SYSTEM "http://127.0.0.1:{inside}/x.dtd">')),
        "Outer DTD",
    ),
    keeps(
        "XInclude",
        here(
            rss(
                item(
                    "Included",
                    more='<x:include xmlns:x="http://www.w3.org/2001/XInclude" parse="text" href="file:///etc/passwd"/>',
                )
            )
        ),
        "Included",
    ),
    keeps(
        "a style sheet inside",
        here(rss(item("Styled"), prologue='<?xml-stylesheet href="http://127.0.0.1:{inside}/x.xsl"?>')),
        "Styled",
    ),
    keeps("processing instructions", ok(rss(item("Processed", more='<?php system("id") ?>' * 1000))), "Processed"),
    keeps("UTF-7", ok(rss(item("+ADw-b+AD4-Seven"), prologue='<?xml version="1.0" encoding="utf-7"?>')), titles=None),
    keeps("UTF-16 with a mark", ok(rss(item("Marked é")).encode("utf-16"), "text/xml"), "Marked é"),
    keeps(
        "UTF-16 without a mark",
        ok(rss(item("Unmarked é"), prologue="<?xml version='1.0' encoding='utf-16'?>").encode("utf-16-le"), "text/xml"),
        "Unmarked é",
    ),
    keeps("UTF-8 called UTF-16", ok(rss(item("Lied é"), prologue="<?xml version='1.0' encoding='utf-16'?>")), "Lied é"),
    keeps("Windows-1252 called UTF-8", ok(rss(item("Montréal “là”")).encode("cp1252")), "Montréal “là”"),
    keeps("a charset nobody knows", ok(rss(item("Klingon é")), "application/xml; charset=klingon"), "Klingon é"),
    keeps("UTF-32", ok(rss(item("Thirty-two é")).encode("utf-32")), titles=None),
    fails("EBCDIC", ok(rss(item("x"), prologue='<?xml version="1.0" encoding="cp037"?>').encode("cp037")), ""),
    keeps("NUL bytes", ok(rss(item("Nul\0led\0"))), "Nulled"),
    keeps(
        "characters that are none", ok(rss(item("Not\x01\x0b\ufffe characters &#0; &#xD800; &#x110000;"))), titles=None
    ),
    keeps("a character of 5,000 digits", ok(rss(item(f"Digits &#{'9' * 5000};"))), titles=None),
    fails("a CDATA section without end", ok(rss(f"<item><title><![CDATA[{SAID}")[:-22]), "cut off"),
    fails("a comment without end", ok("<?xml version='1.0'?><!-- " + FEED.replace("-->", "")), "not a feed"),
    keeps("junk before the prologue", ok(f"\n\n  junk\n{rss(item('After junk'))}"), "After junk"),
    keeps("junk after the end", ok(rss(item("Before junk")) + "</rss>junk<rss>"), "Before junk"),
    survives(
        "fifty thousand namespaces",
        ok(rss(item("Namespaces", more=element(f'xmlns:n{n}="u:{n}"' for n in range(50_000))))),
    ),
    keeps("a prefix nobody declared", ok(rss(item("Undeclared", more="<evil:x>y</evil:x>"))), "Undeclared"),
    keeps("the prefix xml taken", ok(rss(item("Xml taken", more='<a xmlns:xml="urn:evil"/>'))), titles=None),
    keeps(
        "an item that is none of the feed's",
        ok(rss(item("Own item"), '<x:item xmlns:x="urn:evil"><x:title>Foreign item</x:title></x:item>')),
        titles=None,
    ),
    fails("XML with a root of HTML", ok(f'<?xml version="1.0"?><html><body>{FEED}</body></html>'), "HTML page"),
    fails("two roots", ok("<opml/>" + FEED), "root <opml>"),
)

INSIDE = {
    "in plain": "127.0.0.1",
    "as one number": "2130706433",
    "in octal": "0177.0.0.1",
    "in hexadecimal": "0x7f.1",
    "as one number in hexadecimal": "0x7f000001",
    "short": "127.1",
    "as zero": "0",
    "as 0.0.0.0": "0.0.0.0",  # noqa: S104
    "by name": "localhost",
    "by name with a dot": "localhost.",
    "in full width": "１２７.０.０.１",
    "with ideographic full stops": "127。0。0。1",
    "percent-encoded": "%31%32%37.0.0.1",
    "in IPv6": "[::1]",
    "in long IPv6": "[0:0:0:0:0:0:0:1]",
    "as the IPv6 of anything": "[::]",
    "mapped into IPv6": "[::ffff:127.0.0.1]",
    "mapped into IPv6 in hexadecimal": "[::ffff:7f00:1]",
    "compatible IPv6": "[::127.0.0.1]",
    "by NAT64": "[64:ff9b::7f00:1]",
    "by 6to4": "[2002:7f00:1::]",
    "with a zone": "[::1%25lo]",
    "behind a user": "paper.test@127.0.0.1",
    "behind a back-slash": "127.0.0.1:{inside}\\@{here}",
    "another loopback": "127.66.0.1",
}
NEVER_REACHED = {
    "link-local": "http://169.254.169.254/latest/meta-data/",
    "carrier-grade NAT": "http://100.64.0.1/",
    "of a home": "http://192.168.1.1/",
    "multicast": "http://224.0.0.1/",
    "broadcast": "http://255.255.255.255/",
    "unique local": "http://[fd00::1]/",
    "a back-slash for a slash": "http:\\\\127.0.0.1:{inside}\\",
    "without its scheme": "//127.0.0.1:{inside}/",
    "with a blank": "http://127.0.0.1:{inside} /",
    "with a tab": "http://127.0.\t0.1:{inside}/",
}


def at_inside(host: str) -> str:
    return f"http://{host}/" if "{inside}" in host else f"http://{host}:{{inside}}/"


ADDRESSES = (
    *(fails(f"redirect inside {how}", redirect(at_inside(host)), "") for how, host in INSIDE.items()),
    *(fails(f"redirect to an address {how}", redirect(to), "") for how, to in NEVER_REACHED.items()),
    fails("refused by name", redirect("http://127.0.0.1:{inside}/"), "refused: 127.0.0.1"),
    fails("refused by user", redirect("http://user:secret@{here}/x"), "holds a user name or password"),
    *(
        fails(f"redirect to {to.partition(':')[0]}", redirect(to), "")
        for to in (
            "file:///etc/passwd",
            "data:application/rss+xml,<rss/>",
            "ftp://127.0.0.1:{inside}/",
            "javascript:alert(1)",
            "gopher://127.0.0.1:{inside}/_GET",
            "s3://bucket/key",
            "about:blank",
            "unix:///var/run/docker.sock",
        )
    ),
    fails("redirect to itself", redirect("/case"), "redirected more than 5 times"),
    fails("redirect to itself with more and more query", redirect("/case?n={number}xxxxxxxxxxxx"), "more than 5 times"),
    fails("hops without end", redirect("/case?{number}"), "more than 5 times"),
    fails("slow hops", redirect("/case?{number}", after=0.9), "no complete answer"),
    fails("redirect to nowhere", status(302), "without an address"),
    fails("redirect to an empty address", redirect(""), ""),
    fails("redirect with a line break", redirect("/x%0d%0aSet-Cookie:%20a=b"), "404"),
    fails("redirect of 100,000 characters", redirect("/" + "x" * 100_000), ""),
    fails("redirect to port 99999", redirect("http://127.0.0.1:99999/"), ""),
    fails("redirect to port 0", redirect("http://127.0.0.1:0/"), ""),
    fails("redirect to half an IPv6 address", redirect("http://[::1/"), ""),
    fails("redirect to a host without a name", redirect("http:///x"), ""),
    fails("redirect to a homograph", redirect("http://gооgle.invalid/"), "not known"),
    fails("redirect to a host of 300 letters", redirect(f"http://{'a' * 300}.invalid/"), ""),
    fails(
        "redirect with bytes that are no text",
        raw(b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\nContent-Length: 0\r\n\r\n"),
        "",
    ),
    stands_in("page redirected inside", redirect("http://127.0.0.1:{inside}/"), None),
    stands_in("page redirected to a file", redirect("file:///etc/passwd"), None),
    stands_in("page redirected in a circle", redirect("/page"), None),
    keeps(
        "links inside",
        here(
            rss(
                *(
                    item(f"Linked {how}", link=escape(at_inside(host) + f"?{n}"))
                    for n, (how, host) in enumerate(INSIDE.items())
                )
            )
        ),
        *(f"Linked {how}" for how in INSIDE),
        links=True,
    ),
    keeps(
        "links to other addresses",
        here(rss(*(item(f"Other {how}", link=escape(to)) for how, to in NEVER_REACHED.items()))),
        *(f"Other {how}" for how in NEVER_REACHED),
        links=True,
    ),
    keeps(
        "links that are none",
        here(
            rss(
                item("A script", link="javascript:alert(document.cookie)"),
                item("A file", link="file:///etc/passwd"),
                item("A mailbox", link="mailto:desk@paper.test"),
                item("Data", link="data:text/html,x"),
                item("Controls", link="http://127.0.0.1:{inside}/&#13;&#10;Host: evil/\x7f"),
                item("A large port", link="http://127.0.0.1:99999/"),
                item("Half of IPv6", link="http://[::1/"),
                item("Very long", link="http://127.0.0.1:{inside}/" + "x" * 100_000),
                item("A homograph", link="http://pаper.invalid/1"),
                item("A user", link="http://desk:secret@{here}/well.xml"),
                item("Nothing", link=""" """),
            )
        ),
        says="cut",
        links=True,
        titles=(
            "A file",
            "A homograph",
            "A large port",
            "A mailbox",
            "A script",
            "A user",
            "Controls",
            "Data",
            "Half of IPv6",
            "Nothing",
            "Very long",
        ),
    ),
    *(
        keeps(
            f"a fair link of 900 letters in {how}",
            here(rss(item(title, link="http://{here}/" + "x" * 900))),
            "The page",
            links=True,
            more={"/" + "x" * 900: ok(article_page(), "text/html")},
        )
        for how, title in {"plain XML": "Fair", "what is nearly XML": "Fair&nbsp;link <br>"}.items()
    ),
    keeps(
        "a base inside",
        here(
            '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://127.0.0.1:{inside}/"><title>News</title><entry>'
            f'<id>b</id><title>Based inside</title><link href="x"/><summary>{SAID}</summary></entry></feed>'
        ),
        "Based inside",
        links=True,
    ),
)

SURROGATE = json_item('"Half \\ud83d pair"')
CONTENT = (
    keeps(
        "bidi overrides in a title",
        ok(rss(item("Roxham \u202edaoR\u202c\u2066 Road\u200b turned"))),
        "Roxham daoR Road turned",
    ),
    keeps("controls in a title", ok(rss(item("Bell&#7; and \x1b[31mred&#x9b;"))), titles=None),
    keeps(
        "a line break in a title",
        ok(rss(item("Break&#13;&#10;Bcc: all@paper.test&#10;&#10;Body Roxham Road", said="Clerks broke for lunch."))),
        "Break Bcc: all@paper.test Body Roxham Road",
    ),
    keeps(
        "an encoded word in a title", ok(rss(item("=?utf-8?q?=0d=0aBcc:_all=40paper.test?= Roxham Road"))), titles=None
    ),
    keeps(
        "a script in a title", ok(rss(item("Script &lt;script&gt;alert(1)&lt;/script&gt; at Roxham Road"))), titles=None
    ),
    keeps(
        "a picture in a title",
        ok(rss(item("Picture &amp;lt;img src=x onerror=alert(1)&amp;gt; at Roxham Road"))),
        titles=None,
    ),
    keeps("half a surrogate pair", jsonfeed(SURROGATE), "Half \ufffd pair"),
    keeps("combining marks alone", ok(rss(item("\u0301\u0301 alone " + "\u0300" * 3000))), titles=None),
    keeps("a title of blanks", ok(rss(item("&#160;&#8203; ", link="https://paper.test/blank"))), titles=None),
    keeps(
        "dates that are none",
        ok(
            rss(
                *(
                    item(f"Dated {n}", more=f"<pubDate>{date}</pubDate>")
                    for n, date in enumerate(
                        (
                            "Sat, 00 Jan 0000 00:00:00 GMT",
                            "Fri, 31 Dec 9999 23:59:59 -2359",
                            "inf",
                            "-1",
                            "NaN",
                            "9" * 400,
                            "Sun, 22 Nov 2026 10:00:00 +9999",
                            "-0001-01-01T00:00:00Z",
                            "2026-02-30T25:61:61Z",
                            "١٢٣٤-٠١-٠١",
                        )
                    )
                )
            )
        ),
        *(f"Dated {n}" for n in range(10)),
    ),
    keeps("a date of infinity in JSON", jsonfeed(json_item('"Infinite"', ', "date_published": Infinity')), "Infinite"),
    fails("a number of 100,000 digits", jsonfeed(json_item('"Digits"', f', "x": {"9" * 100_000}')), ""),
    keeps(
        "a language of 10 kB",
        ok(rss(item("Long language"), channel=f"<language>{'en-' * 3400}</language>")),
        "Long language",
    ),
    keeps(
        "GUIDs all alike",
        ok(rss(*(item(f"Alike {n}", more="<guid>1</guid>") for n in range(3)))),
        "Alike 0",
        "Alike 1",
        "Alike 2",
    ),
    keeps(
        "a GUID of 100 kB", ok(rss(item("Long GUID", more=f"<guid>{'x' * 100_000}</guid>"))), "Long GUID", says="cut"
    ),
    keeps("the same link a thousand times", ok(rss(*[item("A thousand times")] * 1000)), "A thousand times"),
    keeps(
        "links to the feed itself",
        here(rss(*(item(f"To itself {n}", link="http://{here}/case") for n in range(3)))),
        "To itself 0",
        "To itself 1",
        "To itself 2",
    ),
    keeps(
        "relative links without a base",
        ok(rss(item("Relative", link="../../../../etc/passwd"))),
        "Relative",
        links=True,
    ),
    keeps(
        "a JSON feed of strange types",
        jsonfeed(
            json_item('"Strange"', ', "authors": {"name": []}, "tags": 7, "language": {}'), "null", "[]", "7", '"x"'
        ),
        "Strange",
        says="could not be read",
    ),
    keeps(
        "keys that are doubled",
        jsonfeed('{"id": "d1", "title": "First key", "title": "Second key", "content_text": "' + SAID + '"}'),
        "Second key",
    ),
    keeps(
        "markup that opens and never closes",
        ok(rss(item("Unclosed", said=escape("<div><table><tr>" * 5000 + SAID)))),
        "Unclosed",
    ),
    keeps(
        "a reader's worst pattern",
        ok(rss(item("Pattern " + "<" * 4900), item("Pattern b " + "&lt;!--" * 800))),
        titles=None,
    ),
    keeps("half a million ampersands", ok(rss(item("Ampersands", said="&amp;" * 300_000))), says="cut", titles=None),
)


def changing_tag(wire: Wire) -> bytes:
    return ok(one("Changing tag"), ETag=f'"{wire.number}"')


def growing_cookies(wire: Wire) -> bytes:
    return ok(one("Cookies"), Set_Cookie=f"c{wire.number}={'x' * 4000 * (1 + wire.number)}"[:7000])


def unasked(wire: Wire) -> bytes:
    """304 to the second visit, which has nothing to be compared with."""
    return status(304) if wire.number else ok(one("Then unasked"))


HOME = ok(
    page("The paper", "\n\n".join(f"Story {n} of the day, with a line about Roxham Road." for n in range(40))),
    "text/html",
)
LOST = ok(
    page("Page not found", "We are sorry. The page you are looking for does not exist. Try our search."), "text/html"
)
BEHAVIOUR = (
    fails("an error page with 200", ok(page("Oops", "Something went wrong"), "text/html"), "HTML page"),
    fails("an error page that calls itself a feed", ok(page("Oops", "Something went wrong")), "HTML page"),
    fails("a block page", ok("<html>Request unsuccessful. Incapsula incident ID: 7</html>", "text/html"), "blocked"),
    fails("304 that nobody asked for", status(304), "304"),
    keeps("304 after an answer without validators", unasked, "Then unasked", then="failed"),
    keeps("a tag that changes at each request", changing_tag, "Changing tag", then="unchanged"),
    keeps("a tag of 7 kB", ok(one("Long tag"), ETag=f'"{"x" * 7000}"'), "Long tag", then="unchanged"),
    keeps("a tag of blanks", ok(one("Blank tag"), ETag="   "), "Blank tag", then="unchanged"),
    keeps(
        "206 without being asked",
        ok(one("Part"), code="206 Partial Content", Content_Range="bytes 0-9/99"),
        titles=None,
    ),
    fails("204", raw("HTTP/1.1 204 No Content\r\n\r\n"), ""),
    fails("205", status(205), ""),
    fails("401 again and again", status(401, WWW_Authenticate='Basic realm="x"'), "HTTP 401"),
    fails("402", status(402), "HTTP 402"),
    fails("407", status(407, Proxy_Authenticate='Basic realm="x"'), "HTTP 407"),
    fails("418", status(418), "HTTP 418"),
    fails("429 for less than nothing", status(429, Retry_After="-5"), "HTTP 429", rests=True),
    fails("429 for 30,000 years", status(429, Retry_After=str(10**12)), "HTTP 429", then="skipped", rests=True),
    fails("429 for 400 digits of seconds", status(429, Retry_After="9" * 400), "HTTP 429", then="skipped", rests=True),
    fails("429 until whenever", status(429, Retry_After="soon"), "HTTP 429", rests=True),
    fails("429 until last year", status(429, Retry_After="Sat, 21 Nov 2015 10:00:00 GMT"), "HTTP 429"),
    fails(
        "429 until the year 9999",
        status(429, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"),
        "HTTP 429",
        then="skipped",
        rests=True,
    ),
    fails("451", status(451), "HTTP 451"),
    fails("999", status(999), "HTTP 999"),
    fails("600", status(600), "HTTP 600"),
    keeps("cookies that grow", growing_cookies, "Cookies"),
    keeps("a feed called a picture", ok(one("No picture"), "image/png"), "No picture"),
    keeps("a feed called nothing", ok(one("No type"), None), "No type"),
    keeps("a feed called nonsense", ok(one("Nonsense"), ";;;charset=;=\x01"), titles=None),
    keeps(
        "a feed to be downloaded",
        ok(one("Attached"), Content_Disposition='attachment; filename="../../etc/cron.d/x"'),
        "Attached",
    ),
    keeps(
        "a feed to be kept for ever",
        ok(one("For ever"), Cache_Control=f"max-age={10**15}, immutable", Expires="never"),
        "For ever",
    ),
    keeps("a feed that wants a refresh", ok(one("Refreshed"), Refresh="0; url=http://127.0.0.1/"), "Refreshed"),
    stands_in("page sent to the home page", redirect("/home"), "", more={"/home": HOME}),
    stands_in("page not found with 200", LOST, ""),
    stands_in("page that is a block page", ok("<html>Access Denied. Reference #18</html>", "text/html"), "blocked"),
    stands_in("page that is a picture", ok(b"\x89PNG", "image/png"), None),
    stands_in("page of 204", raw("HTTP/1.1 204 No Content\r\n\r\n"), ""),
    reads("page called nothing", ok(article_page(), None)),
    stands_in(
        "page whose robots.txt never ends",
        ok(article_page(), "text/html"),
        None,
        titles=None,
        more={"/robots.txt": endless(HTML, "Disallow: /x\n" * 999)},
    ),
    stands_in(
        "page whose robots.txt never comes",
        ok(article_page(), "text/html"),
        "robots.txt",
        titles=None,
        more={"/robots.txt": silence},
    ),
    stands_in(
        "page whose robots.txt lies inside",
        ok(article_page(), "text/html"),
        "robots.txt",
        titles=None,
        more={"/robots.txt": redirect("http://127.0.0.1:{inside}/")},
    ),
)

NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def sitemap(*entries: str, root: str = "urlset") -> str:
    return f'<?xml version="1.0"?><{root} {NAMESPACES}>{"".join(entries)}</{root}>'


def entry(title: str, link: str = "http://{here}/") -> str:
    """An entry of a news sitemap; nothing answers at its address but 404."""
    told = f"<news:title>{title}</news:title><news:publication_date>2026-11-21</news:publication_date>"
    keywords = "<news:keywords>Roxham Road, council</news:keywords>"
    return f"<url><loc>{link}{title.replace(' ', '-')}</loc><news:news>{told}{keywords}</news:news></url>"


def part(link: str) -> str:
    return f"<sitemap><loc>{link}</loc></sitemap>"


def of_kind(kind: str, case: Case, **options: object) -> Case:
    return replace(case, kind=kind, options=options)


def api_page(title: str, following: str) -> str:
    item = {"url": "http://{here}/" + title.replace(" ", "-"), "title": title, "text": SAID}
    return json.dumps({"results": [item], "next": following})


def endless_pages(wire: Wire) -> bytes:
    """Each page names a next one."""
    number = int(wire.talk.path.partition("?")[2] or 0)
    return ok(wire.filled(api_page(f"API page {number}", f"/case?{number + 1}")), "application/json")


API = {"items": "results", "url": "url", "title": "title", "summary": "text", "next": "next", "pages": 50}
KINDS = (
    *(
        of_kind("sitemap", case)
        for case in (
            fails("sitemap of a .gz bomb", ok(deflate_bomb(1024, 31), "application/gzip"), "larger than"),
            fails(
                "sitemap of a .gz bomb within gzip",
                ok(gzipped(deflate_bomb(1024, 31)), "application/gzip", Content_Encoding="gzip"),
                "larger than",
            ),
            fails("sitemap of half a .gz", ok(gzipped(sitemap(*[entry("x")] * 90))[:60], "application/gzip"), ""),
            fails(
                "sitemap of laughs", ok(f"<!DOCTYPE urlset [{LAUGHS}]>" + sitemap(entry("&j;")), "text/xml"), REFUSED
            ),
            fails("sitemap a hundred thousand levels deep", ok(sitemap("<url>" * 100_000), "text/xml"), ""),
            fails("index that names itself", here(sitemap(part("http://{here}/case"), root="sitemapindex")), ""),
            fails(
                "index of the inside",
                here(sitemap(part("http://127.0.0.1:{inside}/"), root="sitemapindex")),
                "refused: 127.0.0.1",
            ),
            fails("index of a file", ok(sitemap(part("file:///etc/passwd"), root="sitemapindex")), ""),
            fails(
                "index of silence",
                here(sitemap(part("http://{here}/part"), root="sitemapindex")),
                "no complete answer",
                more={"/part": silence},
            ),
            fails(
                "index of a bomb",
                here(sitemap(part("http://{here}/part"), root="sitemapindex")),
                "larger than",
                more={"/part": ok(deflate_bomb(1024, 31), "application/gzip")},
            ),
            survives(
                "sitemap of 30,000 addresses",
                here("\n".join("http://{here}/" + str(n) for n in range(30_000)), "text/plain"),
            ),
        )
    ),
    *(
        of_kind("json_api", case, **API)
        for case in (
            fails("API of an HTML page", ok(page("Oops", "x"), "application/json"), ""),
            fails("API without its list", ok('{"results": {"0": 1}}', "application/json"), ""),
            fails("API a hundred thousand levels deep", ok('{"results": ' + "[" * 100_000, "application/json"), ""),
            fails(
                "API with a number of 100,000 digits",
                ok('{"results": [' + "9" * 100_000 + "]}", "application/json"),
                "",
            ),
            keeps("API whose pages never end", endless_pages, *(f"API page {n}" for n in range(50))),
            keeps(
                "API whose next page lies inside",
                here(api_page("API inside", "http://127.0.0.1:{inside}/"), "application/json"),
                "API inside",
                says="refused: 127.0.0.1",
            ),
            keeps(
                "API whose next page is silent",
                here(api_page("API silent", "/part"), "application/json"),
                "API silent",
                says="no complete answer",
                more={"/part": silence},
            ),
        )
    ),
    *(
        of_kind("listing", case, item="article")
        for case in (
            fails("listing of nothing", ok(page("Home", "x"), "text/html"), ""),
            fails(
                "listing that is a bomb",
                ok(deflate_bomb(1024, 31), "text/html", Content_Encoding="gzip"),
                "larger than",
            ),
            keeps(
                "listing of scripts",
                here(
                    "<article><a href=javascript:alert(1)>No</a></article>"
                    "<article><a href='http://{here}/x'>Listed one</a></article>",
                    "text/html",
                ),
                "Listed one",
            ),
            keeps(
                "listing with a base inside",
                here(
                    "<base href='http://127.0.0.1:{inside}/'><article><a href=x>Listed inside</a></article>",
                    "text/html",
                ),
                "Listed inside",
            ),
            survives(
                "listing a hundred thousand levels deep",
                ok("<article>" + "<div>" * 100_000 + "<a href=/x>Deep</a>", "text/html"),
            ),
            survives(
                "listing of a hundred thousand links", ok("<article>" + "<a href=/x>x</a>" * 100_000, "text/html")
            ),
        )
    ),
)

FAMILIES = {
    "transport": TRANSPORT,
    "size": SIZE,
    "work": WORK,
    "xml": XML_TRICKS,
    "addresses": ADDRESSES,
    "content": CONTENT,
    "behaviour": BEHAVIOUR,
    "kinds": KINDS,
}
