"""A repair plan as an SQL script: guarded, reversible, and for somebody else to run.

The script is made of three parts, and `verify` runs the middle one: what it has tried is
what is printed. Its values are literals, so a reader sees every row that will change.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from counterfoil.common.sqltext import comment, literal, quoted
from counterfoil.common.templates import text_template
from counterfoil.repair.repair_plan import RepairPlan, spoken
from counterfoil.repair.strategies import Strategy

# The guards read what was committed while the locks were waited for; a database may have
# another default, under which they would not.
BEGIN = "begin isolation level read committed read write;\n"
COMMIT = "commit;\n"
INVERSE_PREFIX = "--| "

_DOES: dict[Strategy, str] = {
    "backfill": "Inserts approval entries that the ledger lacks; changes no stored balance.",
    "recalculate": "Sets stored balances to what the ledger comes to; changes no entry.",
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
    header = [
        f"Counterfoil repair plan: {plan.strategy}",
        _DOES[plan.strategy],
        f"Database {comment(plan.database)}, as of {plan.as_of:%Y-%m-%d %H:%M:%S} UTC. If a row"
        " that it names has changed since,",
        "it raises and changes nothing. Run it with: psql --set ON_ERROR_STOP=1 --file THIS_FILE",
        *_summary(plan),
    ]
    return Script(_commented(header), _body(plan, is_inverse=False, lock_timeout_s=lock_timeout_s))


def render_inverse(plan: RepairPlan, *, lock_timeout_s: int) -> Script:
    """The script that takes the plan back, once it was carried out."""
    header = [f"Inverse of a Counterfoil repair plan: {plan.strategy}", _UNDOES[plan.strategy]]
    undone = replace(plan, competitions=tuple(change.reversed() for change in plan.competitions))
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
    yield "Stored minus expected, before -> after, in tokens:"
    for change in plan.competitions:
        before, after = change.discrepancies
        yield (
            f"  competition {change.competition_id} ({comment(change.name)}):"
            f" {spoken(before)} -> {spoken(after)};"
            f" available {change.before.available} -> {change.after.available}"
        )
    if plan.strategy == "backfill":
        yield ""
        yield (
            "Closed days (UTC) of the ledger that change:"
            if plan.closed_days
            else ("No closed day of the ledger changes.")
        )
    for day in plan.closed_days:
        yield (
            f"  closed day {day.day}, competition {day.competition_id}:"
            f" entries {day.entry_count:+}, sum of change_amount {day.amount:+}"
        )
    if plan.closed_days:
        yield "Run this, and an audit after it, within a day: later capacity.closed_days_unchanged"
        yield "reports them, as it does once another plan of the same competition was printed."
    if plan.warnings:
        yield ""
    for warning in plan.warnings:
        yield f"WARNING: {comment(warning)}"


def _commented(lines: Iterable[str]) -> str:
    return "".join(f"-- {line}".rstrip() + "\n" for line in lines)


def _body(plan: RepairPlan, *, is_inverse: bool, lock_timeout_s: int) -> str:
    template = text_template(
        "counterfoil.repair", "repair.sql.j2", literal=literal, comment=comment, spoken=spoken
    )
    schema = quoted(plan.schema)
    return template.render(
        competitions=plan.competitions,
        entries=plan.entries,
        is_inverse=is_inverse,
        lock_timeout_s=lock_timeout_s,
        schema=schema,
        tag=_dollar_tag(schema),
    )


def _dollar_tag(quoted_in: str) -> str:
    """A dollar quote that what it quotes does not end."""
    tag = "$guard$"
    while tag in quoted_in:
        tag = f"{tag[:-1]}_$"
    return tag
