"""Text that came from elsewhere (a database, a file, a driver), made safe to show."""

import re

# Control characters could move a terminal's cursor or colour it, marks of direction could
# reorder what is read, and lone surrogates cannot be written at all.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)


def printable(text: str) -> str:
    """The text, with a space for each run of characters that would not show as themselves."""
    return _UNPRINTABLE.sub(" ", text)


def one_line(text: str) -> str:
    """The text as a single printable line, its white space collapsed."""
    return " ".join(printable(text).split())


def first_line(cause: object) -> str:
    """What an error says, without the hints and quotations on further lines."""
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)


def counted(number: float, one: str, many: str = "", none: str = "") -> str:
    """So many of something: "1 row", "1,200 rows"; `many` where that is not `one` with an s, and
    `none` in place of "0 rows".
    """
    if none and not number:
        return none
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def clip(text: str, most: int) -> str:
    """At most so many characters of a text, and a sign that there were more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
