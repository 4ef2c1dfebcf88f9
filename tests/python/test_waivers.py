"""Waivers: what they accept, up to what, until when; and how a bad one is refused."""

import csv
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Database
from refusals import refused

from counterfoil.audit.findings import Audit, CheckResult, WaiverUse
from counterfoil.audit.self_checks import waivers_in_use
from counterfoil.audit.waivers import COLUMNS, add_waivers, load_waivers, waivers_on
from counterfoil.common.errors import WaiverError
from counterfoil.postgres.instant import OpenTransaction, open_transaction
from counterfoil.publish.headlines import headlines, verdict
from counterfoil.suites.suite import load_suites

LONDON = "79cef00c-e163-449c-9f3c-d021fbb4d672"
ORPHAN = "6a570147-57a0-4f50-8b89-f3044b28c4dc"
SUITES = load_suites(ROOT / "expectations")
HEADINGS = ",".join(COLUMNS)


def line(**changed: str) -> str:
    """The waiver of London's orphan, as the file has it."""
    values = {
        "database": "empwr",
        "check_id": "ledger.hold_has_entry",
        "key": json.dumps({"ledger": "capacity", "holds": "reservations", "hold": ORPHAN}),
        "owner": "capacity",
        "reason": "Report 2: legacy, to be backfilled",
        "expires_on": "2025-12-31",
        "bound": "",
    }
    values |= changed
    return ",".join('"' + values[column].replace('"', '""') + '"' for column in COLUMNS)


BALANCE = line(
    check_id="ledger.balance_matches_entries*",
    key=json.dumps({"ledger": "capacity", "balance": "available", "account": LONDON}),
    bound="-50",
)


@pytest.fixture
def audited(
    overnight: Database, transaction: OpenTransaction, tmp_path: Path
) -> Callable[..., Audit]:
    """An audit of the transaction under the waivers of these lines."""

    def audit(*lines: str) -> Audit:
        file = tmp_path / "waivers.csv"
        file.write_text("\n".join([HEADINGS, *lines]) + "\n", encoding="utf-8")
        return overnight.judging(waivers=load_waivers(file, SUITES)).audit(transaction)

    return audit


@pytest.fixture
def execute(transaction: OpenTransaction) -> Callable[[str], None]:
    def run(sql: str) -> None:
        with transaction.connection.cursor() as cursor:
            cursor.execute(sql)

    return run


def by_id(audit: Audit) -> dict[str, CheckResult]:
    return {check.check_id: check for check in audit.checks}


def test_two_waivers_turn_the_audit_green(audited: Callable[..., Audit]) -> None:
    audit = audited(line(), BALANCE)
    assert audit.status == "passed"
    assert verdict(audit) == "PASSED: 33 of 36 checks passed, 3 waived, 1 not applicable"
    assert headlines(audit) == []
    waived = [check for check in audit.checks if check.status == "waived"]
    assert [(check.finding_count, check.waived_count, check.counts) for check in waived] == [
        (1, 1, 0)
    ] * 3
    for check in waived:
        (finding,) = check.findings
        assert finding.waiver is not None
        assert finding.waiver.reason == "Report 2: legacy, to be backfilled"
        assert check.tenant_counts == {}
    assert [use.state for use in audit.waivers] == ["holds", "holds"]
    (ledger,) = [score for score in audit.score if score.category == "Ledgers"]
    assert (ledger.status, ledger.priority) == ("waived", "-")


def test_a_second_orphan_turns_it_red_again(
    audited: Callable[..., Audit], execute: Callable[[str], None]
) -> None:
    execute(
        "delete from public.capacity_ledger where reservation_id in"
        " (select id from public.reservations where id::text like '9bfcc05f%')"
    )
    audit = audited(line(), BALANCE)
    assert audit.status == "critical"
    approvals = by_id(audit)["ledger.hold_has_entry"]
    assert (approvals.status, approvals.finding_count, approvals.waived_count) == ("fail", 2, 1)
    assert approvals.tenant_counts == {"00000000-0000-0000-0000-000000000001": 1}
    # London is off by -55 now: worse than the waiver's bound.
    london = by_id(audit)["ledger.balance_matches_entries"]
    assert (london.status, london.findings[0].waiver) == ("fail", None)
    assert [use.state for use in audit.waivers] == ["holds", "exceeded"]
    assert by_id(audit)["audit.waivers_in_use"].status == "pass"


@pytest.mark.parametrize(
    ("bound", "off_by", "holds"),
    [
        ("-50", -50, True),
        ("-50", -20, True),
        ("-50", -51, False),
        ("-50", 20, False),
        ("60", -50, False),
        ("-49.5", -50, False),
        ("0", -50, False),
        ("", -400, True),
        ("-1e3", -400, True),
    ],
)
def test_a_waiver_holds_up_to_its_bound(
    bound: str,
    off_by: int,
    holds: bool,
    audited: Callable[..., Audit],
    execute: Callable[[str], None],
) -> None:
    execute(
        "update public.competitions set available_reservation_tokens ="
        f" available_reservation_tokens + 50 + {off_by} where id = '{LONDON}'"
    )
    check = "ledger.balance_matches_entries"
    audit = audited(
        line(
            check_id=check,
            key=json.dumps({"ledger": "capacity", "balance": "available", "account": LONDON}),
            bound=bound,
        )
    )
    assert by_id(audit)[check].findings[0].size == off_by
    assert (by_id(audit)[check].status == "waived") is holds
    assert audit.waivers[0].state == ("holds" if holds else "exceeded")


def test_an_expired_waiver_holds_nothing_and_says_so(audited: Callable[..., Audit]) -> None:
    audit = audited(line(expires_on="2025-10-29"), BALANCE)
    assert by_id(audit)["ledger.hold_has_entry"].status == "fail"
    own = by_id(audit)["audit.waivers_in_use"]
    assert (own.status, own.severity, own.finding_count) == ("fail", "warning", 1)
    assert "expired on 2025-10-29" in own.findings[0].message


def test_its_last_day_is_still_a_day(audited: Callable[..., Audit]) -> None:
    audit = audited(line(expires_on="2025-10-30"), BALANCE)
    assert audit.status == "passed"


def test_a_waiver_of_a_check_that_was_not_judged_is_not_called_unused(
    audited: Callable[..., Audit], execute: Callable[[str], None]
) -> None:
    execute("delete from public.capacity_ledger")
    audit = audited(line())
    assert [use.state for use in audit.waivers] == ["not judged"]
    assert by_id(audit)["audit.waivers_in_use"].status == "pass"


def test_of_thousands_of_idle_waivers_few_are_listed_and_all_are_counted() -> None:
    uses = [
        WaiverUse(
            check_id="x.y",
            key={"id": str(number)},
            owner="data",
            reason="-",
            expires_on=date(2025, 12, 31),
            bound=None,
            state="unused",
        )
        for number in range(20_000)
    ]
    result = waivers_in_use(uses, limit=10)
    assert (result.finding_count, len(result.findings)) == (20_000, 10)
    assert len({trace.fingerprint for trace in result.traces}) == 20_000


def test_a_waiver_of_another_database_is_none_of_ours(audited: Callable[..., Audit]) -> None:
    audit = audited(line(database="elsewhere"))
    assert (audit.waivers, audit.status) == ([], "critical")


def test_a_waived_finding_beyond_the_cap_is_still_waived(
    transaction: OpenTransaction, audited: Callable[..., Audit], execute: Callable[[str], None]
) -> None:
    """Counted in SQL, exactly: among hundreds of dancers without a birth date."""
    execute("update public.dancers set date_of_birth = null")
    name = "integrity.required_values_filled"
    listed = by_id(audited())[name]
    assert listed.finding_count == 214
    # The cap lists 100 of them, by key: this one is the last.
    key = {"rule": "dancer_birth_date", "row_id": last_dancer(transaction)}
    assert key not in [finding.key for finding in listed.findings]
    check = by_id(audited(line(check_id=name, key=json.dumps(key))))[name]
    assert (check.status, check.finding_count, check.waived_count) == ("fail", 214, 1)
    assert sum(check.tenant_counts.values()) == 213
    assert [finding.key for finding in check.findings if finding.waiver] == [key]


def last_dancer(transaction: OpenTransaction) -> str:
    with transaction.connection.cursor() as cursor:
        cursor.execute("select max(id::text) from public.dancers")
        (dancer_id,) = cursor.fetchone() or ("",)
    return str(dancer_id)


def test_hostile_text_in_a_waiver_is_text(audited: Callable[..., Audit]) -> None:
    key = json.dumps(
        {
            "ledger": "capacity",
            "holds": "reservations",
            "hold": "'; drop table public.dancers; -- %s {x} \\ \u202e \u00e9",
        }
    )
    audit = audited(line(key=key, reason="=cmd|' /C calc'!A0, <script>"))
    assert audit.waivers[0].state == "unused"
    assert audit.waivers[0].reason.startswith("=cmd")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "its first line is not database,check_id"),
        ("check_id,database\n", "its first line is not database,check_id"),
        (line(expires_on="soon"), "line 2: key 'expires_on': give a day as 2026-03-31"),
        (line(expires_on="1767139200"), "line 2: key 'expires_on': give a day"),
        (line(expires_on="2026-02-30"), "line 2: key 'expires_on'"),
        (line(expires_on=""), "line 2: key 'expires_on'"),
        (line(owner="  "), "line 2: key 'owner'"),
        (line(reason=""), "line 2: key 'reason'"),
        (line(check_id="capacity.no_such_check"), "line 2: unknown check"),
        (line(check_id="capasity.*"), "line 2: unknown check"),
        (line(check_id="audit.every_check_ran"), "line 2: unknown check"),
        (
            line(check_id="capacity.approval_has_ledger_entry", key='{"reservation_id": "x"}'),
            "It is ledger.hold_has_entry now, with the key"
            ' {"ledger": "capacity", "holds": "reservations", "hold": "x"}',
        ),
        (line(key="6a570147"), "line 2: key 'key': give the key as audit.json has it"),
        (line(key="[]"), "line 2: key 'key'"),
        (line(key="[" * 100_000), "line 2: key 'key': give the key as audit.json has it"),
        (line(key="{}"), "line 2: key 'key'"),
        (line(key='{"reservation_id": 7}'), "line 2: key 'key.reservation_id'"),
        (line(key='{"reservation_id": "\\u0000"}'), "holds a character that no text of Postgres"),
        (line(key='{"reservation_id": "\\ud800"}'), "holds a character that no text of Postgres"),
        (line(key='{"competition": "x"}'), "no finding of ledger.hold_has_entry has"),
        (line(bound="many"), "line 2: key 'bound'"),
        (line(bound="nan"), "line 2: key 'bound'"),
        (line(check_id="tenancy.tenant_is_set", key='{"table_name": "x"}'), "has the key"),
        (line(check_id="schema.row_security_isolates"), "Name probe, as audit.json does"),
        (line() + ",more", "line 2: 8 values for 7 columns"),
        ('empwr,"unclosed', "not CSV: "),
        (line(reason="caf\udce9"), "not UTF-8 text, from byte"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "waivers.csv"
    headed = text if "first line" in says else f"{HEADINGS}\n{text}\n"
    file.write_bytes(headed.encode("utf-8", "surrogateescape"))
    with refused(WaiverError, "waivers.csv", says):
        load_waivers(file, SUITES)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with refused(WaiverError, "waivers.csv", "no such file", "Create it, with the line"):
        load_waivers(tmp_path / "waivers.csv", SUITES)


def test_the_first_waiver_makes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "waivers.csv"
    add_waivers(file, csv.reader([line()]), SUITES)
    assert file.read_text(encoding="utf-8").startswith(f"{HEADINGS}\n")
    (waiver,) = load_waivers(file, SUITES)
    assert waiver.key["hold"] == ORPHAN


def test_a_spreadsheets_byte_order_mark_and_blank_lines_are_let_by(tmp_path: Path) -> None:
    file = tmp_path / "waivers.csv"
    file.write_text(f"\ufeff{HEADINGS}\r\n\r\n{line()}\r\n\r\n", encoding="utf-8", newline="")
    (waiver,) = load_waivers(file, SUITES)
    assert (waiver.line, waiver.expires_on) == (3, date(2025, 12, 31))


def test_one_finding_is_waived_once(audited: Callable[..., Any]) -> None:
    with refused(WaiverError, "lines 2 and 3 waive the same finding of ledger.hold_has"):
        audited(line(), line(check_id="ledger.*", expires_on="2026-01-01"))


PROBE = line(
    database="market",
    check_id="schema.row_security_isolates",
    key=json.dumps({"probe": "orders of another merchant"}),
    expires_on="2999-12-31",
)
TABLE = line(
    database="market",
    check_id="schema.expected_tables_exist",
    key=json.dumps({"table_name": "accounts"}),
    expires_on="2999-12-31",
)


def test_what_nobody_waived_is_how_severe_a_check_is(market: Database, tmp_path: Path) -> None:
    file = tmp_path / "waivers.csv"
    file.write_text("\n".join([HEADINGS, PROBE, TABLE]) + "\n", encoding="utf-8")
    waived = market.judging(waivers=load_waivers(file, SUITES))
    with open_transaction(market.plan.session.builder, market.settings) as transaction:
        with transaction.connection.cursor() as cursor:
            cursor.execute("alter table public.accounts rename to people")
            cursor.execute("alter table public.product_photos rename to pictures")
            cursor.execute(
                "create policy also on public.orders for select to market_app"
                " using (merchant_id is not null)"
            )
        before, after = by_id(market.audit(transaction)), by_id(waived.audit(transaction))
    tables = "schema.expected_tables_exist"
    assert (before[tables].severity, before[tables].counts) == ("critical", 2)
    assert (after[tables].severity, after[tables].counts) == ("warning", 1)
    assert after[tables].finding_count == 2
    probed = "schema.row_security_isolates"
    assert (before[probed].status, before[probed].waived_count) == ("fail", 0)
    assert (after[probed].status, after[probed].waived_count) == ("waived", 1)
    (finding,) = after[probed].findings
    assert finding.waiver is not None
    assert after["audit.waivers_in_use"].status == "pass"


def test_a_renewed_waiver_may_stand_below_its_expired_line(tmp_path: Path) -> None:
    file = tmp_path / "waivers.csv"
    file.write_text("\n".join([HEADINGS, line(expires_on="2025-01-01"), line()]))
    held = waivers_on(
        load_waivers(file, SUITES),
        "empwr",
        date(2025, 10, 30),
        ["ledger.hold_has_entry"],
    )
    assert ([waiver.line for waiver in held.in_force], len(held.expired)) == ([3], 1)


def test_lines_are_added_all_or_none(tmp_path: Path) -> None:
    file = tmp_path / "waivers.csv"
    file.write_text(f"{HEADINGS}\n{line()}", encoding="utf-8")
    other = json.dumps({"ledger": "capacity", "holds": "reservations", "hold": 'a "b"\n'})
    reason, day = "Line,\nbroken", "2025-12-31"
    added = ("empwr", "ledger.hold_has_entry", other, "capacity", reason, day, "7")
    add_waivers(file, [added], SUITES)
    first, second = load_waivers(file, SUITES)
    assert first.owner == "capacity"
    assert (second.key["hold"], second.reason, second.bound) == ('a "b"\n', reason, 7)

    text = file.read_text(encoding="utf-8")
    fresh = ("empwr", *added[1:2], other.replace("a ", "c "), *added[3:])
    for lines, says in (
        ([fresh, added], "waive the same finding of ledger.hold_has_entry"),
        ([fresh, (*added[:1], "ledger.gone", *added[2:])], "unknown check 'ledger.gone'"),
        ([fresh, (*added[:5], "tomorrow", "")], "give a day as 2026-03-31"),
    ):
        with pytest.raises(WaiverError, match=re.escape(says)):
            add_waivers(file, lines, SUITES)
    assert file.read_text(encoding="utf-8") == text
    assert [each.name for each in tmp_path.iterdir()] == ["waivers.csv"]
