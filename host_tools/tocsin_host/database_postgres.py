"""The store's database in a PostgreSQL server, in a schema of its own.

Role in the flow: stage 10. Context: host. Needs psycopg (`pip install 'tocsin[postgresql]'`). A server that went away
is asked again at the next statement: the collector goes on, and acknowledges nothing meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .store_errors import StoreError
from .store_schema import NAMES, SCHEMA_VERSION, postgres_statements

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ImportError as error:
    raise StoreError(
        f"a store in PostgreSQL needs psycopg ({error}); install it with: pip install 'tocsin[postgresql]'"
    ) from error

SCHEMA = "tocsin"
_COMMENT = f"store of Tocsin, schema {SCHEMA_VERSION}"
# One writer at a time in one database: leaves are numbered without a hole.
_WRITER_LOCK = 0x546F6373
# The collector must come back to its ports, whatever the server does. Times in s, s, s and ms.
_PATIENCE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 10_000}
_LOCK_WAIT = "5s"

# SQLSTATE, or its class of two letters -> what to do. https://www.postgresql.org/docs/current/errcodes-appendix.html
_REMEDIES = {
    "53100": "the server's disk is full; free some space. The gateways keep what was not stored",
    "53": "the server is short of something; see its log. The gateways keep what was not stored",
    "25006": "it cannot be written: opened to read, or a standby; name the primary server",
    "55P03": "another program holds it locked; stop that one, or try again",
    "23": "a rule of the store forbids that: it only grows",
    "42501": "this user may not do that; let it own the schema tocsin (docs/operate.md)",
    "57": "the server is stopping or starting; it is asked again",
    "XX": "it is damaged; stop the server, keep its files, then restore a backup",
    "": "check that the server runs, and host, database, user and password in the URL. It is asked again",
}


class PostgresDatabase:
    """The schema SCHEMA of the database at `url`; see the protocol Database."""

    def __init__(self, url: str, read_only: bool) -> None:
        """Connects; makes the tables where there are none, but with `read_only`. Raises: StoreError."""
        self._read_only = read_only
        self._in_transaction = False
        self.name = "postgresql"
        with self._explain():
            self._options: dict[str, Any] = _PATIENCE | conninfo_to_dict(url)
            # The password is not for messages.
            self.name = f"postgresql://{self._options.get('host', '')}/{self._options.get('dbname', '')}"
        self.connection = self._connect()

    def close(self) -> None:
        """A store that is never closed loses nothing."""
        self.connection.close()

    def execute(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """As Database says."""
        with self._explain():
            cursor = self._live().execute(_dialect(query), values or None)
            return cursor.fetchall() if cursor.description else []

    def execute_many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """As Database says."""
        with self._explain(), self._live().cursor() as cursor:
            cursor.executemany(_dialect(query), rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As Database says."""
        with self._explain(), self._live().transaction():
            self._in_transaction = True
            try:
                self.connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITER_LOCK,))
                yield
            finally:
                self._in_transaction = False

    def check(self) -> list[str]:
        """As Database says: the guards of the tables. Its files are the server's to check (`pg_amcheck`)."""
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND tgfoid = to_regproc('only_grow')"
        there = {name for (name,) in self.execute(query)}
        guards = [f"{table}_no_{event}" for table in NAMES for event in ("update", "delete", "truncate")]
        return [f"TRIGGER {name} is missing: rows can be changed unseen by it" for name in guards if name not in there]

    def _live(self) -> psycopg.Connection[Any]:
        """The connection, a new one if it broke; but never in the middle of a transaction."""
        if self.connection.closed and not self._in_transaction:
            self.connection = self._connect()
        return self.connection

    def _connect(self) -> psycopg.Connection[Any]:
        with self._explain():
            connection: psycopg.Connection[Any] = psycopg.connect(**self._options, autocommit=True)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            return connection

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute(f"SET lock_timeout TO '{_LOCK_WAIT}'")
        if self._read_only:
            connection.execute("SET default_transaction_read_only TO on")
        else:
            self._demand_durability(connection)
            self._create(connection)
        query = "SELECT to_regclass('records'), obj_description(to_regnamespace(%s), 'pg_namespace')"
        table, comment = _row(connection, query, SCHEMA)
        if table is None:
            raise StoreError(f"store {self.name}: not there; name the database that `tocsin collect` writes")
        if comment != _COMMENT:
            raise StoreError(f"store {self.name}: it is a {comment}, tocsin knows a {_COMMENT}; use the tocsin of it")

    def _demand_durability(self, connection: psycopg.Connection[Any]) -> None:
        """Committed must mean: survives a power cut."""
        if _row(connection, "SHOW fsync") == ("off",):
            raise StoreError(f"store {self.name}: the server runs with fsync off: a power cut loses records; set it on")
        if _row(connection, "SHOW synchronous_commit") == ("off",):
            connection.execute("SET synchronous_commit TO on")

    def _create(self, connection: psycopg.Connection[Any]) -> None:
        """Make the tables, in one transaction: two programs may connect at once."""
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITER_LOCK,))
            if _row(connection, "SELECT to_regclass('records')") == (None,):
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                for statement in postgres_statements():
                    connection.execute(statement)
                connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{_COMMENT}'")

    @contextmanager
    def _explain(self) -> Iterator[None]:
        """Turns psycopg's errors into StoreError naming the database, the cause and the remedy."""
        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            remedy = _REMEDIES.get(state) or _REMEDIES.get(state[:2], "unexpected; report it with this line")
            text = str(error).strip().splitlines()
            raise StoreError(f"store {self.name}: {text[0] if text else type(error).__name__}: {remedy}") from error


def _dialect(query: str) -> str:
    return query.replace("?", "%s")


def _row(connection: psycopg.Connection[Any], query: str, *values: object) -> Any:
    return connection.execute(query, values or None).fetchone()
