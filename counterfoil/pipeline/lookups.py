"""The tables that SQL of a contract looks up beside the one whose rows it is about."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.clauses import label
from counterfoil.contract.contract import Contract
from counterfoil.contract.rules import RowRule, is_true

# Without one of these words SQL reads no other table.
_MAY_LOOK_UP = re.compile(r"\b(select|table)\b", re.IGNORECASE)

# What a statement reads Postgres has locked once it is planned, also below a view.
_LOCKED = """
    select namespace.nspname, relation.relname
    from pg_catalog.pg_locks as locks
    join pg_catalog.pg_database as here
        on here.oid = locks.database and here.datname = current_database()
    join pg_catalog.pg_class as relation on relation.oid = locks.relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where locks.pid = pg_backend_pid()
        and relation.relkind in ('r', 'p', 'f', 'v', 'm')
        and namespace.nspname not in ('pg_catalog', 'information_schema')
"""


def with_lookups(contract: Contract, connection: Connection) -> Contract:
    """The contract, which knows of each condition of its rules what other tables it reads.

    Args:
        contract: Postgres plans its SQL.
        connection: of the builder. Its transaction is rolled back.
    """
    looked_up: dict[tuple[str, str], frozenset[str]] = {}
    for place, table, condition in _conditions(contract):
        if table not in contract.facts.missing and _MAY_LOOK_UP.search(condition):
            read = _read_by(contract, table, condition, connection) - {table}
            looked_up[place] = looked_up.get(place, frozenset()) | read
    return contract.knowing(replace(contract.facts, looked_up=looked_up)) if looked_up else contract


def _conditions(contract: Contract) -> Iterator[tuple[tuple[str, str], str, str]]:
    """Each condition and its table, with the list and the name of the rule that it is of."""
    lists: dict[str, Sequence[RowRule]] = {
        "unique_keys": contract.business_keys,
        "required_values": contract.required_values,
        "allowed_values": contract.allowed_values,
        "rules": contract.rules,
        "workflow": contract.workflow,
    }
    for list_name, rules in lists.items():
        for rule in rules:
            for _, table, condition in rule.conditions(list_name):
                yield (list_name, rule.name), table, condition
    for key in contract.business_keys:
        for _, table, condition in contract.conditions_of_key(key, "columns"):
            yield ("unique_keys", key.name), table, condition
    for reference in contract.references:
        for _, table, condition in reference.conditions("references"):
            yield ("references", reference.name), table, condition
    for name, table_of_rows in contract.tables.items():
        if table_of_rows.deleted:
            yield ("tables", name), name, is_true(table_of_rows.deleted)


def _read_by(
    contract: Contract, table: str, condition: str, connection: Connection
) -> frozenset[str]:
    schema, name = contract.locate(table)
    query = sql.SQL("explain select from {} as {} where {}").format(
        sql.Identifier(schema, name), sql.Identifier(name), sql.SQL(condition)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        cursor.execute(_LOCKED)
        read = frozenset(label(of, relation, contract.schemas) for of, relation in cursor)
    connection.rollback()
    return read
