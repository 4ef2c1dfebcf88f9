"""Prefect artifacts: what an operator sees of an audit in Prefect's own pages."""

import re

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from counterfoil.findings import Audit
from counterfoil.publish.words import verdict, worst_first


def publish_artifacts(audit: Audit, report: str) -> None:
    """A table of the checks, worst first, and the report itself.

    Args:
        audit: what was found.
        report: the report, in Markdown.
    """
    create_table_artifact(
        key=f"{_slug(audit.database)}-checks",
        description=verdict(audit),
        table=[
            {
                "check": check.check_id,
                "status": check.status,
                "severity": check.severity,
                "checked": check.rows_checked,
                "findings": check.finding_count,
                "owner": check.owner,
            }
            for check in worst_first(audit.checks)
        ],
    )
    create_markdown_artifact(
        key=f"{_slug(audit.database)}-report", description=verdict(audit), markdown=report
    )


def _slug(name: str) -> str:
    """A name as Prefect takes it for a key: lower case, digits and dashes."""
    return "-".join(re.findall("[a-z0-9]+", name.lower())) or "database"
