"""The history: what audits leave behind, and what the next one makes of it."""

import json
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from conftest import ROOT, Database
from copies import copy_of
from refusals import refused
from shown import shown

from counterfoil.audit import evidence
from counterfoil.audit.findings import Audit, Change
from counterfoil.audit.waivers import Waiver
from counterfoil.common.errors import HistoryError, UnavailableError
from counterfoil.contract.packs import Pack
from counterfoil.history.closed_days import read_closed_days
from counterfoil.history.life import life_of
from counterfoil.history.recall import recall
from counterfoil.history.record import record
from counterfoil.history.tables import ensure_history, history_transaction
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.instant import open_snapshot
from counterfoil.repair.repair_plan import plan_repair
from counterfoil.repair.script import render
from counterfoil.repair.stated_changes import state_changes
from counterfoil.repair.strategies import Request, Strategy

LONDON = "79cef00c-e163-449c-9f3c-d021fbb4d672"
ORPHAN = "6a570147-57a0-4f50-8b89-f3044b28c4dc"
QA = "00000000-0000-0000-0003-000000000004"


@dataclass(frozen=True)
class Nights:
    """A database that is audited night by night."""

    database: Database

    def audit(self, audit_id: str, *, packs: Collection[Pack] = (), **changed: Any) -> Audit:
        """A night: recalled, audited, recorded."""
        plan = self.database.plan
        known = recall(plan.scope.database, plan.session)
        with open_snapshot(plan.session) as snapshot:
            closed_days = read_closed_days(snapshot, plan.scope.contract.narrowed_to(packs))
            audit = self.database.audit(snapshot, known=known, packs=packs)
        audit = audit.model_copy(update={"audit_id": audit_id, **changed})
        history = record(audit, closed_days, plan.session)
        return audit.model_copy(update={"history": history})

    def repair(self, plan_id: str, strategy: Strategy = "backfill") -> str:
        """The script of a repair, whose plan is stated."""
        plan = self.database.plan
        with open_snapshot(plan.session) as snapshot:
            request = Request(strategy, accounts=(LONDON,))
            repair = plan_repair(snapshot, plan.scope.contract, request)
        with history_transaction(plan.session) as cursor:
            state_changes(cursor, plan_id, repair)
        return str(render(repair, lock_timeout_s=5))

    def at(self, as_of: str) -> None:
        """What the database calls now."""
        name = self.database.plan.session.builder.dbname
        self.execute(f"alter database {name} set counterfoil.as_of = '{as_of}'")

    def execute(self, sql: str) -> None:
        with closing(psycopg2.connect(self.database.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.database.url)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()


@pytest.fixture
def nights(overnight: Database) -> Iterator[Nights]:
    with copy_of(overnight, "nights") as copy:
        yield Nights(copy)


def accepting(
    check_id: str, key: dict[str, str], reason: str, *, bound: str | None = None
) -> Waiver:
    """A waiver of one finding, for longer than any night here lasts."""
    return Waiver(
        line=2,
        database="empwr",
        check_id=check_id,
        key=json.dumps(key),
        owner="capacity",
        reason=reason,
        expires_on="2025-12-31",
        bound=bound,
    )


def kinds(audit: Audit) -> dict[str, list[str]]:
    """The changes, by check."""
    assert audit.history is not None
    found: dict[str, list[str]] = {}
    for change in audit.history.changes:
        found.setdefault(change.incident.check_id, []).append(change.change)
    return found


def change_of(audit: Audit, check_id: str) -> Change:
    assert audit.history is not None
    (change,) = [c for c in audit.history.changes if c.incident.check_id == check_id]
    return change


NEW = {
    "ledger.balance_matches_entries": ["new"],
    "ledger.balance_matches_entries_exactly": ["new"],
    "ledger.hold_has_entry": ["new"],
}


def test_overnight_then_afternoon_is_one_fault_that_goes_on(nights: Nights) -> None:
    first = nights.audit("first")
    assert kinds(first) == NEW
    assert first.history is not None
    assert first.history.previous is None
    nights.execute((ROOT / "demo" / "empwr" / "afternoon.sql").read_text())
    nights.at("2025-10-30T16:00:00Z")
    second = nights.audit("second")
    assert second.history is not None
    assert kinds(second) == {}
    assert second.history.previous is not None
    assert second.history.previous.audit_id == "first"
    assert {incident.subject for incident in second.history.incidents} == {f"capacity {LONDON}"}
    for incident in second.history.incidents:
        assert incident.first_seen_at == datetime(2025, 10, 30, 5, tzinfo=UTC)
        assert incident.last_seen_at == datetime(2025, 10, 30, 16, tzinfo=UTC)
    trend = second.history.trends["ledger.balance_matches_entries (capacity)"]
    assert [point.finding_count for point in trend] == [1, 1]


def test_the_proposed_backfill_resolves_it_and_is_no_fault_itself(nights: Nights) -> None:
    """The entry belongs into a day that is closed: the plan said so."""
    nights.audit("first")
    nights.execute(nights.repair("the-plan"))
    corrected = nights.audit("second")
    assert corrected.status == "passed", [c for c in corrected.checks if c.status != "pass"]
    assert kinds(corrected) == {check_id: ["resolved"] for check_id in NEW}
    assert nights.rows(
        "select day::text, entry_count, entries_amount, accepted_because"
        " from counterfoil_history.closed_days"
    ) == [("2025-10-28", 1, -50, "plan the-plan")]
    third = nights.audit("third")
    assert (third.status, kinds(third)) == ("passed", {})
    # The plan is used up: the same change once more is somebody else's.
    nights.execute(
        "insert into capacity_ledger (id, tenant_id, competition_id, reservation_id,"
        " change_amount, reason, created_at) select gen_random_uuid(), tenant_id, competition_id,"
        " reservation_id, change_amount, reason, created_at - interval '1 hour'"
        f" from capacity_ledger where reservation_id = '{ORPHAN}'"
    )
    assert "ledger.closed_days_unchanged" in kinds(nights.audit("fourth"))


CLOSED_DAYS = "ledger.closed_days_unchanged"
OF_LONDON = {
    "ledger": "capacity",
    "entries": "capacity_ledger",
    "day": "2025-10-28",
    "account": LONDON,
}

# The plan's own entry with something else in it, as somebody who has read the script could.
FORGED = (
    "id = gen_random_uuid()",
    "reservation_id = null",
    "reason = 'manual_adjustment'",
    "created_at = created_at + interval '1 second'",
)


@pytest.mark.parametrize("forged", FORGED)
def test_a_plan_that_was_not_run_approves_no_other_entry(nights: Nights, forged: str) -> None:
    nights.audit("first")
    nights.execute(nights.repair("the-plan"))
    nights.execute(f"update capacity_ledger set {forged} where reservation_id = '{ORPHAN}'")
    assert kinds(nights.audit("second"))[CLOSED_DAYS] == ["new"]


def test_what_a_plan_stated_expires_after_a_day(nights: Nights) -> None:
    nights.audit("first")
    nights.execute(nights.repair("the-plan"))
    nights.execute(
        "update counterfoil_history.stated_changes set stated_at = now() - interval '1 day'"
    )
    assert kinds(nights.audit("second"))[CLOSED_DAYS] == ["new"]


def test_the_next_plan_of_an_account_withdraws_what_was_not_carried_out(nights: Nights) -> None:
    nights.audit("first")
    backfill = nights.repair("the-plan")
    nights.repair("another", "recalculate")
    nights.execute(backfill)
    assert kinds(nights.audit("second"))[CLOSED_DAYS] == ["new"]


def test_two_plans_carried_out_before_an_audit_are_both_accepted(nights: Nights) -> None:
    """The balance had not followed the approval either: backfill first, then recalculate."""
    nights.audit("first")
    nights.execute(
        f"update competitions set available_reservation_tokens = 600 where id = '{LONDON}'"
    )
    nights.execute(nights.repair("the-plan"))
    nights.execute(nights.repair("another", "recalculate"))
    assert nights.audit("second").status == "passed"


def test_a_waiver_of_a_day_uses_up_what_was_stated_of_it(nights: Nights) -> None:
    """Else the entry that is in the new baseline would speak for another one like it."""
    nights.audit("first")
    nights.execute(nights.repair("the-plan"))
    slipped_in = (
        "insert into capacity_ledger (id, tenant_id, competition_id, change_amount, reason,"
        " created_at) select gen_random_uuid(), tenant_id, competition_id, -50,"
        f" 'manual_adjustment', created_at from capacity_ledger where reservation_id = '{ORPHAN}'"
    )
    nights.execute(slipped_in)
    waiver = accepting(CLOSED_DAYS, OF_LONDON, "Known")
    waived = Nights(nights.database.judging(waivers=(waiver,))).audit("second")
    assert kinds(waived)[CLOSED_DAYS] == ["waived"]
    nights.execute(slipped_in)
    assert kinds(nights.audit("third"))[CLOSED_DAYS] == ["reopened"]


def test_an_entry_exchanged_for_another_changes_a_closed_day(nights: Nights) -> None:
    """Count and sum are as they were."""
    nights.at("2025-10-31T05:00:00Z")
    nights.audit("first")
    exchange = (
        "update capacity_ledger set reason = 'manual_adjustment' where id = (select id from"
        " capacity_ledger where reason = 'summary_refund' order by created_at limit 1)"
    )
    nights.execute(exchange)
    audit = nights.audit("second")
    change = change_of(audit, CLOSED_DAYS)
    assert change.change == "new"
    assert str(change.incident.message).endswith(", of other entries")


def said_of_days(audit: Audit) -> list[str]:
    """What the report's first lines say of days that were closed before they were hashed."""
    return [fact for fact in shown(audit).facts if "without saying which entries" in fact]


def test_a_day_closed_before_it_was_hashed_is_taken_as_it_is_once(nights: Nights) -> None:
    nights.at("2025-10-31T05:00:00Z")
    nights.audit("first")
    nights.execute("update counterfoil_history.closed_days set entries_hash = null")
    second = nights.audit("second")
    assert kinds(second) == {}
    assert said_of_days(second)
    unhashed = "select unhashed_day_count from counterfoil.closed_days"
    assert nights.rows(unhashed) == [(0,)]
    assert not said_of_days(nights.audit("third"))
    nights.execute(
        "update capacity_ledger set reservation_id = null where id = (select id from"
        " capacity_ledger where reason = 'summary_refund' order by created_at limit 1)"
    )
    assert kinds(nights.audit("fourth"))[CLOSED_DAYS] == ["new"]


def test_without_its_plan_a_backfill_changes_a_closed_day(nights: Nights) -> None:
    nights.audit("first")
    plan = nights.database.plan
    with open_snapshot(plan.session) as snapshot:
        repair = plan_repair(snapshot, plan.scope.contract, Request("backfill"))
    nights.execute(str(render(repair, lock_timeout_s=5)))
    audit = nights.audit("second")
    assert kinds(audit) == {check_id: ["resolved"] for check_id in NEW} | {
        "ledger.closed_days_unchanged": ["new"]
    }
    # A waiver accepts it, and makes it the baseline.
    waiver = accepting(
        "ledger.closed_days_unchanged",
        OF_LONDON,
        "Report 2's backfill",
    )
    waiving = Nights(nights.database.judging(waivers=(waiver,)))
    waived = waiving.audit("third")
    assert (waived.status, kinds(waived)) == (
        "passed",
        {"ledger.closed_days_unchanged": ["waived"]},
    )
    after = nights.audit("fourth")
    assert (after.status, kinds(after)) == (
        "passed",
        {"ledger.closed_days_unchanged": ["resolved"]},
    )


def test_it_moves_and_is_resolved_and_comes_back(nights: Nights) -> None:
    check = "ledger.balance_matches_entries"
    london = f"where id = '{LONDON}'"
    moved = "update competitions set available_reservation_tokens = available_reservation_tokens"
    nights.audit("1")
    nights.execute(f"{moved} - 970 {london}")
    worse = change_of(nights.audit("2"), check)
    assert (worse.change, worse.size_before, worse.incident.size) == ("worsened", -50, -1020)
    nights.execute(f"{moved} + 970 {london}")
    eased = change_of(nights.audit("3"), check)
    assert (eased.change, eased.incident.size, eased.incident.worst_size) == ("eased", -50, -1020)
    nights.execute(f"{moved} + 110 {london}")
    turned = change_of(nights.audit("4"), check)
    assert (turned.change, turned.incident.size) == ("worsened", 60), "of the other sign"
    nights.execute(f"{moved} - 60 {london}")
    assert change_of(nights.audit("5"), check).change == "resolved"
    nights.execute(f"{moved} - 50 {london}")
    back_audit = nights.audit("6")
    back = change_of(back_audit, check)
    assert (back.change, back.incident.reopened_count) == ("reopened", 1)
    assert nights.rows(
        "select change, size_before::int, size_after::int from counterfoil.incident_history"
        f" where check_id = '{check}' order by audit_number"
    ) == [
        ("new", None, -50),
        ("worsened", -50, -1020),
        ("eased", -1020, -50),
        ("worsened", -50, 60),
        ("resolved", 60, 60),
        ("reopened", 60, -50),
    ]
    assert back_audit.history is not None
    (sizes,) = (
        [point.size for point in points]
        for name, points in back_audit.history.trends.items()
        if name == f"{check} (capacity)"
    )
    assert sizes == [50, 1020, 50, 60, 0, 50]
    life = life_of(nights.database.plan.session, back.incident.incident_id)
    assert life.incident.told.endswith("London (capacity, available) is off by -50 tokens")
    assert life.incident.cause is not None
    assert life.incident.cause.endswith("expected 595, unexplained 0")
    assert [(step.audit_id, step.change, step.size_after) for step in life.steps] == [
        ("1", "new", -50),
        ("2", "worsened", -1020),
        ("3", "eased", -50),
        ("4", "worsened", 60),
        ("5", "resolved", 60),
        ("6", "reopened", -50),
    ]
    assert back_audit.history.steps == {back.incident.incident_id: life.steps}
    with refused(HistoryError, "there is no incident 4711", "counterfoil_history"):
        life_of(nights.database.plan.session, 4711)


OVERSOLD = "ledger.not_overcommitted"


def test_what_is_oversold_is_held_to_how_much_that_is(nights: Nights) -> None:
    """Not to how far balance and ledger are apart, which is nothing here."""
    competition = "00000000-0000-0000-0003-000000000005"
    nights.execute(
        "insert into reservations (id, tenant_id, competition_id, studio_id, status,"
        " spaces_requested, spaces_confirmed, approved_at, created_at)"
        f" select gen_random_uuid(), tenant_id, '{competition}', studio_id, 'approved', 650, 650,"
        f" approved_at, created_at from reservations where id = '{ORPHAN}'"
    )
    waiver = accepting(
        OVERSOLD,
        {"ledger": "capacity", "account": competition},
        "A hall that holds more",
        bound="-50",
    )
    assert change_of(nights.audit("1"), OVERSOLD).incident.size == -50
    waiving = Nights(nights.database.judging(waivers=(waiver,)))
    assert change_of(waiving.audit("2"), OVERSOLD).change == "waived"
    nights.execute("update reservations set spaces_confirmed = 900 where spaces_confirmed = 650")
    worse = waiving.audit("3")
    assert change_of(worse, OVERSOLD).incident.size == -300
    assert change_of(worse, OVERSOLD).change == "reopened"
    assert [use.state for use in worse.waivers] == ["exceeded"]
    nights.execute("update reservations set spaces_confirmed = 950 where spaces_confirmed = 900")
    assert change_of(nights.audit("4"), OVERSOLD).change == "worsened"


def test_sizes_of_another_definition_are_not_compared(nights: Nights) -> None:
    """As the first audit after an upgrade meets them: every size was the table's, say."""
    nights.audit("1")
    nights.execute(
        "update counterfoil_history.incidents set sized_by = null, first_size = 7, size = 7,"
        " worst_size = 9000"
    )
    second = nights.audit("2")
    assert kinds(second) == {}
    assert second.history is not None
    assert {(one.first_size, one.size, one.worst_size) for one in second.history.incidents} == {
        (-50, -50, -50)
    }


def test_when_it_broke(nights: Nights) -> None:
    """Between the last audit that agreed and the first that did not."""
    nights.at("2025-10-30T05:00:00Z")
    nights.audit("1")
    nights.at("2025-10-30T06:00:00Z")
    nights.execute(
        "insert into capacity_ledger (id, tenant_id, competition_id, change_amount, reason,"
        " created_at) select gen_random_uuid(), tenant_id, id, -8, 'manual_adjustment',"
        f" '2025-10-30T05:30:00Z' from competitions where id = '{QA}'"
    )
    nights.audit("2")
    assert nights.rows(
        "select agreed_at::text, diverged_at::text, first_discrepancy_amount"
        f" from counterfoil.ledger_divergence where account = '{QA}'"
    ) == [("2025-10-30 05:00:00+00", "2025-10-30 06:00:00+00", 8)]
    assert nights.rows(
        "select timeline.change_amount, timeline.reason from counterfoil.ledger_divergence as apart"
        " join counterfoil.ledger_timeline as timeline using (ledger, balance, account)"
        " where timeline.created_at > apart.agreed_at"
        " and timeline.created_at <= apart.diverged_at"
    ) == [(-8, "manual_adjustment")]


def without_birthday(nights: Nights, number: int) -> None:
    """So many dancers, by key, have no date of birth; the others have one."""
    nights.execute(
        "with ranked as (select id, row_number() over (order by id::text) as place from dancers)"
        " update dancers set date_of_birth = case when ranked.place > 0 and"
        f" ranked.place <= {number} then null else date '2010-01-01' end"
        " from ranked where ranked.id = dancers.id"
    )


FILLED = "integrity.required_values_filled"


def test_what_is_not_listed_is_followed_all_the_same(nights: Nights) -> None:
    without_birthday(nights, 150)
    first = nights.audit("1")
    (result,) = [c for c in first.checks if c.check_id == FILLED]
    assert (result.finding_count, len(result.findings)) == (150, 100)
    assert kinds(first)[FILLED] == ["new"] * 150
    assert first.history is not None
    told = [one for one in first.history.incidents if one.check_id == FILLED]
    assert [one.message is None for one in told].count(True) == 50
    # One more, behind all those that are listed: it is told, and it alone.
    without_birthday(nights, 151)
    second = nights.audit("2")
    assert kinds(second) == {FILLED: ["new"]}
    assert change_of(second, FILLED).incident.message is not None
    (result,) = [c for c in second.checks if c.check_id == FILLED]
    assert len(result.findings) == 101
    # Of others nothing was written: they were seen all the same.
    assert nights.rows(
        "select count(*), count(distinct last_seen_at), max(last_seen_at) = max(first_seen_at)"
        f" from counterfoil.incidents where check_id = '{FILLED}'"
    ) == [(151, 1, True)]
    written = "select count(*) from counterfoil_history.incidents where last_seen_at is not null"
    assert nights.rows(written) == [(0,)]
    without_birthday(nights, 0)
    assert kinds(nights.audit("3"))[FILLED] == ["resolved"] * 151


def test_two_rows_of_one_key_are_one_incident_and_end(nights: Nights) -> None:
    """As a dancer who stands twice has them: they are not too many to be followed."""
    without_birthday(nights, 1)
    nights.execute(
        "alter table dancers drop constraint dancers_pkey cascade;"
        " insert into dancers select * from dancers where date_of_birth is null"
    )
    doubled = nights.audit("1")
    (result,) = [c for c in doubled.checks if c.check_id == FILLED]
    assert (result.finding_count, result.detail) == (2, None)
    without_birthday(nights, 0)
    assert kinds(nights.audit("2"))[FILLED] == ["resolved"]


def test_too_many_are_followed_together(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST_FOLLOWED", 120)
    without_birthday(nights, 110)
    few = nights.audit("1").history
    without_birthday(nights, 150)
    many = nights.audit("2")
    (result,) = [c for c in many.checks if c.check_id == FILLED]
    assert result.detail == "more than 100,000 findings: none of them is followed singly"
    together = change_of(many, FILLED).incident
    assert (together.key, together.message) == (
        {"followed": "together"},
        "Every required value is filled: 150 findings, too many to follow each",
    )
    # What was open before is neither resolved nor seen.
    assert many.history
    assert few
    assert many.history.tally.open_incidents["warning"] == few.tally.open_incidents["warning"] + 1
    without_birthday(nights, 109)
    assert kinds(nights.audit("3"))[FILLED] == ["resolved"] * 2


def test_a_check_that_errs_neither_resolves_nor_opens(nights: Nights) -> None:
    nights.audit("1")
    nights.execute("create table kept as table capacity_ledger; delete from capacity_ledger")
    assert set(kinds(nights.audit("2"))) == {"integrity.source_not_empty"}
    nights.execute("insert into capacity_ledger select * from kept")
    assert kinds(nights.audit("3")) == {"integrity.source_not_empty": ["resolved"]}


def test_rows_of_an_emptied_table_are_not_resolved(nights: Nights) -> None:
    """A summary still judges the others, and fails: of these rows nothing is known."""
    check = "integrity.required_references_set"
    nights.execute("alter table dancers alter studio_id drop not null")
    nights.execute("alter table competition_entries alter studio_id drop not null")
    nights.execute("update competition_entries set studio_id = null")
    nights.execute(
        "update dancers set studio_id = null where id = (select id from dancers limit 1)"
    )
    first = kinds(nights.audit("1"))
    assert len(first[check]) == 18
    nights.execute("delete from competition_entries")
    assert check not in kinds(nights.audit("2"))


def test_a_waived_finding_is_quiet_until_its_waiver_ends(nights: Nights) -> None:
    check = "ledger.hold_has_entry"
    waiver = accepting(
        check, {"ledger": "capacity", "holds": "reservations", "hold": ORPHAN}, "legacy"
    )
    waiving = Nights(nights.database.judging(waivers=(waiver,)))
    assert change_of(waiving.audit("1"), check).change == "waived"
    assert check not in kinds(waiving.audit("2"))
    ended = change_of(nights.audit("3"), check)
    assert (ended.change, ended.status_before) == ("reopened", "waived")
    assert ended.incident.reopened_count == 0
    assert nights.rows(
        "select waived_by, waived_because from counterfoil.finding_history"
        f" where check_id = '{check}' order by audit_number"
    ) == [("capacity", "legacy")] * 2 + [(None, None)]


def test_an_audit_is_recorded_once(nights: Nights) -> None:
    audit = nights.audit("1")
    plan = nights.database.plan
    again = record(audit, [], plan.session)
    assert again == audit.history
    assert nights.rows("select count(*) from counterfoil_history.audits") == [(1,)]
    with refused(HistoryError, "audit 1", "another audit, of empwr"):
        nights.audit("1")


def test_the_clock_may_go_back(nights: Nights) -> None:
    nights.at("2025-10-30T05:00:00Z")
    nights.audit("1")
    nights.at("2025-10-30T04:55:00Z")
    second = nights.audit("2")
    assert second.history is not None
    assert second.history.previous is not None
    assert second.history.previous.audit_id == "1"
    assert kinds(second) == {}


def test_old_audits_are_forgotten_and_the_last_never(nights: Nights) -> None:
    for number in ("1", "2", "3"):
        nights.audit(number)
    nights.execute(
        "update counterfoil_history.audits set recorded_at = recorded_at - interval '401 days'"
    )
    nights.audit("4")
    assert nights.rows("select audit_id from counterfoil_history.audits") == [("4",)]
    assert nights.rows("select count(*) from counterfoil.incidents") == [(3,)]


def test_every_result_is_kept_passes_too(nights: Nights) -> None:
    audit = nights.audit("1")
    assert nights.rows(
        "select check_id, status, rows_checked, finding_count from counterfoil.check_history"
        " order by 1, 2, 3"
    ) == sorted(
        (check.check_id, check.status, check.rows_checked, check.finding_count)
        for check in audit.checks
    )
    assert nights.rows("select count(*) from counterfoil.latest_check_results") == [
        (len(audit.checks),)
    ]
    assert nights.rows("select count(*) from counterfoil_history.table_volumes") == [(7,)]


# As b34692b found it, which had the pack `capacity` in place of ledgers: it made the history that
# is kept beside the guard's other files of these rows.
BROKEN = """
    insert into reservations (
        id, tenant_id, competition_id, studio_id, status,
        spaces_requested, spaces_confirmed, approved_at, created_at
    )
    values (
        '00000000-0000-0000-00ff-000000000001', '00000000-0000-0000-0000-000000000001',
        '00000000-0000-0000-0003-000000000005', '00000000-0000-0000-0001-000000000002',
        'approved', 601, 601, '2025-10-28 20:00:00+00', '2025-10-27 20:00:00+00'
    );
    update competitions set available_reservation_tokens = -1
    where id = '00000000-0000-0000-0003-000000000011';
    insert into capacity_ledger (
        id, tenant_id, competition_id, reservation_id, change_amount, reason, created_at
    )
    values (
        '00000000-0000-0000-00ff-000000000001', '00000000-0000-0000-0000-000000000001',
        '00000000-0000-0000-0003-000000000004', '0a000100-0000-4000-8000-000000000001',
        -100, 'reservation_approval', '2025-10-30 02:00:00+00'
    ),
    (
        '00000000-0000-0000-00ff-000000000002', '00000000-0000-0000-0000-000000000001',
        '05c0eae4-cb2f-44cc-9c5e-6b2eed700904', null, -7, 'fee', '2025-10-30 03:00:00+00'
    )
"""


def test_a_history_of_before_ledgers_goes_on(nights: Nights) -> None:
    """Under other ids and keys, each incident is the same one; nothing is new, or resolved."""
    nights.execute(
        "drop schema counterfoil, counterfoil_staging, counterfoil_history cascade;"
        + (ROOT / "tests" / "guard" / "history_of_b34692b.sql").read_text(encoding="utf-8")
    )
    open_before = nights.rows("select count(*) from counterfoil_history.incidents")
    nights.execute(BROKEN)
    nights.at("2025-10-30T16:00:00Z")
    plan = nights.database.plan
    ensure_history(plan.session)
    build_views(plan)
    audit = nights.audit("after the upgrade")
    assert kinds(audit) == {}
    assert audit.history is not None
    assert [(len(audit.history.incidents),)] == open_before
    by_check = {one.check_id: one.first_seen_at for one in audit.history.incidents}
    # One oversold competition held more than it had, of another one the balance was below 0.
    assert {"ledger.not_overcommitted", "ledger.balance_in_range"} <= by_check.keys()
    assert set(by_check.values()) == {datetime(2025, 10, 30, 5, tzinfo=UTC)}
    assert nights.rows("select count(*) from counterfoil.closed_days where closed_day_count > 0")
    assert not nights.rows("select from counterfoil.closed_day_changes")


# What stands in the way


def test_a_newer_history_is_left_alone(nights: Nights) -> None:
    plan = nights.database.plan
    nights.execute(
        "insert into counterfoil_history.schema_migrations (version, name) values (99, 'later')"
    )
    with refused(HistoryError, "version 99, this Counterfoil knows 12", "counterfoil_history"):
        ensure_history(plan.session)


def test_a_history_that_may_not_be_written(nights: Nights) -> None:
    nights.execute("create role no_historian login")
    try:
        plan = nights.database.plan
        stranger = plan.session.historian.model_copy(update={"user": "no_historian"})
        with refused(HistoryError, "cannot be written: permission denied"):
            ensure_history(replace(plan.session, historian=stranger))
    finally:
        nights.execute("drop role no_historian")


def test_the_historian_may_be_another_role_than_the_builder(nights: Nights) -> None:
    """It owns the schema, and the views' owner is let read it."""
    nights.execute("drop schema counterfoil_history cascade")
    name = nights.database.plan.session.builder.dbname
    nights.execute("create role historian login; create role reader login")
    try:
        nights.execute(f"grant create on database {name} to historian")
        plan = nights.database.plan
        historian = plan.session.historian.model_copy(update={"user": "historian"})
        reader = plan.session.builder.model_copy(update={"user": "reader"})
        session = replace(plan.session, builder=reader, historian=historian)
        for _ in range(2):
            ensure_history(session)
        assert nights.rows(
            "select has_table_privilege('reader', 'counterfoil_history.incidents', 'select')"
        ) == [(True,)]
        assert recall("empwr", session) == {}
    finally:
        nights.execute("drop owned by historian; drop owned by reader")
        nights.execute("drop role historian; drop role reader")


def test_a_killed_recording_leaves_nothing(nights: Nights) -> None:
    audit = nights.audit("1").model_copy(update={"audit_id": "2"})
    plan = nights.database.plan

    def killed(recording: Any, _history: Any) -> None:
        pid = recording.cursor.connection.info.backend_pid
        nights.execute(f"select pg_terminate_backend({pid})")
        recording.cursor.execute("select 1")

    with refused(UnavailableError, "the connection was lost"):
        record(audit, [], plan.session, also=killed)
    assert nights.rows("select audit_id from counterfoil_history.audits") == [("1",)]
    assert nights.rows("select count(*) from counterfoil_history.check_results") == [
        (len(audit.checks),)
    ]
    record(audit, [], plan.session)


def test_open_transactions_keep_their_day_open(nights: Nights) -> None:
    """An entry is dated by its transaction's start: the day waits for it to end."""
    settled = "select settled_through from counterfoil.ledger_settlement"
    nights.at("2099-01-01T00:00:00Z")
    today = datetime.now(UTC).date()
    assert nights.rows(settled) > [(today,)]
    with closing(psycopg2.connect(nights.database.url)) as writer, writer.cursor() as cursor:
        cursor.execute("select 1")
        assert nights.rows(settled)[0][0] in (today - timedelta(1), today - timedelta(2))


def test_hostile_names_are_kept_as_they_are(nights: Nights) -> None:
    name = "<b>'; drop--\u202e =cmd() | \\x %s {0}"
    nights.execute(f"update competitions set name = $${name}$$ where id = '{LONDON}'")
    nights.audit("1")
    (message,) = nights.rows(
        "select message from counterfoil.incidents"
        " where check_id = 'ledger.balance_matches_entries'"
    )
    assert name in message[0]


def test_an_older_state_is_not_held_to_a_later_one(nights: Nights) -> None:
    """A dated database, loaded again as it was before a backfill that was accepted since."""
    nights.audit("1")
    nights.at("2025-10-30T16:00:00Z")
    nights.execute(nights.repair("the-plan"))
    assert nights.audit("2").status == "passed"
    nights.at("2025-10-30T05:00:00Z")
    nights.execute(f"delete from capacity_ledger where reservation_id = '{ORPHAN}'")
    assert set(kinds(nights.audit("3"))) == set(NEW)
