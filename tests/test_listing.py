"""What is remembered of a source's listing."""

from monitor.extract.urls import identity
from monitor.listing import items, with_aliases
from monitor.types import Found
from tests.builders import article


def found(url: str | None = "http://desk.test/a", title: str = "A", **changed: object) -> Found:
    return Found(**{"url": url, "title": title} | changed)  # type: ignore[arg-type]


def test_each_item_once_in_the_order_of_the_listing() -> None:
    listed = items([found("http://desk.test/b"), found("http://desk.test/a")], identity)
    assert [item.found.url for item in listed] == ["http://desk.test/b", "http://desk.test/a"]


def test_an_item_keeps_its_key_when_its_guid_or_campaign_changes() -> None:
    first = items([found("http://desk.test/a?utm_source=rss", guid="1")], identity)[0]
    later = items([found("https://www.desk.test/a?utm_source=feed", guid="2")], identity)[0]
    assert first.key == later.key
    assert first.content_hash == later.content_hash


def test_new_words_and_update_times_say_something_new_but_publication_times_do_not() -> None:
    from tests.builders import NOW

    plain = items([found()], identity)[0].content_hash
    assert items([found(published_at=NOW)], identity)[0].content_hash == plain
    assert items([found(updated_at=NOW)], identity)[0].content_hash != plain
    assert items([found(summary="More")], identity)[0].content_hash != plain


def test_the_same_item_listed_twice_is_one_with_both_addresses() -> None:
    listed = items([found("http://desk.test/a"), found("http://desk.test/a?utm_source=x")], identity)
    assert [(i.found.url, i.found.aliases) for i in listed] == [
        ("http://desk.test/a", ("http://desk.test/a?utm_source=x",))
    ]


def test_items_that_share_an_address_get_names_of_their_own_and_keep_the_listed_one() -> None:
    crowd = [found("http://desk.test/list#one", "One"), found("http://desk.test/list#two", "Two")]
    listed = items(crowd, identity)
    assert len({item.key for item in listed}) == 2
    assert [item.found.aliases for item in listed] == [("http://desk.test/list#one",), ("http://desk.test/list#two",)]
    assert [item.key for item in items(crowd, identity)] == [item.key for item in listed]
    kept = with_aliases(article(listed[0].found.url or ""), listed[0].found, identity)
    assert [a.url for a in kept.addresses][1:] == ["http://desk.test/list#one"]
    assert len({a.identity for a in kept.addresses}) == 1


def test_a_guid_that_several_items_share_does_not_make_them_one() -> None:
    home = "http://desk.test/"
    for guid in (home, "http://www.desk.test", "1"):
        listed = items([found(home, title, guid=guid) for title in ("One", "Two", "Three")], identity)
        assert [item.found.title for item in listed] == ["One", "Two", "Three"], guid


def test_a_guid_that_is_the_shared_address_does_not_name_the_one_item_that_has_it() -> None:
    home = "http://desk.test/"
    first = items([found(home, "One", guid=home), found(home, "Two", guid="2")], identity)
    later = items([found(home, "One", guid=home), found(home, "Two", guid="2"), found(home, "X", guid=home)], identity)
    assert [item.key for item in first] == [item.key for item in later][:2]
    assert len(later) == 3


def test_notes_without_titles_under_one_address_are_told_apart_by_their_text() -> None:
    notes = [found("http://desk.test/", "", summary=text) for text in ("First note.", "Second note.", "First note.")]
    listed = items(notes, identity)
    assert [item.found.summary for item in listed] == ["First note.", "Second note."]


def test_an_article_listed_with_its_title_and_without_is_one_and_keeps_the_title() -> None:
    bare, titled = found("http://desk.test/a", ""), found("https://desk.test/a", "A")
    for listing in ([bare, titled], [titled, bare]):
        [item] = items(listing, identity)
        assert (item.key, item.found.title) == ("desk.test/a", "A")
        assert len(item.found.aliases) == 1


def test_items_without_an_address_are_known_by_guid_or_words() -> None:
    listed = items([found(None, guid="1"), found(None, "B"), found(None, "B"), found(None, "C")], identity)
    assert len(listed) == 3
    assert listed[0].key == "guid:1"
    assert all(item.identity is None for item in listed)
