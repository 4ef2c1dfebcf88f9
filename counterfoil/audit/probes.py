"""Row security, tried: what a role of the application sees of others' rows.

No view can ask this, since a view cannot change who asks. So each probe of the contract
takes on the role and its settings inside the audit's read-only transaction, counts, and
gives both back. What the role may write is not tried by writing: the policies for the command
are asked, as the role, about a row of its own as it would be if it were another's.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from counterfoil.audit.findings import CheckResult, CheckStatus, Finding
from counterfoil.audit.self_checks import own_finding, own_result
from counterfoil.common.sqltext import literal, quoted
from counterfoil.contract.structure import Probe
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of
from counterfoil.suites.own_checks import ROW_SECURITY_ISOLATES

_EXISTS = sa.text(
    "select exists ("
    "select from pg_catalog.pg_class as relation"
    " join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace"
    " where namespace.nspname = :schema_name and relation.relname = :relation_name)"
)


# The halves of the policies that hold for a command by a role: of the rows that are there, and
# of the rows that it makes of them.
_POLICIES = sa.text("""
    select
        polpermissive as is_permissive,
        case when :command <> 'insert' then pg_get_expr(polqual, polrelid) end as seen,
        case
            when :command <> 'delete'
                then pg_get_expr(coalesce(polwithcheck, polqual), polrelid)
        end as written
    from pg_catalog.pg_policy
    where polrelid = cast(:relation as regclass)
        and polcmd::text
        in ('*', case :command when 'insert' then 'a' when 'update' then 'w' else 'd' end)
        and exists (
            select from unnest(polroles) as granted (role_oid)
            where role_oid = 0 or pg_has_role(:role, role_oid, 'USAGE')
        )
""")
_MAY = sa.text("""
    select case :command
        when 'delete' then has_table_privilege(cast(:relation as regclass), 'DELETE')
        else has_any_column_privilege(cast(:relation as regclass), upper(:command))
    end
""")
_IS_WALLED = sa.text("select row_security_active(cast(:relation as regclass))")
# Of its own rows, so many are taken for another's.
_MOST_OWN_ROWS = 100


@dataclass(frozen=True)
class PlacedProbe:
    """A probe, and the (schema, relation) that its table's name means.

    `is_expected` says that structure.tables expects the table by name, so that a missing one
    is reported as missing.
    """

    probe: Probe
    schema: str
    relation: str
    is_expected: bool


@dataclass(frozen=True)
class Sight:
    """What a probe saw: rows in all, and rows that are not its own; or why it saw nothing.

    `is_absent` says that its table is missing, and is reported as missing; `is_blind`, that what
    it saw proves nothing.
    """

    probe: Probe
    row_count: int = 0
    foreign_row_count: int = 0
    is_absent: bool = False
    is_blind: bool = False
    error: str | None = None


def row_security_isolates(connection: sa.Connection, probes: Sequence[PlacedProbe]) -> CheckResult:
    """schema.row_security_isolates: a probe that sees another's row is a finding.

    A probe with rows of its own that sees none proves nothing, nor does one without of a table
    that is empty, nor one that cannot be run. One whose table is missing, and is a finding of
    schema.expected_tables_exist for it, is left out; if that is all of them, nothing is known.

    Args:
        connection: one that sees the audit's instant, of a member of the probes' roles.
        probes: those that are tried.
    """
    sights = [_look(connection, placed) for placed in probes]
    findings = [_finding(sight) for sight in sights if sight.foreign_row_count]
    errors = [f"{sight.probe.name}: {sight.error}" for sight in sights if sight.error]
    tried = [sight for sight in sights if not sight.is_absent]
    blind = [sight.probe.name for sight in tried if sight.is_blind]
    status: CheckStatus = "fail" if findings else "unknown" if blind or not tried else "pass"
    detail = f"{', '.join(blind)}: there is no row to see" if blind else None
    if not tried:
        detail = "the tables of all probes are missing"
    if errors:
        status, detail = "error", "; ".join(errors)
    result = own_result(
        ROW_SECURITY_ISOLATES,
        rows_checked=sum(sight.row_count for sight in sights),
        detail=detail,
        findings=findings,
    )
    return result.model_copy(update={"status": status})


def of_strangers(
    connection: sa.Connection, strangers: Sequence[str], locate: Callable[[str], tuple[str, str]]
) -> list[PlacedProbe]:
    """A probe of each walled table that has rows, for each role that is to see none of them.

    Args:
        connection: one that sees the audit's instant.
        strangers: the roles of structure.row_security.strangers.
        locate: gives the (schema, relation) of a table.
    """
    if not strangers:
        return []
    tables = connection.exec_driver_sql(
        f"select table_name from {PUBLIC_SCHEMA}.tenant_walls order by table_name"  # noqa: S608
    ).scalars()
    placed = [(table, *locate(table)) for table in tables]
    return [
        PlacedProbe(
            Probe(name=f"{table} for {role}", role=role, table=table), schema, relation, False
        )
        for table, schema, relation in placed
        if _has_rows(connection, schema, relation)
        for role in strangers
    ]


def _look(connection: sa.Connection, placed: PlacedProbe) -> Sight:
    probe = placed.probe
    if placed.is_expected and not _exists(connection, placed):
        return Sight(probe, is_absent=True)
    relation = f"{quoted(placed.schema)}.{quoted(placed.relation)}"
    (command,) = probe.commands
    own = probe.own_rows or "false"
    count = f"select count(*), count(*) filter (where ({own}) is not true) from {relation}"  # noqa: S608
    # A savepoint gives back the role and the settings, and survives an error.
    connection.exec_driver_sql("savepoint probe")
    try:
        is_empty = not probe.own_rows and not _has_rows(connection, placed.schema, placed.relation)
        connection.exec_driver_sql("set local row_security = on")
        for name, value in probe.settings.items():
            connection.execute(
                sa.text("select set_config(:name, :value, true)"), {"name": name, "value": value}
            )
        connection.exec_driver_sql(f"set local role {quoted(str(probe.role))}")
        if command != "select":
            return _ask(connection, placed, relation)
        seen = connection.exec_driver_sql(count, execution_options={"no_parameters": True}).one()
        is_blind = not seen[0] if probe.own_rows else is_empty
        return Sight(probe, seen[0], seen[1], is_blind=is_blind)
    except sa.exc.DBAPIError as cause:
        return Sight(probe, error=words_of(cause))
    finally:
        connection.exec_driver_sql("rollback to savepoint probe")


def _ask(connection: sa.Connection, placed: PlacedProbe, relation: str) -> Sight:
    """What the policies say of rows of the role's own as they would be if they were another's.

    It is asked as the role, whose rows and functions they are that a policy may look up.
    """
    probe = placed.probe
    alias = quoted(placed.relation)
    others = literal(json.dumps(probe.other_rows))
    own = f"select ({alias}.*)::{relation} as own_row from {relation} as {alias}"  # noqa: S608
    asked = _admitted(connection, probe, relation)
    row = connection.exec_driver_sql(
        "select count(*) as all_rows,"  # noqa: S608
        f" count(*) filter (where ({probe.own_rows}) is not true) as foreign_rows,"
        f" count(*) filter (where ({probe.own_rows}) is not true and ({asked})) as admitted"
        f" from ({own} where ({probe.own_rows}) limit {_MOST_OWN_ROWS}) as mine"
        f" cross join lateral jsonb_populate_record(mine.own_row, {others}) as {alias}",
        execution_options={"no_parameters": True},
    ).one()
    if row.foreign_rows < row.all_rows:
        return Sight(probe, error="with other_rows a row is its own all the same")
    return Sight(probe, row.all_rows, row.admitted, is_blind=not row.all_rows)


def _admitted(connection: sa.Connection, probe: Probe, relation: str) -> str:
    """SQL for the rows that the role may write, by its rights and the policies."""
    named = {"relation": relation, "role": probe.role, "command": probe.commands[0]}
    if not connection.execute(_MAY, named).scalar_one():
        return "false"
    if not connection.execute(_IS_WALLED, named).scalar_one():
        return "true"
    policies = connection.execute(_POLICIES, named).all()
    halves = [
        _combined([(policy.is_permissive, policy.seen) for policy in policies]),
        _combined([(policy.is_permissive, policy.written) for policy in policies]),
    ]
    return " or ".join(halves)


def _combined(policies: Sequence[tuple[bool, str | None]]) -> str:
    """The permissive ones or'ed, and'ed with each restrictive one, as Postgres does it."""
    opening = [f"({one})" for is_permissive, one in policies if one and is_permissive]
    closing = [f"({one})" for is_permissive, one in policies if one and not is_permissive]
    opened = " or ".join(opening) or "false"
    return f"({' and '.join([f'({opened})', *closing])})"


def _exists(connection: sa.Connection, placed: PlacedProbe) -> bool:
    named = {"schema_name": placed.schema, "relation_name": placed.relation}
    return bool(connection.execute(_EXISTS, named).scalar_one())


def _has_rows(connection: sa.Connection, schema: str, relation: str) -> bool:
    statement = f"select exists (select from {quoted(schema)}.{quoted(relation)})"  # noqa: S608
    return bool(
        connection.exec_driver_sql(
            statement, execution_options={"no_parameters": True}
        ).scalar_one()
    )


def _finding(sight: Sight) -> Finding:
    probe = sight.probe
    (command,) = probe.commands
    key: dict[str, str | None] = {"probe": probe.name}
    said = f"{probe.name}: role {probe.role} sees {sight.row_count} rows of {probe.table},"
    said += " and is to see none"
    if command != "select":
        said = f"{probe.name}: policies let role {probe.role} {command} rows of {probe.table}"
        said += f" that are not its own: {sight.foreign_row_count} of {sight.row_count} tried"
    elif probe.own_rows:
        said = f"{probe.name}: role {probe.role} sees {sight.foreign_row_count} rows of"
        said += f" {probe.table} that are not its own, of {sight.row_count}"
    return own_finding(
        ROW_SECURITY_ISOLATES,
        key,
        said,
        size=sight.foreign_row_count,
        table_name=probe.table,
        role=probe.role,
        row_count=sight.row_count,
        foreign_row_count=sight.foreign_row_count,
    )
