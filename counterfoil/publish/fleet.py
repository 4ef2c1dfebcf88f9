"""The report over a fleet: a line a database, worst first, and where to read on."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from counterfoil.pipeline.fleet import FleetAudit
from counterfoil.publish.html import environment
from counterfoil.publish.markdown import plain

_PAGE = "index.html"


def render_fleet(fleet: FleetAudit, reports: Path) -> Mapping[str, str]:
    """The files of the report by name, links relative to its folder, reports/fleet/<fleet_id>.

    Args:
        fleet: what came of each database.
        reports: the folder of the reports. Workers of other machines have their own, and
            then the link is to Prefect's page of the run.
    """
    markdown = Environment(
        loader=PackageLoader("counterfoil.publish"),
        autoescape=False,  # noqa: S701 - not HTML; `text` escapes Markdown and HTML both
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    markdown.filters.update(text=plain)
    links = {
        outcome.target: f"../../{quote(outcome.audit_id)}/{_PAGE}"
        if (reports / outcome.audit_id / _PAGE).is_file()
        else outcome.page
        for outcome in fleet.outcomes
    }
    return {
        _PAGE: environment().get_template("fleet.html.j2").render(fleet=fleet, links=links),
        "report.md": markdown.get_template("fleet.md.j2").render(fleet=fleet, links=links),
        "fleet.json": fleet.model_dump_json(indent=2) + "\n",
    }
