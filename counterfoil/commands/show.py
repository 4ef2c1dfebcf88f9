"""`counterfoil show`: the last audit once more, or the life of one incident."""

from typing import Annotated

import typer

from counterfoil.commands.options import TargetOption, chosen
from counterfoil.common.terminal import one_line_errors, say, tell
from counterfoil.common.text import one_line

EPILOG = (
    "Exit codes: 0 shown, 3 there is none, or it cannot be read."
    " Example: counterfoil show --target production --incident 12"
)


def show(
    target: TargetOption = None,
    *,
    incident: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Show one incident, by its number in the report."),
    ] = None,
) -> None:
    """Show what the last audit of a target found, or how one incident went."""
    with one_line_errors():
        from counterfoil.common.settings import settings

        target = chosen(target)
        if incident is not None:
            _incident(target, incident)
            return

        from counterfoil.audit.findings import Audit
        from counterfoil.common.errors import PublishError
        from counterfoil.publish.body import body_of
        from counterfoil.publish.report import latest_of
        from counterfoil.publish.terminal import render_terminal
        from counterfoil.suites.pack_report import load_reports

        file = latest_of(settings().reports_path, target) / "audit.json"
        if not file.is_file():
            raise PublishError(
                f"no audit of '{target}' has been published",
                where=str(file),
                remedy="`counterfoil run` makes one",
            )
        audit = Audit.model_validate_json(file.read_text(encoding="utf-8"))
        for line in render_terminal(body_of(audit, load_reports(*settings().expectations_dirs))):
            tell(line)
        say(f"Report: {file.resolve().with_name('index.html')}")


def _incident(target: str, number: int) -> None:
    from counterfoil.common.settings import settings
    from counterfoil.history.life import life_of
    from counterfoil.postgres.server import announce
    from counterfoil.postgres.session import Session
    from counterfoil.publish.forms import instant
    from counterfoil.publish.headlines import what_happened

    announce(settings().demo_dir)
    life = life_of(Session.of(target, settings()), number)
    incident = life.incident
    say(one_line(f"{incident.status}, {incident.severity}: {incident.told}"), style="bold")
    if incident.cause:
        say(f"  {one_line(incident.cause)}")
    say(
        one_line(
            f"{incident.check}, owner {incident.owner}, tenant {incident.tenant_id or 'none'},"
            f" last seen {instant(incident.last_seen_at)}"
        )
    )
    if incident.clean_before:
        say(f"Not there at {instant(incident.clean_before)}")
    for step in life.steps:
        say(one_line(what_happened(step)))
