"""What of a contract Postgres cannot compare: asked of its planner, rule by rule, beforehand.

In a view one such comparison would end the build, and with it what can be said of the rest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.sqltext import quoted
from counterfoil.contract.contract import Contract
from counterfoil.contract.derived import own_name
from counterfoil.contract.references import OfOtherTypes, ReadAs, Relationship
from counterfoil.postgres.words import words_of

# The class of SQLSTATE that says of a statement, and not of the moment, that it cannot be.
_SYNTAX_OR_ACCESS_RULE = "42"

# A table's column, as a contract names both.
Column = tuple[str, str]


@dataclass(frozen=True)
class Comparison:
    """What a rule compares.

    Attributes:
        rules: the lists, and the name, of what cannot be judged without it.
        pairs: of columns that are compared; none of a key.
        grouped: the columns that rows are grouped by.
        remedy: what to do where it cannot be planned.
        read_as: the type that the first column of a pair is read as; None for its own.
    """

    rules: tuple[tuple[str, str], ...]
    pairs: tuple[tuple[Column, Column], ...]
    grouped: tuple[Column, ...]
    remedy: str
    read_as: ReadAs | None = None

    @property
    def tables(self) -> frozenset[str]:
        """Those whose columns are compared."""
        return frozenset(
            table for table, _ in (*(one for pair in self.pairs for one in pair), *self.grouped)
        )


def with_unjudged(contract: Contract, connection: Connection) -> Contract:
    """The contract, which knows what Postgres cannot compare, and why.

    Args:
        contract: its tables and columns are there, or known to be missing, and may be read.
        connection: of the builder. Its transaction is rolled back.
    """
    unjudged: dict[tuple[str, str], str] = {}
    refusals: dict[object, str | None] = {}
    for comparison in _comparisons(contract):
        if gone := sorted(comparison.tables & contract.facts.missing):
            unjudged |= dict.fromkeys(comparison.rules, f"{gone[0]} does not exist")
            continue
        # Of thousands of tables the keys are of a few types.
        by_type = _by_type(contract, comparison)
        if by_type not in refusals:
            refusals[by_type] = _refusal(contract, comparison, connection)
        if why := refusals[by_type]:
            said = f"{_spoken(contract, comparison)}: {why}. {comparison.remedy}"
            unjudged |= dict.fromkeys(comparison.rules, said)
    return contract.knowing(replace(contract.facts, unjudged=unjudged)) if unjudged else contract


def _comparisons(contract: Contract) -> Iterator[Comparison]:
    isolated = {relationship.name for relationship in contract.tenant_relationships}
    for reference in contract.references:
        if isinstance(reference, OfOtherTypes):
            continue
        child, parent = reference.child, reference.parent
        columns, parent_columns = reference.child_columns, contract.parent_columns(reference)
        remedy = _remedy(contract, reference)
        rules = [("references", reference.name)]
        tenants = [("tenant_relationships", reference.name)] if reference.name in isolated else []
        is_once = contract.is_once(parent, parent_columns)
        yield Comparison(
            rules=(*rules, *tenants),
            pairs=tuple(
                ((child, column), (parent, parent_column))
                for column, parent_column in zip(columns, parent_columns, strict=True)
            ),
            grouped=() if is_once else tuple((parent, column) for column in parent_columns),
            remedy=remedy,
            read_as=reference.as_,
        )
        others = [
            (rules, path.column, path.further_column)
            for path in contract.paths
            if reference == contract.relationship_of(path.table, path.through)
        ]
        if contract.tenant and tenants:
            column_of = contract.tenant.column_of
            others.append((tenants, column_of(child), column_of(parent)))
        for of, column, parent_column in others:
            yield Comparison(tuple(of), (((child, column), (parent, parent_column)),), (), remedy)
    keys = [
        (key.name, key.table, key.columns, "take it out of business_keys")
        for key in contract.business_keys
    ]
    keys += [
        (f"tables.{name}.key", name, contract.key_of(name), "declare another key")
        for name in contract.unproven_keys
    ]
    for name, table, columns, remedy in keys:
        grouped = tuple((table, column) for column in columns)
        yield Comparison((("unique_keys", name),), (), grouped, f"Change the type, or {remedy}")


def _remedy(contract: Contract, reference: Relationship) -> str:
    tenant = contract.tenant
    if tenant and reference.column == tenant.column_of(reference.child):
        return f"Change a type, or name {reference.child} under tenant.global_tables"
    return "Change a type, say as what it is read (as), or take it out of relationships"


def _refusal(contract: Contract, comparison: Comparison, connection: Connection) -> str | None:
    """Why Postgres does not plan it; None if it does.

    Raises:
        psycopg2.Error: it is not the comparison that is wrong.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"explain {_statement(contract, comparison)}")
        return None
    except psycopg2.Error as cause:
        if not (cause.pgcode or "").startswith(_SYNTAX_OR_ACCESS_RULE):
            raise
        return words_of(cause)
    finally:
        # The locks of its tables are given back: there may be thousands of comparisons.
        connection.rollback()


def _statement(contract: Contract, comparison: Comparison) -> str:
    def relation(table: str) -> str:
        return ".".join(map(quoted, contract.locate(table)))

    if not comparison.pairs:
        table = comparison.grouped[0][0]
        keys = ", ".join(contract.grouped(table, (name for _, name in comparison.grouped)))
        return f"select from {relation(table)} as {own_name(contract, table)} group by {keys}"
    grouped = ", ".join(quoted(column) for _, column in comparison.grouped)
    (child, _), (parent, _) = comparison.pairs[0]
    parents = relation(parent)
    if grouped:
        parents = f"(select {grouped} from {parents} group by {grouped})"  # noqa: S608
    conditions = []
    for ours, theirs in comparison.pairs:
        is_cast = comparison.read_as is not None
        equality = contract.equality_of(*ours, *theirs, is_cast=is_cast) or "="
        cast = f"::text::{comparison.read_as}" if is_cast else ""
        conditions.append(f"child.{quoted(ours[1])}{cast} {equality} parent.{quoted(theirs[1])}")
    return (
        f"select from {relation(child)} as child"
        f" join {parents} as parent on {' and '.join(conditions)}"
    )


def _by_type(contract: Contract, comparison: Comparison) -> object:
    """What two comparisons have in common that are planned alike."""
    columns = [column for pair in comparison.pairs for column in pair]
    types = [_type_of(contract, column) for column in (*columns, *comparison.grouped)]
    return comparison.rules if None in types else (comparison.read_as, len(columns), *types)


def _type_of(contract: Contract, column: Column) -> str | None:
    table, name = column
    known = (contract.facts.tables or {}).get(table)
    return known.types.get(name) if known else None


def _spoken(contract: Contract, comparison: Comparison) -> str:
    def typed(columns: Iterable[Column]) -> str:
        return ", ".join(
            f"{'.'.join(column)} ({_type_of(contract, column) or 'of no known type'})"
            for column in columns
        )

    if not comparison.pairs:
        return f"{typed(comparison.grouped)} does not compare with itself"
    ours, theirs = map(typed, zip(*comparison.pairs, strict=True))
    return f"{ours} does not compare with {theirs}"
