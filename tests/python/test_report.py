"""The report in a real browser: what it says, that it holds, and that nobody is shut out."""

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import psycopg2
import pytest
from browser import chromium, opened
from conftest import ROOT, Database
from playwright.sync_api import Browser
from shown import shown
from test_exit_codes import LONDONS_REMEDY

from counterfoil import demo
from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit, Incident, TrendPoint
from counterfoil.audit.waivers import Waiver
from counterfoil.flows.artifacts import _checks, _incidents, _lines
from counterfoil.history.closed_days import read_closed_days
from counterfoil.history.recall import recall
from counterfoil.history.record import record
from counterfoil.postgres.instant import OpenTransaction, open_snapshot
from counterfoil.publish.groups import changed_groups, groups, tally
from counterfoil.publish.headlines import headlines
from counterfoil.publish.html import environment, render_html
from counterfoil.publish.index import write_index
from counterfoil.publish.markdown import render_markdown
from counterfoil.publish.report import publish_report, report_url
from counterfoil.publish.trends import Trend, describe, draw, moves

LONDON = "79cef00c-e163-449c-9f3c-d021fbb4d672"
ORPHAN = "6a570147-57a0-4f50-8b89-f3044b28c4dc"
REASON = "approved before the ledger's epoch"

# What a name may hold: markup of three kinds, a formula, SQL, controls, a change of direction.
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>'\"&amp; **b** [l](javascript:x) `c`"
    " | =cmd|' /C calc'!A0 '; drop table x; -- \x1b[31m\x00\n# h\n- \u202etxt.exe\u2066 \u061c"
)
SHOWN = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"&amp; **b** [l](javascript:x) `c`"
LINKS = {"json": "audit.json", "markdown": "report.md", "all": "../index.html"}

PAGES = ["overnight", "afternoon", "waived", "corrected", "hostile", "index"]


@dataclass(frozen=True)
class Published:
    """Audits one after the other, as the flow makes them, and where they were published."""

    reports: Path
    audits: dict[str, Audit]

    def page(self, name: str) -> Path:
        """The file of one of them, or of their index."""
        if name == "index":
            return self.reports / "index.html"
        return self.reports / self.audits[name].audit_id / "index.html"


@pytest.fixture(scope="module")
def published(
    start_demo: Callable[[str], Database], tmp_path_factory: pytest.TempPathFactory
) -> Published:
    """Overnight, the afternoon, the fault waived, the fault corrected; and a hostile one."""
    database = start_demo("overnight")
    reports = tmp_path_factory.mktemp("reports")
    audits = {"overnight": audited(database, "1-overnight")}
    publish(audits["overnight"], reports)
    demo.load(database.server_log.parents[1], "afternoon")
    audits["afternoon"] = audited(database, "2-afternoon")
    publish(audits["afternoon"], reports)
    audits["waived"] = audited(database, "3-waived", waivers())
    publish(audits["waived"], reports)
    # Recorded today: an entry of a day that is closed would be a finding of its own.
    execute(database, LONDONS_REMEDY.replace("approved_at", "'2025-10-30T15:00:00Z'"))
    audits["corrected"] = audited(database, "4-corrected")
    publish(audits["corrected"], reports)
    audits["hostile"] = hostile(audits["overnight"])
    publish(audits["hostile"], reports)
    return Published(reports, audits)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def audited(database: Database, audit_id: str, accepted: tuple[Waiver, ...] = ()) -> Audit:
    """An audit with its history, as the flow makes it."""
    plan = database.plan
    known = recall(plan.scope.database, plan.session)
    with open_snapshot(plan.session) as snapshot:
        closed_days = read_closed_days(snapshot, plan.scope.contract)
        scope = replace(plan.scope, waivers=accepted, known=known)
        found = audit(scope, snapshot, audit_id=audit_id)
    history = record(found, closed_days, plan.session)
    return found.model_copy(update={"history": history})


def publish(audit: Audit, reports: Path) -> None:
    publish_report(shown(audit), render_markdown(shown(audit)), reports)


def waivers() -> tuple[Waiver, ...]:
    common = {"database": "empwr", "owner": "capacity", "reason": REASON}
    until = {"expires_on": date(2025, 12, 31)}
    return tuple(
        Waiver.model_validate({"line": line, "check_id": check_id, "key": key, **common, **until})
        for line, (check_id, key) in enumerate(
            [
                (
                    "ledger.balance_matches_entries*",
                    json.dumps({"ledger": "capacity", "balance": "available", "account": LONDON}),
                ),
                (
                    "ledger.hold_has_entry",
                    json.dumps({"ledger": "capacity", "holds": "reservations", "hold": ORPHAN}),
                ),
            ]
        )
    )


def execute(database: Database, statement: str) -> None:
    connection = psycopg2.connect(database.url)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def hostile(audit: Audit) -> Audit:
    """The same audit of an application whose users name things to do harm."""

    def spoil(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: spoil(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [spoil(inner, key) for inner in value]
        if key in ("tenant_label", "account_label", "hold_label"):
            return HOSTILE
        if key in ("message", "explanation", "table_name", "child_table", "reason", "database"):
            return f"{HOSTILE} {'long ' * 2000}{'W' * 10_000}"
        return value

    content = spoil(audit.model_dump(mode="json"))
    return Audit.model_validate(content | {"audit_id": "5-hostile"})


# What it says.

LONDON_SAYS = (
    "EMPWR Dance - London (capacity, available) is off by -50 tokens Reservation"
    f" {ORPHAN[:8]}… has no entry (Dans Dancer, 50 tokens, approved,"
    " 2025-10-28 23:06:28 UTC, before the ledger's epoch: legacy)"
)
GOLDEN = {
    "overnight": [
        "Audit of empwr Critical",
        "32 of 35 checks passed, 3 failed, 2 not applicable",
        "1 open incident: 3 findings of 3 checks",
        "Data as of 2025-10-30 05:00:00 UTC",
        "First audit of empwr",
        "critical " + LONDON_SAYS + "; stored 545, expected 595, unexplained 0",
        "Since 2025-10-30 05:00:00 UTC",
        "unchanged at -50",
        "Owner ledger",
        "Tenant EMPWR Dance Experience",
        "3 checks found it",
        "Insert the entry, dated when the hold began: `counterfoil repair plan` prints the script",
        f"counterfoil repair plan --ledger capacity --account {LONDON}",
        "Ledgers ✕ fail P0",
        "Overall: CRITICAL",
        "EMPWR Dance - London -50 545 595 2 0",
        "EMPWR Dance - St. Catharines #1 0 90 90 10 0",
        "EMPWR Dance Experience active 2025-10-30 04:51:18 UTC 253 dancers 214,",
        "reservations → studios ✓ pass 14 0",
        "22 entries, from 2025-10-29",
        "capacity_ledger ✓ pass 22",
        "ledger.no_new_orphan_holds",
        "Every number here is of it.",
    ],
    "afternoon": [
        "1 open incident: 3 findings of 3 checks",
        "Since 2025-10-30 05:00:00 UTC: 1 ongoing, 0 new, 0 resolved.",
        "ongoing EMPWR Dance - London (capacity, available) is off by -50 tokens Open incidents",
        LONDON_SAYS + "; stored 538, expected 588, unexplained 0",
        "EMPWR Dance - London -50 538 588 3 0",
        "Data as of 2025-10-30 16:00:00 UTC",
    ],
    "waived": [
        "Audit of empwr Passed",
        "33 of 36 checks passed, 3 waived, 1 not applicable",
        "No open incident",
        "0 ongoing, 0 new, 0 resolved, 1 newly waived.",
        f"Accepted by capacity until 2025-12-31: {REASON}",
        "Wrong, and accepted until a date.",
        "None is open.",
        "holds",
        "50 tokens in each of 3 audits since 2025-10-30",
    ],
    "corrected": [
        "Audit of empwr Passed",
        "35 of 35 checks passed, 2 not applicable",
        "0 ongoing, 0 new, 1 resolved.",
        "resolved EMPWR Dance - London (capacity, available) is off by -50",
        "open since 2025-10-30 05:00:00 UTC",
    ],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_it_says(published: Published, browser: Browser, name: str) -> None:
    with opened(browser, published.page(name)) as seen:
        said = seen.text.replace("✕ critical", "critical")
        assert [phrase for phrase in GOLDEN[name] if phrase not in said] == [], said


def test_the_verdict_comes_first_and_the_rest_in_order(
    published: Published, browser: Browser
) -> None:
    with opened(browser, published.page("waived")) as seen:
        assert seen.evaluate("[...document.querySelectorAll('h1, h2')].map(e => e.innerText)") == [
            "Passed",
            "What changed",
            "Open incidents",
            "Waived",
            "Health score",
            "Ledger capacity",
            "In order",
            "Trends",
            "Checks",
            "Waivers",
        ]


def test_an_emptied_table_passes_nowhere(
    overnight: Database, transaction: OpenTransaction, browser: Browser, tmp_path: Path
) -> None:
    with transaction.connection.cursor() as cursor:
        cursor.execute("delete from public.capacity_ledger")
    audit = overnight.audit(transaction)
    assert audit.empty_tables == ["capacity_ledger"]
    file = tmp_path / "index.html"
    file.write_text(render_html(shown(audit), links=LINKS), encoding="utf-8")
    with opened(browser, file) as seen:
        assert "capacity_ledger → competitions ? unknown" in seen.text
        assert "capacity_ledger.reservation_id → reservations ? unknown" in seen.text
        assert "dancers → studios ✓ pass" in seen.text
        assert "Not on record, so what changed is not known" in seen.text
        assert "Not judged, and so neither good nor bad" in seen.text
        assert (
            "Its balances cannot be judged: capacity_ledger: in use, and without rows" in seen.text
        )
    (unknown,) = [line for line in headlines(audit) if line.label == "unknown"]
    assert unknown.told.startswith("capacity_ledger: in use, and without rows")
    assert unknown.cause is not None
    assert unknown.cause.endswith(" more")
    markdown = render_markdown(shown(audit))
    assert r"| capacity\_ledger → competitions | ❔ unknown | 0 | 0 |" in markdown


# Whom it is for: any screen, any theme, keyboard and reader; no network.


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(
    published: Published, browser: Browser, name: str, scheme: str
) -> None:
    with opened(browser, published.page(name), scheme=scheme) as seen:
        assert seen.faults() == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_loaded_and_nothing_complains(
    published: Published, browser: Browser, name: str
) -> None:
    with opened(browser, published.page(name)) as seen:
        assert seen.console == []
        assert seen.requests == []
        assert seen.dialogs == []


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_it_fits_the_screen(published: Published, browser: Browser, name: str, width: int) -> None:
    with opened(browser, published.page(name), width=width) as seen:
        assert seen.evaluate("document.documentElement.scrollWidth") <= width
        wide = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, .skip')
            && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 99))
        """
        assert seen.evaluate(wide) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(published: Published, browser: Browser, name: str) -> None:
    page = published.page(name)
    with opened(browser, page) as seen:
        links = seen.evaluate("[...document.links].map(e => e.getAttribute('href'))")
        ids = seen.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert len(links) > 4
    for link in links:
        if link.startswith("#"):
            assert link[1:] in ids
        else:
            assert (page.parent / unquote(link)).is_file(), link


def test_by_keyboard(published: Published, browser: Browser) -> None:
    with opened(browser, published.page("overnight")) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.evaluate("document.activeElement.className") == "skip"
        seen.page.keyboard.press("Enter")
        assert seen.evaluate("document.activeElement.id") == "report"
        levels = "[...document.querySelectorAll('h1,h2,h3,h4')].map(e => +e.tagName[1])"
        steps = seen.evaluate(levels)
        assert all(after - before <= 1 for before, after in pairwise(steps))
        unfocusable = "document.querySelectorAll('.scroll:not([tabindex])').length"
        assert seen.evaluate(unfocusable) == 0


def test_a_previous_report_is_linked_only_if_it_is_there(published: Published) -> None:
    assert "../1-overnight/index.html" in published.page("afternoon").read_text()
    assert "The audit before" not in published.page("overnight").read_text()


def test_it_prints(published: Published, browser: Browser) -> None:
    with opened(browser, published.page("overnight")) as seen:
        seen.page.emulate_media(media="print")
        assert not seen.page.is_visible("nav")
        assert seen.page.pdf(format="A4").startswith(b"%PDF")


# Text that came from elsewhere.


def test_hostile_names_are_text(published: Published, browser: Browser) -> None:
    with opened(browser, published.page("hostile"), width=360) as seen:
        assert SHOWN in seen.page.inner_text("#ledger-0")
        assert SHOWN in seen.page.inner_text("#incidents")
        assert seen.page.locator("script, img, iframe, body a[href^='javascript']").count() == 0
        assert harmless(seen.page.content())
        assert seen.evaluate("document.title").startswith("Critical: audit of <script>")


def test_hostile_names_are_text_in_markdown_and_artifacts(published: Published) -> None:
    audit = published.audits["hostile"]
    tables = (_checks(audit), _incidents(audit), *map(_lines, shown(audit).tables))
    cells = [row for table in tables for row in table]
    texts = [value for row in cells for value in row.values() if isinstance(value, str)]
    markdown = render_markdown(shown(audit))
    assert json.dumps(cells)
    for text in [markdown, *texts]:
        assert harmless(text)
        assert not re.search(r"(?<!\\)<(?:script|img)", text)
        assert not re.search(r"(?<!\\)\]\(javascript", text)
        assert not re.search(r"(?<!\\)\*\*b", text)
    assert max(map(len, texts)) < 1_000
    assert max(map(len, markdown.splitlines())) < 10_000


def harmless(text: str) -> bool:
    """Without what would move a cursor or turn the direction of reading."""
    return not re.search("[\x00-\x08\x0b-\x1f\x7f\u061c\u202a-\u202e\u2066-\u2069]", text)


# The index.


def test_the_index_is_newest_first_and_shows_what_it_cannot_read(
    published: Published, browser: Browser, tmp_path: Path
) -> None:
    for name in ("1-overnight", "2-afternoon"):
        folder = tmp_path / name
        folder.mkdir()
        for file in ("index.html", "audit.json"):
            (folder / file).write_bytes((published.reports / name / file).read_bytes())
    (tmp_path / "0-torn").mkdir()
    (tmp_path / "0-torn" / "audit.json").write_text('{"audit_id": ')
    (tmp_path / "latest").symlink_to("2-afternoon")
    (tmp_path / ".3-half.partial").mkdir()
    (tmp_path / "other").mkdir()
    write_index(tmp_path)
    with opened(browser, tmp_path / "index.html") as seen:
        rows = [row.split() for row in seen.page.locator("tbody tr").all_inner_texts()]
        links = [a.get_attribute("href") for a in seen.page.locator("tbody a, .told a").all()]
        strip = [a.get_attribute("href") for a in seen.page.locator(".strip a").all()]
        headings = seen.page.locator("h2").all_inner_texts()
    assert links == ["2-afternoon/index.html", "1-overnight/index.html", "0-torn/audit.json"]
    assert strip == ["1-overnight/index.html", "2-afternoon/index.html"], "oldest first"
    assert headings == ["empwr", "Cannot be read"]
    assert "data as of 2025-10-30 16:00:00 UTC ✕ critical 32 of 35 1 0" in " ".join(rows[0])
    assert not list(tmp_path.glob(".index.html.*"))


def test_the_address_of_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    assert report_url(folder, None) == f"file://{tmp_path}/a%20b/index.html"
    assert report_url(folder, "https://x/r/") == "https://x/r/a%20b/index.html"


# Groups, trends, size.


def test_three_incidents_of_one_subject_are_one_group(published: Published) -> None:
    history = published.audits["afternoon"].history
    assert history is not None
    (group,) = groups(history.incidents)
    assert len(group.incidents) == len(group.checks) == 3
    assert (group.severity, group.lead.size) == ("critical", -50)
    assert (history.tally.ongoing, history.tally.new) == (1, 0)


def test_groups_are_the_worst_first_and_alone_without_a_subject(published: Published) -> None:
    history = published.audits["overnight"].history
    assert history is not None
    one = history.incidents[0]

    def incident(number: int, **values: Any) -> Incident:
        changed = {"incident_id": number, "fingerprint": str(number), "subject": None, **values}
        return replace(one, **changed)

    told = groups(
        [
            incident(1, severity="info"),
            incident(2, severity="warning", size=3),
            incident(3, severity="warning", size=-9),
            incident(4, severity="warning", size=None),
        ]
    )
    assert [group.lead.incident_id for group in told] == [3, 2, 4, 1]
    (change,) = {change.change for change in history.changes}
    assert change == "new"
    told = changed_groups(history.changes, history.incidents)
    assert [one.change for one in told] == ["new"]


def test_one_fault_that_went_as_another_of_its_subject_came_is_ongoing(
    published: Published,
) -> None:
    history = published.audits["overnight"].history
    assert history is not None
    gone, come, _ = history.changes
    resolved = replace(gone, change="resolved", status_before="open")
    told = tally([come.incident], [resolved, come])
    assert (told.ongoing, told.new, told.worse, told.resolved) == (1, 0, 1, 0)
    (group,) = changed_groups([resolved, come], [come.incident])
    assert (group.change, group.lead) == ("worsened", come), "it tells what came, not what went"


def points(*counts: int | None) -> list[TrendPoint]:
    return [
        TrendPoint(
            snapshot_at=f"2026-01-{day:02}T02:00:00Z",  # type: ignore[arg-type]
            status="error" if count is None else "fail",
            finding_count=count or 0,
        )
        for day, count in enumerate(counts, start=1)
    ]


def test_a_trend_is_drawn_where_something_moved() -> None:
    assert not moves(points(1, 2))
    assert not moves(points(1, 1, 1))
    assert moves(points(1, 1, None))
    assert describe(points(1, 1, 1)) == "1 in each of 3 audits since 2026-01-01"
    assert describe(points(3, None, 9, 1)) == (
        "3 at first, 1 at last, 9 at most, in 3 audits since 2026-01-01; 1 more could not judge it"
    )
    assert describe(points(None)) == "no audit since 2026-01-01 could judge it"
    sizes = [
        point.model_copy(update={"size": size})
        for point, size in zip(points(1, 1, None, 1), (137, 137, None, 157), strict=True)
    ]
    assert moves(sizes), "one finding each night, and more of it"
    said = "137 tokens at first, 157 at last, 157 at most, in 3 audits since 2026-01-01"
    assert describe(sizes, "tokens") == f"{said}; 1 more could not judge it"
    unsized = [sizes[0].model_copy(update={"size": None}), *sizes[1:]]
    assert describe(unsized, "tokens").startswith("1 in each of 3 audits")
    own = points(4, 2)
    before = (own[0].snapshot_at - timedelta(days=1), "")
    audits = [before, *((point.snapshot_at, point.audit_id) for point in own)]
    assert draw(own, audits).path == "M150,0H300V28", "it was not made in the first of three"
    svg = drawn(points(3, 2, None, 9_000))
    assert 'role="img"' in svg
    assert "<title>&lt;Every&gt; row</title>" in svg
    assert "9,000</text>" in svg
    assert "currentColor" in svg


def drawn(trend: list[TrendPoint]) -> str:
    """The picture of a check's trend, as the report has it."""
    template = environment().get_template("trend.svg.j2")
    return template.render(trend=Trend("some.check", "<Every> row", describe(trend), draw(trend)))


@pytest.mark.parametrize(
    ("counts", "path", "dots"),
    [
        # A count holds until the next audit, from 0 at the bottom to the largest at the top.
        ((4, 2, 0), "M0,0H150V28H300V56", ((300, 56),)),
        # What could not be judged is a gap, not 0; what no line reaches is a dot.
        ((4, 2, None, 4), "M0,0H100V28M300,0", ((300, 0),)),
        ((None, 4, None), "M150,0", ((150, 0),)),
        ((4, 4, None), "M0,0H150V0", ()),
        # Nothing found is a line at the bottom.
        ((0, None, 0, 0), "M0,56M200,56H300V56", ((0, 56), (300, 56))),
    ],
)
def test_a_trend_is_a_step_an_audit(
    counts: tuple[int | None, ...], path: str, dots: tuple[tuple[float, float], ...]
) -> None:
    drawing = draw(points(*counts))
    assert (drawing.path, drawing.dots) == (path, dots)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_trend_is_seen_and_read(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """Its labels lie inside the picture, in ink that shows; a screen reader has its name."""
    style = environment().globals["style"]
    file = tmp_path / "trend.html"
    svg = drawn(points(3, 2, None, 9_000_000))
    file.write_text(f"<!doctype html><html lang=en><title>t</title><style>{style}</style>{svg}")
    with opened(browser, file, scheme=scheme) as seen:
        assert seen.faults() == []
        picture = seen.page.get_by_role("img", name="<Every> row")
        assert picture.count() == 1
        labels = picture.locator("text")
        written = ["9,000,000", "0", "2026-01-01", "2026-01-04"]
        assert labels.all_text_contents() == written
        around = picture.bounding_box()
        assert around is not None
        for label in labels.all():
            box = label.bounding_box()
            assert box is not None
            assert box["x"] >= around["x"]
            assert box["y"] >= around["y"]
            assert box["y"] + box["height"] <= around["y"] + around["height"]
        ink, paper = seen.evaluate(
            "[getComputedStyle(document.querySelector('svg.trend text')).fill,"
            " getComputedStyle(document.body).backgroundColor]"
        )
        assert contrast(ink, paper) >= 4.5


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, `rgb(r, g, b)`, as the Web Content Accessibility Guidelines ask."""

    def luminance(colour: str) -> float:
        shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (
            share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
            for share in shares
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("publish", ROOT / "benchmarks" / "publish.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ten_thousand_findings_stay_under_a_megabyte(
    benchmark: ModuleType, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "index.html"
    file.write_text(render_html(shown(benchmark.audit()), links=LINKS), encoding="utf-8")
    assert file.stat().st_size < 1_000_000
    with opened(browser, file, width=360) as seen:
        assert seen.evaluate("document.documentElement.scrollWidth") <= 360
        assert seen.page.locator("svg.trend").count() == 20
        assert "more: select * from counterfoil.view_299" in seen.text
