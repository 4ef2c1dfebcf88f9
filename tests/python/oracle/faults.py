"""Ways to break a lawful history, each with what an audit must then say.

A fault is told apart from the oracle's own verdict: what it must bring is written down here
by hand, next to what it does. Each keeps to what its competition has room for, so that it
moves nothing else; where it has to find a reservation of some kind and the history has
none, it books one.

A fault in the ledger alone leaves the stored balance as the application kept it: it puts the
competition off, and must be what explains it. With the balance it is found all the same, and
the competition agrees.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from oracle.application import (
    ADJUSTMENT,
    APPROVAL,
    AS_OF,
    CANCELLATION_REFUND,
    EPOCH,
    MICROSECOND,
    REFUNDS,
    SUMMARIZED,
    SUMMARY_REFUND,
    Competition,
    LedgerEntry,
    Reservation,
    label,
    make_id,
    net,
    spoken,
)
from oracle.auditor import DATABASE, TOLERANCE, Anomaly, Explanation, Finding
from oracle.histories import Season

T = TypeVar("T")
SECOND = timedelta(seconds=1)


@dataclass
class Expected:
    """What a fault must bring, if nothing else is wrong with the competitions it touches."""

    findings: set[Finding] = field(default_factory=set)
    explanations: dict[str, Explanation] = field(default_factory=dict)
    competitions: set[str] = field(default_factory=set)

    def find(self, check: str, *key: str) -> None:
        self.findings.add((check if "." in check else f"capacity.{check}", key))

    def off(self, competition: Competition, explanation: Explanation) -> None:
        """The competition disagrees with its ledger, for this reason."""
        if explanation.discrepancy:
            self.find("available_matches_ledger_exactly", competition.id)
            if abs(explanation.discrepancy) > TOLERANCE:
                self.find("available_matches_ledger", competition.id)
            self.explanations[competition.id] = explanation

    def off_by(self, competition: Competition, cause: str, entity_id: str, tokens: int) -> None:
        """The same, for one certain reason."""
        evidence = frozenset({(Anomaly(cause, entity_id, tokens), "explains")})
        self.off(competition, Explanation(tokens, {cause: tokens}, 0, 0, evidence))

    def off_for_no_reason(self, competition: Competition, tokens: int) -> None:
        self.off(competition, Explanation(tokens, {}, 0, tokens))


class Scene:
    """A history about to be broken, and the hypothesis draws that say how."""

    def __init__(self, season: Season) -> None:
        self.season = season
        self.app = season.app
        self.books = season.app.books
        self.draw = season.draw
        self.expected = Expected()

    def one_of(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def few(self, most: int = 40) -> int:
        return self.draw(st.integers(1, most))

    def write(self, text: str) -> None:
        self.app.write(f"FAULT {text}")

    def competition_of(self, row: Reservation | LedgerEntry) -> Competition:
        self.expected.competitions.add(row.competition_id)
        return self.books.competitions[row.competition_id]

    # What a competition has room for

    def room(self, competition_id: str, since: datetime) -> int:
        """The least that was ever free from that instant on, by the ledger."""
        total = self.books.competitions[competition_id].total_reservation_tokens or 0
        return min(total + balance for balance, _ in self._balances(competition_id, since))

    def slack(self, competition_id: str, since: datetime, until: datetime | None = None) -> int:
        """The most that could have been given back from that instant on."""
        return min(-taken for _, taken in self._balances(competition_id, since, until))

    def _balances(
        self, competition_id: str, since: datetime, until: datetime | None = None
    ) -> list[tuple[int, int]]:
        """The ledger's sum at each instant, and that without what adjustments added."""
        rows = [
            row
            for row in self.books.capacity_ledger.values()
            if row.competition_id == competition_id
        ]
        later = {row.created_at for row in rows if row.created_at > since}
        balances = []
        for instant in {since, *(at for at in later if until is None or at < until)}:
            past = [row for row in rows if row.created_at <= instant]
            added = [
                row for row in past if row.reason == ADJUSTMENT and (row.change_amount or 0) > 0
            ]
            balances.append((net(past), net(past) - net(added)))
        return balances

    # What there is to break

    def reservation(
        self, *kinds: str, where: Callable[[Reservation], bool] = lambda _: True
    ) -> Reservation:
        """A sound reservation of one of the kinds; booked for the purpose if there is none."""
        found = [row for row in self.season.reservations if self._kind(row) in kinds and where(row)]
        if found:
            return self.one_of(found)
        kind = self.one_of(kinds)
        reservation = self.book(kind, self.roomy())
        assert self._kind(reservation) == kind
        assert where(reservation)
        return reservation

    def _kind(self, row: Reservation) -> str | None:
        """Its kind, if its books are in order; None for what another fault has touched."""
        ledger = self.books.ledger_of(row)
        competition = self.books.competitions[row.competition_id]
        if competition.total_reservation_tokens is None or not all(
            entry.competition_id == row.competition_id
            and row.created_at <= entry.created_at <= AS_OF
            for entry in ledger
        ):
            return None
        spaces, used = row.spaces_confirmed or 0, len(self.books.entries_of(row))
        booked = [(entry.reason, entry.change_amount) for entry in ledger]
        taken = (APPROVAL, -spaces)
        sound = {
            "pending": [],
            "rejected": [],
            "approved": [taken],
            "summarized": [taken, (SUMMARY_REFUND, spaces - used)],
            "cancelled": [taken, (CANCELLATION_REFUND, spaces)],
        }
        kind = "summarized" if row.status in SUMMARIZED else row.status
        is_sound = sound.get(kind or "") == booked and bool(booked) == bool(spaces)
        return kind if is_sound else None

    def competition_with_room(
        self, tenant_id: str | None = None, but_not: Competition | None = None
    ) -> Competition:
        """One with at least 40 spaces free ever since, and 40 stored; opened if there is none."""
        found = [
            competition
            for competition in self.season.competitions
            if competition is not but_not
            and tenant_id in (None, competition.tenant_id)
            and competition.total_reservation_tokens is not None
            and competition.available_reservation_tokens >= 40
            and self.room(competition.id, competition.created_at) >= 40
        ]
        return self.one_of(found) if found else self.roomy(tenant_id=tenant_id)

    def roomy(self, total: int = 600, tenant_id: str | None = None) -> Competition:
        """A competition of its own, in which others hold half of the spaces."""
        tenant_id = tenant_id or self.one_of(self.season.competitions).tenant_id
        self.app.wait(SECOND)
        competition = self.app.open_competition(self.books.tenants[tenant_id], total)
        self.season.competitions.append(competition)
        self.app.wait(SECOND)
        self.book("approved", competition, spaces=total // 2)
        return competition

    def book(self, kind: str, competition: Competition, spaces: int | None = None) -> Reservation:
        """A reservation of that kind, of one competition, by the application itself."""
        studio = self.one_of(self.season.studios[competition.tenant_id])
        spaces = spaces or self.draw(st.integers(5, 40))
        self.app.wait(SECOND)
        reservation = self.app.request(competition, studio, spaces)
        if kind in ("pending", "rejected"):
            if kind == "rejected":
                self.app.reject(reservation)
            return reservation
        self.app.wait(SECOND)
        self.app.approve(reservation, spaces)
        if kind == "approved":
            return reservation
        for _ in range(min(spaces - 1, self.draw(st.integers(1, 3)))):
            self.app.enter(reservation)
        self.app.wait(SECOND)
        if kind == "cancelled":
            self.app.cancel(reservation)
        else:
            self.app.summarize(reservation)
        return reservation

    def entry(self, reservation: Reservation, *reasons: str) -> LedgerEntry:
        (entry,) = self.books.ledger_of(reservation, *reasons)
        return entry

    # What is done to it

    def remove(self, entry: LedgerEntry) -> None:
        self.write(f"{spoken_entry(entry)} is deleted")
        del self.books.capacity_ledger[entry.id]

    def insert(
        self,
        competition: Competition,
        reservation: Reservation | None,
        tokens: int,
        reason: str,
        at: datetime,
    ) -> LedgerEntry:
        entry = self.app.add_ledger_entry(competition, reservation, tokens, reason, at)
        self.write(f"{spoken_entry(entry)} is inserted")
        return entry

    def set(self, row: object, column: str, value: object) -> None:
        said = spoken(value) if isinstance(value, datetime) else value
        self.write(f"{label(row.id)}.{column} = {said}, was {getattr(row, column)}")
        setattr(row, column, value)

    def follow(self, competition: Competition, tokens: int) -> None:
        """The stored balance moves with the fault, or against it."""
        stored = competition.available_reservation_tokens + tokens
        self.set(competition, "available_reservation_tokens", stored)


def spoken_entry(entry: LedgerEntry) -> str:
    return (
        f"{label(entry.id)} ({entry.reason} {entry.change_amount} of"
        f" {label(entry.reservation_id)} in {label(entry.competition_id)}"
        f" at {spoken(entry.created_at)})"
    )


Fault = Callable[[Scene], None]
FAULTS: dict[str, Fault] = {}


def fault(breaks: Fault) -> Fault:
    FAULTS[breaks.__name__] = breaks
    return breaks


def inject(season: Season, name: str) -> Expected:
    """Breaks the history, and says what an audit must find of that."""
    scene = Scene(season)
    scene.write(name)
    FAULTS[name](scene)
    return scene.expected


# Approvals without an entry


def _orphan(s: Scene, approved_at: Callable[[datetime], datetime | None]) -> Reservation:
    """The stored balance was deducted; only the entry is missing."""
    reservation = s.reservation(
        "approved",
        "summarized",
        where=lambda row: (
            s.slack(row.competition_id, s.entry(row, APPROVAL).created_at)
            >= (row.spaces_confirmed or 0)
        ),
    )
    s.remove(s.entry(reservation, APPROVAL))
    s.set(reservation, "approved_at", approved_at(reservation.approved_at))
    s.expected.find("approval_has_ledger_entry", reservation.id)
    return reservation


def _before_epoch(s: Scene) -> datetime:
    return EPOCH - s.one_of([MICROSECOND, SECOND, timedelta(days=3)])


def _since_epoch(s: Scene) -> datetime:
    return EPOCH + s.one_of([timedelta(0), MICROSECOND, timedelta(days=1)])


@fault
def legacy_approval_without_entry(s: Scene) -> None:
    """The -50 in London."""
    row = _orphan(s, lambda _: _before_epoch(s))
    s.expected.off_by(
        s.competition_of(row), "legacy_missing_approval", row.id, -row.spaces_confirmed
    )


@fault
def new_approval_without_entry(s: Scene) -> None:
    row = _orphan(s, lambda _: _since_epoch(s))
    s.expected.find("no_new_orphan_approvals", row.id)
    s.expected.off_by(s.competition_of(row), "new_missing_approval", row.id, -row.spaces_confirmed)


@fault
def approval_of_unknown_time_without_entry(s: Scene) -> None:
    row = _orphan(s, lambda _: None)
    s.expected.find("no_new_orphan_approvals", row.id)
    if s.books.ledger_of(row, *REFUNDS):
        s.expected.find("refund_follows_approval", row.id)
    s.expected.off_by(s.competition_of(row), "new_missing_approval", row.id, -row.spaces_confirmed)


@fault
def legacy_approval_that_moved_nothing(s: Scene) -> None:
    row = _orphan(s, lambda _: _before_epoch(s))
    s.follow(s.competition_of(row), row.spaces_confirmed)


@fault
def new_approval_that_moved_nothing(s: Scene) -> None:
    row = _orphan(s, lambda _: _since_epoch(s))
    s.expected.find("no_new_orphan_approvals", row.id)
    s.follow(s.competition_of(row), row.spaces_confirmed)


# Approvals booked twice


def _double_approval(s: Scene, *kinds: str) -> tuple[Reservation, int]:
    """A second click that got through, at one instant with the first or later."""
    gap = s.one_of([timedelta(0), MICROSECOND, 5 * SECOND, 5 * SECOND + MICROSECOND])
    row = s.reservation(
        *kinds,
        where=lambda row: (
            s.entry(row, APPROVAL).created_at + gap <= AS_OF
            and s.room(row.competition_id, s.entry(row, APPROVAL).created_at + gap)
            >= (row.spaces_confirmed or 0)
        ),
    )
    first = s.entry(row, APPROVAL)
    second = s.insert(
        s.competition_of(row), row, -row.spaces_confirmed, APPROVAL, first.created_at + gap
    )
    s.expected.find("approval_recorded_once", row.id)
    if gap <= 5 * SECOND:
        # Keys rise, so that at one instant the second is the later.
        s.expected.find("no_rapid_repeat", second.id)
    return row, row.spaces_confirmed


@fault
def double_approval_in_ledger(s: Scene) -> None:
    row, spaces = _double_approval(s, "approved", "summarized")
    s.expected.off_by(s.competition_of(row), "repeated_approval", row.id, spaces)


@fault
def double_approval_with_balance(s: Scene) -> None:
    row, spaces = _double_approval(s, "approved", "summarized")
    s.follow(s.competition_of(row), -spaces)


@fault
def double_approval_of_a_cancelled_one(s: Scene) -> None:
    """What is wrong about it is that it holds anything, not how often."""
    row, spaces = _double_approval(s, "cancelled")
    s.expected.find("released_reservation_holds_nothing", row.id)
    s.expected.off_by(s.competition_of(row), "released_reservation", row.id, spaces)


# Approvals of a wrong amount


def _wrong_amount(s: Scene, *kinds: str, extra: Callable[[int], int]) -> tuple[Reservation, int]:
    """Another amount is deducted than the spaces confirmed: `extra` tokens more or less."""

    def has_space(row: Reservation) -> bool:
        more = extra(row.spaces_confirmed)
        at = s.entry(row, APPROVAL).created_at
        if not more or row.spaces_confirmed + more <= 0:
            return False
        if more > 0:
            return s.room(row.competition_id, at) >= more
        return s.slack(row.competition_id, at) >= -more

    row = s.reservation(*kinds, where=has_space)
    more = extra(row.spaces_confirmed)
    s.set(s.entry(row, APPROVAL), "change_amount", -row.spaces_confirmed - more)
    s.expected.find("approval_amount_matches_spaces", row.id)
    return row, more


@fault
def double_amount_in_ledger(s: Scene) -> None:
    """200 deducted for 100 spaces."""
    row, more = _wrong_amount(s, "approved", "summarized", extra=lambda spaces: spaces)
    s.expected.off_by(s.competition_of(row), "wrong_approval_amount", row.id, more)


@fault
def double_amount_with_balance(s: Scene) -> None:
    row, more = _wrong_amount(s, "approved", "summarized", extra=lambda spaces: spaces)
    s.follow(s.competition_of(row), -more)


@fault
def double_amount_in_balance(s: Scene) -> None:
    """The old code: the balance lost it twice, and nothing is on record."""
    row = s.reservation(
        "approved",
        where=lambda row: (
            s.books.competitions[row.competition_id].available_reservation_tokens
            >= row.spaces_confirmed
        ),
    )
    s.follow(s.competition_of(row), -row.spaces_confirmed)
    s.expected.off_for_no_reason(s.competition_of(row), -row.spaces_confirmed)


@fault
def too_little_deducted(s: Scene) -> None:
    less = s.few(most=9)
    row, more = _wrong_amount(s, "approved", extra=lambda spaces: -min(less, spaces - 1))
    s.expected.off_by(s.competition_of(row), "wrong_approval_amount", row.id, more)


@fault
def spaces_edited_after_approval(s: Scene) -> None:
    """The ledger and the balance kept what was approved."""
    more = s.one_of([-1, 1, 7])
    row = s.reservation("approved", where=lambda row: s.room(row.competition_id, AS_OF) >= more)
    s.competition_of(row)
    s.set(row, "spaces_confirmed", row.spaces_confirmed + more)
    s.expected.find("approval_amount_matches_spaces", row.id)


@fault
def spaces_forgotten_after_approval(s: Scene) -> None:
    """Nothing to compare the deduction with; that the value is missing is another check's."""
    row = s.reservation("approved", "summarized")
    s.competition_of(row)
    s.set(row, "spaces_confirmed", None)
    s.expected.find("integrity.required_values_filled", "reservation_spaces_confirmed", row.id)


@fault
def approval_without_amount(s: Scene) -> None:
    """There is an entry, so it is not missing: it is wrong."""
    row = s.reservation(
        "approved",
        where=lambda row: (
            s.slack(row.competition_id, s.entry(row, APPROVAL).created_at) >= row.spaces_confirmed
        ),
    )
    entry = s.entry(row, APPROVAL)
    s.set(entry, "change_amount", None)
    s.expected.find("ledger_reason_and_sign_agree", entry.id)
    s.expected.find("approval_amount_matches_spaces", row.id)
    s.expected.off_by(s.competition_of(row), "wrong_approval_amount", row.id, -row.spaces_confirmed)


@fault
def approval_with_the_wrong_sign(s: Scene) -> None:
    """It gave what it should have taken; nobody got a refund of that."""
    row = s.reservation(
        "approved",
        where=lambda row: (
            s.slack(row.competition_id, s.entry(row, APPROVAL).created_at)
            >= 2 * row.spaces_confirmed
        ),
    )
    entry = s.entry(row, APPROVAL)
    s.set(entry, "change_amount", row.spaces_confirmed)
    s.expected.find("ledger_reason_and_sign_agree", entry.id)
    s.expected.find("approval_amount_matches_spaces", row.id)
    s.expected.off_by(
        s.competition_of(row), "wrong_approval_amount", row.id, -2 * row.spaces_confirmed
    )


# Refunds


def _refund_changed(s: Scene, by: int) -> tuple[Reservation, int]:
    """A summary refund of `by` tokens too many, or of as many too few as it can."""

    def has_space(row: Reservation) -> bool:
        refund = s.entry(row, SUMMARY_REFUND)
        if by > 0:
            return s.slack(row.competition_id, refund.created_at) >= by
        least = min(-by, refund.change_amount - 1)
        return least > 0 and s.room(row.competition_id, refund.created_at) >= least

    row = s.reservation("summarized", where=has_space)
    refund = s.entry(row, SUMMARY_REFUND)
    by = max(by, 1 - refund.change_amount)
    s.set(refund, "change_amount", refund.change_amount + by)
    s.expected.find("refund_matches_unused_spaces", row.id)
    if refund.change_amount > row.spaces_confirmed:
        s.expected.find("refund_within_approval", row.id)
    return row, by


def _without_refund(s: Scene, kind: str, reason: str) -> tuple[Reservation, int]:
    """A reservation that lost its refund, where the balance stays above zero without it."""
    row = s.reservation(
        kind,
        where=lambda row: (
            s.room(row.competition_id, s.entry(row, reason).created_at)
            >= s.entry(row, reason).change_amount
        ),
    )
    refund = s.entry(row, reason)
    s.remove(refund)
    return row, refund.change_amount


def _missing_refund(s: Scene) -> tuple[Reservation, int]:
    row, tokens = _without_refund(s, "summarized", SUMMARY_REFUND)
    s.expected.find("refund_matches_unused_spaces", row.id)
    return row, tokens


@fault
def refund_missing_in_ledger(s: Scene) -> None:
    row, tokens = _missing_refund(s)
    s.expected.off_by(s.competition_of(row), "wrong_refund", row.id, tokens)


@fault
def refund_missing_with_balance(s: Scene) -> None:
    row, tokens = _missing_refund(s)
    s.follow(s.competition_of(row), -tokens)


@fault
def refund_too_large_in_ledger(s: Scene) -> None:
    row, more = _refund_changed(s, s.few())
    s.expected.off_by(s.competition_of(row), "wrong_refund", row.id, -more)


@fault
def refund_too_large_with_balance(s: Scene) -> None:
    row, more = _refund_changed(s, s.few())
    s.follow(s.competition_of(row), more)


@fault
def refund_too_small_in_ledger(s: Scene) -> None:
    row, more = _refund_changed(s, -s.few())
    s.expected.off_by(s.competition_of(row), "wrong_refund", row.id, -more)


@fault
def refund_too_small_with_balance(s: Scene) -> None:
    row, more = _refund_changed(s, -s.few())
    s.follow(s.competition_of(row), more)


def _double_refund(s: Scene) -> tuple[Reservation, int]:
    gap = s.one_of([timedelta(0), MICROSECOND, 5 * SECOND, 5 * SECOND + MICROSECOND])
    row = s.reservation(
        "summarized",
        where=lambda row: (
            s.entry(row, SUMMARY_REFUND).created_at + gap <= AS_OF
            and s.slack(row.competition_id, s.entry(row, SUMMARY_REFUND).created_at + gap)
            >= s.entry(row, SUMMARY_REFUND).change_amount
        ),
    )
    first = s.entry(row, SUMMARY_REFUND)
    tokens = first.change_amount
    second = s.insert(s.competition_of(row), row, tokens, SUMMARY_REFUND, first.created_at + gap)
    s.expected.find("refund_matches_unused_spaces", row.id)
    if 2 * tokens > row.spaces_confirmed:
        s.expected.find("refund_within_approval", row.id)
    if gap <= 5 * SECOND:
        s.expected.find("no_rapid_repeat", second.id)
    return row, tokens


@fault
def double_refund_in_ledger(s: Scene) -> None:
    row, tokens = _double_refund(s)
    s.expected.off_by(s.competition_of(row), "wrong_refund", row.id, -tokens)


@fault
def double_refund_with_balance(s: Scene) -> None:
    row, tokens = _double_refund(s)
    s.follow(s.competition_of(row), tokens)


@fault
def refund_with_the_wrong_sign(s: Scene) -> None:
    row = s.reservation(
        "summarized",
        where=lambda row: (
            s.room(row.competition_id, s.entry(row, SUMMARY_REFUND).created_at)
            >= 2 * s.entry(row, SUMMARY_REFUND).change_amount
        ),
    )
    refund = s.entry(row, SUMMARY_REFUND)
    tokens = refund.change_amount
    s.set(refund, "change_amount", -tokens)
    s.expected.find("ledger_reason_and_sign_agree", refund.id)
    s.expected.find("refund_matches_unused_spaces", row.id)
    s.expected.off_by(s.competition_of(row), "wrong_refund", row.id, 2 * tokens)


@fault
def refund_before_its_approval(s: Scene) -> None:
    """The two entries change places by a microsecond; sums stay, the running one may not."""
    row = s.reservation(
        "summarized",
        where=lambda row: s.entry(row, APPROVAL).created_at - MICROSECOND >= row.created_at,
    )
    refund = s.entry(row, SUMMARY_REFUND)
    at = s.entry(row, APPROVAL).created_at - MICROSECOND
    competition = s.competition_of(row)
    if s.slack(competition.id, at, until=refund.created_at) < refund.change_amount:
        s.expected.find("running_balance_in_range", competition.id)
    s.set(refund, "created_at", at)
    s.expected.find("refund_follows_approval", row.id)


@fault
def refund_of_nothing_taken_yet(s: Scene) -> None:
    """In a competition without any other booking that is more than there was."""
    competition = s.app.open_competition(s.books.tenants[s.season.competitions[0].tenant_id], 60)
    s.season.competitions.append(competition)
    row = s.book("summarized", competition)
    refund = s.entry(row, SUMMARY_REFUND)
    s.competition_of(row)
    s.set(refund, "created_at", s.entry(row, APPROVAL).created_at - MICROSECOND)
    s.expected.find("refund_follows_approval", row.id)
    s.expected.find("running_balance_in_range", competition.id)


@fault
def refund_of_a_pending_one(s: Scene) -> None:
    tokens = s.few()
    row = s.reservation(
        "pending", where=lambda row: s.slack(row.competition_id, row.created_at) >= tokens
    )
    at = s.one_of([row.created_at, AS_OF])
    s.insert(s.competition_of(row), row, tokens, s.one_of(REFUNDS), at)
    s.expected.find("refund_follows_approval", row.id)
    s.expected.find("released_reservation_holds_nothing", row.id)
    s.expected.off_by(s.competition_of(row), "released_reservation", row.id, -tokens)


@fault
def refund_before_any_summary(s: Scene) -> None:
    """An approved reservation has nothing to get back yet; only the balance shows it."""
    tokens = s.few()
    row = s.reservation("approved", where=lambda row: s.slack(row.competition_id, AS_OF) >= tokens)
    s.insert(s.competition_of(row), row, tokens, SUMMARY_REFUND, AS_OF)
    if tokens > row.spaces_confirmed:
        s.expected.find("refund_within_approval", row.id)
    s.expected.off_by(s.competition_of(row), "wrong_refund", row.id, -tokens)


@fault
def entry_cancelled_after_the_summary(s: Scene) -> None:
    row = s.reservation("summarized", where=lambda row: bool(s.books.entries_of(row)))
    s.competition_of(row)
    s.set(s.one_of(s.books.entries_of(row)), "status", "cancelled")
    s.expected.find("refund_matches_unused_spaces", row.id)


@fault
def entry_added_after_the_summary(s: Scene) -> None:
    row = s.reservation("summarized")
    s.competition_of(row)
    entry = s.app.add_entry(row)
    s.write(f"{label(entry.id)} of {label(row.id)} is inserted")
    s.expected.find("refund_matches_unused_spaces", row.id)


# Reservations that should hold nothing


def _unrefunded(s: Scene) -> tuple[Reservation, int]:
    row, tokens = _without_refund(s, "cancelled", CANCELLATION_REFUND)
    s.expected.find("released_reservation_holds_nothing", row.id)
    return row, tokens


@fault
def cancelled_without_refund_in_ledger(s: Scene) -> None:
    row, tokens = _unrefunded(s)
    s.expected.off_by(s.competition_of(row), "released_reservation", row.id, tokens)


@fault
def cancelled_without_refund(s: Scene) -> None:
    row, tokens = _unrefunded(s)
    s.follow(s.competition_of(row), -tokens)


def _entry_of_a_released_one(s: Scene) -> tuple[Reservation, int]:
    tokens = s.few()
    row = s.reservation(
        "pending", "rejected", where=lambda row: s.room(row.competition_id, AS_OF) >= tokens
    )
    s.insert(s.competition_of(row), row, -tokens, APPROVAL, AS_OF)
    s.expected.find("released_reservation_holds_nothing", row.id)
    return row, tokens


@fault
def pending_with_an_entry(s: Scene) -> None:
    row, tokens = _entry_of_a_released_one(s)
    s.expected.off_by(s.competition_of(row), "released_reservation", row.id, tokens)


@fault
def pending_with_an_entry_and_balance(s: Scene) -> None:
    row, tokens = _entry_of_a_released_one(s)
    s.follow(s.competition_of(row), -tokens)


@fault
def approved_set_back(s: Scene) -> None:
    row = s.reservation("approved")
    s.competition_of(row)
    s.set(row, "status", s.one_of(["pending", "rejected", "cancelled"]))
    s.expected.find("released_reservation_holds_nothing", row.id)


# Entries that belong elsewhere


def _another_competition(s: Scene, *, is_of_tenant: bool) -> None:
    """The approval of a new reservation is booked on another competition than its own."""
    source = s.competition_with_room()
    tenants = [
        competition.tenant_id
        for competition in s.season.competitions
        if (competition.tenant_id == source.tenant_id) == is_of_tenant
    ]
    other = s.competition_with_room(tenant_id=s.one_of(tenants), but_not=source)
    row = s.book("approved", source, spaces=s.few())
    entry, tokens = s.entry(row, APPROVAL), row.spaces_confirmed
    s.expected.competitions |= {source.id, other.id}
    s.set(entry, "competition_id", other.id)
    s.expected.find("ledger_entry_matches_competition", entry.id)
    if not is_of_tenant:
        s.expected.find(
            "tenancy.references_stay_in_tenant", "capacity_ledger.competition_id", entry.id
        )
    s.expected.off_by(source, "entry_of_another_competition", entry.id, -tokens)
    s.expected.off_by(other, "entry_of_another_competition", entry.id, tokens)


@fault
def entry_on_another_competition(s: Scene) -> None:
    """Two balances are wrong at once, by the same amount and with opposite signs."""
    _another_competition(s, is_of_tenant=True)


@fault
def entry_on_another_tenants_competition(s: Scene) -> None:
    _another_competition(s, is_of_tenant=False)


@fault
def reservation_moved_to_another_competition(s: Scene) -> None:
    """Both competitions still agree with their ledgers; the entries were left behind."""
    source = s.competition_with_room()
    other = s.competition_with_room(tenant_id=source.tenant_id, but_not=source)
    row = s.book(s.one_of(["approved", "summarized", "cancelled"]), source, spaces=s.few())
    s.expected.competitions |= {source.id, other.id}
    s.set(row, "competition_id", other.id)
    for entry in s.books.ledger_of(row):
        s.expected.find("ledger_entry_matches_competition", entry.id)


@fault
def entry_that_lost_its_reservation(s: Scene) -> None:
    """It takes from the competition what it should, for nobody."""
    row = s.reservation("approved")
    s.competition_of(row)
    entry = s.entry(row, APPROVAL)
    s.set(entry, "reservation_id", None)
    s.expected.find("ledger_entry_has_reservation", entry.id)
    s.expected.find("approval_has_ledger_entry", row.id)
    if row.approved_at >= EPOCH:
        s.expected.find("no_new_orphan_approvals", row.id)


@fault
def approval_of_no_reservation(s: Scene) -> None:
    tokens = s.few()
    competition = s.competition_with_room()
    entry = s.insert(competition, None, -tokens, APPROVAL, AS_OF)
    s.expected.competitions.add(competition.id)
    s.expected.find("ledger_entry_has_reservation", entry.id)
    s.expected.off_by(competition, "entry_without_reservation", entry.id, tokens)


@fault
def refund_of_no_reservation(s: Scene) -> None:
    row = s.reservation("approved", where=lambda row: s.slack(row.competition_id, AS_OF) > 0)
    competition = s.competition_of(row)
    tokens = s.few(most=min(40, s.slack(competition.id, AS_OF)))
    entry = s.insert(competition, None, tokens, s.one_of(REFUNDS), AS_OF)
    s.expected.find("ledger_entry_has_reservation", entry.id)
    s.expected.off_by(competition, "entry_without_reservation", entry.id, -tokens)


@fault
def entry_of_a_reservation_that_is_gone(s: Scene) -> None:
    """That it dangles is the integrity pack's to find."""
    tokens = s.few()
    competition = s.competition_with_room()
    reason = s.one_of([APPROVAL, ADJUSTMENT])
    entry = s.insert(competition, None, -tokens, reason, AS_OF)
    s.set(entry, "reservation_id", make_id("R", 10**6))
    s.expected.competitions.add(competition.id)
    s.expected.find("integrity.references_resolve", "capacity_ledger.reservation_id", entry.id)
    s.expected.off_by(competition, "entry_without_reservation", entry.id, tokens)


@fault
def reservation_deleted(s: Scene) -> None:
    row = s.reservation("approved", "summarized", "cancelled")
    s.competition_of(row)
    for entry in s.books.ledger_of(row):
        s.expected.find("integrity.references_resolve", "capacity_ledger.reservation_id", entry.id)
    for entry in s.books.competition_entries.values():
        if entry.reservation_id == row.id:
            s.expected.find(
                "integrity.references_resolve", "competition_entries.reservation_id", entry.id
            )
    s.write(f"{label(row.id)} is deleted")
    del s.books.reservations[row.id]


@fault
def reservation_of_another_tenants_studio(s: Scene) -> None:
    row = s.reservation("pending", "approved", "summarized", "cancelled", "rejected")
    s.competition_of(row)
    strangers = [
        studio
        for studios in s.season.studios.values()
        for studio in studios
        if studio.tenant_id != row.tenant_id
    ]
    s.set(row, "studio_id", s.one_of(strangers).id)
    s.expected.find("tenancy.references_stay_in_tenant", "reservations.studio_id", row.id)


@fault
def ledger_entry_of_another_tenant(s: Scene) -> None:
    row = s.reservation("approved")
    s.competition_of(row)
    entry = s.entry(row, APPROVAL)
    s.set(entry, "tenant_id", s.one_of([t for t in s.books.tenants if t != row.tenant_id]))
    for column in ("competition_id", "reservation_id"):
        s.expected.find("tenancy.references_stay_in_tenant", f"capacity_ledger.{column}", entry.id)


# Entries that are wrong in themselves


@fault
def entry_of_unknown_reason(s: Scene) -> None:
    tokens = s.few()
    row = s.reservation("approved", where=lambda row: s.room(row.competition_id, AS_OF) >= tokens)
    competition = s.competition_of(row)
    reason = s.one_of(["goodwill", "Reservation_Approval", " summary_refund", "", None])
    entry = s.insert(competition, s.one_of([row, None]), -tokens, reason, AS_OF)
    s.expected.find("ledger_reason_and_sign_agree", entry.id)
    s.expected.off_by(competition, "entry_of_unknown_reason", entry.id, tokens)


@fault
def entry_of_unknown_reason_of_a_released_one(s: Scene) -> None:
    """One anomaly and not two, though the reservation holds what it should not."""
    tokens = s.few()
    row = s.reservation(
        "pending",
        "rejected",
        "cancelled",
        where=lambda row: s.room(row.competition_id, AS_OF) >= tokens,
    )
    entry = s.insert(s.competition_of(row), row, -tokens, "goodwill", AS_OF)
    s.expected.find("ledger_reason_and_sign_agree", entry.id)
    s.expected.find("released_reservation_holds_nothing", row.id)
    s.expected.off_by(s.competition_of(row), "entry_of_unknown_reason", entry.id, tokens)


@fault
def approval_with_a_misspelt_reason(s: Scene) -> None:
    """To every check it is no approval."""
    row = s.reservation("approved")
    s.competition_of(row)
    entry = s.entry(row, APPROVAL)
    s.set(entry, "reason", "reservation_aproval")
    s.expected.find("ledger_reason_and_sign_agree", entry.id)
    s.expected.find("approval_has_ledger_entry", row.id)
    if row.approved_at >= EPOCH:
        s.expected.find("no_new_orphan_approvals", row.id)


@fault
def entry_of_nothing(s: Scene) -> None:
    row = s.reservation("approved", "summarized", "cancelled")
    tokens = s.one_of([0, None])
    entry = s.insert(s.competition_of(row), s.one_of([row, None]), 0, ADJUSTMENT, AS_OF)
    s.set(entry, "change_amount", tokens)
    s.expected.find("ledger_reason_and_sign_agree", entry.id)


@fault
def entry_of_the_future(s: Scene) -> None:
    row = s.reservation(
        "approved",
        where=lambda row: (
            s.slack(row.competition_id, s.entry(row, APPROVAL).created_at) >= row.spaces_confirmed
        ),
    )
    s.competition_of(row)
    entry = s.entry(row, APPROVAL)
    s.set(entry, "created_at", AS_OF + s.one_of([MICROSECOND, SECOND, timedelta(days=30)]))
    s.expected.find("ledger_entry_time_plausible", entry.id)


@fault
def entry_before_its_reservation(s: Scene) -> None:
    early = s.one_of([MICROSECOND, SECOND])
    row = s.reservation(
        "approved",
        where=lambda row: (
            s.room(row.competition_id, row.created_at - early) >= row.spaces_confirmed
        ),
    )
    s.competition_of(row)
    entry = s.entry(row, APPROVAL)
    s.set(entry, "created_at", row.created_at - early)
    s.expected.find("ledger_entry_time_plausible", entry.id)


@fault
def entry_before_its_competition(s: Scene) -> None:
    tokens = s.few()
    competition = s.competition_with_room()
    at = competition.created_at - s.one_of([MICROSECOND, timedelta(days=1)])
    entry = s.insert(competition, None, tokens, ADJUSTMENT, at)
    s.follow(competition, tokens)
    s.expected.competitions.add(competition.id)
    s.expected.find("ledger_entry_time_plausible", entry.id)


@fault
def adjustment_repeated_at_once(s: Scene) -> None:
    """Alike, and of one reservation: a double click. The balance followed both."""
    row = s.reservation("summarized")
    tokens = s.few()
    gaps = [timedelta(0), SECOND, 5 * SECOND, 5 * SECOND + MICROSECOND]
    at = AS_OF - 20 * SECOND
    for gap in s.draw(st.lists(st.sampled_from(gaps), min_size=1, max_size=3)):
        if not s.books.ledger_of(row, ADJUSTMENT):
            s.insert(s.competition_of(row), row, tokens, ADJUSTMENT, at)
            s.follow(s.competition_of(row), tokens)
        at += gap
        entry = s.insert(s.competition_of(row), row, tokens, ADJUSTMENT, at)
        s.follow(s.competition_of(row), tokens)
        if gap <= 5 * SECOND:
            s.expected.find("no_rapid_repeat", entry.id)


@fault
def adjustments_alike_of_no_reservation(s: Scene) -> None:
    """Nothing to find: the same box of spaces, twice."""
    competition, tokens = s.competition_with_room(), s.few()
    s.expected.competitions.add(competition.id)
    for _ in range(2):
        s.insert(competition, None, tokens, ADJUSTMENT, AS_OF)
        s.follow(competition, tokens)


@fault
def adjustment_in_ledger_only(s: Scene) -> None:
    """No anomaly: an adjustment may be of any amount. So nothing explains it."""
    competition, tokens = s.competition_with_room(), s.few()
    s.expected.competitions.add(competition.id)
    s.insert(competition, None, tokens, ADJUSTMENT, AS_OF)
    s.expected.off_for_no_reason(competition, -tokens)


# Balances


@fault
def stored_balance_edited(s: Scene) -> None:
    """By hand; by up to five tokens it is only a warning."""
    competition = s.competition_with_room()
    tokens = s.draw(st.one_of(st.integers(-7, 7), st.integers(-40, 500)).filter(bool))
    s.expected.competitions.add(competition.id)
    s.follow(competition, tokens)
    s.expected.off_for_no_reason(competition, tokens)


@fault
def stored_balance_below_nothing(s: Scene) -> None:
    competition = s.competition_with_room()
    tokens = -competition.available_reservation_tokens - s.few()
    s.expected.competitions.add(competition.id)
    s.follow(competition, tokens)
    s.expected.find("not_oversold", competition.id)
    s.expected.off_for_no_reason(competition, tokens)


def _total_below_held(s: Scene) -> tuple[Competition, int]:
    """Fewer spaces than are held, and so than were taken by now."""
    competition = s.competition_with_room()
    s.book("approved", competition, spaces=s.room(competition.id, AS_OF))
    fewer = s.few()
    s.expected.competitions.add(competition.id)
    s.set(
        competition,
        "total_reservation_tokens",
        competition.total_reservation_tokens - fewer,
    )
    s.expected.find("not_oversold", competition.id)
    s.expected.find("running_balance_in_range", competition.id)
    return competition, fewer


@fault
def total_cut_below_what_is_held(s: Scene) -> None:
    competition, fewer = _total_below_held(s)
    s.expected.off_for_no_reason(competition, fewer)


@fault
def total_cut_below_what_is_held_with_balance(s: Scene) -> None:
    competition, fewer = _total_below_held(s)
    s.follow(competition, -fewer)


@fault
def total_forgotten(s: Scene) -> None:
    """Nothing is known to agree, and nothing can be explained."""
    competition = s.competition_with_room()
    s.expected.competitions.add(competition.id)
    s.set(competition, "total_reservation_tokens", None)
    s.expected.find("integrity.values_allowed", "competition_total_tokens", competition.id)
    s.expected.find("available_matches_ledger", competition.id)
    s.expected.find("available_matches_ledger_exactly", competition.id)
    s.expected.explanations[competition.id] = Explanation(None, unexplained=None)


@fault
def oversold_for_a_moment(s: Scene) -> None:
    """Taken and put back: only between the two is it too much; at one instant, never."""
    competition = s.competition_with_room()
    tokens = s.room(competition.id, AS_OF - SECOND) + s.few()
    gap = s.one_of([timedelta(0), MICROSECOND, SECOND])
    s.expected.competitions.add(competition.id)
    s.insert(competition, None, -tokens, ADJUSTMENT, AS_OF - gap)
    s.insert(competition, None, tokens, ADJUSTMENT, AS_OF)
    if gap:
        s.expected.find("running_balance_in_range", competition.id)


@fault
def approvals_past_the_guard(s: Scene) -> None:
    """Two clicks that each saw enough room: more is held than there is, and all agrees."""
    competition = s.competition_with_room()
    tokens = s.room(competition.id, AS_OF)
    s.expected.competitions.add(competition.id)
    s.book("approved", competition, spaces=tokens)
    row = s.book("pending", competition)
    s.set(row, "status", "approved")
    s.set(row, "approved_at", s.app.now)
    s.set(row, "spaces_confirmed", s.few())
    s.insert(competition, row, -row.spaces_confirmed, APPROVAL, s.app.now)
    s.follow(competition, -row.spaces_confirmed)
    s.expected.find("not_oversold", competition.id)
    s.expected.find("running_balance_in_range", competition.id)


@fault
def status_that_nobody_knows(s: Scene) -> None:
    """It holds nothing and is released from nothing: another check must find it."""
    row = s.reservation("approved", "summarized", "cancelled")
    s.competition_of(row)
    s.set(row, "status", s.one_of([None, "Approved", ""]))
    s.expected.find("integrity.values_allowed", "reservation_status", row.id)


@fault
def balances_of_the_other_sign(s: Scene) -> None:
    """Each stored balance is what subtracting the ledger would have made it."""
    for competition in s.books.competitions.values():
        s.expected.competitions.add(competition.id)
        ledger = [
            row for row in s.books.capacity_ledger.values() if row.competition_id == competition.id
        ]
        total = competition.total_reservation_tokens or 0
        s.set(competition, "available_reservation_tokens", total - net(ledger))
        s.expected.off_for_no_reason(competition, -2 * net(ledger))
        if total < net(ledger):
            s.expected.find("not_oversold", competition.id)
    s.expected.find("sign_convention_holds", DATABASE)


# Evidence that leaves a choice


def _orphans(s: Scene, spaces: Sequence[int], *, is_legacy: Sequence[bool]) -> list[Reservation]:
    """So many approvals without an entry, in a competition of their own."""
    competition = s.roomy(total=10_000)
    s.expected.competitions.add(competition.id)
    rows = [s.book("approved", competition, spaces=number) for number in spaces]
    for row, is_old in zip(rows, is_legacy, strict=True):
        s.remove(s.entry(row, APPROVAL))
        s.set(row, "approved_at", _before_epoch(s) if is_old else _since_epoch(s))
        s.expected.find("approval_has_ledger_entry", row.id)
        if not is_old:
            s.expected.find("no_new_orphan_approvals", row.id)
    return rows


def _evidence(rows: Sequence[Reservation], roles: Sequence[str]) -> frozenset:
    return frozenset(
        (
            Anomaly(
                "legacy_missing_approval" if row.approved_at < EPOCH else "new_missing_approval",
                row.id,
                -row.spaces_confirmed,
            ),
            role,
        )
        for row, role in zip(rows, roles, strict=True)
    )


@fault
def either_of_two_rows(s: Scene) -> None:
    """One of two alike moved the balance: the cause is certain, the row is not."""
    tokens = s.few()
    rows = _orphans(s, [tokens, tokens], is_legacy=[True, True])
    competition = s.competition_of(rows[0])
    s.follow(competition, tokens)
    causes = {"legacy_missing_approval": -tokens}
    evidence = _evidence(rows, ["may explain"] * 2)
    s.expected.off(competition, Explanation(-tokens, causes, 0, 0, evidence))


@fault
def either_of_two_causes(s: Scene) -> None:
    tokens = s.few()
    rows = _orphans(s, [tokens, tokens], is_legacy=[True, False])
    competition = s.competition_of(rows[0])
    s.follow(competition, tokens)
    evidence = _evidence(rows, ["may explain"] * 2)
    s.expected.off(competition, Explanation(-tokens, {}, -tokens, 0, evidence))


@fault
def nearest_cause_leaves_a_rest(s: Scene) -> None:
    """A hole that one orphan nearly fills: the rest is owned up to."""
    tokens = s.draw(st.integers(10, 40))
    rest = s.one_of([-4, -1, 1, 4])
    rows = _orphans(s, [tokens], is_legacy=[True])
    competition = s.competition_of(rows[0])
    s.follow(competition, rest)
    causes = {"legacy_missing_approval": -tokens}
    evidence = _evidence(rows, ["explains"])
    s.expected.off(competition, Explanation(rest - tokens, causes, 0, rest, evidence))


@fault
def halfway_between_cause_and_nothing(s: Scene) -> None:
    """With it as much is left as without it, on the other side: it proves nothing."""
    half = s.draw(st.integers(1, 20))
    rows = _orphans(s, [2 * half], is_legacy=[True])
    competition = s.competition_of(rows[0])
    s.follow(competition, half)
    evidence = _evidence(rows, ["does not explain"])
    s.expected.off(competition, Explanation(-half, {}, 0, -half, evidence))


@fault
def twelve_orphans_of_which_one_moved_nothing(s: Scene) -> None:
    """Powers of two: only one of the 4,096 sets of them fits."""
    spaces = [2**power for power in range(12)]
    rows = _orphans(s, spaces, is_legacy=[True] * 12)
    spared = s.one_of(rows)
    competition = s.competition_of(spared)
    s.follow(competition, spared.spaces_confirmed)
    tokens = spared.spaces_confirmed - sum(spaces)
    roles = ["does not explain" if row is spared else "explains" for row in rows]
    causes = {"legacy_missing_approval": tokens}
    s.expected.off(competition, Explanation(tokens, causes, 0, 0, _evidence(rows, roles)))


@fault
def thirteen_orphans_of_which_one_moved_nothing(s: Scene) -> None:
    """More sets than are tried: all thirteen are taken, and the rest is unexplained."""
    spaces = s.draw(st.lists(st.integers(5, 40), min_size=13, max_size=13))
    rows = _orphans(s, spaces, is_legacy=[True] * 13)
    spared = s.one_of(rows)
    competition = s.competition_of(spared)
    s.follow(competition, spared.spaces_confirmed)
    causes = {"legacy_missing_approval": -sum(spaces)}
    evidence = _evidence(rows, ["explains"] * 13)
    off = spared.spaces_confirmed - sum(spaces)
    s.expected.off(competition, Explanation(off, causes, 0, spared.spaces_confirmed, evidence))


@fault
def causes_that_cancel_out(s: Scene) -> None:
    """An orphan explains all of it; two more that net to 0 are no part of that."""
    rows = _orphans(s, [s.draw(st.integers(20, 40)), 10], is_legacy=[True, False])
    competition = s.competition_of(rows[0])
    stray = s.insert(competition, None, -10, APPROVAL, AS_OF)
    s.expected.find("ledger_entry_has_reservation", stray.id)
    tokens = -rows[0].spaces_confirmed
    s.expected.off(
        competition,
        Explanation(
            tokens,
            {"legacy_missing_approval": tokens},
            0,
            0,
            _evidence(rows, ["explains", "does not explain"])
            | {(Anomaly("entry_without_reservation", stray.id, 10), "does not explain")},
        ),
    )
