"""Which stored numbers of a database are the sum of other rows, and how far.

Sums of entries are tried on a sample of accounts, the simplest first, and what fits is counted in
SQL. What holds for nearly all is a ledger, and the others are its findings.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, islice, product

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.sqltext import identifier
from counterfoil.contract.catalog import Catalog, CatalogForeignKey, CatalogTable
from counterfoil.draft.ledgers.chains import (
    RunningBalance,
    Transactions,
    find_running_balance,
    find_transactions,
)
from counterfoil.draft.ledgers.fit import (
    LEAST_ACCOUNTS,
    LEAST_SHARE,
    MOST_CELLS,
    Fit,
    Part,
    Target,
    fits,
    is_enough,
    promising,
)
from counterfoil.draft.ledgers.sample import Asked, Sample, count_holding, kinds_of, read_sample
from counterfoil.draft.ledgers.terms import EXACT, Amount, FoundBalance, Kind, Opening, Term
from counterfoil.draft.ledgers.ways import Way, Ways, names_other

_NUMBERS = (*EXACT, "money")
_MOST_NUMBERS = 8

# What an opening is called; else it is the column that stands first.
_OPENING = re.compile("open|initial|start|total|capacity|limit|grant")
# What counts entries, and what may be the sum of rows that do not reference it.
_COUNTING = re.compile("count|^num_|number|version")
_STORED = re.compile(
    "count|total|balance|sold|used|spent|reserved|allocated|available|remaining|quantity|stock"
    "|on_?hand|sum|paid|due|points|credits|num_|taken|booked|held|owed|outstanding|received|earned"
)
# What a product of two is of.
_QUANTITY = re.compile("quantity|qty|count|units|hours|nights|days")
# What else is called a number of something that may be added up.
_AMOUNT = re.compile(f"{_STORED.pattern}|{_QUANTITY.pattern}|amount|price|value|change|delta")
# Accounts that are gone: their numbers are no longer kept.
_GONE = re.compile("delet|archiv|discard|remov")

# Ways over other tables that are tried for one table.
_MOST_FURTHER = 20
# Ways that are tried together.
_MOST_TOGETHER = 4

# Columns that tell entries apart together, and amounts of several ways that are tried.
_MOST_TOLD_APART = 3
_MOST_CHOSEN = 200
# The same where several ways are told apart as well: the likeliest of all of them together.
_MOST_TOLD_TOGETHER = 4
_MOST_CHOSEN_TOLD = 6
# What else a number is the sum of is said of so many.
_MOST_OTHERS = 2
# Units that an opening may be told in.
_FACTORS = (Decimal(1), Decimal(100), Decimal("0.01"))

# Accounts with several entries, or with none and 0, that tell a sum from a copy.
_LEAST_SUMS = 5

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
        # Keys, and what references one, are numbers of something else.
        self._naming = {(name, one) for name, of in self._tables.items() for one in of.primary_key}
        self._naming |= {(one.child, column) for one in known.references for column in one.columns}
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
            if self._rows.get(name, 0) >= LEAST_ACCOUNTS and self._numbers(name):
                left[name] = self._numbers(name)
        direct = {name: self._filled(self._ways.direct(name)) for name in left}
        tries = (
            ((name, [[way] for way in ways]) for name, ways in direct.items()),
            ((name, [*_together(ways)]) for name, ways in direct.items()),
            ((name, [[way] for way in self._other_ways(name, left[name])]) for name in left),
            # These take longest.
            ((name, [*_some(ways)]) for name, ways in direct.items() if _is_summed(left[name])),
        )
        for name, groups in (one for of in tries for one in of):
            for balance in self._best(groups, left[name]):
                found.setdefault(name, []).append(balance)
                left[name].remove(balance.stored)
                self._sums.add((name, balance.stored))
        for name, balances in found.items():
            yield from self._grouped(name, balances)

    def _other_ways(self, name: str, left: Sequence[str]) -> Iterator[Way]:
        """Those without a reference; the longer where a number's name says that it is a sum."""
        ways = [*self._ways.shared(name)]
        if _is_summed(left):
            ways += self._ways.further(name)
        yield from islice(self._filled(ways), _MOST_FURTHER)

    def _filled(self, ways: Sequence[Way]) -> list[Way]:
        return [way for way in ways if self._rows.get(way.entries, 0) >= LEAST_ACCOUNTS]

    def _grouped(self, name: str, balances: Sequence[FoundBalance]) -> Iterator[FoundLedger]:
        """The numbers of a table, one ledger for each key that its entries name."""
        alike: dict[tuple[tuple[str, ...], str | None], list[FoundBalance]] = {}
        for one in balances:
            filled = f"{identifier(one.stored)} is not null" if one.is_for_some else None
            where = " and ".join(filter(None, (self._living(name), filled))) or None
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
                    for one in self._numbers(entries)
                    if one not in term.amount.columns and table.types[one] in EXACT
                ]
                with _Attempt(self._connection):
                    if entries not in running and (
                        kept := find_running_balance(
                            self._connection, balance, table, numbers, self._schemas
                        )
                    ):
                        running[entries] = kept
                with _Attempt(self._connection):
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
            with _Attempt(self._connection):
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
                    with _Attempt(self._connection):
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
        where = self._living(balance.accounts) or "true"
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
        numbers = self._numbers(ways[0].accounts)
        types = self._tables[ways[0].accounts].types
        amounts = [[Amount(), *self._amounts(way.entries)] for way in ways]
        kinds = [self._kinds_of(way.entries) for way in ways]
        sample = read_sample(
            self._connection,
            [
                Asked(way, [one.sql(way) for one in of[1:]], by)
                for way, of, by in zip(ways, amounts, kinds, strict=True)
            ],
            numbers,
            self._living(ways[0].accounts) or "true",
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
            if opening is None or _begins(opening, stored, begun)
            for factor in (_FACTORS if opening else _FACTORS[:1])
        ]
        for whole, designs in _designs(sample, [*map(len, amounts)]):
            hopeful = promising(sample, varying, whole) if varying else set()
            wanted = [one for one in asked if one.target.stored in hopeful]
            for fit in (one for parts in designs for one in fits(sample, wanted, parts)):
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
            not is_count and _COUNTING.search(stored.lower()) is not None,
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

    def _numbers(self, name: str) -> list[str]:
        """A table's columns that may be amounts: if they are many, those called so."""
        numbers = [
            column
            for column, type_ in self._tables[name].types.items()
            if type_ in _NUMBERS and (name, column) not in self._naming and not names_other(column)
        ]
        likely = sorted(numbers, key=lambda one: _AMOUNT.search(one.lower()) is None)
        return [one for one in numbers if one in likely[:_MOST_NUMBERS]]

    def _amounts(self, name: str) -> list[Amount]:
        """What an entry may count for: a number, or a product of two, of a quantity first."""
        numbers = sorted(self._numbers(name), key=lambda one: _QUANTITY.search(one.lower()) is None)
        products = islice(combinations(numbers, 2), _MOST_NUMBERS)
        columns = [*((one,) for one in self._numbers(name)), *products]
        types = self._tables[name].types
        return [Amount(of, tuple(types[one] for one in of)) for of in columns]

    def _kinds_of(self, name: str) -> tuple[Kind, ...]:
        if name not in self._kinds:
            naming = {column for table, column in self._naming if table == name}
            self._kinds[name] = kinds_of(
                self._connection, self._tables[name], naming, self._schemas
            )
        return self._kinds[name]

    def _living(self, name: str) -> str | None:
        """That an account is not gone, as SQL over its row."""
        table: CatalogTable = self._tables[name]
        for column, type_ in table.types.items():
            if not _GONE.search(column.lower()):
                continue
            if type_ == "boolean":
                return f"{identifier(column)} is not true"
            if type_.startswith("timestamp") and column not in table.not_null:
                return f"{identifier(column)} is null"
        return None


class _Attempt:
    """A transaction that ends without a trace; what Postgres refuses in it is no error."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if self._connection.closed:
            return False
        self._connection.rollback()
        return isinstance(error, psycopg2.Error)


def _together(ways: Sequence[Way]) -> Iterator[list[Way]]:
    """Ways that may each be a part of one number: those of one table, and all there are."""
    by_entries: dict[str, list[Way]] = {}
    for way in ways:
        by_entries.setdefault(way.entries, []).append(way)
    of_all = [[*ways]] if len(by_entries) > 1 else []
    for group in (*by_entries.values(), *of_all):
        if 1 < len(group) <= _MOST_TOGETHER and len({way.key for way in group}) == 1:
            yield group


def _some(ways: Sequence[Way]) -> Iterator[list[Way]]:
    """Other ways that may be parts of one number, the fewest first."""
    of_some = (of for count in range(2, _MOST_TOGETHER + 1) for of in combinations(ways, count))
    together = [*_together(ways)]
    groups = ([*of] for of in of_some if len({way.key for way in of}) == 1)
    yield from islice((of for of in groups if of not in together), _MOST_FURTHER)


def _is_summed(numbers: Sequence[str]) -> bool:
    """Whether the name of one says that it is a sum."""
    return any(_STORED.search(one.lower()) for one in numbers)


def _designs(
    sample: Sample, amounts: Sequence[int]
) -> Iterator[tuple[list[Part], list[tuple[Part, ...]]]]:
    """What may be added up, and all of which that is a part: of one way an amount told apart by
    up to three columns, or two amounts of a row, by up to two; of several ways an amount each, or
    all counted, and then told apart by up to two.
    """
    ways = range(len(amounts))
    if len(amounts) > 1:
        whole = [Part(way, amount) for way in ways for amount in range(amounts[way])]
        sums = product(*(range(1, of) for of in amounts))
        chosen = [(0,) * len(amounts), *islice(sums, _MOST_CHOSEN)]
        yield whole, [tuple(map(Part, ways, one)) for one in chosen]
        kinds_of_way = [
            range(
                min(
                    one.kinds_within(MOST_CELLS // len(amounts)),
                    _MOST_TOLD_TOGETHER // len(amounts),
                )
            )
            for one in sample.entries
        ]
        told = [
            [by for count in range(len(of) + 1) for by in combinations(of, count)]
            for of in kinds_of_way
        ]
        for one in sorted(chosen, key=sum)[:_MOST_CHOSEN_TOLD] if any(kinds_of_way) else ():
            finest = tuple(map(Part, ways, one, map(tuple, kinds_of_way)))
            yield list(finest), [tuple(map(Part, ways, one, by)) for by in product(*told)][1:]
        return
    kinds = sample.entries[0].kinds_within(MOST_CELLS)
    designs: list[tuple[Part, ...]]
    for amount in range(amounts[0]):
        designs = [
            (Part(0, amount, by),)
            for count in range(_MOST_TOLD_APART + 1)
            for by in combinations(range(kinds), count)
        ]
        yield [Part(0, amount, tuple(range(kinds)))], designs
    designs = [(Part(0, one), Part(0, two)) for one, two in combinations(range(1, amounts[0]), 2)]
    if designs:
        yield [Part(0, amount) for amount in range(1, amounts[0])], designs
    by = tuple(range(min(kinds, _MOST_TOLD_TOGETHER // 2)))
    pairs = sorted(combinations(range(1, amounts[0]), 2), key=sum) if by else []
    for first, second in pairs[:_MOST_CHOSEN_TOLD]:
        designs = [
            (Part(0, first, of), Part(0, second, of))
            for count in range(1, len(by) + 1)
            for of in combinations(by, count)
        ]
        yield [Part(0, first, by), Part(0, second, by)], designs


def _begins(opening: str, stored: str, columns: Sequence[str]) -> bool:
    """Whether it is the opening of the two: what holds for both ways round cannot tell itself."""
    if opening == stored:
        return False
    by_name = [_OPENING.search(column.lower()) is None for column in (opening, stored)]
    return (by_name[0], columns.index(opening)) < (by_name[1], columns.index(stored))


def _varies(sample: Sample, column: str) -> bool:
    """Nothing is proven by what is the same everywhere."""
    return len({numbers[column] for numbers in sample.numbers} - {None}) > 2
