"""A model of the booking application: what a click writes, and what it refuses to.

Each operation is one transaction, as in the application's own capacity service: it guards
itself by the reservation's status and the ledger, so that a second click does nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

HOLDING = ("approved", "summarized", "invoiced", "closed")
SUMMARIZED = ("summarized", "invoiced", "closed")
RELEASED = ("pending", "rejected", "cancelled")

APPROVAL = "reservation_approval"
SUMMARY_REFUND = "summary_refund"
CANCELLATION_REFUND = "cancellation_refund"
REFUNDS = (SUMMARY_REFUND, CANCELLATION_REFUND)
ADJUSTMENT = "manual_adjustment"

EPOCH = datetime(2025, 10, 29, 0, 12, tzinfo=UTC)
AS_OF = datetime(2025, 10, 30, 5, tzinfo=UTC)
OPENED = datetime(2025, 10, 28, 20, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_KINDS = {"T": 1, "S": 2, "D": 3, "C": 4, "R": 5, "E": 6, "L": 7}
_LETTERS = {number: letter for letter, number in _KINDS.items()}


def make_id(letter: str, number: int) -> str:
    return f"{_KINDS[letter]:08x}-0000-4000-8000-{number:012x}"


def label(row_id: str | None) -> str:
    """How a printed operation names a row: R3 is the third reservation."""
    return f"{_LETTERS[int(row_id[:8], 16)]}{int(row_id[-12:], 16)}" if row_id else "none"


def spoken(at: datetime | None) -> str:
    return at.strftime("%d %H:%M:%S.%f") if at else "never"


@dataclass
class Tenant:
    id: str
    name: str
    subdomain: str
    created_at: datetime


@dataclass
class Studio:
    id: str
    tenant_id: str
    name: str
    created_at: datetime


@dataclass
class Dancer:
    id: str
    tenant_id: str
    studio_id: str
    first_name: str
    last_name: str
    date_of_birth: str
    created_at: datetime


@dataclass
class Competition:
    id: str
    tenant_id: str
    name: str
    total_reservation_tokens: int | None
    available_reservation_tokens: int
    created_at: datetime


@dataclass
class Reservation:
    id: str
    tenant_id: str
    competition_id: str
    studio_id: str
    status: str | None
    spaces_requested: int
    spaces_confirmed: int | None
    approved_at: datetime | None
    created_at: datetime


@dataclass
class Entry:
    id: str
    tenant_id: str
    competition_id: str
    studio_id: str
    reservation_id: str
    title: str
    category_id: str
    status: str
    created_at: datetime


@dataclass
class LedgerEntry:
    id: str
    tenant_id: str
    competition_id: str
    reservation_id: str | None
    change_amount: int | None
    reason: str | None
    created_at: datetime


@dataclass
class Books:
    """The application's rows, by key, parents before children."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    studios: dict[str, Studio] = field(default_factory=dict)
    dancers: dict[str, Dancer] = field(default_factory=dict)
    competitions: dict[str, Competition] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    competition_entries: dict[str, Entry] = field(default_factory=dict)
    capacity_ledger: dict[str, LedgerEntry] = field(default_factory=dict)

    def ledger_of(self, reservation: Reservation, *reasons: str) -> list[LedgerEntry]:
        return [
            row
            for row in self.capacity_ledger.values()
            if row.reservation_id == reservation.id and (not reasons or row.reason in reasons)
        ]

    def entries_of(self, reservation: Reservation) -> list[Entry]:
        """Those that use a space: not the cancelled ones."""
        return [
            entry
            for entry in self.competition_entries.values()
            if entry.reservation_id == reservation.id and entry.status != "cancelled"
        ]


P = ParamSpec("P")
Handler = Callable[Concatenate["Application", P], bool]


def operation(handler: Handler[P]) -> Handler[P]:
    """Writes into the journal what was clicked, when, and whether it did anything."""

    @wraps(handler)
    def click(self: "Application", *args: P.args, **kwargs: P.kwargs) -> bool:
        done = handler(self, *args, **kwargs)
        said = ", ".join(_said(value) for value in (*args, *kwargs.values()))
        self.write(f"{handler.__name__} {said}{'' if done else ': refused'}")
        return done

    return click


def _said(value: Any) -> str:
    return label(value.id) if hasattr(value, "id") else str(value)


class Application:
    """The booking application, at one moving instant.

    Attributes:
        books: its tables.
        now: the instant of the next click; it never goes back, nor past `until`.
        journal: what was done, in order, for the reader of a failing case.
    """

    def __init__(self, until: datetime = AS_OF) -> None:
        self.books = Books()
        self.now = OPENED
        self.until = until
        self.journal: list[str] = []
        self._numbers = dict.fromkeys(_KINDS, 0)

    def write(self, line: str) -> None:
        self.journal.append(f"{spoken(self.now)}  {line}")

    def wait(self, gap: timedelta) -> None:
        self.now = min(self.now + gap, self.until)

    def new_id(self, letter: str) -> str:
        self._numbers[letter] += 1
        return make_id(letter, self._numbers[letter])

    def add_tenant(self, studio_count: int) -> Tenant:
        tenant_id = self.new_id("T")
        name = f"tenant-{label(tenant_id).lower()}"
        tenant = Tenant(tenant_id, name, name, self.now)
        self.books.tenants[tenant.id] = tenant
        for _ in range(studio_count):
            studio_id = self.new_id("S")
            studio = Studio(studio_id, tenant.id, f"Studio {label(studio_id)}", self.now)
            self.books.studios[studio.id] = studio
            dancer_id = self.new_id("D")
            self.books.dancers[dancer_id] = Dancer(
                dancer_id, tenant.id, studio.id, "Ada", label(dancer_id), "2012-02-29", self.now
            )
        return tenant

    def open_competition(self, tenant: Tenant, total: int) -> Competition:
        competition_id = self.new_id("C")
        name = f"Competition {label(competition_id)}"
        competition = Competition(competition_id, tenant.id, name, total, total, self.now)
        self.books.competitions[competition.id] = competition
        self.write(f"open {label(competition.id)} of {label(tenant.id)}: {total} spaces")
        return competition

    def request(self, competition: Competition, studio: Studio, spaces: int) -> Reservation:
        reservation = Reservation(
            id=self.new_id("R"),
            tenant_id=competition.tenant_id,
            competition_id=competition.id,
            studio_id=studio.id,
            status="pending",
            spaces_requested=spaces,
            spaces_confirmed=None,
            approved_at=None,
            created_at=self.now,
        )
        self.books.reservations[reservation.id] = reservation
        self.write(f"request {label(reservation.id)} of {label(competition.id)}: {spaces} spaces")
        return reservation

    @operation
    def approve(self, reservation: Reservation, spaces: int) -> bool:
        """The capacity service's `reserve`: ledger first, then the balance, then the status."""
        competition = self.books.competitions[reservation.competition_id]
        if reservation.status != "pending" or self.books.ledger_of(reservation, APPROVAL):
            return False
        if competition.available_reservation_tokens < spaces:
            return False
        self._book(competition, reservation, -spaces, APPROVAL)
        reservation.status = "approved"
        reservation.spaces_confirmed = spaces
        reservation.approved_at = self.now
        return True

    @operation
    def reject(self, reservation: Reservation) -> bool:
        if reservation.status != "pending":
            return False
        reservation.status = "rejected"
        return True

    @operation
    def enter(self, reservation: Reservation) -> bool:
        """A studio uses one of its spaces."""
        confirmed = reservation.spaces_confirmed or 0
        if reservation.status != "approved":
            return False
        if len(self.books.entries_of(reservation)) >= confirmed:
            return False
        self.add_entry(reservation)
        return True

    def add_entry(self, reservation: Reservation) -> Entry:
        entry_id = self.new_id("E")
        entry = Entry(
            id=entry_id,
            tenant_id=reservation.tenant_id,
            competition_id=reservation.competition_id,
            studio_id=reservation.studio_id,
            reservation_id=reservation.id,
            title=f"Routine {label(entry_id)}",
            category_id=make_id("T", 1),
            status="registered",
            created_at=self.now,
        )
        self.books.competition_entries[entry.id] = entry
        return entry

    @operation
    def withdraw(self, reservation: Reservation) -> bool:
        """Cancels the reservation's latest entry; its space is used by another or refunded."""
        entries = self.books.entries_of(reservation)
        if reservation.status != "approved" or not entries:
            return False
        entries[-1].status = "cancelled"
        return True

    @operation
    def summarize(self, reservation: Reservation) -> bool:
        """Refunds what was confirmed and not used."""
        competition = self.books.competitions[reservation.competition_id]
        if reservation.status != "approved":
            return False
        used = len(self.books.entries_of(reservation))
        unused = (reservation.spaces_confirmed or 0) - used
        self._book(competition, reservation, unused, SUMMARY_REFUND)
        reservation.status = "summarized"
        return True

    @operation
    def invoice(self, reservation: Reservation) -> bool:
        if reservation.status != "summarized":
            return False
        reservation.status = "invoiced"
        return True

    @operation
    def close(self, reservation: Reservation) -> bool:
        if reservation.status != "invoiced":
            return False
        reservation.status = "closed"
        return True

    @operation
    def cancel(self, reservation: Reservation) -> bool:
        """Refunds what the reservation still holds, and cancels its entries."""
        competition = self.books.competitions[reservation.competition_id]
        if reservation.status not in ("pending", "approved", "summarized"):
            return False
        held = -sum(row.change_amount or 0 for row in self.books.ledger_of(reservation))
        self._book(competition, reservation, held, CANCELLATION_REFUND)
        for entry in self.books.entries_of(reservation):
            entry.status = "cancelled"
        reservation.status = "cancelled"
        return True

    @operation
    def adjust(
        self, competition: Competition, tokens: int, reservation: Reservation | None = None
    ) -> bool:
        """Adds spaces to a competition, or takes some that are free."""
        if competition.available_reservation_tokens + tokens < 0:
            return False
        self._book(competition, reservation, tokens, ADJUSTMENT)
        return True

    def _book(
        self, competition: Competition, reservation: Reservation | None, tokens: int, reason: str
    ) -> None:
        """One entry, and the stored balance with it; nothing is not booked."""
        if tokens:
            self.add_ledger_entry(competition, reservation, tokens, reason, self.now)
            competition.available_reservation_tokens += tokens

    def add_ledger_entry(
        self,
        competition: Competition,
        reservation: Reservation | None,
        tokens: int,
        reason: str,
        at: datetime,
    ) -> LedgerEntry:
        entry = LedgerEntry(
            id=self.new_id("L"),
            tenant_id=competition.tenant_id,
            competition_id=competition.id,
            reservation_id=reservation.id if reservation else None,
            change_amount=tokens,
            reason=reason,
            created_at=at,
        )
        self.books.capacity_ledger[entry.id] = entry
        return entry


def net(entries: Iterable[LedgerEntry]) -> int:
    """The sum of the entries' amounts; one without an amount adds nothing."""
    return sum(entry.change_amount or 0 for entry in entries)
