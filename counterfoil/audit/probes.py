"""Row security, tried: what a role of the application sees of others' rows.

No view can ask this, since a view cannot change who asks. So each probe of the contract
takes on the role and its settings inside the audit's read-only transaction, counts, and
gives both back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from counterfoil.audit.findings import CheckResult, CheckStatus, Finding
from counterfoil.audit.self_checks import own_finding, own_result
from counterfoil.common.sqltext import quoted
from counterfoil.contract.structure import Probe
from counterfoil.postgres.words import words_of
from counterfoil.suites.own_checks import ROW_SECURITY_ISOLATES

_EXISTS = sa.text(
    "select exists ("
    "select from pg_catalog.pg_class as relation"
    " join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace"
    " where namespace.nspname = :schema_name and relation.relname = :relation_name)"
)


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

    `is_absent` says that its table is missing, and is reported as missing.
    """

    probe: Probe
    row_count: int = 0
    foreign_row_count: int = 0
    is_absent: bool = False
    error: str | None = None


def row_security_isolates(connection: sa.Connection, probes: Sequence[PlacedProbe]) -> CheckResult:
    """schema.row_security_isolates: a probe that sees another's row is a finding.

    A probe that sees no row at all proves nothing, and one that cannot be run neither. One
    whose table is missing, and is a finding of schema.expected_tables_exist for it, is left
    out; if that is all of them, nothing is known.

    Args:
        connection: one that sees the audit's instant, of a member of the probes' roles.
        probes: those that are tried.
    """
    sights = [_look(connection, placed) for placed in probes]
    findings = [_finding(sight) for sight in sights if sight.foreign_row_count]
    errors = [f"{sight.probe.name}: {sight.error}" for sight in sights if sight.error]
    tried = [sight for sight in sights if not sight.is_absent]
    blind = [sight.probe.name for sight in tried if not sight.error and not sight.row_count]
    status: CheckStatus = "fail" if findings else "unknown" if blind or not tried else "pass"
    detail = f"{', '.join(blind)}: sees no row, not even its own" if blind else None
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


def _look(connection: sa.Connection, placed: PlacedProbe) -> Sight:
    probe = placed.probe
    if placed.is_expected and not _exists(connection, placed):
        return Sight(probe, is_absent=True)
    relation = f"{quoted(placed.schema)}.{quoted(placed.relation)}"
    count = (
        f"select count(*), count(*) filter (where ({probe.own_rows}) is not true)"  # noqa: S608
        f" from {relation}"
    )
    # A savepoint gives back the role and the settings, and survives an error.
    connection.exec_driver_sql("savepoint probe")
    try:
        connection.exec_driver_sql("set local row_security = on")
        for name, value in probe.settings.items():
            connection.execute(
                sa.text("select set_config(:name, :value, true)"), {"name": name, "value": value}
            )
        connection.exec_driver_sql(f"set local role {quoted(probe.role)}")
        seen = connection.exec_driver_sql(count, execution_options={"no_parameters": True}).one()
        return Sight(probe, seen[0], seen[1])
    except sa.exc.DBAPIError as cause:
        return Sight(probe, error=words_of(cause))
    finally:
        connection.exec_driver_sql("rollback to savepoint probe")


def _exists(connection: sa.Connection, placed: PlacedProbe) -> bool:
    named = {"schema_name": placed.schema, "relation_name": placed.relation}
    return bool(connection.execute(_EXISTS, named).scalar_one())


def _finding(sight: Sight) -> Finding:
    probe = sight.probe
    key: dict[str, str | None] = {"probe": probe.name}
    return own_finding(
        ROW_SECURITY_ISOLATES,
        key,
        f"{probe.name}: role {probe.role} sees {sight.foreign_row_count} rows of"
        f" {probe.table} that are not its own, of {sight.row_count}",
        table_name=probe.table,
        role=probe.role,
        row_count=sight.row_count,
        foreign_row_count=sight.foreign_row_count,
    )
