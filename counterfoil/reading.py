"""Reading views as rows, ahead of whoever needs them.

Great Expectations asks one query after the other. What it is not needed for, the summaries
and what the report shows besides, is read meanwhile, on connections that see the same
instant: the database then works on two queries at a time.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.database import Instant, pinned_engine

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """Rows as JSON holds them, and the seconds that it took to read them."""

    rows: Sequence[Row]
    seconds: float


# Gives the rows once they are there; raises what went wrong, each time it is asked.
Awaited = Callable[[], Reading]


@dataclass
class Reader:
    """Reads in the background if the instant has connections for that, else when asked.

    Attributes:
        engine: sees the instant, on as many connections as there are threads.
        pool: the threads; None to read when a row is asked for.
        busy: the connections that a query runs on.
    """

    engine: sa.Engine
    pool: ThreadPoolExecutor | None
    busy: set[Connection] = field(default_factory=set)

    def read(self, relation: str, tail: str = "") -> Awaited:
        """The rows of one of our views; `tail` may order and limit them.

        Args:
            relation: a view, or a query in parentheses.
            tail: what follows it.
        """
        if self.pool is None:
            return lambda: self._read(relation, tail)
        return self.pool.submit(self._read, relation, tail).result

    def _read(self, relation: str, tail: str) -> Reading:
        begun = time.perf_counter()
        statement = f"select to_jsonb(view) from {relation} as view {tail}"  # noqa: S608
        with self.engine.connect() as connection:
            own = connection.connection.dbapi_connection
            assert isinstance(own, Connection)
            self.busy.add(own)
            try:
                rows = list(connection.exec_driver_sql(statement).scalars())
            finally:
                self.busy.discard(own)
        return Reading(rows, time.perf_counter() - begun)

    def stop(self) -> None:
        """Ends what still runs: nobody waits for it any more."""
        if self.pool is None:
            return
        self.pool.shutdown(wait=False, cancel_futures=True)
        for connection in tuple(self.busy):
            connection.cancel()
        self.pool.shutdown()


@contextmanager
def open_reader(instant: Instant) -> Iterator[Reader]:
    """A reader of the instant, until the end of the block."""
    threads = instant.queries_at_once - 1
    with pinned_engine(instant, connections=max(threads, 1)) as engine:
        reader = Reader(engine, ThreadPoolExecutor(threads) if threads else None)
        try:
            yield reader
        finally:
            reader.stop()
