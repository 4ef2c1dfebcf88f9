"""Names, values and remarks as they have to be written in SQL, to be run or to be read."""

import re

from pglast.keywords import COL_NAME_KEYWORDS, RESERVED_KEYWORDS, TYPE_FUNC_NAME_KEYWORDS

_PLAIN = re.compile("[a-z_][a-z0-9_]*")
_KEYWORDS = COL_NAME_KEYWORDS | RESERVED_KEYWORDS | TYPE_FUNC_NAME_KEYWORDS


def identifier(*names: str) -> str:
    """A name, or a qualified one from its parts, quoted where Postgres needs quotes."""
    return ".".join(
        name if _PLAIN.fullmatch(name) and name not in _KEYWORDS else quoted(name) for name in names
    )


def quoted(name: str) -> str:
    """A name in quotes, whether or not it needs them."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | None) -> str:
    """A value as SQL on one line, whatever text it holds and however the server reads it."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    doubled = value.replace("'", "''")
    if value.isprintable() and "\\" not in value:
        return f"'{doubled}'"
    return f"E'{''.join(map(_escaped, doubled))}'"


def comment(text: str | None) -> str:
    """Text that stays in its comment: no line, no block and no reader's eye is led out of it."""
    if text is None:
        return "unknown"
    visible = "".join(
        character if character.isprintable() else _escaped(character) for character in text
    )
    return visible.replace("*/", "* /").replace("/*", "/ *")


def _escaped(character: str) -> str:
    if character == "\\":
        return r"\\"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
