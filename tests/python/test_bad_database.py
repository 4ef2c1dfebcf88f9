"""A database that is not as the contract and the roles need it is refused, with the remedy."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
import yaml
from conftest import ROOT, Database
from psycopg2.extensions import connection as Connection  # noqa: N812
from refusals import changed, refused

from counterfoil.common.errors import PreflightError, UnavailableError
from counterfoil.contract.contract import Contract
from counterfoil.history.by_ledger import read_each
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.preflight import check_auditor, check_database
from counterfoil.postgres.instant import open_snapshot, pinned_connection
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

GOOD = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["contract"]
ROLE = "counterfoil-weak"  # as much in need of quotes as a role's name can be
BARE = "counterfoil_bare"


def rule(holds: str, **further: Any) -> list[dict[str, Any]]:
    return [{"name": "odd", "table": "reservations", "holds": holds, **further}]


def workflow(**further: Any) -> list[dict[str, Any]]:
    return [{"name": "odd", "table": "reservations", "status": "status", **further}]


STEPS: dict[str, Any] = {"follows": {"pending": ["approved"]}}
HISTORY = {"table": "capacity_ledger", "status": "reason", "at": "created_at"}

# key, value, what the error says, the key that it names if not that
UNFIT: dict[str, tuple[str, Any, str, str]] = {
    "a table missing": ("tables.nowhere", {"key": "id"}, "table public.nowhere does not", ""),
    "a schema missing": (
        "schema",
        "app",
        "table app.capacity_ledger does not",
        "tables.capacity_ledger",
    ),
    "a key missing": ("tables.studios.key", "uuid", "column public.studios.uuid does not", ""),
    "a tenant missing": ("tenant.column", "org_id", "column public.studios.org_id does", ""),
    "a personal column missing": ("tables.dancers.pii", ["nick"], "column public.dancers.nick", ""),
    "a reference missing": ("relationships.5.column", "x", "column public.dancers.x", ""),
    "a business key missing": ("business_keys.0.columns", ["x"], "column public.dancers.x", ""),
    "a required value missing": ("required_values.0.column", "x", "column public.dancers.x", ""),
    "an allowed value missing": ("allowed_values.0.column", "x", "public.reservations.x", ""),
    "a rhythm without its column": (
        "tables.capacity_ledger.freshness.column",
        "x",
        "column public.capacity_ledger.x does not exist",
        "",
    ),
    "a rhythm by a text": (
        "tables.capacity_ledger.freshness.column",
        "reason",
        "column public.capacity_ledger.reason is character varying, and tells no instant",
        "",
    ),
    "a rhythm by a day of no zone": (
        "tables.dancers.freshness",
        {"column": "date_of_birth", "max_age": "1 day"},
        "date_of_birth is date. Say of which zone it is, timezone: ",
        "",
    ),
    "a rhythm by a number of no unit": (
        "tables.reservations.freshness",
        {"column": "spaces_requested", "max_age": "1 day"},
        "spaces_requested is integer. Say what it counts since 1970, unit: ",
        "",
    ),
    "a rhythm of a zone beside its own": (
        "tables.capacity_ledger.freshness.timezone",
        "UTC",
        "created_at is timestamp with time zone. Leave out timezone",
        "tables.capacity_ledger.freshness",
    ),
    "a rhythm of no zone's name": (
        "tables.dancers.freshness",
        {"column": "date_of_birth", "max_age": "1 day", "timezone": "UTC+9"},
        "'UTC+9' is no time zone's name",
        "tables.dancers.freshness.timezone",
    ),
    "a max_age that is no interval": (
        "tables.capacity_ledger.freshness.max_age",
        "two daysish",
        'invalid input syntax for type interval: "two daysish"',
        "",
    ),
    "a where that is no SQL": ("business_keys.1.where", "status =", "syntax error", ""),
    "a where of no column": ("required_values.2.where", "state = 'x'", '"state" does not', ""),
    "a where that is no condition": ("required_values.2.where", "1", "type boolean", ""),
    "a where that leaves": ("required_values.2.where", "true) and (", "syntax error", ""),
    "a bound on a text": ("allowed_values.0.min", 0, "operator does not exist", ""),
    "a rule that is no SQL": ("rules", rule("status ="), "syntax error", "rules.0 (odd).holds"),
    "a rule of no column": (
        "rules",
        rule("stat <> 'x'"),
        'Postgres refuses it: column "stat" does not exist. Correct that key\'s SQL; there the'
        " table is called reservations",
        "rules.0 (odd).holds",
    ),
    "a rule that counts": (
        "rules",
        rule("count(*) > 0"),
        "aggregate functions are not allowed in WHERE. It is about one row: aggregate others in"
        " a subquery",
        "rules.0 (odd).holds",
    ),
    "a rule of many": (
        "rules",
        rule("row_number() over () < 9"),
        "window functions are not allowed",
        "rules.0 (odd).holds",
    ),
    "a rule that is no condition": (
        "rules",
        rule("spaces_requested"),
        "must be type boolean, not type integer",
        "rules.0 (odd).holds",
    ),
    "a rule of no rows": (
        "rules",
        rule("true", where="stat = 'x'"),
        '"stat" does not exist',
        "rules.0 (odd).where",
    ),
    "a rule that observes nothing": (
        "rules",
        rule("true", observed=["x"]),
        "column public.reservations.x does not exist",
        "rules.0 (odd).observed",
    ),
    "a rule about a table without its schema": (
        "rules",
        rule("exists (select from studios where studios.id = studio_id)"),
        'relation "studios" does not exist. Correct that key\'s SQL; there the table is called'
        " reservations, and each other one by its schema and name",
        "rules.0 (odd).holds",
    ),
    "a workflow of no column": (
        "workflow",
        workflow(at={"pending": "x"}),
        "column public.reservations.x does not exist",
        "workflow.0 (odd).at.pending",
    ),
    "a workflow of times that do not compare": (
        "workflow",
        workflow(at={"pending": "approved_at", "approved": "status"}, **STEPS),
        "operator does not exist: timestamp with time zone <= text",
        "workflow.0 (odd).at",
    ),
    "a history of others": (
        "workflow",
        workflow(history=HISTORY | {"of": "change_amount"}, **STEPS),
        "operator does not exist: integer = uuid",
        "workflow.0 (odd).history.of",
    ),
    "a deleted that is none": ("tables.studios.deleted", "name", "must be type boolean", ""),
    "a reference of no rows": ("relationships.0.where", "x = 1", '"x" does not exist', ""),
    "an allowed value of no rows": ("allowed_values.0.where", "x = 1", '"x" does not exist', ""),
    "a key of no column": (
        "business_keys.0.columns",
        ["lower(nick)"],
        'column "nick" does not exist',
        "",
    ),
    "a key by the clock": (
        "business_keys.0.columns",
        ["age(now(), date_of_birth)"],
        "now is another one at every audit: write as_of",
        "",
    ),
    "a key without its end": ("business_keys.0.columns", ["lower('x"], "not SQL: ", ""),
    "a type without a column": (
        "polymorphic",
        [{"child": "dancers", "column": "x", "type_column": "y", "parents": {"S": "studios"}}],
        "column public.dancers.x does not exist",
        "polymorphic.0.column",
    ),
    "a pattern that is none": ("allowed_values.4.pattern", "[a-", "invalid regular exp", ""),
}


@pytest.mark.parametrize(("key", "value", "says", "named"), UNFIT.values(), ids=UNFIT)
def test_a_contract_of_another_database(
    overnight: Database, key: str, value: Any, says: str, named: str
) -> None:
    contract = Contract.model_validate(changed(GOOD, key, value))
    with refused(PreflightError, "contract of empwr, key " + (named or key), says):
        check_database(contract, overnight.plan.session, needed=contract.tables)


@pytest.mark.parametrize(
    "where", ["status like '%ed'", "reservations.status <> ''", "coalesce(status, '') = 'it''s'"]
)
def test_a_condition_that_postgres_takes(overnight: Database, where: str) -> None:
    contract = Contract.model_validate(changed(GOOD, "required_values.2.where", where))
    check_database(contract, overnight.plan.session)


def test_a_table_that_somebody_has_locked(overnight: Database, superuser: Connection) -> None:
    """It is not the contract's fault, and the same may work in a moment."""
    session = overnight.plan.session
    hurried = Session.alone(
        session.builder, session.settings.model_copy(update={"lock_timeout_s": 1})
    )
    with superuser.cursor() as cursor:
        cursor.execute("begin; lock table public.reservations in access exclusive mode")
        with refused(
            UnavailableError, "target 'demo'", "lock timeout", "Run again, once the other"
        ):
            check_database(overnight.plan.scope.contract, hurried)
        cursor.execute("rollback")


# What stands where a table did, and what the contract may call it.
INSTEAD = {
    "a view of some": (
        "view",
        "create view public.dancers as select * from public.dancers_then limit 1",
        "drop view public.dancers",
    ),
    "a copy of then": (
        None,
        "create materialized view public.dancers as select * from public.dancers_then",
        "drop materialized view public.dancers",
    ),
    "another server's": (
        "foreign table",
        "create foreign data wrapper far; create server far foreign data wrapper far;"
        "create foreign table public.dancers () server far;",
        "drop foreign data wrapper far cascade",
    ),
}


@pytest.mark.parametrize(("kind", "replaced", "back"), INSTEAD.values(), ids=INSTEAD)
def test_what_stands_where_a_table_did(
    overnight: Database, superuser: Connection, kind: str | None, replaced: str, back: str
) -> None:
    """Every view stands on the table that is still there, under another name."""
    contract = overnight.plan.scope.contract
    with superuser.cursor() as cursor:
        cursor.execute("alter table public.dancers rename to dancers_then")
        try:
            cursor.execute(replaced)
            says = f"public.dancers is a {kind or 'materialized view'}, and no table"
            with refused(PreflightError, "key tables.dancers", says, "put a table back"):
                check_database(contract, overnight.plan.session)
            if kind == "view":
                check_database(
                    Contract.model_validate(changed(GOOD, "tables.dancers.kind", kind)),
                    overnight.plan.session,
                )
        finally:
            cursor.execute(back)
            cursor.execute("alter table public.dancers_then rename to dancers")


def test_names_that_would_break_a_line(overnight: Database) -> None:
    hostile = changed(GOOD, "tables.[red]\n\x1b[31m", {"key": "id"})
    contract = Contract.model_validate(hostile)
    with refused(PreflightError, "table public.[red] [31m does not exist"):
        check_database(contract, overnight.plan.session, needed=contract.tables)


def test_nothing_is_published_or_built(overnight: Database, tmp_path: Any) -> None:
    """What a plan refuses, it refuses before anything has been written."""
    contract = tmp_path / "contract.yml"
    contract.write_text(yaml.safe_dump(changed(GOOD, "required_values.0.where", "status =")))
    before = _written(overnight)
    with refused(PreflightError, "required_values.0.where"):
        make_plan("demo", contract, overnight.settings)
    assert _written(overnight) == before


def _written(database: Database) -> tuple[list[str], list[tuple[Any, ...]]]:
    reports = sorted(map(str, database.settings.reports_path.rglob("*")))
    with closing(psycopg2.connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select oid, relname, relowner from pg_class where relnamespace in"
            " ('counterfoil'::regnamespace, 'counterfoil_staging'::regnamespace) order by oid"
        )
        return reports, cursor.fetchall()


# Roles. Each of these is corrected by doing what its error says, and by nothing else.


@pytest.fixture
def weak(overnight: Database, superuser: Connection) -> Iterator[Target]:
    """A role that may log in, and nothing else."""
    with superuser.cursor() as cursor:
        cursor.execute(f'create role "{ROLE}" login')
        try:
            yield overnight.plan.session.builder.model_copy(update={"user": ROLE})
        finally:
            cursor.execute(f'reassign owned by "{ROLE}" to postgres; drop owned by "{ROLE}"')
            cursor.execute(f'drop role "{ROLE}"')


def test_a_role_that_may_not_connect_again(
    overnight: Database, superuser: Connection, weak: Target
) -> None:
    """Found once the instant is held: the whole of it is tried again, and it is said what to do."""
    follow(superuser, f'alter role "{ROLE}" connection limit 1')
    says = f'too many connections for role "{ROLE}"'
    with (
        open_snapshot(Session.alone(weak, overnight.settings)) as snapshot,
        refused(UnavailableError, says, f'ALTER ROLE "{ROLE}" CONNECTION LIMIT 7'),
        pinned_connection(snapshot),
    ):
        pass


def test_a_connection_that_is_lost_between_two_ledgers(
    overnight: Database, superuser: Connection
) -> None:
    def read(connection: sa.Connection, _ledger: str) -> None:
        pid = connection.scalar(sa.text("select pg_backend_pid()"))
        with superuser.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s, 5000)", (pid,))

    with (
        open_snapshot(overnight.plan.session) as snapshot,
        pytest.raises(UnavailableError, match="the connection was lost"),
    ):
        read_each(snapshot, ["of any name"], read, "nothing is kept")


def may_read(admin: Connection, *, but: str = "") -> None:
    with admin.cursor() as cursor:
        cursor.execute(f'grant select on all tables in schema public to "{ROLE}"')
        if but:
            cursor.execute(f'revoke select on {but} from "{ROLE}"')


def follow(admin: Connection, remedy: str) -> None:
    with admin.cursor() as cursor:
        cursor.execute(remedy)


def test_a_role_without_select(overnight: Database, superuser: Connection, weak: Target) -> None:
    may_read(superuser, but="reservations")
    with refused(
        PreflightError,
        f"target 'demo' ({ROLE}@",
        f"role {ROLE} may not read public.reservations",
        f'GRANT SELECT ON public.reservations TO "{ROLE}".',
    ) as caught:
        check_database(overnight.plan.scope.contract, Session.alone(weak, overnight.settings))
    follow(superuser, caught[0].remedy)
    with refused(PreflightError, "does not own"):
        check_database(overnight.plan.scope.contract, Session.alone(weak, overnight.settings))


@contextmanager
def closed_schema(admin: Connection) -> Iterator[None]:
    with admin.cursor() as cursor:
        cursor.execute("revoke usage on schema public from public")
        try:
            yield
        finally:
            cursor.execute("grant usage on schema public to public")


def test_a_role_without_the_schema(
    overnight: Database, superuser: Connection, weak: Target
) -> None:
    may_read(superuser)
    with closed_schema(superuser):
        with refused(
            PreflightError,
            f"role {ROLE} may not use schema public",
            f'GRANT USAGE ON SCHEMA public TO "{ROLE}".',
        ) as caught:
            check_database(overnight.plan.scope.contract, Session.alone(weak, overnight.settings))
        follow(superuser, caught[0].remedy)
        with refused(PreflightError, "does not own"):
            check_database(overnight.plan.scope.contract, Session.alone(weak, overnight.settings))


@contextmanager
def hidden_rows(admin: Connection, policy: str) -> Iterator[None]:
    with admin.cursor() as cursor:
        cursor.execute(f"create policy partial on dancers for select using ({policy})")
        cursor.execute("alter table dancers enable row level security")
        try:
            yield
        finally:
            cursor.execute("drop policy partial on dancers")
            cursor.execute("alter table dancers disable row level security")


@pytest.mark.parametrize("policy", ["first_name < 'M'", "true"])
def test_row_level_security(
    overnight: Database, superuser: Connection, weak: Target, policy: str
) -> None:
    may_read(superuser)
    with hidden_rows(superuser, policy):
        with refused(
            PreflightError,
            f"row-level security hides rows of public.dancers from role {ROLE}",
            f'ALTER ROLE "{ROLE}" BYPASSRLS.',
        ) as caught:
            check_database(overnight.plan.scope.contract, Session.alone(weak, overnight.settings))
        follow(superuser, caught[0].remedy)
        with refused(PreflightError, "does not own"):
            check_database(overnight.plan.scope.contract, Session.alone(weak, overnight.settings))


def test_views_of_another_role(overnight: Database, superuser: Connection, weak: Target) -> None:
    may_read(superuser)
    with refused(
        PreflightError,
        f"role {ROLE} does not own SCHEMA counterfoil, and cannot rebuild it",
        f'ALTER SCHEMA counterfoil OWNER TO "{ROLE}"; ALTER VIEW counterfoil.',
    ) as caught:
        check_database(overnight.plan.scope.contract, Session.alone(weak, overnight.settings))
    follow(superuser, caught[0].remedy)
    check_database(overnight.plan.scope.contract, Session.alone(weak, overnight.settings))


@pytest.fixture
def bare(superuser: Connection) -> Iterator[str]:
    """The name of a database that has the application's tables, and no schema of ours."""
    host = superuser.get_dsn_parameters()["host"]
    with (
        closing(psycopg2.connect(host=host, user="postgres", dbname="postgres")) as admin,
        admin.cursor() as cursor,
    ):
        admin.autocommit = True
        cursor.execute(f"create database {BARE}")
        try:
            with (
                closing(psycopg2.connect(host=host, user="postgres", dbname=BARE)) as connection,
                connection,
                connection.cursor() as inside,
            ):
                inside.execute((ROOT / "demo/empwr/schema.sql").read_text())
                inside.execute(f'grant select on all tables in schema public to "{ROLE}"')
            yield BARE
        finally:
            cursor.execute(f"drop database {BARE} with (force)")


def test_a_role_that_may_not_create_a_schema(
    overnight: Database, superuser: Connection, weak: Target, bare: str
) -> None:
    builder = weak.model_copy(update={"dbname": bare})
    with refused(
        PreflightError,
        f"role {ROLE} may not create schema counterfoil",
        f'GRANT CREATE ON DATABASE {bare} TO "{ROLE}", or CREATE SCHEMA counterfoil',
    ) as caught:
        check_database(overnight.plan.scope.contract, Session.alone(builder, overnight.settings))
    follow(superuser, caught[0].remedy.split(", or")[0])
    check_database(overnight.plan.scope.contract, Session.alone(builder, overnight.settings))


def test_an_auditor_without_rights_on_the_views(
    overnight: Database, superuser: Connection, weak: Target
) -> None:
    with refused(
        PreflightError,
        f"target 'demo' ({ROLE}@",
        f"role {ROLE} may not read the views of schema counterfoil",
        f'GRANT USAGE ON SCHEMA counterfoil, counterfoil_staging TO "{ROLE}"; GRANT SELECT ON',
    ) as caught:
        check_auditor(Session.alone(weak, overnight.settings))
    follow(superuser, caught[0].remedy)
    check_auditor(Session.alone(weak, overnight.settings))


def test_an_auditor_of_another_database(overnight: Database, weak: Target, bare: str) -> None:
    auditor = weak.model_copy(update={"dbname": bare})
    with refused(PreflightError, f"/{bare})", "hold no views", "Point it at the database"):
        check_auditor(Session.alone(auditor, overnight.settings))
