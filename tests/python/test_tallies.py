"""What became of the incidents is counted once: every rendering says the same numbers."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.alerts.compose import Told, compose
from counterfoil.alerts.recipients import Recipient
from counterfoil.audit.findings import (
    Audit,
    Change,
    CheckResult,
    History,
    Incident,
    PreviousAudit,
    Score,
)
from counterfoil.flows.artifacts import _incidents
from counterfoil.publish.body import Body
from counterfoil.publish.groups import changed_groups, groups, tally
from counterfoil.publish.headlines import movement, open_incidents
from counterfoil.publish.html import render_html
from counterfoil.publish.index import summarize
from counterfoil.publish.listing import MOST_GROUPS
from counterfoil.publish.markdown import plain, render_markdown
from counterfoil.publish.terminal import render_terminal

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
LINKS = {"json": "audit.json", "markdown": "report.md", "all": "../index.html"}
EVERYBODY = Recipient(name="everybody", url_env="URL", least_severity="info")

# What may become of an incident in a night: its status before, its change, and its status now.
BECAME = [
    (None, "new", "open"),
    (None, "waived", "waived"),
    ("open", None, "open"),
    ("open", "worsened", "open"),
    ("open", "eased", "open"),
    ("open", "resolved", "resolved"),
    ("open", "waived", "waived"),
    ("resolved", "reopened", "open"),
    ("waived", "reopened", "open"),
    ("waived", None, "waived"),
]

nights = st.lists(
    st.tuples(
        st.sampled_from(BECAME),
        st.sampled_from(["competition 1", "competition 2", "competition 3", None]),
        st.sampled_from(["critical", "warning", "info"]),
        st.integers(-60, 60),
    ),
    max_size=30,
)


def night(became: list[tuple[tuple[str | None, str | None, str], str | None, str, int]]) -> Audit:
    """An audit with such a history."""
    incidents, changes = [], []
    for number, ((before, change, status), subject, severity, size) in enumerate(became, start=1):
        incident = Incident(
            incident_id=number,
            check_id=f"shop.check_{number % 4}",
            fingerprint=str(number),
            status=status,  # type: ignore[arg-type]
            severity=severity,  # type: ignore[arg-type]
            owner="shop",
            tenant_id=None,
            subject=subject,
            key={"id": str(number)},
            message=f"Row {number} is wrong" if number % 3 else None,
            first_seen_at=NIGHT,
            opened_at=NIGHT,
            last_seen_at=NIGHT,
            clean_before=None,
            resolved_at=NIGHT if status == "resolved" else None,
            reopened_count=0,
            first_size=size,
            size=size,
            worst_size=size,
        )
        if status != "resolved":
            incidents.append(incident)
        if change:
            changes.append(
                Change(
                    change=change,  # type: ignore[arg-type]
                    incident=incident,
                    size_before=size + 1,
                    status_before=before,  # type: ignore[arg-type]
                )
            )
    check = CheckResult(
        check_id="shop.check_1",
        title="Every row is right",
        severity="critical",
        status="fail",
        relation="counterfoil.rows",
        rows_checked=100,
        finding_count=1,
        owner="shop",
        category="Shop",
        why="-",
        remedy="-",
        findings=[],
        unit="rows",
    )
    return Audit(
        audit_id="made-up",
        database="shop",
        contract="contract.yml",
        snapshot_at=NIGHT,
        started_at=NIGHT,
        finished_at=NIGHT,
        status="critical",
        checks=[check],
        score=[Score(category="Shop", status="fail", priority="P0")],
        sections={},
        history=History(
            previous=PreviousAudit(
                audit_id="before", snapshot_at=NIGHT - timedelta(days=1), status="critical"
            ),
            tally=tally(incidents, changes),
            changes=changes,
            incidents=incidents,
            trends={},
        ),
    )


@given(nights)
def test_every_rendering_counts_the_same(
    became: list[tuple[tuple[str | None, str | None, str], str | None, str, int]],
) -> None:
    audit = night(became)
    history = audit.history
    assert history is not None
    told, said = history.tally, movement(audit)
    numbers = {
        word: int(number)
        for number, word in re.findall(r"(\d+) (?:of them )?([a-z]+(?: waived)?)", said[31:])
    }
    assert numbers == {
        word: number
        for word, number in (
            ("ongoing", told.ongoing),
            ("worse", told.worse),
            ("better", told.eased),
            ("new", told.new),
            ("reopened", told.reopened),
            ("resolved", told.resolved),
            ("newly waived", told.newly_waived),
        )
        if number or word in ("ongoing", "new", "resolved")
    }
    assert told.open == told.ongoing + told.new + told.reopened
    assert told.worse + told.eased <= told.ongoing
    assert told.changed == len(changed_groups(history.changes, history.incidents))

    body = Body(audit, (), ())
    page = render_html(body, links=LINKS)
    markdown = render_markdown(body)
    terminal = "\n".join(text.plain for text in render_terminal(body))
    spoken = said[0].upper() + said[1:]
    assert spoken in page
    assert plain(spoken) in markdown
    assert said in terminal
    if told.open:
        still = open_incidents(history)
        findings = sum(incident.status == "open" for incident in history.incidents)
        assert still.startswith(f"{told.open} open incident")
        assert f": {findings} finding" in still
        assert all(still in text for text in (page, markdown, terminal))

    changed = changed_groups(history.changes, history.incidents)
    kinds = Counter(one.change for one in changed)
    for text, mark in ((page, '<li><span class="kind {0}">{0}</span> '), (markdown, "- **{0}**:")):
        shown = {kind: text.count(mark.format(kind)) for kind in kinds}
        assert shown == kinds or len(changed) > MOST_GROUPS
    rows = Counter(row["status"] for row in _incidents(audit))
    assert (rows["open"], rows["waived"]) == (told.open, told.waived)
    summary = summarize(audit)
    assert (summary.open_incidents, summary.new_incidents) == (told.open, told.new + told.reopened)


@given(nights)
def test_whoever_hears_of_everything_hears_the_same_numbers(
    became: list[tuple[tuple[str | None, str | None, str], str | None, str, int]],
) -> None:
    """Of a subject without anything waived, of which alerts are silent, or eased."""
    silent = ("waived", "eased")
    audit = night([one for one in became if one[0][1] not in silent and one[0][0] != "waived"])
    assert audit.history is not None
    told = audit.history.tally
    alert = compose(EVERYBODY, audit, audit.history, Told(), "report")
    title = alert.title if alert else ""
    for word, number in (
        ("new", told.new),
        ("reopened", told.reopened),
        ("worse", told.worse),
        ("better", told.eased),
        ("resolved", told.resolved),
    ):
        assert re.findall(rf"(\d+) {word}", title) == [str(number)] * bool(number)


def test_every_form_says_whom_an_owner_stands_for() -> None:
    came = ((None, "new", "open"), "competition 1", "critical", -50)
    audit = night([came]).model_copy(update={"contacts": {"shop": "Shop team, #shop"}})  # type: ignore[list-item]
    assert audit.history is not None
    body = Body(audit, (), ())
    alert = compose(EVERYBODY, audit, audit.history, Told(), "report")
    assert alert is not None
    assert "owned by shop (Shop team, #shop):" in alert.body
    assert "<bdi>shop (Shop team, #shop)</bdi>" in render_html(body, links=LINKS)
    assert "owner shop (Shop team, \\#shop)" in render_markdown(body)


def test_the_first_of_a_change_is_what_changed() -> None:
    """A critical fault that went is no news beside a warning that came: that is told."""
    gone = (("open", "resolved", "resolved"), "competition 1", "critical", -50)
    came = ((None, "new", "open"), "competition 1", "warning", 2)
    audit = night([gone, came])  # type: ignore[list-item]
    assert audit.history is not None
    (group,) = changed_groups(audit.history.changes, audit.history.incidents)
    assert (group.change, group.lead.incident.incident_id) == ("worsened", 2)
    assert movement(audit).endswith("1 ongoing, 1 of them worse, 0 new, 0 resolved")
    alert = compose(EVERYBODY, audit, audit.history, Told(), "report")
    assert alert is not None
    assert "Worse: 1\n- Row 2 is wrong (beside what was open already)" in alert.body
    assert "Row 1" not in alert.body


def test_the_heaviest_of_what_came_is_told() -> None:
    came = [((None, "new", "open"), "competition 1", "warning", size) for size in (2, -9, 3)]
    audit = night(came)  # type: ignore[arg-type]
    assert audit.history is not None
    heaviest = replace(audit.history.changes[1])
    (group,) = changed_groups(audit.history.changes, audit.history.incidents)
    assert group.lead == heaviest


def test_what_could_not_be_judged_does_not_lead() -> None:
    """A ledger was emptied: what its closed day had come to is not known any more."""
    old = (("open", None, "open"), "competition 1", "critical", -5_000)
    seen = ((None, "new", "open"), "competition 2", "warning", 1)
    audit = night([old, seen])  # type: ignore[list-item]
    unknown = audit.checks[0].model_copy(update={"status": "unknown", "detail": "it is empty"})
    audit = audit.model_copy(update={"checks": [unknown]})
    assert audit.history is not None
    told = groups(audit.history.incidents, audit.unjudged_names)
    assert [group.lead.incident_id for group in told] == [2, 1]
    markdown = render_markdown(Body(audit, (), ()))
    assert markdown.index("Row 2 is wrong") < markdown.index("not judged this time")
