"""Values as a reader reads them: digits grouped, a sign, an instant, a unit."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from counterfoil.common.text import clip, printable
from counterfoil.common.text import counted as counted
from counterfoil.publish.listing import MOST_LETTERS
from counterfoil.suites.pack_report import Form

NOTHING = "–"

_ZONELESS = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00$")
_BYTES = ("B", "kB", "MB", "GB")


def text(value: Any) -> str:
    """Any value, on one printable line."""
    return NOTHING if value is None else clip(printable(str(value)), MOST_LETTERS)


def isolate(text: str) -> str:
    """A text of the database's within a sentence of ours: it cannot reorder what is around it."""
    return f"\u2068{text}\u2069"


def bare(text: str) -> str:
    """A sentence without the marks around what is not ours."""
    return text.replace("\u2068", "").replace("\u2069", "")


def pieces(text: str) -> list[tuple[str, bool]]:
    """A sentence in pieces, each with whether it is the database's."""
    return [(piece, place % 2 == 1) for place, piece in enumerate(re.split("[\u2068\u2069]", text))]


def number(value: float | str | None) -> str:
    """With its thousands apart."""
    return f"{value:,}" if isinstance(value, int | float) else text(value)


def signed(value: float | str | None) -> str:
    """With its sign, unless it is 0."""
    if isinstance(value, int | float):
        return f"{value:+,}" if value else "0"
    return text(value)


def instant(value: datetime | str | None) -> str:
    """To the second, in UTC."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}"
    return text(value and _ZONELESS.sub(r"\1 \2 UTC", value))


def amount(value: float | None, unit: str) -> str:
    """With its unit: `%`, `s`, `ms`, `bytes`, or none."""
    if value is None:
        return NOTHING
    if unit == "bytes":
        return _size(value)
    digits = 1 if unit in ("%", "ms") else 0
    return f"{value:,.{digits}f} {unit}".rstrip()


def _size(value: float) -> str:
    """Bytes in the largest unit that keeps a digit before the point."""
    for unit in _BYTES:
        if value < 1_000:
            return f"{value:.3g} {unit}"
        value /= 1_000
    return f"{value:,.0f} TB"


# By the name that a report.yml gives it.
FORMS: dict[Form, Callable[[Any], str]] = {
    "text": text,
    "name": text,
    "id": text,
    "number": number,
    "signed": signed,
    "instant": instant,
    "amount": text,
}


def another_time(snapshot_at: datetime, started_at: datetime) -> datetime | None:
    """The instant that an audit is of, where it is not that at which it ran, but for a minute."""
    return snapshot_at if abs(snapshot_at - started_at) >= timedelta(minutes=1) else None


def capitalize_first(sentence: str) -> str:
    """The sentence, beginning with a capital."""
    return sentence[:1].upper() + sentence[1:]
