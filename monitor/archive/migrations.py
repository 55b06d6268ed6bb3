"""The history of the SQLite schema. Append only: a step that shipped is never edited.

Times are ISO 8601 text in UTC with milliseconds and `Z`, so that they sort as text and read well in any SQLite tool.
"""

from sqlite_utils import Database, Migrations

from monitor.archive.packing import mark, pack, plain

migrations = Migrations("roxham")

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;

CREATE TABLE sources (
    id TEXT PRIMARY KEY, url TEXT,
    etag TEXT, last_modified TEXT, body_hash TEXT,
    first_visit_at TEXT, last_visit_at TEXT, last_good_at TEXT,
    failures INTEGER NOT NULL DEFAULT 0, error TEXT, not_before TEXT
) STRICT;

CREATE TABLE visits (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL REFERENCES sources (id),
    started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
    outcome TEXT NOT NULL, status INTEGER, url TEXT,
    found INTEGER NOT NULL, new INTEGER NOT NULL, error TEXT
) STRICT;
CREATE INDEX visits_source ON visits (source, id);

CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL REFERENCES sources (id),
    key TEXT NOT NULL, content_hash TEXT NOT NULL, identity TEXT,
    url TEXT, title TEXT, found TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'rejected', 'set aside')),
    attempts INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    not_before TEXT, asked_until TEXT, reason TEXT,
    article INTEGER REFERENCES articles (id),
    first_visit INTEGER NOT NULL REFERENCES visits (id), last_visit INTEGER NOT NULL REFERENCES visits (id),
    first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL,
    UNIQUE (source, key)
) STRICT;
CREATE INDEX items_open ON items (state, attempts, id) WHERE state <> 'done';
CREATE INDEX items_article ON items (article) WHERE article IS NOT NULL;

CREATE TABLE stories (id INTEGER PRIMARY KEY, created_at TEXT NOT NULL) STRICT;

CREATE TABLE articles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    story INTEGER NOT NULL REFERENCES stories (id),
    relation TEXT NOT NULL,
    source TEXT NOT NULL, publisher TEXT NOT NULL, url TEXT NOT NULL,
    language TEXT,
    version INTEGER NOT NULL,
    partial INTEGER NOT NULL, withdrawn INTEGER NOT NULL DEFAULT 0,
    matched INTEGER NOT NULL, pruned INTEGER NOT NULL DEFAULT 0,
    first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL
) STRICT;
CREATE INDEX articles_story ON articles (story);
CREATE INDEX articles_first_seen ON articles (first_seen_at);
CREATE INDEX articles_prunable ON articles (last_seen_at) WHERE matched = 0 AND pruned = 0;

CREATE TABLE versions (
    article INTEGER NOT NULL REFERENCES articles (id), number INTEGER NOT NULL,
    title TEXT NOT NULL, listed_title TEXT, summary TEXT, text TEXT,
    authors TEXT NOT NULL, published_at TEXT, updated_at TEXT,
    text_hash TEXT, words INTEGER NOT NULL, partial INTEGER NOT NULL,
    agency TEXT, first_published TEXT,
    source TEXT NOT NULL, item INTEGER, visit INTEGER, seen_at TEXT NOT NULL,
    PRIMARY KEY (article, number)
) STRICT;
CREATE INDEX versions_text ON versions (text_hash) WHERE text_hash IS NOT NULL;

CREATE TABLE addresses (
    article INTEGER NOT NULL REFERENCES articles (id),
    url TEXT NOT NULL, identity TEXT NOT NULL, kind TEXT NOT NULL, first_seen_at TEXT NOT NULL,
    PRIMARY KEY (article, url)
) STRICT, WITHOUT ROWID;
CREATE INDEX addresses_identity ON addresses (identity);

CREATE TABLE matches (
    article INTEGER NOT NULL REFERENCES articles (id), topic TEXT NOT NULL,
    version INTEGER NOT NULL, mention INTEGER NOT NULL, revision TEXT NOT NULL, hits TEXT NOT NULL,
    PRIMARY KEY (article, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX matches_topic ON matches (topic, article);

CREATE TABLE entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, at TEXT NOT NULL,
    article INTEGER NOT NULL REFERENCES articles (id), version INTEGER NOT NULL, story INTEGER NOT NULL, visit INTEGER
) STRICT;
CREATE INDEX entries_at ON entries (at);

CREATE VIEW newest AS
    SELECT a.id, v.title, v.summary, v.text
    FROM articles a JOIN versions v ON v.article = a.id AND v.number = a.version WHERE a.pruned = 0;
CREATE VIRTUAL TABLE article_index USING fts5 (
    title, summary, text, content = 'newest', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE VIEW sightings AS
    SELECT article, source, url, first_seen_at, last_seen_at, first_visit, last_visit
    FROM items WHERE article IS NOT NULL;

CREATE TABLE readers (
    subscription TEXT NOT NULL, reader TEXT NOT NULL,
    after INTEGER NOT NULL, since TEXT NOT NULL,
    PRIMARY KEY (subscription, reader)
) STRICT, WITHOUT ROWID;

CREATE TABLE slots (
    subscription TEXT NOT NULL, reader TEXT NOT NULL, slot TEXT NOT NULL,
    at TEXT NOT NULL, served_at TEXT NOT NULL, scheduled INTEGER NOT NULL, message INTEGER REFERENCES outbox (id),
    PRIMARY KEY (subscription, reader, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    reader TEXT NOT NULL, story INTEGER NOT NULL, article INTEGER NOT NULL, version INTEGER NOT NULL,
    subscription TEXT NOT NULL, message INTEGER NOT NULL REFERENCES outbox (id), told_at TEXT NOT NULL,
    PRIMARY KEY (reader, story, article)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    subscription TEXT NOT NULL, reader TEXT NOT NULL, slot TEXT NOT NULL, subject TEXT NOT NULL, raw BLOB NOT NULL,
    after INTEGER NOT NULL, upto INTEGER NOT NULL, stories INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'doubt')),
    attempts INTEGER NOT NULL DEFAULT 0, doubts INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, next_try_at TEXT, error TEXT,
    receipt_at TEXT, receipt_channel TEXT, receipt_answer TEXT
) STRICT;
CREATE INDEX outbox_open ON outbox (state, next_try_at) WHERE state <> 'sent';
"""


@migrations()
def m001_first(db: Database) -> None:
    """Everything from a source's answer to a reader's receipt."""
    for statement in _FIRST.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


_HEALTH = """
ALTER TABLE sources ADD COLUMN trouble TEXT;
ALTER TABLE sources ADD COLUMN strain REAL NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN interval REAL;
ALTER TABLE sources ADD COLUMN fresh_for REAL;
ALTER TABLE sources ADD COLUMN wishes TEXT;
ALTER TABLE sources ADD COLUMN moved_to TEXT;
ALTER TABLE sources ADD COLUMN moved_at TEXT;
ALTER TABLE sources ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN last_new_at TEXT;
ALTER TABLE sources ADD COLUMN overran_at TEXT;
ALTER TABLE sources ADD COLUMN observed_since TEXT;
UPDATE sources SET observed_since = last_good_at, last_new_at = last_good_at,
    listed = coalesce((SELECT count(*) FROM items WHERE source = sources.id
        GROUP BY last_visit ORDER BY last_visit DESC LIMIT 1), 0);

ALTER TABLE visits ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;

CREATE TABLE observed (
    source TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (source, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
    source TEXT NOT NULL, day TEXT NOT NULL, visits INTEGER NOT NULL, new INTEGER NOT NULL,
    PRIMARY KEY (source, day)
) STRICT, WITHOUT ROWID;

INSERT INTO days
    SELECT i.source, substr(i.first_seen_at, 1, 10), count(DISTINCT i.first_visit), count(*) FROM items i
    JOIN (SELECT source, min(first_visit) AS visit FROM items GROUP BY source) f ON f.source = i.source
    WHERE i.first_visit > f.visit GROUP BY 1, 2;

CREATE TABLE bursts (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, visit INTEGER NOT NULL REFERENCES visits (id),
    at TEXT NOT NULL, items INTEGER NOT NULL, reason TEXT NOT NULL,
    released_at TEXT, told INTEGER NOT NULL DEFAULT 0
) STRICT;
ALTER TABLE items ADD COLUMN burst INTEGER REFERENCES bursts (id);
ALTER TABLE entries ADD COLUMN burst INTEGER REFERENCES bursts (id);
CREATE INDEX items_burst ON items (burst) WHERE burst IS NOT NULL;
CREATE INDEX entries_burst ON entries (burst) WHERE burst IS NOT NULL;
"""


@migrations()
def m002_health(db: Database) -> None:
    """How a source is doing, when it was observed, and what came in bulk.

    A source is observed from `sources.observed_since` to its last good visit; spans before a gap are in `observed`.
    """
    for statement in _HEALTH.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


_TOPICS = """
DROP TABLE article_index;
DROP VIEW newest;
CREATE VIEW newest AS
    SELECT a.id, v.title, v.listed_title, v.summary, v.text
    FROM articles a JOIN versions v ON v.article = a.id AND v.number = a.version WHERE a.pruned = 0;
CREATE VIRTUAL TABLE article_index USING fts5 (
    title, listed_title, summary, text,
    content = 'newest', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO article_index (article_index) VALUES ('rebuild');

CREATE TABLE entry_topics (
    entry INTEGER NOT NULL REFERENCES entries (number), topic TEXT NOT NULL, mention INTEGER NOT NULL,
    PRIMARY KEY (entry, topic)
) STRICT, WITHOUT ROWID;
INSERT INTO entry_topics SELECT e.number, m.topic, m.mention FROM entries e JOIN matches m ON m.article = e.article;
"""


@migrations()
def m003_topics(db: Database) -> None:
    """What the feed calls an article is searched too; and an entry tells of the topics of its time.

    `matches` are what an article is about by the present topics, `entry_topics` what it was about when the entry was
    written: marking anew changes the one and leaves the other, so that nobody is told of what was no news then.
    """
    for statement in _TOPICS.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


_STORIES = """
CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    article INTEGER NOT NULL REFERENCES articles (id), number INTEGER NOT NULL,
    at TEXT NOT NULL, language TEXT, body_hash TEXT, twin INTEGER REFERENCES texts (id),
    take INTEGER NOT NULL DEFAULT 1,
    shingles BLOB NOT NULL, facts TEXT NOT NULL,
    UNIQUE (article, number)
) STRICT;
CREATE INDEX texts_body ON texts (body_hash) WHERE body_hash IS NOT NULL;

CREATE TABLE text_keys (
    key INTEGER NOT NULL, text INTEGER NOT NULL, PRIMARY KEY (key, text)
) STRICT, WITHOUT ROWID;

CREATE TABLE ties (
    text INTEGER NOT NULL REFERENCES texts (id), other INTEGER NOT NULL REFERENCES texts (id),
    kind TEXT NOT NULL, score REAL NOT NULL,
    PRIMARY KEY (text, other)
) STRICT, WITHOUT ROWID;

CREATE TABLE rulings (
    article INTEGER NOT NULL REFERENCES articles (id), other INTEGER NOT NULL REFERENCES articles (id),
    joined INTEGER NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (article, other)
) STRICT, WITHOUT ROWID;

ALTER TABLE articles ADD COLUMN kept REAL;
ALTER TABLE articles ADD COLUMN official INTEGER NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN credit TEXT;
ALTER TABLE stories ADD COLUMN became INTEGER REFERENCES stories (id);
CREATE INDEX articles_official ON articles (first_seen_at) WHERE official;
CREATE INDEX articles_withdrawn ON articles (story) WHERE withdrawn;
CREATE INDEX ledger_article ON ledger (article);
ALTER TABLE versions ADD COLUMN publisher TEXT;
UPDATE versions SET publisher = (SELECT publisher FROM articles WHERE id = article);
DROP INDEX versions_text;
CREATE INDEX versions_words ON versions (text_hash, publisher) WHERE text_hash IS NOT NULL;
"""


@migrations()
def m004_stories(db: Database) -> None:
    """What texts have in common: fingerprints, under which keys they are found, ties, and what operators ruled.

    `texts` are versions as stories are made of them, from this step on (`Archive.weave` makes the others);
    `stories.became` is the story that one became part of, `versions.credit` what a credit says beside the agency
    (JSON), `versions.publisher` its article's, `articles.kept` the share of its origin.
    """
    for statement in _STORIES.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


_TELLING = """
ALTER TABLE outbox ADD COLUMN format TEXT NOT NULL DEFAULT 'mail';
ALTER TABLE outbox ADD COLUMN whole BLOB;
ALTER TABLE outbox ADD COLUMN dropped_at TEXT;
ALTER TABLE outbox ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
DROP INDEX outbox_open;
CREATE INDEX outbox_unsent ON outbox (state, next_try_at) WHERE state <> 'sent' AND dropped_at IS NULL;
CREATE INDEX outbox_refused ON outbox (reader) WHERE state = 'failed' AND doubts = 0;
CREATE INDEX outbox_kept ON outbox (receipt_at) WHERE receipt_at IS NOT NULL AND erased = 0;

ALTER TABLE slots ADD COLUMN upto INTEGER;
UPDATE slots SET upto = (SELECT upto FROM outbox WHERE id = message);
CREATE INDEX slots_served ON slots (subscription, reader, served_at);
CREATE INDEX slots_scheduled ON slots (subscription, reader, at) WHERE scheduled;

CREATE TABLE tellings (
    reader TEXT NOT NULL, article INTEGER NOT NULL REFERENCES articles (id),
    message INTEGER NOT NULL REFERENCES outbox (id),
    version INTEGER NOT NULL, story INTEGER NOT NULL, subscription TEXT NOT NULL, told_at TEXT NOT NULL,
    alert INTEGER NOT NULL, partial INTEGER NOT NULL, withdrawn INTEGER NOT NULL,
    PRIMARY KEY (reader, article, message)
) STRICT, WITHOUT ROWID;
INSERT INTO tellings
    SELECT l.reader, l.article, l.message, max(l.version), l.story, l.subscription, l.told_at, 0,
        coalesce((SELECT partial FROM versions WHERE article = l.article AND number = l.version), 0), 0
    FROM ledger l GROUP BY l.reader, l.article, l.message;
DROP TABLE ledger;
ALTER TABLE tellings RENAME TO ledger;
CREATE INDEX ledger_article ON ledger (article);
CREATE INDEX ledger_message ON ledger (message);

CREATE TABLE pauses (
    id INTEGER PRIMARY KEY, digest TEXT, reader TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL, note TEXT
) STRICT;
CREATE UNIQUE INDEX pauses_reader ON pauses (reader, coalesce(digest, ''));

CREATE TABLE tokens (
    hash BLOB PRIMARY KEY, message INTEGER NOT NULL REFERENCES outbox (id),
    subscription TEXT NOT NULL, reader TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_message ON tokens (message);

CREATE TABLE bounces (
    message INTEGER NOT NULL REFERENCES outbox (id), status TEXT NOT NULL, hard INTEGER NOT NULL,
    reader TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL, settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (message, status, hard)
) STRICT, WITHOUT ROWID;
CREATE INDEX bounces_reader ON bounces (reader) WHERE hard AND NOT settled;

CREATE TABLE alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at TEXT NOT NULL, text TEXT NOT NULL, told_at TEXT
) STRICT;
CREATE INDEX alarms_at ON alarms (at);
CREATE INDEX alarms_untold ON alarms (id) WHERE told_at IS NULL;

CREATE INDEX entries_article ON entries (article);
INSERT INTO meta (key, value)
    SELECT 'handed', handed FROM (SELECT sum(attempts) + sum(state = 'sending') AS handed FROM outbox) WHERE handed > 0;
"""


@migrations()
def m005_telling(db: Database) -> None:
    """What each message told, and what became of it and of its reader.

    The `ledger` has a row for each time that a reader was told of an article: `alert` where a subscription at once told
    it, `partial` where the version was the feed's text, `withdrawn` where it was told that the article was taken back.
    `outbox.whole` is the page with all stories of a capped mail; with a `dropped_at` no `state` counts; without its
    bytes a message is `erased`. A pause without a `digest` holds in all; bounces before the reader was told again are
    `settled`. `meta.handed` counts how often a message was handed to a channel, as the file beside the archive does.
    """
    for statement in _TELLING.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


_SIZE = """
DROP TABLE article_index;
DROP VIEW newest;
ALTER TABLE versions ADD COLUMN packed BLOB;
CREATE VIEW newest AS
    SELECT a.id, v.title, v.listed_title, v.summary, coalesce(v.text, roxham_plain(v.packed)) AS text
    FROM articles a JOIN versions v ON v.article = a.id AND v.number = a.version WHERE a.pruned = 0;
CREATE VIRTUAL TABLE article_index USING fts5 (
    text, summary, title, listed_title,
    content = 'newest', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO article_index (article_index) VALUES ('rebuild');

DROP VIEW sightings;
CREATE TABLE listings (item INTEGER PRIMARY KEY, found TEXT NOT NULL) STRICT;
INSERT INTO listings SELECT id, found FROM items WHERE found IS NOT NULL;
CREATE TABLE known_items (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL REFERENCES sources (id),
    key TEXT NOT NULL, mark INTEGER NOT NULL, content_hash TEXT NOT NULL,
    url TEXT, title TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'rejected', 'set aside')),
    attempts INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    not_before TEXT, asked_until TEXT, reason TEXT,
    article INTEGER REFERENCES articles (id),
    first_visit INTEGER NOT NULL REFERENCES visits (id), last_visit INTEGER NOT NULL REFERENCES visits (id),
    first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL,
    burst INTEGER REFERENCES bursts (id)
) STRICT;
INSERT INTO known_items SELECT id, source, key, roxham_mark(key), content_hash, url, title, state, attempts, failures,
    not_before, asked_until, reason, article, first_visit, last_visit, first_seen_at, last_seen_at, burst FROM items;
DROP TABLE items;
ALTER TABLE known_items RENAME TO items;
CREATE INDEX items_mark ON items (mark);
CREATE INDEX items_open ON items (state, attempts, id) WHERE state <> 'done';
CREATE INDEX items_article ON items (article) WHERE article IS NOT NULL;
CREATE INDEX items_burst ON items (burst) WHERE burst IS NOT NULL;
CREATE VIEW sightings AS
    SELECT article, source, url, first_seen_at, last_seen_at, first_visit, last_visit
    FROM items WHERE article IS NOT NULL;

CREATE TABLE names (
    article INTEGER NOT NULL REFERENCES articles (id),
    url TEXT NOT NULL, identity TEXT NOT NULL, mark INTEGER NOT NULL, kind TEXT NOT NULL, first_seen_at TEXT NOT NULL
) STRICT;
INSERT INTO names SELECT article, url, identity, roxham_mark(identity), kind, first_seen_at FROM addresses;
DROP TABLE addresses;
ALTER TABLE names RENAME TO addresses;
CREATE INDEX addresses_article ON addresses (article);
CREATE INDEX addresses_mark ON addresses (mark);

DROP INDEX versions_words;
CREATE INDEX versions_words ON versions (substr(text_hash, 1, 12), publisher) WHERE text_hash IS NOT NULL;
DROP INDEX texts_body;
CREATE INDEX texts_body ON texts (substr(body_hash, 1, 12)) WHERE body_hash IS NOT NULL;

ALTER TABLE texts ADD COLUMN said BLOB NOT NULL DEFAULT x'';
ALTER TABLE texts ADD COLUMN kills INTEGER NOT NULL DEFAULT 0;
UPDATE texts SET said = roxham_packed(facts), kills = facts ->> '$.killed' IS NOT NULL;
ALTER TABLE texts DROP COLUMN facts;

CREATE TABLE key_blocks (block INTEGER PRIMARY KEY, held BLOB NOT NULL) STRICT;
"""


@migrations()
def m006_size(db: Database) -> None:
    """The same in less room.

    What is about no topic has its text in `versions.packed`, from this step on; `roxham_plain` is the program's own.
    The text comes first in the search index, as the first column costs nothing to name. What a source said of an item
    is in `listings` until it is read. Addresses and keys of items are found by their `mark`, hashes by their beginning.
    `texts.said` is packed JSON, `kills` says that it names what it withdraws, `key_blocks` are the keys of former weeks
    (see keys.py).
    """
    db.conn.create_function("roxham_mark", 1, mark, deterministic=True)
    db.conn.create_function("roxham_packed", 1, pack, deterministic=True)
    db.conn.create_function("roxham_plain", 1, plain, deterministic=True)
    for statement in _SIZE.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


_LOOK = (
    "DROP INDEX items_article",
    "CREATE INDEX items_article ON items (article, source) WHERE article IS NOT NULL",
    "CREATE INDEX versions_facts ON versions "
    "(article, number, agency, (unixepoch(coalesce(published_at, updated_at))))",
    "CREATE TABLE changed (number INTEGER PRIMARY KEY, article INTEGER NOT NULL) STRICT",
    "INSERT INTO changed (article) VALUES (0)",
    """
    CREATE TRIGGER changed_trim AFTER INSERT ON changed WHEN new.number % 1000 = 0 BEGIN
        DELETE FROM changed WHERE number <= new.number - 50000;
    END""",
    """
    CREATE TRIGGER articles_changed
    AFTER UPDATE OF story, relation, source, publisher, language, version, pruned ON articles
    WHEN (new.story, new.relation, new.source, new.publisher, new.language, new.version, new.pruned) IS NOT
        (old.story, old.relation, old.source, old.publisher, old.language, old.version, old.pruned)
    BEGIN
        INSERT INTO changed (article) VALUES (new.id);
    END""",
    """
    CREATE TRIGGER items_new AFTER INSERT ON items WHEN new.article IS NOT NULL BEGIN
        INSERT INTO changed (article) VALUES (new.article);
    END""",
    """
    CREATE TRIGGER items_read AFTER UPDATE OF article ON items
    WHEN new.article IS NOT old.article
        AND (old.article IS NOT NULL OR new.source IS NOT (SELECT source FROM articles WHERE id = new.article))
    BEGIN
        INSERT INTO changed (article) SELECT id FROM articles WHERE id IN (old.article, new.article);
    END""",
    """
    CREATE TRIGGER matches_new AFTER INSERT ON matches BEGIN
        INSERT INTO changed (article) VALUES (new.article);
    END""",
    """
    CREATE TRIGGER matches_gone AFTER DELETE ON matches BEGIN
        INSERT INTO changed (article) VALUES (old.article);
    END""",
)


@migrations()
def m007_look(db: Database) -> None:
    """What answers are counted by stands in narrow indexes, and what changes of it is noted.

    `changed` names, in order, articles of which something changed that a search finds, filters or counts by: the last
    50,000 times. That an article is new is no change, nor that its own source lists it. See columns.py.
    """
    for statement in _LOOK:
        db.conn.execute(statement)


_PEOPLE = (
    """
    CREATE TABLE sessions (
        key BLOB PRIMARY KEY, user TEXT NOT NULL, mark TEXT NOT NULL, began_at TEXT NOT NULL, until TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """
    CREATE TABLE saved_searches (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        owner TEXT NOT NULL, name TEXT NOT NULL, params TEXT NOT NULL, created_at TEXT NOT NULL,
        feed_hash BLOB UNIQUE
    ) STRICT""",
    """
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL, topic TEXT NOT NULL, article INTEGER REFERENCES articles (id), url TEXT NOT NULL,
        by TEXT NOT NULL, at TEXT NOT NULL, note TEXT
    ) STRICT""",
    "CREATE UNIQUE INDEX feedback_article ON feedback (article, topic, by) WHERE article IS NOT NULL",
    "CREATE UNIQUE INDEX feedback_url ON feedback (url, topic, by) WHERE article IS NULL",
    """
    CREATE TRIGGER feedback_withdrawn AFTER UPDATE OF withdrawn ON articles WHEN new.withdrawn AND NOT old.withdrawn
    BEGIN
        UPDATE feedback SET note = NULL WHERE article = new.id;
    END""",
)


@migrations()
def m008_people(db: Database) -> None:
    """Sessions of people who signed in, searches they saved, and what they said of articles.

    None of it holds a headline or a text; what somebody noted of an article may quote it, and goes when it is
    withdrawn.
    """
    for statement in _PEOPLE:
        db.conn.execute(statement)


_OUTBOX = """
CREATE INDEX outbox_list ON outbox (id, state, subscription, reader, dropped_at);
CREATE INDEX outbox_reader ON outbox (reader, subscription);
CREATE INDEX outbox_dropped ON outbox (dropped_at) WHERE dropped_at IS NOT NULL;
"""


@migrations()
def m009_outbox(db: Database) -> None:
    """What a list of messages is chosen by stands together: in the table it lies behind their bytes."""
    for statement in _OUTBOX.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


NAMES = (
    "m001_first",
    "m002_health",
    "m003_topics",
    "m004_stories",
    "m005_telling",
    "m006_size",
    "m007_look",
    "m008_people",
    "m009_outbox",
)
"""Every step this program knows, in order: an archive with others was made by a newer one."""
