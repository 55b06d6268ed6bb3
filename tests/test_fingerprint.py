"""What of a text is compared: small whatever the text is, and the same whenever it is made."""

import json
import time
import unicodedata
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive.packing import plain
from monitor.archive.prints import pack, unpack
from monitor.stories.fingerprint import LEDE, SAMPLE, SHINGLE, asked, facts, fingerprint, identities, keys
from monitor.types import AddressKind, Credit, Figure, Fingerprint, Kill, Notice
from tests.builders import NOW, address, article, words
from tests.wire import FERRY, FERRY_FR, families

STORY = "\n\n".join(FERRY)
MOST = {"shingles": 4 * SAMPLE, "lede": LEDE - SHINGLE + 1, "figures": 200, "named": 100, "names": 80, "terms": 48}
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=600)


def print_of(text: str | None, **changed: Any) -> Fingerprint:
    return fingerprint(article(text=text, **changed))


def within_bounds(print_: Fingerprint) -> bool:
    packed, said = pack(print_)
    return (
        all(len(getattr(print_, name)) <= most for name, most in MOST.items())
        and all(0 <= hash_ < 2**32 and 0 <= at < 256 for hash_, at in print_.shingles)
        and len(packed) < 2_000
        and len(keys(print_)) < 6 * SAMPLE
        and len(said) < 20_000
    )


HOSTILE = {
    "empty": "",
    "one word": "word",
    "one repeated word": "again " * 800_000,
    "no spaces": "x" * 5_000_000,
    "no letters": "… — ! ? ·\n\n" * 200_000,
    "NULs": "\0" * 100_000 + "a\0b",
    "combining marks": "e\u0301" * 1_000_000,
    "only combining marks": "\u0301" * 1_000_000,
    "capitals": "Aa Bb " * 800_000,
    "figures": "7,204 of 3 " * 400_000,
    "paragraphs": "a\n\n" * 1_500_000,
    "other script": "北京的天氣很好。" * 200_000,
    "right to left": "مرحبا بالعالم " * 100_000,
    "emoji": "\U0001f9d1\u200d\U0001f33e " * 300_000,
    "five megabytes": " ".join(f"w{n}" for n in range(650_000)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_has_a_small_fingerprint_soon(text: str) -> None:
    began = time.process_time()
    print_ = print_of(text)
    assert within_bounds(print_)
    assert time.process_time() - began < 20


@given(TEXT, TEXT)
def test_a_fingerprint_is_the_same_each_time_and_survives_keeping(title: str, text: str) -> None:
    print_ = print_of(text, title=title)
    assert print_ == print_of(text, title=title)
    assert within_bounds(print_)
    assert kept(print_) == print_


def kept(print_: Fingerprint) -> Fingerprint:
    """What the archive gives back: one row of `texts` with what its version's row holds."""
    samples, said = pack(print_)
    row = {
        "shingles": samples, "said": said, "text_hash": print_.text_hash, "words": print_.words,
        "body_hash": print_.body_hash, "language": print_.language,
    }  # fmt: skip
    return unpack(row)  # read by name, as a row is


def test_everything_a_fingerprint_holds_survives_keeping() -> None:
    full = Fingerprint(
        text_hash="a" * 32, words=9, body_hash="b" * 32, body_words=8, level=3, shingles=((0, 0), (2**32 - 1, 255)),
        lede=(1, 2**32 - 1), figures=(Figure(before=1, after=0, value="01-12"),),
        named=(Figure(before=7, after=2, value="ottoline grebe"),), names=frozenset({"grebe", "é"}),
        terms=frozenset({"ferry"}), title="a b", language="fr", agency="The Canadian Press",
        first_published="2031-05-06", first_language="fr", notice=Notice.KILL, corrected=True, killed="a headline",
        in_full=True, official=True, dated_at=NOW, identities=frozenset({"x"}), alternates=("y", "z"),
    )  # fmt: skip
    assert kept(full) == full
    assert json.loads(plain(pack(full)[1]) or "")["title"] == "a b"
    defaults = Fingerprint(text_hash=None, words=0)
    assert all(getattr(full, name) != getattr(defaults, name) for name in Fingerprint.__slots__)  # none is forgotten


@pytest.mark.parametrize(
    "changed",
    [
        STORY.upper(),
        STORY.replace("“", '"').replace("”", '"').replace("’", "'"),
        STORY.replace(" ", "\u00a0"),
        STORY.replace(". ", ".\n"),
        STORY.replace(" — ", " -- "),
    ],
)
def test_case_punctuation_and_layout_do_not_count(changed: str) -> None:
    one, other = print_of(STORY), print_of(changed)
    assert one.text_hash == other.text_hash
    assert one.body_hash == other.body_hash
    assert (one.shingles, one.lede, one.body_words) == (other.shingles, other.lede, other.body_words)


def test_accents_do_not_count_however_they_are_written() -> None:
    text = "\n\n".join(FERRY_FR)
    apart = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    assert print_of(text).shingles == print_of(bare).shingles == print_of(apart).shingles


def test_each_shingle_says_in_which_paragraph_it_begins() -> None:
    assert {at for _, at in print_of(words("a", 30) + "\n\n" + words("b", 30)).shingles} == {0, 1}
    assert {at for _, at in print_of(words("a", 30) + "\n\n" + words("b", 30) + " e\u0301te").shingles} == {0, 1}


def test_short_texts_keep_all_and_long_ones_a_sample() -> None:
    assert len(print_of(words("a", 50)).shingles) == 46
    for count in (300, 3_000, 30_000):
        assert SAMPLE / 3 < len(print_of(words("a", count)).shingles) <= SAMPLE * 2
    assert print_of("Two words").shingles  # fewer words than a shingle has are one


def test_a_text_chosen_so_that_all_of_it_is_sampled_is_small_all_the_same() -> None:
    chosen = ["a", "b", "c", "d"]
    for _ in range(1_500):  # a word after which the last five give a hash that every level keeps
        chosen.append(
            next(w for n in range(10**6) if not zlib.crc32(" ".join([*chosen[-4:], w := f"{n:x}"]).encode()) & 0xFF)
        )
    assert within_bounds(print_of(" ".join(chosen)))


def test_no_text_says_nothing_of_words() -> None:
    bare = print_of(None)
    assert (bare.text_hash, bare.body_hash, bare.shingles, bare.words) == (None, None, (), 0)
    assert bare.title == "a headline"


def test_a_notice_that_kills_has_no_body_to_compare() -> None:
    credit = Credit(agency="The Canadian Press", notice=Notice.KILL, kill=Kill(headline="Ferry to stop"))
    notice = print_of("KILL: Ferry to stop", title="Kill", credit=credit)
    assert (notice.killed, notice.body_hash, notice.shingles) == ("ferry to stop", None, ())
    assert keys(notice) & asked(article(title="Ferry to stop"), print_of(STORY, title="Ferry to stop")).keys()


@pytest.mark.parametrize(
    ("first", "own", "believed"),
    [
        ("2031-05-06", datetime(2031, 5, 6, 1, tzinfo=UTC), True),
        ("2031-05-07", datetime(2031, 5, 6, 23, tzinfo=UTC), True),  # a day begins earlier in the east
        ("2031-05-09", datetime(2031, 5, 6, 23, tzinfo=UTC), False),  # nobody prints what is not out
        ("2031-05-09", None, True),
    ],
)
def test_a_first_publication_after_the_copy_is_not_believed(first: str, own: datetime | None, believed: bool) -> None:
    print_ = print_of(STORY, credit=Credit(first_published=first), published_at=own)
    assert print_.first_published == (first if believed else None)


def test_a_copy_is_looked_for_under_what_the_original_is_kept() -> None:
    records = families()
    wire = {(r.family, r.language, r.version): r for r in records if r.article.publisher == "The Canadian Press"}
    for record in records:
        origin = wire.get((record.family, record.language, record.version))
        if origin is not None and record is not origin:
            for old, new in ((origin, record), (record, origin)):
                wanted = asked(new.article, fingerprint(new.article))
                found = wanted.keys() & keys(fingerprint(old.article))
                assert sum(wanted[key] for key in found) >= 1, (record.family, record.article.publisher)


def test_a_translation_is_looked_for_under_names_and_figures() -> None:
    english, french = print_of(STORY), print_of("\n\n".join(FERRY_FR), language="fr")
    assert len(keys(english) & facts(french, {"en"})) >= 3
    assert not keys(english) & facts(french, {"fr"})


def test_an_alternate_finds_what_declares_it_and_what_it_declares() -> None:
    english = article("http://desk.test/en", alternates=(address("http://desk.test/fr"),))
    french = article("http://desk.test/fr", language="fr", text="Tout autre chose")
    assert keys(fingerprint(english)) & asked(french, fingerprint(french)).keys()


def test_a_hint_is_no_identity() -> None:
    found = article(addresses=(address("http://desk.test/b"), address("http://desk.test/a", AddressKind.HINT)))
    assert identities(found) == {address("http://desk.test/b").identity}
