"""The fleet's report: hostile names in it are text, and it leads to every audit's page."""

from datetime import UTC, datetime
from pathlib import Path

from browser import chromium, opened

from counterfoil.publish.fleet_report import DatabaseOutcome, FleetAudit, render_fleet
from counterfoil.publish.folder import publish_folder

HOSTILE = '<script>alert(1)</script>"`|]\n\u202e'
NOW = datetime(2026, 1, 1, 2, tzinfo=UTC)


def outcome(target: str, status: str, **other: str | None) -> DatabaseOutcome:
    given = {"owner": HOSTILE, "message": HOSTILE, "audit_id": target, "page": None} | other
    return DatabaseOutcome(target=target, status=status, **given)


def test_the_page_of_a_fleet(tmp_path: Path) -> None:
    publish_folder(tmp_path, "here", {"index.html": "<p>it</p>"})
    fleet = FleetAudit(
        fleet_id="night",
        group=HOSTILE,
        started_at=NOW,
        finished_at=NOW,
        outcomes=(
            outcome("elsewhere", "error", page="http://127.0.0.1:4200/runs/flow-run/1"),
            outcome("nowhere", "critical"),
            outcome("here", "passed"),
        ),
    )
    folder = publish_folder(tmp_path / "fleet", "night", render_fleet(fleet, tmp_path))
    with chromium() as browser, opened(browser, folder / "index.html") as seen:
        assert (seen.console, seen.requests, seen.dialogs, seen.faults()) == ([], [], [], [])
        links = {
            link.inner_text(): link.get_attribute("href") for link in seen.page.locator("a").all()
        }
        assert links == {
            "elsewhere": "http://127.0.0.1:4200/runs/flow-run/1",
            "here": "../../here/index.html",
        }
        seen.page.get_by_text("here", exact=True).click()
        assert seen.text == "it"
    assert "](../../here/index.html)" in (folder / "report.md").read_text()
