"""Reading what row security there is against those who come from outside, tenant or not."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.audit.policy_expressions import Asks, Rows, asks
from counterfoil.contract.clauses import label, locate

# What Supabase makes and changes itself, in a database that has its roles.
PLATFORM_SCHEMAS = frozenset({
    "_analytics", "_realtime", "_supavisor", "auth", "cron", "extensions", "graphql",
    "graphql_public", "net", "pgbouncer", "pgmq", "pgsodium", "pgsodium_masks", "realtime",
    "storage", "supabase_functions", "supabase_migrations", "vault",
})  # fmt: skip

_IS_PLATFORM = """
    select count(*) = 2 and to_regprocedure('auth.uid()') is not null
    from pg_catalog.pg_roles
    where rolname in ('anon', 'authenticated')
"""

# Of each schema and role whether it may use the schema, and whether a view shows it rows there.
_SCHEMAS = """
    select
        namespace.nspname,
        visitor.rolname,
        pg_catalog.has_schema_privilege(visitor.oid, namespace.oid, 'usage'),
        exists (
            select from pg_catalog.pg_class as relation
            where relation.relnamespace = namespace.oid
                and relation.relkind in ('v', 'm')
                and pg_catalog.has_any_column_privilege(visitor.oid, relation.oid, 'select')
                and not exists (
                    select from pg_catalog.pg_depend as membership
                    where membership.classid = 'pg_catalog.pg_class'::regclass
                        and membership.objid = relation.oid
                        and membership.deptype = 'e'
                )
        )
    from pg_catalog.pg_namespace as namespace
    cross join pg_catalog.pg_roles as visitor
    where namespace.nspname !~ '^(pg_|information_schema$|counterfoil)'
        and visitor.rolname = any(%s)
"""

# Permissive policies for anybody whom row security holds, with what they speak of.
_POLICIES = """
    select
        namespace.nspname,
        relation.relname,
        policy.polname,
        case when policy.polcmd <> 'a' then
            coalesce(pg_catalog.pg_get_expr(policy.polqual, policy.polrelid), 'true')
        end,
        pg_catalog.pg_get_expr(policy.polwithcheck, policy.polrelid),
        columns.own,
        columns.others,
        array(
            select distinct schema.nspname || '.' || function.proname
            from pg_catalog.pg_depend as dependency
            join pg_catalog.pg_proc as function on function.oid = dependency.refobjid
            join pg_catalog.pg_namespace as schema on schema.oid = function.pronamespace
            where dependency.classid = 'pg_catalog.pg_policy'::regclass
                and dependency.objid = policy.oid
                and dependency.refclassid = 'pg_catalog.pg_proc'::regclass
                and function.provolatile <> 'i'
        ),
        exists (
            select from pg_catalog.pg_policy as other
            where other.polrelid = policy.polrelid and not other.polpermissive
        )
    from pg_catalog.pg_policy as policy
    join pg_catalog.pg_class as relation on relation.oid = policy.polrelid
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    cross join lateral (
        select
            coalesce(array_agg(distinct attribute.attname::text) filter (
                where dependency.refobjid = policy.polrelid
            ), '{}') as own,
            coalesce(array_agg(distinct attribute.attname::text) filter (
                where dependency.refobjid <> policy.polrelid
            ), '{}') as others
        from pg_catalog.pg_depend as dependency
        join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = dependency.refobjid
            and attribute.attnum = dependency.refobjsubid
        where dependency.classid = 'pg_catalog.pg_policy'::regclass
            and dependency.objid = policy.oid
            and dependency.refclassid = 'pg_catalog.pg_class'::regclass
            and dependency.refobjsubid > 0
    ) as columns
    where policy.polpermissive
        and namespace.nspname = any(%s)
        and (
            0 = any(policy.polroles)
            or exists (
                select from pg_catalog.pg_roles
                where oid = any(policy.polroles) and not rolsuper and not rolbypassrls
            )
        )
    order by 1, 2, 3
"""


@dataclass(frozen=True)
class Walls:
    """Row security: whom it is against, and what its policies say.

    Attributes:
        visitors: the roles of those who come from outside; none where nobody does.
        provided: the platform's schemas.
        required: the tables that must have row security, or globs; without any, all of schemas
            that visitors may use.
        unwalled: tables of such schemas that have none, where no platform asks for it.
        owner_columns: those that policies hold against who is there, and of which tables.
        shared: by table the policies that show rows without asking for their owner.
    """

    visitors: tuple[str, ...] = ()
    provided: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    unwalled: tuple[str, ...] = ()
    owner_columns: Mapping[str, Collection[str]] = field(default_factory=dict)
    shared: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Policy:
    table: str
    relation: str
    name: str
    seen: str | None
    written: str | None
    own_columns: Collection[str]
    other_columns: Collection[str]
    functions: Collection[str]
    is_narrowed: bool

    def asked(self, expression: str, owners: Iterable[str]) -> Asks:
        rows = Rows(self.relation, frozenset(owners).intersection(self.own_columns))
        return asks(expression, rows, self.functions)

    def owners(self) -> set[str]:
        """The columns that it compares with who is there, of its table or of another."""
        found: set[str] = set()
        for expression in filter(None, (self.seen, self.written)):
            if self.asked(expression, ()) in _OPEN:
                found |= {
                    one for one in self.own_columns if self.asked(expression, [one]) not in _OPEN
                }
            who = "|".join(map(re.escape, self.functions))
            for column in self.other_columns if who else ():
                name = rf'\b"?{re.escape(column)}"?'
                is_held = rf"{name} = \(*\s*(select )?({who})\(|({who})\(\)[^=]*\) = \S*{name}"
                if re.search(is_held, expression, re.IGNORECASE):
                    found.add(column)
        return found

    def shows_all(self, owners: Collection[str]) -> bool:
        """Whether it shows rows without asking whose they are, or that cannot be told."""
        if self.seen is None or self.is_narrowed:
            return False
        names_owner = not {*self.own_columns}.isdisjoint(owners) or (
            bool(self.own_columns) and not {*self.other_columns}.isdisjoint(owners)
        )
        asked = self.asked(self.seen, owners)
        return asked is not Asks.FALSE and not (names_owner and asked is Asks.WALLS)


_OPEN = (Asks.TRUE, Asks.ROWS, Asks.ALLOWED, Asks.NOBODYS, Asks.UNSET)


def is_platform(connection: Connection) -> bool:
    """Whether the database is Supabase's to run: some of its schemas are not the application's."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_PLATFORM)
        ((found,),) = cursor.fetchall()
    return bool(found)


def read_walls(
    connection: Connection,
    schemas: Sequence[str],
    tables: Mapping[str, bool],
    privileges: Mapping[str, Collection[str]],
    provided: frozenset[str],
) -> Walls | None:
    """The walls of the schemas; None where there are none, nor a platform that lets visitors in.

    Args:
        connection: one that reads the catalog.
        schemas: the contract's.
        tables: its tables, and whether they have row security.
        privileges: by each role that may come from outside what it holds.
        provided: the schemas of the platform's.
    """
    walled = sorted(name for name, is_walled in tables.items() if is_walled)
    if not (walled or provided):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMAS, (list(privileges),))
        rights = cursor.fetchall()
        cursor.execute(_POLICIES, (list(schemas),))
        policies = [_Policy(label(row[0], row[1], schemas), *row[1:]) for row in cursor]
    shown = {role for schema, role, may_use, shows in rights if may_use and shows}
    visitors = [role for role, held in privileges.items() if held or provided or role in shown]
    exposed = {schema for schema, role, may_use, _ in rights if may_use and role in visitors}
    owners: dict[str, set[str]] = {}
    for policy in policies:
        for column in policy.owners():
            owners.setdefault(column, set()).add(policy.table)
    shared: dict[str, list[str]] = {}
    for policy in policies:
        if policy.shows_all(owners.keys()):
            shared.setdefault(policy.table, []).append(policy.name)
    owner_columns = dict(sorted(owners.items()))
    if exposed.isdisjoint(schemas) and not shown:
        return Walls(owner_columns=owner_columns, shared=shared)
    within = {name for name in tables if locate(name, schemas)[0] in exposed}
    unwalled = [] if provided else sorted(within.difference(walled))
    behind = [name for name in walled if name not in within]
    return Walls(
        visitors=tuple(visitors),
        provided=tuple(sorted({schema for schema, *_ in rights} & provided)),
        # Supabase's linter asks for it in every table; elsewhere some may be open on purpose.
        required=tuple(walled if unwalled else ["*", *behind] if behind else []),
        unwalled=tuple(unwalled),
        owner_columns=owner_columns,
        shared=shared,
    )
