"""items(found) → what is remembered of a source's listing, so that the same item is the same item at the next visit.

An item is known by its address; GUIDs come and go, are missing, doubled, or all change at once. Where one answer lists
several items under one address (anchors of one page, a link to the home page), each gets a name of its own (`#item-…`):
its GUID, or else its title, tells them apart.
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
    crowded = {key for key, same in by_address.items() if len({_title(one) for one in same}) > 1}
    kept: dict[str, Item] = {}
    for one in found:
        named = _with_own_name(one) if one.url and _key(one, identity) in crowded else one
        key = _key(named, identity)
        if (twin := kept.get(key)) is not None:
            kept[key] = replace(twin, found=_with_aliases(twin.found, named))
            continue
        kept[key] = Item(
            key=key,
            content_hash=_content_hash(one),
            identity=identity(named.url) if named.url else None,
            found=named,
        )
    return list(kept.values())


def with_aliases(article: Article, found: Found, identity: Identity) -> Article:
    """Returns the article with every address under which its source listed it: all of them are the item's own."""
    if not found.aliases or found.url is None:
        return article
    own, known = identity(found.url), {address.url for address in article.addresses}
    more = [Address(url=url, identity=own, kind=AddressKind.FOUND) for url in found.aliases if url not in known]
    return replace(article, addresses=(*article.addresses, *more))


def _with_own_name(found: Found) -> Found:
    assert found.url is not None  # noqa: S101 - the caller asked
    name = _digest(found.guid or _title(found))
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
    """Changes when the listing says something new; the time of publication alone says nothing new."""
    said = (found.title, found.summary, found.content, found.updated_at and found.updated_at.isoformat())
    return _digest("\x1f".join(part or "" for part in said), 16)


def _digest(text: str, size: int = 8) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=size).hexdigest()
