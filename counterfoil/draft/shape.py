"""What the catalog holds of tables besides their keys, as far as a contract can declare it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.catalog import Catalog
from counterfoil.contract.clauses import label

# Of a table's partitions the root's alone, as with all that is asked here.
_IS_TABLE = """
    relation.relkind in ('r', 'p')
    and not relation.relispartition
    and relation.relpersistence <> 't'
    and namespace.nspname = any(%(schemas)s)
"""

_COLUMNS = f"""
    select
        namespace.nspname,
        relation.relname,
        attribute.attname,
        pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
        attribute.attnotnull or type.typnotnull
    from pg_catalog.pg_attribute as attribute
    join pg_catalog.pg_type as type on type.oid = attribute.atttypid
    join pg_catalog.pg_class as relation on relation.oid = attribute.attrelid
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where attribute.attnum > 0 and not attribute.attisdropped and {_IS_TABLE}
    order by 1, 2, attribute.attnum
"""  # noqa: S608

# The key that a table is known by is not among them, its absence is told anyway; nor is what
# an exclusion constraint stands on, which says more.
_INDEXES = f"""
    select
        namespace.nspname,
        relation.relname,
        own.relname,
        index.indisunique,
        case
            when index.indpred is null and index.indexprs is null then array(
                select attribute.attname::text
                from unnest((index.indkey::int2[])[0:index.indnkeyatts - 1])
                    with ordinality as part (number, position)
                join pg_catalog.pg_attribute as attribute
                    on attribute.attrelid = index.indrelid and attribute.attnum = part.number
                order by part.position
            )
        end
    from pg_catalog.pg_index as index
    join pg_catalog.pg_class as own on own.oid = index.indexrelid
    join pg_catalog.pg_class as relation on relation.oid = index.indrelid
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where not index.indisprimary and index.indisvalid and index.indisready and {_IS_TABLE}
        and not exists (
            select from pg_catalog.pg_constraint as held
            where held.conindid = index.indexrelid and held.contype = 'x'
        )
    order by 1, 2, 3
"""  # noqa: S608

_CONSTRAINTS = f"""
    select namespace.nspname, relation.relname, held.conname, held.contype = 'x'
    from pg_catalog.pg_constraint as held
    join pg_catalog.pg_class as relation on relation.oid = held.conrelid
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where held.contype in ('c', 'x') and {_IS_TABLE}
    order by 1, 2, 3
"""  # noqa: S608

_TRIGGERS = f"""
    select
        namespace.nspname, relation.relname, trigger.tgname, trigger.tgenabled in ('O', 'A')
    from pg_catalog.pg_trigger as trigger
    join pg_catalog.pg_class as relation on relation.oid = trigger.tgrelid
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where not trigger.tgisinternal and {_IS_TABLE}
    order by 1, 2, 3
"""  # noqa: S608

_POLICIES = f"""
    select
        namespace.nspname,
        relation.relname,
        policy.polname,
        case policy.polcmd
            when 'r' then 'select'
            when 'a' then 'insert'
            when 'w' then 'update'
            when 'd' then 'delete'
            else 'all'
        end,
        not policy.polpermissive
    from pg_catalog.pg_policy as policy
    join pg_catalog.pg_class as relation on relation.oid = policy.polrelid
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where {_IS_TABLE}
    order by 1, 2, 3
"""  # noqa: S608

# Everybody, and those who come from outside: by the names that they usually have, or because
# a role that may log in, and has no rights but by SET ROLE, may become them. Who owns relations
# is no visitor: that is how migrations are run.
_ROLES = """
    with owners as (
        select distinct relowner as role from pg_catalog.pg_class where oid >= 16384
    )
    select 'public' union all (
        select visitor.rolname::text
        from pg_catalog.pg_roles as visitor
        where visitor.rolname in ('anon', 'authenticated', 'web_anon')
            or not (
                visitor.rolcanlogin or visitor.rolsuper or visitor.rolbypassrls
                or visitor.rolcreaterole or visitor.rolcreatedb
            )
            and visitor.rolname !~ '^pg_'
            and visitor.oid not in (select role from owners)
            and exists (
                select from pg_catalog.pg_auth_members as membership
                join pg_catalog.pg_roles as gate on gate.oid = membership.member
                where membership.roleid = visitor.oid
                    and gate.rolcanlogin
                    and not (gate.rolinherit or gate.rolsuper or gate.rolbypassrls)
                    and gate.oid not in (select role from owners)
            )
        order by 1
    )
"""

# What each of them may do with a table, its partitions or one of its columns.
_PRIVILEGES = f"""
    with recursive storage as (
        select relation.oid as root, relation.oid as part
        from pg_catalog.pg_class as relation
        join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
        where {_IS_TABLE}

        union all

        select storage.root, inheritance.inhrelid
        from storage
        join pg_catalog.pg_inherits as inheritance on inheritance.inhparent = storage.part
        join pg_catalog.pg_class as partition on partition.oid = inheritance.inhrelid
        where partition.relispartition
    ),

    lists as (
        select
            storage.root,
            coalesce(own.relacl, pg_catalog.acldefault('r', own.relowner)) as list
        from storage
        join pg_catalog.pg_class as own on own.oid = storage.part

        union all

        select storage.root, attribute.attacl
        from storage
        join pg_catalog.pg_attribute as attribute on attribute.attrelid = storage.part
        where attribute.attacl is not null
    ),

    held as (
        select distinct lists.root, granted.grantee, granted.privilege_type
        from lists
        cross join lateral pg_catalog.aclexplode(lists.list) as granted
    )

    select
        named.name,
        namespace.nspname,
        relation.relname,
        array_agg(distinct lower(held.privilege_type) order by lower(held.privilege_type))
    from held
    join pg_catalog.pg_class as relation on relation.oid = held.root
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    join unnest(%(roles)s) as named (name) on case
        when held.grantee = 0 then named.name = 'public'
        when named.name <> 'public' then pg_catalog.pg_has_role(named.name, held.grantee, 'usage')
    end
    group by 1, 2, 3
    order by 1, 2, 3
"""  # noqa: S608

_UNLOGGED = f"""
    select distinct namespace.nspname, relation.relname
    from pg_catalog.pg_class as own
    join pg_catalog.pg_class as relation
        on relation.oid = coalesce(pg_catalog.pg_partition_root(own.oid), own.oid)
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where own.relpersistence = 'u' and own.relkind = 'r' and {_IS_TABLE}
"""  # noqa: S608


@dataclass(frozen=True)
class Column:
    """A column, its type as `format_type` says it; None where tables of one name differ."""

    name: str
    type: str | None
    nullable: bool | None


@dataclass(frozen=True)
class Index:
    """An index, and its key columns; none if it is over expressions, or some of the rows."""

    name: str
    is_unique: bool
    columns: tuple[str, ...] | None


@dataclass(frozen=True)
class Policy:
    """A policy of row security: all that it is for, or one command."""

    name: str
    command: str
    is_restrictive: bool


@dataclass(frozen=True)
class Shape:
    """What tables are like, by their labels.

    Attributes:
        columns: of each table.
        indexes: those that are valid, but for primary keys.
        checks: the names of check constraints.
        exclusions: the names of exclusion constraints.
        triggers: the names of those that fire.
        idle_triggers: the names of those that do not.
        policies: those of row security.
        unlogged: the tables that a crash empties.
        privileges: by role, and by table what it may do; the roles may do nothing else.
    """

    columns: Mapping[str, Sequence[Column]] = field(default_factory=dict)
    indexes: Mapping[str, Sequence[Index]] = field(default_factory=dict)
    checks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    exclusions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    triggers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    idle_triggers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    policies: Mapping[str, Sequence[Policy]] = field(default_factory=dict)
    unlogged: frozenset[str] = frozenset()
    privileges: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection, schemas: Sequence[str], catalog: Catalog) -> "Shape":
        """That of the catalog's tables, in one query each; no table is read."""
        given: dict[str, object] = {"schemas": list(schemas)}
        columns: dict[str, list[Column]] = {}
        indexes: dict[str, list[Index]] = {}
        constraints: dict[bool, dict[str, list[str]]] = {True: {}, False: {}}
        triggers: dict[bool, dict[str, list[str]]] = {True: {}, False: {}}
        policies: dict[str, list[Policy]] = {}
        with connection.cursor() as cursor:

            def rows(query: str) -> list[tuple[str, tuple[object, ...]]]:
                cursor.execute(query, given)
                found = ((label(row[0], row[1], schemas), row[2:]) for row in cursor)
                return [(name, rest) for name, rest in found if name in catalog.tables]

            for name, (column, type_, is_set) in rows(_COLUMNS):
                columns.setdefault(name, []).append(Column(str(column), str(type_), not is_set))
            for name, (index, is_unique, keys) in rows(_INDEXES):
                names = tuple(keys) if isinstance(keys, list) and keys else None
                indexes.setdefault(name, []).append(Index(str(index), bool(is_unique), names))
            for name, (constraint, excludes) in rows(_CONSTRAINTS):
                constraints[bool(excludes)].setdefault(name, []).append(str(constraint))
            for name, (trigger, fires) in rows(_TRIGGERS):
                triggers[bool(fires)].setdefault(name, []).append(str(trigger))
            for name, (policy, command, narrows) in rows(_POLICIES):
                found = Policy(str(policy), str(command), bool(narrows))
                policies.setdefault(name, []).append(found)
            unlogged = frozenset(name for name, _ in rows(_UNLOGGED))
            cursor.execute(_ROLES)
            roles = [role for (role,) in cursor]
            privileges: dict[str, dict[str, tuple[str, ...]]] = {role: {} for role in roles}
            cursor.execute(_PRIVILEGES, given | {"roles": roles})
            for role, schema, relation, may in cursor:
                if (name := label(schema, relation, schemas)) in catalog.tables:
                    privileges[role][name] = tuple(may)
        return cls(
            columns=columns,
            indexes=indexes,
            checks=constraints[False],
            exclusions=constraints[True],
            triggers=triggers[True],
            idle_triggers=triggers[False],
            policies=policies,
            unlogged=unlogged,
            privileges=privileges,
        )
