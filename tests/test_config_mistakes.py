"""Every sort of mistake in the configuration, and the exact line that tells it."""

from pathlib import Path

import pytest

from tests.configuration import KINDS, SOURCE, problems

BROKEN: dict[str, tuple[str, str | bytes, list[str]]] = {
    "an unknown key": (
        "sources",
        SOURCE + "    evry: 10m\n",
        ["5:5: sources[a].evry: unknown key; did you mean every?"],
    ),
    "an unknown key that is near to none": (
        "topics",
        "topics: []\nzzz: 1\n",
        ["2:1: zzz: unknown key (known: topics)"],
    ),
    "an unknown key in a section": (
        "monitor",
        "contact: a@b.test\nmail: {vai: x}\n",
        ["2:8: mail.vai: unknown key; did you mean via?"],
    ),
    "duplicate keys": (
        "sources",
        "sources:\n  - id: a\n    kind: feed\n    id: b\n    url: https://example.org/\n    kind: feed\n",
        [
            "4:5: sources[a].id: duplicate key; the first is at line 2",
            "6:5: sources[a].kind: duplicate key; the first is at line 3",
        ],
    ),
    "missing keys": (
        "sources",
        "sources:\n  - kind: feed\n",
        ["2:5: sources[1].id: is required", "2:5: sources[1].url: is required"],
    ),
    "a missing contact": ("monitor", "name: x\n", ["1:1: contact: is required"]),
    "a key without a value": (
        "sources",
        SOURCE + "    name:\n",
        ["5:5: sources[a].name: has no value; give one or remove the key"],
    ),
    "a number for text": (
        "sources",
        SOURCE + "    name: 2026\n",
        ["5:11: sources[a].name: text is expected, not the number 2026; put it in quotes"],
    ),
    "YAML 1.1's yes": (
        "sources",
        SOURCE + "    enabled: yes\n",
        ["5:14: sources[a].enabled: true or false is expected, not text; write true"],
    ),
    "a list where a mapping belongs": (
        "sources",
        "- id: a\n",
        [
            "1:1: a mapping (key: value) is expected here, not a list; the file begins with a key such as sources:",
        ],
    ),
    "text where a list belongs": (
        "digests",
        "digests:\n  - {id: d, to: desk@example.org}\n",
        ["2:17: digests[d].to: a list is expected, not text; write [desk@example.org]"],
    ),
    "a list where a section belongs": (
        "monitor",
        "contact: a@b.test\nweb: []\n",
        ["2:6: web: a mapping (key: value) is expected, not a list"],
    ),
    "an empty file": (
        "topics",
        "# nothing\n",
        ["1:1: the file is empty; `roxham init` in a new folder shows what belongs here"],
    ),
    "a tab": ("sources", "sources:\n\t- id: a\n", ["2:1: YAML: a tab; YAML is indented with spaces"]),
    "another encoding": (
        "sources",
        "sources:\n  - id: a\n    name: café\n".encode("latin-1"),
        ["3:14: byte 0xe9 is not UTF-8; save the file in UTF-8"],
    ),
    "a control character": (
        "sources",
        "sources:\n- id: a\x07\n",
        ["2:8: a control character (U+0007) has no place in a text file"],
    ),
    "an open quotation mark": (
        "sources",
        'sources:\n  - id: "a\n    kind: feed\n',
        ["2:9: YAML: this quotation mark is never closed"],
    ),
    "an open bracket": (
        "sources",
        "sources: [1, 2\nx: y\n",
        ["1:10: YAML: this list in brackets is never closed, or a comma is missing in it"],
    ),
    "a colon too many": (
        "monitor",
        "name: a: b\n",
        ["1:8: YAML: a second `: ` on one line, or wrong indentation; text with `: ` needs quotes"],
    ),
    "lost indentation": (
        "sources",
        "sources:\n - id: a\n  kind: b\n",
        ["3:3: YAML: this line does not belong to what stands above it; look at the indentation"],
    ),
    "a second document": (
        "monitor",
        "contact: a@b.test\n---\nname: x\n",
        ["2:1: YAML: a second document (`---`) begins here; one file holds one"],
    ),
    "a Python object": (
        "monitor",
        "contact: a@b.test\nname: !!python/object/apply:os.getcwd []\n",
        [
            "2:7: name: the tag !!python/object/apply:os.getcwd means nothing here; remove it",
            "2:7: name: text is expected, not a list",
        ],
    ),
    "an alias to itself": (
        "topics",
        "topics: &all [*all]\n",
        [
            "1:9: topics[1]: an alias to what holds it",
            "1:9: topics[1]: has no value; give one or remove the key",
        ],
    ),
    "duplicate ids": (
        "topics",
        "topics:\n  - {id: stca, any: [x]}\n  - {id: b, any: [x]}\n  - {id: stca, any: [x]}\n",
        ['4:10: topics[stca].id: duplicate id "stca"; the first is at line 2'],
    ),
    "an id that is none": (
        "topics",
        "topics:\n  - {id: a b, any: [x]}\n",
        ['2:10: topics[a b].id: "a b" is not an id: up to 64 letters (a-z), digits and hyphens, such as ircc-en'],
    ),
    "an unknown topic": (
        "digests",
        "digests:\n  - {id: d, topics: [stac, roxham]}\n",
        [
            '2:22: digests[d].topics[1]: unknown topic "stac"; did you mean stca? (known: stca)',
            '2:28: digests[d].topics[2]: unknown topic "roxham" (known: stca)',
        ],
    ),
    "an unknown kind": (
        "sources",
        "sources:\n  - {id: a, kind: fed, url: https://example.org/}\n",
        ['2:19: sources[a].kind: unknown kind "fed"; did you mean feed? (known: ' + f"{', '.join(KINDS)})"],
    ),
    "unknown words": (
        "sources",
        SOURCE + "    read: pages\n    keep: all\n",
        [
            '5:11: sources[a].read: unknown word "pages"; did you mean page? (known: feed, page)',
            '6:11: sources[a].keep: unknown word "all" (known: excerpt, text)',
        ],
    ),
    "durations": (
        "monitor",
        "contact: a@b.test\nkeep: {unmatched: 90}\ncrawl: {delay: 10 min, timeout: 0s}\n",
        [
            "2:19: keep.unmatched: 90 has no unit; write 90s, 90m, 90h or 90d",
            '3:16: crawl.delay: "10 min" is not a duration such as 30s, 10m, 2h or 90d; did you mean 10m?',
            "3:33: crawl.timeout: must be longer than 0",
        ],
    ),
    "times between two visits": (
        "sources",
        "sources:\n"
        + "".join(
            f"  - {{id: {name}, kind: plain, url: https://x.test/{name}, every: {every}}}\n"
            for name, every in zip(
                "abcdefg",
                ("1h to 10m", "10 to 1h", "10m to", "10m-1h", "1h to 1h", "1m to 2m to 3m", "10"),
                strict=True,
            )
        ),
        [
            "2:56: sources[a].every: the shorter time comes first; write 10m to 1h",
            "3:56: sources[b].every: 10 has no unit; write 10s, 10m, 10h or 10d",
            '4:56: sources[c].every: "10m to" is not an interval such as 10m, or 10m to 1h',
            '5:56: sources[d].every: "10m-1h" is not an interval such as 10m, or 10m to 1h; did you mean 10m to 1h?',
            "6:56: sources[e].every: both bounds are the same; write 1h",
            '7:56: sources[f].every: "1m to 2m to 3m" is not an interval such as 10m, or 10m to 1h',
            "8:56: sources[g].every: 10 has no unit; write 10s, 10m, 10h or 10d",
        ],
    ),
    "options that there are not": (
        "sources",
        SOURCE + "    options: {bsae: https://x.test/, zzz: 1}\n"
        "  - {id: b, kind: plain, url: https://example.org/b, options: {base: https://x.test/}}\n"
        "  - {id: c, kind: feed, url: https://example.org/c, options: [base]}\n"
        "  - {id: d, kind: fed, url: https://example.org/d, options: {what: ever}}\n",
        [
            "5:15: sources[a].options.bsae: unknown key; did you mean base?",
            "5:38: sources[a].options.zzz: unknown key (known: base, history)",
            "6:63: sources[b].options: kind plain has no options; remove the key",
            "7:62: sources[c].options: a mapping (key: value) is expected, not a list",
            '8:19: sources[d].kind: unknown kind "fed"; did you mean feed? (known: ' + f"{', '.join(KINDS)})",
        ],
    ),
    "values of options": (
        "sources",
        SOURCE + "    options: {history: 500, base: 3}\n"
        "  - {id: b, kind: feed, url: https://example.org/b, options: {history: many, base: x.test}}\n"
        '  - {id: c, kind: feed, url: https://example.org/c, options: {history: , base: "https://x\\n.test/"}}\n',
        [
            "5:24: sources[a].options.history: must be at most 100",
            "5:35: sources[a].options.base: text is expected, not the number 3; put it in quotes",
            "6:72: sources[b].options.history: a whole number is expected, not text",
            '6:84: sources[b].options.base: "x.test" is not an address such as https://example.org/news/',
            "7:63: sources[c].options.history: has no value; give one or remove the key",
            "7:80: sources[c].options.base: holds a line break or another control character; write it on one line",
        ],
    ),
    "options that a kind asks for": (
        "sources",
        "sources:\n  - {id: a, kind: json_api, url: https://x.test/}\n"
        "  - {id: b, kind: json_api, url: https://x.test/b, options: {url: link, markup: [contents]}}\n",
        [
            "2:5: sources[a].options.url: is required",
            "2:5: sources[a].options.title: is required",
            "3:61: sources[b].options.title: is required",
            '3:82: sources[b].options.markup[1]: unknown word "contents"; did you mean content? '
            "(known: content, summary)",
        ],
    ),
    "selectors": (
        "sources",
        "sources:\n  - id: a\n    kind: listing\n    url: https://x.test/\n    options:\n"
        "      item: 'article >'\n      link: a::text\n      title: h2::before\n      date: ''\n      but: /tag/*\n"
        "      pages: 2\n"
        "  - {id: b, kind: listing, url: https://x.test/b, options: {pages: 2, title: 'h2:nope'}}\n"
        "  - {id: c, kind: listing, url: https://x.test/c, options: {pages: 2}}\n",
        [
            '6:13: sources[a].options.item: "article >" is not a CSS selector such as article h2 > a: '
            "Expected selector, got <EOF at 9>",
            '7:13: sources[a].options.link: "a::text" must select elements: without ::text and ::attr()',
            '8:14: sources[a].options.title: "h2::before" asks for ::before; known are ::text and ::attr(name)',
            "9:13: sources[a].options.date: is empty; give a value or remove the key",
            "10:12: sources[a].options.but: a list is expected, not text; write [/tag/*]",
            '12:78: sources[b].options.title: "h2:nope" is not a CSS selector such as article h2 > a: '
            "The pseudo-class :nope is unknown",
            "13:60: sources[c].options: `pages` needs `next`, which selects the link to the next page",
        ],
    ),
    "an endless duration": (
        "monitor",
        "contact: a@b.test\nkeep: {unmatched: 999999999999d}\n",
        ["2:19: keep.unmatched: is longer than a hundred years"],
    ),
    "sizes and numbers": (
        "monitor",
        "contact: a@b.test\ncrawl: {max_size: 10, concurrency: 0}\n",
        [
            "2:19: crawl.max_size: 10 has no unit; write 10kB or 10MB",
            "2:36: crawl.concurrency: must be from 1 to 256",
        ],
    ),
    "time zones": (
        "digests",
        "digests:\n  - {id: a, timezone: America/Torronto}\n  - {id: b, timezone: montreal}\n"
        "  - {id: c, timezone: ../x}\n",
        [
            '2:23: digests[a].timezone: unknown time zone "America/Torronto"; did you mean America/Toronto?',
            '3:23: digests[b].timezone: unknown time zone "montreal"; did you mean America/Montreal?',
            '4:23: digests[c].timezone: unknown time zone "../x"; write one such as America/Toronto',
        ],
    ),
    "times of a digest": (
        "digests",
        "digests:\n  - {id: a, at: monday 08:00}\n  - {id: b, at: weekdays 7h}\n  - {id: c, at: 07:00}\n"
        "  - {id: d, at: weekdays}\n  - {id: e, at: daily 24:00}\n  - {id: f, at: every 2}\n  - {id: g, at: at onec}\n"
        "  - {id: h, at: 07:00 daily}\n  - {id: i, at: every 0h}\n",
        [
            '2:17: digests[a].at: "monday" is not a day; did you mean mondays? (known: {})',
            '3:17: digests[b].at: "7h" is not a time of day from 00:00 to 23:59; did you mean 07:00?',
            "4:17: digests[c].at: has no days; did you mean daily 07:00? "
            "Several times of the same days are one text: 'weekdays 07:00, 16:00'",
            "5:17: digests[d].at: has no time of day; write one such as weekdays 07:00",
            '6:17: digests[e].at: "24:00" is not a time of day from 00:00 to 23:59; midnight is 00:00',
            "7:17: digests[f].at: 2 has no unit; write 2s, 2m, 2h or 2d",
            '8:17: digests[g].at: "at onec" is not known; did you mean at once? (known: {})',
            "9:17: digests[h].at: the days come first, then the times ({})",
            "10:17: digests[i].at: must be longer than 0",
        ],
    ),
    "readers": (
        "digests",
        "digests:\n  - id: d\n    to:\n      - desk\n      - Desk <desk@example.org>\n"
        "      - a@b.test\n      - A@B.test\n"
        '      - "a@c.test\\nBcc: x@y.test"\n',
        [
            '4:9: digests[d].to[1]: "desk" is not an e-mail address such as desk@example.org, '
            "nor a channel of monitor.yaml (known: none)",
            "5:9: digests[d].to[2]: is the bare address, without a name; write desk@example.org",
            '7:9: digests[d].to[4]: listed twice: "A@B.test"; the first is at line 6',
            "8:9: digests[d].to[5]: holds a line break or another control character; write it on one line",
        ],
    ),
    "a header in a name": (
        "monitor",
        'contact: a@b.test\nname: "x\\r\\nBcc: y@z.test"\nmail: {from: "x\\u2028y <a@b.test>"}\n',
        [
            "2:7: name: holds a line break or another control character; write it on one line",
            "3:14: mail.from: holds a line break or another control character; write it on one line",
        ],
    ),
    "networks": (
        "monitor",
        "contact: a@b.test\ncrawl:\n  allow_private:\n    - 10.0.0.5/8\n    - 300.1.1.1\n"
        "    - 127.0.0.1:99999\n    - 5\n",
        [
            '4:7: crawl.allow_private[1]: "10.0.0.5/8" has bits set beyond its prefix; did you mean 10.0.0.0/8?',
            '5:7: crawl.allow_private[2]: "300.1.1.1" is not CIDR or CIDR:port, '
            "such as 10.0.0.0/8 or 127.0.0.1/32:8765",
            "6:7: crawl.allow_private[3]: 99999 is not a port from 1 to 65535",
            "7:7: crawl.allow_private[4]: text is expected, not the number 5; put it in quotes",
        ],
    ),
    "addresses of sources": (
        "sources",
        "sources:\n  - {id: a, kind: feed, url: example.org/feed}\n  - {id: b, kind: feed, url: ftp://example.org/}\n"
        "  - {id: c, kind: feed, url: https://example.org/a b}\n  - {id: d, kind: feed, url: 'https:///feed'}\n"
        "  - {id: e, kind: feed, url: 'https://example.org:99999/'}\n  - {id: f, kind: feed, url: 'https://[::1/'}\n",
        [
            "2:30: sources[a].url: has no scheme; did you mean https://example.org/feed?",
            "3:30: sources[b].url: must begin with http:// or https://",
            "4:30: sources[c].url: holds a blank; write %20",
            "5:30: sources[d].url: is not a web address: its host or port cannot be read",
            "6:30: sources[e].url: is not a web address: its host or port cannot be read",
            "7:30: sources[f].url: is not a web address: its host or port cannot be read",
        ],
    ),
    "passwords in files": (
        "monitor",
        "contact: a@b.test\nmail: {via: 'smtp://me:hunter2@mail.test', user: me, password: hunter2}\n",
        [
            "2:13: mail.via: holds a user; remove it and set ROXHAM_MAIL_USER and ROXHAM_MAIL_PASSWORD "
            "in the environment",
            "2:44: mail.user: no user in a file: set ROXHAM_MAIL_USER in the environment",
            "2:54: mail.password: no password in a file: set ROXHAM_MAIL_PASSWORD or ROXHAM_MAIL_PASSWORD_FILE",
        ],
    ),
    "a source's password": (
        "sources",
        SOURCE + "    password: hunter2\n    auth_env: NOT_SET\n",
        [
            "5:5: sources[a].password: no password in a file: name an environment variable with auth_env",
            "6:15: sources[a].auth_env: the environment variable NOT_SET is not set",
        ],
    ),
    "a password in auth_env itself": (
        "sources",
        SOURCE + "    auth_env: me:hunter2\n",
        [
            "5:15: sources[a].auth_env: is the name of an environment variable that holds user:password, "
            "such as IRCC_AUTH"
        ],
    ),
    "ways for mail": (
        "monitor",
        "contact: a@b.test\nmail: {via: 'smpt://mail.test'}\narchive: postgresql://db/x\n",
        [
            "2:13: mail.via: is not a way for mail; did you mean smtp? "
            "(known: maildir:PATH, smtp://host:587, smtps://host:465)",
            '3:10: archive: "postgresql://" is not known here; write sqlite:///var/roxham.db',
        ],
    ),
    "archives": (
        "monitor",
        "contact: a@b.test\narchive: sqlite://var/x.db\n",
        ["2:10: archive: sqlite: takes three slashes before a relative path, four before an absolute one"],
    ),
    "web": (
        "monitor",
        "contact: a@b.test\nweb: {bind: '127.0.0.1', base_url: 'https://x.test/?a'}\n",
        [
            '2:13: web.bind: "127.0.0.1" is not a host and a port such as 127.0.0.1:8400 or [::1]:8400',
            "2:36: web.base_url: is the plain address of the pages: no user, no ? and no #",
        ],
    ),
    "a topic without forms": (
        "topics",
        "topics:\n  - {id: stca, any: []}\n  - {id: b, any: {en: [], fr: []}}\n  - {id: c}\n",
        [
            "2:5: topics[stca]: needs at least one form under any or near",
            "3:5: topics[b]: needs at least one form under any or near",
            "4:5: topics[c]: needs at least one form under any or near",
        ],
    ),
    "forms": (
        "topics",
        "topics:\n  - id: stca\n    any:\n      - Roxham\n      - '\"\"'\n      - #Roxham\n"
        "      - 2023\n    none: pact\n",
        [
            '5:10: topics[stca].any[2]: "" holds no word to look for',
            "6:8: topics[stca].any[3]: has no value; in YAML # begins a comment, "
            "so a hashtag needs quotes: '#RoxhamRoad'",
            "7:9: topics[stca].any[4]: text is expected, not the number 2023; put it in quotes",
            "8:11: topics[stca].none: a list is expected, not text; write [pact]",
        ],
    ),
    "text that a list would tear apart": (
        "topics",
        "topics:\n  - {id: stca, any: [x], none: '\"d''Anjou, rue\"'}\n",
        ["""2:32: topics[stca].none: a list is expected, not text; write ['"d''Anjou, rue"']"""],
    ),
    "co-terms": (
        "topics",
        "topics:\n  - id: a\n    near: {forms: [], beside: [x], within: 0, froms: [y]}\n"
        "  - id: b\n    near:\n    - {forms: [x], within: artcle}\n"
        "    - forms: [x]\n      beside: {en: [a, '(b'], fr: [], fr-CA: []}\n      within: 1001\n"
        "    - 5\n"
        "  - {id: c, near: STCA}\n  - {id: d, near: }\n"
        "  - {id: e, near: {forms: {en: [x], fra: [1]}, beside: x, within: }}\n",
        [
            "3:19: topics[a].near.forms: needs at least one form",
            "3:44: topics[a].near.within: the number 0 is neither a number of words from 1 to 1000 "
            "nor the word article",
            "3:47: topics[a].near.froms: unknown key; did you mean forms?",
            "6:7: topics[b].near[1].beside: is required",
            '6:28: topics[b].near[1].within: "artcle" is neither a number of words from 1 to 1000 nor the word article',
            "8:15: topics[b].near[2].beside: fr and fr-CA are one language; put both under fr",
            "9:15: topics[b].near[2].within: the number 1001 is neither a number of words from 1 to 1000 "
            "nor the word article",
            "10:7: topics[b].near[3]: a mapping (key: value) is expected, not the number 5",
            "11:19: topics[c].near: a mapping with the keys forms and beside, or a list of them, is expected, not text",
            "12:13: topics[d].near: has no value; give one or remove the key",
            "13:43: topics[e].near.forms.fra[1]: text is expected, not the number 1; put it in quotes",
            "13:56: topics[e].near.beside: a list is expected, not text; write [x]",
            "13:59: topics[e].near.within: has no value; give one or remove the key",
        ],
    ),
    "whether mentions are told": (
        "digests",
        "digests:\n  - {id: a, mentions: no}\n  - {id: b, mention: true}\n",
        [
            "2:23: digests[a].mentions: true or false is expected, not text; write false",
            "3:13: digests[b].mention: unknown key; did you mean mentions?",
        ],
    ),
    "one language twice": (
        "topics",
        "topics:\n  - {id: stca, title: {fr: x, FR: y}, any: {fr: [x], fr-CA: [y]}}\n",
        [
            "2:23: topics[stca].title: fr and FR are one language; put both under fr",
            "2:44: topics[stca].any: fr and fr-CA are one language; put both under fr",
        ],
    ),
    "a language that is none": (
        "topics",
        "topics:\n  - {id: stca, any: {english: [x]}}\n",
        ['2:22: topics[stca].any.english: "english" is not a language code such as en or fr'],
    ),
    "keys and tags of other trades": (
        "topics",
        "? [topics]\n: 3\ntopics:\n  - {id: !secret stca, any: [x]}\n",
        [
            "1:3: a key is one word, not a list or a mapping",
            "4:10: topics[1].id: the tag !secret means nothing here; remove it",
            "4:10: topics[1].id: has no value; give one or remove the key",
        ],
    ),
    "two places for one password": (
        "sources",
        "sources:\n  - {id: a, kind: feed, url: https://me:hunter2@example.org/, auth_env: FEED_AUTH}\n",
        ["2:73: sources[a].auth_env: the url holds a user and password already; remove them there"],
    ),
    "a domain that mail servers do not know": (
        "monitor",
        "contact: desk@münchen.test\n",
        [
            '1:10: contact: "desk@münchen.test" has a domain that mail servers know as xn--mnchen-3ya.test; '
            "write desk@xn--mnchen-3ya.test",
        ],
    ),
    "the finer points of mail": (
        "monitor",
        "contact: ' '\nmail: {via: 'smtps://mail.test?starttls=off', from: 5}\narchive: x.db\n",
        [
            "1:10: contact: is empty; give a value or remove the key",
            "2:13: mail.via: has an option that is not known; nothing may follow ? after smtps://",
            "2:53: mail.from: text is expected, not the number 5; put it in quotes",
            "3:10: archive: an address without a scheme is not known here; write sqlite:///var/roxham.db",
        ],
    ),
    "truth values and mappings for text": (
        "monitor",
        "contact: true\nname: {a: b}\ncrawl: {max_size: 10 parsecs, concurrency: many, delay: 1.5}\n",
        [
            "1:10: contact: text is expected, not the truth value true; put it in quotes",
            "2:7: name: text is expected, not a mapping",
            '3:19: crawl.max_size: "10 parsecs" is not a size such as 500kB or 10MB',
            "3:44: crawl.concurrency: a whole number is expected, not text",
            '3:57: crawl.delay: "1.5" is not a duration such as 30s, 10m, 2h or 90d',
        ],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(tmp_path: Path, case: str) -> None:
    file, text, expected = BROKEN[case]
    known = "daily 06:30, weekdays 07:00, 16:00, mondays 08:00, every 2h, at once"
    found = problems(tmp_path, {file: text})
    assert found == [f"config/{file}.yaml:" + line.replace("{}", known) for line in expected]
