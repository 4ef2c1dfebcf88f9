"""Cleanrylie and TRVL Social: what docs/demo.md says of them, and nothing else."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
import sqlalchemy as sa
from built import ensure_built
from conftest import ROOT, Database, start_another
from shown import shown
from test_demo_snapshots import run
from test_golden_ledgers import break_books
from test_migrations import keys

from counterfoil import demo
from counterfoil.audit.audit import audit
from counterfoil.audit.exit_codes import exit_code
from counterfoil.audit.findings import Audit, CheckResult
from counterfoil.audit.probes import row_security_isolates
from counterfoil.audit.scope import Scope
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract, load_contract
from counterfoil.pipeline.plan import make_plan
from counterfoil.postgres.instant import open_transaction
from counterfoil.postgres.profiles import load_targets

Found = dict[str, list[dict[str, Any]]]

CLEANRYLIE: Found = {
    "migrations.versions_unique": [{"version": "2"}],
    "schema.row_security_enabled": [
        {"table_name": table} for table in ("conversations", "customers", "leads")
    ],
    "schema.row_security_isolates": [{"probe": "conversations of another dealership"}],
    "schema.tenant_column_present": [
        {"table_name": table} for table in ("dashboards", "prompt_templates", "sms_deliveries")
    ],
    "schema.foreign_keys_carry_tenant": [
        {"table_name": "conversations", "constraint_name": f"conversations_{column}_fkey"}
        for column in ("customerId", "leadId")
    ],
}
OPEN_BOOKINGS = {"table_name": "bookings", "policy_name": "bookings_support"}
OPEN_MEMBERS = {"table_name": "group_members", "policy_name": "group_members_signed_in"}
OPEN_NOTIFICATIONS = {"table_name": "notifications", "policy_name": "notifications_system"}
# Who books another's adventure is another user than its vendor, and is meant to be.
ACROSS_USERS = [
    {"table_name": "bookings", "constraint_name": f"bookings_{column}_fkey"}
    for column in ("adventure_id", "vendor_id")
]
TRVL_SOCIAL: Found = {
    "schema.expected_tables_exist": [{"table_name": "analytics_*"}],
    "schema.foreign_keys_carry_tenant": ACROSS_USERS,
    "schema.policies_name_the_tenant": [OPEN_BOOKINGS, OPEN_MEMBERS, OPEN_NOTIFICATIONS],
    "schema.row_security_has_policies": [{"table_name": "vendor_stripe_accounts"}],
    "schema.row_security_isolates": [
        {"probe": "bookings of another user"},
        {"probe": "payout accounts of another vendor"},
        {"probe": "vendor_stripe_accounts for anon"},
    ],
}
CLAIMED = {*("profiles", "bookings", "adventures", "vendors", "notifications", "user_preferences")}
MODULES = """
    select string_agg(format('%s %s', module, tables), ', ' order by module)
    from (
        select module, count(*) as tables from counterfoil.schema_tables group by module
    ) as modules
"""
# The third report's own statement.
PROPOSED_POLICY = """
    create policy tenant_isolation on conversations
    using (dealership_id = current_setting('app.current_dealership_id')::int)
"""


@pytest.fixture(scope="module")
def data_dir(
    shared: Database,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Path]:
    """A demo server with no system in it yet, which the targets of profiles.yml reach.

    The session's is there before it, so that they reach that one again afterwards.
    """
    directory = tmp_path_factory.mktemp("systems")
    if binaries := request.config.getoption("--postgres"):
        start_another(directory, binaries)
        demo.load_system(directory, "cleanrylie")
    else:
        demo.start_system(directory, "cleanrylie")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTERFOIL_DEMO_HOST", str(demo.socket_dir(directory)))
        # All that is found, not the first hundred.
        patch.setenv("COUNTERFOIL_EVIDENCE_LIMIT", "1000")
        yield directory
    demo.stop(directory)


class System:
    """A system of the demo that is loaded, audited by its contract."""

    def __init__(self, url: str, name: str, contract: str) -> None:
        self.url = url
        file = ROOT / "contracts" / contract
        self.contract: Contract = load_contract(ROOT, file)
        target, _ = load_targets(name, ROOT)
        self.plan = make_plan(target.name, file, Settings())
        ensure_built(self.plan)
        self.audit: Audit = self.audit_of("select true")

    def audit_of(self, changes: str) -> Audit:
        """An audit of the database with `changes` made; they are taken back."""
        builder = self.plan.session.builder
        with open_transaction(builder, Settings()) as transaction:
            with transaction.connection.cursor() as cursor:
                cursor.execute("set local session_replication_role = replica")
                break_books(cursor, [changes])
            return audit(self.plan.scope, transaction)

    @property
    def found(self) -> Found:
        """By failed check the keys of its findings."""
        return keys(self.audit)

    def check(self, check_id: str) -> CheckResult:
        """What one check came to."""
        (check,) = [check for check in self.audit.checks if check.check_id == check_id]
        return check

    def says(self, statement: str) -> Any:
        """The one value that a query of its database returns."""
        return run(self.url, statement)


@pytest.fixture(scope="module")
def cleanrylie(data_dir: Path) -> System:
    return System(demo.load_system(data_dir, "cleanrylie"), "cleanrylie", "cleanrylie.yml")


@pytest.fixture(scope="module")
def trvl_social(data_dir: Path) -> System:
    return System(demo.load_system(data_dir, "trvl_social"), "trvl_social", "trvl_social.yml")


@pytest.fixture(scope="module")
def claimed(data_dir: Path, trvl_social: System) -> System:
    """Made of the complete one, without its views, which read the tables that are dropped."""
    name = "trvl_social_claimed"
    *complete, difference = demo.SYSTEMS[name].files
    assert tuple(complete) == demo.SYSTEMS["trvl_social"].files
    with closing(psycopg2.connect(trvl_social.url.replace("/trvl_social?", "/postgres?"))) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f"create database {name} template trvl_social")
    url = trvl_social.url.replace("/trvl_social?", f"/{name}?")
    run(url, "drop schema counterfoil, counterfoil_staging cascade")
    run(url, (ROOT / "demo" / difference).read_text(encoding="utf-8"))
    return System(url, name, "trvl_social.yml")


def test_cleanrylie_fails_in_what_the_report_left_open(cleanrylie: System) -> None:
    assert cleanrylie.found == in_order(CLEANRYLIE)
    assert exit_code(cleanrylie.audit.status, "warning") == 2
    assert not cleanrylie.audit.unjudged


def test_cleanrylie_has_29_tables_in_three_modules(cleanrylie: System) -> None:
    assert (
        "29 of 29 expected tables are there: 7 of 7 critical, 22 of 22 important"
        in shown(cleanrylie.audit).facts
    )
    assert cleanrylie.says(MODULES) == "extensions 9, lead management 8, main 12"


def test_cleanrylie_has_the_five_relationships_with_their_delete_rules(cleanrylie: System) -> None:
    assert cleanrylie.contract.structure is not None
    declared = {
        (key.table, key.columns[-1], key.references, key.on_delete)
        for key in cleanrylie.contract.structure.foreign_keys
    }
    to_users = {key for key in declared if key[2] == "users"}
    assert {rule for *_, rule in to_users} == {"set null"}
    assert declared - to_users == {
        ("users", "dealership_id", "dealerships", None),
        ("vehicles", "dealershipId", "dealerships", "cascade"),
        ("conversations", "dealershipId", "dealerships", "cascade"),
        ("conversations", "leadId", "leads", "cascade"),
        ("conversations", "customerId", "customers", "cascade"),
    }
    assert cleanrylie.check("schema.foreign_keys_as_declared").status == "pass"
    every_key_to_users = """
        select count(*) from counterfoil.schema_foreign_keys where parent_table_name = 'users'
    """
    assert cleanrylie.says(every_key_to_users) == len(to_users)


def test_cleanrylies_record_of_migrations_cannot_tell_the_doubled_one(cleanrylie: System) -> None:
    """Nine files, eight versions: the record agrees with the files whichever was applied."""
    assert cleanrylie.says("select count(*) from deployment.schema_migrations") == 8
    assert cleanrylie.check("migrations.history_matches_files").status == "pass"


def test_the_policy_that_the_report_proposes_cannot_be_made(cleanrylie: System) -> None:
    """It is the report itself that spells the column otherwise, three sections before."""
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        cleanrylie.says(PROPOSED_POLICY)


def test_trvl_social_is_there_but_for_a_pattern_of_no_table(trvl_social: System) -> None:
    assert trvl_social.found == in_order(TRVL_SOCIAL)
    assert (
        "106 of 106 expected tables are there:"
        " 15 of 15 critical, 6 of 6 important, 85 of 85 supporting"
    ) in shown(trvl_social.audit).facts
    assert trvl_social.says(MODULES) == (
        "Booking and payment 24, Community and social 13, Core user 2, Group management 8,"
        " ML and analytics 9, Moderation and safety 10, Notification and communication 10,"
        " System and infrastructure 24, Vendor and adventure 6"
    )


def test_the_claimed_database_is_not(claimed: System, trvl_social: System) -> None:
    assert (
        "6 of 106 expected tables are there: 6 of 15 critical, 0 of 6 important, 0 of 85 supporting"
    ) in shown(claimed.audit).facts
    found = dict(claimed.found)
    missing = {key["table_name"] for key in found.pop("schema.expected_tables_exist")}
    unmade = {key["table_name"] for key in found.pop("migrations.match_database")}
    patterns = {"vendor_forum_*", "moderation_*", "analytics_*", "ab_test_*"}
    assert missing - patterns == expected_tables(trvl_social.contract) - CLAIMED
    assert missing >= patterns
    assert unmade == {f"public.{table}" for table in missing - patterns}
    assert len(unmade) == 100
    assert found == in_order(
        {
            "schema.foreign_keys_carry_tenant": ACROSS_USERS,
            "schema.policies_name_the_tenant": [OPEN_BOOKINGS, OPEN_NOTIFICATIONS],
            "schema.row_security_isolates": [{"probe": "bookings of another user"}],
        }
    )


def test_the_record_of_migrations_settles_nothing(claimed: System, trvl_social: System) -> None:
    """It is the same in both databases, and complete."""
    for system in (claimed, trvl_social):
        recorded = "select count(*) from supabase_migrations.schema_migrations"
        assert system.says(recorded) == 26
        assert system.check("migrations.history_matches_files").status == "pass"


def test_the_page_says_what_the_audits_say(claimed: System, trvl_social: System) -> None:
    page = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
    for system in (claimed, trvl_social):
        (tables,) = (fact for fact in shown(system.audit).facts if "expected tables are" in fact)
        assert f"\n- {tables}.\n" in page


def test_the_reports_statements_show_what_is_anothers(trvl_social: System) -> None:
    check = trvl_social.check("schema.row_security_isolates")
    seen = [(f.observed["row_count"], f.observed["foreign_row_count"]) for f in check.findings]
    assert seen == [(2, 1), (2, 1), (2, 2)]
    assert check.rows_checked == 13, "and of the profiles her own; two are tried for each command"


def test_nobody_has_the_users_that_the_reports_query_names(
    claimed: System, trvl_social: System
) -> None:
    for system in (claimed, trvl_social):
        assert system.says("select to_regclass('public.users') is null")
        assert "users" not in expected_tables(system.contract)


def test_a_probe_of_a_missing_table_is_no_pass(claimed: System) -> None:
    """Of one table told of as missing nothing more is said; of all, that nothing is known."""
    check = claimed.check("schema.row_security_isolates")
    assert (check.status, check.detail, check.rows_checked) == ("fail", None, 9)
    engine = sa.create_engine(
        "postgresql+psycopg2://",
        creator=lambda: psycopg2.connect(claimed.url),
        poolclass=sa.NullPool,
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("drop table bookings, profiles cascade")
        check = row_security_isolates(connection, Scope(claimed.contract, "", ()).probes)
        assert (check.status, check.detail) == ("unknown", "the tables of all probes are missing")
        unexpected = Scope(without_tables(claimed.contract), "", ())
        check = row_security_isolates(connection, unexpected.probes)
        assert check.status == "error"
        assert 'relation "public.bookings" does not exist' in str(check.detail)
        connection.rollback()


def without_tables(contract: Contract) -> Contract:
    """The contract, with nothing said of which tables there must be."""
    assert contract.structure is not None
    structure = contract.structure.model_copy(update={"tables": ()})
    return contract.model_copy(update={"structure": structure})


def expected_tables(contract: Contract) -> set[str]:
    """Those that the contract expects by name."""
    assert contract.structure is not None
    named = {name for group in contract.structure.tables for name in group.names}
    return {name for name in named if "*" not in name}


def in_order(found: Found) -> Found:
    return {
        check_id: sorted(failing, key=lambda key: sorted(map(str, key.items())))
        for check_id, failing in found.items()
    }


BROKEN = {
    "cleanrylie": (
        """
        update users set email = 'agent of@north' where dealership_id = 1;
        update dealerships set contact_email = 'north @example.com' where id = 1;
        insert into invitations (dealership_id, email) values (2, 'x @y.z');
        alter table users drop constraint users_email_check;
        create policy also on vehicles for delete using (true);
        """,
        {
            "integrity.values_allowed": [
                {"rule": "dealership_email", "row_id": "1"},
                {"rule": "invitation_email", "row_id": "1"},
                {"rule": "user_email", "row_id": "1"},
            ],
            "schema.unique_and_checks_as_declared": [
                {"table_name": "users", "constraint_name": "users_email_check", "kind": "check"}
            ],
            "schema.policies_name_the_tenant": [{"table_name": "vehicles", "policy_name": "also"}],
            "schema.row_security_isolates": [
                *CLEANRYLIE["schema.row_security_isolates"],
                {"probe": "vehicles of another dealership (delete)"},
            ],
        },
    ),
    "trvl_social": (
        """
        delete from profiles where id = '00000000-0000-0000-0000-00000000000b';
        alter policy bookings_own on bookings with check (auth.uid() is not null);
        delete from adventures where user_id = '00000000-0000-0000-0000-00000000000a';
        alter table bookings drop constraint bookings_vendor_id_fkey;
        delete from vendors where user_id = '00000000-0000-0000-0000-00000000000a';
        alter table bookings disable trigger bookings_updated_at;
        """,
        {
            "integrity.references_resolve": [
                {"relationship": relationship}
                for relationship in (
                    "adventures.user_id",
                    "bookings.adventure_id",
                    "bookings.user_id",
                    "bookings.vendor_id",
                    "vendor_stripe_accounts.user_id",
                    "vendors.user_id",
                )
            ],
            "schema.foreign_keys_as_declared": [
                {"table_name": "bookings", "column_names": "vendor_id"}
            ],
            "schema.foreign_keys_carry_tenant": ACROSS_USERS[:1],
            "schema.triggers_as_declared": [
                {"table_name": "bookings", "trigger_name": "bookings_updated_at"}
            ],
            "schema.policies_name_the_tenant": [
                *TRVL_SOCIAL["schema.policies_name_the_tenant"],
                {"table_name": "bookings", "policy_name": "bookings_own"},
            ],
            "schema.row_security_isolates": [
                {"probe": "bookings of another user (insert)"},
                {"probe": "bookings of another user (update)"},
                *TRVL_SOCIAL["schema.row_security_isolates"],
            ],
        },
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_reports_ask_is_broken_and_put_right(
    name: str, request: pytest.FixtureRequest
) -> None:
    system: System = request.getfixturevalue(name)
    changes, expected = BROKEN[name]
    found = keys(system.audit_of(changes))
    for key in found.get("integrity.references_resolve", []):
        del key["child_id"]
    before = in_order(system.found)
    assert in_order(expected) == {
        check_id: failing
        for check_id, failing in in_order(found).items()
        if failing != before.get(check_id)
    }
