"""The matrices of a report: what each declared rule, and each tenant, came to."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from counterfoil.audit.findings import Audit, CheckStatus, Priority, ScoreStatus
from counterfoil.postgres.schemas import PUBLIC_SCHEMA

# What nobody could judge hides behind a category's own failure, but not for other tenants.
_HIDDEN: tuple[ScoreStatus, ...] = ("error", "unknown")


@dataclass(frozen=True)
class Cell:
    """What one category came to for one tenant."""

    status: ScoreStatus
    priority: Priority


@dataclass(frozen=True)
class TenantLine:
    """One tenant of the matrix.

    Attributes:
        name: as the tenants' table has it; the id where it is not listed there.
        cells: one per category, in the order of the audit's score.
    """

    tenant_id: str
    name: str
    cells: tuple[Cell, ...]

    @property
    def fails(self) -> bool:
        """Whether one of its categories does."""
        return any(cell.status == "fail" for cell in self.cells)


class Matrices:
    """Judges the rows of an audit's summaries as its checks were judged."""

    def __init__(self, audit: Audit) -> None:
        self._empty = frozenset(audit.empty_tables)
        self._waived = {
            relation
            for relation in {check.relation for check in audit.checks}
            if {
                check.status
                for check in audit.checks
                if check.relation == relation and not check.is_quiet
            }
            == {"waived"}
        }

    def status(self, relation: str, row_count: int, failing_rows: int, *tables: str) -> CheckStatus:
        """What a summary's row came to.

        Args:
            relation: the summary, without its schema.
            row_count: how many rows the row's rule is about.
            failing_rows: how many rows fail the row's rule.
            tables: those that the rule is about. While one of them is empty, counting 0 of 0
                is no pass, and every child of an emptied parent no failure.
        """
        if self._empty.intersection(tables):
            return "unknown"
        if failing_rows == 0:
            return "pass" if row_count else "not applicable"
        return "waived" if f"{PUBLIC_SCHEMA}.{relation}" in self._waived else "fail"


def tenant_matrix(audit: Audit, most: int) -> tuple[list[TenantLine], int]:
    """Tenants by categories, those that fail first; and how many lines were left out.

    A tenant without a line in the audit's tenant_score passes, where the category could be
    judged at all.
    """
    names = {row["tenant_id"]: row["tenant_label"] for row in audit.sections.get("tenants", [])}
    known = dict.fromkeys([*(line.tenant_id for line in audit.tenant_score), *names])
    failed = {
        (line.tenant_id, line.category): Cell(line.status, line.priority)
        for line in audit.tenant_score
    }
    otherwise = {line.category: _unless_failed(audit, line.category) for line in audit.score}
    lines: Iterable[TenantLine] = (
        TenantLine(
            tenant_id,
            names.get(tenant_id) or tenant_id,
            tuple(failed.get((tenant_id, name), cell) for name, cell in otherwise.items()),
        )
        for tenant_id in known
    )
    shown = list(islice(lines, most))
    return shown, len(known) - len(shown)


def _unless_failed(audit: Audit, category: str) -> Cell:
    statuses = {check.status for check in audit.checks if check.category == category}
    for status in _HIDDEN:
        if status in statuses:
            return Cell(status, "P0")
    return Cell("not applicable" if statuses == {"not applicable"} else "pass", "-")
