"""Each check moves when, and only when, what it is about is broken.

A case of tests/faults/<check_id>.yml breaks the healthy demo in one statement and says which
findings that must bring: the plain way to break the check, further ones, and some that must
not. Fixed, every view is what it was, and so is the audit.

Each is judged by the rows that fail (failing_rows.py). A whole audit must come to the very
same: of each eighth, of those that bring an unknown, and of every check once, where as many
are broken together as can be.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg2
import pytest
import sqlparse
import yaml
from applications import audited, created
from cases import Case, one_test_each, read_cases
from conftest import ROOT, Database
from copies import write_profiles
from failing_rows import audit_by_rows, differences
from pydantic import BaseModel, ConfigDict, Field, field_validator

import counterfoil.suites.validator
from counterfoil.audit.findings import Audit, Finding
from counterfoil.audit.waivers import Waiver
from counterfoil.common.errors import CounterfoilError
from counterfoil.common.yamlfile import parse_model
from counterfoil.contract.contract import load_contract
from counterfoil.postgres.instant import OpenTransaction, open_transaction
from counterfoil.postgres.schemas import PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.suites.own_checks import OWN_CHECKS
from counterfoil.suites.suite import Check, Expectation, load_suites

# What no statement can break, and the test that breaks it instead.
BROKEN_IN_PYTHON = {
    "audit.every_check_ran": "test_a_check_without_a_result_is_a_finding",
    "audit.waivers_in_use": "test_a_waiver_that_nothing_needs_is_a_finding",
    "health.replication_slots_active": "test_a_limit_of_the_server_that_is_passed",
    "health.transaction_ids_have_room": "test_a_limit_of_the_server_that_is_passed",
    "health.within_limits": "test_a_limit_of_the_server_that_is_passed",
}

Key = tuple[tuple[str, str | None], ...]


class Fault(BaseModel):
    """What a case does: `expect` are the keys of the new findings, `says` parts of their messages,
    `sizes` how large those of the check are that it is named for, and `subjects` what they are
    about.

    `database` is the one that it breaks, `since` the first Postgres that has what is broken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: Literal["empwr", "market"] = "empwr"
    since: int = 15
    prepare: tuple[str, ...] = ()
    break_: str = Field(alias="break")
    expect: dict[str, tuple[dict[str, str], ...]]
    unknown: tuple[str, ...] = ()
    sizes: tuple[float, ...] = ()
    subjects: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    fix: str

    @field_validator("break_", "fix")
    @classmethod
    def _is_one_statement(cls, sql: str) -> str:
        if len(sqlparse.split(sql)) != 1:
            raise ValueError("not one statement")
        return sql

    @field_validator("expect")
    @classmethod
    def _keys_are_there_once(
        cls, expect: dict[str, tuple[dict[str, str], ...]]
    ) -> dict[str, tuple[dict[str, str], ...]]:
        for check_id, keys in expect.items():
            if not keys or len(set(map(as_key, keys))) != len(keys):
                raise ValueError(f"{check_id} names no key, or one twice")
        return expect


@dataclass(frozen=True)
class Verdict:
    """What one check said."""

    status: str
    count: int
    keys: frozenset[Key]


def as_key(key: Mapping[str, str | None]) -> Key:
    return tuple(sorted(key.items()))


CASES = read_cases(ROOT / "tests" / "faults", Fault)
EMPWR = [case for case in CASES if case.fault.database == "empwr"]
MARKET = [case for case in CASES if case.fault.database == "market"]
AUDITED = {*map(str, CASES[::8]), *(str(case) for case in CASES if case.fault.unknown)}


# What says most, where a check came to several things in as many ledgers.
MOST_FIRST = ("error", "fail", "unknown", "waived", "pass", "not applicable")


def verdicts(audit: Audit) -> dict[str, Verdict]:
    """What each check came to, in all ledgers together."""
    said: dict[str, Verdict] = {}
    for check in audit.checks:
        before = said.get(check.check_id, Verdict(check.status, 0, frozenset()))
        said[check.check_id] = Verdict(
            min(before.status, check.status, key=MOST_FIRST.index),
            before.count + check.finding_count,
            before.keys | {as_key(finding.key) for finding in check.findings},
        )
    return said


def loud(audit: Audit) -> dict[str, Verdict]:
    """Those of checks that people hear of."""
    quiet = ("pass", "not applicable")
    return {name: said for name, said in verdicts(audit).items() if said.status not in quiet}


def moves(before: Audit, after: Audit) -> dict[str, str]:
    """What each check that moved now says, for the reader of a failure."""
    was, found = verdicts(before), verdicts(after)
    messages: dict[str, list[str | None]] = {}
    for check in after.checks:
        said = [check.detail, *(finding.message for finding in check.findings)]
        messages.setdefault(check.check_id, []).extend(said)
    return {
        check_id: f"{was[check_id].status} {was[check_id].count} -> {now.status} {now.count}:"
        f" new {sorted(now.keys - was[check_id].keys)},"
        f" gone {sorted(was[check_id].keys - now.keys)}; {messages[check_id]}"
        for check_id, now in found.items()
        if now != was[check_id]
    }


def contents(transaction: OpenTransaction) -> dict[str, str]:
    """Every row of every view, which is all that an audit reads: as JSON, by view.

    What Postgres only estimates is left out, and so are the views of the catalog that hold
    its own numbers: what is made anew has others.
    """
    with transaction.connection.cursor() as cursor:
        cursor.execute(
            "select schemaname || '.' || viewname from pg_views where schemaname = any(%s)"
            " and viewname not in (select relname from pg_class where oid in ("
            " select attrelid from pg_attribute where attname ~ '_oid$'))",
            ([PUBLIC_SCHEMA, STAGING_SCHEMA],),
        )
        views = [view for (view,) in cursor]
        row = "to_jsonb(v) - array['estimated_row_count', 'estimated_bytes']"
        rows = f"select '{{0}}', jsonb_agg({row} order by {row})::text from {{0}} as v"
        cursor.execute(" union all ".join(rows.format(view) for view in views))
        return dict(cursor.fetchall())


@pytest.fixture(scope="module")
def healthy(overnight: Database) -> Audit:
    return overnight.audit()


@pytest.fixture(scope="session")
def healthy_market(market: Database) -> Audit:
    audit = market.audit()
    assert audit.status == "passed", audit
    return audit


@pytest.fixture(scope="module")
def healthy_rows(overnight: Database) -> dict[str, str]:
    return rows_of(overnight)


@pytest.fixture(scope="session")
def healthy_market_rows(market: Database) -> dict[str, str]:
    return rows_of(market)


def rows_of(database: Database) -> dict[str, str]:
    """Read once: a case that left something behind is noticed by the next."""
    with open_transaction(database.plan.session.builder, database.settings) as transaction:
        return contents(transaction)


@pytest.fixture
def execute(transaction: OpenTransaction) -> Callable[[str], None]:
    def run(sql: str) -> None:
        with transaction.connection.cursor() as cursor:
            cursor.execute(sql)

    return run


@one_test_each(EMPWR)
def test_fault(
    case: Case[Fault],
    overnight: Database,
    healthy: Audit,
    healthy_rows: dict[str, str],
    transaction: OpenTransaction,
) -> None:
    break_and_fix(case, overnight, healthy, healthy_rows, transaction)


@one_test_each(MARKET)
def test_fault_of_the_market(
    case: Case[Fault],
    market: Database,
    healthy_market: Audit,
    healthy_market_rows: dict[str, str],
) -> None:
    with open_transaction(market.plan.session.builder, market.settings) as transaction:
        if transaction.connection.server_version // 10_000 < case.fault.since:
            pytest.skip(f"PostgreSQL has it from {case.fault.since} on")
        break_and_fix(case, market, healthy_market, healthy_market_rows, transaction)


def break_and_fix(
    case: Case[Fault],
    database: Database,
    healthy: Audit,
    healthy_rows: dict[str, str],
    transaction: OpenTransaction,
) -> None:
    fault = case.fault

    def execute(sql: str) -> None:
        with transaction.connection.cursor() as cursor:
            cursor.execute(sql)

    prepared, prepared_rows = healthy, healthy_rows
    for statement in fault.prepare:
        execute(statement)
    if fault.prepare:
        prepared_rows = contents(transaction)
    if prepared_rows != healthy_rows:
        prepared = audit_by_rows(database, transaction)
        # It may give a check something to judge, and no more than that.
        assert loud(prepared) == loud(healthy), moves(healthy, prepared)

    execute(fault.break_)
    broken = audit_by_rows(database, transaction)
    if str(case) in AUDITED:
        assert not differences(broken, database.audit(transaction))
    execute(fault.fix)
    assert contents(transaction) == prepared_rows

    was, found, moved = verdicts(prepared), verdicts(broken), moves(prepared, broken)
    assert found.keys() == was.keys()
    for check_id, before in was.items():
        new = frozenset(as_key(key) for key in fault.expect.get(check_id, ()))
        if check_id in fault.unknown:
            expected = Verdict("unknown", 0, frozenset())
        elif new:
            expected = Verdict("fail", before.count + len(new), before.keys | new)
        else:
            expected = before
        assert found[check_id] == expected, moved
    assert moved.keys() == {*fault.expect, *fault.unknown}, moved
    found_new = new_findings(prepared, broken)
    of_the_check = [finding for name, finding in found_new if name == case.check_id]
    if fault.subjects:
        assert {finding.subject for finding in of_the_check} == {*fault.subjects}
    if fault.sizes:
        assert sorted(finding.size or 0 for finding in of_the_check) == sorted(fault.sizes)
    messages = [finding.message for _, finding in found_new]
    messages += [check.detail for check in broken.checks if check.detail]
    for part in fault.says:
        assert any(part in message for message in messages), messages


def test_every_check_fails_in_an_audit_too(
    overnight: Database,
    healthy: Audit,
    healthy_rows: dict[str, str],
    transaction: OpenTransaction,
) -> None:
    break_together(EMPWR, overnight, healthy, transaction)
    assert contents(transaction) == healthy_rows


def test_every_check_fails_in_an_audit_of_the_market_too(
    market: Database, healthy_market: Audit, healthy_market_rows: dict[str, str]
) -> None:
    with open_transaction(market.plan.session.builder, market.settings) as transaction:
        break_together(MARKET, market, healthy_market, transaction)
        assert contents(transaction) == healthy_market_rows


def break_together(
    cases: Sequence[Case[Fault]],
    database: Database,
    healthy: Audit,
    transaction: OpenTransaction,
) -> None:
    """A case of each check, in audits of as many as go together, until each has failed."""
    server = transaction.connection.server_version // 10_000
    waiting = {
        case.check_id: case.fault
        for case in reversed(cases)
        if case.check_id in case.fault.expect and case.fault.since <= server
    }
    while waiting:
        with rolled_back(transaction):
            # One may have taken what another breaks: that has its turn in the next audit.
            done = [
                fault
                for fault in waiting.values()
                if is_done(transaction, *fault.prepare, fault.break_)
            ]
            broken = database.audit(transaction)
            assert not differences(audit_by_rows(database, transaction), broken)
            for fault in reversed(done):
                # What a sequence has given stays given, whatever is rolled back.
                is_done(transaction, fault.fix)
        was, found = verdicts(healthy), verdicts(broken)
        failed = {name for name in waiting if found[name].keys - was[name].keys}
        assert failed, f"{', '.join(waiting)}: each hides that another one fails"
        for check_id in failed:
            del waiting[check_id]


@contextmanager
def rolled_back(transaction: OpenTransaction) -> Iterator[None]:
    with transaction.connection.cursor() as cursor:
        cursor.execute("savepoint healthy")
        yield
        cursor.execute("rollback to savepoint healthy")


def is_done(transaction: OpenTransaction, *statements: str) -> bool:
    """Whether the statements could be run; if not, none of them is."""
    with transaction.connection.cursor() as cursor:
        cursor.execute("savepoint intact")
        try:
            for statement in statements:
                cursor.execute(statement)
        except psycopg2.Error:
            cursor.execute("rollback to savepoint intact")
            return False
    return True


def test_a_fixed_fault_is_gone_from_the_audit(
    overnight: Database,
    healthy: Audit,
    transaction: OpenTransaction,
    execute: Callable[[str], None],
) -> None:
    """Once, by an audit: that the views say it all."""
    fault = next(case.fault for case in EMPWR if case.check_id == "ledger.no_new_orphan_holds")
    for statement in (*fault.prepare, fault.break_, fault.fix):
        execute(statement)
    fixed = overnight.audit(transaction)
    assert not differences(fixed, healthy)


def new_findings(before: Audit, after: Audit) -> list[tuple[str, Finding]]:
    was = verdicts(before)
    return [
        (check.check_id, finding)
        for check in after.checks
        for finding in check.findings
        if as_key(finding.key) not in was[check.check_id].keys
    ]


# What is wrong with files is broken in folders (test_migrations.py, and _live.py), and with ledgers
# in applications of their own too (test_golden_ledgers.py).
def catalogue(elsewhere: Sequence[str] = ("migrations", "ledger")) -> set[str]:
    suites = load_suites(ROOT / "expectations")
    checks = {
        check.check_id for suite in suites if suite.pack not in elsewhere for check in suite.checks
    }
    return checks | BROKEN_IN_PYTHON.keys() | {check.check_id for check in OWN_CHECKS if check.key}


def test_every_check_has_a_fixture() -> None:
    broken = {case.check_id for case in CASES if case.check_id in case.fault.expect}
    assert catalogue() - broken == BROKEN_IN_PYTHON.keys()
    assert set(BROKEN_IN_PYTHON.values()) <= globals().keys()


def test_every_check_with_a_size_has_a_fixture_that_says_it() -> None:
    suites = load_suites(ROOT / "expectations")
    # Those of ledgers are said in their applications' own cases (test_golden_ledgers.py).
    sized = {
        check.check_id
        for suite in suites
        if suite.pack != "ledger"
        for check in suite.checks
        if check.size
    }
    sized |= {check.check_id for check in OWN_CHECKS if check.unit}
    said = {case.check_id for case in CASES if case.fault.sizes}
    assert sized == {check_id for check_id in said if not check_id.startswith("ledger.")}


def passing(check: Check) -> str:
    """The rows that satisfy it, as a condition."""
    kwargs = check.expectation.kwargs
    column = kwargs["column"]
    if "value_set" in kwargs:
        values = ", ".join(f"'{value}'" for value in kwargs["value_set"])
        return f"{column}::text in ({values.lower()})"
    return f"{column} between {kwargs.get('min_value', 0)} and {kwargs['max_value']}"


def test_a_row_that_is_in_order_has_no_size(market: Database) -> None:
    """Else the size is another thing's: the table's, or the reservation's."""
    scope = market.plan.scope
    sized = [
        (suite.relation, check.size.column, passing(check))
        for suite in scope.applying
        for check in suite.checks
        # Those of ledgers are of one fault, or of an entry (test_golden_ledgers.py).
        if check.size and suite.evidence and suite.pack != "ledger"
    ]
    assert sized
    with (
        open_transaction(market.plan.session.builder, market.settings) as transaction,
        transaction.connection.cursor() as cursor,
    ):
        for relation, column, condition in sized:
            cursor.execute(
                f"select count(*) filter (where {condition}),"
                f" count(*) filter (where {condition} and {column} <> 0)"
                f" from {PUBLIC_SCHEMA}.{relation}"
            )
            in_order, with_size = cursor.fetchone()
            assert (in_order > 0, with_size) == (True, 0), f"{relation}.{column}"


def test_every_fixture_names_known_checks() -> None:
    known = catalogue(elsewhere=("migrations",))
    for case in CASES:
        fault = case.fault
        assert {case.check_id, *fault.expect, *fault.unknown} <= known, str(case)
        assert fault.expect.keys().isdisjoint(fault.unknown), str(case)


def test_every_declared_rule_is_broken() -> None:
    """The relationships, keys and values of the contract, each by some fixture."""
    contract = load_contract(ROOT)
    declared = {relationship.name for relationship in contract.relationships}
    rules = [*contract.business_keys, *contract.required_values, *contract.allowed_values]
    declared |= {rule.name for rule in (*rules, *contract.paths)}
    named = {
        value
        for case in CASES
        for keys in case.fault.expect.values()
        for key in keys
        for name, value in key.items()
        if name in ("relationship", "rule")
    }
    assert declared <= named


@pytest.mark.parametrize(
    "content",
    [
        {"brake": "select 1", "expect": {}, "fix": "select 1"},
        {"break": "select 1", "expect": {}, "fix": "select 1", "repair": "x"},
        {"break": "select 1; select 2", "expect": {}, "fix": "select 1"},
        {"break": "select 1", "expect": {}, "fix": ""},
        {"break": "select 1", "expect": {"a.b": []}, "fix": "select 1"},
        {"break": "select 1", "expect": {"a.b": [{"id": "1"}] * 2}, "fix": "select 1"},
    ],
)
def test_a_fixture_is_read_strictly(content: dict[str, Any]) -> None:
    with pytest.raises(CounterfoilError):
        parse_model(Fault, content, where="x.yml", error=CounterfoilError)


def test_a_check_without_a_result_is_a_finding(
    overnight: Database, healthy: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Great Expectations logs an expectation that it does not know, and drops it."""
    dropped = "ledger.no_new_orphan_holds"
    genuine = counterfoil.suites.validator._expectation

    def misspelt(check_id: str, expectation: Expectation, **rows: Any) -> Any:
        if check_id != dropped:
            return genuine(check_id, expectation, **rows)
        return {
            "type": "expect_column_values_to_be_lawful",
            "kwargs": expectation.kwargs,
            "meta": {"check_id": check_id},
        }

    monkeypatch.setattr(counterfoil.suites.validator, "_expectation", misspelt)
    audit = overnight.audit()

    was, found = verdicts(healthy), verdicts(audit)
    assert found.pop("audit.every_check_ran") == Verdict(
        "fail", 1, frozenset({(("check_id", f"{dropped} (capacity)"),)})
    )
    del was["audit.every_check_ran"], was[dropped]
    assert found == was
    assert audit.status == "critical"


def test_a_waiver_that_nothing_needs_is_a_finding(overnight: Database, healthy: Audit) -> None:
    waiver = Waiver(
        line=2,
        database="empwr",
        check_id="ledger.not_overcommitted",
        key=json.dumps(
            {
                "ledger": "capacity",
                "balance": "available",
                "account": "79cef00c-e163-449c-9f3c-d021fbb4d672",
            }
        ),
        owner="capacity",
        reason="Report 2: to be corrected by hand",
        expires_on="2025-10-30",
    )
    audit = overnight.judging(waivers=(waiver,)).audit()
    was, found = verdicts(healthy), verdicts(audit)
    assert found.pop("audit.waivers_in_use").count == 1
    del was["audit.waivers_in_use"]
    assert found == was
    assert audit.waivers[0].state == "unused"


def test_a_limit_of_the_server_that_is_passed(
    overnight: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a limit the same measure is shown, and judged by nobody."""
    file = tmp_path / "contract.yml"
    contract = {
        "database": "served",
        "schema": "public",
        "packs": ["health"],
        "health": {
            "connections_used_percent": 0,
            "slowest_statement_ms": 5,
            "transaction_ids_used_percent": 0,
        },
    }
    file.write_text(yaml.safe_dump(contract))
    server = overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})
    with created(server, "served", "create table a (id int primary key)") as target:
        write_profiles(tmp_path, target)
        monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
        monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
        with closing(psycopg2.connect(**target.libpq)) as connection, connection.cursor() as cursor:
            # One keeps the log and is read by nobody; the other keeps nothing yet.
            cursor.execute(
                "select pg_create_physical_replication_slot('gone', true),"
                " pg_create_physical_replication_slot('new')"
            )
            try:
                audit = audited(target, file)
            finally:
                cursor.execute(
                    "select pg_drop_replication_slot('gone'), pg_drop_replication_slot('new')"
                )
    found = {
        name: said.keys for name, said in verdicts(audit).items() if name.startswith("health.")
    }
    assert found["health.replication_slots_active"] == {as_key({"slot_name": "gone"})}
    # The database is older still, by the catalog's tables: the table alone is told.
    assert found["health.transaction_ids_have_room"] == {
        as_key({"object_kind": "table", "object_name": "a"})
    }
    (check,) = [check for check in audit.checks if check.check_id == "health.within_limits"]
    # A limit on what cannot be measured is no pass either.
    assert {finding.key["measure"] for finding in check.findings} == {
        "connections_used_percent",
        "slowest_statement_ms",
    }
    assert (check.status, check.severity, check.rows_checked) == ("fail", "warning", 5)
    assert audit.status == "critical"


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        ("expect_column_values_to_not_match_like_pattern", {"like_pattern": "%London 5_\\% o%"}),
        ("expect_column_values_to_not_be_in_set", {"value_set": ["EMPWR Dance - London 50% o %s"]}),
        ("expect_column_values_to_not_match_regex", {"regex": r"%\so\s%[^\d]$"}),
    ],
)
def test_an_expectation_may_speak_of_percent_signs(
    type_: str,
    kwargs: dict[str, Any],
    overnight: Database,
    transaction: OpenTransaction,
    execute: Callable[[str], None],
) -> None:
    london = "79cef00c-e163-449c-9f3c-d021fbb4d672"
    execute(
        "update public.competitions set name = $$EMPWR Dance - London 50% o %s$$"
        f" where id = '{london}'"
    )
    (suite,) = [
        suite for suite in overnight.plan.scope.suites if suite.name == "ledger_balances (capacity)"
    ]
    expectation = Expectation(type=type_, kwargs={"column": "account_label"} | kwargs)
    check = suite.checks[0].model_copy(update={"expectation": expectation})
    suite = suite.model_copy(update={"checks": (check,)})
    found = verdicts(overnight.judging(suites=(suite,)).audit(transaction))
    key = {"ledger": "capacity", "balance": "available", "account": london}
    assert found[check.check_id] == Verdict("fail", 1, frozenset({as_key(key)}))
