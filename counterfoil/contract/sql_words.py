"""What a contract's SQL may say besides the columns of its table: words that stand for more.

`as_of` is the audit's instant. What reads the clock instead is refused: a snapshot of last week
would be judged by today.
"""

from collections.abc import Iterator, Mapping

import postgast
from postgast import nodes, wrap
from postgast import pg_query_pb2 as pg

# As macros/as_of.sql has it.
AS_OF = (
    "(select coalesce(nullif(current_setting('counterfoil.as_of', true), '')::timestamptz,"
    " transaction_timestamp()))"
)

_CLOCKS = frozenset(
    {
        "now",
        "clock_timestamp",
        "statement_timestamp",
        "transaction_timestamp",
        "timeofday",
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
    }
)
# What Postgres reads as an instant of its clock: 'now'::timestamptz, date 'today'.
_CLOCKS_AS_TEXT = frozenset({"'now'", "'today'", "'tomorrow'", "'yesterday'"})


def written(sql: str) -> str:
    """SQL over a row as a view has it: with the audit's instant for `as_of`."""
    # A remark at its end would take what follows with it.
    return replaced(sql, {"as_of": AS_OF}) + ("\n" if "--" in sql else "")


def replaced(sql: str, words: Mapping[str, str]) -> str:
    """The SQL with each of the words replaced, where it stands for itself.

    Not in texts, comments and quotes, nor after a dot: `wallets.hold` is the column.
    """
    written = sql.encode()
    parts, end = [], 0
    for word, begins, ends in _plain_words(sql):
        if word in words:
            parts += [written[end:begins], words[word].encode()]
            end = ends
    return b"".join([*parts, written[end:]]).decode()


def clock_in(sql: str) -> str | None:
    """What in the SQL reads the clock; None if nothing does."""
    written = sql.encode()
    for token in _tokens(sql):
        text = written[token.start : token.end].decode().lower()
        if text in _CLOCKS_AS_TEXT:
            return text
    return next((word for word, _, _ in _plain_words(sql) if word in _CLOCKS), None)


def columns_in(sql: str) -> Iterator[tuple[str, ...]]:
    """Each column that an expression names, by the parts of its name; of queries in it too."""
    for _, node in postgast.walk_typed(wrap(postgast.parse(f"select {sql}"))):
        if isinstance(node, nodes.ColumnRef):
            yield tuple(part.sval for part in node.fields if isinstance(part, nodes.String))


def _plain_words(sql: str) -> Iterator[tuple[str, int, int]]:
    """Each word that is no column of a named table, with the bytes that it is."""
    written = sql.encode()
    before = b""
    for token in _tokens(sql):
        text = written[token.start : token.end]
        if token.token not in (pg.SQL_COMMENT, pg.C_COMMENT):
            if before != b"." and text[:1].isalpha() and token.token != pg.SCONST:
                yield text.decode().lower(), token.start, token.end
            before = text


def _tokens(sql: str) -> list[pg.ScanToken]:
    """Raises:
    PgQueryError: it is not even words, a text without its end for one.
    """
    return list(postgast.scan(sql).tokens)
