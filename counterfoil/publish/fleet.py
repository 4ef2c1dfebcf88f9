"""The report over a fleet: a line a database, worst first, and where to read on."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from counterfoil.fleet import FleetAudit
from counterfoil.publish.markdown import plain


def render_fleet(fleet: FleetAudit, reports: Path) -> str:
    """The report in Markdown, links relative to its own folder, reports/fleet/<fleet_id>.

    Args:
        fleet: what came of each database.
        reports: the folder of the reports. Workers of other machines have their own, and
            then the link is to Prefect's page of the run.
    """
    environment = Environment(
        loader=PackageLoader("counterfoil.publish"),
        autoescape=False,  # noqa: S701 - not HTML; `text` escapes Markdown and HTML both
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(text=plain)
    links = {
        outcome.target: f"../../{outcome.audit_id}/report.md"
        if (reports / outcome.audit_id / "report.md").is_file()
        else outcome.page
        for outcome in fleet.outcomes
    }
    return environment.get_template("fleet.md.j2").render(fleet=fleet, links=links)
