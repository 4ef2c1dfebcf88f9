"""What must hold before an audit begins: found here, nothing is published, nothing lost."""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import psycopg2
from psycopg2 import errorcodes, sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import PreflightError
from counterfoil.common.settings import Settings
from counterfoil.common.sqltext import identifier
from counterfoil.contract.clauses import checked_sql
from counterfoil.contract.compiled_ledgers import compile_ledgers
from counterfoil.contract.contract import Contract
from counterfoil.pipeline.comparisons import with_unjudged
from counterfoil.pipeline.lookups import with_lookups
from counterfoil.postgres.connection import Refusal, connected, is_contended
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.schemas import PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.postgres.session import Session

_COLUMNS = """
    select namespace.nspname, relation.relname, relation.relkind, attribute.attname
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    where (namespace.nspname, relation.relname) in (select * from unnest(%s::text[], %s::text[]))
        and relation.relkind in ('r', 'p', 'f', 'v', 'm')
        -- A table without a key has the place of its rows, for want of anything better.
        and (attribute.attnum > 0 or attribute.attname = 'ctid')
        and not attribute.attisdropped
"""

# What a contract calls a relation, by its kind in the catalog. A materialized view has no name
# there: its rows are as old as its last refresh, whatever they say.
_KINDS = {"r": "table", "p": "table", "v": "view", "f": "foreign table"}

# What a column must be told by, to be an instant: by the type that a driver sees, which of a
# domain is the type below it.
_TOLD_BY = {
    "timestamp with time zone": None,
    "timestamp without time zone": "timezone",
    "date": "timezone",
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric"), "unit"),
    **dict.fromkeys(("real", "double precision"), "unit"),
}

# By what it is told by: what the contract has to say of it.
_REMEDIES = {
    None: "Leave out timezone and unit: it has its zone",
    "timezone": "Say of which zone it is, timezone: Europe/Berlin for example",
    "unit": "Say what it counts since 1970, unit: seconds or unit: milliseconds",
}

_SCHEMAS = [PUBLIC_SCHEMA, STAGING_SCHEMA]

# A role that a policy applies to would read some of the rows, and every check would pass
# on those. The views are judged as their owner, which is the role that builds them.
_VISIBILITY = """
    select
        namespace.nspname,
        relation.relname,
        pg_catalog.has_schema_privilege(namespace.oid, 'USAGE'),
        pg_catalog.has_table_privilege(relation.oid, 'SELECT'),
        pg_catalog.row_security_active(relation.oid)
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where (namespace.nspname, relation.relname) in (select * from unnest(%s::text[], %s::text[]))
    order by namespace.nspname, relation.relname
"""


# Whoever replaces a view, or comments on its schema, must own it.
_OWNED = """
    select nspname, null, pg_catalog.pg_has_role(nspowner, 'USAGE')
    from pg_catalog.pg_namespace
    where nspname = any(%s)
    union all
    select namespace.nspname, relation.relname, pg_catalog.pg_has_role(relowner, 'USAGE')
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = any(%s) and relation.relkind = 'v'
    order by 1, 2 nulls first
"""

_MAY_CREATE = "select pg_catalog.has_database_privilege(current_database(), 'CREATE')"

_READABLE = """
    select
        namespace.nspname,
        pg_catalog.has_schema_privilege(namespace.oid, 'USAGE'),
        pg_catalog.has_table_privilege(relation.oid, 'SELECT')
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = any(%s) and relation.relkind = 'v'
"""


def check_database(contract: Contract, session: Session, needed: Collection[str] = ()) -> Contract:
    """That the contract's tables and columns exist and its builder sees every row of them.

    Args:
        contract: what is to be audited.
        session: who builds its views.
        needed: the tables that views name themselves, and cannot do without.

    Returns:
        The contract, which knows those of its tables that do not exist, where a check says so,
        those of its comparisons that Postgres cannot plan, what its rules look up, and its
            ledgers as SQL.

    Raises:
        TargetError: the database cannot be reached.
        PreflightError: a column, a privilege or a needed table is missing, row-level security
            hides rows, or an expression of the contract is not one that Postgres takes.
    """
    target = session.builder
    with _asking(target, session.settings) as connection:
        found = _relations(contract, connection)
        contract = _without_missing(contract, contract.tables.keys() - found.keys(), needed)
        _check_columns(contract, found)
        _check_visibility(contract, target, connection)
        _check_instants(contract, connection)
        _check_keys(contract)
        _check_expressions(contract, connection)
        _check_ownership(target, connection)
        contract = with_lookups(with_unjudged(contract, connection), connection)
        if "ledger" in contract.packs:
            compiled = compile_ledgers(contract, connection)
            contract = contract.knowing(replace(contract.facts, ledgers=compiled))
        return contract


def check_auditor(session: Session) -> None:
    """That the role which asserts can read the views, once they are built.

    Raises:
        TargetError: the database cannot be reached.
        PreflightError: it has no views, or the role has no right to read them.
    """
    target = session.auditor
    with _asking(target, session.settings) as connection, connection.cursor() as cursor:
        cursor.execute(_READABLE, (_SCHEMAS,))
        views = cursor.fetchall()
    if {schema for schema, _, _ in views} != set(_SCHEMAS):
        raise PreflightError(
            f"schemas {' and '.join(_SCHEMAS)} hold no views",
            where=str(target),
            remedy="Point it at the database that the views are built in, or a replica of it",
        )
    for schema, may_use, may_select in views:
        if not (may_use and may_select):
            role = identifier(target.user)
            raise PreflightError(
                f"role {target.user} may not read the views of schema {schema}",
                where=str(target),
                remedy=f"GRANT USAGE ON SCHEMA {', '.join(_SCHEMAS)} TO {role};"
                f" GRANT SELECT ON ALL TABLES IN SCHEMA {', '.join(_SCHEMAS)} TO {role}",
            )


def check_recipients(settings: Settings) -> None:
    """That a file of recipients which a setting names is there: else nobody would be told.

    Raises:
        PreflightError: there is no such file.
    """
    file = settings.alerts_path
    if "alerts_file" in settings.model_fields_set and not file.exists():
        raise PreflightError(
            "no such file",
            where=str(file),
            remedy="Correct COUNTERFOIL_ALERTS_FILE, or make that file",
        )


def check_disk(settings: Settings) -> None:
    """That reports can be written.

    Raises:
        PreflightError: the folder cannot be made or written, or its disk is nearly full.
    """
    folder = settings.reports_path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
        free_mb = shutil.disk_usage(folder).free // 2**20
    except OSError as cause:
        raise PreflightError(
            f"reports cannot be written: {cause.strerror}",
            where=str(folder),
            remedy="Make it writable, or set COUNTERFOIL_REPORTS_DIR",
        ) from None
    if free_mb < settings.reports_min_free_mb:
        raise PreflightError(
            f"no disk space for reports: {free_mb} MB free, {settings.reports_min_free_mb} needed",
            where=str(folder),
            remedy="Free some, or set COUNTERFOIL_REPORTS_DIR to another disk",
        )
    latest = folder / "latest"
    if latest.is_dir() and not latest.is_symlink():
        raise PreflightError(
            "it is a folder, and the link to the latest audit goes there",
            where=str(latest),
            remedy="Move or rename that folder",
        )


@contextmanager
def _asking(target: Target, settings: Settings) -> Iterator[Connection]:
    """A read-only connection; what Postgres refuses is reported in one line."""
    with connected(target, settings, Refusal(PreflightError)) as connection:
        connection.set_session(readonly=True)
        yield connection


def _relations(
    contract: Contract, connection: Connection
) -> Mapping[str, tuple[str | None, set[str]]]:
    """By table, what kind of relation there is in its place, and its columns."""
    found: dict[tuple[str, str], tuple[str | None, set[str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, _in_step(map(contract.locate, contract.tables)))
        for schema, relation, kind, column in cursor:
            found.setdefault((schema, relation), (_KINDS.get(kind), set()))[1].add(column)
    return {
        table: found[contract.locate(table)]
        for table in contract.tables
        if contract.locate(table) in found
    }


def _in_step(relations: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The schemas and the relations."""
    located = list(relations)
    return [schema for schema, _ in located], [relation for _, relation in located]


def _without_missing(
    contract: Contract, missing: Collection[str], needed: Collection[str]
) -> Contract:
    """The contract, which knows what is missing: integrity.source_not_empty says of what."""
    if not missing:
        return contract
    has_check = "integrity" in contract.packs
    for table in sorted(missing):
        if not has_check or table in needed:
            raise PreflightError(
                f"table {'.'.join(contract.locate(table))} does not exist",
                where=f"contract of {contract.database}, key tables.{table}",
                remedy="Take it out of the contract, or correct its schema or name",
            )
    return contract.without(frozenset(missing))


def _check_columns(contract: Contract, found: Mapping[str, tuple[str | None, set[str]]]) -> None:
    for table, declared in contract.tables.items():
        if table in contract.facts.missing:
            continue
        kind, _ = found[table]
        if kind != declared.kind:
            back = f"put a {declared.kind} back in its place"
            raise PreflightError(
                f"{'.'.join(contract.locate(table))} is a {kind or 'materialized view'}, and"
                f" no {declared.kind}",
                where=f"contract of {contract.database}, key tables.{table}",
                remedy=f"If that is meant, declare kind: {kind} there; else {back}"
                if kind
                else f"It is as old as its last refresh: name what it is made of, or {back}",
            )
        known = (contract.facts.tables or {}).get(table)
        if known and known.is_partitioned and contract.tables[table].only:
            raise PreflightError(
                f"table {'.'.join(contract.locate(table))} is partitioned: it alone has no rows",
                where=f"contract of {contract.database}, key tables.{table}.only",
                remedy="Take that key out",
            )
    for table, column, key in contract.columns_mentioned():
        if table not in contract.facts.missing and column not in found[table][1]:
            raise PreflightError(
                f"column {'.'.join(contract.locate(table))}.{column} does not exist",
                where=f"contract of {contract.database}, key {key}",
                remedy="Take it out of the contract, or correct its name",
            )


def _check_visibility(contract: Contract, target: Target, connection: Connection) -> None:
    role = identifier(target.user)
    with connection.cursor() as cursor:
        cursor.execute(_VISIBILITY, _in_step(contract.relations))
        for schema, table, may_use, may_select, rows_hidden in cursor:
            relation = f"{schema}.{table}"
            if not may_use:
                raise PreflightError(
                    f"role {target.user} may not use schema {schema}",
                    where=str(target),
                    remedy=f"GRANT USAGE ON SCHEMA {identifier(schema)} TO {role}",
                )
            if not may_select:
                raise PreflightError(
                    f"role {target.user} may not read {relation}",
                    where=str(target),
                    remedy=f"GRANT SELECT ON {identifier(schema, table)} TO {role}",
                )
            if rows_hidden:
                raise PreflightError(
                    f"row-level security hides rows of {relation} from role {target.user}",
                    where=str(target),
                    remedy=f"ALTER ROLE {role} BYPASSRLS",
                )


def _check_instants(contract: Contract, connection: Connection) -> None:
    """That the column which tells a table's freshness is an instant, whoever's session asks."""
    for name, table in contract.tables.items():
        if table.freshness is None:
            continue
        freshness, relation = table.freshness, contract.locate(name)
        where = f"contract of {contract.database}, key tables.{name}.freshness"
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("select {} from {} limit 0").format(
                    sql.Identifier(freshness.column), sql.Identifier(*relation)
                )
            )
            assert cursor.description
            cursor.execute("select format_type(%s, null)", (cursor.description[0].type_code,))
            ((type_name,),) = cursor.fetchall()
        connection.rollback()
        what = f"column {'.'.join(relation)}.{freshness.column} is {type_name}"
        if type_name not in _TOLD_BY:
            raise PreflightError(
                f"{what}, and tells no instant",
                where=f"{where}.column",
                remedy="Name a column of a time, a date, or a count since 1970",
            )
        needed = _TOLD_BY[type_name]
        if needed != ("timezone" if freshness.timezone else "unit" if freshness.unit else None):
            raise PreflightError(what, where=where, remedy=_REMEDIES[needed])
        if freshness.timezone:
            _check_zone(freshness.timezone, f"{where}.timezone", connection)


def _check_zone(zone: str, where: str, connection: Connection) -> None:
    """That it is a name. Postgres takes 'UTC+9' too, and reads it as nine hours to the west."""
    with connection.cursor() as cursor:
        cursor.execute("select %s in (select name from pg_catalog.pg_timezone_names)", (zone,))
        is_zone = cursor.fetchone() == (True,)
    connection.rollback()
    if not is_zone:
        raise PreflightError(
            f"'{zone}' is no time zone's name",
            where=where,
            remedy="Name one of pg_timezone_names, Europe/Berlin for example",
        )


def _check_keys(contract: Contract) -> None:
    """That what is no column of a business key is SQL; the catalog alone knows the columns."""
    for position, business_key in enumerate(contract.business_keys):
        for named in business_key.columns:
            if contract.is_column(business_key.table, named):
                continue
            try:
                checked_sql(named)
            except ValueError as cause:
                raise PreflightError(
                    str(cause),
                    where=f"contract of {contract.database}, key business_keys.{position}.columns",
                    remedy="Correct that key's SQL, or the name of the column",
                ) from None


def _check_expressions(contract: Contract, connection: Connection) -> None:
    """That Postgres plans what the contract says in SQL: dbt would name a model, not a key."""
    for key, table, condition in contract.conditions():
        if table in contract.facts.missing:
            continue
        schema, name = contract.locate(table)
        query = sql.SQL("explain select from {} as {} where {}").format(
            sql.Identifier(schema, name), sql.Identifier(name), sql.SQL(condition)
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                plan = "\n".join(line for (line,) in cursor)
            # The lock of its table is given back: there may be thousands of conditions.
            connection.rollback()
        except psycopg2.Error as cause:
            if connection.closed or is_contended(cause):
                raise
            connection.rollback()
            raise PreflightError(
                f"Postgres refuses it: {_primary(cause)}",
                where=f"contract of {contract.database}, key {key}",
                remedy=_remedy(cause, identifier(name)),
            ) from None
        _check_meaning(contract, key, table, condition, plan)


def _remedy(cause: psycopg2.Error, own: str) -> str:
    """What to do about SQL that Postgres refuses."""
    if cause.pgcode == errorcodes.GROUPING_ERROR:
        return "It is about one row: aggregate others in a subquery, (select count(*) from ...)"
    others = ""
    if cause.pgcode == errorcodes.UNDEFINED_TABLE:
        others = ", and each other one by its schema and name, public.orders for example"
    return f"Correct that key's SQL; there the table is called {own}{others}"


def _check_meaning(contract: Contract, key: str, table: str, condition: str, plan: str) -> None:
    """That Postgres makes no text of what is not its own: citext's `=`, say, is on no path."""
    known = (contract.facts.tables or {}).get(table)
    if known is None or "::text" in condition:
        return
    for column, equality in known.equalities.items():
        if f"({identifier(column)})::text" in plan:
            raise PreflightError(
                f"{column} is {known.types[column]}, and is compared as text here",
                where=f"contract of {contract.database}, key {key}",
                remedy=f"Write its own operator, {column} {equality} ...; or {column}::text, if"
                " that is meant",
            )


def _check_ownership(target: Target, connection: Connection) -> None:
    role = identifier(target.user)
    with connection.cursor() as cursor:
        cursor.execute(_MAY_CREATE)
        (may_create,) = cursor.fetchone() or (False,)
        cursor.execute(_OWNED, (_SCHEMAS, _SCHEMAS))
        owned = cursor.fetchall()
    for schema in _SCHEMAS:
        if not may_create and schema not in {name for name, _, _ in owned}:
            raise PreflightError(
                f"role {target.user} may not create schema {schema}",
                where=str(target),
                remedy=f"GRANT CREATE ON DATABASE {identifier(target.dbname)} TO {role},"
                f" or CREATE SCHEMA {schema} AUTHORIZATION {role}",
            )
    foreign = [
        f"VIEW {identifier(schema, view)}" if view else f"SCHEMA {schema}"
        for schema, view, is_owner in owned
        if not is_owner
    ]
    if foreign:
        raise PreflightError(
            f"role {target.user} does not own {foreign[0]}, and cannot rebuild it",
            where=str(target),
            remedy="; ".join(f"ALTER {relation} OWNER TO {role}" for relation in foreign),
        )


def _primary(cause: psycopg2.Error) -> str:
    return cause.diag.message_primary or str(cause)
