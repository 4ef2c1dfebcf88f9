"""Found ledgers as a contract declares them, each number with how far it holds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from counterfoil.common.sqltext import comment, identifier
from counterfoil.contract.catalog import CatalogTable
from counterfoil.draft.flow import flow
from counterfoil.draft.ledgers.search import FoundLedger
from counterfoil.draft.ledgers.terms import Term
from counterfoil.draft.ledgers.ways import Way


def ledger_lines(
    ledgers: Sequence[FoundLedger], tables: Mapping[str, CatalogTable]
) -> Iterator[str]:
    """What stands under `ledgers`, of all of them."""
    names: dict[str, int] = {}
    for ledger in ledgers:
        names[ledger.accounts] = names.get(ledger.accounts, 0) + 1
        count = names[ledger.accounts]
        name = ledger.accounts if count == 1 else f"{ledger.accounts} {count}"
        yield from _lines(name, ledger, tables)


def _lines(name: str, ledger: FoundLedger, tables: Mapping[str, CatalogTable]) -> Iterator[str]:
    blocks = _Blocks(ledger)
    for balance in ledger.balances:
        held, of = balance.holding
        yield "  # Guessed: " + comment(
            f"{ledger.accounts}.{balance.stored} = {balance.words}: holds for {held:,} of {of:,}"
            " rows with entries"
        )
        yield from (f"  # It is also {comment(other)}." for other in balance.others)
    yield f"  {flow(name)}:"
    accounts: dict[str, Any] = {"table": ledger.accounts, "key": _listed(ledger.key)}
    yield f"    accounts: {flow(accounts | ({'where': ledger.where} if ledger.where else {}))}"
    yield "    balances:"
    for balance in ledger.balances:
        number: dict[str, Any] = {"stored": balance.sql}
        number |= {"opening": balance.opening.sql} if balance.opening else {}
        summed = [blocks.summed(term) for term in balance.terms]
        yield f"      {flow(balance.stored)}: {flow(number | {'sum': summed})}"
    yield "    entries:"
    for block, way in blocks.names.items():
        yield from _block_lines(ledger, block, way, blocks, tables[way.entries])


def _block_lines(
    ledger: FoundLedger, block: str, way: Way, blocks: "_Blocks", table: CatalogTable
) -> Iterator[str]:
    entry: dict[str, Any] = {"table": way.entries, "key": _listed(table.key)}
    entry |= {"join": way.join} if way.join else {}
    entry |= {"account": _listed(way.account)} | blocks.of_all(way)
    running, transactions = ledger.running.get(block), ledger.transactions.get(block)
    if running:
        columns = {"before": running.before, "after": running.after}
        kept = {name: identifier(one) for name, one in columns.items() if one}
        entry["running_balance"] = kept | ({"order": [running.order]} if running.order else {})
        yield f"      # Guessed: the balance kept by an entry is right for {_of(running.holding)}."
    if transactions:
        entry["transaction"] = identifier(transactions.column)
        yield (
            f"      # Guessed: entries of one {comment(transactions.column)} come to 0:"
            f" {_of(transactions.holding)}."
        )
    yield f"      {flow(block)}: {flow(entry)}"


class _Blocks:
    """The entries of a ledger by the name that its sums have for them."""

    def __init__(self, ledger: FoundLedger) -> None:
        terms = [term for balance in ledger.balances for term in balance.terms]
        self._terms: dict[Way, list[Term]] = {}
        for term in terms:
            self._terms.setdefault(term.way, []).append(term)
        self._running = ledger.running
        entries = [way.entries for way in self._terms]
        self.names = {
            way.entries
            if entries.count(way.entries) == 1
            else f"{way.entries} by {way.account[-1]}": way
            for way in self._terms
        }
        self._of = {way: name for name, way in self.names.items()}

    def of_all(self, way: Way) -> dict[str, Any]:
        """The amount of the first term of these entries, and the condition if all share it."""
        first = self._first(way)
        found: dict[str, Any] = {"amount": 1 if first.signed == "1" else first.signed}
        if first.condition and self._is_shared(way):
            found["where"] = first.condition
        return found

    def summed(self, term: Term) -> str | dict[str, Any]:
        """A term as a balance's sum has it."""
        own: dict[str, Any] = {"entries": self._of[term.way]}
        first = self._first(term.way)
        # What an entry keeps is the balance of the sum that leaves the amount to the entries.
        if term.signed != first.signed or (term is not first and self._running):
            own["amount"] = 1 if term.signed == "1" else term.signed
        if term.condition and not self._is_shared(term.way):
            own["where"] = term.condition
        return own if len(own) > 1 else own["entries"]

    def _first(self, way: Way) -> Term:
        terms = self._terms[way]
        return next((term for term in terms if term.amount.columns), terms[0])

    def _is_shared(self, way: Way) -> bool:
        return len({term.condition for term in self._terms[way]}) == 1


def _listed(names: str | Sequence[str]) -> str | list[str]:
    if isinstance(names, str):
        return names
    return names[0] if len(names) == 1 else [*names]


def _of(holding: tuple[int, int]) -> str:
    return f"{holding[0]:,} of {holding[1]:,}"
