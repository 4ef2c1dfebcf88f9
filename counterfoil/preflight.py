"""What must hold before an audit begins: found here, nothing is published, nothing lost."""

import shutil
from collections.abc import Mapping

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract import Contract
from counterfoil.database import connect
from counterfoil.errors import PreflightError
from counterfoil.profiles import Target
from counterfoil.settings import Settings

_COLUMNS = """
    select relation.relname, attribute.attname
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    where namespace.nspname = %s
        and relation.relname = any(%s)
        and relation.relkind in ('r', 'p', 'f', 'v', 'm')
        and attribute.attnum > 0
        and not attribute.attisdropped
"""

# A role that a policy applies to would read some of the rows, and every check would pass
# on those. The views are judged as their owner, which is the role that builds them.
_VISIBILITY = """
    select
        relation.relname,
        pg_catalog.has_schema_privilege(namespace.oid, 'USAGE'),
        pg_catalog.has_table_privilege(relation.oid, 'SELECT'),
        pg_catalog.row_security_active(relation.oid)
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = %s and relation.relname = any(%s)
    order by relation.relname
"""


def check_database(contract: Contract, target: Target, settings: Settings) -> None:
    """That the contract's tables and columns exist and its builder sees every row of them.

    Raises:
        TargetError: the database cannot be reached.
        PreflightError: a schema, table, column or privilege is missing, or row-level
            security hides rows.
    """
    connection = connect(target, settings)
    try:
        _check_columns(contract, _columns(contract, connection))
        _check_visibility(contract, target, connection)
    finally:
        connection.close()


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
    except OSError as cause:
        raise PreflightError(
            f"reports cannot be written: {cause.strerror}",
            where=str(folder),
            remedy="Make it writable, or set COUNTERFOIL_REPORTS_DIR",
        ) from None
    free_mb = shutil.disk_usage(folder).free // 2**20
    if free_mb < settings.reports_min_free_mb:
        raise PreflightError(
            f"no disk space for reports: {free_mb} MB free, {settings.reports_min_free_mb} needed",
            where=str(folder),
            remedy="Free some, or set COUNTERFOIL_REPORTS_DIR to another disk",
        )


def _columns(contract: Contract, connection: Connection) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, (contract.schema_, list(contract.tables)))
        for table, column in cursor:
            found.setdefault(table, set()).add(column)
    return {table: frozenset(columns) for table, columns in found.items()}


def _check_columns(contract: Contract, found: Mapping[str, frozenset[str]]) -> None:
    for table in contract.tables:
        if table not in found:
            raise PreflightError(
                f"table {contract.schema_}.{table} does not exist",
                where=f"contract of {contract.database}, key tables.{table}",
                remedy="Take it out of the contract, or mend the schema's or the table's name",
            )
    for table, column, key in contract.columns_mentioned():
        if column not in found[table]:
            raise PreflightError(
                f"column {contract.schema_}.{table}.{column} does not exist",
                where=f"contract of {contract.database}, key {key}",
                remedy="Take it out of the contract, or mend the column's name",
            )


def _check_visibility(contract: Contract, target: Target, connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_VISIBILITY, (contract.schema_, list(contract.tables)))
        for table, may_use, may_select, rows_hidden in cursor:
            relation = f"{contract.schema_}.{table}"
            if not may_use:
                raise PreflightError(
                    f"role {target.user} may not use schema {contract.schema_}",
                    where=str(target),
                    remedy=f"GRANT USAGE ON SCHEMA {contract.schema_} TO {target.user}",
                )
            if not may_select:
                raise PreflightError(
                    f"role {target.user} may not read {relation}",
                    where=str(target),
                    remedy=f"GRANT SELECT ON {relation} TO {target.user}",
                )
            if rows_hidden:
                raise PreflightError(
                    f"row-level security hides rows of {relation} from role {target.user}",
                    where=str(target),
                    remedy=f"ALTER ROLE {target.user} BYPASSRLS",
                )
