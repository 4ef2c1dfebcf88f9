"""One account of a ledger, as the reconciliation views have it at one instant."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from counterfoil.common.errors import LedgerError
from counterfoil.common.sqltext import literal
from counterfoil.contract.contract import Contract
from counterfoil.contract.ledgers import Ledger, listed
from counterfoil.ledger.names import ledger_named
from counterfoil.postgres.instant import Instant, pinned_connection
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of

MOST_ROWS = 20

# A view's columns, each as Postgres prints it.
Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Listed:
    """Rows of a view, at most `MOST_ROWS` of them, and how many there are."""

    rows: Sequence[Row] = ()
    count: int = 0


@dataclass(frozen=True)
class AccountState:
    """What the views have of an account.

    Attributes:
        as_of: the instant, in UTC.
        balances: a row of ledger_balances for each.
        causes: rows of ledger_explanations, the best evidence first.
        holds: rows of ledger_holds that have a fault; none of a ledger whose holds name no
            account.
        timeline: the last rows of ledger_timeline, the newest last.
        statements: SQL for all that the views have of it.
    """

    as_of: datetime
    balances: Sequence[Row]
    causes: Listed
    holds: Listed
    timeline: Listed
    statements: Sequence[str]


@dataclass(frozen=True)
class _View:
    """What is read of a view.

    Attributes:
        name: its own.
        feature: what a ledger must declare to have rows in it.
        columns: those that are read.
        order: by its columns, each called listed.column.
        where: which rows, besides the account's.
    """

    name: str
    feature: str | None
    columns: tuple[str, ...]
    order: str
    where: str = "true"

    @property
    def relation(self) -> str:
        """It, with its schema."""
        return f"{PUBLIC_SCHEMA}.{self.name}"


_BALANCES = _View(
    "ledger_balances",
    None,
    (
        *("account", "account_label", "account_word", "unit", "balance", "stored_amount"),
        *("opening_amount", "entries_amount", "entry_count", "expected_amount"),
        *("discrepancy_amount", "certain_amount", "ambiguous_amount", "unexplained_amount"),
        "explanation",
    ),
    "listed.balance",
)
_CAUSES = _View(
    "ledger_explanations",
    "sums",
    ("balance", "tier", "evidence_role", "amount", "cause", "part", "entity", "detail"),
    "listed.tier, listed.balance, abs(listed.amount) desc, listed.entity",
)
_HOLDS = _View(
    "ledger_holds",
    "hold_accounts",
    (
        *("holds", "hold", "hold_status", "hold_amount", "owed_amount", "has_amount"),
        *("hold_fault", "is_given_back_early"),
    ),
    "listed.holds, listed.hold",
    "(hold_fault is not null or is_given_back_early)",
)
_TIMELINE = _View(
    "ledger_timeline",
    "entries",
    (
        *("created_at", "balance", "entries", "entry", "change_amount", "expected_amount"),
        *("reason", "hold"),
    ),
    "listed.created_at desc, listed.entries desc, listed.entry desc, listed.balance desc",
)
_ALL = (
    (_BALANCES, ""),
    (_CAUSES, ""),
    (_HOLDS, ""),
    (_View("ledger_entries", "entries", (), ""), ""),
    (_TIMELINE, " order by created_at"),
)


def read_account(instant: Instant, contract: Contract, name: str, key: str) -> AccountState:
    """An account's state.

    Args:
        instant: what is read, its views built.
        contract: what the database promises, compiled.
        name: the ledger's.
        key: the account's; of several columns their JSON array.

    Raises:
        LedgerError: there is no such ledger or account, or the views cannot be read.
    """
    ledger = ledger_named(contract, name)
    if "ledger" not in contract.packs:
        raise LedgerError(
            "no ledger is audited",
            where=f"contract of {contract.database}",
            remedy="Name ledger in its packs",
        )
    try:
        with pinned_connection(instant) as connection:
            try:
                printed = _as_printed(connection, contract, ledger, key)
            except (sa.exc.DataError, UnicodeEncodeError):
                # It is none of the accounts' type, and so nobody's.
                raise _unknown(name, key) from None
            found = _Account(connection, ledger, name, printed)
            balances = found.rows_of(_BALANCES).rows
            if not balances:
                raise _unknown(name, key)
            timeline = found.rows_of(_TIMELINE)
            return AccountState(
                as_of=instant.as_of.astimezone(UTC),
                balances=balances,
                causes=found.rows_of(_CAUSES),
                holds=found.rows_of(_HOLDS),
                timeline=replace(timeline, rows=timeline.rows[::-1]),
                statements=tuple(found.statements()),
            )
    except sa.exc.DBAPIError as cause:
        raise LedgerError(
            f"the views cannot be read: {words_of(cause)}",
            where=f"schema {PUBLIC_SCHEMA}",
            remedy="Correct what Postgres names, and run again",
        ) from None


@dataclass(frozen=True)
class _Account:
    """An account, and a connection that sees the instant."""

    connection: sa.Connection
    ledger: Ledger
    name: str
    key: str

    def rows_of(self, view: _View) -> Listed:
        """Its rows in a view; none in one that the ledger feeds no row to."""
        if not self._feeds(view):
            return Listed()
        columns = ", ".join(f"listed.{column}::text" for column in view.columns)
        statement = f"""
            select {columns}, count(*) over () as row_count
            from {view.relation} as listed
            where ledger = :ledger and account = :account and {view.where}
            order by {view.order}
            limit {MOST_ROWS}
        """  # noqa: S608
        of_it = {"ledger": self.name, "account": self.key}
        found = self.connection.execute(sa.text(statement), of_it).mappings().all()
        rows = [{column: row[column] for column in view.columns} for row in found]
        return Listed(rows, found[0]["row_count"] if found else 0)

    def statements(self) -> Iterator[str]:
        """SQL for all of its rows, a line for each view."""
        of_it = f"ledger = {literal(self.name)} and account = {literal(self.key)}"
        for view, tail in _ALL:
            if self._feeds(view):
                yield f"select * from {view.relation} where {of_it}{tail};"  # noqa: S608

    def _feeds(self, view: _View) -> bool:
        return view.feature is None or self.ledger.declares(view.feature)


def _as_printed(connection: sa.Connection, contract: Contract, ledger: Ledger, key: str) -> str:
    """The key as Postgres prints it; raises what Postgres does where it cannot be one."""
    is_array = len(listed(ledger.accounts.key)) > 1
    kind = "jsonb" if is_array else contract.facts.ledgers["ledger_types"]["account"]
    query = sa.text(f"select coalesce(null::{kind}, :key)::text")
    return str(connection.scalar(query, {"key": key}))


def _unknown(name: str, key: str) -> LedgerError:
    keys = (
        f"select account, account_label from {_BALANCES.relation}"  # noqa: S608
        f" where ledger = {literal(name)}"
    )
    return LedgerError(
        f"no account '{key}' is audited",
        where=f"ledger {name}",
        remedy=f"Take its key from: {keys}",
    )
