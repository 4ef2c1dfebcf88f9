"""Loads books into an open transaction, and asks the views what an audit would find."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from typing import Any

from conftest import Database, forget_audits
from failing_rows import failing_rows
from psycopg2.extras import execute_values

from counterfoil.audit.findings import Audit
from counterfoil.postgres.instant import OpenTransaction
from oracle.application import Books
from oracle.auditor import Anomaly, Explanation, Finding, Verdict

CAUSES = (
    "legacy_missing_approval",
    "new_missing_approval",
    "repeated_approval",
    "wrong_approval_amount",
    "wrong_refund",
    "released_reservation",
    "entry_of_another_competition",
    "entry_without_reservation",
    "entry_of_unknown_reason",
)

_TABLES = [field.name for field in fields(Books)]

_NULLABLE = {
    "competitions": ["total_reservation_tokens"],
    "reservations": ["status"],
    "capacity_ledger": ["change_amount", "reason"],
}

# What is rolled back lies about in the tables until they are vacuumed, and slows each scan.
_LOADS_A_TRANSACTION = 50

_FOREIGN_KEYS = """
    select conrelid::regclass::text, conname
    from pg_constraint
    where contype = 'f' and connamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Judgement:
    """What the database said: the verdict, and each explanation in words."""

    verdict: Verdict
    words: dict[str, str]


class Bench:
    """One transaction of the demo database, whose rows each history replaces.

    Args:
        is_lax: whether the schema lets rows in that no application could have written.
    """

    def __init__(self, database: Database, transaction: OpenTransaction, *, is_lax: bool) -> None:
        self.database = database
        self.transaction = transaction
        self.is_lax = is_lax
        self._loads = 0
        self._queries = [
            failing_rows(suite, database.plan.scope.contract.thresholds)
            for suite in database.plan.scope.suites
        ]

    def __repr__(self) -> str:
        return "a bench"

    @contextmanager
    def loaded(self, books: Books) -> Iterator[None]:
        """The database with these rows and no others, while in the block."""
        if self._loads % _LOADS_A_TRANSACTION == 0:
            self._start_again()
        self._loads += 1
        self._execute("savepoint empty")
        try:
            self._load(books)
            yield
        finally:
            self._execute("rollback to savepoint empty; release savepoint empty")

    def judge(self) -> Judgement:
        """What the views say of the rows that are loaded, without Great Expectations."""
        explanations, words = self._explanations()
        return Judgement(Verdict(set(self._findings()), explanations), words)

    def audit(self) -> set[Finding]:
        """What the audit itself says of the rows that are loaded."""
        audit = self.database.audit(self.transaction)
        assert not audit.unjudged, [
            (check.check_id, check.status, check.detail) for check in audit.unjudged
        ]
        return set(_findings_of(audit))

    def _start_again(self) -> None:
        """Empties the tables in a transaction of its own, without what others left behind."""
        self._execute("rollback")
        for table in _TABLES:
            self._execute(f"vacuum public.{table}")
        self._execute("begin")
        forget_audits(self.transaction.connection)
        if self.is_lax:
            self._forget_constraints()
        for table in reversed(_TABLES):
            self._execute(f"delete from public.{table}")

    def _load(self, books: Books) -> None:
        with self.transaction.connection.cursor() as cursor:
            for table in _TABLES:
                rows = list(getattr(books, table).values())
                if rows:
                    columns = ", ".join(field.name for field in fields(rows[0]))
                    statement = f"insert into public.{table} ({columns}) values %s"
                    execute_values(cursor, statement, map(astuple, rows), page_size=10_000)

    def _forget_constraints(self) -> None:
        for table, constraint in self._fetch(_FOREIGN_KEYS):
            self._execute(f"alter table {table} drop constraint {constraint}")
        for table, columns in _NULLABLE.items():
            for column in columns:
                self._execute(f"alter table public.{table} alter column {column} drop not null")

    def _findings(self) -> Iterator[Finding]:
        for query in self._queries:
            for check_id, *key in self._fetch(query):
                yield check_id, tuple(key)

    def _explanations(self) -> tuple[dict[str, Explanation], dict[str, str]]:
        evidence: dict[str, set[tuple[Anomaly, str]]] = {}
        for competition_id, cause, entity_id, tokens, role in self._fetch(
            "select competition_id::text, cause, entity_id::text, tokens, evidence_role"
            " from capacity_findings_explained"
        ):
            found = evidence.setdefault(competition_id, set())
            assert (Anomaly(cause, entity_id, tokens), role) not in found, "listed twice"
            found.add((Anomaly(cause, entity_id, tokens), role))
        explanations, words = {}, {}
        for competition_id, text, discrepancy, ambiguous, unexplained, *causes in self._fetch(
            "select competition_id::text, explanation, discrepancy_tokens, ambiguous_tokens,"
            f" unexplained_tokens, {', '.join(f'{cause}_tokens' for cause in CAUSES)}"
            " from competition_capacity where discrepancy_tokens is distinct from 0"
        ):
            words[competition_id] = text
            explanations[competition_id] = Explanation(
                discrepancy=discrepancy,
                causes={
                    cause: tokens for cause, tokens in zip(CAUSES, causes, strict=True) if tokens
                },
                ambiguous=ambiguous,
                unexplained=unexplained,
                evidence=frozenset(evidence.pop(competition_id, ())),
            )
        assert not evidence, "a competition that agrees is explained"
        return explanations, words

    def _execute(self, statement: str) -> None:
        with self.transaction.connection.cursor() as cursor:
            cursor.execute(statement)

    def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        with self.transaction.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


def _findings_of(audit: Audit) -> Iterator[Finding]:
    for check in audit.checks:
        assert check.finding_count == len(check.findings), f"{check.check_id}: list cut short"
        for finding in check.findings:
            yield check.check_id, tuple(str(value) for value in finding.key.values())
