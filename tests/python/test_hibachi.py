"""Hibachi, the fifth report: may its migrations run tonight?

`demo/hibachi` has the files, and in schema.sql what is applied of them; the contract says
what must be there. The files alone are test_migrations_golden.py's.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from applications import created
from built import ensure_built
from conftest import ROOT
from copies import write_profiles
from processes import counterfoil
from servers import EMBEDDED, server
from test_migrations import in_order, keys
from test_migrations_golden import DANGLING, HEADS

from counterfoil.audit.audit import audit
from counterfoil.audit.exit_codes import EXIT_CRITICAL
from counterfoil.audit.findings import Audit
from counterfoil.common.settings import Settings
from counterfoil.demo import SYSTEMS
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.load import load_facts
from counterfoil.migrations.rehearsal import replay_trees
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.postgres.instant import open_transaction

DEMO = ROOT / "demo" / "hibachi"
CONTRACT = ROOT / "contracts" / "hibachi.yml"
FOLDER = "../demo/hibachi/versions"

NOT_APPLIED = [
    "010_escalation_call_recording",
    "016_add_social_account_identity",
    "016_tenant_keys",
    "017_fix_foreign_key_relationships",
    "e636a2d56d82",
]
GOLDEN: dict[str, list[dict[str, Any]]] = HEADS | {
    "schema.foreign_keys_as_declared": [
        {"table_name": table, "column_names": column}
        for table, column in [
            ("bookings.booking_reminders", "booking_id"),
            ("catering_payments", "booking_id"),
            ("identity.station_users", "user_id"),
            ("payment_notifications", "booking_id"),
            ("support.audit_logs", "user_id"),
        ]
    ],
    "schema.expected_tables_exist": [
        {"table_name": table}
        for table in [
            "businesses",
            "communications.call_recordings",
            "lead.campaign_budgets",
            "lead.sms_send_queue",
            "lead.sms_templates",
            "lead.social_identities",
        ]
    ],
    "migrations.history_matches_files": [{"version": version} for version in NOT_APPLIED],
    "migrations.match_database": [
        {"table_name": table}
        for table in ["communications.call_recordings", "lead.social_identities"]
        + ["public.businesses"]
    ],
    "migrations.references_resolve": [
        {"file": f"{FOLDER}/{file}", "table_name": table} for table, (file, _) in DANGLING.items()
    ],
}


def found(audit: Audit) -> dict[str, list[dict[str, Any]]]:
    """By failed check the keys of its findings; of a place in a file, the file."""
    return {
        check_id: in_order(
            {name: value for name, value in key.items() if name != "line"} for key in failing
        )
        for check_id, failing in keys(audit).items()
    }


def golden(**more: Any) -> dict[str, list[dict[str, Any]]]:
    return {check_id: in_order(failing) for check_id, failing in (GOLDEN | more).items()}


@dataclass(frozen=True)
class Release:
    """The database on the evening before the release, and what `counterfoil run` said of it."""

    plan: Plan
    settings: Settings
    exit_code: int
    said: str
    report: Path

    @property
    def audit(self) -> Audit:
        """What it found."""
        return Audit.model_validate_json((self.report / "audit.json").read_text(encoding="utf-8"))

    def audit_of(self, folder: Path, changes: str = "") -> Audit:
        """An audit of the files below `folder`, and of the database with `changes` made."""
        trees = self.plan.scope.contract.migrations
        facts = read_trees(trees, folder / "contracts")
        replay_trees(facts, trees, folder / "contracts")
        with open_transaction(self.plan.session.builder, self.settings) as transaction:
            with transaction.connection.cursor() as cursor:
                cursor.execute(changes or "select true")
            load_facts(transaction.connection, facts)
            return audit(self.plan.scope, transaction)


@pytest.fixture(scope="module")
def release(
    environment: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Release]:
    folder = tmp_path_factory.mktemp("hibachi")
    files = SYSTEMS["hibachi"].sql_files()
    schema = "".join(file.read_text(encoding="utf-8") for file in files)
    binaries = request.config.getoption("--postgres") or EMBEDDED
    with (
        server(folder / "server", binaries) as running,
        created(running.target(), "hibachi", schema) as target,
        pytest.MonkeyPatch.context() as patch,
    ):
        write_profiles(folder, target)
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("COUNTERFOIL_REPORTS_DIR", str(folder / "reports"))
        patch.setenv("PREFECT_HOME", str(folder / "prefect"))
        settings = Settings()
        plan = make_plan("hibachi", CONTRACT, settings)
        ensure_built(plan)
        finished = counterfoil(
            *("run", "--target", "hibachi", "--contract", CONTRACT), folder=folder
        )
        yield Release(
            plan=plan,
            settings=settings,
            exit_code=finished.returncode,
            said=finished.stdout + finished.stderr,
            report=folder / "reports" / "latest",
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The contract's folder and the demo's, beside each other as they are in the project."""
    shutil.copytree(DEMO, tmp_path / "demo" / "hibachi")
    (tmp_path / "contracts").mkdir()
    return tmp_path


def test_the_release_must_not_run(release: Release) -> None:
    assert release.exit_code == EXIT_CRITICAL, release.said
    assert "CRITICAL: 55 of 61 checks passed, 6 failed, 6 not applicable" in release.said
    assert found(release.audit) == golden()


def test_each_finding_says_what_was_meant(release: Release) -> None:
    messages = {finding.message for check in release.audit.checks for finding in check.findings}
    assert messages >= {
        "The foreign key of identity.station_users (user_id) is missing: declared"
        " identity.users on delete cascade, found none",
        "lead.sms_send_queue (important) does not exist; of that name there is nothing",
        "Version 010_escalation_call_recording of backend is not applied"
        f" ({FOLDER}/010_escalation_call_recording.py)",
        "communications.call_recordings: migrations create it"
        f" ({FOLDER}/010_escalation_call_recording.py), and it is not there",
    }
    for table, (file, meant) in DANGLING.items():
        (said,) = [message for message in messages if f'relation "{table}" ' in message]
        assert f"{FOLDER}/{file}:" in said, said
        assert meant in said, said


def test_the_report_foresees_where_the_run_will_stop(release: Release) -> None:
    """As the fifth report does: at e636a2d56d82, for want of a table that is called otherwise."""
    said = (release.report / "report.md").read_text(encoding="utf-8").replace("\\", "")
    assert "- ✅ Critical: 9 of 9 there.\n- 🟠 Important: 7 of 10 there.\n" in said
    assert (
        f"The next run of backend would stop at {FOLDER}/e636a2d56d82_businesses.py:21:"
        ' PostgreSQL says: relation "newsletter.newsletter_subscribers" does not exist;'
        " lead.subscribers may be meant."
    ) in said
    assert f"On an empty database backend would stop at {FOLDER}/002_bookings.py:" in said


def test_before_the_duplicate_was_deleted(release: Release, folder: Path) -> None:
    versions = folder / "demo" / "hibachi" / "versions"
    shutil.copytree(DEMO / "before", versions, dirs_exist_ok=True)
    duplicate = {"file": f"{FOLDER}/e8e33e1e5658_businesses.py", "table_name": "public.businesses"}
    not_applied = [{"version": version} for version in [*NOT_APPLIED, "e8e33e1e5658"]]
    assert found(release.audit_of(folder)) == golden(
        **{
            "migrations.table_created_once": [duplicate],
            "migrations.history_matches_files": not_applied,
        }
    )


# Of bookings (b), subscribers (c), campaigns (d), messages (e) and events (f), by number.
FAULTS = """
    create function pg_temp.key(kind text, number bigint) returns uuid
    return (kind || '0000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid;
    update core.bookings set sms_consent_timestamp = '2025-11-22 19:00+00'
    where id = pg_temp.key('b', 1);
    update core.bookings set sms_consent_timestamp = null where id = pg_temp.key('b', 12);
    update core.bookings set sms_consent = true where id = pg_temp.key('b', 12);
    update lead.subscribers set sms_unsubscribed_at = '2025-11-01 09:00+00'
    where id = pg_temp.key('c', 10);
    update lead.subscribers set sms_unsubscribed_at = '2025-11-20 09:00+00'
    where id = pg_temp.key('c', 2);
    update lead.sms_delivery_events set sent_at = null where id = pg_temp.key('e', 3);
    update lead.sms_delivery_events set subscriber_id = null where id = pg_temp.key('e', 4);
    update lead.sms_delivery_events set delivered_at = sent_at - interval '1 minute'
    where id = pg_temp.key('e', 5);
    update lead.sms_delivery_events set cost = 6000 where id = pg_temp.key('e', 6);
    update lead.sms_delivery_events set message_sid = 'SM-1-8' where id = pg_temp.key('e', 7);
    update lead.sms_delivery_events set queued_at = '2025-11-22 18:00+00'
    where id = pg_temp.key('e', 28);
    update lead.sms_delivery_events set message_sid = null where id = pg_temp.key('e', 22);
    insert into lead.sms_delivery_events
        (id, campaign_id, subscriber_id, status, queued_at, failed_at)
    select
        pg_temp.key('e', 100 + number), pg_temp.key('d', 1), pg_temp.key('c', 8), 'FAILED',
        '2025-11-10 18:00+00', '2025-11-10 18:01+00'
    from generate_series(1, 3) as number;
    update lead.campaigns set spent_cents = 6024, failed_count = 5 where id = pg_temp.key('d', 1);
    update lead.campaigns set started_at = '2025-11-20 17:00+00', delivered_count = 6
    where id = pg_temp.key('d', 2);
    update lead.campaigns set scheduled_at = '2025-11-20 17:00+00'
    where id in (pg_temp.key('d', 2), pg_temp.key('d', 3));
    update lead.campaigns set status = 'SENT' where id = pg_temp.key('d', 5);
    alter table lead.campaign_events alter column event_type drop not null;
    alter type lead.campaign_channel rename value 'WHATSAPP' to 'FAX';
    update lead.campaign_events set subscriber_id = null where id = pg_temp.key('f', 1);
"""


BROKEN = {
    "integrity.required_values_filled": {"consent_time b12", "message_sid e22"},
    "integrity.required_references_set": {
        "lead.campaign_events.subscriber_id f1",
        "lead.sms_delivery_events.subscriber_id e4",
    },
    "integrity.no_duplicates": {"message_sid e7"},
    "integrity.values_allowed": {"channel_in_use d5"},
    "integrity.workflow_followed (campaign)": {"campaign d5"},
    "integrity.workflow_followed (message)": {"message e5"},
    "integrity.rules_hold (unsubscribed_or_not)": {"unsubscribed_or_not c2"},
    "integrity.rules_hold (message_has_consent)": {"message_has_consent e1"},
    "integrity.rules_hold (message_before_unsubscription)": {"message_before_unsubscription e10"},
    "integrity.rules_hold (delivered_was_sent)": {"delivered_was_sent e3"},
    "integrity.rules_hold (message_leaves_the_queue)": {"message_leaves_the_queue e28"},
    "integrity.rules_hold (campaign_starts)": {"campaign_starts d3"},
    "integrity.rules_hold (campaign_ends)": {"campaign_ends d2"},
    "integrity.rules_hold (at_most_three_tries)": {"at_most_three_tries e103"},
    "ledger.balance_in_range (campaigns)": {"campaigns spent d1"},
    "ledger.balance_matches_entries (campaigns)": {
        "campaigns sent d1",
        "campaigns spent d1",
        "campaigns delivered d2",
    },
    "schema.expected_columns_exist": {"lead.campaign_events event_type"},
    "migrations.models_match_database": {
        "backend lead.campaign_events event_type",
        "backend lead.campaigns channel",
        # Of this one the migrations are doubtful: what alters its table is refused.
        "backend lead.subscribers phone",
    },
    "migrations.model_columns_agree": {"backend lead.sms_delivery_events cost"},
}


def test_what_a_campaign_breaks_is_found(release: Release, folder: Path) -> None:
    """Each rule has a row that breaks it, and no other does; unbroken they all hold."""
    assert named(release.audit).keys().isdisjoint(BROKEN)
    models = folder / "demo" / "hibachi" / "models" / "newsletter.py"
    text = models.read_text(encoding="utf-8")
    for column in ("cost = Column(Integer", "phone = Column(Text"):
        assert f"{column})" in text
        text = text.replace(f"{column})", f"{column}, nullable=False)")
    models.write_text(text, encoding="utf-8")
    audit = release.audit_of(folder, FAULTS)
    messages = {finding.message for check in audit.checks for finding in check.findings}
    assert messages >= {
        "../demo/hibachi/models/newsletter.py:19: model Campaign, lead.campaigns.channel of the"
        " database: values that only the model has: 'WHATSAPP'; values that the model lacks: 'FAX'",
        "../demo/hibachi/models/newsletter.py:70: model SMSDeliveryEvent,"
        " lead.sms_delivery_events.cost of the migrations: the model has it NOT NULL, and it is"
        " nullable",
    }
    found = named(audit)
    # It says the same again, to the unit.
    del found["ledger.balance_matches_entries_exactly (campaigns)"]
    assert {name: keys for name, keys in found.items() if name not in GOLDEN} == BROKEN


def named(audit: Audit) -> dict[str, set[str]]:
    """By failed check, with its rule or ledger, the keys of its findings, shortened."""
    return {
        check.name: {
            re.sub(r"(\w)0000000-\S*-0*(\d+)", r"\1\2", " ".join(map(str, finding.key.values())))
            for finding in check.findings
        }
        for check in audit.checks
        if check.status == "fail"
    }


def test_a_table_of_the_same_name_does_not_make_a_key_right(release: Release, folder: Path) -> None:
    """A public.users would let the key that lacks its schema be made, and mean nothing."""
    changes = """
        create table public.users (id uuid primary key);
        alter table identity.station_users
            add constraint station_users_user_id_fkey foreign key (user_id)
            references public.users (id);
    """
    audit = release.audit_of(folder, changes)
    key = {"table_name": "identity.station_users", "constraint_name": "station_users_user_id_fkey"}
    misdirected = {"schema.foreign_key_stays_in_schema_map", "schema.foreign_keys_indexed"}
    expected = golden(**{check_id: [key] for check_id in misdirected})
    expected["schema.no_unexpected_tables"] = [{"table_name": "users"}]
    expected["migrations.match_database"] += [{"table_name": "public.users"}]
    assert found(audit) == expected
    messages = [finding.message for check in audit.checks for finding in check.findings]
    assert any("of that name it may reference identity.users" in message for message in messages)


CORRECTED = {
    "002_bookings.py": [('"bookings.id"', '"core.bookings.id"')],
    "006_roles.py": [('"users.id"', '"identity.users.id"')],
    "008_payments.py": [('"catering_bookings.id"', '"core.bookings.id"')],
    "e636a2d56d82_businesses.py": [
        ("newsletter.newsletter_subscribers", "lead.subscribers"),
        # The way back leaves a key to the table that it drops: the report did not see that.
        (
            'op.drop_table("businesses"',
            'op.drop_column("subscribers", "business_id", schema="lead")\n'
            '    op.drop_table("businesses"',
        ),
    ],
    "017_fix_foreign_key_relationships.py": [
        ('SCHEMA = "newsletter"', 'SCHEMA = "lead"'),
        ("sms_tracking", "sms_delivery_events"),
    ],
}
WRITTEN = {
    "020_merge_social_and_communications.py": """
        revision = "020_merge"
        down_revision = ("010_escalation_call_recording", "016_add_social_account_identity")
        def upgrade():
            pass
        def downgrade():
            pass
    """,
    "021_campaigns.py": """
        revision = "021_campaigns"
        down_revision = "020_merge"
        def upgrade():
            for table in ("sms_templates", "campaign_budgets", "sms_send_queue"):
                op.create_table(table, schema="lead")
        def downgrade():
            for table in ("sms_templates", "campaign_budgets", "sms_send_queue"):
                op.drop_table(table, schema="lead")
    """,
}
APPLIED = """
    create schema communications;
    create table communications.call_recordings (id uuid primary key, booking_id uuid);
    create table lead.sms_templates (id uuid primary key);
    create table lead.campaign_budgets (id uuid primary key);
    create table lead.sms_send_queue (id uuid primary key);
    create table lead.social_identities (id uuid primary key);
    create table public.businesses (id uuid primary key);
    alter table identity.station_users add foreign key (user_id)
        references identity.users (id) on delete cascade;
    alter table support.audit_logs add foreign key (user_id)
        references identity.users (id) on delete set null;
    alter table bookings.booking_reminders add foreign key (booking_id)
        references core.bookings (id) on delete cascade;
    alter table public.catering_payments add foreign key (booking_id)
        references core.bookings (id) on delete cascade;
    alter table public.payment_notifications add foreign key (booking_id)
        references core.bookings (id) on delete set null;
    create index on identity.station_users (user_id);
    create index on support.audit_logs (user_id);
    create index on bookings.booking_reminders (booking_id);
    create index on public.catering_payments (booking_id);
    create index on public.payment_notifications (booking_id);
    update public.alembic_version set version_num = '021_campaigns';
"""


def test_corrected_as_the_report_asks_it_passes(release: Release, folder: Path) -> None:
    versions = folder / "demo" / "hibachi" / "versions"
    for name, replacements in CORRECTED.items():
        text = (versions / name).read_text(encoding="utf-8")
        for wrong, right in replacements:
            assert wrong in text
            text = text.replace(wrong, right)
        (versions / name).write_text(text, encoding="utf-8")
    for name, text in WRITTEN.items():
        (versions / name).write_text(dedent(text), encoding="utf-8")
    audit = release.audit_of(folder, APPLIED)
    assert found(audit) == {}
    assert audit.status == "passed"
