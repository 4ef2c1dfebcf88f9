"""The report over a fleet: one line per database, worst first, and where to read on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from counterfoil.audit.findings import AuditStatus
from counterfoil.common.templates import text_template
from counterfoil.publish.html import environment
from counterfoil.publish.markdown import plain

_PAGE = "index.html"

WORST_FIRST: tuple[AuditStatus, ...] = ("error", "critical", "warning", "passed")


class DatabaseOutcome(BaseModel):
    """What came of one database's audit."""

    model_config = ConfigDict(frozen=True)

    target: str
    owner: str
    status: AuditStatus
    message: str
    audit_id: str
    page: str | None = Field(description="Where Prefect shows the run.")


class FleetAudit(BaseModel):
    """What came of them all, worst first."""

    model_config = ConfigDict(frozen=True)

    fleet_id: str
    group: str
    started_at: datetime
    finished_at: datetime
    outcomes: tuple[DatabaseOutcome, ...]

    @property
    def status(self) -> AuditStatus:
        """The worst of them."""
        return self.outcomes[0].status

    @property
    def verdict(self) -> str:
        """All of them in a line: "CRITICAL: 48 of 50 databases passed, 1 critical, 1 error"."""
        counts = [f"{self._number('passed')} of {len(self.outcomes)} databases passed"]
        for status in ("critical", "warning", "error"):
            if number := self._number(status):
                counts.append(f"{number} {status}")
        return f"{self.status.upper()}: {', '.join(counts)}"

    def _number(self, status: str) -> int:
        return sum(outcome.status == status for outcome in self.outcomes)


def worst_first(outcomes: Sequence[DatabaseOutcome]) -> tuple[DatabaseOutcome, ...]:
    """The outcomes by how bad they are, then by name."""
    return tuple(sorted(outcomes, key=lambda each: (WORST_FIRST.index(each.status), each.target)))


def render_fleet(fleet: FleetAudit, reports: Path) -> Mapping[str, str]:
    """The files of the report by name, links relative to its folder, reports/fleet/<fleet_id>.

    Args:
        fleet: what came of each database.
        reports: the folder of the reports. Workers of other machines have their own, and
            then the link is to Prefect's page of the run.
    """
    markdown = text_template("counterfoil.publish", "fleet.md.j2", text=plain)
    links = {
        outcome.target: f"../../{quote(outcome.audit_id)}/{_PAGE}"
        if (reports / outcome.audit_id / _PAGE).is_file()
        else outcome.page
        for outcome in fleet.outcomes
    }
    return {
        _PAGE: environment().get_template("fleet.html.j2").render(fleet=fleet, links=links),
        "report.md": markdown.render(fleet=fleet, links=links),
        "fleet.json": fleet.model_dump_json(indent=2) + "\n",
    }
