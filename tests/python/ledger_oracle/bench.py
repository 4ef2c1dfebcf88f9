"""Loads the rows of an application into Postgres, and asks its views what is wrong with them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any

from failing_rows import failing_rows
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extras import execute_values

from counterfoil.contract.catalog import Catalog, Facts
from counterfoil.contract.compiled_ledgers import compile_ledgers
from counterfoil.contract.contract import Contract
from counterfoil.suites.suite import Suite, load_suites
from ledger_oracle.auditor import Explanation, Finding, Verdict
from ledger_oracle.declared import Books
from ledger_oracle.rendered import ROOT, rendered_views
from ledger_oracle.shapes import AS_OF, Application, quoted

# Of which nothing is on record: there is no audit before this one.
OPENINGS = ROOT / "counterfoil" / "history" / "migrations" / "0009_recorded_openings.sql"

# Of an unknown opening the timeline shows the changes alone.
_TIMELINES_THAT_END_ELSEWHERE = """
    select ledger, balance, account, ends.expected_amount, balances.expected_amount
    from (
        select distinct on (ledger, balance, account) *
        from ledger_timeline
        order by ledger, balance, account, created_at desc nulls first
    ) as ends
    inner join ledger_balances as balances using (ledger, balance, account)
    where ends.expected_amount <> balances.expected_amount
"""


class Bench:
    """One connection to an empty database; every application is gone after its turn.

    Args:
        connection: a superuser's, in autocommit.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.suites = [
            suite for suite in load_suites(ROOT / "expectations") if suite.pack == "ledger"
        ]
        self.execute(f"set counterfoil.as_of = '{AS_OF.isoformat()}'; set timezone = 'UTC'")
        # To plan the views takes longer than to read so few rows.
        self.execute("set join_collapse_limit = 1; set from_collapse_limit = 1")

    def __repr__(self) -> str:
        return "a bench"

    @contextmanager
    def loaded(self, app: Application, books: Books) -> Iterator[None]:
        """The database with these tables and rows and no others, while in the block."""
        self.execute("create schema counterfoil_history; set search_path = counterfoil_history")
        self.execute(OPENINGS.read_text(encoding="utf-8"))
        self.execute("create schema counterfoil; set search_path = counterfoil, public")
        try:
            self.execute(app.ddl())
            for table in app.tables.values():
                self._insert(table.name, table.columns, books[table.name])
            yield
        finally:
            tables = ", ".join(f"public.{quoted(table.name)}" for table in app.tables.values())
            self.execute("drop schema counterfoil, counterfoil_history cascade")
            self.execute(f"drop table if exists {tables} cascade")

    def judge(
        self, app: Application, edited: Callable[[str, str], str] = lambda _, sql: sql
    ) -> Verdict:
        """What the views say of the rows that are loaded.

        Args:
            app: whose contract is compiled.
            edited: what becomes of each view's SQL, by name; by default it stays.
        """
        contract = Contract.model_validate(app.contract())
        catalog = Catalog.read(self.connection, contract.schemas)
        contract = contract.knowing(Facts(catalog.tables))
        compiled = compile_ledgers(contract, self.connection)
        contract = contract.knowing(replace(contract.facts, ledgers=compiled))
        views = rendered_views(contract)
        for name, sql in views.items():
            self.execute(f"create view counterfoil.{name} as {edited(name, sql)}")
        self._check_timeline(views)
        return Verdict(set(self._findings(contract, views)), dict(self._explanations(views)))

    def _findings(self, contract: Contract, views: Mapping[str, str]) -> Iterator[Finding]:
        for suite in self._asked(contract):
            assert suite.relation in views, f"{suite.relation} is asked for, and not built"
            for check_id, *key in self.fetch(failing_rows(suite)):
                yield check_id, tuple(key)

    def _check_timeline(self, views: Mapping[str, str]) -> None:
        """An account's timeline ends at what is expected of it."""
        if "ledger_timeline" in views:
            assert self.fetch(_TIMELINES_THAT_END_ELSEWHERE) == []

    def _asked(self, contract: Contract) -> Iterator[Suite]:
        for suite in self.suites:
            yield from suite.narrowed_to(contract)

    def _explanations(
        self, views: Mapping[str, str]
    ) -> Iterator[tuple[tuple[str, str, str], Explanation]]:
        evidence: dict[tuple[str, ...], Counter[tuple[str, Any, str]]] = defaultdict(Counter)
        if "ledger_explanations" in views:
            for ledger, balance, account, *said in self.fetch(
                "select ledger, balance, account::text, entity, amount, evidence_role"
                # What the chain shows is told apart by its sum.
                " from ledger_explanations where tier > 1"
            ):
                evidence[ledger, balance, account][tuple(said)] += 1
        for ledger, balance, account, *amounts in self.fetch(
            "select ledger, balance, account::text, discrepancy_amount, certain_amount,"
            " ambiguous_amount, unexplained_amount, candidate_count"
            " from ledger_balances where is_off_at_all"
        ):
            key = (ledger, balance, account)
            yield key, Explanation(*amounts, evidence.pop(key, Counter()))
        assert not evidence, "a balance that agrees is explained"

    def _insert(
        self, table: str, columns: dict[str, tuple[str, str]], rows: list[dict[str, Any]]
    ) -> None:
        if not rows:
            return
        names = ", ".join(quoted(name) for name, _ in columns.values()).replace("%", "%%")
        values = ", ".join(f"%s::{kind}" for _, kind in columns.values())
        # In another order than the application's: nothing may depend on it.
        shuffled = Random(len(rows)).sample(rows, len(rows))
        with self.connection.cursor() as cursor:
            execute_values(
                cursor,
                f"insert into public.{quoted(table).replace('%', '%%')} ({names}) values %s",
                [[row[name] for name in columns] for row in shuffled],
                template=f"({values})",
                page_size=1_000,
            )

    def execute(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
