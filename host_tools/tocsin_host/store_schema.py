"""The tables of the store, in both dialects of SQL.

Role in the flow: stage 10. Context: host. The triggers refuse every change and removal: a mistake in a tool must not
be able to touch evidence. (Whoever owns the database still can; that is what seals and checkpoints are for.)
"""

from __future__ import annotations

SCHEMA_VERSION = 4
NAMES = ("records", "findings", "commands", "checkpoints")

# `leaf` is a record's place in the order of arrival, from 0, and in the tree of docs/checkpoint.md.
_TABLES = """
CREATE TABLE records (
    leaf {integer} PRIMARY KEY CHECK (leaf >= 0), gateway {text} NOT NULL, seq {integer} NOT NULL,
    record {bytes} NOT NULL CHECK (length(record) = 64),
    prev_mac {bytes} CHECK (prev_mac IS NULL OR length(prev_mac) = 16), received_utc_ms {integer} NOT NULL,
    UNIQUE (gateway, seq)){strict};
CREATE INDEX records_with_proof ON records (gateway, seq) WHERE prev_mac IS NOT NULL;
CREATE TABLE findings (
    id {integer} PRIMARY KEY, gateway {text} NOT NULL, seq {integer} NOT NULL, kind {text} NOT NULL,
    detail {text} NOT NULL, received_utc_ms {integer} NOT NULL){strict};
CREATE TABLE commands (
    id {integer} PRIMARY KEY, gateway {text} NOT NULL,
    counter {integer} NOT NULL CHECK (counter BETWEEN 1 AND 4294967295),
    code {integer} NOT NULL CHECK (code BETWEEN 0 AND 255),
    argument {integer} NOT NULL CHECK (argument BETWEEN -2147483648 AND 2147483647),
    payload {bytes} NOT NULL CHECK (length(payload) <= 96),
    created_utc_ms {integer} NOT NULL, UNIQUE (gateway, counter)){strict};
CREATE TABLE checkpoints (
    size {integer} PRIMARY KEY CHECK (size > 0), note {text} NOT NULL,
    frontier {bytes} NOT NULL CHECK (length(frontier) % 32 = 0), signed_utc_ms {integer} NOT NULL){strict};
"""
_SQLITE = {"integer": "INTEGER", "text": "TEXT", "bytes": "BLOB", "strict": " STRICT"}
# Names sort by their bytes, as they do in SQLite.
_POSTGRES = {"integer": "BIGINT", "text": 'TEXT COLLATE "C"', "bytes": "BYTEA", "strict": ""}

# What makes two rows the same row, for each table. INSERT OR REPLACE of SQLite removes a row without asking a DELETE
# trigger, hence a third trigger there.
_KEYS = {
    "records": "leaf = NEW.leaf OR (gateway = NEW.gateway AND seq = NEW.seq)",
    "findings": "id = NEW.id",
    "commands": "id = NEW.id OR (gateway = NEW.gateway AND counter = NEW.counter)",
    "checkpoints": "size = NEW.size",
}


def sqlite_statements() -> list[str]:
    """What makes the tables in an empty SQLite file."""
    statements = _tables(_SQLITE)
    for table, same_key in _KEYS.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} only grow'); END"
        statements += [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same_key}) {refuse}",
        ]
    return statements


def postgres_statements() -> list[str]:
    """What makes the tables in an empty PostgreSQL schema, which is the first of the search path."""
    refuse = "BEGIN RAISE EXCEPTION '% only grow', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END"
    statements = [
        f"CREATE FUNCTION only_grow() RETURNS trigger LANGUAGE plpgsql AS $${refuse}$$",
        *_tables(_POSTGRES),
    ]
    for table in NAMES:
        statements += [
            f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} EXECUTE FUNCTION only_grow()"
            for event in ("UPDATE", "DELETE", "TRUNCATE")
        ]
    return statements


def _tables(words: dict[str, str]) -> list[str]:
    return [statement.strip() for statement in _TABLES.format(**words).split(";") if statement.strip()]
