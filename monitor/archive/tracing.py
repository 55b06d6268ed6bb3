"""The archive's part in provenance: what listed an article, its addresses, and the visit behind each version."""

from monitor.archive import Listing, Named, Origin, Provenance
from monitor.archive.connection import Connected, moment
from monitor.types import AddressKind


class Tracing(Connected):
    """See the contract in monitor/archive/__init__.py."""

    def provenance(self, article_id: int) -> Provenance:
        addresses = self.rows(
            "SELECT url, kind, first_seen_at FROM addresses WHERE article = ? ORDER BY first_seen_at, url",
            (article_id,),
        )
        listings = self.rows(
            "SELECT i.source, i.url, i.title, i.first_seen_at, i.last_seen_at, v.status FROM items i "
            "LEFT JOIN visits v ON v.id = i.first_visit WHERE i.article = ? ORDER BY i.first_seen_at, i.id",
            (article_id,),
        )
        origins = self.rows(
            "SELECT r.number, r.source, r.visit, v.started_at, v.status, v.url FROM versions r "
            "LEFT JOIN visits v ON v.id = r.visit WHERE r.article = ? ORDER BY r.number",
            (article_id,),
        )
        return Provenance(
            addresses=tuple(
                Named(url=row["url"], kind=AddressKind(row["kind"]), first_seen_at=moment(row["first_seen_at"]))
                for row in addresses
            ),
            listings=tuple(
                Listing(
                    source_id=row["source"],
                    url=row["url"],
                    title=row["title"],
                    first_seen_at=moment(row["first_seen_at"]),
                    last_seen_at=moment(row["last_seen_at"]),
                    status=row["status"],
                )
                for row in listings
            ),
            origins={
                row["number"]: Origin(
                    source_id=row["source"],
                    visit_id=row["visit"],
                    visited_at=None if row["started_at"] is None else moment(row["started_at"]),
                    status=row["status"],
                    url=row["url"],
                )
                for row in origins
            },
        )
