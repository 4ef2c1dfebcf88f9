"""The tables whose rows decide what a ledger comes to: its own, and those that its SQL names."""

from collections.abc import Iterable, Iterator
from typing import Any

import postgast
from postgast import nodes, wrap
from postgast import pg_query_pb2 as pg

from counterfoil.contract.contract import Contract
from counterfoil.contract.ledgers import Accounts, Entries, Holds, Ledger


def tables_of(contract: Contract, name: str) -> tuple[str, ...]:
    """Those of the contract's tables on which one of its ledgers depends.

    Not among them is one that is joined for a label: without rows of it, numbers are the same.
    """
    ledger = contract.ledgers[name]
    named = _named_by(ledger)
    return tuple(
        table
        for table in contract.tables
        if table in ledger.tables or contract.locate(table) in named
    )


def _named_by(ledger: Ledger) -> set[tuple[str, str]]:
    """By schema and name: SQL writes other tables with their schema."""
    of_balances = [*_texts(balance.model_dump() for balance in ledger.balances.values())]
    blocks: list[Accounts | Entries | Holds] = [ledger.accounts]
    blocks += [*ledger.entries.values(), *ledger.holds.values()]
    return {named for block in blocks for named in _named_in(block, of_balances)}


def _named_in(
    block: Accounts | Entries | Holds, of_balances: Iterable[str]
) -> Iterator[tuple[str, str]]:
    said = [*_texts(block.model_dump(exclude={"table", "join", "label"})), *of_balances]
    columns = ", ".join(f"({sql}\n)" for sql in said if _is_sql(f"select ({sql}\n)"))
    query = f"select {columns} from own {block.join or ''}"  # noqa: S608 - parsed, never run
    tree = [*_walk(wrap(postgast.parse(query)))]
    left_out = {
        node.rarg.location
        for node in tree
        if isinstance(node, nodes.JoinExpr)
        and node.jointype == pg.JOIN_LEFT
        and isinstance(node.rarg, nodes.RangeVar)
        and not _is_used(node.rarg, node.quals, tree)
    }
    for node in tree:
        if isinstance(node, nodes.RangeVar) and node.schemaname and node.location not in left_out:
            yield node.schemaname, node.relname


def _is_used(joined: nodes.RangeVar, condition: Any, tree: Iterable[Any]) -> bool:
    """Whether a column of a table is named outside the condition that it is joined on."""
    name = joined.alias.aliasname if joined.alias else joined.relname
    own = {node.location for node in _walk(condition) if isinstance(node, nodes.ColumnRef)}
    return any(
        isinstance(node, nodes.ColumnRef)
        and node.location not in own
        and name in [part.sval for part in node.fields[:-1] if isinstance(part, nodes.String)]
        for node in tree
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text in it: names and SQL alike."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(value.values())
    elif isinstance(value, Iterable):
        for each in value:
            yield from _texts(each)


def _is_sql(query: str) -> bool:
    try:
        postgast.parse(query)
    except postgast.PgQueryError:
        return False
    return True


def _walk(node: Any) -> Iterator[Any]:
    return (part for _, part in postgast.walk_typed(node)) if node else iter(())
