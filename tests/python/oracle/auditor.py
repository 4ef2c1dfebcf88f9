"""What an audit must say of the application's rows, worked out row by row.

Written from the catalogue of checks and the documentation of the views' columns, in the
plainest Python that will do, so that it shares no thought with the SQL that it judges.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, compress, pairwise, product
from typing import Any

from oracle.application import (
    ADJUSTMENT,
    APPROVAL,
    AS_OF,
    EPOCH,
    HOLDING,
    REFUNDS,
    RELEASED,
    SUMMARIZED,
    Books,
    Competition,
    LedgerEntry,
    Reservation,
    net,
)

TOLERANCE = 5
DATABASE = "empwr"
STATUSES = {*HOLDING, *RELEASED}

# Of more anomalies, those of a cause stand or fall together.
MOST_ANOMALIES = 12

RELATIONSHIPS = (
    ("reservations", "studio_id", "studios"),
    ("reservations", "competition_id", "competitions"),
    ("competition_entries", "studio_id", "studios"),
    ("competition_entries", "competition_id", "competitions"),
    ("competition_entries", "reservation_id", "reservations"),
    ("dancers", "studio_id", "studios"),
    ("capacity_ledger", "competition_id", "competitions"),
    ("capacity_ledger", "reservation_id", "reservations"),
)

# A check and the values of a finding's key.
Finding = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, order=True)
class Anomaly:
    """What is wrong in the books of a competition, and by how much that could put it off."""

    cause: str
    entity_id: str
    tokens: int


@dataclass(frozen=True)
class Explanation:
    """Why a competition is off.

    Attributes:
        discrepancy: stored minus expected; None if either is unknown.
        causes: the tokens that each cause is certain of, none of them 0.
        ambiguous: what the evidence cannot tell apart.
        unexplained: what no anomaly accounts for.
        evidence: each anomaly with its role.
    """

    discrepancy: int | None
    causes: dict[str, int] = field(default_factory=dict)
    ambiguous: int = 0
    unexplained: int | None = 0
    evidence: frozenset[tuple[Anomaly, str]] = frozenset()


@dataclass
class Verdict:
    """All that an audit finds, and the explanation of each competition that is off."""

    findings: set[Finding] = field(default_factory=set)
    explanations: dict[str, Explanation] = field(default_factory=dict)


def audit(books: Books) -> Verdict:
    """What the audit must find at the instant AS_OF, of the checks that a fault may move."""
    verdict = Verdict()
    for reservation in books.reservations.values():
        verdict.findings |= {
            (f"capacity.{name}", (reservation.id,))
            for name, fails in RESERVATION_CHECKS.items()
            if fails(books, reservation)
        }
    for entry in books.capacity_ledger.values():
        verdict.findings |= {
            (f"capacity.{name}", (entry.id,))
            for name, fails in ENTRY_CHECKS.items()
            if fails(books, entry)
        }
    for competition in books.competitions.values():
        verdict.findings |= {
            (f"capacity.{name}", (competition.id,))
            for name, fails in COMPETITION_CHECKS.items()
            if fails(books, competition)
        }
        if discrepancy(books, competition) != 0:
            verdict.explanations[competition.id] = explain(books, competition)
    verdict.findings |= {("capacity.no_rapid_repeat", (row.id,)) for row in rapid_repeats(books)}
    if opposite_sign_fits_better(books):
        verdict.findings.add(("capacity.sign_convention_holds", (DATABASE,)))
    verdict.findings |= set(broken_references(books))
    verdict.findings |= set(broken_values(books))
    return verdict


# Reservations


def approvals(books: Books, reservation: Reservation) -> list[LedgerEntry]:
    return books.ledger_of(reservation, APPROVAL)


def refunds(books: Books, reservation: Reservation) -> list[LedgerEntry]:
    return books.ledger_of(reservation, *REFUNDS)


def approval_is_missing(books: Books, reservation: Reservation) -> bool:
    holds = reservation.status in HOLDING
    return holds and (reservation.spaces_confirmed or 0) > 0 and not approvals(books, reservation)


def is_legacy(reservation: Reservation) -> bool:
    return reservation.approved_at is not None and reservation.approved_at < EPOCH


def approval_is_new_and_missing(books: Books, reservation: Reservation) -> bool:
    return approval_is_missing(books, reservation) and not is_legacy(reservation)


def approval_is_repeated(books: Books, reservation: Reservation) -> bool:
    return len(approvals(books, reservation)) > 1


def approval_amount_is_wrong(books: Books, reservation: Reservation) -> bool:
    if reservation.spaces_confirmed is None:
        return False
    amounts = [entry.change_amount for entry in approvals(books, reservation)]
    return len(amounts) == 1 and amounts[0] != -reservation.spaces_confirmed


def unused_spaces(books: Books, reservation: Reservation) -> int | None:
    """What a summary had to refund; None before one, or where nothing was confirmed."""
    if reservation.status not in SUMMARIZED or reservation.spaces_confirmed is None:
        return None
    return max(reservation.spaces_confirmed - len(books.entries_of(reservation)), 0)


def refund_is_wrong(books: Books, reservation: Reservation) -> bool:
    due = unused_spaces(books, reservation)
    return due is not None and net(refunds(books, reservation)) != due


def refund_is_excessive(books: Books, reservation: Reservation) -> bool:
    """An approval with the wrong sign deducted nothing; who got nothing back got no excess."""
    if not approvals(books, reservation):
        return False
    deducted = max(-net(approvals(books, reservation)), 0)
    return net(refunds(books, reservation)) > deducted


def refund_is_premature(books: Books, reservation: Reservation) -> bool:
    refunded = [entry.created_at for entry in refunds(books, reservation)]
    approved = [entry.created_at for entry in approvals(books, reservation)]
    if not refunded:
        return False
    if approved:
        return min(refunded) < min(approved)
    return reservation.approved_at is None


def holds_while_released(books: Books, reservation: Reservation) -> bool:
    return reservation.status in RELEASED and net(books.ledger_of(reservation)) != 0


RESERVATION_CHECKS: dict[str, Callable[[Books, Reservation], bool]] = {
    "approval_has_ledger_entry": approval_is_missing,
    "no_new_orphan_approvals": approval_is_new_and_missing,
    "approval_recorded_once": approval_is_repeated,
    "approval_amount_matches_spaces": approval_amount_is_wrong,
    "refund_matches_unused_spaces": refund_is_wrong,
    "refund_within_approval": refund_is_excessive,
    "refund_follows_approval": refund_is_premature,
    "released_reservation_holds_nothing": holds_while_released,
}


# Ledger entries


def reservation_is_unset(books: Books, entry: LedgerEntry) -> bool:
    return entry.reservation_id is None and entry.reason in (APPROVAL, *REFUNDS)


def is_of_another_competition(books: Books, entry: LedgerEntry) -> bool:
    reservation = books.reservations.get(entry.reservation_id or "")
    return reservation is not None and reservation.competition_id != entry.competition_id


def reason_or_sign_is_wrong(books: Books, entry: LedgerEntry) -> bool:
    if not entry.change_amount:
        return True
    if entry.reason == APPROVAL:
        return entry.change_amount > 0
    if entry.reason in REFUNDS:
        return entry.change_amount < 0
    return entry.reason != ADJUSTMENT


def time_is_implausible(books: Books, entry: LedgerEntry) -> bool:
    abouts: list[Any] = [
        books.competitions.get(entry.competition_id),
        books.reservations.get(entry.reservation_id or ""),
    ]
    return entry.created_at > AS_OF or any(
        about is not None and entry.created_at < about.created_at for about in abouts
    )


ENTRY_CHECKS: dict[str, Callable[[Books, LedgerEntry], bool]] = {
    "ledger_entry_has_reservation": reservation_is_unset,
    "ledger_entry_matches_competition": is_of_another_competition,
    "ledger_reason_and_sign_agree": reason_or_sign_is_wrong,
    "ledger_entry_time_plausible": time_is_implausible,
}


def rapid_repeats(books: Books) -> Iterator[LedgerEntry]:
    """The later of each two alike within 5 seconds; of two at one instant, the greater key."""
    alike: dict[tuple[Any, ...], list[LedgerEntry]] = defaultdict(list)
    for entry in books.capacity_ledger.values():
        if entry.reservation_id is not None:
            alike[entry.reservation_id, entry.reason, entry.change_amount].append(entry)
    for entries in alike.values():
        entries.sort(key=lambda entry: (entry.created_at, entry.id))
        for before, after in pairwise(entries):
            if after.created_at - before.created_at <= timedelta(seconds=5):
                yield after


# Competitions


def ledger_of(books: Books, competition: Competition) -> list[LedgerEntry]:
    return [row for row in books.capacity_ledger.values() if row.competition_id == competition.id]


def discrepancy(books: Books, competition: Competition, sign: int = 1) -> int | None:
    if competition.total_reservation_tokens is None:
        return None
    expected = competition.total_reservation_tokens + sign * net(ledger_of(books, competition))
    return competition.available_reservation_tokens - expected


def is_off(books: Books, competition: Competition) -> bool:
    off = discrepancy(books, competition)
    return off is None or abs(off) > TOLERANCE


def is_off_at_all(books: Books, competition: Competition) -> bool:
    return discrepancy(books, competition) != 0


def leaves_its_range(books: Books, competition: Competition) -> bool:
    total = competition.total_reservation_tokens
    if total is None:
        # Below 0 cannot be known; more given back than taken can.
        total = 10**12
    ledger = ledger_of(books, competition)
    balances = [(total, total)]
    for instant in {entry.created_at for entry in ledger}:
        so_far = [entry for entry in ledger if entry.created_at <= instant]
        added = [
            entry
            for entry in so_far
            if entry.reason == ADJUSTMENT and (entry.change_amount or 0) > 0
        ]
        balances.append((total + net(so_far), total + net(added)))
    return any(not 0 <= balance <= most for balance, most in balances)


def is_oversold(books: Books, competition: Competition) -> bool:
    if competition.available_reservation_tokens < 0:
        return True
    if competition.total_reservation_tokens is None:
        return False
    held = sum(
        row.spaces_confirmed - net(refunds(books, row))
        for row in books.reservations.values()
        if row.competition_id == competition.id
        and row.status in HOLDING
        and row.spaces_confirmed is not None
    )
    adjusted = net(row for row in ledger_of(books, competition) if row.reason == ADJUSTMENT)
    return held > competition.total_reservation_tokens + adjusted


COMPETITION_CHECKS: dict[str, Callable[[Books, Competition], bool]] = {
    "available_matches_ledger": is_off,
    "available_matches_ledger_exactly": is_off_at_all,
    "running_balance_in_range": leaves_its_range,
    "not_oversold": is_oversold,
}


def opposite_sign_fits_better(books: Books) -> bool:
    active = [row for row in books.competitions.values() if ledger_of(books, row)]
    declared = sum(discrepancy(books, row) == 0 for row in active)
    return sum(discrepancy(books, row, sign=-1) == 0 for row in active) > declared


# Explanations


def anomalies(books: Books, competition: Competition) -> Iterator[Anomaly]:
    """Each with what it would put the stored balance off by, had that not followed it."""
    for reservation in books.reservations.values():
        if reservation.competition_id == competition.id:
            for cause, tokens in _of_reservation(books, reservation):
                yield Anomaly(cause, reservation.id, tokens)
    for entry in books.capacity_ledger.values():
        reservation = books.reservations.get(entry.reservation_id or "")
        amount = entry.change_amount or 0
        if entry.competition_id == competition.id:
            cause = _cause_of_entry(entry, reservation)
            if cause:
                yield Anomaly(cause, entry.id, -amount)
        elif reservation is not None and reservation.competition_id == competition.id:
            yield Anomaly("entry_of_another_competition", entry.id, amount)


def _of_reservation(books: Books, reservation: Reservation) -> Iterator[tuple[str, int]]:
    is_released = reservation.status in RELEASED
    spaces = reservation.spaces_confirmed
    if approval_is_missing(books, reservation):
        yield (
            "legacy_missing_approval" if is_legacy(reservation) else "new_missing_approval",
            -(spaces or 0),
        )
    if spaces is not None and not is_released:
        deducted = -net(approvals(books, reservation))
        if approval_is_repeated(books, reservation):
            yield "repeated_approval", deducted - spaces
        if approval_amount_is_wrong(books, reservation):
            yield "wrong_approval_amount", deducted - spaces
    if reservation.status in HOLDING and spaces is not None:
        due = unused_spaces(books, reservation) or 0
        yield "wrong_refund", due - net(refunds(books, reservation))
    if is_released:
        # What has an unknown reason is an anomaly of its own.
        known = books.ledger_of(reservation, APPROVAL, *REFUNDS, ADJUSTMENT)
        yield "released_reservation", -net(known)


def _cause_of_entry(entry: LedgerEntry, reservation: Reservation | None) -> str | None:
    if reservation is not None and reservation.competition_id != entry.competition_id:
        return "entry_of_another_competition"
    is_expected = entry.reason in (APPROVAL, *REFUNDS) or entry.reservation_id is not None
    if reservation is None and is_expected:
        return "entry_without_reservation"
    if entry.reason not in (APPROVAL, *REFUNDS, ADJUSTMENT):
        return "entry_of_unknown_reason"
    return None


def explain(books: Books, competition: Competition) -> Explanation:
    """Tries every set of the anomalies, and keeps those that leave the least unexplained.

    Of these only the sets that hold no other one: what more they hold cancels out. What all of
    the sets kept hold explains the discrepancy, what only some hold may. A cause is certain of
    what every one of them gives it, and of nothing if they differ.
    """
    off = discrepancy(books, competition)
    if off is None:
        return Explanation(None, unexplained=None)
    found = [anomaly for anomaly in anomalies(books, competition) if anomaly.tokens]
    rests = {tried: off - sum(anomaly.tokens for anomaly in tried) for tried in sets_of(found)}
    least = min(map(abs, rests.values()))
    nearest = [tried for tried, rest in rests.items() if abs(rest) == least]
    best = [tried for tried in nearest if not any(other < tried for other in nearest)]

    causes = {}
    for cause in {anomaly.cause for anomaly in found}:
        given = {sum(row.tokens for row in tried if row.cause == cause) for tried in best}
        if len(given) == 1 and given != {0}:
            (causes[cause],) = given
    evidence = set()
    for anomaly in found:
        held = [anomaly in tried for tried in best]
        role = "explains" if all(held) else "may explain" if any(held) else "does not explain"
        evidence.add((anomaly, role))
    unexplained = min(rests[tried] for tried in best)
    return Explanation(
        discrepancy=off,
        causes=causes,
        ambiguous=off - sum(causes.values()) - unexplained,
        unexplained=unexplained,
        evidence=frozenset(evidence),
    )


def sets_of(found: list[Anomaly]) -> list[frozenset[Anomaly]]:
    assert len(found) == len(set(found)), "two anomalies are the same"
    together = [[anomaly] for anomaly in found]
    if len(found) > MOST_ANOMALIES:
        causes = {anomaly.cause for anomaly in found}
        together = [[row for row in found if row.cause == cause] for cause in causes]
    choices = product((False, True), repeat=len(together))
    return [frozenset(chain.from_iterable(compress(together, chosen))) for chosen in choices]


def spoken_parts(explanation: Explanation) -> list[str]:
    """What the explanation in words must hold: every row that it rests on, up to a few."""
    if explanation.discrepancy is None:
        return ["null"]
    ranked = sorted(explanation.evidence, key=lambda row: (-abs(row[0].tokens), row[0].entity_id))
    certain = [anomaly.entity_id for anomaly, role in ranked if role == "explains"]
    possible = [anomaly.entity_id for anomaly, role in ranked if role == "may explain"]
    parts = [f"of {len(certain)} causes", certain[0]] if len(certain) > 3 else certain
    if possible:
        parts += ["cannot tell which", *possible[:3]]
    return parts or ["nothing on record says why"]


# What a capacity fault may move besides


def broken_references(books: Books) -> Iterator[Finding]:
    for child, column, parent in RELATIONSHIPS:
        parents = getattr(books, parent)
        for row in getattr(books, child).values():
            parent_id = getattr(row, column)
            if parent_id is None:
                continue
            if parent_id not in parents:
                yield "integrity.references_resolve", (f"{child}.{column}", row.id)
            elif parents[parent_id].tenant_id != row.tenant_id:
                yield "tenancy.references_stay_in_tenant", (f"{child}.{column}", row.id)


def broken_values(books: Books) -> Iterator[Finding]:
    for reservation in books.reservations.values():
        spaces = reservation.spaces_confirmed
        if reservation.status not in STATUSES:
            yield "integrity.values_allowed", ("reservation_status", reservation.id)
        if spaces is not None and spaces < 0:
            yield "integrity.values_allowed", ("reservation_spaces_confirmed", reservation.id)
        if spaces is None and reservation.status in HOLDING:
            yield (
                "integrity.required_values_filled",
                ("reservation_spaces_confirmed", reservation.id),
            )
    for competition in books.competitions.values():
        total = competition.total_reservation_tokens
        if total is None or total < 0:
            yield "integrity.values_allowed", ("competition_total_tokens", competition.id)
