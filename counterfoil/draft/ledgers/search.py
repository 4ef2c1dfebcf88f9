"""Which stored numbers of a database are the sum of other rows, and how far.

Sums of entries are tried on a sample of accounts, the simplest first, and what fits is counted in
SQL. What holds for nearly all is a ledger, and the others are its findings.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.sqltext import identifier
from counterfoil.contract.catalog import Catalog, CatalogForeignKey
from counterfoil.draft.attempt import Attempt
from counterfoil.draft.ledgers.chains import (
    RunningBalance,
    Transactions,
    find_running_balance,
    find_transactions,
)
from counterfoil.draft.ledgers.columns import Columns, begins, is_counting, is_summed
from counterfoil.draft.ledgers.designs import designs, some, together
from counterfoil.draft.ledgers.fit import (
    LEAST_ACCOUNTS,
    LEAST_SHARE,
    Fit,
    Target,
    fits,
    is_enough,
    promising,
)
from counterfoil.draft.ledgers.sample import Asked, Sample, count_holding, kinds_of, read_sample
from counterfoil.draft.ledgers.terms import EXACT, Amount, FoundBalance, Kind, Opening, Term
from counterfoil.draft.ledgers.ways import Way, Ways

# Ways over other tables that are tried for one table.
_MOST_FURTHER = 20
# What else a number is the sum of is said of so many.
_MOST_OTHERS = 2
# Units that an opening may be told in.
_FACTORS = (Decimal(1), Decimal(100), Decimal("0.01"))

# Accounts with several entries, or with none and 0, that tell a sum from a copy.
_LEAST_SUMS = 5

# How long one statement may take.
_PATIENCE = "5s"
# How long all of them together are looked for.
SECONDS = 30


@dataclass(frozen=True)
class FoundLedger:
    """A table's stored numbers that are the sum of other rows.

    Attributes:
        accounts: the table.
        key: what entries name its rows by.
        where: which of its rows are accounts, as SQL; None for all.
        balances: the stored numbers.
        running: by the entries' table the balance that it keeps.
        transactions: by the entries' table what comes to 0 in it.
    """

    accounts: str
    key: tuple[str, ...]
    where: str | None
    balances: tuple[FoundBalance, ...]
    running: Mapping[str, RunningBalance]
    transactions: Mapping[str, Transactions]


@dataclass(frozen=True)
class Known:
    """What is known of a database before its ledgers are looked for.

    Attributes:
        catalog: the tables.
        references: those that are tried.
        rows: how many rows the tables have that may be read.
        schemas: the contract's.
        tenants: columns that say whose a row is.
    """

    catalog: Catalog
    references: Sequence[CatalogForeignKey]
    rows: Mapping[str, int]
    schemas: Sequence[str]
    tenants: frozenset[str]


def find_ledgers(connection: Connection, known: Known) -> tuple[list[FoundLedger], bool]:
    """The ledgers that the rows bear out, and whether there was time to look for all.

    Who reads has transactions of its own.
    """
    search = _Search(connection, known)
    return [*search.ledgers()], not search.is_late


@dataclass(frozen=True)
class _Candidate:
    """What a number may be the sum of; the lower the rank, the likelier."""

    balance: FoundBalance
    rank: tuple[int, ...]

    @property
    def is_of_units(self) -> bool:
        """Whether its factor is a matter of units: a power of ten."""
        return self.balance.terms[0].factor.log10() % 1 == 0

    @property
    def about(self) -> frozenset[tuple[Way, str]]:
        """The columns that are added up or multiplied, whichever rows count; none for a count."""
        return frozenset(
            (term.way, column)
            for term in self.balance.terms
            for column in term.amount.columns or ("",)
        )


class _Search:
    def __init__(self, connection: Connection, known: Known) -> None:
        self._connection = connection
        self._tables = known.catalog.tables
        self._rows = known.rows
        self._schemas = known.schemas
        self._ways = Ways(known.catalog, known.references, known.schemas, known.tenants)
        self._columns = Columns(self._tables, known.references)
        self._kinds: dict[str, tuple[Kind, ...]] = {}
        self._sums: set[tuple[str, str]] = set()
        self._holding: dict[tuple[str, str], list[frozenset[tuple[Way, str]]]] = {}
        self._until = time.monotonic() + SECONDS

    @property
    def is_late(self) -> bool:
        """Whether it has taken long enough."""
        return time.monotonic() > self._until

    def ledgers(self) -> Iterator[FoundLedger]:
        """Of every table that has numbers, those whose entries reference it first."""
        left: dict[str, list[str]] = {}
        found: dict[str, list[FoundBalance]] = {}
        # Of what is an entry of something else first: its numbers may be sums themselves.
        for name in sorted(self._tables, key=lambda one: not self._ways.leads_on(one)):
            if self._rows.get(name, 0) >= LEAST_ACCOUNTS and self._columns.numbers(name):
                left[name] = self._columns.numbers(name)
        for groups_of in (self._singly, self._together, self._other_ways, self._some):
            for name, numbers in left.items():
                # The ways themselves take time, where tables are thousands.
                if self.is_late:
                    break
                for balance in self._best(groups_of(name, numbers), numbers):
                    found.setdefault(name, []).append(balance)
                    numbers.remove(balance.stored)
                    self._sums.add((name, balance.stored))
        for name, balances in found.items():
            yield from self._grouped(name, balances)

    def _singly(self, name: str, _: Sequence[str]) -> list[list[Way]]:
        return [[way] for way in self._direct(name)]

    def _together(self, name: str, _: Sequence[str]) -> list[list[Way]]:
        return [*together(self._direct(name))]

    def _other_ways(self, name: str, left: Sequence[str]) -> list[list[Way]]:
        """Those without a reference; the longer where a number's name says that it is a sum."""
        ways = [*self._ways.shared(name)]
        if is_summed(left):
            ways += self._ways.further(name)
        return [[way] for way in self._filled(ways)[:_MOST_FURTHER]]

    def _some(self, name: str, left: Sequence[str]) -> list[list[Way]]:
        """These take longest."""
        return [*some(self._direct(name))] if is_summed(left) else []

    def _direct(self, name: str) -> list[Way]:
        return self._filled(self._ways.direct(name))

    def _filled(self, ways: Sequence[Way]) -> list[Way]:
        return [way for way in ways if self._rows.get(way.entries, 0) >= LEAST_ACCOUNTS]

    def _grouped(self, name: str, balances: Sequence[FoundBalance]) -> Iterator[FoundLedger]:
        """The numbers of a table, one ledger for each key that its entries name."""
        alike: dict[tuple[tuple[str, ...], str | None], list[FoundBalance]] = {}
        for one in balances:
            filled = f"{identifier(one.stored)} is not null" if one.is_for_some else None
            where = " and ".join(filter(None, (self._columns.living(name), filled))) or None
            alike.setdefault((one.terms[0].way.key, where), []).append(one)
        for (key, where), of_key in alike.items():
            running, transactions = {}, {}
            for balance in of_key:
                term, *others = balance.terms
                entries = term.way.entries
                if others or term.way.join or not term.amount.columns:
                    continue
                table = self._tables[entries]
                numbers = [
                    one
                    for one in self._columns.numbers(entries)
                    if one not in term.amount.columns and table.types[one] in EXACT
                ]
                with Attempt(self._connection, _PATIENCE):
                    if entries not in running and (
                        kept := find_running_balance(
                            self._connection, balance, table, numbers, self._schemas
                        )
                    ):
                        running[entries] = kept
                with Attempt(self._connection, _PATIENCE):
                    if entries not in transactions and (
                        to_0 := find_transactions(self._connection, term, table, self._schemas)
                    ):
                        transactions[entries] = to_0
            yield FoundLedger(name, key, where, tuple(of_key), running, transactions)

    def _best(self, groups: Sequence[list[Way]], left: Sequence[str]) -> Iterator[FoundBalance]:
        """Of each number what it is the sum of, and what else."""
        candidates: dict[str, list[_Candidate]] = {}
        for ways in groups:
            if self.is_late or not left:
                break
            with Attempt(self._connection, _PATIENCE):
                for one in self._candidates(ways, left):
                    candidates.setdefault(one.balance.stored, []).append(one)
        begun = {
            one.balance.opening.column
            for of_number in candidates.values()
            for one in of_number
            if one.balance.opening
        }
        for stored, of_number in candidates.items():
            holding: list[FoundBalance] = []
            for one in sorted(of_number, key=lambda candidate: candidate.rank):
                # What another number begins at is not the sum of half as many entries.
                opening = one.balance.opening
                is_begun = stored in begun or (opening is not None and opening.factor != 1)
                if is_begun and not one.is_of_units:
                    continue
                # Nor is a sum more than itself, with something that comes to 0 beside it.
                if not any(of <= one.about for of in self._held(one)):
                    with Attempt(self._connection, _PATIENCE):
                        if counted := self._counted(one):
                            holding.append(counted)
                if len(holding) > _MOST_OTHERS:
                    break
            if holding:
                best, *others = holding
                yield replace(best, others=tuple(other.words for other in others))

    def _held(self, one: "_Candidate") -> list[frozenset[tuple[Way, str]]]:
        """What the number was found to be, if only as a copy."""
        return self._holding.setdefault((one.balance.accounts, one.balance.stored), [])

    def _counted(self, one: "_Candidate") -> FoundBalance | None:
        """The balance with how far it holds; None if it does not."""
        balance = one.balance
        where = self._columns.living(balance.accounts) or "true"
        of = count_holding(self._connection, balance, where, self._schemas)
        known = of.moved + of.quiet
        if not (
            is_enough(of.moved_held, of.moved) and is_enough(of.moved_held + of.quiet_held, known)
        ):
            return None
        self._held(one).append(one.about)
        # A number that each has from one entry is a copy of it.
        is_sum = of.several_held > of.several / 2 or not of.several
        if not is_sum or (balance.is_plain and of.several_held + of.quiet_held < _LEAST_SUMS):
            return None
        is_for_some = of.unknown > known * (1 - LEAST_SHARE)
        return replace(balance, holding=(of.moved_held, of.moved), is_for_some=is_for_some)

    def _candidates(self, ways: Sequence[Way], left: Sequence[str]) -> Iterator["_Candidate"]:
        """What the entries of a sample come to."""
        numbers = self._columns.numbers(ways[0].accounts)
        types = self._tables[ways[0].accounts].types
        amounts = [[Amount(), *self._columns.amounts(way.entries)] for way in ways]
        kinds = [self._kinds_of(way.entries) for way in ways]
        sample = read_sample(
            self._connection,
            [
                Asked(way, [one.sql(way) for one in of[1:]], by)
                for way, of, by in zip(ways, amounts, kinds, strict=True)
            ],
            numbers,
            self._columns.living(ways[0].accounts) or "true",
            self._schemas,
        )
        if sample is None or len(sample.numbers) < LEAST_ACCOUNTS:
            return
        varying = [one for one in left if _varies(sample, one)]
        begun = [one for one in numbers if any(of[one] for of in sample.numbers)]
        asked = [
            Target(stored, Opening(opening, types[opening], factor) if opening else None).wanted(
                sample
            )
            for stored in varying
            for opening in (None, *begun)
            if opening is None or begins(opening, stored, begun)
            for factor in (_FACTORS if opening else _FACTORS[:1])
        ]
        for whole, tried in designs(sample, [*map(len, amounts)]):
            hopeful = promising(sample, varying, whole) if varying else set()
            wanted = [one for one in asked if one.target.stored in hopeful]
            for fit in (one for parts in tried for one in fits(sample, wanted, parts)):
                terms = tuple(
                    Term(
                        ways[part.way],
                        amounts[part.way][part.amount],
                        fit.factor,
                        tuple(kinds[part.way][place] for place in part.kinds),
                        signs,
                    )
                    for part, signs in zip(fit.parts, fit.signs, strict=True)
                )
                yield self._candidate(fit, terms)

    def _candidate(self, fit: Fit, terms: tuple[Term, ...]) -> "_Candidate":
        """Of what fits alike, entries go before sums of others, and the simplest before others."""
        stored, opening = fit.target.stored, fit.target.opening
        is_count = not terms[0].amount.columns
        rank = (
            any(
                (t.way.entries, column) in self._sums for t in terms for column in t.amount.columns
            ),
            fit.missed,
            not is_count and is_counting(stored),
            fit.factor != 1 or (opening is not None and opening.factor != 1),
            sum(len(term.kinds) for term in terms) + len(terms),
            opening is not None,
            not any(
                column.lower() in stored.lower() for term in terms for column in term.amount.columns
            ),
            is_count,
            sum(map(len, fit.signs)),
        )
        types = self._tables[terms[0].way.accounts].types
        return _Candidate(FoundBalance(stored, types[stored], opening, terms), rank)

    def _kinds_of(self, name: str) -> tuple[Kind, ...]:
        if name not in self._kinds:
            self._kinds[name] = kinds_of(
                self._connection, self._tables[name], self._columns.naming(name), self._schemas
            )
        return self._kinds[name]


def _varies(sample: Sample, column: str) -> bool:
    """Nothing is proven by what is the same everywhere."""
    return len({numbers[column] for numbers in sample.numbers} - {None}) > 2
