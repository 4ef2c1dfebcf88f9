"""What something other than the migrations provides, as SQL: platforms and extensions."""

from pathlib import Path

from counterfoil.contract.layouts import Layout
from counterfoil.migrations.grammar import split

_FOLDER = Path(__file__).parent / "provided"


def platform_of(layout: Layout) -> list[str]:
    """What makes all that a tool's platform provides; nothing for most."""
    return _statements(layout)


def stand_ins(extension: str) -> list[str]:
    """What makes functions of the names of an extension that the server lacks, if they are
    known: each begins with CREATE FUNCTION."""
    return _statements(f"extension_{extension}") if extension.replace("-", "").isalnum() else []


def _statements(name: str) -> list[str]:
    file = _FOLDER / f"{name}.sql"
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    pieces = [text[piece] for piece in split(text, method="parser")]
    return [
        piece[piece.index("create ") :] if piece.startswith("--") else piece for piece in pieces
    ]
