"""The audit at a terminal: what it came to in a screenful, and the lines that are at fault."""

from collections.abc import Iterator

from rich.text import Text

from counterfoil.common.text import one_line
from counterfoil.publish import forms
from counterfoil.publish.blocks import Cell, Table
from counterfoil.publish.body import Body
from counterfoil.publish.headlines import (
    headlines,
    movement,
    open_incidents,
    verdict,
    worst_first,
)
from counterfoil.publish.tables import score_table

# Of a table; the page has the rest.
_MOST_LINES = 3


def render_terminal(body: Body) -> Iterator[Text]:
    """What to print, a paragraph after the other; nothing of it is read as markup."""
    audit = body.audit
    yield Text(verdict(audit), "bold")
    yield _plain(movement(audit))
    is_whole = not audit.packs_left_out
    if is_whole and audit.history and audit.history.previous and audit.history.tally.open:
        yield _plain(open_incidents(audit.history))
    for line in headlines(audit):
        yield _plain(f"{line.label}: {line.told}", "  ")
        if line.cause:
            yield _plain(line.cause, "    ")
    for check in worst_first(audit.checks)[:1]:
        if check.status == "fail":
            yield _plain(f"Why it matters: {check.why}")
    yield from map(_plain, body.facts)
    for table in (score_table(audit), *body.tables):
        if lines := table.failing(_MOST_LINES):
            yield _plain(table.caption)
            yield from (_line(table, line) for line in lines)


def _line(table: Table, line: tuple[Cell, ...]) -> Text:
    """A line of a table in a sentence: most tables are too wide for a terminal."""
    first, *others = line
    told = ", ".join(
        f"{column.caption.lower()} {cell.text}"
        for column, cell in zip(table.columns[1:], others, strict=True)
        if cell.text != forms.NOTHING
    )
    return _plain(f"{first.text}: {told}", "  ")


def _plain(text: str, indent: str = "") -> Text:
    return Text(indent + one_line(forms.bare(text)))
