"""The statement that returns what a check found, for a person who wants to see the rows."""

from counterfoil.audit.findings import CheckResult, Finding, Incident
from counterfoil.common.sqltext import identifier, literal


def statement(check: CheckResult, found: Finding | Incident) -> str | None:
    """SQL for the rows that a check found of what a finding is about; None if no view has them.

    Args:
        check: the check's result.
        found: one of its findings, with whose subject others may agree.
    """
    if check.rows is None:
        return None
    if found.subject is not None and check.abouts:
        condition = f"{literal(found.subject)} in ({', '.join(check.abouts)})"
    else:
        condition = " and ".join(
            f"{identifier(column)} is null"
            if value is None
            else f"{identifier(column)}::text = {literal(value)}"
            for column, value in found.key.items()
        )
    return f"{check.rows} {'and' if ' where ' in check.rows else 'where'} {condition};"
