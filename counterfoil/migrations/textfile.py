"""Reading a file that somebody else wrote, whatever is in it."""

import codecs
from dataclasses import dataclass
from pathlib import Path

# A dump of data is no migration that anyone reads; its statements are not known.
MOST_BYTES = 8 * 2**20

_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class TextFile:
    """What could be read of a file.

    Attributes:
        text: its content, line ends made one; empty if it could not be read.
        raw: its bytes, for checksums; empty if it could not be read.
        problem: why it could not be read; None if it was.
        is_too_large: that is why.
    """

    text: str
    raw: bytes = b""
    problem: str | None = None
    is_too_large: bool = False


def read_text(path: Path) -> TextFile:
    """The text of `path`: UTF-8, UTF-16 with its mark, or else Latin-1; never raises."""
    try:
        if not path.is_file():
            return TextFile("", problem="not a regular file")
        size = path.stat().st_size
        if size > MOST_BYTES:
            megabytes, most = size / 2**20, MOST_BYTES // 2**20
            problem = f"{megabytes:.0f} MB, and no more than {most} MB are read"
            return TextFile("", problem=problem, is_too_large=True)
        raw = path.read_bytes()
    except OSError as cause:
        return TextFile("", problem=f"cannot be read: {cause.strerror}")
    return (
        TextFile(_one_line_end(_decode(raw)), raw)
        if not _is_binary(raw)
        else TextFile("", raw, problem="binary, not text")
    )


def _decode(raw: bytes) -> str:
    for mark, encoding in _BOMS.items():
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _is_binary(raw: bytes) -> bool:
    return b"\0" in raw and not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
