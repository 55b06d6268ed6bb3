"""What Datasette is told of the archive: tables, ready-made queries, and the functions that its views call."""
