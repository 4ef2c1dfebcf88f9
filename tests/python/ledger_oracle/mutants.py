"""Mistakes that could stand in the views' SQL: each by a word or two, each to be noticed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from ledger_oracle.faults import FAULTS, inject
from ledger_oracle.histories import History, histories
from ledger_oracle.shapes import shapes


@dataclass(frozen=True)
class Mutant:
    """A mistake in one view, and the histories that must show it.

    Attributes:
        view: where it is.
        found, put: a regular expression, whose spaces are any space, and what stands in its
            place.
        fault: what breaks the histories; none if lawful ones show it.
        needs, excludes: features that they have besides those of the fault, and have not.
    """

    view: str
    found: str
    put: str
    fault: str | None = None
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    def edit(self) -> Callable[[str, str], str]:
        """What it makes of a view's SQL, if it finds anything there."""
        found = re.compile(self.found.replace(" ", r"\s+"))
        return lambda name, sql: found.sub(self.put, sql) if name == self.view else sql

    def histories(self) -> st.SearchStrategy[History]:
        """Such as show it, at least some of them."""
        fault = FAULTS[self.fault] if self.fault else None
        needs = frozenset(self.needs) | (fault.needs if fault else frozenset())
        excludes = frozenset(self.excludes) | (fault.excludes if fault else frozenset())
        return histories(shapes(needs, excludes)).map(self._broken)

    def _broken(self, history: History) -> History:
        if self.fault:
            inject(history, self.fault)
        return history


BALANCES, ENTRIES, HOLDS = "ledger_balances", "ledger_entries", "ledger_holds"

MUTANTS = {
    "the entries are taken off the opening": Mutant(
        BALANCES,
        r"grouped\.stored_(\d+) - \(grouped\.opening_\1 \+ grouped\.amount_\1\)",
        r"grouped.stored_\1 - (grouped.opening_\1 - grouped.amount_\1)",
        excludes=("not stored", "opening recorded"),
    ),
    "rows that where leaves out are stored too": Mutant(
        BALANCES,
        r"\(sum\(stored_(\d+)\) filter \(where is_audited\)\)",
        r"(sum(stored_\1))",
        "second_row_of_an_account_that_is_archived",
        excludes=("not stored", "opening recorded"),
    ),
    "a null balance passes": Mutant(
        BALANCES,
        r"sums\.discrepancy_amount is null or ",
        "",
        "balance_forgotten",
    ),
    "nothing is tolerated": Mutant(
        BALANCES,
        r"> sums\.tolerance_amount",
        "> 0",
        "balance_off_within_tolerance",
    ),
    "what is tolerated is not": Mutant(
        BALANCES,
        r"> sums\.tolerance_amount",
        ">= sums.tolerance_amount",
        "balance_off_within_tolerance",
    ),
    "the account of an entry exists": Mutant(
        BALANCES,
        r"\(not sums\.has_row and sums\.entries_amount <> 0\)",
        "false",
        "entry_of_no_account",
    ),
    "entries that come to nothing need an account": Mutant(
        BALANCES,
        r"not sums\.has_row and sums\.entries_amount <> 0",
        "not sums.has_row",
        excludes=("running",),
    ),
    "an account may be below its minimum": Mutant(
        BALANCES, r"bounded\.amount < sums\.min_amount", "false", "minimum_raised_above_the_balance"
    ),
    "an account may be above its maximum": Mutant(
        BALANCES,
        r"bounded\.amount > sums\.raised_max_amount",
        "false",
        "maximum_lowered_below_the_balance",
    ),
    "an adjustment raises no maximum": Mutant(
        BALANCES,
        r"sums\.raised_max_amount",
        "sums.max_amount",
        "above_its_maximum_by_an_adjustment",
    ),
    "of one instant each entry is judged by itself": Mutant(
        BALANCES,
        r"window instants as \(partition by account order by happened_at\)",
        "window instants as (partition by account order by happened_at, random())",
        "below_its_minimum_within_an_instant",
    ),
    "time runs backwards": Mutant(
        BALANCES,
        r"window instants as \(partition by account order by happened_at\)",
        "window instants as (partition by account order by happened_at desc)",
        "below_its_minimum_for_a_moment",
    ),
    "an entry is of another account than its hold": Mutant(
        ENTRIES,
        r"(holds_1\.account) is distinct from (\w+\.account)",
        r"\1 is not distinct from \2",
        "hold_booked_on_another_account",
    ),
    "a step without an amount is right": Mutant(
        ENTRIES,
        r"(was_left - \w+) is distinct from amount",
        r"\1 <> amount",
        "entry_without_amount",
        needs=("running in order",),
    ),
    "this very instant is the future": Mutant(
        ENTRIES,
        r"(\w+\.happened_at) > \(select",
        r"\1 >= (select",
        "entry_of_this_very_instant",
    ),
    "an account is as old as its entries": Mutant(
        ENTRIES,
        r"\w+\.happened_at < accounts\.created_at",
        "false",
        "entry_before_its_account",
    ),
    "five seconds are no repeat": Mutant(
        ENTRIES,
        r"extract\(epoch from previous_like_it_at\) <= 5",
        "extract(epoch from previous_like_it_at) < 5",
        "double_click",
    ),
    "a freeze begins a moment later": Mutant(
        ENTRIES,
        r"(\w+\.happened_at) >= '",
        r"\1 > '",
        "adjusted_in_a_freeze",
    ),
    "a freeze ends a moment later": Mutant(
        ENTRIES,
        r"(\w+\.happened_at) < '",
        r"\1 <= '",
        "adjusted_around_a_freeze",
    ),
    "no currency is any currency": Mutant(
        ENTRIES,
        r"coalesce\((\w+\.currency <> accounts\.currency), true\)",
        r"coalesce(\1, false)",
        "entry_of_another_currency",
    ),
    "an original is always there": Mutant(
        ENTRIES,
        r"is_original_missing or ",
        "",
        "reversal_of_what_is_gone",
    ),
    "a reversal may be twice its original": Mutant(
        ENTRIES,
        r"reversed_amount > abs\(original_amount\)",
        "reversed_amount > 2 * abs(original_amount)",
        "reversed_twice",
    ),
    "what is left out is taken back": Mutant(
        BALANCES,
        r"\(counterfoil_original_counts is false\) is not true",
        "true",
        "reversal_of_what_does_not_count",
        excludes=("not stored", "opening recorded"),
    ),
    "the last entry need not leave what is stored": Mutant(
        ENTRIES,
        r"is_last and has_stored and was_left <> stored",
        "false",
        "balance_edited",
        needs=("running in order",),
    ),
    "a gap in the chain is none": Mutant(
        ENTRIES,
        r"was_found is distinct from previously_left",
        "was_found < previously_left",
        "link_deleted",
        needs=("running in order",),
        excludes=("running without before",),
    ),
    "a hold without entries has no row": Mutant(
        HOLDS, r"left join\s+\(\s*select\s+hold,", "join (select hold,", "hold_without_entry"
    ),
    "three entries are a repeat, and two are not": Mutant(
        HOLDS, r"taking_count > 1", "taking_count > 2", "hold_taken_twice"
    ),
    "what is given back whole is too much": Mutant(
        HOLDS,
        r"given_amount > greatest",
        "given_amount >= greatest",
        "status_that_owes_nothing_known",
    ),
    "a hold of no known time is old": Mutant(
        HOLDS,
        r"::timestamptz\) is not true",
        "::timestamptz) is false",
        "hold_without_entry_from_before_the_epoch",
    ),
    "what is released may keep something": Mutant(
        HOLDS, r"is_released and has_amount <> 0", "false", "hold_kept_after_release"
    ),
    "a status that is not listed owes": Mutant(
        HOLDS,
        r"when not is_listed then null",
        "when false then null",
        "status_that_owes_nothing_known",
        excludes=("reasons",),
    ),
    "a transaction may come to less than nothing": Mutant(
        "ledger_transactions",
        r"bool_or\(sum_amount <> 0\)",
        "bool_or(sum_amount > 0)",
        "leg_deleted",
    ),
    "currencies are added up": Mutant(
        "ledger_transactions",
        r"group by transaction, currency",
        "group by transaction, currency having currency is null",
        "leg_of_another_currency",
    ),
    "the sign is always right": Mutant(
        "ledger_sign_convention",
        r"- added\.amount",
        "+ added.amount",
        "balances_of_the_other_sign",
    ),
    "the farthest set of causes is the best": Mutant(
        BALANCES,
        r"select min\(abs\(tried\.rest\)\)",
        "select max(abs(tried.rest))",
        "hold_without_entry",
        needs=("hold account",),
        excludes=("running", "not stored", "opening recorded"),
    ),
    "what one set of causes says is certain": Mutant(
        BALANCES,
        r"case when min\(amount\) = max\(amount\) then min\(amount\) else 0 end",
        "min(amount)",
        "either_of_two_causes",
    ),
    "a candidate is of any size": Mutant(
        BALANCES,
        r"abs\(entries\.amount\) = abs\(rests\.amount\)",
        "true",
        "balance_edited",
        excludes=("running", "holds", "transaction", "reverses"),
    ),
    "nothing may be held of the last": Mutant(
        "ledger_commitments",
        r"held\.amount > accounts\.opening",
        "held.amount >= accounts.opening",
        "approved_up_to_the_guard",
    ),
}
