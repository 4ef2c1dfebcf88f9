"""Prefect artifacts: what an operator sees of an audit in Prefect's own pages."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from counterfoil.audit.findings import Audit, Incident, IncidentStatus
from counterfoil.common.text import clip, one_line
from counterfoil.publish import forms
from counterfoil.publish.blocks import Table
from counterfoil.publish.body import Body
from counterfoil.publish.forms import instant
from counterfoil.publish.groups import Group, groups
from counterfoil.publish.headlines import movement, verdict, worst_first
from counterfoil.publish.tables import score_table

# A table of Prefect's shows every row at once; the report has the rest.
_MOST_ROWS = 200
_MOST_LETTERS = 400
# Each step is a request to Prefect's server.
_STEP = 10


def publish_artifacts(body: Body, report: str, url: str) -> None:
    """The report and where it is; checks, incidents and what the packs show as tables.

    Args:
        body: what was found, and what the packs show of it.
        report: the report, in Markdown.
        url: where people open it.
    """
    audit = body.audit
    name = _slug(audit.database)
    summary = _plain(f"{verdict(audit)}; {movement(audit)}")
    create_link_artifact(
        key=f"{name}-link",
        link=url,
        link_text=f"Report of {_plain(audit.database)}, {instant(audit.snapshot_at)}",
        description=summary,
    )
    create_table_artifact(key=f"{name}-checks", description=summary, table=list(_checks(audit)))
    create_table_artifact(
        key=f"{name}-incidents",
        description=_plain(movement(audit)),
        table=list(_incidents(audit)),
    )
    for table in (score_table(audit), *body.tables):
        create_table_artifact(
            key=f"{name}-{table.id}",
            description=_plain(forms.bare(table.caption)),
            table=list(_lines(table)),
        )
    create_markdown_artifact(key=f"{name}-report", description=summary, markdown=report)


class Progress:
    """How many of the suites have been asserted, on the run's page while it runs.

    Args:
        database: what is audited.
    """

    def __init__(self, database: str) -> None:
        created = create_progress_artifact(
            0.0, key=f"{_slug(database)}-suites", description="Suites asserted"
        )
        assert isinstance(created, UUID)
        self._artifact = created
        self._shown = 0

    def __call__(self, done: int, of: int) -> None:
        """So many of the suites are done."""
        percent = 100 * done // max(of, 1)
        if percent - self._shown >= _STEP or done == of:
            update_progress_artifact(self._artifact, percent)
            self._shown = percent


def _checks(audit: Audit) -> Iterator[dict[str, Any]]:
    for check in worst_first(audit.checks)[:_MOST_ROWS]:
        yield {
            "status": check.status,
            "check": check.name,
            "findings": check.finding_count,
            "waived": check.waived_count,
            "severity": check.severity,
            "checked": check.rows_checked,
            "seconds": None if check.seconds is None else round(check.seconds, 2),
            "owner": _plain(check.owner),
        }


def _lines(table: Table) -> Iterator[dict[str, str]]:
    for line in table.lines[:_MOST_ROWS]:
        yield {
            column.caption: _plain(forms.bare(cell.text))
            for column, cell in zip(table.columns, line, strict=True)
        }


def _incidents(audit: Audit) -> Iterator[dict[str, Any]]:
    incidents = audit.history.incidents if audit.history else []
    statuses: tuple[IncidentStatus, ...] = ("open", "waived")
    told = [
        (status, group)
        for status in statuses
        for group in groups(
            (incident for incident in incidents if incident.status == status), audit.unjudged_names
        )
    ]
    for status, group in told[:_MOST_ROWS]:
        yield _row(status, group)


def _row(status: IncidentStatus, group: Group) -> dict[str, Any]:
    lead: Incident = group.lead
    return {
        "status": status,
        "severity": group.severity,
        "checks": len(group.checks),
        "since": instant(group.opened_at),
        "size": lead.size,
        "owner": _plain(", ".join(group.owners)),
        # At the end, since Prefect shows a cell on one line, however long.
        "what": _plain(lead.told),
    }


def _plain(text: str) -> str:
    """Text in a cell or a description, both of which Prefect renders as Markdown."""
    from counterfoil.publish.markdown import plain

    return plain(clip(one_line(text), _MOST_LETTERS))


def _slug(name: str) -> str:
    """A name as Prefect takes it for a key: lower case, digits and dashes."""
    return "-".join(re.findall("[a-z0-9]+", name.lower())) or "database"
