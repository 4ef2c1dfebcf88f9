"""How a contract declares its ledgers: stored numbers, and the rows that ought to add up to them.

docs/ledgers.md explains every key to its author. Here a ledger is held against itself; against
the database it is held by `compiled_ledgers`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    model_validator,
)

from counterfoil.contract.clauses import Clause, Name, twice


def _no_number(epoch: Any) -> Any:
    """Postgres reads no count of seconds as an instant; pydantic would."""
    if isinstance(epoch, int | float) or str(epoch).strip().isdigit():
        raise ValueError("give an ISO date and time with its zone: '2025-10-29T00:12:00Z'")
    return epoch


# From then on every change is on record.
Epoch = Annotated[AwareDatetime, BeforeValidator(_no_number)]

# A column as the catalog spells it, or SQL over the row; a number may be written as one.
Sql = StrictInt | StrictFloat | Name
Columns = Name | Annotated[tuple[Name, ...], Field(min_length=1)]

# The opening that is taken from the first audit.
RECORDED = "recorded"


def listed(columns: Columns) -> tuple[str, ...]:
    """One column, or several, as a list."""
    return (columns,) if isinstance(columns, str) else columns


class Words(Clause):
    """What messages and reports call an account, a hold, and what the amounts count."""

    account: Name = "account"
    hold: Name = "hold"
    unit: Name = "units"


class Freeze(Clause):
    """A time in which nothing was to be adjusted; `until` is not part of it."""

    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until <= self.from_:
            raise ValueError("until is not after from")
        return self


class Accounts(Clause):
    """The rows that have the stored number: one or several for each account."""

    table: Name
    key: Columns
    join: Name | None = None
    where: Name | None = None
    label: Sql | None = None
    currency: Sql | None = None
    created_at: Sql | None = None


class Term(Clause):
    """What of some entries a balance adds up: by default their own amount."""

    entries: Name
    amount: Sql | None = None
    where: Name | None = None


class Balance(Clause):
    """One number of an account: stored, and what it ought to be.

    Without `stored` only its bounds are judged.
    """

    stored: Sql | None = None
    opening: Sql = 0
    sum: tuple[Name | Term, ...]
    min: Sql | None = None
    max: Sql | None = None
    at_all_times: StrictBool = False
    tolerance: Sql | None = None
    repair: dict[Name, Sql] = Field(default_factory=dict)

    @property
    def terms(self) -> tuple[Term, ...]:
        """What it sums."""
        return tuple(term if isinstance(term, Term) else Term(entries=term) for term in self.sum)


class RunningBalance(Clause):
    """The balance that each entry says it found, and left."""

    before: Sql | None = None
    after: Sql
    order: tuple[Sql, ...] = ()

    @model_validator(mode="after")
    def _has_a_chain(self) -> Self:
        if self.before is None and not self.order:
            raise ValueError("give before, or the order in which the entries were made")
        return self


class Entries(Clause):
    """Rows that name an account and change its balances."""

    table: Name
    key: Columns | None = None
    account: Columns
    amount: Sql | None = None
    join: Name | None = None
    where: Name | None = None
    at: Sql | None = None
    reason: Sql | None = None
    hold: Sql | dict[Name, Sql] | None = None
    currency: Sql | None = None
    running_balance: RunningBalance | None = None
    transaction: Sql | None = None
    reverses: Sql | None = None
    write: dict[Name, Sql] = Field(default_factory=dict)


class Holds(Clause):
    """Rows whose status says what their entries have to sum to."""

    table: Name
    key: Name | None = None
    balance: Name | None = None
    account: Columns | None = None
    amount: Sql | None = None
    join: Name | None = None
    where: Name | None = None
    label: Sql | None = None
    status: Sql
    at: Sql | None = None
    created_at: Sql | None = None
    owes: dict[Name, Sql] = Field(min_length=1)


class Reasons(Clause):
    """What the entries' reasons mean: they take, give back, or adjust."""

    takes: tuple[Name, ...] = ()
    gives: tuple[Name, ...] = ()
    adjusts: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _mean_one_thing(self) -> Self:
        if doubled := twice((*self.takes, *self.gives, *self.adjusts)):
            raise ValueError(f"'{doubled}' is there twice")
        return self

    @property
    def all(self) -> tuple[str, ...]:
        """Every reason there is."""
        return (*self.takes, *self.gives, *self.adjusts)


class Ledger(Clause):
    """Accounts with their balances, and the entries and holds that make these up."""

    words: Words = Words()
    epoch: Epoch | None = None
    days_close_after: Name | None = None
    freezes: tuple[Freeze, ...] = ()
    accounts: Accounts
    balances: dict[Name, Balance] = Field(min_length=1)
    entries: dict[Name, Entries] = Field(default_factory=dict)
    holds: dict[Name, Holds] = Field(default_factory=dict)
    reasons: Reasons | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for key, fault in self._faults():
            raise ValueError(f"{key}: {fault}")
        return self

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from self._faults_of_balances()
        yield from self._faults_of_entries()
        yield from self._faults_of_holds()
        if self.reasons and not any(block.reason for block in self.entries.values()):
            yield "reasons", "no entries say their reason"
        if self.freezes and not (self.reasons and self.reasons.adjusts):
            yield "freezes", "no reason adjusts, so nothing can fall inside one: see reasons"
        if self.days_close_after and not any(map(self.closes, self.entries)):
            yield "days_close_after", "no entries have both at and amount, so no day can close"

    def _faults_of_balances(self) -> Iterator[tuple[str, str]]:
        for name, balance in self.balances.items():
            key = f"balances.{name}"
            for term in balance.terms:
                if term.entries not in self.entries:
                    yield f"{key}.sum", f"no entries '{term.entries}' ({_known(self.entries)})"
                elif term.amount is None and self.entries[term.entries].amount is None:
                    yield f"{key}.sum", f"entries '{term.entries}' have no amount, nor has the term"
            if balance.stored is None and balance.min is None and balance.max is None:
                yield key, "nothing to judge: give stored, min or max"
            if balance.repair and balance.stored is None:
                yield f"{key}.repair", "nothing is stored that could be recalculated"
            if balance.opening == RECORDED and balance.stored is None:
                yield f"{key}.opening", "nothing is stored that could be recorded"
            if balance.at_all_times:
                if balance.min is None and balance.max is None:
                    yield f"{key}.at_all_times", "give min or max, to be held at all times"
                for term in balance.terms:
                    if self.entries[term.entries].at is None:
                        yield f"{key}.at_all_times", f"entries '{term.entries}' have no at"

    def _faults_of_entries(self) -> Iterator[tuple[str, str]]:
        arity = len(listed(self.accounts.key))
        for name, block in self.entries.items():
            key = f"entries.{name}"
            if len(listed(block.account)) != arity:
                yield f"{key}.account", f"give as many columns as accounts.key has: {arity}"
            if block.running_balance:
                chained = self.chained(name)
                if len(chained) != 1:
                    found = ", ".join(chained) or "none"
                    yield (
                        f"{key}.running_balance",
                        f"it belongs to the one balance that sums these entries without an"
                        f" amount of its own, and here that is {found}",
                    )
            if block.write and block.hold is None:
                yield f"{key}.write", "they name no hold, and what is missing is a hold's entry"
            if isinstance(block.hold, dict):
                for hold in block.hold:
                    if hold not in self.holds:
                        yield f"{key}.hold", f"no holds '{hold}' ({_known(self.holds)})"
            elif block.hold is not None and len(self.holds) != 1:
                yield (
                    f"{key}.hold",
                    f"say of which holds: {{HOLDS: {block.hold}}} ({_known(self.holds)})",
                )

    def _faults_of_holds(self) -> Iterator[tuple[str, str]]:
        for name, holds in self.holds.items():
            key = f"holds.{name}"
            if holds.balance is None and len(self.balances) > 1:
                yield f"{key}.balance", f"say which of them: {_known(self.balances)}"
            elif holds.balance is not None and holds.balance not in self.balances:
                yield f"{key}.balance", f"no balance '{holds.balance}' ({_known(self.balances)})"
            if holds.account and len(listed(holds.account)) != len(listed(self.accounts.key)):
                yield (
                    f"{key}.account",
                    f"give as many columns as accounts.key has: {len(listed(self.accounts.key))}",
                )
            if not any(name in self.holds_of(block) for block in self.entries):
                yield key, "no entries name them as their hold"

    def chained(self, entries: str) -> tuple[str, ...]:
        """The balances that sum these entries by the amount of the entries themselves."""
        return tuple(
            name
            for name, balance in self.balances.items()
            if any(term.entries == entries and term.amount is None for term in balance.terms)
        )

    def closes(self, entries: str) -> bool:
        """Whether their days close: they say when they happened, and how much they are."""
        block = self.entries[entries]
        return None not in (self.days_close_after, block.at, block.amount)

    def holds_of(self, entries: str) -> Mapping[str, Sql]:
        """By holds, what of the entries names one of them."""
        hold = self.entries[entries].hold
        if hold is None:
            return {}
        return hold if isinstance(hold, dict) else dict.fromkeys(self.holds, hold)

    def balance_of(self, holds: str) -> str:
        """The balance whose sum they owe."""
        return self.holds[holds].balance or next(iter(self.balances))

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that it names, each once."""
        entries = (block.table for block in self.entries.values())
        holds = (block.table for block in self.holds.values())
        return tuple(dict.fromkeys([self.accounts.table, *entries, *holds]))

    def declares(self, feature: str) -> bool:
        """Whether it has what a check of that feature is about."""
        return FEATURES[feature](self)


def _any_entries(key: str) -> Callable[[Ledger], bool]:
    return lambda ledger: any(getattr(block, key) is not None for block in ledger.entries.values())


# What a check or a view may need of a ledger: of one without it nothing is asked.
FEATURES: Mapping[str, Callable[[Ledger], bool]] = {
    "entries": lambda ledger: bool(ledger.entries),
    "holds": lambda ledger: bool(ledger.holds),
    "hold_accounts": lambda ledger: any(holds.account for holds in ledger.holds.values()),
    "epoch": lambda ledger: ledger.epoch is not None and bool(ledger.holds),
    "reasons": lambda ledger: ledger.reasons is not None,
    "freezes": lambda ledger: bool(ledger.freezes),
    "stored": lambda ledger: any(
        balance.stored is not None for balance in ledger.balances.values()
    ),
    "sums": lambda ledger: any(
        balance.stored is not None and balance.sum for balance in ledger.balances.values()
    ),
    "bounds": lambda ledger: any(
        balance.min is not None or balance.max is not None for balance in ledger.balances.values()
    ),
    "at_all_times": lambda ledger: any(
        balance.at_all_times for balance in ledger.balances.values()
    ),
    "commitments": lambda ledger: (
        bool(ledger.reasons and ledger.reasons.adjusts)
        and any(
            holds.account and ledger.balances[ledger.balance_of(name)].min is not None
            for name, holds in ledger.holds.items()
        )
    ),
    "at": _any_entries("at"),
    "closed_days": lambda ledger: ledger.days_close_after is not None,
    "write": lambda ledger: any(block.write for block in ledger.entries.values()),
    "repeats": lambda ledger: any(
        block.at is not None and block.reason is not None for block in ledger.entries.values()
    ),
    "running_balance": _any_entries("running_balance"),
    "transaction": _any_entries("transaction"),
    "reverses": _any_entries("reverses"),
    "currency": lambda ledger: (
        ledger.accounts.currency is not None and _any_entries("currency")(ledger)
    ),
}


def circle(ledgers: Mapping[str, Ledger]) -> tuple[str, ...]:
    """Ledgers each of whose accounts are entries of the next, and the last one's of the first."""
    within = {
        name: [
            other
            for other, outer in ledgers.items()
            if other != name
            and ledger.accounts.table in {block.table for block in outer.entries.values()}
        ]
        for name, ledger in ledgers.items()
    }
    for start in within:
        paths: list[tuple[str, ...]] = [(start,)]
        while paths:
            path = paths.pop()
            for following in within[path[-1]]:
                if following == start:
                    return path
                if following not in path:
                    paths.append((*path, following))
    return ()


def _known(names: Mapping[str, object]) -> str:
    return f"there are: {', '.join(names)}" if names else "there are none"
