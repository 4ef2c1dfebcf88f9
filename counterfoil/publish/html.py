"""The audit as one HTML page that needs nothing else: no network, no script, no font."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from counterfoil.audit.findings import Audit, CheckResult
from counterfoil.common.text import clip, printable
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.publish.expected_tables import expected_tables, key_faults
from counterfoil.publish.groups import changed_stories, stories
from counterfoil.publish.headlines import VERDICTS, counts, movement, open_incidents, worst_first
from counterfoil.publish.listing import (
    MOST_LETTERS,
    MOST_LINES,
    MOST_STORIES,
    MOST_TENANTS,
    acceptances,
    findings_a_check,
)
from counterfoil.publish.matrices import Matrices, tenant_matrix
from counterfoil.publish.measures import amount_of, name_of
from counterfoil.publish.trends import FEWEST_POINTS, Drawing, describe, draw, moves

_MOST_CHARTS = 20

_ZONELESS = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00$")


@dataclass(frozen=True)
class Trend:
    """A failing check's last audits.

    Attributes:
        title: the check's.
        words: what they counted.
        drawing: the same as a picture; None where nothing moved, and beyond the worst checks.
    """

    check_id: str
    title: str
    words: str
    drawing: Drawing | None


def render_html(audit: Audit, *, links: Mapping[str, str]) -> str:
    """The report. Text from the database appears as text, whatever markup it holds.

    Args:
        audit: what was found.
        links: where the report leads to, by name; relative to its folder. `previous`, the
            last audit's report, only if it is there.
    """
    history = audit.history
    incidents = history.incidents if history else []
    failing = [check for check in worst_first(audit.checks) if check.status != "pass"]
    lines, more_tenants = tenant_matrix(audit, MOST_TENANTS)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            audit=audit,
            links=links,
            word=VERDICTS[audit.status],
            counts=counts(audit),
            movement=movement(audit),
            open_incidents=open_incidents(history) if history else None,
            changes=changed_stories(history.changes) if history else [],
            stories=stories(one for one in incidents if one.status == "open"),
            accepted=stories(one for one in incidents if one.status == "waived"),
            acceptance=acceptances(audit.checks),
            incident_of={(one.check_id, one.fingerprint): one for one in incidents},
            checks={check.check_id: check for check in audit.checks},
            failing=failing,
            unjudged=audit.unjudged,
            in_order=worst_first(audit.checks),
            matrices=Matrices(audit),
            tenants=_tenant_names(audit),
            tenant_lines=lines,
            more_tenants=more_tenants,
            trends=_trends(audit, failing),
            sections=audit.sections,
            expected=expected_tables(audit, MOST_LINES),
            key_faults=key_faults(audit.checks, MOST_LINES),
            most_lines=MOST_LINES,
            most_findings=findings_a_check(failing),
            most_stories=MOST_STORIES,
            schema=PUBLIC_SCHEMA,
        )
    )


@cache
def environment() -> Environment:
    """Templates whose every value is escaped, and cannot move or reorder what is around it."""
    environment = Environment(
        loader=PackageLoader("counterfoil.publish"),
        autoescape=True,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    style = files("counterfoil.publish").joinpath("templates/report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals.update(
        style=Markup(style),  # noqa: S704 - our own file
        # What a browser may load: nothing but this very style sheet.
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none';"
        " form-action 'none'",
    )
    environment.filters.update(
        instant=_spoken_instant,
        signed=_signed,
        number=_number,
        share=_share,
        breakable=_breakable,
        measure=name_of,
        amount=amount_of,
    )
    return environment


def _harmless(value: Any) -> Any:
    """Every value that a template shows passes through here."""
    if isinstance(value, Markup):
        return value
    return "–" if value is None else clip(printable(str(value)), MOST_LETTERS)


def _spoken_instant(value: datetime | str | None) -> str | None:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}"
    return value and _ZONELESS.sub(r"\1 \2 UTC", value)


def _breakable(name: str | None) -> Markup | None:
    """A name of the catalog, which a narrow screen may break where a reader would."""
    if name is None:
        return None
    return escape(_harmless(name)).replace("_", Markup("_<wbr>")).replace(".", Markup(".<wbr>"))


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:,}"


def _signed(value: float | None) -> str | None:
    return None if value is None else f"{value:+,}" if value else "0"


def _share(value: float | None, largest: float) -> float:
    """A bar's length, in percent of the longest; what is not 0 can be seen."""
    return round(max(abs(value) / largest * 100, 2), 1) if value and largest else 0


def _tenant_names(audit: Audit) -> dict[str, str]:
    return {row["tenant_id"]: row["tenant_name"] for row in audit.sections.get("tenants", [])}


def _trends(audit: Audit, failing: list[CheckResult]) -> list[Trend]:
    trends = audit.history.trends if audit.history else {}
    lasting = [
        (check, points)
        for check in failing
        if len(points := trends.get(check.check_id, [])) >= FEWEST_POINTS
    ]
    drawn = [check.check_id for check, points in lasting if moves(points)][:_MOST_CHARTS]
    return [
        Trend(
            check.check_id,
            check.title,
            describe(points),
            draw(points) if check.check_id in drawn else None,
        )
        for check, points in lasting
    ]
