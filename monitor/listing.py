"""items(found) → what is remembered of a source's listing, so that the same item is the same item at the next visit.

An item is known by its address; GUIDs come and go, are missing, doubled, or all change at once. Where one answer lists
several items under one address (anchors of one page, a link to the home page), each gets a name of its own (`#item-…`).
Titles show that they are several, or the texts where none has a title; GUIDs alone do not, as one article may be listed
under two. The name is made from the GUID, or from what showed it where others have the same GUID.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from monitor.text import fold, one_line
from monitor.types import Address, AddressKind, Article, Found, Item

Identity = Callable[[str], str]


def items(found: Sequence[Found], identity: Identity) -> list[Item]:
    """Returns the items of one answer, each once, in the order of the listing. `identity` compares addresses."""
    by_address: dict[str, list[Found]] = {}
    for one in found:
        by_address.setdefault(_key(one, identity), []).append(one)
    crowds = {key: crowd for key, same in by_address.items() if (crowd := _crowd(same, identity)) is not None}
    kept: dict[str, Item] = {}
    for one in found:
        crowd = crowds.get(_key(one, identity)) if one.url else None
        named = one if crowd is None else _with_own_name(one, crowd)
        key = _key(named, identity)
        twin = kept.get(key)
        says_more = twin is not None and not _title(twin.found) and bool(_title(one))
        if twin is not None and not says_more:
            kept[key] = replace(twin, found=_with_aliases(twin.found, named))
            continue
        kept[key] = Item(
            key=key,
            content_hash=_content_hash(one),
            identity=identity(named.url) if named.url else None,
            found=named if twin is None else _with_aliases(named, twin.found),
        )
    return list(kept.values())


def with_aliases(article: Article, found: Found, identity: Identity) -> Article:
    """Returns the article with every address under which its source listed it: all of them are the item's own."""
    if not found.aliases or found.url is None:
        return article
    own, known = identity(found.url), {address.url for address in article.addresses}
    more = [Address(url=url, identity=own, kind=AddressKind.FOUND) for url in found.aliases if url not in known]
    return replace(article, addresses=(*article.addresses, *more))


def _crowd(same: Sequence[Found], identity: Identity) -> frozenset[str] | None:
    """Returns the GUIDs that name one item each, where several share an address; None where all are one item.

    A GUID that is the shared address itself names none of them, whatever the answer lists next time.
    """
    titled = any(_title(one) for one in same)
    if len({_mark(one) for one in same if _title(one) or not titled} - {""}) < 2:
        return None
    marks: dict[str, set[str]] = {}
    for one in same:
        if one.guid and one.url and identity(one.guid) != identity(one.url):
            marks.setdefault(one.guid, set()).add(_mark(one))
    return frozenset(guid for guid, of_guid in marks.items() if len(of_guid) == 1)


def _mark(found: Found) -> str:
    """What people would tell an item by: its title, else its text."""
    return _title(found) or one_line(found.summary or found.content or "")


def _with_own_name(found: Found, guids: frozenset[str]) -> Found:
    assert found.url is not None  # noqa: S101 - the caller asked
    name = _digest(found.guid if found.guid in guids else _mark(found))
    return replace(found, url=f"{found.url.split('#')[0]}#item-{name}", aliases=(found.url,))


def _with_aliases(found: Found, twin: Found) -> Found:
    more = [url for url in (twin.url, *twin.aliases) if url and url != found.url]
    return replace(found, aliases=tuple(dict.fromkeys([*found.aliases, *more])))


def _key(found: Found, identity: Identity) -> str:
    if found.url:
        return identity(found.url)
    if found.guid:
        return "guid:" + found.guid
    return "text:" + _digest(_title(found) + (found.summary or found.content or ""))


def _title(found: Found) -> str:
    return fold(one_line(found.title or ""))


def _content_hash(found: Found) -> str:
    """Changes when the listing says something new; the time of publication alone says nothing new.

    The time of the update stands by itself, behind an @: some sites put the present time there in every answer.
    """
    words = _digest("\x1f".join(part or "" for part in (found.title, found.summary, found.content)), 16)
    return words if found.updated_at is None else f"{words}@{found.updated_at.isoformat()}"


def _digest(text: str, size: int = 8) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=size).hexdigest()
