"""Reading views as rows, ahead of whoever needs them.

Great Expectations asks one query after the other. What it is not needed for, the summaries
and what the report shows besides, is read meanwhile, on the audit's own connection, which
waits for nothing else then: the database works on two queries at a time.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.postgres.instant import Instant

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """Rows as JSON holds them, and the seconds that it took to read them."""

    rows: Sequence[Row]
    seconds: float


# Gives the rows once they are there; raises what went wrong.
Awaited = Callable[[], Reading]


@dataclass
class Reader:
    """Reads in the background, one view after the other, or else when asked.

    Attributes:
        connection: sees the instant, and is nobody else's until everything asked for is
            there.
        thread: reads in the background; None to read when the rows are asked for.
        begun: what was asked of the thread.
    """

    connection: sa.Connection
    thread: ThreadPoolExecutor | None
    begun: list[Future[Reading]] = field(default_factory=list)

    def read(self, parts: Sequence[str], tail: str = "") -> Awaited:
        """The rows of one of our views, once they are called for.

        Args:
            parts: the views that it is made of, or a query in parentheses.
            tail: what orders and limits the rows of each.
        """
        if self.thread is None:
            return _once(lambda: self._read(parts, tail))
        self.begun.append(self.thread.submit(self._read, parts, tail))
        return self.begun[-1].result

    def share(
        self, together: Awaited, is_own: Callable[[Row], bool], alone: Sequence[str]
    ) -> Awaited:
        """Some rows of a view that others are read with, once they are called for.

        Args:
            together: reads the view.
            is_own: whether a row is one of them.
            alone: what to read where the view cannot be read.
        """

        def own() -> Reading:
            try:
                reading = together()
            except sa.exc.DBAPIError:
                return self.read(alone)()
            # What it took is no single one's.
            return Reading([row for row in reading.rows if is_own(row)], 0)

        return own

    def _read(self, parts: Sequence[str], tail: str) -> Reading:
        begun = time.perf_counter()
        rows: list[Row] = []
        for part in parts:
            statement = f"select to_jsonb(view) from {part} as view {tail}"  # noqa: S608
            try:
                # Without parameters a percent sign in it is one.
                rows += self.connection.exec_driver_sql(
                    statement, execution_options={"no_parameters": True}
                ).scalars()
            finally:
                # The next one begins a transaction of its own, at the same instant: this one's
                # locks are given back, and an error of it is over.
                self.connection.rollback()
        return Reading(rows, time.perf_counter() - begun)

    def stop(self) -> None:
        """Ends what still runs, for nobody waits for it any more."""
        if self.thread is None:
            return
        self.thread.shutdown(wait=False, cancel_futures=True)
        if not all(future.done() for future in self.begun):
            own = self.connection.connection.dbapi_connection
            assert isinstance(own, Connection)
            own.cancel()
        self.thread.shutdown()


def _once(read: Awaited) -> Awaited:
    """Reads when it is first called for, and gives or raises the same ever after."""
    future: Future[Reading] = Future()

    def result() -> Reading:
        if not future.done():
            try:
                future.set_result(read())
            except sa.exc.DBAPIError as cause:
                future.set_exception(cause)
        return future.result()

    return result


@contextmanager
def open_reader(connection: sa.Connection, instant: Instant) -> Iterator[Reader]:
    """A reader of the instant, until the end of the block.

    Args:
        connection: one that sees it.
        instant: which says whether another connection may be busy meanwhile.
    """
    reader = Reader(connection, ThreadPoolExecutor(1) if instant.queries_at_once > 1 else None)
    try:
        yield reader
    finally:
        reader.stop()
