"""Openings on record: what an account had when its ledger was first audited.

`opening: recorded` says that a balance is older than its entries. What is stored then, less what
the entries come to, is where they begin; an account that appears later begins at 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import sqlalchemy as sa
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.audit.findings import Audit
from counterfoil.common.sqltext import literal
from counterfoil.contract.contract import Contract
from counterfoil.contract.ledgers import RECORDED
from counterfoil.history.by_ledger import copied, read_each
from counterfoil.postgres.instant import Instant
from counterfoil.postgres.schemas import PUBLIC_SCHEMA

_OPENINGS = f"""
    select ledger, balance, account::text, stored_amount - entries_amount
    from {PUBLIC_SCHEMA}.ledger_balances
    where
        ledger = {{ledger}}
        and balance in ({{balances}})
        and opening_amount is null
        and stored_amount - entries_amount not in ('NaN', 'Infinity', '-Infinity')
"""  # noqa: S608


@dataclass(frozen=True)
class Openings:
    """What the accounts of one ledger open with, where that was not on record yet.

    Attributes:
        ledger: its name.
        balances: those whose opening is recorded.
        rows: COPY text of ledger, balance, account and amount.
    """

    ledger: str
    balances: tuple[str, ...]
    rows: IO[bytes]


def read_openings(instant: Instant, contract: Contract) -> list[Openings]:
    """The openings at an instant, of every ledger that has them recorded.

    Raises:
        UnavailableError: the connection was lost.
    """
    if "ledger" not in contract.packs:
        return []
    recorded = {
        name: tuple(each for each, one in ledger.balances.items() if one.opening == RECORDED)
        for name, ledger in contract.ledgers.items()
    }

    def read(connection: sa.Connection, ledger: str) -> Openings:
        balances = ", ".join(map(literal, recorded[ledger]))
        query = _OPENINGS.format(ledger=literal(ledger), balances=balances)
        return Openings(ledger, recorded[ledger], copied(connection, query))

    begun = (ledger for ledger, balances in recorded.items() if balances)
    return read_each(instant, begun, read, "no opening is recorded")


def record_openings(cursor: Cursor, audit: Audit, openings: Sequence[Openings]) -> None:
    """Keeps those of balances that have none on record; what is on record stays."""
    for one in openings:
        cursor.execute(
            "create temporary table opening"
            " (ledger text, balance text, account text, amount numeric) on commit drop"
        )
        # From its start: what could not be recorded is tried again.
        one.rows.seek(0)
        cursor.copy_expert("copy opening from stdin", one.rows)
        cursor.execute(
            "with begun as ("
            "  insert into recorded_balances (database_name, ledger, balance, recorded_at)"
            "  select %(database)s, %(ledger)s, unnest(%(balances)s::text[]), %(at)s"
            "  on conflict do nothing returning ledger, balance"
            " )"
            " insert into recorded_openings (database_name, ledger, balance, account, amount)"
            " select %(database)s, ledger, balance, account, amount"
            " from opening inner join begun using (ledger, balance)",
            {
                "database": audit.database,
                "ledger": one.ledger,
                "balances": list(one.balances),
                "at": audit.snapshot_at,
            },
        )
        cursor.execute("drop table opening")
