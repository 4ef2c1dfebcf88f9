"""Audits with the roles of `counterfoil grants`: enough to audit, too little to write."""

from collections import deque
from collections.abc import Iterator

import psycopg2
import pytest
from conftest import Database
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from refusals import assert_one_line
from walls import AUDITOR, BUILDER, READER, Walled, found, walled

from counterfoil.common.errors import CounterfoilError

TABLES = (
    "tenants",
    "studios",
    "dancers",
    "competitions",
    "reservations",
    "competition_entries",
    "capacity_ledger",
)

# Everything that could change a table of the application, what it holds, or who may.
WRITES = {
    "insert": "insert into public.{table} select * from public.{table}",
    "insert defaults": "insert into public.{table} default values",
    "update": "update public.{table} set id = id",
    "delete": "delete from public.{table}",
    "merge": "merge into public.{table} as old using (select 1 as one) as new on true"
    " when matched then delete",
    "truncate": "truncate public.{table} cascade",
    "copy": "copy public.{table} from program 'true'",
    "lock": "do $$ begin lock table public.{table} in share mode; end $$",
    "lock rows": "select from public.{table} for update",
    "share rows": "select from public.{table} for key share",
    "add a column": "alter table public.{table} add column mine int",
    "drop a column": "alter table public.{table} drop column tenant_id cascade",
    "disable triggers": "alter table public.{table} disable trigger all",
    "enable policies": "alter table public.{table} enable row level security",
    "policy": "create policy mine on public.{table} using (false)",
    "rename": "alter table public.{table} rename to taken",
    "own": "alter table public.{table} owner to current_user",
    "move": "alter table public.{table} set schema counterfoil",
    "inherit": "create temp table mine () inherits (public.{table})",
    "trigger": "create trigger mine before update on public.{table} for each row"
    " execute function suppress_redundant_updates_trigger()",
    "rule": "create rule mine as on insert to public.{table} do instead nothing",
    "index": "create unique index mine on public.{table} (id)",
    "statistics": "create statistics mine on id, tenant_id from public.{table}",
    "reference": "create table {own}.mine (id uuid references public.{table} (id))",
    "comment": "comment on table public.{table} is 'mine'",
    "drop": "drop table public.{table} cascade",
    "cluster": "cluster public.{table} using {table}_pkey",
    "reindex": "reindex table public.{table}",
}
# Once, and not for each table.
FURTHER_WRITES = {
    "a table of its own": "create table public.mine ()",
    "a function of its own": "create function public.mine() returns int return 1",
    "drop the schema": "drop schema public cascade",
    "become the owner": "set role postgres",
    "become anybody": "set session authorization postgres",
    "silence triggers": "set session_replication_role = replica",
    "read files": "select pg_read_file('postgresql.conf')",
    "write files": "copy (select 1) to '/tmp/mine'",
    "run programs": "copy (select 1) to program 'true'",
    "another role": "create role mine superuser",
    "all rights": "alter role current_user superuser",
    "the server's settings": "alter system set fsync = off",
}


@pytest.fixture(scope="module")
def books(overnight: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walled]:
    """A database behind walls, of which one audit has been made."""
    folder = tmp_path_factory.mktemp("walls")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        with walled(overnight.plan.session.builder, "walls", folder) as books:
            books.audit()
            yield books


def test_an_audit_finds_with_the_roles_what_a_superuser_finds(
    books: Walled, overnight: Database
) -> None:
    before = books.books()
    assert found(books.audit()) == found(overnight.audit())
    assert books.books() == before


def _code(cursor: Cursor, statement: str | sql.Composable) -> str | None:
    """What Postgres says against it; None if it does it."""
    try:
        cursor.execute(statement)
    except psycopg2.Error as refused:
        return refused.pgcode
    return None


@pytest.mark.parametrize("role", ["builder", "auditor", "historian", "reader"])
def test_no_role_can_write_to_the_application(books: Walled, role: str) -> None:
    """Whatever it tries, and though it takes back what its sessions are set to."""
    before = books.books()
    own = "counterfoil_history" if role == "historian" else "counterfoil"
    attempts = [
        statement.format(table=table, own=own) for table in TABLES for statement in WRITES.values()
    ] + list(FURTHER_WRITES.values())
    with books.connect(getattr(books, role)) as connection, connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = off; set statement_timeout = '5s'")
        for attempt in attempts:
            assert _code(cursor, attempt) == "42501", attempt
        for table in TABLES:
            # Of the builder, who has a right but not that to pass it on, Postgres only warns.
            _code(cursor, f"grant all on public.{table} to public")
    assert books.books() == before


@pytest.mark.parametrize("role", ["builder", "auditor", "historian", "reader"])
def test_no_role_can_write_through_the_views(books: Walled, role: str) -> None:
    """Postgres would pass a write to a simple view on to its table; here none is."""
    before = books.books()
    with books.connect() as superuser, superuser.cursor() as cursor:
        cursor.execute(
            "select table_schema, table_name, is_updatable from information_schema.views"
            " where table_schema in ('counterfoil', 'counterfoil_staging')"
        )
        views = cursor.fetchall()
    assert {updatable for _, _, updatable in views} == {"NO"}
    with books.connect(getattr(books, role)) as connection, connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = off")
        for schema, view, _ in views:
            for write in ("delete from {}", "insert into {} default values"):
                statement = sql.SQL(write).format(sql.Identifier(schema, view))
                # The second: a view that is no single table takes no write from anybody.
                assert _code(cursor, statement) in ("42501", "55000"), (view, write)
    assert books.books() == before


@pytest.mark.parametrize("role", ["auditor", "historian", "reader"])
def test_only_the_builder_reads_the_tables(books: Walled, role: str) -> None:
    with books.connect(getattr(books, role)) as connection, connection.cursor() as cursor:
        for table in TABLES:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"select from public.{table}")


def test_a_reader_reads_the_views_and_not_what_is_under_them(books: Walled) -> None:
    with books.connect() as superuser, superuser.cursor() as cursor:
        cursor.execute("select viewname from pg_views where schemaname = 'counterfoil'")
        views = [name for (name,) in cursor.fetchall()]
    with books.connect(books.reader) as connection, connection.cursor() as cursor:
        for view in views:
            cursor.execute(f"select * from counterfoil.{view}")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("select from counterfoil_staging.catalog_tables")


def test_no_view_shows_a_reader_a_personal_value(books: Walled) -> None:
    """Every dancer is given names that are found again wherever they show."""
    with books.connect() as superuser, superuser.cursor() as cursor:
        cursor.execute("select viewname from pg_views where schemaname = 'counterfoil'")
        views = [name for (name,) in cursor.fetchall()]
        cursor.execute("create temp table kept as select * from public.dancers")
        cursor.execute(
            "update public.dancers set first_name = 'Zzyzx', last_name = 'Zzyzx',"
            " date_of_birth = '1907-01-09'"
        )
        try:
            with books.connect(books.reader) as connection, connection.cursor() as reading:
                for view in views:
                    reading.execute(f"select v::text from counterfoil.{view} as v")
                    rows = str(reading.fetchall())
                    assert "Zzyzx" not in rows, view
                    assert "1907-01-09" not in rows, view
        finally:
            cursor.execute(
                "update public.dancers set first_name = kept.first_name,"
                " last_name = kept.last_name, date_of_birth = kept.date_of_birth"
                " from kept where kept.id = dancers.id"
            )


def _relations(cursor: Cursor, schema: str) -> dict[str, list[str]]:
    """The columns of each table or view of a schema, as text."""
    cursor.execute(
        "select format('%%I.%%I', %s, relname), array_agg(format('%%I::text', attname))"
        " from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0"
        " where relnamespace = %s::regnamespace and relkind in ('r', 'v') group by relname",
        (schema, schema),
    )
    return dict(cursor.fetchall())


def _values(cursor: Cursor, relations: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    for relation, columns in relations.items():
        cursor.execute(f"select unnest(array[{', '.join(columns)}]) from {relation}")
        found |= {value for (value,) in cursor if value}
    return found


def test_no_function_of_a_readers_sees_more_than_the_views_show(books: Walled) -> None:
    """Cheaper than a view's own condition, it would be asked about the rows that are left out."""
    with books.connect() as superuser, superuser.cursor() as cursor:
        held = _values(cursor, _relations(cursor, "public"))
    with books.connect(books.reader) as connection, connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = off")
        cursor.execute(
            "create function pg_temp.peek(text) returns boolean language plpgsql cost 0.000001"
            " as $$ begin raise notice '%', $1; return true; end $$"
        )
        views = _relations(cursor, "counterfoil")
        shown = _values(cursor, views)
        peeked = {}
        for view, columns in views.items():
            # Of a list psycopg2 would keep the last fifty.
            connection.notices = deque()
            peeks = " and ".join(f"pg_temp.peek({column})" for column in columns)
            cursor.execute(f"select from {view} where {peeks}")
            peeked[view] = {notice.removeprefix("NOTICE:  ")[:-1] for notice in connection.notices}
    assert held & shown & set().union(*peeked.values())
    assert {view for view, seen in peeked.items() if seen & held - shown} == set()


@pytest.mark.parametrize("role", ["builder", "auditor", "reader"])
def test_history_is_its_writers_alone(books: Walled, role: str) -> None:
    with books.connect(books.historian) as connection, connection.cursor() as cursor:
        cursor.execute("create table counterfoil_history.nights (night date)")
        try:
            with books.connect(getattr(books, role)) as other, other.cursor() as reading:
                reading.execute("set default_transaction_read_only = off")
                reading.execute("select from counterfoil_history.nights")
                for write in (
                    "insert into counterfoil_history.nights values (null)",
                    "delete from counterfoil_history.nights",
                    "drop table counterfoil_history.nights",
                    "create table counterfoil_history.mine ()",
                ):
                    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                        reading.execute(write)
        finally:
            cursor.execute("drop table counterfoil_history.nights")


# What to take away, and what puts it back, word for word in the error.
MISSING = {
    "connect, of the builder": (
        "revoke connect on database walls from public, {builder}",
        "GRANT CONNECT ON DATABASE walls TO {builder}",
    ),
    "connect, of the auditor": (
        "revoke connect on database walls from public, {auditor}",
        "GRANT CONNECT ON DATABASE walls TO {auditor}",
    ),
    "the application's schema": (
        "revoke usage on schema public from public, {builder}",
        "GRANT USAGE ON SCHEMA public TO {builder}",
    ),
    **{
        f"table {table}": (
            f"revoke select on public.{table} from {{builder}}",
            f"GRANT SELECT ON public.{table} TO {{builder}}",
        )
        for table in TABLES
    },
    "our schema": (
        "alter schema counterfoil owner to postgres",
        "ALTER SCHEMA counterfoil OWNER TO {builder}",
    ),
    "our views' schema, of the auditor": (
        "revoke usage on schema counterfoil from {auditor}",
        "GRANT USAGE ON SCHEMA counterfoil, counterfoil_staging TO {auditor}",
    ),
    "the staging schema, of the auditor": (
        "revoke usage on schema counterfoil_staging from {auditor}",
        "GRANT USAGE ON SCHEMA counterfoil, counterfoil_staging TO {auditor}",
    ),
    "one view, of the auditor": (
        "revoke select on counterfoil.ledger_balances from {auditor}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA counterfoil, counterfoil_staging TO {auditor}",
    ),
    "one staging view, of the auditor": (
        "revoke select on counterfoil_staging.empty_tables from {auditor}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA counterfoil, counterfoil_staging TO {auditor}",
    ),
}


@pytest.mark.parametrize(("taken", "remedy"), MISSING.values(), ids=MISSING)
def test_one_grant_missing_is_named_with_the_grant_that_restores_it(
    books: Walled, taken: str, remedy: str
) -> None:
    names = {
        "builder": '"' + BUILDER.replace('"', '""') + '"',
        "auditor": f'"{AUDITOR}"',
    }
    with books.connect() as superuser, superuser.cursor() as cursor:
        cursor.execute(taken.format(**names))
        try:
            with pytest.raises(CounterfoilError) as refused:
                books.audit()
            assert_one_line(str(refused.value))
            assert remedy.format(**names) in refused.value.remedy
            cursor.execute(refused.value.remedy)
            books.audit()
        finally:
            cursor.execute("grant connect on database walls to public")
            cursor.execute("grant usage on schema public to public")
            cursor.execute(books.grants)


def test_readers_of_other_names(books: Walled) -> None:
    """The reader is whoever is said to be it."""
    assert f"grant usage on schema counterfoil to {READER};" in books.grants
