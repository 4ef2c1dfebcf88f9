"""The trend of a failing check, drawn: what its findings came to in each of the last audits.

That is the sum of their sizes, where they have any, whatever their signs; else how many there
were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from counterfoil.audit.findings import Audit, CheckResult, Measure, TrendPoint

# Fewer make no trend: two numbers are read faster than drawn.
FEWEST_POINTS = 3
_MOST_CHARTS = 20

_WIDTH, _HEIGHT = 300, 56

_Place = tuple[float, float]
# When, and which: a copy is audited again at the instant that it is of.
_Audit = tuple[datetime, str]


@dataclass(frozen=True)
class Drawing:
    """A trend as trend.svg.j2 draws it, in the units of its viewBox, from the top left.

    Attributes:
        width: of the plot, without its labels.
        height: of the plot.
        most: the value at its top; 0 is at its bottom.
        days: of its first and its last audit.
        path: the line, as the `d` of an SVG path: one step per audit, broken where one could
            not judge the check.
        dots: the centres of what is marked: the last audit, and each that no line reaches.
    """

    width: int
    height: int
    most: Measure
    days: tuple[str, str]
    path: str
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Trend:
    """A failing check's last audits.

    Attributes:
        check: its name.
        title: the check's.
        words: what they found.
        drawing: the same as a picture; None where nothing moved, and beyond the worst checks.
    """

    check: str
    title: str
    words: str
    drawing: Drawing | None


def trends_of(audit: Audit, failing: Sequence[CheckResult]) -> list[Trend]:
    """The trends of the checks that fail, in their order, where there are audits enough."""
    trends = audit.history.trends if audit.history else {}
    lasting = [
        (check, points)
        for check in failing
        if len(points := trends.get(check.name, [])) >= FEWEST_POINTS
    ]
    drawn = [check.name for check, points in lasting if moves(points)][:_MOST_CHARTS]
    # One axis for all: what lies below one another happened in the same night.
    audits = sorted({_audit_of(point) for _, points in lasting for point in points})
    return [
        Trend(
            check.name,
            check.title,
            describe(points, check.unit),
            draw(points, audits) if check.name in drawn else None,
        )
        for check, points in lasting
    ]


def describe(points: Sequence[TrendPoint], unit: str | None = None) -> str:
    """A trend in words, which say it all where nothing moved.

    Args:
        points: the audits, oldest first.
        unit: what the sizes of the findings count, if they have any.
    """
    judged = [value for value in _values(points) if value is not None]
    unjudged = len(points) - len(judged)
    since = f"{points[0].snapshot_at:%Y-%m-%d}"
    what = f" {unit}" if unit and _are_sized(points) else ""
    if judged and min(judged) == max(judged):
        words = f"{judged[0]:,}{what} in each of {len(judged)} audits since {since}"
    elif judged:
        words = f"{judged[0]:,}{what} at first, {judged[-1]:,} at last, {max(judged):,} at most"
        words += f", in {len(judged)} audits since {since}"
    else:
        words = f"no audit since {since} could judge it"
    return f"{words}; {unjudged} more could not judge it" if judged and unjudged else words


def moves(points: Sequence[TrendPoint]) -> bool:
    """Whether there is anything to draw: no single number, however often it was counted."""
    return len(points) >= FEWEST_POINTS and len({*_values(points)}) > 1


def _values(points: Sequence[TrendPoint]) -> list[Measure | None]:
    """What each audit found; None of one that could not judge the check."""
    are_sized = _are_sized(points)
    return [
        None if not _is_judged(point) else point.size if are_sized else point.finding_count
        for point in points
    ]


def _are_sized(points: Sequence[TrendPoint]) -> bool:
    """Whether there is a size of each that was judged: sizes and counts are not compared."""
    return all(point.size is not None for point in points if _is_judged(point))


def draw(points: Sequence[TrendPoint], audits: Sequence[_Audit] | None = None) -> Drawing:
    """The picture of a trend, its audits evenly spaced: nights that were missed are no trend.

    An audit that could not judge the check, or did not make it, leaves a gap: 0 findings would be
    a pass.

    Args:
        points: the check's audits, oldest first.
        audits: those that the picture is of, oldest first; None for the check's own.
    """
    own = [*map(_audit_of, points)]
    audits = audits or own
    judged = dict(zip(own, _values(points), strict=True))
    values = [judged.get(audit) for audit in audits]
    most = max(filter(None, values), default=1)
    step = _WIDTH / max(len(values) - 1, 1)
    places = [
        None if value is None else (round(at * step, 1), round(_HEIGHT * (1 - value / most), 1))
        for at, value in enumerate(values)
    ]
    first, last = (f"{audits[place][0]:%Y-%m-%d}" for place in (0, -1))
    return Drawing(_WIDTH, _HEIGHT, most, (first, last), _path(places), tuple(_dots(places)))


def _path(places: Sequence[_Place | None]) -> str:
    """A value holds until the next audit: the line goes right, then up or down."""
    commands = []
    for before, place in pairwise((None, *places)):
        if place:
            x, y = place
            commands.append(f"H{x:g}V{y:g}" if before else f"M{x:g},{y:g}")
    return "".join(commands)


def _dots(places: Sequence[_Place | None]) -> list[_Place]:
    alone = [
        place
        for before, place, after in zip((None, *places), places, (*places[1:], None), strict=False)
        if place and not before and not after
    ]
    last = places[-1]
    return alone if last is None or last in alone else [*alone, last]


def _audit_of(point: TrendPoint) -> _Audit:
    return point.snapshot_at, point.audit_id


def _is_judged(point: TrendPoint) -> bool:
    return point.status not in ("error", "unknown")
