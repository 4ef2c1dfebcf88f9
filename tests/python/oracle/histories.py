"""Histories of the application, lawful ones and broken ones, drawn by hypothesis."""

from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from oracle.application import (
    AS_OF,
    MICROSECOND,
    Application,
    Competition,
    Reservation,
    Studio,
    Tenant,
)

_SECONDS = timedelta(seconds=1)
GAPS = st.one_of(
    st.sampled_from(
        [
            timedelta(0),
            MICROSECOND,
            5 * _SECONDS - MICROSECOND,
            5 * _SECONDS,
            5 * _SECONDS + MICROSECOND,
        ]
    ),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=90)),
)
CLICK_GAPS = st.sampled_from([timedelta(0), MICROSECOND, _SECONDS, 6 * _SECONDS])

# What each click is for: the statuses in which the application offers it.
CLICKS = {
    "approve": ("pending",),
    "enter": ("approved",),
    "summarize": ("approved",),
    "invoice": ("summarized",),
    "close": ("invoiced",),
    "withdraw": ("approved",),
    "cancel": ("approved", "summarized", "pending"),
    "reject": ("pending",),
}
OPERATIONS = ["request", "approve", "approve", "enter", "summarize", "adjust", *CLICKS]


class Step(NamedTuple):
    """One operation before it is known what there is to do it to: `pick` chooses from that."""

    name: str
    gap: timedelta
    pick: int
    amount: int
    clicks: int
    click_gap: timedelta
    is_stale: bool


STEPS = st.builds(
    Step,
    name=st.sampled_from(OPERATIONS),
    gap=GAPS,
    pick=st.integers(0, 20),
    amount=st.integers(0, 60),
    clicks=st.sampled_from([1, 1, 2, 3]),
    click_gap=CLICK_GAPS,
    is_stale=st.integers(0, 9).map(lambda number: number == 9),
)


class Season:
    """One application with tenants, and with the hypothesis draws that make its history."""

    def __init__(self, draw: st.DrawFn, until: datetime = AS_OF) -> None:
        self.draw = draw
        self.app = Application(until)
        self.studios: dict[str, list[Studio]] = {}
        self.competitions: list[Competition] = []
        self._adjusted: set[str] = set()

    def __repr__(self) -> str:
        return f"a season of {len(self.app.journal)} operations"

    def _open(self) -> None:
        """Two tenants; and a third whose two competitions stay out of everything.

        Without those a single fault could tip the vote on the ledger's sign, or empty a
        table; a fault that is to do so breaks them too.
        """
        for _ in range(2):
            tenant = self._tenant()
            for _ in range(self.draw(st.integers(1, 3))):
                total = self.draw(st.sampled_from([600, 600, 100, 30, 0]))
                self.app.wait(self.draw(GAPS))
                self.competitions.append(self.app.open_competition(tenant, total))
        steady = self._tenant()
        for _ in range(2):
            competition = self.app.open_competition(steady, 600)
            reservation = self.app.request(competition, self.studios[steady.id][0], 10)
            self.app.approve(reservation, 10)
            self.app.enter(reservation)

    def _tenant(self) -> Tenant:
        tenant = self.app.add_tenant(studio_count=2)
        self.studios[tenant.id] = [
            studio for studio in self.app.books.studios.values() if studio.tenant_id == tenant.id
        ]
        return tenant

    @property
    def reservations(self) -> list[Reservation]:
        ours = {competition.id for competition in self.competitions}
        rows = self.app.books.reservations.values()
        return [row for row in rows if row.competition_id in ours]

    def play(self) -> None:
        """A lawful history: steps enough for several bookings, or for hardly any."""
        self._open()
        fewest = self.draw(st.sampled_from([0, 20, 40]))
        for step in self.draw(st.lists(STEPS, min_size=fewest, max_size=fewest + 20)):
            self.app.wait(step.gap)
            self._play(step)

    def _play(self, step: Step) -> None:
        """One operation, clicked once or several times; not every click is allowed."""
        if step.name == "adjust":
            self._adjust(step)
            return
        if step.name != "request":
            statuses = CLICKS[step.name]
            offered = [row for row in self.reservations if step.is_stale or row.status in statuses]
            if offered:
                self._click(step, offered[step.pick % len(offered)])
                return
        competition = self.competitions[step.pick % len(self.competitions)]
        studios = self.studios[competition.tenant_id]
        self.app.request(competition, studios[step.pick % len(studios)], step.amount)

    def _click(self, step: Step, reservation: Reservation) -> None:
        arguments = []
        if step.name == "approve":
            arguments = [min(step.amount, reservation.spaces_requested)]
        # Entering twice is two entries; every other click is meant once.
        for click in range(1 if step.name in ("enter", "withdraw") else step.clicks):
            if click:
                self.app.wait(step.click_gap)
            getattr(self.app, step.name)(reservation, *arguments)

    def _adjust(self, step: Step) -> None:
        """Mostly of no reservation; of one only once it can no longer be cancelled."""
        tokens = step.amount - 30 or 1
        settled = [
            row
            for row in self.reservations
            if row.status in ("invoiced", "closed") and row.id not in self._adjusted
        ]
        if settled and step.is_stale:
            reservation = settled[step.pick % len(settled)]
            self._adjusted.add(reservation.id)
            competition = self.app.books.competitions[reservation.competition_id]
            self.app.adjust(competition, tokens, reservation)
        else:
            self.app.adjust(self.competitions[step.pick % len(self.competitions)], tokens)


@st.composite
def lawful_seasons(draw: st.DrawFn) -> Season:
    """A history in which nothing is wrong, up to the very instant of the audit."""
    season = Season(draw)
    season.play()
    return season


@st.composite
def breakable_seasons(draw: st.DrawFn) -> Season:
    """A lawful history that leaves a fault the last hour to book what it needs."""
    season = Season(draw, until=AS_OF - timedelta(hours=1))
    season.play()
    season.app.until = AS_OF
    return season
