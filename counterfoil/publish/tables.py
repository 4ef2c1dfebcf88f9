"""The tables that every report has, whatever packs were audited."""

from collections import Counter

from counterfoil.audit.findings import Audit, WaiverState
from counterfoil.publish import forms
from counterfoil.publish.blocks import Cell, Column, Mark, Table
from counterfoil.publish.headlines import VERDICTS
from counterfoil.publish.listing import MOST_TENANTS, MOST_WAIVERS
from counterfoil.publish.matrices import tenant_matrix
from counterfoil.suites.pack_report import Form

_OF_A_WAIVER: dict[WaiverState, Mark] = {
    "holds": "waived",
    "not judged": "unknown",
    "exceeded": "fail",
    "expired": "fail",
    "unused": "fail",
}


def score_table(audit: Audit) -> Table:
    """The health score, one line per category; its caption says what it comes to."""
    lines = [
        (Cell(line.category), Cell(line.status, line.status), Cell(line.priority))
        for line in audit.score
    ]
    return Table(
        "score",
        f"Database health score. Overall: {VERDICTS[audit.status]}",
        (Column("Category", "text"), Column("Status", "text"), Column("Priority", "text")),
        tuple(lines),
    )


def tenant_table(audit: Audit) -> Table | None:
    """Tenants by categories, those that fail first; None where there is no tenant."""
    tenants, more = tenant_matrix(audit, MOST_TENANTS)
    if not tenants:
        return None
    categories = [Column(line.category, "text") for line in audit.score]
    lines = []
    for tenant in tenants:
        cells = [
            Cell(f"{cell.status} {cell.priority}".removesuffix(" -"), cell.status)
            for cell in tenant.cells
        ]
        lines.append((Cell(forms.text(tenant.name)), *cells))
    return Table(
        "tenant-score",
        "Health score by tenant",
        (Column("Tenant", "text"), *categories),
        tuple(lines),
        more,
    )


def waiver_table(audit: Audit) -> Table | None:
    """The waivers of the database, those that hold last; None where there is none."""
    if not audit.waivers:
        return None
    counts = Counter(waiver.state for waiver in audit.waivers)
    states = [f"{state} {number:,}" for state, number in counts.most_common()]
    waivers = sorted(audit.waivers, key=lambda waiver: waiver.state == "holds")
    captions = ("Check", "Key", "State", "Owner", "Reason", "Until", "Bound")
    written: tuple[Form, ...] = ("name", "text", "text", "text", "text", "id", "signed")
    return Table(
        "waivers",
        f"What was accepted, by whom, and whether it still holds: {', '.join(states)}",
        tuple(Column(caption, form) for caption, form in zip(captions, written, strict=True)),
        tuple(
            (
                Cell(waiver.check_id),
                Cell(forms.text(", ".join(f"{key} {value}" for key, value in waiver.key.items()))),
                Cell(waiver.state, _OF_A_WAIVER[waiver.state]),
                Cell(forms.text(waiver.owner)),
                Cell(forms.text(waiver.reason)),
                Cell(str(waiver.expires_on)),
                Cell(forms.signed(waiver.bound)),
            )
            for waiver in waivers[:MOST_WAIVERS]
        ),
        max(0, len(waivers) - MOST_WAIVERS),
    )
