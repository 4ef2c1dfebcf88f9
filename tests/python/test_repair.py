"""Repairs: the script does what it says, once, to what it saw; nobody commits it for you."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from commands import counterfoil as command
from conftest import ROOT, Database
from psycopg2.extensions import connection as Connection  # noqa: N812

import counterfoil.repair.verify
from counterfoil.audit.findings import Audit, CheckResult, Finding
from counterfoil.common.errors import CounterfoilError, RepairError
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.embedded import binaries
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.profiles import Target
from counterfoil.repair.copy import copied
from counterfoil.repair.repair_plan import ClosedDayChange, MissingEntry, RepairPlan, plan_repair
from counterfoil.repair.script import (
    BEGIN,
    COMMIT,
    Script,
    comment,
    literal,
    render,
    render_inverse,
    with_inverse,
)
from counterfoil.repair.strategies import Request, Strategy
from counterfoil.repair.verify import Verification, verify_repair

LONDON = "79cef00c-e163-449c-9f3c-d021fbb4d672"
ST_CATHARINES_1 = "05c0eae4-cb2f-44cc-9c5e-6b2eed700904"
ORPHAN = "6a570147-57a0-4f50-8b89-f3044b28c4dc"
EMPWR = "00000000-0000-0000-0000-000000000001"
AS_OF = datetime(2025, 10, 30, 5, tzinfo=UTC)
PSQL = binaries() / "psql"
TABLES = (
    "tenants",
    "studios",
    "dancers",
    "competitions",
    "reservations",
    "competition_entries",
    "capacity_ledger",
)
Rows = Mapping[str, Sequence[str]]

# An approval of another competition that has no entry either, and no known day.
UNDATED = f"""
    insert into public.reservations (
        id, tenant_id, competition_id, studio_id, status,
        spaces_requested, spaces_confirmed, approved_at, created_at
    )
    select
        '00000000-0000-0000-00ff-000000000001', '{EMPWR}', '{ST_CATHARINES_1}', id,
        'approved', 7, 7, null, '2025-10-29 20:00:00+00'
    from public.studios
    order by id
    limit 1
"""
DATED = UNDATED.replace("7, 7, null", "7, 7, '2025-10-30 04:00:00.25+00'")


@dataclass(frozen=True)
class Copy:
    """A copy of the overnight snapshot, its views included, for one test to change."""

    url: str
    plan: Plan
    database: Database

    @property
    def target(self) -> Target:
        """It, through a superuser."""
        return self.plan.session.builder

    def execute(self, sql: str) -> None:
        """Runs and commits a statement."""
        with closing(psycopg2.connect(self.url)) as connection, connection:
            connection.cursor().execute(sql)

    def value(self, sql: str) -> Any:
        """The one value of a query."""
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            (value,) = cursor.fetchone() or (None,)
            return value

    def rows(self) -> Rows:
        """Every row of the application, as text."""
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            found = {}
            for table in TABLES:
                cursor.execute(f"select x::text from public.{table} as x order by 1")
                found[table] = [row for (row,) in cursor]
            return found

    def balances(self) -> dict[str, tuple[int, int]]:
        """Each competition's stored balance and discrepancy, by name."""
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "select account_label, stored_amount, discrepancy_amount"
                " from counterfoil.ledger_balances where is_stored"
            )
            return {name: (available, discrepancy) for name, available, discrepancy in cursor}

    def repair(self, strategy: Strategy = "backfill", *accounts: str) -> RepairPlan:
        """The plan of a repair."""
        with open_snapshot(self.plan.session) as snapshot:
            request = Request(strategy, accounts=accounts)
            return plan_repair(snapshot, self.plan.scope.contract, request)

    def psql(self, script: object) -> subprocess.CompletedProcess[str]:
        """Runs a script as its reader would."""
        return subprocess.run(
            [PSQL, "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", "-", self.url],
            input=str(script),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def verify(
        self,
        strategy: Strategy = "backfill",
        *accounts: str,
        in_place: bool = False,
        **changes: Any,
    ) -> Verification:
        """What verifying a repair of it says."""
        settings = self.database.settings.model_copy(update={"lock_timeout_s": 1})
        repairer = self.target.model_copy(update=changes)
        request = Request(strategy, accounts=accounts)
        return verify_repair(self.plan.scope, repairer, request, settings, in_place=in_place)


def script_of(repair: RepairPlan) -> Script:
    return render(repair, lock_timeout_s=1)


def inverse_of(repair: RepairPlan) -> Script:
    return render_inverse(repair, lock_timeout_s=1)


@contextmanager
def admin(database: Database) -> Iterator[Connection]:
    url = database.url.replace("/empwr", "/postgres")
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def copy(overnight: Database) -> Iterator[Copy]:
    with copied(overnight.plan.session.builder, overnight.settings) as target:
        with admin(overnight) as connection:
            connection.cursor().execute(
                f"alter database {target.dbname} set counterfoil.as_of = '{AS_OF.isoformat()}'"
            )
        plan = overnight.connecting(builder=target, auditor=target).plan
        yield Copy(overnight.url.replace("/empwr", f"/{target.dbname}"), plan, overnight)


@pytest.fixture
def reader(copy: Copy) -> Iterator[str]:
    """A role that reads everything and writes nothing."""
    role = "repair_reader"
    copy.execute(
        f"create role {role} login bypassrls;"
        f"grant connect, temporary on database {copy.target.dbname} to {role};"
        f"grant usage on schema public, counterfoil, counterfoil_staging to {role};"
        f"grant select on all tables in schema public to {role};"
        f"grant select on all tables in schema counterfoil, counterfoil_staging to {role}"
    )
    yield role
    copy.execute(f"drop owned by {role}; drop role {role}")


def counterfoil_cli(copy: Copy, folder: Path, *arguments: str, **outputs: Any) -> Any:
    """The command line on the copy; `outputs` change the roles of further outputs."""
    write_profile(copy, folder, **outputs)
    return command("repair", *arguments, "--target", "copy", DBT_PROFILES_DIR=str(folder))


def write_profile(copy: Copy, folder: Path, **outputs: Any) -> None:
    """A profiles.yml of the copy; `outputs` change the roles of further outputs."""
    profile = {"type": "postgres", "user": "postgres", "password": "", "port": 5432}
    profile |= {"host": copy.target.host, "dbname": copy.target.dbname, "schema": "counterfoil"}
    targets = {"copy": profile} | {name: profile | output for name, output in outputs.items()}
    profiles = {"counterfoil": {"target": "copy", "outputs": targets}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))


# The plan


def test_the_plan_is_the_one_missing_entry(copy: Copy) -> None:
    repair = copy.repair()
    (entry,) = repair.entries
    assert (entry.hold, entry.key) == (ORPHAN, ("capacity", "available", LONDON))
    assert (entry.change_amount, entry.counted_amount) == (-50, -50)
    assert (entry.reason, entry.hold_status) == ("reservation_approval", "approved")
    assert datetime.fromisoformat(entry.created_at or "") == datetime(
        2025, 10, 28, 23, 6, 28, tzinfo=UTC
    )
    assert json.loads(entry.row_values)["tenant_id"] == EMPWR
    (london,) = repair.accounts
    assert london.discrepancies == (-50, 0)
    assert london.before.stored == london.after.stored == 545
    assert repair.closed_days == (closed_day(entry),)
    assert repair.closed_days[0].entries_amount == -50
    assert repair.warnings == ()
    assert repair == copy.repair()


def closed_day(*entries: MissingEntry) -> ClosedDayChange:
    return ClosedDayChange("capacity", "capacity_ledger", "2025-10-28", LONDON, entries)


def test_the_header_states_what_will_change(copy: Copy) -> None:
    header = script_of(copy.repair()).header
    london = f"competition {LONDON} (EMPWR Dance - London), capacity available"
    assert f"{london}: -50 -> 0 tokens; stored 545 -> 545" in header
    assert f"closed day 2025-10-28 of capacity_ledger, account {LONDON}: entries +1," in header


def test_a_day_that_is_not_over_is_not_closed(copy: Copy) -> None:
    copy.execute(DATED)
    repair = copy.repair("backfill", ST_CATHARINES_1)
    assert [entry.change_amount for entry in repair.entries] == [-7]
    assert repair.closed_days == ()
    assert copy.psql(script_of(repair)).returncode == 0
    at = "select created_at = '2025-10-30 04:00:00.25+00' from capacity_ledger"
    assert copy.value(f"{at} where id = '{repair.entries[0].entry}'")


def test_only_the_accounts_asked_for(copy: Copy) -> None:
    copy.execute(DATED)
    assert len(copy.repair().accounts) == 2
    (london,) = copy.repair("backfill", LONDON.upper()).accounts
    assert london.key.account == LONDON
    assert len(copy.repair("backfill", LONDON, ST_CATHARINES_1).entries) == 2


@pytest.mark.parametrize(
    ("strategy", "account", "says"),
    [
        ("backfill", ST_CATHARINES_1, "nothing to backfill: every hold has its entry"),
        ("recalculate", ST_CATHARINES_1, "nothing to recalculate: the balances agree"),
        ("recalculate", "1'; drop table x", "no account '1'; drop table x'"),
        ("backfill", "00000000-0000-0000-0000-00000000dead", "no account"),
    ],
)
def test_nothing_to_repair(copy: Copy, strategy: Strategy, account: str, says: str) -> None:
    with pytest.raises(RepairError, match=re.escape(says)):
        copy.repair(strategy, account)


@pytest.mark.parametrize("approved_at", ["null", "'infinity'", "'-infinity'"])
def test_an_approval_at_no_known_time_is_left_out(copy: Copy, approved_at: str) -> None:
    copy.execute(UNDATED.replace("7, 7, null", f"7, 7, {approved_at}"))
    repair = copy.repair()
    assert [entry.hold for entry in repair.entries] == [ORPHAN]
    assert "reservation 00000000-0000-0000-00ff-000000000001 is left out" in repair.warnings[0]
    assert f"-- WARNING: {repair.warnings[0]}" in script_of(repair).header
    with pytest.raises(RepairError, match=r"nothing to backfill: reservation .* is left out"):
        copy.repair("backfill", ST_CATHARINES_1)


def test_a_balance_that_did_not_follow_is_warned_of(copy: Copy) -> None:
    copy.execute(DATED)
    (warning,) = copy.repair("backfill", ST_CATHARINES_1).warnings
    assert "is off by 0 and will be off by +7" in warning


def test_no_ledger_no_repair(copy: Copy) -> None:
    contract = copy.plan.scope.contract
    without = contract.model_copy(update={"packs": ("integrity",)})
    refused = pytest.raises
    with open_snapshot(copy.plan.session) as snapshot:
        with refused(RepairError, match="no ledger to repair.*Name ledger in its packs"):
            plan_repair(snapshot, without, Request("backfill"))
        with refused(RepairError, match="no ledger 'cash'.*Use one of: capacity, entries"):
            plan_repair(snapshot, contract, Request("backfill", "cash"))
        with refused(RepairError, match="nothing to backfill: every hold has its entry"):
            plan_repair(snapshot, contract, Request("backfill", "entries"))


# Backfill


def test_backfill_restores_the_trail_and_leaves_the_balance(copy: Copy) -> None:
    before = copy.rows()
    done = copy.psql(script_of(copy.repair()))
    assert done.returncode == 0, done.stderr
    after = copy.rows()
    assert copy.balances()["EMPWR Dance - London"] == (545, 0)
    assert {table for table in TABLES if before[table] != after[table]} == {"capacity_ledger"}
    (added,) = set(after["capacity_ledger"]) - set(before["capacity_ledger"])
    entry = f"{EMPWR},{LONDON},{ORPHAN},-50,reservation_approval,"
    assert entry in added
    # Report 2's form: everything is the reservation's own.
    assert copy.value(
        "select (l.tenant_id, l.competition_id, l.change_amount, l.created_at, l.created_by)"
        " = (r.tenant_id, r.competition_id, -r.spaces_confirmed, r.approved_at, r.approved_by)"
        " from capacity_ledger as l inner join reservations as r on r.id = l.reservation_id"
        f" where r.id = '{ORPHAN}'"
    )


def test_run_twice_it_raises_and_changes_nothing(copy: Copy) -> None:
    script = script_of(copy.repair())
    assert copy.psql(script).returncode == 0
    once = copy.rows()
    again = copy.psql(script)
    assert again.returncode != 0
    assert f"counterfoil: reservation {ORPHAN}" in again.stderr
    assert "Nothing has changed" in again.stderr
    assert copy.rows() == once


@pytest.mark.parametrize("strategy", ["backfill", "recalculate"])
def test_the_inverse_restores_every_row(copy: Copy, strategy: Strategy) -> None:
    before = copy.rows()
    repair = copy.repair(strategy, LONDON)
    assert copy.psql(inverse_of(repair)).returncode != 0
    assert copy.rows() == before
    assert copy.psql(script_of(repair)).returncode == 0
    assert copy.rows() != before
    undone = copy.psql(inverse_of(repair))
    assert undone.returncode == 0, undone.stderr
    assert copy.rows() == before
    assert copy.psql(inverse_of(repair)).returncode != 0


def test_the_inverse_deletes_nothing_that_was_changed_since(copy: Copy) -> None:
    repair = copy.repair()
    assert copy.psql(script_of(repair)).returncode == 0
    entry = repair.entries[0].entry
    copy.execute(f"update capacity_ledger set created_at = now() where id = '{entry}'")
    before = copy.rows()
    undone = copy.psql(inverse_of(repair))
    assert undone.returncode != 0
    assert "the plan promised" in undone.stderr
    assert copy.rows() == before


def test_the_comments_at_the_end_are_the_inverse(copy: Copy) -> None:
    repair = copy.repair()
    text = with_inverse(script_of(repair), inverse_of(repair))
    assert text.startswith(str(script_of(repair)))
    (command,) = re.findall(r"^-- To take it back: (.*) THIS_FILE \| psql$", text, re.M)
    sed = subprocess.run(
        ["/bin/sh", "-c", command], input=text, capture_output=True, text=True, check=True
    )
    assert sed.stdout == str(inverse_of(repair))
    assert copy.psql(text).returncode == 0  # as comments it does nothing
    assert copy.balances()["EMPWR Dance - London"] == (545, 0)


CHANGES = {
    "spaces": f"update reservations set spaces_confirmed = 49 where id = '{ORPHAN}'",
    "no spaces": f"update reservations set spaces_confirmed = null where id = '{ORPHAN}'",
    "status": f"update reservations set status = 'cancelled' where id = '{ORPHAN}'",
    "approval time": f"update reservations set approved_at = now() where id = '{ORPHAN}'",
    "approver": f"update reservations set approved_by = null where id = '{ORPHAN}'",
    "competition": "update reservations"
    f" set competition_id = '{ST_CATHARINES_1}' where id = '{ORPHAN}'",
    "reservation gone": f"delete from reservations where id = '{ORPHAN}'",
    "available": "update competitions"
    f" set available_reservation_tokens = 544 where id = '{LONDON}'",
    "total": f"update competitions set total_reservation_tokens = 601 where id = '{LONDON}'",
    "entry changed": "update capacity_ledger"
    f" set change_amount = change_amount + 1 where competition_id = '{LONDON}'"
    " and change_amount = 145",
    "entry added": "insert into capacity_ledger"
    " (tenant_id, competition_id, change_amount, reason)"
    f" values ('{EMPWR}', '{LONDON}', 0, 'manual_adjustment')",
    "entry deleted": f"delete from capacity_ledger where competition_id = '{LONDON}'"
    " and change_amount = 145",
    "approval entered": "insert into capacity_ledger"
    " (tenant_id, competition_id, reservation_id, change_amount, reason)"
    f" values ('{EMPWR}', '{LONDON}', '{ORPHAN}', -50, 'reservation_approval')",
    "approval entered elsewhere": "insert into capacity_ledger"
    " (tenant_id, competition_id, reservation_id, change_amount, reason)"
    f" values ('{EMPWR}', '{ST_CATHARINES_1}', '{ORPHAN}', -50, 'reservation_approval')",
}
OF_THE_BALANCE = ("available", "total", "entry changed", "entry added", "entry deleted")


@pytest.mark.parametrize(
    ("strategy", "change"),
    [("backfill", change) for change in CHANGES]
    + [("recalculate", change) for change in OF_THE_BALANCE],
)
def test_what_changed_since_the_plan_stops_it(copy: Copy, strategy: Strategy, change: str) -> None:
    script = script_of(copy.repair(strategy, LONDON))
    copy.execute(CHANGES[change])
    before = copy.rows()
    stopped = copy.psql(script)
    assert stopped.returncode != 0
    assert "ERROR:  counterfoil: " in stopped.stderr
    assert "the plan saw" in stopped.stderr
    assert copy.rows() == before


def test_without_on_error_stop_nothing_is_committed_either(copy: Copy) -> None:
    script = script_of(copy.repair())
    copy.execute(CHANGES["available"])
    before = copy.rows()
    with_errors = f"\\set ON_ERROR_STOP off\n{script}"
    assert "ROLLBACK" in copy.psql(with_errors).stdout
    assert copy.rows() == before


@pytest.mark.parametrize("timing", ["", "deferrable initially deferred"])
def test_a_trigger_that_does_more_stops_it(copy: Copy, timing: str) -> None:
    constraint = "constraint" if timing else ""
    copy.execute(f"""
        create function public.follow() returns trigger language plpgsql as $$
        begin
            update public.competitions
            set available_reservation_tokens = available_reservation_tokens + new.change_amount
            where id = new.competition_id;
            return null;
        end $$;
        create {constraint} trigger follow after insert on public.capacity_ledger
        {timing} for each row execute function public.follow()
    """)
    before = copy.rows()
    stopped = copy.psql(script_of(copy.repair()))
    assert "(600,495,3,-55); the plan promised (600,545,3,-55)" in stopped.stderr
    assert copy.rows() == before


# Recalculate


def test_recalculate_sets_the_balance_and_leaves_the_trail(copy: Copy) -> None:
    before = copy.rows()
    with pytest.raises(RepairError, match=r"left out: reservation .* has no entry.*Backfill first"):
        copy.repair("recalculate")
    repair = copy.repair("recalculate", LONDON)
    assert f"reservation {ORPHAN} has no entry (50 tokens)" in repair.warnings[0]
    done = copy.psql(script_of(repair))
    assert done.returncode == 0, done.stderr
    assert copy.balances()["EMPWR Dance - London"] == (595, 0)
    after = copy.rows()
    assert {table for table in TABLES if before[table] != after[table]} == {"competitions"}
    assert len(set(before["competitions"]) - set(after["competitions"])) == 1
    with open_snapshot(copy.plan.session) as snapshot:
        audit = copy.database.audit(snapshot)
    failed = [check.check_id for check in audit.checks if not check.is_quiet]
    assert failed == ["ledger.hold_has_entry"]
    with pytest.raises(RepairError, match="nothing to recalculate"):
        copy.repair("recalculate", LONDON)


def test_a_missing_balance_is_recalculated_a_missing_total_is_not(copy: Copy) -> None:
    copy.execute(
        "alter table competitions alter available_reservation_tokens drop not null,"
        " alter total_reservation_tokens drop not null;"
        f"update competitions set available_reservation_tokens = null where id = '{LONDON}';"
        f"update competitions set total_reservation_tokens = null where id = '{ST_CATHARINES_1}'"
    )
    before = copy.rows()
    repair = copy.repair("recalculate", LONDON, ST_CATHARINES_1)
    assert [change.key.account for change in repair.accounts] == [LONDON]
    assert f"competition {ST_CATHARINES_1} is left out: its opening is null" in repair.warnings
    assert copy.psql(script_of(repair)).returncode == 0
    assert copy.balances()["EMPWR Dance - London"] == (595, 0)
    assert copy.psql(inverse_of(repair)).returncode == 0
    assert copy.rows() == before


def test_report_1s_own_script_writes_wrong_balances_everywhere(copy: Copy) -> None:
    copy.execute("""
        UPDATE competitions c
        SET available_reservation_tokens = c.total_reservation_tokens - COALESCE(
          (SELECT SUM(change_amount) FROM capacity_ledger WHERE competition_id = c.id),
          0
        )
    """)
    accounts = "select json_agg(account) from counterfoil.ledger_balances where is_off_at_all"
    everywhere = copy.value(accounts)
    with_a_ledger = {name: found for name, found in copy.balances().items() if found != (600, 0)}
    assert with_a_ledger == {
        "EMPWR Dance - London": (605, 10),
        "EMPWR Dance - St. Catharines #1": (1110, 1020),
        "EMPWR Dance - St. Catharines #2": (614, 28),
        "QA Automation Event": (701, 202),
    }
    # More free than there is: every one of them can now be sold beyond its last space.
    assert all(available > 600 for available, _ in with_a_ledger.values())
    # And it can be repaired: the ledger was not touched.
    with pytest.raises(RepairError, match=r"nothing on record proves.*Name it with --account"):
        copy.repair("recalculate")
    named = copy.repair("recalculate", *everywhere)
    proves = "nothing on record proves that its entries are right, nor that its balance is"
    assert sum(warning.endswith(proves) for warning in named.warnings) == 3
    assert copy.psql(script_of(named)).returncode == 0
    assert {discrepancy for _, discrepancy in copy.balances().values()} == {0}


def test_the_applications_own_sign(
    copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger whose deductions are positive is backfilled with a positive amount."""
    copy.execute("update capacity_ledger set change_amount = -change_amount")
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    contract = project["vars"]["contract"]
    entries = contract["ledgers"]["capacity"]["entries"]["capacity_ledger"]
    entries["amount"] = "-change_amount"
    entries["write"]["change_amount"] = "-expected"
    (tmp_path / "contract.yml").write_text(yaml.safe_dump(contract))
    write_profile(copy, tmp_path)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    plan = make_plan("copy", tmp_path / "contract.yml", copy.database.settings)
    assert build_views(plan).views.are_new
    printed = counterfoil_cli(copy, tmp_path, "plan", "--contract", str(tmp_path / "contract.yml"))
    assert printed.returncode == 0, printed.stderr
    assert '"change_amount": 50' in printed.stdout
    done = copy.psql(printed.stdout)
    assert done.returncode == 0, done.stderr
    assert copy.balances()["EMPWR Dance - London"] == (545, 0)
    copy.execute(CHANGES["available"])
    with open_snapshot(plan.session) as snapshot:
        request = Request("recalculate", accounts=(LONDON,))
        repair = plan_repair(snapshot, plan.scope.contract, request)
    assert copy.psql(script_of(repair)).returncode == 0
    assert copy.balances()["EMPWR Dance - London"] == (545, 0)


def test_an_entry_that_would_not_name_its_hold_is_not_written(
    copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be found afterwards, and the hold would lack its entry still."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    contract = project["vars"]["contract"]
    del contract["ledgers"]["capacity"]["entries"]["capacity_ledger"]["write"]["reservation_id"]
    (tmp_path / "contract.yml").write_text(yaml.safe_dump(contract))
    write_profile(copy, tmp_path)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    plan = make_plan("copy", tmp_path / "contract.yml", copy.database.settings)
    assert build_views(plan).views.are_new
    with (
        open_snapshot(plan.session) as snapshot,
        pytest.raises(RepairError, match=f"reservation {ORPHAN} is left out: .* not name it"),
    ):
        plan_repair(snapshot, plan.scope.contract, Request("backfill"))


# Locks


@pytest.mark.parametrize(
    "row", [f"competitions where id = '{LONDON}'", f"reservations where id = '{ORPHAN}'"]
)
def test_a_locked_row_is_an_error_and_no_hang(copy: Copy, row: str) -> None:
    script = script_of(copy.repair())
    with closing(psycopg2.connect(copy.url)) as other, other.cursor() as cursor:
        cursor.execute(f"select 1 from {row} for update")
        stopped = copy.psql(script)
        with pytest.raises(RepairError, match=r"lock timeout.*wait for them"):
            copy.verify(in_place=True)
    assert stopped.returncode != 0
    assert "canceling statement due to lock timeout" in stopped.stderr
    assert copy.balances()["EMPWR Dance - London"] == (545, -50)


def test_nobody_books_between_its_guards_and_its_commit(copy: Copy) -> None:
    script = script_of(copy.repair())
    with closing(psycopg2.connect(copy.url)) as running:
        running.cursor().execute(script.body)
        with closing(psycopg2.connect(copy.url)) as other, other.cursor() as cursor:
            cursor.execute("set lock_timeout = '500ms'")
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                cursor.execute(CHANGES["entry added"])
        running.rollback()


def test_it_reads_what_was_committed_while_it_waited(copy: Copy) -> None:
    """Even where the database's default is a snapshot from before the wait."""
    copy.execute(
        f"alter database {copy.target.dbname}"
        " set default_transaction_isolation = 'repeatable read';"
        f"alter database {copy.target.dbname} set default_transaction_read_only = on"
    )
    script = str(render(copy.repair(), lock_timeout_s=30))
    with closing(psycopg2.connect(copy.url)) as other, other.cursor() as cursor:
        cursor.execute("set transaction read write")
        cursor.execute(CHANGES["approval entered"])
        with subprocess.Popen(
            [PSQL, "-X", "-v", "ON_ERROR_STOP=1", "-f", "-", copy.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as waiting:
            assert waiting.stdin is not None
            waiting.stdin.write(script)
            waiting.stdin.close()
            with admin(copy.database) as watching, watching.cursor() as watched:
                while waiting.poll() is None:
                    watched.execute("select count(*) from pg_locks where not granted")
                    if watched.fetchone() != (0,):
                        break
            other.commit()
            assert waiting.stderr is not None
            said = waiting.stderr.read()
            assert waiting.wait() != 0
    assert "the plan saw" in said, said


# Verify


def leftovers(database: Database) -> list[str]:
    with admin(database) as connection, connection.cursor() as cursor:
        cursor.execute("select datname from pg_database where datname like 'counterfoil_repair%'")
        return [name for (name,) in cursor]


@pytest.mark.parametrize("in_place", [False, True])
def test_verify_proves_the_backfill_and_changes_nothing(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, in_place: bool
) -> None:
    rendered: list[Script] = []

    def remembering(repair: RepairPlan, *, lock_timeout_s: int) -> Script:
        rendered.append(render(repair, lock_timeout_s=lock_timeout_s))
        return rendered[-1]

    monkeypatch.setattr(counterfoil.repair.verify, "render", remembering)
    rows, databases = copy.rows(), leftovers(copy.database)
    verification = copy.verify(in_place=in_place)
    (london,) = verification.accounts
    assert (london.key.account, london.before, london.after) == (LONDON, -50, 0)
    assert {move.check: (move.before, move.after) for move in verification.checks} == {
        "ledger.balance_matches_entries (capacity)": (("fail", 1), ("pass", 0)),
        "ledger.balance_matches_entries_exactly (capacity)": (("fail", 1), ("pass", 0)),
        "ledger.hold_has_entry (capacity)": (("fail", 1), ("pass", 0)),
    }
    assert verification.worse == ()
    assert verification.holds
    assert copy.rows() == rows
    assert leftovers(copy.database) == databases
    # What was tried is what is printed, between its begin and its commit.
    (tried,) = rendered
    assert str(script_of(copy.repair())).endswith(f"{BEGIN}\n{tried.body}\n{COMMIT}")


def test_verify_proves_a_recalculation_and_leaves_the_orphan(copy: Copy) -> None:
    verification = copy.verify("recalculate", LONDON, in_place=True)
    assert verification.holds
    assert {move.check for move in verification.checks} == {
        "ledger.balance_matches_entries (capacity)",
        "ledger.balance_matches_entries_exactly (capacity)",
    }


def test_verify_names_a_competition_that_ends_further_off(copy: Copy) -> None:
    copy.execute(
        f"update competitions set available_reservation_tokens = 595 where id = '{LONDON}'"
    )
    verification = copy.verify(in_place=True)
    assert not verification.holds
    assert f"account {LONDON} (capacity, available) is further off" in verification.worse
    assert any(
        "ledger.balance_matches_entries (capacity):" in worse for worse in verification.worse
    )


def test_verify_names_a_check_that_got_worse(copy: Copy) -> None:
    """The entry would be dated before its competition existed."""
    copy.execute(f"update reservations set approved_at = '2020-01-01' where id = '{ORPHAN}'")
    verification = copy.verify(in_place=True)
    assert not verification.holds
    (worse,) = verification.worse
    assert worse.startswith("ledger.entry_time_plausible (capacity): ")


def result(check_id: str, *keys: dict[str, str | None]) -> CheckResult:
    findings = [
        Finding(
            fingerprint=str(sorted(key.items())),
            severity="critical",
            tenant_id=None,
            key=key,
            observed={},
            message=f"of {key}",
        )
        for key in keys
    ]
    return CheckResult.model_construct(
        check_id=check_id,
        status="fail" if findings else "pass",
        finding_count=len(findings),
        findings=findings,
    )


def test_only_the_closed_days_that_the_plan_states_may_change() -> None:
    of_london = {"ledger": "capacity", "entries": "capacity_ledger", "account": LONDON}
    stated = of_london | {"day": "2025-10-28"}
    other = of_london | {"day": "2025-10-27"}
    closed_days = [closed_day()]

    def moves(check_id: str, *keys: dict[str, str | None]) -> list[bool]:
        before = Audit.model_construct(checks=[result(check_id)])
        after = Audit.model_construct(checks=[result(check_id, *keys)])
        found = counterfoil.repair.verify._check_moves(before, after, closed_days)
        return [move.is_worse for move in found]

    assert moves("ledger.closed_days_unchanged") == []
    assert moves("ledger.closed_days_unchanged", stated) == [False]
    assert moves("ledger.closed_days_unchanged", stated, other) == [True]
    assert moves("ledger.not_overcommitted", stated) == [True]


@pytest.mark.parametrize("in_place", [False, True])
def test_the_script_is_tried_with_the_settings_that_psql_has(copy: Copy, in_place: bool) -> None:
    """A trigger of the application's names its tables, and writes its dates, as it always does."""
    copy.execute(
        "create schema app; create table app.seen (at date, rows int);"
        "create function public.note() returns trigger language plpgsql as $$ begin"
        " insert into seen select '31/12/2025', count(*) from capacity_ledger;"
        " return null; end $$;"
        "create trigger noted after insert on capacity_ledger execute function public.note();"
        f"alter database {copy.target.dbname} set search_path = public, app;"
        f"alter database {copy.target.dbname} set datestyle = 'SQL, DMY'"
    )
    assert copy.verify(in_place=in_place).holds
    done = copy.psql(script_of(copy.repair()))
    assert done.returncode == 0, done.stderr
    assert copy.value("select to_char(at, 'YYYY-MM-DD ') || rows from app.seen") == "2025-12-31 23"


def test_a_database_in_use_is_not_copied(copy: Copy) -> None:
    with (
        closing(psycopg2.connect(copy.url)),
        pytest.raises(RepairError, match=r"others are connected.*--in-place"),
    ):
        copy.verify()


def test_a_role_that_may_not_write(copy: Copy, reader: str) -> None:
    rows = copy.rows()
    with pytest.raises(RepairError, match="no CREATEDB right") as refused:
        copy.verify(user=reader)
    assert "\n" not in str(refused.value)
    with pytest.raises(RepairError, match=r"permission denied for table .*TARGET_repair"):
        copy.verify(user=reader, in_place=True)
    assert copy.rows() == rows


def test_a_role_that_may_not_read_the_views(copy: Copy, reader: str) -> None:
    copy.execute(f"revoke usage on schema counterfoil from {reader}")
    with pytest.raises(RepairError, match=r"views cannot be read: .*permission denied"):
        copy.verify(user=reader, in_place=True)


def test_a_policy_that_hides_rows_stops_it(copy: Copy, reader: str) -> None:
    copy.execute(
        f"alter role {reader} nobypassrls;"
        f"grant all on all tables in schema public to {reader};"
        "alter table capacity_ledger enable row level security"
    )
    rows = copy.rows()
    script = str(script_of(copy.repair())).replace(BEGIN, f"{BEGIN}set local role {reader};\n")
    assert "row-level security" in copy.psql(script).stderr
    assert copy.rows() == rows


def test_a_role_with_just_the_rights_of_the_docs(copy: Copy, reader: str) -> None:
    copy.execute(
        f"grant update on competitions, reservations to {reader};"
        f"grant insert, delete on capacity_ledger to {reader}"
    )
    assert copy.verify(user=reader, in_place=True).holds
    rows, repair = copy.rows(), copy.repair()
    for script in (script_of(repair), inverse_of(repair)):
        as_role = str(script).replace(BEGIN, f"{BEGIN}set local role {reader};\n")
        done = copy.psql(as_role)
        assert done.returncode == 0, done.stderr
    assert copy.rows() == rows


# Hostile text

HOSTILE = (
    "*/ commit; drop table public.capacity_ledger; -- /*\n"
    "drop table public.capacity_ledger;\r\\q\n\\! touch /tmp/x\u2028:x :'y' $guard$ 'quoted\" "
    "\x1b[2K\u202e {{ 7 * 7 }} %s {% raw %}"
)


def test_hostile_names_stay_in_their_comments(copy: Copy) -> None:
    with closing(psycopg2.connect(copy.url)) as connection, connection:
        connection.cursor().execute("update competitions set name = %s", (HOSTILE,))
        connection.cursor().execute("update studios set name = %s", (HOSTILE,))
    repair = copy.repair()
    text = with_inverse(script_of(repair), inverse_of(repair))
    assert all(character.isprintable() or character == "\n" for character in text)
    named = [line for line in text.split("\n") if "drop table" in line]
    assert len(named) == 4
    assert all(line.lstrip().startswith("--") for line in named)
    assert "*/" not in text
    done = copy.psql(text)
    assert done.returncode == 0, done.stderr
    (london,) = [change for change in repair.accounts if change.key.account == LONDON]
    assert london.label == HOSTILE
    assert copy.value("select count(*) from capacity_ledger") == 23


@pytest.mark.parametrize("conforming", ["on", "off"])
@pytest.mark.parametrize(
    "text", [HOSTILE, "plain", "it's", "\\", "\\'", "$$", "é 🩰", "\u202e", "a\nb", ""]
)
def test_a_literal_is_read_as_it_was_meant(copy: Copy, text: str, conforming: str) -> None:
    written = literal(text)
    assert written.isprintable()
    with closing(psycopg2.connect(copy.url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"set standard_conforming_strings = {conforming}")
        cursor.execute(f"select {written}")
        assert cursor.fetchone() == (text,)


def test_a_comment_shows_what_it_hides() -> None:
    assert comment(None) == "unknown"
    assert comment("EMPWR – London é 🩰") == "EMPWR – London é 🩰"
    assert comment("a\nb*/c\u202e") == "a\\U0000000ab* /c\\U0000202e"


def test_a_hostile_schema_is_an_identifier(copy: Copy) -> None:
    quoted = '"pub""lic; $guard$"'
    repair = copy.repair()
    copy.execute(f"alter schema public rename to {quoted}")
    facts = repair.contract.facts
    moved_ledgers = json.loads(
        json.dumps(facts.ledgers)
        .replace('\\"public\\"', json.dumps(quoted)[1:-1])
        .replace("public.", json.dumps(f"{quoted}.")[1:-1])
    )
    contract = repair.contract.knowing(replace(facts, ledgers=moved_ledgers))
    moved = replace(repair, contract=contract)
    for script in (script_of(moved), inverse_of(moved)):
        done = copy.psql(script)
        assert done.returncode == 0, done.stderr


# The command line


def test_plan_prints_the_script_and_nothing_else(copy: Copy, tmp_path: Path) -> None:
    rows = copy.rows()
    printed = counterfoil_cli(copy, tmp_path, "plan", "--account", LONDON)
    inverse = counterfoil_cli(copy, tmp_path, "plan", "--inverse")
    assert (printed.returncode, inverse.returncode) == (0, 0), printed.stderr
    repair = copy.repair()
    timeout = copy.database.settings.lock_timeout_s
    script = render(repair, lock_timeout_s=timeout)
    undo = render_inverse(repair, lock_timeout_s=timeout)
    assert printed.stdout == with_inverse(script, undo)
    assert inverse.stdout == str(undo)
    assert copy.rows() == rows


def test_plan_writes_what_it_must_and_says_so(copy: Copy, reader: str, tmp_path: Path) -> None:
    """Nothing but which closed days will change; where none does, no right to write is needed."""
    written = "select json_agg(stated_changes)::text from counterfoil_history.stated_changes"
    copy.execute(
        f"grant usage on schema counterfoil_history to {reader};"
        f"grant select on all tables in schema counterfoil_history to {reader}"
    )
    reading = {"copy_history": {"user": reader}}
    recalculate = ("plan", "--strategy", "recalculate", "--account", LONDON)
    printed = counterfoil_cli(copy, tmp_path, *recalculate, **reading)
    assert printed.returncode == 0, printed.stderr
    assert "history" not in printed.stderr
    copy.execute(
        "insert into counterfoil_history.closed_through"
        " (database_name, ledger, entries, day, closed_at)"
        " values ('empwr', 'capacity', 'capacity_ledger', '2025-10-28', now())"
    )
    assert counterfoil_cli(copy, tmp_path, "plan", **reading).returncode == 3
    assert copy.value(written) is None
    stated = counterfoil_cli(copy, tmp_path, "plan")
    assert "Noted in the history, for one day: closed days that will change: 1." in stated.stderr
    assert "Withdrawn" not in stated.stderr
    assert "Withdrawn in the history" in counterfoil_cli(copy, tmp_path, "plan").stderr
    before = copy.value(written)
    counterfoil_cli(copy, tmp_path, "plan", "--inverse")
    assert copy.value(written) == before


def test_neither_command_builds_a_view(copy: Copy, tmp_path: Path) -> None:
    copy.execute("drop view counterfoil.ledger_timeline")
    for verb in ("plan", "verify"):
        refused = counterfoil_cli(copy, tmp_path, verb)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert "Let it build them: counterfoil run --target copy" in refused.stderr
    assert copy.value("select to_regclass('counterfoil.ledger_timeline')") is None


def test_plan_refuses_in_one_line(copy: Copy, tmp_path: Path) -> None:
    arguments = ("plan", "--strategy", "recalculate", "--account", ST_CATHARINES_1)
    refused = counterfoil_cli(copy, tmp_path, *arguments)
    assert refused.returncode == 3
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[-1] == (
        "error: nothing to recalculate: the balances agree with their entries."
    )


def test_verify_reports_and_exits(copy: Copy, tmp_path: Path) -> None:
    rows = copy.rows()
    tried = counterfoil_cli(copy, tmp_path, "verify")
    assert tried.returncode == 0, tried.stderr
    assert re.search(r"EMPWR Dance - London +-50 +0", tried.stdout)
    assert "No other check of the ledgers got worse." in tried.stdout
    assert "The script does what it says. It was rolled back" in tried.stdout
    assert "closed day 2025-10-28" in tried.stdout
    assert copy.rows() == rows

    copy.execute(DATED)
    failed = counterfoil_cli(copy, tmp_path, "verify", "--in-place")
    assert failed.returncode == 2, failed.stderr
    assert "The script does NOT correct it." in failed.stdout
    assert f"Worse: account {ST_CATHARINES_1} (capacity, available) is further off" in failed.stdout


def test_verify_does_not_call_the_plan_right(copy: Copy, tmp_path: Path) -> None:
    """Recalculated, London agrees, and the 50 spaces of an approval are sold twice."""
    tried = counterfoil_cli(
        copy, tmp_path, "verify", "--strategy", "recalculate", "--account", LONDON
    )
    assert tried.returncode == 0, tried.stderr
    assert "Not shown by that: whether the entries are complete." in tried.stdout
    assert "proven" not in tried.stdout
    assert "(50 tokens): recalculated, its balance would leave that out" in tried.stderr


def test_verify_writes_through_the_repair_output(copy: Copy, reader: str, tmp_path: Path) -> None:
    refused = counterfoil_cli(copy, tmp_path, "verify", "--in-place", copy_repair={"user": reader})
    assert refused.returncode == 3
    last = refused.stderr.splitlines()[-1]
    assert last.startswith("error: target 'copy_repair'")
    assert "permission denied" in last


def test_verify_proves_nothing_of_another_database(copy: Copy, tmp_path: Path) -> None:
    refused = counterfoil_cli(copy, tmp_path, "verify", copy_repair={"dbname": "postgres"})
    assert refused.returncode == 3
    assert "it is another database than that of target 'copy'" in refused.stderr


def test_errors_of_a_repair_are_for_users() -> None:
    assert issubclass(RepairError, CounterfoilError)
