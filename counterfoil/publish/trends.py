"""The trend of a failing check, drawn: how many findings each of the last audits counted."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup, escape

from counterfoil.findings import TrendPoint

# Fewer make no trend: two numbers are read faster than drawn.
FEWEST_POINTS = 3

_WIDTH, _HEIGHT = 300, 56
# Roles and labels for each stroke: a reader of the page has the title and the description.
_SPOKEN = re.compile(r' (?:role|class|aria-[a-z]+|font-family|pointer-events)="[^"]*"')
_HOLLOW = re.compile(r'<path d="[^"]*" display="none"/>|<path aria-hidden="true" d="M0,0h0v0h0Z"/>')


def describe(points: Sequence[TrendPoint]) -> str:
    """A trend in words, which say it all where nothing moved."""
    counts = [point.finding_count for point in points if _is_judged(point)]
    unjudged = len(points) - len(counts)
    since = f"{points[0].snapshot_at:%Y-%m-%d}"
    if counts and min(counts) == max(counts):
        words = f"{counts[0]:,} in each of {len(counts)} audits since {since}"
    elif counts:
        words = f"{counts[0]:,} at first, {counts[-1]:,} at last, {max(counts):,} at most"
        words += f", in {len(counts)} audits since {since}"
    else:
        words = f"no audit since {since} could judge it"
    return f"{words}; {unjudged} more could not judge it" if counts and unjudged else words


def moves(points: Sequence[TrendPoint]) -> bool:
    """Whether there is anything to draw: no single number, however often it was counted."""
    counts = {point.finding_count if _is_judged(point) else None for point in points}
    return len(points) >= FEWEST_POINTS and len(counts) > 1


class Artist:
    """Draws trends. Altair is imported with it, 0.6 s: not before there is one to draw."""

    def __init__(self) -> None:
        import altair
        import vl_convert

        self._altair = altair
        self._vl_convert = vl_convert

    def draw(self, title: str, points: Sequence[TrendPoint]) -> Markup:
        """One check's trend as inline SVG, in the colours of the text around it.

        An audit that could not judge the check leaves a gap: 0 findings would be a pass.
        """
        # Altair's validation of its own work doubles the time: 300 checks may fail.
        svg = self._vl_convert.vegalite_to_svg(self._chart(points).to_dict(validate=False))
        opening, _, drawing = svg.partition(">")
        box = re.search(r'viewBox="[^"]*"', opening)
        assert box is not None
        drawing = _HOLLOW.sub("", _SPOKEN.sub("", drawing))
        return Markup(  # noqa: S704 - numbers and dates of our own; the two texts are escaped
            f'<svg class="trend" role="img" {box[0]}><title>{escape(title)}</title>'
            f"<desc>{escape(describe(points))}</desc>{drawing}"
        )

    def _chart(self, points: Sequence[TrendPoint]) -> Any:
        alt = self._altair
        values = list(_values(points))
        most = max((value["findings"] or 0 for value in values), default=0)
        plain = {
            "title": None,
            "labelColor": "currentColor",
            "labelFontSize": 11,
            "domain": False,
            "ticks": False,
            "format": ",d",
        }
        x = alt.X(
            "audit:Q",
            scale=alt.Scale(domain=[0, max(len(values) - 1, 1)], nice=False),
            axis=None,
        )
        y = alt.Y(
            "findings:Q",
            scale=alt.Scale(domain=[0, max(most, 1)], nice=False),
            axis=alt.Axis(
                values=[0, max(most, 1)], gridColor="currentColor", gridOpacity=0.25, **plain
            ),
        )
        base = alt.Chart(alt.Data(values=values), width=_WIDTH, height=_HEIGHT)
        line = base.mark_line(interpolate="step-after", color="currentColor", strokeWidth=2)
        dots = base.transform_filter("datum.dot").mark_point(
            color="currentColor", filled=True, size=36, opacity=1
        )
        return (
            alt.layer(line.encode(x, y), dots.encode(x, y))
            .properties(background="transparent", padding=6)
            .configure_view(stroke=None)
        )


def _values(points: Sequence[TrendPoint]) -> Iterator[dict[str, Any]]:
    """A value an audit, evenly spaced: nights that were missed are no trend.

    The last gets a dot, and so does one that no line would reach.
    """
    judged = [_is_judged(point) for point in points]
    for position, point in enumerate(points):
        is_last = position == len(points) - 1
        reaches = not is_last and judged[position + 1]
        reached = position > 0 and judged[position - 1]
        yield {
            "audit": position,
            "findings": point.finding_count if judged[position] else None,
            "dot": judged[position] and (is_last or not (reaches or reached)),
        }


def _is_judged(point: TrendPoint) -> bool:
    return point.status not in ("error", "unknown")
