"""The tables that SQL of a contract looks up beside the one whose rows it is about."""

import re
from collections.abc import Iterator
from dataclasses import replace

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.clauses import label
from counterfoil.contract.contract import Contract
from counterfoil.contract.rules import RowRule

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
    """The contract, which knows of each of its rules what other tables it reads.

    Args:
        contract: Postgres plans its SQL.
        connection: of the builder. Its transaction is rolled back.
    """
    looked_up: dict[tuple[str, str], frozenset[str]] = {}
    for list_name, rule in _rules(contract):
        for _, table, condition in rule.conditions(list_name):
            if table not in contract.facts.missing and _MAY_LOOK_UP.search(condition):
                read = _read_by(contract, table, condition, connection) - {rule.table}
                place = list_name, rule.name
                looked_up[place] = looked_up.get(place, frozenset()) | read
    return contract.knowing(replace(contract.facts, looked_up=looked_up)) if looked_up else contract


def _rules(contract: Contract) -> Iterator[tuple[str, RowRule]]:
    """Each rule, with the name of the list that views unfold it from."""
    yield from (("unique_keys", rule) for rule in contract.business_keys)
    yield from (("required_values", rule) for rule in contract.required_values)
    yield from (("allowed_values", rule) for rule in contract.allowed_values)
    yield from (("rules", rule) for rule in contract.rules)
    yield from (("workflow", rule) for rule in contract.workflow)


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
