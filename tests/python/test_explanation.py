"""Each discrepancy is explained to the token, and nothing but a discrepancy is.

A case puts a fault into the books. Where the stored balance did not follow it, the view
names it; where it did, balance and ledger agree, and the view must stay silent.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import Database

from counterfoil.postgres.instant import OpenTransaction

LONDON = "79cef00c-e163-449c-9f3c-d021fbb4d672"
ST_C_1 = "05c0eae4-cb2f-44cc-9c5e-6b2eed700904"
ST_C_2 = "00000000-0000-0000-0003-000000000003"
QA = "00000000-0000-0000-0003-000000000004"
QUIET = "00000000-0000-0000-0003-000000000005"

LEGACY = "6a570147-57a0-4f50-8b89-f3044b28c4dc"
IN_ST_C_2 = "57536574-0000-4000-8000-000000000001"
IN_QA = "0a000100-0000-4000-8000-000000000001"

AGREES = "balance and entries agree"
UNKNOWN = "nothing on record says why"
EITHER = "of one or more of these, the evidence cannot tell which: "

LEGACY_IN_WORDS = (
    f"reservation {LEGACY} has no entry (Dans Dancer, 50 tokens, approved,"
    " 2025-10-28 23:06:28 UTC, before the ledger's epoch: legacy)"
)
NEW_IN_WORDS = (
    f"reservation {IN_ST_C_2} has no entry (asd, 10 tokens, approved,"
    " 2025-10-29 19:43:49 UTC, not before the ledger's epoch: new)"
)

Rows = dict[str, dict[str, Any]]


def key(number: int) -> str:
    return f"00000000-0000-0000-00ff-{number:012d}"


def entry_key(number: int) -> str:
    return f"00000000-0000-0000-0006-{number:012d}"


def entry(
    number: int, competition: str, reservation: str | None, amount: int, reason: str | None
) -> str:
    """The SQL that books an entry at two in the night."""
    in_reservation = "null" if reservation is None else f"'{reservation}'"
    in_reason = "null" if reason is None else f"'{reason}'"
    return f"""
        insert into public.capacity_ledger (
            id, tenant_id, competition_id, reservation_id, change_amount, reason, created_at
        )
        select '{key(number)}', tenant_id, id, {in_reservation}, {amount}, {in_reason},
            '2025-10-30 02:00:00+00'
        from public.competitions where id = '{competition}'
    """


def reservation(number: int, competition: str, spaces: int, status: str = "approved") -> str:
    """The SQL that makes a reservation of this night, without any entry."""
    return f"""
        insert into public.reservations (
            id, tenant_id, competition_id, studio_id, status,
            spaces_requested, spaces_confirmed, approved_at, created_at
        )
        select '{key(number)}', tenant_id, id, '00000000-0000-0000-0001-000000000002',
            '{status}', {spaces}, {spaces}, '2025-10-30 01:00:00+00', '2025-10-27 20:00:00+00'
        from public.competitions where id = '{competition}'
    """


def new_in_words(number: int, spaces: int) -> str:
    return (
        f"reservation {key(number)} has no entry (asd, {spaces} tokens, approved,"
        " 2025-10-30 01:00:00 UTC, not before the ledger's epoch: new)"
    )


def amount(number: int, tokens: int) -> str:
    return f"""
        update public.capacity_ledger set change_amount = {tokens}
        where id = '{entry_key(number)}'
    """


def removal(number: int) -> str:
    return f"delete from public.capacity_ledger where id = '{entry_key(number)}'"


def moved(competition: str, tokens: int) -> str:
    """The SQL that changes the stored balance, and nothing else."""
    return f"""
        update public.competitions
        set available_reservation_tokens = available_reservation_tokens + {tokens}
        where id = '{competition}'
    """


def cancelled(reservation_id: str) -> str:
    return f"update public.reservations set status = 'cancelled' where id = '{reservation_id}'"


@dataclass(frozen=True)
class Case:
    """A fault, and what the view must say of one competition.

    Attributes:
        parts: the tokens of each cause that explains, and of what is ambiguous or unexplained.
    """

    name: str
    faults: Sequence[str]
    competition: str
    parts: Mapping[str, int]
    explanation: str


CASES = [
    Case("legacy", [], LONDON, {"missing, from before the epoch": -50}, LEGACY_IN_WORDS),
    Case("new", [removal(21)], ST_C_2, {"missing": -10}, NEW_IN_WORDS),
    Case(
        "approved at no known time",
        [removal(21), "update public.reservations set approved_at = null"],
        ST_C_2,
        {"missing": -10},
        f"reservation {IN_ST_C_2} has no entry (asd, 10 tokens, approved, at an unknown"
        " time, not before the ledger's epoch: new)",
    ),
    Case(
        "double click",
        [entry(1, QA, IN_QA, -100, "reservation_approval")],
        QA,
        {"repeated": 100},
        f"reservation {IN_QA} has 2 entries that take (200 tokens for 100)",
    ),
    Case(
        "200 for 100",
        [amount(13, -200)],
        QA,
        {"wrong amount": 100},
        f"of reservation {IN_QA} 200 tokens were taken for 100",
    ),
    Case(
        "refund missing",
        [removal(15)],
        QA,
        {"wrong refund": 49},
        "reservation 0a000050-0000-4000-8000-000000000001 was given back 0 tokens instead of 49",
    ),
    Case(
        "refund before the summary",
        [entry(1, QA, IN_QA, 30, "summary_refund")],
        QA,
        {"wrong refund": -30},
        f"reservation {IN_QA} was given back 30 tokens instead of 0",
    ),
    Case(
        "cancelled without refund",
        [cancelled(IN_ST_C_2), moved(ST_C_2, 10)],
        ST_C_2,
        {"kept": 10},
        f"reservation {IN_ST_C_2} is cancelled, and has -10 tokens",
    ),
    Case(
        "entry moved: where it is",
        [f"update public.capacity_ledger set competition_id = '{QA}' where id = '{entry_key(21)}'"],
        QA,
        {"entry of another account": 10},
        f"entry {entry_key(21)} (-10 tokens) is booked here, its reservation"
        f" {IN_ST_C_2} is of {ST_C_2}",
    ),
    Case(
        "entry moved: where it should be",
        [f"update public.capacity_ledger set competition_id = '{QA}' where id = '{entry_key(21)}'"],
        ST_C_2,
        {"entry of another account": -10},
        f"entry {entry_key(21)} (-10 tokens) of reservation {IN_ST_C_2} is booked on"
        " another competition",
    ),
    Case(
        "approval for nobody",
        [entry(1, QUIET, None, -7, "reservation_approval")],
        QUIET,
        {"entry without a reservation": 7},
        f"entry {key(1)} (reservation_approval, -7 tokens) belongs to no reservation",
    ),
    Case(
        "reservation gone",
        [
            "alter table public.capacity_ledger"
            " drop constraint capacity_ledger_reservation_id_fkey",
            "alter table public.capacity_ledger alter column reason drop not null",
            entry(1, QUIET, key(9), -7, None),
        ],
        QUIET,
        {"entry without a reservation": 7},
        f"entry {key(1)} (-7 tokens) belongs to no reservation",
    ),
    Case(
        "unknown reason",
        [entry(1, QUIET, None, -7, "100% %s refund")],
        QUIET,
        {"entry of unknown reason": 7},
        f"entry {key(1)} (-7 tokens) has the unknown reason 100% %s refund",
    ),
    Case(
        "unknown reason, on a reservation that is cancelled",
        [
            cancelled(IN_ST_C_2),
            moved(ST_C_2, 10),
            entry(1, ST_C_2, IN_ST_C_2, 10, "cancellation_refund"),
            entry(2, ST_C_2, IN_ST_C_2, -7, "fee"),
        ],
        ST_C_2,
        {"entry of unknown reason": 7},
        f"entry {key(2)} (-7 tokens) has the unknown reason fee",
    ),
    Case("nothing on record", [moved(QUIET, 6)], QUIET, {"unexplained": 6}, UNKNOWN),
    Case(
        "adjustment that the balance missed",
        [entry(1, QUIET, None, 50, "manual_adjustment")],
        QUIET,
        {"unexplained": -50},
        f"{UNKNOWN}; entry {key(1)} is the only one, and of this size: it may be missing from the"
        " balance, but the size alone cannot tell whether",
    ),
    Case(
        "two faults, both missed",
        [removal(22)],
        LONDON,
        {"missing, from before the epoch": -50, "wrong refund": 145},
        "reservation 9bfcc05f-0000-4000-8000-000000000001 was given back 0 tokens instead of"
        f" 145, and {LEGACY_IN_WORDS}",
    ),
    Case(
        "two faults, one of them followed",
        [removal(22), moved(LONDON, -145)],
        LONDON,
        {"missing, from before the epoch": -50},
        LEGACY_IN_WORDS,
    ),
    Case(
        "two faults that cancel out, and a rest",
        [reservation(1, QUIET, 9, "summarized"), moved(QUIET, 3)],
        QUIET,
        {"unexplained": 3},
        UNKNOWN,
    ),
    Case(
        "a fault, and a rest",
        [removal(21), moved(ST_C_2, -3)],
        ST_C_2,
        {"missing": -10, "unexplained": -3},
        f"{NEW_IN_WORDS}, and nothing on record says why of -3 tokens",
    ),
    Case(
        "two causes that fit equally",
        [removal(21), amount(12, 20), moved(ST_C_2, 10)],
        ST_C_2,
        {"ambiguous": -10},
        EITHER + "reservation 2c000012-0000-4000-8000-000000000001 was given back 20 tokens"
        f" of 12 taken; {NEW_IN_WORDS}",
    ),
    Case(
        "two rows of one cause that fit equally",
        [reservation(1, QUIET, 9), reservation(2, QUIET, 9), moved(QUIET, -9)],
        QUIET,
        {"missing": -9},
        EITHER + f"{new_in_words(1, 9)}; {new_in_words(2, 9)}",
    ),
    Case(
        "one for certain, and one of two",
        [
            reservation(1, QUIET, 30),
            reservation(2, QUIET, 9),
            reservation(3, QUIET, 9),
            moved(QUIET, -39),
        ],
        QUIET,
        {"missing": -39},
        f"{new_in_words(1, 30)}, and {EITHER}{new_in_words(2, 9)}; {new_in_words(3, 9)}",
    ),
    Case(
        "one large, or two small",
        [
            reservation(1, QUIET, 9),
            reservation(2, QUIET, 5),
            entry(1, QUIET, None, 4, "reservation_approval"),
            moved(QUIET, -5),
        ],
        QUIET,
        {"ambiguous": -9},
        EITHER + f"{new_in_words(1, 9)}; {new_in_words(2, 5)}; entry {key(1)}"
        " (reservation_approval, 4 tokens) belongs to no reservation",
    ),
    Case(
        "two that cancel out, beside one that fits",
        [
            removal(21),
            entry(1, ST_C_2, None, -10, "reservation_approval"),
            amount(12, 11),
            moved(ST_C_2, 0),
        ],
        ST_C_2,
        {"wrong refund": -1},
        "reservation 2c000012-0000-4000-8000-000000000001 was given back 11 tokens instead of 10",
    ),
    Case(
        "one that overshoots by as much as is missing",
        [reservation(1, QUIET, 12), moved(QUIET, -6)],
        QUIET,
        {"unexplained": -6},
        UNKNOWN,
    ),
    Case(
        "more than three",
        [
            statement
            for number in range(1, 5)
            for statement in (reservation(number, QUIET, number), moved(QUIET, -number))
        ],
        QUIET,
        {"missing": -10},
        f"of 4 causes, the largest being: {new_in_words(4, 4)}",
    ),
    Case(
        "thirteen, all of them missed",
        [
            statement
            for number in range(1, 14)
            for statement in (reservation(number, QUIET, number), moved(QUIET, -number))
        ],
        QUIET,
        {"missing": -91},
        f"of 13 causes, the largest being: {new_in_words(13, 13)}",
    ),
    Case(
        "thirteen that were followed, beside one that was not",
        [*(reservation(number, LONDON, 20) for number in range(1, 14))],
        LONDON,
        {"missing, from before the epoch": -50},
        LEGACY_IN_WORDS,
    ),
    Case(
        "thirteen that were followed, and a rest",
        [*(reservation(number, QUIET, 20) for number in range(1, 14)), moved(QUIET, 6)],
        QUIET,
        {"unexplained": 6},
        UNKNOWN,
    ),
    Case(
        "more than int4 holds",
        [
            reservation(1, QUIET, 2147483647),
            *(
                entry(number, QUIET, key(1), -2147483648, "reservation_approval")
                for number in (1, 2)
            ),
        ],
        QUIET,
        {"repeated": 2147483649, "unexplained": 2147483647},
        f"reservation {key(1)} has 2 entries that take (4294967296 tokens for 2147483647), and"
        " nothing on record says why of 2147483647 tokens",
    ),
]


@pytest.fixture
def rows(transaction: OpenTransaction) -> Callable[..., Rows]:
    """Runs faults, and reads the view; whatever they were, its parts are the whole."""

    def run(*faults: str) -> Rows:
        with transaction.connection.cursor() as cursor:
            for fault in faults:
                cursor.execute(fault)
            cursor.execute(
                "select to_jsonb(balances) from counterfoil.ledger_balances as balances"
                " where is_stored"
            )
            found = {row["account"]: row for (row,) in cursor}
            cursor.execute(
                "select distinct account::text, cause, cause_amount"
                " from counterfoil.ledger_explanations"
                " where tier < 3 and cause_amount <> 0"
            )
            causes = defaultdict(dict)
            for account, cause, tokens in cursor:
                causes[account][cause] = tokens
        for account, row in found.items():
            parts = {name: row[f"{name}_amount"] for name in ("ambiguous", "unexplained")}
            row["parts"] = causes[account] | {name: part for name, part in parts.items() if part}
            if row["discrepancy_amount"] is not None:
                assert sum(row["parts"].values()) == row["discrepancy_amount"], row
        return found

    return run


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_the_balance_did_not_follow_is_named(case: Case, rows: Callable[..., Rows]) -> None:
    row = rows(*case.faults)[case.competition]
    assert (row["parts"], row["explanation"]) == (dict(case.parts), case.explanation)


# The stored balance is an int4, and cannot follow that far.
FOLLOWED = [case for case in CASES if case.name != "more than int4 holds"]
FOLLOW = """
    update public.competitions
    set available_reservation_tokens = total_reservation_tokens + coalesce(
        (
            select sum(change_amount) from public.capacity_ledger
            where competition_id = competitions.id
        ),
        0
    )
"""


@pytest.mark.parametrize("case", FOLLOWED, ids=[case.name for case in FOLLOWED])
def test_what_the_balance_followed_is_no_discrepancy(case: Case, rows: Callable[..., Rows]) -> None:
    for row in rows(*case.faults, FOLLOW).values():
        assert (row["parts"], row["explanation"]) == ({}, AGREES)


def test_an_unknown_discrepancy_has_no_parts(
    overnight: Database, transaction: OpenTransaction, rows: Callable[..., Rows]
) -> None:
    """Null as it is, with anomalies beside it; another one is explained all the same."""
    found = rows(
        "alter table public.competitions alter column total_reservation_tokens drop not null",
        f"update public.competitions set total_reservation_tokens = null where id = '{LONDON}'",
        removal(21),
    )
    assert found[LONDON]["parts"] == {}
    assert found[LONDON]["explanation"] == "its opening is null"
    assert found[ST_C_2]["parts"] == {"missing": -10}

    audit = overnight.audit(transaction)
    (check,) = (
        check for check in audit.checks if check.check_id == "ledger.balance_matches_entries"
    )
    assert {finding.key["account"] for finding in check.findings} == {LONDON, ST_C_2}
    assert "is off by null tokens: its opening is null" in check.findings[0].message
    assert not audit.unjudged


@pytest.mark.parametrize("seed", range(25))
def test_the_parts_are_the_whole(seed: int, rows: Callable[..., Rows]) -> None:
    """Whatever is wrong at once, nothing is counted twice, and nothing is lost."""
    chance = random.Random(seed)
    reasons = ["reservation_approval", "summary_refund", "cancellation_refund", "fee"]
    faults = [
        chance.choice(
            [
                removal(chance.randint(1, 22)),
                amount(chance.randint(1, 22), chance.randint(-200, 200)),
                entry(
                    number,
                    chance.choice([LONDON, ST_C_1, ST_C_2, QA, QUIET]),
                    chance.choice([LEGACY, IN_ST_C_2, IN_QA, None]),
                    chance.randint(-50, 50),
                    chance.choice(reasons),
                ),
                reservation(
                    number,
                    chance.choice([LONDON, ST_C_1, ST_C_2, QA, QUIET]),
                    chance.randint(0, 50),
                    chance.choice(["approved", "summarized", "cancelled", "Approved"]),
                ),
                cancelled(chance.choice([LEGACY, IN_ST_C_2, IN_QA])),
                moved(chance.choice([LONDON, ST_C_2, QUIET]), chance.randint(-50, 50)),
            ]
        )
        for number in range(1, chance.randint(2, 40))
    ]
    rows(*faults)
    for row in rows(FOLLOW).values():
        assert (row["parts"], row["explanation"]) == ({}, AGREES), faults
