"""A repair plan as an SQL script: guarded, reversible, and for somebody else to run.

The script is made of three parts, and `verify` runs the middle one: what it has tried is
what is printed. Its values are literals, so a reader sees every row that will change.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from counterfoil.common.sqltext import comment, literal, quoted
from counterfoil.common.templates import text_template
from counterfoil.contract.compiled_ledgers import compiled_block, compiled_holds, compiled_ledger
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.repair.repair_plan import RepairPlan, spoken
from counterfoil.repair.strategies import Strategy

K = TypeVar("K")
V = TypeVar("V")

# The guards read what was committed while the locks were waited for; a database may have
# another default, under which they would not.
BEGIN = "begin isolation level read committed read write;\n"
COMMIT = "commit;\n"
INVERSE_PREFIX = "--| "

_DOES: dict[Strategy, str] = {
    "backfill": "Inserts entries that holds lack; changes no stored balance.",
    "recalculate": "Sets stored balances to what their entries come to; changes no entry, and no"
    " cache of the application's.",
}
_UNDOES: dict[Strategy, str] = {
    "backfill": "Deletes the entries that the backfill inserted.",
    "recalculate": "Puts back the balances that were stored before.",
}


@dataclass(frozen=True)
class Script:
    """A transaction.

    Attributes:
        header: comments: what it does, and what its reader must know.
        body: everything between begin and commit.
    """

    header: str
    body: str

    def __str__(self) -> str:
        return f"{self.header}\n{BEGIN}\n{self.body}\n{COMMIT}"


def render(plan: RepairPlan, *, lock_timeout_s: int) -> Script:
    """The script that carries the plan out.

    Args:
        plan: what to do.
        lock_timeout_s: seconds that it waits for a row that somebody else has locked.
    """
    database = comment(plan.contract.database)
    header = [
        f"Counterfoil repair plan: {plan.strategy}",
        _DOES[plan.strategy],
        f"Database {database}, as of {plan.as_of:%Y-%m-%d %H:%M:%S} UTC. If a row"
        " that it names has changed since,",
        "it raises and changes nothing. Run it with: psql --set ON_ERROR_STOP=1 --file THIS_FILE",
        *_summary(plan),
    ]
    return Script(_commented(header), _body(plan, is_inverse=False, lock_timeout_s=lock_timeout_s))


def render_inverse(plan: RepairPlan, *, lock_timeout_s: int) -> Script:
    """The script that takes the plan back, once it was carried out."""
    header = [f"Inverse of a Counterfoil repair plan: {plan.strategy}", _UNDOES[plan.strategy]]
    undone = replace(plan, accounts=tuple(change.reversed() for change in plan.accounts))
    return Script(_commented(header), _body(undone, is_inverse=True, lock_timeout_s=lock_timeout_s))


def with_inverse(script: Script, inverse: Script) -> str:
    """Both as one text, the inverse as comments that one `sed` turns into a script."""
    note = _commented(
        [f"To take it back: sed -n 's/^{INVERSE_PREFIX.replace('|', '[|]')}//p' THIS_FILE | psql"]
    )
    lines = "".join(f"{INVERSE_PREFIX}{line}\n" for line in str(inverse).splitlines())
    return f"{script}\n{note}{lines}"


def _summary(plan: RepairPlan) -> Iterator[str]:
    yield ""
    yield "Stored minus expected, before -> after:"
    for change in plan.accounts:
        before, after = change.discrepancies
        yield (
            f"  {comment(change.name)} ({comment(change.label)}), {comment(change.place)}:"
            f" {spoken(before)} -> {spoken(after)} {comment(change.unit)};"
            f" stored {change.before.stored} -> {change.after.stored}"
        )
    if plan.strategy == "backfill":
        yield ""
        yield ("Closed days (UTC) that change:" if plan.closed_days else ("No closed day changes."))
    for day in plan.closed_days:
        yield (
            f"  closed day {day.day} of {comment(day.entries)}, account {comment(day.account)}:"
            f" entries {len(day.gained):+}, sum {day.entries_amount:+}"
        )
    if plan.closed_days:
        yield "Run this, and an audit after it, within a day: later ledger.closed_days_unchanged"
        yield "reports them, as it does once another plan of the same account was printed."
    if plan.warnings:
        yield ""
    for warning in plan.warnings:
        yield f"WARNING: {comment(warning)}"


def _commented(lines: Iterable[str]) -> str:
    return "".join(f"-- {line}".rstrip() + "\n" for line in lines)


def _body(plan: RepairPlan, *, is_inverse: bool, lock_timeout_s: int) -> str:
    template = text_template(
        "counterfoil.repair",
        "repair.sql.j2",
        literal=literal,
        comment=comment,
        spoken=spoken,
        quoted=quoted,
    )
    contract = plan.contract
    types = contract.facts.ledgers["ledger_types"]
    held = () if is_inverse else plan.entries
    return template.render(
        accounts=plan.accounts,
        entries=plan.entries,
        blocks=[
            (
                compiled_block(contract, ledger, entries),
                [*contract.ledgers[ledger].entries[entries].write],
                written,
            )
            for (ledger, entries), written in _grouped(
                ((entry.key.ledger, entry.entries), entry) for entry in plan.entries
            )
        ],
        locked_accounts=[
            (compiled_ledger(contract, ledger), sorted({*keys}))
            for ledger, keys in _grouped(
                (change.key.ledger, change.key.account) for change in plan.accounts
            )
        ],
        locked_holds=[
            (compiled_holds(contract, *kind), sorted({*keys}))
            for kind, keys in _grouped(
                ((entry.key.ledger, entry.holds), entry.hold) for entry in held
            )
        ],
        ledger_of=lambda change: compiled_ledger(contract, change.key.ledger),
        account_type=types["account"],
        hold_type=types["hold"],
        views=PUBLIC_SCHEMA,
        as_of=plan.as_of.isoformat(),
        is_inverse=is_inverse,
        lock_timeout_s=lock_timeout_s,
        tag=_dollar_tag(repr(plan.entries) + repr(contract.facts.ledgers)),
    )


def _grouped(pairs: Iterable[tuple[K, V]]) -> list[tuple[K, list[V]]]:
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return [*groups.items()]


def _dollar_tag(quoted_in: str) -> str:
    """A dollar quote that what it quotes does not end."""
    tag = "$guard$"
    while tag in quoted_in:
        tag = f"{tag[:-1]}_$"
    return tag
