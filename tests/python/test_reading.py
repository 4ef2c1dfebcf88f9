"""What is read in the background: the same rows, no later, and nothing once nobody waits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from conftest import Database

from counterfoil.audit.findings import Audit
from counterfoil.postgres.instant import OpenTransaction, open_snapshot, pinned_connection
from counterfoil.postgres.rows import Reader, open_reader


@contextmanager
def reader_of(database: Database, *, queries_at_once: int) -> Iterator[Reader]:
    settings = database.settings.model_copy(update={"queries_at_once": queries_at_once})
    with (
        open_snapshot(replace(database.plan.session, settings=settings)) as snapshot,
        pinned_connection(snapshot) as connection,
        open_reader(connection, snapshot) as reader,
    ):
        yield reader


def told(audit: Audit) -> object:
    """All that an audit says, but for when and how long."""
    checks = [check.model_dump(exclude={"seconds"}) for check in audit.checks]
    return checks, audit.sections, audit.empty_tables


@pytest.mark.parametrize("queries_at_once", [1, 2])
def test_rows_come_as_they_were_asked_for(overnight: Database, queries_at_once: int) -> None:
    with reader_of(overnight, queries_at_once=queries_at_once) as reader:
        first = reader.read(["(select * from unnest(array[2, 1]) as number)"])
        second = reader.read(["stg_none"])
        third = reader.read(["tenant_overview"], "order by tenant_label limit 1")
        assert first().rows == [{"number": 2}, {"number": 1}]
        with pytest.raises(sa.exc.DBAPIError, match="stg_none"):
            second()
        (tenant,) = third().rows
        assert tenant["tenant_label"]


def test_two_at_once_is_faster_than_one(overnight: Database) -> None:
    with reader_of(overnight, queries_at_once=2) as reader:
        begun = time.perf_counter()
        slow = reader.read(["(select 1 as one from pg_sleep(1))"])
        assert time.perf_counter() - begun < 0.5
        assert slow().rows == [{"one": 1}]
        assert slow().seconds >= 1


def test_nothing_is_read_before_it_is_asked_for_on_one_connection(overnight: Database) -> None:
    with reader_of(overnight, queries_at_once=1) as reader:
        reader.read(["(select 1 / 0)"])


def test_what_nobody_waits_for_is_ended(overnight: Database) -> None:
    begun = time.perf_counter()
    with reader_of(overnight, queries_at_once=2) as reader:
        reader.read(["(select 1 as one from pg_sleep(300))"])
        reader.read(["(select 2 as two from pg_sleep(300))"])
        time.sleep(0.5)
    assert time.perf_counter() - begun < 30


def test_an_audit_says_the_same_one_query_at_a_time(
    overnight: Database, transaction: OpenTransaction
) -> None:
    one = overnight.settings.model_copy(update={"queries_at_once": 1})
    with open_snapshot(replace(overnight.plan.session, settings=one)) as snapshot:
        sequential = told(overnight.audit(snapshot))
    assert told(overnight.audit()) == sequential
    assert told(overnight.audit(transaction)) == sequential
