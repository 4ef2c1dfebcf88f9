"""What a repair goes by: what the views say of balances, of missing entries and of causes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from counterfoil.common.errors import RepairError
from counterfoil.contract.contract import Contract
from counterfoil.postgres.instant import Instant, pinned_connection
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of
from counterfoil.repair.strategies import Request

Amount = int | Decimal

# Which of the two sides a cause blames: a chain of running balances shows an entry that the stored
# balance lost, or a gap of which nobody knows the side. Every other cause is of the entries.
_OF_THE_BALANCE = "lost entry"
_OF_EITHER = "gap in the chain"

_CHOSEN = """
    (cast(:ledger as text) is null or ledger = :ledger)
    and (cardinality(cast(:accounts as text[])) = 0 or account::text = any(:accounts))
"""

# Instants as JSON writes them: Python does not know all of Postgres's, and DateStyle may differ
# between the session that plans and the one that runs the script.
_MISSING = f"""
    select
        ledger,
        balance,
        entries,
        holds,
        account::text,
        hold::text,
        hold_label,
        hold_status,
        hold_amount,
        missing_amount,
        entry,
        entry_account::text,
        change_amount,
        counted_amount,
        reason,
        to_jsonb(created_at) #>> '{{}}' as created_at,
        to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') as day,
        coalesce(isfinite(created_at), false) as is_dated,
        (created_at at time zone 'UTC')::date
        < (cast(:as_of as timestamptz) at time zone 'UTC')::date as is_past,
        row_values::text,
        names_hold
    from {PUBLIC_SCHEMA}.ledger_backfill
    where {_CHOSEN}
    order by ledger, balance, account, ledger_backfill.created_at, hold
"""  # noqa: S608

_BALANCES = f"""
    select
        ledger,
        balance,
        account::text,
        account_label,
        account_word,
        opening_amount,
        stored_amount,
        entry_count,
        entries_amount,
        expected_amount
        {{proof}}
    from {PUBLIC_SCHEMA}.ledger_balances
    where not is_account_missing and {{which}} and {_CHOSEN}
    order by ledger, balance, ledger_balances.account
"""  # noqa: S608
# Of a balance that is set its causes are asked, which cost much; of one that lacks entries none.
_LACKING = _BALANCES.format(proof="", which="account::text = any(:missing)")
_OFF = _BALANCES.format(proof=", ambiguous_amount, unexplained_amount", which="is_off_at_all")

_RECALCULABLE = f"""
    select ledger, balance, account::text, values_before, values_after
    from {PUBLIC_SCHEMA}.ledger_recalculation
    where {_CHOSEN}
    order by ledger, balance, ledger_recalculation.account
"""  # noqa: S608

_CAUSES = f"""
    select ledger, balance, account::text, cause
    from {PUBLIC_SCHEMA}.ledger_explanations
    where evidence_role = 'explains' and {_CHOSEN}
"""  # noqa: S608

_STATEMENTS = f"""
    select distinct plan_id, ledger, account, is_carried_out
    from {PUBLIC_SCHEMA}.standing_statements
    order by plan_id, ledger, account
"""  # noqa: S608

_KNOWN = f"""
    select distinct account::text from {PUBLIC_SCHEMA}.ledger_balances
    where not is_account_missing and account::text = any(:accounts) and {_CHOSEN}
"""  # noqa: S608

# What of a table does not follow a change that SQL makes behind the application's back.
_FOLLOWERS = """
    select 'column ' || quote_ident(attname) || ' is not counted up'
    from pg_catalog.pg_attribute
    where
        attrelid = to_regclass(:relation)
        and not attisdropped
        and attname in ('version', 'lock_version', 'row_version', 'optimistic_lock')
    union all
    select 'trigger ' || quote_ident(tgname) || ' runs'
    from pg_catalog.pg_trigger
    where
        tgrelid = to_regclass(:relation)
        and not tgisinternal
        and tgenabled <> 'D'
        -- On an update, or an insert.
        and tgtype & :event <> 0
    order by 1
"""
_ON_UPDATE, _ON_INSERT = 16, 4


class AccountKey(NamedTuple):
    """A balance of an account of a ledger."""

    ledger: str
    balance: str
    account: str


@dataclass(frozen=True)
class Evidence:
    """What the views say at one instant of what a repair may touch.

    Attributes:
        balances: the accounts that lack an entry; where balances are to be set, those that are
            off.
        missing: the entries that holds lack.
        recalculable: where balances are to be set, the rows that hold one which is off.
        causes: there, what certainly explains an account.
        statements: what plans of the last day stated of closed days.
        known_accounts: those of the keys asked for that are there.
        is_named: whether keys were asked for.
        followers: by table, what does not follow a change of it, in words.
    """

    balances: Mapping[AccountKey, sa.Row[Any]]
    missing: Sequence[sa.Row[Any]]
    recalculable: Mapping[AccountKey, Sequence[sa.Row[Any]]]
    causes: Mapping[AccountKey, frozenset[str]]
    statements: Sequence[sa.Row[Any]]
    known_accounts: frozenset[str]
    is_named: bool
    followers: Mapping[str, Sequence[str]]

    def blames(self, key: AccountKey) -> tuple[bool, bool]:
        """Whether what explains an account blames its balance, and whether its entries."""
        causes = self.causes.get(key, frozenset())
        return _OF_THE_BALANCE in causes, bool(causes - {_OF_THE_BALANCE, _OF_EITHER})

    def proves_entries(self, key: AccountKey) -> bool:
        """Whether all of an account's discrepancy is what its balance lost."""
        rest = self.balances[key]
        return (
            self.causes.get(key) == frozenset({_OF_THE_BALANCE})
            and rest.ambiguous_amount == 0
            and rest.unexplained_amount == 0
        )


def read_evidence(instant: Instant, contract: Contract, request: Request) -> Evidence:
    """Reads what the views say of the accounts that a request is about.

    Raises:
        RepairError: they cannot be read.
    """
    chosen: dict[str, Any] = {
        "ledger": request.ledger,
        "accounts": [*request.accounts],
        "as_of": instant.as_of,
    }
    sets = request.strategy == "recalculate"
    writes = contract.declares("ledgers.write")
    closes = contract.declares("ledgers.closed_days")
    try:
        with pinned_connection(instant) as connection:

            def rows(statement: str, **more: Any) -> Sequence[sa.Row[Any]]:
                return connection.execute(sa.text(statement), {**chosen, **more}).all()

            missing = rows(_MISSING) if writes else ()
            lacking = [*{row.account for row in missing}]
            return Evidence(
                balances={
                    _key(row): row for row in rows(_OFF if sets else _LACKING, missing=lacking)
                },
                missing=missing,
                recalculable=_grouped(rows(_RECALCULABLE)) if sets else {},
                causes={
                    key: frozenset(row.cause for row in group)
                    for key, group in (_grouped(rows(_CAUSES)) if sets else {}).items()
                },
                statements=rows(_STATEMENTS) if closes else (),
                known_accounts=frozenset(row.account for row in rows(_KNOWN)),
                is_named=bool(request.accounts),
                followers={
                    table: [words for (words,) in rows(_FOLLOWERS, relation=table, event=event)]
                    for table, event in _written_tables(contract)
                },
            )
    except sa.exc.DBAPIError as cause:
        raise RepairError(
            f"the views cannot be read: {words_of(cause)}",
            where=f"schema {PUBLIC_SCHEMA}",
            remedy="Grant the role USAGE on the schema, and SELECT on its views",
        ) from None


def _written_tables(contract: Contract) -> list[tuple[str, int]]:
    compiled = contract.facts.ledgers["ledgers"]
    accounts = [(ledger["accounts"]["table"], _ON_UPDATE) for ledger in compiled]
    entries = [
        (block["table"], _ON_INSERT)
        for ledger in compiled
        for block in ledger["blocks"]
        if block["writes"]
    ]
    return [*dict.fromkeys([*accounts, *entries])]


def _grouped(rows: Sequence[sa.Row[Any]]) -> dict[AccountKey, list[sa.Row[Any]]]:
    groups: dict[AccountKey, list[sa.Row[Any]]] = {}
    for row in rows:
        groups.setdefault(_key(row), []).append(row)
    return groups


def _key(row: sa.Row[Any]) -> AccountKey:
    return AccountKey(row.ledger, row.balance, row.account)
