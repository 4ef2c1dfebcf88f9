"""A question of a draft's that may fail by itself."""

from types import TracebackType

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.postgres.words import words_of


class Attempt:
    """A transaction that leaves nothing, in which no statement lasts longer than it may.

    What Postgres refuses in it is no error, unless the connection is lost: `refused` has its words.

    Args:
        connection: one that is in no transaction.
        patience: how long a statement may take, as Postgres writes it.
    """

    def __init__(self, connection: Connection, patience: str) -> None:
        self._connection = connection
        self._patience = patience
        self.refused: str | None = None

    def __enter__(self) -> "Attempt":
        with self._connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = %s", (self._patience,))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if self._connection.closed:
            return False
        self._connection.rollback()
        if isinstance(error, psycopg2.Error):
            self.refused = words_of(error)
        return self.refused is not None
