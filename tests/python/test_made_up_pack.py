"""A pack that nobody foresaw: its rows and its one file are all that a report needs of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from refusals import refused

from counterfoil.audit.findings import Audit, CheckResult, History, PreviousAudit, Score, TrendPoint
from counterfoil.common.errors import SuiteError
from counterfoil.flows.artifacts import _lines
from counterfoil.publish.blocks import Paragraph
from counterfoil.publish.body import body_of
from counterfoil.publish.html import render_html
from counterfoil.publish.markdown import render_markdown
from counterfoil.publish.terminal import render_terminal
from counterfoil.suites.pack_report import load_reports

NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)

LOYALTY = {
    "pack": "loyalty",
    "score": {"Loyalty": 1},
    "rows": {"members": {"view": "member_points", "order": "member_id"}},
    "facts": [
        {
            "when": "sections.members is defined",
            "text": "{{ sections.members | length }} members have points.",
        }
    ],
    "sections": [
        {
            "id": "loyalty",
            "title": "Loyalty points",
            "place": 5,
            "when": "sections.members is defined",
            "blocks": [
                {"text": "Stored points, and those that were earned."},
                {
                    "table": {
                        "caption": "Points by member",
                        "each": "sections.members",
                        "view": "member_points",
                        "columns": [
                            {"caption": "Member", "value": "member_name"},
                            {
                                "caption": "Points",
                                "value": "stored_points",
                                "as": "number",
                                "strong": "stored_points != earned_points",
                            },
                            {"caption": "Earned", "value": "earned_points", "as": "number"},
                        ],
                    }
                },
                {"items": [{"each": "sections.members", "text": "{{ member_name }} is new."}]},
            ],
        }
    ],
}
ROWS = [
    {"member_name": "Ada", "stored_points": 1_250, "earned_points": 1_200},
    {"member_name": "Bob <b>\u202e", "stored_points": 7, "earned_points": 7},
]


@pytest.fixture
def audit() -> Audit:
    check = CheckResult(
        check_id="loyalty.points_match",
        title="Stored points are those that were earned",
        severity="warning",
        status="fail",
        relation="counterfoil.member_points",
        rows_checked=2,
        finding_count=1,
        owner="loyalty",
        category="Loyalty",
        why="Points are money.",
        remedy="Insert the missing entry.",
        findings=[],
    )
    points = [
        TrendPoint(snapshot_at=NIGHT - timedelta(days=3 - n), status="fail", finding_count=n)
        for n in range(4)
    ]
    return Audit(
        audit_id="made-up",
        database="shop",
        contract="contract.yml",
        snapshot_at=NIGHT,
        started_at=NIGHT,
        finished_at=NIGHT,
        status="warning",
        checks=[check],
        score=[Score(category="Loyalty", status="fail", priority="P1")],
        sections={"members": ROWS},
        history=History(
            previous=PreviousAudit(audit_id="before", snapshot_at=NIGHT, status="warning"),
            changes=[],
            incidents=[],
            trends={"loyalty.points_match": points},
        ),
    )


def write(folder: Path, content: object) -> Path:
    (folder / "loyalty").mkdir(parents=True, exist_ok=True)
    (folder / "loyalty" / "report.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def test_it_is_seen_in_all_four_renderings(audit: Audit, tmp_path: Path) -> None:
    body = body_of(audit, load_reports(write(tmp_path / "expectations", LOYALTY)))
    page = render_html(body, links={"all": "a", "json": "j", "markdown": "m"})
    markdown = render_markdown(body)
    terminal = "\n".join(text.plain for text in render_terminal(body))
    (table,) = body.tables
    assert next(iter(_lines(table))) == {"Member": "Ada", "Points": "1,250", "Earned": "1,200"}
    for said in (page, markdown, terminal):
        assert "2 members have points." in said
        assert "Points by member" in said
        assert "1,250" in said
        assert "Loyalty" in said
        assert "\u202e" not in said
    assert 'id="loyalty"' in page
    assert "Bob &lt;b&gt;" in page
    assert '<path class="line"' in page or "<svg" in page[page.index('id="trends"') :]
    assert "0 at first, 3 at last" in page
    assert "| Ada | **1,250** | 1,200 |" in markdown
    assert "- Ada is new.\n" in markdown
    assert "  Ada: points 1,250, earned 1,200" in terminal
    assert "Bob" not in terminal


def test_what_cannot_be_made_is_said_in_its_place(audit: Audit, tmp_path: Path) -> None:
    other = audit.model_copy(update={"sections": {"members": [{"member_name": "Ada"}]}})
    body = body_of(other, load_reports(write(tmp_path / "expectations", LOYALTY)))
    (section,) = body.sections
    assert [block.text for block in section.blocks] == [
        "It cannot be made of these rows; the log says why."
    ]


def test_a_condition_that_cannot_be_judged_is_said_in_its_place(
    audit: Audit, tmp_path: Path
) -> None:
    condition = "sections.members.level > 1"
    content = LOYALTY | {
        "facts": [{"when": condition, "text": "Nobody sees it."}],
        "sections": [{**section, "when": condition} for section in LOYALTY["sections"]],
    }
    body = body_of(audit, load_reports(write(tmp_path / "expectations", content)))
    assert body.facts == ("It cannot be made of these rows; the log says why.",)
    assert [section.blocks for section in body.sections] == [
        (Paragraph("It cannot be made of these rows; the log says why."),)
    ]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("colour", "red", "unknown key 'colour'"),
        ("facts", [{"when": "1 +", "text": "x"}], "'1 +' is no expression"),
        ("facts", [{"when": "1", "text": "{{ x"}], "'{{ x' is no sentence"),
        ("facts", [{"when": "x | loudly", "text": "x"}], "No filter named 'loudly'"),
        ("score", {"Loyalty": "first"}, "key 'score.Loyalty'"),
        ("pack", "royalty", "pack 'royalty' is not its folder's"),
    ],
)
def test_a_slip_of_the_pen_is_refused(tmp_path: Path, key: str, value: object, says: str) -> None:
    folder = write(tmp_path / "expectations", LOYALTY | {key: value})
    with refused(SuiteError, "expectations/loyalty/report.yml", says):
        load_reports(folder)


def test_two_packs_cannot_give_rows_one_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "expectations", LOYALTY)
    (folder / "other").mkdir()
    (folder / "other" / "report.yml").write_text(yaml.safe_dump(LOYALTY | {"pack": "other"}))
    with refused(SuiteError, "'members' is there twice"):
        load_reports(folder)
