"""What a person runs who wants to see the rows that were found, or to put them right."""

import shlex

from counterfoil.audit.findings import Audit, CheckResult, Finding, Incident
from counterfoil.common.sqltext import identifier, literal
from counterfoil.publish.groups import Group


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


def remedies(group: Group, audit: Audit) -> dict[str, list[str]]:
    """What to do about a group: each remedy once, with the checks that it is of."""
    said: dict[str, list[str]] = {}
    for check in audit.checks:
        if check.name in group.by_check:
            said.setdefault(check.remedy, []).append(check.name)
    return said


def repairs(group: Group, audit: Audit) -> list[str]:
    """The commands that plan the repair of what is listed of a group, each once."""
    rows = {(incident.check_id, incident.fingerprint) for incident in group.incidents}
    return [
        *dict.fromkeys(
            f"counterfoil repair plan{_target(audit)} {finding.repair}"
            for check in audit.checks
            for finding in check.findings
            if finding.repair and (check.check_id, finding.fingerprint) in rows
        )
    ]


def show(group: Group, audit: Audit) -> str:
    """The command that shows all that became of a group's lead."""
    return f"counterfoil show{_target(audit)} --incident {group.lead.incident_id}"


def _target(audit: Audit) -> str:
    return f" --target {shlex.quote(audit.target)}" if audit.target else ""
