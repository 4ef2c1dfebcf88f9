"""What a terminal shows of a line, and what a file gets."""

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from counterfoil.common import terminal
from counterfoil.common.text import counted

LINE = Text("    reservation 6a570147 has no entry, and nothing on record says why")


@pytest.mark.parametrize(
    ("is_terminal", "said"),
    [
        (
            True,
            ["    reservation 6a570147 has no", "    entry, and nothing on record", "    says why"],
        ),
        (False, [LINE.plain]),
    ],
)
def test_a_terminal_breaks_between_words_and_a_file_gets_one_line(
    monkeypatch: pytest.MonkeyPatch,
    is_terminal: bool,
    said: list[str],
) -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=is_terminal, width=32)
    monkeypatch.setattr(terminal, "out", console)
    terminal.tell(LINE)
    assert [line.rstrip() for line in written.getvalue().splitlines()] == said


def test_how_many() -> None:
    assert counted(1, "row") == "1 row"
    assert counted(0, "row") == "0 rows"
    assert counted(1_200, "entry", "entries") == "1,200 entries"
    assert counted(0.5, "% fewer is", "% fewer are", "none is") == "0.5 % fewer are"
    assert counted(0, "% fewer is", "% fewer are", "none is") == "none is"
