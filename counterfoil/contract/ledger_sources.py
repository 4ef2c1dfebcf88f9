"""The tables that a ledger is made of, and what the contract says over their rows, as SQL.

Postgres plans each expression before anything is built, and says of what type it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg2
from postgast import PgQueryError
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import PreflightError
from counterfoil.common.sqltext import identifier, quoted
from counterfoil.contract.ledgers import Columns, Sql, listed
from counterfoil.contract.sql_words import AS_OF, clock_in, columns_in, replaced
from counterfoil.postgres.connection import is_contended

_COLUMNS = """
    select relation.relkind, attribute.attname
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    left join pg_catalog.pg_attribute as attribute
        on attribute.attrelid = relation.oid
        and attribute.attnum > 0
        and not attribute.attisdropped
    where (namespace.nspname, relation.relname) = (%s, %s)
        and relation.relkind in ('r', 'p', 'f', 'v', 'm')
"""

# They win over columns of those names.
_WORDS = {"as_of": AS_OF}

INTEGERS = frozenset({"smallint", "integer", "bigint"})
_FLOATS = frozenset({"real", "double precision"})
_TEXTS = frozenset({"character varying", "character", "name", "unknown"})


@dataclass(frozen=True)
class Expression:
    """SQL over the rows of a source, and its type; a domain's is the one below it."""

    sql: str
    type: str

    @property
    def text(self) -> str:
        """It as text."""
        return f"{self.sql}::text"

    @property
    def key(self) -> str:
        """It as a key: texts of every kind compare as text."""
        return self.text if self.type in _TEXTS else self.sql

    @property
    def key_type(self) -> str:
        """The type of `key`."""
        return "text" if self.type in _TEXTS else self.type


class Ledgers:
    """The contract's ledgers at a database: the connection, and whose errors they are.

    Args:
        connection: of the builder. Its transaction is rolled back.
        contract_of: the contract's name, for messages.
    """

    def __init__(self, connection: Connection, contract_of: str) -> None:
        self.connection = connection
        self._contract_of = contract_of
        self._types: dict[int, str] = {}

    def refused(self, key: str, what: str, remedy: str) -> PreflightError:
        """What is wrong with a key of the contract."""
        return PreflightError(
            what, where=f"contract of {self._contract_of}, key ledgers.{key}", remedy=remedy
        )

    def columns(self, schema: str, relation: str, key: str) -> frozenset[str]:
        """The columns of a table or view."""
        with self.connection.cursor() as cursor:
            cursor.execute(_COLUMNS, (schema, relation))
            found = cursor.fetchall()
        if not found:
            raise self.refused(
                key,
                f"table {schema}.{relation} does not exist",
                "Correct its name, or create it",
            )
        return frozenset(column for _, column in found if column)

    def types_of(self, query: str, key: str, remedy: str) -> list[str]:
        """The types of what a query selects; it is planned, and reads no row.

        Raises:
            PreflightError: Postgres refuses it.
        """
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(f"{query} limit 0")
                codes = [column.type_code for column in cursor.description or ()]
                for code in {*codes} - self._types.keys():
                    cursor.execute("select pg_catalog.format_type(%s, null)", (code,))
                    ((self._types[code],),) = cursor.fetchall()
        except psycopg2.Error as cause:
            if self.connection.closed or is_contended(cause):
                raise
            said = cause.diag.message_primary or str(cause)
            raise self.refused(key, f"Postgres refuses it: {said}", remedy) from None
        finally:
            # The locks of its tables are given back: there may be many ledgers.
            if not self.connection.closed:
                self.connection.rollback()
        return [self._types[code] for code in codes]


@dataclass(frozen=True)
class Source:
    """A table with its join, whose rows SQL of the contract is over.

    Attributes:
        ledgers: where it is looked up.
        key: the contract's key that names it.
        schema, name: the table.
        columns: its own.
        join: SQL after the table's name; may be none.
        only: without the rows of tables that inherit from it.
        words: what else its SQL may say, and what each stands for.
        given: a relation that these words are columns of; where it is used, it is there.
    """

    ledgers: Ledgers
    key: str
    schema: str
    name: str
    columns: frozenset[str]
    join: str | None
    only: bool
    words: Mapping[str, str] = field(default_factory=dict)
    given: str = ""

    @property
    def table(self) -> str:
        """The table alone."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def relation(self) -> str:
        """It, as it stands after `from`."""
        table = f"{'only ' if self.only else ''}{self.table}"
        return f"{table} {self.joined}" if self.join else table

    def locked(self, key: Columns) -> str:
        """What to lock rows in by a key: the table alone, if that is of its own columns."""
        return self.table if self.columns.issuperset(listed(key)) else self.relation

    @property
    def joined(self) -> str:
        """What stands after the table's name; empty if nothing does."""
        return self._written(self.join, "join") if self.join else ""

    def expression(self, value: Sql, key: str) -> Expression:
        """A column, or SQL over the row.

        Raises:
            PreflightError: Postgres refuses it, it reads the clock, or it is an aggregate.
        """
        sql = self._sql(value, key)
        # In a condition, where an aggregate, a window or a set of rows is refused.
        (type_,) = self.ledgers.types_of(
            f"select {sql} from {self.relation}{self.given} where ({sql}) is null",  # noqa: S608
            f"{self.key}.{key}",
            self._remedy,
        )
        return Expression(sql, type_)

    def needs_no_join(self, sql: str) -> bool:
        """Whether SQL over the row names columns of the table alone, and so says all without the
        join.
        """
        own = {*self.columns}
        return self.join is None or all(
            named[-1] in own and named[:-1] in ((), (self.name,))
            for named in columns_in(sql)
            if named
        )

    def condition(self, value: str, key: str) -> str:
        """SQL that is true of some of the rows."""
        sql = f"({self._written(value, key)})"
        self.ledgers.types_of(
            f"select 1 from {self.relation} where {sql}",  # noqa: S608
            f"{self.key}.{key}",
            self._remedy,
        )
        return sql

    def amount(self, value: Sql, key: str) -> Expression:
        """What is added up: an integer or a numeric.

        Raises:
            PreflightError: it is none, a float for one, whose sums depend on their order.
        """
        found = self.expression(value, key)
        if found.type in INTEGERS or found.type == "numeric":
            return found
        remedy = "Name a column that is an integer or numeric, or cast it: (x)::numeric"
        if found.type in _FLOATS:
            remedy = "Make the column numeric; or round it, if you know how: round(x::numeric, 2)"
        raise self.ledgers.refused(
            f"{self.key}.{key}", f"it is {found.type}, and no exact number", remedy
        )

    def instant(self, value: Sql, key: str) -> str:
        """An instant; a time or date without a zone is UTC's.

        Raises:
            PreflightError: it is none.
        """
        found = self.expression(value, key)
        if found.type == "timestamp with time zone":
            return found.sql
        if found.type in ("timestamp without time zone", "date"):
            return f"({found.sql}::timestamp at time zone 'UTC')"
        raise self.ledgers.refused(
            f"{self.key}.{key}",
            f"it is {found.type}, and no instant",
            "Name a column of a time or a date, or make one of it: to_timestamp(x)",
        )

    def keys(self, values: Sequence[Sql], key: str) -> list[Expression]:
        """The columns of a key, each of which Postgres can compare."""
        found = [self.expression(value, key) for value in values]
        grouped = ", ".join(one.sql for one in found)
        self.ledgers.types_of(
            f"select 1 from {self.relation} group by {grouped}",  # noqa: S608
            f"{self.key}.{key}",
            "Name columns whose type compares",
        )
        return found

    def _sql(self, value: Sql, key: str) -> str:
        if isinstance(value, int | float):
            return str(value)
        if value in self.columns and value not in _WORDS and value not in self.words:
            return f"{quoted(self.name)}.{quoted(value)}"
        return f"({self._written(value, key)})"

    def _written(self, sql: str, key: str) -> str:
        try:
            clock = clock_in(sql)
            # A remark at its end would take what follows with it.
            end = "\n" if "--" in sql else ""
            written = replaced(sql, {**_WORDS, **self.words}) + end
        except PgQueryError as cause:
            raise self.ledgers.refused(f"{self.key}.{key}", str(cause), "Correct its SQL") from None
        if clock:
            raise self.ledgers.refused(
                f"{self.key}.{key}",
                f"{clock} is another one at every audit",
                "Write as_of, the audit's instant",
            )
        return written

    @property
    def _remedy(self) -> str:
        own = identifier(self.name)
        return f"Name a column of {own}, or correct the SQL; there the table is called {own}"


def common_type(types: Sequence[str]) -> str | None:
    """The type that keys of these types can be compared in; None if there is none."""
    if len({*types}) == 1:
        return types[0]
    if INTEGERS.issuperset(types):
        return "bigint"
    return "numeric" if (INTEGERS | {"numeric"}).issuperset(types) else None
