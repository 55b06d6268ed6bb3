"""A plugin of Datasette: the SQL functions that the archive's views and triggers name."""

import sqlite3

from datasette import hookimpl

from monitor.archive.packing import mark, plain


@hookimpl  # type: ignore[untyped-decorator]
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Gives each connection what the program's own have."""
    conn.create_function("roxham_plain", 1, plain, deterministic=True)
    conn.create_function("roxham_mark", 1, mark, deterministic=True)
