"""What a policy amounts to between tenants, by the form of its expression, and by trying it.

Lawful forms are those of the documentation of Postgres and Supabase; each other one shows
rows to somebody who is not their tenant.
"""

from collections.abc import Iterator

import pytest
from conftest import Database
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.audit.policy_expressions import Asks, Rows, asks
from counterfoil.audit.probes import of_strangers, row_security_isolates
from counterfoil.postgres.instant import OpenTransaction, open_transaction, pinned_connection

_APPLICATION = """
    create schema auth;
    create schema forms_of;
    create function auth.uid() returns uuid stable language sql
        as $$ select nullif(current_setting('claims.sub', true), '')::uuid $$;
    create function auth.jwt() returns jsonb stable language sql
        as $$ select current_setting('claims', true)::jsonb $$;
    create function auth.role() returns text stable language sql
        as $$ select current_setting('claims.role', true) $$;
    create function auth.is_member(uuid) returns boolean stable security definer language sql
        as $$ select $1 = auth.uid() $$;
    create function auth.is_admin() returns boolean stable language sql as $$ select false $$;
    create function auth.merchants() returns setof uuid stable language sql
        as $$ select auth.uid() $$;
    create function auth.is_even(uuid) returns boolean immutable language sql
        as $$ select $1::text ~ '[02468]$' $$;
    create table forms_of.merchants (id uuid);
    create table forms_of.products (id uuid, merchant_id uuid);
    create table auth.members (merchant_id uuid, user_id uuid, role text, active boolean);
    create table forms_of.forms (
        id uuid primary key,
        merchant_id uuid not null,
        "(odd} \\name" uuid,
        parent_id uuid,
        owner_name name,
        title text,
        is_public boolean
    );
"""

_ONE = "'00000000-0000-0000-0000-000000000001'"
_SET = "current_setting('app.merchant', true)"

_WALLED = [
    "merchant_id = auth.uid()",
    "(select auth.uid()) = merchant_id",
    "auth.uid() = merchant_id and not is_public",
    "merchant_id = (auth.jwt() ->> 'merchant_id')::uuid",
    "merchant_id = ((auth.jwt() -> 'app_metadata') ->> 'merchant_id')::uuid",
    f"merchant_id::text = {_SET}",
    f"merchant_id = nullif({_SET}, '')::uuid",
    f"merchant_id = (select nullif({_SET}, '')::uuid)",
    f"merchant_id = any (string_to_array({_SET}, ',')::uuid[])",
    f"merchant_id = coalesce({_SET}::uuid, {_ONE})",
    "merchant_id in (select merchant_id from auth.members where user_id = auth.uid())",
    "merchant_id in (select m.merchant_id from auth.members as m"
    " where m.user_id = (select auth.uid()) and m.role in ('owner', 'admin'))",
    "merchant_id = (select merchant_id from auth.members where user_id = auth.uid() limit 1)",
    "merchant_id = (select (array_agg(merchant_id))[1] from auth.members"
    " where user_id = auth.uid())",
    "merchant_id in (select auth.merchants())",
    "merchant_id = any (array(select auth.merchants()))",
    "exists (select from auth.members as m"
    " where m.merchant_id = forms.merchant_id and m.user_id = auth.uid() and m.active)",
    "exists (select from auth.members as m join forms_of.merchants on merchants.id = m.merchant_id"
    " where merchants.id = forms.merchant_id and m.user_id = auth.uid())",
    "exists (select from auth.members as m where m.merchant_id = forms.merchant_id"
    " and (m.user_id = auth.uid() or m.role = current_user))",
    "auth.uid() in (select user_id from auth.members"
    " where members.merchant_id = forms.merchant_id)",
    "(merchant_id, parent_id) in"
    " (select merchant_id, user_id from auth.members where user_id = auth.uid())",
    "exists (select from forms_of.products where products.id::text = forms.title"
    " and products.merchant_id = auth.uid())",
    "auth.is_member(merchant_id)",
    "(select auth.is_member(forms.merchant_id))",
    "not auth.is_even(merchant_id) and auth.is_member(merchant_id)",
    "merchant_id = auth.uid() or auth.is_member(merchant_id)",
    "merchant_id = auth.uid() or auth.is_admin()",
    "merchant_id = auth.uid() or merchant_id is null",
    "merchant_id = auth.uid() and (is_public or parent_id = auth.uid())",
    "merchant_id = auth.uid() and coalesce(is_public, true)",
    "case when auth.uid() is null then false else merchant_id = auth.uid() end",
    "coalesce(merchant_id = auth.uid(), false)",
    "(merchant_id = auth.uid()) is true",
    "merchant_id is not distinct from auth.uid()",
    "array[merchant_id] <@ array[auth.uid()]",
    "auth.jwt() -> 'merchants' ? merchant_id::text",
    "owner_name = current_user and auth.is_member(merchant_id)",
    "pg_has_role(merchant_id::text, 'member')",
    'auth.uid() = (select merchant_id as "[O]}" from (select \'{\' as "(u)") as "W0 :opno")',
    "exists (select from unnest(array[forms.merchant_id]) as owner (id)"
    " where owner.id = auth.uid())",
    "merchant_id in (select p.merchant_id from auth.members as m"
    " join forms_of.products as p on p.merchant_id = m.merchant_id"
    " where m.user_id = auth.uid())",
    "case when auth.is_admin() then true else merchant_id = auth.uid() end",
    "case when merchant_id = auth.uid() then is_public end",
    "parent_id in (select id from forms_of.products where merchant_id = auth.uid())",
    "parent_id = any (array(select id from forms_of.products where merchant_id = auth.uid()))",
    "exists (select from forms_of.products as p join auth.members as m using (merchant_id)"
    " where p.id = forms.parent_id and m.user_id = auth.uid())",
    "exists (select from forms_of.products as p where p.id = forms.parent_id and p.merchant_id in"
    " (select m.merchant_id from auth.members as m where m.user_id = auth.uid()))",
    "(select m.active from auth.members as m"
    " where m.merchant_id = forms.merchant_id and m.user_id = auth.uid())",
    "false",
    "null",
]

_SHOWS = [
    "true",
    "is_public",
    "merchant_id is not null",
    "not (merchant_id is null)",
    "merchant_id = merchant_id",
    f"merchant_id > {_ONE}",
    f"merchant_id = any (array[{_ONE}, {_ONE}]::uuid[])",
    f"merchant_id in ({_ONE}, {_ONE})",
    f"coalesce(merchant_id = {_ONE}, true)",
    f"case when merchant_id = {_ONE} then true else true end",
    "merchant_id is null or true",
    "merchant_id = auth.uid() or true",
    f"{_SET} is null or merchant_id = {_SET}::uuid",
    f"nullif({_SET}, '') is null or merchant_id = {_SET}::uuid",
    "coalesce(merchant_id = auth.uid(), true)",
    "case when auth.uid() is null then true else merchant_id = auth.uid() end",
    "auth.uid() is null or merchant_id = auth.uid()",
    f"merchant_id = {_SET}::uuid or (select true)",
    "'yes'::text::boolean",
    "auth.uid() is not null",
    "auth.uid() is not null and merchant_id is not null",
    "auth.role() = 'authenticated' and merchant_id is not null",
    "auth.is_admin() and length(merchant_id::text) > 0",
    "owner_name = current_user",
    "exists (select from auth.members as m where m.user_id = auth.uid())",
    "exists (select from auth.members as m"
    " where m.merchant_id = m.merchant_id and m.user_id = auth.uid())",
    "exists (select from auth.members as m where m.user_id = auth.uid()"
    f" and forms.merchant_id <> {_ONE})",
    "exists (select auth.is_member(forms.merchant_id))",
    "(select count(*) from auth.members where user_id = auth.uid()) >= 0"
    " and merchant_id is not null",
]

_CANNOT_BE_TOLD = [
    f"coalesce({_SET}, '') = '' or merchant_id = {_SET}::uuid",
    f"(merchant_id = {_SET}::uuid) is not false",
    f"merchant_id = coalesce({_SET}::uuid, merchant_id)",
    f"merchant_id is not distinct from coalesce({_SET}::uuid, merchant_id)",
    "greatest(merchant_id = auth.uid(), true)",
    "(merchant_id = auth.uid()) <> false",
    "merchant_id <> auth.uid()",
    "merchant_id >= auth.uid()",
    "not (merchant_id = auth.uid())",
    "merchant_id <> all (array[auth.uid()])",
    "merchant_id = auth.uid() or is_public",
    "merchant_id = auth.uid() or title <> ''",
    "merchant_id = auth.uid() or auth.uid() is not null",
    "merchant_id = auth.uid() or auth.role() = 'authenticated'",
    f"{_SET} like '%' || merchant_id::text || '%'",
    "auth.is_even(merchant_id)",
    "merchant_id in (select merchant_id from auth.members)",
    "merchant_id in (select merchant_id from auth.members where user_id = auth.uid() or true)",
    "merchant_id in (select merchant_id from auth.members where user_id = auth.uid()"
    " union select id from forms_of.merchants)",
    "merchant_id not in (select merchant_id from auth.members where user_id = auth.uid())",
    "exists (select from auth.members as m where m.merchant_id = forms.merchant_id)",
    "exists (select from auth.members as m"
    " where m.merchant_id = forms.merchant_id or m.user_id = auth.uid())",
    "exists (select from auth.members as m left join forms_of.products on m.user_id = auth.uid()"
    " where m.merchant_id = forms.merchant_id)",
    "exists (select count(*) from auth.members as m"
    " where m.merchant_id = forms.merchant_id and m.user_id = auth.uid())",
    # Any member of anything sees what any merchant has products of.
    "exists (select from auth.members as m cross join forms_of.products as p"
    " where p.merchant_id = forms.merchant_id and m.user_id = auth.uid())",
    "merchant_id in (select p.merchant_id from auth.members as m, forms_of.products as p"
    " where m.user_id = auth.uid())",
    "auth.uid() in (select other.user_id from auth.members as m, auth.members as other"
    " where m.merchant_id = forms.merchant_id)",
    "auth.uid() in (select unnest(array[forms.merchant_id]))",
    "exists (select from auth.members as m, auth.members as other"
    " where m.merchant_id = forms.merchant_id"
    " and (m.user_id = auth.uid() or other.user_id = auth.uid()))",
    "array[merchant_id] @> array(select auth.merchants())",
    "merchant_id = any (array[auth.uid(), merchant_id])",
    "(merchant_id = auth.uid()) is distinct from false",
    "nullif(merchant_id = auth.uid(), false)",
    "not exists (select from auth.members as m"
    " where m.merchant_id = forms.merchant_id and m.user_id = auth.uid())",
]

# Those that are not immutable.
_FUNCTIONS = {
    "auth.uid", "auth.jwt", "auth.role", "auth.is_member", "auth.is_admin", "auth.merchants",
}  # fmt: skip


@pytest.fixture(scope="module")
def transaction(market: Database) -> Iterator[OpenTransaction]:
    with open_transaction(market.plan.session.builder, market.settings) as transaction:
        yield transaction


@pytest.fixture
def cursor(transaction: OpenTransaction) -> Iterator[Cursor]:
    with transaction.connection.cursor() as cursor:
        cursor.execute("savepoint lawful")
        yield cursor
        cursor.execute("rollback to savepoint lawful")


def _as_postgres_writes(form: str, cursor: Cursor) -> str:
    """The expression, and its functions that need not answer everybody the same."""
    cursor.execute(f"create policy form on forms_of.forms using ({form})")
    cursor.execute(
        "select pg_get_expr(polqual, polrelid) from pg_policy"
        " where polrelid = 'forms_of.forms'::regclass"
    )
    (expression,) = cursor.fetchone()
    cursor.execute("drop policy form on forms_of.forms")
    return expression


@pytest.mark.parametrize(
    ("amounts_to", "forms"),
    [
        ({Asks.WALLS, Asks.FALSE}, _WALLED),
        ({Asks.TRUE, Asks.ROWS, Asks.UNSET, Asks.ALLOWED, Asks.NOBODYS}, _SHOWS),
        ({Asks.UNTOLD}, _CANNOT_BE_TOLD),
    ],
    ids=["walled", "shows", "cannot be told"],
)
def test_what_a_policy_amounts_to(amounts_to: set[Asks], forms: list[str], cursor: Cursor) -> None:
    rows = Rows(alias="forms", owners=frozenset({"merchant_id", "(odd} \\name"}))
    cursor.execute(_APPLICATION)
    written = {form: _as_postgres_writes(form, cursor) for form in forms}
    said = {form: asks(expression, rows, _FUNCTIONS) for form, expression in written.items()}
    assert not {form: found for form, found in said.items() if found not in amounts_to}


@pytest.mark.parametrize("expression", ["merchant_id = (", "not (" * 99 + "true" + ")" * 99])
def test_what_cannot_be_parsed_cannot_be_told(expression: str) -> None:
    assert asks(expression, Rows(alias="forms"), ()) is Asks.UNTOLD


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ("", []),
        (
            "create policy anybody on public.orders using"
            " (nullif(current_setting('market.merchant_id', true), '') is null)",
            ["orders for market_app: role market_app sees 2 rows of orders, and is to see none"],
        ),
    ],
)
def test_who_has_not_said_who_they_are_sees_nothing(
    policy: str, found: list[str], market: Database, transaction: OpenTransaction, cursor: Cursor
) -> None:
    cursor.execute(policy or "select")
    with pinned_connection(transaction) as connection:
        locate = market.plan.scope.contract.locate
        probes = of_strangers(connection, ["market_app"], locate)
        check = row_security_isolates(connection, probes)
    assert [finding.message for finding in check.findings] == found
    assert check.detail is None
    assert {placed.probe.table for placed in probes} >= {"orders", "products"}
